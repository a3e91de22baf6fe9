"""Sums of exponentials along axes, as exponentials, maxima and sums that nests can share.

What is NumPy's own in ops/softmax.py is said here in operations that native code knows. Softmax and
log-sum-exp of one array have their exponentials in common, so that each is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, bind
from ..loops.code import FLOATS
from ..ops.extremum import Max
from ..ops.reduction import widened
from ..ops.softmax import LogSoftmax, LogSumExp, Softmax
from ..recording import Trace


class Terms(NamedTuple):
    """The terms of a sum of exp(x - m), where m is the maximum, or 0 if that is infinite."""

    largest: Any  # the maximum
    top: Any  # where x is that
    e: Any  # the terms
    others: Any  # their sum without those at the top
    count: Any  # of those at the top, each of which is 1 unless the maximum is infinite


def terms(x: Array, axes: tuple[int, ...]) -> Terms:
    """All parts of a sum of exponentials."""
    largest = bind(Max(axes), x)
    top = x == widened(largest, x.shape, axes)
    e = np.exp(x - widened(np.where(np.isinf(largest), 0, largest), x.shape, axes))
    others = np.sum(np.where(top, 0, e), axis=axes)
    count = np.sum(np.where(top, x.dtype.type(1), x.dtype.type(0)), axis=axes)
    return Terms(largest, top, e, others, count)


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
    """Each term by the sum of all."""
    (x,) = args
    if not known(x):
        return None
    t = terms(x, op.axes)
    if not op.limits:  # an infinite maximum gives nan, as inf - inf
        total = widened(t.others + t.count + 0 * t.largest, x.shape, op.axes)
        return t.e / total
    endless = t.largest == np.inf  # then those at the top share 1; -inf alone has terms of 0
    total = np.where(endless, t.count, t.others + t.count)
    share = np.where(t.top, x.dtype.type(1), x.dtype.type(0))
    e = np.where(widened(endless, x.shape, op.axes), share, t.e)
    return e / widened(total, x.shape, op.axes)


def known(x: Array) -> bool:
    """Whether native code knows such numbers, and there are any."""
    return x.dtype in FLOATS.values() and x.size > 0


CHANGES: dict[type, Callable[[Any, Sequence[Array], Trace], Any]] = {
    LogSumExp: log_sum_exp,
    LogSoftmax: log_softmax,
    Softmax: softmax,
}
