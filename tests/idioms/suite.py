"""The list of idioms: ordinary functions of one float array that return one number.

The decorator only writes them down; it gives the function back as it is. `looks` says that Python
looks at values (`if x[0] > 0`), which vmap does not have. `error` holds the exact words where bibun
cannot trace it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

POINT = (0.7, 1.2, 0.4, 0.9)


@dataclass(frozen=True)
class Idiom:
    """One idiom, the point where it is differentiated, and what is known of it."""

    f: Callable[..., Any]
    at: tuple[float, ...] = POINT
    looks: bool = False
    error: str = ""

    @property
    def name(self) -> str:
        return self.f.__name__

    @property
    def theme(self) -> str:
        return self.f.__module__.rpartition(".")[-1]

    @property
    def x(self) -> np.ndarray:
        return np.array(self.at)

    @property
    def v(self) -> np.ndarray:
        """The direction of second derivatives and of jvp."""
        return np.array([0.5, -0.25, 0.375, -0.5, 0.25, 0.125])[: len(self.at)]


THEMES = ("mathematics", "containers", "functions", "classes", "control", "writes", "arrays")
THEMES += ("linear_algebra", "simulation", "scipy_calls")
IDIOMS: list[Idiom] = []


def idioms() -> list[Idiom]:
    """All idioms of all themes."""
    for theme in THEMES:
        import_module(f"tests.idioms.{theme}")
    return IDIOMS


def idiom(f: Any = None, **known: Any) -> Any:
    """Write f down, and leave it as it is."""

    def listed(f: Any) -> Any:
        IDIOMS.append(Idiom(f, **known))
        return f

    return listed if f is None else listed(f)
