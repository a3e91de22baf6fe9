"""Reductions along axes: sums, counts, and whether any or all elements are true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import prod
from typing import Any, ClassVar

import numpy as np

from ..array import Array, Duck, bind, enter, implements, innermost, lift
from ..errors import ShapeError, UnsupportedError
from ..graph import Example, Linear, Op, Type, operation
from ..notation import LOOSE, SUBSCRIPTS, Text
from ..recording import Trace, is_abstract
from ..zeros import coin
from .structure import Expand, Transpose, axes_of, behind, cast, reshape_to

NO: Any = np._NoValue  # NumPy's mark for an argument that was not given


def dropped(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without these (negative) axes."""
    return tuple(n for i, n in enumerate(shape) if i - len(shape) not in axes)


def aligned(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with length 1 along these (negative) axes."""
    return tuple(1 if i - len(shape) in axes else n for i, n in enumerate(shape))


def widened(y: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """A reduced y, repeated along the axes that it lacks: the transpose of a sum."""
    if not axes:
        return y
    y, op = lift(y), Expand(shape, axes)
    source = behind(y, Expand)
    if source is not y:
        y, op = source, op.after(y.scope.entries[y.index][0])
    return bind(op, y)


@operation
class Sum(Op):
    """y = sum of x along `axes`, which disappear. The transpose of Expand."""

    kind = "reduce"
    keeps_zeros = True
    axes: tuple[int, ...]

    def type(self, x):
        return Type(x.dtype, dropped(x.shape, self.axes))

    def value(self, x):
        return np.add.reduce(x, self.axes, x.dtype)

    def kernel(self, x):
        add, axis = np.add.reduce, self.axes if len(self.axes) != len(x.shape) else None
        dtype = None if x.dtype.kind in "fc" else x.dtype  # NumPy would make short integers long
        return lambda x: add(x, axis, dtype)

    def d(self, y, x):
        return (Linear(lambda t: bind(self, t), lambda g: widened(g, x.shape, self.axes)),)

    def notation(self, y, x):
        """Σ of all entries, Σ₋₁ of those along the last axis."""
        axes = ",".join(str(a).translate(SUBSCRIPTS) for a in self.axes) if y.shape else ""
        return Text(f"Σ{axes} {x:power}", LOOSE)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), ((2, 3),))
        yield Example(cls((-3, -1)), ((2, 3, 4),))


class Truth(Op):
    """A reduction of a condition along `axes`. It is piecewise constant."""

    kind = "reduce"
    axes: tuple[int, ...]
    result: ClassVar[np.dtype] = np.dtype(bool)

    def type(self, x):
        if x.dtype != bool:
            raise ShapeError(f"{self.name}: a condition is needed, not {x}: write x != 0")
        return Type(self.result, dropped(x.shape, self.axes))

    def d(self, y, x):
        return (None,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), (coin,))  # type: ignore[call-arg]
        yield Example(cls((-2, -1)), (coin,))  # type: ignore[call-arg]


@operation
class AnyTrue(Truth):
    """y = whether x holds anywhere along `axes`."""

    axes: tuple[int, ...]

    def value(self, x):
        return np.logical_or.reduce(x, axis=self.axes)


@operation
class AllTrue(Truth):
    """y = whether x holds everywhere along `axes`."""

    axes: tuple[int, ...]

    def value(self, x):
        return np.logical_and.reduce(x, axis=self.axes)


@operation
class Count(Truth):
    """y = the number of places along `axes` where x holds."""

    axes: tuple[int, ...]
    result = np.dtype(np.intp)

    def value(self, x):
        if len(self.axes) == x.ndim:
            return np.intp(np.count_nonzero(x))
        return np.add.reduce(x, axis=self.axes, dtype=np.intp)


# ------------------------------------------------------------ arguments as NumPy takes them


@lru_cache(maxsize=4096, typed=True)
def axes_for(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axis argument of a reduction as sorted negative axes, with NumPy's own errors."""
    np.add.reduce(np.zeros((1,) * ndim), axis=axis)
    return axes_of(axis, ndim) if ndim else ()  # NumPy lets 0 and -1 pass for an array without axes


def axes_within(axis: Any, a: Array, nan: bool = False) -> tuple[int, ...]:
    """The same for means and medians, which do not let 0 pass for an array without axes."""
    if not a.ndim and not (nan and a.dtype.kind == "f"):
        np.mean(np.zeros(()), axis=axis)
    return axes_for(axis, a.ndim)


@lru_cache(maxsize=4096, typed=True)
def over(kind: Any, axis: Any, ndim: int) -> Any:
    """The reduction of this kind; the same object each time, since its hash is computed once."""
    return kind(axes_for(axis, ndim))


@lru_cache(maxsize=256)
def summed(dtype: np.dtype) -> np.dtype:
    """The dtype in which NumPy adds and multiplies: short integers become long."""
    return np.add.reduce(np.zeros(0, dtype)).dtype


def refuse(name: str, **options: Any) -> None:
    """An error for options that a traced array cannot have, if they are given."""
    given = [k for k, v in options.items() if v is not None and v is not False and v is not NO]
    if given:
        raise UnsupportedError(
            f"np.{name} of a traced array does not take {', '.join(given)}: "
            "give the result a new name"
        )


def operand(x: Any) -> Array:
    """An argument as an Array; a list or tuple with traced arrays in it is stacked."""
    if type(x) is Array:
        return x
    if isinstance(x, list | tuple) and contains(x):
        return np.stack([operand(e) for e in x])
    return lift(x)


def contains(x: Any) -> bool:
    """Whether there are Arrays in nested lists."""
    return any(contains(e) if isinstance(e, list | tuple) else isinstance(e, Duck) for e in x)


def once(op: Op, a: Array) -> Array:
    """`op` of one array: what `bind` does, with the common case first."""
    trace, u = a.scope, a.raw
    if trace is not None and trace.active:
        key = (op, a.index)
        if trace.known(key) is None:
            value = op.type(u) if type(u) is Type else op.value(u)
            return Array(trace, trace.new(key, value, 3), value)
    return bind(op, a)


def as_numpy(
    function: Callable[..., Any], expression: Callable[..., Any], *arguments: Any
) -> Array:
    """`expression` of the arguments is recorded, but its value is that of NumPy's own function.

    So values, warnings and errors are NumPy's to the last bit, also where the order of summation
    matters (a cast or a mask on the way), and the entries in between are never computed. Arguments
    that were not given (NO) stay so.
    """
    arrays = [x if x is NO else operand(x) for x in arguments]
    given = [a for a in arrays if a is not NO]
    if any(is_abstract(a.raw) for a in given):
        return expression(*arrays)
    value = function(*(a if a is NO else a.raw for a in arrays))
    trace = innermost(given)
    if trace is None:
        return Array(None, -1, value)
    y = expression(*(a if a is NO else shadow(trace, a) for a in arrays))
    if is_abstract(trace.values[y.index]):
        trace.values[y.index] = value
    return Array(trace, y.index, value)


def shadow(trace: Trace, a: Array) -> Array:
    """The array without its value, so that operations on it are recorded and not computed."""
    return Array(trace, enter(trace, a), Type(a.dtype, a.shape))


def keep(y: Any, shape: tuple[int, ...], axes: tuple[int, ...], keepdims: Any) -> Array:
    """The reduced y with length 1 along the reduced axes, if keepdims."""
    if keepdims is False or keepdims is NO:
        return y
    if not keepdims:
        return y
    return reshape_to(y, aligned(shape, axes))


def rows(x: Any, axes: tuple[int, ...]) -> tuple[Array, Callable[[Any], Array]]:
    """x with these axes moved to the end and flattened into one, and the way back."""
    shape, n = x.shape, x.ndim
    if axes == (-1,):
        return lift(x), lift
    order = (*(i for i in range(-n, 0) if i not in axes), *axes)
    moved = x if order == tuple(range(-n, 0)) else bind(Transpose(order), x)
    between, count = moved.shape, prod(shape[k] for k in axes)
    back = Transpose(tuple(order.index(i) - n for i in range(-n, 0)))

    def restore(y: Any) -> Array:
        return bind(back, reshape_to(y, between))

    return reshape_to(moved, (*dropped(shape, axes), count)), restore


# ------------------------------------------------------------ NumPy's functions


@implements(np.sum)
def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = NO,
    initial: Any = NO,
    where: Any = NO,
) -> Array:
    refuse("sum", out=out)
    return fold(Sum, np.sum, np.add, operand(a), axis, dtype, keepdims, initial, where)


