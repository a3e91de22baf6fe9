"""Putting arrays together and cutting them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array import Array, Duck, bind, implements, lift
from ..errors import ShapeError, UnsupportedError
from ..graph import Example, Op, Type, operation
from ..zeros import or_zeros, parts, select, zeroed
from .gather import part, scatter
from .putting import touched
from .runs import MANY, in_runs
from .shaping import atleast_1d, atleast_2d, atleast_3d
from .structure import array_of, cast, reshape_to

FEW = 2  # cotangents up to which slices are less work than one operation with several results


@operation
class Concatenate(Op):
    """The arguments one behind the other along an axis. The transpose of Split."""

    kind = "call"
    keeps_zeros = True
    axis: int  # negative

    def type(self, *args):
        first = args[0]
        if -self.axis > len(first.shape):
            raise ShapeError(f"concatenate: {first} has no axis {self.axis}")
        rest = _without(first.shape, self.axis)
        for x in args[1:]:
            if (
                len(x.shape) != len(first.shape)
                or _without(x.shape, self.axis) != rest
                or x.dtype != first.dtype
            ):
                raise ShapeError(
                    f"concatenate: {first} and {x} do not fit: "
                    f"all axes but axis {self.axis} must be equal"
                )
        return Type(first.dtype, _with(rest, self.axis, sum(x.shape[self.axis] for x in args)))

    def value(self, *args):
        return np.concatenate(args, self.axis)

    def kernel(self, *args):
        join, axis = np.concatenate, self.axis
        return lambda *args: join(args, axis)

    def push(self, y, args, tangents):
        return joined(self, args, tangents)

    def pull(self, y, args, g, wanted):
        sizes = tuple(a.shape[self.axis] for a in args)
        return taken_apart(Split(self.axis, sizes), g, wanted)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1), ((2, 3), (2, 1)))
        yield Example(cls(-2), ((2, 3), (0, 3), (1, 3)))


@operation
class Split(Op):
    """Parts of these sizes along an axis, as several results. The transpose of Concatenate."""

    kind = "view"
    axis: int  # negative
    sizes: tuple[int, ...]

    def type(self, x):
        if -self.axis > len(x.shape) or x.shape[self.axis] != sum(self.sizes):
            raise ShapeError(
                f"split: {x} does not have {sum(self.sizes)} entries along the axis {self.axis}"
            )
        rest = _without(x.shape, self.axis)
        return tuple(Type(x.dtype, _with(rest, self.axis, n)) for n in self.sizes)

    def value(self, x):
        return tuple(p.value(x) for p in self.places)

    @property
    def places(self) -> list:
        """The same as reads of one part each."""
        ends = accumulate(self.sizes)
        return [part(self.axis, (e - n, e, 1)) for n, e in zip(self.sizes, ends, strict=True)]

    def push(self, y, args, tangents):
        return moved_apart(self, tangents[0])

    def pull(self, y, args, g, wanted):
        return (put_together(Concatenate(self.axis), self.places, args[0], y, g),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1, (1, 2)), ((2, 3),))
        yield Example(cls(-2, (2, 0, 1)), ((3, 2),))


@operation
class Stack(Op):
    """Equal arrays side by side along a new axis. The transpose of Unstack."""

    kind = "call"
    keeps_zeros = True
    axis: int  # negative, of the result

    def type(self, *args):
        if any(x != args[0] for x in args) or -self.axis > len(args[0].shape) + 1:
            raise ShapeError(
                f"stack: equal types and an axis {self.axis} are needed, "
                f"not {', '.join(map(str, args))}"
            )
        return Type(args[0].dtype, _with(args[0].shape, self.axis, len(args)))

    def value(self, *args):
        if len(args[0].shape) + self.axis < 0:
            return np.array(args, args[0].dtype)
        return self.kernel(*args)(*args)

    def kernel(self, x, *rest):
        array, dtype = np.array, x.dtype
        if len(x.shape) + self.axis < 0:
            return lambda *args: array(args, dtype)
        shape, behind = _with(x.shape, self.axis, 1 + len(rest)), (slice(None),) * (-self.axis - 1)

        def stacked(*args):
            y = np.empty(shape, dtype)
            for k, x in enumerate(args):
                y[(..., k, *behind)] = x
            return y

        return stacked

    def push(self, y, args, tangents):
        return joined(self, args, tangents)

    def pull(self, y, args, g, wanted):
        return taken_apart(Unstack(self.axis, len(args)), g, wanted)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1), ((), (), ()))
        yield Example(cls(-2), ((2, 3), (2, 3)))


@operation
class Unstack(Op):
    """The n arrays that lie side by side along an axis, one by one. The transpose of Stack."""

    kind = "view"
    axis: int  # negative
    n: int

    def type(self, x):
        if -self.axis > len(x.shape) or x.shape[self.axis] != self.n:
            raise ShapeError(
                f"unstack: {x} does not have {self.n} entries along the axis {self.axis}"
            )
        return (Type(x.dtype, _without(x.shape, self.axis)),) * self.n

    def value(self, x):
        return self.kernel(x)(x)

    def kernel(self, x):
        if len(x.shape) + self.axis == 0:
            return tuple
        order = (len(x.shape) + self.axis, *_without(tuple(range(len(x.shape))), self.axis))
        return lambda x: tuple(x.transpose(order))

    @property
    def places(self) -> list:
        """The same as reads of one part each."""
        return [part(self.axis, k) for k in range(self.n)]

    def push(self, y, args, tangents):
        return moved_apart(self, tangents[0])

    def pull(self, y, args, g, wanted):
        return (put_together(Stack(self.axis), self.places, args[0], y, g),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1, 3), ((3,),))
        yield Example(cls(-2, 2), ((2, 3),))


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    k = len(shape) + axis
    return shape[:k] + shape[k + 1 :]


def _with(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    k = len(shape) + axis + 1
    return (*shape[:k], n, *shape[k:])


# ------------------------------------------------------------ derivatives


def joined(op: Op, args: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The operation on tangents: the zeros of those that are None, or masked, stay structural."""
    if all(t is None for t in tangents):
        return None
    y = bind(op, *or_zeros(tangents, args))
    if all(t is not None and parts(t) is None for t in tangents):
        return y
    return zeroed(bind(op, *map(touched, args, tangents)), y)


