"""Looks: derivatives inside of a compiled function, looked at in wider numbers.

As outside of one, at the first call and then at ever fewer: whether digits were lost, or a `where`
picks out a point. The function itself does not run again for that, only its graph does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np

from ..array import Array
from ..derivative.derived import Taken
from ..derivative.finite import Case, finite, looked
from ..graph import Input
from ..program import Program
from ..recording import Trace, is_abstract
from ..tracing.functional import Recorded
from ..variable import Variable
from ..walk import numbers
from ..wide.checks import MOST


class Look:
    """One derivative, as a graph from what the compiled function is given to its results.

    `source` finds what a further entry of the trace is at a call; `outputs` are the entries of the
    function's own results. It is `closed` if it needs nothing but the function's arguments.
    """

    def __init__(
        self,
        trace: Trace,
        inputs: list[int],
        outputs: list[int],
        taken: Taken,
        source: Callable[[Any, int], Any],
    ):
        self.taken = taken
        points = list(taken.points.values())
        moved = [taken.points[i] for i in taken.recorded.inputs]
        self.graph, order = trace.close(inputs, taken.results, cut=moved)
        self.movable = [i in moved for i in order[: self.graph.arity]]
        count = len(inputs)
        further = order[count : self.graph.arity]
        self.further = [points.index(i) if i in points else source(trace, i) for i in further]
        before, order = trace.close(inputs, points)
        self.before = Program(before)
        self.met = [source(trace, i) for i in order[count : before.arity]]
        self.closed = not self.met and all(type(s) is int for s in self.further)
        self.size = numbers(self.graph.nodes) + numbers(before.nodes)
        self.program = Program(self.graph)
        self.native = [outputs.index(i) if i in outputs else None for i in taken.results]

    def looked(self, values: Sequence[Any], arrays: Sequence[Any]) -> bool:
        """Whether there are better results than what native code has found for these arguments."""
        with np.errstate(all="ignore"):
            points = self.before(*values, *map(present, self.met))
            further = [points[s] if type(s) is int else present(s) for s in self.further]
            args = [np.asarray(x) for x in (*values, *further)]
            plain = self.program(*args)
        chosen = zip(plain, self.native, strict=True)
        results = [np.asarray(y if k is None else arrays[k])[()] for y, k in chosen]
        if not all(map(finite, results)):
            return False  # which is seen in the results of the function
        recorded = replayed(self.taken, points)
        picks = self.taken.picks
        picked = picks.met(recorded.trace)
        case = Case(self.graph, args, self.movable, recorded, _nothing, _never)
        return looked(case, results, picks, picked, True) is not None


def looks(
    trace: Any, inputs: list[int], outputs: list[int], source: Callable[[Any, int], Any]
) -> list[Look]:
    """The derivatives in a trace, as many as are small together."""
    found, room = [], MOST
    for taken in trace.derivatives:
        look = Look(trace, inputs, outputs, taken, source)
        if look.size <= room:
            found.append(look)
            room -= look.size
    return found


def present(source: Any) -> Any:
    """What a Variable or an array holds now."""
    return source.stored if isinstance(source, Variable) else np.asarray(source)


def _nothing() -> None:
    return None


def _never(results: Sequence[Any]) -> bool:
    return False


def replayed(taken: Taken, points: Sequence[Any]) -> Recorded:
    """What was recorded of types, with the values that these arguments give."""
    recorded = taken.recorded
    trace = copy(recorded.trace)
    trace.values, trace.captured = list(trace.values), dict(trace.captured)
    for i, x in zip(taken.points, points, strict=True):
        trace.values[i] = x
        trace.captured[i] = Array(None, -1, x)
    with np.errstate(all="ignore"):
        for i in range(max(recorded.outputs, default=-1) + 1):
            if is_abstract(trace.values[i]) and type(trace.entries[i][0]) is not Input:
                trace.value(i)
    return recorded._replace(trace=trace)


__all__ = ["Look", "looks", "present"]
