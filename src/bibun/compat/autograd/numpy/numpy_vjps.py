"""What code outside of autograd uses of autograd.numpy.numpy_vjps: back through broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def unbroadcast_f(target: Any, g_fun: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """g -> g_fun(g), summed over the axes along which `target` was repeated."""
    return lambda g: summed_to(np.shape(target), g_fun(g))


def summed_to(shape: tuple[int, ...], x: Any) -> Any:
    """x, summed over the axes that broadcasting from `shape` has added or lengthened."""
    added = np.ndim(x) - len(shape)
    long = tuple(k for k, n in enumerate(np.shape(x)) if k < added or n != shape[k - added])
    return np.reshape(np.sum(x, axis=long), shape) if long else x


__all__ = ["unbroadcast_f"]
