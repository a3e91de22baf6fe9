"""Densities of distributions, of which no exponent is a difference of large numbers.

Method: Loader, Fast and Accurate Computation of Binomial Probabilities (2000), section 2.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np
import scipy.special as sc

from .families import double

AREA = tuple(1 / (2 * k + 1) for k in range(9, 0, -1))
"""Coefficients of (artanh(v) - v) / v^3, by powers of v^2 from above."""
STIRLING = (1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
"""Of a (log gamma(a + 1) less Stirling's formula), by powers of 1 / a^2."""
LARGE = 170
"""Up to where gamma does not overflow."""


def density_of_gamma(a: Any, x: Any) -> Any:
    """x^(a-1) exp(-x) / gamma(a).

    For a < 170 a product of roots, which do not overflow. Else sqrt(a / 2 pi) / x exp(-delta - D),
    with delta = log gamma(a + 1) less Stirling's formula and D of `deviance`.
    """
    with np.errstate(all="ignore"):
        b, u = double(a), np.where((x >= 0) & (x < np.inf), double(x), np.nan)
        low = np.minimum(u, 2000)  # beyond, all is 0 for these a
        root = np.power(low, (b - 1) / 2) * np.exp(-low / 2)
        product = root / sc.gamma(b) * root
        delta = np.polyval(STIRLING[-3:], 1 / np.square(b)) / b
        tail = np.sqrt(b / (2 * pi)) / u * np.exp(-delta - deviance(b, u))
        y = np.where(b < LARGE, product, np.where(u == 0, u, tail))
        return np.where(x == np.inf, 0, y).astype(x.dtype)[()]


def deviance(a: Any, x: Any) -> Any:
    """x - a - a log(x / a), which for x near a is a series in v = (x - a) / (x + a)."""
    v = (x - a) / (x + a)
    near = (x - a) * v - 2 * a * v * np.square(v) * np.polyval(AREA, np.square(v))
    return np.where(np.abs(v) < 0.1, near, x - a - a * np.log(x / a))


def rest_of_stirling(a: Any) -> Any:
    """gamma(a + 1) exp(a) / a^a."""
    low = np.minimum(a, 10)
    far = np.sqrt(2 * pi) * np.sqrt(a) * np.exp(np.polyval(STIRLING, 1 / np.square(a)) / a)
    return np.where(a < 10, sc.gamma(low + 1) * np.exp(low) * np.power(low, -low), far)


def precise_beta(a: Any, b: Any) -> Any:
    """beta(a, b), which SciPy computes by logarithms of large numbers for a + b > 170.

    Else gamma(a + b) is off by psi(a + b) times what the sum is rounded by, which is known.
    """
    with np.errstate(all="ignore"):
        p, q = np.minimum(double(a), double(b)), np.maximum(double(a), double(b))
        n = p + q
        far = (p > 0) & (n >= LARGE) & (n < np.inf)
        rounded = np.where((p > 0) & (n < LARGE), p - (n - q), 0)  # q is the larger one
        near = sc.beta(double(a), double(b))
        near = np.where(rounded == 0, near, near - near * (rounded * sc.psi(n)))
        p, q, n = (np.where(far, x, 1) for x in (p, q, n))
        stirling = rest_of_stirling(p) * rest_of_stirling(q) / rest_of_stirling(n)
        logs = np.where(np.isfinite(n / p), np.log(n / p), np.log(n) - np.log(p))
        y = stirling / p * (n / q) * np.exp(-(p * logs + q * np.log1p(p / q)))
        return np.where(far, y, near).astype(a.dtype)[()]


def share(a: Any, b: Any, x: Any, rest: Any, by: Any) -> Any:
    """x^a rest^b / (beta(a, b) by), for rest = 1 - x, whose digits are not those of x."""
    n = a + b
    product = np.power(x, a / 2) * np.power(rest, b / 2)
    root = np.exp(-(deviance(a, n * x) + deviance(b, n * rest)) / 2)
    stirling = rest_of_stirling(n) / (rest_of_stirling(a) * rest_of_stirling(b))
    few = n < LARGE
    root = np.where(few, product, root)
    return root * (np.where(few, 1 / sc.beta(a, b), a / n * b * stirling) * (root / by))


def density_of_beta(a: Any, b: Any, x: Any) -> Any:
    """x^(a-1) (1-x)^(b-1) / beta(a, b)."""
    with np.errstate(all="ignore"):
        p, q, u = double(a), double(b), np.where((x >= 0) & (x <= 1), double(x), np.nan)
        y = share(p, q, u, 1 - u, u * (1 - u))
        for end, k, other in ((0, p, q), (1, q, p)):
            there = np.where(k < 1, np.inf, np.where(k == 1, other, 0))
            y = np.where(u == end, there, y)
        return y.astype(x.dtype)[()]


def density_of_f(m: Any, n: Any, x: Any) -> Any:
    """That of the F distribution with m and n degrees of freedom."""
    with np.errstate(all="ignore"):
        p, r, u = double(m), double(n), np.where(x >= 0, double(x), np.nan)
        q = p / r * u
        y = share(p / 2, r / 2, np.where(q == np.inf, 1, q / (1 + q)), 1 / (1 + q), u)
        y = np.where(u == 0, np.where(p < 2, np.inf, np.where(p == 2, 1, 0)), y)
        return np.where(x == np.inf, 0, y).astype(x.dtype)[()]


def density_of_t(n: Any, t: Any) -> Any:
    """That of Student's distribution: (1 + t^2 / n)^(-(n+1)/2) / (sqrt(n) beta(1/2, n/2))."""
    with np.errstate(all="ignore"):
        v, u = double(n), double(t)
        b, s = v / 2, np.abs(u) / np.sqrt(v)
        m = b + 0.5
        powers = np.exp(m * np.log1p(0.5 / b)) / 2
        c = b / m * rest_of_stirling(m) / (rest_of_stirling(np.float64(0.5)) * rest_of_stirling(b))
        log = np.where(s < 1, np.log1p(np.square(s)), 2 * np.log(np.hypot(1, s)))
        y = np.where(v > 0, c * powers * np.exp(-m * log), np.nan)
        normal = np.exp(-np.square(u) / 2) / np.sqrt(2 * pi)
        return np.where(v == np.inf, normal, y).astype(t.dtype)[()]


def normal_tail(x: Any) -> tuple[Any, Any]:
    """The normal density at x, and its integral beyond, for x >= 1; what is less counts as 1.

    exp(-x^2 / 2) is off by x^2 / 2 roundings; the square of a number of few digits has none.
    """
    x = np.clip(x, 1, 40)  # beyond, both are 0 in floats
    near = np.rint(16 * x) / 16
    density = np.exp(-near * near / 2) * np.exp((near - x) * (near + x) / 2) / sqrt(2 * pi)
    return density, density * (sc.erfcx(x / sqrt(2)) * sqrt(pi / 2))


def log_of_normal(x: Any) -> Any:
    """log_ndtr(x), of which SciPy's values for x > 1 are off by x^2 / 2 roundings."""
    if x.dtype.kind == "c":
        return sc.log_ndtr(x)
    with np.errstate(all="ignore"):
        return np.where(x > 1, np.log1p(-normal_tail(x)[1]), sc.log_ndtr(x))[()]


def normal_slope(x: Any) -> Any:
    """The normal density over its integral up to x, without the cancellation of tails."""
    with np.errstate(all="ignore"):
        below = sqrt(2 / pi) / sc.erfcx(np.minimum(x, 1) / -sqrt(2))
        return np.where(x > 1, normal_tail(x)[0] / sc.ndtr(x), below)[()]
