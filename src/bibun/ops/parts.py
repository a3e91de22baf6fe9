"""Complex numbers and their parts: real, imaginary, absolute value, sign, angle, conjugate.

These are the maps between real and complex numbers. A derivative is linear over the reals, and its
transpose is that for the pairing Re(g t), without any conjugation; see docs/complex.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import Array, bind, implements, is_number, lift
from ..errors import DtypeError, said
from ..graph import Example, Linear, Op, Type, operation, symmetric
from ..memory import view
from ..notation import ATOM, FACTOR, Text
from ..zeros import carry, select
from .elementwise import row
from .formula import Formula
from .structure import Copy, array_of, cast


def real_of(dtype: np.dtype) -> np.dtype:
    """The dtype of the parts of a complex number."""
    return np.finfo(dtype).dtype


def complex_of(dtype: np.dtype) -> np.dtype:
    """The dtype of complex numbers with parts of this dtype (half precision has none)."""
    return np.result_type(dtype, np.complex64)


def numbers(rng: np.random.Generator) -> np.ndarray:
    """An example of complex numbers."""
    return rng.uniform(-1, 1, (2, 3)) + 1j * rng.uniform(0.5, 2, (2, 3))


class Part(Op):
    """One of the two parts of complex numbers."""

    def type(self, x):
        if x.dtype.kind != "c":
            raise DtypeError(f"{self.name}: a complex array is needed, not {x}")
        return Type(real_of(x.dtype), x.shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (numbers,))


@operation
class Real(Part):
    """y = Re x. The transpose of a cast from real to complex numbers."""

    def value(self, x):
        return x.real

    def written(self, x, rest, y):
        return cast(y, x.dtype) + imaginary(np.imag(x))

    def notation(self, y, x):
        return Text(f"Re({x})", ATOM)

    def d(self, y, x):
        return (Linear(np.real, lambda g: carry(lambda g: cast(g, x.dtype), g)),)


@operation
class Imag(Part):
    """y = Im x. Since Re(-ig t) = g Im t, its transpose gives -ig."""

    def value(self, x):
        return x.imag

    def view(self, x):
        return x.imag if x.dtype.kind == "c" else x  # a model of memory has no complex numbers

    def written(self, x, rest, y):
        return cast(np.real(x), x.dtype) + imaginary(y)

    def notation(self, y, x):
        return Text(f"Im({x})", ATOM)

    def d(self, y, x):
        return (Linear(lambda t: carry(np.imag, t), lambda g: carry(lambda g: -imaginary(g), g)),)


@operation
class Imaginary(Op):
    """y = ix for real x. Not 1j * x: 0 * inf would be nan."""

    def type(self, x):
        if x.dtype.kind != "f":
            raise DtypeError(f"imaginary: a real floating-point array is needed, not {x}")
        return Type(complex_of(x.dtype), x.shape)

    def value(self, x):
        y = np.zeros(x.shape, complex_of(x.dtype))
        y.imag = x
        return y[()]

    def notation(self, y, x):
        return Text("i", ATOM) if x.number == 1 else Text(f"i {x:power}", FACTOR)

    def d(self, y, x):
        return (
            Linear(
                lambda t: carry(imaginary, t),
                lambda g: carry(lambda g: cast(-np.imag(g), x.dtype), g),
            ),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3),))


def imaginary(x: Any) -> Array:
    """ix for a real x."""
    return bind(Imaginary(), x)


# ------------------------------------------------------------ the two parts as one


def mirror() -> Linear:
    """Conjugation: Re(g conj(t)) = Re(conj(g) t), so that it is its own transpose."""
    return symmetric(lambda t: carry(np.conjugate, t))


def modulus(x: Any) -> Linear:
    """The derivative of |x|: Re(conj(s) t) with s = x / |x|, and 0 at x = 0."""
    unit = np.conjugate(np.sign(x))
    return Linear(
        lambda t: carry(lambda t: np.real(unit * t), t),
        lambda g: carry(lambda g: unit * g, g),
    )


def turn(x: Any) -> Linear:
    """The derivative of s = x / |x|: i s Im(conj(s) t) / |x|, and 0 at x = 0.

    With r = -Im(g s) / |x| its transpose gives -ir conj(s), since Re(-i r conj(s) t) is
    r Im(conj(s) t).
    """
    s, size = np.sign(x), np.abs(x)
    unit = np.conjugate(s)

    def push(t):
        return s * imaginary(np.imag(unit * t) / size)

    def pull(g):
        return unit * imaginary(np.imag(g * s) / size)

    return Linear(
        lambda t: select(size != 0, carry(push, t)), lambda g: select(size != 0, carry(pull, g))
    )


# ------------------------------------------------------------ NumPy's functions


@implements(np.real)
def real(val: Any) -> Array:
    x = lift(val)
    return part(Real(), x) if x.dtype.kind == "c" else x


@implements(np.imag)
def imag(val: Any) -> Array:
    x = lift(val)
    if x.dtype.kind == "c":
        return part(Imag(), x)
    y = np.zeros_like(x)
    return y[()] if is_number(x) else y


def part(op: Part, x: Array) -> Array:
    """One part of complex numbers: a view of them, but of a single number of NumPy's."""
    return view(op, x) if x.shape or type(x.raw) is np.ndarray else bind(op, x)


@implements("imag=")
def set_imag(x: Any, value: Any) -> None:
    x = lift(x)
    if x.dtype.kind != "c":
        raise TypeError("array does not have imaginary part to set")
    np.imag(x)[...] = value


# Of real numbers: 0 for positive ones, pi for negative ones.
ANGLE = Formula("angle", lambda x: np.arctan2(0, x), like=np.spacing)
angle_of = row(ANGLE, None, exact=lambda lib, x: lib.pi if x < 0 else 0 * lib.pi)


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Array:
    x = lift(z)
    if x.dtype.kind == "c":
        y = np.arctan2(np.imag(x), np.real(x))
    else:
        y = angle_of(cast(x, np.dtype(int)) if x.dtype == bool else x)
    return y * (180 / np.pi) if deg else y


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Array:
    """Which it is depends on the values; they must be known."""
    x = array_of(lift(a))
    return x if np.iscomplexobj(np.real_if_close(x.numpy(), tol)) else np.real(x)


@implements(np.sort_complex)
def sort_complex(a: Any) -> Array:
    x = np.sort(lift(a))
    return x if x.dtype.kind == "c" else cast(x, np.sort_complex(np.zeros(0, x.dtype)).dtype)


def by_parts(f: Any, x: Any) -> Any:
    """f of the real and of the imaginary part of x, as one complex number."""
    return f(np.real(x)) + imaginary(f(np.imag(x)))


@implements(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, **options: Any) -> Array:
    a, dtype = lift(x), np.dtype(dtype)
    if a.dtype.kind == "c" and dtype.kind not in "cb":
        message = "Casting complex values to real discards the imaginary part"
        said.count += 1
        warnings.warn(message, np.exceptions.ComplexWarning, stacklevel=2)
    y = cast(a, dtype)
    return bind(Copy(), a) if copy and y is a else y
