"""The goals, what a run found of them, and whether that is enough."""

from __future__ import annotations

from collections.abc import Iterator

from ..tables import number
from .rows import ROWS
from .run import Measured, Run

Goal = tuple[str, str, bool]


def goals(run: Run) -> Iterator[Goal]:
    """All goals of which the run has figures."""
    met = sum(m.met for m in run.rows)
    yield "each row as many times faster than the best peer as below", *_of(met, len(run.rows))
    whole = [m for m in run.rows if not m.timings["bibun"].error]
    native = sum(m.timings["bibun"].interpreted == 0 for m in whole)
    yield "no operation left to NumPy", *_of(native, len(run.rows))
    yield from _tiny(run.rows)
    yield from _compiling(whole)
    if run.warm:
        worst = max(run.warm, key=run.warm.__getitem__)
        quick = sum(t <= 0.005 for t in run.warm.values())
        rows, all_ = _of(quick, len(run.warm))
        longest = f"{rows}; at most {number(1e3 * run.warm[worst])} ms ({worst})"
        yield "first call in a second process: at most 5 ms longer than another", longest, all_
    if run.imports:
        more = run.imports["bibun"] - run.imports["numpy"]
        yield "import: at most NumPy's and 50 ms", f"{number(more)} ms more", more <= 50


def _of(met: int, rows: int) -> tuple[str, bool]:
    return f"{met} of {rows} rows", met == rows


def _tiny(rows: list[Measured]) -> Iterator[Goal]:
    """The cost of a call from Python."""
    for m in rows:
        if m.row == "tiny" and not m.timings["bibun"].error:
            microseconds = 1e6 * m.timings["bibun"].later
            found = f"{number(microseconds)} µs", microseconds <= 0.35
            yield f"{ROWS[m.row].title}: at most 0.35 µs a call", *found


def _compiling(rows: list[Measured]) -> Iterator[Goal]:
    """First calls beside those of jax.jit."""
    found = {
        m.title: m.timings["bibun"].first / m.timings["jax.jit"].first
        for m in rows
        if "jax.jit" in m.timings and not m.timings["jax.jit"].error
    }
    if found:
        worst = max(found, key=found.__getitem__)
        quick, all_ = _of(sum(x <= 1.0 for x in found.values()), len(found))
        text = f"{quick}; at most {number(found[worst])} times ({worst})"
        yield "first call, compiling included: no longer than jax.jit's", text, all_
