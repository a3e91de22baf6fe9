"""Reading and writing at indices: they are made safe, and then they are places like any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..array import Array, bind
from ..graph import Constant, Type, type_of
from ..loops.statements import KINDS
from ..ops.gather import Gather, Read, Scatter
from ..ops.putting import AddAt, Put
from ..ops.structure import Expand, Reshape, Transpose
from ..recording import Trace
from .cover import apart, covers
from .hot import one_hot
from .pieces import EVERYTHING, Picked, Piece, Whole, Within, memory, together


def gathered(op: Gather, args: Sequence[Array], trace: Trace) -> Array | None:
    indices = inside(op, args[0].shape, args[1:], trace)
    return None if indices is None else bind(Picked(op), args[0], *indices)


def inside(
    read: Read, shape: tuple[int, ...], indices: Sequence[Array], trace: Trace
) -> list[Array] | None:
    """The indices of a read, made safe; None if some are known to be wrong."""
    found = []
    for axis, i in zip(getattr(read, "axes", ()), indices, strict=True):
        n, known = shape[axis], fixed(i, trace)
        if known is None:
            safe = bind(Within(n), i)
        elif np.any((known < -n) | (known >= n)):
            return None
        elif np.all(known >= 0):
            safe = i
        else:
            positive = np.where(known < 0, known + n, known)
            constant = Constant(positive.dtype, positive.tobytes(), positive.shape)
            safe = Array(trace, trace.constant(constant), Type(positive.dtype, positive.shape))
        if n == 0 and safe.shape:
            return None  # of an axis without places there is no safe index
        found.append(safe)
    return found


def fixed(a: Array, trace: Trace) -> np.ndarray | None:
    """The numbers in an array if they are the same at each call: a constant, or views of one."""
    views: list[Any] = []
    op, *below = trace.entries[a.index]
    while isinstance(op, Expand | Reshape | Transpose):
        views.append(op)
        op, *below = trace.entries[below[0]]
    if not isinstance(op, Constant):
        return None
    value = op.value()
    for view in reversed(views):
        value = view.value(value)
    return value


def scattered(op: Scatter, args: Sequence[Array], trace: Trace) -> Array | None:
    if not args:
        return None
    safe = []
    for read, (*indices, g) in zip(op.reads, op.groups(args), strict=True):
        found = inside(read, op.shape, indices, trace)
        if found is None:
            return None
        safe.append((*found, g))
    if len(safe) == 1 and isinstance(op.reads[0], Gather):
        dense = one_hot(op.reads[0], op.shape, safe[0], [fixed(i, trace) for i in safe[0][:-1]])
        if dense is not None:
            return dense
    of, alone = Type(args[-1].dtype, op.shape), apart(op.reads, op.shape)
    whole = alone and covers(op.reads, of)
    return together(of, op.reads, safe, not alone, trace, zero=not whole)


def written(op: Put | AddAt, args: Sequence[Array], trace: Trace, alone: bool) -> Array | None:
    """An array with a part written; in its own memory, if that is new and nobody else reads it."""
    x, *indices, v = args
    safe = inside(op.read, x.shape, indices, trace)
    if safe is None or x.dtype not in KINDS:
        return None
    entry = trace.entries[x.index]
    if alone and isinstance(entry[0], Whole):
        start = x
    else:
        start = bind(Piece(EVERYTHING, False), memory(type_of(x), False, trace), x)
    return bind(Whole(), bind(Piece(op.read, isinstance(op, AddAt)), start, *safe, v))
