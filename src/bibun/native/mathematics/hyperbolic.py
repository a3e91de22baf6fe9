"""sinh, cosh, tanh and their inverses."""

from __future__ import annotations

import numpy as np

from ...loops import Value
from .coefficients import SINH, TANH, TANH_END, TANH_PIECES
from .exponential import exp, sech, shifted
from .logarithm import log, log1p
from .parts import paired, polynomial


def _odd(x: Value, coefficients: dict) -> Value:
    """x + x^3 p(x^2).

    One behind the other, the many terms of float64 would take as long as an exponential.
    """
    t = x * x
    found = (paired if x.kind == "f64" else polynomial)(t, coefficients)
    return (x * t).fma(found, x)


def sinh(x: Value) -> Value:
    """(e^x - e^-x) / 2; a polynomial for small x, where that cancels."""
    a = abs(x)
    half = shifted(a, -1)
    return (a < 1).where(_odd(a, SINH), half - 0.25 / half).copysign(x)


def cosh(x: Value) -> Value:
    """(e^x + e^-x) / 2."""
    half = shifted(abs(x), -1)
    return half + 0.25 / half


def tanh(x: Value) -> Value:
    """1 - e sech(x) with e = e^-|x|; a polynomial for small x, where that cancels.

    The derivative is sech(x)^2, so that both have the exponential and the division in common.
    """
    if x.kind == "f64" and x.code.lookups and x.code.waiting:
        return in_pieces(x)
    a = abs(x)
    large = (-exp(-a)).fma(sech(x), 1)
    return (a < 0.55).where(_odd(a, TANH), large).copysign(x)


BY_WAY = (3, 4, 5, 6, 11, 12, 13, 14, 7, 8, 9, 10, 0, 2, 1)
"""The columns of TANH_PIECES, from the one with the longest way to the result."""


def in_pieces(x: Value) -> Value:
    """tanh(c + r) for the beginning c of a piece, as a polynomial in r.

    Of 1 + |x| two bits of the exponent and two of the mantissa number the piece. The result is
    there in half the time of an exponential and a division, which wait for each other; so this is
    for rounds that wait for each other. Elsewhere those two serve the derivative as well.

    tanh(c) is added to what is small beside it, and terms from r^6 on, which are smaller still,
    come last: two roundings are as large as that of the result. Lookups and products share two
    units, so that what has most operations on its way to the result is looked up first.
    """
    a, sign = abs(x), x.bits() & (-1 << 63)

    def signed(y: Value) -> Value:
        return (y.bits() ^ sign).from_bits()

    inside = ~(a >= TANH_END)
    bits = (x.capped(14) + 1).bits()  # the last piece begins with 13
    r = inside.where(a - ((bits & (-1 << 50)).from_bits() - 1), 0)
    piece = bits >> 50
    found = {k: x.code.lookup(TANH_PIECES[k], piece) for k in BY_WAY}
    low, high, *c = (found[k] for k in sorted(found))
    r2 = r * r
    r4 = r2 * r2
    square = signed(r2)
    pairs = [b.fma(r, a) for a, b in zip((low, *c[1::2]), c[::2], strict=True)]
    fours = [b.fma(r2, a) for a, b in zip(pairs[1::2], pairs[2::2], strict=True)]
    most = signed(inside.where(high, 1)) + square.fma(fours[0], signed(pairs[0]))
    return (square * r4).fma(fours[2].fma(r4, fours[1]), most)


def arcsinh(x: Value) -> Value:
    """log(x + sqrt(x^2 + 1)), written with log1p; log(2x) for large x."""
    a = abs(x)
    usual = log1p(a + a * a / (1 + a.fma(a, 1).sqrt()))
    large = {"f64": 2.0**28, "f32": 2.0**13}[x.kind]
    rare = lambda: log(a) + 0.6931471805599453  # noqa: E731
    return x.code.seldom(~(a < large), usual, rare).copysign(x)


def arccosh(x: Value) -> Value:
    """log(x + sqrt(x^2 - 1)), written with log1p of x - 1; log(2x) for large x."""
    t = x - 1
    usual = log1p(t + t.fma(t, t + t).sqrt())
    large = {"f64": 2.0**28, "f32": 2.0**13}[x.kind]
    rare = lambda: (x >= 1).where(log(x) + 0.6931471805599453, np.nan)  # noqa: E731
    return x.code.seldom(~((x >= 1) & (x < large)), usual, rare)


def arctanh(x: Value) -> Value:
    """log((1 + x) / (1 - x)) / 2, written with log1p."""
    a = abs(x)
    return (0.5 * log1p((a + a) / (1 - a))).copysign(x)
