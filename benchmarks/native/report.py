"""The tables of a run, readable on a terminal and valid Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..tables import number, table
from .conduct import Timing
from .goals import goals
from .reasons import reasons
from .rows import ROWS
from .run import Measured, Run
from .table import SYSTEMS

NOTHING = Timing(error="missing")
Cell = Callable[[Timing], str]


def text(run: Run) -> str:
    """All tables."""
    return "\n\n".join(_sections(run))


def _sections(run: Run) -> Iterator[str]:
    found = run.rows
    yield f"Measured on: {run.machine}"
    without = [n for n in SYSTEMS if not any(n in m.timings for m in found)]
    if without:
        yield f"Left out in this run: {', '.join(without)}."
    lines = [[goal, measured, "yes" if met else "no"] for goal, measured, met in goals(run)]
    yield f"## Goals\n\n{table(['goal', 'measured', 'met'], lines)}"
    yield _ratios(found)
    missed = list(reasons(found))
    if missed:
        yield "## What is not quick enough, and why\n\n" + "\n".join(missed)
    yield _each(found, "Time of a call (microseconds, median)", lambda t: number(1e6 * t.later))
    first, memory = "First call, compiling included (milliseconds)", "Memory (MiB at the peak)"
    yield _each(found, first, lambda t: number(1e3 * t.first))
    if run.warm:
        lines = [[ROWS[row].title, number(1e3 * t)] for row, t in run.warm.items()]
        title = "First call in a second process, beyond the call itself"
        yield f"## {title}\n\n{table(['', 'bibun, ms'], lines)}"
    yield _each(found, memory, lambda t: number(t.memory / 2**20))
    failed = list(_failures(found))
    if failed:
        yield "## What fails\n\n" + "\n".join(failed)


def _ratios(found: list[Measured]) -> str:
    """bibun, the best peer and what is written by hand; whether the goal is met."""
    header = ["", "bibun, µs", "best peer, µs", "", "ratio", "of least", "goal", "met",
              "C++, µs", "in NumPy"]  # fmt: skip
    return f"## Against the best peer\n\n{table(header, [_ratio(m) for m in found])}"


def _ratio(m: Measured) -> list[str]:
    ours, hand = m.timings.get("bibun", NOTHING), m.timings.get("c++", NOTHING)
    best = m.timings[m.best] if m.best else NOTHING
    ratios = [number(x) if x else "" for x in (m.ratio, m.least)]
    return [
        m.title, _time(ours), _time(best), m.best or "", *ratios, f"{ROWS[m.row].goal:g}",
        "yes" if m.met else "no", _time(hand), "" if ours.error else str(ours.interpreted),
    ]  # fmt: skip


def _time(t: Timing) -> str:
    return _cell(t, lambda t: number(1e6 * t.later))


def _each(found: list[Measured], title: str, cell: Cell) -> str:
    systems = [n for n in SYSTEMS if any(n in m.timings for m in found)]
    lines = [[m.title, *(_cell(m.timings.get(n, NOTHING), cell) for n in systems)] for m in found]
    return f"## {title}\n\n{table(['', *systems], lines)}"


def _cell(t: Timing, cell: Cell) -> str:
    if t.error:
        return "" if t.error.startswith("NotAsked") or t.error == "missing" else "fails"
    return cell(t)


def _failures(found: list[Measured]) -> Iterator[str]:
    for m in found:
        for n, t in m.timings.items():
            if t.error and not t.error.startswith("NotAsked"):
                yield f"- {m.title}: {n}: `{t.error}`"
