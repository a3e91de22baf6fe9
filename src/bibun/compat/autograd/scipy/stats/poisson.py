"""The Poisson distribution."""

from importlib import import_module
from typing import Any

import numpy as np
from scipy.special import gammaincc, gammaln, xlogy


def logpmf(k: Any, mu: Any) -> Any:
    """k log mu - mu - log k!."""
    return xlogy(k, mu) - mu - gammaln(k + 1.0)


def pmf(k: Any, mu: Any) -> Any:
    """exp(logpmf)."""
    return np.exp(logpmf(k, mu))


def cdf(k: Any, mu: Any) -> Any:
    """The probability of at most k events."""
    return gammaincc(np.floor(k) + 1.0, mu)


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.stats").poisson, name)
