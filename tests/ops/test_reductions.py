"""Reductions, running sums and statistics against NumPy; their derivatives where they are hard."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special

from bibun import errors, grad, hessian, jacobian, jvp, vjp
from bibun.array import FUNCTIONS, Array
from bibun.ops.softmax import log_softmax, logsumexp, softmax

from .agreement import agrees, wide_difference

DTYPES = [np.dtype(c) for c in ("f2", "f4", "f8", "i4", "u1", "?")]
FOLDS = [np.sum, np.prod, np.max, np.min, np.nansum, np.nanprod, np.nanmax, np.nanmin]
MEANS = [np.mean, np.nanmean, np.var, np.std, np.nanvar, np.nanstd]
TRUTHS = [np.any, np.all, np.count_nonzero, np.ptp, np.argmax, np.argmin, np.median, np.nanmedian]
RUNNING = [np.cumsum, np.cumprod, np.nancumsum, np.nancumprod]


def numbers(shape: tuple[int, ...], dtype: np.dtype, nan: bool = False, seed: int = 0) -> Any:
    """Numbers of both signs with ties and zeros, now and then nan."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, shape) if dtype.kind == "b" else rng.integers(0, 9, shape)
    if dtype.kind == "f":
        x = np.where(rng.random(shape) < 0.5, x - 4, rng.normal(size=shape))
        x = np.where(nan & (rng.random(shape) < 0.2), np.nan, x)
    return np.asarray(x).astype(dtype)[()]


def arrays() -> Iterator[Any]:
    """Arrays of all dtypes and awkward shapes, and one with another order of memory."""
    for dtype, shape in product(DTYPES, [(), (1,), (5,), (2, 3, 4), (0,), (2, 0, 3)]):
        yield numbers(shape, dtype)
    yield numbers((4, 3, 2), np.dtype(float), nan=True).T
    yield numbers((3, 20000), np.dtype("f2"))  # so long that NumPy casts it in pieces
    yield numbers((20000,), np.dtype("f4"), nan=True)


AXES = [None, 0, -1, 1, (), (0,), (0, -1), (-1, 0), (0, 0), 3, 1.5]


@pytest.mark.parametrize("f", FOLDS + MEANS + TRUTHS, ids=lambda f: f.__name__)
def test_reductions_are_numpys(f: Any) -> None:
    for x, axis, keepdims in product(arrays(), AXES, (False, True)):
        what = f"{f.__name__} {x.dtype}{x.shape} {axis=} {keepdims=}"
        whole = x.size < 1000 or x.dtype != "f2"  # NumPy's squares overflow there, not ours
        agrees(partial(f, axis=axis, keepdims=keepdims), x, what=what, abstract=whole)


@pytest.mark.parametrize("f", FOLDS + MEANS, ids=lambda f: f.__name__)
def test_options_of_reductions_are_numpys(f: Any) -> None:
    dtypes = [{}, {"dtype": np.float32}, {"dtype": np.float64}]
    initials = [{}, {"initial": 2.0}, {"initial": None}]
    degrees = [
        {},
        {"ddof": 1},
        {"correction": 1},
        {"ddof": 0.5},
        {"ddof": 1, "correction": 1},
        {"ddof": 9},
    ]
    mask = numbers((4,), np.dtype(bool))
    wheres = [{}, {"where": mask}, {"where": mask[:, None] & True}, {"where": False}]
    known = inspect.signature(f).parameters
    for dtype, axis, *more in product(DTYPES, (None, 1), dtypes, initials, degrees, wheres):
        options = {k: v for option in more for k, v in option.items()}
        if set(options) <= set(known):
            x = numbers((2, 3, 4), dtype, nan=True)
            agrees(partial(f, axis=axis, **options), x, what=f"{f.__name__} {dtype} {options}")


@pytest.mark.parametrize("f", [np.var, np.std])
def test_a_given_mean_is_used(f: Any) -> None:
    x, m = numbers((3, 4), np.dtype(float)), numbers((3, 1), np.dtype(float), seed=1)
    agrees(lambda x, m: f(x, axis=1, mean=m, keepdims=True), x, m)


def test_where_and_initial_may_be_traced() -> None:
    x, y = numbers((2, 3), np.dtype(float)), numbers((3,), np.dtype(float), seed=1)
    for f in (np.sum, np.prod, np.max, np.min):
        agrees(lambda x, y, s, f=f: f(x, axis=0, where=y > 0, initial=s), x, y, np.float64(0.25))
        by_x, by_start = grad(lambda x, s, f=f: f(x, where=x > 0, initial=s), (0, 1))(x, 0.25)
        assert np.isfinite(by_x).all() and np.isfinite(by_start)


