"""check_grads: the user's test that automatic and numerical derivatives agree.

Complex numbers are pairs of real ones here: steps go in random complex directions, what comes out
is compared part by part, and a cotangent g meets a tangent t in Re(conj(g) t), which for pairs is
the inner product. See docs/complex.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..array import lift
from ..errors import NotDifferentiableError, called
from ..tracing.containers import flatten
from .differences import WIDE, Estimate, derivatives, parts, wide
from .gradient import Arguments, jvp, vjp

MODES = ("forward", "reverse")
STEP = 1 / 64  # of the largest entry of each array; extrapolation goes on to smaller ones
ROUNDING = 64  # units in the last place by which derivatives of ordinary programs may be off
SEED = 20  # the same directions in every run: a test must not fail by chance


def check_grads(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = MODES,
    rtol: float | None = None,
    atol: float | None = None,
    eps: float | None = None,
) -> None:
    """Raise AssertionError unless the derivatives of f at `args` agree with numerical ones.

    Compared are f'(x) t (jvp, "forward") and g f'(x) t (vjp, "reverse") with extrapolated central
    differences along a random direction t, and in the same way the derivatives of these, up to
    `order`. Arguments and results may be containers, and real or complex: directions are then
    complex, and complex cotangents are gradients, as everywhere in bibun. Differences are taken in
    long double where f accepts it, otherwise in float64, otherwise in the dtype of the arguments.

    A number passes if it is off by at most `rtol` of itself plus `atol`. By default `rtol` is
    sqrt(machine epsilon) of the least precise argument: 1.5e-8 for float64, 3.5e-4 for float32,
    since half of the digits is far more than rounding takes, and no wrong formula is that close.
    `atol` is by default what rounding of the values of f explains. `eps` is the largest step,
    relative to the largest entry of each array; by default 1/64.

    Raises AssertionError with function, order, mode, both numbers and their relative error, also
    where differences do not converge; DtypeError for arguments that are not floating-point numbers;
    NotDifferentiableError if f returns none.

    Method: Ridders, Advances in Engineering Software 4 (1982), 75-76.

    >>> import numpy as np, bibun
    >>> bibun.check_grads(lambda x, w: np.sin(x @ w), np.ones((2, 3)), np.ones(3))
    """
    if order < 1 or not modes or any(m not in MODES for m in modes):
        raise ValueError(
            f"check_grads: order >= 1 and modes of {MODES} are needed, not {order} and {modes!r}"
        )
    given = Arguments(args, tuple(range(len(args))), "check_grads")
    x = list(_plain(given.leaves))
    least = max(float(np.finfo(a.dtype).eps) for a in x)
    limits = Limits(least**0.5 if rtol is None else rtol, atol, least, eps or STEP)
    with np.errstate(all="ignore"):
        _Check(called(f), x, order, modes, limits).run(_flat(f, given), [], [])


class Limits(NamedTuple):
    """How far apart derivatives may be; machine epsilon of the least precise argument; the step."""

    rtol: float
    atol: float | None
    eps: float
    step: float


class Numerical(NamedTuple):
    """A numerical derivative, how far it may be off, whether that is little, and the tolerance."""

    value: np.ndarray
    error: np.ndarray
    converged: bool
    atol: float


Call = Callable[..., tuple]  # arrays -> a tuple of arrays


def _flat(f: Callable[..., Any], given: Arguments) -> Call:
    """f as a function of arrays that returns a tuple of arrays: its floating-point results."""

    def call(*leaves: Any) -> tuple:
        results, _ = flatten(f(*given.place(list(leaves))))
        found = tuple(y for y in results if lift(y).dtype.kind in "fc")
        if not found:
            raise NotDifferentiableError(
                "check_grads: the function returns no floating-point number"
            )
        return found

    return call


def _plain(results: Sequence[Any]) -> tuple:
    return tuple(lift(y)._plain("check_grads(f, x)") for y in results)


def _direction(rng: np.random.Generator, a: Any) -> Any:
    """Entries of random sign and of about the same size, so that none is lost beside the others."""
    shape = parts(a).shape
    numbers = rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1, shape)
    if a.dtype.kind == "c":
        numbers = numbers[..., 0] + 1j * numbers[..., 1]
    return np.asarray(numbers, a.dtype)[()]


def _largest(a: Any) -> Any:
    """The largest finite entry, without its sign."""
    sizes = abs(wide(a))
    return np.max(sizes, initial=0, where=np.isfinite(sizes))


def _widest(f: Call, x: list[Any]) -> tuple[list[Any], tuple]:
    """The arguments in the widest precision that f accepts, and its results there."""
    for dtype in (WIDE, np.float64):
        point = [a.astype(np.promote_types(dtype, a.dtype)) for a in x]
        try:
            return point, _plain(f(*point))
        except (TypeError, ValueError, KeyError):  # SciPy and LAPACK stop at double precision
            continue
    return x, _plain(f(*x))


class _Check:
    """The derivatives of one function at one point, compared order after order."""

    def __init__(self, name: str, x: list[Any], order: int, modes: Sequence[str], limits: Limits):
        self.name, self.x, self.order, self.modes, self.limits = name, x, order, modes, limits
        # Steps are relative to the size of each array: derivatives along t are of the size of f.
        self.sizes = [a.dtype.type(_largest(a) or 1) for a in x]

    def run(self, f: Call, taken: list[str], inherited: list[Any]) -> None:
        """Compare the derivatives of f in each mode, and then those of each of these derivatives.

        f is the derivative of the user's function in the modes `taken`; its results round as
        if they were of the sizes `inherited`.
        """
        rng = np.random.default_rng(SEED + len(taken))
        t = [_direction(rng, a) * s for a, s in zip(self.x, self.sizes, strict=True)]
        y, tangents = jvp(f, self.x, t)
        g = tuple(_direction(rng, b) for b in y)
        sizes, numerical = self._numerical(f, t, y, inherited or [0] * len(y))
        for mode in self.modes:
            way = [mode, *taken]
            what = f"check_grads: {self.name}, order {len(way)}, {' over '.join(way)}"
            if mode == "forward":
                self._forward(tangents, numerical, what)
                derivative, inherit = _pushed(f, t), sizes
            else:
                self._reverse(vjp(f, *self.x)[1](g), t, g, numerical, what)
                derivative, inherit = _pulled(f, g, self.sizes), [max(sizes)] * len(t)
            if len(way) < self.order:
                self.run(derivative, way, inherit)

    def _numerical(
        self, f: Call, t: list[Any], y: tuple, inherited: list[Any]
    ) -> tuple[list[Any], list[Numerical]]:
        """The derivative of every result along t, in the widest precision in which f runs.

        And the size of the numbers of which each result is made: y, or more if y has lost digits.
        """
        x, precise = _widest(f, self.x)

        def moved(h: float) -> tuple:
            steps = (a.dtype.type(h) * s.astype(a.dtype) for a, s in zip(x, t, strict=True))
            return tuple(map(parts, _plain(f(*map(np.add, x, steps)))))

        lost = [_largest(wide(b) - c) for b, c in zip(y, precise, strict=True)]
        sizes = [
            max(_largest(b), error / self.limits.eps, size)
            for b, error, size in zip(y, lost, inherited, strict=True)
        ]
        found = zip(derivatives(moved, self.limits.step, sizes), precise, sizes, strict=True)
        return sizes, [self._judged(*each) for each in found]

    def _judged(self, n: Estimate, precise: Any, size: Any) -> Numerical:
        rounding = ROUNDING * self.limits.eps * max(size, _largest(n.value))
        atol = rounding if self.limits.atol is None else self.limits.atol
        half = max(np.finfo(np.asarray(precise).dtype).eps ** 0.5, self.limits.rtol)
        little = max(half * max(size, _largest(n.value), _largest(n.size)), rounding, atol)
        return Numerical(n.value, n.error, bool(np.all(n.error <= little)), float(atol))

    def _allowed(self, n: Numerical) -> np.ndarray:
        return self.limits.rtol * abs(n.value) + n.atol + n.error

    def _forward(self, found: tuple, numerical: list[Numerical], what: str) -> None:
        """f'(x) t, in each result at the entry that is furthest off."""
        for k, (a, n) in enumerate(zip(found, numerical, strict=True)):
            if np.size(a):
                value, allowed = wide(parts(a)), self._allowed(n)
                off = np.nan_to_num(np.asarray(abs(value - n.value) / allowed), nan=np.inf)
                i = np.unravel_index(np.argmax(off), off.shape)
                place = f", result {k}" if len(found) > 1 else ""
                place += _place(i, np.ndim(a))
                _agree(what + place, value[i], n.value[i], n.converged, allowed[i])

    def _reverse(
        self, found: tuple, t: list[Any], g: tuple, numerical: list[Numerical], what: str
    ) -> None:
        """The number g f'(x) t."""
        terms = [wide(parts(p)) * parts(s) for p, s in zip(found, t, strict=True)]
        pairs = [(wide(parts(w)), n) for w, n in zip(g, numerical, strict=True)]
        value, truth = sum(map(np.sum, terms)), sum(np.sum(w * n.value) for w, n in pairs)
        allowed = sum(np.sum(abs(w) * self._allowed(n)) for w, n in pairs)
        allowed += ROUNDING * self.limits.eps * sum(np.sum(abs(p)) for p in terms)
        _agree(what, value, truth, all(n.converged for n in numerical), allowed)


