"""Norms of vectors and matrices."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ..array import Array, bind, implements, lift
from ..errors import DtypeError, ShapeError
from ..graph import Example, Linear, Op, Type, operation, type_of
from ..zeros import move, scale, select
from .linalg import floating
from .reduction import Sum, dropped, keep
from .structure import axes_of, cast, expand_to, reshape_to
from .svd import singular_values


@operation
class Norm(Op):
    """y = (sum |x|^p)^(1/p) along `axes`, which disappear.

    dy/dx = sign(x) (|x| / y)^(p - 1), and 0 where y = 0: the subgradient of least norm. Powers that
    overflow or underflow are computed with x / max |x| instead.
    """

    kind = "reduce"
    order: float
    axes: tuple[int, ...]

    def type(self, x):
        if x.dtype.kind != "f":
            raise DtypeError(f"norm: floating-point numbers are needed, not {x}")
        return Type(x.dtype, dropped(x.shape, self.axes))

    def value(self, x):
        total, limits = self._total(x), np.finfo(x.dtype)
        if total.ndim:
            good = ((total > limits.tiny / limits.eps) & (total < np.inf)).all()
        else:
            good = limits.tiny / limits.eps < total < np.inf
        return self._root(total) if good else self._scaled(x)

    def exactly(self, lib, x):
        p = self.order
        if p == 2:
            return lib.map(lib.sqrt, np.sum(x * x, self.axes))
        total = np.sum(lib.map(lambda x: abs(x) ** p, x), self.axes)
        return lib.map(lambda x: x ** (lib.sign(1) / p), total)

    def _scaled(self, x):
        with np.errstate(all="ignore"):
            size = np.abs(x)
            if self.order > 0:
                unit = np.maximum.reduce(size, self.axes, keepdims=True, initial=0)
            else:
                unit = np.minimum.reduce(size, self.axes, keepdims=True, initial=np.inf)
            unit = np.where((unit > 0) & (unit < np.inf), unit, x.dtype.type(1))
            return self._root(self._total(x / unit)) * np.squeeze(unit, self.axes)[()]

    def _total(self, x):
        if self.order == 2 and len(self.axes) == x.ndim:
            return np.dot(x, x) if x.ndim == 1 else np.vdot(x, x)
        with np.errstate(over="ignore", under="ignore", divide="ignore"):  # see `_scaled`
            powers = x * x if self.order == 2 else np.abs(x) ** self.order
            return np.add.reduce(powers, self.axes)

    def _root(self, total):
        return np.sqrt(total) if self.order == 2 else total ** total.dtype.type(1 / self.order)

    def kink(self, x):
        return ~np.any(x, self.axes)

    def d(self, y, x):
        p = self.order
        wide = self._widened(y, x)
        if p == 2:
            mask, partial = wide != 0, x / wide
        elif p > 1:
            mask, partial = wide != 0, np.sign(x) * (np.abs(x) / wide) ** (p - 1)
        else:  # x = 0 is a cusp: both sides are infinitely steep, and we take their mean
            mask, partial = x != 0, np.sign(x) * (np.abs(x) / wide) ** (p - 1)
        return (
            Linear(
                lambda t: move(lambda t: bind(Sum(self.axes), t), select(mask, scale(t, partial))),
                lambda g: select(mask, scale(move(lambda g: self._widened(g, x), g), partial)),
            ),
        )

    def _widened(self, y, x):
        aligned = keep(y, x.shape, self.axes, True)
        return expand_to(aligned, x.shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(2.0, (-1,)), ((2, 3),), (-1.0, 2.0))
        yield Example(cls(2.0, (-2, -1)), ((2, 3),), (-1.0, 2.0))
        yield Example(cls(3.0, (-2,)), ((2, 3),), (0.5, 2.0))
        yield Example(cls(-1.5, (-1,)), ((2, 3),), (0.5, 2.0))


_norm = lru_cache(maxsize=256)(Norm)


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    x = lift(x)
    spectral = ord in (2, -2, "nuc") and x.ndim > 1 and (axis is None or np.ndim(axis))
    if spectral and x.dtype.kind == "c":
        raise DtypeError(f"norm: order {ord!r} of complex matrices is not supported yet")
    x = _real(x)
    given = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (int(axis),)
    axes = tuple(axes_of(a, x.ndim)[0] for a in given)
    if axis is None and ord is None:
        return keep(bind(_norm(2.0, axes), x), x.shape, axes, keepdims)
    if len(axes) not in (1, 2):
        raise ShapeError(f"norm: one axis or two are needed, not {len(axes)} of {type_of(x)}")
    if len(set(axes)) < len(axes):
        raise ShapeError(f"norm: there are duplicate axes in {axis}")
    y = (_vector if len(axes) == 1 else _matrix)(x, ord, axes)
    return keep(y, x.shape, axes, keepdims)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Array:
    x = _real(x)
    axes = axes_of(axis, x.ndim)
    return keep(_vector(x, ord, axes), x.shape, axes, keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    return norm(x, ord, (-2, -1), keepdims)


def _real(x: Any) -> Any:
    x = lift(x)
    if x.dtype.kind == "c":
        return np.abs(x)
    return x if x.dtype.kind == "f" else cast(x, np.dtype(float))


def _vector(x: Any, p: Any, axes: tuple[int, ...]) -> Any:
    """The norm of vectors: (sum |x|^p)^(1/p), and its limits at 0 and at the infinities."""
    if p is None or p == 2:
        return bind(_norm(2.0, axes), x)
    if isinstance(p, str):
        raise ShapeError(f"norm: {p!r} is no norm of vectors: a number is needed")
    if p in (np.inf, -np.inf):
        return (np.max if p > 0 else np.min)(np.abs(x), axis=axes)
    if p == 0:
        return np.sum(np.astype(x != 0, x.dtype), axis=axes)
    return np.sum(np.abs(x), axis=axes) if p == 1 else bind(_norm(float(p), axes), x)


def _matrix(x: Any, p: Any, axes: tuple[int, ...]) -> Any:
    """The norm of matrices with rows and columns along these two axes."""
    row, column = axes
    if p in (None, "fro", "f"):
        return bind(_norm(2.0, tuple(sorted(axes))), x)
    if p in (2, -2, "nuc"):
        return _spectral(x, p, axes)
    if p not in (1, -1, np.inf, -np.inf):
        raise ShapeError(
            f"norm: {p!r} is no norm of matrices: 'fro', 'nuc', 1, -1, 2, -2, inf or -inf is needed"
        )
    along, across = (row, column) if abs(p) == 1 else (column, row)
    sums = np.sum(np.abs(x), axis=along, keepdims=True)
    y = (np.max if p > 0 else np.min)(sums, axis=across, keepdims=True)
    return reshape_to(y, dropped(x.shape, tuple(axes)))


def _spectral(x: Any, p: Any, axes: tuple[int, ...]) -> Any:
    """The largest singular value, the smallest, or the sum of all.

    Equal ones share the derivative, and those that are 0 have none: the subgradient of least norm
    (Watson, Characterization of the subdifferential of some matrix norms, 1992).
    """
    (x,) = floating("norm", np.moveaxis(x, axes, (-2, -1)))
    s = singular_values(x)
    if p == "nuc":
        return np.sum(s, axis=-1)
    return (np.max if p == 2 else np.min)(s, axis=-1)