@pytest.mark.parametrize("f", RUNNING, ids=lambda f: f.__name__)
def test_running_sums_and_products_are_numpys(f: Any) -> None:
    for x, axis, dtype in product(arrays(), [None, 0, -1, 1, 3, (0,)], [None, np.float32]):
        agrees(
            partial(f, axis=axis, dtype=dtype),
            x,
            what=f"{f.__name__} {x.dtype}{x.shape} {axis} {dtype}",
        )


def test_differences_and_integrals_are_numpys() -> None:
    for x, n, axis in product(arrays(), (0, 1, 2, -1), (0, -1, 2)):
        agrees(partial(np.diff, n=n, axis=axis), x, what=f"diff {x.dtype}{x.shape} {n} {axis}")
    x, t = numbers((2, 5, 3), np.dtype(float)), np.arange(5.0) ** 2
    agrees(lambda x: np.diff(x, axis=1, prepend=0.0, append=x), x)
    agrees(lambda x, t: np.trapezoid(x, t, axis=1), x, t)
    agrees(lambda x: np.trapezoid(x, dx=0.1), x)
    agrees(lambda x: np.trapezoid(x, x, axis=0), x)
    for f in (
        getattr(np, name) for name in ("cumulative_sum", "cumulative_prod") if hasattr(np, name)
    ):
        agrees(lambda x, f=f: f(x), x)
        agrees(lambda x, f=f: f(x, axis=1, include_initial=True), x)


def test_averages_and_covariances_are_numpys() -> None:
    for dtype, axis in product(DTYPES, (None, 1, (0, 1))):
        x = numbers((4, 5), dtype)
        agrees(partial(np.average, axis=axis), x)
        agrees(lambda x, k=axis: np.average(x, k, weights=np.abs(x) + 1, returned=True), x)
    x, w = numbers((4, 5), np.dtype(float)), np.arange(1.0, 5.0)
    agrees(lambda x, w: np.average(x, 0, w, True, keepdims=True), x, w)
    agrees(lambda x, w: np.average(x, 0, w - w), x, w, abstract=False)
    agrees(lambda x, w: np.average(x, None, w), x, w)
    agrees(lambda x, w: np.average(x, 1, w), x, w)
    weights, counts = np.arange(1.0, 6.0), np.arange(5)
    plain = [{}, {"rowvar": False}, {"bias": True}, {"ddof": 0}]
    weighted = [
        {"aweights": weights},
        {"fweights": counts},
        {"aweights": weights, "fweights": counts},
    ]
    for options in plain + weighted:
        agrees(lambda x, o=options: np.cov(x, **o), x, what=f"cov {options}")
    agrees(lambda x: np.cov(x[0], x[1]), x)
    agrees(lambda x: np.corrcoef(x), x)
    agrees(lambda x: np.corrcoef(x[0], x[2] ** 2), x)
    agrees(lambda x: np.cov(x[0]), x)


def test_signatures_are_numpys() -> None:
    ours = [
        f
        for f in FUNCTIONS
        if FUNCTIONS[f].__module__.rpartition(".")[2] in MODULES and inspect.isroutine(f)
    ]
    assert len(ours) > 40
    for f in ours:
        expected = [*inspect.signature(f).parameters]
        found = [*inspect.signature(FUNCTIONS[f]).parameters]
        assert expected[: len(found)] == found or "options" in found, (
            f"{f.__name__}: {found} instead of {expected}"
        )


MODULES = ("reduction", "extremum", "cumulative", "statistics", "sorting", "quantiles")


def test_out_is_written_to() -> None:
    """An array that was made inside takes the result, with its derivative; another refuses."""
    x, other = np.array([0.5, 1.0, 2.5]), np.zeros(())

    def into(f: Any, x: Any) -> Any:
        y = np.zeros(())
        f(x, out=y)
        return y

    for f in (np.sum, np.max, np.mean, np.std, np.median, np.prod):
        np.testing.assert_allclose(grad(lambda x, f=f: into(f, x))(x), grad(f)(x), rtol=1e-15)
        with pytest.raises(errors.BibunError, match=r"out|plain array"):
            grad(lambda x, f=f: f(x, out=other))(x)


# ------------------------------------------------------------ derivatives


