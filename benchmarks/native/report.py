"""The tables of a run, readable on a terminal and valid Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from ..tables import number, processor, table
from .conduct import Timing
from .rows import ROWS
from .table import REFERENCES, SYSTEMS

PACKAGES = {
    "bibun": "bibun", "numpy": "numpy", "scipy": "scipy", "llvmlite": "llvmlite", "jax": "jax",
    "torch": "torch", "tensorflow": "tensorflow-cpu", "casadi": "casadi", "autograd": "autograd",
    "enzyme": "enzyme-ad",
}  # fmt: skip


class Measured(NamedTuple):
    """One row with so many threads: the size, and the timing of each system."""

    row: str
    threads: int
    size: int
    timings: Mapping[str, Timing]

    @property
    def best(self) -> str | None:
        """The quickest peer, or the one that the goal is about; C++ by hand is no peer."""
        rival = ROWS[self.row].rival
        if rival in self.timings and not self.timings[rival].error:
            return rival
        known = [n for n, t in self.peers() if not t.error]
        return min(known, key=lambda n: self.timings[n].later, default=None)

    def peers(self) -> Iterator[tuple[str, Timing]]:
        return ((n, t) for n, t in self.timings.items() if n != "bibun" and n not in REFERENCES)

    @property
    def ratio(self) -> float | None:
        """The time of the best peer for one of bibun's."""
        ours, best = self.timings.get("bibun"), self.best
        if ours is None or ours.error or best is None:
            return None
        return self.timings[best].ratio

    @property
    def title(self) -> str:
        threads = ", 2 threads" if self.threads == 2 else ""
        return f"{ROWS[self.row].title}{threads}"

    @property
    def met(self) -> bool:
        return self.ratio is not None and self.ratio >= ROWS[self.row].goal


def text(found: list[Measured]) -> str:
    """All tables."""
    return "\n\n".join(_sections(found))


def _sections(found: list[Measured]) -> Iterator[str]:
    yield f"Measured on: {machine()}"
    yield _ratios(found)
    yield _each(found, "Time of a call (microseconds, median)", lambda t: number(1e6 * t.later))
    yield _each(
        found, "First call, compiling included (milliseconds)", lambda t: number(1e3 * t.first)
    )
    yield _each(
        found, "Memory at the peak (MiB beyond what was there)", lambda t: number(t.memory / 2**20)
    )
    failed = list(_failures(found))
    if failed:
        yield "## What fails\n\n" + "\n".join(failed)


def _ratios(found: list[Measured]) -> str:
    """bibun, the best peer and what is written by hand; whether the goal is met."""
    header = ["", "bibun, µs", "best peer, µs", "", "ratio", "goal", "met", "C++, µs", "in NumPy"]
    lines = []
    for m in found:
        ours, hand = m.timings.get("bibun", NOTHING), m.timings.get("c++", NOTHING)
        best = m.timings[m.best] if m.best else NOTHING
        lines.append([
            m.title, _time(ours), _time(best), m.best or "", number(m.ratio) if m.ratio else "",
            f"{ROWS[m.row].goal:g}", "yes" if m.met else "no", _time(hand),
            str(ours.interpreted) if not ours.error else "",
        ])  # fmt: skip
    return f"## Against the best peer\n\n{table(header, lines)}"


def _time(t: Timing) -> str:
    return "fails" if t.error else number(1e6 * t.later)


NOTHING = Timing(error="missing")


def _each(found: list[Measured], title: str, cell) -> str:
    systems = [n for n in SYSTEMS if any(n in m.timings for m in found)]
    lines = [[m.title, *(_cell(m.timings.get(n, NOTHING), cell) for n in systems)] for m in found]
    return f"## {title}\n\n{table(['', *systems], lines)}"


def _cell(t: Timing, cell) -> str:
    if t.error:
        return "" if t.error.startswith("NotAsked") or t.error == "missing" else "fails"
    return cell(t)


def _failures(found: list[Measured]) -> Iterator[str]:
    for m in found:
        for n, t in m.timings.items():
            if t.error and not t.error.startswith("NotAsked"):
                yield f"- {m.title}: {n}: `{t.error}`"


def machine() -> str:
    """The kind of machine and the versions."""
    versions = ", ".join(f"{name} {_version(package)}" for name, package in PACKAGES.items())
    return (
        f"{processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}."
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def plain(found: list[Measured]) -> list[dict]:
    """The figures as JSON has them."""
    return [
        m._asdict() | {"timings": {n: t._asdict() for n, t in m.timings.items()}} for m in found
    ]


def restored(saved: list[dict]) -> list[Measured]:
    """The figures from JSON."""
    return [
        Measured(**m | {"timings": {n: Timing(**t) for n, t in m["timings"].items()}})
        for m in saved
    ]
