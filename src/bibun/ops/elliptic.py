"""Elliptic integrals: Legendre's of scipy.special, and Carlson's, which their derivatives are.

Legendre's derivatives are differences of integrals; Carlson's are integrals of one sign (DLMF
19.25.i).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import factorial, pi
from typing import Any

import numpy as np
import scipy.special as sc

from ..array import Array, bind
from ..graph import Example, Op, operation, symmetric
from ..zeros import scale
from . import elementwise
from .elementwise import Family
from .families import double, one_type

row = partial(elementwise.row, home=__name__)
FAR = 1e250
"""SciPy has no R_D of much larger numbers, where R_D(0, p, 1) is 3 / sqrt(p)."""


@operation
class Carlson(Op):
    """The integral from 0 to infinity of (t + x)^(-p/2) (t + y)^(-q/2) (t + z)^(-r/2) dt.

    SciPy has it for two exponents (elliprf, elliprd); others by the
    trapezoidal rule in log(t), which converges geometrically.
    """

    kind = "call"
    p: int
    q: int
    r: int
    NODES = 200

    def type(self, x, y, z):
        return one_type(self.name, x, y, z)

    def value(self, x, y, z):
        powers, args = (self.p, self.q, self.r), [*map(double, (x, y, z))]
        with np.errstate(all="ignore"):
            if powers == (1, 1, 1):
                found = 2 * sc.elliprf(*args)
            elif sorted(powers) == [1, 1, 3]:
                last = args.pop(powers.index(3))
                found = sc.elliprd(*args, last) * (2 / 3)
            else:
                found = self._integral(powers, args)
        return found.astype(x.dtype)[()]

    def exactly(self, lib, x, y, z):
        def exact(*args: Any) -> Any:
            powers, given = (self.p, self.q, self.r), list(args)
            if powers == (1, 1, 1):
                return 2 * lib.elliprf(*args)
            if sorted(powers) != [1, 1, 3]:
                raise TypeError("an integral of Carlson's that has no exact numbers")
            last = given.pop(powers.index(3))
            return lib.elliprd(*given, last) * 2 / 3

        return lib.map(exact, x, y, z)

    def d(self, y, *args):
        powers = self.p, self.q, self.r
        return tuple(_by(k, powers, args) for k in range(3))

    def _integral(self, powers, args):
        low = np.log(np.min([np.where(a == 0, np.inf, a) for a in args], axis=0))
        low = low - np.where(np.min(args, axis=0) == 0, 76, 38)
        high = np.log(np.max(args, axis=0)) + 26
        step, y = (high - low) / self.NODES, 0
        for k in range(self.NODES + 1):
            t = np.exp(low + k * step)
            y = y + t * np.prod(
                [np.power(t + a, -p / 2) for a, p in zip(args, powers, strict=True)], 0
            )
        return step * y

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for powers in ((1, 1, 1), (1, 3, 1), (1, 1, 3)):
            yield Example(cls(*powers), ((2, 3),) * 3, (0.2, 4.0))


def _by(k: int, powers: tuple[int, ...], args: tuple) -> Any:
    higher = [p + 2 * (i == k) for i, p in enumerate(powers)]
    factor = -powers[k] / 2 * bind(Carlson(*higher), *args)
    return symmetric(lambda g: scale(g, factor))


# ------------------------------------------------------------ complete integrals


def rising(a: float, n: int) -> float:
    """a (a + 1) ... (a + n - 1)."""
    return float(np.prod([a + k for k in range(n)]))


def complete(a: float, order: int, first: tuple, m: Any, p: Any) -> Any:
    """The derivative by m of pi/2 2F1(a, 1/2; 1; m) of some order from 2 on, with p = 1 - m.

    Near 0 the series, else by Euler's equation from the function and its first derivative.
    """
    series, power = np.zeros_like(m), np.ones_like(m)
    for k in range(60):
        n = order + k
        series = series + rising(a, n) * rising(0.5, n) / factorial(n) / factorial(k) * power
        power = power * np.where(np.abs(m) < 0.5, m, 0)
    before, y = first
    for k in range(order - 1):
        c = 1 + k - (a + 1.5 + 2 * k) * m
        before, y = y, ((a + k) * (0.5 + k) * before - c * y) / m / p
    return np.where(np.abs(m) < 0.5, pi / 2 * series, y)


def exact_complete(lib: Any, a: float, n: int, m: Any) -> Any:
    """The same of exact numbers, of any order."""
    factor = rising(a, n) * rising(0.5, n) / factorial(n)
    return lib.pi / 2 * factor * lib.hyp2f1(a + n, 0.5 + n, 1 + n, m)


@operation
class EllipticK(Family):
    """The derivatives of K(m), the first being R_D(0, 1, 1 - m) / 6."""

    domain = (-2.0, 0.8)

    def value(self, x):
        with np.errstate(all="ignore"):
            m = double(x)
            y = slopes_of_k(self.order, m, 1 - m)
        return np.asarray(y).astype(x.dtype)[()]

    def exactly(self, lib, x):
        return lib.map(lambda m: exact_complete(lib, 0.5, self.order, m), x)


@operation
class EllipticKm1(Family):
    """The derivatives of K(1 - p) by p."""

    domain = (0.2, 3.0)

    def value(self, x):
        with np.errstate(all="ignore"):
            p = double(x)
            y = (-1) ** self.order * slopes_of_k(self.order, 1 - p, p)
        return np.asarray(y).astype(x.dtype)[()]

    def exactly(self, lib, x):
        sign = (-1) ** self.order
        return lib.map(lambda p: sign * exact_complete(lib, 0.5, self.order, 1 - p), x)


def slopes_of_k(order: int, m: Any, p: Any) -> Any:
    """The derivative of K(m) of some order, with p = 1 - m."""
    first = sc.elliprd(0, 1, np.minimum(p, FAR)) / 6 * (p <= FAR)
    if order < 2:
        return first if order else sc.ellipkm1(p)
    return complete(0.5, order, (sc.ellipkm1(p), first), m, p)


@operation
class EllipticE(Family):
    """The derivatives of E(m), the first being -R_D(0, 1 - m, 1) / 6."""

    domain = (-2.0, 0.8)

    def value(self, x):
        with np.errstate(all="ignore"):
            m = double(x)
            p = np.minimum(1 - m, FAR)
            first = np.where(1 - m > FAR, -0.5 / np.sqrt(1 - m), sc.elliprd(0, p, 1) / -6)
            y = sc.ellipe(m)
            if self.order:
                y = first if self.order == 1 else complete(-0.5, self.order, (y, first), m, 1 - m)
        return np.asarray(y).astype(x.dtype)[()]

    def exactly(self, lib, x):
        return lib.map(lambda m: exact_complete(lib, -0.5, self.order, m), x)


# ------------------------------------------------------------ incomplete integrals


def rest(phi: Array, m: Array) -> Any:
    """1 - m sin(phi)^2, which has its digits where m and the sine are near 1."""
    return np.square(np.cos(phi)) + (1 - m) * np.square(np.sin(phi))


def by_parameter(phi: Array, m: Array, whole: type[Family], sides: tuple[int, int, int]) -> Any:
    """That of the integral up to phi: of full half turns and of what is left of the angle."""
    turns = np.rint(phi / pi)
    part = phi - pi * turns
    s = np.sin(part)
    inner = bind(Carlson(*sides), np.square(np.cos(part)), np.ones_like(m), rest(part, m))
    full = np.where(turns == 0, 0, 2 * turns * bind(whole(1), np.where(turns == 0, 0, m)))
    return full + (1 if sides[2] == 3 else -1) / 4 * (s * np.square(s) * inner)


# fmt: off
PARAMETER, ANGLE, POSITIVE = (-2.0, 0.8), (-1.2, 1.2), (0.2, 4.0)

ellipk    = row(sc.ellipk,    lambda y, m: bind(EllipticK(1), m), domain=PARAMETER)
ellipkm1  = row(sc.ellipkm1,  lambda y, p: bind(EllipticKm1(1), p), domain=(0.2, 3.0),
                              exact=lambda lib, p: lib.ellipk(1 - p))
ellipe    = row(sc.ellipe,    lambda y, m: bind(EllipticE(1), m), domain=PARAMETER)
ellipkinc = row(sc.ellipkinc, lambda y, phi, m: 1 / np.sqrt(rest(phi, m)),
                              lambda y, phi, m: by_parameter(phi, m, EllipticK, (1, 1, 3)),
                              waves=True, domain=(ANGLE, PARAMETER),
                              exact=lambda lib, phi, m: lib.ellipf(phi, m))
ellipeinc = row(sc.ellipeinc, lambda y, phi, m: np.sqrt(rest(phi, m)),
                              lambda y, phi, m: by_parameter(phi, m, EllipticE, (1, 3, 1)),
                              waves=True, domain=(ANGLE, PARAMETER),
                              exact=lambda lib, phi, m: lib.ellipe(phi, m))
# fmt: on
