"""Loops of Python's under jit: one round is traced where it may stand for all, and only there."""

from __future__ import annotations

import math
import sys
import traceback

import numpy as np
import pytest

import bibun
from bibun import grad, jit, value_and_grad
from bibun.derivative import rolled
from bibun.errors import TracingError

from .decided_loops import DECIDED, UNDECIDED
from .fuzz_loops import wrong
from .loop_traps import HARMLESS, TRAPS
from .python_loops import KEPT, ONE_BY_ONE

X = np.array([0.3, 0.7, -0.2])
CLOSE = {"rtol": 1e-11, "atol": 1e-13}


@pytest.fixture(autouse=True)
def short_loops_stay(monkeypatch):
    monkeypatch.setattr(rolled, "WORTH", 0)
    monkeypatch.setattr(rolled, "WORTH_OF_LONG", 0)


def is_loop(f) -> bool:
    return "scan" in jit(f).lower(X).text("graph")


LOOPS = [*KEPT, *HARMLESS, *DECIDED]
PROGRAMS = [*LOOPS, *ONE_BY_ONE, *TRAPS, *UNDECIDED]


@pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")  # ~(i > 3), from 3.12 on
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_loops_mean_what_they_say(program):
    expected = program(X.copy()), grad(program)(X)
    compiled = jit(value_and_grad(program))
    for x in (X, X.copy()):
        for found, truth in zip(compiled(x), expected, strict=True):
            np.testing.assert_allclose(found, truth, **CLOSE)
    assert is_loop(program) == (program in LOOPS)


def test_random_loops(tmp_path):
    for seed in range(8):
        assert not wrong(seed, tmp_path)


@pytest.mark.parametrize("program", KEPT[2:6], ids=lambda f: f.__name__)
def test_loops_in_transforms(program):
    batch = np.stack([X, 2 * X])
    np.testing.assert_allclose(
        jit(bibun.hessian(program))(X), bibun.hessian(program)(X), rtol=1e-9, atol=1e-11
    )
    np.testing.assert_allclose(
        jit(bibun.vmap(program))(batch), [program(x) for x in batch], **CLOSE
    )


def pendulum(p, n):
    angle, speed = 1.0, 0.0
    for _ in range(n):
        speed = speed - 0.01 * (p[0] * np.sin(angle) + p[1] * speed)
        angle = angle + 0.01 * speed
    return angle**2


def trajectory(p, n):
    y = np.zeros((n + 1, 2))
    y[0] = p
    for i in range(n):
        y[i + 1] = y[i] + 0.01 * np.array([y[i, 1], -np.sin(y[i, 0])])
    return np.sum(y**2)


@pytest.mark.parametrize("f", [pendulum, trajectory])
def test_code_does_not_grow_with_the_rounds(f):
    p = np.array([0.5, 0.3])
    code = [jit(grad(f), static_argnums=1).lower(p, n).text("loops") for n in (100, 10_000)]
    assert abs(len(code[1]) - len(code[0])) < 0.05 * len(code[0])


@pytest.mark.parametrize("f", [pendulum, trajectory])
def test_many_rounds(f):
    p = np.array([0.5, 0.3])
    compiled, truth = jit(grad(f), static_argnums=1), grad(f)(p, 1_000)
    np.testing.assert_allclose(compiled(p, 1_000), truth, rtol=1e-10)


def test_rows_are_cut_where_a_loop_reads_at_its_counter():
    """The cotangent of x is not added up in each round: its type is no state of the way back."""

    def f(x):
        return bibun.fori_loop(0, len(x), lambda i, s: s + np.sin(x[i]) * s, 1.0)

    x = np.linspace(0.1, 0.5, 9)
    graph = jit(grad(f)).lower(x).text("graph")
    assert "gather" not in graph
    assert "scatter" not in graph
    np.testing.assert_allclose(jit(grad(f))(x), grad(f)(x), **CLOSE)


class OwnError(Exception):
    pass


def test_errors_of_the_user_come_from_their_line():
    def f(x):
        y = x
        for i in range(20):
            y = y * 0.5
            if i == 15:
                raise OwnError(f"round {i}")
        return np.sum(y)

    with pytest.raises(OwnError, match="round 15") as caught:
        jit(f)(X)
    lines = [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert 'raise OwnError(f"round {i}")' in lines


def test_names_are_left_as_python_leaves_them():
    def f(x):
        total = 0.0
        for i, row in enumerate(np.outer(np.arange(20.0), x)):
            part = row @ x
            total = total + part * i
        return total, part, i, row

    for found, expected in zip(jit(f)(X), f(X), strict=True):
        np.testing.assert_allclose(found, expected, **CLOSE)


def test_whole_numbers_do_not_wrap():
    """Python's have no end: what may not fit into 64 bits is computed round by round."""

    def f(x):
        total = 0.0
        for k in range(70):
            total = total + x[0] / 2**k + k**12 * x[1]
        return total

    np.testing.assert_allclose(jit(f)(X), f(X), **CLOSE)


@pytest.mark.parametrize(
    ("f", "error"),
    [
        (lambda i, t: 1.0 / (i - 3), ZeroDivisionError),
        (lambda i, t: math.sqrt(3 - i), ValueError),
        (lambda i, t: 1 / 10.0 ** (300 + i), OverflowError),
        (lambda i, t: 1.0 / (t - 3.0), ZeroDivisionError),
        (lambda i, t: 1 / math.exp(100 * i), OverflowError),
        (lambda i, t: 1.0 if 1 / (i - 3) > 0 else 2.0, ZeroDivisionError),
    ],
)
def test_what_python_refuses_is_no_infinity(f, error):
    def program(x):
        t, s = 0.0, x[0]
        for i in range(20):
            s = s * 0.5 + f(i, t)
            t = t + 1.0
        return s

    for transform in (jit(program), jit(grad(program))):
        with pytest.raises(error):
            transform(X)


def test_a_profiler_is_not_disturbed():
    def program(x):
        s = x[0]
        for i in range(20):
            s = s * 0.5 + i
        return s

    seen = []

    def note(frame, event, what):
        seen.append(event)

    sys.setprofile(note)
    try:
        found = jit(program)(X)
        assert sys.getprofile() is note
    finally:
        sys.setprofile(None)
    assert seen
    np.testing.assert_allclose(found, program(X), **CLOSE)
    jit(program)(X + 1)
    assert sys.getprofile() is None


def test_an_array_from_outside_is_refused_as_ever():
    def f(x):
        for i in range(20):
            x[0] = x[0] * 0.9 + i
        return np.sum(x)

    with pytest.raises(TracingError, match=r"x = x.copy\(\)"):
        jit(f)(X)


def test_too_many_rounds_say_why_they_are_not_one_loop():
    seen = []

    def note(y):
        seen.append(1)
        return y * 0.999

    def f(x):
        y = x[0]
        for _ in range(30_000):
            y = note(y)
        return y

    with pytest.raises(TracingError, match=r"round by round, since it calls .*note"):
        jit(f)(X)
