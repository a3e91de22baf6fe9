"""NumPy's functions that read parts of an array: take, compress, choose, diagonals."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array import Array, bind, implements, lift
from ..memory import share
from ..recording import is_abstract
from .gather import Gather, Scatter, part
from .indexing import integers
from .joining import array_like, refuse_out, stack
from .shaping import moveaxis, permuted, permuted_view
from .structure import Reshape, bind_one, expand_to, reshape_to


@implements(np.take)
def take(
    a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Array:
    refuse_out(out, "take")
    (a, axis), i = at_least_one(a, axis), array_like(indices)
    if i.dtype.kind not in "biu" or not np.can_cast(i.dtype, np.intp):
        np.empty(1).take(np.empty(0, i.dtype))  # NumPy's own error
    return take_along(a, within(i, a.shape[axis], mode), axis)


def along(a: Array, axis: int | None) -> tuple[Array, int]:
    """An array and its negative axis; the flattened array without one."""
    if axis is None:
        return reshape_to(a, (prod(a.shape),)), -1
    return a, normalize_axis_index(axis, a.ndim) - a.ndim


def at_least_one(a: Any, axis: int | None) -> tuple[Array, int]:
    """The same, where NumPy takes a number for an array of one axis."""
    a = array_like(a)
    return along(a, None if a.ndim == 0 and axis in (0, -1) else axis)


def take_along(a: Array, i: Array, axis: int, unique: bool = False) -> Array:
    """a at the indices i (from `integers`) of one negative axis."""
    return bind(Gather((axis,), i.ndim, unique), a, i)


def within(i: Array, n: int, mode: str) -> Array:
    """Indices of an axis of length n, in a mode of np.take."""
    i = integers(i)
    if mode == "raise":
        return i
    if mode not in ("wrap", "clip"):
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got '{mode}')")
    return i % n if mode == "wrap" else np.minimum(np.maximum(i, 0), n - 1)


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Array:
    x, i = array_like(arr), array_like(indices)
    if axis is None:
        if i.ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        x, axis = reshape_to(x, (x.size,)), 0
    axis = normalize_axis_index(axis, x.ndim)
    if i.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if i.ndim != x.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    # The other axes are shared: both get them in front.
    x, i = moveaxis(x, axis, -1), moveaxis(integers(i), axis, -1)
    try:
        shared = np.broadcast_shapes(x.shape[:-1], i.shape[:-1])
    except ValueError:
        raise IndexError(
            f"take_along_axis: the shapes {arr.shape} and {i.shape} do not broadcast"
        ) from None
    x, i = expand_to(x, (*shared, x.shape[-1])), expand_to(i, (*shared, i.shape[-1]))
    y = bind(Gather((-1,), 1), x, i)
    order = [k - (k > axis) for k in range(y.ndim)]
    order[axis] = y.ndim - 1
    return permuted(y, order)


def known(x: Any, name: str) -> np.ndarray:
    """The value of x, which decides a shape."""
    return np.asarray(array_like(x)._known(name))


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Array:
    refuse_out(out, "compress")
    c = known(condition, "np.compress")
    if c.ndim != 1:
        raise ValueError("condition must be a 1-d array")
    a, axis = at_least_one(a, axis)
    return take_along(a, lift(np.flatnonzero(c)), axis, unique=True)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Array:
    return compress(np.ravel(known(condition, "np.extract")), arr)


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Array:
    refuse_out(out, "choose")
    i, arrays = array_like(a), [array_like(c) for c in choices]
    shape = np.broadcast_shapes(i.shape, *(c.shape for c in arrays))
    options = stack([expand_to(c, shape) for c in arrays])
    i = reshape_to(expand_to(within(i, len(arrays), mode), shape), (1, *shape))
    if (
        mode == "raise"
        and not is_abstract(i.raw)
        and not np.all((i.raw >= 0) & (i.raw < len(arrays)))
    ):
        raise ValueError("invalid entry in choice array")
    return reshape_to(take_along_axis(options, i, 0), shape)[()]


@implements(np.nonzero)
def nonzero(a: Any) -> tuple[np.ndarray, ...]:
    return np.nonzero(known(a, "np.nonzero"))


@implements(np.flatnonzero)
def flatnonzero(a: Any) -> np.ndarray:
    return np.flatnonzero(known(a, "np.flatnonzero"))


@implements(np.argwhere)
def argwhere(a: Any) -> np.ndarray:
    return np.argwhere(known(a, "np.argwhere"))


@implements(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    found: list[Any] = []
    for k, x in enumerate(args):
        a = array_like(x)
        if a.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        a = lift(np.flatnonzero(known(a, "np.ix_ of a mask"))) if a.dtype == bool else a
        a = integers(a) if a.size == 0 else a
        found.append(reshape_to(a, (1,) * k + a.shape + (1,) * (len(args) - k - 1)))
    return tuple(found)


def _by_shape(function: Any) -> Any:
    """NumPy's functions that only ask an array for its shape."""

    def indices(arr: Any, *args: Any, **options: Any) -> Any:
        return function(np.broadcast_to(np.False_, arr.shape), *args, **options)

    return implements(function)(indices)


tril_indices_from = _by_shape(np.tril_indices_from)
triu_indices_from = _by_shape(np.triu_indices_from)
diag_indices_from = _by_shape(np.diag_indices_from)


# ------------------------------------------------------------ diagonals


def _steps(n: int, m: int, offset: int) -> tuple[int, int, int]:
    """Where the diagonal of a flattened matrix lies."""
    first = offset if offset >= 0 else -offset * m
    count = max(min(n, m - offset) if offset >= 0 else min(n + offset, m), 0)
    if count < 2:
        return (first, first + 1, 1) if count else (0, 0, 1)
    return (first, first + (count - 1) * (m + 1) + 1, m + 1)


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    a = lift(a)
    if a.ndim < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    i, j = (
        normalize_axis_index(axis1, a.ndim, "axis1"),
        normalize_axis_index(axis2, a.ndim, "axis2"),
    )
    if i == j:
        raise ValueError("axis1 and axis2 cannot be the same")
    b = permuted_view(a, (*(k for k in range(a.ndim) if k not in (i, j)), i, j))
    *lead, n, m = b.shape
    steps = (Reshape((*lead, n * m)), part(-1, _steps(n, m, offset)))
    y = bind(steps[1], bind_one(steps[0], b))
    if type(a.raw) is np.ndarray:
        y.raw = np.diagonal(a.raw, offset, i, j)  # a view for reading
    return share(y, b, *steps)


@implements(np.linalg.diagonal)
def matrix_diagonal(x: Any, /, *, offset: int = 0) -> Array:
    return diagonal(x, offset, -2, -1)


@implements(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Array:
    refuse_out(out, "trace")
    return np.sum(diagonal(a, offset, axis1, axis2), -1, dtype)


@implements(np.linalg.trace)
def matrix_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Array:
    return trace(x, offset, -2, -1, dtype)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Array:
    v = array_like(v)
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    n = v.size + abs(k)
    y = bind(Scatter((n * n,), (part(-1, _steps(n, n, k)),)), v)
    return reshape_to(y, (n, n))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Array:
    v = array_like(v)
    return diag(reshape_to(v, (v.size,)), k)
