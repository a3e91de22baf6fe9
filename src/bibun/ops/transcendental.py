"""The table of transcendental functions: exponentials, logarithms, circles and hyperbolas.

A row gives a ufunc and its partial derivatives as NumPy expressions of the result y and the
arguments. They are written so that their own derivatives are right as well: nothing overflows on
the way to a finite number, and small numbers are not differences of large ones.
"""

from __future__ import annotations

import sys
from importlib import import_module
from math import log, pi
from typing import Any

import numpy as np

from ..array import LATER, Array, bind, implements, lift
from ..graph import operation
from .alignment import known
from .elementwise import Family, row
from .formula import Formula
from .parts import imaginary

LN2, LN10 = log(2), log(10)


def difference(a: Array, b: Array) -> Array:
    """a - b, and 0 where both are the same infinity."""
    if any(n is not None and np.isfinite(n) for n in (known(a), known(b))):
        return a - b
    return np.where((a == b) & np.isinf(a), 0, a - b)


def by_ordinate(y: Array, a: Array, b: Array) -> Array:
    """d arctan2(a, b) / da. Not b / (a^2 + b^2): squares overflow long before the quotient does."""
    h = np.hypot(a, b)
    return b / h / h


def by_abscissa(y: Array, a: Array, b: Array) -> Array:
    h = np.hypot(a, b)
    return -a / h / h


# ------------------------------------------------------------ complex numbers
# On a branch cut the sign of a zero says on which side. A number that is added has +0 as its
# imaginary part, which would turn -0 into +0, while z - 1 and z - -1 keep the sign.


def past(x: Any) -> Any:
    """1 + x."""
    return x - -1 if x.dtype.kind == "c" else 1 + x


def secant(x: Any) -> Any:
    """1 / cosh(x), which is 2 exp(-|x|) before the complex cosh overflows to inf + nan i."""
    if x.dtype.kind != "c":
        return 1 / np.cosh(x)
    far = np.abs(x.real) > 30  # where the other exponential is less than a rounding error
    tail = 2 * np.exp(np.where(x.real < 0, x, -x))
    return np.where(far, tail, 1 / np.cosh(np.where(far, x.dtype.type(0), x)))[()]


def arc(x: Any) -> Any:
    """1 / sqrt(1 - x^2), in factors that are on the same side of the cuts as arcsin and arccos."""
    if x.dtype.kind == "c":
        return 1 / (np.sqrt(-(x - 1)) * np.sqrt(past(x)))
    return 1 / np.sqrt(1 - np.square(x))


def witch(x: Any) -> Any:
    """1 / (1 + x^2)."""
    return 1 / (x - 1j) / (x - -1j) if x.dtype.kind == "c" else 1 / (1 + np.square(x))


def inverse_of_root(x: Any) -> Any:
    """1 / sqrt(1 + x^2)."""
    if x.dtype.kind != "c":
        return 1 / np.hypot(1, x)
    return arc(turned(x))


def turned(x: Any) -> Any:
    """ix, with exact zeros."""
    return imaginary(np.real(x)) - np.imag(x)


def poles(x: Any) -> Any:
    """1 / (1 - x^2)."""
    return -1 / (x - 1) / (x - -1) if x.dtype.kind == "c" else 1 / (1 - np.square(x))


def by_tangent(y: Any, x: Any) -> Any:
    """1 + tan(x)^2, which cancels for complex numbers far from the real line."""
    return np.square(sech(turned(x))) if x.dtype.kind == "c" else 1 + np.square(y)


def grown(lib: Any, x: Any) -> Any:
    """exp(x) - 1 of an exact number, to all digits where a library has them; SymPy has formulas."""
    return lib.expm1(x) if hasattr(lib, "expm1") else lib.exp(x) - 1


def log_past(lib: Any, x: Any) -> Any:
    """log(1 + x) of an exact number, to all digits: 1 + exp(-1e15) is 1 in any number of bits."""
    return lib.log1p(x) if hasattr(lib, "log1p") else lib.log(1 + x)


# fmt: off
POSITIVE, UNIT, ABOVE = (0.1, 4.0), (-0.9, 0.9), (1.1, 4.0)

SECH      = Formula("sech",    secant, like=np.cosh)
# Accurate in both tails, and silent: no exponential overflows.
SIGMOID   = Formula("sigmoid", lambda x: np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))),
                    like=np.cbrt)

# p x with 0 times anything 0, as in an expectation: what has no weight does not count.
WEIGHTED  = Formula("weighted", lambda p, x: np.where(p == 0, p, p * x), like=np.logaddexp)

weighted  = row(WEIGHTED,     lambda y, p, x: x, lambda y, p, x: p,
                              exact=lambda lib, p, x: p * x if p != 0 else p)
sech      = row(SECH,         lambda y, x: -y * np.tanh(x))
sigmoid   = row(SIGMOID,      lambda y, x: np.square(0.5 * sech(0.5 * x)),
                              exact=lambda lib, x: 1 / (1 + lib.exp(-x)))
exp       = row(np.exp,       lambda y, x: y)
# Not y log(2): at x = 1024 the value overflows, its derivative does not.
exp2      = row(np.exp2,      lambda y, x: (2 * LN2) * np.exp2(x - 1), exact=lambda lib, x: 2**x)
expm1     = row(np.expm1,     lambda y, x: np.exp(x), exact=lambda lib, x: grown(lib, x))
log       = row(np.log,       lambda y, x: 1 / x, domain=POSITIVE)
log2      = row(np.log2,      lambda y, x: (1 / LN2) / x, domain=POSITIVE,
                              exact=lambda lib, x: lib.log(x) / lib.log(2))
