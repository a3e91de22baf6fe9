"""What a round of a scan need not compute itself, and where that is worth a row of memory.

A row is written once and read once; so only what is dear moves, and what is cheap is computed again
where it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ..graph import Constant, Graph, Item, Node, Type
from ..ops.joining import Concatenate, Stack
from ..ops.matmul import MatMul
from .elements import cost

DEAR = 20
"""Work on one element, in additions, that is more than writing and reading it."""
CHEAP = 4
"""Work of an operation that is done again rather than that its result is kept."""
MOST_BYTES = 1 << 25
"""Rows of all rounds that a scan keeps; what is beyond would come from far away."""


def movable(n: Node) -> bool:
    """Whether an operation can be done for all rounds at once."""
    whole = isinstance(n.type, Type) and not isinstance(n.op, Item)
    known = n.op.kind in ("element", "view", "reduce")
    return whole and (known or isinstance(n.op, MatMul | Concatenate | Stack))


def own_cost(n: Node) -> int:
    """The work for one element by itself. A sum lies in memory anyway, so keeping it is no more."""
    if n.op.kind == "element":
        return cost(n.op)
    return 0 if n.op.kind == "view" or isinstance(n.op, Constant | Concatenate | Stack) else DEAR


def reached(graph: Graph, start: Sequence[bool]) -> list[bool]:
    """The nodes that depend on some of the inputs."""
    flags = list(start)
    for _, n in graph.body():
        flags.append(any(flags[a] for a in n.args))
    return flags


def size(t: Type) -> int:
    """The bytes of an array."""
    return prod(t.shape) * t.dtype.itemsize


def frontier(graph: Graph, free: Sequence[bool], length: int, forced: set[int]) -> list[int]:
    """The free nodes to compute elsewhere, so that the others need nothing dear of them.

    `free` nodes have free arguments only. Those that are `forced` are taken if they are needed.
    """
    total, uses = [0] * len(graph), [0] * len(graph)
    for i, n in graph.body():
        for a in n.args:
            uses[a] += 1
        if free[i] and not isinstance(n.op, Constant):
            total[i] = own_cost(n) + sum(total[a] for a in set(n.args))
    needed, found, room = set(graph.outputs), [], MOST_BYTES
    for i in range(len(graph) - 1, graph.arity - 1, -1):
        n = graph.nodes[i]
        if free[i] and i not in needed:
            continue
        if free[i] and (i in forced or _worth(graph, i, total, uses)):
            room -= length * size(n.type)
            if room >= 0 or i in forced:
                found.append(i)
                continue
        needed.update(n.args)
    return found[::-1]


def _worth(graph: Graph, i: int, total: Sequence[int], uses: Sequence[int]) -> bool:
    """Whether a node is dear, and there is nothing below it that had better be kept instead."""
    n = graph.nodes[i]
    if n.op.kind == "view" or total[i] < DEAR or not isinstance(n.type, Type):
        return False
    below = [a for a in set(n.args) if total[a] >= DEAR]
    if own_cost(n) >= CHEAP or not below:
        return True
    return len(below) == 1 and uses[below[0]] == 1 and _same_size(graph, i, below[0])


def _same_size(graph: Graph, i: int, a: int) -> bool:
    n = graph.nodes[a]
    return n.op.kind != "view" and n.type == graph.nodes[i].type
