"""Windows to look through: sliding ones, those of given shapes, and frequencies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view

from ..array import Array, implements
from .reduction import as_numpy, operand
from .structure import cast
from .taking import known


@implements(np.kaiser)
def kaiser(M: Any, beta: Any) -> Array:
    """I0(beta sqrt(1 - r^2)) / I0(beta) for r from -1 to 1, differentiable by beta."""
    count = known(M, "np.kaiser")[()]
    n, middle = np.arange(0.0, count), (count - 1) / 2

    def expression(beta: Any) -> Any:
        beta = cast(beta, np.result_type(np.float64, beta.dtype))
        if count == 1:
            return np.ones_like(beta, shape=(1,))
        return np.i0(beta * np.sqrt(1 - np.square((n - middle) / middle))) / np.i0(beta)

    return as_numpy(lambda beta: np.kaiser(count, beta), expression, beta)


def _of_a_count(window: Callable[[Any], np.ndarray]) -> None:
    """A window is a function of its length alone, which is a whole number."""

    def of_value(M: Any) -> Array:
        return operand(window(known(M, f"np.{window.__name__}")[()]))

    implements(window)(of_value)


for window in (np.bartlett, np.blackman, np.hamming, np.hanning):
    _of_a_count(window)


@implements(sliding_window_view)
def windows_of(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Array:
    """All windows of x, with axes of their own at the end: a copy, and not a view of x."""
    x = operand(x)
    like = np.broadcast_to(np.False_, x.shape)
    shape = sliding_window_view(like, window_shape, axis).shape  # or NumPy's own errors
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis).tolist()
    for k, n in zip(axes, shape[x.ndim :], strict=True):
        k %= len(shape[: x.ndim])
        starts = np.arange(x.shape[k] - n + 1)
        x = np.moveaxis(np.take(x, starts[:, None] + np.arange(n), axis=k), k + 1, -1)
    return x


# ------------------------------------------------------------ frequencies


@implements(np.fft.fftfreq)
def fftfreq(n: Any, d: Any = 1.0, device: Any = None) -> Array:
    """The frequencies k / (n d) of a transform of n samples at distance d."""
    n = index(n)
    return as_numpy(lambda d: np.fft.fftfreq(n, d), lambda d: np.fft.fftfreq(n) / d, d)


@implements(np.fft.rfftfreq)
def rfftfreq(n: Any, d: Any = 1.0, device: Any = None) -> Array:
    n = index(n)
    return as_numpy(lambda d: np.fft.rfftfreq(n, d), lambda d: np.fft.rfftfreq(n) / d, d)


@implements(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Array:
    x, axes = _axes(x, axes)
    return np.roll(x, [x.shape[k] // 2 for k in axes], axes)


@implements(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Array:
    x, axes = _axes(x, axes)
    return np.roll(x, [-(x.shape[k] // 2) for k in axes], axes)


def _axes(x: Any, axes: Any) -> tuple[Array, Sequence[int]]:
    x = operand(x)
    if axes is None and not x.ndim:
        np.fft.fftshift(np.ones(()))  # NumPy's own error
    return x, tuple(range(x.ndim)) if axes is None else normalize_axis_tuple(axes, x.ndim)
