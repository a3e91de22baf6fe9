"""explain: which operation made inf or nan, where, and of what."""

import numpy as np
import pytest

from bibun.errors import DtypeError
from bibun.numerics import explain


def test_a_value():
    def f(x):
        y = np.exp(x)
        return np.sum(y - np.log(x - 1))

    found = explain(f, np.array([2.0, 3.0, 0.5]))
    assert (found.what, found.operation, found.place) == ("the value", "log", (2,))
    assert found.operands == (-0.5,) and np.isnan(found.result)
    assert found.position.source == "np.log(x - 1)"
    assert found.position.file == __file__


def test_a_derivative():
    def f(x):
        return np.sum(x**0.25 * np.array([1.0, 2.0]))

    found = explain(f, np.array([1.0, 0.0]))
    assert (found.what, found.operation, found.place) == ("the derivative", "power", (1,))
    assert found.result == np.inf


def test_the_first_one_is_named():
    def f(x):
        return np.sqrt(np.log(x)) / np.exp(1000 * x)

    found = explain(f, 0.5)
    assert found.operation == "sqrt" and found.operands == (np.log(0.5),)


def test_nothing_to_explain():
    assert explain(lambda x: np.sum(x**2), np.ones(3)) is None
    # The derivative of the quotient as it is written would be inf / inf.
    assert explain(lambda x: np.exp(x) / (1 + np.exp(x)), 400.0) is None


def test_integers_have_no_derivative():
    with pytest.raises(DtypeError):
        explain(np.sin, np.arange(3))
