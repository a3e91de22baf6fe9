"""Sums of exponentials along axes that neither overflow nor cancel.

Blanchard, Higham and Higham, Accurately computing the log-sum-exp and softmax functions (IMA
Journal of Numerical Analysis 41, 2021). The largest term is exp(0) = 1 and is kept apart from the
others: log1p of their sum is exact where softmax is close to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ..array import Array, bind, implements
from ..errors import DtypeError, UnsupportedError
from ..graph import Example, Linear, Op, Type, operation, symmetric
from ..zeros import move, parts, scale, select
from .reduction import (
    NO,
    aligned,
    as_numpy,
    axes_for,
    dropped,
    keep,
    once,
    operand,
    over,
    refuse,
    widened,
)
from .structure import cast, expand_to


def real(name: str, x: Type) -> Type:
    """The type itself, or an error if it is not one of real floating-point numbers."""
    if x.dtype.kind != "f":
        raise DtypeError(f"{name}: real floating-point numbers are needed, not {x}")
    return x


def wide(x: Any) -> Any:
    """Half precision in single precision: exp and its sums overflow at 65504."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def lanes(x: Any, axes: tuple[int, ...]) -> Any:
    """A plain array as a matrix, each row of which holds what is summed together."""
    n = x.ndim
    if axes != tuple(range(-len(axes), 0)):
        x = x.transpose(*(i for i in range(-n, 0) if i not in axes), *axes)
    return x.reshape(prod(x.shape[: n - len(axes)]), prod(x.shape[n - len(axes) :]))


@lru_cache(maxsize=256)
def starts(rows: int, columns: int) -> np.ndarray:
    """Where each row of a matrix starts among its elements."""
    return np.arange(0, rows * columns, columns)


def split(x: Any) -> tuple[Any, Any]:
    """For each row of a matrix its maximum, and the sum of exp(x - maximum) of the others.

    Where the maximum is infinite, the others count as if it were 0.
    """
    largest = x.argmax(-1) + starts(*x.shape)
    m = x.take(largest)
    e = x - (m if np.isfinite(m).all() else np.where(np.isinf(m), 0, m))[:, None]
    np.exp(e, e)
    e.put(largest, 0)
    return m, np.add.reduce(e, -1)


@operation
class LogSumExp(Op):
    """y = log(sum of exp(x) along `axes`).

    dy/dx = softmax(x). At infinities it is the limit: several inf share it equally, -inf has 0, and
    where there is nothing but -inf all have 0.
    """

    kind = "reduce"
    axes: tuple[int, ...]

    def type(self, x):
        return Type(real("logsumexp", x).dtype, dropped(x.shape, self.axes))

    def value(self, x):
        shape, dtype = dropped(x.shape, self.axes), x.dtype
        x = lanes(wide(x), self.axes)
        if not x.size:
            return np.full(shape, -np.inf, dtype)[()]
        m, rest = split(x)
        y = np.where(np.isinf(m), m, m + np.log1p(rest))
        return y.astype(dtype, copy=False).reshape(shape)[()]

    def exactly(self, lib, x):
        return lib.map(lib.log, np.sum(lib.map(lib.exp, x), self.axes))

    def d(self, y, x):
        p = bind(Softmax(self.axes, limits=True), x)
        return (
            Linear(
                push=lambda t: np.sum(scale(t, p), axis=self.axes),
                pull=lambda g: scale(move(lambda h: widened(h, x.shape, self.axes), g), p),
            ),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), ((2, 3),))
        yield Example(cls((-3, -1)), ((2, 3, 2),))


@operation
class Softmax(Op):
    """p = exp(x) / (sum of exp(x) along `axes`); dp/dx is symmetric.

    Infinities give nan as in SciPy. With `limits` they give the limit: inf alone shares 1 equally,
    and -inf alone gives 0.
    """

    kind = "call"
    axes: tuple[int, ...]
    limits: bool = False

    def type(self, x):
        return real("softmax", x)

    def value(self, x):
        dtype, x = x.dtype, np.asarray(wide(x))
        m = np.maximum.reduce(x, self.axes, keepdims=True)
        if self.limits and np.isinf(m).any():
            x = np.where(m == np.inf, np.where(x == np.inf, x.dtype.type(0), -np.inf), x)
            m = np.where(np.isinf(m), 0, m)
        p = np.asarray(np.exp(x - m))
        total = np.add.reduce(p, self.axes, keepdims=True)
        if self.limits:
            total = np.where(total == 0, 1, total)
        p = np.divide(p, total, p)
        return p.astype(dtype, copy=False)[()]

    def exactly(self, lib, x):
        p = lib.map(lib.exp, x)
        return p / np.sum(p, self.axes, keepdims=True)

    def d(self, p, x):
        def product(t):
            mean = np.sum(scale(t, p), axis=self.axes)
            return balanced(p * (t - widened(mean, p.shape, self.axes)), p, self.axes)

        return (symmetric(lambda t: grouped(product, t, self.axes)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), ((2, 3),))
        yield Example(cls((-3, -1), True), ((2, 3, 2),))
        yield Example(cls((-1,)), ((4,),), (-30.0, 30.0))


