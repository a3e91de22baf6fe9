"""Near numbers: floats with a bound of their error, the quick proof that no digits are lost.

Most programs that are looked at have lost none, and that can be proven in floats: each operation
carries along by how much its result may be off, its own rounding included (midpoint-radius
arithmetic: Rump, Verification methods, Acta Numerica 19, 2010, section 2). What has no bound here,
and what a bound leaves open, is for balls to say (balls.py), which take python-flint.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from .objects import Element, Library, UndecidedError

ROUNDED = 2.3e-16
"""The part of a result by which rounding may change it, and a bit more than that."""
CLOSE = 1e-15
"""The same of functions of the C library, which are off by some units in the last place."""
MORE = 1 + 1e-14
"""Bounds are computed in a few operations, each of which rounds."""
LEAST = 1e-322
"""Some of the smallest numbers, by which an operation is off that underflows."""
FARTHEST = 1e5
"""Arguments up to which the sines of all C libraries are as close as others of their functions."""


class Near:
    """A real number that is at most `off` away from a float."""

    __slots__ = ("off", "x")

    def __init__(self, x: float, off: float = 0.0):
        if not (math.isfinite(x) and math.isfinite(off)):
            raise OverflowError
        self.x, self.off = x, off

    # fmt: off
    def __neg__(self) -> Near:              return Near(-self.x, self.off)
    def __pos__(self) -> Near:              return self
    def __abs__(self) -> Near:              return Near(abs(self.x), self.off)
    def __radd__(self, other: Any) -> Near: return near(other) + self
    def __rsub__(self, other: Any) -> Near: return near(other) - self
    def __rmul__(self, other: Any) -> Near: return near(other) * self
    def __rtruediv__(self, other: Any) -> Near: return near(other) / self
    def __rpow__(self, other: Any) -> Near: return near(other) ** self
    def __gt__(self, other: Any) -> bool:   return near(other) < self
    def __ge__(self, other: Any) -> bool:   return not self < other
    def __le__(self, other: Any) -> bool:   return not near(other) < self
    def __ne__(self, other: Any) -> bool:   return not self == other
    def __bool__(self) -> bool:             return self != 0
    # fmt: on

    def __add__(self, other: Any) -> Near:
        y = near(other)
        return rounded(self.x + y.x, self.off + y.off)

    def __sub__(self, other: Any) -> Near:
        y = near(other)
        return rounded(self.x - y.x, self.off + y.off)

    def __mul__(self, other: Any) -> Near:
        y = near(other)
        off = abs(self.x) * y.off + abs(y.x) * self.off + self.off * y.off
        return rounded(self.x * y.x, off)

    def __truediv__(self, other: Any) -> Near:
        y = near(other)
        least = abs(y.x) - y.off
        if not least > y.off:
            raise UndecidedError
        x = self.x / y.x
        # Each quotient by itself: rounding of a sum that underflows would be divided, too.
        return rounded(x, self.off / least + abs(x) * (y.off / least))

    def __pow__(self, other: Any) -> Near:
        p = near(other)
        if p.off or not p.x.is_integer() or abs(p.x) > 64:
            return exp(p * log(self))
        found = Near(1.0)
        for _ in range(int(abs(p.x))):
            found = found * self
        return found if p.x >= 0 else 1 / found

    def __lt__(self, other: Any) -> bool:
        y = near(other)
        apart, off = y.x - self.x, (self.off + y.off) * MORE
        if off == 0.0 or abs(apart) > off + ROUNDED * abs(apart):
            return apart > 0
        raise UndecidedError

    def __eq__(self, other: Any) -> bool:
        y = near(other)
        if self.off == y.off == 0.0:
            return self.x == y.x
        return not (self < y or y < self)  # undecided, unless they are apart

    __hash__ = None  # type: ignore[assignment]


def rounded(x: float, off: float, part: float = ROUNDED) -> Near:
    """A number that was rounded, and so far away before."""
    return Near(x, off * MORE + abs(x) * part + LEAST)


def near(x: Any) -> Near:
    """A number of Python's or NumPy's, exactly."""
    if type(x) is Near:
        return x
    if isinstance(x, np.integer):
        x = int(x)  # NumPy would round it to compare it
    value = float(x)  # numbers without an end are refused
    if isinstance(x, np.longdouble) or value != x:
        raise OverflowError
    return Near(value)


def positive(x: Near) -> float:
    """The least that x may be, which is above 0."""
    least = x.x - x.off
    if not least > x.off:
        raise UndecidedError
    return least / MORE


# ------------------------------------------------------------ functions


def exp(x: Near) -> Near:
    """Steeper by e^off at most."""
    y = math.exp(x.x)
    return rounded(y, (y + LEAST) * math.expm1(x.off), CLOSE)


def expm1(x: Near) -> Near:
    """As steep as exp."""
    return rounded(math.expm1(x.x), math.exp(x.x) * math.expm1(x.off), CLOSE)


def log(x: Near) -> Near:
    """As steep as at the least number."""
    return rounded(math.log(x.x), x.off / positive(x), CLOSE)


def log1p(x: Near) -> Near:
    """As steep as log of 1 + x."""
    return rounded(math.log1p(x.x), x.off / positive(1 + x), CLOSE)


def sqrt(x: Near) -> Near:
    """The difference of two squares, over a sum of roots."""
    if x.x == x.off == 0.0:
        return x
    return rounded(math.sqrt(x.x), x.off / math.sqrt(positive(x)))


def sinh(x: Near) -> Near:
    """As steep as the largest cosh."""
    return rounded(math.sinh(x.x), x.off * math.cosh((abs(x.x) + x.off) * MORE), CLOSE)


def cosh(x: Near) -> Near:
    """As steep as the largest |sinh|."""
    return rounded(math.cosh(x.x), x.off * math.sinh((abs(x.x) + x.off) * MORE), CLOSE)


def _circular(f: Callable[[float], float]) -> Callable[[Near], Near]:
    """A function that is never steeper than x, and has a period."""

    def found(x: Near) -> Near:
        if abs(x.x) > FARTHEST:
            raise UndecidedError
        return rounded(f(x.x), x.off, CLOSE)

    return found


def _flat(f: Callable[[float], float]) -> Callable[[Near], Near]:
    """A function that is never steeper than x."""
    return lambda x: rounded(f(x.x), x.off, CLOSE)


def _larger(x: Near, y: Near) -> Near:
    return y if x < y else x


def _smaller(x: Near, y: Near) -> Near:
    return x if x < y else y


# fmt: off
FUNCTIONS: dict[str, Callable] = {
    "exp": exp, "expm1": expm1, "log": log, "log1p": log1p, "sqrt": sqrt,
    "sin": _circular(math.sin), "cos": _circular(math.cos),
    "sinh": sinh, "cosh": cosh, "tanh": _flat(math.tanh), "arctan": _flat(math.atan),
    "square": lambda x: x * x, "reciprocal": lambda x: 1 / x,
    "negative": lambda x: -x, "positive": lambda x: x, "absolute": abs, "fabs": abs,
    "add": lambda x, y: x + y, "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y, "divide": lambda x, y: x / y,
    "maximum": _larger, "minimum": _smaller,
}
# fmt: on


class Nearby(Library):
    """These numbers and functions; whatever asks for others is not expressible."""

    def __init__(self, check: Callable):
        super().__init__(SimpleNamespace(**FUNCTIONS), near, None, False, check)

    def number(self, x: Any) -> Any:
        if isinstance(x, Element):
            return x.value
        return near(x) if isinstance(x, bool | int | float | np.generic) else x

    def function(self, name: str) -> Callable | None:
        return FUNCTIONS.get(name)

    def direct(self, op: Any) -> Callable | None:
        return FUNCTIONS.get(op.name)

    def floats(self, x: Any) -> np.ndarray:
        """What floats decide, such as an index, is not decided here."""
        raise UndecidedError


__all__ = ["MORE", "Near", "Nearby", "near"]
