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

FLOOR = 1e-300
"""Near the smallest floats digits are lost by underflow, which no condition counts."""
EPS = float(np.finfo(float).eps)


def ours(program: Program) -> np.ndarray:
    """bibun's gradient of the sum."""
    return np.asarray(bibun.grad(program.run)(program.x))


def compiled(program: Program) -> np.ndarray:
    """The same in native code, as it is by default."""
    return np.asarray(bibun.jit(bibun.grad(program.run))(program.x))


def verdicts(
    program: Program, gradient: Callable = ours, units: float = UNITS, well: float = np.inf
) -> Iterator[str]:
    """For each entry: "right", "loud", "outside", "wrong" or "hidden"; or "error" for all.

    "underflow" is what would be wrong, if numbers on the way were not subnormal or false zeros: the
    promise leaves these out, and `well` what has a larger condition. At a "jump" of a function that
    is piecewise constant the derivative is 0 by convention. "warned" is what is wrong, and was said
    to be.
    """
    try:
        with np.errstate(all="ignore"):
            value = program.run(program.x)
        if not np.isfinite(value):
            yield "outside"  # of the range of floats, or of the domain
            return
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            g = gradient(program)
    except Exception as error:  # what a peer raises is told as its result
        yield f"error: {error!r}"[:200]
        return
    warned = any(issubclass(w.category, RuntimeWarning) for w in said)
    for entry in range(program.x.size):
        try:
            found = _entry(program, entry, float(g[entry]), units, well)
            yield "warned" if warned and found in ("wrong", "hidden") else found
        except OutsideError:
            yield "outside"


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
    sides = [abs(s) for s in known.sides if s is not None]
    if found == "wrong" and np.isfinite(well) and known.condition > well * max(sides):
        return "ill-conditioned"
    return "underflow" if found == "wrong" and underflows(program, entry) else found


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
    if not np.isfinite(g):
        return "loud" if sides and len(sides) == len(known.sides) else "right"
    if not sides:
        return "hidden" if mp.isfinite(known.condition) else "outside"
    if len(sides) < len(known.sides):
        return "right" if _near(g, sides[0], known) else "hidden"
    low, high = min(sides), max(sides)
    inside = low <= g <= high  # at a kink any number between is a subgradient
    if inside or any(_near(g, s, known) for s in sides):
        return "right"
    several = [] if len(known.lanes) == 1 else known.around
    return "right" if several and min(several) <= g <= max(several) else "wrong"


def _near(g: float, t: Any, known: Truth) -> bool:
    if abs(t) > 1.7e308 and abs(g) > 1e308:
        return True
    away = abs(mp.mpf(g) - t)
    # The condition takes most of the time, and only makes the bound wider.
    return bool(
        away <= known.units * EPS * abs(t) + FLOOR
        or away <= known.units * EPS * (known.condition + abs(t)) + FLOOR
    )
