"""Strips: dear loops cut so that compilers of C++ do several rounds side by side.

A compiler makes vectors of a loop whose rounds have neither branches nor loops inside, and best of
one with a round number of rounds. So a nest is cut: sums that a round begins with become a nest of
their own, with results in memory, and what is dear becomes one loop over all rounds. That runs in
strips of as many rounds as fit into the widest vectors; few rounds are filled up to whole strips.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from ..loops import Block, Buffer, Code, Let, Loop, Place, Seldom, Store
from ..loops.statements import DTYPES, FLOATS, Merge, blocks, statements
from .rounds import taken
from .tune import collapse, free

STRIP = 64
"""Bytes of the widest vectors."""
DEAR = 24
"""Statements of a round that are worth a loop of their own, and strips."""
MOST = 4096
"""Rounds whose values wait in memory."""
LEAST, FEW = 3, 64
"""Rounds that are worth a strip, and up to which strips are filled up.

Of more rounds the last ones run one by one.
"""


def with_strips(code: Code) -> list[int]:
    """Cut the nests of some code; of each statement, where its first part is now."""
    return _block(code, code.body)


def _block(code: Code, block: Block) -> list[int]:
    found: list[Any] = []
    starts = []
    for s in block.statements:
        starts.append(len(found))
        if type(s) is Loop and not s.serial:
            for part in cut(code, s):
                found += stripped(code, part)
        else:
            for inner in blocks(s):
                _block(code, inner)
            found.append(s)
    block.statements[:] = found
    return starts


def dear(found: Sequence[Any]) -> bool:
    """Whether statements without a loop among them are worth strips."""
    kinds = {type(s) for s in found}
    count = sum(type(s) is Let and s.opcode not in ("load", "constant") for s in found)
    return kinds <= {Let, Store, Seldom} and (Seldom in kinds or count >= DEAR)


# ------------------------------------------------------------ cutting


def cut(code: Code, loop: Loop) -> list[Loop]:
    """The parts of a nest that can run one after the other, if one of them is dear."""
    nest = _nest(loop)
    pieces = _pieces(nest[-1].body.statements)
    count = prod(n.extent for n in nest)
    simple = not any(n.carries or n.ordered for n in nest)
    if len(pieces) > 1 and simple and count <= MOST and _apart(nest, pieces):
        return _parts(code, nest, pieces)
    found: list[Any] = []
    for s in loop.body.statements:
        found += cut(code, s) if type(s) is Loop else [s]
    loop.body.statements[:] = found
    return [loop]


def _nest(loop: Loop) -> list[Loop]:
    """Loops of which each has nothing in it but values and then the next one."""
    found = [loop]
    while True:
        *before, last = found[-1].body.statements or [None]
        if type(last) is not Loop or not all(type(s) is Let for s in before):
            return found
        found.append(last)


def _pieces(found: Sequence[Any]) -> list[list[Any]]:
    """The statements of a round: what is dear apart from the rest; one piece if nothing is."""
    runs: list[list[Any]] = [[]]
    for s in found:
        if type(s) is Loop:
            runs += [[s], []]
        else:
            runs[-1].append(s)
    pieces: list[list[Any]] = []
    before = True
    for run in runs:
        if dear(run) or before or not pieces:
            pieces.append(run)
        else:
            pieces[-1] += run
        before = dear(run)
    return [p for p in pieces if p]


def _made(found: Sequence[Any]) -> dict[int, str]:
    """The values that are made at the level of these statements, with their kinds."""
    made: dict[int, str] = {}
    for s in found:
        if type(s) is Let:
            made[s.number] = s.kind
        elif type(s) is Loop:
            made |= {m.result: m.kind for m in s.merges} | {c.result: c.kind for c in s.carries}
        elif type(s) is Seldom:
            made |= {number: kind for number, kind, _, _ in s.chosen}
    return made


def _apart(nest: Sequence[Loop], pieces: Sequence[Sequence[Any]]) -> bool:
    """Whether no round of a piece touches memory of another round of another piece."""
    touched: dict[int, dict[int, set[tuple[bool, Place]]]] = {}
    for k, piece in enumerate(pieces):
        for s in _all(piece):
            if type(s) is Store:
                touched.setdefault(s.buffer.number, {}).setdefault(k, set()).add((True, s.place))
            elif type(s) is Let and s.opcode == "load":
                buffer, place = s.extra
                touched.setdefault(buffer.number, {}).setdefault(k, set()).add((False, place))
            elif type(s) not in (Let, Loop, Seldom):
                return False
    counters = {n.counter for n in nest if n.extent > 1}
    for by_piece in touched.values():
        uses = set.union(*by_piece.values())
        if len(by_piece) > 1 and any(written for written, _ in uses):
            own = {place for _, place in uses}
            (place,) = own if len(own) == 1 else (None,)
            if place is None or place.computed >= 0:
                return False
            if counters - {c for c, stride in place.strides if stride}:
                return False
    return True


def _all(found: Sequence[Any]) -> Iterator[Any]:
    return statements(Block(0, statements=list(found)))


def _parts(code: Code, nest: Sequence[Loop], pieces: Sequence[Sequence[Any]]) -> list[Loop]:
    """A nest for each piece; values go from one to the next through memory."""
    bodies = [list(p) for p in pieces]
    owner = {n: k for k, p in enumerate(pieces) for n in _made(p)}
    kinds = {n: kind for p in pieces for n, kind in _made(p).items()}
    cheap = {s.number: s for p in pieces for s in p if type(s) is Let and _again(s)}
    place = _flat(nest)
    waiting: dict[int, Buffer] = {}
    for k, piece in enumerate(pieces):
        merged = (m.value for m in nest[-1].merges if owner.get(m.value, k) == k)
        needed = {*taken(Block(0, statements=list(piece))), *merged}
        before: list[Any] = []
        for n in sorted(n for n in needed if owner.get(n, k) < k):
            if n in cheap:
                before.append(cheap[n])
                continue
            if n not in waiting:
                count = prod(m.extent for m in nest)
                waiting[n] = code.buffer(DTYPES[kinds[n]], count, "work")
                bodies[owner[n]].append(Store(waiting[n], place, n))
            before.append(Let(n, kinds[n], "load", (), (waiting[n], place)))
        bodies[k] = before + bodies[k]
    last = len(pieces) - 1
    made = [
        _rebuilt(nest, body, [m for m in nest[-1].merges if owner.get(m.value, last) == k])
        for k, body in enumerate(bodies)
    ]
    return [m for m, p in zip(made, pieces, strict=True) if any(s not in cheap.values() for s in p)]


def _again(s: Let) -> bool:
    """Whether it costs nothing to have a value twice: a constant, or what an argument holds."""
    read = s.opcode == "load" and s.extra[0].role == "in" and s.extra[1].computed < 0
    return s.opcode == "constant" or read


def _flat(nest: Sequence[Loop]) -> Place:
    """The place of a round in memory for all rounds."""
    strides, step = {}, 1
    for n in reversed(nest):
        strides[n.counter] = step
        step *= n.extent
    return Place(0, tuple(sorted(strides.items())))


def _rebuilt(nest: Sequence[Loop], body: list[Any], merges: list[Merge]) -> Loop:
    """The same loops around some statements, with these sums."""
    inner: Loop | None = None
    for n in reversed(nest):
        own = body if inner is None else [*n.body.statements[:-1], inner]
        if inner is not None:
            values = {m.result for m in inner.merges}
            merges = [m for m in n.merges if m.value in values]
        inner = replace(n, body=replace(n.body, statements=own), merges=merges)
    assert inner is not None
    return inner


# ------------------------------------------------------------ strips


def stripped(code: Code, loop: Loop) -> list[Any]:
    """A nest with strips where they pay, and what has to run before and after it."""
    collapse(loop)
    inner = [s for s in loop.body.statements if type(s) is Loop]
    if not inner:
        return _strips(code, loop)
    found: list[Any] = []
    for s in loop.body.statements:
        found += stripped(code, s) if type(s) is Loop else [s]
    loop.body.statements[:] = found
    return [loop]


def _strips(code: Code, loop: Loop) -> list[Any]:
    """An innermost loop in strips, if it is dear and its rounds may run side by side."""
    lanes = lanes_of(loop)
    many = loop.extent >= LEAST and free(loop) and _pure(loop)
    if not many or not dear(loop.body.statements):
        return [loop]
    whole = -(-loop.extent // lanes) * lanes
    if loop.extent == whole or loop.extent > FEW:
        loop.strips = lanes
        return [loop]
    filled = _Filled(code, loop, whole)
    filled.loop.strips = lanes
    return [*filled.before, filled.loop, *filled.after]


def lanes_of(loop: Loop) -> int:
    """How many rounds a strip has."""
    kinds = [s.kind for s in loop.body.statements if type(s) is Let and s.kind in FLOATS]
    widest = max([DTYPES[k].itemsize for k in kinds], default=8)
    return STRIP // widest


def _pure(loop: Loop) -> bool:
    """Whether a round can be done again: it reads nothing that the loop writes."""
    read = {
        s.extra[0].number for s in statements(loop.body) if type(s) is Let and s.opcode == "load"
    }
    stores = [s for s in statements(loop.body) if type(s) is Store]
    return not any(s.buffer.number in read or s.place.computed >= 0 for s in stores)


class _Filled:
    """A loop of few rounds, with rounds added that read and write nothing but memory for them."""

    def __init__(self, code: Code, loop: Loop, whole: int):
        self.code, self.old, self.whole = code, loop, whole
        self.before: list[Any] = []
        self.after: list[Any] = []
        self.spaces: dict[tuple[int, Place], Buffer] = {}
        body: list[Any] = [self.moved(s) for s in loop.body.statements]
        for m in loop.merges:
            body.append(Store(self.summed(m), self.own(loop.counter), m.value))
        block = replace(loop.body, statements=body)
        self.loop = replace(loop, extent=whole, body=block, merges=[])

    def own(self, counter: int) -> Place:
        return Place(0, ((counter, 1),))

    def moved(self, s: Any) -> Any:
        """A statement that reads and writes whole strips."""
        varies = type(s) is Store or (type(s) is Let and s.opcode == "load")
        if not varies:
            return s
        buffer, place = (s.buffer, s.place) if type(s) is Store else s.extra
        if type(s) is Let and not dict(place.strides).get(self.old.counter, 0):
            return s
        space = self.space(buffer, place, type(s) is Store)
        here = self.own(self.old.counter)
        if type(s) is Store:
            return s._replace(buffer=space, place=here)
        return s._replace(extra=(space, here))

    def space(self, buffer: Buffer, place: Place, written: bool) -> Buffer:
        """Memory for whole strips: the buffer itself, made longer, or one that is copied."""
        key = buffer.number, place
        if key in self.spaces:
            return self.spaces[key]
        whole = place == self.own(self.old.counter) and buffer.size == self.old.extent
        if whole and buffer.role == "work":
            found = buffer
            self.code.buffers[buffer.number] = buffer._replace(size=self.whole)
        else:
            found = self.code.buffer(DTYPES[buffer.kind], self.whole, "work")
            counter, value = self.new("i64"), self.new(buffer.kind)
            there = _with(place, self.old.counter, counter)
            source, target = (found, buffer) if written else (buffer, found)
            at = (self.own(counter), there) if written else (there, self.own(counter))
            load = Let(value, buffer.kind, "load", (), (source, at[0]))
            copied = self.copy(counter, self.old.extent, [load, Store(target, at[1], value)])
            (self.after if written else self.before).append(copied)
        if not written:
            self.before.append(self.blank(found))
        self.spaces[key] = found
        return found

    def blank(self, buffer: Buffer) -> Loop:
        """Zeros for the rounds that were added."""
        counter, zero = self.new("i64"), self.new(buffer.kind)
        data = DTYPES[buffer.kind].type(0).tobytes()
        place = Place(self.old.extent, ((counter, 1),))
        return self.copy(
            counter,
            self.whole - self.old.extent,
            [Let(zero, buffer.kind, "constant", (), data), Store(buffer, place, zero)],
        )

    def summed(self, m: Merge) -> Buffer:
        """Memory for the terms of a sum, which is added up afterwards."""
        terms = self.code.buffer(DTYPES[m.kind], self.whole, "work")
        counter, value = self.new("i64"), self.new(m.kind)
        load = Let(value, m.kind, "load", (), (terms, self.own(counter)))
        loop = self.copy(counter, self.old.extent, [load])
        loop.merges.append(m._replace(value=value))
        self.after.append(loop)
        return terms

    def copy(self, counter: int, extent: int, body: list[Any]) -> Loop:
        """A short loop."""
        return Loop(counter, extent, replace(self.old.body, statements=body))

    def new(self, kind: str) -> int:
        return self.code.new(kind, self.old.body.depth).number


def _with(place: Place, old: int, new: int) -> Place:
    """A place with another counter."""
    strides = sorted((new if c == old else c, s) for c, s in place.strides)
    return place._replace(strides=tuple(strides))
