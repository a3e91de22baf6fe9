"""NumPy's less common functions: values, types and errors are NumPy's; the page of them is true."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from bibun import errors, grad, jacobian, jvp, vmap
from bibun.array import FUNCTIONS, Duck
from bibun.ops import later
from bibun.ops.plain import REFUSED
from bibun.ops.quantiles import PLACES
from tests.test_layout import ROOT

from .agreement import agrees, on_traced

NAN = np.nan
later.load()


def named(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that protocols do not reach, as code with its names bound anew calls it."""

    def call(*args: Any, **options: Any) -> Any:
        given = [x for a in (*args, *options.values()) for x in (a if type(a) is list else [a])]
        return (FUNCTIONS[f] if any(isinstance(x, Duck) for x in given) else f)(*args, **options)

    return call


def numbers(*shape: int, dtype: str = "f8") -> np.ndarray:
    return (np.random.default_rng(len(shape)).normal(size=shape) * 4).astype(dtype)


# ------------------------------------------------------------ the page


def test_page_of_numpy_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("table", ROOT / "docs" / "make_numpy_table.py")
    assert spec and spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    committed, made = (ROOT / "docs" / "numpy.md").read_text("utf-8"), maker.page()
    version = next(line for line in made.splitlines() if "with NumPy" in line)
    if version not in committed:  # other versions have other functions
        pytest.skip(f"the page was made with another version of NumPy: {version}")
    assert committed == made, "docs/numpy.md is out of date: run python docs/make_numpy_table.py"


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_refusals_say_why(f: Any) -> None:
    with pytest.raises(errors.UnsupportedError) as caught:
        grad(lambda x: FUNCTIONS[f](x, x))(1.0)
    assert REFUSED[f] in str(caught.value)


WITHOUT_GRADIENT = [np.matrix, np.broadcast]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of np.matrix
@pytest.mark.parametrize("f", [*WITHOUT_GRADIENT, np.frompyfunc(np.sin, 1, 1)])
def test_what_would_take_the_number_out_raises(f: Any) -> None:
    with pytest.raises(TypeError):
        jvp(lambda x: [f(x), x][1], (np.ones(2),), (np.ones(2),))


def test_plain_results() -> None:
    def f(x: Any) -> Any:
        assert np.array2string(x) == np.array2string(x.numpy())
        assert np.array_repr(x) == np.array_repr(x.numpy())
        np.save(io.BytesIO(), x)
        assert np.shares_memory(x, x[1:])
        assert np.ravel_multi_index((np.argsort(x),), (5,)).dtype == np.intp
        return np.sum(np.real_if_close(x))

    np.testing.assert_array_equal(grad(f)(np.array([2.0, 1.0])), [1, 1])


# ------------------------------------------------------------ new arrays


ENDS = [("f8", 2, 7), ("f4", 2, 7), ("i4", 1, 9), ("f2", 1, 3)]


@pytest.mark.parametrize("f", [np.linspace, np.geomspace, np.logspace], ids=lambda f: f.__name__)
def test_rows_of_numbers_are_numpys(f: Any) -> None:
    for num, endpoint, (dtype, a, b) in product((0, 1, 4), (True, False), ENDS):
        g = partial(f, num=num, endpoint=endpoint)
        a, b = np.dtype(dtype).type(a), np.dtype(dtype).type(b)
        agrees(g, a, b, what=f"{num} {endpoint} {dtype}")
        agrees(partial(g, dtype="f4"), a, b)
        agrees(lambda a, g=g: g(a, 7.5), a)
        agrees(lambda b, g=g: g(1, b), b)
    x = np.array([3.0, 4.0, 5.0])
    agrees(lambda x: f(x, [[1.0], [2.0]], 4), x)
    agrees(lambda x: f(x, x[::-1], 4, axis=-1), x)
    agrees(lambda x: f(x, 1, -1), x)


def test_rows_of_numbers_with_options_are_numpys() -> None:
    a, b, x = np.float64(3), np.float64(3.1), np.array([2.0, 3.0])
    agrees(lambda a, b: np.linspace(a, b, 5, retstep=True), a, b)
    agrees(lambda a, b: np.linspace(a, b, 5, dtype=int), a, b * 9)
    agrees(np.geomspace, -a, -b)
    agrees(np.geomspace, 0 * a, b, abstract=False)
    agrees(np.geomspace, a, -b, abstract=False)
    for axis in (0, -1):
        agrees(lambda x, axis=axis: np.logspace(0, 2, 4, base=x, axis=axis), x)
        agrees(lambda a, x, axis=axis: np.logspace(a, 2, 4, base=x[:, None], axis=axis), x, x)


