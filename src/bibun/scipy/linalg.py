"""scipy.linalg: those of its functions that have derivatives, with SciPy's signatures.

SciPy's own cannot be reached through NumPy's protocols. Plain arrays go to them; functions that do
not stand here are SciPy's, for plain arrays only. What overwrites or checks an argument
(`overwrite_a`, `check_finite`) is taken and has no effect: a nan goes through to the result.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import numpy as np

from ..array import FUNCTIONS, Array, Duck, bind, lift
from ..errors import ShapeError, UnsupportedError
from ..graph import type_of
from ..ops import matrix_functions as functions
from ..ops.linalg import Solve, floating, matrices
from ..ops.matmul import mT
from ..ops.structure import expand_to

IGNORED = {"overwrite_a", "overwrite_b", "check_finite", "lapack_driver", "driver"}


def traced(f: Callable[..., Any]) -> Callable[..., Any]:
    """f for traced arrays, and SciPy's function of the same name for plain ones."""

    @wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        every = [*args, *options.values()]
        every += [x for a in args if isinstance(a, tuple | list) for x in a]
        if not any(isinstance(x, Duck) for x in every):
            return getattr(import_module("scipy.linalg"), f.__name__)(*args, **options)
        return f(*args, **{k: v for k, v in options.items() if k not in IGNORED})

    return wrapped


def refuse(name: str, **options: Any) -> None:
    """An error for options that are given and not supported for traced arrays."""
    given = [k for k, v in options.items() if v is not None and v is not False]
    if given:
        raise UnsupportedError(
            f"scipy.linalg.{name} of a traced array does not take {', '.join(given)}: "
            "leave it out, or write what it means with numpy"
        )


# ------------------------------------------------------------ equations


@traced
def solve(
    a: Any, b: Any, lower: bool = False, *, assume_a: Any = None, transposed: bool = False
) -> Any:
    """The x of a x = b, or of a^T x = b."""
    refuse("solve", assume_a=None if assume_a in ("gen", "general") else assume_a)
    return FUNCTIONS[np.linalg.solve](mT(a) if transposed else a, b)


TRANSPOSED = {0: False, "N": False, 1: True, "T": True, 2: True, "C": True}


@traced
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> Array:
    """The x of a x = b for a triangular a, of which only this triangle is read."""
    a, b = floating("solve_triangular", a, b)
    matrices("solve_triangular", type_of(a))
    if unit_diagonal:
        a = np.where(expand_to(np.eye(a.shape[-1], dtype=bool), a.shape), 1, a)
    return _substituted("solve_triangular", a, b, lower, TRANSPOSED[trans])


def _substituted(name: str, a: Any, b: Any, lower: bool, transposed: bool) -> Array:
    """The x of a x = b, or of a^T x = b, with leading axes broadcast."""
    vector = b.ndim == 1
    if not b.ndim or b.shape[-1 if vector else -2] != a.shape[-1]:
        types = f"{type_of(a)} and {type_of(b)}"
        raise ShapeError(f"{name}: {types} do not fit: (..., n, n) and (..., n, m) are needed")
    a, transposed = (a, transposed) if lower else (mT(a), not transposed)
    split = -1 if vector else -2
    leading = np.broadcast_shapes(a.shape[:-2], b.shape[:split])
    a, b = expand_to(a, leading + a.shape[-2:]), expand_to(b, leading + b.shape[split:])
    return bind(Solve(not vector, transposed, True), a, b)


@traced
def cho_factor(a: Any, lower: bool = False) -> tuple[Array, bool]:
    """The Cholesky factor for `cho_solve`; zeros stand where SciPy leaves what was there."""
    return FUNCTIONS[np.linalg.cholesky](a, upper=not lower), lower


