"""Sorting along an axis, and finding places in sorted arrays.

A sorted array is a rearrangement, and so are its derivatives. Equal elements share theirs: the
order in which they come is chance, and the mean over all orders is the element of least norm.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ..array import Array, bind, implements
from ..errors import ShapeError, UnsupportedError
from ..graph import Example, Linear, Op, Type, operation, symmetric
from .cumulative import along
from .reduction import operand
from .structure import cast, reshape_to


def ties(x: np.ndarray, axis: int) -> Any:
    """Where numbers that are next to each other in rising order are equal."""
    return np.diff(np.sort(x, axis), axis=axis) == 0


@operation
class ArgSort(Op):
    """The places of the elements in rising order along `axis`; with `rank`, the inverse of that."""

    kind = "call"
    axis: int
    sort: str | None = None  # NumPy's kind
    rank: bool = False

    def type(self, x):
        return Type(np.dtype(np.intp), x.shape)

    def value(self, x):
        order = np.argsort(x, self.axis, self.sort)
        if not self.rank:
            return order
        places = np.empty_like(order)
        n = order.shape[self.axis]
        ascending = np.arange(n).reshape(n, *(1,) * (-1 - self.axis))
        np.put_along_axis(places, order, np.broadcast_to(ascending, order.shape), self.axis)
        return places

    def jump(self, x):
        return ties(x, self.axis)

    def d(self, y, x):
        return (None,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1), ((2, 3),))
        yield Example(cls(-2, "stable", True), ((3, 2),))


@operation
class ArgPartition(Op):
    """The places of the elements along `axis`, those at `kth` as sorting would put them."""

    kind = "call"
    axis: int
    kth: tuple[int, ...]

    def type(self, x):
        return Type(np.dtype(np.intp), x.shape)

    def value(self, x):
        return np.argpartition(x, self.kth, self.axis)

    def jump(self, x):
        return ties(x, self.axis)

    def d(self, y, x):
        return (None,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1, (1,)), ((2, 3),))


@operation
class Sort(Op):
    """y = x in rising order along `axis`; with `kth`, only these elements are put in order."""

    kind = "call"
    keeps_zeros = True
    axis: int
    sort: str | None = None
    kth: tuple[int, ...] = ()

    def type(self, x):
        return x

    def value(self, x):
        if self.kth:
            return np.partition(x, self.kth, self.axis)
        return np.sort(x, self.axis, self.sort)

    def kink(self, x):
        return ties(x, self.axis)

    def d(self, y, x):
        axis, order, rank = self.axis, ArgSort(self.axis), ArgSort(self.axis, rank=True)
        ties, rearranged = Ties(axis), bool(self.kth)

        def take(t, index):
            return np.take_along_axis(t, index, axis)

        def push(t):
            rising = take(x, bind(order, x)) if rearranged else y
            t = bind(ties, rising, take(t, bind(order, x)))
            return take(t, bind(rank, y)) if rearranged else t

        def pull(g):
            rising = take(x, bind(order, x)) if rearranged else y
            g = take(g, bind(order, y)) if rearranged else g
            return take(bind(ties, rising, g), bind(rank, x))

        return (Linear(push, pull),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1), ((2, 3),))
        yield Example(cls(-2, "stable"), ((3, 2),))
        yield Example(cls(-1, None, (1,)), ((2, 3),))


@operation
class Ties(Op):
    """z = the mean of t over each run of equal elements of y along `axis`; y is sorted."""

    kind = "call"
    keeps_zeros = True
    axis: int

    def type(self, y, t):
        if y.shape != t.shape or not t.differentiable:
            raise ShapeError(f"ties: two arrays of one shape and real t are needed, not {y}, {t}")
        return t

    def value(self, y, t):
        same = along(y, self.axis, slice(1, None)) == along(y, self.axis, slice(None, -1))
        if not same.any():
            return t
        y, t = (np.moveaxis(v, self.axis, -1) for v in (y, t))
        new = np.ones(y.shape, bool)  # whether a run starts here
        np.not_equal(y[..., 1:], y[..., :-1], new[..., 1:])
        starts = np.flatnonzero(new)
        lengths = np.diff(starts, append=y.size)
        mean = np.add.reduceat(t.ravel(), starts) / lengths.astype(t.dtype)
        return np.moveaxis(np.repeat(mean, lengths).reshape(y.shape), -1, self.axis)

    def d(self, z, y, t):
        return None, symmetric(lambda g: bind(self, y, g))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1), (lambda rng: np.array([[1, 1, 2, 2, 2, 3]]), (1, 6)))


@operation
class SearchSorted(Op):
    """The places in each row of a where the elements of v would go, before equal ones or after."""

    kind = "call"
    side: str = "left"

    def type(self, a, v):
        n = len(a.shape) - 1
        if n < 0 or a.shape[:-1] != v.shape[:n]:
            raise ShapeError(f"searchsorted: one axis is needed for the sorted array, not {a}")
        return Type(np.dtype(np.intp), v.shape)

    def value(self, a, v):
        if a.ndim == 1:
            return np.searchsorted(a, v, self.side)
        y = np.empty(v.shape, np.intp)
        for i in np.ndindex(a.shape[:-1]):
            y[i] = np.searchsorted(a[i], v[i], self.side)
        return y

    def jump(self, a, v):
        return np.isin(v, a)

    def d(self, y, a, v):
        return None, None

    def batch(self, args, stacked, n):
        return bind(self, *args) if not stacked[0] and args[0].ndim == 1 else NotImplemented

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (lambda rng: np.sort(rng.normal(size=4)), (2, 3)))
        yield Example(
            cls("right"), (lambda rng: np.arange(4.0), lambda rng: np.float64(rng.integers(4)))
        )


# ------------------------------------------------------------ NumPy's functions


@lru_cache(maxsize=1024, typed=True)
def sorting(axis: Any, ndim: int, kind: Any, order: Any, stable: Any) -> tuple[int, str | None]:
    """The arguments of np.sort as axis (from the end) and kind, with NumPy's own errors."""
    np.sort(np.zeros((1,) * ndim), axis=axis, kind=kind, order=order, stable=stable)
    return axis % ndim - ndim, "stable" if stable else kind


