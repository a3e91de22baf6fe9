"""check_grads: the user's test that automatic and numerical derivatives agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..array import lift
from ..errors import DtypeError, NotDifferentiableError
from ..tracing.containers import flatten
from .differences import WIDE, Estimate, derivatives
from .gradient import Arguments, jvp, vjp

Call = Callable[..., tuple]  # arrays -> a tuple of arrays

MODES = ("forward", "reverse")
STEP = 1 / 64  # of the size of each array; extrapolation divides it by 4 again and again
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

    Compared are f'(x) t (jvp, "forward") and g f'(x) (vjp, "reverse") with extrapolated central
    differences along a random direction t, and in the same way the derivatives of these, up to
    `order`. Arguments and results may be containers. Differences are taken in long double where f
    accepts it, otherwise in float64, otherwise in the dtype of the arguments.

    A number passes if it is off by at most `rtol` of itself plus `atol`. By default `rtol` is
    sqrt(machine epsilon) of the least precise argument: 1.5e-8 for float64, 3.5e-4 for float32.
    Half of the digits is far more than rounding takes, and no wrong formula is that close.
    `atol` is by default what rounding of the values of f explains. `eps` is the largest step,
    relative to the largest entry of each array (by default 1/64).

    Raises AssertionError with function, order, mode, both numbers and their relative error, also
    where the differences do not converge; DtypeError for arguments that are not real floating-point
    numbers; whatever f raises.

    Method: Ridders, Advances in Engineering Software 4 (1982), 75-76.

    >>> import numpy as np, bibun
    >>> bibun.check_grads(lambda x, w: np.sin(x @ w), np.ones((2, 3)), np.ones(3))
    """
    if order < 1 or not modes or any(m not in MODES for m in modes):
        raise ValueError(
            f"check_grads: order is 1 or more and modes are some of {MODES}, not {order} and {modes!r}"
        )
    given = Arguments(args, tuple(range(len(args))), "check_grads")
    x = [a._plain("check_grads(f, x)") for a in given.leaves]
    if any(a.dtype.kind != "f" for a in x):
        raise DtypeError(f"check_grads: real arguments are needed, not {[str(a.dtype) for a in x]}")
    least = max(float(np.finfo(a.dtype).eps) for a in x)
    limits = Limits(least**0.5 if rtol is None else rtol, atol, least, eps or STEP)
    _check(_flat(f, given), x, order, modes, limits, f"check_grads: {_called(f)}, order", [])


class Limits(NamedTuple):
    """How far apart two derivatives may be; machine epsilon of the least precise argument; the step."""

    rtol: float
    atol: float | None
    eps: float
    step: float


def _flat(f: Callable[..., Any], given: Arguments) -> Call:
    """f as a function of arrays that returns a tuple of arrays: its floating-point results."""

    def call(*leaves: Any) -> tuple:
        found = tuple(y for y in flatten(f(*given.place(list(leaves))))[0] if lift(y).dtype.kind == "f")
        if not found:
            raise NotDifferentiableError("check_grads: the function returns no real floating-point number")
        return found

    return call


def _called(f: Any) -> str:
    name, code = getattr(f, "__name__", repr(f)), getattr(f, "__code__", None)
    return name if code is None else f"{name} ({Path(code.co_filename).name}:{code.co_firstlineno})"


def _check(
    f: Call, x: list[Any], order: int, modes: Sequence[str], limits: Limits, name: str, taken: list[str]
) -> None:
    """Compare the derivatives of f in each mode, and then those of each of these derivatives."""
    rng = np.random.default_rng(SEED + len(taken))
    t = [_direction(rng, a) * _size(a) for a in x]
    y = _plain(f(*x))
    g = tuple(_direction(rng, b) for b in y)
    numerical = _numerical(f, x, t, y, limits)
    label = f"{name} {len(taken) + 1}"
    for mode in modes:
        way = [mode, *taken]
        what = f"{label}, {' over '.join(way)}"
        if mode == "forward":
            _forward(jvp(f, x, t)[1], numerical, limits, what)
            derivative = _pushed(f, t)
        else:
            _reverse(vjp(f, *x)[1](g), t, g, numerical, limits, what)
            derivative = _pulled(f, g)
        if len(way) < order:
            _check(derivative, x, order, modes, limits, name, way)


def _direction(rng: np.random.Generator, a: Any) -> Any:
    """Entries of random sign and of about the same size, so that none is lost beside the others."""
    signs = rng.choice([-1.0, 1.0], np.shape(a))
    return np.asarray(signs * rng.uniform(0.5, 1, np.shape(a)), a.dtype)[()]


def _size(a: Any) -> Any:
    """The largest entry: the step is relative to it, in the dtype of a."""
    return a.dtype.type(np.max(abs(a), initial=0) or 1)


