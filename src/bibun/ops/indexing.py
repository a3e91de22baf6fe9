"""NumPy's index expressions: x[...] as a slice, a reshape, a gather and a transpose, as far as needed."""

from __future__ import annotations

import operator
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, Duck, enter, implements, innermost, lift
from ..errors import AbstractValueError
from ..graph import Op, Type
from ..recording import Trace, is_abstract
from .gather import Gather, Place, Slice
from .joining import array_like, traced
from .structure import Reshape, Transpose, cast, reshape_to

INTEGER = np.dtype(np.intp)
FIXED = {int, slice, type(None), type(Ellipsis)}
Steps = tuple[tuple[Op, tuple[int, ...]], ...]  # operations, each with the shape of its result


@implements(operator.getitem)
def getitem(x: Any, index: Any) -> Array:
    """x[index], with NumPy's values, views and errors."""
    x = lift(x)
    trace = x.scope
    if trace is not None and trace.active:
        key = _key(index)
        if key is not None:
            return _fixed(trace, x, index, key)
    return _general(x, index)


# ------------------------------------------------------------ integers, slices, Ellipsis, None


def _key(index: Any) -> tuple | None:
    """An index without arrays as something that can be looked up; None for other indices."""
    kind = type(index)
    if kind is int:
        return (index,)
    if kind is tuple:
        if not all(type(i) in FIXED for i in index):
            return None
        return tuple([_bounds(i) if type(i) is slice else i for i in index])
    return (_bounds(index) if kind is slice else index,) if kind in FIXED else None


def _bounds(s: slice) -> tuple:
    """The bounds of a slice as numbers; a traced bound counts with its value."""
    return tuple([b if type(b) is int or b is None else _number(b) for b in (s.start, s.stop, s.step)])


def _number(bound: Any) -> int:
    if isinstance(bound, Duck) and is_abstract(bound._read().value):
        raise AbstractValueError(
            "a slice needs bounds whose values are known, since they decide the shape: "
            "take a window of fixed length with x[start + np.arange(length)]"
        )
    return operator.index(bound)


def _fixed(trace: Trace, x: Array, index: Any, key: tuple) -> Array:
    u = x.value
    try:
        steps = _steps(key, u.shape)
    except IndexError:
        np.broadcast_to(np.False_, u.shape)[index]  # NumPy's own error
        raise
    shape = steps[-1][1] if steps else u.shape
    value = Type(u.dtype, shape) if type(u) is Type else u[index]
    if shape:
        trace.viewed.add(x.index)
    return record(trace, x, steps, value)


def record(trace: Trace, x: Array, steps: Steps, value: Any) -> Array:
    """Operations one after the other, where only the value of the last result is known."""
    i, last = x.index, len(steps) - 1
    for k, (op, shape) in enumerate(steps):
        i = trace.add((op, i), value if k == last else Type(value.dtype, shape))
    return Array(trace, i, value)


@lru_cache(maxsize=1 << 14)
def _steps(key: tuple, shape: tuple[int, ...]) -> Steps:
    """The operations of an index without arrays."""
    places, lengths = [], []
    for item, n in _assigned(key, shape):
        if item is None:
            lengths.append(1)
            continue
        place = _place(item, n)
        places.append(place)
        if type(place) is not int:
            lengths.append(n if place is None else len(range(*place)))
    return _slice_and_reshape(places, shape, tuple(lengths))


def _slice_and_reshape(places: list[Place], shape: tuple[int, ...], lengths: tuple[int, ...]) -> Steps:
    steps: list[tuple[Op, tuple[int, ...]]] = []
    first = next((k for k, p in enumerate(places) if p is not None), None)
    if first is not None:
        op = Slice(tuple(places[first:]))
        shape = op.type(Type(INTEGER, shape)).shape
        steps.append((op, shape))
    if shape != lengths:
        steps.append((Reshape(lengths), lengths))
    return tuple(steps)


def _assigned(key: tuple, shape: tuple[int, ...]) -> list[tuple[Any, int]]:
    """The items of an index, each with the length of its axis: Ellipsis is written out."""
    used = sum(i is not None and i is not Ellipsis for i in key)
    dots = [k for k, i in enumerate(key) if i is Ellipsis]
    if used > len(shape) or len(dots) > 1:
        raise IndexError
    k = dots[0] if dots else len(key)
    whole = (None, None, None)
    items = (*key[:k], *(whole,) * (len(shape) - used), *key[k + 1 :])
    lengths = iter(shape)
    return [(i, 1 if i is None else next(lengths)) for i in items]


def _place(item: Any, n: int) -> Place:
    """An integer or a slice on an axis of length n, in one form for all that mean the same."""
    if type(item) is int:
        if not -n <= item < n:
            raise IndexError
        return item % n
    chosen = range(n)[slice(*item)]
    if len(chosen) == n and chosen.step == 1:
        return None
    if not chosen:
        return (0, 0, 1)
    step = 1 if len(chosen) == 1 else chosen.step
    return (chosen[0], chosen[-1] + (1 if step > 0 else -1), step)


# ------------------------------------------------------------ index arrays and masks


class Parsed(NamedTuple):
    """An index with arrays in it: what is read without them, then the axes that they read."""

    places: list[Place]
    lengths: list[int]  # of the axes that are left, where a mask's axes are one, and a new axis has length 1
    arrays: list[tuple[int, Array]]  # (axis, indices)
    apart: bool  # whether NumPy puts the axes of the arrays first, since something stands between them
    unique: bool  # whether no entry is read twice


