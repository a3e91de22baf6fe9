"""The derivative of a program at a hard point, and how far rounding moves it, by mpmath.

Differences with steps of 1e-80 and 1e-90 in 500 digits, to both sides. What is the same at both
steps is the one-sided derivative. The condition is how far a derivative moves, relative to the
rounding, when every operation that rounds there, and every partial derivative, is off a little.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

from .programs import OutsideError, Program, on_number

DIGITS = 500
STEPS = 1e-80, 1e-90
SAME = mp.mpf(10) ** -12
NOISE = mp.mpf(10) ** -60
TRIALS = 3
NOTHING = mp.mpf(10) ** -330  # smaller than all doubles
VANISHES = mp.mpf(10) ** -3  # of steps that are 1e10 apart: h^p goes to zero for p > 1/3


class Truth(NamedTuple):
    """One-sided derivatives (None: none, or infinite), and how far rounding moves them."""

    sides: list[Any]  # mpf, or None
    condition: Any
    jumps: bool = False  # whether the function itself does


class Noise:
    """Relative errors of results and of partials; of what is exact in floats, none."""

    def __init__(self, program: Program, entry: int, trial: int | None):
        self.rng = None if trial is None else np.random.default_rng([program.seed, trial])
        self.exact = _exact(program, entry) if self.rng else []
        self.errors = [self._draw(k) for k, _ in enumerate(program.body)]

    def _draw(self, k: int) -> tuple[Any, list[Any]]:
        if self.rng is None:
            return 0, [0] * 4
        result = 0 if self.exact[k] else NOISE * float(self.rng.uniform(-1, 1))
        return result, [NOISE * float(self.rng.uniform(-1, 1)) for _ in range(4)]


def _exact(program: Program, entry: int) -> list[bool]:
    """Which instructions do not round at this entry."""
    with np.errstate(all="ignore"):
        floats = [np.broadcast_to(v, program.x.shape)[entry] for v in program.values(program.x)]
    found = []
    for k, (name, args) in enumerate(program.body):
        given = [float(floats[a]) if type(a) is int else a for a in args]
        try:
            if not all(map(np.isfinite, given)) or not np.isfinite(floats[k + 1]):
                raise OutsideError
            y = on_number(name, *map(mp.mpf, given))
            found.append(y == mp.mpf(float(floats[k + 1])))
        except OutsideError:
            found.append(False)
    return found


def values(program: Program, x: Any, noise: Noise, base: list[Any] | None) -> list[Any]:
    """What each instruction gives at a number x, near `base`."""
    found = [x]
    for k, (name, args) in enumerate(program.body):
        error, partials = noise.errors[k]
        given = []
        for a, e in zip(args, partials, strict=False):
            y = found[a] if type(a) is int else mp.mpf(a)
            if base is not None and e and type(a) is int:
                y = base[a] + (y - base[a]) * (1 + e)
            given.append(y)
        found.append(on_number(name, *given) * (1 + error))
    return found


def slopes(program: Program, entry: int, noise: Noise, nudge: Any = 0) -> Iterator[list[Any]]:
    """To each side, the quotients of both steps."""
    x = mp.mpf(float(program.x[entry])) * (1 + nudge)
    base = values(program, x, noise, None)
    for sign in (1, -1):
        try:
            steps = [sign * mp.mpf(h) * (abs(x) if x else 1) for h in STEPS]
            moved = [values(program, x + h, noise, base)[-1] for h in steps]
        except OutsideError:
            continue
        yield [(y - base[-1]) / h for y, h in zip(moved, steps, strict=True)]


def settled(first: Any, second: Any) -> Any:
    """The limit of both quotients; None if there is none."""
    if abs(second) <= max(VANISHES * abs(first), NOTHING):
        return mp.mpf(0)
    return second if abs(first - second) <= SAME * abs(second) else None


def truth(program: Program, entry: int) -> Truth:
    """The derivative of the sum by one entry. OutsideError where there is no value."""
    with mp.workdps(DIGITS):
        both = list(slopes(program, entry, Noise(program, entry, None)))
        if not both:
            raise OutsideError
        quiet = [settled(*s) for s in both]
        # A jump d gives quotients d / h.
        if any(abs(b / a) * mp.mpf(STEPS[1]) > abs(mp.mpf(STEPS[0])) / 2 for a, b in both if a):
            return Truth(quiet, mp.inf, True)
        moved = _by_input(program, entry, quiet)
        for trial in range(TRIALS):
            try:
                loud = [settled(*s) for s in slopes(program, entry, Noise(program, entry, trial))]
            except OutsideError:
                loud = []
            if len(loud) != len(quiet):
                return Truth(quiet, mp.inf)  # a rounding leads out of the domain
            for a, b in zip(quiet, loud, strict=True):
                if (a is None) != (b is None):
                    return Truth(quiet, mp.inf)
                if a is not None:
                    moved = max(moved, abs(a - b) / NOISE)
        return Truth(quiet, moved)


def _by_input(program: Program, entry: int, quiet: list[Any]) -> Any:
    """How far the derivative moves with the input, where it does so smoothly."""
    moved = mp.mpf(0)
    for sign in (1, -1):
        try:
            silent = Noise(program, entry, None)
            near = [settled(*s) for s in slopes(program, entry, silent, sign * NOISE)]
        except OutsideError:
            return mp.mpf(0)
        if len(near) != len(quiet) or None in near or None in quiet:
            return mp.mpf(0)
        moved = max(moved, *(abs(a - b) / NOISE for a, b in zip(quiet, near, strict=True)))
    value = max(map(abs, quiet))
    return moved if moved < value / mp.sqrt(NOISE) else mp.mpf(0)  # else this is a jump
