"""How many numbers lie where, and the sums of their weights: bincount and histograms.

Counts are piecewise constant. Sums of weights are linear in the weights; edges that follow from
the data move with its smallest and its largest number, and densities with their edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

import numpy as np

from ..array import Array, bind, implements
from ..errors import ShapeError
from .alignment import NUMBERS
from .gather import Gather, Scatter
from .indexing import integers
from .joining import traced
from .reduction import NO, as_numpy, operand
from .structure import cast, expand_to, reshape_to
from .taking import known

FLOAT, COUNT = np.dtype(np.float64), np.dtype(np.intp)


def sums(places: Array, weights: Array, n: int) -> Array:
    """The sum of the weights at each of n places."""
    return bind(Scatter((n,), (Gather((-1,), 1),)), integers(places), weights)


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: Any = 0) -> Array:
    x = operand(x)
    values = known(x, "np.bincount")
    found = np.bincount(values, minlength=minlength)
    if weights is None:
        return operand(found)
    w = operand(weights)
    return as_numpy(
        lambda x, w: np.bincount(x, w, minlength),
        lambda x, w: sums(x, cast(w, FLOAT), len(found)),
        x,
        w,
    )


# ------------------------------------------------------------ edges


def ends(a: Array, limits: Any) -> tuple[Any, Any]:
    """Where the first bin begins and the last one ends; apart by 1 if that were one place."""
    if limits is not None:
        low, high = (operand(a.dtype.type(r) if _weak(r, a) else r) for r in limits)
    elif not a.size:
        return operand(0), operand(1)
    else:
        low, high = np.min(a), np.max(a)
    kinds = np.result_type(low.dtype, high.dtype)
    shift = cast(low == high, FLOAT if kinds.kind in "iub" else kinds) * 0.5
    return low - shift, high + shift


def _weak(x: Any, a: Array) -> bool:
    """Whether x is one of Python's numbers beside an array of floats."""
    return type(x) in NUMBERS and a.dtype.kind == "f"


def uniform(a: Array, bins: int, limits: Any) -> Array:
    """Edges of equal bins."""
    low, high = ends(a, limits)
    kind = np.result_type(low.dtype, high.dtype, a.dtype)
    kind = np.result_type(kind, float) if kind.kind in "iub" else kind
    return np.linspace(low, high, bins + 1, dtype=kind)


def _number(x: Any) -> Any:
    """A number as NumPy gets it: Python's own stay so, for their dtype adapts."""
    return x if type(x) in NUMBERS else known(x, "np.histogram")[()]


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Array:
    a = operand(a)
    a = reshape_to(a, (a.size,))
    if np.ndim(bins) and not isinstance(bins, str):
        given = operand(bins)
        np.histogram_bin_edges(np.zeros(0), given.numpy())  # NumPy's own errors
        return given
    if isinstance(bins, str) and weights is not None:
        np.histogram_bin_edges(np.ones(1), bins, weights=np.ones(1))  # NumPy's own error
    limits = None if range is None else list(map(_number, range))
    data = traced(range) or (range is None and a.size)  # otherwise the edges are fixed
    if isinstance(bins, str):
        bins = len(np.histogram_bin_edges(known(a, "np.histogram"), bins, limits)) - 1
    if not data:
        return operand(np.histogram_bin_edges(np.zeros(0, a.dtype), bins, limits))
    return as_numpy(
        lambda a: np.histogram_bin_edges(a, bins, limits),
        lambda a: uniform(a, index(bins), range),
        a,
    )


def _binned(a: Array, edges: Array) -> Array:
    """The bin of each number from 0 on; as many as there are bins for those outside and nan.

    A number on an edge belongs to the bin above it, on the last edge to the last one.
    """
    n = edges.shape[0] - 1
    k = np.searchsorted(edges, a, side="right") - 1
    k = np.where(a == edges[-1], n - 1, k)
    return np.where((k >= 0) & (k < n), k, n)


# ------------------------------------------------------------ histograms


