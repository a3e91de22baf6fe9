"""Scans as native loops: what they give, and what they may not mix up."""

from __future__ import annotations

import numpy as np
import pytest

import bibun

X = np.linspace(-1, 1, 15).reshape(5, 3)
TABLE = np.arange(12.0).reshape(4, 3) / 20


def swapped(x):
    """Each state is the other one of the round before: neither may be overwritten too early."""
    step = lambda c, row: ((c[1], c[0]), c[0] - c[1] * row)  # noqa: E731
    (a, b), rows = bibun.scan(step, (x[0], 2 * x[1]), x)
    return np.sum(a * rows) + np.sum(b**2)


def history(x):
    """The states before each round are results."""
    final, before = bibun.scan(lambda c, row: (np.sin(c) + row, c), x[0], x)
    return np.sum(before**3) + np.sum(final)


def backwards(x):
    final, rows = bibun.scan(lambda c, row: (0.5 * c + row, c * row), x[0], x, reverse=True)
    return np.sum(rows * np.arange(15.0).reshape(5, 3).astype(x.dtype)) + np.sum(final)


def nested(x):
    def outer(c, row):
        inner, _ = bibun.scan(lambda d, y: (np.tanh(d + y), None), c, x)
        return inner * row, np.sum(inner)

    final, sums = bibun.scan(outer, x[0], x)
    return np.sum(final) + np.sum(sums**2)


def with_arrays(x):
    """The step reads arrays from outside: one that is constant, and one that is not."""
    w = np.sum(x, axis=0)
    final, rows = bibun.scan(
        lambda c, row: (c * w + row @ TABLE.astype(x.dtype).T @ TABLE.astype(x.dtype), row[::-1]),
        x[0],
        x,
    )
    return np.sum(np.cos(final)) + np.sum(rows[:, 0] * x[:, 1])


def numbers(x):
    """States of one number, an integer among them."""

    def step(c, row):
        k, total = c
        return (k + 1, total + np.astype(k, x.dtype) * np.sum(row)), np.where(k > 2, total, -total)

    (k, total), rows = bibun.scan(step, (0, x.dtype.type(0)), x)
    return total * np.astype(k, x.dtype) + np.sum(rows)


def matrices(x):
    def step(c, row):
        c = np.tanh(c @ c.T * 0.1 + np.outer(row, row))
        return c, np.max(c, axis=0)

    final, rows = bibun.scan(step, np.eye(3, dtype=x.dtype), x)
    return np.sum(final) + np.sum(rows**2)


def no_rounds(x):
    final, rows = bibun.scan(lambda c, row: (2 * c, c), x[0], x[:0])
    return np.sum(final) + np.sum(rows)


PROGRAMS = (swapped, history, backwards, nested, with_arrays, numbers, matrices, no_rounds)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_native_loops_are_scans(f, dtype):
    x = X.astype(dtype)
    slope = bibun.grad(f)
    for program in (f, bibun.value_and_grad(f), lambda x: bibun.jvp(slope, (x,), (x + 1,))):
        same(program, x)
    if f is not no_rounds:
        same(bibun.vmap(slope), np.stack([x, 2 * x]))


def same(program, x):
    compiled = bibun.jit(program)
    with np.errstate(all="ignore"):
        expected, found = program(x), compiled(x)
    assert not compiled.lower(x).interpreted
    pairs = zip(expected, found, strict=True) if type(expected) is tuple else [(expected, found)]
    for a, b in pairs:
        assert np.asarray(b).dtype == x.dtype
        # Sums in another order, in five rounds: some hundred roundings at most.
        scale = max(np.max(np.abs(a), initial=0), 1)
        np.testing.assert_allclose(b, a, rtol=0, atol=500 * np.finfo(x.dtype).eps * scale)


def test_code_does_not_grow_with_the_number_of_rounds():
    def f(x, n):
        return bibun.scan(lambda c, _: (np.sin(c) * x, None), x, None, length=n)[0].sum()

    texts = [
        bibun.jit(bibun.grad(f), static_argnums=1).lower(np.ones(3), n).text("llvm")
        for n in (60_000, 600_000)  # whole vectors, and many enough for threads to share
    ]
    assert abs(len(texts[1]) - len(texts[0])) < 200  # digits of the numbers


def test_an_interpreted_step_keeps_its_loop_interpreted():
    def f(x):
        return np.sum(
            bibun.scan(lambda c, r: (c.astype(np.float16).astype(float) + r, None), x[0], x)[0]
        )

    compiled = bibun.jit(f)
    assert [n.op.name for n in compiled.lower(X).interpreted] == ["scan"]
    np.testing.assert_allclose(compiled(X), f(X), rtol=1e-14)


def newton(x):
    """Square roots by Newton's iteration: as many rounds as the numbers need."""

    def body(c):
        return 0.5 * (c[0] + c[1] / c[0]), c[1]

    def condition(c):
        return np.max(np.abs(c[0] ** 2 - c[1])) > 1e-3

    return np.sum(bibun.while_loop(condition, body, (np.ones_like(x), x**2 + 1))[0] * x)


def chosen(x):
    value = bibun.cond(np.sum(x[0]) > 0, lambda x: np.sin(x) * x, lambda x: x**3, x)
    other = bibun.switch(np.sum(x > 0), [np.cos, lambda x: x, lambda x: np.full_like(x, 2)], x)
    return np.sum(value * other)


def chosen_in_rounds(x):
    def step(c, row):
        c = bibun.cond(np.sum(row) > 0, lambda c: c * np.cos(c), lambda c: c + row, c)
        return c, np.max(c)

    final, rows = bibun.scan(step, x[0], x)
    return np.sum(final) + np.sum(rows**2)


def while_in_rounds(x):
    def step(c, row):
        inner = bibun.while_loop(lambda d: np.sum(d) < 5, lambda d: d * 1.5 + 0.1 * row**2, c)
        return 0.2 * inner, inner

    final, rows = bibun.scan(step, x[0] ** 2 + 0.1, x)
    return np.sum(final * rows)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(
    "f", [newton, chosen, chosen_in_rounds, while_in_rounds], ids=lambda f: f.__name__
)
def test_native_branches_and_loops_without_a_count(f, dtype):
    slope = bibun.grad(f)
    for x in (X.astype(dtype), -X.astype(dtype) + 0.5):
        for program in (f, slope, lambda x: bibun.jvp(slope, (x,), (x + 1,))[1]):
            same(program, x)


def test_a_loop_of_many_rounds_finds_memory_for_all():
    def f(x, n):
        step = lambda c: (np.cos(c[0]) * x, c[1] + 1)  # noqa: E731
        return bibun.while_loop(lambda c: c[1] < n, step, (x, 0))[0]

    compiled = bibun.jit(bibun.grad(f))
    for n in (0, 1, 16, 17, 10_000, 3):
        n = np.int64(n)
        np.testing.assert_allclose(compiled(0.7, n), bibun.grad(f)(0.7, n), rtol=1e-12)


def test_an_index_beyond_the_branches_means_the_last_or_the_first():
    f = lambda i, x: bibun.switch(i, [np.sin, np.cos, np.tan], x)  # noqa: E731
    compiled = bibun.jit(f)
    for i in (-5, 0, 1, 2, 9):
        np.testing.assert_allclose(compiled(np.int64(i), np.float64(1)), f(i, 1.0), rtol=1e-14)
