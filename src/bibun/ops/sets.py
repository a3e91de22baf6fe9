"""Arrays as sets of numbers, orders by several keys, and places of nan-free extrema.

Elements of a set are elements of the arguments, with their derivatives; equal ones share it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array import Array, bind, implements
from ..recording import is_abstract
from .joining import traced
from .reduction import NO, as_numpy, operand, refuse
from .sorting import SearchSorted, Sort
from .structure import cast, reshape_to
from .taking import known

# ------------------------------------------------------------ which are in a set


@implements(np.isin)
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *,
    kind: Any = None,
) -> Array:  # fmt: skip
    x, s = operand(element), operand(test_elements)

    def expression(x: Any, s: Any) -> Any:
        if not s.size:
            return (x != x) & (x == x) if not invert else (x != x) | (x == x)
        dtype = np.result_type(x.dtype, s.dtype)
        x, s = cast(x, dtype), bind(Sort(-1), cast(reshape_to(s, (s.size,)), dtype))
        place = bind(SearchSorted("left"), s, x)
        found = s[np.minimum(place, s.shape[0] - 1)] == x
        return ~found if invert else found

    return as_numpy(lambda x, s: np.isin(x, s, assume_unique, invert, kind=kind), expression, x, s)


def _flat(x: Any) -> Array:
    a = operand(x)
    return reshape_to(a, (a.size,))


def _mask(a: Array, b: Array, assume_unique: bool, invert: bool) -> np.ndarray:
    """Which elements of a are in b (or not), as NumPy compares them."""
    first, second = known(a, "a set of numbers"), known(b, "a set of numbers")
    return np.isin(first, second, assume_unique, invert)


@implements(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    a = _flat(ar1) if assume_unique else np.unique(operand(ar1))
    return a[_mask(a, _flat(ar2), True, True)]


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Array:
    return np.unique(np.concatenate((_flat(ar1), _flat(ar2))))


@implements(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    a, b = (_flat(x) if assume_unique else np.unique(operand(x)) for x in (ar1, ar2))
    y = np.sort(np.concatenate((a, b)))
    values = known(y, "np.setxor1d")
    new = np.concatenate(([True], values[1:] != values[:-1], [True]))
    return y[new[1:] & new[:-1]] if len(values) else y


@implements(np.intersect1d)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    a, b = _flat(ar1), _flat(ar2)
    values = known(a, "np.intersect1d"), known(b, "np.intersect1d")
    y = union1d(a, b)
    y = y[_mask(y, a, True, False) & _mask(y, b, True, False)]
    if not return_indices:
        return y
    return (y, *np.intersect1d(*values, assume_unique, True)[1:])


def _named(function: Callable[..., Any], result: Any, *options: str) -> None:
    """np.unique_all and its like: np.unique with each nan for itself, in rising order."""

    def unique(x: Any) -> Any:
        a = operand(x)
        found = np.unique(a, **dict.fromkeys(options, True), equal_nan=False)
        if "return_inverse" in options:
            k = 1 + options.index("return_inverse")
            found = (*found[:k], np.reshape(found[k], a.shape), *found[k + 1 :])
        return result(*found) if options else found

    implements(function)(unique)


def _result(function: Callable[..., Any]) -> Any:
    """The named tuple that NumPy gives."""
    return type(function(np.zeros(1)))


_named(np.unique_values, None)
_named(np.unique_counts, _result(np.unique_counts), "return_counts")
_named(np.unique_inverse, _result(np.unique_inverse), "return_inverse")
_named(
    np.unique_all, _result(np.unique_all), "return_index", "return_inverse", "return_counts"
)  # fmt: skip


# ------------------------------------------------------------ orders and places


@implements(np.lexsort)
def lexsort(keys: Any, axis: int = -1) -> Array:
    """The order by the last key, among equals by the one before it, and so on."""
    rows = [_key(k) for k in (keys if isinstance(keys, list | tuple) else operand(keys))]
    if not rows:
        raise TypeError("need sequence of keys with len > 0 in lexsort")
    if not rows[0].ndim:
        return operand(np.lexsort([known(k, "np.lexsort") for k in rows], axis))
    axis = normalize_axis_index(axis, rows[0].ndim) - rows[0].ndim
    order = np.argsort(rows[0], axis=axis, stable=True)
    for k in rows[1:]:
        again = np.argsort(np.take_along_axis(k, order, axis), axis=axis, stable=True)
        order = np.take_along_axis(order, again, axis)
    return order


def _key(k: Any) -> Array:
    """A key of numbers; of strings or dates, which place each has among them."""
    plain = None if traced([k]) else np.asarray(k)
    words = plain is not None and plain.dtype.kind not in "biufc"
    return operand(np.unique(plain, return_inverse=True)[1] if words else k)


def _extremum(function: Any, plain: Any, least: float) -> None:
    """np.nanargmax, np.nanargmin: nan counts as the worst of all numbers."""

    def place(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NO) -> Array:
        refuse(function.__name__, out=out)
        a = operand(a)
        if not is_abstract(a.raw):
            function(a.raw, axis)  # NumPy's own errors
        options = {} if keepdims is NO else {"keepdims": keepdims}
        if a.dtype.kind == "f":
            a = np.where(np.isnan(a), a.dtype.type(least), a)
        return plain(a, axis, **options)

    implements(function)(place)


_extremum(np.nanargmax, np.argmax, -np.inf)
_extremum(np.nanargmin, np.argmin, np.inf)
