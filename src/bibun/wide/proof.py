"""What a ball proves about a result: a number to all its digits, an infinity, or nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .balls import infinite, raw
from .objects import Element

BITS = 64
"""Digits of a proven number, in bits: more than any of our dtypes has."""
OPEN = {"vague", "nothing"}
"""What more digits may settle: also a quotient by a ball around 0, such as 1 + 1e-160 is to few."""
SMALLEST = -1080
"""Powers of two below which a float64 is zero."""


class Proof(NamedTuple):
    """What is known of an entry.

    A "number", something "infinite", "nothing", or something "vague": more digits may help.
    """

    kind: str
    value: Any = None  # a float; of a vague or proven number, its ball


def ball_of(entry: Any) -> Any:
    """The `arb` of an element of a result, which may be a plain number."""
    return raw(entry.value if isinstance(entry, Element) else entry)


def proof(entry: Any) -> Proof:
    """What an entry of a result proves."""
    x = ball_of(entry)
    if infinite(x):
        return Proof("infinite", np.inf if x > 0 else -np.inf)
    if x.is_nan() or not x.is_finite():
        return Proof("nothing")
    if x.is_exact() or x.rel_accuracy_bits() >= BITS or tiny(x, SMALLEST):
        return Proof("number", x)
    return Proof("vague", x)


def tiny(x: Any, exponent: int) -> bool:
    """Whether |x| is certainly below a power of two."""
    arb = type(x)
    return bool(abs(x) < arb(2) ** exponent)


def number(x: Any, dtype: np.dtype) -> Any:
    """The float next to a ball (a number beyond all floats is an infinity), or an infinity."""
    with np.errstate(all="ignore"):
        return dtype.type(float(x))


def unproven(wanted: np.ndarray, found: list[Proof]) -> np.ndarray:
    """The entries of which nothing is proven."""
    kinds = zip(wanted, found, strict=True)
    return np.array([e for e, p in kinds if p.kind in OPEN], int)
