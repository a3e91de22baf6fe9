"""Functions that call a function of the user's: along an axis, on elements, on parts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array import Array, Duck, bind, implements
from .gather import Gather, Scatter
from .joining import array_like
from .reduction import operand
from .shaping import permuted
from .structure import cast, expand_to, reshape_to
from .taking import known


@implements(np.apply_along_axis)
def apply_along_axis(func1d: Callable, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Array:
    a = operand(arr)
    axis = normalize_axis_index(axis, a.ndim)
    lanes = np.moveaxis(a, axis, -1)
    shape = lanes.shape[:-1]
    if 0 in shape:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    found = [array_like(func1d(lanes[i], *args, **kwargs)) for i in product(*map(range, shape))]
    # What the function gives first decides the dtype and the shape of all.
    first = found[0]
    y = np.stack([expand_to(cast(v, first.dtype), first.shape) for v in found])
    y = reshape_to(y, (*shape, *first.shape))
    lead, inner = len(shape), list(range(len(shape), y.ndim))
    return permuted(y, (*range(axis), *inner, *range(axis, lead)))


@implements(np.apply_over_axes)
def apply_over_axes(func: Callable, a: Any, axes: Any) -> Any:
    y = operand(a)
    n = y.ndim
    for axis in [axes] if np.ndim(axes) == 0 else axes:
        k = n + axis if axis < 0 else axis
        found = func(y, k)
        if found.ndim != y.ndim:
            found = np.expand_dims(found, k)
        if found.ndim != y.ndim:
            raise ValueError("function is not returning an array of the correct shape")
        y = found
    return y


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Array:
    """Each function on the elements where its condition holds, which have to be known."""
    x = operand(x)
    masks = _conditions(x, condlist, len(funclist))
    flat, taken = reshape_to(x, (x.size,)), np.full(x.size, -1)
    for k, mask in enumerate(masks):  # the last condition that holds is the one that counts
        taken[mask] = k
    reads, values = [], []
    for k, (mask, f) in enumerate(zip(masks, funclist, strict=True)):
        where, ours = np.flatnonzero(mask), taken[mask] == k
        if not len(where):
            continue
        y = array_like(f(flat[where], *args, **kw) if callable(f) else f)
        y = expand_to(cast(y, x.dtype), (len(where),))
        reads.append(Gather((-1,), 1, True))
        values += [where[ours], y if ours.all() else y[np.flatnonzero(ours)]]
    if not reads:
        return np.zeros_like(x)
    return reshape_to(bind(Scatter((x.size,), tuple(reads)), *values), x.shape)


def _conditions(x: Array, given: Any, functions: int) -> list[np.ndarray]:
    """The conditions as flat masks, with that of "otherwise" if there is one more function."""
    one = isinstance(given, Duck) and given.ndim == x.ndim
    if (
        np.isscalar(given)
        or one
        or (not isinstance(given[0], list | np.ndarray | Duck) and x.ndim != 0)
    ):
        given = [given]
    masks = known(given, "np.piecewise").astype(bool)
    if len(masks) == functions - 1:
        masks = np.concatenate([masks, ~np.any(masks, axis=0, keepdims=True)])
    elif len(masks) != functions:
        n = len(masks)
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")
    if masks.shape[1:] != x.shape:
        x_like = np.zeros(x.shape)
        masks = np.stack([_as_index(x_like, m) for m in masks])
    return [m.ravel() for m in masks]


def _as_index(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A mask of fewer axes, as NumPy's index reads it."""
    hit = np.zeros(x.shape, bool)
    hit[mask] = True
    return hit
