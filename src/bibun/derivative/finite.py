"""Results that are not finite: computed again in wider numbers, or warned of."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy import vdot

from ..errors import NotDifferentiableError, NotFiniteWarning, user_frame
from ..graph import Graph
from ..recording import Trace
from ..tracing.functional import Recorded
from ..wide.balls import UndecidedError
from ..wide.checks import MOST, Picks, existing, lost, size, smoothed
from ..wide.mode import mode
from ..wide.objects import NotExpressibleError
from ..wide.rescue import Rescue, SpentError, possible
from .blame import blame

SMALL = 1000
"""Entries up to which the sum of all squares is a quicker question than asking each."""


def finite(y: Any) -> bool:
    """Whether all numbers of a result are finite; other things than real floats count as finite."""
    if y.dtype.kind != "f":
        return True
    if y.shape == ():
        return isfinite(y)
    # A sum of squares is finite only if all numbers are; it may overflow though they are.
    if y.size < SMALL and isfinite(vdot(y, y)):
        return True
    return bool(np.isfinite(y).all())


class Patience:
    """How often a program was computed again in vain: then it is tried at ever fewer calls."""

    def __init__(self) -> None:
        self.failures = 0
        self.calls = 0

    def improved(
        self,
        graph: Graph,
        args: Sequence[np.ndarray],
        movable: Sequence[bool],
        recorded: Recorded,
        results: list[Any],
    ) -> list[Any]:
        """The results, with entries from wider numbers where the usual ones are not finite."""
        how = mode()
        if how.rescue is False or not possible(graph, args, movable):
            return results
        why = "computing it again in wider numbers is switched off"
        if how.rescue is True:
            self.calls += 1
            if self.calls < 2**self.failures:
                return _without_value(results, recorded.results)
            found = Rescue(graph, args, movable, recorded.results, how.budget).run(results)
            if not found.why:
                self.failures = self.calls = 0
                if size(graph) > MOST or not all(map(finite, found.results)):
                    return found.results
                # What else is finite may be a false zero of the same overflow.
                attempt = Rescue(graph, args, movable, recorded.results, how.budget)
                return lost(attempt, found.results) or found.results
            self.failures, self.calls = self.failures + 1, 0
            results, why = _without_value(found.results, recorded.results), found.why
        if not has_nan(recorded.trace):
            warn(NotFiniteWarning(message(recorded, results, why)))
        return results


def has_nan(trace: Trace) -> bool:
    """Whether a number of the function's own is nan: another one is no surprise then."""
    return any(c.dtype.kind == "f" and np.isnan(c.value()).any() for c in trace.constants.values())


def _without_value(results: list[Any], values: int) -> list[Any]:
    """Where the function has no value at all, it has no derivative: log(x) at -2 is not -1/2."""
    if not values or not all(np.isnan(y).all() for y in results[:values]):
        return results
    gone = [np.full(y.shape, np.nan, y.dtype)[()] for y in results[values:]]
    return [*results[:values], *gone]


class Doubts:
    """When finite results of a program are looked at in wider numbers: ever more seldom.

    The first call is, then the 2nd, 4th, 8th, ... after it; where digits were lost, the next one.
    """

    def __init__(self, graph: Graph, values: int, trace: Trace):
        self.small = size(graph) <= MOST and len(graph.outputs) > values
        self.calls, self.next, self.gap = 0, 1 if self.small else np.inf, 1
        self.picks = Picks(trace)

    def better(
        self,
        graph: Graph,
        args: Sequence[np.ndarray],
        movable: Sequence[bool],
        recorded: Recorded,
        results: list[Any],
        picked: bool,
    ) -> list[Any]:
        """The results, with what lost digits or stands at an edge taken from wider numbers."""
        how = mode()
        if how.rescue is not True or not possible(graph, args, movable):
            return results
        attempt = Rescue(graph, args, movable, recorded.results, how.budget)
        due = self.calls >= self.next
        found = None
        if picked or (due and self.picks.kinked(recorded.trace)):
            found = smoothed(attempt, results, picked)
        if found is not None and not all(map(finite, found)):
            warn(NotFiniteWarning(message(recorded, found, "there is no limit")))
        if due:
            found = found or lost(attempt, results)
            self.gap = 1 if found else 2 * self.gap
            self.next = self.calls + self.gap
        return found or results


def strictly(
    graph: Graph,
    args: Sequence[np.ndarray],
    movable: Sequence[bool],
    recorded: Recorded,
    results: list[Any],
) -> list[Any]:
    """The results without conventions, as `numerics.strict` wants them."""
    why = "only real numbers, and no nan, can be looked at"
    if possible(graph, args, movable):
        attempt = Rescue(graph, args, movable, recorded.results, mode().budget)
        try:
            found = existing(attempt, results)
        except SpentError:
            why = "it would take longer than the budget allows"
        except UndecidedError:
            why = "a comparison is undecided with 2,048 bits"
        except NotExpressibleError as error:
            why = str(error)
        else:
            gone = sum(
                int((np.isnan(z) & ~np.isnan(y)).sum())
                for y, z in zip(results, found, strict=True)
                if y.dtype.kind == "f"
            )
            if gone:
                warn(NotFiniteWarning(f"strict: {gone} numbers of the derivative do not exist"))
            return found
    raise NotDifferentiableError(f"strict: whether the derivative exists is not known: {why}")


def warn(warning: Warning) -> None:
    """Warn at the line of the user's that called us, however deep that is."""
    frame = user_frame()
    if frame is None:
        warnings.warn(warning, stacklevel=2)
        return
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(
        warning, type(warning), frame.f_code.co_filename, frame.f_lineno, registry=registry
    )


def message(recorded: Recorded, results: Sequence[Any], why: str) -> str:
    """What a warning says: how much is not finite, where it began, and why it stays so."""
    count = sum(int((~np.isfinite(y)).sum()) for y in results if y.dtype.kind == "f")
    total = sum(np.size(y) for y in results)
    return f"{count} of {total} numbers of the result are not finite: {blame(recorded)}; {why}"
