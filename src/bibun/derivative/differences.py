"""Numerical derivatives: differences of function values, extrapolated to steps of length zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

WIDE = np.longdouble
LEVELS = 10
RATIO = 4  # of two steps: ten levels reach from 1/64 of x down to 6e-8 of it


def wide(a: Any) -> np.ndarray:
    """An array in the widest precision that NumPy has."""
    a = np.asarray(a)
    return a.astype(np.promote_types(a.dtype, WIDE))


def parts(a: Any) -> np.ndarray:
    """The real numbers of an array; a complex one gets a last axis for its two parts."""
    a = np.asarray(a)
    return np.stack([a.real, a.imag], axis=-1) if a.dtype.kind == "c" else a


class Estimate(NamedTuple):
    """A derivative, how far it may be off, and the size of the values of f nearby, by entries."""

    value: np.ndarray
    error: np.ndarray
    size: np.ndarray


def derivatives(
    f: Callable[[Any], Sequence[Any]], step: float, sizes: Sequence[Any] = ()
) -> list[Estimate]:
    """df/dh at h = 0 for every array that f(h) returns.

    Each is taken to round like numbers of its size in `sizes`, or like its values if these are
    larger: sin x cos x - cos x sin x is not 0 everywhere.

    Central differences with steps that shrink, extrapolated to zero; each entry takes the place in
    the tableau where its error is least. Near a kink or the edge of the domain these are the small
    steps. Method: Ridders, Advances in Engineering Software 4 (1982), 75-76.
    """
    steps = [step / RATIO**k for k in range(LEVELS)]
    with np.errstate(all="ignore"):
        pairs = [(f(h), f(-h)) for h in steps]
        least = sizes or [0] * len(pairs[0][0])
        columns = [[(up[k], down[k]) for up, down in pairs] for k in range(len(least))]
        return [_limit(column, steps, size) for column, size in zip(columns, least, strict=True)]


def _limit(pairs: Sequence[tuple[Any, Any]], steps: Sequence[float], size: Any) -> Estimate:
    """The limit of (up - down) / 2h. The noise of each step is the rounding of the two values."""
    like = np.asarray(pairs[0][0])
    eps = np.finfo(like.dtype).eps
    best, least = np.full(like.shape, np.nan, WIDE), np.full(like.shape, np.inf, WIDE)
    row: list[np.ndarray] = []
    for (up, down), h in zip(pairs, steps, strict=True):
        u, d = wide(up), wide(down)
        new = [np.asarray((u - d) / (2 * WIDE(h)))]
        # The point x + h t is rounded as well, which moves the value by f' x eps.
        noise = 4 * eps * (np.maximum(np.maximum(abs(u), abs(d)), size) + abs(new[0])) / h
        for k, old in enumerate(row):  # central differences have errors h², h⁴, h⁶, ...
            new.append(new[k] + (new[k] - old) / (RATIO ** (2 * k + 2) - 1))
            error = np.maximum(abs(new[k + 1] - new[k]), abs(new[k + 1] - old)) + noise
            better = error < least
            best, least = np.where(better, new[k + 1], best), np.where(better, error, least)
        row = new
    up, down = map(wide, pairs[0])
    return Estimate(best, least, np.maximum(abs(up), abs(down)))
