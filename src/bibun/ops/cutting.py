"""NumPy's functions that cut arrays apart: split and its kin, unstack, iteration."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array import Array, bind, enter, implements, innermost, lift
from ..graph import Item, Type
from ..memory import share, view
from ..recording import Trace
from .gather import part
from .joining import Split, Unstack


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    x = lift(ary)
    n = x.shape[axis]
    axis = axis if axis < 0 else axis - x.ndim
    pieces = [range(n)[p] for p in _pieces(indices_or_sections, n)]
    ends = list(accumulate(map(len, pieces)))
    if ends[-1] == n and all(p == range(e - len(p), e) for p, e in zip(pieces, ends, strict=True)):
        op = Split(axis, tuple(map(len, pieces)))
        return [share(y, x, p) for y, p in zip(bind(op, x), op.places, strict=True)]
    return [view(part(axis, (p.start, p.stop, 1) if len(p) else (0, 0, 1)), x) for p in pieces]


def _pieces(sections: Any, n: int) -> list[slice]:
    """The parts as NumPy counts them."""
    if np.ndim(sections):
        ends = [0, *map(index, sections), n]
        return list(map(slice, ends[:-1], ends[1:]))
    count = int(sections)
    if count <= 0:
        raise ValueError("number sections must be larger than 0.")
    each, extra = divmod(n, count)
    ends = [0, *accumulate([each + 1] * extra + [each] * (count - extra))]
    return list(map(slice, ends[:-1], ends[1:]))


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    if not np.ndim(indices_or_sections) and lift(ary).shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return array_split(ary, indices_or_sections, axis)


def _split_along(name: str, least: int, axis: int) -> Any:
    """np.hsplit, np.vsplit, np.dsplit."""

    def cut(ary: Any, indices_or_sections: Any) -> list[Array]:
        x = lift(ary)
        if x.ndim < least:
            raise ValueError(f"{name} only works on arrays of {least} or more dimensions")
        return split(x, indices_or_sections, min(axis, x.ndim - 1))

    return cut


hsplit = implements(np.hsplit)(_split_along("hsplit", 1, 1))
vsplit = implements(np.vsplit)(_split_along("vsplit", 2, 0))
dsplit = implements(np.dsplit)(_split_along("dsplit", 3, 2))


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Array, ...]:
    x = lift(x)
    if x.ndim == 0:
        raise ValueError("Input array must be at least 1-d.")
    axis = normalize_axis_index(axis, x.ndim) - x.ndim
    if not x.shape[axis]:
        return ()
    op = _unstack(axis, x.shape[axis])
    return tuple(share(y, x, p) for y, p in zip(bind(op, x), op.places, strict=True))


if hasattr(np, "unstack"):
    implements(np.unstack)(unstack)


@implements(iter)
def rows(x: Any) -> Iterator[Array]:
    """`for row in x` and `a, b = x`: all rows are read by one operation."""
    x = lift(x)
    if x.ndim == 0:
        raise TypeError("iteration over a 0-d array")
    trace = innermost((x,))
    if trace is None:
        return map(x.__getitem__, range(x.shape[0]))
    return iter(_recorded(trace, x) if x.shape[0] else ())


def _recorded(trace: Trace, x: Array) -> list[Array]:
    """The rows of x as recorded arrays."""
    op = _unstack(-x.ndim, x.shape[0])
    values = op.type(x.raw) if type(x.raw) is Type else tuple(x.raw)
    i = trace.add((op, enter(trace, x)), values)
    found = [Array(trace, trace.add((_item(k), i), v), v) for k, v in enumerate(values)]
    return [share(y, x) for y in found] if x.ndim > 1 else found


_item, _unstack = lru_cache(maxsize=1 << 12)(Item), lru_cache(Unstack)
