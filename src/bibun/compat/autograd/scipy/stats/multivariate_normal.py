"""The multivariate normal distribution."""

from importlib import import_module
from typing import Any

import numpy as np

from ...primitives import isbox


def logpdf(x: Any, mean: Any = 0.0, cov: Any = 1.0, allow_singular: bool = False) -> Any:
    """-((x - mean) cov^-1 (x - mean) + log det(2 pi cov)) / 2.

    Under a trace a singular cov gives nan or infinity, whatever `allow_singular` says.
    """
    if not any(map(isbox, (x, mean, cov))):
        mvn = import_module("scipy.stats").multivariate_normal
        return mvn.logpdf(x, mean, cov, allow_singular=allow_singular)
    d = x - mean
    cov = _matrix(cov, np.shape(d)[-1] if np.ndim(d) else 1)
    d = d[..., None] if np.ndim(d) == 0 or np.shape(cov)[-1] != np.shape(d)[-1] else d
    squares = np.sum(d * np.linalg.solve(cov, d[..., None])[..., 0], axis=-1)
    n = np.shape(cov)[-1]
    return -(squares + np.linalg.slogdet(cov)[1] + n * np.log(2 * np.pi)) / 2


def pdf(x: Any, mean: Any = 0.0, cov: Any = 1.0, allow_singular: bool = False) -> Any:
    """exp(logpdf)."""
    return np.exp(logpdf(x, mean, cov, allow_singular))


def entropy(mean: Any = None, cov: Any = 1.0) -> Any:
    """log det(2 pi e cov) / 2."""
    cov = _matrix(cov, 1 if mean is None else np.size(mean))
    return (np.linalg.slogdet(cov)[1] + np.shape(cov)[-1] * (1 + np.log(2 * np.pi))) / 2


def _matrix(cov: Any, n: int) -> Any:
    """The covariance as a matrix: a number stands for it times 1, a vector for the diagonal."""
    return cov if np.ndim(cov) == 2 else np.eye(n) * cov


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.stats").multivariate_normal, name)