SMOOTH = {
    "prod": lambda x: np.prod(x, axis=(0, 2)),
    "nanprod": lambda x: np.nanprod(np.where(x > 1, np.nan, x), axis=1),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "cumprod": lambda x: np.cumprod(x, axis=0),
    "cumprod of all": lambda x: np.cumprod(x),
    "mean": lambda x: np.mean(x, axis=(0, 1)),
    "average": lambda x: np.average(x, axis=1, weights=x**2),
    "var": lambda x: np.var(x, axis=1, ddof=1),
    "var of a part": lambda x: np.var(x, axis=2, where=np.arange(4) < 3),
    "std": lambda x: np.std(x, axis=(0, 2)),
    "std of a part": lambda x: np.std(x, axis=2, where=np.arange(4) < 3, ddof=1),
    "std about a point": lambda x: np.std(x, axis=2, mean=x[..., :1]),
    "nanstd": lambda x: np.nanstd(np.where(x > 1, np.nan, x), axis=1),
    "nanmean": lambda x: np.nanmean(np.where(x > 1, np.nan, x), axis=1),
    "cov": lambda x: np.cov(x[0], aweights=np.arange(1, 5)),
    "corrcoef": lambda x: np.corrcoef(x[0])[0],
    "trapezoid": lambda x: np.trapezoid(x, x**2, axis=1),
    "diff": lambda x: np.diff(x, 2, axis=1, prepend=x),
    "max": lambda x: np.max(x, axis=1) + np.ptp(x, axis=(1,)),
    "nanmin": lambda x: np.nanmin(np.where(x > 1, np.nan, x), axis=1),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_first_and_second_derivatives(name: str) -> None:
    f, rng = SMOOTH[name], np.random.default_rng(1)
    x, s, t = rng.uniform(-2, 2, (3, 2, 3, 4))
    y, moved = jvp(f, (x,), (t,))
    np.testing.assert_allclose(
        moved, wide_difference(f, x, t), rtol=1e-9, atol=1e-9
    )  # error of the differences
    g = rng.normal(size=y.shape)
    (back,) = vjp(f, x)[1](g)
    np.testing.assert_allclose(np.sum(back * t), np.sum(g * moved), rtol=1e-12)  # rounding
    _, second = jvp(lambda x: jvp(f, (x,), (t,))[1], (x,), (s,))
    by_x = wide_difference(lambda x: jvp(f, (x,), (t.astype(x.dtype),))[1], x, s)
    np.testing.assert_allclose(second, by_x, rtol=1e-8, atol=1e-8)
    (mixed,) = vjp(lambda x: vjp(f, x)[1](g)[0], x)[1](s)
    np.testing.assert_allclose(np.sum(mixed * t), np.sum(g * second), rtol=1e-9, atol=1e-9)


def others(x: list[int], *without: int) -> float:
    """The product of whole numbers, some left out: exact."""
    return float(np.prod([v for k, v in enumerate(x) if k not in without], dtype=object))


@pytest.mark.parametrize("x", [[0, 2, 3], [0, 0, 3], [0, 0, 0], [5], [2, 3, 5, 7], [2, 0, 3, 0, 5]])
def test_products_with_zeros_have_exact_derivatives(x: list[int]) -> None:
    n, a = len(x), np.array(x, float)
    np.testing.assert_array_equal(grad(np.prod)(a), [others(x, i) for i in range(n)])
    expected = [[0.0 if i == j else others(x, i, j) for j in range(n)] for i in range(n)]
    np.testing.assert_array_equal(hessian(np.prod)(a), expected)
    lower = [[others(x[: k + 1], i) if i <= k else 0.0 for i in range(n)] for k in range(n)]
    np.testing.assert_array_equal(jacobian(np.cumprod)(a), lower)
    weights = np.arange(1.0, n + 1)
    second = hessian(lambda x: np.sum(weights * np.cumprod(x)))(a)
    exact = [
        [
            sum(weights[k] * others(x[: k + 1], i, j) for k in range(max(i, j), n)) * (i != j)
            for j in range(n)
        ]
        for i in range(n)
    ]
    np.testing.assert_array_equal(second, exact)
    third = grad(lambda x: hessian(np.prod)(x)[0, -1])(a)
    cubic = [others(x, 0, n - 1, k) if 0 < k < n - 1 else 0.0 for k in range(n)]
    np.testing.assert_array_equal(third, cubic)


def test_ties_share_the_derivative() -> None:
    x = np.array([[3.0, 1.0, 3.0], [1.0, 1.0, 1.0]])
    np.testing.assert_array_equal(grad(np.max)(x), [[0.5, 0, 0.5], [0, 0, 0]])
    np.testing.assert_array_equal(
        grad(lambda x: np.sum(np.max(x, axis=1)))(x), [[0.5, 0, 0.5], [1 / 3] * 3]
    )
    np.testing.assert_array_equal(grad(np.min)(x), [[0, 0.25, 0], [0.25] * 3])
    np.testing.assert_array_equal(hessian(np.max)(x[0]), np.zeros((3, 3)))
    inf = np.array([-np.inf, np.inf, 1.0, np.inf])
    np.testing.assert_array_equal(grad(np.max)(inf), [0, 0.5, 0, 0.5])
    np.testing.assert_array_equal(grad(np.min)(inf), [1, 0, 0, 0])


def test_the_derivative_of_a_nan_is_no_number() -> None:
    x = np.array([1.0, np.nan])
    assert np.isnan(grad(np.max)(x)).all()
    assert np.isnan(grad(np.std)(x)).all()
    np.testing.assert_array_equal(grad(np.nanmax)(x), [1, 0])
    np.testing.assert_array_equal(grad(np.nansum)(x), [1, 0])


def test_standard_deviations_at_the_edge() -> None:
    for n in (1, 3):
        np.testing.assert_array_equal(grad(np.std)(np.full(n, 5.0)), np.zeros(n))
        np.testing.assert_array_equal(hessian(np.std)(np.full(n, 5.0)), np.zeros((n, n)))
    x = np.array([1.0, 3.0, 4.0])
    g = grad(np.std)(x)
    for scale in (1e-200, 1e200):  # whose squares underflow and overflow
        np.testing.assert_allclose(grad(np.std)(x * scale), g, rtol=1e-14)  # rounding
    half = np.array([1.0, 2.0, 4.0], np.float16)
    assert grad(lambda x: np.std(x).astype(float))(half).dtype == np.float16


def test_structural_zeros_survive() -> None:
    x = np.array([[0.0, 0.0], [1.0, 4.0]])
    for f in (np.sum, np.max, np.prod, np.mean, np.std, logsumexp):
        g = grad(lambda x, f=f: f(np.sqrt(x), axis=1)[1])(x)
        np.testing.assert_array_equal(g[0], [0, 0])
        assert (g[1] != 0).any()
    for f in (np.cumsum, softmax, log_softmax):
        g = grad(lambda x, f=f: f(np.sqrt(x), axis=1)[1, 1])(x)
        np.testing.assert_array_equal(g[0], [0, 0])


# ------------------------------------------------------------ sums of exponentials


def plain(y: Any) -> Any:
    return (
        tuple(map(plain, y)) if isinstance(y, tuple) else y.numpy() if isinstance(y, Array) else y
    )


def test_values_are_scipys() -> None:
    inf = np.inf
    hard = np.array(
        [[1e4, 1e4, -inf], [-inf, -inf, -inf], [inf, 1, 2], [np.nan, 1, 2], [0, -50, -800]]
    )
    smooth = numbers((4, 3, 2), np.dtype(float)) * 10
    with np.errstate(all="ignore"):
        for x, axis in product(
            (hard, smooth, np.float64(2.0), np.float32([1, 2]), np.array([1, 2])),
            (None, 0, -1, (0, 1)),
        ):
            for ours, theirs in (
                (logsumexp, "logsumexp"),
                (softmax, "softmax"),
                (log_softmax, "log_softmax"),
            ):
                try:
                    expected = getattr(scipy.special, theirs)(x, axis=axis)
                except ValueError as error:
                    with pytest.raises(type(error)):
                        ours(x, axis=axis)
                    continue
                found, eps = plain(ours(x, axis=axis)), np.finfo(expected.dtype).eps
                np.testing.assert_allclose(
                    found, expected, rtol=64 * eps, atol=8 * eps, err_msg=f"{theirs} {axis}"
                )
                assert found.dtype == expected.dtype
        b = np.array([[1, -2, 0.5], [1, 1, 1], [0, 1, 1], [1, 1, 1], [-1, -1, 0]])
        for signed in (False, True):
            expected = scipy.special.logsumexp(hard, 1, b, True, signed)
            np.testing.assert_allclose(
                plain(logsumexp(hard, 1, b, True, signed)), expected, rtol=1e-14
            )


def exact_softmax(x: list[float]) -> list[Any]:
    e = [mpmath.exp(v) for v in x]
    return [v / mpmath.fsum(e) for v in e]


@pytest.mark.parametrize(
    "x", [[50.0, 0.0, -3.0], [0.0, 800.0, -5.0], [1.0, 1.0, 1.0], [0.3, -0.2, 2.0]]
)
def test_saturated_softmax_has_all_its_digits(x: list[float]) -> None:
    """1 - p cancels where p is close to 1; mpmath with 500 digits does not."""
    a, n = np.array(x), len(x)
    with mpmath.workdps(500):
        p = exact_softmax(x)
        delta = [[mpmath.mpf(i == j) for j in range(n)] for i in range(n)]
        slopes = [[(delta[i][j] - p[j]) for j in range(n)] for i in range(n)]
        log = [[float(v) for v in row] for row in slopes]
        straight = [[float(p[i] * v) for v in slopes[i]] for i in range(n)]
        curved = [[float(-p[j] * (delta[j][k] - p[k])) for k in range(n)] for j in range(n)]
        values = [float(mpmath.log(v)) for v in p]
    np.testing.assert_allclose(plain(log_softmax(a)), values, rtol=1e-14)  # rounding, and below
    for i in range(n):
        np.testing.assert_allclose(grad(lambda x, i=i: log_softmax(x)[i])(a), log[i], rtol=1e-13)
        np.testing.assert_allclose(grad(lambda x, i=i: softmax(x)[i])(a), straight[i], rtol=1e-13)
        for f, expected in ((log_softmax, log), (softmax, straight)):
            along = jvp(f, (a,), (np.eye(n)[i],))[1]
            np.testing.assert_allclose(along, np.array(expected)[:, i], rtol=1e-13)
    np.testing.assert_allclose(hessian(lambda x: log_softmax(x)[0])(a), curved, rtol=1e-12)
    np.testing.assert_allclose(-hessian(logsumexp)(a), curved, rtol=1e-12)


def test_infinite_exponents() -> None:
    inf = np.inf
    np.testing.assert_array_equal(grad(logsumexp)(np.array([-inf, 0.0, 0.0])), [0, 0.5, 0.5])
    np.testing.assert_array_equal(grad(logsumexp)(np.array([-inf, -inf])), [0, 0])
    np.testing.assert_array_equal(grad(logsumexp)(np.array([inf, 1.0, inf])), [0.5, 0, 0.5])
    np.testing.assert_array_equal(hessian(logsumexp)(np.array([-inf, 0.0])), np.zeros((2, 2)))
    np.testing.assert_array_equal(grad(lambda x: log_softmax(x)[1])(np.array([-inf, 0.0])), [0, 0])
    scores = np.array([[1.0, 2.0], [-inf, -inf]])
    masked = grad(lambda x: np.sum(np.where(scores > 0, softmax(x, axis=1) ** 2, 0)))(scores)
    assert np.isfinite(masked).all() and (masked[1] == 0).all()


def test_weights_of_a_mixture_may_be_zero() -> None:
    """d/db log(sum of b exp(a)) = exp(a) / sum, also where b is zero."""
    a, b = np.array([1.0, 2.0, 1e5]), np.array([0.5, 0.5, 0.0])
    a[2] = 3.0
    total = np.sum(b * np.exp(a))
    by_a, by_b = grad(lambda a, b: logsumexp(a, b=b), (0, 1))(a, b)
    np.testing.assert_allclose(by_b, np.exp(a) / total, rtol=1e-14)
    np.testing.assert_allclose(by_a, b * np.exp(a) / total, rtol=1e-14)
    signed = jacobian(lambda b: logsumexp(a, b=b, return_sign=True)[0])(-b)
    np.testing.assert_allclose(signed, -np.exp(a) / total, rtol=1e-14)
    assert grad(lambda a: logsumexp(a, b=b))(np.array([1.0, 2.0, np.inf]))[2] == 0
    assert np.isnan(plain(logsumexp(a, b=-b)))


def test_half_precision_does_not_overflow() -> None:
    x = np.full(100_000, 1.0, np.float16)
    np.testing.assert_allclose(plain(logsumexp(x)), 1 + np.log(1e5), rtol=1e-3)  # half precision
    np.testing.assert_allclose(plain(softmax(x)), 1e-5, rtol=1e-2)  # a subnormal number
    assert plain(log_softmax(x)).dtype == np.float16
