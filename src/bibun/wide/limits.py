"""Limits: results at points next to the arguments, where a formula is 0/0 or inf - inf.

The arguments move by two very small steps along random directions, there and back, in balls of so
many digits that what cancels does no harm. Where both steps agree in all directions, that is the
limit; if f is continuous there, the limit of its derivative is the derivative (by the mean value
theorem). Where there and back differ, but their mean is the same for all directions, there is a
kink, and the mean is its symmetric element, which is that of least norm for a norm. All this is
evidence from numbers of hundreds of digits and not a proof: a function would have to change between
the two steps, and at no other scale, to deceive it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import frexp
from typing import Any, NamedTuple

import numpy as np

from .balls import Ball, infinite, raw
from .objects import Element, Library
from .proof import number, tiny

DIRECTIONS = 2
SMALLEST_STEP = 256
"""How far the arguments move at least, as a power of 1/2."""
LEFT = 1024
"""Bits that are left after the steps have cancelled."""
MARGIN = 128
"""How far zeros move at most, as a power of 1/2, once products with large arguments are taken."""
AGREED, NEARLY = 60, 40
FAR = 16
"""Bits in which results of both steps are the same number, and those of a kink; and between what
tends to zero or to infinity: of x^p the ratio is 2^(256 p) at least."""


class Move(NamedTuple):
    """One step along a direction: `half` tells the longer step from the shorter one."""

    direction: int
    sign: int
    half: bool


MOVES = [Move(*m) for m in product(range(DIRECTIONS), (1, -1), (True, False))]


class Steps:
    """How far arguments move, and the precision that this takes."""

    def __init__(self, args: Sequence[np.ndarray]):
        sizes = [np.abs(x[(x != 0) & np.isfinite(x)]) for x in args if x.dtype.kind == "f"]
        smallest = min([float(s.min()) for s in sizes if s.size], default=1.0)
        largest = max([float(s.max()) for s in sizes if s.size], default=1.0)
        # Less than any argument, whose own zero is far below, also times two of the largest.
        small, large = frexp(smallest)[1], frexp(largest)[1]
        self.exponent = max(SMALLEST_STEP, SMALLEST_STEP - small, MARGIN + 2 * large)

    @property
    def bits(self) -> int:
        """Digits for formulas whose terms are squares of the shorter step, with many left."""
        return self.more(1)

    def more(self, times: int) -> int:
        """Digits for terms that are such powers of these squares."""
        return 4 * self.exponent * times + LEFT

    def length(self, move: Move) -> Any:
        """The length of a step, of which entries go a random part."""
        return raw(2) ** (-self.exponent * (1 if move.half else 2))

    def beside(self, x: Any, sign: int) -> Any:
        """Entries that only go out of the way, by far less than what is moved."""
        return x + (Ball(sign * raw(2) ** (-8 * self.exponent)) if sign else 0)

    def doubt(self) -> Any:
        """A ball around zero, of what that may have changed."""
        return type(raw(0))(0, raw(2) ** (-7 * self.exponent))

    def moved(self, x: np.ndarray, move: Move, seed: int, library: Library) -> Any:
        """An argument after a step: relative to its entries, absolute for those that are zero.

        Infinite ones stay where they are.
        """
        rng = np.random.default_rng([seed, move.direction])
        along = rng.integers(128, 256, x.shape) / 256 * rng.choice([-1, 1], x.shape)
        unit = Ball(self.length(move))

        def step(entry: Any, r: Any) -> Any:
            if infinite(raw(entry)):
                return entry
            return entry + (abs(entry) if entry != 0 else 1) * unit * r

        return library.map(step, library.elements(x), library.elements(move.sign * along))


class Limit(NamedTuple):
    """ "A "number", a "kink" (with its symmetric element), "infinite", or "nothing"."""

    kind: str
    value: Any = None


NOTHING = Limit("nothing")


def limit(found: dict[Move, Any]) -> Limit:
    """The limit of an entry, from what it is after each move (None: the function has no number)."""
    ends = {}
    for d, s in product(range(DIRECTIONS), (1, -1)):
        steps = found[Move(d, s, True)], found[Move(d, s, False)]
        if steps != (None, None):  # else this is outside of the domain
            ends[d, s] = converged(*steps)
    there = list(ends.values())
    kinds = {e.kind for e in there}
    if kinds == {"infinite"}:
        return there[0] if len({e.value for e in there}) == 1 else NOTHING
    if not kinds or kinds & {"infinite", "nothing"}:
        return NOTHING
    if all(e.kind == "number" and same(e.value, there[0].value) for e in there):
        return there[0]
    if len(there) < 2 * DIRECTIONS:
        return NOTHING
    means = [(ends[d, 1].value + ends[d, -1].value) / 2 for d in range(DIRECTIONS)]
    sizes = [abs(ends[d, 1].value) for d in range(DIRECTIONS)]
    if all(same(m, means[0], sum(sizes), NEARLY) for m in means):
        return Limit("kink", _settled(means[0], sum(sizes)))
    return NOTHING


def converged(first: Any, second: Any) -> Limit:
    """The limit of a sequence, of which there are two members far apart."""
    if first is None or second is None:
        return NOTHING
    first, second = map(_cancelled, (first, second))
    if same(first, second):
        return Limit("number", second)
    if same(first, second, bits=NEARLY):
        return Limit("nearly", second)
    if 2**FAR * abs(second) < abs(first) or second.is_zero():
        return Limit("number", type(first)(0))
    grows = 2 * abs(second) > 3 * abs(first) > 192  # also as slowly as a logarithm
    grows = grows or abs(second) > 2**FAR * abs(first)
    return Limit("infinite", np.inf if second > 0 else -np.inf) if grows else NOTHING


def _cancelled(x: Any) -> Any:
    """Zero for a ball around it that is far smaller than the steps."""
    return type(x)(0) if x.contains(0) and tiny(x, -2 * SMALLEST_STEP) else x


def same(a: Any, b: Any, size: Any = None, bits: int = AGREED) -> bool:
    scale = abs(a) if size is None else size
    if scale.is_zero():
        return bool(b.is_zero())
    return bool(abs(a - b) < scale / 2**bits)


def _settled(mean: Any, size: Any) -> Any:
    """A mean of which nothing is left of the numbers in it is zero."""
    return type(mean)(0) if abs(mean) < size / 2**NEARLY else mean


def value_of(entry: Any) -> Any:
    """The ball of an entry, or None where it is no number."""
    x = entry.value if isinstance(entry, Element) else entry
    if not isinstance(x, Ball | int | float | np.number):
        return None
    ball = raw(x)  # a structural zero is a number of Python's
    return ball if ball.is_finite() else None


def wide(x: Any) -> bool:
    """Whether more digits might tell more of what was seen."""
    if x is None or x.is_exact():
        return x is not None and bool(x.is_nan())
    return x.rel_accuracy_bits() < AGREED and not tiny(x, -2 * SMALLEST_STEP)


def seen_of(entry: Any) -> Any:
    """The ball of an entry; nan where it is no number."""
    found = value_of(entry)
    return raw(np.nan) if found is None else found


def taken(y: np.ndarray, wanted: np.ndarray, found: list[Limit]) -> np.ndarray:
    """Put limits into a result; the entries that have none."""
    for e, x in zip(wanted, found, strict=True):
        if x.kind in ("number", "kink", "infinite"):
            y.ravel()[e] = number(x.value, y.dtype)
    kinds = zip(wanted, found, strict=True)
    return np.array([e for e, x in kinds if x.kind in ("nothing", "nearly")], int)
