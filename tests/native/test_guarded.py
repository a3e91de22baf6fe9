"""No access beyond a buffer: operations and programs between pages that nobody may touch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native.program import Failed, NativeProgram

from ..laws import cases, rules
from ..programs.checks import Check
from ..programs.generate import generate
from . import guarded
from .test_native import PROGRAMS, graph_of

ROOT = Path(__file__).resolve().parents[2]


def same_guarded(graph: Any, args: Any) -> None:
    """Guarded or not, the bits are the same."""
    native = NativeProgram(graph)
    with np.errstate(all="ignore"):
        try:
            env = run(native, args)
        except Failed:
            return
        wanted = [native.result(env, k) for k in range(len(native.owners))]
        for last in (False, True):
            for x, y in zip(wanted, guarded.run(native, args, last), strict=True):
                np.testing.assert_array_equal(x, y)


def run(native: NativeProgram, args: Any) -> dict[int, Any]:
    """All arrays after a run without guards."""
    env = dict(native.preset)
    env.update(enumerate(map(native.given, args)))
    for step in native.steps:
        step(env)
    return env


@pytest.mark.parametrize("named", cases.examples(), ids=lambda n: n.label)
def test_operations(named: cases.Named) -> None:
    for case in (cases.base(named), *cases.shapes(named)):
        if case is not None:
            same_guarded(rules.op_graph(case), case.args)


@pytest.mark.parametrize("first", range(1_000, 1_040, 10))
def test_random_programs(first: int) -> None:
    for seed in range(first, first + 10):
        program = generate(seed)
        for f in (program.run, Check(program).grad):
            graph, captured = graph_of(f, *program.inputs)
            same_guarded(graph, [*program.inputs, *captured])


def recurrence(x: Any) -> Any:
    """A loop over rows, one that a value ends, and a branch."""
    y, rows = bibun.scan(lambda y, row: (np.tanh(y) * row, y), x[0], x)
    z = bibun.while_loop(lambda z: np.sum(z * z) > 1.0, lambda z: 0.5 * z, y + x[-1])
    return np.sum(rows) + bibun.cond(z[0] > 0, np.sum, lambda z: np.sum(np.sin(z)), z)


@pytest.mark.parametrize("name", [*PROGRAMS, "recurrence"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(1, 2), (5, 7), (16, 33), (70, 70)])
def test_programs(name: str, dtype: str, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    f = PROGRAMS.get(name, recurrence)
    for derived in (f, bibun.value_and_grad(f)):
        graph, captured = graph_of(derived, x)
        same_guarded(graph, [x, *captured])


WRONG = """
import ctypes, sys
import numpy as np
from tests.native.guarded import Guarded
from bibun.graph import Type
memory = Guarded(40, {last})
memory.array(Type(np.dtype(float), (5,)))[...] = 1.0
print(ctypes.c_double.from_address(memory.address + {inside}).value, flush=True)
{wrong}
print("alive", flush=True)
"""


@pytest.mark.parametrize(
    ("last", "inside", "wrong"),
    [
        (True, 32, "ctypes.c_double.from_address(memory.address + 40).value"),
        (False, 0, "ctypes.c_double.from_address(memory.address - 8).value"),
        (True, 32, "ctypes.c_double.from_address(memory.address + 40).value = 2.0"),
        (True, 0, "memory.only_read(); ctypes.c_double.from_address(memory.address).value = 2.0"),
    ],
)
def test_guards_guard(last: bool, inside: int, wrong: str) -> None:
    code = WRONG.format(last=last, inside=inside, wrong=wrong)
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert found.stdout == "1.0\n" and found.returncode != 0
