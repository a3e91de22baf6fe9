"""What a derivative at a hard point is worth: right, loud, or silently wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import mpmath as mp
import numpy as np

import bibun

from .functions import OutsideError
from .programs import Program
from .truth import STEPS, UNITS, Noise, Truth, _floats, extent, finite, values

EPS = float(np.finfo(float).eps)
FLOOR = float(np.finfo(float).tiny)
"""Smaller numbers have fewer digits, which no condition counts."""
KEPT = EPS ** (3 / 4)
"""The error, relative to the largest number of a gradient, beyond which the checks find it."""


def ours(program: Program) -> np.ndarray:
    """bibun's gradient of the sum."""
    return np.asarray(bibun.grad(program.run)(program.x))


def compiled(program: Program) -> np.ndarray:
    """The same in native code, as it is by default."""
    return np.asarray(bibun.jit(bibun.grad(program.run))(program.x))


def verdicts(
    program: Program, gradient: Callable = ours, units: float = UNITS, well: float = np.inf
) -> Iterator[str]:
    """For each entry: "right", "loud", "outside", "unknown", "wrong" or "hidden"; or an "error".

    "outside" is where the program has no finite value in floats: of their range, or of the domain;
    entries that do not mix with such ones are judged without them. "unknown" is what the truth
    does not know. "ill-conditioned" is what may be off by all it is when each operation rounds, or
    by more than `well` allows: of such derivatives nothing is promised. "underflow" is what would
    be wrong, if numbers on the way were not subnormal: the promise leaves these out, as far as the
    checks do, and of well-conditioned programs in plain floats all of them. Where the function
    jumps ("jump"), there is no derivative to compare with, only conventions for its parts.
    "warned" is what is wrong, and was said to be.
    """
    try:
        inside = _finite(program)
        program = program._replace(x=program.x[inside])
        g, warned = _asked(program, gradient) if inside.any() else (np.zeros(0), False)
    except Exception as error:  # what a peer raises is told as its result
        yield f"error: {error!r}"[:200]
        return
    entries = iter(range(program.x.size))
    for known in inside:
        yield _judged(program, next(entries), g, units, well, warned) if known else "outside"


def _finite(program: Program) -> np.ndarray:
    """Which entries have a finite value, and are judged: all, some that meet no other, or none."""
    with np.errstate(all="ignore"):
        last = np.isfinite(program.values(program.x)[-1])
        found = np.broadcast_to(last if program.alone else last.all(), program.x.shape)
        whole = found.any() and np.isfinite(np.sum(program.values(program.x[found])[-1]))
    return found if whole else np.zeros_like(found)  # a sum may overflow


def _asked(program: Program, gradient: Callable) -> tuple[np.ndarray, bool]:
    """A gradient, and whether it was warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        g = gradient(program)
    return g, any(issubclass(w.category, RuntimeWarning) for w in said)


def _judged(
    program: Program, entry: int, g: np.ndarray, units: float, well: float, warned: bool
) -> str:
    try:
        found = _entry(program, entry, float(g[entry]), units, well)
    except OutsideError:
        return "unknown"
    return "warned" if warned and found in ("wrong", "hidden") else found


def _entry(program: Program, entry: int, g: float, units: float, well: float) -> str:
    known = Truth(program, entry, units)
    if known.jumps:
        return "jump"
    found = verdict(g, known)
    if found == "wrong":
        known.doubt()
        found = verdict(g, known)
    if found in ("wrong", "hidden") and known.jumps_here:
        return "jump"
    if found != "wrong":
        return found
    sides = [s for s in known.sides if s is not None]
    largest = max(map(abs, sides))
    plain = np.isfinite(well)
    if plain and known.condition > well * largest:
        return "ill-conditioned"
    small = plain or min(abs(mp.mpf(g) - s) for s in sides) <= KEPT * largest
    return "underflow" if small and underflows(program, entry) else found


def underflows(program: Program, entry: int) -> bool:
    """Whether a number on the way is so small that floats have few digits of it, or none.

    A value, its slope by the entry, or the slope of the result by it, which goes back.
    """
    lanes, (scale, digits) = program.lanes(entry), extent(program, entry)
    with mp.workdps(digits):
        x = [mp.mpf(float(v)) for v in program.x[lanes]]
        silent, tiny = Noise(program, entry, None), float(np.finfo(float).tiny)
        exact, at, h = values(program, x, silent, None), lanes.index(entry), STEPS[1] * scale
        try:
            moved = values(program, [*x[:at], x[at] + h, *x[at + 1 :]], silent, None)
        except OutsideError:
            moved = exact
        pairs = zip(chain(*exact), chain(*moved), strict=True)
        slopes = [abs(b - a) / h for a, b in pairs if finite(a) and finite(b)]
        slopes += _backwards(program, entry, x, exact)
    both = zip(chain(*_floats(program, lanes)), chain(*exact), strict=True)
    return any(0 < s < tiny for s in slopes) or any(abs(x) < tiny and y for x, y in both)


def _backwards(program: Program, entry: int, x: list, exact: list[list]) -> list[Any]:
    """The slopes of the result by each value that is not 0."""
    found = []
    for k, row in enumerate(exact[1:]):
        for lane, y in enumerate(row):
            nudged = Noise(program, entry, None)
            nudged.results[k][lane] = mp.mpf(STEPS[1])
            if not y or not finite(y):
                continue
            try:
                moved = values(program, x, nudged, None)[-1]
            except OutsideError:
                continue
            found.append(abs(mp.fsum(moved) - mp.fsum(exact[-1])) / abs(y * STEPS[1]))
    return found


def verdict(g: float, known: Truth) -> str:
    """How a number compares with the truth."""
    sides = [s for s in known.sides if s is not None]
    if not np.isfinite(g):  # what is infinite, or nothing, is so without a word
        return "loud" if sides and len(sides) == len(known.sides) else "right"
    if not sides:
        return "hidden" if mp.isfinite(known.condition) else "unknown"
    if len(sides) < len(known.sides):
        return "right" if _near(g, sides[0], known) else "hidden"
    low, high = min(sides), max(sides)
    inside = low <= g <= high  # at a kink any number between is a subgradient
    if inside or any(_near(g, s, known) for s in sides):
        return "right"
    several = [] if len(known.lanes) == 1 else known.around
    if several and min(several) <= g <= max(several):
        return "right"
    return "ill-conditioned" if any(_near(g, s, known, vague=True) for s in sides) else "wrong"


def _near(g: float, t: Any, known: Truth, vague: bool = False) -> bool:
    """Whether a number is as near to the truth as promised: if `vague`, also without any digit."""
    away, size = abs(mp.mpf(g) - t), abs(t)
    # The condition takes most of the time, and only makes the bound wider.
    if away <= known.units * EPS * size + FLOOR:
        return True
    allowed = known.units * EPS * (known.condition + size)
    return bool(away <= allowed + FLOOR and (vague or allowed <= size))
