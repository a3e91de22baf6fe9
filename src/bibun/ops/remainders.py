"""Functions that would be differences of nearly equal numbers: each by series of one sign.

They are what derivatives of scipy.special's functions are made of, in every order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import factorial, pi
from typing import Any

import numpy as np
import scipy.special as sc
from numpy.polynomial import Polynomial

from ..array import bind
from ..graph import Example, Op, operation, symmetric
from ..zeros import scale
from .elementwise import Family
from .families import Polygamma, balanced, double, one_type, unit_nodes
from .structure import cast
from .transcendental import grown, log_past

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""B_2, B_4, ..., B_16."""


def in_double(partial: Callable[..., Any], *args: Any) -> Any:
    """A partial derivative in float64, of which float32 would lose digits on the way."""
    wide = partial(*(cast(a, np.dtype(float)) for a in args))
    return cast(wide, args[-1].dtype)


@operation
class ExpRel(Family):
    """The derivatives of (exp(x) - 1) / x, which are y_n = int_0^1 t^n exp(x t) dt.

    Near 0 a series of positive terms, for x < 0 that of Kummer's transformation; elsewhere
    y_n = (exp(x) - n y_(n-1)) / x.
    """

    TERMS = 48

    def value(self, x):
        wide, n = double(x), self.order
        if n == 0:
            return sc.exprel(wide).astype(x.dtype)[()]
        with np.errstate(all="ignore"):
            near = np.abs(wide) < n + 3
            y = np.where(near, self._series(np.where(near, wide, 0)), self._recurrence(wide))
            y = np.where(wide == np.inf, wide, y)
        return y.astype(x.dtype)[()]

    def exactly(self, lib, x):
        return lib.map(lambda x: self._exact(lib, x), x)

    def _exact(self, lib, x):
        if x == 0:
            return lib.sign(1) / (self.order + 1)
        y = grown(lib, x) / x
        for n in range(1, self.order + 1):
            y = (lib.exp(x) - n * y) / x
        return y

    def _series(self, x):
        n, u = self.order, np.abs(x)
        right, left = np.zeros_like(x), np.zeros_like(x)
        power, part = np.ones_like(x), np.full_like(x, 1 / (n + 1))
        for k in range(self.TERMS):
            right, left = right + power / (n + k + 1), left + part
            power, part = power * u / (k + 1), part * u / (n + k + 2)
        return np.where(x < 0, np.exp(-u) * left, right)

    def _recurrence(self, x):
        """Of exp(-x) y_n for x > 0, which does not overflow."""
        right, far = x > 0, np.where(np.abs(x) < 1, 1, x)
        y = -np.expm1(-np.abs(far)) / np.abs(far)
        last = np.where(right, 1, np.exp(-np.abs(far)))
        for n in range(1, self.order + 1):
            y = (last - n * y) / far
        half = np.exp(np.where(right, x / 2, 0))
        return half * y * half


@operation
class LogRel(Family):
    """The derivatives of log(1 + x) / x, which are (-1)^n n! int_0^1 t^n / (1 + x t)^(n+1) dt.

    Near 0 a series of positive terms, elsewhere y_n = (y_(n-1) - s^n / n) / x with s = 1 / (1 + x).
    """

    domain = (-0.8, 4.0)
    TERMS = 64

    def value(self, x):
        wide, n = double(x), self.order
        with np.errstate(all="ignore"):
            near = (wide > -0.5) & (wide < 1)
            y = np.where(near, self._series(np.where(near, wide, 0)), self._recurrence(wide))
            y = np.where(wide == -1, np.inf, np.where(wide == np.inf, 0, y))
        return ((-1) ** n * factorial(n) * y).astype(x.dtype)[()]

    def exactly(self, lib, x):
        return lib.map(lambda x: self._exact(lib, x), x)

    def _exact(self, lib, x):
        if x == 0:
            return lib.sign((-1) ** self.order) * factorial(self.order) / (self.order + 1)
        y = log_past(lib, x) / x
        for n in range(1, self.order + 1):
            y = (y - (1 + x) ** -n / n) / x
        return (-1) ** self.order * factorial(self.order) * y

    def _series(self, x):
        """By powers of x / (1 + x) for x > 0, of -x for x < 0."""
        n, s = self.order, 1 / (1 + np.maximum(x, 0))
        v = np.where(x < 0, -x, x * s)
        y, power = np.zeros_like(x), s ** (n + 1)
        for k in range(self.TERMS):
            y = y + power / (n + 1 + k)
            power = power * v * np.where(x < 0, (n + k + 1) / (k + 1), 1)
        return y

    def _recurrence(self, x):
        s, y = 1 / (1 + x), np.log1p(x) / x
        for n in range(1, self.order + 1):
            y = (y - s**n / n) / x
        return y


