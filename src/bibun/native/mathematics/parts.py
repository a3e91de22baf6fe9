"""What elementary functions are made of: polynomials, powers of two, mantissas and exponents.

Shifts and masks work on the bits of floats (IEEE 754); a float that holds an integer becomes one by
adding 1.5 2^52 (or 1.5 2^23), after which it stands in the lowest bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...loops import Value


class Format(NamedTuple):
    """The layout of a kind of floats."""

    digits: int  # bits of the mantissa that are stored
    bias: int
    half: int  # the bits of sqrt(1/2)
    tiny: float  # the smallest normal number


FORMATS = {
    "f64": Format(52, 1023, 0x3FE6A09E667F3BCD, 2.0**-1022),
    "f32": Format(23, 127, 0x3F3504F3, 2.0**-126),
}


def polynomial(x: Value, coefficients: Mapping[str, Sequence[float]]) -> Value:
    """c0 + c1 x + c2 x^2 + ..., by Horner's rule."""
    *rest, last = coefficients[x.kind]
    y = x.like(last)
    for c in reversed(rest):
        y = y.fma(x, c)
    return y


def paired(x: Value, coefficients: Mapping[str, Sequence[float]]) -> Value:
    """The same in pairs of pairs (Estrin 1960), which wait less for each other.

    It takes two or three products more, and has about as small an error where |x| < 1/2.
    """
    terms: list[Any] = list(coefficients[x.kind])
    power = x
    while len(terms) > 1:
        pairs = [power.like(b).fma(power, a) for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
        if len(terms) > 1:
            power = power * power
    return x.like(terms[0])


def power_of_two(n: Value) -> Value:
    """2^n for an integer n in a float, if that is a normal number."""
    digits, bias, *_ = FORMATS[n.kind]
    bits = (n + (1.5 * 2.0**digits + bias)).bits()
    return (bits << digits).from_bits()


def scaled(y: Value, n: Value) -> Value:
    """y 2^n with one rounding, also where 2^n is no normal number."""
    first = (n * 0.5).rint()
    return y * power_of_two(first) * power_of_two(n - first)


def unsigned(x: Value) -> Value:
    """The bits of a float without a sign."""
    return x.bits().to("u" + x.kind[1:])


def mantissa(x: Value) -> tuple[Value, Value]:
    """e and f of a positive normal x = 2^e (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2)."""
    digits, bias, half, *_ = FORMATS[x.kind]
    one = bias << digits
    bits = unsigned(x) + (one - half)
    e = as_float((bits >> digits), x.kind) - bias
    f = ((bits & ((1 << digits) - 1)) + half).to("i" + x.kind[1:]).from_bits() - 1
    return e, f


def as_float(n: Value, kind: str) -> Value:
    """A small unsigned integer as a float of the same width."""
    digits, bias, *_ = FORMATS[kind]
    exponent = (bias + digits) << digits
    return (n | exponent).to("i" + kind[1:]).from_bits() - 2.0**digits


def two_product(a: Value, b: Any) -> tuple[Value, Value]:
    """a b as a rounded product and its error (Dekker 1971; with fma)."""
    high = a * b
    return high, a.fma(b, -high)


def two_sum(a: Value, b: Value) -> tuple[Value, Value]:
    """a + b as a rounded sum and its error, for |a| >= |b| (Dekker 1971)."""
    high = a + b
    return high, b - (high - a)


def any_sum(a: Value, b: Value) -> tuple[Value, Value]:
    """a + b as a rounded sum and its error (Knuth)."""
    high = a + b
    part = high - a
    return high, (a - (high - part)) + (b - part)


def beyond(x: Value, limit: float) -> Value:
    """Whether |x| is not below a limit; nan is not."""
    return ~(abs(x) < limit)
