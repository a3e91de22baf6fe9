"""Determinants, with derivatives that are right for singular matrices too."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np

from ..array import Array, bind, implements
from ..errors import NotDifferentiableError
from ..graph import Example, Linear, Op, Type, operation, symmetric
from ..zeros import move, scale
from .linalg import LinAlgError, floating, matrices, spoiled, well_conditioned
from .matmul import mT, product
from .reduction import Sum
from .structure import expand_to, reshape_to

SlogdetResult = type(np.linalg.slogdet(np.eye(1)))


def singular(rng: np.random.Generator) -> np.ndarray:
    """An example of a matrix of rank 2."""
    a = rng.uniform(-1, 1, (3, 3))
    return np.concatenate([a[:2], a[:1] - a[1:2]])


def _inner(x: Any, y: Any) -> Array:
    """sum_ij x[..., i, j] y[..., i, j]."""
    return bind(Sum((-2, -1)), x * y)


def _times(g: Any, m: Any) -> Array:
    """g[...] m[..., i, j]."""
    return scale(move(lambda g: expand_to(reshape_to(g, (*g.shape, 1, 1)), m.shape), g), m)


# ------------------------------------------------------------ the determinant


@operation
class Det(Op):
    """y = det a; dy = sum_ij c_ij da_ij with the cofactors c (Giles 2008, section 2.2.4)."""

    kind = "call"

    def type(self, a):
        return Type(a.dtype, matrices("det", a).shape[:-2])

    def value(self, a):
        return np.linalg.det(a)

    def d(self, y, a):
        c = bind(Cofactors(), a)
        return (Linear(lambda t: _inner(t, c), lambda g: _times(g, c)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))
        yield Example(cls(), (singular,))


@operation
class Cofactors(Op):
    """The gradient of the determinant: y = det(a) a^-T where that can be computed well.

    Otherwise, with the singular value decomposition a = u diag(s) v, it is
    y = det(u) det(v) u diag(c) v, where c_i is the product of all s but s_i.
    """

    kind = "call"

    def type(self, a):
        return matrices("det", a)

    def value(self, a):
        return cofactors(a)

    def d(self, y, a):
        return (symmetric(lambda t: bind(CofactorsAlong(), a, t)),)  # second derivatives commute

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))
        yield Example(cls(), (singular,))


@operation
class CofactorsAlong(Op):
    """The derivative of the cofactors of a along one matrix or two, which commute.

    With b = a^-1, x = b t and z = b s these are det(a) (tr(x) b - x b)^T along t, and
    det(a) ((tr(x) tr(z) - tr(x z)) b - tr(x) z b - tr(z) x b + x z b + z x b)^T along t and s.
    For matrices that are almost singular see `expanded`.
    """

    kind = "call"

    def type(self, a, *along):
        return matrices("det", a)

    def value(self, a, *along):
        b = well_inverted(a)
        if b is None:
            return expanded(a, along)
        xs = [b @ t for t in along]
        traces = [_trace(x) for x in xs]
        y = -xs[0] @ b
        if len(along) == 1:
            y += traces[0] * b
        else:
            (x, z), (p, q) = xs, traces
            y = ((p * q - _trace(x @ z)) * b) - p * (z @ b) + (x @ z + z @ x) @ b + q * y
        return np.linalg.det(a)[..., None, None] * np.swapaxes(y, -1, -2)

    def d(self, y, a, *along):
        def further(s):
            if len(along) == 2:
                raise NotDifferentiableError(
                    "det: only the first three derivatives are known: use np.linalg.slogdet for "
                    "higher ones of regular matrices"
                )
            return bind(self, a, *along, s)

        def instead(k):
            return symmetric(lambda s: bind(self, a, *along[:k], s, *along[k + 1 :]))

        return symmetric(further), *(instead(k) for k in range(len(along)))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for a in (well_conditioned, singular):
            yield Example(cls(), (a, (3, 3)))
            yield Example(cls(), (a, (3, 3), (3, 3)))


def _trace(x: np.ndarray) -> np.ndarray:
    return np.trace(x, axis1=-2, axis2=-1)[..., None, None]


def expanded(a: np.ndarray, along: tuple[np.ndarray, ...]) -> np.ndarray:
    """The derivatives of cofactors for any matrix.

    In the bases of a = u diag(s) v, the coefficients of the polynomial det(diag(s) + x + z + ...)
    are products of s, without those of two (p) or three (q) different rows.
    """
    u, s, v, sign = decomposed(a)
    back = np.swapaxes(u, -1, -2), np.swapaxes(v, -1, -2)
    x, *more = (back[0] @ t @ back[1] for t in along)
    p, sums = others(s, 1 + len(along)), np.einsum
    xd = np.diagonal(x, axis1=-2, axis2=-1)
    if not more:
        on, off = sums("...ij,...j->...i", p, xd), -p * np.swapaxes(x, -1, -2)
    else:
        z = more[0]
        zd = np.diagonal(z, axis1=-2, axis2=-1)
        on = sums("...ijk,...i,...j->...k", p, xd, zd) - sums("...ijk,...ij,...ji->...k", p, x, z)
        off = sums("...mlk,...mk,...lm->...kl", p, x, z) + sums(
            "...mlk,...mk,...lm->...kl", p, z, x
        )
        off -= sums("...mlk,...m,...lk->...kl", p, xd, z) + sums(
            "...mlk,...m,...lk->...kl", p, zd, x
        )
    rows = range(s.shape[-1])
    off[..., rows, rows] = on
    return sign * (u @ off @ v)


def others(s: np.ndarray, count: int) -> np.ndarray:
    """p[..., i, j, ...], the product of all s but s_i, s_j, ...; 0 where indices are equal."""
    n = s.shape[-1]
    p = np.zeros((*s.shape[:-1], *(n,) * count), s.dtype)
    for some in combinations(range(n), count):
        product = np.delete(s, some, -1).prod(-1)
        for indices in permutations(some):
            p[..., *indices] = product
    return p


def well_inverted(a: np.ndarray) -> np.ndarray | None:
    """The inverses, if all of them are good to three quarters of the digits."""
    try:
        b = np.linalg.inv(a)
    except LinAlgError:
        return None
    condition = np.abs(a).sum(-1).max(-1, initial=0) * np.abs(b).sum(-1).max(-1, initial=0)
    return b if np.all(condition < np.finfo(a.dtype).eps ** -0.25) else None


def cofactors(a: np.ndarray) -> np.ndarray:
    """The matrices of cofactors of a stack of matrices, singular ones among them."""
    b = well_inverted(a)
    if b is not None:
        return np.linalg.det(a)[..., None, None] * np.swapaxes(b, -1, -2)
    u, s, v, sign = decomposed(a)
    return (u * (sign[..., 0] * others(s, 1))[..., None, :]) @ v


def decomposed(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """u, s, v and det(u) det(v) for a = u diag(s) v; s is nan where a is not finite."""
    finite = np.isfinite(a).all((-2, -1), keepdims=True)
    u, s, v = np.linalg.svd(np.where(finite, a, a.dtype.type(0)))
    sign = np.rint(np.linalg.det(u) * np.linalg.det(v))[..., None, None]
    return u, np.where(finite[..., 0], s, s.dtype.type(np.nan)), v, sign


@implements(np.linalg.det)
def det(a: Any) -> Array:
    return bind(Det(), *floating("det", a))


# ------------------------------------------------------------ its logarithm


@operation
class Slogdet(Op):
    """The sign of det a, and log |det a|, whose gradient is a^-T (Giles 2008, section 2.2.4)."""

    kind = "call"

    def type(self, a):
        y = Type(a.dtype, matrices("slogdet", a).shape[:-2])
        return y, y

    def value(self, a):
        return tuple(np.linalg.slogdet(a))

    def push(self, y, args, tangents):
        return None, _inner(bind(LogDetGradient(), *args), *tangents)

    def pull(self, y, args, g, wanted):
        return (None if g[1] is None else _times(g[1], bind(LogDetGradient(), *args)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))


@operation
class LogDetGradient(Op):
    """y = a^-T, and for singular matrices its limit: the cofactors divided by zero."""

    kind = "call"

    def type(self, a):
        return matrices("slogdet", a)

    def value(self, a):
        try:
            return np.swapaxes(spoiled(np.linalg.inv(a), a), -1, -2)
        except LinAlgError:
            with np.errstate(all="ignore"):
                limit = cofactors(a) / a.dtype.type(0)
            regular = np.linalg.slogdet(a)[0][..., None, None] != 0
            b = np.linalg.inv(np.where(regular, a, np.eye(a.shape[-1], dtype=a.dtype)))
            return np.where(regular, np.swapaxes(b, -1, -2), limit)

    def d(self, y, a):
        return (symmetric(lambda t: -product(product(y, mT(t)), y)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    return SlogdetResult(*bind(Slogdet(), *floating("slogdet", a)))
