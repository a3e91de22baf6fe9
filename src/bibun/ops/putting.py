"""Writing into a part of an array: the array with other numbers where an operation reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from ..array import Array, bind, enter, innermost, lift
from ..errors import ShapeError
from ..graph import Example, Op, operation, type_of
from ..notation import ATOM, Text
from ..zeros import parts, select, zeroed, zeros_like
from .structure import expand_to

BOOL = np.dtype(bool)
EXAMPLES: list[Example] = []  # of the operations that read, which are made of this one


class Write(Op):
    """x with v written where `read` would read: the arguments are x, the index arrays, and v."""

    kind = "call"
    keeps_zeros = True
    read: Any  # a Slice or a Gather
    writer: ClassVar[str]  # the method of the read that makes what changes a plain array in place

    def type(self, x, *rest):
        *indices, v = rest
        needed = self.read.type(x, *indices)
        if needed != v:
            raise ShapeError(f"put: {self.read} of {x} needs {needed}, not {v}")
        return x

    def value(self, x, *rest):
        return self.kernel(type_of(x), *map(type_of, rest))(x, *rest)

    def kernel(self, x, *rest):
        write = getattr(self.read, self.writer)(x, *rest)

        def run(x, *rest):
            y = x.copy("K")
            write(y, *rest)
            return y

        return run

    def batch(self, args, stacked, n):
        x, *indices, v = args
        first, *flags, last = stacked
        indices = self.read.widened(indices, flags) if indices else indices
        x = x if first else expand_to(x, (n, *x.shape))
        return bind(self, x, *indices, v if last else expand_to(v, (n, *v.shape)))

    def notation(self, y, x, *rest):
        """The array, and what is written at which place."""
        *indices, v = rest
        return Text(f"{self.name}({x}, {v} → [{self.read.brackets(*indices)}])", ATOM)


@operation
class Put(Write):
    """y = x, but v where `read` would read. Of what is written to one place, the last stays.

    The arguments are x, the index arrays of the read, and v.
    """

    read: Any  # a Slice or a Gather
    writer = "assigner"

    def push(self, y, args, tangents):
        (x, *indices, v), (s, *_, t) = args, tangents
        if s is None and t is None:
            return None
        # What is zero on one side, because nothing of it changes, is zero structurally.
        moved = bind(
            self, zeros_like(x) if s is None else s, *indices, zeros_like(v) if t is None else t
        )
        if s is not None and t is not None and parts(s) is None and parts(t) is None:
            return moved
        mask = bind(self, touched(x, s), *indices, touched(v, t))
        return zeroed(mask, moved)

    def pull(self, y, args, g, wanted):
        x, *indices, v = args
        into_x = into_v = None
        if wanted[0]:
            mask = bind(self, everywhere(x, True), *indices, everywhere(v, False))
            into_x = zeroed(mask, bind(self, g, *indices, zeros_like(v)))
        if wanted[-1]:
            into_v = self._stayed(x, indices, v, bind(self.read, g, *indices))
        return (into_x, *(None for _ in indices), into_v)

    def _stayed(self, x: Array, indices: Sequence, v: Array, g: Array) -> Array:
        """g where v was not overwritten by what v itself writes to the same place."""
        if not self.read.repeats:
            return g
        order = lift(np.arange(v.size).reshape(v.shape))
        written = bind(self, everywhere(x, 0, order.dtype), *indices, order)
        return select(bind(self.read, written, *indices) == order, g)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for op, args, _ in EXAMPLES:
            yield Example(cls(op), args)


@operation
class AddAt(Write):
    """y = x, with v added where `read` would read, one after the other: numpy.add.at.

    The arguments are x, the index arrays of the read (a Gather), and v.
    """

    read: Any
    writer = "adder"

    def push(self, y, args, tangents):
        (x, *indices, v), (s, *_, t) = args, tangents
        if t is None:
            return s
        moved = bind(self, zeros_like(x) if s is None else s, *indices, t)
        if s is not None and parts(s) is None:
            return moved
        counts = bind(self, *(np.astype(m, x.dtype) if m.dtype == BOOL else m for m in (
            touched(x, s), *indices, touched(v, t)
        )))  # fmt: skip
        return zeroed(counts != 0, moved)

    def pull(self, y, args, g, wanted):
        into_v = bind(self.read, g, *args[1:-1]) if wanted[-1] else None
        return (g if wanted[0] else None, *(None for _ in args[1:-1]), into_v)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for op, args in ((op, args) for op, args, _ in EXAMPLES if len(args) > 2):
            yield Example(cls(op), args)


def put(x: Array, read: Op, indices: Sequence, v: Array) -> Array:
    """x with v where `read`, with its indices, reads; x itself if v has just been put there."""
    trace = innermost((x, *indices, v))
    op = Put(read)
    if trace is not None:
        made = trace.entries[enter(trace, x)]
        if made[0] == op and made[2:] == tuple([enter(trace, a) for a in (*indices, v)]):
            return x
    return bind(op, x, *indices, v)


def everywhere(like: Array, number: Any, dtype: Any = BOOL) -> Array:
    """An array of the shape of another that consists of one number."""
    trace = innermost((like,))
    if trace is None:
        return Array(None, -1, np.full(like.shape, number, dtype))
    i = trace.scalar(number, dtype)
    return expand_to(Array(trace, i, trace.values[i]), like.shape)


def touched(like: Array, t: Any) -> Array:
    """Where a tangent or cotangent of the shape of `like` is not structurally zero."""
    if t is None:
        return everywhere(like, False)
    inner = parts(t)
    return everywhere(t, True) if inner is None else inner[0]
