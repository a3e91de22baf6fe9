"""The density of the gamma distribution."""

from __future__ import annotations

from math import pi

import numpy as np

from ...loops import Value
from ..special import special
from .exponential import exp
from .logarithm import log
from .parts import polynomial
from .powers import power

AREA = {"f64": [1 / (2 * k + 1) for k in range(1, 10)]}  # (artanh(v) - v) / v^3
STIRLING = {"f64": [1 / 12, -1 / 360, 1 / 1260]}


def gamma_density(a: Value, x: Value) -> Value:
    """x^(a-1) exp(-x) / gamma(a), as ops/families.py has it, in double precision."""
    kind, a, x = x.kind, a.to("f64"), x.to("f64")
    end = x.equals(np.inf)
    u = ((x >= 0) & ~end).where(x, np.nan)
    low = (u > 2000).where(2000, u)
    root = power(low, (a - 1) * 0.5) * exp(low * -0.5)
    product = root / special("gamma", a) * root
    v = (u - a) / (u + a)
    near = (u - a) * v - 2 * a * v * (v * v) * polynomial(v * v, AREA)
    far = u - a - a * log(u / a)
    delta = polynomial(1 / (a * a), STIRLING) / a
    tail = (a * (1 / (2 * pi))).sqrt() / u * exp(-delta - (abs(v) < 0.1).where(near, far))
    y = (a < 170).where(product, u.equals(0).where(u, tail))
    return end.where(0, y).to(kind)
