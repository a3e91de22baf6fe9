"""Ways: what a root takes to be computed, from what lies in memory on."""

from __future__ import annotations

from math import prod

from ..graph import Constant
from .nests import Root, columns, counters
from .nodes import Nodes, Reduction
from .places import Affine, Index, flat
from .stored import Memory

LONGEST = 200
"""Work in one expression, from which on a part of it is stored."""


class Ways:
    """The ways to all roots, as long as more and more nodes are stored."""

    def __init__(self, nodes: Nodes, memory: Memory):
        self.nodes, self.memory = nodes, memory
        self.numbers: dict[Index, int] = {}
        self.indices: list[Index] = []
        self.places: dict[tuple[int, tuple[int, ...]], Affine] = {}
        self.seen_by_node: dict[int, list[int]] = {}

    def number(self, index: Index) -> int:
        """The number of an index: comparing numbers is quicker."""
        found = self.numbers.setdefault(index, len(self.indices))
        if found == len(self.indices):
            self.indices.append(index)
        return found

    def root(self, node: int) -> Root:
        """What a node takes to be computed at the place of a round."""
        reduction = self.nodes.reduction(node) if self.nodes.role[node] == "sum" else None
        reads: dict[tuple[int, Affine], None] = {}
        if self.nodes.role[node] == "piece":
            blank, *_, x = self.nodes.graph.nodes[node].args
            extents = self.nodes.shape(x)
            starts = [(x, counters(extents))]
            written = self.nodes.written(node, counters(extents))
            reads[blank, written] = None
            starts += [(p.node, p.place) for p, _ in written.picks]
        elif reduction is None:
            extents = self.nodes.shape(node)
            starts = [(node, counters(extents))]
        else:
            by_rows = self.sum_of(node, reduction, False)
            return self.sum_of(node, reduction, True) if columns(by_rows, reduction) else by_rows
        computed = self.walk(starts, node, reads)
        return Root(node, extents, reduction, tuple(reads), tuple(computed))

    def sum_of(self, node: int, reduction: Reduction, column: bool) -> Root:
        """A sum with the loops over what is summed inside, or outside."""
        kept, summed = reduction.kept, reduction.summed
        extents = (*summed, *kept) if column else (*kept, *summed)
        index = counters(extents)
        starts = [(a, place(*reduction.split(index, column))) for a, place in reduction.factors]
        reads: dict[tuple[int, Affine], None] = {}
        computed = self.walk(starts, node, reads)
        return Root(node, extents, reduction, tuple(reads), tuple(computed), column)

    def walk(
        self, starts: list[tuple[int, Index]], root: int, reads: dict[tuple[int, Affine], None]
    ) -> list[tuple[int, int]]:
        """Collect all reads of memory below some elements; all elements computed on the way."""
        graph, role, stored = self.nodes.graph.nodes, self.nodes.role, self.memory.stored
        stack, computed = [(i, self.number(index)) for i, index in starts], []
        seen = set()
        while stack:
            key = i, n = stack.pop()
            if key in seen:
                continue
            seen.add(key)
            if role[i] != "view" and (i not in stored or i == root):
                if not isinstance(graph[i].op, Constant):
                    computed.append(key)
                    stack += [(a, n) for a in graph[i].args]
                continue
            source: int
            place: Index | Affine
            if i in stored and i != root:
                source, place = i, self.place(n, self.nodes.shape(i))
            else:
                read = self.below if i == root else self.memory.read
                source, place = read(i, self.indices[n])
            affine = [place] if isinstance(place, Affine) else place
            stack += [(p.node, self.number(p.place)) for a in affine for p, _ in a.picks]
            if isinstance(place, Affine):
                reads[source, place] = None
            else:
                stack.append((source, self.number(place)))
        return computed

    def place(self, n: int, shape: tuple[int, ...]) -> Affine:
        """The place of index number n in an array of this shape."""
        found = self.places.get((n, shape))
        if found is None:
            found = self.places[n, shape] = flat(self.indices[n], shape)
        return found

    def below(self, i: int, index: Index) -> tuple[int, Index | Affine]:
        """The same for a root, which is stored but not yet."""
        if self.nodes.role[i] != "view":
            return i, index
        found = self.nodes.below(i, index)
        if found is None:
            source = self.memory.home(self.nodes.graph.nodes[i].args[0])
            return source, flat(index, self.nodes.shape(i))
        return self.memory.read(*found)

    # ------------------------------------------------------------ the work on a way

    def seen(self, i: int) -> int:
        """The node whose elements a view of it (of it ...) shows."""
        role, stored = self.nodes.role, self.memory.stored
        while role[i] in ("view", "cut") and i not in stored:
            i = self.nodes.graph.nodes[i].args[0]
        return i

    def seen_by(self, i: int) -> list[int]:
        """The nodes whose elements a node takes; no further views are stored meanwhile."""
        found = self.seen_by_node.get(i)
        if found is None:
            args = self.nodes.graph.nodes[i].args
            found = self.seen_by_node[i] = [self.seen(a) for a in args]
        return found

    def work(self, root: Root) -> dict[int, int]:
        """The work of all that is computed on the way to a root, from what is read on."""
        found: dict[int, int] = {}
        for i in sorted({i for i, _ in root.computed}):
            found[i] = self.nodes.costs[i] + sum([found.get(a, 0) for a in self.seen_by(i)])
        return found

    def cut(self) -> None:
        """Store a node wherever an expression would become too long."""
        work: dict[int, int] = {}
        for i, _ in self.nodes.graph.body():
            if self.nodes.role[i] == "element" and i not in self.memory.stored:
                work[i] = self.nodes.costs[i] + sum([work.get(a, 0) for a in self.seen_by(i)])
                if work[i] > LONGEST:
                    del work[i]
                    self.memory.stored.add(i)

    def size(self, i: int) -> int:
        """The bytes of a node."""
        return prod(self.nodes.shape(i)) * self.nodes.dtype(i).itemsize
