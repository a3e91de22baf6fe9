"""Tangents and cotangents on their way into graphs and out of them, with their structural zeros.

What crosses the boundary of a graph is arrays: for a structural zero, the array and its mask. Which
of the three a tangent or cotangent is (nothing, an array, both) is known before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...array import Array, bind
from ...graph import Graph, Type
from ...program import run
from ...walk import active
from ...zeros import Select, full, parts, zeros_like
from ..elementwise import TABLE

NOTHING, PLAIN, MASKED = 0, 1, 2
Kinds = tuple[int, ...]
BOOL = np.dtype(bool)


def kind(g: Any) -> int:
    """What a tangent or cotangent is."""
    return NOTHING if g is None else PLAIN if parts(g) is None else MASKED


def kinds(signals: Iterable[Any]) -> Kinds:
    """What each of them is."""
    return tuple(map(kind, signals))


def wired(types: Iterable[Type], kinds: Sequence[int]) -> list[Type]:
    """The types of the arrays that carry signals of these kinds."""
    found = []
    for t, k in zip(types, kinds, strict=True):
        found += [t, Type(BOOL, t.shape)][:k]
    return found


def count(kinds: Sequence[int]) -> int:
    """How many arrays carry signals of these kinds."""
    return sum(kinds)


def packed(signals: Sequence[Any], kinds: Sequence[int], like: Sequence[Array]) -> list[Array]:
    """The arrays that carry signals; `like` are arrays of their shapes."""
    found = []
    for g, k, x in zip(signals, kinds, like, strict=True):
        if k == NOTHING:
            continue
        inner = None if g is None or k == PLAIN else parts(g)
        found.append(zeros_like(x) if g is None else g if inner is None else inner[1])
        if k == MASKED:
            found.append(_mask(x, g is not None) if inner is None else inner[0])
    return found


def _mask(x: Array, value: bool) -> Array:
    if x.scope is None:
        return Array(None, -1, np.full(x.shape, value))
    return full(x.scope, Type(BOOL, x.shape), value)


def unpacked(arrays: Sequence[Array], kinds: Sequence[int]) -> list[Any]:
    """The signals that these arrays carry."""
    rest = iter(arrays)
    found: list[Any] = []
    for k in kinds:
        g = next(rest) if k else None
        found.append(bind(Select(), next(rest), g) if k == MASKED else g)
    return found


def plainer(g: Any) -> Any:
    """g without its mask if that is known to hold everywhere, as after reading x[0] and x[1:]."""
    inner = None if g is None else parts(g)
    return inner[1] if inner is not None and _everywhere(inner[0]) else g


def _everywhere(mask: Array) -> bool:
    """Whether a mask depends on nothing and holds, or is c | ~c, as after np.where."""
    trace = mask.scope
    assert trace is not None
    op, *args = trace.entries[mask.index]
    if op is TABLE["bitwise_or"]:
        entries = [trace.entries[i] for i in args]
        if (TABLE["invert"], args[0]) == entries[1] or (TABLE["invert"], args[1]) == entries[0]:
            return True
    graph, _ = trace.close((), [mask.index])
    return graph.arity == 0 and bool(np.all(run(graph, ())[0]))


def moving(graph: Graph, states: int, wanted: Sequence[bool]) -> tuple[bool, ...]:
    """Which inputs a change of the wanted ones reaches, when outputs become the first inputs."""
    flags = list(wanted)
    while True:
        reached = _active_outputs(graph, flags)[:states]
        new = [a or b for a, b in zip(flags[:states], reached, strict=True)] + flags[states:]
        if new == flags:
            return tuple(flags)
        flags = new


def _active_outputs(graph: Graph, flags: Sequence[bool]) -> list[bool]:
    reached = active(graph, flags)
    return [reached[o] for o in graph.outputs]
