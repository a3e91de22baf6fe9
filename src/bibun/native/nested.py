"""Nested: what is put together from pieces, and then a piece of something larger, is written there.

A Jacobian of blocks, or joined joins, would otherwise be copied once for each level.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..graph import Graph, canonical
from ..ops.gather import Slice
from ..ops.structure import Reshape
from .pieces import Blank, Piece, Whole


def nested(graph: Graph) -> tuple[Graph, list[int]]:
    """The same function with fewer copies; and of each of its nodes, from which node it comes."""
    if not any(isinstance(n.op, Whole) for _, n in graph.body()):
        return graph, list(range(len(graph)))
    found = Nesting(graph)
    return canonical(found.entries, found.types, graph.inputs, graph.outputs)


class Nesting:
    """The entries of a graph, in which pieces of pieces are pieces of the whole."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.entries: list[tuple] = [(n.op, *n.args) for _, n in graph]
        self.types: list[Any] = [n.type for _, n in graph]
        taken = [a for _, n in graph.body() for a in n.args]
        self.uses = Counter([*taken, *graph.outputs])
        for i, n in graph.body():
            if isinstance(n.op, Whole):
                self.entries[i] = (n.op, *(q for p in n.args for q in self.pieces(p)))

    def pieces(self, p: int) -> Iterator[int]:
        """A piece, or those that its argument is put together from, moved into its memory."""
        inner, path = self.inside(p)
        if inner < 0:
            yield p
            return
        op: Any
        op, blank, _ = self.entries[p]
        for q in self.entries[inner][1:]:
            part: Any
            part, _, x = self.entries[q]
            whole = op.inside + path + (part.read, *part.inside)
            self.entries[q] = (Piece(op.read, False, whole), blank, x)
            self.types[q] = self.types[p]
            yield q

    def inside(self, p: int) -> tuple[int, tuple[Reshape, ...]]:
        """The whole that is all of a piece, and how it is seen there; or -1."""
        if not self.plain(p):
            return -1, ()
        x = shown = self.entries[p][2]
        while isinstance(self.entries[x][0], Reshape) and self.uses[x] == 1:
            x = self.entries[x][1]
        op, *pieces = self.entries[x]
        fits = isinstance(op, Whole) and self.uses[x] == 1 and all(map(self.plain, pieces))
        blanks = {self.entries[q][1] for q in pieces} if fits else set()
        if len(blanks) != 1 or self.entries[min(blanks)][0].zero:
            return -1, ()
        if x == shown:
            return x, ()
        one_axis = sum(n != 1 for n in self.types[shown].shape) <= 1
        return (x, (Reshape(self.types[x].shape),)) if one_axis else (-1, ())

    def plain(self, p: int) -> bool:
        """Whether a piece is written to a part of a blank that is known."""
        op: Any
        op, blank, *rest = self.entries[p]
        known = isinstance(op, Piece) and isinstance(op.read, Slice) and not op.add
        return known and len(rest) == 1 and isinstance(self.entries[blank][0], Blank)