def test_new_arrays_are_numpys() -> None:
    x, y = np.float32(3), np.arange(3.0)
    agrees(lambda a: named(np.full)((2, 3), a), x)
    agrees(lambda a: named(np.full)(3, a, "f8"), x)
    agrees(lambda a: named(np.full)((2, 3), a), y)
    agrees(lambda a: named(np.full)((2, 2), a), y)
    agrees(lambda a: named(np.array)([a, 2.0]), x)
    agrees(lambda a: named(np.array)(a, ndmin=3), x)
    agrees(lambda a: named(np.array)(a, "f4", copy=False), y)
    agrees(lambda a: named(np.asarray)(a, "f4"), y)
    agrees(lambda a: named(np.ascontiguousarray)(a, "f4"), np.float64(3))
    agrees(lambda a: named(np.asarray_chkfinite)(a), np.float64(NAN), abstract=False)
    agrees(lambda a: named(np.require)(a, "f4", ["C"]), y)
    agrees(lambda a: named(np.fromiter)([a, a], float), np.float64(3))
    for bounds, dtype in product(((0, 7, 0.5), (3,), (1, 9), (2, -3, -0.7), (5, 1)), ("f4", "f8")):
        given = [np.dtype(dtype).type(b) for b in bounds]
        agrees(named(np.arange), *given, abstract=False, what=f"{bounds} {dtype}")
    agrees(named(np.arange), np.int32(1), np.int32(9), abstract=False)


def test_windows_and_frequencies_are_numpys() -> None:
    for n in (1, 2, 5):
        agrees(lambda b, n=n: named(np.kaiser)(n, b), np.float64(3))
        agrees(lambda d, n=n: named(np.fft.fftfreq)(n, d), np.float64(0.3))
        agrees(lambda d, n=n: named(np.fft.rfftfreq)(n, d), np.float64(0.3))
        for window in (np.bartlett, np.blackman, np.hamming, np.hanning):
            agrees(named(window), np.int64(n), abstract=False)
    for f, axes in product((np.fft.fftshift, np.fft.ifftshift), (None, 0, (0, 1), -1, 5)):
        agrees(partial(f, axes=axes), numbers(3, 5))


def test_sliding_windows_are_numpys() -> None:
    x = numbers(4, 5)
    for shape, axis in ((2, 0), (2, -1), ((2, 3), None), ((2, 3), (1, 0)), ((2, 2), (1, 1)),
                        (9, 0), (2, None), (-1, 0), (2, 7)):  # fmt: skip
        f = partial(sliding_window_view, window_shape=shape, axis=axis)
        agrees(f, x, what=f"{shape} {axis}")
    counts = grad(lambda x: np.sum(sliding_window_view(x, 3)))(np.ones(5))
    np.testing.assert_array_equal(counts, [1, 2, 3, 2, 1])


@pytest.mark.parametrize("name", np.emath.__all__)
def test_functions_of_complex_range_are_numpys_within_the_reals(name: str) -> None:
    f = getattr(np.emath, name)
    for dtype in ("f8", "f4"):
        x = np.array([0.2, 0.7], dtype)
        two = name in ("logn", "power")
        agrees(*((f, x, x[::-1].copy()) if two else (f, x)), abstract=False)
        if two:
            agrees(lambda x, f=f: f(x, 2), x, abstract=False)
    agrees(lambda p: np.emath.power(2.0, p), np.array([-2, 3]), abstract=False)
    with pytest.raises(errors.UnsupportedError, match="complex"):
        grad(lambda x: f(x, x) if two else f(x))(-1.5)


# ------------------------------------------------------------ histograms


BINS = [1, 10, np.array([-3, -1, 0, 0.5, 2, 3]), "auto", [3, 1], 0, 1.5, [[1, 2]]]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4"])
def test_histograms_are_numpys(dtype: str) -> None:
    a, w = numbers(50, dtype=dtype), np.random.default_rng(0).uniform(0.5, 2, 50)
    for bins, limits, density in product(BINS, (None, (-2, 2.5), (2, 1), (1, 1)), (False, True)):
        what = f"{bins} {limits} {density}"
        f = partial(np.histogram, bins=bins, range=limits, density=density)
        agrees(f, a, abstract=False, what=what)
        agrees(lambda a, w, f=f: f(a, weights=w), a, w, abstract=False, what=what)
        g = partial(np.histogram_bin_edges, bins=bins, range=limits)
        agrees(g, a, abstract=False, what=what)
    agrees(lambda w: np.histogram(a, 5, weights=w), w)
    agrees(lambda w: np.histogram(a, [-1, 0, 2], weights=w, density=True), w)
    agrees(lambda a: np.histogram(a, [-1, 0, 2]), w)
    for x in (np.zeros(0), np.ones(3), np.array([1, NAN])):
        agrees(np.histogram, x.astype(float), abstract=False)


