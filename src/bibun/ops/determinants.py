"""Determinants, with derivatives that are right for singular matrices too."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from itertools import combinations, permutations
from string import ascii_letters
from typing import Any

import numpy as np

from ..array import Array, bind, implements
from ..graph import Example, Linear, Op, Type, operation, symmetric
from ..zeros import move, scale
from .linalg import LinAlgError, floating, matrices, spoiled, well_conditioned
from .matmul import mT, product
from .parts import imaginary
from .reduction import Sum
from .structure import expand_to, reshape_to

SlogdetResult = type(np.linalg.slogdet(np.eye(1)))


def singular(rng: np.random.Generator) -> np.ndarray:
    """An example of a matrix of rank 3."""
    a = rng.uniform(-1, 1, (4, 4))
    return np.concatenate([a[:3], a[:1] - a[1:2]])


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

    def exactly(self, lib, a):
        return lib.matrix("det_rows", a)

    def d(self, y, a):
        c = bind(Cofactors(), a)
        return (Linear(lambda t: _inner(t, c), lambda g: _times(g, c)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))
        yield Example(cls(), (singular,))


@operation
class Cofactors(Op):
    """The gradient of the determinant of a, differentiated along further matrices t, which commute.

    The derivative of det a along t_1 ... t_m is det(a) times the sum over all permutations of their
    sign and, for each cycle (i j ...), tr(a^-1 t_i a^-1 t_j ...); here one t is left open. Where a
    is almost singular, see `expanded`.
    """

    kind = "call"

    def type(self, a, *along):
        return matrices("det", a)

    def value(self, a, *along):
        b = well_inverted(a, 1 + len(along))
        if b is None:
            return expanded(a, along)
        xs, y = [b @ t for t in along], np.zeros_like(a)
        for order in permutations(range(len(xs) + 1)):
            *rest, last = cycles(order)
            term = reduce(np.matmul, [*(xs[k] for k in last[1:]), b])
            for cycle in rest:
                term = -term * _trace(reduce(np.matmul, [xs[k] for k in cycle]))
            y += term if len(xs) % 2 == 0 else -term
        return np.linalg.det(a)[..., None, None] * np.swapaxes(y, -1, -2)

    def exactly(self, lib, a, *along):
        return lib.matrix("cofactors_rows", a, *along) if a.size else a

    def d(self, y, a, *along):
        def replaced(k):
            return symmetric(lambda s: bind(self, a, *along[:k], s, *along[k + 1 :]))

        further = symmetric(lambda s: bind(self, a, *along, s))
        return further, *(replaced(k) for k in range(len(along)))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for count in range(3):
            yield Example(cls(), (singular, *((4, 4),) * count))
        yield Example(cls(), (well_conditioned, (3, 3)))


def cycles(order: tuple[int, ...]) -> list[list[int]]:
    """The cycles of a permutation; that of the last number comes last and begins with it."""
    found, left = [], list(range(len(order)))
    while left:
        cycle = [left[0]]
        while order[cycle[-1]] != cycle[0]:
            cycle.append(order[cycle[-1]])
        left = [k for k in left if k not in cycle]
        found.append(cycle)
    open_cycle = next(c for c in found if len(order) - 1 in c)
    k = open_cycle.index(len(order) - 1)
    return [*(c for c in found if c is not open_cycle), open_cycle[k:] + open_cycle[:k]]


def _trace(x: np.ndarray) -> np.ndarray:
    return np.trace(x, axis1=-2, axis2=-1)[..., None, None]


def expanded(a: np.ndarray, along: tuple[np.ndarray, ...]) -> np.ndarray:
    """The same for any matrix, from its singular value decomposition a = u diag(s) v.

    In these bases the coefficients of the polynomial det(diag(s) + t_1 + t_2 + ...) are products
    of all s but those of the rows that are taken from a t.
    """
    u, s, v, sign = decomposed(a)
    back = np.swapaxes(u, -1, -2).conj(), np.swapaxes(v, -1, -2).conj()
    ts = [back[0] @ t @ back[1] for t in along]
    y, p, rows = np.zeros_like(u), others(s, len(ts) + 1), range(s.shape[-1])
    for order in permutations(range(len(ts) + 1)):
        names = ["..." + ascii_letters[i] + ascii_letters[k] for i, k in enumerate(order)]
        fixed = order[-1] == len(ts)  # the open place is on the diagonal
        result = names.pop()[:-1] if fixed else names.pop()
        every = "..." + ascii_letters[: len(order)]
        term = np.einsum(",".join([every, *names]) + "->" + result, p, *ts)
        sign_of = 1 if (len(order) - len(cycles(order))) % 2 == 0 else -1
        y[(..., rows, rows) if fixed else ...] += sign_of * term
    return sign * (u.conj() @ y @ v.conj())


def others(s: np.ndarray, count: int) -> np.ndarray:
    """p[..., i, j, ...], the product of all s but s_i, s_j, ...; 0 where indices are equal."""
    n = s.shape[-1]
    p = np.zeros((*s.shape[:-1], *(n,) * count), s.dtype)
    for some in combinations(range(n), count):
        product = np.delete(s, some, -1).prod(-1)
        for indices in permutations(some):
            p[..., *indices] = product
    return p


def well_inverted(a: np.ndarray, factors: int) -> np.ndarray | None:
    """The inverses, if products of so many of them are about as good as they can be.

    Their rounding errors grow with that power of the condition number.
    """
    try:
        b = np.linalg.inv(a)
    except LinAlgError:
        return None
    condition = np.abs(a).sum(-1).max(-1, initial=0) * np.abs(b).sum(-1).max(-1, initial=0)
    return b if np.all(condition**factors < 100 * a.shape[-1]) else None


def decomposed(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """u, s, v and det(u) det(v) for a = u diag(s) v; s is nan where a is not finite."""
    finite = np.isfinite(a).all((-2, -1), keepdims=True)
    u, s, v = np.linalg.svd(np.where(finite, a, a.dtype.type(0)))
    sign = np.sign(np.linalg.det(u) * np.linalg.det(v))[..., None, None]
    return u, np.where(finite[..., 0], s, s.dtype.type(np.nan)), v, sign


@implements(np.linalg.det)
def det(a: Any) -> Array:
    return bind(Det(), *floating("det", a))


# ------------------------------------------------------------ its logarithm


@operation
class Slogdet(Op):
    """The sign of det a, and log |det a|, whose gradient is a^-T (Giles 2008, section 2.2.4).

    With h = sum_ij (a^-T)_ij da_ij the logarithm of det a changes by h: log |det a| by Re h, and a
    complex sign s by i s Im h.
    """

    kind = "call"

    def type(self, a):
        y = Type(a.dtype, matrices("slogdet", a).shape[:-2])
        return y, y._replace(dtype=np.finfo(a.dtype).dtype)

    def value(self, a):
        return tuple(np.linalg.slogdet(a))

    def exactly(self, lib, a):
        d = lib.matrix("det_rows", a)
        return lib.map(lib.sign, d), lib.map(lambda x: lib.log(abs(x)), d)

    def push(self, y, args, tangents):
        h = _inner(bind(LogDetGradient(), *args), *tangents)
        if h.dtype.kind != "c":
            return None, h
        return y[0] * imaginary(np.imag(h)), np.real(h)

    def pull(self, y, args, g, wanted):
        sign, size = g
        if sign is not None and sign.dtype.kind == "c":
            # Re(g i s Im h) = -Im(g s) Im h = Re(i Im(g s) h)
            turned = imaginary(np.imag(sign * y[0]))
            size = turned if size is None else turned + size
        return (None if size is None else _times(size, bind(LogDetGradient(), *args)),)

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
                limit = expanded(a, ()) / a.dtype.type(0)
            regular = np.linalg.slogdet(a)[0][..., None, None] != 0
            b = np.linalg.inv(np.where(regular, a, np.eye(a.shape[-1], dtype=a.dtype)))
            return np.where(regular, np.swapaxes(b, -1, -2), limit)

    def exactly(self, lib, a):
        return np.swapaxes(lib.matrix("inverse_rows", a), -1, -2)

    def d(self, y, a):
        return (symmetric(lambda t: -product(product(y, mT(t)), y)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    return SlogdetResult(*bind(Slogdet(), *floating("slogdet", a)))
