"""The beta distribution on (0, 1)."""

from importlib import import_module
from typing import Any

import numpy as np
from scipy.special import xlog1py, xlogy

from ..special import betainc, betaln


def logpdf(x: Any, a: Any, b: Any) -> Any:
    """(a - 1) log x + (b - 1) log(1 - x) - log B(a, b)."""
    return xlogy(a - 1.0, x) + xlog1py(b - 1.0, -x) - betaln(a, b)


def pdf(x: Any, a: Any, b: Any) -> Any:
    """exp(logpdf)."""
    return np.exp(logpdf(x, a, b))


def cdf(x: Any, a: Any, b: Any) -> Any:
    """The integral of the density up to x."""
    return betainc(a, b, x)


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.stats").beta, name)
