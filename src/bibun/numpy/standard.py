"""Functions to which the array-API standard gives arguments that NumPy's do not have.

They take NumPy's arguments as well, and mean the same by them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import Array, Duck
from .adapt import adapted, plain, traced


def asarray(a: Any, /, dtype: Any = None, order: Any = None, *, device: Any = None,
            copy: bool | None = None) -> Array:  # fmt: skip
    """The Array of a number, an ndarray, an Array, or a nested list of these.

    `copy=True` makes new memory, `copy=False` refuses to, and None copies where it is needed.
    """
    on_device(device)
    return array(a, dtype, copy=copy, order=order)


def array(a: Any, dtype: Any = None, *, copy: bool | None = True, **options: Any) -> Array:
    """The same as numpy.array, also of nested lists with traced Arrays in them."""
    if isinstance(a, Duck) and not copy and dtype in (None, a.dtype):
        return a._read()
    if not traced(a):
        return Array(None, -1, np.array(plain(a), dtype, copy=copy, **options))
    whole = np.copy(a) if isinstance(a, Duck) else np.stack([asarray(x) for x in a])
    return whole if dtype is None or whole.dtype == dtype else np.astype(whole, np.dtype(dtype))


def on_device(device: Any) -> None:
    """The only device is the CPU."""
    if device not in (None, "cpu"):
        raise ValueError(f"the device is 'cpu', not {device!r}")


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Array:
    """The numbers in another dtype; the same Array where `copy` is False and nothing changes."""
    on_device(device)
    if not copy and isinstance(x, Array) and x.dtype == dtype:
        return x
    return adapted(np.astype)(x if isinstance(x, Duck) else asarray(x), dtype)


def clip(x: Any, /, min: Any = None, max: Any = None, **options: Any) -> Array:
    """min <= y <= max, in the dtype of x where the bounds are Python's numbers."""
    return adapted(np.clip)(x, min, max, **options)


def sort(x: Any, /, axis: int | None = -1, kind: Any = None, order: Any = None, *,
         descending: bool = False, stable: bool = True) -> Array:  # fmt: skip
    """The numbers in order along an axis."""
    if not descending:
        return adapted(np.sort)(x, axis, **_method(kind, order, stable))
    y = adapted(np.sort)(x, axis, **_method(kind, order, stable))
    return adapted(np.flip)(y, -1 if axis is None else axis)


def argsort(x: Any, /, axis: int | None = -1, kind: Any = None, order: Any = None, *,
            descending: bool = False, stable: bool = True) -> Array:  # fmt: skip
    """Where the numbers stand that `sort` puts in order; equal ones keep theirs if `stable`."""
    method = _method(kind, order, stable)
    if not descending:
        return adapted(np.argsort)(x, axis, **method)
    # Sorted backwards and read backwards, equal numbers come in their own order again.
    along = -1 if axis is None else axis
    x = adapted(np.ravel)(x) if axis is None else asarray(x)
    places = adapted(np.flip)(
        adapted(np.argsort)(adapted(np.flip)(x, along), along, **method), along
    )
    return x.shape[along] - 1 - places


def _method(kind: Any, order: Any, stable: bool) -> dict[str, Any]:
    if kind is not None or order is not None:
        return {"kind": kind, "order": order}
    return {"stable": True} if stable else {}


def nonzero(x: Any, /) -> tuple[Array, ...]:
    """The places of all numbers that are not zero, one Array for each axis."""
    return adapted(np.nonzero)(x)


def count_nonzero(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Array:
    """How many numbers are not zero."""
    return asarray(adapted(np.count_nonzero)(x, axis, keepdims=keepdims))


def take_along_axis(x: Any, indices: Any, /, axis: int | None = -1) -> Array:
    """y[..., i, ...] = x[..., indices[..., i, ...], ...] along an axis."""
    return adapted(np.take_along_axis)(x, indices, axis)


def _spread(function: Any) -> Any:
    """std or var, with the standard's `correction` for NumPy's `ddof`."""

    def spread(x: Any, /, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, *,
               keepdims: bool = False, correction: Any = None, **more: Any) -> Array:  # fmt: skip
        named = {"dtype": dtype, "out": out, **more}
        named = {k: v for k, v in named.items() if v is not None}
        ddof = ddof if correction is None else correction
        return adapted(function)(x, axis, ddof=ddof, keepdims=keepdims, **named)

    spread.__name__ = function.__name__
    spread.__doc__ = f"The same as numpy.{spread.__name__}; `correction` means `ddof`."
    return spread


std, var = _spread(np.std), _spread(np.var)
