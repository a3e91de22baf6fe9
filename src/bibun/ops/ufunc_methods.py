"""The methods of ufuncs: np.add.reduce, np.multiply.accumulate, np.subtract.outer, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import FUNCTIONS, UFUNCS, Array, lift
from ..errors import UnsupportedError
from .structure import axes_of, cast, expand_to, reshape_to

NOTHING = np._NoValue

# What NumPy itself computes by these methods; found in FUNCTIONS when they are called.
REDUCTIONS = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
ACCUMULATIONS = {np.add: np.cumsum, np.multiply: np.cumprod}


def reduce(
    ufunc: np.ufunc, array: Any, /, axis: Any = 0, dtype: Any = None, out: None = None,
    keepdims: bool = False, initial: Any = NOTHING, where: Any = True,
) -> Array:  # fmt: skip
    """f(... f(f(x[0], x[1]), x[2]) ..., x[n-1]) along an axis."""
    x = lift(array)
    if x.ndim == 0 and axis in (0, -1):
        axis = None
    given = {"dtype": dtype, "out": out, "initial": initial, "where": where}
    usual = {"dtype": None, "out": None, "initial": NOTHING, "where": True}
    changed = {k: v for k, v in given.items() if v is not usual[k]}
    if ufunc in REDUCTIONS:
        return FUNCTIONS[REDUCTIONS[ufunc]](x, axis=axis, keepdims=keepdims, **changed)
    _refuse(ufunc, "reduce", changed, ("out", "where"))
    steps, axis = _slices(ufunc, x, axis, dtype)
    dtype = _dtype(ufunc, x, dtype)
    shape = tuple(n for i, n in enumerate(x.shape) if i - x.ndim != axis)
    first = ufunc.identity if initial is NOTHING else initial
    if first is not None and (initial is not NOTHING or len(steps) < 2):
        steps = [expand_to(cast(first, dtype), shape), *steps]
    if not steps:
        raise ValueError(f"{ufunc.__name__}.reduce: no element along axis {axis}, and no identity")
    y = _fold(ufunc, steps)[-1]
    return np.expand_dims(y, axis) if keepdims and x.ndim else y


def accumulate(
    ufunc: np.ufunc, array: Any, /, axis: int = 0, dtype: Any = None, out: None = None
) -> Array:
    """Every step of `reduce`, one after the other along the axis."""
    x = lift(array)
    if x.ndim == 0:
        axes_of(None if axis in (0, -1) else axis, 0)
        raise TypeError(f"{ufunc.__name__}.accumulate: an array without axes cannot be accumulated")
    if ufunc in ACCUMULATIONS:
        return FUNCTIONS[ACCUMULATIONS[ufunc]](x, axis=axis, dtype=dtype, out=out)
    _refuse(ufunc, "accumulate", {} if out is None else {"out": out}, ("out",))
    steps, axis = _slices(ufunc, x, axis, dtype)
    return np.stack(_fold(ufunc, steps), axis) if steps else x


def _slices(ufunc: np.ufunc, x: Array, axis: Any, dtype: Any) -> tuple[list[Array], int]:
    """The slices of x along one axis, in the dtype of the result."""
    axes = axes_of(axis, x.ndim)
    if x.ndim == 0:
        return [cast(x, _dtype(ufunc, x, dtype))], 0
    if len(axes) != 1:
        raise UnsupportedError(f"np.{ufunc.__name__}.reduce of a traced array takes one axis")
    x = np.moveaxis(cast(x, _dtype(ufunc, x, dtype)), axes[0], 0)
    return [x[i] for i in range(x.shape[0])], axes[0]


def _dtype(ufunc: np.ufunc, x: Array, dtype: Any) -> np.dtype:
    """The dtype in which NumPy reduces x."""
    return ufunc.reduce(np.zeros(1, x.dtype), dtype=dtype).dtype


def _fold(ufunc: np.ufunc, steps: list) -> list:
    """The first step, then each of the others combined with all before it."""
    found = steps[:1]
    for x in steps[1:]:
        found.append(ufunc(found[-1], x))
    return found


def outer(ufunc: np.ufunc, a: Any, b: Any, /, **options: Any) -> Array:
    """f(a[i], b[j]) for all indices i of a and j of b."""
    a, b = lift(a), lift(b)
    return UFUNCS[ufunc](reshape_to(a, (*a.shape, *(1,) * b.ndim)), b, **options)


def _refuse(ufunc: np.ufunc, method: str, given: dict[str, Any], options: tuple[str, ...]) -> None:
    wrong = [k for k in options if k in given]
    if wrong:
        raise UnsupportedError(
            f"np.{ufunc.__name__}.{method} of a traced array does not take {', '.join(wrong)}"
        )


def _unsupported(method: str, instead: str) -> Callable[..., Any]:
    """A method that has no derivative here, and what to write instead."""

    def refuse(ufunc: np.ufunc, *args: Any, **options: Any) -> Any:
        raise UnsupportedError(
            f"np.{ufunc.__name__}.{method} of a traced array is not supported: {instead}"
        )

    return refuse


FUNCTIONS.update(
    reduce=reduce,
    accumulate=accumulate,
    outer=outer,
    reduceat=_unsupported("reduceat", "reduce slices of the array and np.stack the results"),
)
