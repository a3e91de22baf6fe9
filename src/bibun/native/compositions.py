"""Operations said in others that native code knows: joins, accumulations, norms, and their kin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ..array import Array, bind, enter, lift
from ..graph import Type, type_of
from ..loops.statements import FLOATS, KINDS
from ..ops.control.branches import Branches
from ..ops.control.scan import Scan
from ..ops.cumulative import CumProd, CumSum, Recurrence, Shift
from ..ops.decomposition import Skewed
from ..ops.extremum import Max, Min
from ..ops.gather import Slice
from ..ops.gauge import Scattered, Seldom
from ..ops.joining import Concatenate, Stack
from ..ops.matmul import MatMul
from ..ops.norms import Norm
from ..ops.padding import Triangle
from ..ops.reduction import widened
from ..ops.rounding import Round
from ..ops.shaping import Roll
from ..ops.statistics import RootMeanSquare
from ..ops.transcendental import Sinc
from ..recording import Trace
from ..walk import build
from ..zeros import Select
from .indices import fixed
from .pieces import Unit, together
from .turned import upright


def multiplied(op: MatMul, args: Sequence[Array], trace: Trace) -> Array | None:
    """A product with the identity matrix is the other matrix; others have upright factors."""
    for k, a in enumerate(args):
        known = fixed(a, trace) if a.ndim == 2 and a.shape[0] == a.shape[1] else None
        if known is not None and np.array_equal(known, np.eye(len(known))):
            return args[1 - k]
    return upright(op, args, trace)


def stacked(op: Stack, args: Sequence[Array], trace: Trace) -> Array | None:
    places = [Slice((k, *(None,) * (-op.axis - 1))) for k in range(len(args))]
    return together(op.type(*map(type_of, args)), places, [(a,) for a in args], False, trace)


def concatenated(op: Concatenate, args: Sequence[Array], trace: Trace) -> Array | None:
    ends = accumulate(a.shape[op.axis] for a in args)
    places = [
        Slice(((end - a.shape[op.axis], end, 1), *(None,) * (-op.axis - 1)))
        for a, end in zip(args, ends, strict=True)
    ]
    return together(op.type(*map(type_of, args)), places, [(a,) for a in args], False, trace)


# ------------------------------------------------------------ moving along an axis


def rolled(op: Roll, args: Sequence[Array], trace: Trace) -> Array | None:
    """What leaves at one end comes in at the other: two pieces for each axis."""
    (x,) = args
    for shift, axis in zip(op.shifts, op.axes, strict=True):
        n = x.shape[axis]
        cut = n - shift % max(n, 1)
        parts = [bind(part(axis, *span), x) for span in ((cut, n), (0, cut))]
        joined = concatenated(Concatenate(axis), parts, trace)
        if joined is None:
            return None
        x = joined
    return x


def part(axis: int, start: int, stop: int) -> Slice:
    """The read of a range along one axis."""
    return Slice(((start, stop, 1), *(None,) * (-axis - 1)))


def shifted(op: Shift, args: Sequence[Array], trace: Trace) -> Any:
    """A piece of zeros and a piece of x."""
    (x,) = args
    n, by = x.shape[op.axis], op.by
    if abs(by) >= n:
        return np.broadcast_to(x.dtype.type(0), x.shape)
    of, to = ((0, n - by), (by, n)) if by > 0 else ((-by, n), (0, n + by))
    return together(type_of(x), [part(op.axis, *to)], [(bind(part(op.axis, *of), x),)], True, trace)


def triangle(op: Triangle, args: Sequence[Array], trace: Trace) -> Array:
    """A mask decides."""
    (x,) = args
    mask = (np.tril if op.lower else np.triu)(np.ones(x.shape[-2:], bool), op.k)
    return bind(Select(), np.broadcast_to(mask, x.shape), x)


# ------------------------------------------------------------ accumulations


def accumulated(
    step: Callable[..., list[Any]], start: Any, rows: Sequence[Array], op: Any
) -> Array:
    """The rows of a loop along an axis, where (state, row) = step(state, *rows)."""
    first = [np.moveaxis(x, op.axis, 0) for x in rows]
    n, state = len(first[0]), Type(first[0].dtype, first[0].shape[1:])
    graph = build([state] * (1 + len(rows)), step)
    start = np.broadcast_to(
        np.asarray(start, state.dtype) if np.isscalar(start) else start, state.shape
    )
    y = bind(Scan(graph, 1, len(rows), n, op.reverse), start, *first)[1]
    return np.moveaxis(y, 0, op.axis)


def cumulative_sum(op: CumSum, args: Sequence[Array], trace: Trace) -> Array | None:
    (x,) = args
    if x.dtype not in KINDS or not x.size:
        return None
    start = x.dtype.type(-0.0 if x.dtype.kind == "f" else 0)  # to which -0.0 may be added
    return accumulated(lambda s, x: [s + x] * 2, start, [x], op)


def cumulative_product(op: CumProd, args: Sequence[Array], trace: Trace) -> Array | None:
    """Without the last one, if that counts only what is before."""
    (x,) = args
    if x.dtype not in KINDS or not x.size:
        return None
    one = x.dtype.type(1)
    if op.exclusive:
        return accumulated(lambda s, x: [s * x, s], one, [x], op)
    return accumulated(lambda s, x: [s * x] * 2, one, [x], op)


def recurrence(op: Recurrence, args: Sequence[Array], trace: Trace) -> Array | None:
    """The first one is b, whatever a is."""
    a, b = args
    n = a.shape[op.axis]
    if n == 1:
        return b
    if a.dtype not in KINDS or not a.size:
        return None
    edge, rest = ((n - 1, n), (0, n - 1)) if op.reverse else ((0, 1), (1, n))
    first = bind(part(op.axis, *edge), b)
    rows = [bind(part(op.axis, *rest), x) for x in (a, b)]
    y = accumulated(lambda s, a, b: [a * s + b] * 2, np.squeeze(first, op.axis), rows, op)
    parts = [first, y]
    return concatenated(Concatenate(op.axis), parts[::-1] if op.reverse else parts, trace)


# ------------------------------------------------------------ norms


def norm(op: Norm, args: Sequence[Array], trace: Trace) -> Array | None:
    """With powers of numbers near 1: multiplied by a power of two, none loses a digit."""
    (x,) = args
    if KINDS.get(x.dtype) not in FLOATS or not x.size:
        return None
    p, size = op.order, np.abs(x)
    unit = bind(Unit(), bind((Max if p > 0 else Min)(op.axes), size))
    near = size * widened(unit, x.shape, op.axes)
    if p == 2:
        return np.sqrt(np.sum(near * near, axis=op.axes)) / unit
    return np.sum(near**p, axis=op.axes) ** x.dtype.type(1 / p) / unit


def root_mean_square(op: RootMeanSquare, args: Sequence[Array], trace: Trace) -> Array | None:
    x, n = args
    return np.sqrt(np.sum(np.square(x), axis=op.axes) / n)


def skewed(op: Skewed, args: Sequence[Array], trace: Trace) -> Array | None:
    """The largest difference beside the largest number."""
    (a,) = args
    if KINDS.get(a.dtype) not in FLOATS or not a.size:
        return None
    off = np.max(np.abs(a - np.swapaxes(a, -1, -2)), axis=(-2, -1))
    least = a.dtype.type(np.sqrt(np.finfo(a.dtype).eps))
    return off > least * np.max(np.abs(a), axis=(-2, -1))


# ------------------------------------------------------------ what equal eigenvalues need


def seldom(op: Seldom, args: Sequence[Array], trace: Trace) -> tuple[Array, ...] | None:
    """A branch, whose results are taken where the condition holds."""
    condition, *given = args
    types = op.graph.output_types
    if tuple(map(type_of, given)) != tuple(op.graph.input_types):
        return None
    none = build(op.graph.input_types, lambda *_: [np.zeros(t.shape, t.dtype) for t in types])
    found = bind(Branches((none, op.graph)), np.any(condition), *given)
    several = found if len(types) > 1 else (found,)
    return tuple(bind(Select(), _leading(condition, y.shape), y) for y in several)


def _leading(condition: Array, shape: tuple[int, ...]) -> Any:
    """A condition on the leading axes, for all elements."""
    lead = condition.shape
    return np.broadcast_to(np.reshape(condition, (*lead, *(1,) * (len(shape) - len(lead)))), shape)


def pattern(op: Scattered, args: Sequence[Array], trace: Trace) -> Any:
    """Numbers that do not depend on x."""
    (x,) = args
    if not x.size:
        return None
    return Array(trace, enter(trace, lift(op.value(np.zeros(x.shape, x.dtype)))), type_of(x))


# ------------------------------------------------------------ single elements


def rounded(op: Round, args: Sequence[Array], trace: Trace) -> Array | None:
    (x,) = args
    if x.dtype.kind in "iu":  # of these NumPy rounds the digits before the point in float64
        scale = np.float64(10.0**-op.decimals)
        return x if op.decimals >= 0 else (np.rint(x / scale) * scale).astype(x.dtype)
    if x.dtype.kind != "f":
        return None
    scale = x.dtype.type(10.0 ** abs(op.decimals))
    if op.decimals < 0:
        return np.rint(x / scale) * scale
    return np.rint(x * scale) / scale if op.decimals else np.rint(x)


def sinc(op: Sinc, args: Sequence[Array], trace: Trace) -> Array | None:
    """In NumPy's words, which the operation itself is written in."""
    return op.value(*args) if args[0].dtype.kind == "f" else None


CHANGES: dict[type, Callable[[Any, Sequence[Array], Trace], Any]] = {
    MatMul: multiplied, Stack: stacked, Concatenate: concatenated, Roll: rolled, Shift: shifted,
    Triangle: triangle, CumSum: cumulative_sum, CumProd: cumulative_product,
    Recurrence: recurrence, Norm: norm, RootMeanSquare: root_mean_square, Round: rounded,
    Sinc: sinc, Skewed: skewed, Seldom: seldom, Scattered: pattern,
}  # fmt: skip
