"""Writes src/bibun/native/mathematics/coefficients.py: the polynomials of native functions.

    python docs/make_polynomials.py

A function is written as something exact and a smooth rest, and the rest is interpolated at
Chebyshev's points in many digits (Muller, Elementary Functions, 3rd edition, chapter 3): its error
is at most a few times that of the best polynomial. The degree is the least for which the error is
below what rounding leaves, so that the rounding of the evaluation decides.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

FILE = Path(__file__).parent.parent / "src/bibun/native/mathematics/coefficients.py"
DIGITS = 60
HEAD = '''"""Coefficients of polynomials, made by docs/make_polynomials.py: do not edit.

From the constant term on, for float64 and for float32.
"""

# fmt: off
'''


class Rest(NamedTuple):
    """A smooth function on an interval; its errors count as `weight` of the whole function."""

    f: Callable[[Any], Any]
    low: float
    high: float
    weight: float  # how large the rest is beside the whole, at most


def _series(f: Callable, x: Any, order: int = 40) -> Any:
    """f near 0, where its formula cancels, by Taylor's series."""
    return mp.polyval(_taylor(f, order)[::-1], x)


_KNOWN: dict[Callable, list] = {}


def _taylor(f: Callable, order: int) -> list:
    if f not in _KNOWN:
        _KNOWN[f] = mp.taylor(f, 0, order)
    return _KNOWN[f]


def over(f: Callable, power: int, first: int) -> Callable:
    """(f(x) - its terms below x^first) / x^power as a function of x, for f analytic at 0."""

    def rest(x: Any) -> Any:
        coefficients = _taylor(f, 70)[first:]
        return mp.polyval(coefficients[::-1], x) * x ** (first - power)

    return rest


def of_square(f: Callable, first: int) -> Callable:
    """For an odd or even f: (f(x) - its terms below x^first) / x^first as a function of x^2."""

    def rest(t: Any) -> Any:
        return mp.polyval(_taylor(f, 90)[first::2][::-1], t)

    return rest


def erfcx(t: Any) -> Any:
    """erfcx(x) (1 + 2 x) for t = (x - 4) / (x + 4)."""
    x = 4 * (1 + t) / (1 - t) if t != 1 else mp.inf
    if x > 1e6:
        return 2 / mp.sqrt(mp.pi)
    return mp.exp(x * x) * mp.erfc(x) * (1 + 2 * x)


LN2 = float(mp.log(2))
T8 = float(mp.tan(mp.pi / 8)) + 1e-9
F = 2**0.5 - 1 + 1e-9  # of the mantissas between sqrt(1/2) and sqrt(2), less 1: s = f / (2 + f)
# fmt: off
RESTS = {
    # exp(r) = 1 + r + r^2 q(r)
    "EXP":    Rest(over(mp.exp, 2, 2),          -LN2 / 2 - 1e-6, LN2 / 2 + 1e-6, 0.09),
    "EXP_16": Rest(over(mp.exp, 2, 2),          -LN2 / 32 - 1e-8, LN2 / 32 + 1e-8, 0.0003),
    # log(1 + f) = f - f^2/2 + s (f^2/2 + s^2 q(s^2)): atanh's series
    "LOG":    Rest(lambda t: 2 * of_square(mp.atanh, 3)(t), 0, (F / (2 + F)) ** 2, 0.03),
    "SIN":    Rest(of_square(mp.sin, 3),         0, (mp.pi / 4 + 1e-6) ** 2, 0.15),
    "COS":    Rest(of_square(mp.cos, 4),         0, (mp.pi / 4 + 1e-6) ** 2, 0.04),
    "TAN":    Rest(of_square(mp.tan, 3),         0, (mp.pi / 4 + 1e-6) ** 2, 0.3),
    "ATAN":   Rest(of_square(mp.atan, 3),        0, T8**2, 0.07),
    "ASIN":   Rest(of_square(mp.asin, 3),        0, 0.25 + 1e-9, 0.06),
    "TANH":   Rest(of_square(mp.tanh, 3),        0, 0.55**2, 0.12),
    "SINH":   Rest(of_square(mp.sinh, 3),        0, 1.0, 0.2),
    "ERF":    Rest(of_square(mp.erf, 3),         0, 1.0, 0.4),
    "ERFCX":  Rest(erfcx,                       -7 / 9 - 1e-9, 1, 1.0),
}
# fmt: on


def interpolated(rest: Rest, degree: int) -> list:
    """The polynomial through the rest at Chebyshev's points, from the constant term on."""
    n = degree + 1
    middle, half = (mp.mpf(rest.high) + rest.low) / 2, (mp.mpf(rest.high) - rest.low) / 2
    nodes = [mp.cos(mp.pi * (k + mp.mpf(1) / 2) / n) for k in range(n)]
    values = [rest.f(middle + half * u) for u in nodes]
    angles = [mp.acos(u) for u in nodes]
    chebyshev = [
        2 / mp.mpf(n) * mp.fsum(v * mp.cos(j * a) for a, v in zip(angles, values, strict=True))
        for j in range(n)
    ]
    chebyshev[0] /= 2
    before, now = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    total = [mp.mpf(0)] * n
    for j, c in enumerate(chebyshev):
        term = before if j == 0 else now
        for k, a in enumerate(term):
            total[k] += c * a
        if j:
            twice = [mp.mpf(0), *(2 * a for a in now)]
            for k, a in enumerate(before):
                twice[k] -= a
            before, now = now, twice
    return shifted(total, middle, half)


def shifted(p: list, middle: Any, half: Any) -> list:
    """The polynomial p((x - middle) / half) in powers of x."""
    result = [mp.mpf(0)]
    for c in reversed(p):
        product = [mp.mpf(0)] * (len(result) + 1)
        for k, a in enumerate(result):
            product[k] -= a * middle / half
            product[k + 1] += a / half
        product[0] += c
        result = product
    return result[: len(p)]


