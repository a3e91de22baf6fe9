"""Floats with bounds: what is exact lies within them, and lost digits are not taken for kept."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import bibun
from bibun.wide import rescue
from bibun.wide.checks import kept
from bibun.wide.near import FUNCTIONS, Near, near
from bibun.wide.objects import UndecidedError

EXACT = {
    "arctan": mpmath.atan, "absolute": abs, "fabs": abs, "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x, "negative": lambda x: -x, "positive": lambda x: x,
    "add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y, "maximum": max, "minimum": min,
}  # fmt: skip
BINARY = {"add", "subtract", "multiply", "divide", "maximum", "minimum"}
SIZES = 1e-320, 1e-160, 1e-9, 0.3, 1.0, 7.0, 600.0, 1e4, 1e200


def numbers(rng: np.random.Generator) -> list[Near]:
    """Numbers of all sizes and signs, exact ones and others."""
    sizes = [s * float(rng.uniform(0.5, 1)) for s in SIZES]
    offs = (0.0, 1e-17, 1e-9, 0.2)
    return [Near(sign * x, abs(x) * off) for x in sizes for sign in (1, -1) for off in offs]


def within(x: Near, rng: np.random.Generator) -> list[mpmath.mpf]:
    """Some of the numbers that this one may be, exactly."""
    middle, off = mpmath.mpf(x.x), mpmath.mpf(x.off)
    return [middle - off, middle + off, middle + off * mpmath.mpf(float(rng.uniform(-1, 1)))]


def holds(f: str, given: list[Near], rng: np.random.Generator) -> bool:
    """Whether a function has a bound for these numbers, within which all values are."""
    try:
        found = FUNCTIONS[f](*given)
    except (ArithmeticError, ValueError, UndecidedError):
        return False
    exact = EXACT[f] if f in EXACT else getattr(mpmath, f)
    for k in range(3):
        value = exact(*(within(x, rng)[k] for x in given))
        assert abs(value - found.x) <= found.off, (f, [(x.x, x.off) for x in given])
    return True


def test_what_underflows_may_be_far_from_zero_all_the_same():
    found = FUNCTIONS["exp"](Near(-746.0, 20.0))
    with mpmath.workprec(200):
        assert mpmath.exp(-726) - found.x <= found.off


def test_whole_numbers_that_floats_round_are_refused():
    with pytest.raises(OverflowError):
        near(np.int64(2**53 + 1))


@pytest.mark.parametrize("f", sorted(FUNCTIONS))
def test_functions_are_within_their_bounds(f):
    rng = np.random.default_rng(0)
    with mpmath.workprec(2400):
        first = numbers(rng)
        second = rng.permutation(np.array(first, object)).tolist()
        cases = zip(first, second, strict=True) if f in BINARY else zip(first, strict=True)
        found = [holds(f, list(given), rng) for given in cases]
    assert sum(found) > len(found) / 4


@pytest.mark.parametrize(("x", "p"), [(1.3, 2), (-0.7, 5), (3.0, -3), (2.5, 0.5), (0.1, -1.25)])
def test_powers_are_within_their_bounds(x, p):
    with mpmath.workprec(200):
        for off in (0.0, 1e-12, 1e-3):
            found = Near(x, off) ** p
            for t in within(Near(x, off), np.random.default_rng(1)):
                assert abs(t**p - found.x) <= found.off


def test_what_may_be_equal_is_not_decided():
    a, b = Near(1.0, 1e-9), Near(1.0 + 5e-10)
    for ask in (
        lambda: a < b,
        lambda: a >= b,
        lambda: a == b,
        lambda: bool(a - b),
        lambda: 1 / (a - b),
    ):
        with pytest.raises(UndecidedError):
            ask()
    assert Near(1.0) == 1 and a < 2 and a != 2 and a > 0.5
    assert not Near(2.0) < 2 and Near(2.0) <= 2
    with pytest.raises(OverflowError):
        Near(math.inf)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_digits_are_kept_or_not(dtype):
    """Measured at the largest number, unless numbers stand for themselves; zeros are no numbers."""
    y = np.array([1.0, 1e-9, 0.0], dtype)
    near = [Near(float(x)) for x in y]
    part = float(np.finfo(dtype).eps) ** 0.75
    assert kept(y, near)
    assert kept(y, [near[0], Near(near[1].x + part / 4), near[2]])
    assert not kept(y, [near[0], Near(near[1].x + part), near[2]])
    assert not kept(y, [near[0], near[1], Near(1e-30)])
    assert not kept(y, [Near(1.0, part), near[1], near[2]])
    assert not kept(np.array([1.0, 1e-32], dtype), [Near(1.0), Near(2e-32)])


def test_sound_derivatives_need_no_balls(monkeypatch):
    def refused(check):
        raise AssertionError("balls")

    monkeypatch.setattr(rescue, "balls", refused)
    x = np.array([0.3, -2.0, 1.5])
    g = bibun.grad(lambda x: np.sum(np.sin(x @ x) ** 2 + np.where(x > 0, np.exp(-x), np.tanh(x))))(
        x
    )
    want = np.sin(2 * (x @ x)) * 6 * x + np.where(x > 0, -np.exp(-x), 1 - np.tanh(x) ** 2)
    np.testing.assert_allclose(g, want, rtol=1e-12)
    with pytest.raises(AssertionError, match="balls"):
        bibun.grad(lambda x: (1 - np.cos(x)) / x**2)(1e-6)
