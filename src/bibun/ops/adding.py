"""Where index arrays read in plain arrays, and how numbers are added there, also many into one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..graph import Type

MANY = 1 << 12  # entries from which on adding whole rows pays for the import of scipy.sparse
WHOLE = slice(None)
_HERE = np.zeros(1, np.intp)
Write = Callable[..., None]  # (out, *indices, g): adds g into out


class Layout(NamedTuple):
    """How NumPy reads with index arrays: its index, and the order of axes that makes it ours."""

    fill: Callable[[Sequence[Any]], tuple]  # NumPy's index, with these index arrays
    order: tuple[int, ...] | None


def layout(axes: tuple[int, ...], rank: int, shape: tuple[int, ...], ndim: int) -> Layout:
    """How to read an array of this shape with index arrays of that many axes; see Gather."""
    n, batch = len(shape), ndim - rank
    first = n + axes[0]
    grids = [np.arange(m).reshape(-1, *(1,) * (ndim - b - 1)) for b, m in enumerate(shape[:batch])]
    places = [*grids, *(None if k - n in axes else WHOLE for k in range(batch, n))]
    gaps = [k for k, p in enumerate(places) if p is None]

    def fill(indices: Sequence[Any]) -> tuple:
        filled = list(places)
        for k, i in zip(gaps, indices, strict=True):
            filled[k] = i
        return tuple(filled)

    apart = gaps[-1] - gaps[0] >= len(gaps) or 0 < batch < first
    if not apart or not rank or batch == first:
        return Layout(fill, None)
    # NumPy puts the axes of index arrays that do not stand side by side first of all.
    lead, own = first - batch, range(batch, ndim)
    back = ndim + lead
    return Layout(
        fill, (*range(batch), *range(ndim, back), *own, *range(back, back + n - first - len(gaps)))
    )


def adder(axes: tuple[int, ...], rank: int, out: Type, *types: Type) -> Write:
    """How g is added into `out` where index arrays say, any number of times into one entry."""
    *indices, g = types
    n, ndim = len(out.shape), len(indices[0].shape)
    strides = [prod(out.shape[k + 1 :]) for k in range(n)]
    batch, first = ndim - rank, n + axes[0]
    places = [n + a for a in axes]
    others = [k for k in range(batch, n) if k not in places]
    grids = {k: strides[k] * np.arange(out.shape[k]) for k in (*range(batch), *others)}
    start = sum(grids[b].reshape(-1, *(1,) * (ndim - b - 1)) for b in range(batch))
    offsets = reduce(lambda a, b: np.add.outer(a, b).ravel(), [grids[k] for k in others], _HERE)
    lead = first - batch
    full = range(batch + lead, batch + lead + rank)
    order = (*range(batch), *full, *range(batch, batch + lead), *range(full.stop, len(g.shape)))
    rows = _row_adder(g) if others == list(range(n - len(others), n)) else None

    def add(out, *args):
        *indices, g = args
        if g.size == 0:  # NumPy does not look at indices that read nothing
            return
        position = start
        for i, axis in zip(indices, places, strict=True):
            position = position + strides[axis] * _inside(i, out.shape[axis])
        g = np.asarray(g).transpose(order)
        position = np.broadcast_to(position, g.shape[:ndim]).ravel()
        if rows is not None:
            rows(out, position, g)
        else:
            np.add.at(out.reshape(-1), np.add.outer(position, offsets).ravel(), g.ravel())

    return add


def _inside(i: np.ndarray, n: int) -> np.ndarray:
    """Indices of an axis of length n, counted from its start."""
    i = np.asarray(i, np.intp)
    if i.min() < 0:
        i = np.where(i < 0, i + n, i)
    if i.min() < 0 or i.max() >= n:
        raise IndexError(f"an index is out of bounds for an axis of length {n}")
    return i


def _row_adder(g: Type) -> Callable[..., None] | None:
    """How whole rows are added: by a sparse matrix of ones, in place, in the order of np.add.at."""
    if g.dtype.char not in "fdFD" or prod(g.shape) < MANY:
        return None
    try:
        from scipy.sparse._sparsetools import csc_matvecs
    except ImportError:
        return None

    def add(out, position, g):
        count = len(position)
        width = g.size // count
        ones = np.ones(count, g.dtype)
        size = out.size // width
        csc_matvecs(
            size,
            count,
            width,
            np.arange(count + 1),
            position // width,
            ones,
            g.ravel(),
            out.reshape(-1),
        )

    return add


def into_zeros(write: Write, shape: tuple[int, ...], dtype: np.dtype) -> Callable:
    """One part that is added into zeros."""

    def run(*args):
        y = np.zeros(shape, dtype)
        write(y, *args)
        return y

    return run


def points(indices: list[tuple], shape: tuple[int, ...], dtype: np.dtype) -> Callable:
    """Single numbers that are added into zeros, all at once."""
    size = prod(shape)
    positions = np.array([np.ravel_multi_index(i, shape) for i in indices], np.intp)

    def run(*args):
        y = np.zeros(size, dtype)
        np.add.at(y, positions, np.array(args, dtype))
        return y.reshape(shape)

    return run
