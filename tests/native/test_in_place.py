"""Donated arguments in place: the numbers of new arrays, in the arrays that were given."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import runtime
from bibun.native.jit import jitted

WAYS = {"extension": runtime.extension(), "ctypes": None}
LONG = 300_000


@pytest.fixture(params=WAYS)
def jit(request: pytest.FixtureRequest) -> Any:
    """bibun.jit in place, with the extension and without."""

    def made(f: Callable[..., Any], donate: Any, static: Any = ()) -> Any:
        return jitted(f, static, donate, WAYS[request.param], in_place=True)

    return made


def array(*shape: int, seed: int = 0, dtype: str = "f4") -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 2, shape).astype(dtype)


def adam(state: Any, g: Any) -> Any:
    m = {k: 0.9 * state["m"][k] + 0.1 * g[k] for k in g}
    v = {k: 0.99 * state["v"][k] + 0.01 * g[k] * g[k] for k in g}
    n = state["n"] + 1
    p = {k: state["p"][k] - m[k] / (np.sqrt(v[k]) + 1e-8) / n.astype("f4") for k in g}
    return {"p": p, "m": m, "v": v, "n": n}, np.sum(p["w"])


def test_a_state_changes_where_it_lies(jit):
    g = {"w": array(300, 1000, seed=1), "b": array(3, seed=2)}
    fresh = lambda k: {"w": array(300, 1000, seed=k), "b": array(3, seed=k)}  # noqa: E731
    for count in (np.array(0), np.float64(0)):
        state = {"p": fresh(3), "m": fresh(4), "v": fresh(5), "n": count}
        given, arrays = state, [state[k]["w"] for k in "pmv"]
        expected, plain, step = state, bibun.jit(adam), jit(adam, "state")
        for _ in range(3):
            expected, total = plain(expected, g)
            state, found = step(state, g)
            assert found == total and state["n"] == expected["n"]
            for k in "pmv":
                for name in g:
                    np.testing.assert_array_equal(state[k][name], expected[k][name])
        assert all(state[k]["w"] is x for k, x in zip("pmv", arrays, strict=True))
        assert given["n"] == (3 if isinstance(count, np.ndarray) else 0)


def halves(p: Any) -> Any:
    return np.concatenate([p[LONG // 2 :], p[: LONG // 2]])


def slope(p: Any, x: Any) -> Any:
    return p - 0.1 * bibun.grad(lambda p: np.sum(np.sin(p * x)))(p)


def square(n: int) -> list[np.ndarray]:
    return [array(n, n), array(n, n, seed=1)]


VECTORS = [array(LONG), array(LONG, seed=1)]
CASES: dict[str, tuple[Callable[..., Any], list[np.ndarray], list[int]]] = {
    "element-wise": (lambda p, x: p * x + p, VECTORS, [0]),
    "read before": (lambda p, x: p - np.sum(p * x), VECTORS, [0]),
    "read by others, too": (lambda p, x: (p - x, p * x), VECTORS, [0]),
    "read by a sum": (lambda p, x: (p - x, np.sum(p, dtype="f8")), VECTORS, [0]),
    "of columns": (lambda p, x: (p * x, np.sum(p, 0)), square(500), [0]),
    "of new ones": (lambda p, x: (p * x, np.sum(p * x, 0)), square(500), [0]),
    "after a product": (lambda p, x: p - x @ p, square(64), [0]),
    "before a product": (lambda p, x: (p - x, x @ p), square(64), []),
    "another order": (lambda p, x: p[::-1] + x, VECTORS, []),
    "neighbours, in a workspace": (lambda p, x: np.roll(p, 1) * x, VECTORS, [0]),
    "neighbours": (lambda p, x: p * x + np.concatenate([p[1:], p[:1]]), VECTORS, [0]),
    "differences": (lambda p, x: np.append(p[1:] - p[:-1], x[0]), VECTORS, []),
    "halves": (lambda p, x: halves(p) + x, VECTORS, [0]),
    "across": (lambda p, x: p.T + x, square(500), []),
    "both": (lambda p, x: p + p.T * x, square(500), []),
    "sums of what is before": (lambda p, x: np.cumsum(p) + x, VECTORS, [0]),
    "what decides": (lambda p, x: p * x if p[0] > 0 else p, VECTORS, []),
    "a slope": (slope, VECTORS, []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_written_has_been_read(jit, case):
    """The numbers are those of new arrays, also where no element may be written at once."""
    f, args, overwrites = CASES[case]
    step, plain = jit(f, 0), bibun.jit(f)
    expected = p = args[0].copy()
    for _ in range(3):
        new = plain(expected, *args[1:])
        found = step(p, *args[1:])
        for x, y in zip(*(r if isinstance(r, tuple) else (r,) for r in (found, new)), strict=True):
            np.testing.assert_array_equal(x, y)
        first = found[0] if isinstance(found, tuple) else found
        assert first is p
        expected = new[0] if isinstance(new, tuple) else new
    assert step.lower(p, *args[1:]).overwrites == overwrites


def test_arrays_that_change_places(jit):
    swap = jit(lambda a, b: (b, a + 0), ("a", "b"))
    a, b = array(5), array(5, seed=1)
    x, y = swap(a, b)
    assert x is a and y is b
    np.testing.assert_array_equal(a, array(5, seed=1))
    np.testing.assert_array_equal(b, array(5))


def test_any_layout(jit):
    step = jit(lambda p, x: p * x, 0)
    p, x = array(6, 8), array(3, 4, seed=1)
    for part in (p[::2, ::2], p[1::2, 1::2].T.copy().T, np.array(p[:3, :4], order="F")):
        expected = part * x
        assert step(part, x) is part
        np.testing.assert_array_equal(part, expected)


def test_what_cannot_be_written_to(jit):
    step = jit(lambda p, q, x: (p + x, q * x), ("p", "q"))
    p, q, x = array(9), array(9, seed=1), array(9, seed=2)
    step(p.copy(), q.copy(), x)
    fixed, swapped = p.copy(), p.astype(">f4")
    fixed.flags.writeable = False
    whole = array(12)
    kept = [a.copy() for a in (p, q, x, whole)]
    for a, b, c, error, text in (
        (fixed, q, x, ValueError, "is read-only"),
        (p, p, x, ValueError, "shares memory with another one"),
        (p, q, p, ValueError, "shares memory with another one"),
        (whole[:9], whole[3:], x, ValueError, "shares memory with another one"),
        (p, whole[:9], whole[:9], ValueError, "shares memory with another one"),
        (swapped, q, x, TypeError, "array of >f4"),
        (bibun.Variable(p), q, x, TypeError, "of the type Variable"),
    ):
        with pytest.raises(error, match=f"jit of <lambda>: in_place: a donated .*{text}"):
            step(a, b, c)
    for a, b in zip((p, q, x, whole), kept, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_no_result_replaces(jit):
    with pytest.raises(TypeError, match=r"in_place: no result .* argument \(float32\[3\]\)"):
        jit(lambda p, x: np.sum(p * x), "p")(array(3), array(3))
    with pytest.raises(TypeError, match="in_place: name in donate"):
        jit(lambda p: p, ())
    with pytest.raises(TypeError, match="bind: with in_place"):
        jit(lambda p: p + 1, 0).bind(array(3))


def test_a_recorded_call_writes_nothing(jit):
    step, p = jit(lambda p: p * p, 0), array(3)
    step(p.copy())
    kept = p.copy()
    np.testing.assert_array_equal(bibun.grad(lambda p: np.sum(step(p)))(p), 2 * kept)
    np.testing.assert_array_equal(p, kept)


def test_results_that_are_not_finite_are_written_as_they_are(jit):
    step, p = jit(lambda p, x: p / x, 0), np.array([1.0, 0.0, 2.0])
    step(p, np.ones(3))
    np.testing.assert_array_equal(step(p, np.array([0.0, 0.0, 2.0])), [np.inf, np.nan, 1])


@pytest.mark.usefixtures("interrupts")
def test_an_interruption_comes_between_steps():
    """All arrays change or none."""

    def longer(state: Any, x: Any) -> Any:
        far = np.sum(np.sqrt(np.abs(x[:, None] - x[None, :])))
        return {"n": state["n"] + 1, "w": state["w"] + 0 * far + 1}

    step = bibun.jit(longer, donate="state", in_place=True)
    state, x = {"w": np.zeros(LONG), "n": np.zeros(1)}, np.linspace(0, 1, 500)
    step(state, x)
    timer = threading.Timer(0.1, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        while True:
            step(state, x)
    timer.join()
    assert state["n"] > 1 and np.all(state["w"] == state["n"])
