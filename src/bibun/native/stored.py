"""What lies in memory: the nodes that have to, and where a read of any node gets to."""

from __future__ import annotations

from collections.abc import Iterator

from ..ops.structure import Reshape
from .nodes import Nodes
from .places import Affine, Index, flat

STORED = frozenset((
    "given", "sum", "call", "product", "blank", "piece", "whole", "loop", "result", "routine",
))  # fmt: skip
"""The roles of nodes that always do."""


class Memory:
    """Which nodes lie in memory, each in C order, and where a read of any node gets to."""

    def __init__(self, nodes: Nodes, stored: set[int]):
        self.nodes, self.stored = nodes, stored

    def read(self, i: int, index: Index) -> tuple[int, Index | Affine]:
        """The node in memory and the place in it, or the node to compute and its index."""
        while True:
            if i in self.stored:
                return i, flat(index, self.nodes.shape(i))
            if self.nodes.role[i] != "view":
                return i, index
            found = self.nodes.below(i, index)
            if found is None:  # a Reshape of what lies in memory
                place = flat(index, self.nodes.shape(i))
                return self.home(i), place
            i, index = found

    def owner(self, i: int) -> int:
        """The node whose memory a node lies in."""
        return self.nodes.owner(self.home(i))

    def home(self, i: int) -> int:
        """The node in whose memory a Reshape of it (of it ...) lies, or the node itself."""
        while i not in self.stored:
            i = self.nodes.graph.nodes[i].args[0]
        return i


def first_stored(nodes: Nodes) -> set[int]:
    """The nodes that have to lie in memory.

    They are what is given or comes from a call, what a call or somebody outside gets, sums, and
    what is reshaped.
    """
    graph = nodes.graph
    stored = {i for i, role in enumerate(nodes.role) if role in STORED}
    stored |= set(graph.outputs)
    for i, n in graph.body():
        if nodes.role[i] == "call":
            stored.update(nodes.argument(a)[0] for a in n.args)
        elif nodes.role[i] in ("loop", "routine"):
            stored.update(n.args)
        elif nodes.role[i] == "product":
            stored.update(a for which in range(2) for a in operand(nodes, i, which))
        elif (
            nodes.role[i] == "view"
            and isinstance(n.op, Reshape)
            and nodes.below(i, (Affine(),) * len(n.type.shape)) is None
        ):
            stored.update(_reshaped_from(nodes, i))
    return stored


def operand(nodes: Nodes, i: int, which: int) -> Iterator[int]:
    """What has to be stored for a product to read an argument: what it is a view of, or itself.

    What is reshaped is stored anyway.
    """
    start = nodes.graph.nodes[i].args[which]
    a, index = nodes.seen(start)
    if nodes.matrix(i, which, flat(index, nodes.shape(a))) is None:
        yield start
    elif nodes.role[a] != "view":
        yield a


def _reshaped_from(nodes: Nodes, i: int) -> Iterator[int]:
    """The argument of a Reshape, unless it shares the memory of another one."""
    source = nodes.graph.nodes[i].args[0]
    if (
        not isinstance(nodes.graph.nodes[source].op, Reshape)
        or nodes.below(source, (Affine(),) * len(nodes.shape(source))) is not None
    ):
        yield source