def fold(
    kind: Any,
    function: Any,
    combine: np.ufunc,
    a: Array,
    axis: Any,
    dtype: Any,
    keepdims: Any,
    initial: Any,
    where: Any,
) -> Array:
    """The body of np.sum and np.prod."""
    u = a.raw
    op = over(kind, axis, len(u.shape))
    if dtype is None and initial is NO and where is NO and u.dtype.kind in "fc" and op.axes:
        y = once(op, a)
        return y if keepdims is NO else keep(y, u.shape, op.axes, keepdims)
    dtype = summed(u.dtype) if dtype is None else np.dtype(dtype)
    nothing, initial = initial is None, NO if initial is None else initial
    if nothing and where is not NO:
        function(np.ones(1), initial=None, where=np.ones(1, bool))  # NumPy's own error

    def numpy(a: Any, initial: Any, where: Any) -> Any:
        start = None if nothing else initial
        return function(a, axis=op.axes, dtype=dtype, initial=start, where=where)

    def expression(a: Any, initial: Any, where: Any) -> Any:
        x = cast(a, dtype)
        if where is not NO:
            x = masked(x, where, combine.identity)
        y = bind(op, x) if op.axes else np.copy(x)[()]
        return y if initial is NO else combine(y, cast(initial, dtype))

    return keep(as_numpy(numpy, expression, a, initial, where), u.shape, op.axes, keepdims)


