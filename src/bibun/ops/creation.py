"""New arrays from traced numbers: array, full, arange, linspace, logspace, geomspace.

Where NumPy's protocols do not reach (np.array, np.full, np.arange), these are what the names mean
in code that is traced with its names bound anew.
"""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..array import Array, bind, implements, is_number
from .alignment import NUMBERS
from .joining import array_like
from .reduction import as_numpy, operand
from .structure import Copy, array_of, cast, expand_to, reshape_to
from .taking import known

# ------------------------------------------------------------ arrays of what is given


@implements(np.array)
def array(
    object: Any, dtype: Any = None, *, copy: Any = True, order: str = "K", subok: bool = False,
    ndmin: int = 0, ndmax: int = 0, like: Any = None,
) -> Array:  # fmt: skip
    """The numbers and arrays in nested lists as one array. It has memory of its own."""
    given = array_like(object)
    if dtype is not None and np.dtype(dtype) == "O":
        return objects(given)
    a = given if dtype is None else cast(given, np.dtype(dtype))
    if copy is False and (a is not given or isinstance(object, list | tuple)):
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    if a.ndim < ndmin:
        a = reshape_to(a, (1,) * (ndmin - a.ndim) + a.shape)
    return in_memory(a, bool(copy) and a is given)


def objects(a: Array) -> Any:
    """A plain array of objects, each of them one number of a, traced as it was."""
    y = np.empty(a.shape, "O")
    for k in np.ndindex(a.shape):
        y[k] = a[k]
    return y


def in_memory(a: Array, copy: bool = False) -> Array:
    """a as an array, not a number, also without axes: it can be written to, under all its names."""
    if a.ndim:
        return bind(Copy(), a) if copy else a
    return a if not (copy or is_number(a)) else array_of(bind(Copy(), a))


@implements(np.asarray, np.asanyarray)
def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None,
    like: Any = None,
) -> Array:  # fmt: skip
    return array(a, dtype, copy=copy)


@implements(np.ascontiguousarray, np.asfortranarray)
def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> Array:
    return array(a, dtype, copy=None, ndmin=1)


@implements(np.asarray_chkfinite)
def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Array:
    y = array(a, dtype, copy=None)
    np.asarray_chkfinite(known(y, "np.asarray_chkfinite"))
    return y


@implements(np.require)
def require(a: Any, dtype: Any = None, requirements: Any = None, *, like: Any = None) -> Array:
    """The numbers in this dtype; how they lie in memory is left to bibun."""
    np.require(np.zeros(()), None, requirements)  # NumPy's own errors
    return array(a, dtype, copy=None)


@implements(np.fromiter)
def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Array:
    items = list(iter)
    if 0 <= len(items) < count:
        raise ValueError(
            f"iterator too short: Expected {count} but iterator had only {len(items)} items."
        )
    return array(items if count < 0 else items[:count], dtype)


@implements(np.full)
def full(
    shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None,
    like: Any = None,
) -> Array:  # fmt: skip
    number = array_like(fill_value)
    shape = tuple(map(index, shape)) if np.ndim(shape) else (index(shape),)
    return in_memory(expand_to(number if dtype is None else cast(number, np.dtype(dtype)), shape))


# ------------------------------------------------------------ numbers in a row


def common(*numbers: Any) -> np.dtype:
    """The dtype of a row of floats between these; Python's numbers adapt to the others."""
    kinds = [type(x)(0) if type(x) in NUMBERS else operand(x).dtype for x in numbers]
    return np.result_type(*kinds, 1.0)


@implements(np.arange)
def arange(
    start: Any = None, stop: Any = None, step: Any = 1, dtype: Any = None, *, device: Any = None,
    like: Any = None,
) -> Array:  # fmt: skip
    """start + i step. How many there are is piecewise constant, and so are whole numbers."""
    if start is None:
        raise TypeError("arange() requires stop to be specified.")
    start, stop = (0, start) if stop is None else (start, stop)
    bounds = [
        known(x, "np.arange")[()] if type(x) not in NUMBERS else x for x in (start, stop, step)
    ]
    found = np.arange(*bounds, dtype=dtype)
    if found.dtype.kind not in "fc":
        return operand(found)

    def expression(start: Any, step: Any) -> Any:
        places = np.arange(len(found), dtype=found.dtype)
        return cast(start, found.dtype) + places * cast(step, found.dtype)

    return as_numpy(lambda *_: found, expression, start, step)


@implements(np.linspace)
def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    num, kind = index(num), common(start, stop)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    start, stop = (cast(operand(x), kind) for x in (start, stop))
    parts = num - 1 if endpoint else num
    shape = np.broadcast_shapes(start.shape, stop.shape)
    weights = (np.arange(num) / max(parts, 1)).astype(kind).reshape(-1, *(1,) * len(shape))

    def expression(start: Any, stop: Any) -> Any:
        # The last one is the end itself: rounding would leave what lies there out of a histogram.
        y = np.where(weights == 1, stop, start + (stop - start) * weights)
        y = np.moveaxis(y, 0, axis)
        whole = dtype is not None and np.dtype(dtype).kind in "iu"
        return y if dtype is None else cast(np.floor(y) if whole else y, np.dtype(dtype))

    y = as_numpy(
        lambda a, b: np.linspace(a, b, num, endpoint, dtype=dtype, axis=axis),
        expression, start, stop,
    )  # fmt: skip
    if not retstep:
        return y
    return y, (stop - start) / parts if parts > 0 else np.nan


@implements(np.logspace)
def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0,
    dtype: Any = None, axis: int = 0,
) -> Array:  # fmt: skip
    if type(base) not in NUMBERS and operand(base).ndim:
        base = operand(base)
        shapes = [() if type(x) in NUMBERS else operand(x).shape for x in (start, stop, base)]
        n = len(np.broadcast_shapes(*shapes))
        start, stop = (
            x if type(x) in NUMBERS else _with_axes(operand(x), n) for x in (start, stop)
        )
        if type(start) in NUMBERS and type(stop) in NUMBERS:
            start = reshape_to(cast(operand(start), common(start, stop)), (1,) * n)
        base = np.expand_dims(_with_axes(base, n), axis)
    y = np.power(base, linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else cast(y, np.dtype(dtype))


def _with_axes(a: Array, n: int) -> Array:
    """a with n axes, the first of length 1."""
    return reshape_to(a, (1,) * (n - a.ndim) + a.shape)


@implements(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Array:
    num, start, stop = index(num), operand(start), operand(stop)
    kind = np.result_type(start.dtype, stop.dtype, float(num), np.zeros((), dtype))
    start, stop = cast(start, kind), cast(stop, kind)
    parts = num - 1 if endpoint else num
    shape = np.broadcast_shapes(start.shape, stop.shape)
    weights = np.arange(num) / max(parts, 1)
    weights = weights.astype(kind).reshape(-1, *(1,) * len(shape))

    def expression(start: Any, stop: Any) -> Any:
        sign = np.sign(start)
        # A product of powers: the quotient of the ends may overflow, and its logarithm is rounded.
        y = sign * (np.abs(start) ** (1 - weights) * (stop / sign) ** weights)
        y = np.moveaxis(y, 0, axis)
        return y if dtype is None else cast(y, np.dtype(dtype))

    return as_numpy(
        lambda a, b: np.geomspace(a, b, num, endpoint, dtype, axis), expression, start, stop
    )
