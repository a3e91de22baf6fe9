"""Rescue: what is inf or nan in floats is right, stays as it is with a warning, or is infinite."""

import threading
import warnings
from functools import partial

import numpy as np
import pytest
import scipy.linalg
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

import bibun
from bibun import GradientTape, Variable, grad, hessian, jacobian, jvp, value_and_grad, vjp
from bibun.derivative.derived import CACHE
from bibun.derivative.finite import BLOCK, finite
from bibun.errors import NotFiniteWarning
from bibun.numerics import rescue, strict
from bibun.wide.objects import Library

mp = pytest.importorskip("mpmath")


@pytest.fixture(autouse=True)
def without_memory():
    """Programs that other tests ran in vain would be tried again at a later call only."""
    CACHE.clear()


def truth(f, x):
    """The derivative of a function of one number, by mpmath in 200 digits."""
    with mp.workdps(200):
        return float(mp.diff(f, mp.mpf(x), relative=True))


# Points are numbers of NumPy's: Python's raise where they are divided by zero.
# fmt: off
ONE = [  # a function in NumPy, the same in mpmath, and where floats alone fail
    (lambda x: np.exp(x) / (1 + np.exp(x)) ** 2, lambda x: mp.exp(x) / (1 + mp.exp(x)) ** 2, 800.0),
    (lambda x: np.cosh(x) / np.sinh(x),          lambda x: mp.coth(x),                       750.0),
    (lambda x: np.log(np.cosh(x)),               lambda x: mp.log(mp.cosh(x)),              -900.0),
    (lambda x: (x**40) ** 0.25,                  lambda x: mp.mpf(x) ** 10,                   1e30),
    (lambda x: x**300 / x**299,                  lambda x: x,                                  1e5),
    (lambda x: np.arctanh(np.sinh(x) / np.cosh(x)), lambda x: x,                              30.0),
]
LIMITS = [  # a function that is 0/0, where, and its derivative there
    (lambda x: np.tanh(x) / x,                            0.0, 0.0),
    (lambda x: (np.exp(x) - 1) / x,                       0.0, 0.5),
    (lambda x: (1 - np.cos(x)) / x**2,                    0.0, 0.0),
    (lambda x: (x - np.sin(x)) / x**3,                    0.0, 0.0),
    (lambda x: np.log(x) / (x - 1),                       1.0, -0.5),
    (lambda x: (np.exp(x) - 1 - x - x**2 / 2) / x**3,     0.0, 1 / 24),
    (lambda x: np.sqrt(x) * np.sqrt(x),                   0.0, 1.0),
    (lambda x: np.cos(np.sqrt(x)),                        0.0, -0.5),
    (lambda x: x * np.abs(x) ** 1.5 / np.sqrt(np.abs(x)), 0.0, 0.0),
    (lambda x: np.sin(x) * np.log(np.abs(x)) * x,         0.0, 0.0),
]
KINKS = [  # at a kink, the symmetric element
    (lambda x: np.sqrt(x**2),                       0.0, 0.0),
    (lambda x: (x**4) ** 0.25,                      0.0, 0.0),
    (lambda x: np.sqrt(x**2) + np.sqrt(x**4) / x,   0.0, 1.0),
    (lambda x: np.arccos(np.cos(x) ** 2),           0.0, 0.0),
]
INFINITE = [(np.sqrt, 0.0, np.inf), (np.cbrt, 0.0, np.inf), (np.arccos, 1.0, -np.inf),
            (lambda x: x * np.log(x), 0.0, -np.inf), (lambda x: -np.log(-np.log(x)), 1.0, np.inf),
            (lambda x: np.sqrt(np.sqrt(x)) * np.exp(-800 - x), 0.0, np.inf)]
