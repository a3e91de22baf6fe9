"""Cholesky factors and eigenvalues of symmetric matrices.

An argument is taken for the symmetric matrix that it is. Derivatives are those of the function of
(a + a^T) / 2: gradients are symmetric. A matrix that is visibly not symmetric means, as in NumPy,
the one with the same lower (or upper) triangle, and its gradient is that of this triangle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import FUNCTIONS, Array, bind, implements
from ..errors import DtypeError
from ..graph import Example, Op, Type, operation, type_of
from .gauge import (
    Path,
    between,
    columns,
    differences,
    guarded,
    quotient,
    ramp,
    rotation,
    skew,
    unit,
)
from .hermitian import HermitianEigh
from .linalg import Solve, decomposed, floating, matrices
from .matmul import mT, product
from .reduction import Sum
from .structure import reshape_to

EighResult = type(np.linalg.eigh(np.eye(1)))


def positive(rng: np.random.Generator) -> np.ndarray:
    """An example of a symmetric positive definite matrix."""
    a = rng.uniform(-1, 1, (3, 3))
    return a @ a.T + np.diag([1.0, 2.0, 4.0])


def halves(a: np.ndarray) -> np.ndarray:
    """(a + a^H) / 2 of a plain array: a itself, bit for bit, if it is Hermitian."""
    half = a * np.finfo(a.dtype).dtype.type(0.5)
    return half + np.swapaxes(half, -1, -2).conj()


def mH(a: Any) -> Array:
    """The conjugate of a^T; for real matrices a^T itself."""
    return mT(np.conjugate(a)) if a.dtype.kind == "c" else mT(a)


def averaged(a: Any) -> Any:
    """(a + a^H) / 2."""
    return (a + mH(a)) / 2


@operation
class Skewed(Op):
    """Whether a matrix is visibly not symmetric: what differs by rounding was meant to be equal."""

    kind = "call"

    def type(self, a):
        return Type(np.dtype(bool), matrices("eigh", a).shape[:-2])

    def value(self, a):
        off = np.abs(a - np.swapaxes(a, -1, -2).conj()).max((-2, -1), initial=0)
        return off > np.sqrt(np.finfo(a.dtype).eps) * np.abs(a).max((-2, -1), initial=0)

    def exactly(self, lib, a):
        return self.value(lib.floats(a))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((3, 3),))
        yield Example(cls(), (positive,))


def read(name: str, x: Any, lower: bool) -> Array:
    """The symmetric matrix that NumPy reads: x, or a triangle of it and its mirror image."""
    (a,) = floating(name, x)
    matrices(name, type_of(a))
    if type(a.raw) is not Type and not Skewed().value(a.raw).any():
        return a
    skewed = bind(Skewed(), a)
    triangle = FUNCTIONS[np.tril if lower else np.triu]
    mirrored = triangle(a) + mH(triangle(a, -1 if lower else 1))
    return FUNCTIONS[np.where](reshape_to(skewed, (*skewed.shape, 1, 1)), mirrored, a)


# ------------------------------------------------------------ Cholesky


@operation
class Cholesky(Op):
    """The lower triangular y with y y^H = a.

    dy = y phi(y^-1 da y^-T), where phi takes the lower triangle and halves its diagonal. With
    s = y^-T phi(y^T g) y^-1 the cotangent of a is (s + s^T) / 2: Murray, Differentiation of the
    Cholesky decomposition, 2016, equations 8 and 10; Giles 2008, section 2.4. For complex
    matrices ^T becomes ^H and g its conjugate, and so does the result.
    """

    kind = "call"

    def type(self, a):
        return matrices("cholesky", a)

    def value(self, a):
        return np.linalg.cholesky(halves(a))

    def exactly(self, lib, a):
        return lib.matrix("cholesky_rows", (a + np.swapaxes(a, -1, -2)) / 2)

    def push(self, y, args, tangents):
        solve = Solve(lower=True)
        half = bind(solve, y, averaged(tangents[0]))
        return product(y, _phi(bind(solve, y, mH(half))))

    def pull(self, y, args, g, wanted):
        solve = Solve(transposed=True, lower=True)
        half = bind(solve, y, _phi(product(mT(y), g)))
        return (averaged(bind(solve, y, mH(half))),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (positive,))


def _phi(x: Any) -> Array:
    """The lower triangle of x, with half of the diagonal."""
    tril = FUNCTIONS[np.tril]
    return (tril(x) + tril(x, -1)) / 2


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Array:
    y = bind(Cholesky(), read("cholesky", a, not upper))
    return mT(y) if upper else y


# ------------------------------------------------------------ eigenvalues


@operation
class Eigh(Op):
    """Eigenvalues w in ascending order and eigenvectors v of a symmetric matrix: a = v diag(w) v^T.

    With p = v^T da v: dw_j = p_jj and dv = v q, q_ij = p_ij / (w_j - w_i), q_ii = 0. The cotangent
    of a is v (diag(g_w) + r) v^T with r_ij = (m_ij - m_ji) / 2 / (w_j - w_i), m = v^T g_v (Giles
    2008, section 3.1).

    Where w_i = w_j, eigenvectors are arbitrary up to a rotation. If all choices give the same
    number, as in v diag(h(w)) v^T, then m_ij - m_ji is 0 too, and r_ij is the limit (see gauge.py);
    otherwise it is nan. A push goes on with eigenvectors before it is known what they are used for:
    there dv is nan unless p_ij = 0.
    """

    kind = "call"

    def type(self, a):
        if matrices("eigh", a).dtype.kind == "c":
            raise DtypeError(f"eigh: a real matrix is needed, not {a}")
        return Type(a.dtype, a.shape[:-1]), a

    def value(self, a):
        return tuple(np.linalg.eigh(halves(a)))

    def exactly(self, lib, a):
        return decomposed(self, lib, "eigh_rows", (a + np.swapaxes(a, -1, -2)) / 2)

    def push(self, y, args, tangents):
        w, v = y
        moved = product(averaged(tangents[0]), v)
        p, dw = product(mT(v), moved), bind(Sum((-2,)), v * moved)
        q = guarded(p - p * unit(w), between(w), p)
        return dw, product(v, q)

    def pull(self, y, args, g, wanted):
        w, v = y
        along = None
        if g[0] is not None:
            along = v * columns(g[0])
        if g[1] is not None:
            m, steps = product(mT(v), g[1]), differences(ramp(w))
            gaps, path = between(w), Path((w, v, *args), 0, _apart)
            turned = product(v, quotient(m, g[1], skew, gaps, steps, path))
            along = turned if along is None else along + turned
        return (None if along is None else product(along, mT(v)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (positive,))


def _apart(args: Any) -> tuple[list[Any], list[Any]]:
    """How w, v and a change when equal eigenvalues move apart, and when their vectors rotate."""
    w, v = args[:2]
    d = ramp(w)
    turned = product(v, rotation(between(w)))
    return [d, None, product(v * columns(d), mT(v))], [None, turned, None]


def _lower(UPLO: str) -> bool:
    if UPLO.upper() not in ("L", "U"):
        raise ValueError(f"UPLO must be 'L' or 'U', not {UPLO!r}")
    return UPLO.upper() == "L"


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    return EighResult(*_eigh("eigh", a, UPLO))


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    return _eigh("eigvalsh", a, UPLO)[0]


def _eigh(name: str, a: Any, UPLO: str) -> Any:
    x = read(name, a, _lower(UPLO))
    return bind(HermitianEigh() if x.dtype.kind == "c" else Eigh(), x)
