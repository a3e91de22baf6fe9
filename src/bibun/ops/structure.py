"""The same numbers in another arrangement: reshape, expand, transpose, cast, copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..array import Array, bind, implements, lift
from ..errors import ShapeError, UnsupportedError
from ..graph import Example, Linear, Op, Type, operation, symmetric
from ..memory import another, in_rows, same_memory, share, view
from ..recording import is_abstract

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

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3),))


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


def cast(x: Any, dtype: np.dtype) -> Array:
    """x with this dtype; x itself if it has it already."""
    x = lift(x)
    return x if x.dtype == dtype else bind(Cast(np.dtype(dtype)), x)


reshaped = lru_cache(maxsize=4096)(Reshape)


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


# ------------------------------------------------------------ NumPy's functions


@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, copy: bool | None = None) -> Array:
    a = lift(a)
    if order != "C" and _columns_first(a, order):
        return transpose(reshape(transpose(a), lengths(shape, a.shape)[::-1]))
    y = reshaped_view(a, lengths(shape, a.shape))
    return bind(Copy(), y) if copy else y


def reshaped_view(a: Array, shape: tuple[int, ...]) -> Array:
    """a in another shape: a view where NumPy makes one, a copy elsewhere."""
    op = reshaped(shape)
    y = bind_one(op, a)
    return share(y, a, op) if same_memory(a, y) else y


def lengths(shape: Any, old: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths that NumPy's argument means for an array that had the old ones."""
    shape = tuple(map(index, shape)) if isinstance(shape, tuple | list) else _tuple(shape)
    size = prod(old)
    if any(n < 0 for n in shape):  # for NumPy, every negative number means the rest
        rest = prod(n for n in shape if n >= 0)
        if sum(n < 0 for n in shape) == 1 and rest and size % rest == 0:
            shape = tuple(size // rest if n < 0 else n for n in shape)
    if prod(shape) != size or any(n < 0 for n in shape):
        raise ShapeError(f"reshape: {old} has {size} elements and does not fit into {shape}")
    return shape


def _tuple(shape: Any) -> tuple[int, ...]:
    return tuple(map(index, shape)) if np.ndim(shape) else (index(shape),)


def _columns_first(a: Array, order: str) -> bool:
    """Whether elements are read and written with the first index changing fastest."""
    if order in ("A", "K") and a.ndim > 1:
        flags = None if is_abstract(a.raw) else a.raw.flags
        if flags is None or not (flags.c_contiguous or flags.f_contiguous):
            raise UnsupportedError(
                f"order={order!r} depends on how the array lies in memory: say C or F"
            )
        return flags.fnc
    if order not in ("C", "F", "A", "K"):
        raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got '{order}')")
    return order == "F"


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Array:
    a = lift(a)
    if order != "C" and _columns_first(a, order):
        a = transpose(a)
    op = reshaped((prod(a.shape),))
    y = bind_one(op, a)
    if in_rows(a):
        return share(y, a, op)
    if type(a.raw) is np.ndarray:
        y.raw = np.ravel(a.raw)  # a copy also if the shape is the same
    return y


@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Array:
    a = lift(a)
    n = len(a.shape)
    if axes is None:
        return view(_reversed(n), a)
    if len(axes) != n:
        raise ShapeError(f"transpose: {n} axes are needed for shape {a.shape}, not {axes}")
    return view(Transpose(tuple(i - n for i in normalize_axis_tuple(axes, n))), a)


@lru_cache
def _reversed(n: int) -> Transpose:
    return Transpose(tuple(range(-1, -n - 1, -1)))


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Array:
    return broadcast_view(lift(array), _tuple(shape))


def broadcast_view(x: Array, shape: tuple[int, ...]) -> Array:
    """x broadcast to this shape, as a view for reading."""
    kept, op = expansion(x.shape, shape)
    y = another(x) if kept == x.shape else view(reshaped(kept), x)
    y = y if op is None else view(op, y)
    if type(y.raw) is np.ndarray and y.raw.flags.writeable:
        y.raw = y.raw.view()
        y.raw.flags.writeable = False
    return y


implements(np.shape)(lambda a: lift(a).shape)
implements(np.ndim)(lambda a: lift(a).ndim)


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Array:
    a = lift(a)
    y = bind(Copy(), a)
    if type(a.raw) is np.ndarray:
        y.raw = np.array(a.raw, order=order)  # how it lies decides what later is a view
    return y
