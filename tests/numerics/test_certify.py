"""certify: digits that are proven, the operation that loses them, and those that have no balls."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from bibun import grad
from bibun.array import bind
from bibun.errors import NotDifferentiableError
from bibun.numerics import certify, rescue
from tests.laws import cases

mp = pytest.importorskip("mpmath")


def test_the_gradient_is_proven_where_floats_have_few_digits():
    found = certify(lambda x: (1 - np.cos(x)) / x**2, 1e-4)
    with mp.workdps(60):
        expected = mp.diff(lambda x: (1 - mp.cos(x)) / x**2, mp.mpf(1e-4))
    assert found.proven and found.gradient == float(expected)
    with rescue(False):
        plain = grad(lambda x: (1 - np.cos(x)) / x**2)(1e-4)
    wrong = abs((plain - float(expected)) / float(expected))
    assert found.gradient_digits == pytest.approx(-np.log10(wrong), abs=0.1)


def test_digits_are_told_for_each_number_in_the_containers_of_the_arguments():
    x = {"a": np.array([1e-9, 1.0], np.float32), "b": 2.0}
    found = certify(lambda x: np.sum(x["a"] - np.log(1 + x["a"])) * x["b"], x)
    assert_allclose(found.gradient["a"], [2e-9, 1.0], rtol=1e-6)  # x - log(1 + x) = x^2/2 - ...
    assert found.gradient["a"].dtype == np.float32
    assert found.gradient_digits["a"][0] < 1 and found.gradient_digits["a"][1] > 6
    assert found.gradient_digits["b"].shape == ()


def test_the_operation_and_the_line_are_named():
    def f(x):
        near = np.cos(x)
        return np.sum(1 - near)

    (first, *_) = certify(f, np.array([1.0, 1e-6])).losses
    assert (first.operation, first.operands[0]) == ("subtract", 1.0)
    assert 8 < first.digits < 13  # of cos(1e-6) = 1 - 5e-13
    assert "1 - near" in str(first) and "test_certify.py" in str(first)


def test_what_loses_nothing_has_all_its_digits():
    found = certify(lambda x: np.sum(np.sin(x) * np.exp(x)), np.array([0.3, 0.7]))
    assert found.losses == [] and found.without == []
    assert (found.gradient_digits > 15).all()


def test_operations_without_balls_are_named_and_prove_nothing():
    found = certify(lambda a: np.sum(np.linalg.svd(a)[1]), np.eye(2) + 1)
    assert found.without == ["svd"] and not found.proven
    assert np.isnan(found.value) and np.isnan(found.gradient).all()
    assert_array_equal(found.gradient_digits, 0)
    assert "no balls: svd" in str(found)


def test_most_of_the_table_can_be_certified():
    """Examples of all operations of real floats; those without balls are few, and say so."""
    total, without = 0, set()
    for case in map(cases.base, cases.examples()):
        if {a.dtype.kind for a in case.args} != {"f"}:
            continue
        y = case.op.value(*case.args)
        if isinstance(y, tuple) or y.dtype.kind != "f" or case.op.kind == "control":
            continue
        try:
            found = certify(lambda *args, op=case.op: np.sum(bind(op, *args)), *case.args)
        except NotDifferentiableError:  # by some argument: SciPy has no derivative there
            continue
        total, without = total + 1, without | set(found.without)
        assert found.proven or found.without, case.label
    assert total > 100
    assert len(without) < total / 6, without
