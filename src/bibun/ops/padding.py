"""Arrays made larger, smaller or triangular: pad, repeat, tile, insert, delete, tril, meshgrid."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from operator import index
from typing import Any

import numpy as np

from ..array import Array, Duck, bind, implements, lift
from ..errors import ShapeError, UnsupportedError
from ..graph import Example, Op, operation, symmetric
from ..zeros import zeroed
from .gather import Scatter, Slice, part
from .joining import array_like, concatenate
from .putting import everywhere
from .shaping import moveaxis, own
from .structure import cast, expand_to, reshape_to
from .taking import along, at_least_one, known, take_along

BY_INDEX = {"edge", "reflect", "symmetric", "wrap"}


@operation
class Triangle(Op):
    """x[..., i, j] where j <= i + k (lower) or j >= i + k (upper), and zero elsewhere."""

    kind = "call"
    keeps_zeros = True
    k: int
    lower: bool

    def type(self, x):
        if len(x.shape) < 2:
            raise ShapeError(f"tril and triu need a matrix, not {x}")
        return x

    def value(self, x):
        return (np.tril if self.lower else np.triu)(x, self.k)

    def kernel(self, x):
        mask, zero = self.value(np.ones(x.shape[-2:], bool)), np.zeros((), x.dtype)
        return lambda x: np.where(mask, x, zero)

    def d(self, y, x):
        return (symmetric(lambda t: zeroed(bind(self, everywhere(t, True)), bind(self, t))),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(0, True), ((2, 3),))
        yield Example(cls(1, False), ((3, 3),))


def _triangle(name: str, lower: bool) -> Any:
    def triangle(m: Any, k: int = 0) -> Array:
        m = array_like(m)
        if m.ndim == 0:
            raise TypeError(f"np.{name} needs at least one axis")
        return bind(Triangle(index(k), lower), expand_to(m, m.shape * 2) if m.ndim == 1 else m)

    return triangle


tril = implements(np.tril)(_triangle("tril", True))
triu = implements(np.triu)(_triangle("triu", False))


# ------------------------------------------------------------ copies side by side


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Array:
    a, axis = at_least_one(a, axis)
    counts = known(repeats, "np.repeat") if isinstance(repeats, Duck) else np.asarray(repeats)
    if counts.size != 1:
        i = np.repeat(np.arange(a.shape[axis]), counts)
        return take_along(a, lift(i), axis)
    n = len(np.repeat(0, counts)) if a.shape[axis] else 0
    before, (length, *after) = a.shape[:axis], a.shape[axis:]
    a = expand_to(reshape_to(a, (*before, length, 1, *after)), (*before, length, n, *after))
    return own(reshape_to(a, (*before, length * n, *after)))


@implements(np.tile)
def tile(A: Any, reps: Any) -> Array:
    a = array_like(A)
    reps = tuple(map(index, reps)) if np.ndim(reps) else (index(reps),)
    n = max(a.ndim, len(reps))
    reps, shape = (1,) * (n - len(reps)) + reps, (1,) * (n - a.ndim) + a.shape
    pairs = tuple(zip(reps, shape, strict=True))
    a = reshape_to(a, tuple(k for _, m in pairs for k in (1, m)))
    copies = expand_to(a, tuple(k for pair in pairs for k in pair))
    return own(reshape_to(copies, tuple(r * m for r, m in pairs)))


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Array:
    a = array_like(a)
    shape = (index(new_shape),) if not np.ndim(new_shape) else tuple(map(index, new_shape))
    if any(n < 0 for n in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    size = prod(shape)
    if a.size == 0 or size == 0:
        return lift(np.zeros(shape, a.dtype))
    copies = tile(reshape_to(a, (a.size,)), -(-size // a.size))
    copies = bind(part(-1, (0, size, 1)), copies) if copies.size != size else copies
    return own(reshape_to(copies, shape))


@implements(np.meshgrid)
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Array, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    arrays, n = [array_like(x) for x in xi], len(xi)
    places = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    found = [
        reshape_to(a, (1,) * k + (a.size,) + (1,) * (n - k - 1))
        for a, k in zip(arrays, places, strict=True)
    ]
    shape = np.broadcast_shapes(*(a.shape for a in found))
    return tuple(
        np.copy(a if sparse else expand_to(a, shape))
        if copy
        else a
        if sparse
        else expand_to(a, shape)
        for a in found
    )


# ------------------------------------------------------------ np.pad


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Array:
    x = array_like(array)
    widths = _widths(pad_width, x.ndim)
    if mode == "constant" and not options.keys() - {"constant_values"}:
        return _pad_with(x, widths, options.get("constant_values", 0))
    if mode not in BY_INDEX or options not in ({}, {"reflect_type": "even"}):
        raise UnsupportedError(
            f"np.pad of a traced array does not know mode={mode!r} with {options}: "
            "it has constant, edge, reflect, symmetric and wrap (reflect_type='even'); "
            "write others with np.concatenate"
        )
    for axis, width in enumerate(widths):
        if any(width):
            i = np.pad(np.arange(x.shape[axis]), width, mode)
            x = take_along(x, lift(i), axis - x.ndim)
    return x


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """(before, after) for each axis."""
    if isinstance(pad_width, dict):
        widths: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            widths[axis] = tuple(np.broadcast_to(width, (2,)))
        pad_width = widths
    pairs = np.asarray(pad_width)
    if pairs.dtype.kind != "i":
        raise TypeError("`pad_width` must be of integral type.")
    if pairs.size and pairs.min() < 0:
        raise ValueError("index can't contain negative values")
    pairs = np.broadcast_to(pairs, (ndim, 2))
    return [(int(a), int(b)) for a, b in pairs]


def _pad_with(x: Array, widths: list[tuple[int, int]], values: Any) -> Array:
    shape = tuple(n + a + b for n, (a, b) in zip(x.shape, widths, strict=True))
    if type(values) is int and values == 0 and x.size and shape != x.shape:
        places = [
            (a, a + n, 1) if a or b else None for n, (a, b) in zip(x.shape, widths, strict=True)
        ]
        first = next(k for k, p in enumerate(places) if p is not None)
        return bind(Scatter(shape, (Slice(tuple(places[first:])),)), x)
    values = expand_to(cast(array_like(values), x.dtype), (x.ndim, 2))
    for k, width in enumerate(widths):
        sides = [
            expand_to(values[k, s], (*x.shape[:k], w, *x.shape[k + 1 :]))
            for s, w in enumerate(width)
        ]
        x = concatenate((sides[0], x, sides[1]), k)
    return x


# ------------------------------------------------------------ np.insert and np.delete


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Array:
    a, axis = along(array_like(arr), axis)
    kept = np.delete(
        np.arange(a.shape[axis]), known(obj, "np.delete") if isinstance(obj, Duck) else obj
    )
    return take_along(a, lift(kept), axis, unique=True)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Array:
    a, axis = along(array_like(arr), axis)
    axis += a.ndim
    v, n = cast(array_like(values), a.dtype), a.shape[axis]
    obj = known(obj, "np.insert") if isinstance(obj, Duck) else obj
    places = np.arange(n)[obj] if isinstance(obj, slice) else np.asarray(obj)
    count = np.count_nonzero(places) if places.dtype == bool else places.size
    if count == 1:  # one place for any number of values
        v = reshape_to(v, (1,) * (a.ndim - v.ndim) + v.shape)
        v = moveaxis(v, 0, axis) if places.ndim == 0 else v
        count = v.shape[axis]
        obj = np.flatnonzero(places) if places.dtype == bool else places
        obj = np.repeat(obj, count)
    v = expand_to(v, (*a.shape[:axis], count, *a.shape[axis + 1 :]))
    order = np.insert(np.arange(n), obj, np.arange(n, n + count))
    return take_along(concatenate((a, v), axis), lift(order), axis - a.ndim, unique=True)
