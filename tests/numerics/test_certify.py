"""certify: digits that are proven, the operation that loses them, and those that have no balls."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bibun import grad, jit
from bibun.array import bind
from bibun.errors import AbstractValueError, NotDifferentiableError, UnsupportedError
from bibun.numerics import certify, explain, rescue
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


# fmt: off
CONDITIONS = [  # a function, where, the worst operation, its place, and its condition in mpmath
    (lambda x: np.sum(1 - np.cos(x)), [1.0, 1e-3], "subtract", (1,),
     lambda: (1 + mp.cos(1e-3)) / (1 - mp.cos(1e-3))),
    (lambda x: np.exp(x[0]) + x[1], [500.0, 1.0], "exp", (), lambda: 500),
    (lambda x: np.sum(x) ** 2, [1.0, 2.0, -2.9999], "sum", (), lambda: mp.mpf("5.9999") / 1e-4),
    (lambda x: np.log(x), 1.001, "log", (), lambda: 1 / mp.log(1.001)),
]
# fmt: on


@pytest.mark.parametrize("f, x, operation, place, exact", CONDITIONS)
def test_the_condition_of_each_operation_is_told(f, x, operation, place, exact):
    found = certify(f, np.asarray(x)[()])
    worst = found.conditions[0]
    assert (worst.operation, worst.place) == (operation, place)
    assert worst.number == pytest.approx(float(exact()), rel=1e-8)
    assert worst.position.file == __file__
    assert str(worst) in str(found)


def test_what_loses_nothing_has_all_its_digits():
    found = certify(lambda x: np.sum(np.sin(x) * np.exp(x)), np.array([0.3, 0.7]))
    assert found.losses == [] and found.without == []
    assert (found.gradient_digits > 15).all()


def test_operations_without_balls_are_named_and_prove_nothing():
    found = certify(lambda x: np.sum(np.nextafter(x, 2)), np.ones(2))
    assert found.without == ["nextafter"] and not found.proven
    assert np.isnan(found.value) and found.value_digits == 0
    assert "no balls: nextafter" in str(found)


def test_what_cannot_be_proven_is_not():
    """Infinite arguments, complex numbers and huge programs; without arguments there is a value."""
    assert np.isnan(certify(lambda x: np.sum(x - x), np.array([np.inf, 1.0])).value)
    assert certify(lambda x: np.abs(np.exp(1j * x)), 1.0).without == ["complex numbers"]
    with pytest.raises(UnsupportedError, match="smaller part"):
        certify(lambda x: np.sum(np.sin(x)), np.ones(600_000))
    assert certify(lambda: np.float64(2.0)) == (2.0, (), pytest.approx(16, abs=0.1), (), [], [], [])
    assert certify(lambda x, k: np.sum(x) * k, np.ones(2), k=3.0).value == 6


@pytest.mark.parametrize("look", [certify, explain])
def test_inside_of_jit_there_are_no_numbers(look):
    x = np.array([1.0, 0.0])
    with pytest.raises(AbstractValueError, match="outside"):
        jit(lambda y: (look(lambda z: np.sum(z / x), x), y)[1])(1.0)


def test_the_table_can_be_certified():
    """Examples of all operations of real floats; what has no balls says so."""
    total, without = 0, set()
    for case in map(cases.base, cases.examples()):
        floats = [a for a in case.args if a.dtype.kind == "f"]
        if not floats or any(np.iscomplexobj(x) for x in (*case.args, *results(case))):
            continue
        try:
            found = certify(lambda *given, case=case: weighted(case, given), *floats)
        except NotDifferentiableError:  # no result is a float, or SciPy has no derivative
            continue
        total, without = total + 1, without | set(found.without)
        assert found.proven or found.without, case.label
    assert total > 250
    assert without == {"carlson", "hermitianeigh", "nextafter", "opaque", "spacing"}


def results(case):
    y = case.op.value(*case.args)
    return y if isinstance(y, tuple) else (y,)


def weighted(case, floats):
    """A number that depends on all results that are floats."""
    given = iter(floats)
    y = bind(case.op, *(next(given) if a.dtype.kind == "f" else a for a in case.args))
    arrays = [z for z in (y if isinstance(y, tuple) else (y,)) if z.dtype.kind == "f"]
    return sum(np.sum(z * np.arange(1.0, 1 + z.size).reshape(z.shape)) for z in arrays)
