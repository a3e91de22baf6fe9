"""sin, cos and tan.

x = n pi/2 + r, where r = high + low in two floats: three parts of pi/2 for moderate x (Cody and
Waite 1980), a table of 2/pi times powers of two for huge ones (Payne and Hanek 1983).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...loops import Value
from ...loops.statements import WIDTH
from .coefficients import COS, HALF_PI, PI, SIN, TAN, TWO_OVER_PI
from .parts import FORMATS, any_sum, paired, polynomial, power_of_two, two_product, two_sum

MODERATE = {"f64": 1e6, "f32": 6e3}
TERMS, STEP = 5, 16
TWO_OVER = 0.6366197723675814


class Angle(NamedTuple):
    """A rest of at most about pi/4 in two floats, and the number of quarter turns, modulo 4.

    The second float is small beside 1, and its square beside the first one: where x is next to a
    multiple of pi/2, a good part of the rest may be in it.
    """

    high: Value
    low: Value
    turns: Value  # an integer


def moderate(x: Value) -> Angle:
    """The angle of an x >= 0 that is not huge."""
    first, second, third = HALF_PI[x.kind]
    whole = 1.5 * 2.0 ** FORMATS[x.kind].digits
    shifted = x.fma(TWO_OVER, whole)  # which leaves n in the lowest bits
    n = shifted - whole
    r = (-n).fma(first, x)
    # Not n * second, which compilers of C++ would join with the difference. As r is a multiple of
    # the product's last place, what is left of r is exact (Dekker's sum).
    high = r - n.fma(second, 0)
    low = (-n).fma(second, r - high)
    return Angle(high, (-n).fma(third, low), shifted.bits())


def integer(n: Value) -> Value:
    """An integer in a float as an integer, modulo 2^23 at least."""
    digits = FORMATS[n.kind].digits
    return (n + 1.5 * 2.0**digits).bits()


def huge(x: Value) -> Angle:
    """The angle of any x >= 0."""
    size = x.to("f64")
    place = (size.bits() >> 52) - 1075
    row = ((place < 0).where(0, place)) >> 4
    # A whole number for every row but the first: what multiples of 4 were left out does not count.
    factor = size * power_of_two((row.to("f64")) * -float(STEP))
    high, low = size.like(0), size.like(0)
    for k in range(TERMS):
        for part in two_product(factor, x.code.table(TWO_OVER_PI, row * TERMS + k)):
            high, more = any_sum(high, part - 4 * (part * 0.25).rint())
            low = low + more
    high, low = any_sum(high, low)
    n = high.rint()
    high, low = any_sum(high - n, low)
    half, rest = PI["f64"][0] / 2, PI["f64"][1] / 2
    product, error = two_product(high, half)
    error = high.fma(rest, low.fma(half, error))
    high, low = two_sum(product, error)
    return narrowed(high, low, integer(n), x.kind)


def narrowed(high: Value, low: Value, turns: Value, kind: str) -> Angle:
    """The same angle in floats of another kind."""
    if kind == "f64":
        return Angle(high, low, turns)
    first = high.to(kind)
    return Angle(first, (high - first.to("f64") + low).to(kind), turns.to("i32"))


def sine(a: Angle) -> Value:
    """sin of the rest."""
    z = a.high * a.high
    return a.high + (a.high * z).fma(paired(z, SIN), a.low * (1 - 0.5 * z))


def cosine(a: Angle) -> Value:
    """cos of the rest: what is taken from 1 is less than 0.3, and rounded once."""
    z = a.high * a.high
    more = (-(z * z)).fma(paired(z, COS), a.high * a.low)
    return 1 - (0.5 * a.high).fma(a.high, more)


def sine_of_all(a: Angle) -> Value:
    """sin of the whole angle."""
    return turned(crossed(a).where(cosine(a), sine(a)), a.turns)


def cosine_of_all(a: Angle) -> Value:
    """cos of the whole angle."""
    return turned(crossed(a).where(sine(a), cosine(a)), a.turns + 1)


def crossed(a: Angle) -> Value:
    """Whether sine and cosine take each other's place, after an odd number of quarter turns."""
    return (a.turns & 1).differs(0)


def turned(y: Value, turns: Value) -> Value:
    """y, or -y after two or three quarter turns."""
    return (y.bits() ^ ((turns & 2) << (WIDTH[y.kind] - 2))).from_bits()


def _even(x: Value, f: Callable[[Angle], Value]) -> Value:
    """f(-x) = f(x)."""
    size = abs(x)
    usual = f(moderate(size))
    infinite = size - size  # nan for infinities
    return size.code.seldom(~(size < MODERATE[size.kind]), usual, lambda: f(huge(size)) + infinite)


def _odd(x: Value, f: Callable[[Angle], Value]) -> Value:
    """f(-x) = -f(x), also for 0."""
    sign = x.bits() & -(2 ** (WIDTH[x.kind] - 1))
    return (_even(x, f).bits() ^ sign).from_bits()


def sin(x: Value) -> Value:
    """The sine."""
    return _odd(x, sine_of_all)


def cos(x: Value) -> Value:
    """The cosine."""
    return _even(x, cosine_of_all)


def tan(x: Value) -> Value:
    """The tangent; after an odd number of quarter turns -1 / tan of the rest."""

    def of(a: Angle) -> Value:
        z = a.high * a.high
        t = a.high + a.low.fma(1 + z, a.high * z * polynomial(z, TAN))
        return crossed(a).where(-1 / t, t)

    return _odd(x, of)
