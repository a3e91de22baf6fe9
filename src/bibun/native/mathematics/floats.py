"""Parts and neighbours of floats, by their bits: ldexp, frexp, modf, spacing, nextafter."""

from __future__ import annotations

from math import pi

from ...loops import Value
from .parts import FORMATS


def ldexp(x: Value, n: Value) -> Value:
    """x 2^n with one rounding: in three steps, of which only the last may round.

    On the way down the steps stop a whole mantissa above the least normal number.
    """
    digits, bias, *_ = FORMATS[x.kind]
    n = n.to("i64")
    far = 2 * (bias + digits) + digits
    n = (n < -far).where(-far, (n > far).where(far, n))
    down = bias - 1 - (digits + 1)  # 2^-down, after which a number may be subnormal once
    for _ in range(2):
        high, low = n > bias, n < 1 - bias
        step = high.where(bias, low.where(n.like(-down), 0))
        x, n = x * _power(x, step), n - step
    last = (n < 1 - bias).where(1 - bias, (n > bias).where(bias, n))
    return x * _power(x, last)


def _power(x: Value, n: Value) -> Value:
    """2^n, of the kind of x, for the exponent of a normal number."""
    digits, bias, *_ = FORMATS[x.kind]
    return ((n + bias) << digits).to("i" + x.kind[1:]).from_bits()


def exponent(x: Value) -> Value:
    """The n of x = m 2^n with 1/2 <= |m| < 1; 0 for 0, inf and nan."""
    digits, bias, _, tiny = FORMATS[x.kind]
    low = abs(x) < tiny
    scaled = low.where(x * 2.0 ** (digits + 2), x)
    n = (abs(scaled).bits() >> digits) - low.where(bias - 1 + digits + 2, _integer(x, bias - 1))
    return (x.equals(0) | ~(abs(x) < float("inf"))).where(0, n).to("i32")


def _integer(x: Value, n: int) -> Value:
    return x.code.constant(n, "i" + x.kind[1:])


def fraction(x: Value) -> Value:
    """What is behind the point, with the sign of x; 0 of inf."""
    return abs(x).equals(float("inf")).where(x.like(0), x - x.trunc()).copysign(x)


def nextafter(a: Value, b: Value) -> Value:
    """The number next to a on the way to b."""
    bits = a.bits()
    away = (b > a).differs(a < 0) & a.differs(0)  # from zero
    moved = (bits + away.where(_integer(a, 1), _integer(a, -1))).from_bits()
    least = _integer(a, 1).from_bits().copysign(b)
    y = a.equals(0).where(least, moved)
    return a.equals(b).where(b, (a.isnan() | b.isnan()).where(a + b, y))


def spacing(x: Value) -> Value:
    """How far the next number away from 0 is, with the sign of x."""
    away = (x.bits() + 1).from_bits()
    y = x.equals(0).where(_integer(x, 1).from_bits(), away - x)
    return (abs(x) < float("inf")).where(y, x - x)


def angle(x: Value) -> Value:
    """The angle of a real number: 0, or pi if it is negative or -0."""
    wide = x if x.kind[0] == "f" else x.to("f64")
    turned = wide.bits() < 0
    return wide.isnan().where(wide, turned.where(wide.like(pi), wide.like(0)))
