"""scipy.special's functions of the gamma family with several arguments, and 1 / gamma."""

from __future__ import annotations

from functools import partial
from math import pi
from typing import Any

import numpy as np
import scipy.special as sc

from ..array import Array, bind
from . import elementwise
from .densities import precise_beta
from .elementwise import Elementwise
from .formula import Formula
from .remainders import PsiDifference, in_double

row = partial(elementwise.row, home=__name__)
POSITIVE = (0.2, 4.0)


def gap(a: Any, b: Any) -> Any:
    """psi(a + b) - psi(a)."""
    return bind(PsiDifference(0), a, b)


def apart(a: Any, b: Any, d: Any) -> Any:
    """psi(b + 1) - psi(a + 1), where d = b - a; from the smaller one on: it may be swallowed."""
    up = d > 0
    return np.where(up, 1, -1) * gap(np.where(up, a, b) + 1, np.abs(d))


def pole(x: Any) -> Any:
    """Where gamma(x) has a pole."""
    return (x <= 0) & (x == np.floor(x))


def alternating(n: Any) -> Any:
    """(-1)^n."""
    return 1 - 2 * np.remainder(n, 2)


def slope_of_rgamma(y: Array, x: Array) -> Any:
    """-y psi(x); left of 1/2, where psi has poles, that of sin(pi x) gamma(1 - x) / pi."""
    left, n = x < 0.5, np.rint(x)
    r = np.where(left, x - n, 0)  # exact
    u = np.where(left, 1 - x, 1)
    wave = np.cos(pi * r) - np.sin(pi * r) / pi * sc.psi(u)
    return np.where(left, alternating(n) * (sc.gamma(u) * wave), -y * sc.psi(np.where(left, 1, x)))


def beta_by_a(y: Array, a: Array, b: Array) -> Any:
    """y (psi(a) - psi(a + b)), and its limit where y is 0 since a + b is a pole."""
    zero = pole(a + b) & (y == 0)
    limit = -pi * sc.beta(a, np.where(zero, 1 - (a + b), 1)) / np.sin(pi * (a - 2 * np.rint(a / 2)))
    return np.where(zero, limit, -y * gap(np.where(zero, 1, a), np.where(zero, 1, b)))


# At its zeros, for k > n, binom is sin(pi (k - n)) / pi beta(n + 1, k - n), and for k < 0 it is
# -sin(pi k) / pi beta(n + 1, -k): products without poles.


def turn(a: Array, b: Array) -> tuple[Any, Any]:
    """cos(pi (a - b)) and sin(pi (a - b)) / pi, of which the difference is not rounded."""
    m, n = np.rint(a), np.rint(b)
    r, sign = (a - m) - (b - n), alternating(m) * alternating(n)
    return sign * np.cos(pi * r), sign * np.sin(pi * r) / pi


def zeros(x: Array) -> Any:
    """Where 1 / gamma(x) is near a zero of it."""
    m = np.rint(x)
    return (m <= 0) & (np.abs(x - m) < 0.1)


def beyond_zero(n: Array, k: Array) -> Any:
    """Where the sine of k - n tells more; not of small k, with which the derivative vanishes."""
    below = n - k + 1
    return ((below < -0.5) | zeros(below)) & (np.abs(k) > 0.1) & ~pole(n + 1) & ~pole(k + 1)


def precise(y: Array, n: Array, k: Array) -> Any:
    """binom(n, k), which SciPy computes by logarithms of large numbers, or roughly for n = 0.

    For k that are not whole it rounds the sum of beta's arguments.
    """
    rough = (n > 100) | (1e8 * np.abs(n) < np.abs(k)) | (k != np.rint(k))
    far, left = rough & (k >= -0.5) & (n - k > -0.5), (n > 100) & (k < -0.5)
    _, s = turn(np.where(left, k, 0.5), 0 * k)
    n, k = np.where(far | left, n, 1), np.where(far | left, k, 0)
    other = -s * euler_beta(n + 1, np.where(left, -k, 1))
    inner = 1 / ((n + 1) * euler_beta(n - np.where(left, 0, k) + 1, np.where(left, 0, k) + 1))
    return np.where(left, other, np.where(far, inner, y))


def binom_by_n(y: Array, n: Array, k: Array) -> Any:
    """y (psi(n + 1) - psi(n - k + 1))."""
    high = beyond_zero(n, k)
    c, s = turn(k, n)
    rest, inner, y = np.where(high, k - n, 1), np.where(high, n, 0), precise(y, n, k)
    beyond = euler_beta(inner + 1, rest) * (s * gap(rest, inner + 1 - rest) - c)
    return np.where(high, beyond, y * apart(*(np.where(high, 0, x) for x in (n - k, n, k))))


def binom_by_k(y: Array, n: Array, k: Array) -> Any:
    """y (psi(n - k + 1) - psi(k + 1))."""
    high = beyond_zero(n, k)
    low = zeros(k + 1) & ~pole(n + 1) & ~high
    c, s = turn(np.where(low, 0, k), np.where(low, k, n))  # of k < 0 the cosine is even
    rest, inner = np.where(high, k - n, np.where(low, -k, 1)), np.where(high | low, n, 0)
    beyond = euler_beta(inner + 1, rest) * (c - s * gap(rest, inner + 1))
    beyond = np.where(low, -beyond, beyond)
    other, y = high | low, precise(y, n, k)
    return np.where(
        other, beyond, y * apart(*(np.where(other, 0, x) for x in (k, n - k, n - 2 * k)))
    )


# SciPy has two formulas for binom, which differ by 1e-11 where they meet, at k = 1e8 n.
# fmt: off
euler_beta: Elementwise = row(Formula("euler_beta", precise_beta, like=sc.beta),
                              lambda y, a, b: beta_by_a(y, a, b),
                              lambda y, a, b: beta_by_a(y, b, a), domain=POSITIVE, commutative=True,
                              exact=lambda lib, a, b: lib.gamma(a) * lib.gamma(b)
                              * lib.rgamma(a + b))
beta      = row(sc.beta,      lambda y, a, b: beta_by_a(euler_beta(a, b), a, b),
                              lambda y, a, b: beta_by_a(euler_beta(a, b), b, a),
                              domain=POSITIVE, commutative=True,
                              exact=lambda lib, a, b: lib.gamma(a) * lib.gamma(b)
                              * lib.rgamma(a + b))
betaln    = row(sc.betaln,    lambda y, a, b: -gap(a, b),
                              lambda y, a, b: -gap(b, a), domain=POSITIVE, commutative=True,
                              exact=lambda lib, a, b: lib.loggamma(a) + lib.loggamma(b)
                              - lib.loggamma(a + b))
rgamma    = row(sc.rgamma,    lambda y, x: slope_of_rgamma(y, x), domain=POSITIVE)
loggamma  = row(sc.loggamma,  lambda y, x: sc.psi(x), domain=POSITIVE)
binom     = row(sc.binom,     lambda y, n, k: in_double(binom_by_n, y, n, k),
                              lambda y, n, k: in_double(binom_by_k, y, n, k), waves=True, off=1e-4,
                              domain=((3.0, 6.0), (0.2, 2.5)),
                              exact=lambda lib, n, k: lib.gamma(n + 1) * lib.rgamma(k + 1)
                              * lib.rgamma(n - k + 1))
# fmt: on
