"""The schedule: which nodes share a nest of loops, and in which order the nests run.

A nest has outer extents, whose rounds are independent, and inner extents, over which sums run. In
each outer round, stage after stage runs over the inner extents: a stage may use sums of the ones
before. What the nest computes for an outer round alone comes after the stage that it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

from .nodes import Memory, Nodes, Reduction, first_stored
from .places import Affine, Index, at, flat

DEAR = 20
"""Work, in additions, that is stored rather than done twice."""
LONGEST = 400
"""Work in one expression, from which on a part of it is stored."""
MOST_ROOTS = 48
WIDEST_COLUMNS = 4096
"""Sums over the first axes, one for each place in the others, that stay near while rows pass."""
LEAST_COLUMNS = 4096
"""Terms from which on rows pass: fewer stay in registers, sum by sum."""


class Root(NamedTuple):
    """A node that a nest stores, and what it takes: how it is a sum, and its reads."""

    node: int
    extents: tuple[int, ...]
    reduction: Reduction | None
    reads: tuple[tuple[int, Affine], ...]  # of memory: (node, place)
    computed: tuple[tuple[int, Index], ...]  # nodes computed on the way, and at which index
    column: bool = False  # a sum over the outer extents: each round adds a row to it

    @property
    def total(self) -> bool:
        """Whether it is a sum over all extents."""
        return self.reduction is not None and not self.reduction.kept


@dataclass
class Nest:
    """Roots that share loops. Without a split yet, all extents may be outer or inner ones."""

    extents: tuple[int, ...]
    split: int | None
    stages: dict[int, int] = field(default_factory=dict)  # of each root's node
    roots: list[Root] = field(default_factory=list)

    def level(self, root: Root) -> tuple[str, int | None] | None:
        """How a root runs in the nest, and at which extent that splits it.

        It is "inner", "outer", a "sum" over the inner extents, a "column" or a "total".
        """
        if root.reduction and root.column:
            summed = len(root.reduction.summed)
            fits = root.extents == self.extents and self.split in (None, summed)
            return ("column", summed) if fits else None
        if root.total:  # a number for all rounds, or one that all outer rounds add to
            return ("total", self.split) if root.extents == self.extents else None
        if root.reduction:
            kept = len(root.reduction.kept)
            fits = root.extents == self.extents and self.split in (None, kept)
            return ("sum", kept) if fits else None
        if root.extents == self.extents:
            return "inner", self.split
        if not root.extents and self.split is None and sum(n != 1 for n in self.extents) == 1:
            return "outer", 0
        if self.split is not None and root.extents == self.extents[: self.split]:
            return "outer", self.split
        return None

    def add(self, root: Root, nodes: dict[int, str]) -> bool:
        """Take the root in, if its reads of this nest's roots are of the same round."""
        found = self.level(root)
        if found is None or len(self.roots) >= MOST_ROOTS:
            return False
        level, split = found
        stage = 0
        for node, place in root.reads:
            if node in self.stages:
                if nodes[node] == "total":
                    if split:
                        return False
                    split = 0
                known = self.stage_after(node, place, level, split, nodes)
                if known is None:
                    return False
                stage = max(stage, known)
        self.split, self.stages[root.node] = split, stage
        self.roots.append(root)
        nodes[root.node] = level
        return True

    def stage_after(
        self, node: int, place: Affine, level: str, split: int | None, nodes: dict[int, str]
    ) -> int | None:
        """The first stage that can read another root at this place; None if no stage can."""
        stage, kind = self.stages[node], nodes[node]
        if kind == "column":
            return None
        if kind == "inner":
            same = level != "outer" and place == flat(counters(self.extents), self.extents)
            return stage if same else None
        if place != flat(counters(self.extents)[:split], self.extents[:split]):
            return None
        return stage if level == "outer" else stage + 1


def counters(extents: tuple[int, ...]) -> Index:
    """The index of the round itself; an extent of 1 has no counter."""
    found = at(range(len(extents)))
    return tuple(i if n != 1 else Affine() for i, n in zip(found, extents, strict=True))


def columns(root: Root, reduction: Reduction) -> bool:
    """Whether a sum, seen with what is summed inside, had better add up whole rows.

    So it is where neighbours in memory belong to different sums: one sum after the other would
    go through all rows for each.
    """
    kept, terms = prod(reduction.kept), prod(root.extents)
    if not 1 < kept <= WIDEST_COLUMNS or terms < max(LEAST_COLUMNS, 2 * kept):
        return False
    count = len(reduction.kept)
    last = max(k for k, n in enumerate(reduction.kept) if n != 1)
    whole = [
        dict(place.strides)
        for _, place in root.reads
        if any(c < count for c, _ in place.strides) and any(c >= count for c, _ in place.strides)
    ]
    return bool(whole) and all(strides.get(last) == 1 for strides in whole)


class Call(NamedTuple):
    """A node that NumPy computes."""

    node: int


class Product(NamedTuple):
    """A node that BLAS computes, called by native code."""

    node: int


class Repeat(NamedTuple):
    """A node that is a loop over nests of its own."""

    node: int


STEPS: dict[str, Any] = {"call": Call, "product": Product, "loop": Repeat}
"""The roles of nodes that are steps of their own."""


