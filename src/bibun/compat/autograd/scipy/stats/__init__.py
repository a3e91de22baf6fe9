"""The names of autograd.scipy.stats: densities and distribution functions with derivatives."""

from importlib import import_module
from typing import Any

from . import beta, chi2, dirichlet, gamma, multivariate_normal, norm, poisson, t


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.stats"), name)


__all__ = ["beta", "chi2", "dirichlet", "gamma", "multivariate_normal", "norm", "poisson", "t"]
