"""Which values of printed C++ are variables: those that something is made of in the end."""

from __future__ import annotations

from collections.abc import Iterator

from ..loops import Code, Let, Seldom
from ..loops.statements import FLOATS, roots, statements

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
    stack = [n for s in statements(code.body) for n in roots(s)]
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
