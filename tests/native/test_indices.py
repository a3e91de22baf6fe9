"""Reading and writing at indices in native code: NumPy's numbers, and NumPy's errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import runtime

from .test_native import graph_of, same

RNG = np.random.default_rng(7)
X = RNG.standard_normal((6, 5))
ROWS = np.array([3, -1, 0, 3, 5, -6, 3])
LABELS = np.array([0, 4, -1, 2, -5, 1])
COLUMNS = np.array([[1], [-2]])


def put(x: Any, i: Any, v: Any) -> Any:
    y = x * 1.0
    y[i] = v
    return y


def filled(x: Any, i: Any) -> Any:
    """Many writes into one array, some to the same place."""
    y = np.zeros((7, 5))
    for k in range(6):
        y[i[k]] = x[k] * (k + 1)
    y[2:4] += 1
    y[i, 1] = 7
    return y


def added(x: Any, i: Any) -> Any:
    y = x * x
    np.add.at(y, i[:6], x)
    return y


# fmt: off
PROGRAMS: dict[str, tuple[Any, tuple]] = {
    "rows": (lambda x, i: x[i], (ROWS,)),
    "one row": (lambda x, i: x[i], (np.int64(-2),)),
    "columns": (lambda x, i: x[:, i] ** 2, (LABELS,)),
    "small integers": (lambda x, i: x[i], (ROWS.astype(np.int8),)),
    "unsigned": (lambda x, i: x[i], (np.array([1, 5], np.uint16),)),
    "points": (lambda x, i: x[np.arange(6), i], (LABELS,)),
    "points of a table": (lambda x, i, j: x[i, j], (ROWS, ROWS % 5)),
    "a grid": (lambda x, i, j: x[i, j], (ROWS, COLUMNS)),
    "of what is computed": (lambda x, i: np.exp(x - x.max(0))[np.arange(6), i], (LABELS,)),
    "of sums": (lambda x, i: (x.sum(1) / x.sum())[i], (ROWS,)),
    "indices that are computed": (lambda x, i: x[(i * 2 + 1) % 6], (ROWS,)),
    "indices that are found": (lambda x, i: x[np.arange(6), np.argmax(x, 1)] * i, (LABELS,)),
    "indices of indices": (lambda x, i: x[i[i % 6]], (ROWS,)),
    "along an axis": (lambda x, i: np.take_along_axis(x, i, 1), (RNG.integers(-5, 5, (6, 3)),)),
    "one along an axis": (lambda x, i: np.take_along_axis(x, i, 1), (LABELS[:, None],)),
    "a window": (lambda x, k: x[k + np.arange(3)] ** 2, (np.int64(2),)),
    "triangles": (lambda x, i: x[:5][np.tril_indices(5)] + i, (np.float64(1.0),)),
    "written": (put, (ROWS, np.float64(3.0))),
    "written rows": (put, (ROWS, np.arange(35.0).reshape(7, 5))),
    "written points": (lambda x, i: put(x, (i, np.arange(7) % 5), x[i, 0]), (ROWS,)),
    "written slices": (lambda x, v: put(x, (slice(1, 6, 2), slice(None, None, -1)), v), (X[:3],)),
    "filled": (filled, (ROWS,)),
    "added at": (added, (ROWS,)),
    "of a reversed view": (lambda x, i: x[::-1].T[i], (LABELS,)),
    "labels": (lambda x, i: np.log(np.sum(np.exp(x), 1)) - x[np.arange(6), i], (LABELS,)),
}
# fmt: on


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_indices(name: str, dtype: str) -> None:
    """Values, gradients, batches and gradients of batches, without a call of NumPy's."""
    f, others = PROGRAMS[name]
    x = X.astype(dtype)

    def total(x: Any, *others: Any) -> Any:
        return np.sum(np.sin(f(x, *others)))

    for derived in (
        f,
        bibun.value_and_grad(total),
        bibun.grad(lambda x, *o: np.sum(bibun.grad(total)(x, *o) ** 2)),
    ):
        graph, captured = graph_of(derived, x, *others)
        assert not same(graph, [x, *others, *captured]).interpreted
    batch = np.stack([x, 2 * x, -x])
    graph, captured = graph_of(
        lambda b: bibun.vmap(bibun.grad(lambda x: total(x, *others)))(b), batch
    )
    assert not same(graph, [batch, *captured]).interpreted


