"""The normal distribution: z = (x - loc) / scale."""

from importlib import import_module
from typing import Any

import numpy as np
from scipy.special import log_ndtr, ndtr


def logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """-z^2/2 - log(scale sqrt(2 pi))."""
    return -(((x - loc) / scale) ** 2) / 2 - np.log(scale) - np.log(2 * np.pi) / 2


def pdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """exp(logpdf)."""
    return np.exp(logpdf(x, loc, scale))


def cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The integral of the density up to x."""
    return ndtr((x - loc) / scale)


def logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the cdf, also where that is too small for a number."""
    return log_ndtr((x - loc) / scale)


def sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """1 - cdf."""
    return ndtr((loc - x) / scale)


def logsf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the sf."""
    return log_ndtr((loc - x) / scale)


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.stats").norm, name)
