"""Small linear systems, which are solved from their matrices, and not from factors kept for later.

To eliminate again costs less than to keep the factors of a matrix in memory, and a system in a loop
needs them nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..array import Array, bind
from ..graph import Graph, Type, canonical, type_of
from ..loops.statements import FLOATS, KINDS
from ..ops.linalg import Solve
from ..recording import Trace

MOST = 32
"""Rows up to which functions of our own are quicker than LAPACK."""


def small(a: Type) -> bool:
    """Whether matrices are small, of numbers that native code knows."""
    return KINDS.get(a.dtype) in FLOATS and 0 < a.shape[-1] <= MOST and 0 not in a.shape


def alone(op: Solve, args: Sequence[Array], trace: Trace) -> Any:
    """A small system without its factors; None if it has none, or is large."""
    return bind(op, *args[:2]) if len(args) > 2 and small(type_of(args[0])) else None


def without_factors(graph: Graph) -> Graph:
    """The same function, with small systems alone, also in its loops."""
    entries, types = [], []
    for _, n in graph:
        op, args = n.op, n.args
        if op.kind == "control":
            op = op.refined(without_factors)
        elif isinstance(op, Solve) and small(graph.nodes[args[0]].type):
            args = args[:2]
        entries.append((op, *args))
        types.append(n.type)
    return canonical(entries, types, graph.inputs, graph.outputs)[0]


CHANGES: dict[type, Callable[[Any, Sequence[Array], Trace], Any]] = {Solve: alone}
