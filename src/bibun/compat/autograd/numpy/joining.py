"""Functions of NumPy that join arrays, for lists of traced numbers that NumPy would refuse."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....array import Duck
from ..primitives import getval

_Sequence = list | tuple


def holds_traced(x: Any) -> bool:
    """Whether a nested list holds an array that NumPy's own constructors would refuse."""
    return isinstance(x, Duck) or (isinstance(x, _Sequence) and any(map(holds_traced, x)))


def array(A: Any, *args: Any, **kwargs: Any) -> Any:
    """numpy.array, also of nested lists of traced arrays and numbers."""
    if not holds_traced(A):
        return np.array(A, *args, **kwargs)
    whole = np.stack([array(x) for x in A]) if isinstance(A, _Sequence) else np.copy(A)
    dtype = args[0] if args else kwargs.get("dtype")
    least = kwargs.get("ndmin", 0) - np.ndim(whole)
    whole = whole if least <= 0 else np.reshape(whole, (1,) * least + whole.shape)
    return whole if dtype is None else whole.astype(dtype)


def asarray(a: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """numpy.asarray, also of nested lists of traced arrays and numbers."""
    if isinstance(a, Duck):
        return a if dtype is None else a.astype(dtype)
    return array(a, dtype) if holds_traced(a) else np.asarray(a, dtype, **kwargs)


def _of_lists(name: str) -> Any:
    """The NumPy function of this name, whose first argument may be a list of traced numbers."""
    function = getattr(np, name)

    def of_lists(a: Any, *args: Any, **kwargs: Any) -> Any:
        return function(
            array(a) if isinstance(a, _Sequence) and holds_traced(a) else a, *args, **kwargs
        )

    of_lists.__name__ = name
    of_lists.__doc__ = f"numpy.{name}, also of lists of traced numbers."
    return of_lists


# fmt: off
mean, std, var, sum   = map(_of_lists, ("mean", "std", "var", "sum"))
prod, max, min, ravel = map(_of_lists, ("prod", "max", "min", "ravel"))
amax, amin            = max, min
# fmt: on


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """numpy.append, also of lists of traced numbers."""
    return np.append(asarray(arr), asarray(values), axis)


def _of_several(name: str) -> Any:
    """The NumPy function of this name, which joins arrays, traced numbers and lists of these."""
    function = getattr(np, name)

    def of_several(arrays: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(arrays, np.ndarray | Duck):
            return function(arrays, *args, **kwargs)
        return function([asarray(a) for a in arrays], *args, **kwargs)

    of_several.__name__ = name
    of_several.__doc__ = f"numpy.{name}, also of traced numbers and lists of them."
    return of_several


# fmt: off
concatenate, stack   = map(_of_several, ("concatenate", "stack"))
hstack, vstack       = map(_of_several, ("hstack", "vstack"))
dstack, column_stack = map(_of_several, ("dstack", "column_stack"))
# fmt: on
row_stack = vstack


def where(condition: Any, *args: Any, **kwargs: Any) -> Any:
    """numpy.where; of Python's numbers and lists alone, Python's numbers and lists."""
    if not args and not kwargs:
        return np.where(condition)
    if len(args) + len(kwargs) != 2:
        raise ValueError("either both or neither of x and y should be given")
    x = args[0] if args else kwargs["x"]
    y = args[1] if len(args) > 1 else kwargs["y"]
    result = np.where(*(array(a) if holds_traced(a) else a for a in (condition, x, y)))
    plain = not any(map(_is_array, (condition, x, y)))
    return result.tolist() if plain and isinstance(result, np.ndarray) else result


def _is_array(x: Any) -> bool:
    if isinstance(x, _Sequence):
        return any(map(_is_array, x))
    return isinstance(x, Duck | np.ndarray | np.generic)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """numpy.select, also of traced arrays: the choice of the first condition that holds."""
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = np.where(condition, choice, result)
    return result


class _Joined:
    """np.r_ and np.c_ for traced arrays: numpy's own joins places, and we take from these."""

    def __init__(self, joiner: Any):
        self.joiner = joiner

    def __getitem__(self, key: Any) -> Any:
        items = key if isinstance(key, tuple) else (key,)
        arrays = [k for k, x in enumerate(items) if isinstance(x, Duck)]
        if not arrays:
            return self.joiner[key]
        # Everything is joined twice: as values, and as places in the list of all traced numbers.
        places, start = [], 0
        for k, x in enumerate(items):
            n = int(np.size(x)) if k in arrays else 0
            places.append(np.arange(start, start + n).reshape(np.shape(x)) if n else x)
            start += n
        values = self.joiner[tuple(getval(x) for x in items)]
        masks = [_like(x, k in arrays) for k, x in enumerate(items)]
        where_traced = self.joiner[tuple(masks)].astype(bool)
        from_place = np.where(where_traced, self.joiner[tuple(places)], 0).astype(int)
        pool = np.concatenate([np.ravel(items[k]) for k in arrays])
        return np.where(where_traced, pool[from_place], values)


def _like(x: Any, traced: bool) -> Any:
    if isinstance(x, slice):
        joined = np.r_[x]
        return np.zeros(joined.shape, int)
    return x if isinstance(x, str) else np.full(np.shape(x), int(traced))


r_, c_ = _Joined(np.r_), _Joined(np.c_)


def make_diagonal(D: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The matrices with these diagonals: y[..., i, j] = D[..., i] if i = j else 0."""
    if (offset, axis1, axis2) != (0, -1, -2):
        raise ValueError("make_diagonal: offset=0, axis1=-1, axis2=-2 is what it can do")
    n = np.shape(D)[-1]
    return np.where(np.eye(n, dtype=bool), D[..., None], np.zeros((), D.dtype))
