"""Bound calls: usual calls on arrays that stay, with the extension and without."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

import bibun
from bibun import errors
from bibun.native import runtime
from bibun.native.jit import jitted

X = np.linspace(0.5, 2, 6)
WAYS = {"extension": runtime.extension(), "ctypes": None}


@pytest.fixture(params=WAYS)
def jit(request: pytest.FixtureRequest) -> Any:
    """bibun.jit with the extension, and without."""
    return lambda f, donate=(): jitted(f, (), donate, WAYS[request.param])


def total(x: Any) -> Any:
    return np.sum(np.sin(x) ** 2)


@pytest.mark.parametrize("size", [0, 6, 300_000])
def test_the_same_numbers_in_the_same_memory(jit, size):
    f, x = jit(bibun.value_and_grad(total)), np.linspace(0, 1, size)
    call = f.bind(x)
    first = value, slope = call()
    for k in range(3):
        x += k
        assert call() is first
        want = f(x)
        assert value == want[0] and slope.tobytes() == want[1].tobytes()
        assert value.shape == () and type(value) is np.ndarray
    slope[...] = 7  # which is the user's
    assert call()[1].tobytes() == want[1].tobytes()


def test_containers_numbers_and_what_is_outside(jit):
    v, outside = bibun.Variable(2 * X), np.ones(6)

    def f(p: dict, n: Any, k: int, *, table: Any) -> Any:
        return {"y": [p["x"] * n * v + outside, None, "text"], "n": (n * k, table[0] + 1)}

    x, kept = X.copy(), X.copy()
    kept.flags.writeable = False
    g = jit(f, donate="p")
    call = g.bind({"x": x}, np.float64(3), 2, table=(kept,))
    found = call()
    for change in (lambda: x.fill(2), lambda: v.assign(X), lambda: outside.fill(5)):
        change()
        assert call() is found
        want = g({"x": x}, np.float64(3), 2, table=(kept,))
        assert str(found) == str(want).replace("np.float64(6.0)", "array(6.)")
    np.testing.assert_array_equal(found["y"][0], 2 * 3 * X + 5)


def test_other_decisions_are_taken_at_a_later_call(jit):
    f, x = jit(lambda x: x * 2 if x.sum() > 0 else x - 1), X.copy()
    call = f.bind(x)
    y = call()
    for sign in (-1, 1, 1, -1):
        x[...] = sign * X
        assert call() is y
        np.testing.assert_array_equal(y, x * 2 if sign > 0 else x - 1)


def test_other_results_do_not_fit(jit):
    f, x = jit(lambda x: x if x.sum() > 0 else (x[1:] if x[0] > -9 else (x, "text"))), X.copy()
    call = f.bind(x)
    for wrong in (-X, -10 * X):
        x[...] = wrong
        with pytest.raises(TypeError, match="bind: the function returns something else"):
            call()
    x[...] = X
    np.testing.assert_array_equal(call(), X)


def test_what_is_not_finite_is_told_and_what_fails_raises(jit):
    x = X.copy()
    call = jit(bibun.grad(lambda x: np.sum(np.sqrt(x)))).bind(x)
    x[0] = 0
    with pytest.warns(errors.NotFiniteWarning):
        assert call()[0] == np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(call()[1:], 0.5 / np.sqrt(X[1:]))
    a = np.eye(3)
    factor = jit(np.linalg.cholesky).bind(a)
    a[...] = -np.eye(3)
    with pytest.raises(np.linalg.LinAlgError):
        factor()
    a[...] = 4 * np.eye(3)
    np.testing.assert_array_equal(factor(), 2 * np.eye(3))


@pytest.mark.parametrize(
    "x",
    [
        np.ones((3, 2)).T, np.ones(6)[::2], np.ones(3, ">f8"), np.ones((2, 2)).view(np.matrix),
        np.frombuffer(bytes(25), np.uint8)[1:].view("f8"), bibun.Variable(X), bibun.constant(X),
    ],
)  # fmt: skip
def test_what_would_be_copied_is_refused(jit, x):
    with pytest.raises(TypeError, match=r"bind: an? .*(copied at each call|written into)"):
        jit(total).bind(x)


def test_methods(jit):
    class Model:
        rate = 2

        @jit
        def step(self, x: Any) -> Any:
            return x * self.rate

    x = X.copy()
    call = Model.step.bind(Model(), x)
    x += 1
    np.testing.assert_array_equal(call(), (X + 1) * 2)


def test_wrong_uses(jit):
    x = X.copy()
    call = jit(lambda x: x * 2).bind(x)
    with pytest.raises(TypeError):
        call(x)
    with pytest.raises(errors.TracingError, match="under grad, vmap and tapes"):
        bibun.grad(lambda z: z * np.sum(call()))(1.0)
    x.shape = (2, 3)
    with pytest.raises(TypeError, match="bind it again"):
        call()
    x.shape = (6,)
    np.testing.assert_array_equal(call(), X * 2)
    with pytest.raises(TypeError):
        jit(lambda x: x * 2).bind()


def test_calls_at_once_are_refused_or_right():
    """Another thread never sees half of a result: it is told."""
    x = np.linspace(0, 1, 2_000_000)
    call = bibun.jit(lambda x: np.sin(np.exp(x))).bind(x)
    call(), call()  # which tells that it takes long, so that others run meanwhile
    want, told = call().copy(), []

    def often() -> None:
        for _ in range(20):
            try:
                call()
            except RuntimeError as error:
                told.append(str(error))

    several = [threading.Thread(target=often) for _ in range(2)]
    for t in several:
        t.start()
    for t in several:
        t.join()
    assert all("needs a bound call of its own" in t for t in told) and len(told) < 40
    np.testing.assert_array_equal(call(), want)


def test_what_is_bound_lives_as_long_as_it_is_needed(jit):
    class Marked:
        pass

    mark = Marked()

    def f(x: Any, unused: Any = mark) -> Any:
        return x * 2, mark and None

    x = X.copy()
    call = jit(f).bind(x)
    y, _ = call()
    known, mark, f = weakref.ref(mark), None, None
    del call
    gc.collect()
    assert known() is None
    np.testing.assert_array_equal(y, X * 2)  # whose memory is its own
