"""Products along axes, running sums and products, differences, integrals.

The derivative of a product is the product of the others and never y / x, so that zeros do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import prod as prod_of
from typing import Any

import numpy as np

from ..array import Array, bind, implements, lift
from ..graph import Example, Linear, Op, Type, operation
from ..zeros import move, scale
from .reduction import NO, dropped, fold, once, operand, refuse, rows, summed, widened, without_nan
from .structure import cast, reshape_to

LISTED = (np.dtype(np.float32), np.dtype(np.float64))
FEW = 16  # lanes up to which a loop over Python's floats is quicker than one over arrays


def along(x: Any, axis: int, part: slice) -> Any:
    """A part of a plain array along one axis (counted from the end)."""
    return x[(..., part, *(slice(None),) * (-1 - axis))]


@operation
class CumSum(Op):
    """y[i] = sum of x[j] over j <= i along `axis`; over j >= i if `reverse` (the transpose)."""

    kind = "call"
    keeps_zeros = True
    axis: int
    reverse: bool = False

    def type(self, x):
        return x

    def value(self, x):
        if not self.reverse:
            return np.add.accumulate(x, self.axis, x.dtype)
        return np.flip(np.add.accumulate(np.flip(x, self.axis), self.axis, x.dtype), self.axis)

    def d(self, y, x):
        back = CumSum(self.axis, not self.reverse)
        return (Linear(lambda t: bind(self, t), lambda g: bind(back, g)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1), ((2, 3),))
        yield Example(cls(-2, True), ((3, 2),))


@operation
class Shift(Op):
    """y[i] = x[i - by] along `axis`, zero where there is no such x. The transpose shifts back."""

    kind = "call"
    keeps_zeros = True
    axis: int
    by: int

    def type(self, x):
        return x

    def value(self, x):
        y, k = np.zeros_like(x), self.by
        to, of = (slice(k, None), slice(None, -k)) if k > 0 else (slice(None, k), slice(-k, None))
        along(y, self.axis, to)[...] = along(x, self.axis, of)
        return y

    def d(self, y, x):
        back = Shift(self.axis, -self.by)
        return (Linear(lambda t: bind(self, t), lambda g: bind(back, g)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1, 1), ((2, 3),))
        yield Example(cls(-2, -1), ((3, 2),))


@operation
class Recurrence(Op):
    """y[i] = a[i] y[i-1] + b[i] along `axis`; a[i] y[i+1] + b[i] if `reverse`. The first y is b."""

    kind = "call"
    axis: int
    reverse: bool = False

    def type(self, a, b):
        if a != b:
            raise TypeError(f"recurrence: two arrays of one type are needed, not {a} and {b}")
        return a

    def value(self, a, b):
        step = -1 if self.reverse else 1
        a, b = (np.moveaxis(x, self.axis, 0)[::step] for x in (a, b))
        y = np.empty(b.shape, b.dtype)
        if b.dtype in LISTED and prod_of(b.shape[1:]) <= FEW:
            for lane in np.ndindex(b.shape[1:]):
                y[(slice(None), *lane)] = _recur(a[(slice(None), *lane)], b[(slice(None), *lane)])
        else:
            y[:1] = b[:1]
            for i in range(1, len(b)):
                y[i] = a[i] * y[i - 1] + b[i]
        return np.moveaxis(y[::step], 0, self.axis)

    def push(self, y, args, tangents):
        (a, _), (s, t) = args, tangents
        if s is not None:
            moved = s * bind(Shift(self.axis, -1 if self.reverse else 1), y)
            t = moved if t is None else moved + t
        return bind(self, a, t)

    def pull(self, y, args, g, wanted):
        by = -1 if self.reverse else 1
        coefficient = bind(Shift(self.axis, -by), args[0])
        back = bind(Recurrence(self.axis, not self.reverse), coefficient, g)
        before = bind(Shift(self.axis, by), y)
        return back * before if wanted[0] else None, back if wanted[1] else None

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1), ((2, 3), (2, 3)))
        yield Example(cls(-2, True), ((3, 2, 9), (3, 2, 9)))


def _recur(a: np.ndarray, b: np.ndarray) -> list[float]:
    """The recurrence of two one-dimensional arrays."""
    y: list[float] = []
    last = 0.0
    for p, q in zip(a.tolist(), b.tolist(), strict=True):
        last = p * last + q if y else q
        y.append(last)
    return y


@operation
class CumProd(Op):
    """y[i] = product of x[j] over j <= i along `axis`.

    Over j >= i if `reverse`, and without j = i if `exclusive`. With u = product of the x before i,
    y'[i] = x[i] y'[i-1] + t[i] u[i]; the pull is its transpose. Nothing is divided by x.
    """

    kind = "call"
    axis: int
    reverse: bool = False
    exclusive: bool = False

    def type(self, x):
        return x

    def value(self, x):
        x = np.flip(x, self.axis) if self.reverse else x
        if self.exclusive:
            y = np.ones_like(x)
            less = along(x, self.axis, slice(None, -1))
            np.multiply.accumulate(less, self.axis, x.dtype, along(y, self.axis, slice(1, None)))
        else:
            y = np.multiply.accumulate(x, self.axis, x.dtype)
        return np.flip(y, self.axis) if self.reverse else y

    def d(self, y, x):
        by = -1 if self.reverse else 1
        later, earlier = Shift(self.axis, by), Shift(self.axis, -by)
        forward, back = Recurrence(self.axis, self.reverse), Recurrence(self.axis, not self.reverse)
        if self.exclusive:
            return (
                Linear(
                    push=lambda t: bind(later, bind(forward, x, t * y)),
                    pull=lambda g: y * bind(earlier, bind(back, x, g)),
                ),
            )
        before = bind(CumProd(self.axis, self.reverse, True), x)
        return (
            Linear(
                push=lambda t: bind(forward, x, t * before),
                pull=lambda g: before * bind(back, bind(earlier, x), g),
            ),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1), ((2, 3),))
        yield Example(cls(-2, True), ((3, 2),))
        yield Example(cls(-1, False, True), ((2, 3),))
        yield Example(cls(-1, True, True), ((3,),))


@operation
class Prod(Op):
    """y = product of x along `axes`, which disappear; dy/dx[i] = the product of the others."""

    kind = "reduce"
    axes: tuple[int, ...]

    def type(self, x):
        return Type(x.dtype, dropped(x.shape, self.axes))

    def value(self, x):
        return np.multiply.reduce(x, self.axes, x.dtype)

    def d(self, y, x):
        others = product_of_others(x, self.axes)
        return (
            Linear(
                push=lambda t: np.sum(scale(t, others), axis=self.axes),
                pull=lambda g: scale(move(lambda h: widened(h, x.shape, self.axes), g), others),
            ),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), ((2, 3),))
        yield Example(cls((-3, -1)), ((2, 3, 2),))


def product_of_others(x: Array, axes: tuple[int, ...]) -> Array:
    """For each x the product of all others along the axes."""
    (axis,) = axes if len(axes) == 1 else (-1,)
    x, restore = (x, lift) if len(axes) == 1 else rows(x, axes)
    return restore(bind(CumProd(axis, False, True), x) * bind(CumProd(axis, True, True), x))


# ------------------------------------------------------------ NumPy's functions


@implements(np.prod)
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = NO,
    initial: Any = NO,
    where: Any = NO,
) -> Array:
    refuse("prod", out=out)
    return fold(Prod, np.prod, np.multiply, operand(a), axis, dtype, keepdims, initial, where)


@implements(np.nanprod)
def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = NO,
    initial: Any = NO,
    where: Any = NO,
) -> Array:
    return prod(without_nan(operand(a), 1), axis, dtype, out, keepdims, initial, where)


def _running(kind: Any, name: str, a: Any, axis: Any, dtype: Any, out: None) -> Array:
    """The body of np.cumsum and np.cumprod."""
    refuse(name, out=out)
    a = operand(a)
    a = cast(a, summed(a.dtype) if dtype is None else np.dtype(dtype))
    if axis is None or not a.ndim:
        a = reshape_to(a, (a.size,))
    return once(over_one(kind, 0 if axis is None else axis, a.ndim), a)


@lru_cache(maxsize=4096, typed=True)
def over_one(kind: Any, axis: Any, ndim: int) -> Any:
    """The operation along one axis, with NumPy's own errors."""
    np.add.accumulate(np.zeros((1,) * ndim), axis=axis)
    return kind(axis % ndim - ndim)


