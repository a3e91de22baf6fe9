"""Graphs as the fields of operations: what control flow does with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...array import Array
from ...errors import DtypeError
from ...graph import Graph, Op, Type, canonical
from ...walk import batch, build, evaluate, outputs, stack
from ..calls import Call, program

Flags = tuple[bool, ...]


def several(y: Any) -> tuple:
    """The results of an operation as a tuple."""
    return y if type(y) is tuple else (y,)


def single(y: Sequence) -> Any:
    """Results as an operation gives them: one of them bare."""
    return y[0] if len(y) == 1 else tuple(y)


def check(op: Op, given: Sequence[Type], needed: Sequence[Type]) -> None:
    """An error if an operation is applied to other types than its graphs were made for."""
    if tuple(given) != tuple(needed):
        texts = [", ".join(map(str, types)) for types in (needed, given)]
        raise DtypeError(f"{op.name}: the graph was made for ({texts[0]}), not for ({texts[1]})")


def chosen(values: Iterable[Any], flags: Iterable[bool]) -> list[Any]:
    """The values that have their flag."""
    return [v for v, f in zip(values, flags, strict=True) if f]


def cut(values: Sequence[Any], sizes: Iterable[int]) -> list[list[Any]]:
    """Values in pieces of these sizes; what remains is the last piece."""
    pieces, start = [], 0
    for n in sizes:
        pieces.append(list(values[start : start + n]))
        start += n
    return [*pieces, list(values[start:])]


def own(results: Sequence[Any], args: Sequence[Any]) -> Any:
    """The results of an operation, none of them an argument of it itself."""
    known = {id(a) for a in args}
    return single([np.array(y)[()] if id(y) in known else y for y in results])


@lru_cache(maxsize=512)
def placed(graph: Graph, types: tuple[Type, ...], places: tuple[int, ...]) -> Graph:
    """The graph as a function of arguments of these types; its inputs stand at `places`."""

    def f(*args: Array) -> list[Array]:
        return outputs(graph, evaluate(graph, [args[p] for p in places]))

    return build(types, f)


def used(graph: Graph) -> Flags:
    """Which inputs something depends on."""
    read = {a for _, n in graph.body() for a in n.args} | set(graph.outputs)
    return tuple(i in read for i in range(graph.arity))


def without(graph: Graph, keep: Flags) -> Graph:
    """The graph without inputs that nothing depends on."""
    entries = [(n.op, *n.args) for _, n in graph]
    types = [n.type for _, n in graph]
    return canonical(entries, types, chosen(graph.inputs, keep), graph.outputs)[0]


def part_of(graph: Graph, kept: Sequence[int]) -> Graph:
    """The graph with some of its outputs."""
    entries = [(n.op, *n.args) for _, n in graph]
    types = [n.type for _, n in graph]
    return canonical(entries, types, graph.inputs, [graph.outputs[i] for i in kept])[0]


def settle(flags: Flags, more: Callable[[Flags], Iterable[bool]]) -> Flags:
    """The least flags that contain these and whatever `more` finds reached from them."""
    while True:
        new = tuple(a or b for a, b in zip(flags, more(flags), strict=True))
        if new == flags:
            return flags
        flags = new


def wide(graph: Graph, n: int, stacked: Flags, needed: Flags) -> tuple[Graph, Flags]:
    """The graph over a new first axis of its stacked inputs, and which outputs then have it.

    Those that are needed with that axis have it in any case.
    """
    found: list[bool] = []

    def over(*args: Array) -> list[Array]:
        results = batch(graph, args, stacked, n)
        found[:] = [w or m for (_, w), m in zip(results, needed, strict=True)]
        return [y if w or not m else stack(y, n) for (y, w), m in zip(results, needed, strict=True)]

    types = [
        Type(t.dtype, (n, *t.shape)) if s else t
        for t, s in zip(graph.input_types, stacked, strict=True)
    ]
    return build(types, over), tuple(found)


def whole(op: Op, types: Sequence[Type], n: int) -> Call:
    """The operation over a new first axis of all its arguments."""
    stacked = [Type(t.dtype, (n, *t.shape)) for t in types]
    flags = (True,) * len(stacked)
    return Call(build(stacked, lambda *args: several(op.batch(args, flags, n))))


__all__ = [
    "Flags",
    "check",
    "chosen",
    "cut",
    "own",
    "part_of",
    "placed",
    "program",
    "settle",
    "several",
    "single",
    "used",
    "whole",
    "wide",
    "without",
]
