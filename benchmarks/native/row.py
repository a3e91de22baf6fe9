"""What a row is: a program with its arguments, and what it has to be measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .systems import Call, System

Ask = Callable[..., Call]
"""From a system and the arguments to the call that is measured."""


class Row(NamedTuple):
    """A workload."""

    title: str
    data: Callable[[int], list[np.ndarray]]
    """The arguments for a size."""
    ask: Ask
    size: int
    quick: int
    """The size of a run with --quick."""
    goal: float
    """How many times faster than the best peer it shall be."""
    tolerance: float
    """How closely all systems must agree, relative to the largest entry of each result."""
    growth: tuple[int, ...] = ()
    """Sizes over three orders of magnitude."""
    threads: tuple[int, ...] = (1,)
    loops: bool = False
    """The program is a loop whose rounds depend on each other."""
    apart: Mapping[str, Ask] = {}
    """The programs of systems that say it in another way."""
    rival: str = ""
    """The peer that the goal is about; the best one, if it is empty."""

    def call(self, system: System, args: list[np.ndarray]) -> Call:
        """The program in this system's way."""
        return self.apart.get(system.name, self.ask)(system, *args)


def losses(loss: Callable[..., Any], n: int) -> Ask:
    """The value and gradients, for the first n arguments, of loss(system, *args)."""
    return lambda s, *args: s.gradient(lambda *args: loss(s, *args), n, *args)


def pulled(f: Callable[..., Any], n: int) -> Ask:
    """f(system, *args[:-1]), and the pullback of the last argument to the first n."""
    return lambda s, *args: s.pullback(lambda *args: f(s, *args), n, *args)


def normal(*shape: int, dtype: Any = np.float64, scale: float = 1.0, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(dtype)


FLOAT32 = 2e-4
"""Sums of a million float32, in another order in each system: roundings of 6e-8 grow with the root
of their number at most, and the largest entry is small where a sum cancels."""
FLOAT64 = 1e-9
"""The same for float64, and for loops of thousands of rounds."""
