"""bibun (微分): differentiates the NumPy code that people already have."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import errors, ops
from .derivative import (
    associative_scan,
    checkpoint,
    cond,
    custom_gradient,
    custom_jvp,
    fori_loop,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    map,
    scan,
    stop_gradient,
    switch,
    value_and_grad,
    vjp,
    vmap,
    while_loop,
)
from .tape import GradientTape
from .tracing.rebind import trace_packages
from .variable import Variable, constant

if TYPE_CHECKING:
    from . import compat, cpp, draw, export, nn, numerics, numpy, optim, scipy, train
    from .derivative.check import check_grads
    from .native.jit import jit
    from .native.runtime import set_threads, threads
    from .native.store import set_cache
    from .numerics import compare
    from .train import fit

__version__ = "0.1.0"

# Loaded when first used, so that `import bibun` costs little more than `import numpy`.
_LATER = {
    "check_grads": "derivative.check",
    "compare": "numerics",
    "compat": "",
    "cpp": "",
    "draw": "",
    "export": "",
    "fit": "train",
    "jit": "native.jit",
    "nn": "",
    "numerics": "",
    "numpy": "",
    "optim": "",
    "scipy": "",
    "set_cache": "native.store",
    "set_threads": "native.runtime",
    "threads": "native.runtime",
    "train": "",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'bibun' has no attribute {name!r}")
    module = _LATER[name]
    found = (
        getattr(import_module(f"bibun.{module}"), name)
        if module
        else import_module(f"bibun.{name}")
    )
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


__all__ = [
    "GradientTape",
    "Variable",
    "associative_scan",
    "check_grads",
    "checkpoint",
    "compare",
    "compat",
    "cond",
    "constant",
    "cpp",
    "custom_gradient",
    "custom_jvp",
    "draw",
    "errors",
    "export",
    "fit",
    "fori_loop",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "linearize",
    "map",
    "nn",
    "numerics",
    "numpy",
    "ops",
    "optim",
    "scan",
    "scipy",
    "set_cache",
    "set_threads",
    "stop_gradient",
    "switch",
    "threads",
    "trace_packages",
    "train",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]
