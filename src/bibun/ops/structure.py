"""The same numbers in another arrangement: reshape, expand, transpose, cast, copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ..array import Array, bind, implements, lift
from ..errors import ShapeError
from ..graph import Example, Linear, Op, Type, symmetric, operation


@operation
class Reshape(Op):
    """The same elements, in row-major order, in another shape."""

    kind = "view"
    keeps_zeros = True
    shape: tuple[int, ...]

    def type(self, x):
        if prod(x.shape) != prod(self.shape):
            raise ShapeError(f"reshape: {x} has {prod(x.shape)} elements, {self.shape} has {prod(self.shape)}")
        return Type(x.dtype, self.shape)

    def value(self, x):
        return np.reshape(x, self.shape)

    def kernel(self, x):
        shape = self.shape
        return lambda x: x.reshape(shape)

    def d(self, y, x):
        return (Linear(push=lambda t: reshape_to(t, self.shape), pull=lambda g: reshape_to(g, x.shape)),)

    def batched(self, n):
        return Reshape((n, *self.shape))

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
            raise ShapeError(f"expand: {x} does not expand to {self.shape} along the new axes {self.axes}")
        return Type(x.dtype, self.shape)

    def value(self, x):
        return np.broadcast_to(np.reshape(x, self.aligned), self.shape)

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

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((2, 3), (-2, -1)), ((),))
        yield Example(cls((2, 3, 4), (-2,)), ((2, 4),))


@operation
class Transpose(Op):
    """Axes in another order: axis i of the result is axis `axes[i]` of x."""

    kind = "view"
    keeps_zeros = True
    axes: tuple[int, ...]  # negative

    def type(self, x):
        return Type(x.dtype, tuple(x.shape[a] for a in self.axes))

    def value(self, x):
        return np.transpose(x, self.axes)

    def d(self, y, x):
        back = tuple(self.axes.index(i - len(self.axes)) - len(self.axes) for i in range(len(self.axes)))
        return (Linear(push=lambda t: bind(self, t), pull=lambda g: bind(Transpose(back), g)),)

    def batched(self, n):
        return Transpose((-len(self.axes) - 1, *self.axes))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1, -2)), ((2, 3),))
        yield Example(cls((-2, -1, -3)), ((2, 3, 4),))


@operation
class Cast(Op):
    """The same numbers in another dtype. Integers have no derivative."""

    keeps_zeros = True
    dtype: np.dtype

    def type(self, x):
        return Type(self.dtype, x.shape)

    def value(self, x):
        return x.astype(self.dtype)

    def kernel(self, x):
        dtype = self.dtype
        return lambda x: x.astype(dtype)

    def d(self, y, x):
        if y.dtype.kind not in "fc" or x.dtype.kind not in "fc":
            return (None,)
        return (Linear(push=lambda t: cast(t, self.dtype), pull=lambda g: cast(g, x.dtype)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(np.dtype(np.float32)), ((2, 3),))
        yield Example(cls(np.dtype(np.int64)), ((2, 3),))


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

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3),))


# ------------------------------------------------------------ constructors that look first


@lru_cache(maxsize=4096)
def expansion(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[tuple[int, ...], Expand | None]:
    """How NumPy's broadcasting from `shape` to `target` is written: a reshape, then an Expand."""
    n = len(target)
    padded = (1,) * (n - len(shape)) + shape
    if len(shape) > n or any(a not in (1, b) for a, b in zip(padded, target, strict=True)):
        raise ShapeError(f"broadcast: an array of shape {shape} does not broadcast to {target}")
    axes = tuple(i - n for i, (a, b) in enumerate(zip(padded, target, strict=True)) if i < n - len(shape) or a != b)
    kept = tuple(m for i, m in enumerate(target) if i - n not in axes)
    return kept, Expand(target, axes) if axes else None


def cast(x: Any, dtype: np.dtype) -> Array:
    """x with this dtype; x itself if it has it already."""
    x = lift(x)
    return x if x.dtype == dtype else bind(Cast(np.dtype(dtype)), x)


def reshape_to(x: Any, shape: tuple[int, ...]) -> Array:
    """x in this shape; x itself if it has it already."""
    x = behind(lift(x), Reshape)
    return x if x.shape == shape else bind(Reshape(shape), x)


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
    return bind(op, x)


def behind(x: Array, kind: type[Op]) -> Array:
    """The argument of x if x was made by an operation of this kind; otherwise x."""
    if x.scope is None or not x.scope.active:
        return x
    op, *args = x.scope.entries[x.index]
    return Array(x.scope, args[0], x.scope.values[args[0]]) if isinstance(op, kind) else x


def axes_of(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """NumPy's axis argument as sorted negative axes; NumPy's own errors."""
    if axis is None:
        return tuple(range(-ndim, 0))
    normal = np.lib.array_utils.normalize_axis_tuple(axis, ndim, "axis")
    return tuple(sorted(a - ndim for a in normal))


# ------------------------------------------------------------ NumPy's functions


@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, copy: bool | None = None) -> Array:
    a = lift(a)
    if order == "F":
        return transpose(reshape(transpose(a), tuple(np.empty(a.shape, "?").reshape(shape).shape)[::-1]))
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(map(int, shape))
    if -1 in shape:
        rest = -prod(shape)
        if shape.count(-1) > 1 or rest == 0 or a.size % rest:
            raise ShapeError(f"reshape: {a.shape} has {a.size} elements and does not fit into {shape}")
        shape = tuple(a.size // rest if n == -1 else n for n in shape)
    return bind(Reshape(shape), a)


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Array:
    return reshape(a, -1, order)


@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Array:
    a = lift(a)
    n = a.ndim
    if axes is None:
        axes = tuple(range(-1, -n - 1, -1))
    normal = np.lib.array_utils.normalize_axis_tuple(axes, n, "axes")
    if len(normal) != n:
        raise ShapeError(f"transpose: {n} axes are needed for shape {a.shape}, not {axes}")
    return bind(Transpose(tuple(i - n for i in normal)), a)


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Array:
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(map(int, shape))
    return expand_to(array, shape)


@implements(np.shape)
def shape(a: Any) -> tuple[int, ...]:
    return lift(a).shape


@implements(np.ndim)
def ndim(a: Any) -> int:
    return lift(a).ndim


@implements(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, **options: Any) -> Array:
    return cast(x, np.dtype(dtype))


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Array:
    return bind(Copy(), a)
