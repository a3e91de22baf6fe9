"""The truth of the formulas in zoo_formulas.py, by mpmath: python -m benchmarks.make_zoo_truth

One-sided slopes at two tiny steps, in 700 digits; neither needs the value at the point itself. The
formulas are traced, and their primal program runs on mpmath's numbers; no derivative is bibun's.
Where a branch that is not taken has no real value, which mpmath ends by an exception, numbers of
python-flint go on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np

from bibun.graph import Graph
from bibun.tracing.functional import record, source
from bibun.wide.balls import Ball, UndecidedError, balls, precision, raw
from bibun.wide.objects import Library, NotExpressibleError, interpret, mpmath

from .zoo import Special
from .zoo_formulas import ROWS, Formula, point

DIGITS = 700
STEPS = 1e-40, 1e-50
SAME = mp.mpf(10) ** -20
TRUTH = Path(__file__).with_name("zoo_truth.json")


def graph_of(row: Formula) -> Graph:
    """The program of a formula."""
    leaves = [source(np.asarray(a), "zoo") for a in point(row)]
    with np.errstate(all="ignore"):
        recorded = record(lambda *x: row.f(np, Special(), *x), leaves, lambda x: x, "zoo", {})
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    assert order[: graph.arity] == recorded.inputs, "formulas capture no arrays"
    return graph


def value(graph: Graph, args: Sequence[Any], library: Any) -> Any:
    """The formula at numbers of mpmath's, or None where it has no value."""
    with np.errstate(all="ignore"):
        try:
            (y,) = interpret(graph, args, library)
        except (NotExpressibleError, UndecidedError, ArithmeticError, ValueError):
            return None
    y = library.number(np.asarray(y, object).ravel()[0])
    y = mp.mpf(raw(y).mid().str(DIGITS, radius=False)) if isinstance(y, Ball) else y
    return y if isinstance(y, mp.mpf) and mp.isfinite(y) else None


def sides(graph: Graph, row: Formula, k: int, i: tuple[int, ...], library: Library) -> list[Any]:
    """The slope to each side: a number, inf or -inf, "none", or None outside of the domain."""
    given = point(row)
    sizes = [abs(float(v)) for a in given for v in np.ravel(a) if v]
    scale = abs(mp.mpf(float(given[k][i]))) or mp.mpf(min(sizes, default=1.0))
    found: list[Any] = []
    near: list[Any] = []
    for sign in (1, -1):
        slopes, firsts = [], []
        for step in STEPS:
            ys = []
            for times in (1, 2):
                args = [np.array(library.elements(a), object) for a in given]
                args[k][i] = args[k][i] + library.elements(sign * times * step * scale)
                ys.append(value(graph, [a[()] for a in args], library))
            firsts.append(ys[0])
            slopes.append(None if None in ys else (ys[1] - ys[0]) / (sign * mp.mpf(step) * scale))
        found.append(None if None in slopes else settled(*slopes))
        near += [] if None in slopes else [firsts]
    # What does not shrink with the step is a jump.
    jumps = len(near) == 2 and abs(near[0][1] - near[1][1]) > abs(near[0][0] - near[1][0]) / 2 > 0
    return ["none"] if jumps and not any(s in (mp.inf, -mp.inf) for s in found) else found


def settled(first: Any, second: Any) -> Any:
    """The limit of slopes at both steps."""
    if abs(second) <= 1e-3 * abs(first) or first == second == 0:
        return mp.mpf(0)
    if abs(first - second) <= SAME * abs(second):
        return second
    if abs(second) > 1.01 * abs(first) > 10:
        return mp.inf if second > 0 else -mp.inf
    return "none"


def entry(found: list[Any]) -> tuple[str, Any, Any, Any]:
    """The rule of a derivative, and its value and bounds, from its sides."""
    there = [s for s in found if s is not None]
    if not there or "none" in there:
        return "undefined", mp.nan, mp.nan, mp.nan
    if any(mp.isinf(s) for s in there):
        same = len(set(there)) == 1
        return ("inf" if same else "undefined"), there[0], there[0], there[0]
    low, high = min(there), max(there)
    if high - low <= SAME * max(abs(high), abs(low)):
        return "exact", there[0], there[0], there[0]
    return "subgrad", (low + high) / 2, low, high


def best(graph: Graph, row: Formula, k: int, i: tuple[int, ...]) -> tuple[str, Any, Any, Any]:
    """The derivative by mpmath; by python-flint where that has none."""
    found = entry(sides(graph, row, k, i, mpmath()))
    if found[0] != "undefined":
        return found
    with precision(4 * DIGITS):
        return entry(sides(graph, row, k, i, balls(lambda values: None)))


def truth(row: Formula) -> dict[str, Any]:
    """What zoo_cases.py needs of a formula."""
    graph, arrays, rules = graph_of(row), [], set()
    for k, a in enumerate(point(row)):
        found = {i: best(graph, row, k, i) for i in np.ndindex(a.shape)}
        rules |= {f[0] for f in found.values()}
        arrays.append([np.empty(a.shape) for _ in range(3)])
        for i, f in found.items():
            for array, number in zip(arrays[-1], f[1:], strict=True):
                array[i] = float(number)
    order = ("undefined", "inf", "subgrad", "exact")
    rule = next(r for r in order if r in rules)
    return {
        "rule": rule,
        **{
            name: [array[k].tolist() for array in arrays]
            for k, name in enumerate(("expected", "lo", "hi"))
        },
    }


def main() -> None:
    """Write all of it."""
    with mp.workdps(DIGITS):
        found = {row.name: truth(row) for row in ROWS}
    TRUTH.write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
