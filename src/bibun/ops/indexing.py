"""NumPy's index expressions: x[...] as a slice, a reshape, a gather and a transpose, as needed."""

from __future__ import annotations

import operator
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, Duck, bind, enter, implements, innermost, is_number, lift
from ..errors import AbstractValueError
from ..graph import Op, Type
from ..memory import share
from ..recording import Trace, is_abstract
from .gather import Gather, Place, Slice
from .joining import array_like, traced
from .structure import Copy, Reshape, Transpose, array_of, cast, reshape_to

INTEGER = np.dtype(np.intp)
FIXED = {int, slice, type(None), type(Ellipsis)}
Steps = tuple[tuple[Op, tuple[int, ...]], ...]  # operations, each with the shape of its result


@implements(operator.getitem)
def getitem(x: Any, index: Any) -> Array:
    """x[index], with NumPy's values, views and errors."""
    x = lift(x)
    trace = x.scope
    if trace is not None and trace.active:
        key = key_of(index)
        if key is not None:
            return _fixed(trace, x, index, key)
    return _general(x, index)


# ------------------------------------------------------------ integers, slices, Ellipsis, None


def key_of(index: Any) -> tuple | None:
    """An index without arrays as something that can be looked up; None for other indices."""
    kind = type(index)
    if kind is int:
        return (index,)
    if kind is tuple:
        if not all(type(i) in FIXED for i in index):
            return None
        return tuple([bounds_of(i) if type(i) is slice else i for i in index])
    return (bounds_of(index) if kind is slice else index,) if kind in FIXED else None


def bounds_of(s: slice) -> tuple:
    """The bounds of a slice as numbers; a traced bound counts with its value."""
    return tuple(
        [b if type(b) is int or b is None else _number(b) for b in (s.start, s.stop, s.step)]
    )


def _number(bound: Any) -> int:
    if isinstance(bound, Duck) and is_abstract(bound._read().raw):
        raise AbstractValueError(
            "a slice needs bounds whose values are known, since they decide the shape: "
            "take a window of fixed length with x[start + np.arange(length)]"
        )
    return operator.index(bound)


def _fixed(trace: Trace, x: Array, index: Any, key: tuple) -> Array:
    u = x.raw
    try:
        steps = steps_of(key, u.shape)
    except IndexError:
        np.broadcast_to(np.False_, u.shape)[index]  # NumPy's own error
        raise
    shape = steps[-1][1] if steps else u.shape
    value = Type(u.dtype, shape) if type(u) is Type else u[index]
    y = record(trace, x, steps, value)
    if not shape and Ellipsis in key:  # an array without axes
        if is_number(x):
            return array_of(bind(Copy(), x))
        y.form = np.ndarray
    if not is_number(y):
        y.parent = x
        trace.views.append(y)
    return y


def record(trace: Trace, x: Array, steps: Steps, value: Any) -> Array:
    """Operations one after the other, where only the value of the last result is known."""
    i, last = x.index, len(steps) - 1
    for k, (op, shape) in enumerate(steps):
        i = trace.add((op, i), value if k == last else Type(value.dtype, shape))
    return Array(trace, i, value)


@lru_cache(maxsize=1 << 14)
def steps_of(key: tuple, shape: tuple[int, ...]) -> Steps:
    """The operations of an index without arrays."""
    places: list[Place] = []
    lengths: list[int] = []
    for item, n in _assigned(key, shape):
        if item is None:
            lengths.append(1)
            continue
        _add_place(places, lengths, _place(item, n), n)
    return _slice_and_reshape(places, shape, tuple(lengths))


def _add_place(places: list[Place], lengths: list[int], place: Place, n: int) -> None:
    """One more place to read, and the length of what it leaves of its axis of length n."""
    places.append(place)
    if not isinstance(place, int):
        lengths.append(n if place is None else len(range(*place)))


def _slice_and_reshape(
    places: list[Place], shape: tuple[int, ...], lengths: tuple[int, ...]
) -> Steps:
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


class Indices(NamedTuple):
    """An index array, as far as it decides what is recorded."""

    shape: tuple[int, ...]
    axes: int  # of x that it reads: one, or all those of a mask, which it reads as one
    mask: bool


