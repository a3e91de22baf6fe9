"""Series: a function of one number near a point, or far from zero, where its formula cancels.

The coefficients are those of the polynomial through its values at points very close to the place,
in balls of thousands of bits. How far the series reaches, and how many terms that takes, is tried
out against balls; so is where the formula as it is written has its digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from importlib import import_module
from itertools import product
from time import thread_time
from typing import Any, NamedTuple

import numpy as np

from ..array import Array
from ..graph import Graph, Type
from ..program import Program as Compiled
from ..rewrite.engine import SPREAD
from ..wide.balls import Ball, balls, precision, raw
from ..wide.checks import KEPT
from ..wide.limits import value_of
from ..wide.objects import Element, Library, NotExpressibleError, UndecidedError, interpret
from .code import Writer, number
from .region import Region, applied, with_pull

TERMS = (4, 6, 8, 12, 16, 20)
REACHES = [2.0**-k for k in range(14)]
STEP, BITS, CHECKED = 200, 12_000, 512
"""How close the points are (a power of 1/2), and the digits of coefficients and of comparisons."""
FLOAT = Type(np.dtype(float), ())
SECONDS = 0.5
"""Of the processor, for the coefficients of one series."""
ALLOWED = 32, 1024
"""Units in the last place that a series may be off; a formula has four times as many."""


class Scalar(NamedTuple):
    """A function of one number, in floats and in balls: its value and its slope."""

    graph: Graph  # from x to y and dy/dx
    compiled: Compiled
    dtype: np.dtype

    def floats(self, x: float) -> tuple[float, float]:
        """As NumPy computes them."""
        with np.errstate(all="ignore"):
            y, slope = self.compiled(self.dtype.type(x))
        return float(y), float(slope)

    def exactly(self, x: Any) -> list[Any]:
        """As balls prove them; None where that is nothing."""
        library = _library()
        try:
            found = interpret(self.graph, [Element(library, Ball(x))], library)
        except (UndecidedError, NotExpressibleError):
            return [None, None]
        return [value_of(np.asarray(y, object)[()]) for y in found]


@lru_cache(maxsize=1)
def _library() -> Library:
    return balls(lambda values: None)


def scalar(region: Region) -> Scalar:
    """A region of operations on elements, for one element."""
    dtype = region.args[0].dtype

    def alone(x: Array) -> Array:
        env: list[Any] = [x]
        for _, n in region.graph.body():
            args = [env[a] for a in n.args]
            env.append(args[0] if type(n.op) in SPREAD else applied(n.op, args, x.scope))
        return env[region.graph.outputs[0]]

    graph = with_pull(alone, [Type(dtype, ())], True)
    return Scalar(graph, Compiled(graph), dtype)


# ------------------------------------------------------------ where, and what it is there


class Place(NamedTuple):
    """A point, or one of both infinities, with the variable t that is small there."""

    point: float

    @property
    def far(self) -> bool:
        """Whether this is an infinity, where t = 1/x."""
        return not np.isfinite(self.point)

    def at(self, t: Any) -> Any:
        """The ball x of a ball t."""
        return 1 / t if self.far else raw(self.point) + t

    def sides(self) -> tuple[int, ...]:
        """The signs of t that belong to this place."""
        return (1, -1) if not self.far else ((1,) if self.point > 0 else (-1,))


def places(x: float) -> Iterator[Place]:
    """Points near a number where a formula may have a gap, and the end that it is close to."""
    near = [0.0, float(round(x)), round(2 * x) / 2, x]
    for point in dict.fromkeys(near):
        if abs(x - point) <= 0.25 and abs(point) < 1e6:
            yield Place(point)
    if abs(x) > 8:
        yield Place(float(np.copysign(np.inf, x)))


def coefficients(f: Scalar, place: Place) -> list[Any] | None:
    """The first coefficients of the series in t; None if these are no numbers."""
    count = TERMS[-1] + 4
    half = count // 2
    steps = [k for k in range(-half, half + 1) if k] if not place.far else range(1, count + 1)
    arb = import_module("flint")
    with precision(BITS):
        h = arb.arb(2) ** -STEP
        sign = place.sides()[0]
        values: list[Any] = []
        end = thread_time() + SECONDS
        for k in steps:
            values.append(f.exactly(place.at(sign * k * h))[0])
            if values[-1] is None or thread_time() > end:
                return None
        inverse = arb.arb_mat([[arb.arb(x) for x in row] for row in _inverse(tuple(steps))])
        found = inverse * arb.arb_mat([[v] for v in values])
        scaled = [found[k, 0] / (sign * h) ** k for k in range(count - 4)]
    return scaled if all(abs(c) < 1e12 for c in scaled) else None


@lru_cache(maxsize=4)
def _inverse(steps: tuple[int, ...]) -> list[list[Any]]:
    """The matrix from values at whole numbers to coefficients, exactly."""
    fmpq_mat = import_module("flint").fmpq_mat
    n = len(steps)
    powers = [k**p for k in steps for p in range(n)]
    return fmpq_mat(n, n, powers).inv().tolist()


class Series(NamedTuple):
    """How many terms a series has, and up to which |t| they are taken."""

    place: Place
    terms: list[float]
    reach: float


def series(f: Scalar, place: Place) -> Series | None:
    """The shortest series that has all digits up to where the formula has them."""
    exact = coefficients(f, place)
    if exact is None:
        return None
    floats = [float(c) for c in exact]
    size = max(map(abs, floats))
    floats = [0.0 if abs(c) < 1e-40 * size else c for c in floats]
    with precision(CHECKED):
        sides = place.sides()
        ends = {
            r: [_Sample(f, place, s * r * p) for s in sides for p in (1.0, 1.3, 1.9)]
            for r in REACHES
        }
        inner = {r: [_Sample(f, place, s * r * 0.4) for s in sides] for r in REACHES}
        for units, count, reach in product(ALLOWED, TERMS, REACHES):
            terms, eps = floats[:count], float(np.finfo(f.dtype).eps)
            most = eps**KEPT / 4  # what counts as lost digits, and a margin
            inside = [*ends[reach][::3], *inner[reach]]
            if not all(e.known for e in (*ends[reach], *inside)):
                continue
            if not all(e.in_floats(min(4 * units * eps, most)) for e in ends[reach]):
                continue
            if all(e.in_series(terms, min(units * eps, most)) for e in inside):
                return Series(place, terms, reach)
    return None


class _Sample:
    """A point at which a series, and a formula, are compared with balls."""

    def __init__(self, f: Scalar, place: Place, t: float):
        self.f, self.place, self.t = f, place, float(f.dtype.type(t))
        self.x = float(f.dtype.type(1 / self.t if place.far else place.point + self.t))
        self.y, self.slope = f.exactly(raw(self.x))
        self.known = self.y is not None and self.slope is not None

    @cached_property
    def floats(self) -> tuple[float, float]:
        """What the formula gives here."""
        return self.f.floats(self.x)

    def in_floats(self, allowed: float) -> bool:
        """Whether the formula has its digits here."""
        return self._close(*self.floats, allowed)

    def in_series(self, terms: Sequence[float], allowed: float) -> bool:
        """Whether the series has."""
        if not self.known:
            return False
        t = 1 / raw(self.x) if self.place.far else raw(self.x) - raw(self.place.point)
        y = sum((raw(c) * t**k for k, c in enumerate(terms)), raw(0))
        slope = sum((raw(k * c) * t ** (k - 1) for k, c in enumerate(terms) if k), raw(0))
        slope = -(t**2) * slope if self.place.far else slope
        return self._close(y, slope, allowed)

    def _close(self, y: Any, slope: Any, allowed: float) -> bool:
        return _near(y, self.y, allowed) and _near(slope, self.slope, allowed)


def _near(x: Any, exact: Any, allowed: float) -> bool:
    if isinstance(x, float) and not np.isfinite(x):
        return False
    return bool(abs(raw(x) - exact) <= raw(allowed) * abs(exact)) or bool(
        abs(raw(x) - exact) < 1e-300
    )


# ------------------------------------------------------------ as code


def written(name: str, x: str, f: Scalar, found: Series, formula: str) -> str:
    """The function with a gradient of its own."""
    place = found.place
    away = _away(f, found)
    writer = Writer(f.graph, ["z"])
    t = _variable(x, place)
    inside = f"np.abs({t}) < {_number(found.reach)}"
    if place.far:
        inside = f"{x} {'> ' if place.point > 0 else '< -'}{_number(1 / found.reach)}"
    value, slope = _polynomials(found, f.dtype)
    slope = f"-(t**2) * ({slope})" if place.far else slope
    other = "1" if place.far else "0"
    small = f"1 / np.where(near, {x}, {other})" if place.far else f"np.where(near, {t}, 0)"
    where = _place(x, place)
    lines = [
        "@bibun.custom_gradient",
        f"def {name}({x}):",
        f'    """{formula}, as its series near {where}."""',
        f"    near = {inside}",
        f"    t = {small}",
        f"    z = np.where(near, {away}, {x})",
        *(f"    {line}" for line in writer.lines),
        f"    value = np.where(near, {value}, {writer.output(0)})",
        f"    slope = np.where(near, {slope}, {writer.output(1)})",
        "    return value, lambda g: g * slope",
    ]
    return "\n".join(lines)


def _number(x: float) -> str:
    return number(np.float64(x), FLOAT).text


def _place(x: str, place: Place) -> str:
    if place.far:
        return f"{x} = inf" if place.point > 0 else f"{x} = -inf"
    return f"{x} = {_number(place.point)}"


def _variable(x: str, place: Place) -> str:
    if place.far or place.point == 0:
        return x
    return f"{x} {'-' if place.point > 0 else '+'} {_number(abs(place.point))}"


def _away(f: Scalar, found: Series) -> str:
    """A number at which the formula has its digits, for the entries that do not need it."""
    place, t = found.place, 1.9 * found.reach
    tries = [1.0, 2.0, 0.5, *(1 / (s * t) if place.far else place.point + s * t for s in (1, -1))]
    for x in tries:
        inside = abs(1 / x if place.far else x - place.point) < found.reach
        if not inside and np.isfinite(f.floats(x)).all():
            return _number(x)
    return _number(tries[-1])


def _polynomials(found: Series, dtype: np.dtype) -> tuple[str, str]:
    """The series and its derivative."""
    slopes = [k * c for k, c in enumerate(found.terms)][1:]
    return polynomial(found.terms, dtype), polynomial(slopes, dtype)


def polynomial(terms: Sequence[float], dtype: np.dtype) -> str:
    """A polynomial in t; of even or odd ones only the terms that are there, in t**2."""
    odd, even = terms[1::2], terms[::2]
    if not any(terms):
        return "0"
    if sum(c != 0 for c in terms) == 1:
        return _monomial(terms)
    if not any(odd):
        return _in("t**2", even, dtype)
    if not any(even):
        return f"t * {_in('t**2', odd, dtype)}"
    return _in("t", terms, dtype)


def _in(t: str, terms: Sequence[float], dtype: np.dtype) -> str:
    terms = _cut(terms)
    shown = [_number(c) for c in terms]
    listed = f"[{', '.join(reversed(shown))}]"
    return (
        f"np.polyval({listed if dtype == np.float64 else f'np.array({listed}, np.{dtype})'}, {t})"
    )


def _monomial(terms: Sequence[float]) -> str:
    (k,) = (k for k, c in enumerate(terms) if c)
    factor = number(np.float64(terms[k]), FLOAT)
    power = "t" if k == 1 else f"t**{k}"
    return factor.text if not k else power if factor.text == "1" else f"{factor:factor} * {power}"


def _cut(terms: Sequence[float]) -> list[float]:
    """Without zeros at the end."""
    found = list(terms)
    while len(found) > 1 and not found[-1]:
        found.pop()
    return found
