"""NumPy's less common functions: their files are loaded when the first of them is met."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..array import LATER

FILES = (
    "applying",
    "convolving",
    "creation",
    "domains",
    "histograms",
    "interpolation",
    "nanquantiles",
    "orthogonal",
    "plain",
    "polynomials",
    "sets",
    "windows",
)


def load(function: Any = None) -> bool:
    """Load the files, the first time that a function is met which is not known."""
    for name in FILES:
        import_module(f"bibun.ops.{name}")
    if load in LATER:
        LATER.remove(load)
    return True


LATER.append(load)
