"""x log y and its kin, which are 0 where x is."""

from __future__ import annotations

import numpy as np

from ...loops import Value
from .exponential import exp
from .logarithm import log, log1p


def xlogy(x: Value, y: Value) -> Value:
    """x log(y), and 0 for x = 0 whatever y is (but nan)."""
    return (x.equals(0) & ~y.isnan()).where(0, x * log(y))


def xlog1py(x: Value, y: Value) -> Value:
    """x log(1 + y), and 0 for x = 0 whatever y is (but nan)."""
    return (x.equals(0) & ~y.isnan()).where(0, x * log1p(y))


def entr(x: Value) -> Value:
    """-x log(x), 0 at 0 and -inf below."""
    return (x > 0).where(-x * log(x), x.equals(0).where(0, x.isnan().where(x, -np.inf)))


def log_expit(x: Value) -> Value:
    """log(1 / (1 + e^-x))."""
    less = log1p(exp(-abs(x)))
    return (x < 0).where(x - less, -less)
