"""np.emath: roots, logarithms and arcs of numbers within their real domains.

Outside of it NumPy's results are complex, which is refused. So the values have to be known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import emath

from ..array import Array, implements
from ..errors import UnsupportedError
from .reduction import operand
from .structure import cast
from .taking import known


def negative(x: Any) -> Any:
    return x < 0


def beyond_one(x: Any) -> Any:
    return np.abs(x) > 1


def within(name: str, x: Any, outside: Callable[[Any], Any]) -> Array:
    """x, or an error if the result would be complex."""
    a = operand(x)
    if np.any(outside(known(a, f"np.emath.{name}"))):
        raise UnsupportedError(
            f"np.emath.{name}: the result is complex for these values, and complex arrays have "
            "no derivatives yet: keep the argument within the real domain"
        )
    return a


def _register(name: str, plain: Callable[..., Any], outside: Callable[[Any], Any]) -> None:
    def call(x: Any) -> Any:
        return plain(within(name, x, outside))

    implements(getattr(emath, name))(call)


for _f in (np.sqrt, np.log, np.log2, np.log10):
    _register(_f.__name__, _f, negative)
for _f in (np.arccos, np.arcsin, np.arctanh):
    _register(_f.__name__, _f, beyond_one)


@implements(emath.logn)
def logn(n: Any, x: Any) -> Any:
    return np.log(within("logn", x, negative)) / np.log(within("logn", n, negative))


@implements(emath.power)
def power(x: Any, p: Any) -> Any:
    """x^p; negative whole powers are taken as floats."""
    x, p = within("power", x, negative), operand(p)
    if p.dtype.kind == "i" and np.any(known(p, "np.emath.power") < 0):
        p = cast(p, np.dtype(float))
    return np.power(x, p)
