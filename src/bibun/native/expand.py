"""Expansion: the same function in operations that native code knows, as far as there are such."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..array import Array, bind, enter, lift
from ..graph import Constant, Graph, Item, Node, Op, Type, type_of
from ..ops.calls import Call, CustomGradient, CustomTangent
from ..ops.gather import Gather, Scatter
from ..ops.opaque import Opaque
from ..ops.putting import AddAt, Put
from ..recording import Trace, building
from . import compositions, exponentials, factors, firsts, searches
from .indices import gathered, scattered, written


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
            found = written(n.op, args, trace, alone)
            env.append(bind(n.op, *args) if found is None else found)
        else:
            found = _changed(n.op, args, trace)
            if found is None:
                found = _nothing(n, trace)
            env.append(bind(n.op, *args) if found is None else found)
    return [lift(env[o]) for o in graph.outputs]


def _changed(op: Op, args: Sequence[Array], trace: Trace) -> Any:
    """The value of an operation in other ones; None if it stays."""
    change = CHANGES.get(type(op))
    if change is not None:
        return change(op, args, trace)
    compose = searches.COMPOSED.get(type(op))
    graph = None if compose is None else compose(op, [type_of(a) for a in args])
    return None if graph is None else _results(graph, args, trace)


def _nothing(n: Node, trace: Trace) -> Any:
    """The results of what would be NumPy's, if all are empty; None if they are not.

    Functions of the user's may do more than give results.
    """
    types: Sequence[Any] = n.types
    known = all(isinstance(t, Type) and 0 in t.shape for t in types)
    foreign = n.op.kind != "call" and type(n.op) not in CHANGES
    if foreign or isinstance(n.op, Opaque) or not known:
        return None
    empty = [lift(np.broadcast_to(t.dtype.type(0), t.shape)) for t in types]
    found = tuple(Array(trace, enter(trace, x), t) for x, t in zip(empty, types, strict=True))
    return found[0] if len(found) == 1 else found


def _results(graph: Graph, args: Sequence[Array], trace: Trace) -> Any:
    """What an operation gives that a graph stands for: an array, or a tuple."""
    found = _evaluated(graph, args, trace)
    return found[0] if len(found) == 1 else tuple(found)


def _inlined(op: Any, args: Sequence[Array], trace: Trace) -> Any:
    return _results(op.graph if isinstance(op, Call) else op.forward, args, trace)


CHANGES: dict[type, Callable[[Any, Sequence[Array], Trace], Any]] = {
    Scatter: scattered, Gather: gathered,
    Call: _inlined, CustomGradient: _inlined, CustomTangent: _inlined,
    **compositions.CHANGES, **exponentials.CHANGES, **factors.CHANGES, **firsts.CHANGES,
}  # fmt: skip
