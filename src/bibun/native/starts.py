"""Starts: sums of products begin with what is added to them, in rounds that wait for each other.

What is added was there before the factors are; then nothing has to be added after the last product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..loops import Block, Code, Let, Loop, Seldom, Store
from ..loops.statements import FLOATS, blocks, made_by, statements
from .rounds import taken

Times = dict[int, int]
"""Of buffers that a round has written, or of values: operations since it began, one by one."""


def started(code: Code) -> Code:
    """The same code; sums have other starts."""
    for s in statements(code.body):
        if type(s) is Loop and s.serial:
            times: Times = {}
            for nest in s.body.statements:
                if type(nest) is Loop:
                    while _begin(code, nest.body, times):
                        pass
                    _pass(nest.body, times, {})
    return code


def _pass(block: Block, times: Times, values: Times) -> None:
    """Note when a block has written what it writes."""
    for s in block.statements:
        if type(s) is Loop or type(s) is Seldom:
            _pass(s.body, times, values)
        if type(s) is Let:
            values[s.number] = _time(s, times, values)
        elif type(s) is Store:
            times[s.buffer.number] = values.get(s.value, 0)
        else:
            inside = max((values.get(n, 0) for x in blocks(s) for n in taken(x)), default=0)
            values.update((n, inside + 1) for n, _ in made_by(s))


def _time(s: Let, times: Times, values: Times) -> int:
    """When a value is there."""
    if s.opcode == "load":
        return times.get(s.extra[0].number, 0)
    return max((values.get(a, 0) for a in s.args), default=-1) + 1


def _begin(code: Code, block: Block, times: Times) -> bool:
    """Let a sum begin with what is added to it, if there is one in a block."""
    lets = {s.number: s for s in block.statements if type(s) is Let}
    sums = {s.merges[0].result: s for s in block.statements if _is_sum(code, s)}
    uses = list(taken(block)) if sums else []
    for s in lets.values():
        if s.opcode == "add" and s.kind in FLOATS:
            for total, other in (s.args, s.args[::-1]):
                alone = total in sums and other in lets and uses.count(total) == 1
                if alone and _is_earlier(lets[other], sums[total], block, times):
                    _join(block, sums[total], lets[other], s)
                    return True
    return False


def _is_sum(code: Code, s: Any) -> bool:
    """Whether a statement adds up numbers, and does nothing else."""
    if type(s) is not Loop or s.carries or len(s.merges) != 1:
        return False
    (m,) = s.merges
    values = all(type(x) is Let for x in s.body.statements)
    return values and m.opcode == "add" and code.constants.get(m.start) == 0


def _is_earlier(first: Let, loop: Loop, block: Block, times: Times) -> bool:
    """Whether a number was in memory before what a loop reads; nobody writes there meanwhile."""
    if first.opcode != "load" or first.extra[1].computed >= 0:
        return False
    buffer = first.extra[0].number
    read = [s.extra[0].number for s in loop.body.statements if s.opcode == "load"]
    latest = max((times.get(n, -1) for n in read), default=-1)
    return times.get(buffer, -1) <= latest and buffer not in _written(block)


def _join(block: Block, loop: Loop, first: Let, s: Let) -> None:
    """The sum of a loop begins with a number, and is what their sum was."""
    (m,) = loop.merges
    loop.merges[:] = [m._replace(start=first.number, result=s.number)]
    at = next(k for k, x in enumerate(block.statements) if x is loop)
    before, after = block.statements[:at], block.statements[at:]
    moved = [x for x in after if x is first]  # unless it is there already
    after = [x for x in after if x is not first and x is not s]
    block.statements[:] = [*before, *moved, *after]


def _written(block: Block) -> Iterator[int]:
    """The buffers that a block writes."""
    return (s.buffer.number for s in statements(block) if type(s) is Store)
