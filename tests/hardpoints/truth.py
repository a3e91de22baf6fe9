"""The derivative of a program at a hard point, and how far rounding moves it, by mpmath.

Differences with steps of 1e-80 and 1e-90 of the smallest number on the way, in 500 digits or more,
to both sides. What is the same at both steps is the one-sided derivative. The condition is how far
a derivative moves, relative to the rounding, when every operation that rounds there, and every
partial derivative, is off: a little, for what is smooth, and by as much as floats round, for what
lies within their rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import chain, product
from typing import Any

import mpmath as mp
import numpy as np

from .functions import ARRAYS, OFF, ROUNDS_INSIDE, OutsideError, inside
from .programs import Program, on_lists

DIGITS, APART = 500, 3
"""How many digits, and how many more for each power of ten between the numbers of a program: steps
are as small as the smallest of them, and may be squared."""
FINER, SHORT = 4, 53
"""How many times as many, where a result of so few bits is none with more digits."""
LEAST_BITS = -20_000
"""Steps are not smaller than numbers below 2^-20000, such as erfc(1e8), to floats a zero: nothing
that moves with them has a derivative that is not one, too."""
STEPS = 1e-80, 1e-90
SAME = mp.mpf(10) ** -12
NOISE, ROUNDING = mp.mpf(10) ** -60, mp.mpf(2) ** -52
TRIALS, MORE = 3, 24
"""How often roundings are drawn; and in doubt, since three of three may be small by chance, and one
of three entries may be the median at none of six points near by."""
NOTHING = mp.mpf(10) ** -330  # smaller than all doubles
VANISHES = mp.mpf(10) ** -3  # of steps that are 1e10 apart: h^p goes to zero for p > 1/3
UNITS = 100
"""The C of the promise: a derivative is right to within C eps (condition + 1) units."""
STAYS = 1 / mp.mpf(2)  # how much of a difference is left at the shorter step, where there is a jump

Lists = list[list[Any]]
"""The numbers of each value of a program."""


class Noise:
    """Relative errors of results and of partials; of what is exact in floats, none."""

    def __init__(
        self,
        program: Program,
        entry: int,
        trial: int | None,
        size: Any = NOISE,
        units: float = UNITS,
    ):
        self.rng = None if trial is None else np.random.default_rng([program.seed, trial])
        self.size = size
        self.width = len(program.lanes(entry))
        exact = _exact(program, entry) if self.rng else [True] * len(program.body)
        self.results = [[0 if e else r for r in self._draw()] for e in exact]
        self.partials = [[self._draw() for _ in range(4)] for _ in program.body]
        # Sums round on their way, relative to what is added up, and sinc(x) rounds pi x.
        self.inside = [
            not e and i.name in ROUNDS_INSIDE for e, i in zip(exact, program.body, strict=True)
        ]
        self.values = [[self._draw() for _ in range(4)] for _ in program.body]
        # What is off by itself takes as much of the bound as it needs, and no more.
        self.off = [
            [] if e or i.name not in OFF else [OFF[i.name] / units * r for r in self._draw()]
            for e, i in zip(exact, program.body, strict=True)
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
        known = not any(np.isnan(a).any() for a in (*given, floats[k + 1]))
        y = on_lists(name, *([mp.mpf(float(x)) for x in a] for a in given)) if known else None
        found.append(y == [mp.mpf(float(x)) for x in floats[k + 1]])
    return found


def values(program: Program, x: list[Any], noise: Noise, base: Lists | None) -> Lists:
    """What each instruction gives at these numbers, near `base`; None, where that is no number.

    OutsideError, if there is no result.
    """
    found: Lists = [x]
    for k, (name, args) in enumerate(program.body):
        given, n = [], max((len(found[a]) for a in args if type(a) is int), default=1)
        for a, errors in zip(args, noise.partials[k], strict=False):
            y = found[a] if type(a) is int else [mp.mpf(a)]
            y = y if len(y) == n else y * n  # each entry has partials of its own
            if base is not None and noise.rng and type(a) is int:
                y = _apart(y, base[a] if len(base[a]) == n else base[a] * n, errors)
            if type(a) is int and noise.inside[k]:
                y = [_off(u, e) for u, e in zip(y, errors, strict=False)]
            given.append(y)
        y = on_lists(name, *given)
        if noise.inside[k] or noise.off[k]:
            at = [(base or found)[a] if type(a) is int else [mp.mpf(a)] for a in args]
            at = [z if len(z) == n else z * n for z in at]
            y = _moved(y, name, at, noise.values[k] if noise.inside[k] else [], noise.off[k])
        y = [_off(u, e) for u, e in zip(y, noise.results[k], strict=False)]
        if base is not None and noise.rng and name in ARRAYS:  # each result has partials of its own
            y = _apart(y, base[k + 1], noise.partials[k][1])
        found.append(y)
    inside(all(map(finite, found[-1])))
    return found


def finite(y: Any) -> bool:
    """Whether this is a number, and no infinity."""
    return y is not None and bool(mp.isfinite(y))


def _off(u: Any, error: Any) -> Any:
    return u * (1 + error) if error and u is not None else u


def _moved(y: list[Any], name: str, at: Lists, errors: Lists, off: list[Any]) -> list[Any]:
    """Results that are off, by themselves or as those of other arguments, while slopes are not."""
    known = on_lists(name, *at)
    moved = [_off(u, e) for u, e in zip(known, off, strict=False)] if off else known
    if errors:
        pairs = zip(at, errors, strict=False)
        moved = on_lists(
            name, *([_off(u, e) for u, e in zip(z, w, strict=False)] for z, w in pairs)
        )
    both = zip(y, moved, known, strict=True)
    return [u + (v - w) if finite(u) and finite(v) and finite(w) else u for u, v, w in both]


def _apart(y: list[Any], base: list[Any], errors: list[Any]) -> list[Any]:
    """Numbers next to others, whose distance is off."""
    near = zip(y, base, errors, strict=False)
    return [b + (u - b) * (1 + e) if finite(u) and finite(b) else u for u, b, e in near]


def slopes(
    program: Program, entry: int, noise: Noise, scale: Any, nudges: list[Any] | None = None
) -> Iterator[list[Any]]:
    """To each side, the quotients of both steps; `nudges` move the entries of the input before."""
    lanes = program.lanes(entry)
    x = [mp.mpf(float(v)) for v in program.x]
    if nudges is not None:
        x = [v + e for v, e in zip(x, nudges, strict=True)]
    x = [x[k] for k in lanes]
    at, base = lanes.index(entry), values(program, x, noise, None)
    for sign in (1, -1):
        try:
            quotients = []
            for h in (sign * mp.mpf(h) * scale for h in STEPS):
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
    function itself does along this entry, `jumps_here` whether it does among all points around.
    """

    def __init__(self, program: Program, entry: int, units: float = UNITS):
        self.units = units
        self.program, self.entry, self.lanes = program, entry, program.lanes(entry)
        self.silent, self.trials = Noise(program, entry, None), TRIALS
        self.scale, self.digits = extent(program, entry)
        with mp.workdps(self.digits):
            both = list(slopes(program, entry, self.silent, self.scale))
            if not both:
                raise OutsideError
            self.sides = [settled(*s) for s in both]
            apart = mp.mpf(STEPS[0]) / mp.mpf(STEPS[1])  # a jump d gives quotients d / h
            self.jumps = any(abs(b) > STAYS * apart * abs(a) for a, b in both)

    @cached_property
    def condition(self) -> Any:
        """How far rounding moves the derivative."""
        if self.jumps:
            return mp.inf
        with mp.workdps(self.digits):
            moved = self._by_input()
            for trial, size in product(range(self.trials), (NOISE, ROUNDING)):
                noise = Noise(self.program, self.entry, trial, size, self.units)
                try:
                    found = slopes(self.program, self.entry, noise, self.scale)
                    loud = [settled(*s) for s in found]
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

    def doubt(self) -> None:
        """Let the condition be that of more roundings, and look at more points near by."""
        self.trials = MORE
        for name in ("condition", "around"):
            self.__dict__.pop(name, None)

    @cached_property
    def around(self) -> list[Any]:
        """Derivatives at points near by: at ties of several entries these are subgradients, too."""
        found = []
        with mp.workdps(self.digits):
            for trial in range(2 * self.trials):
                rng = np.random.default_rng([self.program.seed, trial])
                parts = rng.uniform(-1, 1, self.program.x.size)
                nudges = [NOISE * self.scale * mp.mpf(float(e)) for e in parts]
                try:
                    near = slopes(self.program, self.entry, self.silent, self.scale, nudges)
                    found += [settled(*s) for s in near]
                except OutsideError:
                    continue
        return [s for s in found if s is not None]

    @cached_property
    def jumps_here(self) -> bool:
        """Whether the function jumps next to this point, and some step of it along this entry.

        As max(fmod(x, 2)) does at [30, 1e-16, -30]: along 30 alone the maximum stays what it is.
        """
        signs = product((1, -1), repeat=len(self.lanes))
        parts = np.random.default_rng(self.program.seed).uniform(0.5, 1, len(self.lanes))
        alone = [[s * (k == self.entry) for k in self.lanes] for s in (1, -1)]
        with mp.workdps(self.digits):
            return any(any(self._broken(s)) for s in alone) and any(
                self._broken([a * p for a, p in zip(s, parts, strict=True)])[-1] for s in signs
            )

    def _broken(self, along: list[float]) -> list[bool]:
        """Which values jump in this direction."""
        x = [mp.mpf(float(v)) for v in self.program.x[self.lanes]]
        try:
            at, *ends = (
                values(
                    self.program,
                    [v + mp.mpf(h) * self.scale * a for v, a in zip(x, along, strict=True)],
                    self.silent,
                    None,
                )
                for h in (0, *STEPS)
            )
        except OutsideError:
            return [False]
        gaps = [[_distance(*both) for both in zip(e, at, strict=True)] for e in ends]
        return [b > STAYS * a for a, b in zip(*gaps, strict=True)]

    def _by_input(self) -> Any:
        """How far the derivative moves with the input, where it does so smoothly."""
        moved, quiet = mp.mpf(0), self.sides
        for sign in (1, -1):
            try:
                nudges = [sign * NOISE * mp.mpf(abs(float(v))) for v in self.program.x]
                found = slopes(self.program, self.entry, self.silent, self.scale, nudges)
                near = [settled(*s) for s in found]
            except OutsideError:
                return mp.mpf(0)
            if len(near) != len(quiet) or None in near or None in quiet:
                return mp.mpf(0)
            moved = max(moved, *(abs(a - b) / NOISE for a, b in zip(quiet, near, strict=True)))
        value = max(map(abs, quiet))
        return moved if moved < value / mp.sqrt(NOISE) else mp.mpf(0)  # else this is a jump


