"""arctan, arctan2, arcsin and arccos."""

from __future__ import annotations

import numpy as np

from ...loops import Value
from .coefficients import ASIN, ATAN, PI
from .parts import polynomial


def arctan(x: Value) -> Value:
    """arctan(x) = k pi/4 + arctan(z) with z between -tan(pi/8) and tan(pi/8)."""
    return _of_quotient(abs(x), x.like(1)).copysign(x)


def _of_quotient(a: Value, b: Value) -> Value:
    """arctan(a / b) for a, b >= 0: from 0 to pi/2."""
    steep, middle = a > 2.414213562373095 * b, a > 0.41421356237309503 * b
    above = steep.where(-b, middle.where(a - b, a))
    below = steep.where(a, middle.where(a + b, b))
    z = above / below
    t = z * z
    high, low = PI[a.kind]
    first = steep.where(high / 2, middle.where(high / 4, a.like(0)))
    second = steep.where(low / 2, middle.where(low / 4, a.like(0)))
    return first + ((z * t).fma(polynomial(t, ATAN), second) + z)


def arctan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), from -pi to pi, with the sign of y."""
    high, low = PI[x.kind]
    a, b = abs(y), abs(x)
    both = a.equals(np.inf) & b.equals(np.inf)
    a, b = both.where(1, a), both.where(1, b)
    # Quotients of huge or tiny numbers would overflow on the way.
    large, small = (a > b).where(a, b), (a > b).where(b, a)
    up, down = {"f64": (2.0**500, 2.0**-500), "f32": (2.0**60, 2.0**-60)}[x.kind]
    factor = (large > up).where(down, (large < down).where(up, x.like(1)))
    large, small = large * factor, small * factor
    swapped = _of_quotient(small, large.equals(0).where(1, large))
    swapped = large.equals(np.inf).where(small.isnan().where(small, 0), swapped)
    angle = (a > b).where(high / 2 - (swapped - low / 2), swapped)
    left = (x.bits() < 0).where(high - (angle - low), angle)
    return (left + (y.isnan() | x.isnan()).where(x + y, x.like(0))).copysign(y)


def _asin_small(x: Value) -> tuple[Value, Value]:
    """arcsin(x) for |x| <= 1/2, as x and the rest."""
    t = x * x
    return x, x * t * polynomial(t, ASIN)


def _of_large(a: Value) -> tuple[Value, Value]:
    """2 arcsin(sqrt((1 - a) / 2)) for 1/2 <= a <= 1, in two parts."""
    t = 0.5 * (1 - a)
    s = t.sqrt()
    # What the rounding of the root took away.
    error = s.equals(0).where(0, (-s).fma(s, t) / (s + s))
    return s + s, 2 * (error + s * t * polynomial(t, ASIN))


def arcsin(x: Value) -> Value:
    """arcsin(x), nan outside of [-1, 1]."""
    a = abs(x)
    high, low = PI[x.kind]
    first, rest = _asin_small(a)
    s, more = _of_large(a)
    large = high / 2 - (s + (more - low / 2))
    return (a < 0.5).where(first + rest, large).copysign(x)


def arccos(x: Value) -> Value:
    """arccos(x), nan outside of [-1, 1]."""
    a = abs(x)
    high, low = PI[x.kind]
    first, rest = _asin_small(x)
    small = high / 2 - (first - (low / 2 - rest))
    s, more = _of_large(a)
    large = (x < 0).where(high - (s + (more - low)), s + more)
    return (a < 0.5).where(small, large)
