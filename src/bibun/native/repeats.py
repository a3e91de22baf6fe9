"""Control flow: loops and branches, into which their graphs are lowered.

The state of a loop lies in memory of its own, from which a round reads it and into which the next
one is copied when all of the round is done; rows are read and written where they lie. What does not
depend on the round of a scan is computed before all rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..graph import Graph, Type
from ..loops import Buffer, Code, Place, Round, Value
from ..ops.control.branches import Branches
from ..ops.control.graphs import cut
from ..ops.control.scan import Scan
from ..ops.control.sweeps import Sweeps


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
        computed = max(self.place.computed, place.computed)  # one of them at most is a value
        return Place(self.place.offset + place.offset, kept, computed)


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


class Lowered(Protocol):
    """What writes the code of a graph: with its inputs, and with places for its outputs."""

    def __call__(
        self, graph: Graph, given: Sequence[Spot], targets: Sequence[Spot | None]
    ) -> list[Spot]:
        """Where the outputs are; in their targets, as far as each is an array of its own."""


def control(
    code: Code, op: Any, args: Sequence[Spot], results: Sequence[Spot | None], lowered: Lowered
) -> None:
    """An operation of control flow. A result of None is not wanted."""
    if isinstance(op, Scan):
        scan(code, op, args, results, lowered)
    elif isinstance(op, Branches):
        branches(code, op, args, results, lowered)
    else:
        while_loop(code, op, args, results, lowered)


def states_of(
    code: Code, starts: Sequence[Spot], results: Sequence[Spot | None], types: Sequence[Type]
) -> list[Spot]:
    """Memory for states, with what they begin with in it: that of results that are wanted."""
    states = [
        r or Spot(code.buffer(t.dtype, size(t), "work"))
        for r, t in zip(results, types, strict=True)
    ]
    for start, state, t in zip(starts, states, types, strict=True):
        copy(code, start, state, t)
    return states


def scan(
    code: Code, op: Scan, args: Sequence[Spot], results: Sequence[Spot | None], lowered: Lowered
) -> None:
    """All rounds of a loop over rows."""
    graph, k = op.step, op.states
    starts, rows, same = cut(args, op.sizes)
    types, row_types = graph.output_types[:k], graph.input_types[k : k + len(rows)]
    states = states_of(code, starts, results[:k], types)
    with code.loop(op.length, serial=True) as round:
        given = [*states, *(row(x, t, op, round) for x, t in zip(rows, row_types, strict=True))]
        targets = [
            None if r is None else row(r, t, op, round)
            for r, t in zip(results[k:], graph.output_types[k:], strict=True)
        ]
        found = lowered(graph, [*given, *same], [None] * k + targets)
        for source, target, t in zip(found[k:], targets, graph.output_types[k:], strict=True):
            if target is not None and source != target:
                copy(code, source, target, t)
        following(code, found[:k], states, types)


def while_loop(
    code: Code, op: Sweeps, args: Sequence[Spot], results: Sequence[Spot | None], lowered: Lowered
) -> None:
    """A first pass as long as a condition holds, and further ones along the same positions.

    The states of all passes but the last are kept for each position, on the heap: nobody knows how
    many there will be.
    """
    *starts, same = cut(args, op.sizes)
    of_pass = cut(results, op.sizes)
    count, position = (Spot(code.buffer(np.int64, 1, "work")) for _ in range(2))
    put(code, count, code.constant(0, "i64"))
    past: list[list[Spot]] = []
    for k, step in enumerate(op.steps):
        types = step.output_types
        states = states_of(code, starts[k], of_pass[k], types)
        kept = []
        if k < len(op.steps) - 1:
            kept = [Spot(code.buffer(t.dtype, 0, "heap")) for t in types]
        going = Pass(code, step, types, states, same, past, kept, lowered)
        if k == 0:
            code.repeat(partial(going.holds, op.condition), partial(going.round, count, 1))
        else:
            going.along(count, position, op.reverse[k])
        past.append(kept)


def put(code: Code, spot: Spot, value: Value) -> None:
    """Store one number."""
    code.store(spot.buffer, spot.place, value)


class Pass(NamedTuple):
    """One pass of a loop: its step, its states, and what the passes before had."""

    code: Code
    step: Graph
    types: Sequence[Type]
    states: Sequence[Spot]
    same: Sequence[Spot]
    past: Sequence[Sequence[Spot]]
    kept: Sequence[Spot]
    lowered: Lowered

    def holds(self, condition: Graph) -> Value:
        """Whether there is another round."""
        (found,) = self.lowered(condition, [*self.states, *self.same], [None])
        return self.code.load(found.buffer, found.place)

    def round(self, position: Spot, by: int) -> None:
        """A round at a position, after which there is another position."""
        code = self.code
        t = code.load(position.buffer, position.place)
        for state, kept, of in zip(self.states, self.kept, self.types, strict=False):
            code.grow(kept.buffer, t, size(of))
            copy(code, state, at_row(kept, t, of), of)
        there = [
            at_row(spot, t, of)
            for spots in self.past
            for spot, of in zip(spots, self.step.input_types[self.before(spots) :], strict=False)
        ]
        found = self.lowered(
            self.step, [*there, *self.states, *self.same], [None] * len(self.types)
        )
        following(code, found, self.states, self.types)
        put(code, position, t + by)

    def before(self, spots: Sequence[Spot]) -> int:
        """How many states the passes before another one have."""
        return sum(len(s) for s in self.past[: [*map(id, self.past)].index(id(spots))])

    def along(self, count: Spot, position: Spot, reverse: bool) -> None:
        """All positions, from the first to the last or back."""
        code = self.code
        n = code.load(count.buffer, count.place)
        put(code, position, n - 1 if reverse else code.constant(0, "i64"))

        def inside() -> Value:
            t = code.load(position.buffer, position.place)
            return (t >= 0) & (t < n)

        code.repeat(inside, lambda: self.round(position, -1 if reverse else 1))


def at_row(spot: Spot, t: Value, of: Type) -> Spot:
    """The row of a buffer whose number is a value."""
    return Spot(spot.buffer, Place(0, (), (t * size(of)).number))


def branches(
    code: Code,
    op: Branches,
    args: Sequence[Spot],
    results: Sequence[Spot | None],
    lowered: Lowered,
) -> None:
    """One of several graphs; all leave their outputs in the same places."""
    chosen, given = args[0], args[1:]
    last = len(op.branches) - 1
    index = code.load(chosen.buffer, chosen.place).to("i64")
    index = (index < 0).where(0, (index > last).where(last, index))

    def written(graph: Graph) -> None:
        found = lowered(graph, given, results)
        for source, target, t in zip(found, results, graph.output_types, strict=True):
            if target is not None and source != target:
                copy(code, source, target, t)

    code.choice(index, [partial(written, graph) for graph in op.branches])


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
