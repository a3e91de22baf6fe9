"""Sums of shifted products: convolve and correlate; and the cross product."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array import Array, bind, implements
from ..errors import ShapeError, said
from ..graph import Example, Linear, Op, Type, operation
from .reduction import as_numpy, operand
from .structure import array_of, cast, reshape_to


@operation
class Convolve(Op):
    """y[k] = sum over i + j = k of a[i] v[j], along the last axis; only whole sums if `valid`.

    Of memory it needs n + m numbers. A matrix product with all n m shifted elements, which would
    be a composition, needs n m. With `valid`, a is not shorter than v.
    """

    kind = "call"
    valid: bool = False

    def type(self, a, v):
        n, m = (a.shape or (0,))[-1], (v.shape or (0,))[-1]
        if a.shape[:-1] != v.shape[:-1] or a.dtype != v.dtype or not m or (self.valid and n < m):
            raise ShapeError(
                f"convolve: {a} and {v} do not fit: equal dtypes, equal leading axes and at least "
                "one element are needed"
            )
        return Type(a.dtype, (*a.shape[:-1], n - m + 1 if self.valid else n + m - 1))

    def value(self, a, v):
        mode = "valid" if self.valid else "full"
        if a.ndim == 1:
            return np.convolve(a, v, mode)
        n, m = a.shape[-1], v.shape[-1]
        y = np.empty((*a.shape[:-1], n - m + 1 if self.valid else n + m - 1), a.dtype)
        for i in np.ndindex(a.shape[:-1]):
            y[i] = np.convolve(a[i], v[i], mode)
        return y

    def d(self, y, a, v):
        def against(g: Any, x: Any, first: bool) -> Any:
            """The cotangent of one argument: g correlated with the other, x."""
            if not self.valid:
                return bind(Convolve(True), g, np.flip(x, -1))
            if first:
                return bind(Convolve(), g, np.flip(x, -1))
            return np.flip(bind(Convolve(True), x, np.flip(g, -1)), -1)

        return (
            Linear(lambda t: bind(self, t, v), lambda g: against(g, v, True)),
            Linear(lambda t: bind(self, a, t), lambda g: against(g, a, False)),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3), (2, 2)))
        yield Example(cls(True), ((2, 4), (2, 3)))
        yield Example(cls(), ((2,), (4,)))


def _convolved(a: Any, v: Any, mode: str) -> Any:
    """The convolution of two vectors of one dtype; "same" is the middle of the full one."""
    n, m = a.shape[0], v.shape[0]
    if mode == "valid":
        return bind(Convolve(True), a, v) if n >= m else bind(Convolve(True), v, a)
    y = bind(Convolve(), a, v)
    return y if mode == "full" else y[(min(n, m) - 1) // 2 :][: max(n, m)]


def _mode(mode: Any) -> Any:
    """One of full, same, valid, with NumPy's own error; NumPy takes 0, 1, 2 as well."""
    np.convolve([1.0], [1.0], mode)
    return mode if isinstance(mode, str) else ("valid", "same", "full")[mode]


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Array:
    a, v, name = operand(a), operand(v), _mode(mode)

    def expression(a: Any, v: Any) -> Any:
        a, v = (reshape_to(x, (1,)) if x.ndim == 0 else x for x in (a, v))
        dtype = np.result_type(a.dtype, v.dtype)
        _refuse_others("convolve", a, v)
        return _convolved(cast(a, dtype), cast(v, dtype), name)

    return as_numpy(lambda a, v: np.convolve(a, v, mode), expression, a, v)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Array:
    """The convolution with the elements of v in reverse order."""
    a, v, name = operand(a), operand(v), _mode(mode)

    def expression(a: Any, v: Any) -> Any:
        dtype = np.result_type(a.dtype, v.dtype)
        _refuse_others("correlate", a, v)
        a, v = cast(a, dtype), cast(v, dtype)
        v = np.conjugate(v) if dtype.kind == "c" else v
        if name == "same" and len(v) > len(a):  # NumPy then turns the arguments and the result
            return np.flip(_convolved(v, np.flip(a), name))
        return _convolved(a, np.flip(v), name)

    return as_numpy(lambda a, v: np.correlate(a, v, mode), expression, a, v)


def _refuse_others(name: str, a: Any, v: Any) -> None:
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ShapeError(
            f"{name}: two arrays of one axis with elements are needed, not the shapes {a.shape} "
            f"and {v.shape}"
        )


# ------------------------------------------------------------ cross products


@implements(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Array:
    a, b = operand(a), operand(b)
    if axis is not None:
        axisa, axisb, axisc = (axis,) * 3

    def expression(a: Any, b: Any) -> Any:
        dtype = np.promote_types(a.dtype, b.dtype)
        x = np.moveaxis(cast(a, dtype), normalize_axis_index(axisa, a.ndim), -1)
        y = np.moveaxis(cast(b, dtype), normalize_axis_index(axisb, b.ndim), -1)
        if not {x.shape[-1], y.shape[-1]} <= {2, 3}:
            raise ShapeError(f"cross: the shapes {a.shape} and {b.shape} do not end in 2 or 3")
        parts = _components([x[..., k] for k in range(x.shape[-1])],
                            [y[..., k] for k in range(y.shape[-1])])  # fmt: skip
        return array_of(parts[0]) if len(parts) == 1 else np.stack(parts, axis=axisc)

    def numpy(a: Any, b: Any) -> Any:
        with warnings.catch_warnings():
            # NumPy warns about vectors of two components, and would name a line of ours.
            warnings.filterwarnings("ignore", "Arrays of 2-dimensional", DeprecationWarning)
            return np.cross(a, b, axisa, axisb, axisc)

    if a.shape[-1:] == (2,) or b.shape[-1:] == (2,):
        said.count += 1
        warnings.warn(
            "Arrays of 2-dimensional vectors are deprecated. Use arrays of 3-dimensional vectors "
            "instead. (deprecated in NumPy 2.0)",
            DeprecationWarning,
            stacklevel=2,
        )
    return as_numpy(numpy, expression, a, b)


def _components(a: list[Any], b: list[Any]) -> list[Any]:
    """a x b by components; a third one that is missing is zero."""
    last = a[0] * b[1] - a[1] * b[0]
    if len(a) == len(b) == 2:
        return [last]
    if len(a) == 2:
        return [a[1] * b[2], -(a[0] * b[2]), last]
    if len(b) == 2:
        return [-(a[2] * b[1]), a[2] * b[0], last]
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], last]


@implements(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    x1, x2 = operand(x1), operand(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ShapeError(
            "cross: both arrays need 3 elements along the axis, "
            f"not {x1.shape[axis]} and {x2.shape[axis]}"
        )
    return cross(x1, x2, axis=axis)
