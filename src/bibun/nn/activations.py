"""Activations: functions of arrays, right also for very large and very small numbers."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from ..array import Duck
from ..ops import softmax as ops

Function = Callable[[Any], Any]


def linear(x: Any) -> Any:
    """y = x"""
    return x


def relu(x: Any) -> Any:
    """y = max(x, 0), with the derivative 0 at 0; nan stays nan."""
    return np.where(x <= 0, 0, x)


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """y = x for x > 0, else slope x, with the derivative `slope` at 0."""
    return np.where(x > 0, x, slope * x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """y = x for x > 0, else alpha (exp(x) - 1). (Clevert et al. 2016)"""
    # Large x are taken out before they overflow. np.minimum(x, 0) would halve the derivative at 0.
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0, x)))


def gelu(x: Any) -> Any:
    """y = x P(z <= x) for a normal z, exactly and not by tanh. (Hendrycks and Gimpel 2016)"""
    from scipy.special import erfc

    # erfc and not 1 + erf, which would cancel for x < 0.
    return 0.5 * x * erfc(-x / sqrt(2))


def sigmoid(x: Any) -> Any:
    """y = 1 / (1 + exp(-x))"""
    from scipy.special import expit

    return expit(x)


def silu(x: Any) -> Any:
    """y = x sigmoid(x), also known as swish. (Ramachandran et al. 2017)"""
    return x * sigmoid(x)


def softplus(x: Any) -> Any:
    """y = log(1 + exp(x))"""
    return np.logaddexp(0, x)


def tanh(x: Any) -> Any:
    """y = tanh(x)"""
    return np.tanh(x)


def softmax(x: Any, axis: int = -1) -> Any:
    """y[i] = exp(x[i]) / sum_j exp(x[j])"""
    return _as_given(ops.softmax(x, axis), x)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """y[i] = x[i] - log(sum_j exp(x[j]))"""
    return _as_given(ops.log_softmax(x, axis), x)


def _as_given(y: Any, x: Any) -> Any:
    """Plain arrays give plain arrays."""
    return y if isinstance(x, Duck) or y.scope is not None else y.raw


swish = silu
# fmt: off
ACTIVATIONS: dict[str, Function] = {
    "linear": linear, "relu": relu, "leaky_relu": leaky_relu, "elu": elu, "gelu": gelu,
    "silu": silu, "swish": swish, "softplus": softplus, "sigmoid": sigmoid, "tanh": tanh,
    "softmax": softmax, "log_softmax": log_softmax,
}
# fmt: on


def activation(how: str | Function | None) -> Function:
    """The activation of this name; a function is one itself, and None is `linear`."""
    if how is None:
        return linear
    if callable(how):
        return how
    if how not in ACTIVATIONS:
        raise ValueError(
            f"the activation is a function or one of {', '.join(ACTIVATIONS)}, not {how!r}"
        )
    return ACTIVATIONS[how]
