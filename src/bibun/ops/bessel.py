"""scipy.special's Bessel functions of any order, also scaled by an exponential."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import comb, pi, sqrt
from typing import Any

import numpy as np
import scipy.special as sc

from ..array import Array, bind
from ..errors import NotDifferentiableError
from ..graph import Example, Op, operation, symmetric
from ..zeros import scale
from . import elementwise
from .alignment import known
from .families import balanced, bessel_slope, double, one_type, unit_nodes

row = partial(elementwise.row, home=__name__)
NO_ORDER = (
    "it has no closed form by its order: keep that constant (bibun.stop_gradient), or give the "
    "function a derivative with bibun.custom_jvp"
)


@operation
class ScaledBessel(Op):
    """The derivatives by x of exp(-x) I_v(x), or of exp(x) K_v(x), for x > 0.

    Where their terms would cancel, by integrals with w = cosh(t) - 1 or 1 - cos(t) (DLMF 10.32.2,
    10.32.4, 10.32.9), which are differentiated inside; that of I_v for large x by Hankel's series.
    """

    letter: str
    order: int
    refused = (0,)
    NODES = unit_nodes(64)

    def type(self, v, x):
        return one_type(self.name, v, x)

    def value(self, v, x):
        p, u = np.broadcast_arrays(double(v), double(x))  # one order may stand for all
        with np.errstate(all="ignore"):
            y = np.array(self._terms(BY_SCIPY[self.letter], p, u))
            parts = self._k_parts if self.letter == "k" else self._i_parts
            for inside, method in parts(p, u):
                if inside.any():
                    y[inside] = method(p[inside], u[inside])
        y[u == np.inf] = 0
        return y.astype(x.dtype)[()]

    def _k_parts(self, v, x):
        """Where a method is better than terms of SciPy's values, and the method."""
        yield (x >= 0.1) & (np.abs(v) < 1.5 + x / 3), self._k

    def _i_parts(self, v, x):
        near, whole = x < 30, v == np.rint(v)
        poisson = whole & (np.abs(v) <= 32) & (x > 0) & near
        ascending = ~whole & (v > -1) & (v <= 32) & (x > 0) & (x < np.clip(v * v / 4, 1, 2))
        rest = ~poisson & ~ascending & (np.square(v) < 4 * x)
        yield poisson, self._poisson
        yield ascending, self._ascending
        yield rest & near & (x >= 1), self._schlaefli
        yield rest & ~near, self._series

    def exactly(self, lib, v, x):
        sign = 1 if self.letter == "k" else -1

        def exact(v: Any, x: Any) -> Any:
            function = getattr(lib, f"bessel{self.letter}")
            return lib.exp(sign * x) * self._terms(function, v, x)

        return lib.map(exact, v, x)

    def push(self, y, args, tangents):
        if tangents[0] is not None:
            raise NotDifferentiableError(f"{self.name}: no derivative by argument 1: {NO_ORDER}")
        return _slope(self, *args).push(tangents[1]) if tangents[1] is not None else None

    def pull(self, y, args, g, wanted):
        if wanted[0]:
            raise NotDifferentiableError(f"{self.name}: no derivative by argument 1: {NO_ORDER}")
        return None, _slope(self, *args).pull(g) if wanted[1] else None

    def _terms(self, function, v, x):
        """By twice I_v' = I_(v-1) + I_(v+1), and K with the other sign."""
        n, s = self.order, 1 if self.letter == "k" else -1
        y = 0
        for j in range(n + 1):
            for i in range(j + 1):
                c = comb(n, j) * comb(j, i) * s ** (n - j) * (-s / 2) ** j
                y = y + c * function(v - j + 2 * i, x)
        return y

    def _k(self, v, x):
        """The trapezoidal rule about the largest term, which converges geometrically."""
        top = np.arcsinh(np.abs(v) / x)
        width = 2 * np.arcsinh(5 / np.sqrt(x))  # where x w is 50
        low = np.maximum(top - width, 0)
        step = (top + width - low) / 64

        def term(k: int) -> Any:
            t = low + k * step
            w = 2 * np.square(np.sinh(t / 2))
            y = (np.exp(v * t - x * w) + np.exp(-v * t - x * w)) / 2 * w**self.order
            return y if k else y * np.where(low == 0, 0.5, 1)

        return (-1) ** self.order * step * balanced(map(term, range(64)))

    def _poisson(self, v, x):
        """For whole v: f(x) = c x^v int_0^pi exp(-x w) sin(t)^(2 v) dt by the midpoint rule.

        By parts f'(x) = c x^(v-1) int exp(-x w) ((v - 1/2) w^2 - sin(t)^2 / 2) sin(t)^(2 v - 2) dt,
        and what f' has of v f / x, which the rest would cancel, is gone; of order 0 there is none.
        """
        v = np.abs(v)
        p = np.maximum(v - 1, 0) if self.order else v
        left, nodes = max(self.order - 1, 0), (np.arange(64) + 0.5) * (pi / 64)
        falling = [np.prod([p - i for i in range(j)], axis=0) for j in range(left + 1)]
        powers = [
            comb(left, j) * np.where(c == 0, 0, c * x ** (p - j)) for j, c in enumerate(falling)
        ]

        def term(w: float) -> Any:
            sine = w * (2 - w)
            rest = np.where(v > 0, (v - 0.5) * w * w - sine / 2, -w) if self.order else 1
            inner = sum(c * (-w) ** (left - j) for j, c in enumerate(powers))
            return np.exp(-x * w) * sine**p * rest * inner

        y = balanced(map(term, 2 * np.square(np.sin(nodes / 2))))
        return sqrt(pi) / 64 / (2**v * sc.gamma(v + 0.5)) * y

    def _ascending(self, v, x):
        """By the derivatives of I_v(x), the sum of (x / 2)^(v + 2 k) / (k! Gamma(v + k + 1))."""
        y, c = np.zeros_like(x), 1 / (sc.gamma(v + 1) * 2**v)
        for k in range(20):
            part, power = c, v + 2 * k
            for j in range(self.order + 1):
                sign = (-1) ** (self.order - j) * comb(self.order, j)
                y = y + sign * np.where(part == 0, 0, part * x ** (power - j))
                part = part * (power - j)
            c = c / (4 * (k + 1) * (v + k + 1))
        return y * np.exp(-x)

    def _schlaefli(self, v, x):
        """The integrals of exp(-x w) cos(v t), and of what that of any order has beyond."""
        turn, reach = np.sin(pi * np.remainder(v, 2)), np.arccosh(1 + 80 / x) + 1

        def term(node: float, weight: float) -> Any:
            t, s = pi * node, reach * node
            w, far = 2 * np.sin(t / 2) ** 2, -(1 + np.cosh(s))
            above = (-w) ** self.order * np.exp(-x * w) * np.cos(v * t)
            beyond = reach * turn / pi * far**self.order * np.exp(x * far - v * s)
            return weight * (above - beyond)

        return balanced(map(term, *self.NODES))

    def _series(self, v, x):
        """Abramowitz and Stegun 9.7.1, differentiated."""
        y, c = np.zeros_like(x), np.ones_like(x)
        for k in range(24):
            power = np.prod([-(k + 0.5 + j) for j in range(self.order)])
            y = y + c * power * x ** -(k + 0.5 + self.order)
            c = -c * (4 * np.square(v) - (2 * k + 1) ** 2) / (8 * (k + 1))
        return y / np.sqrt(2 * pi)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for letter in BY_SCIPY:
            for order in range(3):
                yield Example(cls(letter, order), ((2, 3), (2, 3)), (0.2, 4.0))


