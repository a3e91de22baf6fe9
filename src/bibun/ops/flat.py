"""x.flat, x.shape = ..., x.resize(...), np.shares_memory: how an array lies in memory."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from operator import index
from typing import Any

import numpy as np

from ..array import FUNCTIONS, Array, Duck, implements, lift
from ..memory import overlap, reshaped_in_place, shown
from ..writing import Change, write
from .inplace import write_flat
from .joining import array_like
from .shaping import lengths, reshaped_view
from .structure import reshape_to


class Flat:
    """The elements of an array in row-major order, to read and to write: x.flat."""

    __slots__ = ("array", "place")

    def __init__(self, array: Array):
        self.array, self.place = array, 0

    base = property(lambda self: self.array)

    def __len__(self) -> int:
        return self.array.size

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Array:
        if self.place >= len(self):
            raise StopIteration
        self.place += 1
        return self[self.place - 1]

    def __getitem__(self, i: Any) -> Array:
        y = reshape_to(self.array, (len(self),))[i]
        return np.copy(y) if y.ndim else y

    def __setitem__(self, i: Any, value: Any) -> None:
        i = i._known("x.flat[i] = v") if isinstance(i, Duck) else i
        places = np.arange(len(self))[i]
        write_flat(self.array, np.ravel(places), array_like(value), "x.flat[i] = v")

    def copy(self) -> Array:
        """The flattened array, in memory of its own."""
        return self.array.flatten()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.array.flatten().__array__(dtype, copy)


def set_shape(x: Array, shape: Any) -> None:
    """x.shape = shape, where that needs no copy."""
    shape = lengths(shape, x.shape)
    y = reshaped_view(x, shape)
    if not hasattr(y, "parent"):
        raise AttributeError(
            "Incompatible shape for in-place modification. Use `.reshape()` to make a copy with "
            "the desired shape."
        )
    reshaped_in_place(x, y)


@implements(np.shares_memory, np.may_share_memory)
def shares_memory(a: Any, b: Any, /, max_work: Any = None) -> bool:
    return overlap(lift(a), lift(b))


def resize(x: Array, *shape: Any, refcheck: bool = True) -> None:
    """x.resize(shape): the same elements, then zeros, in an array that keeps its name."""
    shape = lengths_of(shape[0] if len(shape) == 1 else shape)
    if hasattr(x, "parent"):
        raise ValueError("cannot resize this array: it does not own its data")
    if refcheck and shown(x):
        raise ValueError("cannot resize an array that is referenced by another array in this way")
    write(x, Change("x.resize()", (), lambda u: None, lambda c: c))  # whether it may be changed
    flat, n = reshape_to(x, (x.size,)), prod(shape)
    flat = flat[:n] if n <= x.size else np.concatenate((flat, np.zeros(n - x.size, x.dtype)))
    y = np.copy(reshape_to(flat, shape))
    x.scope, x.index, x.raw = y.scope, y.index, y.raw


def lengths_of(shape: Any) -> tuple[int, ...]:
    return tuple(map(index, shape)) if np.ndim(shape) else (index(shape),)


FUNCTIONS.update({"flat": Flat, "shape": set_shape, "resize": resize})
