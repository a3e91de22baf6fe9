"""Derivatives that are not ours: finite differences in the widest precision there is.

Ridders' method (Advances in Engineering Software 4, 1982): central differences with shrinking
steps, extrapolated to zero; each entry takes the place in the tableau where its error is least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

LEVELS = 12
# Of a step to the one before. Powers of two would meet jumps of floor, ... all at once.
RATIO = 0.53
WIDE = np.longdouble
Flat = list[np.ndarray]


class Derivative(NamedTuple):
    """A derivative by finite differences, and how far it may be off, entry by entry."""

    value: np.ndarray
    error: np.ndarray


def widen(x: Any) -> Any:
    """Floating-point numbers in the widest precision."""
    return x.astype(np.promote_types(x.dtype, WIDE)) if x.dtype.kind in "fc" else x


def narrow(x: Any) -> Any:
    """Floating-point numbers in double precision."""
    kind = {"f": np.float64, "c": np.complex128}.get(x.dtype.kind)
    return x if kind is None else x.astype(kind)


def widest(x: Any) -> Any:
    """Any numbers in the widest precision."""
    x = np.asarray(x)
    return x.astype(np.promote_types(x.dtype, WIDE))


def precise(f: Callable[..., Flat], args: Sequence[Any]) -> tuple[Any, ...]:
    """The arguments in the widest precision in which f runs."""
    wide = tuple(widen(a) for a in args)
    try:
        f(*wide)
    except (TypeError, ValueError, KeyError):  # SciPy and LAPACK stop at double precision
        return tuple(narrow(a) for a in args)
    return wide


def unchanged(f: Callable[..., Flat], args: Sequence[Any]) -> tuple[Any, ...]:
    """The arguments in the widest precision in which f means the same.

    NumPy partitions by other algorithms there, and then the order of the results is another one.
    """
    wide, double = precise(f, args), tuple(narrow(a) for a in args)
    same = all(
        np.allclose(a, b, rtol=1e-6, atol=1e-6, equal_nan=True)
        for a, b in zip(f(*wide), f(*double), strict=True)
    )
    return wide if same else double


def along(
    f: Callable[..., Flat], args: Sequence[Any], tangents: Sequence[Any], step: float
) -> list[Derivative]:
    """The derivatives of the results of f at `args` along `tangents` (None: held fixed)."""
    args = unchanged(f, args)

    def moved(h: float) -> Flat:
        new = [
            a if t is None else a + a.dtype.type(h) * t.astype(a.dtype)
            for a, t in zip(args, tangents, strict=True)
        ]
        return f(*new)

    steps = [step * RATIO**k for k in range(LEVELS)]
    inside = max(
        (float(np.max(abs(a), initial=0)) for a in args if a.dtype.kind in "fc"), default=0.0
    )
    with np.errstate(all="ignore"):  # a step may lead out of the domain
        ups, downs = [moved(h) for h in steps], [moved(-h) for h in steps]
        pairs = [
            [(u[k], d[k]) for u, d in zip(ups, downs, strict=True)] for k in range(len(ups[0]))
        ]
        return [ridders(p, steps, inside) for p in pairs]


def ridders(
    pairs: list[tuple[np.ndarray, np.ndarray]], steps: list[float], inside: float
) -> Derivative:
    """The limit of (up - down) / 2h. The noise of each step is the rounding of the two values.

    `inside` is the magnitude of what cancels within f: a result may be smaller than its rounding.
    """
    like = np.asarray(pairs[0][0])
    if like.dtype.kind not in "fc":
        return Derivative(np.zeros(like.shape), np.zeros(like.shape))
    eps = np.finfo(like.dtype).eps
    slopes, noises = [], []
    for (u, d), h in zip(pairs, steps, strict=True):
        up, down = widest(u), widest(d)
        slopes.append((up - down) / (2 * WIDE(h)))
        noises.append(4 * eps * (np.maximum(abs(up), abs(down)) + inside) / h)
    return extrapolate(slopes, noises, 2, abs(widest(pairs[-1][0])))


def extrapolate(
    slopes: list[np.ndarray], noises: list[np.ndarray], power: int, scale: np.ndarray
) -> Derivative:
    """The limit of slopes for shrinking steps h, whose error is a series in h**power (Richardson).

    Beside a jump, entries of the tableau can agree by accident; so those that are far from the
    slope of the smallest step are left out, and so is everything if that slope itself still changes
    by a good part of `scale`. The error is infinite where nothing is left.
    """
    last, change = slopes[-1], abs(slopes[-1] - slopes[-2])
    noise_of_last = noises[-1] + noises[-2]
    settled = change <= 0.05 * (abs(last) + scale) + noise_of_last
    best, least = np.full(last.shape, np.nan, last.dtype), np.full(last.shape, np.inf, WIDE)
    row: list[np.ndarray] = []
    for slope, noise in zip(slopes, noises, strict=True):
        new = [slope]
        for k, old in enumerate(row):
            new.append(new[k] + (new[k] - old) / (RATIO ** (-power * (k + 1)) - 1))
            error = np.maximum(abs(new[k + 1] - new[k]), abs(new[k + 1] - old)) + noise
            better = (
                settled & (error < least) & (abs(new[k + 1] - last) <= 1.5 * change + noise_of_last)
            )
            best, least = np.where(better, new[k + 1], best), np.where(better, error, least)
        row = new
    return Derivative(best, least)
