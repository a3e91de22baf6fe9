"""Looks: what is finite in native code and has no digits is warned of, at ever fewer calls."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bibun
from bibun import GradientTape, Variable, grad, jit, value_and_grad
from bibun.errors import LostDigitsWarning
from bibun.numerics import rescue

pytest.importorskip("flint")


def versine(x):
    return (1 - np.cos(x)) / x**2


def picked(x):
    return np.where(x == 0, 1, np.expm1(x) / x)


def warned(f, *args):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        f(*args)
    return len(found)


@pytest.mark.parametrize("extension", [True, False])
def test_calls_are_looked_at_ever_more_seldom(extension):
    f = jit(grad(versine))
    if not extension:
        f = bibun.native.jit.jitted(grad(versine), (), (), None)
    x = np.float64(1e-7)
    assert [warned(f, x) for _ in range(9)] == [1, 1, 0, 1, 0, 0, 0, 1, 0]


def test_the_warning_says_what_where_and_what_helps():
    with pytest.warns(LostDigitsWarning) as found:
        jit(value_and_grad(versine))(np.float64(1e-7))
    text = str(found[0].message)
    assert "subtract at 1.0, 0.99999" in text and "`1 - np.cos(x)`" in text
    assert "-9.313225746154785e-09 instead of -8.333333333333327e-09" in text
    assert "rescue(True)" in text and found[0].filename == __file__


@pytest.mark.parametrize("f", [picked, lambda x: np.sign(x) * np.abs(x) ** 1.0])
def test_points_and_kinks(f):
    with pytest.warns(LostDigitsWarning, match=r"0.0 instead of (0.5|1.0)"):
        jit(grad(f))(np.float64(0))
    assert warned(jit(grad(f)), np.float64(0.5)) == 0


def test_the_function_itself_runs_once():
    calls = []

    def f(x):
        calls.append(x)
        return versine(x)

    g = jit(grad(f))
    assert sum(warned(g, np.float64(1e-7)) for _ in range(8)) == 4
    assert len(calls) == 1


def test_what_is_lost_at_a_later_look_is_mended_from_then_on():
    f = jit(grad(versine))
    with rescue(True):
        f(np.float64(1.0))
        for _ in range(3):
            assert_allclose(f(np.float64(1e-7)), -1e-7 / 12, rtol=1e-14)
        assert_allclose(f(np.float64(1.0)), grad(versine)(1.0), rtol=1e-14)
    with rescue(False):
        assert sum(warned(f, np.float64(1e-7)) for _ in range(20)) == 0


def test_arrays_from_outside_and_variables_are_those_of_the_call():
    scale, offset = np.ones(()), Variable(0.0)
    f = jit(grad(lambda x: versine(x * scale) + offset * x))
    assert warned(f, np.float64(1.0)) == 0
    scale[...] = 1e-7
    assert warned(f, np.float64(1.0)) == 1
    offset.assign(1.0)  # beside it, nothing is lost
    assert [warned(f, np.float64(1.0)) for _ in range(2)] == [0, 0]


def test_tapes_and_derivatives_of_intermediate_results():
    def step(x):
        y = x * 1e-7
        with GradientTape() as tape:
            tape.watch(y)
            z = versine(y)
        return x - tape.gradient(z, y), grad(versine)(2 * y)

    with pytest.warns(LostDigitsWarning, match="cos"):
        jit(step)(np.float64(1.0))
    assert warned(jit(step), np.float64(1e7)) == 0
