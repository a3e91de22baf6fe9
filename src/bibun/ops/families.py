"""Derivatives of SciPy's functions that are functions of their own, and no formula of others.

Where a formula would be a difference of nearly equal numbers, it is an integral over something of
one sign instead (Family), or a product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import factorial, pi, prod, sqrt
from typing import Any

import numpy as np
import scipy.special as sc
from numpy.polynomial import Polynomial
from numpy.polynomial.legendre import leggauss

from ..array import Array, bind
from ..errors import DtypeError
from ..graph import Example, Op, Type, operation, symmetric
from ..zeros import scale
from .elementwise import Family
from .structure import cast


def double(x: Any) -> Any:
    """x in double precision, the widest of SciPy."""
    if x.dtype.itemsize > 8:
        raise TypeError(f"scipy.special computes in double precision, not in {x.dtype}")
    return np.asarray(x, np.float64)


def one_type(name: str, *types: Type) -> Type:
    """The one type that real arguments of an operation have."""
    first = types[0]
    if any(t != first for t in types) or first.dtype.kind != "f":
        given = ", ".join(map(str, types))
        raise DtypeError(f"{name}: real floating-point arrays of one type are needed, not {given}")
    return first


@operation
class Polygamma(Family):
    """The derivatives of psi = (log gamma)'.

    SciPy adds 1 to a negative x until it is positive, which of -1e12 takes hours; there we reflect:
    psi^(n)(x) = (-1)^n psi^(n)(1 - x) - pi d^n/dx^n cot(pi x) (Abramowitz and Stegun 6.4.7).
    """

    domain = (0.2, 4.0)
    FAR = -10.0

    def value(self, x):
        wide = double(x)
        far = (wide < self.FAR) & (wide != np.floor(wide))  # at its poles SciPy is quick
        y = sc.polygamma(self.order, np.where(far, 1 - wide, wide))
        y = np.where(far, (-1) ** self.order * y - pi * self.turn(wide, far), y)
        return y.astype(x.dtype)[()]

    def turn(self, x, far):
        """d^n/dx^n cot(pi x), a polynomial in c = cot(pi x), since c' = -pi (1 + c^2)."""
        slope = Polynomial([0, 1])
        for _ in range(self.order):
            slope = -pi * Polynomial([1, 0, 1]) * slope.deriv()
        r = np.where(far, x - np.rint(x), 0.5)  # exact; near 1/2 the cotangent is small
        inside = np.abs(r) < 0.25
        c = np.where(
            inside,
            1 / np.tan(pi * np.where(inside, r, 0.25)),
            np.sign(r) * np.tan(pi * (0.5 - np.abs(r))),
        )
        return slope(c)

    def exactly(self, lib, x):
        return lib.map(lambda x: lib.polygamma(self.order, x), x)


