"""Picks: where a program stands at a kink or a jump, or a `where` picks out a single point.

What is derived there is put together of conventions, one for each operation, and may be none of the
whole.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from ..errors import AbstractValueError
from ..graph import Constant, Type
from ..ops.elementwise import Elementwise
from ..ops.select import Where
from ..recording import Trace

MOST = 2_000
"""Numbers of a condition up to which it is looked at."""
EQUALITIES = {"equal", "not_equal"}
COMPARISONS = EQUALITIES | {"less", "less_equal", "greater", "greater_equal"}


class Place(NamedTuple):
    """A `where`: the comparison that decides, its condition and sides, and what is chosen from."""

    name: str
    condition: int
    sides: list[int]
    choices: list[int]


class Picks:
    """The places where a program chooses by a comparison, and its kinks and jumps."""

    def __init__(self, trace: Trace):
        self.places: list[Place] = []
        self.edges: list[int] = []  # entries whose operations may stand at a kink or a jump
        self.told = False  # whether it was said that they could not be looked at
        for i, (op, *args) in enumerate(trace.entries):
            # What has whole numbers as its arguments does not move with any float.
            if (op.kink or op.jump) is not None and any(_moves(trace, a) for a in args):
                self.edges.append(i)
            how, *sides = trace.entries[args[0]] if type(op) is Where else (None,)
            if type(how) is Elementwise and how.name in COMPARISONS:
                choices = [i for i in args[1:] if not _constant(trace, i)]
                self.places.append(Place(how.name, args[0], sides, choices))

    def met(self, trace: Trace) -> int | None:
        """The entry of a comparison that picks out a point: both sides are equal somewhere.

        Where it is no test for equality, only if what is chosen from is not finite there: at an
        edge such as that of `where(x > 0, x, 0)` the side that is taken has the derivative.
        """
        try:
            return next((p.condition for p in self.places if self._met(trace, p)), None)
        except AbstractValueError:
            return None  # inside of vmap there are no values

    def _met(self, trace: Trace, place: Place) -> bool:
        condition = trace.values[place.condition]
        if type(condition) is Type or condition.size > MOST:
            return False
        if place.name in EQUALITIES:  # not_equal is the rarer one, and asks for what does not hold
            return bool((condition if place.name == "equal" else ~condition).any())
        choices = [trace.value(i) for i in place.choices]
        if len(choices) == 2 and _finite_together(*choices):
            return False
        unsound = [y for y in choices if not _finite(y)]
        if not unsound:
            return False
        tied = np.equal(*map(trace.value, place.sides))
        return any(bool((tied & ~np.isfinite(y)).any()) for y in unsound)

    def kinked(self, trace: Trace) -> bool:
        """Whether any function stands at a kink, which others may smooth: `np.sign(x) * abs(x)`.

        So may both branches of `where(x > np.trunc(x), x, np.trunc(x))`, of which the one that is
        taken at 1 holds there alone.
        """
        try:
            return any(at_edge(trace, i) is not None for i in self.edges)
        except AbstractValueError:
            return False

    def tangled(self, trace: Trace) -> int | None:
        """The entry of a jump, or of a kink that another one leads to; None, if there is neither.

        Then the mean of both sides of each kink makes the mean of both sides of the whole: the
        derivative is linear in them. What derivatives have added inside is none of the user's.
        """
        edges = {i for i in self.edges if not of_derivative(trace, i)}
        after: set[int] = set()
        for i, (_, *args) in enumerate(trace.entries):
            behind = not after.isdisjoint(args)
            if i in edges and at_edge(trace, i) is not None:
                if behind or at_edge(trace, i, kinks=False) is not None:
                    return i
                after.add(i)
            elif behind:
                after.add(i)
        return None


def at_edge(trace: Trace, entry: int, kinks: bool = True) -> np.ndarray | None:
    """Where an operation stands at a jump, or at a kink; None if it does nowhere."""
    op, *args = trace.entries[entry]
    given = [trace.value(i) for i in args]
    tests = [f for f in (op.jump, op.kink if kinks else None) if f is not None]
    with np.errstate(all="ignore"):
        return next((m for f in tests if (m := np.asarray(f(*given))).any()), None)


def _moves(trace: Trace, i: int) -> bool:
    """Whether an entry is of floats."""
    of = trace.types(i)
    return any(t.dtype.kind in "fc" for t in (of if type(of) is tuple else (of,)))


def of_derivative(trace: Trace, entry: int) -> bool:
    """Whether an entry was made by a derivative inside, and not by the user."""
    return any(start <= entry < end for start, end in trace.derived)


def _finite(x: Any) -> bool:
    # A sum of squares is finite only if all numbers are, and the quicker question.
    if x.dtype.kind != "f" or (x.shape and isfinite(np.vdot(x, x))):
        return True
    return bool(np.isfinite(x).all())


def _finite_together(x: Any, y: Any) -> bool:
    """Whether two arrays are surely finite: no product with inf or nan is, and no sum with such."""
    alike = x.shape == y.shape and x.dtype.kind == y.dtype.kind == "f"
    return alike and isfinite(np.vdot(x, y))


def _constant(trace: Trace, i: int) -> bool:
    """Whether an entry is a number of the program, perhaps spread over an array."""
    op, *args = trace.entries[i]
    spread = op.kind == "view" and bool(args) and all(_constant(trace, a) for a in args)
    return type(op) is Constant or spread