QUOTIENTS = [  # a function whose derivative has no number anywhere around, but has differences
    (lambda x: special.ndtr(np.inf / x[0]) + x[1], [2.0, 0.0], [0.0, 1.0]),
    (lambda x: np.log(special.erfc(-np.inf * x[0]) * x[1]), [2.0, 0.5], [0.0, 2.0]),
    (lambda x: np.exp(np.log(np.sum(x**3)) / 3) + np.sin(x[1]), [0.0, 0.0], [1.0, 2.0]),
    (lambda x: np.sum(np.sqrt(x[0] * x[1:])), [0.0, 0.0, 0.0], [0.0] * 3),
    (lambda x: np.abs(x[0] - 1) * special.ndtr(np.inf * x[0]), [1.0], [0.0]),
    (lambda x: np.arccos(1 - (x[0] - np.minimum(x[0], 1)) ** 2), [1.0], [0.5**0.5]),
    (lambda x: x[0] * special.ndtr(x[0] / x[1]), [0.0, 0.0], [0.5, 0.0]),
]
OPEN = [(lambda x: x * np.sin(1 / x), 0.0), (lambda x: x / np.sqrt(x**2), 0.0),
        (lambda x: np.sqrt(x) ** 2, -1.0),
        (lambda x: np.sum(x / np.sqrt(np.sum(x * x))), np.zeros(2)),
        (lambda x: np.arctan(1 / x), 0.0),
        (lambda x: np.log(np.sqrt(np.sum(x * x))), np.zeros(2)),
        (lambda x: 1 / np.linalg.norm(x), np.zeros(2))]
# fmt: on


@pytest.mark.parametrize("f, exact, x", ONE)
def test_overflow_and_underflow_end_in_proven_numbers(f, exact, x):
    with rescue(False), np.errstate(all="ignore"):
        assert not np.isfinite(grad(f)(np.float64(x)))
    assert_allclose(grad(f)(np.float64(x)), truth(exact, x), rtol=4e-16)


@pytest.mark.parametrize("f, x, expected", LIMITS)
def test_limits_of_quotients(f, x, expected):
    assert_allclose(grad(f)(np.float64(x)), expected, rtol=4e-16)
    assert_allclose(jvp(f, (np.float64(x),), (2.0,))[1], 2 * expected, rtol=4e-16)


@pytest.mark.parametrize("f, x, expected", KINKS)
def test_kinks_have_their_symmetric_element(f, x, expected):
    assert grad(f)(np.float64(x)) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("f, x, expected", INFINITE)
def test_infinite_derivatives_stay_infinite_with_their_sign(f, x, expected):
    assert grad(f)(np.float64(x)) == expected


@pytest.mark.parametrize("f, x, expected", QUOTIENTS)
def test_differences_of_the_function_where_its_derivative_has_no_number(f, x, expected):
    assert_allclose(grad(f)(np.array(x)), expected, rtol=1e-15)


@pytest.mark.parametrize("f, x", OPEN)
def test_what_has_no_derivative_stays_with_a_warning(f, x):
    with pytest.warns(NotFiniteWarning, match="no limit"):
        assert not np.any(np.isfinite(grad(f)(np.asarray(x)[()])))


def test_values_and_gradients_of_single_precision():
    x = np.array([1e25, 3e25, 4e25], np.float32)
    f = lambda x: np.sqrt(np.mean((x - np.mean(x)) ** 2))  # noqa: E731
    value, gradient = value_and_grad(f)(x)
    wide = value_and_grad(f)(x.astype(float))
    assert value.dtype == gradient.dtype == np.float32
    assert_allclose(value, wide[0], rtol=1e-7)
    assert_allclose(gradient, wide[1], rtol=1e-6)


def test_a_false_zero_after_an_overflow_is_not_believed():
    """log(1 + x^2) overflows; its derivative would be 2x / inf = 0, without any nan."""
    f = lambda x: np.log(1 + x * x)  # noqa: E731
    value, gradient = value_and_grad(f)(1e200)
    assert_allclose([value, gradient], [2 * np.log(1e200), 2e-200], rtol=1e-15)


def test_only_the_entries_in_question_change():
    x = np.linspace(-3, 3, 7)
    f = lambda x: np.sum(np.arange(7.0) * (x**4) ** 0.75)  # noqa: E731
    with rescue(False), np.errstate(all="ignore"):
        plain = grad(f)(x)
    found = grad(f)(x)
    assert np.isnan(plain[3]) and found[3] == 0
    assert_array_equal(np.delete(found, 3), np.delete(plain, 3))


def test_one_entry_of_an_array():
    x = np.full(2_000, 0.5)
    x[1234] = 0
    with rescue(True, seconds=10):
        found = grad(lambda x: np.sum((x**4) ** 0.75))(x)
    assert found[1234] == 0 and np.isfinite(found).all()


