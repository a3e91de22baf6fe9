"""Arrays that a loop reads or writes at its counter, as rows: x[i], y[i + 1] = f(y[i]).

A loop that carries a whole array along, or adds up the cotangent of one, costs as much in each
round as the array is long. Where places are p i + q for the counter i, each round meets one row:
what is only read is cut into rows before the loop, and what is written comes together after it. Of
what a loop has written some rounds before it carries just that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, bind, innermost, lift
from ..graph import Constant, Graph, Type, type_of
from ..ops.gather import Gather, Slice
from ..ops.putting import Put, put
from ..walk import apply, build
from .boundaries import MEMO

LONGEST = 8  # rounds that a loop looks back

Way = tuple[int, int]  # p and q of p i + q


class Loop(NamedTuple):
    """A loop: its step, and what it starts from, goes along and uses."""

    graph: Graph
    states: list[Array]
    rows: list[Array]
    shared: list[Array]

    @property
    def operands(self) -> list[Array]:
        """The arguments of the step, and of the loop."""
        return [*self.states, *self.rows, *self.shared]


class Read(NamedTuple):
    """What a node reads at the counter: a row of an argument of the loop, or a part of it.

    Along another axis it may be read at an index that no round changes.
    """

    source: int  # the argument
    axis: int  # negative
    at: Way
    fixed: tuple[int, int] | None = None  # another axis, and the argument that is its index
    part: Slice | None = None  # of the row

    def of_row(self, row: Array) -> Array:
        """What is read, of the row."""
        return row if self.part is None else bind(self.part, row)

    def row_type(self, types: Sequence[Type]) -> Type:
        """The type of the row."""
        t = types[self.source]
        gone = {self.axis} if self.fixed is None else {self.axis, self.fixed[0]}
        n = len(t.shape)
        return Type(t.dtype, tuple(m for k, m in enumerate(t.shape) if k - n not in gone))

    def rows(self, operands: Sequence[Array], counter: range) -> Array:
        """The rows of all rounds, along a new first axis."""
        x, axis = operands[self.source], self.axis
        if self.fixed is not None:
            other, index = self.fixed
            x = bind(Gather((other,), 0), x, operands[index])
            axis += other > axis
        return _rows(x, axis, self.at, counter)


class Written(NamedTuple):
    """A state that each round writes one row of."""

    node: int  # which writes it
    axis: int
    place: Way
    reads: dict[int, int]  # nodes that read what was written so many rounds before (0: just now)
    parts: dict[int, Read]  # nodes that read at the counter
    first: list[int]  # those of them that read what was there before the loop

    @property
    def back(self) -> int:
        """How many rounds a row is looked back at."""
        return max(self.reads.values(), default=0)


class Cut(NamedTuple):
    """A loop in rows: its step, and what that takes."""

    graph: Graph
    counter: range
    kept: list[int]  # states that stay states
    behind: list[tuple[int, int]]  # states that are rows written before: of which, and how long ago
    reads: list[Read]  # rows beside those of the loop before
    written: dict[int, Written]  # states that are states no more, by their number

    def loop(self, loop: Loop) -> Loop:
        """The loop in rows."""
        before = [_row(loop.states[j], self.written[j], m, self.counter) for j, m in self.behind]
        rows = [read.rows(loop.operands, self.counter) for read in self.reads]
        states = [*(loop.states[j] for j in self.kept), *before]
        return Loop(self.graph, states, [*loop.rows, *rows], loop.shared)

    def results(self, found: Sequence[Array], states: Sequence[Array]) -> list[Array]:
        """The last states of the loop before, and its rows."""
        last = dict(zip(self.kept, found, strict=False))
        rows = found[len(self.kept) + len(self.behind) :]
        for (j, w), new in zip(self.written.items(), rows, strict=False):
            last[j] = _joined(states[j], new, w, self.counter)
        return [*(last[j] for j in range(len(states))), *rows[len(self.written) :]]


def in_rows(loop: Loop, counter: range) -> Cut | None:
    """How a loop is one in rows; None if it meets no array at its counter, the first row."""
    types, sizes = tuple(map(type_of, loop.operands)), (len(loop.states), len(loop.rows))
    key = "rows", loop.graph, sizes, types, counter
    return MEMO.get(key, partial(_cut, loop.graph, sizes, types, counter))[0]


def _cut(
    graph: Graph, sizes: tuple[int, int], types: Sequence[Type], counter: range
) -> tuple[Cut | None]:
    k, of_rows = sizes
    ways = _ways(graph, k)
    written = {j: w for j in range(k) if (w := _written(graph, j, ways, types[j].shape, counter))}
    reads: dict[int, Read] = {}
    for i, _ in graph.body():
        read = _read(graph, i, ways, k + of_rows)
        if read is None or read.source < k + of_rows:
            continue
        if _within(read.at, types[read.source].shape[read.axis], counter):
            reads[i] = read
    for w in written.values():
        reads |= {i: w.parts[i] for i in w.first}
    if not reads and not written:
        return (None,)
    kept = [j for j in range(k) if j not in written]
    behind = [(j, m) for j, w in written.items() for m in range(1, w.back + 1)]
    step = _step(graph, sizes, types, (kept, behind, reads, written))
    return (Cut(step, counter, kept, behind, list(reads.values()), written),)


# ------------------------------------------------------------ what a round reads and writes


def _ways(graph: Graph, counter: int) -> dict[int, Way]:
    """The nodes that are p i + q for the counter i."""
    known: dict[int, Way] = {counter: (1, 0)}
    for i, node in graph.body():
        if type(node.op) is Constant:
            value = node.op.value()
            if value.shape == () and value.dtype.kind in "iu":
                known[i] = 0, int(value)
        elif node.op.name in RULES and all(a in known for a in node.args):
            found = RULES[node.op.name](*(known[a] for a in node.args))
            if found is not None:
                known[i] = found
    return known


def _product(a: Way, b: Way) -> Way | None:
    if a[0] and b[0]:
        return None
    (p, q), c = (a, b[1]) if b[0] == 0 else (b, a[1])
    return p * c, q * c


RULES: dict[str, Any] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "subtract": lambda a, b: (a[0] - b[0], a[1] - b[1]),
    "multiply": _product,
    "negative": lambda a: (-a[0], -a[1]),
}


def _read(
    graph: Graph, i: int, ways: dict[int, Way], changing: int, of: int | None = None
) -> Read | None:
    """What a node reads at the counter; arguments before `changing` are others in each round.

    `of` is a node that counts as an argument, too.
    """
    op, args, _ = graph.nodes[i]
    if type(op) is not Gather or op.rank or any(graph.nodes[a].type.shape for a in args[1:]):
        return None
    moving = [k for k, a in enumerate(args[1:]) if ways.get(a, (0, 0))[0]]
    if len(moving) != 1 or len(op.axes) > 2:
        return None
    (k,) = moving
    at, axis, fixed = ways[args[1 + k]], op.axes[k], None
    if len(op.axes) == 2:
        other = _input(graph, args[2 - k])
        if other is None or other < changing:
            return None
        fixed = op.axes[1 - k], other
    source, part = args[0], None
    while source != of and source >= graph.arity and graph.nodes[source].op.name == "copy":
        (source,) = graph.nodes[source].args
    cut = graph.nodes[source].op if source != of and source >= graph.arity else None
    if type(cut) is Slice:
        if fixed is not None or (found := _through(cut, axis)) is None:
            return None
        axis, part = found
        (source,) = graph.nodes[source].args
    known = source if source == of else _input(graph, source)
    return None if known is None else Read(known, axis, at, fixed, part)


def _through(cut: Slice, axis: int) -> tuple[int, Slice | None] | None:
    """The axis of x that is this axis of cut(x), and what is left to be cut of its rows."""
    places = list(cut.places)
    kept = [k - len(places) for k, p in enumerate(places) if not isinstance(p, int)]
    if -axis > len(kept):
        whole = axis + len(kept) - len(places)
        return whole, Slice(tuple(places))
    whole = kept[axis]
    if places[whole] is not None:
        return None
    del places[whole]
    return whole, Slice(tuple(places)) if any(p is not None for p in places) else None


def _input(graph: Graph, i: int) -> int | None:
    """The input that a node is, if only under another name."""
    while i >= graph.arity and graph.nodes[i].op.name == "copy":
        (i,) = graph.nodes[i].args
    return i if i < graph.arity else None


def _written(
    graph: Graph, state: int, ways: dict[int, Way], shape: Sequence[int], counter: range
) -> Written | None:
    """How rounds write a state, if each of them writes one row that no other writes."""
    out = graph.outputs[state]
    op = graph.nodes[out].op
    if type(op) is not Put or type(op.read) is not Gather or op.read.rank:
        return None
    source, index, _ = graph.nodes[out].args
    at, axes = ways.get(index), op.read.axes
    if len(axes) != 1 or at is None or at[0] == 0 or _input(graph, source) != state:
        return None
    if not _within(at, shape[axes[0]], counter) or _starts(at, counter)[0] < 0:
        return None
    reads: dict[int, int] = {}
    first: list[int] = []
    parts: dict[int, Read] = {}
    for i, was in _readers(graph, state, out):
        read = _read(graph, i, ways, graph.arity, out)
        if read is None or read.axis != axes[0] or read.at[0] != at[0] or read.fixed:
            return None
        place = read.at
        if not _within(place, shape[axes[0]], counter) or _starts(place, counter)[0] < 0:
            return None
        parts[i] = read._replace(source=state)
        behind, rest = divmod(at[1] - place[1], at[0] * counter.step)
        if rest == 0 and (behind > 0 or (was and behind == 0)):
            reads[i] = behind
        else:
            first.append(i)
    if _elsewhere(graph, state, out):
        return None
    found = Written(out, axes[0], at, reads, parts, first)
    return found if found.back <= LONGEST else None


def _standing(graph: Graph, state: int, out: int) -> dict[int, bool]:
    """The nodes that are a state, what it was written to, or parts of these: whether the latter."""
    found = {state: False, out: True}
    for i, node in graph.body():
        if i != out and (node.op.name == "copy" or type(node.op) is Slice):
            (a,) = node.args
            if a in found:
                found[i] = found[a]
    return found


def _readers(graph: Graph, state: int, out: int) -> Iterator[tuple[int, bool]]:
    """The nodes that use a state, or what it was written to: whether the latter."""
    standing = _standing(graph, state, out)
    for i, node in graph.body():
        of = [a for a in node.args if a in standing]
        if of and i not in standing:
            yield i, any(standing[a] for a in of)


def _elsewhere(graph: Graph, state: int, out: int) -> bool:
    """Whether a state, or what it was written to, is a result beside its own."""
    standing = _standing(graph, state, out)
    return any(o in standing for k, o in enumerate(graph.outputs) if k != state)


def _starts(at: Way, counter: range) -> tuple[int, int]:
    """The first and the last place."""
    p, q = at
    return p * counter[0] + q, p * counter[-1] + q


def _within(at: Way, n: int, counter: range) -> bool:
    """Whether all places lie within an axis, counted from the same end."""
    ends = _starts(at, counter)
    return all(0 <= e < n for e in ends) or all(-n <= e < 0 for e in ends)


# ------------------------------------------------------------ the loop in rows


def _step(graph: Graph, sizes: tuple[int, int], types: Sequence[Type], parts: tuple) -> Graph:
    (k, of_rows), (kept, behind, reads, written) = sizes, parts
    end = k + of_rows
    row = [_without(types[j], written[j].axis) for j, _ in behind]
    of_reads = [read.row_type(types) for read in reads.values()]
    before = [Type(t.dtype, t.shape[1:]) for t in types[k:end]]
    needed = [*(types[j] for j in kept), *row, *before, *of_reads, *types[end:]]

    def step(*args: Array) -> list[Array]:
        given = iter(args)
        known: dict[int, Any] = {j: next(given) for j in kept}
        past = {key: next(given) for key in behind}
        known |= {i: next(given) for i in range(k, end)}
        known |= {i: read.of_row(next(given)) for i, read in reads.items()}
        known |= dict(zip(range(end, graph.arity), given, strict=True))
        for j, w in written.items():
            known |= {i: w.parts[i].of_row(past[j, m]) for i, m in w.reads.items() if m}
        new = _evaluated(graph, known, written)
        values = {j: new[graph.nodes[w.node].args[2]] for j, w in written.items()}
        moved = [values[j] if m == 1 else past[j, m - 1] for j, m in behind]
        rest = [new[o] for o in graph.outputs[k:]]
        return [*(new[graph.outputs[j]] for j in kept), *moved, *values.values(), *rest]

    return build(needed, step)


def _without(t: Type, axis: int) -> Type:
    """The type of a row."""
    n = len(t.shape) + axis
    return Type(t.dtype, (*t.shape[:n], *t.shape[n + 1 :]))


def _evaluated(graph: Graph, known: dict[int, Any], written: dict[int, Written]) -> dict[int, Any]:
    """All nodes that can be computed, given some of them."""
    values = {w.node: graph.nodes[w.node].args[2] for w in written.values()}
    now = ((w, i) for w in written.values() for i, m in w.reads.items() if m == 0)
    just = {i: (w.parts[i], values[w.node]) for w, i in now}
    env: Any = dict(known)
    trace = innermost(list(env.values()))
    for i, node in graph.body():
        if i in env or i in values:
            continue
        if i in just:
            env[i] = just[i][0].of_row(env[just[i][1]])
        elif all(a in env for a in node.args):
            env[i] = apply(node, env, trace)
    return env


def _rows(x: Array, axis: int, at: Way, counter: range) -> Array:
    """The rows that all rounds read, along a new first axis."""
    first, last = _starts(at, counter)
    if first < 0:
        first, last = first + x.shape[axis], last + x.shape[axis]
    step = at[0] * counter.step
    stop = last + (1 if step > 0 else -1)
    places = ((first, stop, step), *(None,) * (-1 - axis))
    return np.moveaxis(bind(Slice(places), x), axis, 0)


def _row(x: Array, w: Written, m: int, counter: range) -> Array:
    """The row where the round m before the first one would have written."""
    place = w.place[0] * (counter[0] - m * counter.step) + w.place[1]
    return bind(Slice((place, *(None,) * (-1 - w.axis))), x)


def _joined(x: Array, rows: Array, w: Written, counter: range) -> Array:
    """x after all rounds have written their rows."""
    first, last = _starts(w.place, counter)
    step = w.place[0] * counter.step
    places = ((first, last + (1 if step > 0 else -1), step), *(None,) * (-1 - w.axis))
    return put(lift(x), Slice(places), (), lift(np.moveaxis(rows, 0, w.axis)))
