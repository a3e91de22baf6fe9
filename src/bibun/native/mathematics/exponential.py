"""exp, exp2, expm1 and what is made of them: sigmoid, sech.

exp(x) = 2^n exp(r) with r = x - n log 2, |r| <= log(2)/2 (Muller, Elementary Functions, section
11.1); log 2 is subtracted in two parts, and exp(r) is a polynomial.
"""

from __future__ import annotations

from ...loops import Value
from .coefficients import EXP, EXP_16, LN2, RESTS, ROOTS
from .parts import FORMATS, beyond, paired, power_of_two, scaled

LOG2E = 1.4426950408889634
RANGE = {"f64": (708.0, -746.0, 710.0), "f32": (87.0, -104.0, 89.0)}
"""Where 2^n is normal, where exp is 0, and where it overflows."""
PRECISE = {"f64": 40.0, "f32": 18.0}
"""Where exp(x) - 1 is exp(x) to all digits."""


def reduced(x: Value) -> tuple[Value, Value]:
    """n and r = x - n log 2."""
    high, low = LN2[x.kind]
    n = (x * LOG2E).rint()
    return n, (-n).fma(low, (-n).fma(high, x))


def parted(x: Value) -> tuple[Value, Value]:
    """2^n and r, for moderate x: what rounds to n leaves n, and the bias, in the lowest bits."""
    digits, bias, *_ = FORMATS[x.kind]
    whole = 1.5 * 2.0**digits + bias
    high, low = LN2[x.kind]
    shifted = x.fma(LOG2E, whole)
    n = shifted - whole
    return (shifted.bits() << digits).from_bits(), (-n).fma(low, (-n).fma(high, x))


def less_one(r: Value) -> Value:
    """exp(r) - 1 for small r."""
    return (r * r).fma(paired(r, EXP), r)


def exp(x: Value) -> Value:
    """e^x."""
    normal, lowest, highest = RANGE[x.kind]
    usual = by_roots(x) if x.code.lookups and x.kind == "f64" else by_powers(x)

    def rare() -> Value:
        inside = (x < lowest).where(lowest, (x > highest).where(highest, x))
        n, r = reduced(inside)
        return scaled(less_one(r) + 1, n)

    return x.code.seldom(beyond(x, normal), usual, rare)


def by_powers(x: Value) -> Value:
    """2^n e^r for moderate x: the bits of 2^n (less_one(r) + 1), as that is a power of two."""
    s, r = parted(x)
    return less_one(r).fma(s, s)


def by_roots(x: Value) -> Value:
    """2^(n / 16) e^r for moderate x: half of the polynomial's terms do, since r is so small.

    n mod 16 stands in the lowest bits of the rounded number, and tells the root of two.
    """
    whole = 1.5 * 2.0**52
    high, low = (part / 16 for part in LN2["f64"])
    shifted = x.fma(16 * LOG2E, whole)
    n, bits = shifted - whole, shifted.bits()
    s = (x.code.lookup(ROOTS, bits).bits() + ((bits & -16) << 48)).from_bits()
    r = (-n).fma(low, (-n).fma(high, x))
    beside = r + x.code.lookup(RESTS, bits)  # what the root lacks of its number
    return (r * r).fma(paired(r, EXP_16), beside).fma(s, s)


def shifted(x: Value, k: int) -> Value:
    """e^x 2^k, which may be a number where e^x is none."""
    _, lowest, highest = RANGE[x.kind]
    end = highest - k
    n, r = reduced((x < lowest).where(lowest, (x > end).where(end, x)))
    return scaled(less_one(r) + 1, n + k)


def exp2(x: Value) -> Value:
    """2^x: n and the rest of x are exact, and the rest times log(2) is small."""
    limit = {"f64": 1022.0, "f32": 126.0}[x.kind]

    def of(x: Value) -> tuple[Value, Value]:
        n = x.rint()
        return n, less_one((x - n) * 0.6931471805599453)

    n, y = of(x)
    s = power_of_two(n)

    def rare() -> Value:
        end = limit + 2
        low = {"f64": -1080.0, "f32": -151.0}[x.kind]
        n, y = of((x < low).where(low, (x > end).where(end, x)))
        return scaled(y + 1, n)

    return x.code.seldom(beyond(x, limit), y.fma(s, s), rare)


def expm1(x: Value) -> Value:
    """e^x - 1, with all digits for small x."""
    s, r = parted(x)
    usual = s.fma(less_one(r), s - 1).copysign(x)

    def rare() -> Value:
        return (x < 0).where(-1, exp(x))

    return x.code.seldom(beyond(x, PRECISE[x.kind]), usual, rare)


def sigmoid(x: Value) -> Value:
    """1 / (1 + e^-x): e^x / (1 + e^x) for negative x, where e^-x might overflow."""
    e = exp(-abs(x))
    return (x < 0).where(e, x.isnan().where(x, 1)) / (1 + e)


def sech(x: Value) -> Value:
    """1 / cosh(x) = 2 e / (1 + e^2) with e = e^-|x|."""
    e = exp(-abs(x))
    return (e + e) / e.fma(e, 1)
