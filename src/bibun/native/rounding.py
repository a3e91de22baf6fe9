"""Remainders and whole quotients, as NumPy takes them: with the sign of the divisor, and down.

The remainder of the division that C knows, which is exact and has the sign of the dividend, is the
start. Integers that nothing divides are left to NumPy, which warns of them.
"""

from __future__ import annotations

from ..loops import Value
from ..loops.statements import FLOATS


def fmod(a: Value, b: Value) -> Value:
    """What is left of a, with its sign."""
    return a % b


def remainder(a: Value, b: Value) -> Value:
    """What is left of a, with the sign of b."""
    if a.kind in FLOATS:
        return _divided(a, b)[1]
    b = divisor(a, b)
    left = a % b
    return left if a.kind[0] == "u" else (left.differs(0) & ((left ^ b) < 0)).where(left + b, left)


def floor_divide(a: Value, b: Value) -> Value:
    """The largest whole number up to a / b."""
    if a.kind in FLOATS:
        return _divided(a, b)[0]
    b = divisor(a, b)
    left = a % b
    down = left.differs(0) & ((left ^ b) < 0)
    return a / b if a.kind[0] == "u" else (a / b) - down.to(a.kind)


def divisor(a: Value, b: Value) -> Value:
    """An integer that a may be divided by; the call fails where it may not."""
    wrong = b.equals(0)
    if a.kind[0] == "i":  # the quotient of the least number and -1 is no number of the kind
        least = a.like(-(2 ** (int(a.kind[1:]) - 1)))
        wrong = wrong | (b.equals(-1) & a.equals(least))
    a.code.refuse(wrong, "an integer that is divided by 0")
    return wrong.where(1, b)


def _divided(a: Value, b: Value) -> tuple[Value, Value]:
    """The whole quotient and the remainder of floats, which fit together.

    After CPython's float_divmod, Objects/floatobject.c, as NumPy does: the quotient is taken of
    what is divisible, so that it is a whole number but for rounding.
    """
    left = a % b
    other = left.differs(0) & (b < 0).differs(left < 0)
    quotient = (a - left) / b
    quotient = other.where(quotient - 1, quotient)
    down = quotient.floor()
    whole = (quotient - down > 0.5).where(down + 1, down)
    whole = quotient.equals(0).where(a.like(0).copysign(a / b), whole)
    left = left.equals(0).where(a.like(0).copysign(b), other.where(left + b, left))
    return b.equals(0).where(a / b, whole), b.equals(0).where(a % b, left)
