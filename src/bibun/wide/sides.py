"""Both sides of a point along one entry at a time: the partial derivatives at kinks.

A derivative that is put together of conventions, one for each kink on the way, need be none: at 0,
maximum(x, 0) - abs(x) / 2 has the slope 1/2, and the maximum of two functions that both grow from
there does not have half of the slope of each. Along each entry a function of one number has one
derivative on each side, and what lies between them is the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from .balls import precision
from .limits import NEARLY, Limit, Move, converged, same
from .proof import number
from .rescue import PRECISIONS, UNKNOWN, Rescue, reason

ALONG = [Move(0, *m) for m in product((1, -1), (True, False))]
ROUNDED = 2
"""Bits that a few constants lose by their rounding."""


def partials(
    attempt: Rescue, results: Sequence[Any], doubtful: Sequence[np.ndarray], exact: Any
) -> tuple[list[Any], str]:
    """Results whose doubtful entries lie between the derivatives on both sides of the point.

    Those that do not become the middle; where all derivatives around are infinite, nan, or that
    infinity. Entries along which the function itself jumps, or has no limit, stay as they are. Only
    for gradients of one number, whose entries belong to those of the arguments. And why some of
    them are not known (empty: all are).
    """
    better, why = [np.array(y, order="C") for y in results], ""
    if not is_gradient(attempt):
        return better, "it is no gradient of one number"
    for k, e in _entries(doubtful):
        try:
            sides = _sides(attempt, k, e, exact)
        except UNKNOWN as error:
            why = reason(error)
            continue
        flat = better[attempt.values + k].ravel()
        flat[e] = _between(flat[e], sides, flat.dtype)
    return better, why


def is_gradient(attempt: Rescue) -> bool:
    """Whether results are a number and its derivatives by all entries of arguments."""
    types, args = attempt.graph.output_types, zip(attempt.args, attempt.movable, strict=True)
    shapes = [x.shape for x, moves in args if moves]
    return attempt.values == 1 and types[0].shape == () and [t.shape for t in types[1:]] == shapes


def _entries(doubtful: Sequence[np.ndarray]) -> Iterator[tuple[int, int]]:
    for k, entries in enumerate(doubtful):
        yield from ((k, int(e)) for e in entries)


def _sides(attempt: Rescue, k: int, e: int, exact: Any) -> list[Limit]:
    """The derivative by an entry on each side of it, where the function has a value there."""
    _, masks = only(attempt, k, e)
    wanted = [np.arange(0)] * len(attempt.graph.outputs)
    wanted[attempt.values + k] = np.array([e])
    seen = attempt.nearby(wanted, masks, ALONG)
    (value,), (slope,) = seen[0], seen[attempt.values + k]
    sides = []
    with precision(PRECISIONS[-1]):
        for sign in (1, -1):
            steps = Move(0, sign, True), Move(0, sign, False)
            if any(value[m] is None for m in steps):
                continue  # outside of the domain
            limit = converged(*(value[m] for m in steps))
            if not meets(limit, exact, attempt.graph.output_types[0].dtype):
                return []  # the function jumps
            sides.append(_end(*(slope[m] for m in steps)))
    return sides


def only(attempt: Rescue, k: int, e: int) -> tuple[int, list[Any]]:
    """Which argument is the k-th of those that move, and masks by which only entry e of it does."""
    place = [j for j, moves in enumerate(attempt.movable) if moves][k]
    masks: list[Any] = [False] * len(attempt.args)
    mask = np.zeros(prod(attempt.args[place].shape), bool)
    mask[e] = True
    masks[place] = mask.reshape(attempt.args[place].shape)
    return place, masks


def meets(limit: Limit, here: Any, dtype: np.dtype) -> bool:
    """Whether a limit is the value at the point itself, but for the rounding of constants.

    `where(x == 0, 1 / 6, (x - sin(x)) / x**3)` means to be continuous, and 1/6 is no float.
    """
    if limit.kind != "number" or here is None:
        return False
    return same(limit.value, here, bits=np.finfo(dtype).nmant - ROUNDED)


def _end(first: Any, second: Any) -> Limit:
    """The limit of a slope; one that doubles as the digits of the step do grows as a logarithm."""
    found = converged(first, second)
    if found.kind != "nothing" or first is None or second is None:
        return found
    grows = abs(10 * second - 20 * first) < abs(first)
    return Limit("infinite", np.inf if second > 0 else -np.inf) if grows else found


def _between(g: Any, sides: list[Limit], dtype: np.dtype) -> Any:
    """g, if it is between the derivatives of both sides; else the middle of them."""
    kinds = {s.kind for s in sides}
    if kinds == {"infinite"}:
        return sides[0].value if len({s.value for s in sides}) == 1 else dtype.type(np.nan)
    if not kinds or kinds != {"number"}:
        return g
    with precision(PRECISIONS[-1]):
        ends = [s.value for s in sides]
        low, high = (min(ends, key=float), max(ends, key=float))
        far = max(abs(low), abs(high)) / 2 ** (NEARLY // 2)
        inside = low - far <= float(g) <= high + far
        return g if inside else number((low + high) / 2, dtype)
