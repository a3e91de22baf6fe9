"""Results that are not finite, or without digits: computed again in wider numbers, or warned of."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy import vdot

from ..errors import (
    LostDigitsWarning,
    NotDifferentiableError,
    NotFiniteWarning,
    said,
    user_frame,
)
from ..graph import Graph
from ..recording import Trace
from ..tracing.functional import Recorded
from ..walk import numbers
from ..wide.checks import MOST, existing, lost, smoothed
from ..wide.mode import Mode, mode
from ..wide.picks import Picks, at_edge, of_derivative
from ..wide.quotients import by_quotients
from ..wide.rescue import SPENT, UNKNOWN, Budget, Rescue, Rescued, possible, reason
from .blame import blame, convention
from .losses import difference, lossy, vanishing

SMALL = 1000
"""Entries up to which the sum of all squares is a quicker question than asking each."""
BLOCK = 65536
"""Entries that are asked at once: what is said of more of them takes fresh memory of the system."""
MEND = "`with bibun.numerics.rescue(True):` gives the right ones"


def finite(y: Any) -> bool:
    """Whether all numbers of a result are finite; other things than real floats count as finite."""
    if type(y) is np.float64:  # the value of a function, most often
        return isfinite(y)
    if y.dtype.kind != "f":
        return True
    # A sum of squares is finite only if all numbers are; it may overflow though they are.
    if y.size < SMALL and isfinite(vdot(y, y)):
        return True
    if y.size <= BLOCK or not y.flags.c_contiguous:
        return bool(np.isfinite(y).all())
    flat = y.ravel()
    return all(np.isfinite(flat[k : k + BLOCK]).all() for k in range(0, y.size, BLOCK))


class Case(NamedTuple):
    """A derivative at certain arguments, as wider numbers can compute it.

    `movable` are the arguments that it is a derivative by. `again` is the same derivative with all
    that the function was given recorded, and what floats give for it: then nothing was rounded
    before; None if that changes nothing. `unsure` says whether the last digits of what came from
    outside decide about results.
    """

    graph: Graph
    args: list[np.ndarray]
    movable: list[bool]
    recorded: Recorded
    again: Callable[[], tuple[Case, list[Any]] | None]
    unsure: Callable[[Sequence[Any]], bool]

    def attempt(self) -> Rescue:
        """Wider numbers, within the budget that holds here."""
        values = self.recorded.results
        return Rescue(self.graph, self.args, self.movable, values, mode().budget)

    @property
    def possible(self) -> bool:
        """Whether wider numbers can help."""
        return possible(self.graph, self.args)


class Patience:
    """How often a program was computed again in vain: then it is tried at ever fewer calls.

    With another budget it is tried at once.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.calls = 0
        self.budget: Budget | None = None

    def improved(self, case: Case, results: list[Any]) -> list[Any]:
        """The results, with entries from wider numbers where the usual ones are not finite."""
        how, recorded = mode(), case.recorded
        if how.rescue is False or not case.possible:
            return results
        why = "computing it again in wider numbers is switched off"
        if how.rescue is True:
            if how.budget != self.budget:
                self.failures, self.calls, self.budget = 0, 0, how.budget
            self.calls += 1
            if self.calls < 2**self.failures:
                return _without_value(results, recorded.results)
            found = _rescued(case, results)
            if not found.why:
                self.failures = self.calls = 0
                return found.results
            self.failures, self.calls = self.failures + 1, 0
            results, why = _without_value(found.results, recorded.results), found.why
        if not has_nan(recorded.trace) and not _as_given(case, results):
            warn(NotFiniteWarning(message(recorded, results, why)))
        return results


def _rescued(case: Case, results: list[Any]) -> Rescued:
    """What wider numbers give; if it depends on what was rounded outside, with that recorded."""
    found = by_quotients(case.attempt(), case.attempt().run(results))
    if not found.why and numbers(case.graph.nodes) <= MOST and all(map(finite, found.results)):
        # What else is finite may be a false zero of the same overflow.
        found = found._replace(results=lost(case.attempt(), found.results)[0] or found.results)
    other = case.again()
    if other is not None:
        better = _rescued(*other)
        if found.why or not better.why:
            return better
    if not found.why and case.unsure(found.results):
        warn(LostDigitsWarning(_unsure(case)))
    return found


def has_nan(trace: Trace) -> bool:
    """Whether a number of the function's own is nan: another one is no surprise then."""
    return any(c.dtype.kind == "f" and np.isnan(c.value()).any() for c in trace.constants.values())


