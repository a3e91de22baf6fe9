"""Prepared: a graph as native code is made of it."""

from __future__ import annotations

from ..graph import Graph
from .inlined import inlined
from .lifted import lifted
from .pieces import expanded
from .residuals import with_residuals


def prepared(graph: Graph) -> Graph:
    """The same function: no calls, short rounds of scans, arrays put together from pieces."""
    if any(n.op.kind == "control" for _, n in graph.body()):
        graph = lifted(with_residuals(inlined(graph)))
    return expanded(graph)
