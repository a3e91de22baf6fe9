"""Products in the rounds of a scan: which are there, what they begin with, and their numbers."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.loops import Code, Place
from bibun.loops.text import text
from bibun.native.capture import Captured
from bibun.native.linked import Machine
from bibun.native.llvm import Printer
from bibun.native.prepared import prepared
from bibun.native.starts import started
from bibun.ops.control.scan import Scan
from bibun.ops.matmul import MatMul

ROUNDS, H = 7, 0.1


def runge_kutta(np_: Any, a: Any, y: Any) -> Any:
    """A round of the classical method for y' = tanh(A y)."""
    k1 = np_.tanh(a @ y)
    k2 = np_.tanh(a @ (y + H / 2 * k1))
    k3 = np_.tanh(a @ (H / 2 * k2 + y))
    k4 = np_.tanh(a @ (y + H * k3))
    return y + H / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def heun(np_: Any, a: Any, y: Any) -> Any:
    """A round without a factor, whose second product begins with the first one."""
    k = np_.sin(a @ y)
    return np_.cos(a @ (k + y)) + y


def factors(np_: Any, a: Any, y: Any) -> Any:
    """Factors of products, in both orders."""
    return np_.sin(3.0 * (a @ np_.cos(y)) - (y @ a) * 0.5)


def several(np_: Any, a: Any, y: Any) -> Any:
    """Sums of products of one matrix, of which some are needed by themselves."""
    p, q = a @ np_.sin(y), a @ np_.cos(y)
    return np_.tanh(p + (y + q) + a @ (p * y))


STEPS = [runge_kutta, heun, factors, several]


def matrix(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    return rng.normal(size=(n, n)) * 0.7, rng.normal(size=n)


def loss(step: Any) -> Any:
    def f(a: Any, y: Any) -> Any:
        return np.sum(bibun.fori_loop(0, ROUNDS, lambda i, y: step(np, a, y), y) ** 2)

    return f


def by_complex_steps(step: Any, *args: np.ndarray) -> list[np.ndarray]:
    """The value and gradients of the loss, by NumPy alone (Squire and Trapp, 1998)."""

    def f(a: Any, y: Any) -> Any:
        for _ in range(ROUNDS):
            y = step(np, a, y)
        return np.sum(y**2)

    found = [np.asarray(f(*args))]
    for k, x in enumerate(args):
        gradient = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            moved = [v.astype(complex) for v in args]
            moved[k][i] += 1e-100j
            gradient[i] = f(*moved).imag / 1e-100
        found.append(gradient)
    return found


@pytest.mark.parametrize("n", [1, 2, 4, 5, 8])
@pytest.mark.parametrize("step", STEPS)
def test_the_numbers_are_those_of_numpy(step, n):
    value, gradients = bibun.jit(bibun.value_and_grad(loss(step), argnums=(0, 1)))(*matrix(n))
    for found, wanted in zip((value, *gradients), by_complex_steps(step, *matrix(n)), strict=True):
        # Roundings of some hundred operations, relative to the largest entry.
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


def products(f: Any, *args: np.ndarray) -> list[list[list[str]]]:
    """Of each scan, for each product by a matrix: the operations that read it."""
    captured = Captured(f, args, lambda arrays: (tuple(arrays), {}), "test")
    found = []
    for _, n in prepared(captured.graph).body():
        if isinstance(n.op, Scan):
            body = list(n.op.step.body())
            made = [i for i, m in body if isinstance(m.op, MatMul)]
            found.append([[m.op.name for _, m in body if i in m.args] for i in made])
    return found


def test_no_product_waits_for_a_sum_and_no_sum_for_a_factor():
    """Each but the last product is a part of a sum; there are no more of them than before."""
    ahead, back = products(bibun.grad(loss(runge_kutta), argnums=(0, 1)), *matrix(4))
    assert [sorted(set(names)) for names in ahead] == [["add", "tanh"], ["add"], ["add"], ["add"]]
    assert back == [["add"]] * 4


def scaled_by(c: float) -> Any:
    return lambda np_, a, y: np_.sin(c * (a @ y))


def both_needed(np_: Any, a: Any, y: Any) -> Any:
    p, q = a @ np_.sin(y), a @ np_.cos(y)
    return np_.tanh(p + q) + np_.sin(2.0 * p) + np_.sin(3.0 * q)


def begun(np_: Any, a: Any, y: Any) -> Any:
    p = a @ y
    return np_.tanh(p + a @ np_.cos(y)) + np_.sin(a @ (y + 2.0 * p))


def both_early(np_: Any, a: Any, y: Any) -> Any:
    return np_.tanh(a @ y) + np_.tanh(a @ (y + np_.sin(y)))


@pytest.mark.parametrize(
    ("step", "n", "readers"),
    [
        (heun, 40, [["sin"], ["cos"]]),  # a large matrix: the product takes long by itself
        (scaled_by(1e-3), 4, [["sin"]]),
        (scaled_by(1e-200), 4, [["multiply"]]),  # entries of the matrix might lose digits
        (both_needed, 4, [["add", "multiply"]] * 2),  # three products instead of two
        (begun, 4, [["add", "add", "matmul"], ["add"], ["add"]]),  # four instead of three
        (both_early, 4, [["tanh"], ["tanh"]]),  # none waits for the other
    ],
)
def test_what_stays_as_it_is(step, n, readers):
    assert sorted(map(sorted, products(loss(step), *matrix(n))[0])) == sorted(readers)


def test_what_rows_change_is_no_matrix_that_stays_the_same():
    def f(a: Any, y: Any) -> Any:
        def step(y: Any, row: Any) -> Any:
            return np.tanh(3.0 * ((a * row) @ y)), None

        return np.sum(bibun.scan(step, y, np.arange(1.0, 6.0))[0])

    a, y = matrix(4)
    (kept,) = products(f, a, y)
    assert kept == [["multiply"]]
    wanted = y
    for row in np.arange(1.0, 6.0):
        wanted = np.tanh(3.0 * ((a * row) @ wanted))
    np.testing.assert_allclose(bibun.jit(f)(a, y), wanted.sum(), rtol=1e-12)


@pytest.mark.parametrize("late", ["factors", "addend"])
def test_sums_begin_with_what_is_there_before_their_factors(late):
    n, code = 4, Code()
    x, y = code.buffer("f8", n, "in"), code.buffer("f8", n, "out")
    made = code.buffer("f8", n, "work")
    factors, addend = (made, x) if late == "factors" else (x, made)
    with code.loop(3, serial=True):
        with code.loop(n, lanes=True) as i:
            here = Place(0, ((i.counter.number, 1),))
            code.store(made, here, code.load(x, here) * 2 + 1)
        with code.loop(n, lanes=True) as i:
            here = Place(0, ((i.counter.number, 1),))
            with code.loop(n) as k:
                v = code.load(factors, Place(0, ((k.counter.number, 1),)))
                total = k.merge("add", code.constant(0, "f64"), v * v)
            code.store(y, here, total + code.load(addend, here))
    (line,) = [x for x in text(started(code)).splitlines() if "add of all" in x]
    assert line.endswith(", 0.0") == (late == "addend")
    a, found = np.arange(1.0, 5.0), np.zeros(n)
    buffers = [a, found, np.zeros(16)]  # and a workspace
    machine = Machine(Printer(code).run())
    machine.function()((ctypes.c_void_p * 3)(*(b.ctypes.data for b in buffers)))
    b = 2 * a + 1
    assert np.array_equal(found, (b @ b + a) if late == "factors" else (a @ a + b))
