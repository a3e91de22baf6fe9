"""Tuning: loops over adjacent axes become one, and some loops run in vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..loops import Apply, Block, Buffer, Code, Invoke, Let, Loop, Place, Refuse, Seldom, Store
from ..loops.statements import blocks, statements
from .rounds import used

LANES = 8
SLOW = {"div": 4, "sqrt": 5}
"""Work of an opcode in additions; all others are 1."""
SCATTERED = 1.5
"""Work of an access per lane, if the lanes do not lie side by side."""


def tuned(code: Code) -> Code:
    """The same code, with fewer loops, and with lanes."""
    tune(without_idle_stores(code).body)
    return code


def without_idle_stores(code: Code) -> Code:
    """The same code without what it writes to workspaces that nobody reads."""
    read = {n for s in statements(code.body) if type(s) is not Store for n in touched(s)}
    idle = {b.number for b in code.buffers if b.role == "work"} - read
    if idle:
        _drop_stores(code.body, idle)
        code.buffers[:] = [b._replace(size=0) if b.number in idle else b for b in code.buffers]
    return code


def touched(s: Any) -> Iterator[int]:
    """The buffers that a statement reads, or hands on."""
    if type(s) is Let and s.opcode == "load":
        yield s.extra[0].number
    elif type(s) is Invoke or type(s) is Apply:
        yield from (b.number for b, _ in s.places)


def _drop_stores(block: Block, idle: set[int]) -> None:
    block.statements[:] = [
        s for s in block.statements if type(s) is not Store or s.buffer.number not in idle
    ]
    for s in block.statements:
        for inner in blocks(s):
            _drop_stores(inner, idle)


def tune(block: Block) -> None:
    """Tune the nests of a block. Rounds of serial loops stay apart; each has nests of its own."""
    for s in block.statements:
        if type(s) is Loop and s.serial:
            tune(s.body)
        elif type(s) is Loop:
            collapse(s)
            choose_lanes(s)
        else:
            for inner in blocks(s):
                tune(inner)


# ------------------------------------------------------------ two loops as one


def collapse(loop: Loop) -> None:
    """Make one loop of each two of which nothing but the inner one is in the outer one."""
    for s in loop.body.statements:
        if type(s) is Loop:
            collapse(s)
    if len(loop.body.statements) != 1 or type(loop.body.statements[0]) is not Loop:
        return
    inner = loop.body.statements[0]
    if _joins(loop, inner):
        _drop(inner.body, loop.counter)
        loop.counter, loop.extent, loop.body = inner.counter, loop.extent * inner.extent, inner.body
        values = {m.result: m.value for m in inner.merges}
        loop.merges = [m._replace(value=values[m.value]) for m in loop.merges]


def _joins(outer: Loop, inner: Loop) -> bool:
    """Whether the rounds of both, one after the other, go through memory in equal steps."""
    if outer.ordered != inner.ordered:
        return False
    if outer.carries or inner.carries or {outer.counter, inner.counter} & used(inner.body):
        return False
    sums = {m.result: (m.opcode, m.start) for m in inner.merges}
    if [sums.get(m.value) for m in outer.merges] != [(m.opcode, m.start) for m in outer.merges]:
        return False
    for place in places(inner.body):
        strides = dict(place.strides)
        if strides.get(outer.counter, 0) != inner.extent * strides.get(inner.counter, 0):
            return False
    return True


def places(block: Block) -> Iterator[Place]:
    """All places that are read or written."""
    yield from (at[1] for s in statements(block) if (at := accessed(s)))


def accessed(s: Any) -> tuple[Buffer, Place] | None:
    """The buffer and the place that a statement itself reads or writes, if it does."""
    if type(s) is Store:
        return s.buffer, s.place
    return s.extra if type(s) is Let and s.opcode == "load" else None


def _drop(block: Block, counter: int) -> None:
    """Take a counter out of all places."""
    for k, s in enumerate(block.statements):
        if type(s) is Store:
            block.statements[k] = s._replace(place=_without(s.place, counter))
        elif type(s) is Let and s.opcode == "load":
            buffer, place = s.extra
            block.statements[k] = s._replace(extra=(buffer, _without(place, counter)))
        else:
            for inner in blocks(s):
                _drop(inner, counter)


def _without(place: Place, counter: int) -> Place:
    return place._replace(strides=tuple([e for e in place.strides if e[0] != counter]))


# ------------------------------------------------------------ lanes


def choose_lanes(loop: Loop) -> None:
    """Give lanes to the loops of that depth at which they save most."""
    depths = range(_depth(loop))
    best = min(depths, key=lambda d: (work(loop, 0, d, -1), -d))
    for found in _at(loop, best):
        found.lanes = free(found) and found.extent > 1


def free(loop: Loop) -> bool:
    """Whether the rounds of a loop may run side by side, each writing to places of its own."""
    stored = [s.place for s in statements(loop.body) if type(s) is Store]
    apart = all(dict(p.strides).get(loop.counter, 0) for p in stored)
    return not loop.carries and not loop.ordered and (apart or loop.extent == 1)


def _depth(loop: Loop) -> int:
    return 1 + max([_depth(s) for s in loop.body.statements if type(s) is Loop], default=0)


def _at(loop: Loop, depth: int) -> Iterator[Loop]:
    """The loops so many loops inside."""
    if depth == 0:
        yield loop
        return
    for s in loop.body.statements:
        if type(s) is Loop:
            yield from _at(s, depth - 1)


def work(loop: Loop, depth: int, lanes_at: int, lane: int) -> float:
    """An estimate of the work of a loop, if the loops at one depth run in vectors."""
    trips = loop.extent
    if depth == lanes_at and free(loop):
        lane, trips = loop.counter, -(-loop.extent // LANES)
    total = 1.0
    for s in loop.body.statements:
        total += _work_of(s, depth, lanes_at, lane)
    return trips * total


def _work_of(s: Any, depth: int, lanes_at: int, lane: int) -> float:
    if type(s) is Loop:
        return work(s, depth + 1, lanes_at, lane)
    if type(s) in (Seldom, Refuse):
        return 1
    if type(s) is Let and s.opcode != "load":
        return SLOW.get(s.opcode, 1)
    place = s.place if type(s) is Store else s.extra[1]
    step = dict(place.strides).get(lane, 0)
    return 1 if step in (0, 1) and place.computed < 0 else SCATTERED * LANES
