"""Numbers that NumPy has computed, and rounded, before they met what is differentiated."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bibun import GradientTape, constant, grad
from bibun.errors import LostDigitsWarning

mp = pytest.importorskip("mpmath")

P, Q = np.array([0.7, 0.3], np.float32), np.array([0.70001, 0.30002], np.float32)


def distance(p, q, lib=np):
    """The angle between two places on a sphere, by a formula that cancels where they are near."""
    both = lib.cos(p[0]) * lib.cos(q[0]) * lib.cos(p[1] - q[1])
    return lib.arccos(lib.sin(p[0]) * lib.sin(q[0]) + both)


def exact():
    with mp.workdps(60):
        mp.arccos = mp.acos
        p, q = ([mp.mpf(float(x)) for x in a] for a in (P, Q))
        return [float(mp.diff(lambda u: distance((u, p[1]), q, mp), p[0])),
                float(mp.diff(lambda v: distance((p[0], v), q, mp), p[1]))]  # fmt: skip


@pytest.mark.parametrize("call", [
    lambda: grad(distance)(P, Q),
    lambda: grad(lambda p, places: distance(p, **places))(P, {"q": Q}),
    lambda: grad(lambda p, q=None: distance(p, q))(P, q=Q),
])  # fmt: skip
def test_what_the_function_computes_of_its_arguments_is_not_rounded(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_allclose(call(), exact(), rtol=1e-6)


def test_from_elsewhere_it_is_said_that_digits_are_missing():
    with pytest.warns(LostDigitsWarning, match=r"last digits of arrays from outside"):
        grad(lambda p: distance(p, Q))(P)
    p = constant(P)
    with GradientTape() as tape:
        tape.watch(p)
        y = distance(p, Q)
    with pytest.warns(LostDigitsWarning, match=r"arccos at .* loses|cancel"):
        tape.gradient(y, p)


def test_a_kink_where_both_arguments_are_equal():
    def angle(a, b):
        p, q = np.exp(a) / np.sum(np.exp(a)), np.exp(b) / np.sum(np.exp(b))
        return np.arccos(np.sum(np.sqrt(p) * np.sqrt(q)))

    a = np.array([0.2, -1.0, 0.5, 1.5])
    assert_allclose(grad(angle)(a, a), np.zeros(4), atol=1e-12)


def test_numbers_that_are_written_down_are_no_matter():
    weights = np.array([0.5, 2.0, 3.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for c in (weights, np.float64(0.25), 0.1):
            found = grad(lambda x, c=c: np.sum(c * (1 - np.cos(x)) / x**2))(1e-7)
            assert_allclose(found, -1e-7 / 12 * np.sum(c), rtol=1e-14)


def test_a_function_that_needs_plain_numbers_is_not_run_again_in_vain():
    with pytest.warns(LostDigitsWarning, match="outside"):
        grad(lambda p, q: distance(p, np.frombuffer(q.tobytes(), q.dtype)))(P, Q)
