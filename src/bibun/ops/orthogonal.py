"""The functions of numpy.polynomial that evaluate: power, Chebyshev, Legendre, ... series.

All families follow p[k+1] = (a x + b) p[k] - c p[k-1], with p[0] = 1 and p[-1] = 0
(Abramowitz and Stegun, Handbook of Mathematical Functions, table 22.7).
"""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

from ..array import FUNCTIONS, Array, implements
from .reduction import as_numpy, operand
from .structure import cast, reshape_to

Coefficients = Callable[[int], tuple[float, float, float]]

# fmt: off
FAMILIES: dict[str, tuple[Any, Coefficients]] = {
    "poly":  (polynomial, lambda k: (1, 0, 0)),
    "cheb":  (chebyshev,  lambda k: (2 if k else 1, 0, 1)),
    "leg":   (legendre,   lambda k: ((2*k + 1) / (k + 1), 0, k / (k + 1))),
    "herm":  (hermite,    lambda k: (2, 0, 2*k)),
    "herme": (hermite_e,  lambda k: (1, 0, k)),
    "lag":   (laguerre,   lambda k: (-1 / (k + 1), (2*k + 1) / (k + 1), k / (k + 1))),
}
# fmt: on


def basis(x: Any, n: int, coefficients: Coefficients) -> list[Any]:
    """The first n polynomials of a family at x."""
    p = [np.ones_like(x)]
    for k in range(n - 1):
        a, b, c = coefficients(k)
        line = x if (a, b) == (1, 0) else a * x + b if b else a * x
        p.append(line * p[k] - c * p[k - 1] if k and c else line * p[k])
    return p[:n]


def evaluated(x: Any, c: Any, tensor: Any, coefficients: Coefficients) -> Any:
    """The sum over k of c[k] p[k](x); with `tensor`, for each column of c at each x."""
    if tensor:
        c = reshape_to(c, c.shape + (1,) * x.ndim)
    p = basis(x, c.shape[0], coefficients)
    y = c[0] * p[0]
    for k in range(1, len(p)):
        y = y + c[k] * p[k]
    return y


def _series(c: Any) -> Array:
    """The coefficients of a series; NumPy takes whole ones as floats."""
    c = operand(c)
    c = cast(c, np.dtype(float)) if c.dtype.kind in "biu" else c
    return reshape_to(c, (1,)) if c.ndim == 0 else c


def _family(prefix: str) -> None:
    """NumPy's functions of one family."""
    home, coefficients = FAMILIES[prefix]
    plain_value, plain_vander = getattr(home, f"{prefix}val"), getattr(home, f"{prefix}vander")

    def val(x: Any, c: Any, tensor: bool = True) -> Array:
        return as_numpy(
            lambda x, c: plain_value(x, c, tensor),
            lambda x, c: evaluated(x, c, tensor, coefficients),
            operand(x),
            _series(c),
        )

    def vander(x: Any, deg: Any) -> Array:
        n = index(deg) + 1
        if n < 1:
            raise ValueError("deg must be non-negative")
        return as_numpy(
            lambda x: plain_vander(x, n - 1),
            lambda x: np.stack(basis(np.atleast_1d(x) + 0.0, n, coefficients), axis=-1),
            operand(x),
        )

    implements(plain_value)(val)
    implements(plain_vander)(vander)
    for n in (2, 3):
        implements(getattr(home, f"{prefix}val{n}d"))(_at_points(val))
        implements(getattr(home, f"{prefix}grid{n}d"))(_on_grid(val))
        implements(getattr(home, f"{prefix}vander{n}d"))(_products(vander))


def at(p: Any, x: Any) -> Array:
    """p(x) for an object p of numpy.polynomial, such as Chebyshev([1, 2, 3])."""
    offset, scale = p.mapparms()
    return FUNCTIONS[type(p)._val](offset + scale * operand(x), p.coef)


def _at_points(val: Callable[..., Array]) -> Callable[..., Array]:
    def at_points(*args: Any) -> Array:
        *places, c = args
        arrays = [operand(x) for x in places]
        if any(x.shape != arrays[0].shape for x in arrays):
            names = "x, y, z" if len(arrays) == 3 else "x, y"
            raise ValueError(f"{names} are incompatible")
        y = val(arrays[0], c)
        for x in arrays[1:]:
            y = val(x, y, tensor=False)
        return y

    return at_points


def _on_grid(val: Callable[..., Array]) -> Callable[..., Array]:
    def on_grid(*args: Any) -> Array:
        *places, y = args
        for x in places:
            y = val(x, y)
        return y

    return on_grid


def _products(vander: Callable[..., Array]) -> Callable[..., Array]:
    def products(*args: Any) -> Array:
        """The products of the columns of all axes, the last axis fastest."""
        *places, degrees = args
        if len(degrees) != len(places):
            raise ValueError(f"Expected {len(places)} dimensions of degrees, got {len(degrees)}")
        n = len(places)
        y: Any = 1
        for k, (x, degree) in enumerate(zip(places, degrees, strict=True)):
            v = vander(x, degree)
            y = y * reshape_to(v, (*v.shape[:-1], *(1,) * k, v.shape[-1], *(1,) * (n - 1 - k)))
        return reshape_to(y, (*y.shape[:-n], int(np.prod(y.shape[-n:]))))

    return products


for _prefix in FAMILIES:
    _family(_prefix)
