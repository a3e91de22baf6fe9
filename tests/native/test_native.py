"""Native code is NumPy: every operation on its examples, and random programs with gradients."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.array import bind, lift
from bibun.graph import Graph
from bibun.native.program import NativeProgram
from bibun.ops.softmax import LogSoftmax, LogSumExp, Softmax
from bibun.program import Program
from bibun.tracing.functional import record

from ..laws import cases, rules
from ..programs.checks import Check
from ..programs.generate import generate

ROUNDINGS = 64
"""A sum may be taken in another order: its error, in roundings of the largest entry."""
AMPLIFIED = 1e6
"""What random programs may make of a rounding: some subtract numbers that are nearly equal."""

NUMPYS = {"opaque", "seldom", "ties"}
"""What stays NumPy's: functions of others, and two operations in some dtypes.

The graphs in the fields of the last two fix the dtypes of their arguments.
"""


def graph_of(f: Any, *args: Any) -> tuple[Graph, list[Any]]:
    """The graph of f, and the arrays that it captured."""
    recorded = record(f, [lift(a) for a in args], lambda leaves: leaves, "test", {})
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    return graph, [recorded.trace.values[i] for i in order[len(args) : graph.arity]]


def same(
    graph: Graph, args: Sequence[Any], roundings: float = ROUNDINGS, noise: bool = False
) -> NativeProgram:
    """Both ways to run a graph give the same: bit for bit if nothing is rounded.

    With `noise` the result may be nothing but rounding, as the determinant of a singular matrix:
    then it may differ as much as it does if the arguments change by some roundings.
    """
    native = NativeProgram(graph)
    with np.errstate(all="ignore"):
        wanted, found = Program(graph)(*args), native(*args)
    for k, (x, y) in enumerate(zip(wanted, found, strict=True)):
        assert np.shape(x) == np.shape(y) and np.asarray(x).dtype == np.asarray(y).dtype
        try:
            close(np.asarray(x), np.asarray(y), roundings)
        except AssertionError:
            if not noise:
                raise
            moved = Program(graph)(*map(rounded, args))[k]
            assert np.max(np.abs(y - x)) < ROUNDINGS * np.max(np.abs(moved - x))
    return native


def rounded(x: Any) -> Any:
    """Numbers a rounding away from x, up or down."""
    if x.dtype.kind != "f":
        return x
    up = np.random.default_rng(0).integers(0, 2, x.shape) == 0
    return np.where(up, np.nextafter(x, x + 1), np.nextafter(x, x - 1))[()]


def close(x: np.ndarray, y: np.ndarray, roundings: float) -> None:
    if x.dtype.kind not in "fc":
        np.testing.assert_array_equal(x, y)
        return
    finite = np.abs(x[np.isfinite(x)])
    error = roundings * float(np.finfo(x.dtype).eps)
    np.testing.assert_allclose(y, x, rtol=error, atol=error * float(finite.max(initial=0)))


@pytest.mark.parametrize("named", cases.examples(), ids=lambda n: n.label)
def test_operations(named: cases.Named) -> None:
    kinds = cases.dtypes(named, (*cases.FLOATS, "i8", "i4", "?"))
    for case in (cases.base(named), *cases.shapes(named), *cases.layouts(named), *kinds):
        if case is not None:
            left = {
                n.op.name for n in same(rules.op_graph(case), case.args, noise=True).interpreted
            }
            half = np.dtype("f2") in {t.dtype for t in case.types}
            assert left <= NUMPYS or half


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_random_programs(first: int) -> None:
    for seed in range(first, first + 20):
        program = generate(seed)
        for f in (program.run, Check(program).grad):
            graph, captured = graph_of(f, *program.inputs)
            native = same(graph, [*program.inputs, *captured], AMPLIFIED, noise=True)
            assert all(n.op.name in NUMPYS for n in native.interpreted)


@pytest.mark.parametrize("first", [24, 64])
def test_random_programs_of_float32(first: int) -> None:
    """Five without loops and branches, whose graphs are made for float64."""
    programs = map(generate, range(first, first + 40))
    for program in islice(filter(is_straight, programs), 5):
        inputs = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in program.inputs]
        for f in (program.run, Check(program).grad):
            graph, captured = graph_of(f, *inputs)
            native = same(graph, [*inputs, *captured], AMPLIFIED, noise=True)
            assert all(n.op.name in NUMPYS for n in native.interpreted)


def is_straight(program: Any) -> bool:
    """Whether a program runs no graphs of its own."""
    graph, _ = graph_of(program.run, *program.inputs)
    return not any(n.op.runs() for n in graph.nodes)


def mean_square(x: Any) -> Any:
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return np.sum((centred / np.sqrt(np.var(x, axis=-1, keepdims=True) + 1e-5)) ** 2 * x)


PROGRAMS = {
    "normalised rows": mean_square,
    "rosenbrock": lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "columns and rows": lambda x: np.sum(np.max(x, 0) * np.sum(x.T, -1)[::-1].mean()),
    "products": lambda x: np.sum(np.maximum(x @ x.T, 0).reshape(-1)[::2] ** 2),
    "views": lambda x: np.sum(x[::-1, 1:] * x[:, :-1] - x[..., None][:, 1:, 0]),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(1, 2), (5, 7), (16, 33), (40, 8)])
def test_programs(name: str, dtype: str, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    f = PROGRAMS[name]
    for derived in (f, bibun.value_and_grad(f), lambda x: bibun.jvp(f, (x,), (x,))):
        graph, captured = graph_of(derived, x)
        same(graph, [x, *captured])


def normalised_columns(x: Any) -> Any:
    """Sums along the rows and down the columns, each of which waits for others."""
    y = x / np.sum(x * x, axis=-1, keepdims=True)
    down = np.sum(y, axis=0)
    return np.sum(y * down, axis=0), np.sum(y * down, axis=-1), down


COLUMNS = {
    "sum": lambda x: np.sum(x, axis=0),
    "product": lambda x: np.prod(x, axis=0),
    "extremes": lambda x: (np.max(x, axis=0), np.min(x + x[:1], axis=0)),
    "counts": lambda x: (np.count_nonzero(x, axis=0), np.any(x, axis=0), np.all(x, axis=0)),
    "in turn": normalised_columns,
    "of rows that repeat": lambda x: np.sum(np.sum(x, 0) * x + x[:, :1], axis=0),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
@pytest.mark.parametrize("shape", [(300, 37), (7, 2, 5000), (150, 3, 31), (5000, 1), (0, 5)])
def test_columns(name: str, dtype: str, shape: tuple[int, ...]) -> None:
    """So many terms that rows are added up one after the other, and so few that they are not."""
    # Of one sign, so that sums do not cancel, and around 1, so that products stay finite.
    x = (2.5 * np.random.default_rng(2).random(shape)).astype(dtype)
    if 0 in shape and name == "extremes":
        return  # NumPy refuses
    graph, captured = graph_of(COLUMNS[name], x)
    # One after the other each of up to 5,000 additions rounds, where NumPy adds up in pairs.
    same(graph, [x, *captured], 10 * ROUNDINGS)


def totals(x: Any) -> Any:
    """Sums of all that wait for each other, and for sums of rows and columns."""
    y = x / np.sum(x)
    rows = np.sum(y * y, axis=-1)
    return np.sum(y * np.sum(y, axis=0)), np.max(rows), np.sum(rows) * np.min(y), np.sum(y, axis=0)


@pytest.mark.parametrize("shape", [(300, 37), (37,), (1, 5000), (2, 3, 100), (4, 1)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_totals(shape: tuple[int, ...], dtype: str) -> None:
    x = np.random.default_rng(3).random(shape).astype(dtype)
    graph, captured = graph_of(totals, x)
    same(graph, [x, *captured], 10 * ROUNDINGS)


HARD = [0.0, -0.0, 1.0, 1.0, -745.0, 88.0, 1e30, -1e30, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize(
    "op", [LogSumExp((-1,)), Softmax((-1,)), Softmax((-1,), True), LogSoftmax((-1,))], ids=str
)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("size", [1, 2, 3, 70])
def test_sums_of_exponentials(op: Any, dtype: str, size: int) -> None:
    """Rows of hard numbers: all pairs and triples of them, and long rows that end with those."""
    last = min(size, 3)
    rows = np.stack(np.meshgrid(*[HARD] * last, indexing="ij"), -1).reshape(-1, last)
    x = np.full((len(rows), size), -1.5, dtype)
    x[:, size - last :] = rows
    graph, captured = graph_of(lambda x: bind(op, x), x)
    same(graph, [x, *captured])
