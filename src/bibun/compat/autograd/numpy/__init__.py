"""The names of autograd.numpy: NumPy's own functions, and ours where those cannot see a trace.

NumPy hands its functions to traced arrays by its own protocols, so that most names are NumPy's.
What remains are functions that take lists of traced numbers, and what autograd added.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as _np
from numpy import __version__

from ....numpy.adapt import ours, traced
from . import fft, linalg, random
from .joining import (
    amax,
    amin,
    append,
    array,
    asarray,
    c_,
    column_stack,
    concatenate,
    dstack,
    hstack,
    make_diagonal,
    max,
    mean,
    min,
    prod,
    r_,
    ravel,
    row_stack,
    select,
    stack,
    std,
    sum,
    var,
    vstack,
    where,
)


def __getattr__(name: str) -> Any:
    thing = getattr(_np, name)
    hands_over = isinstance(thing, type | _np.ufunc) or hasattr(thing, "_implementation")
    return thing if hands_over or not callable(thing) else _by_name(thing)


def _by_name(function: Any) -> Any:
    """A function of NumPy that does not hand traced arrays over to us, such as numpy.full."""

    @wraps(function)
    def by_name(*args: Any, **kwargs: Any) -> Any:
        return ((traced((args, kwargs)) and ours(function)) or function)(*args, **kwargs)

    return by_name


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_np)})


__all__ = [
    *(n for n in _np.__all__ if not n.startswith("_")),
    "__version__",
    "amax",
    "amin",
    "append",
    "array",
    "asarray",
    "c_",
    "column_stack",
    "concatenate",
    "dstack",
    "fft",
    "hstack",
    "linalg",
    "make_diagonal",
    "max",
    "mean",
    "min",
    "prod",
    "r_",
    "random",
    "ravel",
    "row_stack",
    "select",
    "stack",
    "std",
    "sum",
    "var",
    "vstack",
    "where",
]
