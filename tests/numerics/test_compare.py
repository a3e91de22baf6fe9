"""compare: what each kind of differentiation gives, how wrong it is, and what it costs."""

from importlib import import_module

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bibun
from bibun import compare
from bibun.errors import NotDifferentiableError
from bibun.ops.elementwise import TABLE
from bibun.wide.objects import mpmath, sympy

NAMES = [
    "automatic",
    "symbolic",
    "forward difference",
    "central difference",
    "complex step",
    "Richardson",
]
X = np.array([[-1.0, 0, 1], [2, 3, 4], [-1, -5, 2]])
W = np.array([[-0.1, 0.2], [0.3, -0.4], [0.5, 0.6]])
V = np.array([0.5, -1.5, 2.0])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_a_function_of_a_number():
    table = compare(sigmoid, 2.0)
    assert [row.name for row in table] == NAMES
    # 40 digits: 0.1049935854035065173486...; long double keeps 18 or 19 of them.
    assert abs(table.truth - np.longdouble("0.10499358540350651735")) < 1e-18
    assert table.source == "differences in 120 digits (mpmath)"
    assert table.value == sigmoid(2.0)
    errors = {row.name: row.error for row in table}
    # Two roundings; the truncation of differences is of the order of their steps.
    assert all(errors[name] < 4e-16 for name in ("automatic", "symbolic", "complex step"))
    assert 1e-12 < errors["forward difference"] < 1e-7
    assert 1e-14 < errors["central difference"] < 1e-9
    assert errors["Richardson"] < 1e-11
    assert {row.name: row.evaluations for row in table} == dict(
        zip(NAMES, (1, 0, 2, 2, 1, 20), strict=True)
    )
    assert all(0 < row.seconds < 1 for row in table)
    assert "exp(-x)" in table["symbolic"].note


def test_a_function_of_an_array():
    table = compare(lambda w: np.sum(np.sin(X @ w) ** 2), W)
    for row in table:
        assert row.gradient.shape == W.shape
        assert_allclose(row.gradient, X.T @ (np.sin(2 * X @ W)), rtol=1e-5)
    assert [row.evaluations for row in table] == [1, 0, 7, 12, 6, 120]
    assert table["automatic"].error < 1e-14


def test_single_precision_stays_single():
    table = compare(lambda x: 1 / np.exp(x), np.float32(100))
    assert all(row.gradient.dtype == np.float32 for row in table)
    assert float(table.truth) == pytest.approx(-3.720075976020836e-44, rel=1e-15)
    assert table["automatic"].error < 0.02  # all that a subnormal number of float32 can hold
    assert table["forward difference"].error == table["complex step"].error == 1


def test_cancellation_shows():
    table = compare(lambda x: (1 - np.cos(x)) / x**2, 1e-4)
    assert_allclose(
        float(table.truth), -1e-4 / 12, rtol=1e-8
    )  # the next term is smaller by x² / 15
    assert table["automatic"].error < 1e-5
    assert table["symbolic"].error > 1 and table["complex step"].error > 1


# fmt: off
EXPRESSIBLE = [
    (lambda x: np.where(x > 1, x**2, 2 * x - 1),                       1.5),
    (lambda x: np.maximum(x, 0) + np.abs(x) + np.sign(x),              0.7),
    (lambda x: (x > 1) * x + np.where(~(x > 2) & (x > 0), x, 0),       1.5),
    (lambda x: np.arctan2(x, 2) + np.hypot(x, 1) + np.arcsinh(x),      0.7),
    (lambda x: np.expm1(x) + np.log1p(x) + np.log2(x) + np.cbrt(x),    0.7),
    (lambda x: np.logaddexp(0, x) + np.exp2(x) + np.float32(0.1),      0.7),
    (lambda x: np.sum(np.concatenate([x, np.stack([x[0], x[2]])])**3), V),
    (lambda x: np.std(x) + np.prod(x) + x @ x + np.sum(np.cumsum(x)),  V),
    (lambda x: np.sum(np.outer(x, x)[1:, ::2] @ x[::2]),               V),
]
# fmt: on


