"""Interpolation, differences, convolutions, polynomials: NumPy's values; derivatives at knots."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest

from bibun import errors, grad, hessian, jacobian, jvp, vmap
from bibun.array import Duck
from bibun.ops.orthogonal import FAMILIES, at

from .agreement import agrees, derivatives_agree
from .test_breadth import named, numbers

NAN = np.nan
XP, FP = np.array([0.0, 1, 2.5, 4]), np.array([1.0, 3, -1, 2])
X = np.array([-1, 0, 0.5, 1, 2, 2.5, 3, 4, 5, NAN])
DTYPES = ("f8", "f4", "i4")

# ------------------------------------------------------------ interpolation


def test_interp_is_numpys() -> None:
    agrees(np.interp, X, XP, FP)
    agrees(lambda x, a, b: np.interp(x, XP, FP, a, b), X, np.float64(7), np.float64(8))
    agrees(partial(np.interp, period=3.0), X, XP, FP)
    agrees(partial(np.interp, period=3.0), np.float32(1.5), XP, FP)
    agrees(np.interp, np.arange(4), np.array([0, 1, 1, 3]), FP)
    for n, m in ((1, 1), (0, 0), (4, 2)):
        agrees(np.interp, X, XP[:n], FP[:m])
    agrees(np.interp, np.float64(2.5), XP, FP)
    agrees(partial(np.interp, period=0), X, XP, FP, abstract=False)


def slope(x: float, **options: Any) -> Any:
    return grad(lambda x: np.interp(x, XP, FP, **options))(x)


def test_derivative_of_interp_at_a_knot_is_the_mean_of_both_sides() -> None:
    slopes = np.diff(FP) / np.diff(XP)
    assert slope(0.5) == slopes[0] and slope(5.0) == slope(-1.0) == 0
    np.testing.assert_allclose(slope(1.0), (slopes[0] + slopes[1]) / 2, rtol=1e-15)  # rounding
    assert slope(0.0) == slopes[0] / 2 and slope(4.0) == slopes[-1] / 2
    # A jump: the derivative on the side to which the value belongs.
    assert slope(0.0, left=9.0) == slopes[0] and slope(4.0, right=9.0) == slopes[-1]
    assert grad(lambda x: np.interp(x, [0.0, 1, 1, 2], [0.0, 1, 5, 8]))(1.0) == 3
    assert np.isnan(slope(NAN))
    # By the heights, and by the place of the knot itself.
    np.testing.assert_allclose(jacobian(lambda f: np.interp(1.0, XP, f))(FP), [0, 1, 0, 0])
    moved = grad(lambda xp: np.interp(1.0, xp, FP))(XP)
    np.testing.assert_allclose(moved, [0, -(slopes[0] + slopes[1]) / 2, 0, 0], rtol=1e-15)


def test_ends_of_interp_have_derivatives() -> None:
    def f(left: Any) -> Any:
        return named(np.interp)([-1.0, 0.0, 9.0], XP, FP, left, left * 3)

    np.testing.assert_array_equal(jacobian(f)(2.0), [1, 0, 3])
    back = grad(lambda xp: np.sum(np.interp([0.3, 3.8], xp, FP, period=3.0)))(XP / 2)
    h = 1e-6  # differences of a piecewise smooth function, of second order: error about h^2
    steps = [np.eye(4)[k] * h for k in range(4)]
    ends = [[np.sum(np.interp([0.3, 3.8], XP / 2 + s * e, FP, period=3.0)) for s in (1, -1)]
            for e in steps]  # fmt: skip
    np.testing.assert_allclose(back, [(a - b) / (2 * h) for a, b in ends], atol=1e-8)
    x = np.array([[0.5, 1.5], [2.0, 9.0]])
    looped = np.stack([np.interp(v, XP, FP) for v in x])
    np.testing.assert_array_equal(vmap(lambda x: np.interp(x, XP, FP))(x), looped)


# ------------------------------------------------------------ differences


def test_gradients_are_numpys() -> None:
    for shape, dtype, order in product(((5,), (3, 4), (2, 3, 4)), ("f2", *DTYPES), (1, 2)):
        f, what = numbers(*shape, dtype=dtype), f"{shape} {dtype} {order}"
        agrees(partial(np.gradient, edge_order=order), f, what=what)
        g = partial(np.gradient, axis=0, edge_order=order)
        agrees(g, f, np.float64(0.3), what=what)
        agrees(g, f, np.cumsum(np.arange(1.0, shape[0] + 1)), what=what)
        agrees(g, f, np.arange(shape[0]) ** 2, what=what)
        agrees(partial(g, axis=(0, -1)), f, what=what)
    one, two = np.ones((3, 3)), np.ones(2)
    for args in ((np.ones(1),), (np.float64(1),), (one, two), (one, two, np.ones(3)), (one, one)):
        agrees(np.gradient, *args)
    agrees(partial(np.gradient, edge_order=3), one)


def test_differences_are_numpys() -> None:
    for dtype in (*DTYPES, "u1"):
        a = np.abs(numbers(2, 3)).astype(dtype)
        agrees(np.ediff1d, a)
        agrees(lambda a: np.ediff1d(a, to_end=[1, 2], to_begin=9), a)
        agrees(lambda a: np.ediff1d(a, to_end=0.5), a)
    for dtype in DTYPES:
        a = numbers(2, 5, dtype=dtype)
        for options in ({}, {"period": 4, "axis": 0}, {"period": 3, "discont": 2}, {"period": 2.5}):
            agrees(partial(np.unwrap, **options), a, what=f"{dtype} {options}")
    for p in (np.arange(20) * np.pi, np.arange(20) * -3.0, np.float64(1)):
        agrees(np.unwrap, p)
    zeros = ([0, 0, 1, 0, 2, 0], [0, 0], [], [[0, 0, 0], [0, 1, 2], [0, 0, 0]], 3)
    for z, trim, axis in product(zeros, ("fb", "f", "B", "x"), (None, 0, -1, 5)):
        f = partial(np.trim_zeros, trim=trim, axis=axis)
        agrees(f, np.array(z, float), abstract=False, what=f"{z} {trim} {axis}")


# ------------------------------------------------------------ convolutions, cross products


def test_convolutions_are_numpys() -> None:
    for n, m, mode in product((0, 1, 2, 5), (0, 1, 3, 5), ("full", "same", "valid", "no")):
        for dtype in (*DTYPES, "?"):
            a, v = numbers(n, dtype=dtype), numbers(m, dtype=dtype)
            agrees(partial(np.convolve, mode=mode), a, v, what=f"{n} {m} {mode} {dtype}")
            agrees(partial(np.correlate, mode=mode), a, v, what=f"{n} {m} {mode} {dtype}")
    agrees(np.convolve, np.float64(3), np.arange(3.0))
    agrees(np.convolve, np.ones((2, 2)), np.ones(2))
    agrees(np.convolve, np.ones(2), np.ones(2, "f4"))


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional")
def test_cross_products_are_numpys() -> None:
    shapes = [((3,), (3,)), ((2, 3), (3,)), ((4, 2, 3), (2, 3)), ((2,), (3,)), ((3,), (2,)),
              ((2,), (2,)), ((4,), (3,)), ((), (3,)), ((5, 2), (5, 2))]  # fmt: skip
    for (a, b), dtype in product(shapes, DTYPES):
        x, y = numbers(*a, dtype=dtype), numbers(*b, dtype=dtype)
        agrees(np.cross, x, y, what=f"{a} {b}")
        agrees(partial(np.cross, axisc=0), x, y, what=f"{a} {b}")
        agrees(partial(np.cross, axis=0), x, y, what=f"{a} {b}")
        if a:
            agrees(np.linalg.cross, x, y, what=f"{a} {b}")


# ------------------------------------------------------------ polynomials


def test_polynomials_are_numpys() -> None:
    for dtype in DTYPES:
        p, q, x = (np.array(v, dtype) for v in ([2, -1, 3], [1, 4], [1, -2, 0]))
        agrees(np.polyval, p, x)
        agrees(lambda x: np.polyval([1, 2, 3], x), x[0])
        agrees(lambda x: np.polyval(np.poly1d([1, 2]), x), x)
        for f in (np.polyadd, np.polysub, np.polymul, np.polydiv):
            for a, b in ((p, q), (q, p), (p, np.array([0, 3.0])), (p, q[:1])):
                if f is not np.polydiv or b[0]:
                    agrees(f, a, b, abstract=False, what=f"{f.__name__} {a} {b}")
        agrees(np.polymul, np.zeros(2, dtype), p, abstract=False)
        for m in (0, 1, 2, 5, -1):
            agrees(partial(np.polyder, m=m), p, what=f"{m} {dtype}")
            agrees(partial(np.polyint, m=m), p, what=f"{m} {dtype}")
            agrees(lambda p, k, m=m: np.polyint(p, m, k), p, np.array([1.0, 2]))
        agrees(np.poly, p)
        for n, increasing in product((None, 0, 1, 4), (False, True)):
            agrees(partial(np.vander, N=n, increasing=increasing), x)
    agrees(np.vander, np.ones((2, 2)))


@pytest.mark.parametrize("prefix", FAMILIES)
def test_families_of_polynomials_are_numpys(prefix: str) -> None:
    home = FAMILIES[prefix][0]
    f = {n: named(getattr(home, prefix + n)) for n in ("val", "vander", "val2d", "vander2d")}
    grid = named(getattr(home, f"{prefix}grid3d"))
    x, y, z = np.random.default_rng(0).uniform(-1, 1, (3, 4))
    c = numbers(5)
    for args in ((x, c), (x.astype("f4"), c.astype("f4")), (x, numbers(3, 2)), (x[0], c),
                 (x, np.arange(3)), (np.arange(3), np.arange(3)), (x, c[:1])):  # fmt: skip
        agrees(f["val"], *args)
    agrees(lambda x, c: f["val"](x, c, tensor=False), x, numbers(3, 4))
    agrees(f["val2d"], x, y, numbers(3, 2))
    agrees(f["val2d"], x, y[:2], numbers(3, 2))
    agrees(grid, x, y[:2], z, numbers(3, 2, 4))
    agrees(lambda x, y: f["vander2d"](x, y, [2, 1]), x, y)
    for degree in (3, 0, -1):
        agrees(lambda x, degree=degree: f["vander"](x, degree), x)
    # NumPy itself knows the derivative of a series.
    found = jvp(lambda x: f["val"](x, c), (x,), (np.ones(4),))[1]
    expected = getattr(home, f"{prefix}val")(x, getattr(home, f"{prefix}der")(c))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)  # rounding of 5 terms


def test_objects_of_polynomials_at_traced_places() -> None:
    for p in (np.polynomial.Chebyshev([1.0, 2, -3], [-2, 5]), np.polynomial.Laguerre([1.0, 2, 4])):
        x = np.array([0.3, 1.5])
        agrees(lambda x, p=p: at(p, x) if isinstance(x, Duck) else p(x), x)
        found = jvp(lambda x, p=p: at(p, x), (x,), (np.ones(2),))[1]
        np.testing.assert_allclose(found, p.deriv()(x), rtol=1e-14)  # rounding


POINTS = np.linspace(0, 3, 9)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_polyfit_is_numpys(dtype: str) -> None:
    x, y, w = POINTS.astype(dtype), numbers(9, dtype=dtype), np.linspace(1, 2, 9).astype(dtype)
    agrees(lambda x, y: np.polyfit(x, y, 3), x, y, abstract=False)
    agrees(lambda x, y, w: np.polyfit(x, y, 2, w=w), x, y, w, abstract=False)
    agrees(lambda x, y: np.polyfit(x, y, 2), x, np.stack([y, w], 1), abstract=False)
    agrees(lambda x, y: np.polyfit(x, y, 2, cov=True), x, y, abstract=False)
    agrees(lambda x, y: np.polyfit(x, y, 2, cov="unscaled"), x, y, abstract=False)
    agrees(lambda x, y: np.polyfit(x, y, -1), x, y, abstract=False)
    with pytest.raises(errors.NotDifferentiableError, match="determine 2 of 3"):
        grad(lambda y: np.polyfit([0.0, 0.0, 1.0], y, 2)[0])(np.ones(3))


def fitted(x: Any, y: Any, n: int) -> Any:
    """The coefficients in 60 digits."""
    a = mpmath.matrix(len(x), n)
    for i, j in product(range(len(x)), range(n)):
        a[i, j] = mpmath.mpf(x[i]) ** (n - 1 - j)
    return mpmath.lu_solve(a.T * a, a.T * mpmath.matrix(list(map(mpmath.mpf, y))))


def test_derivative_of_polyfit_is_as_accurate_as_its_value() -> None:
    rng = np.random.default_rng(0)
    x, y, t, g = np.linspace(10, 11, 12), *rng.normal(size=(3, 12))
    condition = np.linalg.cond(np.vander(x, 4))  # 2e8: that of the normal equations is 6e16
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20
        high, low = ([mpmath.mpf(a) + s * h * mpmath.mpf(b) for a, b in zip(x, t, strict=True)]
                     for s in (1, -1))  # fmt: skip
        expected = [float(d / (2 * h)) for d in fitted(high, y, 4) - fitted(low, y, 4)]
    rtol = condition * np.finfo(float).eps
    np.testing.assert_allclose(jvp(lambda x: np.polyfit(x, y, 3), (x,), (t,))[1], expected, rtol)
    back = grad(lambda x: np.polyfit(x, y, 3) @ g[:4])(x)
    np.testing.assert_allclose(back @ t, g[:4] @ expected, rtol)


# ------------------------------------------------------------ derivatives in general

V, R = np.array([1.0, -2.0, 0.5]), np.cumsum(np.arange(1.0, 6.0))
SMOOTH: dict[str, Callable[[Any], Any]] = {
    "gradient": lambda x: np.gradient(x[0], x[1, 0, 0] + 3)[1],
    "gradient by places": lambda x: np.gradient(x[0], R + x[1, 0] / 9, axis=1, edge_order=2),
    "unwrap": lambda x: np.unwrap(x * 5, axis=1),
    "ediff1d": lambda x: np.ediff1d(x, to_begin=x[0, 0, :2]) ** 2,
    "convolve": lambda x: np.convolve(x[0, 0], x[1, 1, :3]),
    "convolve same": lambda x: np.convolve(x[0, 0, :2], x[1, 1], "same"),
    "convolve valid": lambda x: np.convolve(x[0, 0, :3], x[1, 1], "valid"),
    "correlate": lambda x: np.correlate(x[0, 0], x[1, 1, :3]),
    "cross": lambda x: np.cross(x[0, :, :3], x[1, 0, :3]) * V,
    "polyval": lambda x: np.polyval(x[0, 0], x[1]),
    "polymul": lambda x: np.polymul(x[0, 0], x[1, 0]),
    "polydiv": lambda x: np.concatenate(np.polydiv(x[0, 0], x[1, 0, :2])),
    "poly": lambda x: np.poly(x[0, 0]),
    "polyint": lambda x: np.polyint(x[0, 0], 2, x[1, 0, :2]) ** 2,
    "polyder": lambda x: np.polyder(x[0, 0]) ** 2,
    "vander": lambda x: np.vander(x[0, 0], 4),
    "linspace": lambda x: np.linspace(x[0], x[1], 4, axis=1) ** 2,
    "logspace": lambda x: np.logspace(x[0, 0], x[1, 1], 3, base=np.exp(x[2, 2])),
    "geomspace": lambda x: np.geomspace(np.exp(x[0, 0]), np.exp(x[1, 1]), 4),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda v: np.cumprod(v)[1:], 1, x),
    "apply_over_axes": lambda x: np.apply_over_axes(np.prod, x, (0, 2)),
    "piecewise": lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda v: -(v**3), np.sin]),
    "fftshift": lambda x: np.fft.fftshift(x, 2) ** 2,
}


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives(name: str) -> None:
    f, rng = SMOOTH[name], np.random.default_rng(2)
    x, s, t = rng.uniform(-1, 1, (3, 3, 3, 5))
    derivatives_agree(f, x, s, t, lambda shape: rng.normal(size=shape), rounding=1e-11)


def test_values_at_zero_do_no_harm() -> None:
    x = np.array([0.0, 2.0])
    np.testing.assert_array_equal(jacobian(lambda x: np.vander(x, 3))(x)[0, :, 0], [0, 1, 0])
    np.testing.assert_array_equal(hessian(lambda x: np.sum(np.poly(x)))(x), [[0, 1], [1, 0]])
    assert grad(lambda b: named(np.kaiser)(5, b)[1])(0.0) == 0
    beta, h = 3.0, 1e-6  # differences of second order: error about h^2
    expected = (np.kaiser(5, beta + h) - np.kaiser(5, beta - h)) / (2 * h)
    found = jacobian(lambda b: named(np.kaiser)(5, b))(beta)
    np.testing.assert_allclose(found, expected, atol=1e-8)
