"""Functions of integers, as NumPy takes them: common divisors, powers, and quotients to zero.

Numbers are counted modulo a power of two. What NumPy warns of, or raises an error for, is left
to it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ..loops import Value
from .linked import SPECIAL
from .rounding import divisor
from .runtime import symbols

Function = Callable[..., Value]


def gcd(a: Value, b: Value) -> Value:
    """The greatest common divisor; that of 0 and 0 is 0."""
    return _called("gcd", _size(a), _size(b)).to(a.kind)


def lcm(a: Value, b: Value) -> Value:
    """The least common multiple; that of 0 and anything is 0."""
    x, y = _size(a), _size(b)
    common = _called("gcd", x, y)
    return (x / common.equals(0).where(1, common) * y).to(a.kind)


def power(a: Value, n: Value) -> Value:
    """a^n, for n that is not negative."""
    if a.kind[0] == "i":
        a.code.refuse(n < 0, "an integer to a negative power")
    return _called("whole_power", a.to("i64").to("u64"), n.to("u64")).to(a.kind)


def known_power(n: int) -> Function:
    """x^n, by squares and products."""

    def found(x: Value, _: Value) -> Value:
        factors, square = [], x
        for k in range(n.bit_length()):
            square = square * square if k else x
            if n >> k & 1:
                factors.append(square)
        return prod(factors, start=x.like(1))

    return found


def fmod(a: Value, b: Value) -> Value:
    """What is left of a, with its sign."""
    return a % divisor(a, b)


def reciprocal(x: Value) -> Value:
    """The integer part of 1 / x."""
    return x.like(1) / divisor(x.like(1), x)


def of_row(label: str, exponent: Any) -> Function | None:
    """What a row of the table does to integers; an exponent may be known."""
    if label == "power" and exponent is not None and exponent >= 0:
        return known_power(int(exponent))
    symbol = SYMBOLS.get(label)
    return None if symbol and SPECIAL + symbol not in symbols() else ROWS.get(label)


SYMBOLS = {"gcd": "gcd", "lcm": "gcd", "power": "whole_power"}
"""The functions of the extension that rows need."""
ROWS: dict[str, Function] = {
    "gcd": gcd,     "lcm": lcm,     "power": power,     "fmod": fmod,   "reciprocal": reciprocal,
}  # fmt: skip


def _size(x: Value) -> Value:
    """|x|, as large as it may be."""
    return x.to("u64") if x.kind[0] == "u" else abs(x.to("i64")).to("u64")


def _called(name: str, *args: Value) -> Value:
    """A function of the extension."""
    return args[0].code.let("special", "u64", args, name)
