"""Checks: finite derivatives that may be wrong all the same, looked at in wider numbers.

Cancellation takes digits without a word: `(1 - cos(x)) / x**2` near 0. And a `where` that picks a
number at one point, `where(x == 0, 1, sin(x) / x)`, has no derivative there but that of its
surroundings. Both are asked here of small programs; what is proven, or is the limit from all
directions, takes the place of what the floats gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .balls import UndecidedError, precision
from .limits import DIRECTIONS, MOVES, Limit, Move, converged, limit
from .near import MORE, Near
from .objects import NotExpressibleError
from .proof import number
from .rescue import OPEN, PRECISIONS, UNKNOWN, Rescue, SpentError, reason
from .sides import meets, partials

MOST = 2_000
"""Numbers in a program up to which its digits are looked at: a few milliseconds."""
APART = 1e-30
"""The part of the largest number of an array below which others are measured by themselves."""
UNPROVEN = f"{PRECISIONS[-1]:,} bits prove nothing of it"
KEPT = 3 / 4
"""The share of its digits that a derivative has to have; else it is computed again."""


# ------------------------------------------------------------ lost digits


def lost(attempt: Rescue, results: Sequence[Any]) -> tuple[list[Any] | None, str]:
    """Better results, if derivatives have lost more than a quarter of their digits.

    None, if they have not; what is proven to be beyond all floats is infinite. And why nothing is
    known of some of them (empty: all are proven).
    """
    wanted = [
        np.arange(np.size(y)) if k >= attempt.values else np.arange(0)
        for k, y in enumerate(results)
    ]
    try:
        close = attempt.near(wanted)
        if close is not None and all(map(kept, results, close)):
            return None, ""
        found = attempt.proven(wanted, finite=True)
    except (SpentError, NotExpressibleError) as error:
        return None, reason(error)
    better, wrong, unknown = [], False, False
    for y, proofs in zip(results, found, strict=True):
        z = np.array(y, order="C")
        for e, p in enumerate(proofs):
            if p.kind == "number":
                z.ravel()[e] = number(p.value, z.dtype)
        wrong = wrong or (bool(proofs) and differ(y, z))
        unknown = unknown or any(p.kind in OPEN for p in proofs)
        better.append(z[()])
    return better if wrong else None, UNPROVEN if unknown else ""


def differ(y: Any, z: Any) -> bool:
    """Whether y has lost digits that z has, measured at the largest number of comparable size.

    A zero instead of a number is a loss, however small that is: something has underflowed; so is a
    number where there is none.
    """
    if y.dtype.kind != "f":
        return False
    if (np.isfinite(y) != np.isfinite(z)).any():
        return True
    tolerance = float(np.finfo(y.dtype).eps) ** KEPT
    smallest = float(np.finfo(y.dtype).tiny)  # below, floats have fewer digits
    largest = float(np.max(np.abs(z), initial=0))
    if ((np.asarray(y) == 0) & (np.abs(z) > smallest)).any():
        return True
    # What is that small is no sum of large numbers that was rounded: it stands for itself.
    alone = np.maximum(np.abs(y), np.abs(z)) < APART * largest
    errors = np.abs(np.subtract(y, z, dtype=float))
    allowed = np.maximum(tolerance * np.where(alone, np.abs(z), largest), smallest)
    return bool((errors > allowed).any())


def kept(y: Any, close: Sequence[Near]) -> bool:
    """Whether y surely has its digits, as `differ` asks it, whatever these numbers are exactly."""
    if not close or y.dtype.kind != "f":
        return True
    tolerance, smallest = float(np.finfo(y.dtype).eps) ** KEPT / 2, float(np.finfo(y.dtype).tiny)
    most = max(abs(z.x) + z.off for z in close)
    least = max(abs(z.x) - z.off for z in close)
    for x, z in zip(np.ravel(y).tolist(), close, strict=True):
        error = (abs(x - z.x) + z.off) * MORE
        size = least if abs(x) >= APART * most * MORE else abs(z.x) - z.off
        if x == 0 and abs(z.x) + z.off > smallest:
            return False
        if error > smallest and error > tolerance * size:
            return False
    return True


def shaken(attempt: Rescue, outside: Sequence[bool], results: Sequence[Any]) -> bool:
    """Whether the last digits of arguments from outside decide about what is proven of results.

    As it is where these were computed before, in floats, and their rounding is what is left after
    a cancellation.
    """
    wanted = [
        np.flatnonzero(np.isfinite(np.ravel(y))) if k >= attempt.values else np.arange(0)
        for k, y in enumerate(results)
    ]
    try:
        exact = attempt.proven(wanted, finite=True)
        moved = attempt.moved_outside(wanted, outside)
    except UndecidedError:
        return True
    except (SpentError, NotExpressibleError):
        return False
    for y, w, proofs, found in zip(results, wanted, exact, moved, strict=True):
        if not len(w) or y.dtype.kind != "f":
            continue
        largest = float(np.max(np.abs(np.ravel(y)[w])))
        if not largest:
            continue  # zero, however it came about
        allowed = _tolerance(y.dtype, largest)
        for p, x in zip(proofs, found, strict=True):
            if p.kind == "number" and (x is None or abs(x - p.value) > allowed):
                return True
    return False


def _tolerance(dtype: np.dtype, largest: float) -> float:
    """How far numbers may be off that have kept their digits; below `tiny`, floats have fewer."""
    kind = np.finfo(dtype)
    return max(float(kind.eps) ** KEPT * largest, float(kind.tiny))


# ------------------------------------------------------------ kinks, and points picked out


def smoothed(attempt: Rescue, results: Sequence[Any], picked: bool) -> tuple[list[Any] | None, str]:
    """Results with limits in the place of derivatives that are conventions, or were picked out.

    None, if there is nothing better; and why it is not known whether there is (empty: it is).
    Where the function is continuous, and its derivative has one limit from all directions, that is
    the limit. If it has none at all, what a `where` picked is no derivative, and becomes nan. Other
    conventions have to lie between the derivatives around.
    """
    wanted = [
        np.arange(np.size(y)) if k >= attempt.values else np.arange(0)
        for k, y in enumerate(results)
    ]
    doubtful = wanted[attempt.values :]
    better = [np.array(y, order="C") for y in results]
    try:
        exact = attempt.exact(PRECISIONS[-1])
    except UNKNOWN as error:
        return None, reason(error)
    around, why = _around(attempt, wanted, exact)
    if around is not None:
        with precision(PRECISIONS[-1]):
            limits = [[limit(f) for f in places] for places in around[attempt.values :]]
            # Of three entries that tie, one may be the largest in none of the directions.
            sure = picked or all(x.kind == "number" for places in limits for x in places)
            if sure:
                broken = picked and _no_slope(attempt, around, exact)
                _replace(better[attempt.values :], limits, broken)
            doubtful = [
                np.array([e for e, f in enumerate(places) if _in_doubt(z.ravel()[e], f)], int)
                for z, places in zip(
                    better[attempt.values :], around[attempt.values :], strict=True
                )
            ]
    if not picked and any(map(len, doubtful)):
        better, why = partials(attempt, better, doubtful, exact[0][0])
    alike = all(_alike(y, z) for y, z in zip(results, better, strict=True))
    return None if alike else [z[()] for z in better], why


def _alike(y: Any, z: Any) -> bool:
    """Whether z is y but for roundings."""
    return np.array_equal(y, z) or bool(np.isfinite(z).all() and not differ(y, z))


def _around(
    attempt: Rescue, wanted: Sequence[np.ndarray], exact: list[list[Any]]
) -> tuple[list[list[dict]] | None, str]:
    """What is seen next to the point, if the function is continuous there; why nothing is."""
    try:
        seen = attempt.nearby(wanted, attempt.movable)
    except UNKNOWN as error:
        return None, reason(error)
    with precision(PRECISIONS[-1]):
        values = [[limit(f) for f in places] for places in seen[: attempt.values]]
        return (seen if _continuous(attempt, values, exact) else None), ""


def _replace(results: list[np.ndarray], limits: list[list[Limit]], broken: bool) -> None:
    """Put limits into their places; nan where there is none, and the function has no slope."""
    for z, places in zip(results, limits, strict=True):
        for e, x in enumerate(places):
            if x.kind == "number":
                z.ravel()[e] = number(x.value, z.dtype)
            elif x.kind == "nothing" and broken:
                z.ravel()[e] = np.nan


def _in_doubt(g: Any, found: dict[Move, Any]) -> bool:
    """Whether a number lies beyond those seen around, or these have no limits."""
    directions = {(d, s) for d, s, _ in MOVES}
    ends = [converged(found[Move(d, s, True)], found[Move(d, s, False)]) for d, s in directions]
    seen = [float(end.value) for end in ends if end.kind in ("number", "nearly")]
    if len(seen) < len(ends):
        return True
    off = _tolerance(g.dtype, max(map(abs, seen)))
    return not min(seen) - off <= g <= max(seen) + off


def _continuous(attempt: Rescue, limits: list[list[Limit]], exact: list[list[Any]]) -> bool:
    """Whether the limits of all values are these."""
    types = attempt.graph.output_types
    return all(
        meets(x, v, t.dtype)
        for f, row, t in zip(limits, exact, types, strict=False)
        for x, v in zip(f, row, strict=True)
    )


def _no_slope(attempt: Rescue, seen: list[list[dict]], exact: list[list[Any]]) -> bool:
    """Whether a difference quotient of a value has no limit along some direction."""
    steps = attempt.steps()
    for places, values in zip(seen[: attempt.values], exact, strict=True):
        for found, value in zip(places, values, strict=True):
            for d in range(DIRECTIONS):
                moves = Move(d, 1, True), Move(d, 1, False)
                if any(found[m] is None for m in moves):
                    continue  # outside of the domain
                quotients = [(found[m] - value) / steps.length(m) for m in moves]
                if converged(*quotients).kind == "nothing":
                    return True
    return False


# ------------------------------------------------------------ conventions


def existing(attempt: Rescue, results: Sequence[Any]) -> list[Any]:
    """Results with nan where the derivative does not exist.

    SpentError, NotExpressibleError and UndecidedError where that cannot be told.
    """
    wanted = [
        np.arange(np.size(y)) if k >= attempt.values else np.arange(0)
        for k, y in enumerate(results)
    ]
    seen = attempt.nearby(wanted, attempt.movable)
    exact = attempt.exact(PRECISIONS[-1])
    with precision(PRECISIONS[-1]):
        limits = [[limit(f) for f in places] for places in seen]
        # Without a value at the point itself (0/0), its limit is one.
        known = [
            [x.value if v is None else v for x, v in zip(f, row, strict=True)]
            for f, row in zip(limits[: attempt.values], exact, strict=True)
        ]
        continuous = _continuous(attempt, limits[: attempt.values], known)
    better = [np.array(y, order="C") for y in results]
    for z, found in zip(better[attempt.values :], limits[attempt.values :], strict=True):
        for e, x in enumerate(found):
            if not continuous or x.kind not in ("number", "infinite"):
                z.ravel()[e] = np.nan
    return [z[()] for z in better]