@operation
class LogSoftmax(Op):
    """y = x - log(sum of exp(x) along `axes`); with p = exp(y): t - sum(p t), and g - p sum(g)."""

    kind = "call"
    axes: tuple[int, ...]

    def type(self, x):
        return real("log_softmax", x)

    def value(self, x):
        dtype, x = x.dtype, np.asarray(wide(x))
        if not x.size:
            return x.astype(dtype)
        shape = aligned(x.shape, self.axes)
        m, rest = split(lanes(x, self.axes))
        y = x - m.reshape(shape) - np.log1p(rest).reshape(shape)
        return y.astype(dtype, copy=False)[()]

    def exactly(self, lib, x):
        return x - lib.map(lib.log, np.sum(lib.map(lib.exp, x), self.axes, keepdims=True))

    def d(self, y, x):
        p = np.exp(y)

        def push(t):
            # Constants drop out; without the tangent of the largest element 1 - p does not cancel.
            t = t - widened(np.sum(np.where(p > 0.5, t, 0), axis=self.axes), y.shape, self.axes)
            return t - widened(np.sum(p * t, axis=self.axes), y.shape, self.axes)

        def pull(g):
            total = widened(np.sum(g, axis=self.axes), y.shape, self.axes)
            return balanced(g - p * total, p, self.axes)

        return (
            Linear(lambda t: grouped(push, t, self.axes), lambda g: grouped(pull, g, self.axes)),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), ((2, 3),))
        yield Example(cls((-3, -1)), ((2, 3, 2),))
        yield Example(cls((-1,)), ((4,),), (-30.0, 30.0))


def balanced(r: Any, p: Any, axes: tuple[int, ...]) -> Any:
    """r, which sums to zero along axes: where p > 1/2 it is minus the sum of the others.

    There it holds a factor 1 - p, which would cancel; the others hold factors p.
    """
    large = p > 0.5
    others = np.sum(np.where(large, 0, r), axis=axes)
    return np.where(large, -widened(others, r.shape, axes), r)


def grouped(f: Callable[[Any], Any], t: Any, axes: tuple[int, ...]) -> Any:
    """A linear map within groups along axes: a group that is structurally zero stays so."""
    inner = parts(t)
    if inner is None:
        return f(t)
    return select(widened(np.any(inner[0], axis=axes), t.shape, axes), f(t))