@pytest.mark.parametrize("way", ["C++", "ctypes"])
def test_indices_outside(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are NumPy's errors, at every call with such indices and at no other."""
    if way == "ctypes":
        monkeypatch.setattr(runtime, "extension", lambda: None)
    f = bibun.jit(lambda x, i: np.sum(x[i] ** 2))
    g = bibun.jit(bibun.grad(lambda x, i: np.sum(x[i] ** 2)))
    both = bibun.jit(lambda x, i, k: (x[i], put(x, k, 0.0)))
    good = np.array([0, 5, -6])
    for _ in range(2):
        for bad in (6, -7, 2**40, -(2**63)):
            i = np.array([0, bad, -1])
            for call in (lambda i=i: f(X, i), lambda i=i: g(X, i), lambda i=i: both(X, good, i)):
                with pytest.raises(IndexError, match="out of bounds for axis 0 with size 6"):
                    call()
        np.testing.assert_allclose(f(X, good), np.sum(X[good] ** 2), rtol=1e-14)
        np.testing.assert_array_equal(both(X, good, good)[1], put(X, good, 0.0))


def test_long_indices() -> None:
    """Vectors of indices, and a last vector that is not full."""
    x = RNG.standard_normal(1000)
    f = bibun.jit(bibun.value_and_grad(lambda x, i: np.sum(x[i] * np.cos(x[i + 1]))))
    for n in (1, 7, 64, 1001, 4099):
        i = RNG.integers(-1000, 999, n)
        value, gradient = f(x, i)
        wanted = np.zeros(1000)
        np.add.at(wanted, i, np.cos(x[i + 1]))
        np.add.at(wanted, i + 1, -x[i] * np.sin(x[i + 1]))
        np.testing.assert_allclose(value, np.sum(x[i] * np.cos(x[i + 1])), rtol=1e-12)
        np.testing.assert_allclose(gradient, wanted, atol=1e-13)


def test_empty() -> None:
    empty = np.zeros((0, 3))
    f = bibun.jit(lambda x, i: x[i])
    assert f(X, np.zeros(0, int)).shape == (0, 5)
    assert f(empty, np.zeros(0, int)).shape == (0, 3)
    with pytest.raises(IndexError):
        f(empty, np.zeros(1, int))


def test_loops_with_indices() -> None:
    """Inside scan and while_loop: the call fails for an index outside in any round."""

    def walk(x: Any, i: Any) -> Any:
        return bibun.scan(lambda s, k: (s * 0.5 + x[k], s), np.zeros(5), i)[0].sum()

    f = bibun.jit(bibun.value_and_grad(walk))
    plain = bibun.value_and_grad(walk)
    for found, wanted in zip(f(X, ROWS), plain(X, ROWS), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-14)
    with pytest.raises(IndexError):
        f(X, np.array([0, 1, 6, 2, 3, 4, 5]))


@pytest.mark.parametrize("dtype", ["i1", "i4", "i8", "u2", "f4", "f8"])
def test_remainders(dtype: str) -> None:
    """All signs; what nothing divides is left to NumPy, with its warning."""
    a = np.array([7, -7, 7, -7, 0, 6, -6, 5, 100, -128, 127, 1]).astype(dtype)
    b = np.array([3, 3, -3, -3, 5, 3, 3, -7, 7, 2, -9, 100]).astype(dtype)
    f = bibun.jit(lambda a, b: (a // b, a % b))
    for found, wanted in zip(f(a, b), (a // b, a % b), strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))
    zeros = b * 0
    with np.errstate(all="ignore"):
        wanted = a // zeros, a % zeros
        for x, y in zip(f(a, zeros), wanted, strict=True):
            np.testing.assert_array_equal(x, y)
    if np.dtype(dtype).kind != "f":
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            f(a, zeros)
    if dtype == "i8":
        least, one = np.array([-(2**63)]), np.array([-1])
        with np.errstate(all="ignore"):
            assert f(least, one)[0] == least // one


def halving(x: Any, i: Any) -> Any:
    """States of a loop without a count, read at an index that is looked up in a plain array."""

    def body(state: Any) -> Any:
        a, k = state
        return a * 0.9 + np.sin(a[np.take(ROWS[:5], k % 5)]) * 0.1, k + 1

    a, _ = bibun.while_loop(lambda s: (s[1] < 7) & (s[0].sum() < 1e3), body, (x, np.int64(0)))
    return np.sum(a[i] ** 2)


def replacing(x: Any, i: Any) -> Any:
    """States of a scan, written at an index."""

    def body(a: Any, k: Any) -> Any:
        y = a.copy()
        y[k] = y[k] * 1.5 + a[0]
        return y, y[k]

    a, ys = bibun.scan(body, x, i)
    return np.sum(np.sin(a)) + np.sum(ys**2)


@pytest.mark.parametrize("f", [halving, replacing])
def test_states_at_indices(f: Any) -> None:
    x = np.linspace(0, 1, 6)
    batch = bibun.vmap(bibun.grad(f), in_axes=(0, None))
    for derived, a in ((bibun.grad(f), x), (batch, np.stack([x, 2 * x])), (bibun.hessian(f), x)):
        compiled = bibun.jit(derived)
        assert not compiled.lower(a, ROWS).interpreted
        np.testing.assert_allclose(compiled(a, ROWS), derived(a, ROWS), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("read", [slice(1, None), np.array([2, 0, 2]), slice(None, None, -2)])
def test_equal_terms_are_added_each(read: Any) -> None:
    """What reads the same places twice adds the same to them twice; so do equal terms of others."""
    x, w = RNG.standard_normal((2, 6))
    slope = np.zeros(6)
    np.add.at(slope, read, np.cos(w[read]))

    def f(x: Any) -> Any:
        return np.sum((x + (x + x))[read] * np.cos(w[read]))

    def g(x: Any, w: Any) -> Any:
        return np.sum(x[read] * np.cos(w[read])) + np.sum(x[read] * np.cos(w[read]))

    np.testing.assert_allclose(bibun.jit(bibun.grad(f))(x), 3 * slope, rtol=1e-15)
    np.testing.assert_allclose(bibun.jit(bibun.grad(g))(x, w), 2 * slope, rtol=1e-15)
