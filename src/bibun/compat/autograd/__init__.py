"""autograd's names and meanings on bibun: change the import, and the code runs.

    from bibun.compat.autograd import grad
    import bibun.compat.autograd.numpy as np

or, where the imports cannot be changed, once before them:

    import bibun.compat.autograd; bibun.compat.autograd.install()
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

from . import builtins, core, extend, numpy, scipy, tracer, util, wrap_util
from .builtins import dict, isinstance, list, tuple
from .deprecated import primitive
from .differential_operators import (
    checkpoint,
    deriv,
    elementwise_grad,
    grad,
    grad_and_aux,
    grad_named,
    hessian,
    hessian_tensor_product,
    hessian_vector_product,
    holomorphic_grad,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_vjp,
    multigrad_dict,
    tensor_jacobian_product,
    value_and_grad,
    vector_jacobian_product,
)


def install() -> None:
    """Let `import autograd`, and of its parts, mean this package in this process.

    Raises RuntimeError if the real autograd has been imported already.
    """
    found = sys.modules.get("autograd")
    if found is not None and found is not sys.modules[__name__]:
        raise RuntimeError("install: autograd has been imported already; call install() before")
    names = [m.name for m in pkgutil.walk_packages(__path__, f"{__name__}.")]
    for name in (__name__, *names):
        sys.modules[name.replace(__name__, "autograd", 1)] = import_module(name)


__all__ = [
    "builtins",
    "checkpoint",
    "core",
    "deriv",
    "dict",
    "elementwise_grad",
    "extend",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "install",
    "isinstance",
    "jacobian",
    "list",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_vjp",
    "multigrad_dict",
    "numpy",
    "primitive",
    "scipy",
    "tensor_jacobian_product",
    "tracer",
    "tuple",
    "util",
    "value_and_grad",
    "vector_jacobian_product",
    "wrap_util",
]