@implements(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, Array]:
    a, w = operand(a), NO if weights is None else operand(weights)
    if w is not NO and w.shape != a.shape:
        raise ValueError("weights should have the same shape as a.")
    edges = histogram_bin_edges(a, bins, range, weights)
    n = edges.shape[0] - 1
    limits = None if range is None else list(map(_number, range))
    kept = bins if isinstance(bins, str) or not np.ndim(bins) else None

    def numpy(a: Any, edges: Any, w: Any) -> Any:
        w = None if w is NO else w
        return np.histogram(a, edges if kept is None else kept, limits, bool(density), w)[0]

    def expression(a: Any, edges: Any, w: Any) -> Any:
        a = reshape_to(a, (a.size,))
        kind = COUNT if w is NO else w.dtype
        w = expand_to(operand(kind.type(1)), a.shape) if w is NO else reshape_to(w, a.shape)
        y = sums(_binned(a, edges), w, n + 1)[:n]
        return y / cast(np.diff(edges), FLOAT) / np.sum(y) if density else y

    return as_numpy(numpy, expression, a, edges, w), edges


@implements(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, list[Array]]:
    x = operand(sample)
    if x.ndim != 2 or isinstance(sample, list | tuple):
        x = np.atleast_2d(x).T
    count = x.shape[1]
    many = [bins] * count if _one(bins) else bins
    if len(many) != count:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    limits = [None] * count if range is None else range
    if len(limits) != count:
        raise ValueError("range argument must have one entry per dimension")
    edges = [_edges(x[:, k], b, r) for k, (b, r) in enumerate(zip(many, limits, strict=True))]
    w = NO if weights is None else operand(weights)

    def numpy(x: Any, w: Any, *edges: Any) -> Any:
        w = None if w is NO else w
        return np.histogramdd(x, edges, None, bool(density), w)[0]

    def expression(x: Any, w: Any, *edges: Any) -> Any:
        return _counted(x, edges, density, w)

    return as_numpy(numpy, expression, x, w, *edges), edges


def _one(bins: Any) -> bool:
    """Whether bins is one number, for all axes."""
    return not isinstance(bins, list | tuple) and np.ndim(bins) == 0


def _edges(x: Array, bins: Any, limits: Any) -> Array:
    """The edges along one axis."""
    given = operand(bins)
    if given.ndim:
        np.histogramdd(np.zeros((0, 1)), [given.numpy()])  # NumPy's own errors
        return given
    np.histogramdd(np.zeros((0, 1)), [known(bins, "np.histogramdd")[()]])
    np.histogramdd(np.asarray(x.numpy())[:, None], [1], [limits])
    return np.linspace(*ends(x, limits), int(given.numpy()) + 1)


def _counted(x: Array, edges: Sequence[Array], density: Any, weights: Any) -> Any:
    """The histogram of the rows of x over a grid."""
    shape = tuple(e.shape[0] - 1 for e in edges)
    place: Any = 0
    for k, e in enumerate(edges):  # one place more along each axis, for what lies outside
        place = place * (shape[k] + 1) + _binned(x[:, k], e)
    w = expand_to(operand(1.0), x.shape[:1]) if weights is NO else cast(weights, FLOAT)
    if w.shape != x.shape[:1]:
        raise ShapeError(f"histogramdd: {x.shape[0]} weights are needed, not {w.shape}")
    wide = tuple(n + 1 for n in shape)
    y = reshape_to(sums(place, w, prod(wide)), wide)[tuple(slice(n) for n in shape)]
    if density:
        total = np.sum(y)
        for k, e in enumerate(edges):
            y = y / np.diff(e).reshape(-1, *(1,) * (len(shape) - 1 - k))
        y = y / total
    return y


@implements(np.histogram2d)
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, Array, Array]:
    x, y = operand(x), operand(y)
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    if not _one(bins) and len(bins) not in (1, 2):
        bins = [bins, bins]
    h, edges = histogramdd([x, y], bins, range, density, weights)
    return h, edges[0], edges[1]
