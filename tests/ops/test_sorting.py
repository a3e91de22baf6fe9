"""Sorting, searching and quantiles against NumPy, and what equal elements share."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest

from bibun import errors, grad, hessian, jacobian, jvp, vmap

from .agreement import agrees, derivatives_agree, on_traced
from .test_reductions import arrays, numbers

AXES = [None, 0, -1, 2, (0,), 1.5]


@pytest.mark.parametrize("f", [np.sort, np.argsort], ids=lambda f: f.__name__)
def test_sorting_is_numpys(f: Any) -> None:
    for x, axis in product(arrays(), AXES):
        for options in ({}, {"kind": "stable"}, {"stable": True}, {"kind": "heapsort"}):
            what = f"{f.__name__} {x.dtype}{x.shape} {axis} {options}"
            agrees(partial(f, axis=axis, **options), x, what=what)
    for options in ({"kind": "no"}, {"order": "a"}, {"kind": "stable", "stable": True}):
        agrees(partial(f, **options), numbers((3,), np.dtype(float)))


def test_partitions_are_numpys() -> None:
    for x, kth, axis in product(arrays(), (0, 1, -1, (0, 2), 99), (None, 0, -1)):
        what = f"{x.dtype}{x.shape} {kth} {axis}"
        agrees(partial(np.partition, kth=kth, axis=axis), x, what=what)
        agrees(partial(np.argpartition, kth=kth, axis=axis), x, what=what)


def test_searching_is_numpys() -> None:
    rising, x = np.array([-1.0, 0.0, 0.0, 2.0]), numbers((3, 4), np.dtype(float))
    for side, v in product(
        ("left", "right", "up"), (x, np.float64(0), np.array([0, 2]), np.float32([1.5]))
    ):
        agrees(partial(np.searchsorted, side=side), rising, v)
    agrees(lambda a, v: np.searchsorted(a[::-1], v, sorter=np.array([3, 2, 1, 0])), rising, x)
    agrees(lambda a, v: np.searchsorted(a, v), x, x)
    for right in (False, True):
        agrees(partial(np.digitize, bins=rising, right=right), x)
        agrees(partial(np.digitize, bins=rising[::-1], right=right), x)
    agrees(lambda x: np.digitize(x, [0.0, 2.0, 1.0]), x)


def test_unique_is_numpys() -> None:
    for x in arrays():
        agrees(np.unique, x, abstract=False)
    x = np.array([3.0, 1.0, 3.0, 2.0])
    found = on_traced(lambda x: np.unique(x, True, True, True), [x])
    for y, expected in zip(found, np.unique(x, True, True, True), strict=True):
        np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(
        grad(lambda x: np.sum(np.unique(x) * [1.0, 10, 100]))(x), [50, 1, 50, 10]
    )
    with pytest.raises(errors.UnsupportedError, match="axis"):
        jvp(lambda x: np.unique(x, axis=0), (x,), (x,))


def test_quantiles_are_numpys() -> None:
    places = (0.0, 0.3, 1.0, [0.25, 0.5], [[0.1], [0.9]])
    steps = ("lower", "higher", "midpoint", "nearest")
    lines = ("linear", "hazen", "weibull", "median_unbiased", "interpolated_inverted_cdf")
    methods = (*steps, *lines, "normal_unbiased")
    for dtype, nan, q, axis, method in product(
        ("f4", "f8", "i4"), (False, True), places, (None, 1, (0, 2)), methods
    ):
        x = numbers((2, 3, 4), np.dtype(dtype), nan=nan)
        what = f"{dtype} {q} {axis} {method}"
        f = partial(np.quantile, q=q, axis=axis, method=method, keepdims=axis == 1)
        agrees(f, x, what=what)
    agrees(lambda x: np.percentile(x, [20, 70], 0), numbers((3, 4), np.dtype(float)))
    with pytest.raises(errors.UnsupportedError, match="inverted_cdf"):
        grad(lambda x: np.quantile(x, 0.5, method="inverted_cdf"))(np.ones(3))


WEIGHTS = np.random.default_rng(3).normal(size=(3, 5))
SMOOTH = {
    "sort": lambda x: np.sort(x, axis=0) * WEIGHTS,
    "sort of all": lambda x: np.sort(x, axis=None) ** 2,
    "partition": lambda x: np.partition(x, 2)[:, 2] ** 2,
    "median": lambda x: np.median(x, axis=1) ** 2,
    "median of an even number": lambda x: np.median(x[:, :4]) ** 2,
    "nanmedian": lambda x: np.nanmedian(np.where(x > 1, np.nan, x), axis=1) ** 2,
    "quantile": lambda x: np.quantile(x, [0.1, 0.6], axis=1) ** 2,
    "percentile": lambda x: np.percentile(x, 37, method="hazen") ** 2,
}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives(name: str) -> None:
    f, rng = SMOOTH[name], np.random.default_rng(2)
    x, s, t = rng.uniform(-2, 2, (3, 3, 5))
    derivatives_agree(f, x, s, t, lambda shape: rng.normal(size=shape), rounding=1e-12)


def test_a_quantile_has_a_derivative_by_its_place() -> None:
    x = np.array([1.0, 2.0, 4.0, 8.0])
    assert grad(lambda q: np.quantile(x, q))(0.5) == 3 * (4 - 2)


def test_equal_elements_share_the_derivative() -> None:
    x, w = np.array([1.0, 0.0, 1.0, -0.0, 1.0]), np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    for f in (np.sort, lambda x: np.sort(x, kind="stable"), lambda x: np.partition(x, [1, 2])):
        share = grad(lambda x, f=f: np.sum(f(x) * w))(x)
        np.testing.assert_allclose(share, [28 / 3, 1.5, 28 / 3, 1.5, 28 / 3], rtol=1e-15)
        np.testing.assert_array_equal(hessian(lambda x, f=f: np.sum(f(x) * w))(x), np.zeros((5, 5)))
        back, along = jacobian(f)(x), np.stack([jvp(f, (x,), (e,))[1] for e in np.eye(5)], axis=1)
        np.testing.assert_allclose(back, along, rtol=1e-15)
    np.testing.assert_allclose(grad(np.median)(np.full(3, 2.0)), [1 / 3] * 3, rtol=1e-15)
    assert np.isnan(grad(np.median)(np.array([1.0, np.nan, 2.0]))).any()


def test_structural_zeros_survive() -> None:
    x = np.array([0.0, 4.0, 1.0])
    np.testing.assert_array_equal(grad(lambda x: np.sort(np.sqrt(x))[1:].sum())(x), [0, 0.25, 0.5])


def test_batched_is_a_loop() -> None:
    x = np.random.default_rng(4).normal(size=(4, 3, 5))
    for f in (
        np.sort,
        np.argsort,
        np.median,
        lambda x: np.searchsorted(x[0], x),
        lambda x: np.quantile(x, [0.2, 0.7]),
    ):
        inner = (lambda x, f=f: f(np.sort(x, axis=-1))) if f not in (np.sort, np.argsort) else f
        looped = np.stack([inner(v) for v in x])
        np.testing.assert_allclose(vmap(inner)(x), looped, rtol=1e-13)  # rounding
