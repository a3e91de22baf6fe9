"""Less common functions of NumPy and SciPy: their files are loaded when the first is met."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..array import FUNCTIONS, LATER

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


def load_scipy(function: Any) -> bool:
    """Let a function of scipy.linalg mean ours, which stands in a module that few need."""
    if getattr(function, "__module__", None) and function.__module__.startswith("scipy.linalg"):
        ours = import_module("bibun.scipy.linalg")
        if function.__name__ in ours.__all__:
            FUNCTIONS[function] = getattr(ours, function.__name__)
    return function in FUNCTIONS


LATER += [load, load_scipy]