log10     = row(np.log10,     lambda y, x: (1 / LN10) / x, domain=POSITIVE,
                              exact=lambda lib, x: lib.log(x) / lib.log(10))
log1p     = row(np.log1p,     lambda y, x: 1 / past(x), domain=POSITIVE,
                              exact=lambda lib, x: log_past(lib, x))
# Not exp(a - y): y is rounded, and for large a and b nothing would be left of the difference.
logaddexp = row(np.logaddexp, lambda y, a, b: sigmoid(difference(a, b)),
                              lambda y, a, b: sigmoid(difference(b, a)), commutative=True,
                              exact=lambda lib, a, b: lib.log(lib.exp(a) + lib.exp(b)))
logaddexp2 = row(np.logaddexp2, lambda y, a, b: sigmoid(LN2 * difference(a, b)),
                              lambda y, a, b: sigmoid(LN2 * difference(b, a)), commutative=True,
                              exact=lambda lib, a, b: lib.log(2**a + 2**b) / lib.log(2))
sin       = row(np.sin,       lambda y, x: np.cos(x))
cos       = row(np.cos,       lambda y, x: -np.sin(x))
tan       = row(np.tan,       by_tangent, domain=(-1.2, 1.2))
arcsin    = row(np.arcsin,    lambda y, x: arc(x), domain=UNIT)
arccos    = row(np.arccos,    lambda y, x: -arc(x), domain=UNIT)
arctan    = row(np.arctan,    lambda y, x: witch(x))
arctan2   = row(np.arctan2,   by_ordinate, by_abscissa, domain=POSITIVE)
sinh      = row(np.sinh,      lambda y, x: np.cosh(x))
cosh      = row(np.cosh,      lambda y, x: np.sinh(x))
# Not 1 - y^2, which is 0 in the tails, nor 1 / cosh^2, whose own derivative is there 0 * inf.
tanh      = row(np.tanh,      lambda y, x: np.square(sech(x)))
arcsinh   = row(np.arcsinh,   lambda y, x: inverse_of_root(x))
arccosh   = row(np.arccosh,   lambda y, x: 1 / (np.sqrt(x - 1) * np.sqrt(past(x))), domain=ABOVE)
arctanh   = row(np.arctanh,   lambda y, x: poles(x), domain=UNIT)
deg2rad   = row(np.deg2rad,   pi / 180, exact=lambda lib, x: x * lib.pi / 180)
radians   = row(np.radians,   pi / 180, exact=lambda lib, x: x * lib.pi / 180)
rad2deg   = row(np.rad2deg,   180 / pi, exact=lambda lib, x: x * 180 / lib.pi)
degrees   = row(np.degrees,   180 / pi, exact=lambda lib, x: x * 180 / lib.pi)
# fmt: on


@operation
class Sinc(Family):
    """The derivatives of s(x) = sin(x) / x, with their limits at 0.

    From x s = sin(x): s^(n) = (sin(x + n pi/2) - n s^(n-1)) / x, accurate for |x| >= n; and nearer
    to 0 the series s^(n) = sum (-1)^((n+j)/2) x^j / (j! (n + j + 1)) over j with n + j even.
    """

    domain = (-4.0, 4.0)

    def value(self, x):
        if self.order == 0:
            # In the words of NumPy, to give its bits.
            y = np.where(x, x, np.finfo(x.dtype).eps)
            return (np.sin(y) / y)[()]
        wide = x.astype(np.promote_types(x.dtype, np.float64))
        near = np.abs(wide) < max(self.order, 1)
        y = np.where(near, self._near(np.where(near, wide, 0)), self._far(np.where(near, 1, wide)))
        return y.astype(x.dtype)[()]

    def exactly(self, lib, x):
        return lib.map(lambda x: self._exact(lib, x), x)

    def _exact(self, lib, x):
        n = self.order
        if x == 0:
            return lib.sign(1) * (0 if n % 2 else (-1) ** (n // 2)) / (n + 1)
        turns = lib.sin(x), lib.cos(x), -lib.sin(x), -lib.cos(x)
        y = turns[0] / x
        for k in range(1, n + 1):
            y = (turns[k % 4] - k * y) / x
        return y

    def _far(self, x):
        turns = np.sin(x), np.cos(x), -np.sin(x), -np.cos(x)
        y = turns[0] / x
        for n in range(1, self.order + 1):
            y = (turns[n % 4] - n * y) / x
        return y

    def _near(self, x):
        n, odd = self.order, self.order % 2
        power = (-1) ** ((n + odd) // 2) * x**odd
        y = np.zeros_like(x)
        for j in range(odd, 40 + 2 * n, 2):
            y += power / (n + j + 1)
            power = power * (-(x * x) / ((j + 1) * (j + 2)))
        return y


@implements(np.sinc)
def sinc(x: Any) -> Array:
    x = pi * lift(x)
    return bind(Sinc(0), x)


SPECIAL = (
    "bessel",
    "distributions",
    "elliptic",
    "factorials",
    "integrals",
    "losses",
    "polynomial_families",
    "special",
)


def _special(function: Any) -> bool:
    """Load the rows of scipy.special when one of its functions (or np.i0) is met."""
    module = sys.modules.get("scipy.special")
    theirs = (
        module is not None and getattr(module, getattr(function, "__name__", ""), None) is function
    )
    if not theirs and function is not np.i0:
        return False
    for name in SPECIAL:
        import_module(f"bibun.ops.{name}")
    return True


LATER.append(_special)
