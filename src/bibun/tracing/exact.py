"""Keys of values: what tells a value from others that equal it, since code may tell them apart."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields
from numbers import Number
from types import FunctionType
from typing import Any

import numpy as np

ITSELF = {int, bool, str, bytes, type(None), FunctionType}
"""Types of which equal values are the same."""


def exact(x: Any) -> Hashable:
    """A key that differs at any depth: 0.0 from -0.0, 1 from True, sets of another order.

    What cannot be hashed, and is no container of Python's or array, is the same as itself alone.
    """
    kind = type(x)
    if kind in ITSELF:
        return kind, x
    if kind is float or kind is complex:
        return kind, repr(x)  # in which nan is nan
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind != "O":
        return kind, x.dtype, x.shape, x.tobytes()
    if kind in (tuple, list, set, frozenset):
        return kind, *map(exact, x)
    if kind is dict:
        return kind, *((exact(k), exact(v)) for k, v in x.items())
    return kind, _Same(x), _parts(x)


def _parts(x: Any) -> Hashable:
    """The same of what a value consists of, as far as it compares its parts."""
    if isinstance(x, tuple):
        return tuple(map(exact, x))
    params: Any = getattr(type(x), "__dataclass_params__", None)
    if params is not None and params.eq and _hashed(x):  # others may hold themselves
        return tuple(exact(getattr(x, f.name)) for f in fields(x) if f.compare)
    return repr(x) if isinstance(x, Number) else None  # Decimal("0") and Decimal("-0")


def _hashed(x: Any) -> bool:
    try:
        hash(x)
    except TypeError:
        return False
    return True


class _Same:
    """A key for something as it is compared, and for what cannot be hashed itself alone."""

    __slots__ = ("x",)

    def __init__(self, x: Any):
        self.x = x

    def __eq__(self, other: Any) -> bool:
        if type(other) is not _Same:
            return False
        return self.x is other.x or (hash(self) == hash(other) and bool(self.x == other.x))

    def __hash__(self) -> int:
        return hash(self.x) if _hashed(self.x) else id(self.x)
