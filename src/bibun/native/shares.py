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

from ..loops import Block, Buffer, Code, Let, Loop, Place, Seldom, Store
from ..loops.statements import DTYPES, Merge, blocks
from .rounds import statements, used
from .tune import LANES, SLOW

LONG = 150_000
"""Work of a loop, in additions of a vector, from which on threads gain more than waking costs."""
TILE = 20_000
"""Work of a tile, about."""
MOST_TILES = 64
STEP = 64
"""Tiles of a loop in vectors are multiples of this, so that no two write to one line of a cache."""
KNOWN = (Let, Store, Loop, Seldom)
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
        wanted = max(1, min(MOST_TILES, round(total / TILE)))
        step = STEP if loop.lanes else 1
        self.long = total >= LONG
        self.size = max(1, -(-loop.extent // (wanted * step)) * step)
        self.count, self.rest = divmod(loop.extent, self.size)
        self.own: list[Buffer] = []  # workspaces that a round leaves to itself alone

    def worth_it(self) -> bool:
        """Whether there is enough to do, and no round needs what another one has done."""
        loop = self.loop
        if loop.carries or loop.ordered or loop.serial or not self.long or self.count < 2:
            return False
        if any(type(s) not in KNOWN for s in statements(loop.body)):
            return False
        if any(not self.neutral(m) for m in loop.merges):
            return False
        written = {s.buffer.number: s.buffer for s in statements(loop.body) if type(s) is Store}
        apart = {n: apart_in(loop, n) for n in written}
        self.own = [b for n, b in written.items() if not apart[n] and self.private(b)]
        return all(apart[n] or b in self.own for n, b in written.items())

    def neutral(self, m: Merge) -> bool:
        """Whether a sum begins with what adds nothing, so that each tile may begin with it."""
        start = self.code.constants.get(m.start)
        if m.opcode not in ("max", "min"):
            return start in STARTS[m.opcode]
        dtype = DTYPES[m.kind]
        least, most = _limits(dtype)
        return start == (least if m.opcode == "max" else most)

    def private(self, buffer: Buffer) -> bool:
        """Whether a workspace is for one round at a time, and for this loop only."""
        others = [s for s in self.code.body.statements if s is not self.loop]
        if any(type(s) not in KNOWN for s in others):
            return False
        touched = {n for s in others for n in accesses(s)}
        fixed = all(
            self.loop.counter not in dict(p.strides) and p.computed < 0
            for n, p, _ in walked(self.loop.body, {})
            if n == buffer.number
        )
        return buffer.role == "work" and fixed and buffer.number not in touched

    # ------------------------------------------------------------ the new statements

    def statements(self) -> Iterator[Any]:
        """What takes the place of the loop."""
        tiles = self.count + (self.rest > 0)
        for b in self.own:
            self.code.buffers[b.number] = b._replace(size=b.size * tiles)
        parts = [self.code.buffer(DTYPES[m.kind], tiles, "work") for m in self.loop.merges]
        shared = self.code.new("i64", 1).number
        body = Block(1, statements=list(self.tile(self.size, shared, 0, parts)))
        yield Loop(shared, self.count, body, parallel=True)
        if self.rest:
            yield from self.tile(self.rest, -1, self.count, parts)
        if parts:
            yield self.total(tiles, parts)

    def tile(self, size: int, shared: int, first: int, parts: list[Buffer]) -> Iterator[Any]:
        """One tile: number `first` + the counter `shared`, which is -1 if there is only one."""
        loop, counter = self.loop, self.code.new("i64", 2).number

        def moved(buffer: Buffer, place: Place) -> Place:
            strides = dict(place.strides)
            step = strides.pop(loop.counter, 0)
            per_tile = buffer.size if buffer in self.own else step * self.size
            strides |= {counter: step, shared: per_tile}
            kept = tuple(sorted((c, s) for c, s in strides.items() if s and c >= 0))
            return Place(place.offset + first * per_tile, kept, place.computed)

        body = copied(loop.body, moved)
        if loop.counter in used(loop.body):
            body.statements[:0] = self.number(counter, shared, first)
        merges = [m._replace(result=self.code.new(m.kind, 1).number) for m in loop.merges]
        yield Loop(counter, size, body, [], merges, loop.lanes)
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

    def total(self, tiles: int, parts: list[Buffer]) -> Loop:
        """The sums of all tiles, added up."""
        counter, body, merges = self.code.new("i64", 1).number, Block(1), []
        for m, buffer in zip(self.loop.merges, parts, strict=True):
            part = self.code.new(m.kind, 1).number
            place = Place(0, ((counter, 1),))
            body.statements.append(Let(part, m.kind, "load", (), (buffer, place)))
            merges.append(m._replace(value=part))
        return Loop(counter, tiles, body, [], merges, lanes=True)


def copied(block: Block, moved: Callable[[Buffer, Place], Place]) -> Block:
    """The same statements at other places."""
    found: list[Any] = []
    for s in block.statements:
        if type(s) is Store:
            s = s._replace(place=moved(s.buffer, s.place))
        elif type(s) is Let and s.opcode == "load":
            s = s._replace(extra=(s.extra[0], moved(*s.extra)))
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
        elif type(s) is Loop:
            yield from walked(s.body, extents | {s.counter: s.extent})
        else:
            for inner in blocks(s):
                yield from walked(inner, extents)


def accesses(statement: Any) -> Iterator[int]:
    """The buffers that a statement reads or writes."""
    for number, _, _ in walked(Block(0, statements=[statement]), {}):
        yield number


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
    return same and loop.counter in dict(place.strides) and _one_to_one(place, extents, loop)


def _reach(place: Place, extents: dict[int, int]) -> Iterator[int]:
    """The first and the last place of a round, counted from where the loop begins."""
    ends = [s * (extents[c] - 1) for c, s in place.strides if c in extents]
    yield place.offset + sum(e for e in ends if e < 0)
    yield place.offset + sum(e for e in ends if e > 0)


def _one_to_one(place: Place, extents: dict[int, int], loop: Loop) -> bool:
    """Whether other counters are other places: each step is longer than all shorter ones reach."""
    extents, reach = extents | {loop.counter: loop.extent}, 0
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
