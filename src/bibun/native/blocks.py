"""Blocks: several rounds of a loop as one, so that what they have in common is read once.

A sum of products waits for the addition before, and reads two numbers for each. Sums of several
rounds, side by side in registers, do not wait for each other and share what they read (Goto and van
de Geijn, Anatomy of high-performance matrix multiplication, 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..loops import Block, Code, Let, Loop, Place, Store
from ..loops.statements import blocks, statements
from .rounds import lanes_of, used
from .tune import free, places

SUMS = 8
"""Vectors of sums that do not wait for each other: two units of four cycles add them up."""
ROUNDS = 4
"""Rounds that share what they read, and leave registers for it, where each has several sums."""
LONGEST = 24
"""Statements of a round at most: more have no registers left."""


def in_blocks(code: Code) -> Code:
    """The same code, with loops that sum up products in blocks."""
    _in_blocks(code, code.body)
    return code


def _in_blocks(code: Code, block: Block) -> None:
    found: list[Any] = []
    for s in block.statements:
        if type(s) is Loop and _target(s) is s:
            found += Blocks(code, s).loops()
            continue
        for inner in blocks(s):
            _in_blocks(code, inner)
        found.append(s)
    block.statements[:] = found


def _target(loop: Loop) -> Loop | None:
    """The loop of a nest to run in blocks; None if it is none for that."""
    chain = [loop]
    while (inner := _only(chain[-1])) is not None:
        chain.append(inner)
    if len(chain) < 2 or not _sums_products(chain[-1]):
        return None
    over = chain[-2]
    around = chain[-3] if len(chain) > 2 else None
    if over.lanes and around is not None and _fits(around, chain[-1]):
        return around
    return over if _fits(over, chain[-1]) else None


def _only(loop: Loop) -> Loop | None:
    """The loop in a loop, if there is one beside simple statements."""
    inner = [s for s in loop.body.statements if type(s) is not Let and type(s) is not Store]
    return inner[0] if len(inner) == 1 and type(inner[0]) is Loop else None


def _sums_products(loop: Loop) -> bool:
    """Whether all that a loop does is to add up products."""
    made = {s.number: s.opcode for s in loop.body.statements if type(s) is Let}
    products = all(m.opcode == "add" and made.get(m.value) == "mul" for m in loop.merges)
    simple = all(type(s) is Let for s in loop.body.statements)
    return products and simple and bool(loop.merges) and not loop.carries


def _fits(loop: Loop, inner: Loop) -> bool:
    """Whether rounds of a loop may run as one, and have something to read in common."""
    found = list(statements(loop.body))
    reads = [s.extra[1] for s in statements(inner.body) if type(s) is Let and s.opcode == "load"]
    common = any(loop.counter not in dict(p.strides) for p in reads)
    plain = all(p.computed < 0 for p in places(loop.body)) and loop.counter not in used(loop.body)
    width = lanes_of(loop) if loop.lanes else 1
    short = len(found) <= LONGEST and loop.extent >= 2 * width
    return common and plain and short and free(loop) and not loop.merges


class Blocks:
    """A loop whose rounds run several at once, of vectors if it runs in vectors."""

    def __init__(self, code: Code, loop: Loop):
        self.code, self.loop = code, loop
        self.width = lanes_of(loop) if loop.lanes else 1
        sums = max([len(s.merges) for s in statements(loop.body) if type(s) is Loop], default=1)
        self.count = min(max(ROUNDS, SUMS // sums), loop.extent // self.width)

    def loops(self) -> Iterator[Loop]:
        """Blocks of rounds, a smaller one, and the rounds that are left."""
        loop, step = self.loop, self.count * self.width
        whole, rest = divmod(loop.extent, step)
        yield self.blocks(0, self.count, whole)
        start, few = whole * step, rest // self.width
        if few > 1:
            yield self.blocks(start, few, 1)
            start, rest = start + few * self.width, rest - few * self.width
        if rest:
            left = self.new("i64")
            body = self.copied(loop.body, [self.shift(start, {left: 1})])
            yield Loop(left, rest, body, lanes=loop.lanes)

    def blocks(self, start: int, count: int, trips: int) -> Loop:
        """So many blocks of `count` rounds, or vectors of rounds, from a round on."""
        outer, inner, step = self.new("i64"), self.new("i64"), count * self.width
        steps = {outer: step} | ({inner: 1} if self.loop.lanes else {})
        shifts = [self.shift(start + k * self.width, steps) for k in range(count)]
        body = self.copied(self.loop.body, shifts)
        if self.loop.lanes:
            vectors = Loop(inner, self.width, body, lanes=True)
            body = Block(body.depth, statements=[vectors])
        return Loop(outer, trips, body)

    def new(self, kind: str) -> int:
        return self.code.new(kind, 0).number

    def shift(self, start: int, steps: dict[int, int]) -> Shift:
        """The places of a round whose number is start + the sum of step * counter."""

        def moved(place: Place) -> Place:
            strides = dict(place.strides)
            stride = strides.pop(self.loop.counter, 0)
            strides |= {c: stride * step for c, step in steps.items() if stride}
            return Place(place.offset + start * stride, tuple(sorted(strides.items())))

        return moved

    def copied(self, block: Block, shifts: Sequence[Shift]) -> Block:
        """The statements of several rounds; of equal ones there is one."""
        self.names: list[dict[int, int]] = [{} for _ in shifts]
        written = {s.buffer.number for s in statements(block) if type(s) is Store}
        return self.block(block, shifts, written)

    def block(self, block: Block, shifts: Sequence[Shift], written: set[int]) -> Block:
        made: list[Any] = []
        known: dict[tuple, int] = {}
        for s in block.statements:
            if type(s) is Loop:
                made.append(self.inner(s, shifts, written))
                continue
            for names, moved in zip(self.names, shifts, strict=True):
                if type(s) is Store:
                    made.append(Store(s.buffer, moved(s.place), names.get(s.value, s.value)))
                    continue
                extra = (s.extra[0], moved(s.extra[1])) if s.opcode == "load" else s.extra
                args = tuple([names.get(a, a) for a in s.args])
                key = (s.opcode, s.kind, args, extra)
                fixed = s.opcode != "load" or s.extra[0].number not in written
                if not fixed or key not in known:
                    known[key] = self.new(s.kind)
                    made.append(Let(known[key], s.kind, s.opcode, args, extra))
                names[s.number] = known[key]
        return Block(block.depth, block.guarded, made)

    def inner(self, loop: Loop, shifts: Sequence[Shift], written: set[int]) -> Loop:
        """A loop inside, once for all rounds, with the sums of each."""
        body = self.block(loop.body, shifts, written)
        merges = []
        for names in self.names:
            for m in loop.merges:
                start, value = (names.get(n, n) for n in (m.start, m.value))
                names[m.result] = self.new(m.kind)
                merges.append(m._replace(start=start, value=value, result=names[m.result]))
        return Loop(loop.counter, loop.extent, body, [], merges, loop.lanes)


Shift = Callable[[Place], Place]
