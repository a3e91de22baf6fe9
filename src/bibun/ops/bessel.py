"""scipy.special's Bessel functions of any order, also scaled by an exponential."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import comb, pi
from typing import Any

import numpy as np
import scipy.special as sc
from numpy.polynomial.legendre import leggauss

from ..array import Array, bind
from ..errors import NotDifferentiableError
from ..graph import Example, Op, operation, symmetric
from ..zeros import scale
from . import elementwise
from .alignment import known
from .families import bessel_slope, double, one_type

row = partial(elementwise.row, home=__name__)
NO_ORDER = (
    "it has no closed form by its order: keep that constant (bibun.stop_gradient), or give the "
    "function a derivative with bibun.custom_jvp"
)


@operation
class ScaledBessel(Op):
    """The derivatives by x of exp(-x) I_v(x), or of exp(x) K_v(x), for x > 0.

    Where their terms would cancel, by integrals with w = cosh(t) - 1 or 1 - cos(t) (DLMF 10.32.4,
    10.32.9), which are differentiated inside; that of I_v for large x by Hankel's series.
    """

    letter: str
    order: int
    refused = (0,)
    NODES = leggauss(64)

    def type(self, v, x):
        return one_type(self.name, v, x)

    def value(self, v, x):
        p, u = double(v), double(x)
        with np.errstate(all="ignore"):
            if self.letter == "k":
                inside = (u >= 2) & (np.abs(p) < u / 3)
                q = self._k(np.abs(np.where(inside, p, 0)), np.where(inside, u, 2))
            else:
                inside = (u >= 1) & (np.square(p) < 4 * u)
                q = self._i(np.where(inside, p, 0), np.where(inside, u, 1))
            y = np.where(inside, q, self._terms(BY_SCIPY[self.letter], p, u))
            y = np.where(u == np.inf, 0, y)
        return y.astype(x.dtype)[()]

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
        top = np.arcsinh(v / x)
        width = 10 / np.sqrt(x)
        low = np.maximum(top - width, 0)
        step, y = (top + width - low) / 64, 0
        for k in range(65):
            t = low + k * step
            w = 2 * np.square(np.sinh(t / 2))
            part = (np.exp(v * t - x * w) + np.exp(-v * t - x * w)) / 2 * w**self.order
            y = y + part * np.where((k == 0) & (low == 0), 0.5, 1)
        return (-1) ** self.order * step * y

    def _i(self, v, x):
        near = x < 30
        u, turn = np.where(near, x, 1), np.sin(pi * np.remainder(v, 2))
        y, reach = np.zeros_like(x), np.arccosh(1 + 80 / np.where(near, x, 1)) + 1
        for node, weight in zip(*self.NODES, strict=True):
            t, s = pi / 2 * (1 + node), reach / 2 * (1 + node)
            w = 2 * np.sin(t / 2) ** 2
            far = -(1 + np.cosh(s))
            y = y + weight / 2 * (-w) ** self.order * np.exp(-u * w) * np.cos(v * t)
            y = y - weight * reach / 2 * turn / pi * far**self.order * np.exp(u * far - v * s)
        return np.where(near, y, self._series(v, np.where(near, 30, x)))

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


BY_SCIPY = {"i": sc.ive, "k": sc.kve}


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


def k0e_by_x(y: Array, x: Array) -> Any:
    """k0e - k1e, which cancels for large x."""
    return np.where(x < 2, y - sc.k1e(x), bind(ScaledBessel("k", 1), np.zeros_like(x), x))


def k1e_by_x(y: Array, x: Array) -> Any:
    """k1e - k0e - k1e / x, which does, too."""
    return np.where(x < 2, y - sc.k0e(x) - y / x, bind(ScaledBessel("k", 1), np.ones_like(x), x))


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
k0e       = row(sc.k0e,       lambda y, x: k0e_by_x(y, x), domain=POSITIVE,
                              exact=lambda lib, x: lib.besselk(0, x) * lib.exp(x))
k1e       = row(sc.k1e,       lambda y, x: k1e_by_x(y, x), domain=POSITIVE,
                              exact=lambda lib, x: lib.besselk(1, x) * lib.exp(x))
hyp0f1    = row(sc.hyp0f1,    NO_ORDER, lambda y, v, x: hyp0f1_by_x(v, x), domain=POSITIVE)
# fmt: on
