"""Inlined: calls that were kept whole give way to what they do."""

from __future__ import annotations

from typing import Any

from ..array import Array, innermost
from ..graph import Graph
from ..ops.calls import Call, CustomGradient, CustomTangent
from ..ops.control.graphs import single
from ..walk import apply, build, outputs


def inlined(graph: Graph) -> Graph:
    """The same function without calls, which native code has no use for."""
    if not any(_called(n.op) for _, n in graph.body()):
        return graph
    return build(graph.input_types, lambda *args: _run(graph, list(args)))


def _called(op: Any) -> Graph | None:
    """The graph that an operation calls."""
    if isinstance(op, Call):
        return op.graph
    return op.forward if isinstance(op, CustomGradient | CustomTangent) else None


def _run(graph: Graph, env: list[Any]) -> list[Array]:
    """The results of a graph on traced arrays."""
    trace = innermost(env)
    for _, n in graph.body():
        inner = _called(n.op)
        if inner is None:
            env.append(apply(n, env, trace))
        else:
            env.append(single(_run(inner, [env[a] for a in n.args])))
    return outputs(graph, env)
