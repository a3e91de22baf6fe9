"""What tracing costs whole programs, which know nothing of bibun (tests/whole).

Four ways of one run: as it is; with its names bound anew, on plain numbers; recorded; recorded and
differentiated. They take turns in one process, after enough calls for everything to be known.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any, NamedTuple

import bibun
from bibun.derivative.gradient import Arguments
from bibun.tracing.functional import record
from bibun.tracing.rebind import rebound

from .growth import fresh

PROGRAMS = (
    "advection", "epidemic", "finite_elements", "gaussian_process", "hidden_markov", "kalman",
    "nbody", "pharmacokinetics", "ray_tracer", "registration", "robot", "splines", "survival",
    "transformer", "watershed",
)  # fmt: skip
WARM = 2  # calls before any is timed


class Cost(NamedTuple):
    """One program: milliseconds of a plain run, how often that each way takes, and its entries."""

    program: str
    entries: int
    plain: float
    bound: float
    recorded: float
    gradient: float


def costs(rounds: int, programs: tuple[str, ...] = PROGRAMS) -> list[Cost]:
    """The cost of each program, each in a process of its own."""
    return [fresh(cost, program, rounds) for program in programs]


def cost(program: str, rounds: int) -> Cost:
    """The medians of alternating runs."""
    module = import_module(f"tests.whole.{program}")
    f, start = module.objective, module.START
    again, gradient = rebound(f), bibun.value_and_grad(f)

    def recorded() -> int:
        given = Arguments((start,), 0, "record")
        return len(record(f, given.leaves, given.place, "record", {}).trace.entries)

    ways: list[Callable[[], Any]] = [
        lambda: f(start), lambda: again(start), recorded, lambda: gradient(start)
    ]  # fmt: skip
    times: list[list[float]] = [[] for _ in ways]
    for k in range(WARM + rounds):
        for way, found in zip(ways, times, strict=True):
            begun = perf_counter()
            way()
            if k >= WARM:
                found.append(perf_counter() - begun)
    plain, *others = map(statistics.median, times)
    return Cost(program, recorded(), 1e3 * plain, *(t / plain for t in others))
