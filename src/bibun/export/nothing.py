"""Calls that have nothing to work on, or nothing to make, are constants: arrays may be empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import Constant, Graph, Item, Node, Type, canonical


def without_idle_calls(graph: Graph) -> tuple[Graph, list[int]]:
    """The same with constants in their place, and of each node which one it was."""
    known: dict[int, Sequence[np.ndarray]] = {}
    entries: list[tuple[Any, ...]] = []
    for i, n in graph:
        made = None
        if isinstance(n.op, Item) and n.args[0] in known:
            made = known[n.args[0]][n.op.index]
        elif n.op.kind == "call" and i >= graph.arity:
            results = _results(n, [graph.nodes[a].type for a in n.args])
            if results is not None:
                known[i] = results
                made = results[0] if isinstance(n.type, Type) else None
        constant = made is not None and (_constant(made),)
        entries.append(constant or (n.op, *n.args))
    if not known:
        return graph, list(range(len(graph.nodes)))
    return canonical(entries, [n.type for _, n in graph], graph.inputs, graph.outputs)


def _results(n: Node, given: Sequence[Any]) -> Sequence[np.ndarray] | None:
    """What a call makes of no numbers at all; None if there are some."""
    if not any(map(_full, n.types)):
        return [np.zeros(t.shape, t.dtype) for t in n.types]
    if any(not isinstance(t, Type) or _full(t) for t in given) or not given:
        return None
    y = n.op.value(*(np.zeros(t.shape, t.dtype) for t in given))
    return y if isinstance(y, tuple) else (y,)


def _full(t: Type) -> bool:
    return 0 not in t.shape


def _constant(y: Any) -> Constant:
    y = np.asarray(y)
    return Constant(y.dtype, y.tobytes(), y.shape)
