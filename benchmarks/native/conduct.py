"""The measurement: a process for each system, and rounds in which they take turns.

Only one process works at any time: A B C A B C, so that what disturbs the machine meets all.
Threads of libraries look for work for some milliseconds after a call, so those of one process have
to rest before another one begins that has several, too. What a process is pinned to, and how many
threads its libraries start, is settled before it imports them.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Sequence
from compileall import compile_dir
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter, sleep
from typing import Any, NamedTuple

import numpy as np

from ..resident import forget_peak, now, peak
from .rows import ROWS
from .table import KNOWN

REST = 0.03  # seconds until all threads of a process sleep: OpenBLAS's take the longest, 25 ms
TURN = 0.02  # seconds of one turn of one system, unless a single call takes longer
JUDGES = ("jax.jit", "torch", "autograd", "c++", "tf.function", "bibun")
WARM_UP, WARM_UP_SIZE = "gelu", 1_024
SLOW = 0.3  # seconds of a call from which on three rounds have to do


class Timing(NamedTuple):
    """One system on one row; an error says why there is nothing else."""

    later: float = 0.0
    """Seconds of a call: the median over rounds."""
    least: float = 0.0
    """Seconds of the quickest round."""
    ratio: float = 0.0
    """The time of this system for one of bibun's: the median of the ratios of each round."""
    first: float = 0.0
    """Seconds of the first call, which compiles."""
    memory: float = 0.0
    """Bytes by which the process grew at its peak, from before the arguments were made."""
    interpreted: int = 0
    """Operations that bibun leaves to NumPy."""
    error: str = ""


# ------------------------------------------------------------ inside the process of one system