def test_every_transform():
    f = lambda x: np.tanh(x) / x  # noqa: E731
    assert_allclose(vjp(f, 0.0)[1](3.0)[0], 0)
    assert_allclose(jacobian(f)(np.zeros(2)), np.zeros((2, 2)))
    assert_allclose(hessian(f)(0.0), -2 / 3, rtol=1e-15)
    x = Variable(0.0)
    with GradientTape() as tape:
        y = f(x)
    assert tape.gradient(y, x) == 0


def test_matrices():
    a = np.diag([1e-200, 1e-200, 1e-200])
    f = lambda a: np.log(np.linalg.det(a))  # noqa: E731
    assert_allclose(grad(f)(a), np.linalg.inv(a).T, rtol=1e-15)


def test_special_functions():
    f = lambda x: np.log(special.ndtr(x))  # noqa: E731
    with mp.workdps(60):
        expected = float(mp.npdf(-40) / mp.ncdf(-40))
    assert_allclose(grad(f)(-40.0), expected, rtol=1e-15)


FLAT = [  # at an infinite number, and 1
    (lambda x: np.sum(np.exp(-(x**2))), np.inf, [0.0, -2 * np.exp(-1.0)]),
    (lambda x: np.sum(x**2 / np.cosh(x)), np.inf, None),
    (lambda x: x[1] * np.exp(x[0]) * x[0], -np.inf, None),
    (lambda x: np.exp(-x[0] * x[0]) / x[1], -np.inf, [0.0, 0.0]),
    (lambda x: np.sin(x[0]) + x[1], np.inf, None),
]


@pytest.mark.parametrize("f, infinite, expected", FLAT)
def test_by_an_infinite_number_a_value_is_flat(f, infinite, expected):
    if expected is None:  # inf / inf, 0 * inf, sin(inf): there is no value
        with pytest.warns(NotFiniteWarning, match="no limit"):
            assert np.isnan(grad(f)(np.array([infinite, 1.0]))).all()
    else:
        assert_allclose(grad(f)(np.array([infinite, 1.0])), expected, rtol=1e-15)


def test_nan_and_infinite_arguments_are_no_matter_for_a_rescue():
    assert np.isnan(grad(lambda x: np.tanh(x) / x)(np.nan))
    masked = np.array([0.0, -np.inf])
    assert_allclose(
        grad(lambda x: np.log(np.sum(np.exp(1000 * (x + masked)))))(np.ones(2)), [1000, 0]
    )


def test_the_budget_ends_an_attempt():
    f = lambda x: np.sum(x / np.sum(np.sqrt(x) * 0))  # noqa: E731
    with rescue(True, operations=10), pytest.warns(NotFiniteWarning, match="budget"):
        grad(f)(np.ones(100))


def test_after_an_attempt_in_vain_there_are_fewer():
    def f(x):  # a structure that no other test has: attempts are counted for each
        return x * np.sin(1 / x) * np.cos(np.sin(x))

    def warned():
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            grad(f)(np.float64(0))
        return len(found)

    assert [warned() for _ in range(7)] == [1, 0, 1, 0, 0, 0, 1]


def test_another_budget_is_tried_at_once():
    def f(x):
        return np.sum(np.tanh(x) / x)

    with rescue(True, operations=1), pytest.warns(NotFiniteWarning, match="budget"):
        grad(f)(np.zeros(2))
    assert_array_equal(grad(f)(np.zeros(2)), [0, 0])


def test_more_than_the_time_there_is_is_not_begun(monkeypatch):
    def converted(self, x):
        raise AssertionError("this takes seconds")

    monkeypatch.setattr(Library, "elements", converted)
    with pytest.warns(NotFiniteWarning, match="budget"):
        grad(lambda x: np.sum(np.tanh(x) / x))(np.zeros(60_000))


@pytest.mark.parametrize("given", [{"seconds": "1"}, {"operations": -1}, {"seconds": np.nan}])
@pytest.mark.parametrize("mode", [partial(rescue, True), strict])
def test_budgets_are_numbers(given, mode):
    with pytest.raises(ValueError, match="not negative"), mode(**given):
        pass