def _plain(results: Sequence[Any]) -> tuple:
    return tuple(lift(y)._plain("check_grads(f, x)") for y in results)


def _pushed(f: Call, t: list[Any]) -> Call:
    return lambda *x: jvp(f, x, t)[1]


def _pulled(f: Call, g: tuple) -> Call:
    return lambda *x: vjp(f, *x)[1](g)


class Numerical(NamedTuple):
    """A numerical derivative, how far it may be off, how far it is allowed to be, and what rounding explains."""

    value: np.ndarray
    error: np.ndarray
    limit: float
    rounding: float

    def allowed(self, limits: Limits) -> np.ndarray:
        """How far an automatic derivative may be from this one."""
        absolute = self.rounding if limits.atol is None else limits.atol
        return limits.rtol * abs(self.value) + absolute + self.error


def _numerical(f: Call, x: list[Any], t: list[Any], y: tuple, limits: Limits) -> list[Numerical]:
    """The derivative of every result along t, in the widest precision in which f runs."""
    wide, precise = _widest(f, x)

    def moved(h: float) -> tuple:
        return _plain(f(*(a + a.dtype.type(h) * s.astype(a.dtype) for a, s in zip(wide, t, strict=True))))

    found = zip(derivatives(moved, limits.step), y, precise, strict=True)
    return [_judged(estimate, a, b, limits) for estimate, a, b in found]


def _widest(f: Call, x: list[Any]) -> tuple[list[Any], tuple]:
    """The arguments in the widest precision that f accepts, and its results there."""
    for dtype in (WIDE, np.float64):
        wide = [a.astype(np.promote_types(dtype, a.dtype)) for a in x]
        try:
            with np.errstate(all="ignore"):
                return wide, _plain(f(*wide))
        except (TypeError, ValueError, KeyError):  # SciPy and LAPACK stop at double precision
            continue
    return x, _plain(f(*x))


def _judged(estimate: Estimate, y: Any, precise: Any, limits: Limits) -> Numerical:
    with np.errstate(all="ignore"):
        # t is of the size of x, hence y of the size that a derivative along t is expected to have.
        size = np.max(abs(np.asarray(y, WIDE)), initial=0)
        expected = size + np.max(abs(estimate.value), initial=0)
        measured = np.max(abs(np.asarray(y, WIDE) - precise), initial=0)  # what f itself lost
        limit = np.finfo(np.asarray(precise).dtype).eps ** 0.5 * expected
    return Numerical(*estimate, float(limit), float(ROUNDING * (measured + limits.eps * size)))


def _forward(found: tuple, numerical: list[Numerical], limits: Limits, what: str) -> None:
    """f'(x) t, in each result at the entry that is furthest off."""
    for k, (a, n) in enumerate(zip(found, numerical, strict=True)):
        if np.size(a):
            wide, allowed = np.asarray(a, WIDE), n.allowed(limits)
            with np.errstate(all="ignore"):
                off = np.nan_to_num(np.asarray(abs(wide - n.value) / allowed), nan=np.inf)
            i = np.unravel_index(np.argmax(off), off.shape)
            place = (f", result {k}" if len(found) > 1 else "") + (f" at {list(map(int, i))}" if i else "")
            _agree(what + place, wide[i], n.value[i], n.error[i] <= n.limit, allowed[i])


def _reverse(
    found: tuple, t: list[Any], g: tuple, numerical: list[Numerical], limits: Limits, what: str
) -> None:
    """The number g f'(x) t."""
    terms = [np.asarray(p, WIDE) * s for p, s in zip(found, t, strict=True)]
    weights = [np.asarray(w, WIDE) for w in g]
    pairs = list(zip(weights, numerical, strict=True))
    truth = sum(np.sum(w * n.value) for w, n in pairs)
    allowed = sum(np.sum(abs(w) * n.allowed(limits)) for w, n in pairs)
    allowed += ROUNDING * limits.eps * sum(np.sum(abs(p)) for p in terms)
    converged = all(np.all(n.error <= n.limit) for n in numerical)
    _agree(what, sum(np.sum(p) for p in terms), truth, converged, allowed)


def _agree(what: str, value: Any, truth: Any, converged: bool, allowed: Any) -> None:
    """The numbers are the same within what is allowed, and the numerical one is worth comparing with."""
    numbers = f"{what}: {float(value):.12g} automatically, {float(truth):.12g} numerically"
    if not converged:
        raise AssertionError(
            f"{numbers}, where differences do not converge: is f smooth here? Try another point, or a smaller eps"
        )
    if not abs(value - truth) <= allowed:
        size = max(abs(value), abs(truth))
        raise AssertionError(
            f"{numbers}: relative error {abs(value - truth) / size:.2g}, {allowed / size:.2g} is allowed"
        )