@operation
class Dawson(Family):
    """The derivatives of Dawson's function F, which is its own: y_1 = 1 - 2 x F.

    For |x| < 1 the recurrence y_(n+1) = -2 x y_n - 2 n y_(n-1), from 8 on its series of powers of
    1 / x (Abramowitz and Stegun 7.1.23), differentiated; between, F(x) = int_0^x exp(u^2 - 2 x u)
    du, of which y_n is (-2)^n int_0^x u^n exp(u^2 - 2 x u) du and a polynomial times exp(-x^2).
    """

    NEAR, FAR = 1.0, 8.0
    NODES = unit_nodes(64)

    def value(self, x):
        wide = double(x)
        if self.order == 0:
            return sc.dawsn(wide).astype(x.dtype)[()]
        with np.errstate(all="ignore"):
            u = np.abs(wide)
            y = np.where(u < self.NEAR, self._steps(self._near(u), u), self._series(u))
            between = (u >= self.NEAR) & (u < self.FAR)
            if np.any(between):
                y = np.where(between, self._integral(u), y)
            y = np.where((wide < 0) & (self.order % 2 == 0), -y, y)  # F is odd
        return y.astype(x.dtype)[()]

    def exactly(self, lib, x):
        return lib.map(lambda x: self._exact(lib, x), x)

    def _exact(self, lib, x):
        start = lib.sqrt(lib.pi) / 2 * lib.exp(-(x**2)) * lib.erfi(x)
        return self._steps(start, x)

    def _steps(self, before, x):
        y = 1 - 2 * x * before
        for n in range(1, self.order):
            before, y = y, -2 * x * y - 2 * n * before
        return y if self.order else before

    def _near(self, x):
        """F(x) = exp(-x^2) (x + x^3 / 3 + x^5 / (2! 5) + ...), where SciPy's is off by 60 eps."""
        u = np.square(np.minimum(x, self.NEAR))
        y = np.zeros_like(u)
        for k in reversed(range(20)):
            y = y * u + 1 / (factorial(k) * (2 * k + 1))
        return x * np.exp(-u) * y

    def _integral(self, x):
        edge = Polynomial([0])
        for n in range(self.order):
            edge = edge.deriv() - Polynomial([0, 2]) * edge + Polynomial([0, -2]) ** n

        def term(node: float, weight: float) -> Any:
            u = x * node
            return weight * (-2 * u) ** self.order * np.exp(-u * (2 * x - u))

        return edge(x) * np.exp(-x * x) + x * balanced(map(term, *self.NODES))

    def _series(self, x):
        n, u = self.order, 1 / np.square(x)
        y, c = np.zeros_like(x), 0.5 * factorial(n)
        for k in range(32):
            y = y + c * u**k
            c = c * (k + 0.5) * (2 * k + 1 + n) * (2 * k + 2 + n) / ((2 * k + 1) * (2 * k + 2))
        return (-1) ** n * y * (1 / x) ** (n + 1)


@operation
class PsiDifference(Op):
    """psi^(n)(a + b) - psi^(n)(a), for positive a and a + b without cancellation.

    By ten steps of psi(x) = psi(x + 1) - 1 / x, and Stirling's series (Abramowitz and Stegun
    6.4.6, 6.4.11), term by term: 1 / p - 1 / (p + b) is b / (p (p + b)). Where both are negative,
    by reflection, psi^(n)(x) = (-1)^n psi^(n)(1 - x) - pi d^n/dx^n cot(pi x).
    """

    kind = "call"
    order: int
    STEPS = 10

    def type(self, a, b):
        return one_type(self.name, a, b)

    def value(self, a, b):
        p, d = double(a), double(b)
        with np.errstate(all="ignore"):
            right, left = (p > 0) & (p + d > 0), (p < 0.5) & (p + d < 0.5)
            q = np.where(right, p, 1 - p - d)
            y = self._sum(np.where(right | left, q, 1), np.where(right | left, d, 0))
            if not np.all(right):
                psi = Polygamma(self.order)
                turns = psi.turn(p + d, left) - psi.turn(p, left)
                reflected = (-1) ** (self.order + 1) * y - np.where(d == np.rint(d), 0, pi * turns)
                plain = psi.value if self.order else sc.psi
                other = np.where(left, reflected, plain(p + d) - plain(p))
                y = np.where(right, y, other)
        return np.asarray(y).astype(a.dtype)[()]

    def exactly(self, lib, a, b):
        def exact(a: Any, b: Any) -> Any:
            return lib.polygamma(self.order, a + b) - lib.polygamma(self.order, a)

        return lib.map(exact, a, b)

    def d(self, y, a, b):
        by_a, by_b = (
            bind(PsiDifference(self.order + 1), a, b),
            bind(Polygamma(self.order + 1), a + b),
        )
        return symmetric(lambda g: scale(g, by_a)), symmetric(lambda g: scale(g, by_b))

    def _sum(self, a, b):
        n, factors = self.order, (-1) ** self.order * factorial(self.order)
        y = sum(powers(n + 1, a + k, b) for k in range(self.STEPS)) * factors
        p = a + self.STEPS
        first = np.log1p(b / p) if n == 0 else factors / n * powers(n, p, b)
        y = y + first + factors / 2 * powers(n + 1, p, b)
        for k, b2k in enumerate(BERNOULLI, 1):
            rising = factorial(2 * k + n - 1) / factorial(2 * k)
            y = y + (-1) ** n * b2k * rising * powers(2 * k + n, p, b)
        return y

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for order in range(3):
            yield Example(cls(order), ((2, 3), (2, 3)), (0.2, 4.0))


def powers(m: int, p: Any, d: Any) -> Any:
    """p^-m - (p + d)^-m."""
    u, v = 1 / p, 1 / (p + d)
    return d * v * u * sum(u**i * v ** (m - 1 - i) for i in range(m))
