"""What the rounds of a scan leave to others: residuals, work before all rounds, sums after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native.capture import Captured
from bibun.native.movable import MOST_BYTES
from bibun.native.prepared import prepared
from bibun.ops.control.scan import Scan
from bibun.walk import evaluate, outputs

N = 6


def tanh_net(step: Callable[..., Any], reverse: bool = False) -> Callable[..., Any]:
    """The last state of a loop over rows, as one number."""

    def f(w: Any, b: Any, xs: Any) -> Any:
        h, ys = bibun.scan(lambda h, x: step(w, b, h, x), np.ones(N) * 0.5, xs, reverse=reverse)
        return np.sum(h * h) + np.sum(np.sin(ys))

    return f


def joined(w: Any, b: Any, h: Any, x: Any) -> Any:
    new = np.tanh(w @ np.concatenate([x, h]) + b)
    return new, new[:3] * x[0]


def elements(w: Any, b: Any, h: Any, x: Any) -> Any:
    new = 1 / (1 + np.exp(-(w[:, :N] @ h) * np.cos(b * x[0]))) + np.exp(np.sin(x[1] * b))
    return new, h


def kept_whole(w: Any, b: Any, h: Any, x: Any) -> Any:
    new = bibun.checkpoint(lambda h: np.tanh(w[:, :N] @ np.tanh(h + b)) * x[0])(h)
    return new, new


def given(rounds: int) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [rng.normal(size=(N, 2 * N)), rng.normal(size=N), rng.normal(size=(rounds, N))]


def native_graph(f: Callable[..., Any], args: list[np.ndarray]) -> Any:
    captured = Captured(f, args, lambda arrays: (tuple(arrays), {}), "test")
    return prepared(captured.graph)


def scans(graph: Any) -> list[Scan]:
    return [n.op for _, n in graph.body() if isinstance(n.op, Scan)]


def names(graph: Any) -> list[str]:
    return [getattr(n.op, "label", n.op.name) for _, n in graph.body()]


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 4, 9])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("step", [joined, elements, kept_whole])
def test_results_stay(step, reverse, rounds):
    f = bibun.value_and_grad(tanh_net(step, reverse), argnums=(0, 1, 2))
    args = given(rounds)
    expected = f(*args)
    found = bibun.jit(f)(*args)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    for a, b in zip(found[1], expected[1], strict=True):
        # Sums in another order, of at most nine rounds: some hundred roundings.
        np.testing.assert_allclose(
            a, b, rtol=0, atol=1e-13 * max(1.0, np.max(np.abs(b), initial=0))
        )


@pytest.mark.parametrize("step", [joined, elements])
def test_second_derivatives_stay(step):
    args = given(5)
    hvp = lambda w, b, xs: bibun.grad(  # noqa: E731
        lambda b: np.sum(bibun.grad(tanh_net(step), argnums=1)(w, b, xs) ** 2)
    )(b)
    np.testing.assert_allclose(bibun.jit(hvp)(*args), hvp(*args), rtol=1e-10, atol=1e-12)


def test_the_way_back_computes_nothing_dear_again():
    graph = native_graph(bibun.grad(tanh_net(joined), argnums=(0, 1)), given(9))
    ahead, back = scans(graph)
    assert names(ahead.step).count("tanh") == 1
    assert not {"tanh", "sech", "sigmoid"} & set(names(back.step))
    assert names(back.step).count("matmul") == 1  # by the matrix, back to the state
    assert back.states == 1  # the sums over the rounds are no states


def test_what_needs_no_state_is_computed_before():
    graph = native_graph(tanh_net(elements), given(9))
    (scan,) = scans(graph)
    assert not {"cos", "sin", "exp"} & set(names(scan.step))
    assert {"cos", "sin", "exp"} <= set(names(graph))


def test_what_is_kept_whole_is_computed_again():
    """Of a checkpoint nothing inside becomes a row, only its argument, as without native code."""
    graph = native_graph(bibun.grad(tanh_net(kept_whole), argnums=1), given(9))
    ahead, back = scans(graph)
    assert len(ahead.step.outputs) <= 3
    (call,) = [n.op for _, n in back.step.body() if n.op.name == "call"]
    assert names(call.graph).count("tanh") >= 1


def test_rows_that_are_too_much_are_not_kept():
    rounds = MOST_BYTES // (8 * N)
    types = [np.zeros((N, 2 * N)), np.zeros(N), np.broadcast_to(0.0, (rounds, N))]
    graph = native_graph(bibun.grad(tanh_net(joined), argnums=1), types)
    kept = [t for t in scans(graph)[0].step.output_types[1:] if t.shape == (N,)]
    assert len(kept) * N * 8 * rounds <= 2 * MOST_BYTES


def test_the_interpreter_agrees_on_the_prepared_graph():
    """What is done before any lowering: the same function."""
    from bibun.native.lifted import lifted
    from bibun.native.residuals import with_residuals

    args = given(7)
    f = bibun.grad(tanh_net(joined), argnums=(0, 1, 2))
    captured = Captured(f, args, lambda arrays: (tuple(arrays), {}), "test")
    values = [*args, *captured.met()]
    graph = lifted(with_residuals(captured.graph)).check()
    found = outputs(graph, evaluate(graph, values))
    for a, b in zip(found, f(*args), strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-12, atol=1e-13)  # sums in another order


def mixed(rng: np.random.Generator, n: int) -> Callable[..., Any]:
    """A round that writes small arrays and reads them again: whole, turned, shifted, in parts."""
    ways: list[Callable[..., Any]] = [
        lambda w, h, x: w @ h,
        lambda w, h, x: h @ w,
        lambda w, h, x: h[::-1] - x,
        lambda w, h, x: np.roll(h, 1) * x,
        lambda w, h, x: np.concatenate([h[n // 2 :] + x[0], h[: n // 2]]),
        lambda w, h, x: np.where(x > h[0], h, np.cumsum(h)),
        lambda w, h, x: h[(3 * np.arange(n) + 1) % n],
        lambda w, h, x: np.outer(h, x) @ h,
        lambda w, h, x: np.tanh(h * np.sum(x * h)) + h[n - 1],
    ]
    chosen = rng.choice(len(ways), 5)

    def step(w: Any, h: Any, x: Any) -> Any:
        kept = []
        for k in chosen:
            h = 0.3 * np.sin(ways[k](w, h, x))  # so that no rounding grows
            kept.append(h)
        return h + kept[1], np.stack(kept)

    return step


@pytest.mark.parametrize("seed", range(12))
def test_small_arrays_between_statements_of_a_round(seed):
    """They stay in registers where they fill a vector, whatever reads them next."""
    rng = np.random.default_rng(seed)
    n = (2, 3, 4, 8)[seed % 4]
    step = mixed(rng, n)

    def f(w: Any, h: Any, xs: Any) -> Any:
        return bibun.scan(lambda h, x: step(w, h, x), h, xs)

    args = rng.normal(size=(n, n)), rng.normal(size=n), rng.normal(size=(5, n))
    h, rows = args[1], []
    for x in args[2]:
        h, row = step(args[0], h, x)
        rows.append(row)
    last, found = bibun.jit(f)(*args)
    np.testing.assert_allclose(last, h, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found, rows, rtol=0, atol=1e-12)
    text = bibun.jit(f).lower(*args).text("llvm")
    assert n == 3 or "extractelement" in text  # three numbers fill no vector


def swapped(x: Any, a: Any, b: Any) -> Any:
    return b, 0.5 * np.sin(a + b) + x


def by_branch(x: Any, a: Any, b: Any) -> Any:
    ahead = lambda a, b: (a + 0.1 * b, x - a)  # noqa: E731
    return bibun.cond(np.sum(a) > 0, ahead, lambda a, b: (0.5 * b, x * a), a, b)


def by_rounds(x: Any, a: Any, b: Any) -> Any:
    inner = lambda s, y: ((0.5 * np.cos(s[1]) + y * a, s[0]), None)  # noqa: E731
    return bibun.scan(inner, (b, a), x[:2])[0]


def one_left(x: Any, a: Any, b: Any) -> Any:
    return a * np.sum(b) / (1 + np.sum(b * b)), np.sort(x - a)


@pytest.mark.parametrize("n", [2, 3, 4, 8, 12])
@pytest.mark.parametrize("step", [swapped, by_branch, by_rounds, one_left])
def test_states_stay_in_registers_as_far_as_rounds_leave_them_there(step, n):
    rng = np.random.default_rng(n)
    a, b, xs = rng.normal(size=n), rng.normal(size=n), rng.normal(size=(9, n))
    f = lambda a, b, xs: bibun.scan(lambda s, x: (step(x, *s), None), (a, b), xs)[0]  # noqa: E731
    found = bibun.jit(f)(a, b, xs)
    for x in xs:
        a, b = map(np.asarray, step(x, a, b))
    np.testing.assert_allclose(found, (a, b), rtol=0, atol=1e-13)


def test_sums_of_several_products_leave_the_rounds_if_their_factors_are_less_than_the_terms():
    """Two products by one matrix: 2 + 2 numbers of each round are less than two times four."""

    def f(w: Any, h: Any, xs: Any) -> Any:
        step = lambda h, x: (w @ np.sin(w @ h + x), None)  # noqa: E731
        return np.sum(bibun.scan(step, h, xs)[0])

    args = [0.5 * x for x in given(9)]
    args = args[0][:2, :2], args[1][:2], args[2][:, :2]
    gradient = bibun.grad(f)
    assert [scan.states for scan in scans(native_graph(gradient, args))] == [1, 1]
    np.testing.assert_allclose(bibun.jit(gradient)(*args), gradient(*args), rtol=1e-12)
