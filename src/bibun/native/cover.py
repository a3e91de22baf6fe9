"""Cover: whether reads of an array are apart from each other, and whether they are all of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import prod
from typing import Any

from ..graph import Type
from ..ops.gather import Read, Slice

MOST = 64
"""Reads that are compared with each other."""


def apart(reads: Sequence[Read], shape: tuple[int, ...]) -> bool:
    """Whether no two read the same place, as far as that is known without indices."""
    if len(reads) > MOST or not all(isinstance(r, Slice) for r in reads):
        return False
    found = [ranges(r, shape) for r in reads]
    return all(any(map(_meet_not, a, b)) for a, b in combinations(found, 2))


def covers(reads: Sequence[Any], of: Type) -> bool:
    """Whether reads that are apart are all of an array."""
    return sum(prod(r.type(of).shape) for r in reads) == prod(of.shape)


def ranges(read: Any, shape: tuple[int, ...]) -> list[range]:
    """What a slice reads along each axis."""
    places = (*(None,) * (len(shape) - len(read.places)), *read.places)
    return [
        range(p, p + 1) if isinstance(p, int) else range(n) if p is None else range(*p)
        for p, n in zip(places, shape, strict=True)
    ]


def _meet_not(a: range, b: range) -> bool:
    """Whether two ranges have surely no number in common."""
    if not a or not b:
        return True
    (least_a, most_a), (least_b, most_b) = sorted((a[0], a[-1])), sorted((b[0], b[-1]))
    beyond = most_a < least_b or most_b < least_a
    return beyond or (a.step == b.step and (a[0] - b[0]) % a.step != 0)
