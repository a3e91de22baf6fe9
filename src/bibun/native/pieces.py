"""Arrays that are put together from pieces: scatters, stacks, concatenations, and writes.

A `Blank` is memory, each `Piece` writes or adds its argument to a part of it, and the `Whole` is
that memory after all its pieces. Indices are made safe first: what is `Picked` lies `Within` its
axis. All of them exist in graphs on their way to native code only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ..array import Array, bind, enter, lift
from ..graph import Constant, Example, Graph, Item, Op, Type, operation
from ..loops.statements import KINDS
from ..ops.calls import Call, CustomGradient, CustomTangent
from ..ops.gather import Gather, Read, Scatter, Slice
from ..ops.joining import Concatenate, Stack
from ..ops.matmul import MatMul
from ..ops.putting import AddAt, Put
from ..ops.structure import Expand, Reshape, Transpose
from ..recording import Trace, building
from . import exponentials, firsts
from .hot import one_hot


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
    the read; and x.
    """

    kind = "call"
    read: Read
    add: bool

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


INTERNAL = (Blank, Piece, Whole)
EVERYTHING = Slice(())


def expanded(graph: Graph) -> tuple[Graph, list[int]]:
    """The same function, with inner graphs in their places and arrays put together from pieces.

    And of each of its nodes, from which node it comes.
    """
    with building() as trace:
        inputs = [Array(trace, trace.input(t), t) for t in graph.input_types]
        results = [enter(trace, a) for a in _evaluated(graph, inputs, trace, True)]
        new, order = trace.close([a.index for a in inputs], results)
        return new, [trace.positions[i][1] for i in order]


def _evaluated(
    graph: Graph, inputs: Sequence[Array], trace: Trace, told: bool = False
) -> list[Array]:
    """The results of a graph on traced arrays; its entries are told of which node they are made."""
    env: list[Any] = list(inputs)
    uses = Counter([*graph.outputs, *(a for _, n in graph.body() for a in n.args)])
    for i, n in graph.body():
        if told:
            trace.come_from(i)
        args = [env[a] for a in n.args]
        if isinstance(n.op, Item):
            env.append(args[0][n.op.index])
        elif isinstance(n.op, Constant):
            env.append(Array(trace, trace.constant(n.op), n.type))
        elif isinstance(n.op, Put | AddAt):
            alone = uses[n.args[0]] == 1 and n.args[0] >= graph.arity
            found = _written(n.op, args, trace, alone)
            env.append(bind(n.op, *args) if found is None else found)
        else:
            change = CHANGES.get(type(n.op))
            found = None if change is None else change(n.op, args, trace)
            env.append(bind(n.op, *args) if found is None else found)
    return [lift(env[o]) for o in graph.outputs]


def _inlined(op: Any, args: Sequence[Array], trace: Trace) -> Any:
    found = _evaluated(op.graph if isinstance(op, Call) else op.forward, args, trace)
    return found[0] if len(found) == 1 else tuple(found)


def _gathered(op: Gather, args: Sequence[Array], trace: Trace) -> Array | None:
    indices = inside(op, args[0].shape, args[1:], trace)
    return None if indices is None else bind(Picked(op), args[0], *indices)


def inside(
    read: Read, shape: tuple[int, ...], indices: Sequence[Array], trace: Trace
) -> list[Array] | None:
    """The indices of a read, made safe; None if some are known to be wrong."""
    found = []
    for axis, i in zip(getattr(read, "axes", ()), indices, strict=True):
        n, known = shape[axis], fixed(i, trace)
        if known is None:
            safe = bind(Within(n), i)
        elif np.any((known < -n) | (known >= n)):
            return None
        elif np.all(known >= 0):
            safe = i
        else:
            positive = np.where(known < 0, known + n, known)
            constant = Constant(positive.dtype, positive.tobytes(), positive.shape)
            safe = Array(trace, trace.constant(constant), Type(positive.dtype, positive.shape))
        if n == 0 and safe.shape:
            return None  # of an axis without places there is no safe index
        found.append(safe)
    return found