@operation
class LogMix(Op):
    """y = log(sum of b exp(a) along `axes`), nan where the sum is negative.

    With `positive`, it is nan where a weight is negative, as log(b) + a would be. With `signed`,
    the results are y = log |sum| and the sign of the sum. dy/db = exp(a - y), also where b is
    zero, and dy/da = b exp(a - y).
    """

    kind = "reduce"
    axes: tuple[int, ...]
    positive: bool = False
    signed: bool = False

    def type(self, a, b):
        if a != b:
            raise DtypeError(f"logsumexp: arrays of one type are needed, not {a} and {b}")
        y = Type(real("logsumexp", a).dtype, dropped(a.shape, self.axes))
        return (y, y) if self.signed else y

    def value(self, a, b):
        shape, dtype = dropped(a.shape, self.axes), a.dtype
        a, b = (lanes(wide(x), self.axes) for x in (a, b))
        if self.positive:
            b = np.where(b < 0, b.dtype.type(np.nan), b)
        a = np.where(b == 0, a.dtype.type(-np.inf), a)  # what has no weight does not count
        m = np.maximum.reduce(a, -1, keepdims=True, initial=-np.inf)
        e = b * np.exp(np.where(a == m, a.dtype.type(-np.inf), a - np.where(np.isinf(m), 0, m)))
        rest = np.add.reduce(e, -1)
        first = np.add.reduce(np.where(a == m, b, 0), -1)
        with np.errstate(all="ignore"):
            apart = np.log(abs(first)) + np.log1p(rest / first)
            y = np.where(abs(rest) < 0.5 * abs(first), apart, np.log(abs(first + rest))) + m[:, 0]
        y = np.where(m[:, 0] == -np.inf, -np.inf, y)
        sign = np.where(m[:, 0] == -np.inf, 0, np.sign(first + rest))
        y = y if self.signed else np.where(sign < 0, np.nan, y)
        found = tuple(v.astype(dtype, copy=False).reshape(shape)[()] for v in (y, sign))
        return found if self.signed else found[0]

    def exactly(self, lib, a, b):
        total = np.sum(b * lib.map(lib.exp, a), self.axes)
        if self.signed:
            return lib.map(lambda x: lib.log(abs(x)), total), lib.map(lib.sign, total)
        return lib.map(lib.log, total)

    def _weights(self, y: Any, a: Any) -> Any:
        """dy/db, with the sign of the sum (which counts as positive where it is zero)."""
        log, sign = y if self.signed else (y, None)
        log = widened(log, a.shape, self.axes)
        w = np.where(a == -np.inf, 0, np.exp(a - log))
        if sign is None:
            return w
        return np.where(widened(sign, a.shape, self.axes) < 0, -w, w)

    def push(self, y, args, tangents):
        (a, b), (s, t) = args, tangents
        w = self._weights(y, a)
        # Where b = 0, w may be infinite although a does not count.
        moved = None if s is None else select(b != 0, s * (b * w))
        moved = moved if t is None else t * w if moved is None else moved + t * w
        found = np.sum(moved, axis=self.axes)
        return (found, None) if self.signed else found

    def pull(self, y, args, g, wanted):
        (a, b), g = args, g[0] if self.signed else g
        if g is None:
            return None, None
        w = self._weights(y, a)
        g = move(lambda h: widened(h, a.shape, self.axes), g)
        return select(b != 0, scale(g, b * w)) if wanted[0] else None, scale(g, w) if wanted[
            1
        ] else None

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((-1,)), ((2, 3), (2, 3)), (0.1, 2.0))
        yield Example(cls((-1,), positive=True), ((2, 3), (2, 3)), (0.1, 2.0))
        yield Example(cls((-3, -1), signed=True), ((2, 3, 2), (2, 3, 2)))


# ------------------------------------------------------------ SciPy's functions


def floating(x: Any, name: str) -> Array:
    """An argument in floating point: integers become float64."""
    x = operand(x)
    if x.dtype.kind == "c":
        raise UnsupportedError(
            f"{name} of complex arrays is not supported: write np.log(np.sum(np.exp(x)))"
        )
    return x if x.dtype.kind == "f" else cast(x, np.dtype(np.float64))


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """log(sum(b * exp(a))) along the axes, as scipy.special.logsumexp.

    Returns the logarithm, or with `return_sign` that of the absolute value and the sign.

    >>> import numpy as np
    >>> logsumexp(np.array([1000.0, 1000.0]))
    Array(np.float64(1000.6931471805599))
    """
    a = floating(a, "logsumexp")
    if b is None and not return_sign:
        op = over(LogSumExp, axis, a.ndim)
        return keep(once(op, a), a.shape, op.axes, keepdims)
    b = floating(1.0 if b is None else b, "logsumexp")
    dtype, shape = np.result_type(a.dtype, b.dtype), np.broadcast_shapes(a.shape, b.shape)
    a, b = (expand_to(cast(x, dtype), shape) for x in (a, b))
    axes = axes_for(axis, a.ndim)
    found = bind(LogMix(axes, signed=return_sign), a, b)
    if return_sign:
        return tuple(keep(y, shape, axes, keepdims) for y in found)
    return keep(found, shape, axes, keepdims)


def softmax(x: Any, axis: Any = None) -> Array:
    """exp(x) / sum(exp(x)) along the axes, as scipy.special.softmax.

    >>> import numpy as np
    >>> softmax(np.array([1000.0, 1000.0]))
    Array(array([0.5, 0.5]))
    """
    x = floating(x, "softmax")
    return once(over(Softmax, axis, x.ndim), x)


def log_softmax(x: Any, axis: Any = None) -> Array:
    """log(softmax(x)) along the axes, as scipy.special.log_softmax.

    >>> import numpy as np
    >>> log_softmax(np.array([1000.0, 0.0]))
    Array(array([    0., -1000.]))
    """
    x = floating(x, "log_softmax")
    return once(over(LogSoftmax, axis, x.ndim), x)


@implements((np.logaddexp, "reduce"))
def logaddexp_reduce(
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = NO,
    initial: Any = NO,
    where: Any = NO,
) -> Array:
    refuse("logaddexp.reduce", dtype=dtype, out=out, initial=initial, where=where)
    a = floating(array, "logaddexp.reduce")
    op = over(LogSumExp, axis, a.ndim)
    y = as_numpy(lambda a: np.logaddexp.reduce(a, axis), lambda a: bind(op, a), a)
    return keep(y, a.shape, op.axes, keepdims)
