"""Balls: every operation that has exact numbers contains in them what it computes in floats."""

import numpy as np
import pytest

from bibun.array import bind
from bibun.walk import build
from bibun.wide.balls import Ball, UndecidedError, balls, precision, raw
from bibun.wide.objects import NotExpressibleError, interpret
from tests.laws import cases

# What has no exact numbers yet; a line that becomes wrong has to go.
FLOATS_ONLY = {
    "hermitianeigh", "factors", "opaque", "signbit", "spacing", "nextafter", "exponent",
}  # fmt: skip


def _real(case):
    kinds = {a.dtype.kind for a in case.args}
    return "c" not in kinds and "f" in kinds


CASES = [case for case in map(cases.base, cases.examples()) if _real(case)]


def _several(y):
    return list(y) if isinstance(y, tuple) else [y]


def _found(case):
    graph = build(case.types, lambda *args: _several(bind(case.op, *args)))
    library = balls(lambda values: None)
    with precision(200), np.errstate(all="ignore"):
        results = interpret(graph, [library.elements(a) for a in case.args], library)
    return [library.floats(y) if np.asarray(y).dtype == object else y for y in results]


@pytest.mark.parametrize("case", CASES, ids=[c.label for c in CASES])
def test_exact_numbers_are_next_to_the_floats(case):
    if case.op.name in FLOATS_ONLY:
        with pytest.raises((NotExpressibleError, AssertionError, KeyError, TypeError)):
            _compare(case)
        return
    _compare(case)


def _compare(case):
    expected = _several(case.op.value(*case.args))
    if any(np.iscomplexobj(y) for y in expected):
        return
    for y, found in zip(expected, _found(case), strict=True):
        assert np.shape(found) == np.shape(y)
        # The examples are well-conditioned, but some are sums of a few terms of other signs; casts
        # to single precision do not round exact numbers.
        rtol = 1e-6 if y.dtype == np.float32 else 1e-9
        np.testing.assert_allclose(np.asarray(found, float), np.asarray(y, float), rtol, 1e-12)


def ball(x):
    return Ball(raw(x))


def test_numbers_have_no_bounds():
    with precision(100):
        x = ball(10) ** 1000
        assert float((x * x) / (x * x * 3)) == 1 / 3
        x = ball(10) ** 15
        assert float(balls(None).exp(-x) * balls(None).exp(x)) == 1


def test_zero_times_a_number_of_any_size_is_zero():
    with precision(64):
        assert ball(0) * balls(None).exp(ball(10) ** 30) == 0


@pytest.mark.parametrize("compare", [lambda a, b: a < b, lambda a, b: a == b, lambda a, b: a >= b])
def test_what_is_too_vague_to_compare_is_not_compared(compare):
    with precision(64):
        third = ball(1) / 3
        with pytest.raises(UndecidedError):
            compare(third * 3, ball(1))


def test_the_precision_is_that_of_the_block():
    with precision(1000):
        inner = ball(1) / 3
        with precision(64):
            pass
        assert raw(inner * 3 - 1) != 1
        assert raw(inner).rel_accuracy_bits() > 900


def test_halves_are_rounded_to_even():
    numbers = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, -2.6, 7.0]
    with precision(64):
        found = [float(balls(None).rint(ball(x))) for x in numbers]
    assert found == np.rint(numbers).tolist()