def fixed(a: Array, trace: Trace) -> np.ndarray | None:
    """The numbers in an array if they are the same at each call: a constant, or views of one."""
    views: list[Any] = []
    op, *below = trace.entries[a.index]
    while isinstance(op, Expand | Reshape | Transpose):
        views.append(op)
        op, *below = trace.entries[below[0]]
    if not isinstance(op, Constant):
        return None
    value = op.value()
    for view in reversed(views):
        value = view.value(value)
    return value


def _scattered(op: Scatter, args: Sequence[Array], trace: Trace) -> Array | None:
    if not args:
        return None
    safe = []
    for read, (*indices, g) in zip(op.reads, op.groups(args), strict=True):
        found = inside(read, op.shape, indices, trace)
        if found is None:
            return None
        safe.append((*found, g))
    if len(safe) == 1 and isinstance(op.reads[0], Gather):
        dense = one_hot(op.reads[0], op.shape, safe[0], [fixed(i, trace) for i in safe[0][:-1]])
        if dense is not None:
            return dense
    return together(Type(args[-1].dtype, op.shape), op.reads, safe, True, trace)


def _written(op: Put | AddAt, args: Sequence[Array], trace: Trace, alone: bool) -> Array | None:
    """An array with a part written; in its own memory, if that is new and nobody else reads it."""
    x, *indices, v = args
    safe = inside(op.read, x.shape, indices, trace)
    if safe is None or x.dtype not in KINDS:
        return None
    entry = trace.entries[x.index]
    if alone and isinstance(entry[0], Whole):
        start = x
    else:
        start = bind(Piece(EVERYTHING, False), memory(_type(x), False, trace), x)
    return bind(Whole(), bind(Piece(op.read, isinstance(op, AddAt)), start, *safe, v))


def _multiplied(op: MatMul, args: Sequence[Array], trace: Trace) -> Array | None:
    """A product with the identity matrix is the other matrix."""
    for k, a in enumerate(args):
        known = fixed(a, trace) if a.ndim == 2 and a.shape[0] == a.shape[1] else None
        if known is not None and np.array_equal(known, np.eye(len(known))):
            return args[1 - k]
    return None


def _stacked(op: Stack, args: Sequence[Array], trace: Trace) -> Array | None:
    places = [Slice((k, *(None,) * (-op.axis - 1))) for k in range(len(args))]
    return together(op.type(*map(_type, args)), places, [(a,) for a in args], False, trace)


def _concatenated(op: Concatenate, args: Sequence[Array], trace: Trace) -> Array | None:
    ends = accumulate(a.shape[op.axis] for a in args)
    places = [
        Slice(((end - a.shape[op.axis], end, 1), *(None,) * (-op.axis - 1)))
        for a, end in zip(args, ends, strict=True)
    ]
    return together(op.type(*map(_type, args)), places, [(a,) for a in args], False, trace)


def _type(a: Array) -> Type:
    return Type(a.dtype, a.shape)


def together(
    of: Type, reads: Sequence[Any], args: Sequence[Sequence[Array]], add: bool, trace: Trace
) -> Array | None:
    """An array from pieces; None for numbers that native code does not know."""
    if of.dtype not in KINDS:
        return None
    blank = memory(of, add, trace)
    pieces = (bind(Piece(r, add), blank, *rest) for r, rest in zip(reads, args, strict=True))
    return bind(Whole(), *pieces)


def memory(of: Type, zero: bool, trace: Trace) -> Array:
    """A blank."""
    return Array(trace, trace.add((Blank(of, zero, len(trace.entries)),), of), of)


CHANGES: dict[type, Callable[[Any, Sequence[Array], Trace], Any]] = {
    Scatter: _scattered, Gather: _gathered, Stack: _stacked, Concatenate: _concatenated,
    MatMul: _multiplied, Call: _inlined, CustomGradient: _inlined, CustomTangent: _inlined,
    **exponentials.CHANGES, **firsts.CHANGES,
}  # fmt: skip
