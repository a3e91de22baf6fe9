"""Scans as loops: their step is lowered into the body, and reads and writes rows where they lie.

The state lies in memory of its own, from which a round reads it and into which the next one is
copied when all of the round is done. Rounds run one after the other; what does not depend on the
round is computed before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Graph, Type
from ..loops import Buffer, Code, Place, Round
from ..ops.control.graphs import cut
from ..ops.control.scan import Scan
from .nodes import Nodes


class Spot(NamedTuple):
    """Memory: a buffer, and the place in it where an array begins."""

    buffer: Buffer
    place: Place = Place(0, ())

    def at(self, place: Place) -> Place:
        """A place of the array, in the buffer."""
        strides = dict(self.place.strides)
        for counter, stride in place.strides:
            strides[counter] = strides.get(counter, 0) + stride
        kept = tuple(sorted((c, s) for c, s in strides.items() if s))
        return Place(self.place.offset + place.offset, kept, place.computed)


def size(t: Type) -> int:
    """The number of elements of an array."""
    return int(np.prod(t.shape, dtype=np.int64))


def row(spot: Spot, of: Type, op: Scan, round: Round) -> Spot:
    """The row that a round has to do with; `of` is the type of one row."""
    step, last = size(of), op.length - 1
    counter = round.counter.number
    offset, stride = (last * step, -step) if op.reverse else (0, step)
    return Spot(spot.buffer, spot.at(Place(offset, ((counter, stride),) if step else ())))


def copy(code: Code, source: Spot, target: Spot, t: Type) -> None:
    """Copy an array, element by element."""
    n = size(t)
    if n == 1:
        code.store(target.buffer, target.place, code.load(source.buffer, source.place))
    elif n:
        with code.loop(n) as round:
            here = Place(0, ((round.counter.number, 1),))
            value = code.load(source.buffer, source.at(here))
            code.store(target.buffer, target.at(here), value)


def scan(
    code: Code,
    op: Scan,
    body: Nodes,
    args: Sequence[Spot],
    results: Sequence[Spot | None],
    lowered: Any,
) -> None:
    """All rounds. A result of None is not wanted; `lowered` writes the code of a graph's nests."""
    graph: Graph = op.step
    starts, rows, same = cut(args, op.sizes)
    k = op.states
    types, row_types = graph.output_types[:k], graph.input_types[k : k + len(rows)]
    states = [
        r or Spot(code.buffer(t.dtype, size(t), "work"))
        for r, t in zip(results, types, strict=False)
    ]
    for start, state, t in zip(starts, states, types, strict=True):
        copy(code, start, state, t)
    with code.loop(op.length, serial=True) as round:
        given = [*states, *(row(x, t, op, round) for x, t in zip(rows, row_types, strict=True))]
        targets = [
            None if r is None else row(r, t, op, round)
            for r, t in zip(results[k:], graph.output_types[k:], strict=True)
        ]
        found = lowered(body, [*given, *same], [None] * k + targets)
        for source, target, t in zip(found[k:], targets, graph.output_types[k:], strict=True):
            if target is not None and source != target:
                copy(code, source, target, t)
        following(code, found[:k], states, types)


def following(code: Code, found: Sequence[Spot], states: Sequence[Spot], types: Any) -> None:
    """The next states in place of the old ones, of which some may be others of the old ones."""
    kept = []
    for j, (source, t) in enumerate(zip(found, types, strict=True)):
        if source in states and source != states[j]:
            apart = Spot(code.buffer(t.dtype, size(t), "work"))
            copy(code, source, apart, t)
            source = apart
        kept.append(source)
    for source, state, t in zip(kept, states, types, strict=True):
        if source != state:
            copy(code, source, state, t)
