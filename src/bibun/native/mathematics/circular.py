"""sin, cos and tan.

x = n pi/2 + r, where r = high + low in two floats: three parts of pi/2 for moderate x (Cody and
Waite 1980), a table of 2/pi times powers of two for huge ones (Payne and Hanek 1983).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...loops import Value
from .coefficients import COS, HALF_PI, PI, SIN, TAN, TWO_OVER_PI
from .parts import FORMATS, any_sum, beyond, polynomial, power_of_two, two_product, two_sum

MODERATE = {"f64": 1e6, "f32": 6e3}
TERMS, STEP = 5, 16
TWO_OVER = 0.6366197723675814


class Angle(NamedTuple):
    """A rest of at most about pi/4 in two floats, and the number of quarter turns, modulo 4."""

    high: Value
    low: Value
    turns: Value  # an integer

    def turned(self, by: int) -> Angle:
        """The angle a number of quarter turns further."""
        return self._replace(turns=self.turns + by)


def moderate(x: Value) -> Angle:
    """The angle of an x that is not huge."""
    first, second, third = HALF_PI[x.kind]
    n = (x * TWO_OVER).rint()
    r = (-n).fma(first, x)
    product, error = two_product(n, second)
    high, low = any_sum(r, -product)
    high, low = two_sum(high, (-n).fma(third, low - error))
    return Angle(high, low, integer(n))


def integer(n: Value) -> Value:
    """An integer in a float as an integer, modulo 2^23 at least."""
    digits = FORMATS[n.kind].digits
    return (n + 1.5 * 2.0**digits).bits()


def huge(x: Value) -> Angle:
    """The angle of any x."""
    wide = x.to("f64")
    size = abs(wide)
    place = (size.bits() >> 52) - 1075
    row = ((place < 0).where(0, place)) >> 4
    # A whole number for every row but the first: what multiples of 4 were left out does not count.
    factor = size * power_of_two((row.to("f64")) * -float(STEP))
    high, low = wide.like(0), wide.like(0)
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
    back = wide < 0
    turns = integer(back.where(-n, n))
    return narrowed(back.where(-high, high), back.where(-low, low), turns, x.kind)


def narrowed(high: Value, low: Value, turns: Value, kind: str) -> Angle:
    """The same angle in floats of another kind."""
    if kind == "f64":
        return Angle(high, low, turns)
    first = high.to(kind)
    return Angle(first, (high - first.to("f64") + low).to(kind), turns.to("i32"))


def sine(a: Angle) -> Value:
    """sin of the rest."""
    z = a.high * a.high
    low = a.low.fma(z.fma(-0.5, 1), a.high * z * polynomial(z, SIN))
    return a.high + low


def cosine(a: Angle) -> Value:
    """cos of the rest."""
    z = a.high * a.high
    half = 0.5 * z
    first = 1 - half
    return first + (((1 - first) - half) + (z * z).fma(polynomial(z, COS), -(a.high * a.low)))


def turned(a: Angle) -> Value:
    """sin of the whole angle."""
    odd = (a.turns & 1).differs(0)
    y = odd.where(cosine(a), sine(a))
    return (a.turns & 2).differs(0).where(-y, y)


def _of(x: Value, f: Callable[[Angle], Value]) -> Value:
    usual = f(moderate(x))
    infinite = x - x  # nan for infinities
    return x.code.seldom(beyond(x, MODERATE[x.kind]), usual, lambda: f(huge(x)) + infinite)


def sin(x: Value) -> Value:
    """The sine."""
    y = _of(x, turned)
    return x.equals(0).where(x, y)


def cos(x: Value) -> Value:
    """The cosine."""
    return _of(x, lambda a: turned(a.turned(1)))


def tan(x: Value) -> Value:
    """The tangent; after an odd number of quarter turns -1 / tan of the rest."""

    def of(a: Angle) -> Value:
        z = a.high * a.high
        t = a.high + a.low.fma(1 + z, a.high * z * polynomial(z, TAN))
        return (a.turns & 1).differs(0).where(-1 / t, t)

    return x.equals(0).where(x, _of(x, of))
