"""Largest and smallest elements along axes, and where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from ..array import Array, bind, implements
from ..errors import DtypeError
from ..graph import Example, Linear, Op, Type, operation
from ..zeros import select
from .reduction import (
    NO,
    AllTrue,
    Count,
    as_numpy,
    axes_for,
    dropped,
    keep,
    masked,
    once,
    operand,
    over,
    refuse,
    widened,
    without_nan,
)
from .structure import cast, reshape_to


class Extreme(Op):
    """The largest or smallest element along `axes`; elements that tie share the derivative."""

    kind = "reduce"
    # The cotangent is only distributed, so that a mask can be carried through.
    keeps_zeros = True
    axes: tuple[int, ...]
    reduce: ClassVar[Any]
    beyond: ClassVar[np.ufunc]

    def type(self, x):
        if 0 in x.shape:
            self.value(
                np.empty(x.shape, x.dtype)
            )  # raises NumPy's error if there is nothing to choose from
        return Type(x.dtype, dropped(x.shape, self.axes))

    def value(self, x):
        return self.reduce(x, self.axes)

    def kernel(self, x):
        f, axis = self.reduce, self.axes if len(self.axes) != len(x.shape) else None
        return lambda x: f(x, axis)

    def kink(self, x):
        ties = x == self.reduce(x, self.axes, keepdims=True)
        return np.count_nonzero(ties, self.axes) > 1

    def d(self, y, x):
        # Not x == y: where y is nan all elements count as chosen, and the derivative is nan.
        chosen = ~self.beyond(widened(y, x.shape, self.axes), x)
        count = cast(bind(Count(self.axes), chosen), x.dtype)
        number = np.where(y == y, count, np.nan)
        return (
            Linear(
                push=lambda t: np.sum(select(chosen, t), axis=self.axes) / number,
                pull=lambda g: select(chosen, widened(g / number, x.shape, self.axes)),
            ),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), ((2, 3),))  # type: ignore[call-arg]
        yield Example(cls((-3, -1)), ((2, 3, 4),))  # type: ignore[call-arg]


@operation
class Max(Extreme):
    """y = the largest x along `axes`, or nan if there is one."""

    axes: tuple[int, ...]
    reduce = np.maximum.reduce
    beyond = np.greater


@operation
class Min(Extreme):
    """y = the smallest x along `axes`, or nan if there is one."""

    axes: tuple[int, ...]
    reduce = np.minimum.reduce
    beyond = np.less


class Place(Op):
    """Where an element stands along one axis. It is piecewise constant."""

    kind = "reduce"
    axis: int
    find: ClassVar[Any]

    def type(self, x):
        if 0 in x.shape:
            self.value(np.empty(x.shape, x.dtype))
        return Type(np.dtype(np.intp), dropped(x.shape, (self.axis,)))

    def value(self, x):
        return self.find(x, self.axis)

    def jump(self, x):
        place = np.expand_dims(self.find(x, self.axis), self.axis)
        chosen = np.take_along_axis(x, place, self.axis)
        return np.count_nonzero(x == chosen, self.axis) > 1

    def d(self, y, x):
        return (None,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1), ((2, 3),))  # type: ignore[call-arg]
        yield Example(cls(-2), ((2, 3),))  # type: ignore[call-arg]


@operation
class ArgMax(Place):
    """y = the first place along `axis` of the largest x, or of a nan."""

    axis: int
    find = staticmethod(np.ndarray.argmax)


@operation
class ArgMin(Place):
    """y = the first place along `axis` of the smallest x, or of a nan."""

    axis: int
    find = staticmethod(np.ndarray.argmin)


# ------------------------------------------------------------ NumPy's functions


def _lowest(dtype: np.dtype, sign: int) -> Any:
    """The least number of this dtype (sign 1), or the greatest (sign -1)."""
    if dtype.kind == "f":
        return -sign * np.inf
    if dtype.kind == "b":
        return sign < 0
    if dtype.kind == "c":
        raise DtypeError("nanmax, nanmin: complex numbers have no order: take x.real or abs(x)")
    return np.iinfo(dtype).min if sign > 0 else np.iinfo(dtype).max


def _extreme(
    kind: Any, a: Any, axis: Any, out: None, keepdims: Any, initial: Any, where: Any
) -> Array:
    """The body of np.max and np.min."""
    a = operand(a)
    op = over(kind, axis, a.ndim)
    if out is None and initial is NO and where is NO:
        y = once(op, a)
        return y if keepdims is NO else keep(y, a.shape, op.axes, keepdims)
    refuse(kind.__name__.lower(), out=out)
    sign = 1 if kind is Max else -1
    initial = _start(kind, initial, where)

    def numpy(a: Any, initial: Any, where: Any) -> Any:
        return (np.max if sign > 0 else np.min)(a, op.axes, initial=initial, where=where)

    def expression(a: Any, initial: Any, where: Any) -> Any:
        if where is not NO:
            a = masked(a, where, _lowest(a.dtype, sign))
        if initial is NO:
            return bind(op, a)
        start = np.broadcast_to(cast(initial, a.dtype), dropped(a.shape, op.axes))
        if 0 in (a.shape[k] for k in op.axes):
            return start
        return (np.maximum if sign > 0 else np.minimum)(bind(op, a), start)

    return keep(as_numpy(numpy, expression, a, initial, where), a.shape, op.axes, keepdims)


def _start(kind: type[Extreme], initial: Any, where: Any) -> Any:
    """What the result starts from; a mask may leave nothing, so that it needs one."""
    if initial is not NO and initial is not None:
        return initial
    if where is not NO:
        kind.reduce(np.ones(1), where=np.ones(1, bool))  # NumPy's own error
    return NO


def _over_axes(body: Callable, kind: type[Extreme], *functions: Any) -> Callable[..., Array]:
    """NumPy's functions of one kind of extreme, all with the same parameters."""

    @implements(*functions)
    def extreme(
        a: Any,
        axis: Any = None,
        out: None = None,
        keepdims: Any = NO,
        initial: Any = NO,
        where: Any = NO,
    ) -> Array:
        return body(kind, a, axis, out, keepdims, initial, where)

    return extreme


