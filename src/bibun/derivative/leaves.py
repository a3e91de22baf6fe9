"""Leaves: what the numbers and arrays that loops of Python's carry are, in all their rounds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..array import Array, Duck
from ..graph import Type, type_of
from ..tracing.functional import form_of
from ..variable import Variable


class Leaf(NamedTuple):
    """What a number or an array that is carried is: the same after each round."""

    of: Type
    form: type | None

    def __str__(self) -> str:
        return f"{self.of}" if self.form is None else f"{self.of} ({self.form.__name__})"


WHOLE = Leaf(Type(np.dtype(np.int64), ()), int)


def kind_of(x: Any) -> Leaf | None:
    """What is carried as a number or an array; None for what has to stay as it is."""
    if isinstance(x, Variable) or type(x) in (int, bool):
        return None
    if isinstance(x, Duck):
        a = x._read()
        return Leaf(type_of(a), form_of(a))
    if type(x) in (float, complex):
        return Leaf(Type(np.dtype(type(x)), ()), type(x))
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biufc":
        form = np.ndarray if type(x) is np.ndarray and not x.shape else None
        return Leaf(Type(x.dtype.newbyteorder("="), x.shape), form)
    return None


def as_kind(y: Array, kind: Leaf) -> Array:
    return Array(y.scope, y.index, y.raw, kind.form)
