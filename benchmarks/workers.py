"""One process for each system, and rounds that alternate between them.

The libraries disturb each other in one process (thread pools, import hooks, the garbage collector's
load), and a busy machine disturbs whoever runs at that moment. So each system lives in a process of
its own that waits on a pipe; only one of them works at any time, and they take turns: A B C A B C.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from .rows import ROWS
from .systems import SYSTEMS, Call, System

ROUND = 0.005  # seconds of one turn of one system, unless a single call takes longer


class Timing(NamedTuple):
    """One system on one row: microseconds of a first and of a later call, or why there are none.

    `ratio` is the time of a later call of bibun, divided by that of this system: the median over
    rounds, in which both were disturbed alike.
    """

    first: float | None = None
    later: float | None = None
    ratio: float | None = None
    error: str = ""


class Measured(NamedTuple):
    """One row: the operations of its forward pass, and the timing of each system."""

    title: str
    operations: int
    timings: dict[str, Timing]


# ------------------------------------------------------------ inside the process of one system


def serve(connection: Connection, name: str) -> None:
    """Answer requests (row, calls) until the pipe closes; 0 calls ask for a first call."""
    system = SYSTEMS[name]()
    _warm_up(system)
    connection.send("ready")
    made: dict[str, Call] = {}
    while True:
        try:
            row, calls = connection.recv()
        except EOFError:
            return
        try:
            connection.send(_answer(system, made, row, calls))
        except Exception as error:  # a system that cannot run a row says why in the table
            connection.send(f"{type(error).__name__}: {error}".splitlines()[0])


def _answer(system: System, made: dict[str, Call], row: str, calls: int) -> Any:
    """Seconds of one of so many calls; or what `_first` finds, for a row that is new."""
    if calls:
        return _seconds(made[row], calls) / calls
    made.clear()
    made[row] = ROWS[row].make(system)
    return _first(system, made[row])


def _warm_up(system: System) -> None:
    """A first gradient, so that no row pays for what a library sets up only once."""
    system.gradient(lambda x: x * x, np.array(2.0))()


def _first(system: System, call: Call) -> tuple[float, int, list[np.ndarray]]:
    """Seconds of the first call, how many calls fill a round, and the results as plain arrays."""
    system.forget()
    start = perf_counter()
    value, gradients = call()
    seconds = perf_counter() - start
    results = [np.array(system.plain(x)) for x in (value, *gradients)]
    least = min(_seconds(call, 1) for _ in range(5))
    return seconds, max(1, round(ROUND / least)), results


def _seconds(call: Call, calls: int) -> float:
    start = perf_counter()
    for _ in range(calls):
        call()
    return perf_counter() - start


# ------------------------------------------------------------ the process that conducts them


class Worker:
    """The process of one system, seen from outside."""

    def __init__(self, name: str):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, name), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, row: str, calls: int = 0) -> Any:
        """The answer; a text says why there is none."""
        try:
            self.connection.send((row, calls))
            return self.connection.recv()
        except (EOFError, OSError):
            return "the process of this system ended"

    def close(self) -> None:
        self.connection.close()
        self.process.join()


def measure(
    rows: Sequence[str], systems: Sequence[str], starts: int, rounds: int
) -> dict[str, Measured]:
    """Every row on every installed system: medians over `starts` sets of fresh processes."""
    found: dict[str, list[dict[str, Timing]]] = {row: [] for row in rows}
    for _ in range(starts):
        workers = {name: Worker(name) for name in systems if SYSTEMS[name].installed()}
        for worker in workers.values():
            worker.connection.recv()  # imports are over, so that they disturb nobody
        for row in rows:
            found[row].append(_alternate(row, workers, rounds))
        for worker in workers.values():
            worker.close()
    missing = {name: Timing(error="missing") for name in systems if not SYSTEMS[name].installed()}
    return {
        row: Measured(ROWS[row].title, ROWS[row].operations(), _medians(sets) | missing)
        for row, sets in found.items()
    }


def _alternate(row: str, workers: dict[str, Worker], rounds: int) -> dict[str, Timing]:
    """One row on one set of processes: first calls, the check, then rounds in turn."""
    firsts = {name: worker.ask(row) for name, worker in workers.items()}
    timings = {n: Timing(error=reason) for n, reason in firsts.items() if isinstance(reason, str)}
    running = {n: first for n, first in firsts.items() if n not in timings}
    check(row, {n: results for n, (_, _, results) in running.items()})
    seconds: dict[str, list[float]] = {n: [] for n in running}
    for _ in range(rounds):
        for n, (_, calls, _) in running.items():
            seconds[n].append(workers[n].ask(row, calls))
    ours = seconds.get("bibun")
    for n, (first, _, _) in running.items():
        ratios = [a / b for a, b in zip(ours, seconds[n], strict=True)] if ours else None
        later, ratio = 1e6 * median(seconds[n]), ratios and median(ratios)
        timings[n] = Timing(1e6 * first, later, ratio)
    return timings


def _medians(sets: list[dict[str, Timing]]) -> dict[str, Timing]:
    medians = {}
    for name in sets[0]:
        timings = [timing for s in sets if (timing := s[name]).first is not None]
        if not timings:
            medians[name] = sets[0][name]
        else:
            firsts, laters, ratios, _ = zip(*timings, strict=True)
            ratio = None if None in ratios else median(ratios)
            medians[name] = Timing(median(firsts), median(laters), ratio)
    return medians


def check(row: str, results: dict[str, list[np.ndarray]]) -> None:
    """All systems found the same value and the same gradients."""
    if not results:
        return
    reference, *others = results
    for other in others:
        for k, (x, y) in enumerate(zip(results[reference], results[other], strict=True)):
            error, scale = np.max(np.abs(x - y)), np.max(np.abs(x))
            if x.shape != y.shape or not error <= ROWS[row].tolerance * scale:
                raise AssertionError(
                    f"{row}: result {k} of {reference} and {other} differ by {error} of {scale}"
                )