def test_jacobians_are_looked_at_as_gradients_are():
    def f(x):
        return (1 - np.cos(x)) / x**2

    x = np.array([1e-7, 0.5])
    slopes = grad(lambda x: np.sum(f(x)))(x)
    assert_allclose(jacobian(f)(x), np.diag(slopes), rtol=1e-13)
    with GradientTape() as tape:
        tape.watch(y := bibun.constant(x[:, None]))
        z = f(y)
    assert_allclose(tape.batch_jacobian(z, y)[:, 0, 0], slopes, rtol=1e-13)
    with strict(), pytest.warns(NotFiniteWarning, match="1 numbers"):
        assert_array_equal(jacobian(np.abs)(np.array([0.0, 2.0])), [[np.nan, 0], [0, 1]])


def test_modes():
    f = lambda x: np.tanh(x) / x  # noqa: E731
    with rescue("warn"), pytest.warns(NotFiniteWarning, match="the value of divide at 0.0, 0.0"):
        assert np.isnan(grad(f)(0.0))
    with pytest.raises(ValueError, match="rescue"), rescue("loud"):
        pass


def test_the_mode_is_that_of_the_thread():
    found = []
    with rescue(False):
        other = threading.Thread(target=lambda: found.append(grad(lambda x: np.tanh(x) / x)(0.0)))
        other.start()
        other.join()
        assert np.isnan(grad(lambda x: np.tanh(x) / x)(0.0))
    assert found == [0]


def test_the_warning_names_the_line_and_points_to_the_caller():
    def f(x):
        return 1 / x + x

    with pytest.warns(
        NotFiniteWarning, match=r"divide at 1.0, 0.0 is inf \(test_rescue.py:\d+: `1 / x`\)"
    ) as w:
        value_and_grad(f)(np.float64(0))
    assert w[0].filename == __file__


def test_blame_of_a_derivative():
    f = lambda x: np.sum(np.abs(x) * np.array([0.0, 1.0]) / np.array([1.0, np.sqrt(5)]) + x**-1)  # noqa: E731
    with pytest.warns(NotFiniteWarning, match=r"at index \(1,\)"):
        bibun.grad(f)(np.array([1.0, 0.0]))


def test_without_a_value_there_is_no_derivative():
    with pytest.warns(NotFiniteWarning, match="the value of log"):
        assert np.isnan(grad(lambda x: np.log(x) + 1)(np.float64(-2)))


def test_nor_at_the_calls_between_two_attempts():
    f = lambda x: np.log(x) * 3 + 1  # noqa: E731
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert all(np.isnan(grad(f)(np.float64(-2))) for _ in range(5))


def test_a_difference_that_is_zero_has_no_derivative_to_multiply_infinity_with():
    f = lambda x: np.sum((x - x) ** 2) ** 0.5 + x[0]  # noqa: E731
    assert_array_equal(grad(f)(np.array([1.0, 2.0])), [1, 0])


def test_matrix_exponentials_and_incomplete_gamma_functions():
    f = lambda x: np.log(special.gammaincc(2.0, x))  # noqa: E731
    assert_allclose(grad(f)(800.0), -800 / 801, rtol=1e-15)  # gammaincc(2, x) = (1 + x) e^-x
    g = lambda x: np.log(scipy.linalg.expm(x * np.array([[0.0, 1.0], [1.0, 0.0]]))[0, 0])  # noqa: E731
    assert_allclose(grad(g)(800.0), 1, rtol=1e-15)  # tanh(800)


def test_a_nan_in_the_text_of_a_function():
    """It keeps nothing from being rescued, and where it is the result, nobody is surprised."""

    def share(x):
        return np.where(x < -1e9, np.nan, np.exp(x) / (1 + np.exp(x)))

    assert bibun.grad(share)(800.0) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(bibun.grad(lambda x: x * np.nan)(1.0))


@pytest.mark.parametrize("size", [1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_one_number_that_is_not_finite_is_seen_wherever_it_stands(size):
    x = np.ones((size, 2))
    for y in (x, x[:, 0], x.T, x[:0]):
        assert finite(y)
    for k in {0, size // 2, size - 1}:
        x[k, 1] = np.nan
        assert not finite(x) and not finite(x.T) and not finite(x[:, 1]) and finite(x[:, 0])
        x[k, 1] = 1


def test_zeros_move_less_than_large_numbers_are_large():
    f = lambda x: np.median(np.cumprod(x)) ** np.median(np.cumprod(x))  # noqa: E731
    assert grad(f)(np.array([3.0, -1e160, 0.0]))[0] == 0  # and not that of 3^3