@traced
def cho_solve(c_and_lower: tuple[Any, bool], b: Any) -> Array:
    """The x of a x = b, from the Cholesky factor of a."""
    c, lower = c_and_lower
    c, b = floating("cho_solve", c, b)
    matrices("cho_solve", type_of(c))
    half = _substituted("cho_solve", c, b, lower, not lower)
    return _substituted("cho_solve", c, half, lower, lower)


@traced
def solve_sylvester(a: Any, b: Any, q: Any) -> Array:
    """The x of a x + x b = q."""
    return functions.solve_sylvester(a, b, q)


@traced
def solve_continuous_lyapunov(a: Any, q: Any) -> Array:
    """The x of a x + x a^T = q."""
    return functions.solve_sylvester(a, mT(a), q)


@traced
def inv(a: Any, *, assume_a: Any = None, lower: bool = False) -> Array:
    """The inverse of a."""
    refuse("inv", assume_a=None if assume_a in ("gen", "general") else assume_a)
    return FUNCTIONS[np.linalg.inv](a)


@traced
def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False) -> Array:
    """The pseudo-inverse of a."""
    refuse("pinv", atol=atol, return_rank=return_rank)
    return FUNCTIONS[np.linalg.pinv](a, rtol=rtol)


# ------------------------------------------------------------ decompositions


@traced
def cholesky(a: Any, lower: bool = False) -> Array:
    """The upper triangular u with u^T u = a, or the lower triangular l with l l^T = a."""
    return FUNCTIONS[np.linalg.cholesky](a, upper=not lower)


@traced
def eigh(
    a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, **more: Any
) -> Any:
    """Eigenvalues and eigenvectors of a symmetric matrix."""
    refuse("eigh", b=b, **more)
    if eigvals_only:
        return FUNCTIONS[np.linalg.eigvalsh](a, "L" if lower else "U")
    return tuple(FUNCTIONS[np.linalg.eigh](a, "L" if lower else "U"))


@traced
def eigvalsh(a: Any, b: Any = None, *, lower: bool = True, **more: Any) -> Array:
    """Eigenvalues of a symmetric matrix."""
    refuse("eigvalsh", b=b, **more)
    return FUNCTIONS[np.linalg.eigvalsh](a, "L" if lower else "U")


@traced
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """u, s and v^T with a = u diag(s) v^T."""
    y = FUNCTIONS[np.linalg.svd](a, full_matrices, compute_uv)
    return tuple(y) if compute_uv else y


@traced
def svdvals(a: Any) -> Array:
    """The singular values of a."""
    return FUNCTIONS[np.linalg.svdvals](a)


@traced
def qr(a: Any, *, mode: str = "full", pivoting: bool = False, **more: Any) -> Any:
    """q and r with a = q r; with mode "r" a tuple with r alone."""
    refuse("qr", pivoting=pivoting, **more)
    if mode not in ("full", "economic", "r"):
        raise UnsupportedError(f"scipy.linalg.qr of a traced array has no mode {mode!r}")
    q, r = FUNCTIONS[np.linalg.qr](a, "reduced" if mode == "economic" else "complete")
    return (r,) if mode == "r" else (q, r)


# ------------------------------------------------------------ functions of matrices


@traced
def det(a: Any) -> Array:
    """The determinant of a."""
    return FUNCTIONS[np.linalg.det](a)


@traced
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """The norm of a matrix or vector."""
    return FUNCTIONS[np.linalg.norm](lift(a), ord, axis, keepdims)


@traced
def expm(A: Any) -> Array:
    """e^A."""
    return functions.expm(A)


@traced
def sqrtm(A: Any) -> Array:
    """The principal square root of A, as long as it is real."""
    return functions.sqrtm(A)


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.linalg"), name)


# fmt: off
__all__ = [
    "cho_factor", "cho_solve", "cholesky", "det", "eigh", "eigvalsh", "expm", "inv", "norm", "pinv",
    "qr", "solve", "solve_continuous_lyapunov", "solve_sylvester", "solve_triangular", "sqrtm",
    "svd", "svdvals",
]
# fmt: on
