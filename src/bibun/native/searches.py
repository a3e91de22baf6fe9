"""Searches in sorted arrays and sums of shifted products, in operations that are loops of ours.

What `np.interp`, `np.digitize` and histograms ask for is then part of the loop around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..array import Array, bind
from ..graph import Graph, Type, type_of
from ..ops.control.branches import Branches
from ..ops.convolving import Convolve
from ..ops.gather import Gather, Scatter
from ..ops.sorting import SearchSorted
from ..ops.ufunc_methods import SegmentSums, segments
from ..walk import build
from .pieces import Picked, Windows
from .tasks import numeric

# ------------------------------------------------------------ places in sorted arrays


def searched(op: SearchSorted, types: Sequence[Type]) -> Graph | None:
    """All places at once, by halving."""
    same = types[0].dtype == types[1].dtype
    return build(types, lambda a, v: [_places(op.side, a, v)]) if numeric(types) and same else None


def _places(side: str, a: Array, v: Array) -> Array:
    """Of `left` numbers from `place` on, half are left after each question.

    It is asked of numbers within a, whatever the answers before: no index needs a check.
    """
    lead, left = a.shape[:-1], a.shape[-1]
    flat = np.reshape(v, (*lead, -1)) if lead else v
    read = Picked(Gather((-1,), flat.ndim - len(lead)))
    place = np.broadcast_to(np.int64(0), flat.shape)
    while left:
        half = max(left // 2, 1)
        before = _before(side, bind(read, a, place + (half - 1)), flat)
        place = np.where(before, place + half, place)
        left -= half if left > 1 else 1
    return np.reshape(place, v.shape)


def _before(side: str, a: Array, v: Array) -> Array:
    """Whether v comes after a, in NumPy's order: nan is last; among equal ones as `side` says."""
    if a.dtype.kind != "f":
        return a < v if side == "left" else a <= v
    if side == "left":
        return (a < v) | ((v != v) & (a == a))
    return (a <= v) | (v != v)


# ------------------------------------------------------------ sums of shifted products


def convolved(op: Convolve, types: Sequence[Type]) -> Graph | None:
    """Each element is a sum over the shorter array."""
    return build(types, lambda a, v: [_convolved(op, a, v)]) if numeric(types) else None


def _convolved(op: Convolve, a: Array, v: Array) -> Array:
    """The longer one in windows of the length of the other, which runs backward."""
    a, v = (a, v) if a.shape[-1] >= v.shape[-1] else (v, a)
    m, turned = v.shape[-1], np.flip(v, -1)
    if op.valid or m == 1:
        return _along(a, turned)
    beyond = [(m - 1, m - 1)]
    inside = np.pad(np.ones(a.shape[-1], bool), beyond)
    a = np.pad(a, [(0, 0)] * (a.ndim - 1) + beyond)
    if a.dtype.kind != "f":
        return _along(a, turned)
    types = type_of(a), type_of(v)
    ways = (
        build(types, lambda a, v: [_along(a, v, inside)]),
        build(types, lambda a, v: [_along(a, v)]),
    )
    return bind(Branches(ways), np.all(np.isfinite(v)), a, turned)


def _along(a: Array, v: Array, inside: np.ndarray | None = None) -> Array:
    """Sums of v times each window of a, of which only some are numbers that count.

    The others are zeros, which is all the same if v is finite: 0 times infinity would be nan.
    """
    read = Windows(v.shape[-1])
    terms = bind(read, a) * v[..., None, :]
    if inside is not None:
        terms = np.where(bind(read, inside), terms, a.dtype.type(0))
    return np.sum(terms, axis=-1, dtype=a.dtype)


# ------------------------------------------------------------ sums of segments


def segmented(op: SegmentSums, types: Sequence[Type]) -> Graph | None:
    """Each number goes to its sums."""
    return build(types, lambda x: [_segmented(op, x)]) if numeric(types) else None


def _segmented(op: SegmentSums, x: Array) -> Array:
    n = x.shape[op.axis]
    starts, stops = segments(op.starts, n)
    lengths = stops - starts
    owner = np.repeat(np.arange(len(starts)), lengths)
    member = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - stops, lengths)
    if not np.array_equal(member, np.arange(n)):
        x = np.take(x, member, axis=op.axis)
    return bind(Scatter(op.type(x).shape, (Gather((op.axis,), 1),)), owner, x)


COMPOSED: dict[type, Callable[..., Graph | None]] = {
    SearchSorted: searched, Convolve: convolved, SegmentSums: segmented,
}  # fmt: skip
"""Graphs of the same value, for arguments of some types; None if there is none."""
