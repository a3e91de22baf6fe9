"""Between and along given points: interp, gradient, unwrap, ediff1d, trim_zeros."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..array import Array, bind, implements
from ..errors import UnsupportedError
from .reduction import NO, as_numpy, operand
from .sorting import SearchSorted
from .structure import cast, reshape_to
from .taking import known

FLOAT = np.dtype(np.float64)

# ------------------------------------------------------------ interpolation


@implements(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Array:
    """The broken line through the points (xp, fp), and `left`, `right` beyond them.

    At a knot the derivative is the mean of those on both sides; beyond the ends the default is
    constant, so that at xp[0] and xp[-1] it is half the slope of the line. Where the function
    jumps (equal xp, or a `left` that was given) it is the one on the right of the jump, or at
    xp[-1] on the left, which is where the value belongs to.
    """
    x, xp, fp = operand(x), operand(xp), operand(fp)
    if fp.dtype.kind == "c":
        raise UnsupportedError("np.interp of traced complex numbers: interpolate both parts")
    if period is not None:
        left = right = None

    def numpy(x: Any, xp: Any, fp: Any, *rest: Any) -> Any:
        return np.interp(x, xp, fp, *(None if r is NO else r for r in rest))

    def expression(x: Any, xp: Any, fp: Any, left: Any, right: Any, period: Any) -> Any:
        x, xp, fp = (cast(v, FLOAT) for v in (x, xp, fp))
        if xp.ndim != 1 or fp.ndim != 1 or xp.shape != fp.shape or not xp.shape[0]:
            np.interp(0.0, np.zeros(xp.shape), np.zeros(fp.shape))  # NumPy's own error
        if period is not NO:
            x, xp, fp = _periodic(x, xp, fp, np.abs(cast(period, FLOAT)))
        return _broken_line(x, xp, fp, left, right)

    rest = (NO if v is None else v for v in (left, right, period))
    return as_numpy(numpy, expression, x, xp, fp, *rest)


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """One period, with one more point at each end."""
    xp = xp % period
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    xp = np.concatenate((xp[-1:] - period, xp, xp[:1] + period))
    return x % period, xp, np.concatenate((fp[-1:], fp, fp[:1]))


def _broken_line(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    """The mean of the pieces to the left and to the right of x, which differ only at a knot."""
    n = xp.shape[0]
    after = bind(SearchSorted("right"), xp, x)  # the number of knots that are not beyond x
    before = bind(SearchSorted("left"), xp, x)
    # Several knots between both sides: the function jumps, and its value is that on the right.
    before = np.where(after - before > 1, after, before)
    if left is not NO:
        before = np.where((before == 0) & (after > 0), after, before)
    if right is not NO:
        after = np.where((after == n) & (x == xp[-1]), before, after)
    left = fp[0] if left is NO else cast(left, FLOAT)
    right = fp[-1] if right is NO else cast(right, FLOAT)

    if n == 1:
        return np.where(x < xp[0], left, np.where(x > xp[0], right, fp[0]))[()]

    def piece(k: Any) -> Any:
        j = np.clip(k - 1, 0, n - 2)
        x0, x1, y0, y1 = xp[j], xp[j + 1], fp[j], fp[j + 1]
        line = (y1 - y0) / (x1 - x0) * (x - x0) + y0
        return np.where(k == 0, left, np.where(k == n, right, line))

    y = piece(after) / 2 + piece(before) / 2
    # x nan and not x, so that the derivative is nan as well.
    return np.where(np.isnan(x), x * np.nan, y)[()]


# ------------------------------------------------------------ differences


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = operand(f)
    axes = range(f.ndim) if axis is None else normalize_axis_tuple(axis, f.ndim)
    if f.dtype.kind in "iu":
        f = cast(f, FLOAT)
    # Python's numbers have the precision of f.
    kind = f.dtype if f.dtype.kind == "f" else FLOAT
    steps = [operand(kind.type(v) if type(v) in (int, float) else v) for v in varargs]
    if not steps:
        steps = [operand(kind.type(1))] * len(axes)
    elif len(steps) == 1 and steps[0].ndim == 0:
        steps = steps * len(axes)
    elif len(steps) != len(axes):
        raise TypeError("invalid number of arguments")
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    found = [_along(f, h, k, edge_order) for k, h in zip(axes, steps, strict=True)]
    return found[0] if len(axes) == 1 else tuple(found)


def _along(f: Array, h: Array, axis: int, order: int) -> Array:
    """The slope along one axis: central differences inside, one-sided ones at the ends."""
    if h.ndim > 1:
        raise ValueError("distances must be either scalars or 1d")
    if h.ndim and h.shape[0] != f.shape[axis]:
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    if f.shape[axis] < order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, "
            "at least (edge_order + 1) elements are required."
        )

    def numpy(f: Any, h: Any) -> Any:
        return np.gradient(f, h, axis=axis, edge_order=order)

    def expression(f: Any, h: Any) -> Any:
        x = np.moveaxis(f, axis, -1)
        y = _uniform(x, h, order) if h.ndim == 0 else _uneven(x, h, order)
        return cast(np.moveaxis(y, -1, axis), f.dtype)

    return as_numpy(numpy, expression, f, h)


def _uniform(f: Any, h: Any, order: int) -> Any:
    """Slopes along the last axis, for equal distances h."""
    inside = (f[..., 2:] - f[..., :-2]) / (2 * h)
    if order == 1:
        first, last = f[..., 1:2] - f[..., :1], f[..., -1:] - f[..., -2:-1]
    else:
        first = -1.5 * f[..., :1] + 2 * f[..., 1:2] - 0.5 * f[..., 2:3]
        last = 0.5 * f[..., -3:-2] - 2 * f[..., -2:-1] + 1.5 * f[..., -1:]
    return np.concatenate((first / h, inside, last / h), axis=-1)


def _uneven(f: Any, x: Any, order: int) -> Any:
    """Slopes along the last axis at the places x, from the slopes between neighbours.

    Inside, the slope of the parabola through three points: the mean of both slopes, each with the
    other's distance as its weight; at the ends for order 2, the slope of the same parabola there.
    """
    h = np.diff(cast(x, FLOAT) if x.dtype.kind in "biu" else x)
    s = np.diff(f, axis=-1) / h
    a, b, p, q = h[:-1], h[1:], s[..., :-1], s[..., 1:]
    inside = (b * p + a * q) / (a + b)
    if order == 1:
        ends = s[..., :1], s[..., -1:]
    else:
        bend = (q - p) / (a + b)
        ends = (s[..., :1] - a[:1] * bend[..., :1], s[..., -1:] + b[-1:] * bend[..., -1:])
    return np.concatenate((ends[0], inside, ends[1]), axis=-1)


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Array:
    x = operand(ary)
    x = reshape_to(x, (x.size,))
    parts = [x[1:] - x[:-1]]
    for name, given, k in (("to_begin", to_begin, 0), ("to_end", to_end, 2)):
        if given is None:
            continue
        if not np.can_cast(operand(given).dtype, x.dtype, casting="same_kind"):
            raise TypeError(
                f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule."
            )
        end = cast(operand(given), x.dtype)
        parts.insert(k, reshape_to(end, (end.size,)))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * pi) -> Array:
    """p without jumps: multiples of the period, which are piecewise constant, are added."""
    p = operand(p)
    axis = normalize_axis_index(axis, p.ndim) - p.ndim

    def numpy(p: Any, discont: Any, period: Any) -> Any:
        return np.unwrap(p, None if discont is NO else discont, axis, period=period)

    def expression(p: Any, discont: Any, period: Any) -> Any:
        steps = np.diff(p, axis=axis)
        whole = period.dtype.kind in "iu" and steps.dtype.kind in "iu"
        high = period // 2 if whole else period / 2
        even = period % 2 == 0 if whole else True
        low = -high
        turned = (steps - low) % period + low
        turned = np.where((turned == low) & (steps > 0) & even, high, turned)
        jump = np.abs(steps) >= (period / 2 if discont is NO else discont)
        moved = np.where(jump, turned - steps, np.zeros((), turned.dtype))
        first = p[(..., slice(0, 1), *(slice(None),) * (-1 - axis))]
        rest = p[(..., slice(1, None), *(slice(None),) * (-1 - axis))]
        dtype = np.result_type(steps.dtype, period.dtype)
        rest = cast(rest + np.cumsum(moved, axis=axis), dtype)
        return np.concatenate((cast(first, dtype), rest), axis=axis)

    weak = type(period) in (int, float)  # then p decides the dtype
    span = np.result_type(p.dtype, period).type(period) if weak else period
    return as_numpy(numpy, expression, p, NO if discont is None else discont, span)


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Array:
    x = operand(filt)
    values = np.asarray(known(x, "np.trim_zeros"))
    if x.ndim == 0:
        return np.trim_zeros(values, trim, axis)
    kept = _span(np.trim_zeros, values, trim, axis)
    return x[kept]


def _span(function: Any, values: np.ndarray, trim: str, axis: Any) -> tuple[slice, ...]:
    """The slices that NumPy's function takes: those of the places of the elements themselves."""
    marks = np.argwhere(values != 0)
    function(np.zeros((0,) * values.ndim), trim, axis)  # NumPy's own errors
    axes: Sequence[int] = (
        range(values.ndim) if axis is None else normalize_axis_tuple(axis, values.ndim)
    )
    if not len(marks):
        return tuple(slice(0, 0) if k in axes else slice(None) for k in range(values.ndim))
    low, high = marks.min(axis=0), marks.max(axis=0) + 1
    front, back = "f" in trim.lower(), "b" in trim.lower()
    return tuple(
        slice(int(low[k]) if front else None, int(high[k]) if back else None)
        if k in axes
        else slice(None)
        for k in range(values.ndim)
    )
