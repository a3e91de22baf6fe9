"""Prepared: a graph as native code is made of it."""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Graph
from .expand import expanded
from .factors import without_factors
from .inlined import inlined
from .lifted import lifted
from .nested import nested
from .pairs import paired, paired_inside
from .residuals import with_residuals

STEPS: tuple[tuple[str, Callable[[Graph], Graph]], ...] = (
    ("without factors", without_factors),
    ("inlined", inlined),
    ("pairs inside", paired_inside),
    ("residuals", with_residuals),
    ("lifted", lifted),
)
"""What is done to graphs with loops first."""


def prepared(graph: Graph) -> Graph:
    """The same function: no calls, short rounds of scans, arrays put together from pieces."""
    return prepared_from(graph)[0]


def prepared_from(graph: Graph) -> tuple[Graph, list[int | None]]:
    """The same, and of each node from which node it comes, as far as that is known."""
    loops = any(n.op.kind == "control" for _, n in graph.body())
    if loops:
        for _, step in STEPS:
            graph = step(graph)
    graph, first = paired(graph)
    new, sources = expanded(graph)
    new, order = nested(new)
    return new, [None if loops else first[sources[i]] for i in order]
