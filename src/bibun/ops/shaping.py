"""NumPy's functions that change shapes and the order of elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..array import FUNCTIONS, Array, Duck, bind, implements, is_number, lift
from ..errors import ShapeError, UnsupportedError
from ..graph import Example, Linear, Op, operation
from ..memory import another, in_rows, same_memory, share, view
from ..recording import is_abstract
from .gather import Slice
from .structure import Copy, Transpose, array_of, bind_one, expansion, reshape_to, reshaped


@operation
class Roll(Op):
    """y[i] = x[i - shift] along each axis in turn; what leaves at one end comes in at the other."""

    kind = "call"
    keeps_zeros = True
    shifts: tuple[int, ...]
    axes: tuple[int, ...]  # negative

    def type(self, x):
        return x

    def value(self, x):
        return self.kernel(x)(x)

    def kernel(self, x):
        cuts = []
        for shift, axis in zip(self.shifts, self.axes, strict=True):
            n, rest = x.shape[axis], (slice(None),) * (-axis - 1)
            cut = n - shift % max(n, 1)
            cuts.append(((..., slice(cut, None), *rest), (..., slice(cut), *rest), axis))

        def rolled(x):
            for last, first, axis in cuts:
                x = np.concatenate((x[last], x[first]), axis)
            return x

        return rolled

    def d(self, y, x):
        back = Roll(tuple(-s for s in self.shifts), self.axes)
        return (Linear(push=lambda t: bind(self, t), pull=lambda g: bind(back, g)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((1,), (-1,)), ((2, 3),))
        yield Example(cls((1, -1), (-1, -2)), ((4, 3),))


# ------------------------------------------------------------ shape, order of all axes, copies


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
    y = y if shape or is_number(a) else array_of(y)
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
    y = array_of(y) if op is None else view(op, y)
    if type(y.raw) is np.ndarray and y.raw.flags.writeable:
        y.raw = y.raw.view()
        y.raw.flags.writeable = False
    return y


implements(np.shape)(lambda a: lift(a).shape)
implements(np.ndim)(lambda a: lift(a).ndim)


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Array:
    return array_of(copied(a, order))


def copied(a: Any, order: str = "K") -> Array:
    """a in memory of its own: x.copy() of a number is a number."""
    a = lift(a)
    y = bind(Copy(), a)
    if type(a.raw) is np.ndarray:
        y.raw = np.array(a.raw, order=order)  # how it lies decides what later is a view
    return y if is_number(a) else array_of(y)


FUNCTIONS["copy"] = copied


# ------------------------------------------------------------ order of axes


def permuted(a: Any, order: Sequence[int]) -> Array:
    """a with its axes in this order (counted from the start); a itself if it has it already."""
    a = lift(a)
    axes = tuple(k - a.ndim for k in order)
    return a if axes == tuple(range(-a.ndim, 0)) else bind(Transpose(axes), a)


def permuted_view(a: Array, order: Sequence[int]) -> Array:
    """a with its axes in this order, as a view of it."""
    axes = tuple(k - a.ndim for k in order)
    return another(a) if axes == tuple(range(-a.ndim, 0)) else view(Transpose(axes), a)


def own(y: Array) -> Array:
    """y in memory of its own, also where it is a plain array that shows the memory of another."""
    if y.scope is None and type(y.raw) is np.ndarray and y.raw.base is not None:
        y.raw = y.raw.copy()
    return y


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Array:
    a = lift(a)
    sources = normalize_axis_tuple(source, a.ndim, "source")
    places = normalize_axis_tuple(destination, a.ndim, "destination")
    if len(sources) != len(places):
        raise ValueError(
            "`source` and `destination` arguments must have the same number of elements"
        )
    order = [k for k in range(a.ndim) if k not in sources]
    for place, k in sorted(zip(places, sources, strict=True)):
        order.insert(place, k)
    return permuted_view(a, order)


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Array:
    a = lift(a)
    i, j = (
        normalize_axis_index(axis1, a.ndim, "axis1"),
        normalize_axis_index(axis2, a.ndim, "axis2"),
    )
    order = list(range(a.ndim))
    order[i], order[j] = j, i
    return permuted_view(a, order)


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Array:
    a = lift(a)
    axis = normalize_axis_index(axis, a.ndim)
    if not -a.ndim <= start <= a.ndim:
        raise np.exceptions.AxisError(
            f"'start' arg requires {-a.ndim} <= start < {a.ndim + 1}, but {start} was passed in"
        )
    start += a.ndim if start < 0 else 0
    return moveaxis(a, axis, start - 1 if axis < start else start)


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Array:
    x = lift(x)
    if x.ndim < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {x.ndim}")
    return swapaxes(x, -1, -2)


# ------------------------------------------------------------ axes of length 1


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Array:
    a = lift(a)
    new = (axis,) if not isinstance(axis, tuple | list) else tuple(axis)
    n = a.ndim + len(new)
    places, lengths = normalize_axis_tuple(new, n), iter(a.shape)
    return reshaped_view(a, tuple(1 if k in places else next(lengths) for k in range(n)))


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Array:
    a = lift(a)
    if axis is None or (a.ndim == 0 and axis in (0, -1)):
        return reshaped_view(a, tuple(n for n in a.shape if n != 1)) if 1 in a.shape else a
    axes = normalize_axis_tuple(axis, a.ndim)
    if any(a.shape[k] != 1 for k in axes):
        raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return reshaped_view(a, tuple(n for k, n in enumerate(a.shape) if k not in axes))


def _at_least(place: Any) -> Any:
    """np.atleast_?d, from where each shape gets its axes of length 1."""

    def atleast(*arys: Any) -> Any:
        arrays = [(a, place(a.shape)) for a in map(lift, arys)]
        results = tuple(a if a.shape == s else reshaped_view(a, s) for a, s in arrays)
        return results[0] if len(results) == 1 else results

    return atleast


atleast_1d = implements(np.atleast_1d)(_at_least(lambda s: s or (1,)))
atleast_2d = implements(np.atleast_2d)(_at_least(lambda s: (1,) * (2 - len(s)) + s))
atleast_3d = implements(np.atleast_3d)(
    _at_least(lambda s: {0: (1, 1, 1), 1: (1, *s, 1), 2: (*s, 1)}.get(len(s), s))
)


# ------------------------------------------------------------ order of elements


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Array:
    m = lift(m)
    axes = range(m.ndim) if axis is None else normalize_axis_tuple(axis, m.ndim)
    if not any(m.shape[k] > 1 for k in axes):
        return another(m)[()]
    first = min(axes)
    places = tuple((n - 1, -1, -1) if k in axes else None for k, n in enumerate(m.shape))
    return view(Slice(places[first:]), m)


@implements(np.flipud)
def flipud(m: Any) -> Array:
    m = lift(m)
    if m.ndim < 1:
        raise ValueError("Input must be >= 1-d.")
    return flip(m, 0)


@implements(np.fliplr)
def fliplr(m: Any) -> Array:
    m = lift(m)
    if m.ndim < 2:
        raise ValueError("Input must be >= 2-d.")
    return flip(m, 1)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Array:
    m = lift(m)
    if len(axes) != 2:
        raise ValueError("len(axes) must be 2.")
    if axes[0] == axes[1] or abs(axes[0] - axes[1]) == m.ndim:
        raise ValueError("Axes must be different.")
    if any(not -m.ndim <= a < m.ndim for a in axes):
        raise ValueError(f"Axes={tuple(axes)} out of range for array of ndim={m.ndim}.")
    k %= 4
    if k == 0:
        return another(m)
    if k == 2:
        return flip(flip(m, axes[0]), axes[1])
    return swapaxes(flip(m, axes[1]), *axes) if k == 1 else flip(swapaxes(m, *axes), axes[1])


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Array:
    a = lift(a)
    if axis is None:
        return reshape_to(roll(reshape_to(a, (a.size,)), shift, 0), a.shape)
    axes = normalize_axis_tuple(axis, a.ndim, allow_duplicate=True)
    pairs = np.broadcast(shift, axes)
    if pairs.ndim > 1:
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences")
    shifts, axes = (
        zip(*((index(s), int(k) - a.ndim) for s, k in pairs), strict=True)
        if pairs.size
        else ((), ())
    )
    return bind(Roll(shifts, axes), a)


# ------------------------------------------------------------ shapes


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Array, ...]:
    arrays = [lift(a) for a in args]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    if all(a.shape == shape for a in arrays):
        return tuple(arrays)
    return tuple(another(a) if a.shape == shape else broadcast_view(a, shape) for a in arrays)


@implements(np.size)
def size(a: Any, axis: Any = None) -> int:
    shape = a.shape if isinstance(a, Duck) else np.shape(a)
    if axis is None:
        return int(np.prod(shape, dtype=np.int64))
    return int(np.prod([shape[k] for k in normalize_axis_tuple(axis, len(shape))], dtype=np.int64))