def error(rest: Rest, p: list) -> Any:
    """The largest error of a polynomial, relative to the rest, at many points."""
    points = [rest.low + (mp.mpf(rest.high) - rest.low) * k / 400 for k in range(401)]
    return max(abs(mp.polyval(p[::-1], x) / rest.f(x) - 1) for x in points)


def made(rest: Rest, bits: int) -> list:
    """The shortest polynomial whose error is a hundredth of a rounding of the whole function."""
    for degree in range(2, 40):
        p = interpolated(rest, degree)
        if error(rest, p) * rest.weight < mp.mpf(2) ** (-bits) / 64:
            return p
    raise ValueError("no polynomial is good enough")


def main() -> None:
    """Write the file."""
    lines = [HEAD]
    with mp.workdps(DIGITS):
        for name, rest in RESTS.items():
            lines.append(f"{name} = {{")
            for kind, bits, of in (("f64", 53, np.float64), ("f32", 24, np.float32)):
                numbers = [float(of(float(c))) for c in made(rest, bits)]
                lines += [f'    "{kind}": (', *listed(numbers, 8), "    ),"]
            lines.append("}")
        for name, (number, *digits) in NUMBERS.items():
            lines.append(f"{name} = {{")
            for kind, cut, whole in (("f64", digits[0], 53), ("f32", digits[1], 24)):
                lines.append(f'    "{kind}": {parts(number(), [*cut, whole], whole)},')
            lines.append("}")
        lines += two_over_pi()
        lines += roots()
        lines += pieces()
    FILE.write_text("\n".join(lines) + "\n", "utf-8")


NUMBERS = {  # split into parts, of which the first have only so many digits: for float64, float32
    "LN2": (lambda: mp.log(2), (32,), (12,)),
    "LOG10_2": (lambda: mp.log10(2), (32,), (12,)),
    "PI": (lambda: +mp.pi, (53,), (24,)),
    "HALF_PI": (lambda: mp.pi / 2, (33, 53), (11, 24)),
    "TWO_OVER_ROOT_PI": (lambda: 2 / mp.sqrt(mp.pi), (53,), (24,)),
}


def parts(x: Any, digits: list[int], whole: int) -> tuple[float, ...]:
    """A number as a sum of floats, of so many digits each."""
    found = []
    for d in digits:
        with mp.workprec(d):
            found.append(float(+x))
        x -= found[-1]
    return tuple(found)


STEP, TERMS = 16, 5


def two_over_pi() -> list[str]:
    """2^e 2/pi mod 4 for e = 0, 16, 32, ..., each as a sum of five numbers (Payne and Hanek)."""
    with mp.workprec(2600):
        rows = []
        for e in range(0, 976, STEP):
            x = 2 / mp.pi * mp.mpf(2) ** e
            x -= 4 * mp.floor(x / 4)
            for _ in range(TERMS):
                rows.append(float(x))
                x -= rows[-1]
    head = ["", "# 2^e 2/pi mod 4 for e = 0, 16, 32, ...: five numbers each.", "TWO_OVER_PI = ("]
    return [*head, *listed(rows, 4), ")"]


def roots() -> list[str]:
    """2^(k / 16), and the rest of each beside it."""
    exact = [mp.mpf(2) ** (mp.mpf(k) / 16) for k in range(16)]
    found = [float(x) for x in exact]
    rests = [float(x / y - 1) for x, y in zip(exact, found, strict=True)]
    head = ["", "# 2^(k / 16), and how much more that is in relation."]
    return [*head, "ROOTS = (", *listed(found, 4), ")", "RESTS = (", *listed(rests, 4), ")"]


DEGREE, SATURATED = 13, 19.0625
"""The degree of the polynomials of tanh in pieces, and from where on it is 1 in all digits."""


def pieces() -> list[str]:
    """tanh(c + r) as polynomials in r >= 0, one for each quarter of an octave of 1 + x < 16.

    Each begins at c; the first one at 0, where it is r + r^2 p(r), so that small numbers keep all
    digits. The last one goes on until tanh is 1. tanh(c) is a sum of two numbers, of which the
    first column has the smaller one.
    """
    ends = [mp.mpf(2) ** e * (1 + mp.mpf(k) / 4) - 1 for e in range(4) for k in range(4)]
    first = interpolated(Rest(over(mp.tanh, 2, 2), 0, ends[1], 1.0), DEGREE - 2)
    # Where r is -0, so is the sum: its terms with r^2 and r^6 have the sign of r.
    assert first[0] > 0 and first[4] > 0
    rows = [[0.0, 0.0, 1.0, *first]]
    for c, end in zip(ends[1:], [*ends[2:], mp.mpf(SATURATED)], strict=True):
        p = interpolated(Rest(lambda r, c=c: mp.tanh(c + r), 0, end - c, 1.0), DEGREE)
        rows.append([p[0] - float(p[0]), *p])
    rows = rows[4:] + rows[:4]  # by the lowest bits of the exponent of 1 + x, which begin with 3
    head = ["", "# tanh(c) in two parts, and the coefficients of r, r^2, ... of all pieces."]
    head += [f"TANH_END = {SATURATED}", "TANH_PIECES = ("]
    for column in zip(*rows, strict=True):
        head += ["    (", *listed([float(x) for x in column], 8), "    ),"]
    return [*head, ")"]


def listed(numbers: list[float], indent: int) -> list[str]:
    """Lines of numbers."""
    space = " " * indent
    text = ", ".join(map(repr, numbers)) + ","
    return textwrap.wrap(text, 99, initial_indent=space, subsequent_indent=space)


if __name__ == "__main__":
    main()
