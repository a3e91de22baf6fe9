"""Lowering: the nests of a schedule as code."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from typing import Any

import numpy as np

from ..graph import Constant, Graph, Type
from ..loops import Buffer, Code, Place, Round, Value
from ..loops.statements import DTYPES, KINDS
from .multiply import multiply
from .nests import Nest, Root, counters
from .nodes import Reduction
from .places import Affine, Index, flat
from .repeats import Spot, control
from .routines import apply
from .schedule import Call, Product, Repeat, Schedule, Task

Key = tuple[int, Any]
LONG_ROUND = 64
"""Elements of an outer round from which on vectors run inside: then one round after the other."""
STARTS = {"add": 0, "mul": 1, "max": -np.inf, "min": np.inf, "and": True, "or": False}


class Lowering:
    """The code of some nests that run one after the other, in one function."""

    def __init__(self, schedule: Schedule, code: Code, kept: set[int], made: set[int]):
        self.schedule, self.nodes, self.memory = schedule, schedule.nodes, schedule.memory
        self.kept = kept  # owners of memory that somebody reads after this function
        self.made = made  # owners of memory that was made before this function
        self.code = code
        self.depth = len(code.blocks) - 1  # of what stands around the nests
        self.spots: dict[int, Spot] = {}  # of nodes whose memory somebody else chose
        self.fixed: list[tuple[Buffer, np.ndarray]] = []  # constant arrays of inner graphs
        self.buffers: dict[int, Buffer] = {}
        self.passing: dict[int, int] = {}  # of what a round leaves to its stages only: the split
        self.lent: dict[int, int] = {}  # of a node: the result in whose memory it lies until then
        self.counter: dict[int, int] = {}  # of an axis of the nest: the counter of its loop
        self.memo: list[dict[Key, Value]] = [{}]  # what is known, for each depth
        self.since: int | None = None  # the depth of what stands around the nest
        self.changing: set[int] = set()  # owners of memory that the nest writes

    def buffer(self, node: int, written: bool = False) -> Buffer:
        """The memory of a node."""
        node = self.nodes.owner(node)
        if node in self.lent:
            return self.buffer(self.lent[node], True)
        if node in self.spots:
            return self.spots[node].buffer
        if node not in self.buffers:
            role = "out" if node in self.kept else "work"
            if not written:
                role = "in"
            elif node in self.made:
                role = "inout"
            t = self.nodes.graph.nodes[node].type
            size = prod(t.shape[self.passing.get(node, 0) :])
            self.buffers[node] = self.code.buffer(t.dtype, size, role)
        return self.buffers[node]

    # ------------------------------------------------------------ loops over inner graphs

    def step(self, step: Nest | Product | Repeat | Task) -> None:
        """A step of the schedule that native code does."""
        if isinstance(step, Nest):
            self.nest(step)
        elif isinstance(step, Product):
            multiply(self, step.node)
        elif isinstance(step, Task):
            apply(self, step.node)
        else:
            self.repeat(step.node)

    def spot(self, node: int, written: bool = False) -> Spot:
        """Where a node lies in memory."""
        node = self.memory.owner(node)
        return self.spots.get(node) or Spot(self.buffer(node, written))

    def repeat(self, node: int) -> None:
        """A loop or a branch."""
        n = self.nodes.graph.nodes[node]
        op: Any = n.op
        items = {0: node}
        if not isinstance(n.type, Type):
            ops: dict[int, Any] = {i: self.nodes.graph.nodes[i].op for i in self.nodes.items[node]}
            items = {item.index: i for i, item in ops.items()}
        count = 1 if isinstance(n.type, Type) else len(n.type)
        results = [self.spot(items[k], True) if k in items else None for k in range(count)]
        control(self.code, op, [self.spot(a) for a in n.args], results, self.inner)

    def inner(
        self, graph: Graph, given: Sequence[Spot], targets: Sequence[Spot | None]
    ) -> list[Spot]:
        """The code of a graph with its inputs in these places; where its outputs are then.

        They are in the places of `targets`, as far as each is an array of its own.
        """
        body = self.nodes.inner(graph)
        assert body is not None
        schedule = Schedule(body)
        owners = [schedule.memory.owner(o) for o in body.graph.outputs]
        lowering = Lowering(schedule, self.code, set(owners), set())
        lowering.fixed = self.fixed
        lowering.spots = dict(enumerate(given))
        for i, node in body.graph:
            if isinstance(node.op, Constant) and body.role[i] == "given":
                buffer = self.code.buffer(node.op.dtype, prod(node.op.shape), "in")
                lowering.spots[i] = Spot(buffer)
                self.fixed.append((buffer, np.ascontiguousarray(node.op.value())))
        for owner, target in zip(owners, targets, strict=True):
            t = body.graph.nodes[owner].type
            lowering.spots.setdefault(
                owner, target or Spot(self.code.buffer(t.dtype, prod(t.shape), "work"))
            )
        for step in schedule.steps:
            assert not isinstance(step, Call)
            lowering.step(step)
        return [lowering.spots[o] for o in owners]

    # ------------------------------------------------------------ nests

    def nest(self, nest: Nest) -> None:
        """All loops of a nest."""
        self.memo = [{}]
        self.since = len(self.code.blocks) - 1
        self.changing = {self.nodes.owner(r.node) for r in nest.roots}
        split = nest.split or 0
        if prod(nest.extents[split:]) >= LONG_ROUND:
            self.passing |= {r.node: split for r in nest.roots if self.passes(r)}
        self.reuse(nest)
        gathered = [r for r in nest.roots if r.column or (r.total and split)]
        for root in gathered:
            stop = len(nest.extents) if root.column else split
            with self.loops(nest.extents, split, stop):
                self.gather(root, None)
        ordered = range(split) if gathered else self.chosen(nest.roots)
        with self.loops(nest.extents, 0, split, ordered):
            for stage in range(max(nest.stages.values()) + 1):
                roots = [r for r in nest.roots if nest.stages[r.node] == stage]
                inner = [r for r in roots if self.schedule.levels[r.node] != "outer"]
                if inner:
                    self.stage(nest, split, inner)
                for root in roots:
                    if self.schedule.levels[root.node] == "outer":
                        self.element(root)

    def passes(self, root: Root) -> bool:
        """Whether only later stages of the same outer round read it: memory for a round will do."""
        node = root.node
        inner = self.schedule.levels[node] == "inner" and self.nodes.role[node] == "element"
        return inner and node not in self.kept and node not in self.schedule.abroad

    def reuse(self, nest: Nest) -> None:
        """Let what only this nest reads lie where a result comes that is the last to read it."""
        for root in nest.roots:
            node, t = root.node, self.nodes.graph.nodes[root.node].type
            if node in self.passing or not self.passes(root) or node not in self.schedule.reread:
                continue
            readers = [r for r in nest.roots if any(read == node for read, _ in r.reads)]
            last = max(readers, key=lambda r: nest.stages[r.node])
            alone = sum(nest.stages[r.node] == nest.stages[last.node] for r in readers) == 1
            result = last.node in self.kept and self.schedule.levels[last.node] == "inner"
            free = last.node not in self.spots and last.node not in self.lent.values()
            if alone and result and free and t == self.nodes.graph.nodes[last.node].type:
                self.lent[node] = last.node

    def stage(self, nest: Nest, split: int, roots: Sequence[Root]) -> None:
        """One run over the inner extents."""
        found: dict[int, Value] = {}
        chosen = self.chosen(roots)
        with self.loops(nest.extents, split, len(nest.extents), chosen) as rounds:
            for root in roots:
                if root.reduction is None:
                    self.element(root)
                elif root.column:
                    self.gather(root, self.term(root, root.reduction))
                else:
                    found[root.node] = self.term(root, root.reduction)
            for node, value in found.items():
                found[node] = self.merged(node, value, rounds)
        for root in roots:
            if root.total and split:
                self.gather(root, found[root.node])
            elif root.reduction is not None and not root.column:
                outer = nest.extents[:split]
                place = flat(counters(nest.extents)[:split], outer)
                self.write(root.node, place, found[root.node])

    def chosen(self, roots: Sequence[Root]) -> set[int]:
        """The axes along which pieces go to places that indices choose, perhaps the same ones."""
        written = [
            self.nodes.written(r.node, counters(r.extents))
            for r in roots
            if self.nodes.role[r.node] == "piece"
        ]
        return {c for place in written for p, _ in place.picks for i in p.place for c in i.counters}

    @contextmanager
    def loops(
        self,
        extents: Sequence[int],
        start: int,
        stop: int,
        ordered: Collection[int] = (),
        serial: bool = False,
    ) -> Iterator[list[Round]]:
        """Loops over some of the extents, the first one outermost."""
        with ExitStack() as stack:
            rounds = []
            for axis in range(start, stop):
                if extents[axis] != 1:
                    loop = self.code.loop(extents[axis], ordered=axis in ordered, serial=serial)
                    made = stack.enter_context(loop)
                    self.counter[axis] = made.counter.number
                    self.memo.append({})
                    rounds.append(made)
            yield rounds
            del self.memo[len(self.memo) - len(rounds) :]

    def merged(self, node: int, value: Value, rounds: Sequence[Round]) -> Value:
        """The sum (product, ...) of a term over some loops."""
        reduction = self.nodes.reduction(node)
        assert reduction is not None
        start = self.start(reduction.opcode, value.kind)
        for made in reversed(rounds):
            value = made.merge(reduction.opcode, start, value)
        return value

    def start(self, opcode: str, kind: str) -> Value:
        """What a sum begins with."""
        number: Any = STARTS[opcode]
        if opcode in ("max", "min") and kind[0] in "iu":
            limits = np.iinfo(DTYPES[kind])
            number = limits.min if opcode == "max" else limits.max
        return self.code.constant(number, kind)

    # ------------------------------------------------------------ roots

    def element(self, root: Root) -> None:
        """Compute and store an element of this round."""
        index = counters(root.extents)
        if self.nodes.role[root.node] == "piece":
            return self.piece(root.node, index)
        value = self.value((root.node, index), root.node)
        self.write(root.node, flat(index, self.nodes.shape(root.node)), value)

    def piece(self, node: int, index: Index) -> None:
        """Write an element to its place in what is put together, or add it to what is there."""
        op: Any = self.nodes.graph.nodes[node].op
        value = self.value((self.nodes.graph.nodes[node].args[-1], index), -1)
        buffer = self.buffer(node, True)
        place, computed = self.at(node, self.nodes.written(node, index))
        if op.add:
            before = self.code.load(buffer, place, computed)
            value = before | value if value.kind == "bool" else before + value
        if computed is not None:
            place = place._replace(computed=computed.number)
        self.code.store(buffer, place, value)

    def term(self, root: Root, reduction: Reduction) -> Value:
        """What a round adds to a sum."""
        index = reduction.split(counters(root.extents), root.column)
        factors = [self.value((a, place(*index)), -1) for a, place in reduction.factors]
        value = factors[0] if len(factors) == 1 else factors[0] * factors[1]
        return value.to(KINDS[self.nodes.dtype(root.node)])

    def gather(self, root: Root, value: Value | None) -> None:
        """Add a round's value to a sum that goes round in memory; None is what it begins with."""
        reduction = root.reduction
        assert reduction is not None
        buffer = self.buffer(root.node, True)
        kept, _ = reduction.split(counters(root.extents), True)
        place, _ = self.at(root.node, flat(kept, reduction.kept))
        if value is None:
            value = self.start(reduction.opcode, buffer.kind)
        else:
            value = self.code.load(buffer, place).make(reduction.opcode, value)
        self.code.store(buffer, place, value)

    def write(self, node: int, place: Affine, value: Value) -> None:
        """Store an element, and know it for the rest of this round."""
        if node in self.kept or node in self.schedule.reread:
            there, _ = self.at(node, self.near(node, place))
            self.code.store(self.buffer(node, True), there, value)
        self.know((node, place), value)

    # ------------------------------------------------------------ values

    def at(self, node: int, place: Affine) -> tuple[Place, Value | None]:
        """A place of a node, with the counters of the loops that run now, and what is picked."""
        found, picked = self.place(place), None
        for pick, stride in place.picks:
            term = self.value((pick.node, pick.place), -1).to("i64") * stride
            picked = term if picked is None else picked + term
        spot = self.spots.get(self.nodes.owner(node))
        if spot is not None:
            found = spot.at(found)
        if picked is not None and found.computed >= 0:
            picked = picked + Value(self.code, found.computed, "i64", len(self.code.blocks) - 1)
        return found, picked

    def place(self, place: Affine) -> Place:
        """A place with the counters of the loops that run now, without what is picked."""
        strides = sorted((self.counter[axis], stride) for axis, stride in place.strides)
        return Place(place.offset, tuple(strides))

    def known(self, key: Key) -> Value | None:
        for found in self.memo:
            if key in found:
                return found[key]
        return None

    def know(self, key: Key, value: Value) -> Value:
        depth = max(value.depth - self.depth, 0)
        self.memo[min(depth, len(self.memo) - 1)][key] = value
        return value

    def value(self, start: Key, root: int) -> Value:
        """An element of a node: read, or computed from the elements that it takes."""
        stack: list[Key] = [start]
        while stack:
            key = stack[-1]
            i, index = key
            if self.known(key) is not None:
                stack.pop()
                continue
            source, place = (self.schedule.ways.below if i == root else self.memory.read)(i, index)
            if isinstance(place, Affine):
                self.know(key, self.known((source, place)) or self.load(source, place))
            elif source != i:
                below = self.known((source, place))
                if below is None:
                    stack.append((source, place))
                else:
                    self.know(key, below)
            else:
                missing = [
                    (a, index)
                    for a in self.nodes.graph.nodes[i].args
                    if self.known((a, index)) is None
                ]
                if missing:
                    stack += missing
                else:
                    self.know(key, self.computed(i, index))
        found = self.known(start)
        assert found is not None
        return found

    def computed(self, i: int, index: Index) -> Value:
        """An element-wise operation on elements that are known."""
        n = self.nodes.graph.nodes[i]
        if self.nodes.role[i] == "blank":
            return self.code.constant(0, KINDS[n.type.dtype])
        if isinstance(n.op, Constant):
            return self.code.constant(n.op.value(), KINDS[n.op.dtype])
        function = self.nodes.function(i)
        assert function is not None
        return function(*(self.known((a, index)) for a in n.args))

    def load(self, node: int, place: Affine) -> Value:
        """Read memory."""
        buffer, (found, picked) = self.buffer(node), self.at(node, self.near(node, place))
        fixed = buffer.role != "heap" and self.nodes.owner(node) not in self.changing
        return self.code.load(buffer, found, picked, self.since if fixed else None)

    def near(self, node: int, place: Affine) -> Affine:
        """The place in memory for one outer round, where that is all there is."""
        split = self.passing.get(node, 0)
        kept = tuple([e for e in place.strides if e[0] >= split])
        return place._replace(strides=kept)
