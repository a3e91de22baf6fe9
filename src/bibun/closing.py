"""From what a trace has recorded to a graph: the part between these inputs and those outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .graph import Graph, Input, Type, canonical


def closed(
    trace: Any,
    inputs: Sequence[int],
    outputs: Sequence[int],
    varying: Iterable[int],
    cut: Iterable[int],
    last: Sequence[int],
) -> tuple[Graph, list[int]]:
    """What `Trace.close` gives."""
    entries, given = list(trace.entries), {*inputs, *last}
    for i, constant in trace.constants.items():
        entries[i] = (constant,)
    for i in varying:
        entries[i] = (Input(Type(trace.constants[i].dtype, ())),)
    for i in (*inputs, *last, *cut):
        entries[i] = (Input(trace.types(i)),)
    extra = sorted(reach(entries, outputs) - given)
    return canonical(entries, _Types(trace), [*inputs, *extra, *last], outputs)


def reach(entries: list[tuple], outputs: Sequence[int]) -> set[int]:
    """The inputs that the outputs need."""
    needed = set(outputs)
    for i in range(max(needed, default=-1), -1, -1):
        if i in needed:
            needed.update(entries[i][1:])
    return {i for i in needed if type(entries[i][0]) is Input}


class _Types:
    """The types of the entries of a trace, as a sequence."""

    def __init__(self, trace: Any):
        self.trace = trace

    def __getitem__(self, i: int) -> Any:
        return self.trace.types(i)
