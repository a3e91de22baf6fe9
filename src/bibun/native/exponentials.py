"""Sums of exponentials along axes, as exponentials, maxima and sums that nests can share.

What is NumPy's own in ops/softmax.py is said here in operations that native code knows. Softmax and
log-sum-exp of one array have their exponentials in common, so that each is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, bind
from ..loops.statements import FLOATS
from ..ops.extremum import Max
from ..ops.reduction import widened
from ..ops.softmax import LogMix, LogSoftmax, LogSumExp, Softmax
from ..recording import Trace


class Terms(NamedTuple):
    """The terms exp(x - m) of a sum, where m is the maximum, and 0 if that is -inf.

    If it is inf, the terms are 1 for each inf and 0 for all others: the limit of their shares.
    """

    largest: Any  # the maximum
    e: Any  # the terms
    others: Any  # their sum without those at the maximum
    count: Any  # of those at the maximum


def terms(x: Array, axes: tuple[int, ...]) -> Terms:
    """All parts of a sum of exponentials."""
    largest = bind(Max(axes), x)
    top = x == widened(largest, x.shape, axes)
    one = np.where(top, x.dtype.type(1), x.dtype.type(0))
    nothing = largest == -np.inf
    m = widened(np.where(nothing, 0, largest), x.shape, axes)
    at_top = widened(np.where(nothing, x.dtype.type(0), x.dtype.type(1)), x.shape, axes)
    below = np.where(top, 0, np.exp(x - m))  # inf - inf is never taken
    e = np.where(top, at_top, below)
    return Terms(largest, e, np.sum(below, axis=axes), np.sum(one, axis=axes))


def log_sum_exp(op: LogSumExp, args: Sequence[Array], trace: Trace) -> Any:
    """m + log1p of the sum of all terms but one of the largest, which is 1."""
    (x,) = args
    if not known(x):
        return None
    t = terms(x, op.axes)
    y = t.largest + np.log1p(t.others + (t.count - 1))
    return np.where(np.isinf(t.largest), t.largest, y)


def log_softmax(op: LogSoftmax, args: Sequence[Array], trace: Trace) -> Any:
    """x - m - log1p(...)."""
    (x,) = args
    if not known(x):
        return None
    t = terms(x, op.axes)
    rest = np.log1p(t.others + (t.count - 1))
    return x - widened(t.largest, x.shape, op.axes) - widened(rest, x.shape, op.axes)


def softmax(op: Softmax, args: Sequence[Array], trace: Trace) -> Any:
    """Each term by the sum of all, with one division for all: it takes as long as many products."""
    (x,) = args
    if not known(x):
        return None
    t = terms(x, op.axes)
    total = t.others + t.count
    if not op.limits:  # an infinite maximum gives nan, as inf - inf
        total = total + 0 * t.largest
    return t.e * widened(1 / total, x.shape, op.axes)


def log_mix(op: LogMix, args: Sequence[Array], trace: Trace) -> Any:
    """In the words of the operation: what has no weight does not count, the largest stand apart."""
    a, b = args
    if not known(a):
        return None
    axes, zero, least = op.axes, a.dtype.type(0), a.dtype.type(-np.inf)
    if op.positive:
        b = np.where(b < 0, a.dtype.type(np.nan), b)
    a = np.where(b == 0, least, a)
    largest = bind(Max(axes), a)
    top = a == widened(largest, a.shape, axes)
    m = widened(np.where(np.isinf(largest), zero, largest), a.shape, axes)
    rest = np.sum(b * np.where(top, zero, np.exp(a - m)), axis=axes)
    first = np.sum(np.where(top, b, zero), axis=axes)
    nothing = largest == -np.inf
    apart = np.log(np.abs(first)) + np.log1p(rest / first)
    near = np.abs(rest) < a.dtype.type(0.5) * np.abs(first)
    y = np.where(near, apart, np.log(np.abs(first + rest))) + largest
    y = np.where(nothing, least, y)
    sign = np.where(nothing, zero, np.sign(first + rest))
    return (y, sign) if op.signed else np.where(sign < 0, a.dtype.type(np.nan), y)


def known(x: Array) -> bool:
    """Whether native code knows such numbers, and there are any."""
    return x.dtype in FLOATS.values() and x.size > 0


CHANGES: dict[type, Callable[[Any, Sequence[Array], Trace], Any]] = {
    LogSumExp: log_sum_exp,
    LogSoftmax: log_softmax,
    Softmax: softmax,
    LogMix: log_mix,
}
