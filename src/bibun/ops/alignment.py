"""Broadcasting and casting made explicit: how each argument gets into an operation on elements."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..array import NUMBERS, Array, enter, lift
from ..errors import ShapeError
from ..graph import Constant, Op, Type
from ..recording import Trace
from .structure import Cast, Expand, Reshape, expansion

OUTSIDE = Array(None, -1, np.float64(0))  # stands for a number, which belongs to no trace


class Side(NamedTuple):
    """What happens to one argument: a cast, a reshape, an expansion, each with its type.

    NumPy itself casts and broadcasts while it computes, so these entries stay without a value.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    weak: bool
    steps: tuple[tuple[Op, Type], ...]

    def number(self, trace: Trace, x: Any, a: Array) -> int:
        """The entry of the argument x, which is a as an array."""
        if self.weak:
            return filled(trace, x, self)
        i = a.index if a.scope is trace else enter(trace, a)
        for op, of in self.steps:
            i = trace.add((op, i), of)
        return i


class Plan(NamedTuple):
    """The result of an element-wise operation, and the way of its arguments to it."""

    dtype: np.dtype
    shape: tuple[int, ...]
    sides: list[Side]

    def numbers(self, trace: Trace, values: list, arrays: list[Array]) -> list[int]:
        """The entries of the arguments."""
        return [s.number(trace, v, a) for s, v, a in zip(self.sides, values, arrays, strict=True)]


def taken(args: tuple) -> tuple[list[Array], list, list, list, bool]:
    """The arguments as Arrays, their values as NumPy gets them, their kinds, their shapes.

    A kind is a dtype, or one of Python's types of numbers. Last, whether a value is not known.
    """
    arrays, values, kinds, shapes, abstract = [], [], [], [], False
    for x in args:
        kind = type(x)
        if kind in NUMBERS:  # the other arguments decide its dtype
            arrays.append(OUTSIDE)
            values.append(x)
            kinds.append(kind)
            shapes.append(())
            continue
        a = x if kind is Array else lift(x)
        v = a.raw
        abstract = abstract or type(v) is Type
        arrays.append(a)
        values.append(v)
        kinds.append(v.dtype)
        shapes.append(v.shape)
    return arrays, values, kinds, shapes, abstract


@lru_cache(maxsize=4096)
def side(kind: Any, here: tuple[int, ...], dtype: np.dtype, shape: tuple[int, ...]) -> Side:
    """The way of an argument of this dtype (or type of number) and shape into an operation."""
    steps: list[tuple[Op, Type]] = []
    weak = isinstance(kind, type)  # np.dtype(float) == float is true
    if not weak and kind != dtype:
        steps.append((Cast(dtype), Type(dtype, here)))
    if here != shape:
        kept, expand = expansion(here, shape)
        if kept != here:
            steps.append((Reshape(kept), Type(dtype, kept)))
        if expand:
            steps.append((expand, Type(dtype, shape)))
    return Side(dtype, shape, weak, tuple(steps))


def entered(trace: Trace, a: Array, shape: tuple[int, ...]) -> int:
    """The entry of an array, broadcast to this shape."""
    i = a.index if a.scope is trace else enter(trace, a)
    here = a.raw.shape
    if here != shape:
        for op, of in side(a.raw.dtype, here, a.raw.dtype, shape).steps:
            i = trace.add((op, i), of)
    return i


@lru_cache(maxsize=4096)
def broadcast(name: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """The common shape, or the error that shows all shapes."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"{name}: the shapes {' and '.join(map(str, shapes))} do not broadcast: "
            "lengths must be equal or 1, counted from the last axis"
        ) from None


def filled(trace: Trace, number: Any, like: Any) -> int:
    """The entry of a Python number, broadcast to the shape and in the dtype of `like`."""
    # 0.0 == -0.0 and 1+0j == 1-0j, but they differ.
    plain = number and type(number) is not complex
    key = (number if plain else repr(number), like.dtype, like.shape)
    i = trace.scalars.get(key)
    if i is None:
        i = trace.scalar(number, like.dtype)
        for op, of in side(float, (), like.dtype, like.shape).steps:
            i = trace.add((op, i), of)
        trace.scalars[key] = i
    return i


def known(a: Any) -> Any:
    """The number of which an array consists if the graph under construction says so, or None."""
    a = lift(a)
    if a.scope is None or a.scope.origin is None:
        return None
    op, *args = a.scope.entries[a.index]
    while isinstance(op, Expand | Reshape | Cast):
        op, *args = a.scope.entries[args[0]]
    return op.value().item() if isinstance(op, Constant) and op.shape == () else None
