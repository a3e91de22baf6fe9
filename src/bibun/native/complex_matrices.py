"""Matrices of complex numbers: what is linear, as real matrices of twice the size.

a + ib is the real matrix ((a, -b), (b, a)), and its inverse is that of the complex one.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..array import bind
from ..graph import Node
from ..ops.convolving import Convolve
from ..ops.cumulative import CumProd, Prod, Recurrence
from ..ops.decomposition import Skewed
from ..ops.determinants import LogDetGradient
from ..ops.hermitian import HermitianEigh
from ..ops.linalg import Factors, Inverse, Solve
from .pieces import HermitianPair
from .transforms import Pair, times


def bilinear(n: Node, a: Pair, b: Pair) -> Pair:
    """(a + ib) * (c + id) of a product that is linear in both."""

    def of(x: Any, y: Any) -> Any:
        return bind(n.op, x, y)

    return Pair(of(a.re, b.re) - of(a.im, b.im), of(a.re, b.im) + of(a.im, b.re))


def real_matrix(a: Pair) -> Any:
    """The real matrix that does to both parts of vectors what a complex one does."""
    upper, lower = (np.concatenate(v, -1) for v in ((a.re, -a.im), (a.im, a.re)))
    return np.concatenate([upper, lower], -2)


def halves_of(y: Any, axis: int) -> Pair:
    """Both parts of numbers that lie one behind the other."""
    return Pair(*np.split(y, 2, axis))


def transposed(a: Pair) -> Pair:
    return Pair(*(np.swapaxes(v, -1, -2) for v in a))


def factors(n: Node, a: Pair) -> None:
    """They are not kept: see `solve`."""
    return None


def solve(n: Node, a: Pair, b: Pair, *factors: Any) -> Pair:
    op: Any = n.op
    if op.lower:
        a = Pair(*(np.tril(v) for v in a))
    m = real_matrix(transposed(a) if op.transposed else a)
    axis = -2 if op.columns else -1
    return halves_of(bind(Solve(op.columns), m, np.concatenate(b, axis)), axis)


def inverse(n: Node, a: Pair) -> Pair:
    """Its first columns are those of the complex one."""
    y = bind(Inverse(), real_matrix(a))
    return halves_of(y[..., : a.re.shape[-1]], -2)


def skewed(n: Node, a: Pair) -> Any:
    """As `compositions.skewed`, with the conjugate transpose."""
    off = np.hypot(a.re - np.swapaxes(a.re, -1, -2), a.im + np.swapaxes(a.im, -1, -2))
    largest, off = (np.max(x, axis=(-2, -1)) for x in (np.hypot(*a), off))
    return off > off.dtype.type(np.sqrt(np.finfo(off.dtype).eps)) * largest


def hermitian(n: Node, a: Pair) -> tuple[Any, Pair]:
    w, re, im = bind(HermitianPair(), *a)
    return w, Pair(re, im)


def product(n: Node, x: Pair) -> Pair:
    """All along the axes, in pairs of neighbours."""
    op: Any = n.op
    axes = tuple(op.axes)
    count = prod(x.re.shape[k] for k in axes)
    if not count:
        return Pair(np.ones(n.type.shape, x.re.dtype), np.zeros(n.type.shape, x.re.dtype))
    last = tuple(range(-len(axes), 0))
    x = Pair(*(np.reshape(np.moveaxis(v, axes, last), (*n.type.shape, count)) for v in x))
    while count > 1:
        half = count // 2
        even = times(*(Pair(*(v[..., k : 2 * half : 2] for v in x)) for k in range(2)))
        rest = Pair(*(v[..., 2 * half :] for v in x))
        x = Pair(*(np.concatenate(v, -1) for v in zip(even, rest, strict=True)))
        count -= half
    return Pair(*(v[..., 0] for v in x))


def along_last(f: Callable[..., Pair], op: Any, *args: Pair) -> Pair:
    """What f does along the last axis, along that of an operation, from either side."""

    def flipped(v: Any) -> Any:
        return np.flip(v, -1) if op.reverse else v

    y = f(*(Pair(*(flipped(np.moveaxis(v, op.axis, -1)) for v in x)) for x in args))
    return Pair(*(np.moveaxis(flipped(v), -1, op.axis) for v in y))


def beyond(x: Pair, start: int, stop: int | None = None) -> Pair:
    """A part along the last axis."""
    return Pair(*(v[..., start:stop] for v in x))


def joined(a: Pair, b: Pair) -> Pair:
    return Pair(*(np.concatenate(v, -1) for v in zip(a, b, strict=True)))


def recurrence(n: Node, a: Pair, b: Pair) -> Pair:
    """In steps of 1, 2, 4, ...: Hillis and Steele, Commun. ACM 29 (1986), 1170-1183."""

    def found(a: Pair, b: Pair) -> Pair:
        step = 1
        while step < b.re.shape[-1]:
            factor = beyond(a, step)
            more = times(factor, beyond(b, 0, -step))
            late = beyond(b, step)
            b = joined(beyond(b, 0, step), Pair(late.re + more.re, late.im + more.im))
            a = joined(beyond(a, 0, step), times(factor, beyond(a, 0, -step)))
            step *= 2
        return b

    return along_last(found, n.op, a, b)


def running_product(n: Node, x: Pair) -> Pair:
    op: Any = n.op

    def found(x: Pair) -> Pair:
        step, size = 1, x.re.shape[-1]
        while step < size:
            x = joined(beyond(x, 0, step), times(beyond(x, step), beyond(x, 0, -step)))
            step *= 2
        if not op.exclusive or not size:
            return x
        first = Pair(
            *(
                np.broadcast_to(x.re.dtype.type(k), v.shape)
                for k, v in zip((1, 0), beyond(x, 0, 1), strict=True)
            )
        )
        return joined(first, beyond(x, 0, -1))

    return along_last(found, op, x)


RULES: dict[type, Callable[..., Any]] = {
    Convolve: bilinear, Factors: factors, Solve: solve, Inverse: inverse,
    LogDetGradient: lambda n, a: transposed(inverse(n, a)), Prod: product,
    CumProd: running_product, Recurrence: recurrence, Skewed: skewed, HermitianEigh: hermitian,
}  # fmt: skip
