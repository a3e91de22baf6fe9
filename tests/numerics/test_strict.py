"""strict: what is a convention is nan with a warning; what exists, or is infinite, stays."""

import warnings

import numpy as np
import pytest

from bibun import grad
from bibun.errors import NotDifferentiableError, NotFiniteWarning
from bibun.numerics import strict

# fmt: off
CONVENTIONS = [  # functions without a derivative at a point
    (np.abs, 0.0), (lambda x: np.maximum(x, 0), 0.0), (np.sign, 0.0), (np.floor, 2.0),
    (lambda x: np.linalg.norm(x), np.zeros(2)), (lambda x: np.max(x), np.ones(3)),
    (lambda x: np.sum(np.sort(x) * np.arange(2.0)), np.ones(2)), (lambda x: np.std(x), np.ones(2)),
    (lambda x: np.clip(x, 0, 1), 1.0), (lambda x: np.where(x > 0, x, 0), 0.0),
    (lambda x: np.hypot(x[0], x[1]), np.zeros(2)), (lambda x: np.sqrt(x**2), 0.0),
    (lambda x: np.median(x), np.array([1.0, 1.0, 1.0])),
]
EXISTING = [  # a function, a point, and its derivative
    (np.sin, 0.0, 1.0), (lambda x: np.abs(x) ** 3, 0.0, 0.0), (np.abs, -2.0, -1.0),
    (lambda x: np.linalg.norm(x) ** 2, np.zeros(2), [0, 0]), (lambda x: np.sin(x) / x, 0.0, 0.0),
    (np.sqrt, 0.0, np.inf), (lambda x: np.where(x == 0, 1, np.sinc(x)), 0.0, 0.0),
    (lambda x: np.sum(np.maximum(x, 0) + np.minimum(x, 0)), np.zeros(2), [1, 1]),
]
# fmt: on


@pytest.mark.parametrize("f, x", CONVENTIONS)
def test_conventions_are_nan(f, x):
    x = np.asarray(x)[()]
    assert np.isfinite(grad(f)(x)).all()
    with strict(), pytest.warns(NotFiniteWarning, match="do not exist"):
        assert np.isnan(grad(f)(x)).any()


@pytest.mark.parametrize("f, x, expected", EXISTING)
def test_derivatives_that_exist_stay(f, x, expected):
    with strict(), warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(grad(f)(np.asarray(x)[()]), expected)


def test_only_the_numbers_without_derivative_go():
    with strict(), pytest.warns(NotFiniteWarning, match="1 numbers"):
        found = grad(lambda x: np.sum(np.abs(x)))(np.array([0.0, 2.0]))
    np.testing.assert_array_equal(found, [np.nan, 1])


def test_what_cannot_be_told_is_an_error():
    with strict(), pytest.raises(NotDifferentiableError, match="nextafter"):
        grad(lambda x: np.sum(np.nextafter(x, 2)))(np.ones(2))
    with strict(operations=10), pytest.raises(NotDifferentiableError, match="budget"):
        grad(lambda x: np.sum(x**2))(np.ones(100))
