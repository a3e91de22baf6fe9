"""Medians and quantiles: elements at given places of the sorted array, or between two of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import Array, bind, implements
from ..errors import UnsupportedError
from .reduction import NO, aligned, as_numpy, axes_within, dropped, keep, operand, refuse, rows
from .sorting import Sort
from .structure import array_of, cast


@implements(np.median)
def median(
    a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = False
) -> Array:
    refuse("median", out=out, overwrite_input=overwrite_input)
    a = operand(a)
    axes = axes_within(axis, a)
    y = as_numpy(lambda a: np.median(a, axes), lambda a: _median(a, axes), a)
    y = keep(y, a.shape, axes, keepdims)
    return array_of(y) if keepdims is True else y


def _median(a: Array, axes: tuple[int, ...]) -> Any:
    """The mean of the one or two elements in the middle; nan if there is one."""
    y = bind(Sort(-1), rows(a, axes)[0])
    n = y.shape[-1]
    middle = np.mean(y[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    return _or_nan(middle, y) if n else middle


def _or_nan(found: Any, rising: Any) -> Any:
    """What was found in a sorted array, or nan if that holds one: it comes last."""
    if rising.dtype.kind != "f":
        return found
    last = rising[..., -1:] if found.ndim == rising.ndim else rising[..., -1]
    # A factor and not np.where, so that the derivative is nan as well.
    return found * np.where(np.isnan(last), *map(last.dtype.type, (np.nan, 1)))


@implements(np.nanmedian)
def nanmedian(
    a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = NO
) -> Array:
    refuse("nanmedian", out=out, overwrite_input=overwrite_input)
    a = operand(a)
    axes = axes_within(axis, a)

    def expression(a: Any) -> Any:
        y = rows(a, axes)[0]
        if a.dtype.kind != "f" or not y.shape[-1]:
            return _median(a, axes)
        n = np.sum(~np.isnan(y), axis=-1, keepdims=True)
        y = bind(Sort(-1), y)  # nan comes last, so that it is found where n = 0
        low, high = (np.take_along_axis(y, i, -1)[..., 0] for i in ((n - 1) // 2, n // 2))
        return (low + high) / 2

    y = as_numpy(lambda a: np.nanmedian(a, axes), expression, a)
    y = keep(y, a.shape, axes, keepdims)
    return array_of(y) if keepdims is True else y


# The place of a quantile q among n sorted elements is n q + alpha + q (1 - alpha - beta) - 1
# (Hyndman and Fan, Sample quantiles in statistical packages, The American Statistician 50, 1996).
# fmt: off
PLACES = {
    "linear":                    (1, 1),     "interpolated_inverted_cdf": (0, 1),
    "hazen":                     (0.5, 0.5), "weibull":                   (0, 0),
    "median_unbiased":           (1/3, 1/3), "normal_unbiased":           (3/8, 3/8),
    "lower":                     (1, 1),     "higher":                    (1, 1),
    "midpoint":                  (1, 1),     "nearest":                   (1, 1),
}
ELEMENT = {"lower": np.floor, "higher": np.ceil, "nearest": np.round}
# fmt: on


def _quantiles(function: Any, whole: int) -> Callable[..., Array]:
    """np.quantile or np.percentile: q counts in parts of `whole`."""
    name = function.__name__

    def quantiles(
        a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False,
        method: str = "linear", keepdims: Any = False, *, weights: Any = None,
    ) -> Array:  # fmt: skip
        refuse(name, out=out, overwrite_input=overwrite_input, weights=weights)
        if method not in PLACES:
            known = ", ".join(PLACES)
            raise UnsupportedError(
                f"np.{name} of a traced array has the methods {known}, not {method!r}"
            )
        a = operand(a)
        axes = axes_within(axis, a)
        weak = type(q) in (int, float)  # then the elements decide the dtype
        given = NO if weak else q

        def numpy(a: Any, p: Any) -> Any:
            return function(a, q if weak else p, axes, method=method, keepdims=keepdims)

        def expression(a: Any, p: Any) -> Any:
            p = np.float64(q) if weak else p
            y = _quantile(a, operand(p / whole), axes, method, keepdims)
            return cast(y, a.dtype) if weak and a.dtype.kind == "f" else y

        return as_numpy(numpy, expression, a, given)

    return implements(function)(quantiles)


quantile = _quantiles(np.quantile, 1)
percentile = _quantiles(np.percentile, 100)


def _quantile(a: Array, q: Array, axes: tuple[int, ...], method: str, keepdims: Any) -> Any:
    """Between the two elements around the place of each q."""
    exact = a.dtype.kind == "f" or method in ELEMENT
    y = bind(Sort(-1), rows(a if exact else cast(a, np.dtype(float)), axes)[0])
    n, (alpha, beta) = y.shape[-1], PLACES[method]
    if not n:
        return np.broadcast_to(np.mean(y, axis=-1), (*q.shape, *dropped(a.shape, axes)))[()]
    place = np.clip(n * q + (alpha + q * (1 - alpha - beta)) - 1, 0, n - 1)

    def at(k: Any) -> Any:
        return np.take(y, np.reshape(cast(k, np.dtype(np.intp)), -1), axis=-1)

    if method in ELEMENT:
        found = at(ELEMENT[method](place))
    else:
        below = np.floor(place)
        weight = (np.ceil(place) - below) / 2 if method == "midpoint" else place - below
        low, high = at(below), at(np.minimum(below + 1, n - 1))
        found = low + (high - low) * np.reshape(weight, -1)
    found = _or_nan(found, y)
    found = np.reshape(np.moveaxis(found, -1, 0), (*q.shape, *dropped(a.shape, axes)))
    return np.reshape(found, (*q.shape, *aligned(a.shape, axes))) if keepdims else found[()]
