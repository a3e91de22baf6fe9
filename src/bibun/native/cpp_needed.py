"""Which values of printed C++ are variables: those that something is made of in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..loops import Choice, Code, Grow, Invoke, Let, Loop, Refuse, Seldom, Store, While
from ..loops.statements import FLOATS, statements

ITSELF = {
    "eq": ("true", "!std::isnan({})"), "ne": ("false", "std::isnan({})"),
    "le": ("true", "!std::isnan({})"), "lt": ("false", "false"),
}  # fmt: skip
"""What a number is beside itself: of integers and of floats. Compilers warn of x != x."""


def needed(code: Code, usually: bool = False) -> set[int]:
    """The values that something is made of in the end, if nothing happens that seldom does."""
    made: dict[int, list[int]] = {}
    kinds: dict[int, str] = {}
    for s in statements(code.body):
        if type(s) is Let:
            kinds[s.number] = s.kind
            made.setdefault(s.number, []).extend((*_arguments(s, kinds), *_places(s)))
        elif type(s) is Seldom:
            for number, _, usual, value in s.chosen:
                made[number] = [usual] if usually else [usual, value]
    stack = [n for s in statements(code.body) for n in _roots(s)]
    found: set[int] = set()
    while stack:
        n = stack.pop()
        if n not in found:
            found.add(n)
            stack += made.get(n, ())
    return found


def _arguments(s: Let, kinds: dict[int, str]) -> tuple[int, ...]:
    """The values that the text of a value names: x < x is "false"."""
    if s.opcode in ITSELF and s.args[0] == s.args[1]:
        text = ITSELF[s.opcode][kinds.get(s.args[0], "f64") in FLOATS]
        return s.args if "{}" in text else ()
    return s.args


def _places(s: Let) -> Iterator[int]:
    if s.opcode == "load":
        yield from (c for c, _ in s.extra[1].strides)
        yield s.extra[1].computed


def _roots(s: Any) -> Iterator[int]:
    """The values that a statement takes which is no value itself."""
    if type(s) is Store:
        yield from (s.value, s.place.computed)
    elif type(s) is Loop:
        for m in s.merges:
            yield from (m.start, m.value)
        for c in s.carries:
            yield from (c.start, c.next)
    elif type(s) is Refuse:
        yield s.mask
    elif type(s) is Invoke:
        yield from (place.computed for _, place in s.places)
    elif type(s) is Seldom:
        yield s.mask
    elif type(s) is Choice:
        yield s.index
    elif type(s) is While:
        yield s.holds
    elif type(s) is Grow:
        yield s.rows
