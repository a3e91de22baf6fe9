"""The chi-squared distribution with df degrees of freedom."""

from importlib import import_module
from typing import Any

import numpy as np
from scipy.special import gammainc, gammaln, xlogy


def logpdf(x: Any, df: Any) -> Any:
    """(df/2 - 1) log x - x/2 - log Gamma(df/2) - df/2 log 2."""
    half = df / 2
    return xlogy(half - 1, x) - x / 2 - gammaln(half) - half * np.log(2)


def pdf(x: Any, df: Any) -> Any:
    """exp(logpdf)."""
    return np.exp(logpdf(x, df))


def cdf(x: Any, df: Any) -> Any:
    """The integral of the density up to x."""
    return gammainc(df / 2, x / 2)


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.stats").chi2, name)
