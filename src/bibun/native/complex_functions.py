"""Functions of complex numbers in real ones, with NumPy's values: also on both sides of cuts.

Those that are inverse to others are from Kahan, Branch cuts for complex elementary functions, 1987.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import Any

import numpy as np

from .transforms import Pair, times


def zeros_like(x: Any) -> Any:
    return np.broadcast_to(x.dtype.type(0), x.shape)


def one(x: Pair) -> Pair:
    """1, in all places."""
    return Pair(np.broadcast_to(x.re.dtype.type(1), x.re.shape), zeros_like(x.re))


def chosen(mask: Any, a: Pair, b: Pair) -> Pair:
    return Pair(np.where(mask, a.re, b.re), np.where(mask, a.im, b.im))


def turned(z: Pair) -> Pair:
    """iz."""
    return Pair(-z.im, z.re)


def turned_back(z: Pair) -> Pair:
    """-iz."""
    return Pair(z.im, -z.re)


def past(z: Pair, by: float) -> Pair:
    """by + z: a zero that is the imaginary part keeps its sign."""
    return Pair(z.re + z.re.dtype.type(by), z.im)


# ------------------------------------------------------------ quotients, signs, order


def quotient(a: Pair, b: Pair) -> Pair:
    """Smith's way, as NumPy does it: by the larger part of the divisor, which must not overflow."""
    flat = np.abs(b.re) >= np.abs(b.im)
    large, small = np.where(flat, b.re, b.im), np.where(flat, b.im, b.re)
    none = (b.re == 0) & (b.im == 0)
    ratio = small / large
    rate = 1 / (large + small * ratio)
    u, v = np.where(flat, a.re, a.im), np.where(flat, a.im, a.re)
    re = (u + v * ratio) * rate
    im = np.where(flat, v - u * ratio, u * ratio - v) * rate
    size = np.abs(b.re)
    return Pair(np.where(none, a.re / size, re), np.where(none, a.im / size, im))


def reciprocal(z: Pair) -> Pair:
    """1 / z, the same way; nan for 0, as NumPy has it."""
    flat = np.abs(z.re) >= np.abs(z.im)
    large, small = np.where(flat, z.re, z.im), np.where(flat, z.im, z.re)
    ratio = small / large
    size = large + small * ratio
    return Pair(np.where(flat, 1, ratio) / size, -np.where(flat, ratio, 1) / size)


def sign(z: Pair) -> Pair:
    """z / |z|, and 0 for 0."""
    size = np.hypot(z.re, z.im)
    nothing, endless = size == 0, np.isinf(size)
    unit = [np.where(nothing, 0, v / size) for v in z]
    far = [np.where(np.isinf(v), np.sign(v), 0) for v in z]
    both = np.isinf(z.re) & np.isinf(z.im)
    nan = z.re.dtype.type(np.nan)
    return Pair(
        *(np.where(endless, np.where(both, nan, f), v) for f, v in zip(far, unit, strict=True))
    )


def less(a: Pair, b: Pair, equal: bool = False) -> Any:
    """By the real parts, and where these are equal by the others; nan is not less than anything."""
    numbers = ~(np.isnan(a.im) | np.isnan(b.im))
    then = a.im <= b.im if equal else a.im < b.im
    return ((a.re < b.re) & numbers) | ((a.re == b.re) & then)


def known(z: Pair) -> Any:
    return ~(np.isnan(z.re) | np.isnan(z.im))


def true(z: Pair) -> Any:
    return (z.re != 0) | (z.im != 0)


# ------------------------------------------------------------ powers


def root(z: Pair) -> Pair:
    """The square root in the right half, of numbers that are brought where nothing overflows."""
    limits = np.finfo(z.re.dtype)
    far, near = z.re.dtype.type(0.25), z.re.dtype.type(2.0 ** (2 * limits.nmant + 4))
    small = np.maximum(np.abs(z.re), np.abs(z.im)) < limits.tiny / limits.eps
    scale, back = np.where(small, near, far), np.where(small, np.sqrt(1 / near), 2)
    x, y = z.re * scale, z.im * scale
    long = np.sqrt((np.abs(x) + np.hypot(x, y)) / 2)
    short = np.where(long == 0, y, y / (2 * np.where(long == 0, 1, long))) * back
    long = long * back
    endless = np.isinf(z.im)
    long, short = np.where(endless, np.abs(z.im), long), np.where(endless, z.im, short)
    right = z.re >= 0
    again = np.where(endless, long, np.abs(short))
    re = np.where(right, long, again)
    # A real part that is nan has been told by `long`.
    return Pair(re, np.where(right, short, np.copysign(long, z.im)))


