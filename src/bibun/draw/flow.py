"""The flow of a gradient: back from the result, one elementary operation after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..array import Array
from ..graph import Constant, Graph, Item, Node, Type
from ..recording import Trace, building
from ..rewrite import SIMPLIFY, rewrite
from ..walk import active, evaluate, pull
from ..zeros import full, total
from .formula import Writer


class Edge(NamedTuple):
    """How a step depends on an earlier one: the partial derivative, or what becomes of G."""

    step: int
    source: int
    text: str
    is_map: bool
    names: list[tuple[str, str]]


def steps(graph: Graph) -> list[int]:
    """The nodes that are steps of their own: inputs, the result, and what computes.

    Constants, and what only moves entries (views, casts), are written into the next step.
    """
    last = graph.outputs[0]
    return [i for i, n in graph if i < graph.arity or i == last or not _moves(n)]


def _moves(n: Node) -> bool:
    if isinstance(n.op, Item):
        return False  # each of several results is a step, and not all of them together
    return (
        isinstance(n.op, Constant)
        or not isinstance(n.type, Type)
        or n.op.kind == "view"
        or (n.op.kind == "element" and n.op.keeps_zeros)
    )


class Flow:
    """The partial derivative of each step by those before it, and the gradient at each step."""

    def __init__(self, graph: Graph, names: dict[int, str], targets: Sequence[int]):
        self.graph, self.names, self.targets = graph, names, list(targets)
        wanted = [i in self.targets for i in range(graph.arity)]
        self.active = active(graph, wanted)
        self.edges: list[Edge] = []
        self.gradients: list[tuple[int, str, list[tuple[str, str]]]] = []
        with building() as trace:
            self.trace: Trace = trace
            env = evaluate(
                graph, [Array(trace, trace.input(t), t) for t in graph.input_types], trace
            )
            self.at = {env[i].index: i for i in names}
            self._sweep(env)

    def _sweep(self, env: list[Any]) -> None:
        """One reverse sweep over the steps; their gradients are written down at its end."""
        last = self.graph.outputs[0]
        found: dict[int, Any] = {last: full(self.trace, self.graph.nodes[last].type, 1)}
        for i in sorted(self.names, reverse=True):
            if i in found and self.active[i] and i >= self.graph.arity:
                for source, g in self._back(env, i, found[i]):
                    found[source] = total([found[source], g]) if source in found else g
        order = [i for i in sorted(found, reverse=True) if i != last]
        self._write([(i, found[i]) for i in order])

    def _back(self, env: list[Any], i: int, g: Any) -> list[tuple[int, Any]]:
        """The cotangents that step i passes to the steps before it; its edges are noted."""
        cut = [e for e, k in self.at.items() if k != i]
        part, order = self.trace.close([], [env[i].index], cut=cut)
        sources = [self.at[e] for e in order[: part.arity]]
        wanted = [self.active[k] for k in sources]
        inner = evaluate(part, [env[k] for k in sources], self.trace)
        of = self.graph.nodes[i].type
        plain = of.shape == () or _pointwise(part, wanted)
        seed = full(self.trace, of, 1) if plain else Array(self.trace, self.trace.input(of), of)
        for k, p in zip(sources, pull(part, inner, [seed], wanted), strict=True):
            if p is not None:
                extra = {} if plain else {seed.index: "G"}
                ((text, names),) = self._texts([p], extra, [""])
                self.edges.append(Edge(i, k, text, not plain, names))
        back = pull(part, inner, [g], wanted)
        return [(k, p) for k, p in zip(sources, back, strict=True) if p is not None]

    def _write(self, gradients: list[tuple[int, Any]]) -> None:
        labels = [self.total(i) for i, _ in gradients]
        texts = self._texts([g for _, g in gradients], {}, labels)
        self.gradients = [(i, *t) for (i, _), t in zip(gradients, texts, strict=True)]

    def _texts(
        self, arrays: list[Any], extra: dict[int, str], labels: list[str]
    ) -> list[tuple[str, list[tuple[str, str]]]]:
        """Arrays of the trace as formulas of the steps."""
        graph, order = self.trace.close([], [a.index for a in arrays], cut=[*self.at, *extra])
        names = [extra.get(e) or self.names[self.at[e]] for e in order[: graph.arity]]
        graph, _ = rewrite(graph, SIMPLIFY)
        writer = Writer(graph, names)
        return [writer.write(o, label) for o, label in zip(graph.outputs, labels, strict=True)]

    # ------------------------------------------------------------ notation

    def total(self, i: int) -> str:
        """The derivative of the result by step i along all ways: dy/dx."""
        return f"d{self.names[self.graph.outputs[0]]}/d{self.names[i]}"

    def partial(self, i: int, k: int) -> str:
        """The derivative of step i by step k, all others held fixed."""
        return f"∂{self.names[i]}/∂{self.names[k]}"


def _pointwise(part: Graph, wanted: list[bool]) -> bool:
    """Whether every entry of the result depends on the same entry of what is wanted only."""
    flags = active(part, wanted)
    return all(n.op.kind == "element" for i, n in part.body() if flags[i])
