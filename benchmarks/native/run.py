"""What a run found: its figures, as they are kept, and where it was made."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

from ..tables import processor
from .conduct import Timing
from .rows import ROWS
from .table import REFERENCES

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
    def least(self) -> float | None:
        """The same of the quickest rounds, which a busy machine disturbs less than medians."""
        if self.ratio is None or self.best is None:
            return None
        return self.timings[self.best].least / self.timings["bibun"].least

    @property
    def title(self) -> str:
        threads = ", 2 threads" if self.threads == 2 else ""
        return f"{ROWS[self.row].title}{threads}"

    @property
    def met(self) -> bool:
        return self.ratio is not None and self.ratio >= ROWS[self.row].goal


class Run(NamedTuple):
    """All figures of a run."""

    machine: str
    rows: list[Measured]
    warm: dict[str, float]
    """Seconds of bibun's first calls in a process that finds on disk what another has compiled."""
    imports: dict[str, float]
    """Milliseconds."""

    def plain(self) -> dict[str, Any]:
        """The figures as JSON has them."""
        rows = [
            m._asdict() | {"timings": {n: t._asdict() for n, t in m.timings.items()}}
            for m in self.rows
        ]
        return self._asdict() | {"rows": rows}

    @staticmethod
    def restored(saved: dict[str, Any]) -> Run:
        """The figures from JSON."""
        rows = [
            Measured(**m | {"timings": {n: Timing(**t) for n, t in m["timings"].items()}})
            for m in saved["rows"]
        ]
        return Run(**saved | {"rows": rows})


def machine() -> str:
    """The kind of machine and the versions."""
    versions = ", ".join(f"{name} {_version(package)}" for name, package in PACKAGES.items())
    return (
        f"{processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}; {date.today()}."
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
