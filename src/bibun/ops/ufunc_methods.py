"""The methods of ufuncs: np.add.reduce, np.multiply.accumulate, np.subtract.outer, ..."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ..array import FUNCTIONS, UFUNCS, Array, bind, lift
from ..errors import UnsupportedError
from ..graph import Example, Linear, Op, Type, operation
from .gather import Gather, scatter
from .structure import axes_of, cast, expand_to, reshape_to

NOTHING = np._NoValue

# What NumPy itself computes by these methods; found in FUNCTIONS when they are called.
REDUCTIONS = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
ACCUMULATIONS = {np.add: np.cumsum, np.multiply: np.cumprod}


def reduce(
    ufunc: np.ufunc, array: Any, /, axis: Any = 0, dtype: Any = None, out: None = None,
    keepdims: bool = False, initial: Any = NOTHING, where: Any = True,
) -> Array:  # fmt: skip
    """f(... f(f(x[0], x[1]), x[2]) ..., x[n-1]) along an axis."""
    x = lift(array)
    if x.ndim == 0 and axis in (0, -1):
        axis = None
    given = {"dtype": dtype, "out": out, "initial": initial, "where": where}
    usual = {"dtype": None, "out": None, "initial": NOTHING, "where": True}
    changed = {k: v for k, v in given.items() if v is not usual[k]}
    if ufunc in REDUCTIONS:
        return FUNCTIONS[REDUCTIONS[ufunc]](x, axis=axis, keepdims=keepdims, **changed)
    _refuse(ufunc, "reduce", changed, ("out", "where"))
    steps, axis = _slices(ufunc, x, axis, dtype)
    dtype = _dtype(ufunc, x, dtype)
    shape = tuple(n for i, n in enumerate(x.shape) if i - x.ndim != axis)
    first = ufunc.identity if initial is NOTHING else initial
    if first is not None and (initial is not NOTHING or len(steps) < 2):
        steps = [expand_to(cast(first, dtype), shape), *steps]
    if not steps:
        raise ValueError(f"{ufunc.__name__}.reduce: no element along axis {axis}, and no identity")
    y = _fold(ufunc, steps)[-1]
    return np.expand_dims(y, axis) if keepdims and x.ndim else y


def accumulate(
    ufunc: np.ufunc, array: Any, /, axis: int = 0, dtype: Any = None, out: None = None
) -> Array:
    """Every step of `reduce`, one after the other along the axis."""
    x = lift(array)
    if x.ndim == 0:
        axes_of(None if axis in (0, -1) else axis, 0)
        raise TypeError(f"{ufunc.__name__}.accumulate: an array without axes cannot be accumulated")
    if ufunc in ACCUMULATIONS:
        return FUNCTIONS[ACCUMULATIONS[ufunc]](x, axis=axis, dtype=dtype, out=out)
    _refuse(ufunc, "accumulate", {} if out is None else {"out": out}, ("out",))
    steps, axis = _slices(ufunc, x, axis, dtype)
    return np.stack(_fold(ufunc, steps), axis) if steps else x


def _slices(ufunc: np.ufunc, x: Array, axis: Any, dtype: Any) -> tuple[list[Array], int]:
    """The slices of x along one axis, in the dtype of the result."""
    axes = axes_of(axis, x.ndim)
    if x.ndim == 0:
        return [cast(x, _dtype(ufunc, x, dtype))], 0
    if len(axes) != 1:
        raise UnsupportedError(f"np.{ufunc.__name__}.reduce of a traced array takes one axis")
    x = np.moveaxis(cast(x, _dtype(ufunc, x, dtype)), axes[0], 0)
    return [x[i] for i in range(x.shape[0])], axes[0]


def _dtype(ufunc: np.ufunc, x: Array, dtype: Any) -> np.dtype:
    """The dtype in which NumPy reduces x."""
    return ufunc.reduce(np.zeros(1, x.dtype), dtype=dtype).dtype


def _fold(ufunc: np.ufunc, steps: list) -> list:
    """The first step, then each of the others combined with all before it."""
    found = steps[:1]
    for x in steps[1:]:
        found.append(ufunc(found[-1], x))
    return found


def outer(ufunc: np.ufunc, a: Any, b: Any, /, **options: Any) -> Array:
    """f(a[i], b[j]) for all indices i of a and j of b."""
    a, b = lift(a), lift(b)
    return UFUNCS[ufunc](reshape_to(a, (*a.shape, *(1,) * b.ndim)), b, **options)


def _refuse(ufunc: np.ufunc, method: str, given: dict[str, Any], options: tuple[str, ...]) -> None:
    wrong = [k for k in options if k in given]
    if wrong:
        raise UnsupportedError(
            f"np.{ufunc.__name__}.{method} of a traced array does not take {', '.join(wrong)}"
        )


# ------------------------------------------------------------ reduceat


def segments(starts: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the parts of `reduceat` begin and end: before the next start, or after one element."""
    starts = np.asarray(starts, np.intp)
    return starts, np.maximum(np.append(starts[1:], n), starts + 1)


