"""Parts and neighbours of floats bit for bit, and families of special functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special as sc

import bibun

from .test_native import graph_of, same


def floats(dtype: str) -> np.ndarray:
    """Numbers of all sizes, and those at the ends of the range."""
    of, rng = np.finfo(dtype), np.random.default_rng(0)
    ends = [0, 1, 0.5, 2, 2.5, of.max, of.tiny, of.tiny * (1 - of.eps), of.smallest_subnormal]
    powers = rng.integers(of.minexp - of.nmant, of.maxexp, 100)
    some = np.ldexp(rng.uniform(0.5, 1, 100).astype(dtype), powers)
    x = np.concatenate([np.array([*ends, np.inf, np.nan], dtype), some])
    return np.concatenate([x, -x])


def exactly(f: Callable[..., Any], *args: np.ndarray) -> None:
    """Native code has NumPy's own bits, but for those of nan."""
    found = bibun.jit(f)
    assert not found.lower(*args).interpreted
    with np.errstate(all="ignore"):
        y, wanted = np.asarray(found(*args)), np.asarray(f(*args))
    assert y.dtype == wanted.dtype
    np.testing.assert_array_equal(y, wanted)
    good = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(y)[good], np.signbit(wanted)[good])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_parts_of_floats(dtype: str) -> None:
    x = floats(dtype)
    for f in (np.spacing, np.angle, lambda x: np.modf(x)[0], lambda x: np.frexp(x)[0]):
        exactly(f, x)
    assert np.array_equal(bibun.jit(lambda x: np.frexp(x)[1])(x), np.frexp(x)[1])
    exactly(np.nextafter, *np.broadcast_arrays(x[:, None], x[::7]))
    of = np.finfo(dtype)
    far = of.minexp - of.nmant
    for n in (0, 1, of.maxexp, -of.maxexp, of.minexp - 1, far - 1, 2**30, -(2**62)):
        exactly(np.ldexp, x, np.full(x.shape, n))


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u8"])
def test_counts_of_bits(dtype: str) -> None:
    of = np.iinfo(dtype)
    exactly(np.bitwise_count, np.array([of.min, of.min + 1, 0, 1, 5, 77, of.max], dtype))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_polygamma(dtype: str) -> None:
    """Near the pole, far away, and on the left of it, where SciPy is asked."""
    x = np.concatenate([np.geomspace(1e-3, 1e12, 60), [np.inf, np.nan]]).astype(dtype)
    for order in range(4):
        graph, captured = graph_of(lambda x, n=order: sc.polygamma(n, x), x)
        assert not same(graph, [x, *captured], 16).interpreted
    f = bibun.jit(lambda x: sc.polygamma(2, x))
    np.testing.assert_array_equal(f(-x[:3]), sc.polygamma(2, -x[:3]).astype(dtype))


def test_polygamma_is_true() -> None:
    """Within eight roundings of what mpmath has."""
    x = np.geomspace(1e-2, 1e9, 23)
    for order in (1, 2, 5):
        y = bibun.jit(lambda x, n=order: sc.polygamma(n, x))(x)
        true = np.array([float(mpmath.polygamma(order, mpmath.mpf(float(v)))) for v in x])
        np.testing.assert_allclose(y, true, rtol=8 * np.finfo(float).eps)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_slopes_of_special_functions(dtype: str) -> None:
    """The first derivative and, in forward mode, the second."""
    x = np.linspace(0.2, 6, 13).astype(dtype)
    functions = sc.digamma, sc.gammaln, sc.j1, sc.y1, sc.i1, sc.k1, sc.i0e, sc.i1e, sc.erfcx
    further = (
        lambda x: sc.kve(0.7, x),
        lambda x: sc.ive(0.7, x),
        sc.exprel,
        sc.dawsn,
        sc.ellipkm1,
        lambda x: sc.ellipkinc(x / 6, x / 7),
    )
    for f in (*functions, *further, sc.log_ndtr):
        slope = bibun.grad(lambda x, f=f: np.sum(f(x)))
        graph, captured = graph_of(lambda x, g=slope: bibun.jvp(g, (x,), (np.ones_like(x),)), x)
        assert not same(graph, [x, *captured]).interpreted


@pytest.mark.parametrize("degree", [2, np.uint64(3), 4.0], ids=["l", "Q", "d"])
def test_degrees(degree: Any) -> None:
    """A whole number is another function of SciPy's than a float, which it is told as."""
    x = np.array([0.3, -0.7, 1e-9, 0.0, np.nan])
    for f in (
        sc.eval_legendre,
        lambda n, x: sc.eval_gegenbauer(n, 2.5, x),
        sc.eval_chebyt,
        sc.eval_laguerre,
        sc.yn,
        sc.kn,
        sc.expn,
    ):
        graph, captured = graph_of(lambda x, f=f: f(degree, x), x)
        assert not same(graph, [x, *captured], 0).interpreted
    graph, captured = graph_of(lambda x: sc.bdtr(1, 4, x) + sc.eval_jacobi(degree, 1, 2, x), x)
    assert not same(graph, [x, *captured]).interpreted
    graph, captured = graph_of(lambda x: sc.eval_gegenbauer(degree + 0.5, 2.5, x), x)
    assert not same(graph, [x, *captured]).interpreted