def moved_apart(op: Op, t: Any) -> tuple:
    """Parts of a tangent: each keeps its part of the mask."""
    inner = parts(t)
    if inner is None:
        return bind(op, t)
    return tuple(select(m, x) for m, x in zip(bind(op, inner[0]), bind(op, inner[1]), strict=True))


def taken_apart(cut: Split | Unstack, g: Any, wanted: Sequence[bool]) -> tuple:
    """The wanted parts of a cotangent."""
    if sum(wanted) <= FEW:
        return tuple(bind(p, g) if w else None for p, w in zip(cut.places, wanted, strict=True))
    return tuple(p if w else None for p, w in zip(bind(cut, g), wanted, strict=True))


def put_together(
    op: Op, places: Sequence[Any], x: Array, y: Sequence[Array], g: Sequence[Any]
) -> Any:
    """The cotangent of x from those of its parts, some of which may be missing."""
    given = [(p, (), t) for p, t in zip(places, g, strict=True) if t is not None]
    if len(given) == len(places):
        return joined(op, y, g) if places else None
    return scatter(x.shape, given) if given else None


# ------------------------------------------------------------ what is joined


def array_like(x: Any) -> Array:
    """x as an array, also if it is a nested list with traced arrays in it."""
    if isinstance(x, list | tuple) and traced(x):
        return stack([array_like(y) for y in x])
    return lift(x)


def traced(x: Any) -> bool:
    """Whether x is, or a nested list x contains, an Array or a Variable."""
    return isinstance(x, Duck) or (isinstance(x, list | tuple) and any(map(traced, x)))


