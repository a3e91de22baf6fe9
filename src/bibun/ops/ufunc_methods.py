"""The methods of ufuncs: np.add.reduce, np.multiply.accumulate, np.subtract.outer, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import FUNCTIONS, UFUNCS, Array, lift
from ..errors import UnsupportedError
from .structure import cast, reshape_to

NOTHING = np._NoValue  # type: ignore[attr-defined]

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
    # fmt: off
    options = {"dtype": (dtype, None), "out": (out, None), "initial": (initial, NOTHING), "where": (where, True)}
    # fmt: on
    changed = {k: given for k, (given, usual) in options.items() if given is not usual}
    if ufunc in REDUCTIONS:
        return FUNCTIONS[REDUCTIONS[ufunc]](x, axis=axis, keepdims=keepdims, **changed)
    _refuse(ufunc, "reduce", changed, ("out", "where"))
    steps, axis = _slices(ufunc, x, axis, dtype)
    if initial is not NOTHING and initial is not None:
        steps = [initial, *steps]
    if not steps and ufunc.identity is None:
        raise ValueError(
            f"zero-size array to reduction operation {ufunc.__name__} which has no identity"
        )
    y = _fold(ufunc, steps)[-1] if steps else np.full_like(x[0], ufunc.identity)
    return np.expand_dims(y, axis) if keepdims else y


def accumulate(
    ufunc: np.ufunc, array: Any, /, axis: int = 0, dtype: Any = None, out: None = None
) -> Array:
    """Every step of `reduce`, one after the other along the axis."""
    x = lift(array)
    if ufunc in ACCUMULATIONS:
        return FUNCTIONS[ACCUMULATIONS[ufunc]](x, axis=axis, dtype=dtype, out=out)
    _refuse(ufunc, "accumulate", {} if out is None else {"out": out}, ("out",))
    steps, axis = _slices(ufunc, x, axis, dtype)
    return np.stack(_fold(ufunc, steps), axis) if steps else x


def _slices(ufunc: np.ufunc, x: Array, axis: Any, dtype: Any) -> tuple[list[Array], int]:
    """The slices of x along one axis."""
    if axis is None or isinstance(axis, tuple):
        if x.ndim != 1 and len(axis or range(x.ndim)) != 1:
            raise UnsupportedError(
                f"np.{ufunc.__name__}.reduce of a traced array takes one axis, not {axis}"
            )
        axis = 0 if axis is None else axis[0]
    x = np.moveaxis(x if dtype is None else cast(x, np.dtype(dtype)), axis, 0)  # type: ignore[call-overload]
    return [x[i] for i in range(x.shape[0])], axis


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
    at=_unsupported("at", "it writes into its argument; add np.bincount(indices, weights, len(x))"),
    reduceat=_unsupported("reduceat", "reduce slices of the array and np.stack the results"),
)
