"""How costs grow: `python -m benchmarks.native.growth` prints docs/growth.md and draws its plot.

The time of a call against the size of each row, of a gradient against its function alone, and of
compiling against the length of a program and the rounds of a loop; bibun alone, one thread.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import log
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ..tables import number, table
from .conduct import Worker, environment
from .rows import ROWS
from .run import machine

PLOT = Path("docs/growth.svg")
ROUNDS = 5


class Point(NamedTuple):
    """A row at a size: seconds of a call, of the first one, and of the function alone."""

    size: int
    later: float
    first: float
    primal: float | None

    @property
    def compiling(self) -> float:
        """Seconds that the first call takes longer than another."""
        return max(self.first - self.later, 1e-4)


def row(name: str, gradient: Worker, primal: Worker) -> list[Point] | str:
    """A row at all its sizes; a text says why there is none."""
    found = []
    for size in ROWS[name].growth:
        timed = call(gradient, name, size)
        if isinstance(timed, str):
            return timed
        alone = call(primal, name, size)
        found.append(Point(size, *timed, None if isinstance(alone, str) else alone[0]))
    return found


def call(worker: Worker, name: str, size: int) -> tuple[float, float] | str:
    """Seconds of a later and of the first call: the least of some rounds: nothing alternates."""
    first = worker.ask(name, size)
    if isinstance(first, str):
        return first
    turns = [worker.ask(name, size, first["calls"]) for _ in range(ROUNDS)]
    bad = [t for t in turns if isinstance(t, str)]
    return bad[0] if bad else (min(turns), first["first"])


# ------------------------------------------------------------ compile time


def chain(x: Any, operations: int) -> Any:
    """A program of so many operations, in a row: a loop over a list is none when it is compiled."""
    for c in [1.0 + 0.001 * k for k in range(operations // 4)]:
        x = np.sqrt(x * x + c) - 0.5 * x
    return x


def compiling(operations: int) -> float:
    """Seconds of the first call of the gradient of a chain, least of three."""
    import bibun

    bibun.set_cache(None)  # or only the first of three would compile
    x, found = np.linspace(0.0, 1.0, 1_000), []
    for _ in range(3):
        f = bibun.jit(bibun.value_and_grad(lambda x: np.sum(chain(x, operations))))
        start = perf_counter()
        f(x)
        found.append(perf_counter() - start)
    return min(found)


def lengths(operations: Sequence[int]) -> list[tuple[int, float]]:
    """Compile times; what is set up only once has been before."""
    compiling(8)
    return [(n, compiling(n)) for n in operations]


def exponent(pairs: Sequence[tuple[float, float]]) -> float:
    """p for which the last two costs grow like size^p."""
    (m, a), (n, b) = pairs[-2:]
    return log(b / a) / log(n / m)


# ------------------------------------------------------------ the page


def page(found: dict[str, Any], chains: list[tuple[int, float]]) -> str:
    points = {k: v for k, v in found.items() if not isinstance(v, str)}
    failed = [f"- {ROWS[k].title}: `{v}`" for k, v in found.items() if isinstance(v, str)]
    lines = []
    for name, row in points.items():
        ratios = [p.later / p.primal for p in row if p.primal]
        lines.append([
            name,
            " / ".join(f"{p.size:,}" for p in row),
            " / ".join(number(1e6 * p.later) for p in row),
            f"{exponent([(p.size, p.later) for p in row]):.2f}",
            number(ratios[-1]) if ratios else "",
            " / ".join(number(1e3 * p.compiling) for p in row),
        ])  # fmt: skip
    header = ["", "sizes", "µs", "power", "gradient / function", "compiling, ms"]
    compiled = [[f"{n:,}", number(1e3 * t), number(1e6 * t / n)] for n, t in chains]
    return "\n\n".join(filter(None, [
        INTRODUCTION, f"Measured on: {machine()}", table(header, lines),
        "What fails:\n\n" + "\n".join(failed) if failed else "",
        "## Compiling", table(["operations", "first call, ms", "µs / operation"], compiled),
    ]))  # fmt: skip


INTRODUCTION = """\
# How costs grow

`python -m benchmarks.native.growth` prints this page and draws its plot; the least of five rounds
counts. *Power* is p for which the time grows like size^p between the two largest sizes.
*Gradient / function* is the time of value and gradients for one of the value alone, at the largest
size. *Compiling* is what the first call takes longer than another: tracing, derivatives and native
code; for loops it must not depend on the rounds. The rows are those of
[performance.md](performance.md).

![Time against size, gradients against functions, compiling against length](growth.svg)"""


def draw(found: dict[str, Any], chains: list[tuple[int, float]]) -> None:
    """Three plots side by side, in logarithmic scales."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams |= {"svg.fonttype": "none", "font.size": 8, "svg.hashsalt": "bibun"}
    from matplotlib import pyplot

    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(13, 4.5))
    for name, row in found.items():
        if isinstance(row, str):
            continue
        left.loglog([p.size for p in row], [1e6 * p.later for p in row], ".-", label=name)
        ratios = [(p.size, p.later / p.primal) for p in row if p.primal]
        if ratios:
            middle.semilogx(*zip(*ratios, strict=True), ".-", label=name)
        if ROWS[name].loops:
            right.loglog([p.size for p in row], [1e3 * p.compiling for p in row], ".-", label=name)
    right.loglog(*zip(*((n, 1e3 * t) for n, t in chains), strict=True), "k.-", label="chain")
    middle.axhline(3.0, color="grey", linewidth=0.5)
    for axes, title, x, y in (
        (left, "time of a call", "size", "µs"),
        (middle, "gradient / function", "size", ""),
        (right, "compiling", "rounds, or operations of a chain", "ms"),
    ):
        axes.set(title=title, xlabel=x, ylabel=y)
        axes.legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})


def main(names: Sequence[str]) -> None:
    with environment(1):
        gradient, primal = Worker("bibun", 1, 120.0), Worker("bibun, function alone", 1, 120.0)
        found = {name: row(name, gradient, primal) for name in names}
        gradient.close()
        primal.close()
        chains = lengths((16, 64, 256, 1_024, 4_096))
    draw(found, chains)
    print(page(found, chains))


if __name__ == "__main__":
    main(sys.argv[1:] or [name for name in ROWS if ROWS[name].growth])
