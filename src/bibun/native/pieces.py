"""Operations that exist in graphs on their way to native code only.

Arrays are put together from pieces: a `Blank` is memory, each `Piece` writes or adds its argument
to a part of it, and the `Whole` is that memory after all its pieces. What is `Picked` at indices
lies `Within` its axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..array import Array, bind
from ..graph import Example, Op, Type, operation
from ..loops.statements import KINDS
from ..ops.gather import Gather, Read, Slice
from ..ops.hermitian import HermitianEigh, symmetric
from ..ops.structure import Reshape
from ..recording import Trace


@operation
class Blank(Op):
    """Memory: zeros, or whatever is there."""

    of: Type
    zero: bool
    number: int  # which tells it apart from others of its type

    def type(self):
        return self.of

    def value(self):
        return np.zeros(self.of.shape, self.of.dtype)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(Type(np.dtype(float), (2, 3)), True, 0), ())


@operation
class Piece(Op):
    """x where `read` reads of a blank, written or added to what is there.

    The arguments are the blank, or what it is after another piece that comes first; the indices of
    the read; and x. `inside` are views of what is read there, one of another, of which x takes the
    place of the last one. `number` tells it apart from others that add the same to the same places.
    """

    kind = "call"
    read: Read
    add: bool
    inside: tuple[Slice | Reshape, ...] = ()
    number: int = 0

    def type(self, blank, *rest):
        return blank

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(Slice((0, None)), True), ((2, 3), (3,)))


@operation
class Whole(Op):
    """A blank after all its pieces."""

    kind = "call"

    def type(self, *pieces):
        return pieces[0]

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3), (2, 3)))


@operation
class Within(Op):
    """Indices of an axis, counted from its beginning; a call with others fails."""

    extent: int

    def type(self, i):
        return Type(np.dtype(np.int64), i.shape)

    def value(self, i):
        if np.any((i < -self.extent) | (i >= self.extent)):
            raise IndexError(f"an index does not lie within an axis of length {self.extent}")
        return np.where(i < 0, i + np.int64(self.extent), i)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(3), (lambda rng: rng.integers(-3, 3, (2, 3)),))


@operation
class Picked(Op):
    """What a Gather reads whose indices are known to lie within their axes."""

    kind = "call"
    read: Gather

    def type(self, x, *indices):
        return self.read.type(x, *indices)

    def value(self, x, *indices):
        return self.read.value(x, *indices)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(Gather((-2,), 1)), ((3, 2), lambda rng: np.array([2, 0])))


@operation
class Windows(Op):
    """y[..., k, i] = x[..., k + i]: so many neighbours, for each place where there are as many."""

    kind = "view"
    size: int

    def type(self, x):
        return Type(x.dtype, (*x.shape[:-1], x.shape[-1] - self.size + 1, self.size))

    def value(self, x):
        return np.lib.stride_tricks.sliding_window_view(x, self.size, axis=-1)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(3), ((2, 5),))


@operation
class Joined(Op):
    """Complex numbers with these real and imaginary parts."""

    kind = "call"

    def type(self, re, im):
        return Type(np.result_type(re.dtype, np.complex64), re.shape)

    def value(self, re, im):
        y = np.empty(re.shape, np.result_type(re.dtype, np.complex64))
        y.real, y.imag = re, im
        return y[()]

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3), (2, 3)))


@operation
class HermitianPair(Op):
    """Eigenvalues of a Hermitian matrix and both parts of its eigenvectors (`HermitianEigh`)."""

    kind = "call"

    def type(self, re, im):
        return Type(re.dtype, re.shape[:-1]), re, im

    def value(self, re, im):
        w, v = HermitianEigh().value(Joined().value(re, im))
        return w, np.ascontiguousarray(v.real), np.ascontiguousarray(v.imag)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (symmetric, lambda rng: np.zeros((3, 3))))


@operation
class Unit(Op):
    """A power of two that brings |x| near 1 if x is multiplied by it; 1 for 0, inf and nan."""

    def type(self, x):
        return x

    def value(self, x):
        power = np.frexp(x)[1]
        good, most = np.isfinite(x) & (x != 0), np.finfo(x.dtype).maxexp - 2
        return np.where(good, np.ldexp(x.dtype.type(1), np.clip(-power, -most, most)), 1)[()]

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3),))


INTERNAL = (Blank, Piece, Whole)
EVERYTHING = Slice(())


def together(
    of: Type,
    reads: Sequence[Any],
    args: Sequence[Sequence[Array]],
    add: bool,
    trace: Trace,
    zero: bool | None = None,
) -> Array | None:
    """An array from pieces; None for numbers that native code does not know.

    Pieces that are added begin with zeros, unless `zero` says otherwise.
    """
    if of.dtype not in KINDS:
        return None
    blank = memory(of, add if zero is None else zero, trace)
    each = enumerate(zip(reads, args, strict=True))
    pieces = (bind(Piece(r, add, number=k), blank, *rest) for k, (r, rest) in each)
    return bind(Whole(), *pieces)


def memory(of: Type, zero: bool, trace: Trace) -> Array:
    """A blank."""
    return Array(trace, trace.add((Blank(of, zero, len(trace.entries)),), of), of)
