"""Checks: finite derivatives without digits, and points that a `where` picks, are set right."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

from bibun import grad, value_and_grad
from bibun.derivative.derived import CACHE
from bibun.errors import LostDigitsWarning, NotFiniteWarning
from bibun.numerics import rescue
from bibun.wide.checks import KEPT

mp = pytest.importorskip("mpmath")


@pytest.fixture(autouse=True)
def without_memory():
    """Programs that other tests ran in vain would be tried again at a later call only."""
    CACHE.clear()


# fmt: off
CANCELLING = [  # a function in NumPy, the same in mpmath, where digits cancel
    (lambda x: (1 - np.cos(x)) / x**2,         lambda x: (1 - mp.cos(x)) / x**2,        1e-4),
    (lambda x: x - np.log(1 + x),              lambda x: x - mp.log(1 + x),             1e-7),
    (lambda x: np.sqrt(x + 1) - np.sqrt(x),    lambda x: mp.sqrt(x + 1) - mp.sqrt(x),   1e14),
    (lambda x: np.tan(x) - np.sin(x),          lambda x: mp.tan(x) - mp.sin(x),         1e-5),
    (lambda x: (np.sinh(x) - x) / x**3,        lambda x: (mp.sinh(x) - x) / x**3,       1e-4),
    (lambda x: np.arctan(x + 1) - np.arctan(x), lambda x: mp.atan(x + 1) - mp.atan(x),  1e12),
]
PICKED = [  # a function with a value of its own at a point, the point, and the derivative there
    (lambda x: np.where(x == 0, 1, np.expm1(x) / x),                      0.0, 0.5),
    (lambda x: np.where(x != 0, np.log1p(x) / x, 1),                      0.0, -0.5),
    (lambda x: np.where(x == 1, 1, np.log(x) / (x - 1)),                  1.0, -0.5),
    (lambda x: np.where(np.abs(x) > 0, np.exp(x) * np.sin(x) / x, 1),     0.0, 1.0),
    (lambda x: np.where(x == 0, 0, x * x * np.sin(1 / x)),                0.0, 0.0),
    (lambda x: np.where(x == 0, 0, x * np.sqrt(x)),                       0.0, 0.0),
    (lambda x: np.where(x > 0, np.exp(-1 / x), 0),                        0.0, 0.0),
    (lambda x: np.where(x == 0, 1 / 6, np.expm1(x) / (6 * x)),            0.0, 1 / 12),
]
AS_PICKED = [  # what is picked is no limit, or has a side of its own: its derivative holds
    (lambda x: np.where(x == 0, 3, np.sin(x) / x),                        0.0, 0.0),
    (lambda x: np.where(x == 0, 1 / 6 + 1e-14, np.expm1(x) / (6 * x)),    0.0, 0.0),
    (lambda x: np.where(x == 0, 0, np.log(x)),                            0.0, 0.0),
    (lambda x: np.where(x > 0, x, 0),                                     0.0, 0.0),
    (lambda x: np.where(x > 0, np.sqrt(x), 0),                            0.0, 0.0),
    (lambda x: np.where(np.abs(x) < 1e-9, 1, np.expm1(x) / x),            0.0, 0.0),
]
# fmt: on


@pytest.mark.parametrize("f, exact, x", CANCELLING)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_digits_that_cancelled_are_there_again(f, exact, x, dtype):
    x = dtype(x)
    with mp.workdps(200):
        expected = float(mp.diff(exact, mp.mpf(float(x)), relative=True))
    assert_allclose(grad(f)(x), dtype(expected), rtol=2 * np.finfo(dtype).eps)
    with rescue(False):
        assert_array_equal(grad(f)(x) != dtype(expected), True)


@pytest.mark.parametrize("f, x, expected", PICKED)
def test_a_point_picked_out_has_the_derivative_of_its_surroundings(f, x, expected):
    for _ in range(3):
        assert_allclose(grad(f)(np.float64(x)), expected, rtol=1e-15)


@pytest.mark.parametrize("f, x, expected", AS_PICKED)
def test_a_choice_that_is_no_limit_keeps_its_own_derivative(f, x, expected):
    assert grad(f)(np.float64(x)) == expected


def test_entries_picked_out_of_an_array():
    x = np.array([0.0, 0.5, 0.0, -2.0])
    found = grad(lambda x: np.sum(np.where(x == 0, 1, np.expm1(x) / x)))(x)
    away = x[x != 0]
    slopes = np.exp(away) / away - np.expm1(away) / away**2
    assert_allclose(found[[1, 3]], slopes, rtol=1e-14)  # the difference loses a digit
    assert_array_equal(found[[0, 2]], 0.5)


def test_a_continuous_function_without_derivative_is_not_given_one():
    with pytest.warns(NotFiniteWarning, match="no limit"):
        assert np.isnan(grad(lambda x: np.where(x == 0, 0, x * np.sin(1 / x)))(np.float64(0)))


def test_the_value_stays_as_numpy_computes_it():
    f = lambda x: (1 - np.cos(x)) / x**2  # noqa: E731
    assert value_and_grad(f)(1e-7)[0] == value_and_grad(f)(1e-7)[0]


def test_programs_in_order_are_looked_at_ever_more_seldom_and_others_each_time():
    def f(x):  # a structure that no other test has
        return (np.exp(x) - np.exp(-x)) * np.cos(x) - 2 * x

    def digits(x):
        g = grad(f)(x)
        with rescue(False):
            plain = grad(f)(x)
        return g != plain

    assert [digits(1.0) for _ in range(3)] == [False] * 3
    assert any([digits(1e-5) for _ in range(8)])  # at the next look
    assert all([digits(1e-5) for _ in range(4)])


def test_a_where_without_ties_costs_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grad(lambda x: np.sum(np.where(x == 0, 0, x**2)))(np.array([1.0, 2.0]))


def test_most_digits_are_enough():
    assert 0.5 < KEPT < 1


def test_kinks_that_others_smooth_are_no_kinks():
    for f, expected in ((lambda x: np.sign(x) * np.abs(x), 1), (lambda x: np.abs(x) * x, 0),
                        (lambda x: np.copysign(np.sin(x), x), 1), (np.abs, 0)):  # fmt: skip
        assert grad(f)(0.0) == expected


def test_at_every_call_where_an_equation_smooths_them():
    for f in (lambda x: np.copysign(3 * x, 3 * x), lambda x: np.abs(x) * np.sign(x) * 3):
        assert [grad(f)(0.0) for _ in range(8)] == [3.0] * 8


def test_a_false_zero_comes_back():
    f = lambda x: 1 / (np.exp2(x) / 3)  # noqa: E731
    with rescue(False):
        assert grad(f)(700.0) == 0
    assert_allclose(grad(f)(700.0), -3 * np.log(2) * 2.0**-700, rtol=1e-15)


def test_programs_with_maxima_are_rescued_too():
    def f(x):
        m = np.max(x)
        return m + np.log(np.sum(np.exp(2 * (x - m)) ** 500)) / 1000

    x = np.array([1.0, 0.999])
    p = 1 / (1 + np.exp(-1.0))
    assert_allclose(grad(f)(x), [p, 1 - p], rtol=1e-12)  # x is rounded, and multiplied by 1000
    near = lambda x: np.max(x) - np.log(1 + np.max(x))  # noqa: E731
    assert_allclose(grad(near)(np.array([1e-9, 0.0]))[0], 1e-9, rtol=1e-8)  # the next term is x^2


def test_a_point_where_balls_can_only_agree():
    def f(x):  # log(1 + x), with 0 times that at 0
        one = np.logaddexp2(x, x)  # 1 + x
        return special.xlogy(np.where(special.i0e(x) == one, x, 1.0), one)

    assert_allclose(grad(f)(np.float64(0)), 1)


def folded(x):
    y = np.sqrt(x ** np.trunc(x))
    return np.fmin(y**0.5, y)


# fmt: off
BETWEEN = [  # a function at kinks of its parts, the point, and its derivative
    # the sides of the whole are 0 and 1/4: the middle
    (folded, [1.0], [0.125]),
    # the same where another entry has no function on one side of it
    (folded, [1.0, -30.0], [0.125, 3.4845859688128163e-23]),
    # numbers that are equal all along, and that no digits tell apart
    (lambda x: np.min(np.arccos(special.i1e(np.minimum(x, -1.0)))), [-1e-8, -1.0, 7.0], [0, 0, 0]),
    (lambda x: np.maximum(np.sin(x), 2 * np.sin(x / 2) * np.cos(x / 2)), [1.0], [np.cos(1.0)]),
    # kinks that cancel beside an entry that is tiny
    (lambda x: special.psi(special.ndtr(np.copysign(np.fmod(x, 0.5), x))), [0.0, 1e-160],
     [1.9687012432153025] * 2),
    # a jump along another entry is none along this
    (lambda x: np.abs(x) * np.sign(x) + np.floor(x + 0.5), [0.0, 0.5], [1.0, 1.0]),
    # a branch that holds at one point alone
    (lambda x: np.where(x > np.trunc(x), x, np.trunc(x)), [1.0, 0.5], [1.0, 1.0]),
    (lambda x: np.where(x > 0, x, 0), [0.0], [0.0]),
    # jumps that a factor takes away
    (lambda x: x * np.floor((-x) ** (-x)), [0.0], [0.0]),
    (lambda x: (x - 1) * (np.ceil(x) - np.floor(x)), [1.0], [1.0]),
    (lambda x: x * (x != 0), [0.0, 2.0], [1.0, 1.0]),
    (lambda x: x[np.argmax(x)] - np.max(x), [1.0, 1.0], [0.0, 0.0]),
    (lambda x: x * np.heaviside(x, 3), [0.0], [0.5]),
    # beside entries whose value is infinite on the way, or the sign of a zero
    (lambda x: np.where(special.entr(x) > x, special.entr(x), x), [-1e8, 0.0], [1.0, 1.0]),
    (lambda x: np.copysign(x, special.sindg(x)), [-1e160, 0.0], [-1.0, 1.0]),
    # ties that share, as they are
    (lambda x: np.max(x), [1.0, 1.0, 1.0], [1 / 3] * 3),
    (lambda x: np.max(x) + np.min(x), [2.0, 2.0], [1.0, 1.0]),
    (lambda x: np.sum(np.max(np.reshape(x, (2, 3)), axis=1)), [3.0, 1.0, 3.0, 1.0, 1.0, 1.0],
     [1 / 2, 0, 1 / 2, 1 / 3, 1 / 3, 1 / 3]),
    (lambda x: np.maximum(x[0], np.maximum(x[1], x[2])), [1.0] * 3, [1 / 2, 1 / 4, 1 / 4]),
    (lambda x: np.max(x) + np.sum(np.sign(x) * np.abs(x)), [0.0] * 5, [6 / 5] * 5),
]
STEEP = [
    (lambda x: np.sqrt(np.linalg.norm(x)), [0.0, 0.0]),
    (lambda x: np.sqrt(np.std(x)),         [1.0, 1.0]),
    (lambda x: np.sqrt(np.sum(x**2)) ** 0.5, [0.0, 0.0]),
    (lambda x: np.exp(-np.sqrt(np.sqrt(x[0] ** 2 + x[1] ** 2))), [0.0, 0.0]),
    (lambda x: np.cbrt(np.sum(np.abs(x) ** 3) ** (1 / 3)), [0.0, 0.0]),
    (lambda x: np.linalg.norm(0.1 * x) ** np.linalg.norm(0.1 * x), [0.0]),
]
# fmt: on


@pytest.mark.parametrize("f, x, expected", BETWEEN)
def test_conventions_lie_between_the_derivatives_on_both_sides(f, x, expected):
    with rescue(True, seconds=10):  # polygamma functions of thousands of bits take a while
        assert_allclose(grad(lambda x: np.sum(f(x)))(np.array(x)), expected, rtol=1e-14)


@pytest.mark.parametrize("f, x", STEEP)
def test_no_convention_where_all_derivatives_around_are_infinite(f, x):
    with pytest.warns(NotFiniteWarning, match="no limit"):
        assert np.isnan(grad(f)(np.array(x))).all()


def test_an_infinite_slope_at_the_end_of_the_domain():
    f = lambda x: np.linalg.norm(np.sqrt(np.arctanh(x)))  # noqa: E731
    assert_array_equal(grad(f)(np.array([0.0])), np.inf)


# fmt: off
UNLOOKED = [  # a function at a point where nobody can look around it, and which operation decides
    (lambda x: np.sign(x) * np.abs(x),                     "sign at 0.0"),
    (lambda x: np.maximum(np.abs(x) - x, 0),               "maximum at 0.0, 0.0"),
    (lambda x: np.where(x == 0, 1, np.sin(x) / x),         "equal at 0.0, 0.0"),
]
# fmt: on


@pytest.mark.parametrize("f, operation", UNLOOKED)
def test_a_convention_that_nobody_could_look_at_is_told_once(f, operation):
    with rescue(True, seconds=0):
        expected = rf"{operation} is a convention .*test_checks.py.* longer than the budget"
        with pytest.warns(LostDigitsWarning, match=expected):
            g = grad(f)(0.0)
        assert grad(f)(0.0) == g


def test_conventions_that_make_a_mean_need_no_look():
    with rescue(True, seconds=0):
        relu = lambda x: np.sum(np.exp(np.maximum(x, 0)) * np.abs(x) + np.abs(x - 1))  # noqa: E731
        assert_array_equal(grad(relu)(np.array([0.0, 1.0])), [-1, np.e + np.e])


def test_whole_numbers_that_pick_entries_are_no_convention_themselves():
    f = lambda x: np.where((x == 0).astype(int) == 1, 2 * x, x)  # noqa: E731
    with rescue(True, seconds=0), pytest.warns(LostDigitsWarning, match=r"equal at 0\.0, 0\.0 is"):
        assert grad(f)(0.0) == 2
    with rescue(True, seconds=0):  # without a warning
        y = grad(lambda x: np.sum(np.where(np.argsort(x) == 1, 1.0, 3 * x)))(np.arange(3.0))
    assert_array_equal(y, [3.0, 0.0, 3.0])


def test_what_has_no_exact_numbers_at_a_kink_is_told():
    f = lambda x: np.sign(x) * np.abs(x) + np.nextafter(x, 1.0)  # noqa: E731
    with pytest.warns(LostDigitsWarning, match="sign .* nextafter"):
        grad(f)(0.0)


def test_more_digits_where_few_prove_nothing():
    # 1 + 1e-160 is no more than 1 to 512 bits, and the quotient no number.
    assert_allclose(grad(lambda x: special.ellipkm1(1 / x))(1e160), 5e-161, rtol=1e-15)
    f = lambda x: special.log_ndtr(np.log1p(x) * x / x)  # noqa: E731
    assert_allclose(grad(f)(1e-160), np.sqrt(2 / np.pi), rtol=1e-15)
    # Of exp(-1e15) nothing would be left in 1 + exp(-1e15).
    f = lambda x: np.heaviside(special.log_expit(x), x)  # noqa: E731
    assert grad(f)(1e15) == 0


def test_a_false_zero_may_be_beyond_all_floats():
    f = lambda x: special.k1(special.pseudo_huber(x, 3.0))  # noqa: E731  # inf, not 3e-160, inside
    assert grad(f)(1e-160) == -np.inf  # -3.3e319


def test_what_is_no_number_on_one_side_is_the_end_of_the_domain():
    def f(x):
        return special.huber(x, 2 + np.sign(x))  # infinite for x < 0, and 3 x above

    assert grad(f)(0.0) == 3


def test_numbers_that_are_too_small_are_told_where_nobody_could_look():
    def f(x):
        return np.nextafter(x, 1.0) * np.exp(-1000 * x) * 1e300

    with pytest.warns(
        LostDigitsWarning, match=r"exp at -1000.* too small .*test_checks.* nextafter"
    ):
        assert grad(f)(1.0) == 0
    grad(f)(1.0)  # once
    grad(lambda x: np.nextafter(x, 1.0) * np.exp(-x))(1.0)  # without a warning


ROTATION = np.array([[0.0, 1.0], [-1.0, 0.0]])


def far_tail(x):
    """exp(-1000 x), which is too small for floats at 1."""
    return np.exp(-1000 * x)


@pytest.mark.parametrize(
    "absorbed",
    [
        lambda x: np.nextafter(x, 1.0) * np.log(1 + far_tail(x) * x),
        lambda x: np.nextafter(x, 1.0) + far_tail(x) + x,
        lambda x: np.nextafter(x, 1.0) * np.where(far_tail(x) > 1, x, 2 * x),
        lambda x: np.nextafter(x, 1.0) * np.linalg.inv(np.eye(2) + far_tail(x) * ROTATION)[0, 0],
        lambda x: np.nextafter(x, 1.0) * special.logsumexp(np.array([0.0, -1000.0]) * x),
    ],
)
def test_small_numbers_beside_large_ones_are_not_told(absorbed):
    grad(absorbed)(1.0)  # a warning is an error here


def test_small_numbers_that_grow_again_are_told():
    def f(x):
        return np.nextafter(x, 1.0) * x + far_tail(x) * 1e300

    with pytest.warns(LostDigitsWarning, match="exp at -1000.* too small"):
        grad(f)(1.0)
