"""Whole numbers and remainders: floor, rint, round, fmod, divmod, modf, frexp and their kin."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import UFUNCS, Array, bind, implements, lift
from ..errors import UnsupportedError
from ..graph import Example, Op, Type, operation
from .elementwise import row
from .formula import Formula


def scaling(y: Array, x: Array, n: Array) -> Array:
    """d ldexp(x, n) / dx = 2^n."""
    return np.ldexp(x.dtype.type(1), n)


def whole(lib: Any, x: Any) -> Any:
    """The whole part of an exact number."""
    return lib.sign(x) * lib.floor(abs(x))


def integral(x: Any) -> Any:
    """Where numbers are whole."""
    return x == np.floor(x)


def halfway(x: Any) -> Any:
    """Where numbers are half of an odd one."""
    return np.abs(x - np.rint(x)) == 0.5


def multiple(a: Any, b: Any) -> Any:
    """Where a / b is whole."""
    return np.fmod(a, b) == 0


# fmt: off
INSIDE   = (2.4, 2.6), (0.98, 1.02)  # the quotient stays between 2 and 3
FRACTION = Formula("fraction", lambda x: np.modf(x)[0],  like=np.spacing)
EXPONENT = Formula("exponent", lambda x: np.frexp(x)[1], like=np.spacing, result=np.dtype(np.intc))

floor        = row(np.floor,        None, jump=integral)
ceil         = row(np.ceil,         None, exact="ceiling", jump=integral)
trunc        = row(np.trunc,        None, exact=whole, jump=integral)
rint         = row(np.rint,         None, jump=halfway)
spacing      = row(np.spacing,      None)
nextafter    = row(np.nextafter,    1, None)
ldexp        = row(np.ldexp,        scaling, None,
                                    exact=lambda lib, x, n: x * lib.mpf(2) ** int(float(n)))
fraction     = row(FRACTION,        1, exact=lambda lib, x: x - whole(lib, x), jump=integral)
exponent     = row(EXPONENT,        None, jump=lambda x: np.abs(np.frexp(x)[0]) == 0.5)
floor_divide = row(np.floor_divide, None, None, fast=operator.floordiv, domain=INSIDE,
                                    jump=multiple,
                                    exact=lambda lib, a, b: lib.floor(a / b))
remainder    = row(np.remainder,    1, lambda y, a, b: -np.floor_divide(a, b),
                                    fast=operator.mod, domain=INSIDE, jump=multiple,
                                    exact=lambda lib, a, b: a - b * lib.floor(a / b))
# a - y is a whole multiple of b, while a / b may be rounded up to the next one.
fmod         = row(np.fmod,         1, lambda y, a, b: -np.rint((a - y) / b), domain=INSIDE,
                                    jump=multiple,
                                    exact=lambda lib, a, b: a - b * whole(lib, a / b))
# fmt: on


@operation
class Round(Op):
    """x to this many decimal digits, half to even, in the words of NumPy: rint(x 10^n) / 10^n."""

    decimals: int

    def type(self, x):
        return Type(np.round(np.zeros(0, x.dtype), self.decimals).dtype, x.shape)

    def value(self, x):
        return np.round(x, self.decimals)

    def jump(self, x):
        return halfway(x * 10.0**self.decimals)

    def d(self, y, x):
        return (None,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(1), ((2, 3),))
        yield Example(cls(-1), ((2, 3),), (-200.0, 200.0))


@implements(np.round, np.around)
def round(a: Any, decimals: int = 0, out: None = None) -> Array:
    if out is not None:
        raise UnsupportedError(
            "np.round of a traced array does not take out: write y = np.round(x)"
        )
    decimals, a = operator.index(decimals), lift(a)
    if decimals == 0 and a.dtype.kind in "fcb":
        return np.rint(a)
    return bind(Round(decimals), a)


@implements(np.fix)
def fix(x: Any, out: None = None) -> Array:
    return UFUNCS[np.trunc](x, out=out)


@implements(np.divmod)
def divmod(a: Any, b: Any, /, **options: Any) -> tuple[Array, Array]:
    return UFUNCS[np.floor_divide](a, b, **options), UFUNCS[np.remainder](a, b, **options)


@implements(np.modf)
def modf(x: Any, /, **options: Any) -> tuple[Array, Array]:
    """The fraction and the whole part, both with the sign of x."""
    y = fraction(x, **options)
    return y, np.trunc(np.astype(lift(x), y.dtype))


@implements(np.frexp)
def frexp(x: Any, /, **options: Any) -> tuple[Array, Array]:
    """The mantissa m and the exponent n of x = m 2^n, with 1/2 <= |m| < 1."""
    n = exponent(x, **options)
    return np.ldexp(lift(x), -n), n