def exponential_nodes(step: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights for integrals from 0 to infinity: u = exp(s - exp(-s)).

    Method: Takahasi and Mori, Double exponential formulas for numerical integration (1974).
    """
    s = step * np.arange(round(-4 / step), round(4 / step))  # which does not round the step
    u = np.exp(s - np.exp(-s))
    return u, step * u * (1 + np.exp(-s))


def unit_nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss and Legendre's nodes and weights for integrals from 0 to 1.

    NumPy's nodes lose the digits of 1 + node near -1, and its weights there have a dozen. A step of
    Newton's method for P_n(1 - 2 z) brings them back, with (k + 1) (P_(k+1) - P_k) =
    k (P_k - P_(k-1)) - 2 (2 k + 1) z P_k (Abramowitz and Stegun 22.7.10, 25.4.29).
    """
    node, _ = leggauss(count)
    z = (1 - np.abs(node).astype(np.longdouble)) / 2  # they are symmetric
    for _ in range(2):
        p, change = np.ones_like(z), np.zeros_like(z)
        for k in range(count):
            change = (k * change - 2 * (2 * k + 1) * z * p) / (k + 1)
            p = p + change
        slope = count * (change - 2 * z * p) / (2 * z * (1 - z))
        z = z - p / slope
    weight = 1 / (z * (1 - z) * np.square(slope))
    return np.where(node < 0, z, 1 - z).astype(float), weight.astype(float)


def balanced(terms: Iterable[np.ndarray]) -> np.ndarray:
    """The sum of 2^k arrays in pairs of pairs, which rounds k times and not 2^k, and holds k."""
    held: list[np.ndarray] = []
    for count, term in enumerate(terms):
        y = term
        while count & 1:  # as many pairs are complete as a counter carries
            y, count = held.pop() + y, count >> 1
        held.append(y)
    (total,) = held
    return total


@operation
class Erfcx(Family):
    """The derivatives of erfcx(x) = exp(x^2) erfc(x).

    For x > 0 the integral 2 / sqrt(pi) (-2)^n int_0^inf t^n exp(-t^2 - 2 x t) dt, for x <= 0 the
    recurrence y'' = 2 x y' + 2 y and its derivatives: neither subtracts.
    """

    NODES = exponential_nodes(1 / 12)

    def value(self, x):
        wide = double(x)
        if self.order == 0:
            return sc.erfcx(wide).astype(x.dtype)[()]
        right = wide > 0
        y = np.where(
            right,
            self._integral(np.where(right, wide, 0)),
            self._recurrence(np.where(right, 0, wide)),
        )
        return y.astype(x.dtype)[()]

    def exactly(self, lib, x):
        return lib.map(lambda x: self._exact(lib, x), x)

    def _exact(self, lib, x):
        before = lib.exp(x**2) * lib.erfc(x)
        y = 2 * x * before - 2 / lib.sqrt(lib.pi)
        for n in range(1, self.order):
            before, y = y, 2 * x * y + 2 * n * before
        return y if self.order else before

    def _integral(self, x):
        width = 1 / (1 + x)
        y = np.zeros_like(x)
        for u, w in zip(*self.NODES, strict=True):
            t = width * u
            y += w * u**self.order * np.exp(-t * t - 2 * (t * x))
        return 2 / sqrt(pi) * (-2) ** self.order * width ** (self.order + 1) * y

    def _recurrence(self, x):
        before = sc.erfcx(x)
        y = 2 * x * before - 2 / sqrt(pi)
        for n in range(1, self.order):
            before, y = y, 2 * x * y + 2 * n * before
        return y


@operation
class BesselI0e(Family):
    """The derivatives of f(x) = exp(-x) I_0(x) for x >= 0.

    f(x) = 1/pi int_0^pi exp(-x v) d theta with v = 1 - cos(theta): for x < 30 the integral of
    (-v)^n exp(-x v) by the midpoint rule, which converges geometrically, and else Hankel's series
    (Abramowitz and Stegun 9.7.1), differentiated.
    """

    domain = (0.0, 4.0)

    def value(self, x):
        wide = double(x)
        near = wide < 30
        y = np.where(
            near, self._integral(np.where(near, wide, 0)), self._series(np.where(near, 30, wide))
        )
        return y.astype(x.dtype)[()]

    def exactly(self, lib, x):
        return lib.map(lambda x: self._exact(lib, x), x)

    def _exact(self, lib, x):
        """exp(-x) (d/dx - 1)^n I_0, where twice the derivative of I_k is I_(k-1) + I_(k+1)."""
        terms = {0: lib.sign(1)}  # I_k = I_(-k)
        for _ in range(self.order):
            found: dict[int, Any] = {}
            for k, c in terms.items():
                for j, part in ((abs(k - 1), c / 2), (k + 1, c / 2), (k, -c)):
                    found[j] = found.get(j, 0) + part
            terms = found
        return lib.exp(-x) * sum(c * lib.besseli(k, x) for k, c in terms.items())

    def _integral(self, x):
        nodes = 64
        v = 2 * np.sin((np.arange(nodes) + 0.5) * (pi / nodes / 2)) ** 2
        return balanced((-u) ** self.order * np.exp(-x * u) for u in v) / nodes

    def _series(self, x):
        y = 0
        for k in range(20):
            coefficient = prod((2 * j - 1) ** 2 for j in range(1, k + 1)) / (factorial(k) * 8**k)
            y = y + coefficient * prod(-(k + 0.5 + j) for j in range(self.order)) * x ** -(
                k + 0.5 + self.order
            )
        return y / sqrt(2 * pi)


BESSEL = {"i": (sc.iv, 1, 1), "j": (sc.jv, 1, -1), "k": (sc.kv, -1, -1), "y": (sc.yv, 1, -1)}
FIRST = {(k, n): getattr(sc, f"{k}{n}") for k in BESSEL for n in (0, 1)}


@operation
class Bessel(Op):
    """The Bessel function C_n of a letter I, J, K or Y: 2 C_n' = a C_{n-1} + b C_{n+1}."""

    letter: str
    order: int

    def type(self, x):
        if x.dtype.kind != "f":
            raise DtypeError(f"{self.name}: a real floating-point array is needed, not {x}")
        return x

    def value(self, x):
        wide = double(x)
        if self.letter == "i":
            wide = np.where(np.abs(wide) < 1e-150, 0, wide)  # where iv gives nan
        return BESSEL[self.letter][0](self.order, wide).astype(x.dtype)[()]

    def exactly(self, lib, x):
        return lib.map(lambda x: getattr(lib, f"bessel{self.letter}")(self.order, x), x)

    def d(self, y, x):
        factor = bessel_slope(self.letter, self.order, x)
        return (symmetric(lambda g: scale(g, factor)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for letter in BESSEL:
            yield Example(cls(letter, 2), ((2, 3),), (0.2, 4.0))


def bessel(letter: str, order: int, x: Array) -> Any:
    """C_n(x), by SciPy's own function for n = 0 and 1."""
    return cast(FIRST[letter, order](x), x.dtype) if order < 2 else bind(Bessel(letter, order), x)


def bessel_slope(letter: str, order: int, x: Array) -> Any:
    """The derivative of C_n, where C_{-1} is C_1 or -C_1."""
    _, before, after = BESSEL[letter]
    if order == 0:
        return after * bessel(letter, 1, x)
    return (before * bessel(letter, order - 1, x) + after * bessel(letter, order + 1, x)) / 2
