"""The Dirichlet distribution."""

from importlib import import_module
from typing import Any

import numpy as np
from scipy.special import gammaln, xlogy


def logpdf(x: Any, alpha: Any) -> Any:
    """log Gamma(sum alpha) - sum log Gamma(alpha) + sum (alpha - 1) log x."""
    norm = gammaln(np.sum(alpha)) - np.sum(gammaln(alpha))
    return norm + np.sum(xlogy(alpha - 1.0, x.T), axis=-1)


def pdf(x: Any, alpha: Any) -> Any:
    """exp(logpdf)."""
    return np.exp(logpdf(x, alpha))


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.stats").dirichlet, name)