class Schedule:
    """Nests and calls, in an order in which each finds what it reads."""

    def __init__(self, nodes: Nodes):
        self.nodes = nodes
        stored = first_stored(nodes)
        while True:
            self.memory = Memory(nodes, stored)
            self.steps: list[Nest | Call | Product | Repeat] = []
            self.step_of: dict[int, int] = {}
            self.levels: dict[int, str] = {}
            for node in range(nodes.graph.arity, len(nodes.graph)):
                if node in stored and nodes.role[node] not in ("given", "cut", "result"):
                    self.place(node, nodes.role[node])
            more = set(self.dear()) - stored
            if not more:
                break
            stored |= more
        self.reread = set(self.later_reads())
        self.abroad = set(self.reads_abroad())

    def place(self, node: int, role: str) -> None:
        """Put a node into the first step that can take it."""
        nodes = self.nodes
        if role == "whole":
            self.step_of[node] = max(self.step_of[p] for p in nodes.graph.nodes[node].args)
            return
        if role == "blank" and not nodes.zero(node):
            return
        if role in STEPS:
            self.step_of |= dict.fromkeys((node, *nodes.items[node]), len(self.steps))
            self.steps.append(STEPS[role](node))
            return
        root = self.root(node)
        first = max([self.after(n) for n, _ in root.reads], default=0)
        for k in range(first, len(self.steps)):
            step = self.steps[k]
            if not isinstance(step, Nest) or self.collides(step, root):
                continue
            if step.add(root, self.levels):
                self.step_of[node] = k
                return
        nest = Nest(root.extents, None)
        nest.add(root, self.levels)
        self.step_of[node] = len(self.steps)
        self.steps.append(nest)

    def collides(self, nest: Nest, root: Root) -> bool:
        """Whether the nest adds to the same memory in the same steps, a little before or behind.

        A vector that is read where half of another has just been written waits for that.
        """
        mine = self.added(root)
        if mine is None:
            return False
        memory, place = mine
        longest = max([root.extents[c] for c, stride in place.strides if stride == 1], default=0)
        others = [a for a in map(self.added, nest.roots) if a and a[0] == memory]
        return any(
            p.strides == place.strides and 0 < abs(p.offset - place.offset) < longest
            for _, p in others
        )

    def added(self, root: Root) -> tuple[int, Affine] | None:
        """Where a piece adds its element: the memory, and the place in it."""
        op: Any = self.nodes.graph.nodes[root.node].op
        if self.nodes.role[root.node] != "piece" or not op.add:
            return None
        return self.nodes.owner(root.node), self.nodes.written(root.node, counters(root.extents))

    def after(self, node: int) -> int:
        """The first step that can read a node; it is whole, or blank, after its step only."""
        step = self.step_of.get(node, 0)
        whole = node in self.step_of and self.nodes.role[node] in ("whole", "blank")
        return step + 1 if whole else step

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

    def walk(self, starts: list[tuple[int, Index]], root: int, reads: dict) -> list:
        """Collect all reads of memory below some elements; all elements computed on the way."""
        stack, computed = list(starts), []
        seen = set()
        while stack:
            i, index = stack.pop()
            if (i, index) in seen:
                continue
            seen.add((i, index))
            source, place = self.memory.read(i, index) if i != root else self.below(i, index)
            if i != source or isinstance(place, Affine):
                affine = [place] if isinstance(place, Affine) else place
                stack += [(p.node, p.place) for a in affine for p, _ in a.picks]
            if isinstance(place, Affine):
                reads[source, place] = None
            elif source == i:
                computed.append((i, index))
                stack += [(a, place) for a in self.nodes.graph.nodes[i].args]
            else:
                stack.append((source, place))
        return computed

    def below(self, i: int, index: Index) -> tuple[int, Index | Affine]:
        """The same for a root, which is stored but not yet."""
        if self.nodes.role[i] != "view":
            return i, index
        found = self.nodes.below(i, index)
        if found is None:
            source = self.memory.home(self.nodes.graph.nodes[i].args[0])
            return source, flat(index, self.nodes.shape(i))
        return self.memory.read(*found)

    def later_reads(self) -> Iterator[int]:
        """Roots that are read from memory, not in the round and stage in which they are made."""
        for k, step in enumerate(self.steps):
            if not isinstance(step, Nest):
                yield from map(self.memory.home, self.nodes.graph.nodes[step.node].args)
                continue
            for root in step.roots:
                for node, _ in root.reads:
                    here = self.step_of.get(node) == k
                    inner = here and self.levels[node] == "inner"
                    if not here or (inner and step.stages[node] != step.stages[root.node]):
                        yield node

    def reads_abroad(self) -> Iterator[int]:
        """Roots that another step reads than the one that makes them."""
        for k, step in enumerate(self.steps):
            if not isinstance(step, Nest):
                yield from map(self.memory.home, self.nodes.graph.nodes[step.node].args)
            else:
                yield from (n for r in step.roots for n, _ in r.reads if self.step_of.get(n) != k)

    def dear(self) -> Iterator[int]:
        """Nodes that had better be stored: much work in two places, or more often than needed."""
        places: dict[int, set] = {}
        total: dict[int, int] = {}
        for k, step in enumerate(self.steps):
            if not isinstance(step, Nest):
                continue
            for root in step.roots:
                for i, index in root.computed:
                    places.setdefault(i, set()).add((k, step.stages[root.node], index))
        for i in sorted(places):
            below = sum(total.get(a, 0) for a in self.nodes.graph.nodes[i].args)
            total[i] = self.nodes.costs[i] + below
            if (total[i] >= DEAR and (len(places[i]) > 1 or self.repeated(places[i]))) or total[
                i
            ] > LONGEST:
                total[i] = 0
                yield i

    def repeated(self, places: set) -> bool:
        """Whether a node is computed again in rounds in which it is the same."""
        ((k, _, index),) = places
        nest = self.steps[k]
        assert isinstance(nest, Nest)
        if any(i.picks for i in index):
            return True
        used = {c for i in index for c, _ in i.strides}
        missing = [c for c, n in enumerate(nest.extents) if n > 1 and c not in used]
        return any(c < max(used, default=-1) for c in missing)
