"""The last rounds of a loop in strips: whether they may fill a whole vector.

Six rounds are a strip of four and one of two, which cost the same, or one of eight, in which the
sixth is done three times. Such a strip reads copies, and what the others write goes nowhere.
"""

from __future__ import annotations

from ..loops import Let, Loop, Store
from ..loops.statements import statements
from ..loops.text import INFIX
from .rounds import taken
from .strips import lanes_of
from .tune import accessed

INSTRUCTIONS = {
    *INFIX, "load", "constant", "table", "lookup", "bits", "to", "select", "fma", "neg", "not",
    "abs", "capped", "max", "min", "copysign", "rint", "floor", "ceil", "trunc",
}  # fmt: skip
"""What compilers have in vectors, whatever the options: of the others each round costs a call."""


def steps(loop: Loop) -> dict[int, bool] | None:
    """Of each buffer whether rounds go through it number by number, or all read it where they like.

    None where the last rounds cannot be filled up, or where that does not pay: where compilers make
    no vectors, and where all rounds are the same.
    """
    dear = loop.strips == lanes_of(loop)  # others are sums, which wait for memory alone
    if not dear or loop.counter in taken(loop.body):
        return None
    found: dict[int, bool] = {}
    for s in statements(loop.body):
        if type(s) is Let and s.opcode not in INSTRUCTIONS:
            return None
        if (at := accessed(s)) is None:
            continue
        buffer, place = at
        one_by_one = (place.offset, place.strides, place.computed) == (0, ((loop.counter, 1),), -1)
        moves = loop.counter in dict(place.strides) or type(s) is Store
        if found.setdefault(buffer.number, moves) != moves or (moves and not one_by_one):
            return None
    return found if any(found.values()) else None
