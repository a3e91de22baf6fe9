"""The derivative of a program at a hard point, and how far rounding moves it, by mpmath.

Differences with steps of 1e-80 and 1e-90 in 500 digits or more, to both sides. What is the same at
both steps is the one-sided derivative. The condition is how far a derivative moves, relative to the
rounding, when every operation that rounds there, and every partial derivative, is off: a little,
for what is smooth, and by as much as floats round, for what lies within their rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import Any

import mpmath as mp
import numpy as np

from .functions import ARRAYS, ROUNDS_INSIDE, OutsideError
from .programs import Program, on_lists

DIGITS, MANY, FAR = 500, 2000, 250
"""The second where numbers of a program are so many digits apart, as 1e300 and 1e-160."""
STEPS = 1e-80, 1e-90
SAME = mp.mpf(10) ** -12
NOISE, ROUNDING = mp.mpf(10) ** -60, mp.mpf(2) ** -52
TRIALS = 3
NOTHING = mp.mpf(10) ** -330  # smaller than all doubles
VANISHES = mp.mpf(10) ** -3  # of steps that are 1e10 apart: h^p goes to zero for p > 1/3

Lists = list[list[Any]]
"""The numbers of each value of a program."""


class Noise:
    """Relative errors of results and of partials; of what is exact in floats, none."""

    def __init__(self, program: Program, entry: int, trial: int | None, size: Any = NOISE):
        self.rng = None if trial is None else np.random.default_rng([program.seed, trial])
        self.size = size
        self.width = len(program.lanes(entry))
        exact = _exact(program, entry) if self.rng else [True] * len(program.body)
        self.results = [[0] * self.width if e else self._draw() for e in exact]
        self.partials = [[self._draw() for _ in range(4)] for _ in program.body]
        # Sums round on their way, relative to what is added up, and sinc(x) rounds pi x.
        self.inside = [
            not e and i.name in ROUNDS_INSIDE for e, i in zip(exact, program.body, strict=True)
        ]

    def _draw(self) -> list[Any]:
        if self.rng is None:
            return [0] * self.width
        return [self.size * float(e) for e in self.rng.uniform(-1, 1, self.width)]


def _floats(program: Program, lanes: list[int]) -> list[np.ndarray]:
    """What each value is in floats, on these entries."""
    with np.errstate(all="ignore"):
        values = [np.asarray(v) for v in program.values(program.x)]
    return [v[lanes] if v.shape == program.x.shape else v.reshape(1) for v in values]


def _exact(program: Program, entry: int) -> list[bool]:
    """Which instructions do not round."""
    floats = _floats(program, program.lanes(entry))
    found = []
    for k, (name, args) in enumerate(program.body):
        given = [floats[a] if type(a) is int else np.array([a]) for a in args]
        try:
            if not all(np.isfinite(a).all() for a in (*given, floats[k + 1])):
                raise OutsideError
            y = on_lists(name, *([mp.mpf(float(x)) for x in a] for a in given))
            found.append(y == [mp.mpf(float(x)) for x in floats[k + 1]])
        except OutsideError:
            found.append(False)
    return found


def values(program: Program, x: list[Any], noise: Noise, base: Lists | None) -> Lists:
    """What each instruction gives at these numbers, near `base`."""
    found: Lists = [x]
    for k, (name, args) in enumerate(program.body):
        given = []
        for a, errors in zip(args, noise.partials[k], strict=False):
            y = found[a] if type(a) is int else [mp.mpf(a)]
            if base is not None and noise.rng and type(a) is int:
                near = zip(y, base[a], errors, strict=False)
                y = [b + (u - b) * (1 + e) for u, b, e in near]
            if type(a) is int and noise.inside[k]:
                y = [u * (1 + e) for u, e in zip(y, errors, strict=False)]
            given.append(y)
        y = on_lists(name, *given)
        y = [u * (1 + e) if e else u for u, e in zip(y, noise.results[k], strict=False)]
        if base is not None and noise.rng and name in ARRAYS:  # each result has partials of its own
            near = zip(y, base[k + 1], noise.partials[k][1], strict=False)
            y = [b + (u - b) * (1 + e) for u, b, e in near]
        found.append(y)
    return found


def slopes(
    program: Program, entry: int, noise: Noise, nudges: list[Any] | None = None
) -> Iterator[list[Any]]:
    """To each side, the quotients of both steps; `nudges` move the entries of the input before."""
    lanes = program.lanes(entry)
    x = [mp.mpf(float(v)) for v in program.x]
    if nudges is not None:
        x = [v + (abs(v) if v else 1) * e for v, e in zip(x, nudges, strict=True)]
    x = [x[k] for k in lanes]
    at, base = lanes.index(entry), values(program, x, noise, None)
    for sign in (1, -1):
        try:
            steps = [sign * mp.mpf(h) * (abs(x[at]) if x[at] else 1) for h in STEPS]
            quotients = []
            for h in steps:
                moved = [*x[:at], x[at] + h, *x[at + 1 :]]
                ends = values(program, moved, noise, base)[-1], base[-1]
                quotients.append(mp.fsum(y - b for y, b in zip(*ends, strict=True)) / h)
        except OutsideError:
            continue
        yield quotients


def settled(first: Any, second: Any) -> Any:
    """The limit of both quotients; None if there is none."""
    if abs(second) <= max(VANISHES * abs(first), NOTHING):
        return mp.mpf(0)
    return second if abs(first - second) <= SAME * abs(second) else None


class Truth:
    """The derivative of the sum by one entry. OutsideError where there is no value.

    `sides` are the one-sided derivatives (None: none, or infinite); `jumps` tells whether the
    function itself does.
    """

    def __init__(self, program: Program, entry: int, digits: int = DIGITS):
        self.digits = digits
        self.program, self.entry, self.lanes = program, entry, program.lanes(entry)
        with mp.workdps(self.digits):
            both = list(slopes(program, entry, Noise(program, entry, None)))
            if not both:
                raise OutsideError
            self.sides = [settled(*s) for s in both]
            half = abs(mp.mpf(STEPS[0])) / 2  # a jump d gives quotients d / h
            self.jumps = any(abs(b / a) * mp.mpf(STEPS[1]) > half for a, b in both if a)

    @cached_property
    def condition(self) -> Any:
        """How far rounding moves the derivative."""
        if self.jumps:
            return mp.inf
        with mp.workdps(self.digits):
            moved = self._by_input()
            for trial, size in product(range(TRIALS), (NOISE, ROUNDING)):
                noise = Noise(self.program, self.entry, trial, size)
                try:
                    loud = [settled(*s) for s in slopes(self.program, self.entry, noise)]
                except OutsideError:
                    loud = []
                if len(loud) != len(self.sides):
                    return mp.inf  # a rounding leads out of the domain
                for a, b in zip(self.sides, loud, strict=True):
                    if (a is None) != (b is None):
                        return mp.inf
                    if a is not None:
                        moved = max(moved, abs(a - b) / size)
        return moved

    @cached_property
    def around(self) -> list[Any]:
        """Derivatives at points near by: at ties of several entries these are subgradients, too."""
        found = []
        with mp.workdps(self.digits):
            for trial in range(2 * TRIALS):
                rng = np.random.default_rng([self.program.seed, trial])
                nudges = [NOISE * mp.mpf(float(e)) for e in rng.uniform(-1, 1, self.program.x.size)]
                silent = Noise(self.program, self.entry, None)
                try:
                    near = slopes(self.program, self.entry, silent, nudges)
                    found += [settled(*s) for s in near]
                except OutsideError:
                    continue
        return [s for s in found if s is not None]

    def _by_input(self) -> Any:
        """How far the derivative moves with the input, where it does so smoothly."""
        moved, quiet = mp.mpf(0), self.sides
        for sign in (1, -1):
            try:
                silent = Noise(self.program, self.entry, None)
                nudges = [sign * NOISE * (v != 0) for v in self.program.x]
                found = slopes(self.program, self.entry, silent, nudges)
                near = [settled(*s) for s in found]
            except OutsideError:
                return mp.mpf(0)
            if len(near) != len(quiet) or None in near or None in quiet:
                return mp.mpf(0)
            moved = max(moved, *(abs(a - b) / NOISE for a, b in zip(quiet, near, strict=True)))
        value = max(map(abs, quiet))
        return moved if moved < value / mp.sqrt(NOISE) else mp.mpf(0)  # else this is a jump


def truth(program: Program, entry: int) -> Truth:
    """The derivative of the sum by one entry."""
    sizes = np.concatenate([np.abs(v) for v in _floats(program, program.lanes(entry))])
    sizes = np.log10(sizes[(sizes > 0) & np.isfinite(sizes)])
    apart = float(np.ptp(sizes)) if sizes.size else 0.0
    return Truth(program, entry, DIGITS if apart < FAR else MANY)
