"""Losses: functions of a prediction and a target, from logits where there are probabilities.

Each of them is the mean over all examples, or with `reduction` "sum" their sum, or with "none" the
array of the losses themselves; ValueError for anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import Duck
from ..errors import DtypeError, ShapeError
from ..ops.transcendental import weighted
from ..recording import is_abstract
from .activations import log_softmax, softplus

Loss = Callable[[Any, Any], Any]


def softmax_cross_entropy(
    logits: Any, labels: Any, smoothing: float = 0.0, reduction: str = "mean"
) -> Any:
    """The cross-entropy of classes, -sum_c p[..., c] log_softmax(logits)[..., c].

    The classes are the last axis of the logits. `labels` are integers in the shape of the other
    axes, or probabilities p in the shape of the logits. With `smoothing` s the target becomes
    (1 - s) p + s / classes (Szegedy et al. 2016, arXiv:1512.00567).

    Raises ShapeError or DtypeError for labels that are neither, ValueError for integers that are
    no classes.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.softmax_cross_entropy(np.array([[1e3, 0.0], [0.0, 1e3]]), np.array([0, 0]))
    np.float64(500.0)
    """
    logs = log_softmax(logits)
    if np.shape(labels) == logs.shape:
        # Weighted: a class of probability 0 adds nothing, also where its logit is -inf.
        loss = -np.sum(weighted(labels, logs), axis=-1)
    else:
        loss = -np.take_along_axis(logs, _classes(labels, logs.shape)[..., None], axis=-1)[..., 0]
    if smoothing:
        loss = (1 - smoothing) * loss - smoothing * np.mean(logs, axis=-1)
    return reduce(loss, reduction)


def binary_cross_entropy(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """The cross-entropy of yes and no, -p log sigmoid(x) - (1 - p) log(1 - sigmoid(x)).

    x are logits, p labels from 0 to 1 (or booleans) of the same shape; ShapeError otherwise.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.binary_cross_entropy(np.array([1e3, -1e3]), np.array([1.0, 1.0]))
    np.float64(500.0)
    """
    _same_shape("binary_cross_entropy", logits, labels)
    # Two positive terms, where log(1 + exp(x)) - p x would cancel.
    p = labels * 1.0 if getattr(labels, "dtype", np.dtype(float)).kind == "b" else labels
    return reduce(p * softplus(-logits) + (1 - p) * softplus(logits), reduction)


def mean_squared_error(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """The square of the error, (y - t)^2, of a prediction y and a target t of the same shape.

    Raises ShapeError for different shapes, also for those that would broadcast.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    _same_shape("mean_squared_error", prediction, target)
    return reduce((prediction - target) ** 2, reduction)


def mean_absolute_error(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """The size of the error, |y - t|, with the derivative 0 at y = t.

    Raises ShapeError for different shapes, also for those that would broadcast.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(1.0)
    """
    _same_shape("mean_absolute_error", prediction, target)
    return reduce(np.abs(prediction - target), reduction)


def huber(prediction: Any, target: Any, delta: float = 1.0, reduction: str = "mean") -> Any:
    """The square of small errors, e^2 / 2 up to delta, and delta (|e| - delta / 2) beyond.

    Raises ShapeError for different shapes, also for those that would broadcast. Source: Huber,
    Robust estimation of a location parameter, 1964.

    >>> import numpy as np, bibun.nn
    >>> bibun.nn.huber(np.array([1.0, 2.0]), np.array([2.0, 5.0]), reduction="none")
    array([0.5, 2.5])
    """
    _same_shape("huber", prediction, target)
    e = np.abs(prediction - target)
    near = np.minimum(e, delta)  # one formula for both parts, and no square that could overflow
    return reduce(near * (e - 0.5 * near), reduction)


LOSSES: dict[str, Loss] = {
    f.__name__: f
    for f in (
        softmax_cross_entropy,
        binary_cross_entropy,
        mean_squared_error,
        mean_absolute_error,
        huber,
    )
}


def reduce(loss: Any, reduction: str) -> Any:
    """The mean or the sum of the losses of all examples, or (`none`) the losses themselves."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"the reduction is 'mean', 'sum' or 'none', not {reduction!r}")
    return np.mean(loss) if reduction == "mean" else np.sum(loss) if reduction == "sum" else loss


def _classes(labels: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Labels as integers of the right shape and range."""
    labels = np.asarray(labels) if not isinstance(labels, Duck) else labels
    if labels.shape != shape[:-1]:
        raise ShapeError(
            f"softmax_cross_entropy: labels of shape {labels.shape} do not fit logits of shape "
            f"{shape}: integers of shape {shape[:-1]} or probabilities of shape {shape} are needed"
        )
    if labels.dtype.kind not in "iu":
        raise DtypeError(
            f"softmax_cross_entropy: labels of dtype {labels.dtype} and shape {labels.shape} are "
            "not class numbers: pass labels.astype(int), or probabilities in the shape of the "
            "logits"
        )
    known = labels._read().raw if isinstance(labels, Duck) else labels
    if not is_abstract(known) and known.size and not 0 <= known.min() <= known.max() < shape[-1]:
        raise ValueError(
            f"softmax_cross_entropy: labels go from {known.min()} to {known.max()}, but the "
            f"logits have {shape[-1]} classes: 0 to {shape[-1] - 1} are needed"
        )
    return labels


def _same_shape(name: str, a: Any, b: Any) -> None:
    # Broadcasting (n, 1) against (n,) would make n * n errors without a word.
    if np.shape(a) != np.shape(b):
        raise ShapeError(
            f"{name}: a prediction of shape {np.shape(a)} does not fit a target of shape "
            f"{np.shape(b)}"
        )
