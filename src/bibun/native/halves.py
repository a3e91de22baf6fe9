"""Complex arguments and results of a graph as real arrays, whose last axis has both parts.

So does std::complex, as the standard says, and so does NumPy: the same memory is either.
"""

from __future__ import annotations

from typing import Any

from ..array import Array, bind, enter, lift
from ..graph import Constant, Graph, Item, Type
from ..ops.joining import Stack
from ..ops.parts import Imag, Real, real_of
from ..recording import Trace, building
from .pieces import Joined


def halves(t: Type) -> Type:
    """The type of the real numbers of which an array consists."""
    return Type(real_of(t.dtype), (*t.shape, 2)) if t.dtype.kind == "c" else t


def with_real_ends(graph: Graph) -> tuple[Graph, list[int]]:
    """The same with real arguments and results, and of each node from which node it comes."""
    if not any(t.dtype.kind == "c" for t in (*graph.input_types, *graph.output_types)):
        return graph, list(range(len(graph.nodes)))
    with building() as trace:
        inputs = [Array(trace, trace.input(h), h) for h in map(halves, graph.input_types)]
        env = _evaluated(graph, inputs, trace)
        results = []
        for o in graph.outputs:
            trace.come_from(o)
            results.append(enter(trace, lift(in_halves(env[o]))))
        new, order = trace.close([a.index for a in inputs], results)
        return new, [trace.positions[i][1] for i in order]


def _evaluated(graph: Graph, inputs: list[Array], trace: Trace) -> list[Any]:
    """The values of all nodes, of which entries are told of which node they are made."""
    env: list[Any] = []
    for i, n in graph:
        trace.come_from(i)
        if i < graph.arity:
            env.append(whole(inputs[i]) if n.type.dtype.kind == "c" else inputs[i])
        elif isinstance(n.op, Item):
            env.append(env[n.args[0]][n.op.index])
        elif isinstance(n.op, Constant):
            env.append(Array(trace, trace.constant(n.op), n.type))
        else:
            env.append(bind(n.op, *(env[a] for a in n.args)))
    return env


def whole(x: Any) -> Any:
    """Complex numbers from their halves."""
    return bind(Joined(), x[..., 0], x[..., 1])


def in_halves(y: Any) -> Any:
    """The halves of complex numbers; real ones as they are."""
    return bind(Stack(-1), bind(Real(), y), bind(Imag(), y)) if y.dtype.kind == "c" else y
