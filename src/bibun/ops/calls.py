"""Operations whose fields are graphs: calls kept whole, and functions with rules of the user's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..array import Array, bind
from ..errors import DtypeError
from ..graph import Example, Graph, Op, Type, operation
from ..program import Program
from ..walk import batch, build, evaluate, outputs, pull, push, stack
from ..zeros import or_zeros, zeros_like


@operation
class StopGradient(Op):
    """y = x, with derivative zero by decree."""

    decreed = True

    def type(self, x):
        return x

    def value(self, x):
        return x

    def d(self, y, x):
        return (None,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3),))


@operation
class Call(Op):
    """A graph applied as a whole: its intermediate values live only while it runs.

    The pull is again a call, of the graph that computes forward and backward: this is checkpointing
    (Griewank and Walther, Evaluating Derivatives, chapter 12).
    """

    kind = "control"
    graph: Graph

    def type(self, *args):
        return _result(self, self.graph, args)

    def runs(self):
        return ((self.graph, 1),)

    def value(self, *args):
        return _single(tuple(program(self.graph)(*args)))

    def exactly(self, lib, *args):
        return _single(lib.program(self.graph)(*args))

    def kernel(self, *args):
        run = program(self.graph)
        return lambda *args: _single(tuple(run(*args)))

    def push(self, y, args, tangents):
        given = tuple(t is not None for t in tangents)
        graph, found = pushed(self.graph, given)
        results = (
            iter(_several(bind(Call(graph), *args, *(t for t in tangents if t is not None))))
            if any(found)
            else iter(())
        )
        return _single(tuple(next(results) if f else None for f in found))

    def pull(self, y, args, g, wanted):
        g = _several(g)
        graph, found = pulled(self.graph, tuple(x is not None for x in g), wanted)
        if not any(found):
            return (None,) * len(args)
        results = iter(_several(bind(Call(graph), *args, *(x for x in g if x is not None))))
        return tuple(next(results) if f else None for f in found)

    def batched(self, n):
        return Call(stacked(self.graph, n))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(_example()), ((2, 3), (2, 3)))


@operation
class CustomGradient(Op):
    """A function whose pull is the user's.

    `forward` takes the arguments and then what the function closes over; its results are the
    function's results and then the values that `backward` needs of it. `backward` takes these
    (`needs` tells them: ("argument" or "result", number)) and the cotangents of the results, and
    gives the cotangents of the first `count` arguments. What the function closes over, and the
    second derivatives, are differentiated through `forward` and `backward` as usual.
    """

    kind = "control"
    forward: Graph
    backward: Graph
    needs: tuple[tuple[str, int], ...]
    count: int
    results: int

    def type(self, *args):
        return _result(self, self.forward, args)

    def runs(self):
        return ((self.forward, 1),)

    def value(self, *args):
        return _single(tuple(program(self.forward)(*args)))

    def exactly(self, lib, *args):
        return _single(lib.program(self.forward)(*args))

    def _back(self, y, args, g):
        known = [args[k] if where == "argument" else y[k] for where, k in self.needs]
        return outputs(self.backward, evaluate(self.backward, [*known, *g]))

    def _filled(self, y, g):
        return [
            zeros_like(v) if x is None else x for v, x in zip(y[: self.results], g, strict=False)
        ]

    def pull(self, y, args, g, wanted):
        y, g = _several(y), _several(g)
        found: list[Any] = [None] * len(args)
        if any(x is not None for x in g[: self.results]):
            found[: self.count] = self._back(y, args, self._filled(y, g))
        closed_over = tuple(w and k >= self.count for k, w in enumerate(wanted))
        own = [None] * self.results
        for seeds, sought in (
            ([*g[: self.results], *(None,) * (len(g) - self.results)], closed_over),
            ([*own, *g[self.results :]], wanted),
        ):
            if any(x is not None for x in seeds) and any(sought):
                more = pull(self.forward, evaluate(self.forward, args), seeds, sought)
                found = [
                    a if b is None else b if a is None else a + b
                    for a, b in zip(found, more, strict=True)
                ]
        return tuple(f if w else None for f, w in zip(found, wanted, strict=True))

    def push(self, y, args, tangents):
        y = _several(y)
        true = push(self.forward, evaluate(self.forward, args), tangents)
        over = push(
            self.forward,
            evaluate(self.forward, args),
            [*(None,) * self.count, *tangents[self.count :]],
        )
        given = [
            zeros_like(a) if t is None else t
            for a, t in zip(args, tangents[: self.count], strict=False)
        ]
        known = [args[k] if where == "argument" else y[k] for where, k in self.needs]
        seeds = [zeros_like(v) for v in y[: self.results]]
        sought = [False] * len(known) + [True] * len(seeds)
        own = pull(self.backward, evaluate(self.backward, [*known, *seeds]), given, sought)[
            len(known) :
        ]
        moved = [
            b if a is None else a if b is None else a + b for a, b in zip(own, over, strict=False)
        ]
        return _single((*moved, *true[self.results :]))

    def batched(self, n):
        return CustomGradient(
            stacked(self.forward, n),
            stacked(self.backward, n),
            self.needs,
            self.count,
            self.results,
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        x = Type(np.dtype(float), (2, 3))
        forward = build([x], lambda x: [np.sin(x)])
        yield Example(
            cls(forward, build([x, x], lambda x, g: [g * np.cos(x)]), (("argument", 0),), 1, 1),
            ((2, 3),),
        )


@operation
class CustomTangent(Op):
    """A function whose push is the user's: `tangent` takes the arguments and their tangents.

    The pull is the transpose of the push, which is linear in the tangents.
    """

    kind = "control"
    forward: Graph
    tangent: Graph

    def type(self, *args):
        return _result(self, self.forward, args)

    def runs(self):
        return ((self.forward, 1),)

    def value(self, *args):
        return _single(tuple(program(self.forward)(*args)))

    def exactly(self, lib, *args):
        return _single(lib.program(self.forward)(*args))

    def push(self, y, args, tangents):
        given = or_zeros(tangents, args)
        return _single(tuple(outputs(self.tangent, evaluate(self.tangent, [*args, *given]))))

    def pull(self, y, args, g, wanted):
        env = evaluate(self.tangent, [*args, *(zeros_like(a) for a in args)])
        return tuple(
            pull(self.tangent, env, _several(g), [*(False,) * len(args), *wanted])[len(args) :]
        )

    def batched(self, n):
        return CustomTangent(stacked(self.forward, n), stacked(self.tangent, n))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        x = Type(np.dtype(float), (2, 3))
        yield Example(
            cls(build([x], lambda x: [np.sin(x)]), build([x, x], lambda x, t: [t * np.cos(x)])),
            ((2, 3),),
        )


def _result(op: Op, graph: Graph, args: tuple) -> Any:
    """The type of the result of a graph, which was made for arguments of certain types."""
    if args != graph.input_types:
        given, needed = (", ".join(map(str, types)) for types in (args, graph.input_types))
        raise DtypeError(f"{op.name}: the graph was made for ({needed}), not for ({given})")
    return _single(graph.output_types)


def _several(y: Any) -> tuple:
    return y if type(y) is tuple else (y,)


def _single(y: Sequence) -> Any:
    return y[0] if len(y) == 1 else tuple(y)


@lru_cache(maxsize=512)
def program(graph: Graph) -> Program:
    """The compiled graph."""
    return Program(graph)


@lru_cache(maxsize=512)
def stacked(graph: Graph, n: int) -> Graph:
    """The graph over a new first axis of all its inputs and outputs."""

    def over(*args: Array) -> list[Array]:
        results = batch(graph, args, [True] * len(args), n)
        return [y if wide else stack(y, n) for y, wide in results]

    return build([Type(t.dtype, (n, *t.shape)) for t in graph.input_types], over)


@lru_cache(maxsize=512)
def pulled(
    graph: Graph, given: tuple[bool, ...], wanted: tuple[bool, ...]
) -> tuple[Graph, tuple[bool, ...]]:
    """The graph from arguments and given cotangents to the wanted cotangents.

    Those that are zero are left out; the flags say which are there.
    """
    found: list[bool] = []

    def backward(*args: Array) -> list[Array]:
        env = evaluate(graph, args[: graph.arity])
        seeds = iter(args[graph.arity :])
        results = pull(graph, env, [next(seeds) if x else None for x in given], wanted)
        found[:] = [r is not None for r in results]
        return [r for r in results if r is not None]

    types = [t for t, x in zip(graph.output_types, given, strict=True) if x]
    return build([*graph.input_types, *types], backward), tuple(found)


@lru_cache(maxsize=512)
def pushed(graph: Graph, given: tuple[bool, ...]) -> tuple[Graph, tuple[bool, ...]]:
    """The graph from arguments and given tangents to the tangents of the results.

    Those that are zero are left out; the flags say which are there.
    """
    found: list[bool] = []

    def forward(*args: Array) -> list[Array]:
        env = evaluate(graph, args[: graph.arity])
        seeds = iter(args[graph.arity :])
        results = push(graph, env, [next(seeds) if x else None for x in given])
        found[:] = [r is not None for r in results]
        return [r for r in results if r is not None]

    types = [t for t, x in zip(graph.input_types, given, strict=True) if x]
    return build([*graph.input_types, *types], forward), tuple(found)


def _example() -> Graph:
    x = Type(np.dtype(float), (2, 3))
    return build([x, x], lambda x, y: [np.sin(x) * y])
