"""Some entries of a graph's results on other numbers: only what these entries need is computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..graph import Constant, Graph, Item, Node, Type
from ..walk import numbers
from .objects import Library, NotExpressibleError, apply

Wanted: TypeAlias = np.ndarray | None
"""Which entries of an array, counted in C order; None: all of them."""
MOST = 1_000_000
"""Entries of one array up to which we look which of them are needed."""


class Entries:
    """A graph, and the entries of each node that certain entries of its outputs need."""

    def __init__(self, graph: Graph, wanted: Sequence[Wanted]):
        self.graph = graph
        self.needed: list[Wanted] = [np.empty(0, int)] * len(graph)
        for o, entries in zip(graph.outputs, wanted, strict=True):
            self._add(o, entries)
        for i in range(len(graph) - 1, graph.arity - 1, -1):
            entries = self.needed[i]
            if entries is None or len(entries):
                self._arguments(graph.nodes[i], entries)

    def _add(self, i: int, entries: Wanted) -> None:
        known, t = self.needed[i], self.graph.nodes[i].type
        if known is None:
            return
        if entries is None or not isinstance(t, Type) or len(entries) == np.prod(t.shape):
            self.needed[i] = None
        else:
            self.needed[i] = np.union1d(known, entries) if len(known) else entries

    def _arguments(self, n: Node, entries: Wanted) -> None:
        for a, found in zip(n.args, self._below(n, entries), strict=True):
            self._add(a, found)

    def _below(self, n: Node, entries: Wanted) -> list[Wanted]:
        """The entries of each argument that these entries of a node need."""
        types = [self.graph.nodes[a].type for a in n.args]
        small = all(isinstance(t, Type) and np.prod(t.shape) <= MOST for t in types)
        if entries is None or not small or not isinstance(n.type, Type):
            return [None] * len(n.args)
        if n.op.kind == "element" and all(t.shape == n.type.shape for t in types):
            return [entries] * len(n.args)
        if n.op.kind == "view" and not isinstance(n.op, Item):
            numbers = np.arange(np.prod(types[0].shape, dtype=int)).reshape(types[0].shape)
            return [np.asarray(n.op.value(numbers)).ravel()[entries], *(None for _ in types[1:])]
        if n.op.kind == "reduce" and len(types) == 1:
            return [self._summed(n, types[0], entries)]
        return [None] * len(n.args)

    def _summed(self, n: Node, of: Type, entries: np.ndarray) -> Wanted:
        """What is summed over in a result."""
        axes = getattr(n.op, "axes", None)
        mask = np.zeros(n.type.shape, bool)
        mask.ravel()[entries] = True
        if axes is None or mask.ndim + len(axes) != len(of.shape) or mask.all():
            return None
        wide = np.broadcast_to(np.expand_dims(mask, tuple(axes)), of.shape)
        return np.flatnonzero(wide)

    @property
    def work(self) -> int:
        """How many numbers are computed."""
        return sum(
            numbers([n]) if e is None else len(e)
            for (_, n), e in zip(self.graph, self.needed, strict=True)
        )

    def run(self, args: Sequence[Any], library: Library, between: Callable[[], None]) -> list[Any]:
        """The outputs on arrays of elements; entries that nobody wants are None.

        `between` is called after each node, and may end all by an exception.
        """
        env: list[Any] = list(args)
        for i, n in self.graph.body():
            try:
                env.append(self._node(n, self.needed[i], [env[a] for a in n.args], library))
            except NotExpressibleError:
                raise
            except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
                raise NotExpressibleError(f"not expressible: {n.op.name}") from error
            between()
        return [env[o] for o in self.graph.outputs]

    def _node(self, n: Node, entries: Wanted, args: list[Any], library: Library) -> Any:
        if entries is not None and not len(entries):
            return None
        if isinstance(n.op, Item | Constant) or entries is None or n.type.shape == ():
            return apply(n, args, library)
        if n.op.kind == "element" and all(np.shape(a) == n.type.shape for a in args):
            return placed(apply(n, [np.ravel(a)[entries] for a in args], library), entries, n.type)
        if n.op.kind == "view":
            return np.asarray(n.op.value(*args))
        if n.op.kind == "reduce" and len(args) == 1 and hasattr(n.op, "axes"):
            rows = np.moveaxis(args[0], n.op.axes, range(-len(n.op.axes), 0))
            lanes = rows.reshape(int(np.prod(n.type.shape)), -1)[entries]
            part: Any = n._replace(op=_along_rows(n.op))
            return placed(apply(part, [lanes], library), entries, n.type)
        return apply(n, args, library)


def _along_rows(op: Any) -> Any:
    """The same operation along the last axis."""
    return type(op)(**{f: (-1,) if f == "axes" else getattr(op, f) for f in op.fields})


def placed(values: Any, entries: np.ndarray, of: Type) -> np.ndarray:
    """An array with these values in some of its places."""
    y = np.empty(int(np.prod(of.shape)), np.asarray(values).dtype)
    y[entries] = values
    return y.reshape(of.shape)