@operation
class SegmentSums(Op):
    """y[k] = sum of x[i] over starts[k] <= i < starts[k + 1] along `axis`.

    It is x[starts[k]] where the next start is not larger; the last sum goes to the end.
    """

    kind = "call"
    keeps_zeros = True
    axis: int
    starts: tuple[int, ...]

    def type(self, x):
        k = len(x.shape) + self.axis
        return Type(x.dtype, (*x.shape[:k], len(self.starts), *x.shape[k + 1 :]))

    def value(self, x):
        return np.add.reduceat(x, self._places, self.axis, x.dtype)

    @cached_property
    def _places(self) -> np.ndarray:
        return np.array(self.starts, np.intp)

    def d(self, y, x):
        return (Linear(lambda t: bind(self, t), lambda g: self._spread(g, x.shape)),)

    def _spread(self, g: Array, shape: tuple[int, ...]) -> Array:
        """The transpose: each x receives the g of every sum that it is in."""
        n = shape[self.axis]
        starts, stops = segments(self.starts, n)
        lengths = stops - starts
        owner = np.repeat(np.arange(len(starts)), lengths)
        member = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - stops, lengths)
        g = bind(Gather((self.axis,), 1), g, owner)
        if np.array_equal(member, np.arange(n)):
            return g
        unique = len(np.unique(member)) == len(member)
        return scatter(shape, [(Gather((self.axis,), 1, unique), (member,), g)])

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1, (0, 2, 3)), ((2, 5),))
        yield Example(cls(-2, (1, 3)), ((4, 2),))
        yield Example(cls(-1, (3, 0, 0, 2)), ((2, 4),))


def reduceat(
    ufunc: np.ufunc, array: Any, /, indices: Any, axis: int = 0, dtype: Any = None, out: None = None
) -> Array:
    """`reduce` of x[indices[k]:indices[k + 1]] for each k, as `SegmentSums` says it for sums."""
    x, starts = lift(array), np.asarray(indices)
    # One line of ones has NumPy's dtype, and its errors.
    place = axis % x.ndim if x.ndim and -x.ndim <= axis < x.ndim else None
    line = np.ones([n if k == place else 1 for k, n in enumerate(x.shape)], x.dtype)
    template = ufunc.reduceat(line, starts, axis, dtype)
    x, axis = cast(x, template.dtype), axis % x.ndim - x.ndim
    if ufunc is np.add:
        return bind(SegmentSums(axis, tuple(starts.tolist())), x)
    if not starts.size or not x.size:
        shape = (*x.shape[:axis], starts.size, *x.shape[x.ndim + axis + 1 :])
        return lift(np.zeros(shape, x.dtype))
    x = np.moveaxis(x, axis, 0)
    ends = zip(*segments(starts, len(x)), strict=True)
    return np.moveaxis(np.stack([reduce(ufunc, x[i:j]) for i, j in ends]), 0, axis)


FUNCTIONS.update(reduce=reduce, accumulate=accumulate, outer=outer, reduceat=reduceat)
