"""docs/performance_eager.md: how it was measured, the goals, and the tables of one run."""

from __future__ import annotations

from collections.abc import Iterator

from .growth import exponent
from .tables import Report, number, table, text

METHOD = """\
# Performance without compiling

This page is printed by `python -m benchmarks --markdown`; `make bench` installs the peers and
prints the tables only. What `bibun.jit` compiles is in [performance.md](performance.md).

## How it is measured

Every system lives in a process of its own, with one thread, and waits on a pipe; only one works at
any time. They take turns (A B C A B C), so that a disturbance of the machine meets all of them. A
turn is as many calls as fit into 5 ms, at least one; a figure is the median over 41 rounds, and
over three sets of fresh processes; a ratio is the median of the ratios in each round. Every call is
forward and backward, value and gradient, and ends when the result is there (`block_until_ready` for
JAX, `.numpy()` for TensorFlow). Before the rounds, the values and gradients of all systems are
compared.

The peers run as they do without compilation: HIPS autograd, torch and TensorFlow eager, JAX without
`jit`. Where a system has a ready-made softmax cross-entropy (bibun, JAX: log_softmax), it is used;
autograd gets it written in NumPy. Parameters are updated in place, except in JAX. autograd has no
`vmap` and gets a Python loop.

The chains have no peer to take turns with: the least of several runs counts. Nor have the whole
programs: people's code of some hundred lines, which here runs as it is, with its names bound anew
(on plain numbers), recorded, and with its gradient, in turns.

*Operations* are the NumPy operations of the forward pass, counted by running it on arrays that
count. A *first call* is the first one of its program in its process, after a small gradient of
something else; the caches of bibun and JAX are emptied before it. *Later calls* find there what is
kept.

A short program mostly pays the fixed cost of a call (about 20 µs for `x * x`), and a large one
mostly its matrix products, which take the same time everywhere; the long chains show what an
operation costs."""


def page(report: Report) -> str:
    """The whole page."""
    return f"{METHOD}\n\n{_goals(report)}\n\n{text(report)}"


def _goals(report: Report) -> str:
    lines = [[goal, measured, "yes" if met else "no"] for goal, measured, met in goals(report)]
    return f"## Goals\n\n{table(['goal', 'measured', 'met'], lines)}"


def goals(report: Report) -> Iterator[tuple[str, str, bool]]:
    """What we want, what was found, and whether that is enough."""
    if report.rows:
        yield from _speed(report)
    if report.lengths:
        worst = max(n.rewriting for n in report.lengths)
        yield "rewriting: at most 10 µs a node", f"at most {number(worst)} µs", worst <= 10
    imports = report.startups
    if "bibun" in imports:
        more = imports["bibun"].milliseconds - imports["numpy"].milliseconds
        yield "import: at most NumPy's + 50 ms", f"+ {number(more)} ms", more <= 50
    if len(report.depths) > 1:
        layers, _, sizes = zip(*report.depths, strict=True)
        power = exponent(layers, sizes)
        yield "checkpoint: memory like the root of the depth", f"power {power:.2f}", power <= 0.6
    if report.costs:
        bound = {c.program: c.bound for c in report.costs}
        recorded = {c.program: c.recorded for c in report.costs}
        yield "names bound anew: at most 3 times a plain run", *_kept(bound, 3, "times")
        yield "recorded: at most 3 times a plain run", *_kept(recorded, 3, "times")


def _speed(report: Report) -> Iterator[tuple[str, str, bool]]:
    complete = [m for m in report.rows.values() if m.timings["bibun"].later is not None]
    costs = {m.title: m.timings["bibun"].later / m.operations for m in complete}
    yield "later calls: at most 4 µs an operation", *_kept(costs, 4, "µs")
    for peer in ("autograd", "torch"):
        ratios = {m.title: m.timings[peer].ratio for m in complete if m.timings[peer].ratio}
        if ratios:
            yield f"quicker than {peer} everywhere", *_kept(ratios, 1, "of its time")


def _kept(found: dict[str, float], bound: float, unit: str) -> tuple[str, bool]:
    """How many rows keep a bound, and the one that is farthest from it."""
    kept, worst = sum(x <= bound for x in found.values()), max(found, key=found.__getitem__)
    text = f"{kept} of {len(found)} rows; at most {number(found[worst])} {unit} ({worst})"
    return text, kept == len(found)