def test_the_largest_number_is_in_the_last_bin_of_a_batch() -> None:
    rows = np.array([0.7, 1.3, -0.4, 2.1, 0.9, -1.6]) * np.array([[1.0], [1.1], [0.9]])
    counts = vmap(lambda x: np.histogram(x, 3)[0])(rows)
    np.testing.assert_array_equal(counts, [np.histogram(x, 3)[0] for x in rows])


def test_histograms_of_several_axes_are_numpys() -> None:
    x, y, w = numbers(3, 40)
    edges = np.array([-1, 0, 1.0])
    for bins, density in product((4, [3, 4], [edges, 3], [edges] * 2, edges, 0), (False, True)):
        f = partial(np.histogram2d, bins=bins, density=density)
        agrees(f, x, y, abstract=False, what=f"{bins}")
        agrees(lambda x, y, w, f=f: f(x, y, weights=w), x, y, w, abstract=False)

        def flat(s: Any, bins: Any = bins, density: bool = density) -> Any:
            h, edges = np.histogramdd(s, bins, density=density)
            return [h, *edges]

        agrees(flat, np.stack([x, y], 1), abstract=False)


def test_bincount_is_numpys() -> None:
    i, w = np.array([0, 2, 2, 5]), np.array([1.0, 2.0, 3.0, 4.0])
    agrees(lambda w: np.bincount(i, w), w)
    for args in ((i,), (i, w), (i, w.astype("f4"), 9), (i, w[:2]), (-i,), (w,)):
        agrees(np.bincount, *args[:2], abstract=False)
        agrees(lambda *a, n=args[2:]: np.bincount(*a, *n), *args[:2], abstract=False)


def test_weights_and_edges_have_derivatives() -> None:
    x, w = numbers(40), np.linspace(1, 2, 40)
    bins = np.clip(np.floor((x - x.min()) / np.ptp(x) * 5), 0, 4)
    back = grad(lambda w: np.sum(np.histogram(x, 5, weights=w)[0] * np.arange(5.0)))(w)
    np.testing.assert_array_equal(back, bins)
    # The edges move with the extremes, and the density of a bin is its share by its width.
    width = np.ptp(x) / 5
    slope = grad(lambda x: np.histogram(x, 5, density=True)[0][2])(x)
    share = np.mean(bins == 2)
    expected = share / width**2 / 5 * ((np.arange(40) == x.argmin()) * 1.0 - (x == x.max()))
    np.testing.assert_allclose(slope, expected, rtol=1e-12)  # rounding
    np.testing.assert_array_equal(
        jacobian(lambda w: np.bincount([1, 1, 0], w))(np.ones(3)), [[0, 0, 1], [1, 1, 0]]
    )


# ------------------------------------------------------------ quantiles without nan


def test_nanquantiles_are_numpys() -> None:
    x = numbers(2, 3, 4)
    x[0, 1, 2] = x[1, 0, :] = x[1, 2, 0] = NAN
    for q, axis, method in product((0.3, 1.0, [0.25, 0.5]), (None, 1, (0, 2)), PLACES):
        f = partial(np.nanquantile, q=q, axis=axis, method=method)
        agrees(f, x, what=f"{q} {axis} {method}")
        agrees(partial(f, keepdims=True), x.astype("f4"), what=f"{q} {axis} {method}")
    agrees(partial(np.nanquantile, q=0.4), np.nan_to_num(x).astype(int))
    for q, axis in ((30, None), (130, None), (30, 7)):
        agrees(partial(np.nanpercentile, q=q, axis=axis), x)
    agrees(lambda x, q: np.nanpercentile(x, q), x, np.array([20.0, 30.0]))
    back = grad(lambda x: np.nanquantile(x, 0.3))(np.array([1.0, NAN, 3, 2, 5]))
    np.testing.assert_allclose(back, [0.1, 0, 0, 0.9, 0], rtol=1e-14)  # rounding
    assert on_traced(lambda x: np.nanquantile(x, [[0.1], [0.9]], (0, 2)), [x])[0].shape == (2, 1, 3)


# ------------------------------------------------------------ sets, orders, places


SETS = [
    ([1.0, 2, 2, 3, NAN], [2.0, 3, 5, NAN]), ([3, 1, 2], [2, 2]), ([], [1.0]), ([1.0], []),
    ([[1.0, 2], [3, 4]], [4.0, 4]),
]  # fmt: skip


def test_sets_are_numpys() -> None:
    operations = (np.setdiff1d, np.union1d, np.setxor1d, np.intersect1d)
    for a, b in SETS:
        x, y = np.array(a), np.array(b)
        agrees(np.isin, x, y)
        agrees(partial(np.isin, invert=True), x, y)
        for f in operations:
            agrees(f, x, y, abstract=False, what=f"{f.__name__} {a} {b}")
        agrees(partial(np.intersect1d, return_indices=True), x, y, abstract=False)
        for f in (np.unique_counts, np.unique_inverse, np.unique_all):
            agrees(f, x, abstract=False, what=f"{f.__name__} {a}")
        np.testing.assert_array_equal(
            on_traced(np.unique_values, [x])[0], np.sort(np.unique_values(x))
        )
    for f in (np.setdiff1d, np.setxor1d, np.intersect1d):
        agrees(partial(f, assume_unique=True), np.array([5.0, 1, 3]), np.array([3.0, 1, 7]),
               abstract=False)  # fmt: skip


