"""Means, variances and covariances: made of sums, in NumPy's own order of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, bind, implements
from ..errors import DtypeError, ShapeError
from ..graph import Example, Linear, Op, Type, operation
from ..recording import is_abstract
from ..zeros import move, scale
from .norms import Norm
from .reduction import (
    NO,
    Count,
    Sum,
    as_numpy,
    axes_within,
    dropped,
    keep,
    masked,
    once,
    operand,
    over,
    refuse,
    widened,
)
from .structure import cast, expand_to


@operation
class RootMeanSquare(Op):
    """y = sqrt(sum of x^2 along `axes` / n); dy/dx = x / (n y), and 0 where all x are zero.

    The derivative is that of the norm by sqrt(n), whose squares neither overflow nor underflow.
    """

    kind = "reduce"
    axes: tuple[int, ...]

    def type(self, x, n):
        y = Type(x.dtype, dropped(x.shape, self.axes))
        if n != y or x.dtype.kind != "f":
            raise ShapeError(f"root mean square: real {x} needs a divisor like {y}, not {n}")
        return y

    def value(self, x, n):
        return np.sqrt(np.add.reduce(np.square(x), self.axes) / n)

    def kink(self, x, n):
        return ~np.any(x, self.axes)

    def d(self, y, x, n):
        length = bind(Norm(2.0, self.axes), x)
        slope = np.where(length == 0, np.inf, length * np.sqrt(n))
        direction, in_n = x / widened(slope, x.shape, self.axes), -0.5 * y / n
        return (
            Linear(
                push=lambda t: np.sum(scale(t, direction), axis=self.axes),
                pull=lambda g: scale(move(lambda h: widened(h, x.shape, self.axes), g), direction),
            ),
            Linear(lambda t: scale(t, in_n), lambda g: scale(g, in_n)),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), ((2, 3), (2,)), (0.5, 2.0))
        yield Example(cls((-3, -1)), ((2, 3, 2), (3,)), (0.5, 2.0))


# ------------------------------------------------------------ how many, and in which dtype


def size_along(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    """The number of elements along these axes."""
    return prod(shape[k] for k in axes)


def plainly(u: Any, n: Any) -> bool:
    """Whether NumPy divides by n in the dtype of u itself, to the bit.

    It casts half precision on the way, and divides by n in double precision: that is the same after
    rounding, unless n has too many digits.
    """
    return u.dtype.char in "fdg" and isinstance(n, int) and n * np.finfo(u.dtype).eps <= 1


def number(a: Array, where: Any, axes: tuple[int, ...], dtype: np.dtype) -> Any:
    """How many elements there are, or how many the mask leaves."""
    if where is NO:
        return size_along(a.shape, axes)
    return cast(bind(Count(axes), np.broadcast_to(where, a.shape)), dtype)


def precision(a: np.dtype, dtype: Any) -> tuple[np.dtype, np.dtype]:
    """The dtypes in which to compute, and of the result."""
    if dtype is not None:
        if np.dtype(dtype).kind not in "fc":
            raise DtypeError(
                f"a mean in whole numbers has no derivative: dtype={dtype} is no float"
            )
        return np.result_type(a, dtype), np.dtype(dtype)
    if a.kind in "biu":
        return np.dtype(np.float64), np.dtype(np.float64)
    return np.result_type(a, np.float32), a  # half precision in single precision


# ------------------------------------------------------------ means


@implements(np.mean)
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = NO,
    *,
    where: Any = NO,
) -> Array:
    refuse("mean", out=out)
    a = operand(a)
    u = a.raw
    op = over(Sum, axis, len(u.shape)) if u.shape else Sum(axes_within(axis, a))
    if dtype is None and where is NO:
        n = size_along(u.shape, op.axes)
        if plainly(u, n):
            y = once(op, a) / n
            return y if keepdims is NO else keep(y, u.shape, op.axes, keepdims)
    y = as_numpy(
        lambda a, where: np.mean(a, op.axes, dtype, where=where),
        lambda a, where: _mean(a, op.axes, dtype, where),
        a,
        where,
    )
    return keep(y, u.shape, op.axes, keepdims)


def _mean(a: Array, axes: tuple[int, ...], dtype: Any, where: Any) -> Any:
    """The mean in any dtype, over a part of the elements."""
    work, result = precision(a.dtype, dtype)
    x = cast(a, work)
    if where is not NO:
        x = masked(x, where, 0)
    return cast(bind(Sum(axes), x) / number(a, where, axes, work), result)


@implements(np.nanmean)
def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = NO,
    *,
    where: Any = NO,
) -> Array:
    refuse("nanmean", out=out)
    a = operand(a)
    if a.dtype.kind not in "fc":
        return mean(a, axis, dtype, out, keepdims, where=where)
    axes = axes_within(axis, a, nan=True)
    y = as_numpy(
        lambda a, where: np.nanmean(a, axes, dtype, where=where),
        lambda a, where: _mean(a, axes, dtype, _valid(a, where)),
        a,
        where,
    )
    return keep(y, a.shape, axes, keepdims)


def _valid(a: Array, where: Any) -> Any:
    """Where a is not nan, and the mask holds."""
    return ~np.isnan(a) if where is NO else ~np.isnan(a) & np.broadcast_to(where, a.shape)


@implements(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = NO
) -> Any:
    a = operand(a)
    axes = axes_within(axis, a)
    if weights is None:
        y = mean(a, axis, keepdims=keepdims)
        total = np.full(y.shape, a.size / y.size if y.size else 0, y.dtype)[()]
        return (y, total) if returned else y
    w = _weights(operand(weights), a, axis)
    kinds = (a.dtype, w.dtype, *((np.float64,) if a.dtype.kind in "iub" else ()))
    w, x = cast(w, np.result_type(*kinds)), cast(a, np.result_type(*kinds))
    total = np.sum(w, axis=axes, keepdims=keepdims)
    if not is_abstract(total.raw) and np.any(total.numpy() == 0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    y = np.sum(x * w, axis=axes, keepdims=keepdims) / total
    if not returned:
        return y
    return y, total if total.shape == y.shape else np.broadcast_to(total, y.shape)


def _weights(w: Array, a: Array, axis: Any) -> Array:
    """Weights with the shape of a: those given for some axes are repeated along the others."""
    if w.shape == a.shape:
        return w
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    order = np.lib.array_utils.normalize_axis_tuple(axis, a.ndim, "axis")
    if w.shape != tuple(a.shape[k] for k in order):
        raise ValueError(
            "Shape of weights must be consistent with shape of a along specified axis."
        )
    w = np.transpose(w, np.argsort(order))
    others = tuple(k - a.ndim for k in range(a.ndim) if k not in order)
    return widened(w, a.shape, others)


# ------------------------------------------------------------ variances


class Spread(NamedTuple):
    """One of np.var, np.std, np.nanvar and np.nanstd, along axes of an array."""

    function: Any
    axes: tuple[int, ...]
    dtype: Any
    ddof: Any

    def of(self, a: Array, where: Any, given: Any) -> Any:
        """The common case, then every other as NumPy does it."""
        n = size_along(a.shape, self.axes)
        real = a.dtype.kind != "c"
        usual = (
            real
            and self.dtype is None
            and where is NO
            and given is NO
            and isinstance(self.ddof, int)
        )
        if usual and plainly(a, n) and self.function in (np.var, np.std):
            d = a - np.mean(a, axis=self.axes, keepdims=True)
            return self.from_deviations(d, max(n - self.ddof, 0))
        return as_numpy(self.numpy, self.expression, a, where, given)

    def numpy(self, a: Any, where: Any, given: Any) -> Any:
        return self.function(a, self.axes, self.dtype, ddof=self.ddof, where=where, mean=given)

    def expression(self, a: Array, where: Any, given: Any) -> Any:
        """In any dtype, over a part of the elements, about any mean."""
        nan = self.function in (np.nanvar, np.nanstd) and a.dtype.kind == "f"
        where = _valid(a, where) if nan else where
        work, result = precision(a.dtype, self.dtype)
        result = np.finfo(result).dtype  # that of complex numbers is real
        if given is NO:
            given = keep(_mean(cast(a, work), self.axes, None, where), a.shape, self.axes, True)
        d = cast(a, work) - cast(given, work)
        if where is NO:
            n = max(size_along(a.shape, self.axes) - self.ddof, 0)
        else:
            d, n = masked(d, where, 0), number(a, where, self.axes, work) - self.ddof
            n = np.where(n > 0, n, np.nan if nan else 0)
        return cast(self.from_deviations(d, n), result)

    def from_deviations(self, d: Any, n: Any) -> Any:
        """The mean of squares, or its root; of complex numbers, of |d|^2."""
        if d.dtype.kind == "c":
            n = np.real(n) if isinstance(n, Array) else n
            if self.function in (np.var, np.nanvar):
                squares = np.square(np.real(d)) + np.square(np.imag(d))
                return np.sum(squares, axis=self.axes) / n
            d = np.abs(d)
        if self.function in (np.var, np.nanvar):
            return np.sum(np.square(d), axis=self.axes) / n
        n = n if isinstance(n, Array) else d.dtype.type(n)
        return bind(RootMeanSquare(self.axes), d, expand_to(n, dropped(d.shape, self.axes)))


def _spread(function: Any) -> Callable[..., Array]:
    """Our np.var, np.std, np.nanvar or np.nanstd."""

    def spread(
        a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: Any = 0,
        keepdims: Any = NO, *, where: Any = NO, mean: Any = NO, correction: Any = NO,
    ) -> Array:  # fmt: skip
        refuse(function.__name__, out=out)
        if correction is not NO:
            if ddof != 0:
                raise ValueError("ddof and correction can't be provided simultaneously.")
            ddof = correction
        a = operand(a)
        axes = axes_within(axis, a, nan=function in (np.nanvar, np.nanstd))
        y = Spread(function, axes, dtype, ddof).of(a, where, mean)
        return keep(y, a.shape, axes, keepdims)

    return implements(function)(spread)


var, std, nanvar, nanstd = map(_spread, (np.var, np.std, np.nanvar, np.nanstd))


# ------------------------------------------------------------ covariances


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Array:
    def numpy(m: Any, y: Any, f: Any, a: Any) -> Any:
        y, f, a = (None if v is NO else v for v in (y, f, a))
        return np.cov(m, y, rowvar, bias, ddof, f, a, dtype=dtype)

    def expression(m: Any, y: Any, f: Any, a: Any) -> Any:
        x = _observations(m, y, rowvar, dtype)
        return _covariance(x, f, a, (0 if bias else 1) if ddof is None else ddof)

    return as_numpy(
        numpy, expression, m, *(NO if v is None else v for v in (y, fweights, aweights))
    )


def _observations(m: Any, y: Any, rowvar: bool, dtype: Any) -> Any:
    """The variables as rows."""
    if dtype is None:
        dtype = np.result_type(m.dtype, np.float64, *(() if y is NO else (y.dtype,)))
    rows = [cast(v, dtype) for v in (m, y) if v is not NO]
    rows = [np.atleast_2d(v) for v in rows]
    rows = [v.T if not rowvar and v.shape[0] != 1 else v for v in rows]
    return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=0)


def _covariance(x: Any, f: Any, a: Any, ddof: Any) -> Any:
    """The covariance of the rows of x, with frequencies f and weights a."""
    w = NO if f is NO and a is NO else f if a is NO else a if f is NO else f * a
    if w is NO:
        divisor: Any = max(x.shape[1] - ddof, 0)
        d = x - np.mean(x, axis=1, keepdims=True)
        weighted = d
    else:
        w = cast(w, x.dtype)
        total = np.sum(w)
        divisor = (
            total - ddof
            if a is NO or not ddof
            else total - ddof * np.sum(w * cast(a, x.dtype)) / total
        )
        d = x - np.sum(x * w, axis=1, keepdims=True) / total
        weighted = d * w
    return np.squeeze(d @ np.conjugate(weighted).T / divisor)


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Array:
    def numpy(x: Any, y: Any) -> Any:
        return np.corrcoef(x, None if y is NO else y, rowvar, dtype=dtype)

    def expression(x: Any, y: Any) -> Any:
        c = np.atleast_2d(_covariance(_observations(x, y, rowvar, dtype), NO, NO, 1))
        s = np.sqrt(np.diagonal(c))
        r = np.clip(c / s[:, None] / s[None, :], -1, 1)
        return np.squeeze(r)[()] if r.shape == (1, 1) else r

    return as_numpy(numpy, expression, x, NO if y is None else y)
