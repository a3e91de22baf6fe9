"""The same numbers in another arrangement: reshape, expand, transpose, cast, copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..array import Array, bind, is_number, lift
from ..errors import ShapeError
from ..graph import Example, Linear, Op, Type, operation, symmetric
from ..notation import ATOM, POWER, Text

SMALL = 1 << 11  # elements


@operation
class Reshape(Op):
    """The same elements, in row-major order, in another shape."""

    kind = "view"
    keeps_zeros = True
    arranges = "shape"
    shape: tuple[int, ...]

    def type(self, x):
        if prod(x.shape) != prod(self.shape):
            raise ShapeError(
                f"reshape: {x} has {prod(x.shape)} elements, {self.shape} has {prod(self.shape)}"
            )
        return Type(x.dtype, self.shape)

    def value(self, x):
        return x.reshape(self.shape)

    def d(self, y, x):
        return (
            Linear(push=lambda t: reshape_to(t, self.shape), pull=lambda g: reshape_to(g, x.shape)),
        )

    def written(self, x, rest, y):
        return reshape_to(y, x.shape)

    def batched(self, n):
        return Reshape((n, *self.shape))

    def notation(self, y, x):
        """Axes of length 1 come and go unseen, as in NumPy's broadcasting."""
        same = [n for n in self.shape if n != 1] == [n for n in x.type.shape if n != 1]
        return x if same else super().notation(y, x)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((3, 2)), ((2, 3),))
        yield Example(cls((1, 2, 1)), ((2,),))


@operation
class Expand(Op):
    """Copies of x along new axes of the result. The transpose of Sum."""

    kind = "view"
    keeps_zeros = True
    shape: tuple[int, ...]
    axes: tuple[int, ...]  # the new axes, negative and sorted; the others are those of x

    def type(self, x):
        kept = tuple(n for i, n in enumerate(self.shape) if i - len(self.shape) not in self.axes)
        if x.shape != kept:
            raise ShapeError(
                f"expand: {x} does not expand to {self.shape} along the new axes {self.axes}"
            )
        return Type(x.dtype, self.shape)

    def value(self, x):
        return np.broadcast_to(x.reshape(self.aligned), self.shape)

    def kernel(self, x):
        if prod(self.shape) > SMALL:
            return self.value
        shape, aligned, dtype = self.shape, self.aligned, x.dtype

        def copied(x):  # up to here writing the copies takes less time than making a view of one
            y = np.empty(shape, dtype)
            y[...] = x.reshape(aligned)
            return y

        return copied

    def after(self, inner: Expand) -> Expand:
        """One Expand for this one applied to the result of another."""
        kept = [i for i in range(-len(self.shape), 0) if i not in self.axes]
        return Expand(self.shape, tuple(sorted((*self.axes, *(kept[a] for a in inner.axes)))))

    @property
    def aligned(self) -> tuple[int, ...]:
        """The shape of x with length 1 along the new axes."""
        return tuple(1 if i - len(self.shape) in self.axes else n for i, n in enumerate(self.shape))

    def d(self, y, x):
        return (Linear(push=lambda t: bind(self, t), pull=lambda g: np.sum(g, axis=self.axes)),)

    def batched(self, n):
        return Expand((n, *self.shape), self.axes)

    def notation(self, y, x):
        """New axes in front come unseen, others as in NumPy: x[:, None]."""
        if not x.type.shape:
            return x
        first = next(k for k in range(-len(self.shape), 0) if k not in self.axes)
        if all(k < first for k in self.axes):
            return x
        places = ("None" if k in self.axes else ":" for k in range(first, 0))
        return Text(f"{x:atom}[{', '.join(places)}]", ATOM)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((2, 3), (-2, -1)), ((),))
        yield Example(cls((2, 3, 4), (-2,)), ((2, 4),))


@operation
class Transpose(Op):
    """Axes in another order: axis i of the result is axis `axes[i]` of x."""

    kind = "view"
    keeps_zeros = True
    arranges = "order"
    axes: tuple[int, ...]  # negative

    def type(self, x):
        return Type(x.dtype, tuple(x.shape[a] for a in self.axes))

    def value(self, x):
        return x.transpose(self.axes)

    @property
    def back(self) -> Transpose:
        """The transpose that undoes this one."""
        n = len(self.axes)
        return Transpose(tuple(self.axes.index(i - n) - n for i in range(n)))

    def written(self, x, rest, y):
        return bind(self.back, y)

    def d(self, y, x):
        return (Linear(push=lambda t: bind(self, t), pull=lambda g: bind(self.back, g)),)

    def batched(self, n):
        return Transpose((-len(self.axes) - 1, *self.axes))

    def notation(self, y, x):
        last_two = self.axes == (*range(-len(self.axes), -2), -1, -2)
        return Text(f"{x:atom}ᵀ", POWER) if last_two else super().notation(y, x)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1, -2)), ((2, 3),))
        yield Example(cls((-2, -1, -3)), ((2, 3, 4),))


