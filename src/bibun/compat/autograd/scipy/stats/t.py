"""Student's t distribution: z = (x - loc) / scale."""

from importlib import import_module
from typing import Any

import numpy as np
from scipy.special import gammaln

from ..special import stdtr


def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of Gamma((df+1)/2) / (Gamma(df/2) sqrt(df pi) scale) (1 + z^2/df)^-(df+1)/2."""
    z, half = (x - loc) / scale, (df + 1) / 2
    norm = gammaln(half) - gammaln(df / 2) - np.log(df * np.pi) / 2 - np.log(scale)
    return norm - half * np.log1p(z**2 / df)


def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """exp(logpdf)."""
    return np.exp(logpdf(x, df, loc, scale))


def cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The integral of the density up to x."""
    return stdtr(df, (x - loc) / scale)


def logcdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the cdf."""
    return np.log(cdf(x, df, loc, scale))


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.stats").t, name)