def scaled_k(v: Any, x: Any) -> Any:
    """kve, which is infinite below 1e-304, where SciPy's functions of one order are not."""
    y = sc.kve(v, x)
    y = np.where(np.isinf(y) & (v == 0), sc.k0e(x), y)
    return np.where(np.isinf(y) & (np.abs(v) == 1), sc.k1e(x), y)


BY_SCIPY = {"i": sc.ive, "k": scaled_k}


def _slope(op: ScaledBessel, v: Any, x: Any) -> Any:
    factor = bind(ScaledBessel(op.letter, op.order + 1), v, x)
    return symmetric(lambda g: scale(g, factor))


def by_x(letter: str, f: np.ufunc, v: Array, x: Array) -> Any:
    """Twice C_v' = a C_(v-1) + b C_(v+1); for known whole orders by functions of those alone."""
    n = known(v)
    if n is not None and n == int(n) and 0 <= n < 100:
        return bessel_slope(letter, int(n), x)
    before, after = {"i": (1, 1), "j": (1, -1), "k": (-1, -1), "y": (1, -1)}[letter]
    return (before * f(v - 1, x) + after * f(v + 1, x)) / 2


def scaled_i_by_x(y: Array, v: Array, x: Array) -> Any:
    """exp(-|x|) I_v(x) is even or odd for whole orders; of order 0 it has a kink at 0."""
    kink = (x == 0) & (v == 0)
    turn = np.where(x < 0, 2 * np.abs(np.remainder(v, 2)) - 1, 1)
    slope = turn * bind(ScaledBessel("i", 1), v, np.abs(x))
    return np.where(kink, 0, slope)


