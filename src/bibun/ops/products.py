"""Equations of tensors, as equations of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..array import Array, implements, lift
from ..errors import ShapeError
from ..graph import type_of
from .linalg import LinAlgError, inv, solve
from .shaping import transpose
from .structure import reshape_to


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Array:
    a, b = lift(a), lift(b)
    if axes is not None:
        last = [range(a.ndim)[k] for k in axes]
        a = transpose(a, [k for k in range(a.ndim) if k not in last] + last)
    rest = a.shape[b.ndim :]
    size = prod(rest)
    if prod(a.shape) != size**2:
        raise LinAlgError(
            f"tensorsolve: {type_of(a)} is no square system for {type_of(b)}: the axes of a after "
            "those of b must have as many elements as b"
        )
    return reshape_to(solve(reshape_to(a, (size, size)), reshape_to(b, (size,))), rest)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Array:
    a = lift(a)
    if ind <= 0:
        raise ShapeError(f"tensorinv: ind is a number of axes and must be positive, not {ind}")
    if not a.ndim:
        np.linalg.tensorinv(np.ones(()))  # NumPy's own error
    first, rest = a.shape[:ind], a.shape[ind:]
    y = inv(reshape_to(a, (prod(first), prod(rest))))
    return reshape_to(y, (*rest, *first))
