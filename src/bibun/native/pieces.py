"""Arrays that are put together from pieces: what becomes of scatters, stacks and concatenations.

A `Blank` is memory, each `Piece` writes or adds its argument to a part of it, and the `Whole` is
that memory after all its pieces. They exist in graphs on their way to native code only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ..array import Array, bind, enter, lift
from ..graph import Constant, Example, Graph, Item, Op, Type, operation
from ..loops.statements import KINDS
from ..ops.calls import Call, CustomGradient, CustomTangent
from ..ops.gather import Scatter, Slice
from ..ops.joining import Concatenate, Stack
from ..recording import Trace, building
from . import exponentials


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
    """x where `read` reads of a blank, written or added to what is there."""

    kind = "call"
    read: Slice
    add: bool

    def type(self, blank, x):
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


INTERNAL = (Blank, Piece, Whole)


def expanded(graph: Graph) -> Graph:
    """The same function, with inner graphs in their places and arrays put together from pieces."""
    with building() as trace:
        inputs = [Array(trace, trace.input(t), t) for t in graph.input_types]
        results = [enter(trace, a) for a in _evaluated(graph, inputs, trace)]
        return trace.close([a.index for a in inputs], results)[0]


def _evaluated(graph: Graph, inputs: Sequence[Array], trace: Trace) -> list[Array]:
    """The results of a graph on traced arrays."""
    env: list[Any] = list(inputs)
    for _, n in graph.body():
        args = [env[a] for a in n.args]
        if isinstance(n.op, Item):
            env.append(args[0][n.op.index])
        elif isinstance(n.op, Constant):
            env.append(Array(trace, trace.constant(n.op), n.type))
        else:
            change = CHANGES.get(type(n.op))
            found = None if change is None else change(n.op, args, trace)
            env.append(bind(n.op, *args) if found is None else found)
    return [lift(env[o]) for o in graph.outputs]


def _inlined(op: Any, args: Sequence[Array], trace: Trace) -> Any:
    found = _evaluated(op.graph if isinstance(op, Call) else op.forward, args, trace)
    return found[0] if len(found) == 1 else tuple(found)


def _scattered(op: Scatter, args: Sequence[Array], trace: Trace) -> Array | None:
    if not args or any(not isinstance(read, Slice) for read in op.reads):
        return None
    return together(Type(args[0].dtype, op.shape), op.reads, args, True, trace)


def _stacked(op: Stack, args: Sequence[Array], trace: Trace) -> Array | None:
    places = [Slice((k, *(None,) * (-op.axis - 1))) for k in range(len(args))]
    return together(op.type(*map(_type, args)), places, args, False, trace)


def _concatenated(op: Concatenate, args: Sequence[Array], trace: Trace) -> Array | None:
    ends = accumulate(a.shape[op.axis] for a in args)
    places = [
        Slice(((end - a.shape[op.axis], end, 1), *(None,) * (-op.axis - 1)))
        for a, end in zip(args, ends, strict=True)
    ]
    return together(op.type(*map(_type, args)), places, args, False, trace)


def _type(a: Array) -> Type:
    return Type(a.dtype, a.shape)


def together(
    of: Type, reads: Sequence[Any], args: Sequence[Array], add: bool, trace: Trace
) -> Array | None:
    """An array from pieces; None for numbers that native code does not know."""
    if of.dtype not in KINDS:
        return None
    blank = Array(trace, trace.add((Blank(of, add, len(trace.entries)),), of), of)
    return bind(Whole(), *(bind(Piece(r, add), blank, x) for r, x in zip(reads, args, strict=True)))


CHANGES: dict[type, Callable[[Any, Sequence[Array], Trace], Any]] = {
    Scatter: _scattered, Stack: _stacked, Concatenate: _concatenated,
    Call: _inlined, CustomGradient: _inlined, CustomTangent: _inlined, **exponentials.CHANGES,
}  # fmt: skip