class Plan(NamedTuple):
    """How an index with arrays is recorded: what is read before and after a gather."""

    before: Steps
    gather: Gather
    gathered: tuple[int, ...]  # the shape of what it gives
    after: Steps

    @property
    def shape(self) -> tuple[int, ...]:
        return self.after[-1][1] if self.after else self.gathered


class Parsed(NamedTuple):
    """An index as what decides the operations, as NumPy is given it, and its arrays."""

    key: tuple
    plain: tuple
    arrays: list[Array]
    scalar: bool  # whether all arrays are integers
    known: bool


def _parsed(index: Any) -> Parsed:
    key: list[Any] = []
    plain: list[Any] = []
    arrays: list[Array] = []
    known = scalar = True
    for i in index if type(index) is tuple else (index,):
        i = item_of(i)
        if type(i) is Array:
            u = i.raw
            known = known and type(u) is not Type
            scalar = scalar and u.shape == () and u.dtype != bool
            arrays.append(i if u.dtype is INTEGER else _integers(i))
            mask = u.dtype == bool
            key.append(Indices(arrays[-1].raw.shape, len(u.shape) if mask else 1, mask))
            plain.append(u)
        else:
            key.append(bounds_of(i) if type(i) is slice else i)
            plain.append(i)
    return Parsed(tuple(key), tuple(plain), arrays, scalar, known)


def reading(x: Array, index: Any) -> tuple[list, tuple[int, ...], Any, list[Array]]:
    """The operations that read x[index], each with its index arrays, and more about the result.

    That is the shape of the result; the index for NumPy; all index arrays.
    """
    arrays: list[Array] = []
    key, plain = key_of(index), index
    if key is None:
        key, plain, arrays, _, known = _parsed(index)
        _value(x, plain, known and not is_abstract(x.raw))
    if not arrays:
        try:
            steps = steps_of(key, x.shape)
        except IndexError:
            np.broadcast_to(np.False_, x.shape)[plain]  # NumPy's own error
            raise
        return [(op, ()) for op, _ in steps], steps[-1][1] if steps else x.shape, plain, []
    plan = plan_of(key, x.shape)
    found: list[tuple[Op, tuple[Array, ...]]] = [(op, ()) for op, _ in plan.before]
    rank = plan.gather.rank
    aligned_arrays = [a if len(a.raw.shape) == rank else _aligned(a, rank) for a in arrays]
    found.append((plan.gather, tuple(aligned_arrays)))
    found += [(op, ()) for op, _ in plan.after]
    return found, plan.shape, plain, arrays


def _general(x: Array, index: Any) -> Array:
    key, plain, arrays, scalar, known = _parsed(index)
    known = known and not is_abstract(x.raw)
    value = _value(x, plain, known)
    trace = innermost((x, *arrays))
    if trace is None:
        return _plain(x, key, arrays, value)
    if not arrays:
        return getitem(x, plain)
    plan = plan_of(key, x.shape)
    value = value if known else Type(x.dtype, plan.shape)
    y = Array(trace, _enter(trace, x, plan, arrays, value), value)
    # Integers, even as arrays, read a view.
    return share(y, x) if scalar and plan.shape else y


def _plain(x: Array, key: tuple, arrays: list[Array], value: Any) -> Array:
    """What was read of a plain array, and how, if it is a view."""
    y = Array(None, -1, value)
    if type(value) is not np.ndarray or any(a.raw.shape or a.dtype == bool for a in arrays):
        return y
    numbers = iter(arrays)
    key = tuple([int(next(numbers).raw) if type(i) is Indices else i for i in key])
    return share(y, x, *[op for op, _ in steps_of(key, x.shape)])


def _value(x: Array, plain: tuple, known: bool) -> Any:
    """What NumPy reads, or its own error; None where values are not known."""
    if known:
        return x.raw[plain]
    if not any(type(i) is Type for i in plain):
        np.broadcast_to(np.False_, x.shape)[plain]
    return None


def item_of(i: Any) -> Any:
    """An item of an index: fixed, or an Array of integers or bools."""
    kind, given = type(i), i
    if kind in FIXED:
        return slice(*bounds_of(i)) if kind is slice else i
    if kind is np.ndarray and i.dtype is INTEGER:
        return Array(None, -1, i)
    if isinstance(i, list | tuple):
        i = array_like(i) if traced(i) else np.asarray(i)
        i = i if prod(i.shape) else np.empty(i.shape, INTEGER)
    elif not isinstance(i, Duck | np.ndarray | np.generic | bool):
        i = operator.index(i) if hasattr(i, "__index__") else np.asarray(i)
        if type(i) is int:
            return i
    dtype = getattr(i, "dtype", INTEGER)
    if dtype.kind not in "biu":
        np.empty(0)[np.empty(1, dtype) if traced(given) else given]  # NumPy's own error
    return lift(i)