@operation
class Cast(Op):
    """The same numbers in another dtype. Integers have no derivative.

    Of complex numbers a real dtype keeps the real part, silently: `np.astype` is who warns. The
    transpose of a cast from real to complex numbers takes the real part, and the other way round.
    """

    keeps_zeros = True
    dtype: np.dtype

    def type(self, x):
        return Type(self.dtype, x.shape)

    def value(self, x):
        return (x.real if self.discards(x) else x).astype(self.dtype)

    def kernel(self, x):
        dtype = self.dtype
        return self.value if self.discards(x) else lambda x: x.astype(dtype)

    def discards(self, x: Any) -> bool:
        """Whether imaginary parts are lost."""
        return x.dtype.kind == "c" and self.dtype.kind not in "cb"

    def d(self, y, x):
        if y.dtype.kind not in "fc" or x.dtype.kind not in "fc":
            return (None,)
        return (Linear(push=lambda t: cast(t, self.dtype), pull=lambda g: cast(g, x.dtype)),)

    def notation(self, y, x):
        return x

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(np.dtype(np.float32)), ((2, 3),))
        yield Example(cls(np.dtype(np.int64)), ((2, 3),))
        yield Example(cls(np.dtype(np.complex128)), ((2, 3),))


@operation
class Copy(Op):
    """x itself, in memory of its own."""

    keeps_zeros = True

    def type(self, x):
        return x

    def value(self, x):
        return np.array(x)[()]

    def d(self, y, x):
        return (symmetric(lambda g: g),)

    def notation(self, y, x):
        return x

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3),))


def array_of(y: Array) -> Array:
    """A new y without axes as an array, not a number: under all its names it can be written to."""
    if y.raw.shape or not is_number(y):
        return y
    if type(y.raw) is Type:
        return Array(y.scope, y.index, y.raw, np.ndarray)
    return Array(y.scope, y.index, np.array(y.raw))


# ------------------------------------------------------------ constructors that look first


@lru_cache(maxsize=4096)
def expansion(
    shape: tuple[int, ...], target: tuple[int, ...]
) -> tuple[tuple[int, ...], Expand | None]:
    """How NumPy's broadcasting from `shape` to `target` is written: a reshape, then an Expand."""
    n = len(target)
    padded = (1,) * (n - len(shape)) + shape
    if len(shape) > n or any(a not in (1, b) for a, b in zip(padded, target, strict=True)):
        raise ShapeError(f"broadcast: an array of shape {shape} does not broadcast to {target}")
    axes = tuple(
        i - n
        for i, (a, b) in enumerate(zip(padded, target, strict=True))
        if i < n - len(shape) or a != b
    )
    kept = tuple(m for i, m in enumerate(target) if i - n not in axes)
    return kept, Expand(target, axes) if axes else None


def bind_one(op: Op, x: Array) -> Array:
    """bind(op, x) for one argument and one result, the common case first."""
    trace = x.scope
    if trace is None or not trace.active:
        return bind(op, x)
    u = x.raw
    value = op.type(u) if type(u) is Type else op.value(u)
    return Array(trace, trace.add((op, x.index), value), value)


casting, reshaped = lru_cache(maxsize=256)(Cast), lru_cache(maxsize=4096)(Reshape)


def cast(x: Any, dtype: np.dtype) -> Array:
    """x with this dtype; x itself if it has it already."""
    x = lift(x)
    return x if x.dtype == dtype else bind(casting(np.dtype(dtype)), x)


def reshape_to(x: Any, shape: tuple[int, ...]) -> Array:
    """x in this shape; x itself if it has it already."""
    x = lift(x)
    if x.shape == shape:
        return x
    x = behind(x, Reshape)
    return x if x.shape == shape else bind_one(reshaped(shape), x)


def expand_to(x: Any, shape: tuple[int, ...]) -> Array:
    """x broadcast to this shape; x itself if it has it already."""
    x = lift(x)
    kept, op = expansion(x.shape, shape)
    x = reshape_to(x, kept)
    if op is None:
        return x
    source = behind(x, Expand)
    if source is not x:
        assert x.scope is not None
        x, op = source, op.after(x.scope.entries[x.index][0])
    return bind_one(op, x)


def behind(x: Array, kind: type[Op]) -> Array:
    """The argument of x if x was made by an operation of this kind; otherwise x."""
    if x.scope is None or not x.scope.active:
        return x
    op, *args = x.scope.entries[x.index]
    if not isinstance(op, kind):
        return x
    value = x.scope.values[args[0]]
    if type(value) is Type and type(x.raw) is not Type:
        value = x.scope.value(args[0])  # nobody needed it before
    return Array(x.scope, args[0], value)


def axes_of(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """NumPy's axis argument as sorted negative axes; NumPy's own errors."""
    if axis is None:
        return tuple(range(-ndim, 0))
    normal = normalize_axis_tuple(axis, ndim, "axis")
    return tuple(sorted(a - ndim for a in normal))
