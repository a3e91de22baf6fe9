"""Numbers of Python's, of NumPy's and arrays without axes are what they are without bibun."""

import math
import numbers
from dataclasses import dataclass

import numpy as np
import pytest

from bibun import errors, grad, jit, jvp, vmap

KINDS = (float, int, complex, np.floating, np.complexfloating, np.ndarray, np.generic, numbers.Real)


def made_of(x):
    """Numbers that come out of a number of NumPy's in many ways."""
    y, z = float(x), complex(x)
    yield from (x, y, z, -y, +y, abs(y), abs(z), -x, z.real, z.imag, y.real, z.conjugate(), z * y)
    yield from (y + 1, 1 + y, y * y, y / 2, 2 // y, y % 1, y**2, 2**y, *divmod(y, 1), x * y, y * x)
    yield from (round(y, 2), round(y), int(y), round(x, 2), math.sin(y), math.floor(y), np.sin(y))
    yield from (max(y, 0.0), min([y, 1]), sorted([y, 1.0])[0], max(x, x), sum([y, y]), sum([x, y]))
    yield from (math.fsum([y, y]), math.hypot(y, 1.0), x.item(), *math.modf(y), np.float64(y))
    yield from (np.array(x), np.asarray(y), np.array(x) + 1, np.array(x)[()], np.array(x)[...])
    yield from (x.copy(), np.copy(x), np.array(x).copy(), np.where(y > 0, y, 0.0), np.full((), y))
    yield from (np.array([x])[0], np.array([x])[0, ...], np.array([x]).reshape(()), np.squeeze(x))
    yield from (np.sum(np.array(x)), np.zeros_like(x), np.clip(x, 0, 1), np.broadcast_to(x, ()))


def kinds_of(x):
    return [[isinstance(y, k) for k in KINDS] for y in made_of(x)]


def types_of(x):
    return [type(y) for y in made_of(x)]


@pytest.mark.parametrize("look", [kinds_of, types_of])
def test_isinstance_and_type(look):
    found = {}

    def f(x):
        found["here"] = look(x)
        return x * 2

    expected = look(np.float64(0.3))
    grad(f)(np.float64(0.3))
    assert found.pop("here") == expected
    vmap(f)(np.array([0.3]))
    assert found.pop("here") == expected


@pytest.mark.parametrize("given", [0.5, np.float64(0.5), np.array(0.5), np.float32(0.5)])
def test_arguments(given):
    found = []

    def f(x):
        found.append(([isinstance(x, k) for k in KINDS], type(x)))
        return x * 2

    grad(f)(given)
    f(given)
    assert found[0] == found[1]


def second_name(x):
    b = np.array(x[0])
    c = b
    b *= 2
    d = x[1]
    e = d
    d *= 3
    return c * d * e


def filled(x):
    total = np.zeros(())
    shown = total[...]
    for v in x:
        total += v * v
    shown[()] *= x[0]
    return total * shown


@pytest.mark.parametrize("f", [second_name, filled])
def test_names_of_arrays_without_axes(f):
    x, h = np.array([0.75, 1.5]), 1e-6
    # Polynomials of degree 5: central differences have an error of h^2 times a third derivative.
    slope = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(grad(f)(x), slope, rtol=1e-8)
    assert vmap(f)(x[None])[0] == jit(f)(x) == f(x)
    np.testing.assert_array_equal(vmap(grad(f))(x[None])[0], grad(f)(x))
    np.testing.assert_allclose(grad(jit(f))(x), grad(f)(x), rtol=1e-15)  # sums in another order


def guarded_quotient(x):
    try:
        return 1 / float(x[0])
    except ZeroDivisionError:
        return 7 * x[1]


def guarded_power(x):
    try:
        return float(x[1]) ** -float(x[0] + 1) + 0.0 ** float(x[0] - 1)
    except ZeroDivisionError:
        return x[0]


def root(x):
    return abs((-8.0 * float(x[1])) ** (1 / 3))


@pytest.mark.parametrize(
    "f, slope",
    [(guarded_quotient, [0, 7]), (guarded_power, [1, 0]), (root, [0, 2 / 3])],
)
def test_errors_of_pythons_operators(f, slope):
    x = np.array([0.0, 1.0])
    np.testing.assert_allclose(grad(f)(x), slope, rtol=1e-15)
    # The principal power and the way by logarithms may differ in the last place.
    np.testing.assert_allclose(jvp(f, (x,), (np.ones(2),))[0], f(x), rtol=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1 / float(x), lambda x: 1 % float(x), lambda x: 1 // float(x),
        lambda x: divmod(1.0, float(x)), lambda x: float(x) ** -1, lambda x: 1 / complex(x),
        lambda x: (1e200 + float(x)) ** 2,
    ],
)  # fmt: skip
def test_errors_are_pythons(f):
    with pytest.raises(ArithmeticError) as plain:
        f(0.0)
    with pytest.raises(type(plain.value), match=str(plain.value).split(":")[0]):
        grad(f)(np.float64(0.0))


@dataclass
class Length:
    value: float


def matched(x):
    match x:
        case float():
            return x * 2
        case _:
            return x * 3


def matched_inside(x):
    match {"a": [Length(x)]}:
        case {"a": [Length(value=np.floating() | int())]}:
            return x * 2
        case _:
            return x * 3


def matched_else(x):
    match [Length(x), "m"]:
        case [Length(value=v), str()]:
            return v * 2
        case _:
            return x * 3


def test_match():
    words = r"match: `case float\(\)` does not see.*\(test_numbers.py:\d+: `x`\)"
    with pytest.raises(errors.TracingError, match=words):
        grad(matched)(2.0)
    with pytest.raises(errors.TracingError, match=r"`case floating\(\)` does not see"):
        grad(matched_inside)(np.float64(2.0))
    assert grad(matched_else)(2.0) == 2.0


ROWS = [[2.0, np.nan, 3.0], [2.0, 5.0, 3.0], [np.nan, 4.0, 1.0], [4.0, 1.0, np.nan]]


@pytest.mark.parametrize("f", [max, min, lambda x: sorted(x)[1]], ids=["max", "min", "sorted"])
def test_the_order_of_nans_is_that_of_pythons_comparisons(f):
    jitted = jit(lambda x: f(x))
    slopes = jit(grad(lambda x: f(x)))
    for row in map(np.array, ROWS):
        np.testing.assert_array_equal(jitted(row), f(row))
        np.testing.assert_array_equal(slopes(row), grad(lambda x: f(x))(row))


@pytest.mark.parametrize("f", [int, round, math.floor, math.ceil, math.trunc])
def test_whole_numbers_that_do_not_fit_are_refused(f):
    jitted = jit(lambda x: f(x[0]) * 0.5)
    for value in (2.75, 1e20, -7.25, -1e20, 2.0**62):
        if abs(value) < 2**63:
            assert jitted(np.array([value])) == f(value) * 0.5
        else:
            with pytest.raises(OverflowError, match="64 bits"):
                jitted(np.array([value]))
    with pytest.raises(ValueError, match="NaN to integer"):
        jitted(np.array([np.nan]))


@pytest.mark.parametrize("f", [str, repr])
def test_text_needs_the_value(f):
    with pytest.raises(errors.AbstractValueError, match="the text of x needs the value"):
        jit(lambda x: x * len(f(x[0])))(np.ones(2))
    assert grad(lambda x: x * len(f(2 * x)))(1.0) == len(f(2.0))
