"""power, hypot and cbrt.

x^y = exp(y log|x|), with log|x| and the product in two floats each, so that the exponential loses
nothing of y log|x|, however large that is.
"""

from __future__ import annotations

import numpy as np

from ...loops import Value
from .coefficients import LN2, LOG
from .exponential import LOG2E, RANGE, less_one
from .logarithm import UP
from .parts import (
    FORMATS,
    any_sum,
    mantissa,
    polynomial,
    power_of_two,
    scaled,
    two_product,
    two_sum,
)

TWO_THIRDS = {
    "f64": (2 / 3, 3.700743415417188e-17),
    "f32": (0.6666666865348816, -1.9868214925130207e-08),
}
REST = {kind: numbers[1:] for kind, numbers in LOG.items()}

Pair = tuple[Value, Value]


def logarithm(e: Value, f: Value) -> Pair:
    """e log(2) + log(1 + f) in two floats.

    With s = f / (2 + f) and z = s^2 that is e log(2) + 2 s + s z (2/3 + z ...).
    """
    below, under = two_sum(f.like(2), f)
    s = f / below
    less = ((-s).fma(below, f) - s * under) / below
    z, z_low = two_product(s, s)
    z_low = (s + s).fma(less, z_low)
    high, low = TWO_THIRDS[f.kind]
    w, w_low = two_sum(f.like(high), z * polynomial(z, REST))
    u, u_low = two_product(z, w)
    u_low = z.fma(w_low + low, z_low.fma(w, u_low))
    tail, tail_low = two_product(s, u)
    tail_low = s.fma(u_low, less.fma(u, tail_low))
    first, second = two_sum(s + s, tail)
    second = second + (tail_low + (less + less))
    ln2, ln2_low = LN2[f.kind]
    total, rest = any_sum(e * ln2, first)
    return two_sum(total, rest + e.fma(ln2_low, second))


def exponential(high: Value, low: Value) -> Value:
    """exp of a number in two floats; what is beyond all range is cut off before."""
    _, lowest, highest = RANGE[high.kind]
    inside = (high < lowest).where(lowest, (high > highest).where(highest, high))
    low = inside.equals(high).where(low, 0)
    ln2, ln2_low = LN2[high.kind]
    n = (inside * LOG2E).rint()
    r = (-n).fma(ln2_low, (-n).fma(ln2, inside)) + low
    return scaled(less_one(r) + 1, n)


def power(x: Value, y: Value) -> Value:
    """x^y, in all cases as C has it (ISO C99, F.9.4.4)."""
    high, low = logarithm(*mantissa(x))
    p, p_low = two_product(y, high)
    p_low = y.fma(low, p_low)
    ln2, ln2_low = LN2[x.kind]
    n = (p * LOG2E).rint()
    r = (-n).fma(ln2_low, (-n).fma(ln2, p)) + p_low
    s = power_of_two(n)
    usual = less_one(r).fma(s, s)
    normal = (x >= FORMATS[x.kind].tiny) & (x < np.inf) & (abs(p) < RANGE[x.kind][0])
    return x.code.seldom(~normal, usual, lambda: _in_all_cases(x, y))


def _in_all_cases(x: Value, y: Value) -> Value:
    size = abs(x)
    up = {kind: 2.0**k for kind, k in UP.items()}[x.kind]
    small = size < FORMATS[x.kind].tiny
    e, f = mantissa(small.where(size * up, size))
    high, low = logarithm(small.where(e - UP[x.kind], e), f)
    p, p_low = two_product(y, high)
    moderate = abs(p) < 2 * RANGE[x.kind][0]
    found = exponential(p, moderate.where(y.fma(low, p_low), 0))
    grows = (size > 1) ^ (y < 0)  # towards infinity, where there is no moderate answer
    limit = grows.where(x.like(np.inf), 0)
    ends = size.equals(0) | size.equals(np.inf) | abs(y).equals(np.inf)
    found = ends.where(limit, found)
    whole = y.equals(y.rint())
    odd = whole & (y * 0.5).differs((y * 0.5).rint())
    found = ((x.bits() < 0) & odd).where(-found, found)
    wrong = (x < 0) & size.differs(np.inf) & abs(y).differs(np.inf) & ~whole
    found = (x.isnan() | y.isnan() | wrong).where(np.nan, found)
    one = x.equals(1) | y.equals(0) | (size.equals(1) & abs(y).equals(np.inf))
    return one.where(1, found)


def hypot(a: Value, b: Value) -> Value:
    """sqrt(a^2 + b^2), of numbers whose squares are out of range, too."""
    a, b = abs(a), abs(b)
    infinite = a.equals(np.inf) | b.equals(np.inf)
    large, small = (a > b).where(a, b), (a > b).where(b, a)
    limit, scale = {"f64": (2.0**500, 2.0**600), "f32": (2.0**60, 2.0**90)}[a.kind]
    huge, tiny = large > limit, large < 1 / limit
    factor = huge.where(1 / scale, tiny.where(scale, a.like(1)))
    back = huge.where(scale, tiny.where(1 / scale, a.like(1)))
    x, y = large * factor, small * factor
    h = x.fma(x, y * y).sqrt() * back
    return infinite.where(np.inf, (a.isnan() | b.isnan()).where(a + b, h))


def direction(a: Value, b: Value) -> Value:
    """a / hypot(a, b), and 0 at the origin."""
    h = hypot(a, b)
    return a / h.equals(0).where(1, h)


def cbrt(x: Value) -> Value:
    """The cube root, by Halley's iteration from the root of the mantissa's linear estimate."""
    size = abs(x)
    up = {"f64": 54, "f32": 24}[x.kind]
    small = size < FORMATS[x.kind].tiny
    e, f = mantissa(small.where(size * 2.0**up, size))
    q = (e * (1 / 3)).rint()
    v = (1 + f) * power_of_two(e - 3 * q)  # between 0.35 and 2.83
    y = v.fma(v.fma(-0.05, 0.47), 0.58)  # within a tenth
    for _ in range({"f64": 3, "f32": 2}[x.kind]):
        cube = y * y * y
        y = y * (cube + 2 * v) / (2 * cube + v)
    y2, low = two_product(y, y)
    rest = (-y2).fma(y, v) - low * y
    y = y + rest / (3 * y2)
    y = y * power_of_two(small.where(q - up // 3, q))
    as_it_is = x.equals(0) | ~(size < np.inf)
    return as_it_is.where(x, y.copysign(x))