def exponential(z: Pair) -> Pair:
    """e^re (cos im + i sin im), and real for real numbers."""
    e, real, c, s = np.exp(z.re), z.im == 0, np.cos(z.im), np.sin(z.im)
    # An exponential that is 0, or infinite, is so in any direction.
    c = np.where(np.isinf(z.re) & np.isnan(c), 1, c)
    s = np.where((z.re < 0) & np.isinf(z.re) & np.isnan(s), 0, s)
    return Pair(np.where(real, e, e * c), np.where(real, z.im, e * s))


def less_one(z: Pair) -> Pair:
    """e^z - 1, in which nothing cancels near 0."""
    half = np.sin(z.im / 2)
    re = np.expm1(z.re) * np.cos(z.im) - 2 * half * half
    return Pair(re, np.exp(z.re) * np.sin(z.im))


def squared(x: Any) -> tuple[Any, Any]:
    """x^2, and what its rounding has left out: Dekker, Numer. Math. 18 (1971), 224-242."""
    c = x * x.dtype.type(2.0 ** ((np.finfo(x.dtype).nmant + 2) // 2) + 1)
    high = c - (c - x)
    low = x - high
    y = x * x
    return y, ((high * high - y) + 2 * high * low) + low * low


def logarithm(z: Pair) -> Pair:
    """Near the unit circle log |z| is small, and from |z|^2 - 1, in which nothing is lost."""
    size = np.hypot(z.re, z.im)
    near = (size > 0.5) & (size < 2)
    x = np.where(near, np.maximum(np.abs(z.re), np.abs(z.im)), 1)
    y = np.where(near, np.minimum(np.abs(z.re), np.abs(z.im)), 0)
    (xx, more), (yy, too) = squared(x), squared(y)
    beside = np.log1p(((xx - 1) + yy) + (more + too)) / 2
    return Pair(np.where(near, beside, np.log(size)), np.arctan2(z.im, z.re))


def past_one(z: Pair) -> Pair:
    """log(1 + z): NumPy's own loses the digits that 1 + z does not have."""
    small, y = np.hypot(z.re, z.im) < 0.5, logarithm(past(z, 1))
    x = np.where(small, z.re, 0)
    return Pair(np.where(small, np.log1p(2 * x + (x * x + z.im * z.im)) / 2, y.re), y.im)


def scaled(z: Pair, by: float) -> Pair:
    return Pair(z.re * z.re.dtype.type(by), z.im * z.re.dtype.type(by))


MOST = 100
"""Exponents up to which NumPy takes powers by products."""


def power(z: Pair, exponent: Pair, value: Any) -> Pair:
    """z^w = exp(w log z); `value` is w, if all of them are the same and known."""
    if value is not None and value == int(value.real) and abs(value) < MOST and value != 0:
        return by_products(z, int(value.real))
    general = exponential(times(exponent, logarithm(z)))
    nan = np.broadcast_to(z.re.dtype.type(np.nan), z.re.shape)
    nothing, positive = ~true(z), exponent.re > 0
    at_zero = chosen(positive, Pair(zeros_like(z.re), zeros_like(z.re)), Pair(nan, nan))
    return chosen(true(exponent), chosen(nothing, at_zero, general), one(z))


def by_products(z: Pair, n: int) -> Pair:
    """z^n, by squares."""
    if n < 0:
        return quotient(one(z), by_products(z, -n))
    if n == 1:
        return z
    half = by_products(z, n // 2)
    square = times(half, half)
    return times(square, z) if n % 2 else square


# ------------------------------------------------------------ circles and hyperbolas


def _grown(x: Any, odd: bool, t: Any) -> Any:
    """sinh(x) t or cosh(x) t: the product of a large number and a small one need not overflow."""
    most = x.dtype.type(np.floor(np.log(np.finfo(x.dtype).max)) - 1)
    far = np.abs(x) > most
    e = np.exp(np.where(far, np.abs(x), 0) / 2)
    near = np.where(far, 0, x)
    f = np.sinh(near) if odd else np.cosh(near)
    product = np.where(far, e * t * (e / 2) * (np.sign(x) if odd else 1), f * t)
    # A zero beside inf or nan is one, in C.
    nothing = (t == 0) | (x == 0) if odd else t == 0
    signs = np.copysign(1, x) * np.copysign(1, t) if odd else np.copysign(1, t)
    return np.where(nothing, 0 * signs, product)


def _endless(x: Any, t: Any, re: Any) -> Any:
    """The real part, which is infinite where x is, whatever the other factor is."""
    return np.where(np.isinf(x) & np.isnan(t), np.abs(x), re)


def sinh(z: Pair) -> Pair:
    c, s = np.cos(z.im), np.sin(z.im)
    return Pair(_endless(z.re, c, _grown(z.re, True, c)), _grown(z.re, False, s))


def cosh(z: Pair) -> Pair:
    c, s = np.cos(z.im), np.sin(z.im)
    return Pair(_endless(z.re, c, _grown(z.re, False, c)), _grown(z.re, True, s))


def secant(z: Pair) -> Pair:
    """1 / cosh(z), which is an exponential long before cosh(z) is beyond all numbers."""
    far = np.abs(z.re) > 30
    tail = scaled(exponential(chosen(z.re < 0, z, Pair(-z.re, -z.im))), 2)
    return chosen(far, tail, reciprocal(cosh(Pair(np.where(far, 0, z.re), z.im))))


def tanh(z: Pair) -> Pair:
    """Far from the imaginary line it is 1, and what is left an exponential."""
    digits = -log(float(np.finfo(z.re.dtype).eps))
    far = np.abs(z.re) > digits / 2 + 2
    t, s = np.tan(z.im), np.sinh(np.where(far, 0, z.re))
    b = 1 + t * t
    d = 1 + b * s * s
    tail = 4 * np.sin(z.im) * np.cos(z.im) * np.exp(-2 * np.abs(z.re))
    tail = np.where(np.isinf(z.re) & ~np.isfinite(z.im), 0, tail)
    sign = np.copysign(z.re.dtype.type(1), z.re)
    sign = np.where(np.isinf(z.re), sign, sign + 0 * t)  # nan, where the angle is
    re = np.where(far, sign, b * np.sqrt(1 + s * s) * s / d)
    re = np.where(z.re == 0, z.re, re)
    im = np.where(far, tail, t / d)
    return Pair(re, np.where(z.im == 0, z.im, im))


def on_axis(f: Callable[[Pair], Pair]) -> Callable[[Pair], Pair]:
    """sin, tan, ... from sinh, tanh, ...: f(z) = -i F(iz)."""
    return lambda z: turned_back(f(turned(z)))


def _roots(z: Pair) -> tuple[Pair, Pair, Any, Pair]:
    """sqrt(1 - z), sqrt(1 + z), whether z is infinite, and in which direction it then is."""
    endless = np.isinf(z.re) | np.isinf(z.im)
    unit = Pair(*(np.where(np.isinf(v), np.sign(v), 0 * np.sign(v)) for v in z))
    z = chosen(endless, one(z), z)
    return root(Pair(1 - z.re, -z.im)), root(past(z, 1)), endless, unit


def arcsin(z: Pair) -> Pair:
    a, b, endless, unit = _roots(z)
    re = np.arctan2(z.re, a.re * b.re - a.im * b.im)
    im = np.arcsinh(a.re * b.im - a.im * b.re)
    inf = np.copysign(z.re.dtype.type(np.inf), z.im)
    return chosen(endless, Pair(np.arctan2(unit.re, np.abs(unit.im)), inf), Pair(re, im))


def arccos(z: Pair) -> Pair:
    a, b, endless, unit = _roots(z)
    re = 2 * np.arctan2(a.re, b.re)
    im = np.arcsinh(b.re * a.im - b.im * a.re)
    inf = -np.copysign(z.re.dtype.type(np.inf), z.im)
    return chosen(endless, Pair(np.arctan2(np.abs(unit.im), unit.re), inf), Pair(re, im))


def arccosh(z: Pair) -> Pair:
    """|re| + i |im| of arccos(z) turned, with the sign of the imaginary part of z."""
    w = arccos(z)
    return Pair(np.abs(w.im), np.copysign(w.re, z.im))


def arctanh(z: Pair) -> Pair:
    """re = log((1 + x)^2 + y^2) / 4 - log((1 - x)^2 + y^2) / 4."""
    x, y = np.abs(z.re), z.im
    h, most = np.hypot(1 - x, y), np.sqrt(np.finfo(x.dtype).max) / 4
    far, near = np.maximum(x, np.abs(y)) > most, h < 1 / most
    usual = np.log1p(4 * x / h / h) / 4
    beside = (np.log(np.hypot(1 + x, y)) - np.log(h)) / 2
    re = np.where(far, np.where(np.isinf(h), 0, x / h / h), np.where(near, beside, usual))
    inner = np.where(far, 1, x), np.where(far, 1, y)
    im = np.arctan2(2 * inner[1], (1 - inner[0]) * (1 + inner[0]) - inner[1] * inner[1]) / 2
    im = np.where(far, np.copysign(x.dtype.type(pi / 2), y), im)
    return Pair(np.copysign(re, z.re), im)


# ------------------------------------------------------------ by the labels of their rows

LN2, LN10 = log(2), log(10)
# fmt: off
ELEMENTS: dict[str, Callable[..., Any]] = {
    "add":           lambda a, b: Pair(a.re + b.re, a.im + b.im),
    "subtract":      lambda a, b: Pair(a.re - b.re, a.im - b.im),
    "multiply":      times,
    "divide":        quotient,
    "negative":      lambda z: Pair(-z.re, -z.im),
    "positive":      lambda z: z,
    "conjugate":     lambda z: Pair(z.re, -z.im),
    "reciprocal":    reciprocal,
    "square":        lambda z: times(z, z),
    "power":         power,
    "float_power":   power,
    "sqrt":          root,
    "absolute":      lambda z: np.hypot(z.re, z.im),
    "sign":          sign,
    "rint":          lambda z: Pair(np.rint(z.re), np.rint(z.im)),
    "exp":           exponential,
    "exp2":          lambda z: exponential(scaled(z, LN2)),
    "expm1":         less_one,
    "log":           logarithm,
    "log2":          lambda z: scaled(logarithm(z), 1 / LN2),
    "log10":         lambda z: scaled(logarithm(z), 1 / LN10),
    "log1p":         past_one,
    "sinh":          sinh,
    "cosh":          cosh,
    "tanh":          tanh,
    "sech":          secant,
    "sin":           on_axis(sinh),
    "cos":           lambda z: cosh(turned(z)),
    "tan":           on_axis(tanh),
    "arcsin":        arcsin,
    "arccos":        arccos,
    "arctan":        on_axis(arctanh),
    "arcsinh":       on_axis(arcsin),
    "arccosh":       arccosh,
    "arctanh":       arctanh,
    "equal":         lambda a, b: (a.re == b.re) & (a.im == b.im),
    "not_equal":     lambda a, b: (a.re != b.re) | (a.im != b.im),
    "less":          less,
    "less_equal":    lambda a, b: less(a, b, True),
    "greater":       lambda a, b: less(b, a),
    "greater_equal": lambda a, b: less(b, a, True),
    "maximum":       lambda a, b: chosen(less(b, a, True) | ~known(a), a, b),
    "minimum":       lambda a, b: chosen(less(a, b, True) | ~known(a), a, b),
    "fmax":          lambda a, b: chosen(less(b, a, True) | ~known(b), a, b),
    "fmin":          lambda a, b: chosen(less(a, b, True) | ~known(b), a, b),
    "logical_not":   lambda z: ~true(z),
    "logical_and":   lambda a, b: true(a) & true(b),
    "logical_or":    lambda a, b: true(a) | true(b),
    "logical_xor":   lambda a, b: true(a) ^ true(b),
    "isnan":         lambda z: ~known(z),
    "isinf":         lambda z: np.isinf(z.re) | np.isinf(z.im),
    "isfinite":      lambda z: np.isfinite(z.re) & np.isfinite(z.im),
}
# fmt: on
