"""Residuals: what a scan has computed is kept for the scan that goes back, where that is quicker.

The reverse derivative of a scan computes each round once more, from the states before it. Here the
values that are dear become rows: results of the one scan and arguments of the other. What somebody
keeps whole (checkpoint) is computed again, as its meaning is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..graph import Graph, Input, Item, Type, canonical
from ..ops.control.graphs import chosen, cut, used, without
from ..ops.control.scan import Scan
from ..ops.gather import Slice
from .movable import frontier


def with_residuals(graph: Graph) -> Graph:
    """The same function; scans that repeat what others have computed read it instead."""
    while True:
        kept = ((pair, pair.kept()) for pair in pairs(graph))
        found = next(((pair, nodes) for pair, nodes in kept if nodes), None)
        if found is None:
            return graph
        pair, nodes = found
        graph = pair.joined(nodes)


def pairs(graph: Graph) -> Iterator[Pair]:
    """Scans, each with one before it whose states are among its rows."""
    for back, n in graph.body():
        if isinstance(n.op, Scan):
            rows = cut(n.args, n.op.sizes)[1]
            for ahead, start in dict.fromkeys(_of_scan(graph, a) for a in rows):
                if ahead >= 0:
                    yield Pair(graph, ahead, back, start)


def _of_scan(graph: Graph, i: int) -> tuple[int, int]:
    """The scan that an array of rows is a result of (or -1), and the row at which it begins."""
    node, start = source(graph, i)
    n = graph.nodes[node]
    scanned = isinstance(n.op, Item) and isinstance(graph.nodes[n.args[0]].op, Scan)
    return (n.args[0], start) if scanned else (-1, 0)


def source(graph: Graph, i: int) -> tuple[int, int]:
    """The array that rows are taken from, and the first of them."""
    op: Any
    op, args, _ = graph.nodes[i]
    if not isinstance(op, Slice) or len(op.places) != len(graph.nodes[args[0]].type.shape):
        return i, 0
    first: Any
    first, *others = op.places
    along = isinstance(first, tuple) and first[2] == 1 and all(p is None for p in others)
    return (args[0], first[0]) if along else (i, 0)


class Pair:
    """A scan `ahead`, and one that goes `back` along its rows, from row `start` on."""

    def __init__(self, graph: Graph, ahead: int, back: int, start: int):
        self.graph, self.ahead, self.back, self.start = graph, ahead, back, start
        self.first: Any = graph.nodes[ahead].op
        self.second: Any = graph.nodes[back].op
        self.known = self._known()

    def _known(self) -> dict[int, int]:
        """The nodes of the step back that the step ahead computes in the same round, and which."""
        if self.start + self.second.length > self.first.length:
            return {}
        arrays, fixed = self._given()
        known: dict[int, int] = {}
        _, rows, same = cut(self.graph.nodes[self.back].args, self.second.sizes)
        for k, a in enumerate(rows, self.second.states):
            node, start = source(self.graph, a)
            if start == self.start and node in arrays:
                known[k] = arrays[node]
        for k, a in enumerate(same, self.second.states + self.second.rows):
            if a in fixed:
                known[k] = fixed[a]
        table = {(n.op, n.args): i for i, n in self.first.step.body()}
        for i, n in self.second.step.body():
            if all(a in known for a in n.args):
                same_node = table.get((n.op, tuple([known[a] for a in n.args])))
                if same_node is not None:
                    known[i] = same_node
        return known

    def _given(self) -> tuple[dict[int, int], dict[int, int]]:
        """Rows, and what stays the same: for nodes of the graph, the nodes of the step ahead."""
        op, nodes = self.first, self.graph.nodes
        _, rows, same = cut(nodes[self.ahead].args, op.sizes)
        arrays = {a: op.states + k for k, a in enumerate(rows)}
        for i, n in self.graph.body():
            if isinstance(n.op, Item) and n.args == (self.ahead,) and n.op.index >= op.states:
                arrays[i] = op.step.outputs[n.op.index]
        return arrays, {a: op.states + op.rows + k for k, a in enumerate(same)}

    def kept(self) -> list[int]:
        """The nodes of the step back that had better be read."""
        step = self.second.step
        free = [i in self.known for i in range(len(step))]
        return frontier(step, free, self.second.length, set()) if any(free) else []

    def joined(self, kept: Sequence[int]) -> Graph:
        """The graph in which these are results of the one scan and rows of the other."""
        graph, op = self.graph, self.first
        outputs = list(op.step.outputs)
        for i in kept:
            if self.known[i] not in outputs[op.states :]:
                outputs.append(self.known[i])
        step = canonical(*_lists(op.step), op.step.inputs, outputs)[0]
        longer = Scan(step, op.states, op.rows, op.length, op.reverse)
        entries, types = _lists(graph)
        entries[self.ahead] = (longer, *graph.nodes[self.ahead].args)
        types[self.ahead] = longer.type(*(types[a] for a in graph.nodes[self.ahead].args))
        added = Added(entries, types)
        rows = [self._rows(added, outputs.index(self.known[i], op.states)) for i in kept]
        entries[self.back] = self._reading(kept, rows)
        return canonical(entries, types, graph.inputs, graph.outputs)[0]

    def _rows(self, added: Added, index: int) -> int:
        """The rows of a result of the scan ahead that the scan back goes along."""
        n, of = self.second.length, added.types[self.ahead][index]
        i = added.number((Item(index), self.ahead), of)
        if n == self.first.length:
            return i
        along = (self.start, self.start + n, 1)
        places = Slice((along, *(None,) * (len(of.shape) - 1)))
        return added.number((places, i), Type(of.dtype, (n, *of.shape[1:])))

    def _reading(self, kept: Sequence[int], arrays: Sequence[int]) -> tuple:
        """The entry of the scan back, which reads these nodes from rows of these arrays."""
        op = self.second
        entries, types = _lists(op.step)
        for i in kept:
            entries[i] = (Input(types[i]),)
        states, rows, same = cut(op.step.inputs, op.sizes)
        args = cut(self.graph.nodes[self.back].args, op.sizes)
        step = canonical(entries, types, [*states, *rows, *kept, *same], op.step.outputs)[0]
        keep = (*(True for _ in states), *used(step)[len(states) :])
        _, some, others = cut(keep, (len(states), len(rows) + len(kept)))
        given = chosen([*args[1], *arrays], some)
        reading = Scan(without(step, keep), op.states, len(given), op.length, op.reverse)
        return (reading, *args[0], *given, *chosen(args[2], others))


class Added:
    """The entries of a graph, each once, and further ones."""

    def __init__(self, entries: list[tuple], types: list[Any]):
        self.entries, self.types = entries, types
        self.known = {entry: i for i, entry in enumerate(entries)}

    def number(self, entry: tuple, of: Type) -> int:
        """The number of an entry, which is made if it is not there yet."""
        if entry not in self.known:
            self.known[entry] = len(self.entries)
            self.entries.append(entry)
            self.types.append(of)
        return self.known[entry]


def _lists(graph: Graph) -> tuple[list[tuple], list[Any]]:
    """The entries of a graph, and their types."""
    return [(n.op, *n.args) for _, n in graph], [n.type for _, n in graph]
