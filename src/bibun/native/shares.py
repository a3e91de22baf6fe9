"""Shares: a long loop becomes tiles, each a loop of some of its rounds, that threads may share.

Sums (products, extremes) of the tiles lie in a workspace and are added up in order afterwards. The
tiles depend on the loop alone, so the bits of a result depend neither on the number of threads nor
on who ran which tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..loops import Apply, Block, Buffer, Code, Invoke, Let, Loop, Place, Refuse, Seldom, Store
from ..loops.statements import DTYPES, Merge, blocks, statements
from .rounds import NEUTRAL, taken, used
from .tune import LANES, SLOW, accessed

LONG = 150_000
"""Work of a loop, in additions of a vector, from which on threads gain more than waking costs."""
TILE = 20_000
"""Work of a tile, about."""
MOST_TILES = 64
FEWEST = 16
"""Rounds of a tile at least that adds to sums of its own, which others have to add up later."""
STEP = 64
"""Tiles of a loop in vectors are multiples of this, so that no two write to one line of a cache."""
KNOWN = (Let, Store, Loop, Seldom, Refuse)
"""Statements of which we know what they read and write."""
STARTS = {"add": (0,), "mul": (1,), "max": (), "min": (), "and": (True,), "or": (False,)}


def shared(code: Code) -> Code:
    """The same code, with its long outermost loops in tiles."""
    found: list[Any] = []
    for s in code.body.statements:
        tiles = Tiles(code, s) if type(s) is Loop else None
        found += tiles.statements() if tiles and tiles.worth_it() else [s]
    code.body.statements[:] = found
    return code


class Tiles:
    """The tiles of one loop: `count` of `size` rounds, and one of what is left."""

    def __init__(self, code: Code, loop: Loop):
        self.code, self.loop = code, loop
        total = work(loop)
        most = min(MOST_TILES, loop.extent // FEWEST) if loop.ordered else MOST_TILES
        wanted = max(1, min(most, round(total / TILE)))
        step = STEP if loop.lanes else 1
        self.long = total >= LONG
        self.size = max(1, -(-loop.extent // (wanted * step)) * step)
        self.count, self.rest = divmod(loop.extent, self.size)
        self.own: list[Buffer] = []  # workspaces that a round leaves to itself alone
        self.sums: dict[int, Buffer] = {}  # for each sum in memory, the sums of the tiles
        self.opcodes: dict[int, str] = {}  # and how they are added up

    def worth_it(self) -> bool:
        """Whether there is enough to do, and no round needs what another one has done."""
        loop = self.loop
        if loop.carries or loop.serial or not self.long or self.count < 2:
            return False
        if any(type(s) not in KNOWN for s in statements(loop.body)):
            return False
        if any(self.code.buffers[n].role == "heap" for n in accesses(loop)):
            return False
        if any(not self.neutral(m) for m in loop.merges):
            return False
        written = {s.buffer.number: s.buffer for s in statements(loop.body) if type(s) is Store}
        if loop.ordered:
            self.opcodes = {n: op for n in written if (op := gathered(loop, n))}
            written = {n: b for n, b in written.items() if n not in self.opcodes}
        apart = {n: apart_in(loop, n) for n in written}
        self.own = [b for n, b in written.items() if not apart[n] and self.private(b)]
        return all(apart[n] or b in self.own for n, b in written.items())

    def neutral(self, m: Merge) -> bool:
        """Whether a sum begins with what adds nothing, so that each tile may begin with it."""
        start = self.code.constants.get(m.start)
        if m.opcode not in ("max", "min"):
            return start in STARTS[m.opcode]
        return start == _limits(DTYPES[m.kind])[m.opcode == "min"]

    def private(self, buffer: Buffer) -> bool:
        """Whether a workspace is for one round at a time, and for this loop only."""
        others = [s for s in self.code.body.statements if s is not self.loop]
        if any(type(s) not in (*KNOWN, Invoke, Apply) for s in others):
            return False
        touched = {n for s in others for n in accesses(s)}
        fixed = all(
            self.loop.counter not in dict(p.strides) and p.computed < 0
            for n, p, _ in walked(self.loop.body, {})
            if n == buffer.number
        )
        first = next(s for s in statements(self.loop.body) if buffer.number in _own(s))
        alone = buffer.role == "work" and buffer.number not in touched
        return alone and fixed and type(first) is Store

    # ------------------------------------------------------------ the new statements

    def statements(self) -> Iterator[Any]:
        """What takes the place of the loop."""
        tiles = self.count + (self.rest > 0)
        for b in self.own:
            self.code.buffers[b.number] = b._replace(size=b.size * tiles)
        parts = [self.code.buffer(DTYPES[m.kind], tiles, "work") for m in self.loop.merges]
        for n in self.opcodes:
            b = self.code.buffers[n]
            self.sums[n] = self.code.buffer(DTYPES[b.kind], b.size * tiles, "work")
        shared = self.code.new("i64", 1).number
        body = Block(1, statements=list(self.tile(self.size, shared, 0, parts)))
        yield Loop(shared, self.count, body, parallel=True)
        if self.rest:
            yield from self.tile(self.rest, -1, self.count, parts)
        if parts:
            yield self.total(tiles, parts)
        for n, sums in self.sums.items():
            yield self.added(self.code.buffers[n], sums, tiles)

    def tile(self, size: int, shared: int, first: int, parts: list[Buffer]) -> Iterator[Any]:
        """One tile: number `first` + the counter `shared`, which is -1 if there is only one."""
        loop, counter = self.loop, self.code.new("i64", 2).number

        def moved(buffer: Buffer, place: Place) -> tuple[Buffer, Place]:
            strides = dict(place.strides)
            step = strides.pop(loop.counter, 0)
            alone = buffer in self.own or buffer.number in self.sums
            per_tile = buffer.size if alone else step * self.size
            strides |= {counter: step, shared: per_tile}
            kept = tuple(sorted((c, s) for c, s in strides.items() if s and c >= 0))
            target = self.sums.get(buffer.number, buffer)
            return target, Place(place.offset + first * per_tile, kept, place.computed)

        for n, sums in self.sums.items():
            yield self.begun(self.code.buffers[n], sums, shared, first)
        body = copied(loop.body, moved)
        if loop.counter in used(loop.body):
            body.statements[:0] = self.number(counter, shared, first)
        merges = [m._replace(result=self.code.new(m.kind, 1).number) for m in loop.merges]
        yield Loop(counter, size, body, [], merges, loop.lanes, False, loop.ordered)
        for m, buffer in zip(merges, parts, strict=True):
            place = Place(first, ((shared, 1),) if shared >= 0 else ())
            yield Store(buffer, place, m.result)

    def number(self, counter: int, shared: int, first: int) -> Iterator[Let]:
        """The number of a round in the loop as it was."""
        known = self.code.new("i64", 2).number
        start = self.size if shared >= 0 else first * self.size
        yield Let(known, "i64", "constant", (), np.int64(start).tobytes())
        if shared >= 0:
            size, known = known, self.code.new("i64", 2).number
            yield Let(known, "i64", "mul", (shared, size))
        yield Let(self.loop.counter, "i64", "add", (known, counter))

    def begun(self, of: Buffer, sums: Buffer, shared: int, first: int) -> Loop:
        """The sums of a tile, which begin with nothing."""
        counter, start = (self.code.new(kind, 2).number for kind in ("i64", of.kind))
        known = Let(start, of.kind, "constant", (), nothing(self.opcodes[of.number], of.kind))
        strides = [(counter, 1), *([(shared, of.size)] if shared >= 0 else [])]
        place = Place(first * of.size, tuple(sorted(strides)))
        return Loop(
            counter, of.size, Block(2, False, [known, Store(sums, place, start)]), lanes=True
        )

    def added(self, to: Buffer, sums: Buffer, tiles: int) -> Loop:
        """The sums of all tiles, added to what is in memory."""
        i, k = (self.code.new("i64", 1).number for _ in range(2))
        start, part, total = (self.code.new(to.kind, 1).number for _ in range(3))
        here = Place(0, ((i, 1),))
        there = sums, Place(0, ((i, 1), (k, to.size)))
        read = Block(2, False, [Let(part, to.kind, "load", (), there)])
        merge = Merge(self.opcodes[to.number], to.kind, start, part, total)
        over = Loop(k, tiles, read, [], [merge])
        before = Let(start, to.kind, "load", (), (to, here))
        return Loop(i, to.size, Block(1, False, [before, over, Store(to, here, total)]), lanes=True)

    def total(self, tiles: int, parts: list[Buffer]) -> Loop:
        """The sums of all tiles, added up."""
        counter, body, merges = self.code.new("i64", 1).number, Block(1), []
        for m, buffer in zip(self.loop.merges, parts, strict=True):
            part = self.code.new(m.kind, 1).number
            place = Place(0, ((counter, 1),))
            body.statements.append(Let(part, m.kind, "load", (), (buffer, place)))
            merges.append(m._replace(value=part))
        return Loop(counter, tiles, body, [], merges, lanes=True)


Moved = Callable[[Buffer, Place], tuple[Buffer, Place]]


def copied(block: Block, moved: Moved) -> Block:
    """The same statements at other places."""
    found: list[Any] = []
    for s in block.statements:
        if type(s) is Store:
            s = Store(*moved(s.buffer, s.place), s.value)
        elif type(s) is Let and s.opcode == "load":
            s = s._replace(extra=moved(*s.extra))
        elif type(s) in (Loop, Seldom):
            s = replace(s, body=copied(s.body, moved))
        found.append(s)
    return Block(block.depth, block.guarded, found)


# ------------------------------------------------------------ what a loop does


def work(loop: Loop) -> float:
    """An estimate of the work of a loop, in additions of a vector."""
    total = 1.0
    for s in loop.body.statements:
        if type(s) is Loop:
            total += work(s)
        elif type(s) is Let and s.opcode != "constant":
            total += SLOW.get(s.opcode, 1)
        elif type(s) is Store:
            total += 1
    return total * loop.extent / (LANES if loop.lanes else 1)


def walked(block: Block, extents: dict[int, int]) -> Iterator[tuple[int, Place, dict[int, int]]]:
    """All accesses: the buffer, the place, and the extents of the loops around it in the block."""
    for s in block.statements:
        if type(s) is Store:
            yield s.buffer.number, s.place, extents
        elif type(s) is Let and s.opcode == "load":
            yield s.extra[0].number, s.extra[1], extents
        elif type(s) is Invoke or type(s) is Apply:
            yield from ((b.number, place, extents) for b, place in s.places)
        elif type(s) is Loop:
            yield from walked(s.body, extents | {s.counter: s.extent})
        else:
            for inner in blocks(s):
                yield from walked(inner, extents)


def accesses(statement: Any) -> Iterator[int]:
    """The buffers that a statement reads or writes."""
    for number, _, _ in walked(Block(0, statements=[statement]), {}):
        yield number


def _own(statement: Any) -> list[int]:
    """The buffer that a statement itself reads or writes."""
    at = accessed(statement)
    return [at[0].number] if at else []


def gathered(loop: Loop, number: int) -> str:
    """How a loop adds to what is in a buffer, each round to the same places; else nothing.

    The buffer is read once, something is added to it, and written once, and that is all.
    """
    found = [s for s in statements(loop.body) if number in _own(s)]
    if [type(s) for s in found] != [Let, Store]:
        return ""
    load, store = found
    takers = [s for s in statements(loop.body) if type(s) is Let and load.number in s.args]
    if load.extra[1] != store.place or store.place.computed >= 0 or len(takers) != 1:
        return ""
    (sum_,) = takers
    once = sum_.number == store.value
    fixed = loop.counter not in dict(store.place.strides)
    all_taken = [*taken(loop.body), *(m.value for m in loop.merges)]
    alone = all_taken.count(load.number) == all_taken.count(sum_.number) == 1
    return sum_.opcode if once and fixed and alone and sum_.opcode in STARTS else ""


def nothing(opcode: str, kind: str) -> bytes:
    """What adds nothing to a sum (product, extreme, ...)."""
    dtype = DTYPES[kind]
    value = NEUTRAL[opcode]
    if opcode in ("max", "min"):
        value = _limits(dtype)[opcode == "min"]
    return dtype.type(value).tobytes()


def apart_in(loop: Loop, number: int) -> bool:
    """Whether no two rounds of a loop touch the same place of a buffer.

    Either each round has a stretch of the buffer to itself, or all accesses are the same one, and
    its strides are such that no two combinations of counters meet.
    """
    found = [(p, e) for n, p, e in walked(loop.body, {}) if n == number]
    if any(p.computed >= 0 for p, _ in found):
        return False
    steps = {dict(p.strides).get(loop.counter, 0) for p, _ in found}
    ends = [end for p, e in found for end in _reach(p, e)]
    if len(steps) == 1 and abs(*steps) > max(ends) - min(ends):
        return True
    place, extents = found[0]
    same = all(p == place for p, _ in found)
    around = extents | {loop.counter: loop.extent}
    return same and loop.counter in dict(place.strides) and one_to_one(place, around)


def _reach(place: Place, extents: dict[int, int]) -> Iterator[int]:
    """The first and the last place of a round, counted from where the loop begins."""
    ends = [s * (extents[c] - 1) for c, s in place.strides if c in extents]
    yield place.offset + sum(e for e in ends if e < 0)
    yield place.offset + sum(e for e in ends if e > 0)


def one_to_one(place: Place, extents: dict[int, int]) -> bool:
    """Whether other counters are other places: each step is longer than all shorter ones reach."""
    reach = 0
    for step, extent in sorted((abs(s), extents[c]) for c, s in place.strides):
        if step <= reach:
            return False
        reach += step * (extent - 1)
    return True


def _limits(dtype: np.dtype) -> tuple[Any, Any]:
    if dtype.kind == "f":
        return -np.inf, np.inf
    if dtype.kind == "b":
        return False, True
    return np.iinfo(dtype).min, np.iinfo(dtype).max
