"""log, log2, log10, log1p, and logaddexp.

x = 2^e (1 + f), and log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))) with s = f / (2 + f): the series
of atanh, with its first terms exact (Tang 1990; the arrangement is that of fdlibm).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...loops import Value
from .coefficients import LN2, LOG, LOG10_2
from .exponential import exp
from .parts import FORMATS, mantissa, polynomial

UP = {"f64": 54, "f32": 25}
"""Powers of two by which subnormal numbers become normal."""


def together(e: Value, f: Value, rest: Value | None = None) -> Value:
    """e log(2) + log(1 + f) + rest, where the rest is small."""
    high, low = LN2[f.kind]
    half, s = 0.5 * f * f, f / (2 + f)
    z = s * s
    tail = s * (half + z * polynomial(z, LOG))
    tail = e.fma(low, tail) if rest is None else tail + e.fma(low, rest)
    return e.fma(high, f - (half - tail))


def log(x: Value) -> Value:
    """The natural logarithm."""
    return x.code.seldom(_odd(x), together(*mantissa(x)), lambda: _at_ends(x, together))


def log2(x: Value) -> Value:
    """The logarithm to base 2; of powers of two exactly."""

    def of(e: Value, f: Value) -> Value:
        return together(e.like(0), f).fma(1.4426950408889634, e)

    return x.code.seldom(_odd(x), of(*mantissa(x)), lambda: _at_ends(x, of))


def log10(x: Value) -> Value:
    """The logarithm to base 10."""
    high, low = LOG10_2[x.kind]

    def of(e: Value, f: Value) -> Value:
        return e.fma(high, together(e.like(0), f).fma(0.4342944819032518, e * low))

    return x.code.seldom(_odd(x), of(*mantissa(x)), lambda: _at_ends(x, of))


def _odd(x: Value) -> Value:
    """Whether x is not a positive normal number."""
    return ~((x >= FORMATS[x.kind].tiny) & (x < np.inf))


def _at_ends(x: Value, of: Callable[[Value, Value], Value]) -> Value:
    """The logarithm of what is not a positive normal number."""
    up = UP[x.kind]
    e, f = mantissa(x * 2.0**up)
    y = of(e - up, f)
    y = x.equals(np.inf).where(np.inf, y)
    return (x > 0).where(y, x.equals(0).where(x.like(-np.inf), np.nan))


def log1p(x: Value) -> Value:
    """log(1 + x): of the rounded sum, and a correction for what the rounding took away."""
    u = 1 + x
    e, f = mantissa(u)
    usual = together(e, f, (x - (u - 1)) / u).copysign(x)
    large = 2.0 ** (FORMATS[x.kind].digits + 2)

    def rare() -> Value:
        end = x.equals(-1).where(x.like(-np.inf), np.nan)
        return (x >= large).where(log(x), end)

    return x.code.seldom(~((x > -1) & (x < large)), usual, rare)


def logaddexp(a: Value, b: Value) -> Value:
    """log(e^a + e^b): the larger one, and log1p of what the other adds."""
    return _added(a, b, lambda d: log1p(exp(d)))


def logaddexp2(a: Value, b: Value) -> Value:
    """log2(2^a + 2^b)."""
    from_natural = 1.4426950408889634
    return _added(a, b, lambda d: log1p(exp(d * 0.6931471805599453)) * from_natural)


def _added(a: Value, b: Value, more: Callable[[Value], Value]) -> Value:
    larger, d = (a < b).where(b, a), -abs(a - b)
    # Equal infinities have no difference.
    return larger + more(a.equals(b).where(0, d))
