"""Random programs of one array, at hard points: 0, ties, huge, tiny, and where digits cancel.

A program is a list of instructions on numbered values. It runs on NumPy's arrays, and on lists of
mpmath's numbers (functions.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
import scipy.special

import bibun.scipy.special
from bibun.ops.elementwise import TABLE

from .functions import ARRAYS, BINARY, CHOICES, FIRST, FIXED, UNARY, OutsideError, inside

POINTS = (
    *(0.0, 1.0, -1.0, 0.5, 2.0, -0.5, 3.0, 1e-3, -1e-3, 1e-8, -1e-8, 1e-16),
    *(1e8, -1e8, 1e16, 30.0, -30.0, 700.0, -700.0, 1e-160, 1e160, -1e160, np.pi),
)
CONSTANTS = (0.0, 1.0, 2.0, 0.5, -1.0, 3.0, 10.0, 1e-8, 1e8, 0.1)
MOST_BITS = 3000
"""Numbers beyond 2^3000 are no truth that can be had in reasonable time: exp of them is not."""
PLAIN = ("add", "subtract", "multiply", "divide", "power")
"""Drawn more often than the rest: most programs are made of them."""
KEPT = {"sum", "mean", "prod", "max", "min", "ptp", "var", "std", "median", "norm", "logsumexp"}
"""What leaves one number of an array."""


class Instruction(NamedTuple):
    """A function of values by their numbers; floats stand for themselves."""

    name: str
    args: tuple[int | float, ...]


class Program(NamedTuple):
    """The input is value 0; the last value is summed up."""

    seed: int
    x: np.ndarray
    body: tuple[Instruction, ...]

    def run(self, x: Any) -> Any:
        """The sum of the last value, on arrays."""
        return np.sum(self.values(x)[-1])

    def values(self, x: Any, on: Callable[..., Any] | None = None) -> list[Any]:
        """What each instruction gives, by NumPy or another library."""
        values, call = [x], on or on_arrays
        for name, args in self.body:
            values.append(call(name, *[values[a] if type(a) is int else a for a in args]))
        return values

    @property
    def alone(self) -> bool:
        """Whether no entry of the input meets another one but in the sum."""
        return all(i.name not in ARRAYS for i in self.body)

    def lanes(self, entry: int) -> list[int]:
        """The entries of the input that the derivative by one of them depends on."""
        return [entry] if self.alone else list(range(self.x.size))

    def __str__(self) -> str:
        name = lambda a: (f"v{a}" if a else "x") if type(a) is int else repr(a)  # noqa: E731
        lines = [f"v{k + 1} = {n}({', '.join(map(name, a))})" for k, (n, a) in enumerate(self.body)]
        return f"seed {self.seed}, x = {self.x.tolist()}: {'; '.join(lines)}"


def on_arrays(name: str, *args: Any) -> Any:
    """A function by its name, as a user would call it."""
    if name in CHOICES:
        return np.where(getattr(np, name)(*args[:2]), *args[2:])
    if name in FIXED:
        args = (*args, FIXED[name])
    args = (*FIRST.get(name, ()), *args)
    function = getattr(np, name, None) or getattr(np.linalg, name, None)
    if function is None:
        home = bibun.scipy.special if name in ARRAYS else scipy.special
        function = getattr(home, name)
    return function(*args, keepdims=True) if name in KEPT else function(*args)


def on_number(name: str, *args: Any) -> Any:
    """The same on mpmath's numbers; None is what is none, and what does not depend on it is."""
    if name in CHOICES:
        a, b, yes, no = args
        if a is None or b is None:
            return yes if yes == no else None
        return yes if CHOICES[name](a, b) else no
    if None in args:
        return None
    try:
        return representable((UNARY.get(name) or BINARY[name])(*args))
    except OutsideError:
        return None


def representable(y: Any) -> Any:
    """A number, if it is real and not beyond all bounds; an infinity of which floats know, too."""
    inside(isinstance(y, mp.mpf) and not mp.isnan(y))
    inside(y == 0 or mp.isinf(y) or mp.mag(y) < MOST_BITS)
    return y


def on_lists(name: str, *args: list[Any]) -> list[Any]:
    """The same on lists of mpmath's numbers; a list of one stands for any length."""
    n = max(map(len, args))
    if name not in ARRAYS:
        return [on_number(name, *(a[k if len(a) > 1 else 0] for a in args)) for k in range(n)]
    try:
        inside(None not in args[0])
        return [representable(y) for y in ARRAYS[name](*args)]
    except OutsideError:
        return [None] * (1 if name in KEPT else n)


def generate(seed: int, moderate: bool = False) -> Program:
    """The program of a seed. Seeds begin with one function after the other: none is left out.

    Its points are hard, or `moderate`.
    """
    rng = np.random.default_rng(seed)
    names = [*UNARY, *BINARY, *CHOICES, *ARRAYS]
    size = int(rng.integers(1, 4))
    x = rng.uniform(0.3, 1.7, size) if moderate else rng.choice(POINTS, size)
    body: list[Instruction] = []
    first = names[seed % len(names)]
    for _ in range(rng.integers(1, 6)):
        name = first if not body else str(rng.choice(names if rng.random() < 0.6 else PLAIN))
        count = 2 if name in BINARY else 4 if name in CHOICES else 1
        body.append(Instruction(name, tuple(_argument(rng, len(body), k) for k in range(count))))
    return Program(seed, x, tuple(_needed(body)))


def _needed(body: list[Instruction]) -> list[Instruction]:
    """The instructions that the last one needs, with numbers without gaps."""
    wanted = {len(body)}
    for k in range(len(body), 0, -1):
        if k in wanted:
            wanted |= {a for a in body[k - 1].args if type(a) is int}
    number = {old: new for new, old in enumerate(sorted(wanted | {0}))}
    return [
        Instruction(i.name, tuple(number[a] if type(a) is int else a for a in i.args))
        for k, i in enumerate(body, 1)
        if k in wanted
    ]


def _argument(rng: np.random.Generator, made: int, place: int) -> int | float:
    """The last value, an older one, or a number."""
    if place and rng.random() < 0.4:
        return float(rng.choice(CONSTANTS))
    return made if rng.random() < 0.6 else int(rng.integers(made + 1))


def coverage(programs: Sequence[Program]) -> str:
    """How much of the table of functions these programs use, of those that users can call."""
    used = {i.name for p in programs for i in p.body}
    smooth = {o.label for o in TABLE.values() if any(p is not None for p in o.partials)}
    public = {n for n in smooth if hasattr(np, n) or hasattr(scipy.special, n)}
    known = {*UNARY, *BINARY, *CHOICES, *ARRAYS} | public - {"nextafter"}  # it has steps
    return f"{len(used & known)} of {len(known)} functions; not used: {sorted(known - used)}"


__all__ = ["Program", "bibun", "coverage", "generate", "on_lists"]