def _flat(a: Any, axis: Any) -> tuple[Array, Any]:
    """The array and the axis; without one, all elements in a row."""
    a = operand(a)
    return (reshape_to(a, (a.size,)), -1) if axis is None else (a, axis)


@implements(np.sort)
def sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Array:
    a, axis = _flat(a, axis)
    return bind(Sort(*sorting(axis, a.ndim, kind, order, stable)), a)


@implements(np.argsort)
def argsort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Array:
    a = operand(a)
    if not a.ndim:
        return np.argsort(reshape_to(a, (1,)), axis, kind, order)
    a, axis = _flat(a, axis)
    return bind(ArgSort(*sorting(axis, a.ndim, kind, order, stable)), a)


def _places(kth: Any, axis: Any, a: Array, order: Any) -> tuple[int, tuple[int, ...]]:
    """The axis (from the end) and the places of a partition, with NumPy's own errors."""
    axis, _ = sorting(axis, a.ndim, None, order, None)
    n = a.shape[axis]
    np.partition(np.zeros(n if a.size else 0), kth)
    return axis, tuple(k % n if n else 0 for k in np.ravel(kth).tolist())


@implements(np.partition)
def partition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Array:
    a, axis = _flat(a, axis)
    axis, kth = _places(kth, axis, a, order)
    return bind(Sort(axis, None, kth), a)


@implements(np.argpartition)
def argpartition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Array:
    a = operand(a)
    if not a.ndim:
        a = reshape_to(a, (1,))
    a, axis = _flat(a, axis)
    return bind(ArgPartition(*_places(kth, axis, a, order)), a)


@implements(np.searchsorted)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Array:
    a, v = operand(a), operand(v)
    np.searchsorted([0.0], 0.0, side)
    if a.ndim != 1:
        raise ValueError(
            "object too deep for desired array"
            if a.ndim
            else "object of too small depth for desired array"
        )
    if sorter is not None:
        a = np.take_along_axis(a, cast(sorter, np.dtype(np.intp)), 0)
    dtype = np.result_type(a.dtype, v.dtype)
    return bind(
        SearchSorted("right" if side.startswith("r") else "left"), cast(a, dtype), cast(v, dtype)
    )


@implements(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Array:
    bins = operand(bins)
    values = np.asarray(bins.numpy())
    np.digitize(values[:0], values)  # NumPy's error if they neither rise nor fall
    side = "left" if right else "right"
    if len(values) and values[0] > values[-1]:
        found = searchsorted(bins[::-1], x, "right" if right else "left")
        return len(values) - found
    return searchsorted(bins, x, side)


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    **options: Any,
) -> Any:
    a = operand(ar)
    if axis is not None:
        raise UnsupportedError(
            "np.unique of a traced array with an axis: sort the rows with np.lexsort and index"
        )
    values = np.asarray(a.numpy())
    wanted = {
        "return_index": return_index,
        "return_inverse": return_inverse,
        "return_counts": return_counts,
    }
    found = np.unique(values, **wanted, equal_nan=equal_nan, **options)
    rising = bind(Sort(-1), reshape_to(a, (a.size,)))
    # Equal elements share the derivative: Sort sees to that.
    _, first = np.unique(rising.numpy(), return_index=True, equal_nan=equal_nan)
    y = np.take_along_axis(rising, first, -1)
    return (y, *found[1:]) if any(wanted.values()) else y
