"""Capture: a function run once on types, as a graph with all that its next call needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..array import Array, Duck, enter, lift
from ..errors import Position
from ..graph import Constant, Graph, Node, Type
from ..recording import recording
from ..rewrite import SIMPLIFY, rewrite, rewritten
from ..tracing.containers import flatten
from ..tracing.guards import Guarded
from ..tracing.rebind import rebound
from ..variable import Variable
from .looks import Look, looks, present

MOST = 1 << 22
"""Bytes of an array that the function itself makes, up to which it is compiled in."""


class Way(ABC):
    """One way through a function: what its code takes and gives, and what it decided.

    The code computes the `count` arrays of the result, and then what was asked (`answers`). It
    takes the arrays among the arguments, and then whatever else the function met, Variables and
    arrays, the `sources`. `fixed` has for each leaf of the result whether it is an array, and else
    what it is. `looks` are the derivatives in it that calls look at; whether there are any at all,
    `differentiates` says. In `replaced`, (k, i) says that array k of the result replaces array i of
    the arguments.
    """

    types: list[Type]
    output_types: list[Type]
    count: int
    answers: list[Any]
    sources: list[Any]
    fixed: list[tuple[bool, Any]]
    looks: list[Look]
    replaced: Sequence[tuple[int, int]] = ()
    differentiates: bool

    @property
    def is_looked_at(self) -> bool:
        """Whether there are any derivatives to look at."""
        return bool(self.looks)

    @property
    def may_fail(self) -> bool:
        """Whether a call may have to be done again, on the same arguments, after its code has run.

        Because another way is decided on, or because derivatives are not finite.
        """
        return bool(self.answers) or self.differentiates

    @abstractmethod
    def results(self, arrays: Sequence[Any]) -> Any:
        """What the function returns, from the arrays in it."""

    def met(self) -> list[np.ndarray]:
        """What the function met outside of its arguments, as it is now."""
        return list(map(present, self.sources))

    def holds(self, answers: Sequence[Any]) -> bool:
        """Whether the same was decided as when the function ran."""
        return all(a == b for a, b in zip(self.answers, answers, strict=True))


class Captured(Way):
    """What a function did with arguments of certain types.

    `traced` is the program; `graph` is the same, simplified. In code that is `alone`, what the
    function met stays what it is, so that only what arguments decide has to be asked.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        values: Sequence[Any],
        place: Callable,
        name: str,
        alone: bool = False,
    ):
        trace = Guarded(values)
        types = [Type(v.dtype, v.shape) for v in values]
        with recording(trace):
            inputs = [trace.input(t) for t in types]
            traced = [Array(trace, i, t) for i, t in zip(inputs, types, strict=True)]
            args, kwargs = place(traced)
            result = rebound(f)(*args, **kwargs)
            leaves, self.rebuild = flatten(result)
            self.fixed, outputs = _outputs(trace, leaves, name)
        self.count = len(outputs)
        asked = {i: a for i, a in trace.asked.items() if not alone or trace.needs(i, inputs)}
        self.answers = list(asked.values())
        graph, order = trace.close(inputs, [*outputs, *asked])
        met = {k: _source(trace, order[k]) for k in range(len(inputs), graph.arity)}
        known = {k: x for k, x in met.items() if x is trace.captured[order[k]] and x.nbytes <= MOST}
        self.sources = [x for k, x in met.items() if k not in known]
        self.traced, nodes = with_constants(graph, known)
        self.places = [trace.positions[order[i]] for i in nodes]
        self.types = list(self.traced.input_types)
        self.output_types = list(self.traced.output_types)
        self.looks = looks(trace, inputs, outputs, _source)
        self.differentiates = trace.differentiates

    @property
    def key(self) -> str:
        """What decides the code, beside the processor and the versions."""
        return self.traced.key + (f" replaced {self.replaced}" if self.replaced else "")

    @cached_property
    def graph(self) -> Graph:
        """The simplified graph. Code that is found in the store does not need it."""
        return rewrite(self.traced, SIMPLIFY)[0]

    def positions(self) -> list[Position | None]:
        """For each node of the simplified graph, the place in the user's code that it is from."""
        sources = rewritten(self.traced, SIMPLIFY)[2]
        inputs = self.traced.arity
        return [Position(*self.places[i]) if i >= inputs else None for i in sources]

    def results(self, arrays: Sequence[Any]) -> Any:
        """What the function returns, from the arrays in it."""
        given = iter(arrays)
        return self.rebuild([next(given) if traced else x for traced, x in self.fixed])


def with_constants(graph: Graph, known: dict[int, np.ndarray]) -> tuple[Graph, list[int]]:
    """A graph of which some inputs are constants, and which node each of its nodes was."""
    order = sorted(range(len(graph)), key=lambda i: (i >= graph.arity, i in known, i))
    number = {i: k for k, i in enumerate(order)}
    nodes = [
        Node(Constant(known[i].dtype, known[i].tobytes(), known[i].shape), (), n.type)
        if i in known
        else n._replace(args=tuple([number[a] for a in n.args]))
        for i, n in ((i, graph.nodes[i]) for i in order)
    ]
    return Graph(nodes, graph.arity - len(known), [number[o] for o in graph.outputs]), order


def _outputs(trace: Guarded, leaves: list[Any], name: str) -> tuple[list, list[int]]:
    """The leaves of the result that are traced, and those that are the same at every call."""
    fixed: list[tuple[bool, Any]] = []
    outputs = []
    for y in leaves:
        if isinstance(y, Duck | np.ndarray | np.generic):
            outputs.append(enter(trace, lift(y)))
            fixed.append((True, None))
        else:
            fixed.append((False, y))
    return fixed, outputs


def _source(trace: Guarded, i: int) -> Any:
    """Where the value of a captured entry is found at the next call: a Variable or an array."""
    variable = trace.variable(i)
    if isinstance(variable, Variable):
        return variable
    original = trace.original(i)
    return trace.captured[i] if original is None else original
