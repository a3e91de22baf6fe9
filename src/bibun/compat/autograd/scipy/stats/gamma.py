"""The gamma distribution: z = (x - loc) / scale."""

from importlib import import_module
from typing import Any

import numpy as np
from scipy.special import gammainc, gammaln, xlogy


def logpdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """(a - 1) log z - z - log Gamma(a) - log scale."""
    z = (x - loc) / scale
    return xlogy(a - 1.0, z) - z - gammaln(a) - np.log(scale)


def pdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """exp(logpdf)."""
    return np.exp(logpdf(x, a, loc, scale))


def cdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The integral of the density up to x."""
    return gammainc(a, (x - loc) / scale)


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.stats").gamma, name)
