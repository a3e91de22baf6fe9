"""What a derivative at a hard point is worth: right, loud, or silently wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import mpmath as mp
import numpy as np

import bibun

from .programs import OutsideError, Program
from .truth import DIGITS, Noise, Truth, truth, values

UNITS = 100
"""The C of the promise: a derivative is right to within C eps (condition + 1) units."""
FLOOR = 1e-300
"""Near the smallest floats digits are lost by underflow, which no condition counts."""


def ours(program: Program) -> np.ndarray:
    """bibun's gradient of the sum."""
    return np.asarray(bibun.grad(program.run)(program.x))


def verdicts(
    program: Program, gradient: Callable = ours, units: float = UNITS, well: float = np.inf
) -> Iterator[str]:
    """For each entry: "right", "loud", "outside", "wrong" or "hidden"; or "error" for all.

    "underflow" is what would be wrong, if numbers on the way were not subnormal or false zeros: the
    promise leaves these out, and `well` what has a larger condition. At a "jump" of a function that
    is piecewise constant the derivative is 0 by convention.
    """
    try:
        with np.errstate(all="ignore"):
            value = program.run(program.x)
        if not np.isfinite(value):
            yield "outside"  # of the range of floats, or of the domain
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            g = gradient(program)
    except Exception as error:  # what a peer raises is told as its result
        yield f"error: {error!r}"[:200]
        return
    for entry in range(program.x.size):
        try:
            known = truth(program, entry)
            sides = [abs(s) for s in known.sides if s is not None]
            if sides and known.condition > well * max(sides):
                yield "ill-conditioned"
                continue
            found = "jump" if known.jumps else verdict(float(g[entry]), known, units)
            yield "underflow" if found == "wrong" and underflows(program, entry) else found
        except OutsideError:
            yield "outside"


def underflows(program: Program, entry: int) -> bool:
    """Whether a value on the way is so small that floats have few digits of it, or none."""
    with np.errstate(all="ignore"):
        floats = [np.broadcast_to(v, program.x.shape)[entry] for v in program.values(program.x)]
    with mp.workdps(DIGITS):
        exact = values(program, mp.mpf(float(program.x[entry])), Noise(program, entry, None), None)
    tiny = float(np.finfo(float).tiny)
    return any(abs(x) < tiny and y != 0 for x, y in zip(floats, exact, strict=True))


def verdict(g: float, known: Truth, units: float = UNITS) -> str:
    """How a number compares with the truth."""
    sides = [s for s in known.sides if s is not None]
    if not np.isfinite(g):
        return "loud" if sides and len(sides) == len(known.sides) else "right"
    if not sides:
        return "hidden" if mp.isfinite(known.condition) else "outside"
    if len(sides) < len(known.sides):
        return "right" if _near(g, sides[0], known, units) else "hidden"
    low, high = min(sides), max(sides)
    inside = low <= g <= high  # at a kink any number between is a subgradient
    return "right" if inside or any(_near(g, s, known, units) for s in sides) else "wrong"


def _near(g: float, t: Any, known: Truth, units: float) -> bool:
    eps = float(np.finfo(float).eps)
    allowed = units * eps * (known.condition + abs(t)) + FLOOR
    return bool(abs(mp.mpf(g) - t) <= allowed) or (abs(t) > 1.7e308 and abs(g) > 1e308)
