"""Where an element of a view comes from: index maps that are affine in the counters of loops.

Where an array of indices decides, an element of it stands beside the counters: a `Pick`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..graph import Constant, Item, Node, Type
from ..ops.gather import Slice
from ..ops.joining import Split, Unstack
from ..ops.structure import Expand, Reshape, Transpose
from .pieces import Windows


class Affine(NamedTuple):
    """offset + the sum of stride * counter, with the counters in ascending order.

    And of stride * pick.
    """

    offset: int = 0
    strides: tuple[tuple[int, int], ...] = ()
    picks: tuple[tuple[Pick, int], ...] = ()

    def scaled(self, start: int, step: int) -> Affine:
        """start + step * self."""
        if not step:
            return Affine(start)
        strides = tuple([(c, step * s) for c, s in self.strides])
        picks = tuple([(p, step * s) for p, s in self.picks])
        return Affine(start + step * self.offset, strides, picks)

    @property
    def counters(self) -> set[int]:
        """All counters that decide, those that decide which element is picked too."""
        picked = (i.counters for p, _ in self.picks for i in p.place)
        return {c for c, _ in self.strides}.union(*picked)


Index = tuple[Affine, ...]


class Pick(NamedTuple):
    """An element of an array of indices, all of which are known to lie within their axis."""

    node: int
    place: Index


def at(counters: Sequence[int]) -> Index:
    """The index that each counter gives for one axis."""
    return tuple([Affine(0, ((c, 1),)) for c in counters])


def flat(index: Index, shape: Sequence[int]) -> Affine:
    """The place of an element in an array that lies in C order."""
    offset, strides, picks, step = 0, dict[int, int](), dict[Pick, int](), 1
    for i, n in zip(reversed(index), reversed(shape), strict=True):
        offset += step * i.offset
        for c, s in i.strides:
            strides[c] = strides.get(c, 0) + step * s
        for p, s in i.picks:
            picks[p] = picks.get(p, 0) + step * s
        step *= n
    kept = tuple(sorted((c, s) for c, s in strides.items() if s))
    return Affine(offset, kept, tuple(picks.items()))


def behind(node: Node, arg: Node, index: Index) -> Index | None:
    """Which element of its argument a view reads for one of its own; None if it is not affine."""
    op = node.op
    if isinstance(op, Expand):
        n = len(op.shape)
        return tuple([i for k, i in enumerate(index) if k - n not in op.axes])
    if isinstance(op, Transpose):
        n = len(op.axes)
        order = {axis + n: i for axis, i in zip(op.axes, index, strict=True)}
        return tuple([order[k] for k in range(n)])
    if isinstance(op, Slice):
        return _sliced(op, arg.type, index)
    if isinstance(op, Reshape):
        return _reshaped(node.type.shape, arg.type.shape, index)
    if isinstance(op, Windows):
        *lead, k, i = index
        return (*lead, flat((k, i), (1, 1)))
    return None


def item_of(node: Node, cut: Node) -> Slice | None:
    """The slice that one result of a Split or Unstack is."""
    if isinstance(node.op, Item) and isinstance(cut.op, Split | Unstack):
        return cut.op.places[node.op.index]
    return None


def _sliced(op: Slice, of: Type, index: Index) -> Index:
    lead = len(of.shape) - len(op.places)
    rest = iter(index[lead:])
    found = list(index[:lead])
    for p in op.places:
        if isinstance(p, int):
            found.append(Affine(p))
        else:
            found.append(next(rest) if p is None else next(rest).scaled(p[0], p[2]))
    return tuple(found)


def _reshaped(shape: tuple[int, ...], source: tuple[int, ...], index: Index) -> Index | None:
    """Axes of length 1 come and go; anything else would need divisions."""
    if [n for n in shape if n != 1] != [n for n in source if n != 1]:
        return None
    long = iter([i for i, n in zip(index, shape, strict=True) if n != 1])
    return tuple([next(long) if n != 1 else Affine() for n in source])


@lru_cache(maxsize=256)
def equal_steps(op: Constant) -> tuple[int, tuple[int, ...]] | None:
    """The first number of an array and its step along each axis, if it has such; else None."""
    numbers = op.value().astype(np.int64)
    if not numbers.size:
        return None
    start = int(numbers.flat[0])
    seconds = [min(numbers.strides[k], numbers.nbytes) // 8 for k in range(numbers.ndim)]
    steps = [
        int(numbers.flat[second]) - start if n > 1 else 0
        for n, second in zip(numbers.shape, seconds, strict=True)
    ]
    along = np.indices(numbers.shape, sparse=True)
    counted = sum((s * i for s, i in zip(steps, along, strict=True)), np.int64(start))
    return (start, tuple(steps)) if np.array_equal(numbers, counted) else None