def hyp0f1_by_x(v: Array, x: Array) -> Any:
    return sc.hyp0f1(v + 1, x) / v


# fmt: off
POSITIVE  = (0.2, 4.0)

jv        = row(sc.jv,        NO_ORDER, lambda y, v, x: by_x("j", sc.jv, v, x), domain=POSITIVE,
                              exact=lambda lib, v, x: lib.besselj(v, x))
jve       = row(sc.jve,       NO_ORDER, lambda y, v, x: by_x("j", sc.jve, v, x), domain=POSITIVE,
                              exact=lambda lib, v, x: lib.besselj(v, x))
yv        = row(sc.yv,        NO_ORDER, lambda y, v, x: by_x("y", sc.yv, v, x), domain=POSITIVE,
                              exact=lambda lib, v, x: lib.bessely(v, x))
yve       = row(sc.yve,       NO_ORDER, lambda y, v, x: by_x("y", sc.yve, v, x), domain=POSITIVE,
                              exact=lambda lib, v, x: lib.bessely(v, x))
yn        = row(sc.yn,        NO_ORDER, lambda y, v, x: by_x("y", sc.yv, 1.0 * v, x), whole=(0,),
                              domain=POSITIVE, exact=lambda lib, v, x: lib.bessely(v, x))
iv        = row(sc.iv,        NO_ORDER, lambda y, v, x: by_x("i", sc.iv, v, x), domain=POSITIVE,
                              exact=lambda lib, v, x: lib.besseli(v, x))
ive       = row(sc.ive,       NO_ORDER, lambda y, v, x: scaled_i_by_x(y, v, x), domain=POSITIVE,
                              exact=lambda lib, v, x: lib.besseli(v, x) * lib.exp(-abs(x)))
kv        = row(sc.kv,        NO_ORDER, lambda y, v, x: by_x("k", sc.kv, v, x), domain=POSITIVE,
                              exact=lambda lib, v, x: lib.besselk(v, x))
kve       = row(sc.kve,       NO_ORDER, lambda y, v, x: bind(ScaledBessel("k", 1), v, x),
                              domain=POSITIVE,
                              exact=lambda lib, v, x: lib.besselk(v, x) * lib.exp(x))
kn        = row(sc.kn,        NO_ORDER, lambda y, v, x: by_x("k", sc.kv, 1.0 * v, x), whole=(0,),
                              domain=POSITIVE, exact=lambda lib, v, x: lib.besselk(v, x))
k0e       = row(sc.k0e,       lambda y, x: bind(ScaledBessel("k", 1), np.zeros_like(x), x),
                              domain=POSITIVE,
                              exact=lambda lib, x: lib.besselk(0, x) * lib.exp(x))
k1e       = row(sc.k1e,       lambda y, x: bind(ScaledBessel("k", 1), np.ones_like(x), x),
                              domain=POSITIVE,
                              exact=lambda lib, x: lib.besselk(1, x) * lib.exp(x))
hyp0f1    = row(sc.hyp0f1,    NO_ORDER, lambda y, v, x: hyp0f1_by_x(v, x), domain=POSITIVE)
# fmt: on
