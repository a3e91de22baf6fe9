"""Quantiles of what is not nan: each row has its own number of elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import Array, bind, implements
from ..errors import UnsupportedError
from .quantiles import ELEMENT, PLACES
from .reduction import NO, aligned, as_numpy, axes_within, dropped, operand, refuse, rows
from .sorting import Sort
from .structure import cast, expand_to, reshape_to


def _nanquantiles(function: Any, ordinary: Any, whole: int) -> Callable[..., Array]:
    """np.nanquantile or np.nanpercentile: q counts in parts of `whole`."""

    def nanquantiles(
        a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False,
        method: str = "linear", keepdims: Any = NO, *, weights: Any = None,
    ) -> Array:  # fmt: skip
        a = operand(a)
        if a.dtype.kind != "f":  # there is no nan among whole numbers
            keepdims = False if keepdims is NO else keepdims
            return ordinary(a, q, axis, out, overwrite_input, method, keepdims, weights=weights)
        refuse(function.__name__, out=out, overwrite_input=overwrite_input, weights=weights)
        _refuse_others(function.__name__, method)
        axes = axes_within(axis, a, nan=True)
        weak = type(q) in (int, float)  # then the elements decide the dtype

        def numpy(a: Any, p: Any) -> Any:
            if weak or p.ndim < 2 or not a.size:
                return function(a, q if weak else p, axes, method=method, keepdims=keepdims)
            # With several axes of q and a negative axis, NumPy 2 mixes up the axes of the result.
            y = function(a, p.ravel(), axes, method=method, keepdims=keepdims)
            return y.reshape(*p.shape, *y.shape[1:])

        def expression(a: Any, p: Any) -> Any:
            if not a.size:
                return np.nanmean(a, axes, keepdims=keepdims)  # whatever q is
            p = np.float64(q) if weak else p
            y = _quantile(a, operand(p / whole), axes, method, keepdims)
            return cast(y, a.dtype) if weak else y

        return as_numpy(numpy, expression, a, NO if weak else q)

    return implements(function)(nanquantiles)


def _refuse_others(name: str, method: str) -> None:
    if method not in PLACES:
        known = ", ".join(PLACES)
        raise UnsupportedError(
            f"np.{name} of a traced array has the methods {known}, not {method!r}"
        )


nanquantile = _nanquantiles(np.nanquantile, np.quantile, 1)
nanpercentile = _nanquantiles(np.nanpercentile, np.percentile, 100)


def _quantile(a: Array, q: Array, axes: tuple[int, ...], method: str, keepdims: Any) -> Any:
    """Between the two elements around the place of each q, which differs from row to row."""
    x = rows(a, axes)[0]
    n = cast(np.sum(~np.isnan(x), axis=-1), np.dtype(float))
    y, (alpha, beta) = bind(Sort(-1), x), PLACES[method]  # nan comes last, found where n = 0
    shape = (*q.shape, *dropped(a.shape, axes))
    if not y.shape[-1]:
        return np.broadcast_to(np.mean(y, axis=-1), shape)[()]
    q = reshape_to(q, (q.size, *(1,) * n.ndim))
    place = np.clip(n * q + (alpha + q * (1 - alpha - beta)) - 1, 0, np.maximum(n - 1, 0))
    y = expand_to(y, (q.shape[0], *y.shape))

    def at(k: Any) -> Any:
        k = cast(k, np.dtype(np.intp))
        return np.take_along_axis(y, reshape_to(k, (*k.shape, 1)), -1)[..., 0]

    if method in ELEMENT:
        found = at(ELEMENT[method](place))
    else:
        below = np.floor(place)
        weight = (np.ceil(place) - below) / 2 if method == "midpoint" else place - below
        low, high = at(below), at(np.minimum(below + 1, np.maximum(n - 1, 0)))
        found = low + (high - low) * weight
    kept = keepdims is not NO and keepdims
    return reshape_to(
        found, (*shape[: len(shape) - n.ndim], *aligned(a.shape, axes)) if kept else shape
    )[()]