def _distance(y: list[Any], z: list[Any]) -> Any:
    """Between lists of numbers; what is none does not count."""
    return mp.fsum(abs(u - v) for u, v in zip(y, z, strict=True) if finite(u) and finite(v))


def extent(program: Program, entry: int) -> tuple[Any, int]:
    """The smallest number on the way, 1 at most, and how many digits differences need there."""
    found = on_the_way(program, entry, DIGITS)
    digits = DIGITS
    if any(map(short, found)):  # such as 1, which tanh(700) is to 608 digits
        finer = on_the_way(program, entry, FINER * DIGITS)
        if any(short(y) and y != z for y, z in zip(found, finer, strict=True)):
            found, digits = finer, FINER * DIGITS
    constants = [mp.mpf(a) for i in program.body for a in i.args if type(a) is float]
    known = (*found, *constants, mp.mpf(1))
    sizes = [abs(y) for y in known if y and finite(y) and mp.mag(y) > LEAST_BITS]
    scale = min(sizes)
    return scale, digits + APART * int(mp.log10(max(sizes) / scale))


def on_the_way(program: Program, entry: int, digits: int) -> list[Any]:
    """All numbers of the program, of so many digits."""
    with mp.workdps(digits):
        x = [mp.mpf(float(v)) for v in program.x[program.lanes(entry)]]
        return [*chain(*values(program, x, Noise(program, entry, None), None))]


def short(y: Any) -> bool:
    """Whether a number is one of floats: exactly, or since what it misses is too small."""
    return bool(y) and finite(y) and y._mpf_[3] <= SHORT