def test_equal_elements_of_both_sets_share_the_derivative() -> None:
    x, y = np.array([3.0, 1.0, 2.0]), np.array([3.0, 3.0, 5.0])
    back = jacobian(lambda x: np.union1d(x, y))(x)
    np.testing.assert_allclose(back, [[0, 1, 0], [0, 0, 1], [1 / 3, 0, 0], [0, 0, 0]], rtol=1e-15)


def test_orders_and_places_are_numpys() -> None:
    k = np.random.default_rng(0).integers(0, 3, (3, 6)).astype(float)
    agrees(np.lexsort, k)
    agrees(lambda a, b: named(np.lexsort)([a, b]), k[0], k[1])
    agrees(lambda a: named(np.lexsort)([a, a[::-1]], axis=0), k)
    agrees(lambda a: named(np.lexsort)([a], 3), k)
    agrees(lambda a: named(np.lexsort)([a, a[0]]), k)
    x = numbers(3, 4)
    x[0, 1] = x[1, :3] = NAN
    for f, axis in product((np.nanargmax, np.nanargmin), (None, 0, 1, 3)):
        agrees(partial(f, axis=axis), x)
        agrees(partial(f, axis=axis, keepdims=True), x)
        agrees(partial(f, axis=axis), (x > 0) * 1)
        agrees(f, np.array([NAN, NAN]), abstract=False)


# ------------------------------------------------------------ functions of the user's


def test_functions_along_axes_are_numpys() -> None:
    x = numbers(2, 3, 4)
    for axis in (0, 1, -1, 4):
        for f in (np.sum, lambda v: v[:2] * 2, lambda v: np.outer(v, v), lambda v: 3):
            agrees(lambda x, f=f, axis=axis: np.apply_along_axis(f, axis, x), x)
        agrees(lambda x, axis=axis: np.apply_along_axis(lambda v, k: np.sort(v) * k, axis, x, 3), x)
        agrees(lambda x, axis=axis: np.apply_over_axes(np.sum, x, axis), x)
    agrees(lambda x: np.apply_along_axis(np.sum, 0, x), np.zeros((3, 0)))
    agrees(lambda x: np.apply_over_axes(np.sum, x, (0, 2)), x)
    agrees(lambda x: np.apply_over_axes(lambda a, k: a[0, 0], x, -1), x)


def test_piecewise_is_numpys() -> None:
    v, m = np.array([-2.0, -1, 0, 1, 3]), numbers(2, 3)
    minus, log = (lambda x: -x), (lambda x: np.log(x))
    cases: list[tuple[Callable[..., Any], Any]] = [
        (lambda v: np.piecewise(v, [v < 0, v >= 0], [minus, np.sqrt]), v),
        (lambda v: np.piecewise(v, [v < 0, v <= 0], [minus, 5, log]), v),
        (lambda v: np.piecewise(v, v < 0, [minus, 7]), v),
        (lambda v: np.piecewise(v, [v < 0], [minus]), v),
        (lambda v: np.piecewise(v, [v < 0], [1, 2, 3]), v),
        (lambda v: np.piecewise(v, [v < 0, v > 0], [lambda x, k: x * k, 2], 4), v.astype(int)),
        (lambda v: np.piecewise(v, [v < 0, v > 0], [-1, 1]), np.float64(3)),
        (lambda v: np.piecewise(v, v < 0, [-1, np.square]), np.float64(3)),
        (lambda v: np.piecewise(v, [v[:, :1] < 0], [1, 2]), m),
        (lambda v: np.piecewise(v, [v < 0], [minus, np.sqrt]), m),
        (lambda v: np.piecewise(v, [[True, False, True, False, True]], [minus, 3]), v),
    ]
    for k, (f, x) in enumerate(cases):
        agrees(f, x, abstract=False, what=f"case {k}")
    # What is not taken has no part in the derivative, be it infinite.
    back = grad(lambda v: np.sum(np.piecewise(v, [v < 0, v > 0], [minus, np.sqrt, 0])))(v)
    np.testing.assert_allclose(back, [-1, -1, 0, 0.5, 0.5 / np.sqrt(3)], rtol=1e-15)


def test_conditions_of_piecewise_have_to_be_known() -> None:
    with pytest.raises(errors.AbstractValueError, match="piecewise"):
        vmap(lambda v: np.piecewise(v, [v < 0], [0, 1]))(np.ones((2, 3)))
