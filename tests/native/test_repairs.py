"""Repairs: what is not finite in native code is warned of, or rescued, like everywhere else."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bibun import grad, jit, value_and_grad
from bibun.errors import NotFiniteWarning
from bibun.numerics import rescue


def quotient(x):
    return np.tanh(x) / x


def warned(f, x):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        f(x)
    return len(found)


def test_by_default_the_line_is_named_and_the_result_is_as_it_was():
    f = jit(grad(quotient))
    f(1.5 * np.ones(()))
    with pytest.warns(NotFiniteWarning, match=r"divide at 0.0, 0.0 is nan .*`np.tanh\(x\) / x`"):
        assert np.isnan(f(np.zeros(())))


def test_warnings_become_fewer():
    f = jit(grad(quotient))
    assert [warned(f, np.zeros(())) for _ in range(8)] == [1, 0, 1, 0, 0, 0, 1, 0]


def test_a_rescue_takes_what_the_function_gives_without_jit():
    f = jit(value_and_grad(quotient))
    with rescue(True):
        assert_allclose(f(np.zeros(())), [1, 0])
        assert_allclose(f(np.ones(())), value_and_grad(quotient)(1.0), rtol=1e-15)
        assert_allclose(f(np.zeros(())), [1, 0])


def test_a_mode_begins_without_patience():
    f = jit(grad(quotient))
    for _ in range(3):
        warned(f, np.zeros(()))
    with rescue(True):
        assert f(np.zeros(())) == 0


def test_a_number_where_there_is_none_is_not_kept():
    f = lambda x: np.sqrt(np.linalg.norm(x))  # noqa: E731
    with rescue(True), pytest.warns(NotFiniteWarning, match="no limit"):
        assert np.isnan(jit(grad(f))(np.zeros(2))).all()


def test_without_a_rescue_there_is_no_word():
    f = jit(grad(quotient))
    with rescue(False):
        assert warned(f, np.zeros(())) == 0
        assert np.isnan(f(np.zeros(())))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lost_digits_are_found_at_the_first_call(dtype):
    f, x = jit(grad(lambda x: x - np.sin(x) - x**3 / 6)), dtype(1e-3)
    with rescue(True):
        for _ in range(3):
            assert_allclose(f(x), -(x**4) / 24, rtol=1e-5)  # the next term is x^2 / 30 of this


@pytest.mark.parametrize("count", [3, 1024, 100_000])
def test_arrays_of_any_size_are_looked_at(count):
    f = jit(grad(lambda x: np.sum(np.sqrt(x) * np.sqrt(x))))
    f(np.ones(count))
    assert warned(f, np.zeros(count)) == 1


def test_infinite_results_without_derivatives_are_no_matter():
    f = jit(lambda x: 1 / x)
    assert warned(f, np.zeros(())) == 0 and f(np.zeros(())) == np.inf


def test_containers_and_numbers_that_are_always_the_same():
    f = jit(lambda p: {"g": grad(quotient)(p["x"]), "n": 3})
    with rescue(True):
        assert f({"x": np.zeros(())}) == {"g": 0, "n": 3}
