"""Searches in sorted arrays, sums of shifted products and of segments, without NumPy's calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun

from .test_native import graph_of, same

ORDERED = [-np.inf, -1.0, -1.0, -0.0, 0.0, 0.5, 2.0, 2.0, 2.0, np.inf, np.nan, np.nan]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
def test_searches(dtype: str, side: Any) -> None:
    """Sorted arrays of each length, with equal numbers, infinite ones and nan."""
    for n in range(1, len(ORDERED) + 1):
        a = np.array(ORDERED[-n:] if dtype[0] == "f" else np.arange(n) // 2 * 3, dtype)
        v = np.concatenate([a, a + a.dtype.type(1), -a])
        for rows in (a, np.stack([a, a[:1].repeat(n)])):
            wanted = np.broadcast_to(v, (*rows.shape[:-1], v.size)).copy()
            graph, captured = graph_of(
                bibun.vmap(lambda a, v: np.searchsorted(a, v, side)) if rows.ndim > 1
                else lambda a, v: np.searchsorted(a, v, side), rows, wanted
            )  # fmt: skip
            assert not same(graph, [rows, wanted, *captured]).interpreted


def test_what_is_made_of_searches() -> None:
    """Interpolation, bins and histograms are one function, forward and backward."""
    grid = np.linspace(-1, 1, 11)
    x = np.random.default_rng(0).standard_normal(50)
    for f in (
        lambda x: np.interp(x, grid, grid**3, left=-5.0, period=None),
        lambda x: x * np.digitize(x, grid[::-1]),
        lambda x: np.histogram(np.sin(x), grid, weights=x)[0],
    ):
        slope = bibun.value_and_grad(lambda x, f=f: np.sum(f(x) ** 2))
        push = lambda x, f=f: bibun.jvp(f, (x,), (x,))  # noqa: E731
        for derived in (slope, push):
            graph, captured = graph_of(derived, x)
            assert not same(graph, [x, *captured]).interpreted


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "?"])
@pytest.mark.parametrize("sizes", [(1, 1), (5, 3), (3, 40), (90, 33), (1, 7)])
def test_convolutions(mode: Any, dtype: str, sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    a, v = (rng.standard_normal(n).astype(dtype) for n in sizes)
    graph, captured = graph_of(lambda a, v: np.convolve(a, v, mode), a, v)
    assert not same(graph, [a, v, *captured]).interpreted
    if dtype[0] == "f":
        slope = bibun.grad(lambda a, v: np.sum(np.sin(np.convolve(a, v, mode))), (0, 1))
        graph, captured = graph_of(slope, a, v)
        assert not same(graph, [a, v, *captured]).interpreted


def test_infinite_numbers_in_convolutions() -> None:
    """Beyond the ends nothing is added: 0 times infinity would be nan."""
    f = bibun.jit(np.convolve)
    a, v = np.array([1.0, 2.0, 3.0, 4.0]), np.array([np.inf, 1.0])
    for x, y in ((a, v), (v, a), (v, np.array([np.nan, 1.0, 2.0])), (v, v)):
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(f(x, y), np.convolve(x, y))


@pytest.mark.parametrize("starts", [[0, 5, 9], [3, 0, 0, 2], [0], [1, 1, 1]])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_segments(starts: list[int], dtype: str) -> None:
    x = (10 * np.random.default_rng(2).random((12, 3))).astype(dtype)
    for axis in (0, 1) if max(starts) < 3 else (0,):

        def run(x: Any, axis: int = axis) -> Any:
            return np.add.reduceat(x, starts, axis)

        graph, captured = graph_of(run, x)
        assert not same(graph, [x, *captured]).interpreted
        if dtype[0] == "f":
            slope = bibun.grad(lambda x, run=run: np.sum(run(x) ** 2))
            graph, captured = graph_of(slope, x)
            assert not same(graph, [x, *captured]).interpreted
