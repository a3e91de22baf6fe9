"""Activations: functions of arrays, right also for very large and very small numbers.

All of them take arrays of any shape, element by element unless they have an `axis`. The shape stays
what it is, and so do float32 and float64.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from ..array import Duck
from ..ops import softmax as ops

Function = Callable[[Any], Any]


def linear(x: Any) -> Any:
    """The array itself, y = x: no activation.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.linear(np.array([-1.0, 2.0]))
    array([-1.,  2.])
    """
    return x


def relu(x: Any) -> Any:
    """The positive part, y = max(x, 0), with the derivative 0 at 0; nan stays nan.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.where(x <= 0, 0, x)


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """The array with its negative part made smaller: y = x for x > 0, else slope x.

    The derivative at 0 is `slope`.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.leaky_relu(np.array([-1.0, 2.0]))
    array([-0.01,  2.  ])
    """
    return np.where(x > 0, x, slope * x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """The exponential linear unit, y = x for x > 0, else alpha (exp(x) - 1).

    The derivative at 0 is `alpha`. Source: Clevert et al. 2016, arXiv:1511.07289.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.elu(np.array([-1e3, 2.0]))
    array([-1.,  2.])
    """
    # Large x are taken out before they overflow. np.minimum(x, 0) would halve the derivative at 0.
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0, x)))


def gelu(x: Any) -> Any:
    """The Gaussian error linear unit, y = x P(z <= x) for a normal z, exactly and not by tanh.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.gelu(np.array([0.0, 10.0]))
    array([ 0., 10.])
    """
    from scipy.special import erfc

    # erfc and not 1 + erf, which would cancel for x < 0.
    return 0.5 * x * erfc(-x / sqrt(2))


def sigmoid(x: Any) -> Any:
    """The logistic function, y = 1 / (1 + exp(-x)).

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.sigmoid(np.array([-1e3, 0.0]))
    array([0. , 0.5])
    """
    from scipy.special import expit

    return expit(x)


def silu(x: Any) -> Any:
    """The sigmoid linear unit, y = x sigmoid(x), also known as swish.

    Source: Ramachandran et al. 2017, arXiv:1710.05941.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.silu(np.array([0.0, 1e3]))
    array([   0., 1000.])
    """
    return x * sigmoid(x)


def softplus(x: Any) -> Any:
    """The smooth positive part, y = log(1 + exp(x)), which does not overflow.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.softplus(np.array([-1e3, 1e3]))
    array([   0., 1000.])
    """
    return np.logaddexp(0, x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent, y = tanh(x).

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.tanh(np.array([0.0, 1e3]))
    array([0., 1.])
    """
    return np.tanh(x)


def softmax(x: Any, axis: int = -1) -> Any:
    """Probabilities from logits, y[i] = exp(x[i]) / sum_j exp(x[j]) along `axis`.

    Raises AxisError if there is no such axis.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.softmax(np.array([1e3, 1e3, 0.0]))
    array([0.5, 0.5, 0. ])
    """
    return _as_given(ops.softmax(x, axis), x)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithms of probabilities, y[i] = x[i] - log(sum_j exp(x[j])) along `axis`.

    Raises AxisError if there is no such axis.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.log_softmax(np.array([1e3, 0.0]))
    array([    0., -1000.])
    """
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