def _place(i: Sequence[Any], axes: int) -> str:
    """Where an entry stands in an array of so many axes, and then which part of it is meant."""
    at = f" at {list(map(int, i[:axes]))}" if axes else ""
    return at + f", {('real', 'imaginary')[i[-1]]} part" if len(i) > axes else at


def _pushed(f: Call, t: list[Any]) -> Call:
    return lambda *x: jvp(f, x, t)[1]


def _pulled(f: Call, g: tuple, sizes: list[Any]) -> Call:
    """The cotangents of the arguments, times the sizes of these: they are then of the size of f."""

    def pulled(*x: Any) -> tuple:
        pairs = zip(vjp(f, *x)[1](g), sizes, strict=True)
        return tuple(p * s.astype(p.dtype) for p, s in pairs)

    return pulled


def _agree(what: str, value: Any, truth: Any, converged: bool, allowed: Any) -> None:
    """The numbers are the same within what is allowed, and the numerical one is worth it."""
    numbers = f"{what}: {float(value):.12g} automatically, {float(truth):.12g} numerically"
    if not converged:
        raise AssertionError(
            f"{numbers}, where differences do not converge: is f smooth here? "
            "Try another point, or a smaller eps"
        )
    if not np.isfinite(value):
        raise AssertionError(f"{numbers}: the derivative is not finite")
    if not abs(value - truth) <= allowed:
        size = max(abs(value), abs(truth))
        raise AssertionError(
            f"{numbers}: the relative error is {abs(value - truth) / size:.2g}, "
            f"{allowed / size:.2g} is allowed"
        )