def _integers(a: Array) -> Array:
    """An index array as integers; those of a mask of several axes count through all of them."""
    if a.dtype != bool:
        return integers(a)
    if is_abstract(a.raw):
        raise AbstractValueError(
            "x[mask] has a shape that depends on the values of the mask, which are not known here: "
            "use np.where(mask, x, 0), which keeps the shape"
        )
    return Array(None, -1, np.flatnonzero(a.raw))


def integers(a: Array) -> Array:
    """Indices in the dtype that Gather works with."""
    if a.scope is None:
        return a if a.dtype is INTEGER else Array(None, -1, a.raw.astype(INTEGER))
    return cast(a, INTEGER)


@lru_cache(maxsize=1 << 14)
def plan_of(key: tuple, shape: tuple[int, ...]) -> Plan:
    """The operations of an index with arrays."""
    places, lengths, arrays, apart = _parse(key, shape)
    before = _slice_and_reshape(places, shape, tuple(lengths))
    rank = max(len(i.shape) for _, i in arrays)
    n = len(lengths)
    unique = len(arrays) == 1 and arrays[0][1].mask
    gather = Gather(tuple(k - n for k, _ in arrays), rank, unique)
    of = gather.type(
        Type(INTEGER, tuple(lengths)), *(Type(INTEGER, aligned(i.shape, rank)) for _, i in arrays)
    )
    first, n = arrays[0][0], len(of.shape)
    if not (apart and rank and first):
        return Plan(before, gather, of.shape, ())
    order = (*range(first, first + rank), *range(first), *range(first + rank, n))
    front = Transpose(tuple(k - n for k in order))
    return Plan(before, gather, of.shape, ((front, front.type(of).shape),))


def aligned(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """A shape with further axes of length 1 in front."""
    return (1,) * (rank - len(shape)) + shape


def _parse(
    key: tuple, shape: tuple[int, ...]
) -> tuple[list[Place], list[int], list[tuple[int, Indices]], bool]:
    """What is read without the arrays (places, lengths), and the axes that the arrays then read.

    And whether NumPy puts the axes of the arrays first, because something stands between them.
    """
    used = sum(i.axes if type(i) is Indices else i is not None and i is not Ellipsis for i in key)
    if used > len(shape):
        raise IndexError(
            f"too many indices for array: array is {len(shape)}-dimensional, "
            f"but {used} were indexed"
        )
    dots = key.count(Ellipsis)
    if dots > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    places: list[Place] = []
    lengths: list[int] = []
    arrays: list[tuple[int, Indices]] = []
    for i in key if dots else (*key, Ellipsis):
        k = len(places)
        if i is Ellipsis:
            rest = shape[k : k + len(shape) - used]
            places += [None] * len(rest)
            lengths += rest
        elif i is None:
            lengths.append(1)
        elif type(i) is Indices:
            arrays.append((len(lengths), i))
            places += [None] * i.axes
            lengths.append(prod(shape[k : k + i.axes]))
        else:
            _add_place(places, lengths, _place(i, shape[k]), shape[k])
    advanced = [k for k, i in enumerate(key) if type(i) in (Indices, int)]
    return places, lengths, arrays, advanced[-1] - advanced[0] >= len(advanced)


def _enter(trace: Trace, x: Array, plan: Plan, arrays: list[Array], value: Any) -> int:
    """The entry of x read according to a plan."""
    i, dtype, rank = enter(trace, x), value.dtype, plan.gather.rank
    for op, shape in plan.before:
        i = trace.add((op, i), Type(dtype, shape))
    numbers = [enter(trace, a if len(a.raw.shape) == rank else _aligned(a, rank)) for a in arrays]
    i = trace.add((plan.gather, i, *numbers), Type(dtype, plan.gathered) if plan.after else value)
    for op, _ in plan.after:
        i = trace.add((op, i), value)
    return i


def _aligned(a: Array, rank: int) -> Array:
    return reshape_to(a, aligned(a.shape, rank))
