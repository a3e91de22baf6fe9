"""Writing into arrays and their views does what NumPy does, and is differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun
from bibun import check_grads, checkpoint, custom_gradient, grad, hessian, jacobian, vmap
from bibun.array import Array
from bibun.errors import TracingError, UnsupportedError

from . import fuzz

X = np.array([0.3, -0.7, 1.1, 0.4, -0.2, 0.9])


def made(x: Any, a: np.ndarray) -> Any:
    """An array as np.zeros makes it inside a traced function."""
    return a if isinstance(x, np.ndarray) else Array(None, -1, a)


@pytest.mark.parametrize("seed", range(200))
def test_random_programs(seed: int) -> None:
    assert not fuzz.check(seed), fuzz.program(seed)


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_under_vmap(seed: int) -> None:
    assert not fuzz.check_vmap(seed), fuzz.program(seed)


# ------------------------------------------------------------ every way to write


def recurrence(x):
    b = made(x, np.zeros(6))
    b[0] = x[0]
    for i in range(1, 6):
        b[i] = b[i - 1] * x[i] + np.sin(x[i])
    return b


def earlier_view(x):
    b = made(x, np.zeros((2, 3)))
    row, column = b[1], b.T[0]
    b[1, 0] = x[0]
    column *= 2.0
    row[1:] = x[:2]
    return b * b


def several_outs(x):
    y, z = x * 1.0, x * 1.0
    np.modf(x * 3, out=(y, z))
    np.sum(x.reshape(2, 3) ** 2, axis=0, out=z[:3])
    np.clip(y, -0.5, 0.5, out=y)
    y.cumsum(out=y)
    return y * z


def sorted_in_place(x):
    y = x.copy()
    y.sort()
    y.partition(2)
    y[::2].sort()
    return y * np.arange(6)


def reduced_and_repeated(x):
    y = x.copy()
    np.add.at(y, [0, 0, 3], x[:3])
    np.subtract.at(y, ([1, 1],), 2.0)
    np.multiply.at(y, [2, 2, 2], x[3:])
    np.negative.at(y, [5, 5, 4])
    y[[1, 1, 2]] = x[[3, 4, 5]] * 2.0  # the last stays
    return y


def resized(x):
    y = x * 2.0
    y.resize((2, 4))
    y.shape = (4, 2)
    y.flat[1::3] = x[:3]
    y.flat = y.ravel() * 2.0
    return y


def filled_up(x):
    y = np.ones((3, 3)) * x[0]
    np.fill_diagonal(y, x[:3])
    np.put(y, [1, -1], x[4:])
    np.putmask(y, y > 0.35, x)
    np.place(y, y < 0, x[:2] * 3.0)
    np.put_along_axis(y, np.array([[0], [1], [0]]), x[5], 1)
    np.copyto(y[0], x[:3], where=np.array([True, False, True]))
    y[1].fill(x[2])
    return y


def of_masks(x):
    y = x.copy()
    y[y < 0] = 0.0
    y[x > 0.35] *= x[0]
    z = y.reshape(2, 3)
    z[:, z[0] > 0.35] = x[:2, None]
    np.nan_to_num(y, copy=False)
    return y


def by_lists(x):
    y = x.reshape(2, 3).copy()
    y[0] = [x[0], x[1] * 2.0, 3.0]
    y[:, [0, 2]] = y[:, [2, 0]]
    y[..., None][0, 1] = x[5]
    y[np.int64(1)] += 1.0
    y @= np.diag(x[:3])
    return y


def overlapping(x):
    y = x * 1.0
    y[1:] = y[:-1]
    y[::-1] += y
    np.add(y[:-1], y[1:], out=y[1:])
    return y * x


def parts_of_complex_numbers(x):
    z = x * (1 + 0.5j)
    w = made(x, np.zeros((2, 3), complex))
    real, column = z.real, w.imag[:, 1]
    real *= 2.0
    z[1] = x[0] * 1j
    z.imag[2:] += x[2:] * real[1]
    w.real = x.reshape(2, 3)
    w.imag += w.real**2
    w[0, 1] = z[2]
    column[1] -= x[4]
    return np.abs(w) ** 2 + z.reshape(2, 3).imag * real[::-1].reshape(2, 3) + np.sum(column**2)


WAYS = [recurrence, earlier_view, several_outs, sorted_in_place, reduced_and_repeated, resized,
        filled_up, of_masks, by_lists, overlapping, parts_of_complex_numbers]  # fmt: skip


@pytest.mark.parametrize("f", WAYS)
def test_ways_to_write(f: Callable) -> None:
    found = []

    def loss(x):
        y = f(x)
        found.append(y.numpy().copy())
        return np.sum(y * np.cos(np.arange(y.size)).reshape(y.shape))

    g = grad(loss)(X)
    expected = f(X.copy())
    assert found[0].tobytes() == np.ascontiguousarray(expected).tobytes()

    def plain(x):
        return np.sum(f(x) * np.cos(np.arange(expected.size)).reshape(expected.shape))

    # Central differences in float64: an error of about eps^(2/3).
    steps = 1e-6 * np.eye(6)
    truth = [(plain(X + h) - plain(X - h)) / 2e-6 for h in steps]
    assert_allclose(g, truth, rtol=1e-6, atol=1e-6)
    check_grads(f, X)


@pytest.mark.parametrize(
    "f", [recurrence, earlier_view, overlapping, by_lists, parts_of_complex_numbers]
)
def test_under_every_transformation(f: Callable) -> None:
    xs = np.stack([X, X[::-1], X + 0.5])
    assert_allclose(vmap(f)(xs), [f(x.copy()) for x in xs], rtol=1e-14)
    j = jacobian(f)(X)
    assert_allclose(jacobian(f, mode="forward")(X), j, rtol=1e-12, atol=1e-14)
    assert_allclose(jacobian(checkpoint(f))(X), j, rtol=1e-12, atol=1e-14)
    loss = lambda x: np.sum(f(x) ** 2)  # noqa: E731
    assert_allclose(vmap(hessian(loss))(xs), [hessian(loss)(x) for x in xs], rtol=1e-10, atol=1e-10)
    x = bibun.Variable(X)
    with bibun.GradientTape() as tape:
        y = loss(x * 1.0)
    assert_allclose(tape.gradient(y, x), grad(loss)(X), rtol=1e-12)


def test_in_the_rule_of_a_custom_gradient() -> None:
    @custom_gradient
    def double(x):
        def back(g):
            y = x * g
            y[:3] /= x[:3]
            y[3:] = g
            return y

        return np.sum(x), back

    assert_array_equal(grad(double)(X), 1)


def test_equal_expressions_have_memory_of_their_own() -> None:
    def f(x):
        y, z = x + 1.0, x + 1.0
        same = y
        y[0] = 5.0
        same += 1.0
        assert y is same and y.base is None and y[1:].base is y
        assert np.shares_memory(y[1:], y) and not np.shares_memory(y, z)
        assert not np.shares_memory(y[::2], y[1::2])
        return np.sum(y * z)

    assert_array_equal(grad(f)(X)[:2], [6.0, 2 * X[1] + 3])


# ------------------------------------------------------------ what is refused


def by_item(x):
    x[0] = 1.0


def through_a_view(x):
    x.T[1:] += 1.0


def by_a_name(x):
    x += 1.0


@pytest.mark.parametrize("write", [by_item, through_a_view, by_a_name])
def test_an_argument_is_not_changed(write: Callable) -> None:
    def f(x):
        write(x)
        return np.sum(x)

    with pytest.raises(TracingError, match=r"write x = x\.copy\(\) before it  \(test_writes.py:"):
        grad(f)(X)
    with pytest.raises(TracingError, match=r"write x = x\.copy\(\) before it"):
        vmap(f)(X[None])
    assert_array_equal(grad(lambda x: f(x.copy()))(X) >= 0, True)


def test_a_plain_array_cannot_hold_a_traced_number() -> None:
    outside = np.zeros(6)

    def f(x):
        outside[0] = x[0]
        return np.sum(outside)

    with pytest.raises(TracingError, match=r"inside the function .* \(test_writes.py:.*outside"):
        grad(f)(X)
    with pytest.raises(TracingError, match="inside the function"), bibun.GradientTape():
        v = bibun.Variable(X)
        outside[0] = v[0]

    def g(x):
        nonlocal outside
        outside += x
        return np.sum(outside)

    with pytest.raises(UnsupportedError, match=r"x = x \+ y instead of x \+= y"):
        grad(g)(X)
    with pytest.raises(UnsupportedError, match="out= is a plain array"):
        grad(lambda x: np.sum(np.sin(x, out=outside)))(X)
    with pytest.raises(TracingError, match="into a plain array"):
        grad(lambda x: np.copyto(outside, x))(X)

    def shared(x):
        b = Array(None, -1, outside)
        b[0] = x[0]
        return np.sum(b)

    with pytest.raises(TracingError, match="memory that a plain array uses as well"):
        grad(shared)(X)
    assert_array_equal(outside, 0)


def test_variables_are_assigned() -> None:
    v = bibun.Variable(X)
    with pytest.raises(TracingError, match="assign"):
        v[0] = 1.0
    with pytest.raises(TracingError, match="assign_add"):
        v += 1.0
    with bibun.GradientTape(), pytest.raises(TracingError, match="assign_add"):
        v.value[0] = 1.0


@pytest.mark.parametrize(
    "write",
    [
        lambda y: y.__setitem__(slice(2), np.ones(3)),
        lambda y: y.__setitem__(7, 1.0),
        lambda y: y.__setitem__((0, 0), 1.0),
        lambda y: y.__setitem__(np.array([True, False]), 1.0),
        lambda y: np.broadcast_to(y, (2, 6)).__setitem__(0, 1.0),
        lambda y: np.diagonal(y.reshape(2, 3)).__setitem__(0, 1.0),
        lambda y: y.astype(int).__iadd__(0.5),
        lambda y: np.copyto(y, 1j),
        lambda y: np.add(y, 1.0, out=y[:3]),
        lambda y: setattr(y, "shape", (4, 2)),
        lambda y: setattr(y[::2], "shape", (2, 2)),
        lambda y: np.put(y, 9, 1.0),
        lambda y: y[1:].resize(2),
        lambda y: np.fill_diagonal(y, 1.0),
    ],
)
def test_errors_are_those_of_numpy(write: Callable) -> None:
    kinds = (ValueError, IndexError, TypeError, AttributeError)
    with pytest.raises(kinds) as plain:
        write(X * 2)
    with pytest.raises(kinds) as ours:
        grad(lambda x: [write(y := x * 2), np.sum(y)][1])(X)
    assert any(isinstance(ours.value, k) and isinstance(plain.value, k) for k in kinds)
    assert not isinstance(ours.value, TracingError)


def test_a_program_without_writes_keeps_no_table() -> None:
    tables = []

    def f(x):
        y = x[1:] * x[:-1]
        tables.append(x.scope.memory)
        return np.sum(y.reshape(-1, 1).T)

    grad(f)(X)
    assert tables == [{}]


def test_what_numpy_reads_after_it_was_written_is_refused():
    """Along itself, NumPy copies an array only where it has several axes or the signs differ."""

    def along(step):
        def f(x):
            y = x.copy()
            y[1 : 1 + 4 * step : step] = y[1:5]
            return y @ np.arange(20.0)

        return f

    x = np.arange(20.0)
    with pytest.raises(TracingError, match=r"x\[i\] = v: v lies in the memory .* write v.copy()"):
        grad(along(3))(x)
    assert_allclose(grad(along(1))(x), np.arange(20.0))
