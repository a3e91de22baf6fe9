"""The schedule: which nodes share a nest of loops, and in which order the nests run.

It is made in one pass up the graph. What a root computes on its way, and another place has computed
before, is stored there, if that is less work than doing it twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from math import prod
from typing import Any, NamedTuple

from ..ops.matmul import MatMul
from .nests import Fit, Nest, Root, counters
from .nodes import Nodes
from .places import Affine
from .stored import Memory, first_stored
from .ways import Ways

CHEAP, DEAR = 1, 20
"""Work, in additions, that is stored rather than done twice: what stays near, and what may not."""
NEAR = 1 << 15
"""Bytes of an array that stays near."""
MOST_ROOTS = 48
MOST_WORK = 100
"""Work of a round up to which the processor begins the next one meanwhile."""
SHORT = 256
"""Rounds of a nest up to which its own cost counts: it is not made two of."""
MOST_AGAIN = 2
"""Times that all is placed again, when that has shown what had better be stored earlier."""
MOST_TRIED = 64
"""Nests that are tried for a root."""


class Call(NamedTuple):
    """A node that NumPy computes."""

    node: int


class Product(NamedTuple):
    """A product of matrices that the runtime computes, called by native code."""

    node: int


class Repeat(NamedTuple):
    """A node that is a loop over nests of its own."""

    node: int


class Task(NamedTuple):
    """A node that a routine of the language computes."""

    node: int


STEPS: dict[str, Any] = {"call": Call, "product": Product, "loop": Repeat, "routine": Task}
"""The roles of nodes that are steps of their own."""


class Visit(NamedTuple):
    """Where a node is computed on the way to a root: the step, the stage, and its index."""

    step: int
    stage: int
    number: int


class Schedule:
    """Nests and calls, in an order in which each finds what it reads."""

    def __init__(self, nodes: Nodes, stored: Collection[int] = ()):
        """`stored` lies in memory, whether somebody reads it there or not."""
        self.nodes = nodes
        self.begin(first_stored(nodes).union(stored))
        self.ways.cut()
        self.run()
        for _ in range(MOST_AGAIN):
            if self.late:
                self.begin(self.memory.stored | self.late)
                self.run()
        self.settle()
        self.reread = set(self.later_reads())
        self.abroad = set(self.reads_abroad())

    def begin(self, stored: set[int]) -> None:
        """Nothing is placed yet."""
        self.memory = Memory(self.nodes, stored)
        self.ways = Ways(self.nodes, self.memory)
        self.steps: list[Nest | Call | Product | Repeat | Task] = []
        self.open: list[int] = []  # the nests that take further roots
        self.step_of: dict[int, int] = {}
        self.levels: dict[int, str] = {}
        self.visits: dict[int, dict[Visit, int]] = {}  # of a node: where, and on the way to whom
        self.stale: set[int] = set()  # roots on whose way something has been stored since
        self.late: set[int] = set()  # what should have been stored before it was needed

    def run(self) -> None:
        """Place all that is stored, and what had better be."""
        for node in sorted(self.memory.stored):
            if self.nodes.role[node] not in ("given", "cut", "result"):
                self.place(node, self.nodes.role[node])

    def place(self, node: int, role: str) -> None:
        """Put a node into the first step that can take it."""
        nodes = self.nodes
        if role == "whole":
            self.step_of[node] = max(self.step_of[p] for p in nodes.graph.nodes[node].args)
        elif role in STEPS:
            self.step_of |= dict.fromkeys((node, *nodes.items[node]), len(self.steps))
            self.steps.append(STEPS[role](node))
        elif role != "blank" or nodes.zero(node):
            root = self.ways.root(node)
            step, fit = self.first(root)
            while any([self.keep(i, step) for i in self.dear(root, step, fit.stage)]):
                root = self.ways.root(node)
                step, fit = self.first(root)
            self.put(root, step, fit)

    def put(self, root: Root, step: int, fit: Fit) -> None:
        """Put a root into a step, perhaps a new one."""
        if step == len(self.steps):
            self.steps.append(Nest(root.extents, None))
            if not self.alone(root.node):
                self.open.append(step)
        nest = self.steps[step]
        assert isinstance(nest, Nest)
        nest.take(root, fit, self.levels)
        nest.work += sum([self.nodes.costs[i] for i, _ in root.computed if i not in self.visits])
        if step in self.open[-MOST_TRIED:] and self.full(nest):
            self.open.remove(step)
        self.step_of[root.node] = step
        for i, index in root.computed:
            if i != root.node:
                self.visits.setdefault(i, {})[Visit(step, fit.stage, index)] = root.node

    def alone(self, node: int) -> bool:
        """Whether a nest has no other root, as has a product of a large matrix and a vector.

        Its vectors run along the sums. What is done with each sum runs in vectors in another nest.
        """
        op = self.nodes.graph.nodes[node].op
        plain = self.nodes.role[node] == "sum" and isinstance(op, MatMul)
        return plain and not self.nodes.product(node).small

    def full(self, nest: Nest) -> bool:
        """Whether a nest takes no further roots."""
        heavy = nest.work > MOST_WORK and prod(nest.extents) > SHORT
        near = heavy and all(self.ways.size(r.node) <= NEAR for r in nest.roots)
        return len(nest.roots) >= MOST_ROOTS or near

    def first(self, root: Root) -> tuple[int, Fit]:
        """The first step that can take a root, at the earliest that after which it can run."""
        after = max([self.after(n) for n, _ in root.reads], default=0)
        start = bisect_left(self.open, after)
        for k in [] if self.alone(root.node) else self.open[start : start + MOST_TRIED]:
            fit = self.fit(root, k)
            if fit is not None:
                return k, fit
        fit = Nest(root.extents, None).fits(root, self.levels)
        assert fit is not None
        return len(self.steps), fit

    def fit(self, root: Root, k: int) -> Fit | None:
        """How a step takes a root, if it can."""
        nest = self.steps[k]
        if not isinstance(nest, Nest) or self.collides(nest, root):
            return None
        return nest.fits(root, self.levels)

    # ------------------------------------------------------------ what is stored on the way

    def dear(self, root: Root, step: int, stage: int) -> list[int]:
        """What had better be stored: work that is done in another place, or in too many rounds.

        Of what is below it nothing is needed then.
        """
        indices: dict[int, list[int]] = {}
        for i, index in root.computed:
            indices.setdefault(i, []).append(index)
        work, found = self.ways.work(root), []
        needed = indices.keys() - {a for i in work for a in self.ways.seen_by(i)}
        for i in sorted(indices, reverse=True):
            if i in needed:
                all_rounds = prod(self.nodes.shape(i)) == prod(root.extents)
                cheap = all_rounds and self.ways.size(i) <= NEAR
                dear = i != root.node and work[i] >= (CHEAP if cheap else DEAR)
                if dear and self.again(root, i, indices[i], step, stage):
                    found.append(i)
                else:
                    needed.update(self.ways.seen_by(i))
        return found[::-1]

    def again(self, root: Root, i: int, indices: list[int], step: int, stage: int) -> bool:
        """Whether a node is computed elsewhere, too, or again in rounds in which it is the same."""
        if i in self.late:
            return False
        before = self.visits.get(i)
        if len(indices) > 1 or (before and before.keys() != {Visit(step, stage, indices[0])}):
            return True
        index = self.ways.indices[indices[0]]
        if any(a.picks for a in index):
            return True
        used = {c for a in index for c, _ in a.strides}
        missing = [c for c, n in enumerate(root.extents) if n > 1 and c not in used]
        if any(c < max(used, default=-1) for c in missing):
            return True
        # In rounds of its own it runs in vectors, here it would be one number after the other.
        return bool(missing and used) and all(
            self.step_of.get(n) != step for n, _ in self.ways.root(i).reads
        )

    def keep(self, i: int, step: int) -> bool:
        """Store a node before all that compute it on their way; whether that can be done."""
        visits = self.visits.get(i, {})
        earliest = min([s.step for s in visits], default=len(self.steps))
        self.memory.stored.add(i)
        root = self.ways.root(i)
        found = self.beside(root, earliest, visits) if earliest <= step else None
        found = found or self.first(root)
        if found[0] >= earliest and found != self.beside(root, earliest, visits):
            self.memory.stored.remove(i)
            self.late.add(i)
            return False
        self.stale.update(self.visits.pop(i, {}).values())
        # What it computes may stand in its turn for work that is done elsewhere, too.
        self.late.update(self.dear(root, found[0], found[1].stage))
        self.put(root, *found)
        return True

    def beside(self, root: Root, step: int, visits: Iterable[Visit]) -> tuple[int, Fit] | None:
        """How a root is put into the step that computes it already, for the same rounds."""
        fit = self.fit(root, step) if step < len(self.steps) else None
        if fit is None or fit.level != "inner":
            return None
        index = self.ways.number(counters(root.extents))
        same = all(s.number == index and s.stage >= fit.stage for s in visits if s.step == step)
        return (step, fit) if same else None

    def settle(self) -> None:
        """See again what roots read, and put those of a nest in order."""
        for step in self.steps:
            if isinstance(step, Nest):
                roots = [self.ways.root(r.node) if r.node in self.stale else r for r in step.roots]
                step.roots = sorted(roots, key=lambda r: r.node)

    # ------------------------------------------------------------ the order of steps

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
