"""Matrices that need not be regular: pseudo-inverses, least squares, rank and condition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import Array, bind, implements, lift
from ..errors import UnsupportedError
from ..graph import Example, Linear, Op, Type, operation, type_of
from ..recording import is_abstract
from .decomposition import read
from .linalg import Inverse, LinAlgError, real_floating, real_matrices
from .matmul import mT, product
from .norms import norm
from .structure import expand_to, reshape_to
from .svd import singular_values

_Missing = object()


def _tall(rng: np.random.Generator) -> np.ndarray:
    """An example of a matrix of full rank."""
    return rng.uniform(-0.5, 0.5, (4, 2)) + np.eye(4, 2)


def _wide(rng: np.random.Generator) -> np.ndarray:
    return _tall(rng).T


# ------------------------------------------------------------ the pseudo-inverse


@operation
class Pinv(Op):
    """The pseudo-inverse y of a.

    Singular values below `rtol` times the largest count as 0.

    dy = -y da y + y y^T da^T (1 - a y) + (1 - y a) da^T y^T y: Golub and Pereyra, The
    differentiation of pseudo-inverses and nonlinear least squares problems whose variables
    separate, 1973, equation 4.12. It holds while the rank stays; where a small change of a makes
    the rank larger, the pseudo-inverse jumps and there is no derivative in that direction.
    """

    kind = "call"
    rtol: float
    symmetric: bool = False

    def type(self, a):
        *leading, m, n = real_matrices("pinv", a, square=False).shape
        return Type(a.dtype, (*leading, n, m))

    def value(self, a):
        if not np.isfinite(a).all():  # see `SVD`
            raise LinAlgError("SVD did not converge")
        return np.linalg.pinv(a, self.rtol, self.symmetric)

    def exactly(self, lib, a):
        return inverted(lib, a, self.rtol)

    def d(self, y, a):
        def push(t):
            s, y_t = mT(t), mT(y)
            left = product(product(y, y_t), s)
            right = product(s, product(y_t, y))
            moved = left - product(product(left, a), y) - product(product(y, t), y)
            return moved + right - product(y, product(a, right))

        def pull(g):
            s, y_t = mT(g), mT(y)
            left = product(s, product(y, y_t))
            right = product(product(y_t, y), s)
            moved = left - product(a, product(y, left)) - product(product(y_t, g), y_t)
            return moved + right - product(product(right, y), a)

        return (Linear(push, pull),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(1e-15), (_tall,))
        yield Example(cls(1e-15), (_wide,))


def inverted(lib: Any, a: Any, rtol: float) -> Any:
    """The pseudo-inverses of exact matrices of full rank."""
    if not a.size:
        return np.swapaxes(a, -1, -2)
    return lib.matrix("pinv_rows", a, rtol=rtol)


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _Missing) -> Array:
    if rcond is not None and rtol is not _Missing:
        raise ValueError("pinv: `rtol` and `rcond` can't be both set.")
    (x,) = real_floating("pinv", a)
    real_matrices("pinv", type_of(x), square=False)
    if rcond is None and rtol is _Missing:
        rcond = 1e-15
    elif rcond is None:
        rcond = max(x.shape[-2:]) * float(np.finfo(x.dtype).eps) if rtol is None else rtol
    if np.ndim(rcond):
        raise UnsupportedError("pinv: the tolerance of a traced array is one number for all")
    x = read("pinv", x, True) if hermitian else x
    return bind(Pinv(float(rcond), bool(hermitian)), x)


# ------------------------------------------------------------ least squares


@operation
class LeastSquares(Op):
    """The x of least norm among those that make |a x - b| least.

    With the pseudo-inverse p of a and r = b - a x: dx = p (db - da x) + p p^T da^T r +
    (1 - p a) da^T p^T x (Golub and Pereyra 1973, equation 4.12, applied to b).
    """

    kind = "call"
    rtol: float

    def type(self, a, b):
        *leading, _, n = real_matrices("lstsq", a, square=False).shape
        return Type(a.dtype, (*leading, n, b.shape[-1]))

    def value(self, a, b):
        if not np.isfinite(a).all():  # see `SVD`
            raise LinAlgError("SVD did not converge in Linear Least Squares")
        if a.ndim == 2:
            return np.linalg.lstsq(a, b, self.rtol)[0]
        x = np.empty((*a.shape[:-2], a.shape[-1], b.shape[-1]), a.dtype)
        for k in np.ndindex(a.shape[:-2]):
            x[k] = np.linalg.lstsq(a[k], b[k], self.rtol)[0]
        return x

    def exactly(self, lib, a, b):
        return inverted(lib, a, self.rtol) @ b

    def push(self, y, args, tangents):
        (a, b), (s, t) = args, tangents
        p = bind(Pinv(self.rtol), a)
        if s is None:
            return None if t is None else product(p, t)
        change = -product(s, y) if t is None else t - product(s, y)
        residual = product(mT(s), b - product(a, y))
        new = product(mT(s), product(mT(p), y))
        moved = product(p, change + product(mT(p), residual))
        return moved + new - product(p, product(a, new))

    def pull(self, y, args, g, wanted):
        a, b = args
        p = bind(Pinv(self.rtol), a)
        g_b = product(mT(p), g)
        if not wanted[0]:
            return None, g_b
        along = product(b - product(a, y), mT(product(p, g_b)))
        new = product(product(mT(p), y), mT(g - product(mT(a), g_b)))
        return along + new - product(g_b, mT(y)), g_b if wanted[1] else None

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(1e-15), (_tall, (4, 2)))
        yield Example(cls(1e-15), (_wide, (2, 1)))


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """x, the squared residuals (of problems of full rank), the rank, and the singular values."""
    a, b = real_floating("lstsq", a, b)
    vector = b.ndim == 1
    b = reshape_to(b, (*b.shape, 1)) if vector else b
    for x in (a, b):
        if x.ndim != 2:
            raise LinAlgError(f"{x.ndim}-dimensional array given. Array must be two-dimensional")
    if a.shape[0] != b.shape[0]:
        raise LinAlgError(f"Incompatible dimensions: lstsq of {type_of(a)} and {type_of(b)}")
    m, n = a.shape
    # NumPy computes in double precision, and so do we when it comes to what counts as 0.
    eps = float(np.finfo(np.float64).eps)
    rtol = eps * max(m, n) if rcond is None else float(rcond)
    x = bind(LeastSquares(rtol if rtol >= 0 else eps), a, b)
    s = singular_values(a)
    rank = _rank(s, rtol if rtol >= 0 else eps)
    residuals = np.sum((b - product(a, x)) ** 2, axis=-2)
    if is_abstract(lift(s).raw):  # whether there are residuals depends on the values
        residuals = np.where(rank == n, residuals, np.nan) if m > n else residuals[:0]
    elif m <= n or rank != n:
        residuals = residuals[:0]
    return (reshape_to(x, (n,)) if vector else x), residuals, rank, s


def _rank(s: Any, rtol: float) -> Any:
    """How many singular values are not negligible: a plain number if it can be known."""
    if is_abstract(s.raw):
        largest = np.max(s, axis=-1, keepdims=True, initial=0)
        return np.sum(s > expand_to(largest * rtol, s.shape), axis=-1)
    value = s.raw
    return np.int32(np.sum(value > rtol * np.max(value, initial=0)))  # as NumPy gives it


# ------------------------------------------------------------ condition numbers


@operation
class QuietInverse(Op):
    """The inverse, and nan for singular matrices."""

    kind = "call"

    def type(self, a):
        return real_matrices("cond", a)

    def value(self, a):
        try:
            return np.linalg.inv(a)
        except LinAlgError:
            y = np.full_like(a, np.nan)
            regular = np.linalg.slogdet(a)[0] != 0
            y[regular] = np.linalg.inv(a[regular])
            return y

    def exactly(self, lib, a):
        return lib.matrix("inverse_rows", a)

    def d(self, y, a):
        return Inverse().d(y, a)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield from (e._replace(op=cls()) for e in Inverse.examples())


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Array:
    (x,) = real_floating("cond", x)
    real_matrices("cond", type_of(x), square=p not in (None, 2, -2))
    if 0 in x.shape[-2:]:
        raise LinAlgError("cond is not defined on empty arrays")
    if p in (None, 2, -2):
        s = singular_values(x)
        # Not the first and the last: equal ones share the derivative.
        largest, least = np.max(s, axis=-1), np.min(s, axis=-1)
        y = least / largest if p == -2 else largest / least
    else:
        y = norm(x, p, (-2, -1)) * norm(bind(QuietInverse(), x), p, (-2, -1))
    lost = np.isnan(y) & ~np.any(np.isnan(x), axis=(-2, -1))
    if not is_abstract(lost.raw) and not lost.raw.any():
        return y
    return np.where(lost, y.dtype.type(np.inf), y)[()]