def _general(x: Array, index: Any) -> Array:
    items = [_item(i) for i in (index if type(index) is tuple else (index,))]
    arrays = [i for i in items if type(i) is Array]
    trace = innermost([x, *arrays])
    plain = tuple(i.value if type(i) is Array else i for i in items)
    known = not is_abstract(x.value) and not any(is_abstract(a.value) for a in arrays)
    if known:
        value = x.value[plain]
    else:
        _check(x, plain)
    if trace is None:
        return Array(None, -1, value)
    parsed = _parse(items, x.shape)
    number, shape = _recorded(trace, x, parsed)
    if not known:
        value = Type(x.dtype, shape)
    trace.values[number] = value
    if shape and all(a.ndim == 0 and a.dtype != bool for a in arrays):
        trace.viewed.update((enter(trace, x), number))  # integers, even as arrays, read a view
    return Array(trace, number, value)


def _check(x: Array, plain: tuple) -> None:
    """NumPy's own errors, as far as the values of the index arrays are known."""
    if not any(is_abstract(i) for i in plain):
        np.broadcast_to(np.False_, x.shape)[plain]


def _item(i: Any) -> Any:
    """An item of an index: fixed, or an Array of integers or bools."""
    if type(i) in FIXED:
        return slice(*_bounds(i)) if type(i) is slice else i
    if isinstance(i, list | tuple):
        i = array_like(i) if traced(i) else np.asarray(i)
        i = i if i.size else np.empty(i.shape, INTEGER)
    elif not isinstance(i, Duck | np.ndarray | np.generic | bool):
        i = operator.index(i) if hasattr(i, "__index__") else np.asarray(i)
        if type(i) is int:
            return i
    if isinstance(i, np.ndarray | np.generic) and i.dtype.kind not in "biuf":
        np.empty(0)[i]  # NumPy's own error
    a = lift(i)
    if a.dtype.kind not in "biu":
        np.empty(0)[np.empty(1, a.dtype)]  # NumPy's own error
    if a.dtype == bool and is_abstract(a.value):
        raise AbstractValueError(
            "x[mask] has a shape that depends on the values of the mask, which are not known here: "
            "use np.where(mask, x, 0), which keeps the shape"
        )
    return a


def _parse(items: list[Any], shape: tuple[int, ...]) -> Parsed:
    used = sum(_axes_read(i) for i in items)
    if used > len(shape):
        raise IndexError(f"too many indices for array: array is {len(shape)}-dimensional, but {used} were indexed")
    if Ellipsis not in [i for i in items if type(i) is not Array]:
        items = [*items, Ellipsis]
    p = Parsed([], [], [], _apart(items), len(items) == 2 and type(items[0]) is Array and items[0].dtype == bool)
    for i in items:
        n = shape[len(p.places)] if len(p.places) < len(shape) else 1
        if i is Ellipsis:
            rest = len(shape) - used
            p.lengths.extend(shape[len(p.places) : len(p.places) + rest])
            p.places.extend([None] * rest)
        elif i is None:
            p.lengths.append(1)
        elif type(i) is Array:
            _parse_array(p, i, shape)
        else:
            place = _place(i if type(i) is int else (i.start, i.stop, i.step), n)
            p.places.append(place)
            if type(place) is not int:
                p.lengths.append(n if place is None else len(range(*place)))
    return p


def _parse_array(p: Parsed, a: Array, shape: tuple[int, ...]) -> None:
    axes = _axes_read(a)
    first = len(p.places)
    if a.dtype == bool:
        a = lift(np.flatnonzero(a.value))  # a mask of several axes reads them as one
    p.arrays.append((len(p.lengths), a))
    p.places.extend([None] * axes)
    p.lengths.append(prod(shape[first : first + axes]))


def _axes_read(i: Any) -> int:
    """How many axes of the array an item of an index stands for."""
    if i is None or i is Ellipsis:
        return 0
    return i.ndim if type(i) is Array and i.dtype == bool else 1


def _apart(items: list[Any]) -> bool:
    """Whether something that is no array and no integer stands between arrays."""
    advanced = [k for k, i in enumerate(items) if type(i) in (Array, int)]
    return advanced[-1] - advanced[0] >= len(advanced)


def _recorded(trace: Trace, x: Array, p: Parsed) -> tuple[int, tuple[int, ...]]:
    """The entry of x read in this way, and its shape."""
    dtype, shape = x.dtype, tuple(p.lengths)
    i = enter(trace, x)
    for op, s in _slice_and_reshape(p.places, x.shape, shape):
        i = trace.add((op, i), Type(dtype, s))
    rank = max(a.ndim for _, a in p.arrays)
    indices = [integers(a, rank) for _, a in p.arrays]
    op = Gather(tuple(k - len(shape) for k, _ in p.arrays), rank, p.unique)
    of = op.type(Type(dtype, shape), *(Type(a.dtype, a.shape) for a in indices))
    i = trace.add((op, i, *[enter(trace, a) for a in indices]), of)
    first = p.arrays[0][0]
    if p.apart and rank and first:
        n = len(of.shape)
        order = (*range(first, first + rank), *range(first), *range(first + rank, n))
        of = Type(dtype, tuple(of.shape[k] for k in order))
        i = trace.add((Transpose(tuple(k - n for k in order)), i), of)
    return i, of.shape


def integers(a: Array, rank: int) -> Array:
    """Indices in the dtype and with the number of axes that Gather needs."""
    if a.scope is None:
        v = a.value if a.dtype == INTEGER else a.value.astype(INTEGER)
        return Array(None, -1, v if v.ndim == rank else v.reshape((1,) * (rank - v.ndim) + v.shape))
    return reshape_to(cast(a, INTEGER), (1,) * (rank - a.ndim) + a.shape)
