"""Special functions of SciPy's, called from native code one number at a time.

SciPy has them as plain functions of C (scipy.special.cython_special), so that they need not cut a
program into pieces, and give SciPy's own numbers. In float32 they are computed in float64.
"""

from __future__ import annotations

import ctypes
import re
from abc import abstractmethod
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from ..graph import Op
from ..loops import Value
from .linked import LIBRARY, SPECIAL

NAMES = frozenset((
    "beta", "betainc", "betaincc", "betainccinv", "betaincinv", "betaln", "binom", "boxcox",
    "boxcox1p", "chdtr", "chdtrc", "chdtri", "cosdg", "cosm1", "cotdg", "dawsn", "ellipe",
    "ellipeinc", "ellipk", "ellipkinc", "ellipkm1", "erfcinv", "erfi", "erfinv", "exp1", "exp10",
    "expi", "exprel", "fdtr", "fdtrc", "fdtri", "gamma", "gammainc", "gammaincc", "gammainccinv",
    "gammaincinv", "gammaln", "gammasgn", "huber", "hyp0f1", "i0", "i0e", "i1", "i1e", "inv_boxcox",
    "iv", "ive", "j0", "j1", "jv", "jve", "k0", "k0e", "k1", "k1e", "kl_div", "kv", "kve",
    "loggamma", "logit", "ndtri", "ndtri_exp", "pdtr", "pdtrc", "powm1", "pseudo_huber", "psi",
    "rel_entr", "rgamma", "sindg", "spence", "stdtr", "stdtrit", "tandg", "wrightomega", "y0", "y1",
    "yv", "yve",
))  # fmt: skip
SIGNATURE = re.compile(r"double \((?:double, )+int __pyx_skip_dispatch\)")


ADDRESSES: dict[str, Callable[[], int]] = {}
"""Further functions, by the names that code of this process may ask for."""


class Foreign(Op):
    """An element-wise operation on float64 that is some function of C's."""

    @abstractmethod
    def symbol(self, count: int) -> str:
        """Its name, as a function of so many numbers, under which ADDRESSES finds it."""


def special(name: str, *args: Value) -> Value:
    """The value of a function of real numbers."""
    code, kind = args[0].code, args[0].kind
    return code.let("special", "f64", [a.to("f64") for a in args], name).to(kind)


@cache
def address(symbol: str) -> int:
    """Where a function is."""
    if symbol.startswith(LIBRARY):
        return _of_library(symbol.removeprefix(LIBRARY))
    name = symbol.removeprefix(SPECIAL)
    if name in ADDRESSES:
        return ADDRESSES[name]()
    table: dict[str, Any] = import_module("scipy.special.cython_special").__pyx_capi__
    for key, capsule in table.items():
        if key == name or re.fullmatch(rf"__pyx_fuse_\d{name}", key):
            signature, found = pointer(capsule)
            if SIGNATURE.fullmatch(signature):
                return found
    raise ImportError(f"scipy.special.cython_special has no {name} of real numbers")


def _of_library(name: str) -> int:
    """Where a function of BLAS or LAPACK is, whose integers have 32 bits."""
    for module in ("cython_lapack", "cython_blas"):
        capsule = import_module(f"scipy.linalg.{module}").__pyx_capi__.get(name)
        if capsule is not None:
            signature, found = pointer(capsule)
            if "int *" in signature:
                return found
    raise ImportError(f"scipy.linalg.cython_lapack and cython_blas have no {name}")


def pointer(capsule: Any) -> tuple[str, int]:
    """The name of a capsule, and the address in it."""
    name, at = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    at.restype, at.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    known = name(capsule)
    return known.decode(), at(capsule, known)
