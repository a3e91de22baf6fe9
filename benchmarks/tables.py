"""The report: aligned tables that are readable on a terminal and valid Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from .growth import Depth, Length, exponent
from .startup import Startup
from .tracing import Cost
from .workers import Measured, Timing


class Report(NamedTuple):
    """Everything that was measured; what was not asked for is empty."""

    rows: dict[str, Measured]
    lengths: list[Length]
    startups: dict[str, Startup]
    depths: list[Depth]
    costs: list[Cost]


def text(report: Report) -> str:
    """All sections that have something to show."""
    return "\n\n".join(section for section in _sections(report))


def _sections(report: Report) -> Iterator[str]:
    yield f"Measured on: {machine()}"
    if report.rows:
        yield _rows(report.rows, "later", "Later calls")
        yield _rows(report.rows, "first", "First calls")
        yield from _failures(report.rows)
    if report.lengths:
        yield _lengths(report.lengths)
    if report.startups:
        yield _startups(report.startups)
    if report.depths:
        yield _depths(report.depths)
    if report.costs:
        yield _costs(report.costs)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, numbers to the right."""
    widths = [max(len(line[k]) for line in (header, *rows)) for k in range(len(header))]
    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (header, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{c:{'<' if k == 0 else '>'}{widths[k]}}" for k, c in enumerate(cells))
    return f"| {' | '.join(padded)} |"


def number(x: float | None) -> str:
    """Three digits."""
    if x is None:
        return "missing"
    digits = 0 if x >= 100 else 1 if x >= 10 else 2
    return f"{x:,.{digits}f}"


# ------------------------------------------------------------ sections


def _rows(rows: dict[str, Measured], which: str, title: str) -> str:
    systems = list(next(iter(rows.values())).timings)
    header = ["", "operations", *systems, "bibun / operation", "bibun / best peer"]
    lines = [
        [
            m.title,
            f"{m.operations:,}",
            *(_cell(m.timings[s], which) for s in systems),
            *_ratios(m, which),
        ]
        for m in rows.values()
    ]
    return f"## {title} (microseconds)\n\n{table(header, lines)}"


def _cell(t: Timing, which: str) -> str:
    return (
        number(getattr(t, which))
        if t.first is not None
        else "missing"
        if t.error == "missing"
        else "fails"
    )


def _ratios(m: Measured, which: str) -> tuple[str, str]:
    """bibun for each operation, and bibun against the quickest other system."""
    ours = m.timings["bibun"]
    if ours.first is None:
        return "", ""
    others = [t for s, t in m.timings.items() if s != "bibun" and t.first is not None]
    ratios = [t.ratio if which == "later" else ours.first / t.first for t in others]
    return number(getattr(ours, which) / m.operations), number(max(ratios)) if ratios else ""


def _failures(rows: dict[str, Measured]) -> Iterator[str]:
    for row, m in rows.items():
        for system, t in m.timings.items():
            if t.error and t.error != "missing":
                yield f"{row} fails with {system}: {t.error}"


def _lengths(lengths: list[Length]) -> str:
    header = ["operations", "rewriting, µs / node", "first call, µs / operation",
              "later call, µs / operation", "memory, bytes / operation"]  # fmt: skip
    lines = [[f"{n.operations:,}", *map(number, n[1:])] for n in lengths]
    return f"## A chain of operations on a number\n\n{table(header, lines)}"


def _startups(startups: dict[str, Startup]) -> str:
    lines = [[m, number(s.milliseconds), number(s.mebibytes)] for m, s in startups.items()]
    return f"## Import\n\n{table(['', 'milliseconds', 'MiB resident'], lines)}"


def _depths(depths: list[Depth]) -> str:
    lines = [[str(d.layers), number(d.plain), number(d.checkpointed)] for d in depths]
    layers, *sizes = zip(*depths, strict=True)
    if len(depths) > 1:
        lines.append(
            ["grows like layers to the power", *(f"{exponent(layers, s):.2f}" for s in sizes)]
        )
    header = ["layers", "MiB without checkpoint", "MiB with checkpoint"]
    return f"## Peak memory of one gradient\n\n{table(header, lines)}"


def _costs(costs: list[Cost]) -> str:
    lines = [[c.program, f"{c.entries:,}", *map(number, c[2:])] for c in costs]
    header = ["", "entries", "plain run, ms", "names bound anew, times", "recorded, times",
              "value and gradient, times"]  # fmt: skip
    return f"## What tracing costs whole programs\n\n{table(header, lines)}"


# ------------------------------------------------------------ where it was measured


def machine() -> str:
    """The kind of machine and the versions."""
    packages = ("numpy", "autograd", "torch", "tensorflow", "jax")
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return (
        f"{processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}; one thread each."
    )


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def _version(package: str) -> str:
    for name in (package, f"{package}-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "missing"


def plain(report: Report) -> dict[str, Any]:
    """The report as JSON has it."""
    return {
        "machine": machine(),
        "rows": {
            k: m._asdict() | {"timings": {s: t._asdict() for s, t in m.timings.items()}}
            for k, m in report.rows.items()
        },
        "lengths": [n._asdict() for n in report.lengths],
        "startups": {k: s._asdict() for k, s in report.startups.items()},
        "depths": [d._asdict() for d in report.depths],
        "costs": [c._asdict() for c in report.costs],
    }
