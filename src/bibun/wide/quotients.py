"""Quotients: derivatives from the function itself, where the formula of its derivative fails.

The derivative of `ndtr(np.inf / s)` is 0, and its formula is 0 * inf, at each point around as well.
The function has a value there, though: so each entry moves alone, by two very small steps to each
side. What both quotients of differences are the same number is the derivative by that entry, and
the mean of both sides at a kink; by an infinite entry it is 0. As limits are, this is evidence and
no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .balls import precision, raw
from .limits import NOTHING, Limit, Move, converged, same, value_of
from .proof import number
from .rescue import UNKNOWN, Rescue, Rescued
from .sides import ALONG, is_gradient, only


def by_quotients(attempt: Rescue, found: Rescued) -> Rescued:
    """What a rescue found, with derivatives that it left open from differences of the values."""
    if not found.why or not is_gradient(attempt) or len(found.open[0]) or _chosen(attempt):
        return found
    try:
        (here,) = attempt.exact(attempt.steps().bits)[0]
    except UNKNOWN:
        return found
    better = [np.array(y, order="C") for y in found.results]
    still = [found.open[0]]
    for k, entries in enumerate(found.open[1:]):
        y, left = better[1 + k], []
        for e in entries:
            tries = ((0, here), (1, None), (-1, None))
            slopes = (_slope(attempt, k, int(e), *given) for given in tries)
            slope = next((s for s in slopes if s.kind == "number"), NOTHING)
            if slope.kind == "number":
                y.ravel()[e] = number(slope.value, y.dtype)
            else:
                left.append(e)
        still.append(np.array(left, int))
    why = found.why if any(map(len, still)) else ""
    return Rescued([y[()] for y in better], still, why)


def _chosen(attempt: Rescue) -> bool:
    """Whether matrices are decomposed, whose bases may be a matter of choice."""
    nodes = attempt.graph.nodes
    return any(n.op.kind == "call" and type(n.type) is tuple for n in nodes)


def _slope(attempt: Rescue, k: int, e: int, beside: int, here: Any) -> Limit:
    """The derivative by entry e of the k-th argument that is differentiated, given the value.

    Where the function has no value along that entry, all others go `beside`: the smallest step.
    """
    place, masks = only(attempt, k, e)
    wanted = [np.arange(1)] + [np.arange(0)] * (len(attempt.graph.outputs) - 1)
    try:
        if beside:
            still = [False] * len(masks)
            here = attempt.nearby(wanted, still, ALONG[:1], beside)[0][0][ALONG[0]]
            here = None if here is None else here + attempt.steps().doubt()
        seen = attempt.nearby(wanted, masks, ALONG, beside)[0][0] if here is not None else {}
    except UNKNOWN:
        return NOTHING
    if not seen:
        return NOTHING
    if np.isinf(np.ravel(attempt.args[place])[e]):
        return Limit("number", raw(0))  # what tends to a number becomes flat
    with precision(attempt.steps().bits):
        ends = []
        for sign in (1, -1):
            moves = [Move(0, sign, half) for half in (True, False)]
            if any(seen[m] is None for m in moves):
                continue  # outside of the domain
            ends.append(converged(*((seen[m] - here) / _way(attempt, m, place, e) for m in moves)))
        return _one(ends)


def _way(attempt: Rescue, move: Move, place: int, e: int) -> Any:
    """How far an entry goes in a step."""
    x = attempt.args[place]
    there = attempt.steps().moved(x, move, place, attempt.library)
    return value_of(np.ravel(there)[e] - np.ravel(attempt.library.elements(x))[e])


def _one(ends: Sequence[Limit]) -> Limit:
    """The limit from all sides; the mean of both sides of a kink."""
    numbers = [x.value for x in ends if x.kind == "number"]
    if not numbers or len(numbers) < len(ends):
        return NOTHING
    if all(same(numbers[0], x) for x in numbers):
        return ends[0]
    return Limit("number", sum(numbers[1:], numbers[0]) / len(numbers))
