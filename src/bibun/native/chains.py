"""Chains: rounds in which each operation waits for the one before, several of them side by side.

A processor looks ahead over some 200 instructions. Where these are two or three rounds that are
long chains, nothing in them is ready most of the time; so the instructions of several alternate.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..loops import Block, Let, Loop, Refuse, Seldom, Store
from ..loops.statements import statements

INTERLEAVED = 4
"""Vectors that go through a long chain of operations side by side: their instructions alternate."""
MOST_ALIVE = 48
"""Vectors that are waiting to be used, of all of them: a few more than there are registers."""
LONG_CHAIN = 54
"""Cycles from the first operation of a round to its last one, from which on the processor has no
room for the instructions of so many rounds that something in them is always ready."""
WAITS = {"div": 12, "sqrt": 16, "load": 5, "select": 2, "lt": 3, "le": 3, "eq": 3, "ne": 3} | (
    dict.fromkeys(("abs", "neg", "not", "and", "or", "xor", "shl", "shr", "copysign"), 1)
    | dict.fromkeys(("bits", "constant"), 0)
)
"""Cycles until the result of an opcode is there; of all others 4."""


def side_by_side(loop: Loop, full: int) -> int:
    """How many vectors of rounds, of so many, had better be one."""
    if not waits(loop):
        return 1
    most = min(INTERLEAVED, MOST_ALIVE // alive(loop), full)
    return 1 << (max(1, most).bit_length() - 1)


def waits(loop: Loop) -> bool:
    """Whether a round is a long chain of operations, with no sums over loops inside."""
    ready: dict[int, int] = {}
    return _follow(loop.body, ready) and max(ready.values(), default=0) >= LONG_CHAIN


def _follow(block: Block, ready: dict[int, int]) -> bool:
    """Note when each value of some statements is there; False if that cannot be said."""
    for s in block.statements:
        if type(s) is Let:
            before = max([ready.get(a, 0) for a in s.args], default=0)
            ready[s.number] = before + WAITS.get(s.opcode, 4)
        elif type(s) is Seldom:
            ready.update((number, ready.get(usual, 0)) for number, _, usual, _ in s.chosen)
        elif type(s) is Loop:
            if s.merges or s.carries or not _follow(s.body, ready):
                return False
        elif type(s) is not Store and type(s) is not Refuse:
            return False
    return True


def alive(loop: Loop) -> int:
    """The most values of a round that are there at once, and still needed; at least 1."""
    steps: list[tuple[int, Sequence[int]]] = []
    for s in statements(loop.body):
        if type(s) is Let and s.opcode != "constant":
            steps.append((s.number, s.args))
        elif type(s) is Store:
            steps.append((-1, (s.value,)))
        elif type(s) is Seldom:
            steps += [(number, (usual,)) for number, _, usual, _ in s.chosen]
    needed, most = {m.value for m in loop.merges}, 1
    made = {n for n, _ in steps}
    for number, args in reversed(steps):
        most = max(most, len(needed))
        needed.discard(number)
        needed.update(a for a in args if a in made)
    return most