def masked(a: Array, where: Any, other: Any) -> Array:
    """a where the mask holds, and a number elsewhere."""
    return np.where(np.broadcast_to(where, a.shape), a, a.dtype.type(other))


@implements(np.nansum)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = NO,
    initial: Any = NO,
    where: Any = NO,
) -> Array:
    a = operand(a)
    return sum(without_nan(a, 0), axis, dtype, out, keepdims, initial, where)


def without_nan(a: Array, other: Any) -> Array:
    """a with another number in the place of nan."""
    return np.where(np.isnan(a), a.dtype.type(other), a) if a.dtype.kind in "fc" else a


@implements(np.any)
def any_(
    a: Any, axis: Any = None, out: None = None, keepdims: Any = NO, *, where: Any = NO
) -> Array:
    refuse("any", out=out)
    a = condition(a)
    op = over(AnyTrue, axis, a.ndim)
    return keep(once(op, a if where is NO else a & where), a.shape, op.axes, keepdims)


@implements(np.all)
def all_(
    a: Any, axis: Any = None, out: None = None, keepdims: Any = NO, *, where: Any = NO
) -> Array:
    refuse("all", out=out)
    a = condition(a)
    op = over(AllTrue, axis, a.ndim)
    return keep(once(op, a if where is NO else a | ~lift(where)), a.shape, op.axes, keepdims)


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Array:
    a = condition(a)
    op = over(Count, axis, a.ndim)
    return keep(once(op, a), a.shape, op.axes, keepdims)


def condition(a: Any) -> Array:
    """Whether the elements of a are true, that is, not zero."""
    a = operand(a)
    return a if a.dtype == bool else a != 0
