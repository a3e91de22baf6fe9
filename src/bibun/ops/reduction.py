"""Reductions along axes: sum and everything that is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import Array, bind, implements, lift
from ..graph import Example, Linear, Op, Type, operation
from .structure import axes_of, cast, reshape_to


def dropped(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without these (negative) axes."""
    return tuple(n for i, n in enumerate(shape) if i - len(shape) not in axes)


@operation
class Sum(Op):
    """y = sum of x along `axes`, which disappear. The transpose of Expand."""

    kind = "reduce"
    keeps_zeros = True
    axes: tuple[int, ...]

    def type(self, x):
        return Type(x.dtype, dropped(x.shape, self.axes))

    def value(self, x):
        return np.add.reduce(x, axis=self.axes, dtype=x.dtype)

    def kernel(self, x):
        add, axis = np.add.reduce, self.axes if len(self.axes) != len(x.shape) else None
        return lambda x: add(x, axis)

    def d(self, y, x):
        def pull(g):
            aligned = tuple(1 if i - len(x.shape) in self.axes else n for i, n in enumerate(x.shape))
            return np.broadcast_to(reshape_to(g, aligned), x.shape)

        return (Linear(push=lambda t: bind(self, t), pull=pull),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), ((2, 3),))
        yield Example(cls((-2, -1)), ((2, 3),))


@implements(np.sum)
def sum(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False,
        initial: Any = 0, where: Any = True) -> Array:
    a = lift(a)
    if dtype is None and a.dtype.kind in "bu" or a.dtype.kind == "i":
        dtype = np.add.reduce(np.empty(0, a.dtype)).dtype
    a = cast(a, a.dtype if dtype is None else np.dtype(dtype))
    if where is not True:
        a = np.where(where, a, a.dtype.type(0))
    axes = axes_of(axis, a.ndim)
    y = bind(Sum(axes), a) if axes else +a
    if isinstance(initial, Array) or initial != 0:
        y = y + initial
    return keep(y, a.shape, axes, keepdims)


def keep(y: Any, shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool) -> Array:
    """The reduced y with length 1 along the reduced axes, if keepdims."""
    if not keepdims:
        return y
    return reshape_to(y, tuple(1 if i - len(shape) in axes else n for i, n in enumerate(shape)))
