"""Random programs of one array, at hard points: 0, ties, huge, tiny, and where digits cancel.

A program is a list of instructions on numbered values. It runs on NumPy's arrays, and entry by
entry on mpmath's numbers, by functions written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
import scipy.special

import bibun.scipy.special
from bibun.ops.elementwise import TABLE

POINTS = (
    *(0.0, 1.0, -1.0, 0.5, 2.0, -0.5, 3.0, 1e-3, -1e-3, 1e-8, -1e-8, 1e-16),
    *(1e8, -1e8, 1e16, 30.0, -30.0, 700.0, -700.0, 1e-160, 1e160, -1e160, np.pi),
)
CONSTANTS = (0.0, 1.0, 2.0, 0.5, -1.0, 3.0, 10.0, 1e-8, 1e8, 0.1)
MOST_BITS = 3000
"""Numbers beyond 2^3000 are no truth that can be had in reasonable time: exp of them is not."""


class OutsideError(ArithmeticError):
    """A number for which a function has no real value, or one that is too large to go on with."""


def inside(condition: Any) -> None:
    if not condition:
        raise OutsideError


def _log(x: Any) -> Any:
    inside(x > 0)
    return mp.log(x)


def _sqrt(x: Any) -> Any:
    inside(x >= 0)
    return mp.sqrt(x)


def _divide(a: Any, b: Any) -> Any:
    inside(b != 0)
    return a / b


def _power(a: Any, b: Any) -> Any:
    whole = mp.isint(b)
    inside(a > 0 or (whole and (a != 0 or b >= 0)) or (a == 0 and b > 0))
    inside(abs(b) < 1e4)
    return mp.mpf(1) if b == 0 else mp.power(a, int(b) if whole else b)


def _unit(f: Callable, low: float = -1, high: float = 1) -> Callable:
    def on(x: Any) -> Any:
        inside(low <= x <= high)
        return f(x)

    return on


def _open(f: Callable, low: float, high: float) -> Callable:
    def on(x: Any) -> Any:
        inside(low < x < high)
        return f(x)

    return on


def _periodic(f: Callable) -> Callable:
    """Of larger numbers all digits are those of the argument."""

    def on(x: Any) -> Any:
        inside(abs(x) < 1e10)
        return f(x)

    return on


def _whole(f: Callable) -> Callable:
    """Floors: of larger numbers than these a small step goes over many of them."""

    def on(x: Any) -> Any:
        inside(abs(x) < 1e15)
        return f(x)

    return on


def _sign(x: Any) -> Any:
    return mp.mpf(mp.sign(x))


def _xlogy(a: Any, b: Any) -> Any:
    return mp.mpf(0) if a == 0 else a * _log(b)


def _logaddexp(a: Any, b: Any) -> Any:
    return max(a, b) + mp.log1p(mp.exp(-abs(a - b)))


def _log_ndtr(x: Any) -> Any:
    inside(abs(x) < 1e5)
    return mp.log(mp.ncdf(x))


def _moderate(f: Callable) -> Callable:
    """Functions whose series are long for large arguments."""

    def on(x: Any) -> Any:
        inside(abs(x) < 1e5)
        return f(x)

    return on


def _lgamma(x: Any) -> Any:
    inside(1e-200 < x < 1e5)
    return mp.loggamma(x)


def _one(x: Any) -> Any:
    return x


# fmt: off
UNARY: dict[str, Callable] = {
    "negative": lambda x: -x, "positive": _one, "reciprocal": lambda x: _divide(mp.mpf(1), x),
    "square": lambda x: x * x, "sqrt": _sqrt, "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "absolute": abs, "fabs": abs, "sign": _sign, "exp": mp.exp, "exp2": lambda x: mp.power(2, x),
    "expm1": mp.expm1, "log": _log, "log2": lambda x: _log(x) / mp.log(2),
    "log10": lambda x: _log(x) / mp.log(10), "log1p": lambda x: _log(1 + x),
    "sin": _periodic(mp.sin), "cos": _periodic(mp.cos), "tan": _periodic(mp.tan),
    "arcsin": _unit(mp.asin), "arccos": _unit(mp.acos),
    "arctan": mp.atan, "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "arcsinh": mp.asinh,
    "arccosh": _unit(mp.acosh, 1, mp.inf), "arctanh": _open(mp.atanh, -1, 1),
    "deg2rad": mp.radians, "rad2deg": mp.degrees, "radians": mp.radians, "degrees": mp.degrees,
    "expit": lambda x: 1 / (1 + mp.exp(-x)), "log_expit": lambda x: -_logaddexp(mp.mpf(0), -x),
    "erf": _moderate(mp.erf), "erfc": _moderate(mp.erfc), "ndtr": _moderate(mp.ncdf),
    "log_ndtr": _log_ndtr, "gammaln": _lgamma, "logit": lambda x: _log(x) - _log(1 - x),
    "entr": lambda x: -_xlogy(x, x), "floor": _whole(mp.floor), "ceil": _whole(mp.ceil),
    "rint": _whole(mp.nint), "trunc": _whole(lambda x: mp.sign(x) * mp.floor(abs(x))),
}
BINARY: dict[str, Callable] = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "divide": _divide, "power": _power, "float_power": _power,
    "hypot": lambda a, b: mp.sqrt(a * a + b * b), "maximum": max, "minimum": min, "fmax": max,
    "fmin": min, "logaddexp": _logaddexp, "arctan2": lambda a, b: _arctan2(a, b),
    "logaddexp2": lambda a, b: _logaddexp(a * mp.log(2), b * mp.log(2)) / mp.log(2),
    "copysign": lambda a, b: abs(a) if b >= 0 else -abs(a), "xlogy": _xlogy,
    "xlog1py": lambda a, b: _xlogy(a, 1 + b),
    "heaviside": lambda a, b: b if a == 0 else mp.mpf(a > 0),
}
CHOICES: dict[str, Callable] = {
    "greater": lambda a, b: a > b, "less_equal": lambda a, b: a <= b, "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b, "less": lambda a, b: a < b,
    "greater_equal": lambda a, b: a >= b,
}
# fmt: on
PLAIN = ("add", "subtract", "multiply", "divide", "power")
"""Drawn more often than the rest: most programs are made of them."""


def _arctan2(a: Any, b: Any) -> Any:
    inside(a != 0 or b > 0)
    return mp.atan2(a, b)


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

    def values(self, x: Any) -> list[Any]:
        """What each instruction gives."""
        values = [x]
        for name, args in self.body:
            values.append(on_arrays(name, *[values[a] if type(a) is int else a for a in args]))
        return values

    def __str__(self) -> str:
        name = lambda a: (f"v{a}" if a else "x") if type(a) is int else repr(a)  # noqa: E731
        lines = [f"v{k + 1} = {n}({', '.join(map(name, a))})" for k, (n, a) in enumerate(self.body)]
        return f"seed {self.seed}, x = {self.x.tolist()}: {'; '.join(lines)}"


def on_arrays(name: str, *args: Any) -> Any:
    """A function by its name, as a user would call it."""
    if name in CHOICES:
        return np.where(getattr(np, name)(*args[:2]), *args[2:])
    return (getattr(np, name, None) or getattr(scipy.special, name))(*args)


def on_number(name: str, *args: Any) -> Any:
    """The same on mpmath's numbers."""
    if name in CHOICES:
        return args[2] if CHOICES[name](*args[:2]) else args[3]
    y = (UNARY.get(name) or BINARY[name])(*args)
    inside(isinstance(y, mp.mpf) and mp.isfinite(y) and (y == 0 or abs(mp.mag(y)) < MOST_BITS))
    return y


def generate(seed: int, moderate: bool = False) -> Program:
    """The program of a seed. Seeds begin with one function after the other: none is left out.

    Its points are hard, or `moderate`.
    """
    rng = np.random.default_rng(seed)
    names = [*UNARY, *BINARY, *CHOICES]
    size = int(rng.integers(1, 4))
    x = rng.uniform(0.3, 1.7, size) if moderate else rng.choice(POINTS, size)
    body: list[Instruction] = []
    first = names[seed % len(names)]
    for _ in range(rng.integers(1, 6)):
        name = first if not body else str(rng.choice(names if rng.random() < 0.6 else PLAIN))
        count = 1 if name in UNARY else 2 if name in BINARY else 4
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
    """How much of the table of functions of one element these programs use."""
    used = {i.name for p in programs for i in p.body}
    smooth = {o.label for o in TABLE.values() if any(p is not None for p in o.partials)}
    known = {*UNARY, *BINARY, *CHOICES} | smooth
    return f"{len(used & known)} of {len(known)} functions; not used: {sorted(known - used)}"


__all__ = ["Program", "bibun", "coverage", "generate", "on_number"]
