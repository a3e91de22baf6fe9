"""One of several graphs, chosen by a number: cond and switch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...array import Array, bind
from ...errors import ShapeError
from ...graph import Example, Graph, Op, Type, operation
from ...notation import ATOM, Text
from ...walk import batch, build, evaluate, pull, push, stack
from .graphs import Flags, check, own, program, several, single, whole, wide
from .signals import Kinds, kinds, packed, plainer, unpacked, wired


@operation
class Branches(Op):
    """The results of branches[i](x, ...): the first argument is i, between 0 and the last branch.

    Where only some branches lead to an argument, its cotangent is a structural zero if another
    branch was taken.
    """

    kind = "control"
    branches: tuple[Graph, ...]

    def type(self, i, *args):
        if i.shape != () or i.dtype.kind not in "biu":
            raise ShapeError(f"branches: the index must be one integer or bool, not {i}")
        check(self, args, self.branches[0].input_types)
        return single(self.branches[0].output_types)

    def value(self, i, *args):
        return own(program(self._taken(i))(*args), args)

    def exactly(self, lib, i, *args):
        return single(lib.program(self._taken(i))(*args))

    def _taken(self, i):
        return self.branches[max(0, min(int(i), len(self.branches) - 1))]

    def push(self, y, args, tangents):
        given = kinds(tangents[1:])
        branches, found = tangents_of(self.branches, given)
        if not any(found):
            return None
        results = bind(Branches(branches), *args, *packed(tangents[1:], given, args[1:]))
        return single(unpacked(several(results), found))

    def pull(self, y, args, g, wanted):
        y, g = several(y), several(g)
        given = kinds(g)
        branches, found = cotangents_of(self.branches, given, wanted[1:])
        if not any(found):
            return (None,) * len(args)
        results = bind(Branches(branches), *args, *packed(g, given, y))
        return (None, *unpacked(several(results), found))

    def batch(self, args, stacked, n):
        of, rest = self.branches, stacked[1:]
        none = (False,) * len(of[0].outputs)
        if not stacked[0]:
            flags = none
            for b in of:
                flags = tuple(map(max, flags, wide(b, n, rest, flags)[1]))
            op = Branches(tuple(wide(b, n, rest, flags)[0] for b in of))
            y = several(bind(op, *args))
            return single([a if w else stack(a, n) for a, w in zip(y, flags, strict=True)])
        # Every branch runs, and `where` keeps what is not taken out of values and derivatives.
        results = [[a if w else stack(a, n) for a, w in batch(b, args[1:], rest, n)] for b in of]
        return single([choose(args[0], each) for each in zip(*results, strict=True)])

    def runs(self):
        return [(graph, 1) for graph in self.branches]

    def refined(self, better):
        return Branches(tuple(map(better, self.branches)))

    def batched(self, n):
        return whole(self, [Type(np.dtype(np.int64), ()), *self.branches[0].input_types], n)

    def notation(self, y: Any, *args: Text) -> Text:
        return Text(f"branches({', '.join(a.text for a in args)})", ATOM)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for i in (0, 1, 2):
            yield Example(cls(_example()), (_index(i), (2,), (2,)), (0.25, 2.0))


def choose(index: Array, results: Sequence[Array]) -> Array:
    """The rows of the results that the indices choose."""
    column = index.reshape((*index.shape, *(1,) * (results[0].ndim - 1)))
    if index.dtype == bool:
        return np.where(column, results[-1], results[0])
    y = results[-1]
    for k in range(len(results) - 2, -1, -1):
        y = np.where(column <= k, results[k], y)
    return y


@lru_cache(maxsize=512)
def tangents_of(branches: tuple[Graph, ...], given: Kinds) -> tuple[tuple[Graph, ...], Kinds]:
    """The branches that give the tangents of the results, and what these are."""

    def moved(graph: Graph, args: list[Array], signals: list[Any]) -> tuple[list[Any], list[Array]]:
        env = evaluate(graph, args)
        return push(graph, env, unpacked(signals, given)), [env[o] for o in graph.outputs]

    return _joined(branches, wired(branches[0].input_types, given), moved)


@lru_cache(maxsize=512)
def cotangents_of(
    branches: tuple[Graph, ...], given: Kinds, wanted: Flags
) -> tuple[tuple[Graph, ...], Kinds]:
    """The branches that give the cotangents of the arguments, and what these are."""

    def moved(graph: Graph, args: list[Array], signals: list[Any]) -> tuple[list[Any], list[Array]]:
        return pull(graph, evaluate(graph, args), unpacked(signals, given), wanted), args

    return _joined(branches, wired(branches[0].output_types, given), moved)


def _joined(branches: tuple[Graph, ...], more: list[Type], moved: Any) -> Any:
    """Branches with the same results: each has what any of them finds."""
    types = [*branches[0].input_types, *more]

    def traced(graph: Graph, joint: Kinds) -> tuple[Graph, Kinds]:
        found: list[int] = []

        def f(*args: Array) -> list[Array]:
            signals, like = moved(graph, list(args[: graph.arity]), list(args[graph.arity :]))
            signals = [plainer(s) for s in signals]
            found[:] = kinds(signals)
            return packed(signals, joint, like) if joint else []

        return build(types, f), tuple(found)

    joint = tuple(map(_union, zip(*(traced(b, ())[1] for b in branches), strict=True)))
    return tuple(traced(b, joint)[0] for b in branches if any(joint)), joint


def _union(each: tuple[int, ...]) -> int:
    """What must be known of a signal of several branches: masked, if one of them has none."""
    return 2 if any(each) and not all(each) else max(each)


def _index(i: int) -> Any:
    return lambda rng: np.int64(i)


def _example() -> tuple[Graph, ...]:
    vector = Type(np.dtype(float), (2,))
    return (
        build([vector, vector], lambda x, y: [np.sin(x) * y, y]),
        build([vector, vector], lambda x, y: [np.sqrt(x), x * x]),
        build([vector, vector], lambda x, y: [x * 0.0 + 1.0, np.where(x > 1, y, x)]),
    )


__all__ = ["Branches", "choose"]
