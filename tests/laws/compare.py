"""Comparisons: by bits, by types, and within a tolerance that the caller has a reason for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bibun.graph import Type

from . import truth


def same_bits(a: Any, b: Any, what: str) -> None:
    """Equal types and bits; the sign and payload of nan do not count."""
    assert (a is None) == (b is None), f"{what}: one is zero by structure and the other is not"
    if a is None:
        return
    typed([a], [Type(b.dtype, b.shape)], what)
    x, y = np.array(a), np.array(b)
    for z in (x, y):
        if z.dtype.kind in "fc":
            numbers = z.reshape(-1).view(np.finfo(z.dtype).dtype)
            numbers[np.isnan(numbers)] = np.nan
    assert x.tobytes() == y.tobytes(), f"{what}: the bits differ:\n{x}\n{y}"


def near(a: Any, b: Any, tolerance: Any, what: str) -> None:
    """Entries that differ by at most the tolerance."""
    x, y = truth.widest(a), truth.widest(b)
    assert x.shape == y.shape, f"{what}: the shapes {x.shape} and {y.shape} differ"
    with np.errstate(invalid="ignore"):
        off = ~((abs(x - y) <= tolerance) | (x == y))
    if np.any(off):
        k = np.unravel_index(np.argmax(off), off.shape)
        limit, at = np.broadcast_to(tolerance, off.shape)[k], list(map(int, k))
        raise AssertionError(f"{what}: {x[k]!s} should be {y[k]!s} within {limit:.1e}, at {at}")


def typed(values: Sequence[Any], types: Sequence[Type], what: str) -> None:
    """Each value is None or has its type."""
    for v, t in zip(values, types, strict=True):
        if v is not None and Type(v.dtype, v.shape) != t:
            raise AssertionError(f"{what}: {Type(v.dtype, v.shape)} instead of {t}")


def size(x: Any) -> float:
    """The greatest magnitude among the entries."""
    return float(np.max(abs(np.asarray(x)), initial=0))


def inner(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """The sum of Re(x y), in the widest precision; None is zero."""
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    return sum((np.sum((truth.widen(x) * truth.widen(y)).real) for x, y in pairs), truth.WIDE(0))


def terms(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """The same sum without signs: what its rounding errors are measured by."""
    return inner(
        [None if x is None else abs(x) for x in a], [None if y is None else abs(y) for y in b]
    )


def coarsest(types: Sequence[Type]) -> float:
    """The largest unit in the last place among these types."""
    return max(float(np.finfo(t.dtype).eps) for t in types if t.differentiable)