def _as_given(case: Case, results: list[Any]) -> bool:
    """Whether numbers are infinite because arguments are: logsumexp([inf, 1])."""
    given = [x for x in case.args if x.dtype.kind == "f"]
    return any(np.isinf(x).any() for x in given) and not any(np.isnan(y).any() for y in results)


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
        self.small = numbers(graph.nodes) <= MOST and len(graph.outputs) > values
        self.calls, self.next, self.gap = 0, 1 if self.small else np.inf, 1
        self.picks = Picks(trace)

    def due(self, how: Mode) -> bool:
        """Whether this call is looked at."""
        return self.calls >= self.next or (how.always and self.small)

    def better(self, case: Case, results: list[Any], picked: int | None) -> list[Any]:
        """The results, with what lost digits or stands at an edge taken from wider numbers."""
        due = self.due(mode())
        found = looked(case, results, self.picks, picked, due)
        if due and mode().rescue is not False:
            self.gap = 1 if found else 2 * self.gap
            self.next = self.calls + self.gap
        return found if found and mode().rescue is True else results


def looked(
    case: Case, results: list[Any], picks: Picks, picked: int | None, due: bool
) -> list[Any] | None:
    """Better results than these finite ones, if there are any.

    `picked` is the entry of a comparison that picks out a point. What is not mended is warned of:
    where there is no limit, where nobody knows, and all of it in the mode "warn".
    """
    how, recorded = mode().rescue, case.recorded
    if how is False or not case.possible:
        return None
    if picked is not None or (due and picks.kinked(recorded.trace)):
        found, why = smoothed(case.attempt(), results, picked is not None)
        if why:
            _tell(recorded, picks, picked, why)
        if found is not None:
            if any(np.isnan(y).any() for y in found if y.dtype.kind == "f"):
                warn(NotFiniteWarning(message(recorded, found, "there is no limit")))
            elif how == "warn":
                warn(LostDigitsWarning(_picked(case, results, found)))
            return found
    found, why = lost(case.attempt(), results) if due else (None, "")
    if why not in ("", SPENT):
        _tell_small(case, picks, why)
    if found is None:
        return None
    if how == "warn":
        warn(LostDigitsWarning(_lost(case, results, found)))
        return found
    other = case.again()
    if other is not None:
        better = _rescued(*other)
        if not better.why:
            return better.results
    if case.unsure(found):
        warn(LostDigitsWarning(_unsure(case)))
    return found


def _tell(recorded: Recorded, picks: Picks, picked: int | None, why: str) -> None:
    """Say once that conventions could not be compared with the derivative of the whole."""
    trace, entry = recorded.trace, picked
    if entry is None or at_edge(trace, entry) is None:  # whole numbers do not move themselves
        entry = picks.tangled(trace)
    if entry is None or picks.told or of_derivative(trace, entry):
        return
    mask = at_edge(trace, entry)
    assert mask is not None
    picks.told, what = True, convention(recorded, entry, mask)
    more = "; `with bibun.numerics.rescue(True, seconds=10, operations=10**8):` allows more"
    warn(
        LostDigitsWarning(
            f"{what}, and whether the whole has it could not be looked at: "
            f"{why}{more if why == SPENT else ''}"
        )
    )


def _tell_small(case: Case, picks: Picks, why: str) -> None:
    """Say once that numbers were too small for floats, where exact numbers do not help either.

    The rest of what exact numbers do not prove is right to within the condition of the program,
    which does not count what underflows.
    """
    what = "" if picks.told else vanishing(case.recorded, case.graph, case.args)
    if what:
        picks.told = True
        warn(LostDigitsWarning(f"{what}, and the derivative could not be looked at: {why}"))


def _picked(case: Case, results: list[Any], found: list[Any]) -> str:
    return (
        f"{difference(case.recorded, results, found)}: the derivative of a single point, or of one "
        f"side of a kink, and not of the function around it; {MEND}"
    )


def _lost(case: Case, results: list[Any], found: list[Any]) -> str:
    return f"{difference(case.recorded, results, found)}: {lossy(case.recorded)}; {MEND}"


def _unsure(case: Case) -> str:
    return (
        f"digits of the derivative are lost: {lossy(case.recorded)}. What is left depends on the "
        "last digits of arrays from outside, which are taken as they are: if they were computed, "
        "then compute them inside of the function, from its arguments, or watch what they are "
        "computed from"
    )


def strictly(case: Case, results: list[Any]) -> list[Any]:
    """The results without conventions, as `numerics.strict` wants them."""
    why = "only real numbers, and no nan, can be looked at"
    if case.possible:
        try:
            found = existing(case.attempt(), results)
        except UNKNOWN as error:
            why = reason(error)
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
    said.count += 1
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