def promoted(arrays: list[Array], like: Sequence[Any], dtype: Any, casting: str) -> list[Array]:
    """Arrays of one dtype: the given one, or that of NumPy's promotion of `like`."""
    if dtype is None:
        first = arrays[0].dtype
        if all(a.dtype is first for a in arrays):
            return arrays
        dtype = np.result_type(*like)
    dtype = np.dtype(dtype)
    for a in arrays:
        if not np.can_cast(a.dtype, dtype, casting):
            raise TypeError(
                f"Cannot cast array data from {a.dtype!r} to {dtype!r} "
                f"according to the rule '{casting}'"
            )
    return [cast(a, dtype) for a in arrays]


def refuse_out(out: Any, name: str) -> None:
    """An error for a place to write to."""
    if out is not None:
        raise UnsupportedError(
            f"np.{name}: out= is not supported for traced arrays: use the result instead"
        )


# ------------------------------------------------------------ NumPy's functions that join


@implements(np.concatenate)
def concatenate(
    arrays: Any,
    /,
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Array:
    refuse_out(out, "concatenate")
    given = list(arrays)
    arrays = [array_like(a) for a in given]
    like: list[Any] = [a.dtype for a in arrays]
    if axis is None:
        # Here, and only here, NumPy lets Python's numbers take the dtype of the arrays.
        like = [
            x if type(x) in (int, float, complex) else d for x, d in zip(given, like, strict=True)
        ]
        arrays, axis = [reshape_to(a, (prod(a.shape),)) for a in arrays], 0
    if not arrays:
        raise ValueError("need at least one array to concatenate")
    n = len(arrays[0].shape)
    if not n:
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    op = _concatenate(normalize_axis_index(axis, n) - n)
    if dtype is not None:
        op.type(
            *(Type(arrays[0].dtype, a.shape) for a in arrays)
        )  # NumPy looks at the shapes first
    return bind(op, *promoted(arrays, like, dtype, casting))


@implements(np.stack)
def stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Array:
    refuse_out(out, "stack")
    arrays = [array_like(a) for a in arrays]
    if not arrays:
        raise ValueError("need at least one array to stack")
    shape = arrays[0].shape
    for a in arrays:
        if a.shape != shape:
            raise ValueError("all input arrays must have the same shape")
    n = len(shape) + 1
    place = normalize_axis_index(axis, n)
    if len(arrays) >= MANY and place == 0 and (runs := in_runs(arrays)) is not None:
        return concatenate(runs, 0, dtype=dtype, casting=casting)
    return bind(_stack(place - n), *promoted(arrays, [a.dtype for a in arrays], dtype, casting))


_concatenate, _stack = lru_cache(Concatenate), lru_cache(Stack)


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Array:
    return concatenate([atleast_2d(array_like(a)) for a in tup], 0, dtype=dtype, casting=casting)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Array:
    arrays = [atleast_1d(array_like(a)) for a in tup]
    return concatenate(
        arrays, 0 if arrays and arrays[0].ndim == 1 else 1, dtype=dtype, casting=casting
    )


@implements(np.dstack)
def dstack(tup: Any) -> Array:
    return concatenate([atleast_3d(array_like(a)) for a in tup], 2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Array:
    arrays = [array_like(a) for a in tup]
    return concatenate([a if a.ndim > 1 else reshape_to(a, (a.size, 1)) for a in arrays], 1)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Array:
    arr, values = array_like(arr), array_like(values)
    if axis is None:
        arr, values, axis = reshape_to(arr, (arr.size,)), reshape_to(values, (values.size,)), 0
    return concatenate((arr, values), axis)


@implements(np.block)
def block(arrays: Any) -> Array:
    shape = np.block(_shapes(arrays)).shape  # NumPy's own errors
    depth, inner = 0, arrays
    while isinstance(inner, list):
        depth, inner = depth + 1, inner[0]

    def join(x: Any, level: int) -> Array:
        if isinstance(x, list):
            return concatenate([join(y, level + 1) for y in x], level - depth)
        x = lift(x)
        return reshape_to(x, (1,) * (len(shape) - x.ndim) + x.shape)

    return array_of(join(arrays, 0))


def _shapes(x: Any) -> Any:
    """Nested lists with bools of the same shapes."""
    if isinstance(x, list):
        return [_shapes(y) for y in x]
    return x if isinstance(x, tuple) else np.broadcast_to(np.False_, lift(x).shape)
