"""Discrete Fourier transforms: all of numpy.fft, whose transposes are Fourier transforms again.

The matrix exp(-2 pi i j k / n) is symmetric, and so is each transform of complex numbers. The
transforms of real numbers keep half of the result; see the two operations below. Van Loan,
Computational Frameworks for the Fast Fourier Transform, 1992, sections 1.1 and 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array import Array, bind, implements
from ..errors import DtypeError
from ..graph import Example, Linear, Op, Type, operation
from ..notation import applied
from .parts import complex_of, numbers, real_of
from .reduction import operand, refuse
from .structure import array_of, cast

SWAPPED = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


@lru_cache(maxsize=64)
def result_of(function: Callable, dtype: np.dtype) -> np.dtype:
    """The dtype in which NumPy gives a transform."""
    return function(np.zeros(2, dtype)).dtype


@operation
class Fourier(Op):
    """y_k = c sum_j x_j exp(-2 pi i j k / n) along `axis`; +2 pi i if `inverse`. It is symmetric.

    `norm` says, as for NumPy, in which direction c is 1 / n.
    """

    kind = "call"
    axis: int
    inverse: bool
    norm: str

    def type(self, x):
        return Type(result_of(np.fft.fft, x.dtype), x.shape)

    def value(self, x):
        return (np.fft.ifft if self.inverse else np.fft.fft)(x, axis=self.axis, norm=self.norm)

    def d(self, y, x):
        def pull(g):
            return cast(bind(self, g), x.dtype)

        return (Linear(lambda t: bind(self, t), pull),)

    def notation(self, y, x):
        name = "ifft" if self.inverse else "fft"
        return applied(name, [x], {"axis": self.axis, "norm": self.norm})

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1, False, "backward"), ((2, 3),))
        yield Example(cls(-2, True, "backward"), (numbers,))
        yield Example(cls(-1, True, "ortho"), (numbers,))


def inner(n: int) -> slice:
    """Which of the n // 2 + 1 numbers stand for two: all but those of frequency 0 and n / 2."""
    return slice(1, (n + 1) // 2)


def weighed(h: np.ndarray, axis: int, n: int, weight: float) -> np.ndarray:
    """h with the numbers that stand for two times this weight."""
    h = np.array(h)
    np.moveaxis(h, axis, -1)[..., inner(n)] *= weight
    return h


@operation
class HalfFourier(Op):
    """The first n // 2 + 1 numbers of the transform of n real ones; `twice` doubles some of them.

    The others are their conjugates. The transpose of g is the sum of Re(g_k exp(-2 pi i j k / n)),
    which is the inverse transform of conj(g) with those numbers halved that it counts twice.
    """

    kind = "call"
    axis: int
    norm: str
    twice: bool = False

    def type(self, x):
        if x.dtype.kind != "f":
            raise DtypeError(f"rfft: real floating-point numbers are needed, not {x}")
        shape = list(x.shape)
        shape[self.axis] = shape[self.axis] // 2 + 1
        return Type(result_of(np.fft.rfft, x.dtype), tuple(shape))

    def value(self, x):
        y = np.fft.rfft(x, axis=self.axis, norm=self.norm)
        return weighed(y, self.axis, x.shape[self.axis], 2) if self.twice else y

    def d(self, y, x):
        back = HalfInverse(self.axis, x.shape[self.axis], SWAPPED[self.norm], not self.twice)
        pull = lambda g: cast(bind(back, np.conjugate(g)), x.dtype)  # noqa: E731
        return (Linear(lambda t: bind(self, t), pull),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1, "backward"), ((2, 4),))
        yield Example(cls(-2, "ortho"), ((3, 2),))


@operation
class HalfInverse(Op):
    """The n real numbers of which the first n // 2 + 1 of their transform are given.

    `halved` halves those that stand for two. The transpose is conj(HalfFourier), with these
    doubled.
    """

    kind = "call"
    axis: int
    n: int
    norm: str
    halved: bool = False

    def type(self, h):
        if h.dtype.kind != "c" or h.shape[self.axis] != self.n // 2 + 1:
            raise DtypeError(f"irfft: {self.n // 2 + 1} complex numbers are needed, not {h}")
        shape = list(h.shape)
        shape[self.axis] = self.n
        return Type(real_of(h.dtype), tuple(shape))

    def value(self, h):
        h = weighed(h, self.axis, self.n, 0.5) if self.halved else h
        return np.fft.irfft(h, self.n, self.axis, self.norm)

    def d(self, y, h):
        back = HalfFourier(self.axis, SWAPPED[self.norm], not self.halved)
        pull = lambda g: np.conjugate(bind(back, g))  # noqa: E731
        return (Linear(lambda t: bind(self, t), pull),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(-1, 4, "backward"), (numbers,))
        yield Example(cls(-1, 5, "ortho"), (numbers,))


# ------------------------------------------------------------ NumPy's arguments


def norm_of(norm: Any) -> str:
    if norm not in (None, *SWAPPED):
        message = f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".'
        raise ValueError(message)
    return norm or "backward"