@pytest.mark.parametrize("f, x", EXPRESSIBLE)
def test_most_operations_are_expressible(f, x):
    """SymPy and mpmath agree with us: a wrong translation would not."""
    table = compare(f, x)
    assert table.source.startswith("differences in 120 digits")
    assert table["symbolic"].error < 1e-14
    assert table["automatic"].error < 1e-14


@pytest.mark.parametrize(
    "dtype, exact, rough", [(np.complex128, 1e-15, 1e-6), (np.complex64, 1e-6, 1e-2)]
)
def test_complex_arguments(dtype, exact, rough):
    """By hand: the gradient of |w . z|^2 is 2 conj(w) (w . z); errors are those of the dtype."""
    z, w = np.array([[0.3 + 0.4j, -1 + 2j, 0], [1 - 1j, 2, 0.5j]], dtype)
    table = compare(lambda z: np.abs(np.sum(w * z)) ** 2, z)
    assert table.source == "Richardson in complex256 (complex numbers)"
    assert_allclose(table.truth, 2 * np.conj(w) * np.sum(w * z), rtol=exact)
    assert table["automatic"].error < exact
    for name in ("forward difference", "central difference", "Richardson"):
        assert table[name].error < rough and table[name].gradient.dtype == dtype
    assert [row.evaluations for row in table] == [1, 0, 7, 12, 0, 120]
    assert "complex" in table["symbolic"].note and "complex" in table["complex step"].note
    assert "j, " in str(table)


def test_a_complex_number():
    table = compare(np.abs, 3 + 4j)
    assert_allclose(table.truth, 0.6 + 0.8j, rtol=1e-16)  # 0.6 is no number of float64
    assert table["automatic"].gradient == 0.6 + 0.8j
    assert str(table).splitlines()[2].split()[:2] == ["automatic", "0.6+0.8j"]


def test_what_a_method_cannot_do_is_said():
    table = compare(lambda x: np.max(x) + np.linalg.det(np.outer(x, x) + np.eye(3)), V)
    assert table["symbolic"].gradient is None
    assert table["symbolic"].note.startswith("not expressible: ")
    assert table.source.startswith("Richardson in float64 (not expressible: ")
    assert table["automatic"].error < 1e-9
    assert compare(np.abs, 1.0)["complex step"].note == "TypeError: f drops the imaginary part"


def test_long_formulas_are_refused_in_time():
    def f(x):
        for _ in range(40):
            x = np.sin(x) + x * x / 4
        return x

    table = compare(f, 0.3)
    assert table["symbolic"].note == "the formula has more than 20000 operations"
    assert table["automatic"].error < 1e-12


def test_towers_of_exponentials_are_refused_in_time():
    table = compare(lambda x: 1 / np.exp(np.exp(np.exp(x))), 3.0)
    assert table.source.endswith("(a value is larger than 2^100000)")


def test_the_table_is_aligned():
    lines = str(compare(sigmoid, 2.0)).splitlines()
    assert lines[0] == "f(x) = 0.880797077977882"
    assert [line.split("  ")[0] for line in lines[1:]] == ["method", *NAMES, "truth"]
    column = lines[1].index("calls of f") + len("calls of f")
    assert all(line[column - 1].isdigit() for line in lines[2:8])


def test_functions_that_are_not_numbers_are_refused():
    with pytest.raises(
        NotDifferentiableError, match="compare: the function must return one number"
    ):
        compare(np.sin, V)


def test_variables_and_captured_arrays():
    v = bibun.Variable(V)
    assert compare(lambda x: np.sum(x * v) * 2, V)["symbolic"].error < 1e-15


def test_what_operations_say_of_other_libraries_is_true():
    """Their formulas have the values of the functions, and their names for SymPy exist."""
    import_module("bibun.ops.special")
    formulas = [op for op in TABLE.values() if callable(op.exact)]
    names = [op.exact for op in TABLE.values() if isinstance(op.exact, str)]
    assert formulas and all(map(mpmath().direct, formulas))
    assert names and all(hasattr(sympy().module, name) for name in names)
