"""Derivatives that are not ours: finite differences in the widest precision there is.

Ridders' method (Advances in Engineering Software 4, 1982): central differences with steps that are
halved, extrapolated to zero; each entry takes the place in the tableau where its error is least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

LEVELS = 11
WIDE = np.longdouble
Flat = list[np.ndarray]


class Derivative(NamedTuple):
    """A derivative by finite differences, and how far it may be off, entry by entry."""

    value: np.ndarray
    error: np.ndarray


def widen(x: Any) -> Any:
    """Floating-point numbers in the widest precision."""
    return x.astype(WIDE) if x.dtype.kind == "f" else x


def narrow(x: Any) -> Any:
    """Floating-point numbers in double precision."""
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def precise(f: Callable[..., Flat], args: Sequence[Any]) -> tuple[Any, ...]:
    """The arguments in the widest precision in which f runs."""
    wide = tuple(widen(a) for a in args)
    try:
        f(*wide)
    except (TypeError, ValueError, KeyError):  # SciPy and LAPACK stop at double precision
        return tuple(narrow(a) for a in args)
    return wide


def along(f: Callable[..., Flat], args: Sequence[Any], tangents: Sequence[Any], step: float) -> list[Derivative]:
    """The derivatives of the results of f at `args` along `tangents` (None: held fixed)."""
    args = precise(f, args)

    def moved(h: float) -> Flat:
        new = [a if t is None else a + a.dtype.type(h) * t.astype(a.dtype) for a, t in zip(args, tangents, strict=True)]
        return f(*new)

    steps = [step / 2**k for k in range(LEVELS)]
    ups, downs = [moved(h) for h in steps], [moved(-h) for h in steps]
    return [
        ridders([(u[k], d[k]) for u, d in zip(ups, downs, strict=True)], steps) for k in range(len(ups[0]))
    ]


def ridders(pairs: list[tuple[np.ndarray, np.ndarray]], steps: list[float]) -> Derivative:
    """The limit of (up - down) / 2h. The noise of each step is the rounding of the two values."""
    like = np.asarray(pairs[0][0])
    if like.dtype.kind not in "f":
        return Derivative(np.zeros(like.shape), np.zeros(like.shape))
    eps = np.finfo(like.dtype).eps
    wide = [(np.asarray(u, WIDE), np.asarray(d, WIDE)) for u, d in pairs]
    best = np.full(like.shape, np.nan, WIDE)
    least = np.full(like.shape, np.inf, WIDE)
    row: list[np.ndarray] = []
    for (u, d), h in zip(wide, steps, strict=True):
        noise = 4 * eps * np.maximum(abs(u), abs(d)) / h
        new = [(u - d) / (2 * WIDE(h))]
        for k, old in enumerate(row):
            new.append(new[k] + (new[k] - old) / (4 ** (k + 1) - 1))
            error = np.maximum(abs(new[k + 1] - new[k]), abs(new[k + 1] - old)) + noise
            better = error < least
            best, least = np.where(better, new[k + 1], best), np.where(better, error, least)
        row = new
    return Derivative(best, least)