@implements(np.cumsum)
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Array:
    return _running(CumSum, "cumsum", a, axis, dtype, out)


@implements(np.cumprod)
def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Array:
    return _running(CumProd, "cumprod", a, axis, dtype, out)


@implements(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Array:
    return cumsum(without_nan(operand(a), 0), axis, dtype, out)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Array:
    return cumprod(without_nan(operand(a), 1), axis, dtype, out)


def _cumulative(kind: type[Op], name: str, first: int) -> None:
    """np.cumulative_sum and np.cumulative_prod, which are not in every version of NumPy."""

    def cumulative(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: None = None,
        include_initial: Any = False,
    ) -> Any:
        x = operand(x)
        if axis is None and x.ndim > 1:
            raise ValueError(
                "For arrays which have more than one dimension ``axis`` argument is required."
            )
        y = _running(kind, name, x, axis, dtype, out)
        if not include_initial:
            return y
        axis = (0 if axis is None else axis) % y.ndim
        start = np.full((*y.shape[:axis], 1, *y.shape[axis + 1 :]), first, y.dtype)
        return np.concatenate([start, y], axis=axis)

    if hasattr(np, name):
        implements(getattr(np, name))(cumulative)


_cumulative(CumSum, "cumulative_sum", 0)
_cumulative(CumProd, "cumulative_prod", 1)


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: Any = -1, prepend: Any = NO, append: Any = NO) -> Array:
    a = operand(a)
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    if not a.ndim:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = np.lib.array_utils.normalize_axis_index(axis, a.ndim)
    if not (prepend is NO and append is NO):
        edge = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
        ends = [x if x is NO else operand(x) for x in (prepend, append)]
        ends = [x if x is NO or x.ndim else np.broadcast_to(x, edge) for x in ends]
        a = np.concatenate([x for x in (ends[0], a, ends[1]) if x is not NO], axis=axis)
    subtract = np.not_equal if a.dtype == bool else np.subtract
    for _ in range(n):
        a = subtract(
            along(a, axis - a.ndim, slice(1, None)), along(a, axis - a.ndim, slice(None, -1))
        )
    return a


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Array:
    y = operand(y)
    axis = np.lib.array_utils.normalize_axis_index(axis, y.ndim) - y.ndim
    width: Any = dx
    if x is not None:
        x = operand(x)
        width = diff(x, axis=axis if x.ndim != 1 else -1)
        if x.ndim == 1:
            width = width.reshape(*width.shape, *(1,) * (-1 - axis))
    pairs = along(y, axis, slice(1, None)) + along(y, axis, slice(None, -1))
    return np.sum(width * pairs / 2.0, axis=axis)
