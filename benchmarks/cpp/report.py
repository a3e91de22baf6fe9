"""The tables of a run: times, ratios to loops by hand, goals, and times to compile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..tables import number, table

# fmt: off
GOALS = {
    "layer 3x3 by 3x2":     {"export, vector": 0.15, "export, libm": 0.5,
                             "header, fixed sizes": 1.0, "header": 1.3},
    "layer 3x64 by 64x64":  {"export, vector": 0.6, "export, libm": 1.1, "header": 1.5},
    "layer 64x64 by 64x64": {"export, vector": 0.6, "export, libm": 1.1, "header": 0.8},
    "logsumexp of 1,000":   {"export, vector": 0.3, "header": 1.2},
}
# fmt: on
"""Times at most, as parts of that of loops by hand, with -O3 -march=native."""
FASTER = 50
"""How many times quicker than a scalar tape a solve shall be."""
SECONDS = {
    "the article's program, with bibun/ad.hpp": 6.0,
    "a program with an exported header": 1.5,
}
MICROSECONDS = 0.5
HAND = "by hand"


class Timing(NamedTuple):
    """Nanoseconds of a contestant in a row."""

    row: str
    contestant: str
    median: float
    least: float


class Run(NamedTuple):
    """All that was measured: for each level of optimising the rows and seconds to compile."""

    rows: Mapping[str, list[Timing]]
    seconds: Mapping[str, Mapping[str, float]]
    calls: Mapping[str, float]


def read(printed: str) -> list[Timing]:
    """The lines of the program."""
    found = []
    for line in printed.splitlines():
        row, contestant, median, least = line.split("\t")
        found.append(Timing(row, contestant, float(median), float(least)))
    return found


def text(run: Run) -> str:
    return "\n\n".join(_sections(run))


def _sections(run: Run) -> Iterator[str]:
    for level, timings in run.rows.items():
        yield f"## `{level}`"
        rows = dict.fromkeys(t.row for t in timings)
        for row in rows:
            yield f"### {row}\n\n{_row(row, [t for t in timings if t.row == row])}"
    yield "## Times to compile (seconds of a processor)\n\n" + table(
        ["", *run.seconds, "goal"],
        [
            [what, *(f"{run.seconds[level][what]:.2f}" for level in run.seconds), f"{goal:g}"]
            for what, goal in SECONDS.items()
        ],
    )
    lines = [[what, f"{t:.2f}"] for what, t in run.calls.items()]
    yield f"## A C++ function called from Python (goal: {MICROSECONDS:g} µs)\n\n" + table(
        ["a call with", "µs"], lines
    )


def _row(row: str, timings: list[Timing]) -> str:
    by_name = {t.contestant: t for t in timings}
    hand, tape = by_name[HAND], by_name.get("scalar tape")
    lines = []
    for t in timings:
        goal = GOALS.get(row, {}).get(t.contestant)
        time = t.median / 1e3
        cells = [t.contestant, f"{time:.3f}" if time < 1 else number(time)]
        cells += [f"{t.median / hand.median:.3g}"]
        cells += [f"{t.least / hand.least:.3g}", "" if goal is None else f"{goal:g}"]
        cells += [f"{tape.median / t.median:.3g}" if tape else ""]
        lines.append(cells)
    header = ["", "µs, median", "of by hand", "of least", "goal", "scalar tape / this"]
    return table(header, lines)
