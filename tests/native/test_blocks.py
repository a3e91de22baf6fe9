"""Sums of products in blocks, and long results that are written past the caches."""

from __future__ import annotations

import numpy as np
import pytest

import bibun
from bibun.native import llvm
from bibun.native.llvm import STREAM

SIZES = [(1, 1, 1), (3, 5, 2), (4, 8, 16), (7, 17, 33), (9, 40, 70), (33, 3, 130), (16, 64, 64)]


def exact_enough(dtype: type, terms: int) -> float:
    """Roundings of a sum of so many products of numbers near 1, in whatever order."""
    return 4 * (terms + 1) * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n, k, m", SIZES)
def test_products(n, k, m, dtype):
    rng = np.random.default_rng(n)
    a, b = rng.uniform(-1, 1, (n, k)).astype(dtype), rng.uniform(-1, 1, (k, m)).astype(dtype)
    for f in (
        lambda a, b: a @ b,
        lambda a, b: np.sin(a) @ (b + 1) - 1,
        lambda a, b: a[0] @ b,
        lambda a, b: a @ b[:, 0],
        lambda a, b: np.sum(a[:, :, None] * b[None], 1),
        lambda a, b: np.sum(np.cos(a[:, :, None]) * b[None], 1).T,
    ):
        np.testing.assert_allclose(
            bibun.jit(f)(a, b), f(a, b), rtol=0, atol=exact_enough(dtype, 2 * k)
        )
    right = np.ascontiguousarray(b.T)
    found = bibun.jit(lambda a, b: a @ b.T)(a, right)
    np.testing.assert_allclose(found, a @ b, rtol=0, atol=exact_enough(dtype, k))


def test_sums_of_products_are_exact_where_they_can_be():
    """Small integers: every product and every sum is a float, so that no order may differ."""
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-9, 9, s).astype(float) for s in ((37, 21), (21, 53)))
    assert np.array_equal(bibun.jit(lambda a, b: a @ b)(a, b), a @ b)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("more", [0, 1, 5, 64])
def test_long_results(more, threads, monkeypatch):
    monkeypatch.setattr(llvm, "largest", lambda: 0)
    x = np.linspace(-1, 1, STREAM // 4 + more, dtype=np.float32)

    def f(x):
        return x * 2 + 1, x[1:] - x[:-1], np.where(x > 0, x, -x), np.stack([x, -x])

    before = bibun.threads()
    bibun.set_threads(threads)
    try:
        compiled = bibun.jit(f)
        for k in range(3):  # in memory that the runtime uses again
            for a, b in zip(compiled(x + k), f(x + np.float32(k)), strict=True):
                assert np.array_equal(a, b)
    finally:
        bibun.set_threads(before)
    assert "!nontemporal" in compiled.lower(x).text("llvm")
