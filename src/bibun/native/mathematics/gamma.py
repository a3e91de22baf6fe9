"""The density of the gamma distribution."""

from __future__ import annotations

from math import pi

import numpy as np

from ...loops import Value
from ..special import special
from .exponential import exp
from .logarithm import log
from .powers import power

AREA = tuple(1 / (2 * k + 1) for k in range(9, 0, -1))  # (artanh(v) - v) / v^3
STIRLING = (1 / 1260, -1 / 360, 1 / 12)


def gamma_density(a: Value, x: Value) -> Value:
    """x^(a-1) exp(-x) / gamma(a), as ops/families.py has it, in double precision."""
    kind, a, x = x.kind, a.to("f64"), x.to("f64")
    end = x.equals(np.inf)
    u = ((x >= 0) & ~end).where(x, np.nan)
    low = (u > 2000).where(2000, u)
    root = power(low, (a - 1) * 0.5) * exp(low * -0.5)
    product = root / special("gamma", a) * root
    v = (u - a) / (u + a)
    near = (u - a) * v - 2 * a * v * (v * v) * _polynomial(AREA, v * v)
    far = u - a - a * log(u / a)
    delta = _polynomial(STIRLING, 1 / (a * a)) / a
    tail = (a * (1 / (2 * pi))).sqrt() / u * exp(-delta - (abs(v) < 0.1).where(near, far))
    y = (a < 170).where(product, u.equals(0).where(u, tail))
    return end.where(0, y).to(kind)


def _polynomial(coefficients: tuple[float, ...], x: Value) -> Value:
    y = x.like(coefficients[0])
    for c in coefficients[1:]:
        y = y * x + c
    return y