def along(x: Array, axis: Any) -> int:
    """The axis, counted from the end."""
    return normalize_axis_index(axis, x.ndim) - x.ndim


def sized(x: Array, n: Any, axis: int) -> Array:
    """x cut, or filled up with zeros, to length n along the axis."""
    length, n = x.shape[axis], x.shape[axis] if n is None else index(n)
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    if n < length:
        return x[(..., slice(n), *(slice(None),) * (-axis - 1))]
    if n > length:
        shape = (*x.shape[:axis], n - length, *x.shape[axis:][1:])
        return np.concatenate([x, np.zeros(shape, x.dtype)], axis=axis)
    return x


def floats(a: Any) -> Array:
    x = operand(a)
    return x if x.dtype.kind in "fc" else cast(x, np.dtype(float))


def whole(a: Any, n: Any, axis: Any, norm: Any, inverse: bool) -> Array:
    """fft and ifft."""
    x = floats(a)
    axis = along(x, axis)
    return bind(Fourier(axis, inverse, norm_of(norm)), sized(x, n, axis))


def half(a: Any, n: Any, axis: Any, norm: Any) -> Array:
    """rfft."""
    x = floats(a)
    axis = along(x, axis)
    return bind(HalfFourier(axis, norm_of(norm)), sized(x, n, axis))


def half_inverse(a: Any, n: Any, axis: Any, norm: Any) -> Array:
    """irfft."""
    x = floats(a)
    axis = along(x, axis)
    n = 2 * (x.shape[axis] - 1) if n is None else index(n)
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    h = sized(cast(x, complex_of(x.dtype)), n // 2 + 1, axis)
    return cast(bind(HalfInverse(axis, n, norm_of(norm)), h), result_of(np.fft.irfft, x.dtype))


def lengths(x: Array, s: Any, axes: Any) -> tuple[list, list[int]]:
    """The lengths and axes of a transform along several axes; length None is that of the array."""
    if axes is None:
        axes = range(-x.ndim, 0) if s is None else range(-len(s), 0)
    axes = [along(x, axis) for axis in axes]
    if s is None:
        return [None] * len(axes), axes
    if len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    found = [None if n is None or n == -1 else index(n) for n in s]
    return found, axes


# ------------------------------------------------------------ NumPy's functions


def _one_axis(function: Callable, transform: Callable) -> None:
    @implements(function)
    def call(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Array:
        refuse(f"fft.{function.__name__}", out=out)
        return transform(a, n, axis, norm)


def _several_axes(function: Callable, transform: Callable, default: Any) -> None:
    @implements(function)
    def call(
        a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: None = None
    ) -> Array:
        refuse(f"fft.{function.__name__}", out=out)
        x = operand(a)
        # Along no axes NumPy gives the argument as it is, of whatever dtype.
        return transform(floats(x) if x.ndim else array_of(x), s, axes, norm)


def whole_nd(x: Array, s: Any, axes: Any, norm: Any, inverse: bool) -> Array:
    """fftn and ifftn."""
    ns, found = lengths(x, s, axes)
    for n, axis in reversed([*zip(ns, found, strict=True)]):
        x = whole(x, n, axis, norm, inverse)
    return x


def half_nd(x: Array, s: Any, axes: Any, norm: Any) -> Array:
    """rfftn."""
    ns, found = lengths(x, s, axes)
    x = half(x, ns[-1], found[-1], norm)
    for n, axis in reversed([*zip(ns[:-1], found[:-1], strict=True)]):
        x = whole(x, n, axis, norm, False)
    return x


def half_inverse_nd(x: Array, s: Any, axes: Any, norm: Any) -> Array:
    """irfftn."""
    ns, found = lengths(x, s, axes)
    for n, axis in zip(ns[:-1], found[:-1], strict=True):
        x = whole(x, n, axis, norm, True)
    return half_inverse(x, ns[-1], found[-1], norm)


def hermitian(a: Any, n: Any, axis: Any, norm: Any) -> Array:
    """hfft, of which NumPy says that it is irfft the other way round."""
    return half_inverse(np.conjugate(floats(a)), n, axis, SWAPPED[norm_of(norm)])


def hermitian_inverse(a: Any, n: Any, axis: Any, norm: Any) -> Array:
    """ihfft."""
    return np.conjugate(half(a, n, axis, SWAPPED[norm_of(norm)]))


FORWARD, BACK = partial(whole_nd, inverse=False), partial(whole_nd, inverse=True)
_one_axis(np.fft.fft, partial(whole, inverse=False))
_one_axis(np.fft.ifft, partial(whole, inverse=True))
_one_axis(np.fft.rfft, half)
_one_axis(np.fft.irfft, half_inverse)
_one_axis(np.fft.hfft, hermitian)
_one_axis(np.fft.ihfft, hermitian_inverse)
for _axes, _functions in (
    ((-2, -1), (np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2)),
    (None, (np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn)),
):
    _transforms: tuple[Callable, ...] = (FORWARD, BACK, half_nd, half_inverse_nd)
    for _function, _transform in zip(_functions, _transforms, strict=True):
        _several_axes(_function, _transform, _axes)
