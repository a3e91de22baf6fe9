"""Sums that go across rows of memory, as sums of whole rows.

Where each of many neighbouring sums would step from row to row, all of them take a row at a time:
compilers make vectors of that, and no memory is fetched for one number of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..loops import Code, Let, Loop, Store
from ..loops.statements import statements
from .tune import places

NEIGHBOURS = 8
"""Sums side by side that are worth it."""
TERMS = 8
"""Terms up to which a sum stays in a register: compilers write them one after the other."""


def crosswise(outer: Loop, found: Sequence[Any]) -> bool:
    """Whether one of these statements in a round is a sum across rows, with neighbours beside it.

    `outer` goes from neighbour to neighbour.
    """
    return any(type(s) is Loop and _across(outer, s) for s in found)


def _across(outer: Loop, loop: Loop) -> bool:
    if outer.extent < NEIGHBOURS or loop.extent <= TERMS or not loop.merges or loop.carries:
        return False
    if not all(type(s) is Let for s in loop.body.statements):
        return False
    strides = [dict(p.strides) for p in places(loop.body)]
    near = all(s.get(outer.counter, 0) in (0, 1) for s in strides)
    return near and any(s.get(loop.counter, 0) > 1 for s in strides)


def by_rows(code: Code, loop: Loop) -> list[Loop]:
    """A nest with its sums across rows taken row by row."""
    inside = [k for k, s in enumerate(loop.body.statements) if type(s) is Loop]
    if len(inside) == 1:
        before = loop.body.statements[: inside[0]]
        inner, *after = loop.body.statements[inside[0] :]
        if _alone(loop, inner, after):
            return _turned(code, loop, before, inner, after)
    found: list[Any] = []
    for s in loop.body.statements:
        found += by_rows(code, s) if type(s) is Loop else [s]
    loop.body.statements[:] = found
    return [loop]


def _alone(loop: Loop, inner: Loop, after: Sequence[Any]) -> bool:
    """Whether nothing but sums across rows is made, and each is stored beside its neighbour."""
    sums = {m.result for m in inner.merges}
    own = {s.number for s in loop.body.statements if type(s) is Let}
    read = {
        s.extra[0].number for s in statements(loop.body) if type(s) is Let and s.opcode == "load"
    }
    return (
        _across(loop, inner)
        and all(type(s) is Store for s in after)
        and not (loop.merges or loop.carries or loop.ordered)
        and {s.value for s in after} == sums
        and len(after) == len(sums)
        and all(dict(s.place.strides).get(loop.counter) == 1 for s in after)
        and all(s.place.computed < 0 and s.buffer.number not in read for s in after)
        and not own & {m.start for m in inner.merges}
    )


def _turned(
    code: Code, loop: Loop, before: Sequence[Any], inner: Loop, after: Sequence[Store]
) -> list[Loop]:
    """The starts of all sums, and then a loop over rows."""
    starts = {m.result: m.start for m in inner.merges}
    begin = Loop(
        loop.counter, loop.extent, _with(loop, [s._replace(value=starts[s.value]) for s in after])
    )
    by_result = {m.result: m for m in inner.merges}
    body: list[Any] = [*before, *inner.body.statements]
    for s in after:
        m, depth = by_result[s.value], inner.body.depth
        so_far, total = code.new(m.kind, depth).number, code.new(m.kind, depth).number
        body.append(Let(so_far, m.kind, "load", (), (s.buffer, s.place)))
        body.append(Let(total, m.kind, m.opcode, (so_far, m.value)))
        body.append(s._replace(value=total))
    row = Loop(loop.counter, loop.extent, _with(loop, body))
    rows = Loop(inner.counter, inner.extent, _with(inner, [row]))
    return [begin, rows]


def _with(loop: Loop, found: list[Any]) -> Any:
    return type(loop.body)(loop.body.depth, loop.body.guarded, found)
