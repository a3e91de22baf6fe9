"""Special functions of SciPy's, called from native code one number at a time.

SciPy has them as plain functions of C (scipy.special.cython_special), so that they need not cut a
program into pieces, and give SciPy's own numbers. In float32 they are computed in float64.
"""

from __future__ import annotations

import ctypes
import re
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np

from ..graph import Op, Type
from ..loops import Value
from ..loops.statements import KINDS
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
COUNTED: dict[str, tuple[str, ...]] = {
    "bdtr": ("dld", "ddd"), "bdtrc": ("dld", "ddd"), "nbdtr": ("lld", "ddd"),
    "nbdtrc": ("lld", "ddd"), "yn": ("ld", "dd"), "kn": ("ld", "dd"), "expn": ("ld", "dd"),
    "eval_legendre": ("ld", "dd"), "eval_chebyt": ("ld", "dd"), "eval_chebyu": ("ld", "dd"),
    "eval_hermite": ("ld",), "eval_hermitenorm": ("ld",), "eval_laguerre": ("ld", "dd"),
    "eval_genlaguerre": ("ldd", "ddd"), "eval_gegenbauer": ("ldd", "ddd"),
    "eval_jacobi": ("lddd", "dddd"),
}  # fmt: skip
"""Functions that take whole numbers (l) otherwise than floats (d): the kinds that they take."""
OF_SIGNATURE = {"l": ("i64", "long|Py_ssize_t"), "d": ("f64", "double")}


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


def counted(name: str, types: Sequence[Type], result: Type) -> Callable[..., Value] | None:
    """The function of one of COUNTED: that of the first signature to which NumPy casts safely."""
    for signature in COUNTED[name]:
        if all(np.can_cast(t.dtype, c) for t, c in zip(types, signature, strict=True)):
            return partial(by_signature, f"{name}__{signature}", KINDS[result.dtype])
    return None


def by_signature(symbol: str, kind: str, *args: Value) -> Value:
    """The function of a name with the kinds of its arguments behind it, as NAME__ld."""
    signature = symbol.rpartition("__")[2]
    given = [a.to(OF_SIGNATURE[c][0]) for a, c in zip(args, signature, strict=True)]
    return args[0].code.let("special", "f64", given, symbol).to(kind)


@cache
def address(symbol: str) -> int:
    """Where a function is."""
    if symbol.startswith(LIBRARY):
        return _of_library(symbol.removeprefix(LIBRARY))
    name = symbol.removeprefix(SPECIAL)
    if name in ADDRESSES:
        return ADDRESSES[name]()
    table: dict[str, Any] = import_module("scipy.special.cython_special").__pyx_capi__
    plain, _, types = name.partition("__")
    args = "".join(f"(?:{OF_SIGNATURE[c][1]}), " for c in types) or "(?:double, )+"
    for key, capsule in table.items():
        if re.fullmatch(rf"(?:__pyx_fuse_[\d_]*\d)?{plain}", key):
            signature, found = pointer(capsule)
            if re.fullmatch(rf"double \({args}int __pyx_skip_dispatch\)", signature):
                return found
    raise ImportError(f"scipy.special.cython_special has no {plain} of real numbers")


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