max = _over_axes(_extreme, Max, np.max, np.amax)
min = _over_axes(_extreme, Min, np.min, np.amin)


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: None = None, keepdims: Any = NO) -> Array:
    refuse("ptp", out=out)
    a = operand(a)
    return max(a, axis, None, keepdims) - min(a, axis, None, keepdims)


@lru_cache(maxsize=1024, typed=True)
def placed(kind: Any, axis: Any, ndim: int) -> tuple[Any, tuple[int, ...]]:
    """The operation, and the axes that it removes, with NumPy's own errors."""
    kind.find(np.ones((1,) * ndim), axis)
    axes = axes_for(axis, ndim)
    return kind(-1) if axis is None or not ndim else kind(*axes), axes


def _place(kind: Any, a: Any, axis: Any, out: None, keepdims: Any) -> Array:
    """The body of np.argmax and np.argmin."""
    refuse(kind.__name__.lower(), out=out)
    a = operand(a)
    op, axes = placed(kind, axis, a.ndim)
    flat = reshape_to(a, (a.size,)) if axis is None or not a.ndim else a
    return keep(once(op, flat), a.shape, axes, keepdims)


@implements(np.argmax)
def argmax(a: Any, axis: Any = None, out: None = None, *, keepdims: Any = NO) -> Array:
    return _place(ArgMax, a, axis, out, keepdims)


@implements(np.argmin)
def argmin(a: Any, axis: Any = None, out: None = None, *, keepdims: Any = NO) -> Array:
    return _place(ArgMin, a, axis, out, keepdims)


def _without_nan(
    kind: type[Extreme], a: Any, axis: Any, out: None, keepdims: Any, initial: Any, where: Any
) -> Array:
    """The body of np.nanmax and np.nanmin: nan only where there is nothing else."""
    refuse(f"nan{kind.__name__.lower()}", out=out)
    a = operand(a)
    axes = axes_for(axis, a.ndim)
    sign = 1 if kind is Max else -1
    initial = _start(kind, initial, where)

    def numpy(a: Any, initial: Any, where: Any) -> Any:
        return (np.nanmax if sign > 0 else np.nanmin)(a, axes, initial=initial, where=where)

    def expression(a: Any, initial: Any, where: Any) -> Any:
        least = _lowest(a.dtype, sign)
        y = _extreme(kind, without_nan(a, least), axes, None, NO, initial, where)
        if a.dtype.kind != "f" or initial is not NO:
            return y
        return np.where(bind(AllTrue(axes), np.isnan(a)), a.dtype.type(np.nan), y)[()]

    return keep(as_numpy(numpy, expression, a, initial, where), a.shape, axes, keepdims)


nanmax = _over_axes(_without_nan, Max, np.nanmax)
nanmin = _over_axes(_without_nan, Min, np.nanmin)
