"""Functions that run once and are then replayed from their trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ....array import lift
from ....derivative.gradient import Arguments
from ....graph import Graph
from ....tracing.functional import record
from ....walk import evaluate
from ..wrap_util import wraps


def const_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """The function (with these first arguments and options), run by the first call only.

    Later calls repeat its operations on other numbers: branches and loops stay as they were.
    """
    kept: list[Any] = []

    @wraps(fun)
    def replayed(*more: Any) -> Any:
        given = Arguments(more, tuple(range(len(more))), "const_graph")
        if kept:
            return _again(kept[0], [*given.leaves, *kept[1]], kept[2])
        first = record(partial(fun, *args, **kwargs), given.leaves, given.place, "const_graph", {})
        graph, order = first.trace.close(first.inputs, first.outputs)
        outside = [first.outside(i) for i in order[len(first.inputs) : graph.arity]]
        kept.extend([graph, outside, first.rebuild])
        if first.nested:
            return _again(graph, [*given.leaves, *outside], first.rebuild)
        return first.rebuild([first.trace.value(i)[()] for i in first.outputs])

    return replayed


def _again(graph: Graph, args: list[Any], rebuild: Callable[[list[Any]], Any]) -> Any:
    env = evaluate(graph, list(map(lift, args)))
    found = [env[o] for o in graph.outputs]
    return rebuild([y if y.scope is not None else y.raw for y in found])