def serve(connection: Connection, name: str, threads: int) -> None:
    """Answer requests (row, size, calls) until the pipe closes; 0 calls ask for a first call."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    system, call = KNOWN[name](threads), None
    connection.send("ready")
    while True:
        try:
            row, size, calls = connection.recv()
        except EOFError:
            return
        try:
            if calls:
                connection.send(repeated(call, calls) / calls)
            else:
                call = None
                call, found = first(system, row, size)
                connection.send(found)
        except Exception as error:  # a system that cannot run a row says why in the table
            connection.send(f"{type(error).__name__}: {str(error).strip()}".splitlines()[0][:300])


def first(system: Any, row: str, size: int) -> tuple[Any, dict[str, Any]]:
    """The call of a row, and what its first run tells."""
    forget_peak()
    before = now()
    system.row, system.size, system.looping = row, size, ROWS[row].loops
    args = ROWS[row].data(size)
    start = perf_counter()
    call = ROWS[row].call(system, args)
    found = call()
    seconds = perf_counter() - start
    results = [np.array(system.plain(x)) for x in found]
    least = min(repeated(call, 1) for _ in range(3))
    calls = max(1, round(TURN / least))
    left = system.interpreted() if hasattr(system, "interpreted") else 0
    return call, {
        "first": seconds, "memory": peak() - before, "interpreted": left,
        "results": results, "calls": calls, "least": least,
    }  # fmt: skip


def repeated(call: Any, calls: int) -> float:
    """Seconds of so many calls; what is compiled to C++ is repeated there, if it can be."""
    if hasattr(call, "many"):
        return call.many(calls)
    start = perf_counter()
    for _ in range(calls):
        call()
    return perf_counter() - start


# ------------------------------------------------------------ seen from outside


@contextmanager
def environment(threads: int) -> Iterator[None]:
    """Variables that the libraries read at import; nothing compiled is found on disk but bytecode.

    Installers leave bytecode of the peers; of sources in a working tree somebody has to make it.
    """
    places = getattr(find_spec("bibun"), "submodule_search_locations", None)
    for folder in places or ():
        compile_dir(folder, quiet=2)
    with tempfile.TemporaryDirectory() as empty:
        changed = {
            "BIBUN_BENCHMARK_THREADS": str(threads), "XDG_CACHE_HOME": empty,
            "TORCHINDUCTOR_CACHE_DIR": empty, "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
        }  # fmt: skip
        before = {k: os.environ.get(k) for k in changed}
        os.environ.update(changed)
        try:
            yield
        finally:
            for k, v in before.items():
                os.environ.pop(k)
                if v is not None:
                    os.environ[k] = v


class Worker:
    """The process of one system. It is ended and started anew when an answer takes too long."""

    def __init__(self, name: str, threads: int, limit: float):
        self.name, self.threads, self.limit = name, threads, limit
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        args = (theirs, self.name, self.threads)
        self.process = context.Process(target=serve, args=args, daemon=True)
        self.process.start()
        theirs.close()
        self.answer(120.0)

    def answer(self, limit: float) -> Any:
        if not self.connection.poll(limit):
            self.close()
            return f"TimeLimit: longer than {limit:g} s"
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return "ProcessEnded: the process of this system ended"

    def ask(self, row: str, size: int, calls: int = 0) -> Any:
        """The answer; a text says why there is none."""
        if not self.process.is_alive():
            self.start()
        self.connection.send((row, size, calls))
        return self.answer(self.limit)

    def close(self) -> None:
        self.connection.close()
        self.process.join(1.0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@contextmanager
def workers(names: Sequence[str], threads: int, limit: float) -> Iterator[dict[str, Worker]]:
    """A process for each system that is installed; imports are over when they are given."""
    found = {n: Worker(n, threads, limit) for n in names if KNOWN[n].installed()}
    try:
        yield found
    finally:
        for worker in found.values():
            worker.close()


def first_calls(sizes: dict[str, int], limit: float) -> dict[str, float]:
    """Seconds by which bibun's first calls in a new process take longer than further ones.

    With what is on disk by now; what is imported only once has been before, for another program.
    """
    with workers(["bibun"], 1, limit) as processes:
        processes["bibun"].ask(WARM_UP, WARM_UP_SIZE)
        found = {row: processes["bibun"].ask(row, size) for row, size in sizes.items()}
    whole = {row: f for row, f in found.items() if not isinstance(f, str)}
    return {row: max(f["first"] - f["least"], 0.0) for row, f in whole.items()}


def measure(row: str, size: int, systems: dict[str, Worker], rounds: int) -> dict[str, Timing]:
    """One row: first calls, the check that all agree, then rounds in turn."""
    firsts = {n: w.ask(row, size) for n, w in systems.items()}
    errors = {n: reason for n, reason in firsts.items() if isinstance(reason, str)}
    running = {n: f for n, f in firsts.items() if n not in errors}
    errors |= disagreements(row, {n: f["results"] for n, f in running.items()})
    seconds: dict[str, list[float]] = {n: [] for n in running if n not in errors}
    for k in range(rounds):
        for n in [n for n in seconds if k < 3 or running[n]["least"] < SLOW]:
            if systems[n].threads > 1:
                sleep(REST)
            found = systems[n].ask(row, size, running[n]["calls"])
            if isinstance(found, str):
                errors[n] = found
                del seconds[n]
            else:
                seconds[n].append(found)
    ours = seconds.get("bibun", [])
    timings = {n: timing(running[n], turns, ours) for n, turns in seconds.items()}
    return {n: timings[n] if n in timings else Timing(error=errors[n]) for n in systems}


def disagreements(row: str, results: dict[str, list[np.ndarray]]) -> dict[str, str]:
    """The systems whose results are not those of the first of JUDGES that runs the row."""
    judges = [n for n in JUDGES if n in results]
    if not judges:
        return {}
    expected, found = results[judges[0]], {}
    for n, arrays in results.items():
        for k, (x, y) in enumerate(zip(expected, arrays, strict=True)):
            scale = np.max(np.abs(x), initial=0.0)
            error = np.max(np.abs(x - y), initial=0.0) if x.shape == y.shape else np.inf
            if not error <= ROWS[row].tolerance * scale:
                found[n] = f"Disagrees with {judges[0]}: result {k} by {error:.2g} of {scale:.2g}"
    return found


def timing(first: dict[str, Any], ours: list[float], bibun: list[float] | None) -> Timing:
    """The medians of one system."""
    ratios = [a / b for a, b in zip(ours, bibun or (), strict=False)]
    return Timing(
        median(ours), min(ours), median(ratios) if ratios else 0.0,
        first["first"], first["memory"], first["interpreted"],
    )  # fmt: skip
