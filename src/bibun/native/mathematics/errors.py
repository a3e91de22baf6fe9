"""erf, erfc, erfcx and the normal distribution.

erf is an odd polynomial up to 1. Beyond that erfc(x) = exp(-x^2) erfcx(x), where (1 + 2x) erfcx(x)
is a polynomial of (x - 4) / (x + 4) (Schonfelder 1978), and x^2 is subtracted in two parts.
"""

from __future__ import annotations

import numpy as np

from ...loops import Value
from .coefficients import ERF, ERFCX, TWO_OVER_ROOT_PI
from .exponential import exp
from .logarithm import log, log1p
from .parts import polynomial, two_product


def _near(x: Value) -> Value:
    high, low = TWO_OVER_ROOT_PI[x.kind]
    t = x * x
    return x.fma(high, x * (t.fma(polynomial(t, ERF), low)))


def _tail(a: Value) -> Value:
    """erfc(a) for a >= 1."""
    high, low = two_product(a, a)
    e = exp(-high)
    e = e - e * low
    return e * polynomial((a - 4) / (a + 4), ERFCX) / (1 + 2 * a)


def erf(x: Value) -> Value:
    """The error function."""
    a = abs(x)
    end = {"f64": 6.0, "f32": 4.0}[x.kind]
    inside = (a > end).where(end, a)
    return (a < 1).where(_near(a), 1 - _tail(inside)).copysign(x)


def erfc(x: Value) -> Value:
    """1 - erf(x), with all digits in the tail."""
    a = abs(x)
    end = {"f64": 28.0, "f32": 11.0}[x.kind]
    tail = _tail((a > end).where(end, a))
    return (a < 0.5).where(1 - _near(x), (x < 0).where(2 - tail, tail))


def _scaled_tail(a: Value) -> Value:
    """erfcx(a) for a >= 1/2."""
    end = {"f64": 1e150, "f32": 1e18}[a.kind]
    t = (a > end).where(end, a)
    usual = polynomial((t - 4) / (t + 4), ERFCX) / (1 + 2 * t)
    return (a > end).where(0.5641895835477563 / a, usual)


def erfcx(x: Value) -> Value:
    """exp(x^2) erfc(x)."""
    lowest = {"f64": -26.7, "f32": -9.4}[x.kind]
    inside = (x < lowest).where(lowest, (x > 0.5).where(0.5, x))
    high, low = two_product(inside, inside)
    e = exp(high)
    left = (x < lowest).where(np.inf, e.fma(low, e) * erfc(inside))
    return (x < 0.5).where(left, _scaled_tail((x < 0.5).where(0.5, x)))


def _density(x: Value) -> Value:
    """exp(-x^2 / 2), with all digits in the tail; what is far beyond counts as 0."""
    end = {"f64": 40.0, "f32": 15.0}[x.kind]
    a = abs(x)
    a = (a > end).where(end, a)
    high, low = two_product(a, a)
    e = exp(-0.5 * high)
    return e - e * (0.5 * low)


def _below(x: Value) -> tuple[Value, Value]:
    """The integral of the normal density up to -|x|, for |x| >= 1, and erfcx(|x| / sqrt(2))."""
    a = abs(x)
    a = (a < 1).where(1, a)
    scaled = _scaled_tail(a * 0.7071067811865476)
    return 0.5 * _density(a) * scaled, scaled


def ndtr(x: Value) -> Value:
    """The integral of the normal density up to x."""
    tail, _ = _below(x)
    middle = 0.5 * erfc(x * -0.7071067811865476)
    return (abs(x) < 1).where(middle, (x < 0).where(tail, 1 - tail))


def log_ndtr(x: Value) -> Value:
    """The logarithm of that integral, far into the tail."""
    tail, scaled = _below(x)
    left = log(0.5 * scaled) - 0.5 * x * x
    middle = log(0.5 * erfc(x * -0.7071067811865476))
    return (x <= -1).where(left, (x < 1).where(middle, log1p(-tail)))


def mills(x: Value) -> Value:
    """The normal density over its integral up to x."""
    _, scaled = _below(x)
    right = 0.3989422804014327 * _density(x) / ndtr(x)
    return (x <= -1).where(0.7978845608028654 / scaled, right)
