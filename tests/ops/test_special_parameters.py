"""scipy.special's functions with parameters: derivatives by mpmath's, and refusals by name."""

from __future__ import annotations

from typing import Any

import flint
import mpmath as mp
import numpy as np
import pytest
import scipy.special as sc

from bibun import grad, jit, value_and_grad
from bibun.errors import NotDifferentiableError
from bibun.ops.elementwise import TABLE

from ..hardpoints.functions import by_balls

half = mp.mpf(1) / 2


def scaled(f: Any, sign: int) -> Any:
    return lambda v, x: f(v, x) * mp.exp(sign * x)


def boxcox(x: Any, p: Any) -> Any:
    return (x**p - 1) / p if p else mp.log(x)


def inv_boxcox(y: Any, p: Any) -> Any:
    return (1 + p * y) ** (1 / p) if p else mp.exp(y)


def beta_share(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def student(n: Any, t: Any) -> Any:
    return 1 - beta_share(n / 2, half, n / (n + t * t)) / 2  # of t > 0


# fmt: off
# function, the same in mpmath, by which argument, points, of which most are hard on purpose
ROWS = [
    (sc.jv,        mp.besselj, 1,
        [(0.0, 0.0), (1.0, 0.0), (2.0, 1e-8), (1.0, 5.0), (0.5, 3.0), (7.0, 30.0)]),
    (sc.yv,        mp.bessely, 1, [(0.0, 1e-8), (1.0, 2.0), (2.5, 3.0)]),
    (sc.iv,        mp.besseli, 1, [(0.0, 0.0), (1.0, 0.0), (3.0, 1e-5), (2.5, 30.0), (1.0, 600.0)]),
    (sc.kv,        mp.besselk, 1, [(0.0, 1e-8), (1.0, 2.0), (2.5, 600.0)]),
    (sc.ive,       scaled(mp.besseli, -1), 1, [(0.0, 1e-8), (1.0, 5.0), (2.5, 31.0), (1.0, 1e6)]),
    (sc.kve,       scaled(mp.besselk, 1), 1, [(0.0, 1e-8), (1.0, 5.0), (2.5, 31.0), (1.0, 1e6)]),
    (sc.k0e,       lambda x: scaled(mp.besselk, 1)(0, x), 0, [(1e-8,), (1.9,), (2.1,), (1e8,)]),
    (sc.k1e,       lambda x: scaled(mp.besselk, 1)(1, x), 0, [(1e-8,), (1.9,), (2.1,), (1e8,)]),
    (sc.beta,      mp.beta, 0, [(1e8, 1.0), (1e-8, 2.0), (3.0, 1e6), (0.5, -0.5), (-0.5, 3.3)]),
    (sc.betaln,    lambda a, b: mp.log(mp.beta(a, b)), 0, [(1e8, 1.0), (1e-8, 2.0), (2.0, 1e10)]),
    (sc.rgamma,    mp.rgamma, 0,
        [(0.0,), (-1.0,), (-7.0,), (-1 + 1e-9,), (-3.7,), (0.5,), (30.0,)]),
    (sc.loggamma,  mp.loggamma, 0, [(1e-8,), (1.0,), (1e8,)]),
    (sc.binom,     mp.binomial, 0, [(5.0, 2.0), (1.0, 3.0), (0.0, 2.0), (1e8, 3.0), (4.5, 7.2)]),
    (sc.binom,     mp.binomial, 1, [(5.0, 2.0), (1.0, 3.0), (5.0, -2.0), (1e8, 3.0), (4.5, 7.2)]),
    (sc.boxcox,    boxcox, 0, [(1e-8, 0.0), (3.0, 1e-9), (1.0, 0.5), (1e8, -2.0)]),
    (sc.boxcox,    boxcox, 1, [(3.0, 1e-9), (1 + 1e-8, 0.5), (1e8, -2.0), (1e-8, 3.0)]),
    (sc.boxcox1p,  lambda x, p: boxcox(1 + x, p), 0, [(1e-8, 30.0), (3.0, 1e-9)]),
    (sc.boxcox1p,  lambda x, p: boxcox(1 + x, p), 1, [(1e-8, 30.0), (3.0, 1e-9)]),
    (sc.inv_boxcox, inv_boxcox, 0, [(3.0, 1e-9), (1e-8, 30.0), (2.0, 0.5)]),
    (sc.inv_boxcox, inv_boxcox, 1, [(3.0, 1e-9), (1e-8, 30.0), (2.0, 0.5), (1e100, 2.0)]),
    (sc.powm1,     lambda x, p: x**p - 1, 1, [(1 + 1e-8, 2.0), (1e-8, 0.5)]),
    (sc.pseudo_huber, lambda d, r: d * (mp.sqrt(d * d + r * r) - d), 0,
        [(1.0, 1e-8), (1e8, 1.0), (1e-8, 1.0), (1e-160, 1e-170)]),
    (sc.pseudo_huber, lambda d, r: d * (mp.sqrt(d * d + r * r) - d), 1, [(1.0, 1e-8), (1e8, 1.0)]),
    (sc.exprel,    lambda x: mp.expm1(x) / x, 0, [(1e-12,), (-1e-5,), (0.5,), (-40.0,), (715.0,)]),
    (sc.dawsn,     lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x), 0,
        [(0.0,), (1.0,), (5.0,), (6.6,), (1e4,)]),
    (sc.expn,      mp.expint, 1, [(0, 0.1), (1, 1e-8), (3, 2.0), (5, 40.0)]),
    (sc.spence,    lambda x: mp.re(mp.polylog(2, 1 - x)), 0,
        [(1e-8,), (1 - 1e-12,), (1.5,), (1e8,)]),
    (sc.wrightomega, lambda x: mp.re(mp.lambertw(mp.exp(x))), 0, [(-40.0,), (0.0,), (1e6,)]),
    (sc.ellipk,    mp.ellipk, 0, [(0.0,), (1e-9,), (0.7,), (1 - 1e-9,), (-1e6,)]),
    (sc.ellipkm1,  lambda p: mp.ellipk(1 - p), 0, [(1e-20,), (1e-8,), (0.5,), (1e6,)]),
    (sc.ellipe,    mp.ellipe, 0, [(0.0,), (1e-9,), (0.7,), (1 - 1e-9,), (-1e6,)]),
    (sc.ellipkinc, mp.ellipf, 1, [(0.5, 0.0), (1e-4, 0.5), (2.0, 0.7), (10.0, 0.7), (1.0, 1.0)]),
    (sc.ellipeinc, mp.ellipe, 1, [(0.5, 0.0), (1e-4, 0.5), (2.0, 0.7), (10.0, 0.7)]),
    (sc.betainc,   beta_share, 2,
        [(2.0, 3.0, 0.5), (0.5, 0.5, 1e-100), (1e3, 2e3, 0.33), (1.0, 3.0, 0.0)]),
    (sc.fdtr,      lambda m, n, x: beta_share(m / 2, n / 2, m * x / (n + m * x)), 2,
        [(3.0, 7.0, 2.0), (300.0, 200.0, 1.1), (2.0, 5.0, 0.0)]),
    (sc.stdtr,     student, 1, [(3.0, 2.0), (1e4, 5.0), (0.5, 1e8)]),
    (sc.chdtr,     lambda n, x: mp.gammainc(n / 2, 0, x / 2, regularized=True), 1,
        [(3.0, 2.0), (400.0, 380.0)]),
    (sc.pdtr,      lambda k, m: mp.gammainc(k + 1, m, mp.inf, regularized=True), 1, [(3.0, 2.0)]),
    (sc.bdtr,      lambda k, n, p: beta_share(n - k, k + 1, 1 - p), 2, [(3.0, 8, 0.3)]),
    (sc.nbdtr,     lambda k, n, p: beta_share(n, k + 1, p), 2, [(3, 8, 0.3)]),
    (sc.eval_legendre, mp.legendre, 1, [(0, 0.3), (1, 0.3), (5, 1.0), (30, 0.7)]),
    (sc.eval_chebyt, mp.chebyt, 1, [(0, 0.3), (1, 0.3), (5, 1.0), (30, 0.7)]),
    (sc.eval_chebyu, mp.chebyu, 1, [(0, 0.3), (1, 0.3), (5, 1.0), (30, 0.7)]),
    (sc.eval_hermite, mp.hermite, 1, [(0, 0.3), (1, 0.3), (6, 2.0)]),
    (sc.eval_hermitenorm, lambda n, x: mp.hermite(n, x / mp.sqrt(2)) / mp.sqrt(2) ** n, 1,
        [(0, 0.3), (1, 0.3), (6, 2.0)]),
    (sc.eval_laguerre, lambda n, x: mp.laguerre(n, 0, x), 1, [(0, 0.3), (1, 0.3), (6, 2.0)]),
    (sc.eval_genlaguerre, mp.laguerre, 2, [(0, 0.5, 0.3), (6, 1.5, 2.0)]),
    (sc.eval_gegenbauer, mp.gegenbauer, 2, [(0, 0.5, 0.3), (6, 1.5, 0.4)]),
    (sc.eval_jacobi, mp.jacobi, 3, [(0, 0.5, 0.2, 0.3), (6, 1.5, 0.5, 0.4)]),
    (sc.hyp0f1,    mp.hyp0f1, 1, [(1.5, 2.0), (0.5, -3.0), (2.0, 0.0)]),
    (sc.tandg,     lambda x: mp.tan(mp.radians(x)), 0, [(0.0,), (45.0,), (89.0,)]),
    (lambda x: sc.sici(x)[0],    mp.si, 0, [(0.0,), (2.0,), (100.0,)]),
    (lambda x: sc.sici(x)[1],    mp.ci, 0, [(1e-8,), (2.0,)]),
    (lambda x: sc.shichi(x)[1],  mp.chi, 0, [(1e-8,), (2.0,), (715.0,)]),
    (lambda x: sc.fresnel(x)[0], mp.fresnels, 0, [(0.5,), (2.0,), (1e4 + 0.3,)]),
]
# fmt: on
UNITS = 40


@pytest.mark.parametrize("f, reference, k, points", ROWS)
def test_derivatives_are_those_of_mpmath(f: Any, reference: Any, k: int, points: list) -> None:
    """To 40 units of rounding and of what a rounding of each argument moves them by."""
    for point in points:
        with mp.workdps(80):
            at = [mp.mpf(x) if type(x) is float else x for x in point]
            exact = along(reference, at, k)
            limit = abs(exact) + sum(moved(reference, at, k, j) for j in range(len(at)))
        found = float(grad(f, k)(*point))
        away = abs(mp.mpf(found) - exact)
        assert away <= UNITS * 2.0**-52 * limit + 1e-300, f"{point}: {found}, {mp.nstr(exact, 17)}"


SCALED_I = by_balls(lambda v, x: x.bessel_i(v) * (-x).exp())
SCALED_K = by_balls(lambda v, x: x.bessel_k(v) * x.exp())
DAWSON = by_balls(lambda v, x: x.erfi() * (-x * x).exp() * flint.arb.pi().sqrt() / 2)
EULER = by_balls(lambda a, b: a.gamma() * b.gamma() / (a + b).gamma())
# fmt: off
OURS = [  # slopes that take nothing from SciPy's values, which are off by up to 80 eps
    *((sc.ive, SCALED_I, v) for v in (0.0, 1.0, 2.0, -2.0, 7.0, 0.5, 2.3)),
    *((sc.kve, SCALED_K, v) for v in (0.0, 1.0, -2.0, 5.0)),
    (lambda v, x: sc.k0e(x), SCALED_K, 0.0),
    (lambda v, x: sc.k1e(x), SCALED_K, 1.0),
    (lambda v, x: sc.dawsn(x), DAWSON, 0.0),
    (sc.beta, EULER, 17.7),
    (lambda v, x: sc.binom(17 + x, v), lambda v, x: 1 / (18 + x) / EULER(v + 1, 18 + x - v), 1.7),
]
# fmt: on


@pytest.mark.parametrize("f, reference, v", OURS)
def test_slopes_have_the_digits_that_their_argument_has(f: Any, reference: Any, v: float) -> None:
    """To 4 units of the slope and of what a rounding of x moves it by."""
    points = 3e-3, 0.05, 0.099, 0.11, 0.4, 0.99, 1.008, 1.33, 1.9, 2.4, 3.8, 6.3, 7.9, 29.0, 31.0
    x = np.array(points)  # also where methods change
    found = grad(lambda x: np.sum(f(v, x)))(x)
    for each, slope in zip(x, found, strict=True):
        with mp.workdps(80):
            at = [mp.mpf(v), mp.mpf(each)]
            exact = along(reference, at, 1)
            limit = abs(exact) + moved(reference, at, 1, 1)
        assert abs(mp.mpf(slope) - exact) <= 4 * 2.0**-52 * limit, each


def moved(reference: Any, at: list, k: int, j: int) -> Any:
    """How far the derivative moves if argument j is off by as much as it is."""
    x = at[j]
    if type(x) is not mp.mpf or not x:
        return 0
    near = [*at[:j], x * (1 + mp.mpf(10) ** -25), *at[j + 1 :]]
    return abs(along(reference, near, k) - along(reference, at, k)) * mp.mpf(10) ** 25


def along(reference: Any, at: list, k: int) -> Any:
    """The derivative by argument k; at an edge of the domain, from the right."""
    inner = lambda t: reference(*at[:k], t, *at[k + 1 :])  # noqa: E731
    h = mp.mpf(10) ** -30 * (abs(at[k]) or 1)
    high, low = inner(at[k] + h), inner(at[k])
    side = mp.re(high - low) / h
    middle = mp.re(high - inner(at[k] - h)) / (2 * h)
    return middle if abs(middle - side) < 1e-20 * (1 + abs(side)) else side


REFUSED = [
    (sc.jv, 0, (1.0, 2.0)),
    (sc.kve, 0, (1.0, 2.0)),
    (sc.betainc, 1, (1.0, 2.0, 0.5)),
    (sc.stdtr, 0, (3.0, 2.0)),
    (sc.eval_legendre, 0, (2.0, 0.5)),
    (sc.expn, 0, (2.0, 0.5)),
]


@pytest.mark.parametrize("f, k, args", REFUSED)
def test_parameters_without_a_derivative_are_refused(f: Any, k: int, args: tuple) -> None:
    with pytest.raises(NotDifferentiableError, match=rf"{f.__name__}: .*{k + 1}: .*constant"):
        grad(f, k)(*args)


def test_native_code_calls_scipys_functions() -> None:
    x = np.linspace(0.2, 0.8, 5)

    def loss(x: Any) -> Any:
        y = (
            sc.jv(1.5, x) * sc.beta(x, 2.0)
            + sc.betainc(2.0, 3.0, x)
            + sc.ellipk(x)
            + sc.boxcox(x, 0.3)
        )
        return np.sum(y * sc.dawsn(x) + sc.pseudo_huber(1.0, x))

    np.testing.assert_allclose(jit(grad(loss))(x), grad(loss)(x), rtol=1e-14)
    np.testing.assert_array_equal(jit(lambda x: sc.ive(0.5, x))(x), sc.ive(0.5, x))


def test_whole_degrees_take_the_loop_that_scipy_takes() -> None:
    x = np.array([0.1, 0.7])
    for n in (2, 2.0, np.int64(2), np.array([1, 3])):
        found: list[Any] = []

        def f(x: Any, n: Any = n, found: list = found) -> Any:
            found.append(sc.eval_legendre(n, x))
            return np.sum(found[0])

        grad(f)(x)
        np.testing.assert_array_equal(found[0].numpy(), sc.eval_legendre(n, x))


@pytest.mark.parametrize("n", [1, 3, 7, 8, 21])
def test_odd_polynomials_keep_their_digits_at_zero(n: int) -> None:
    with mp.workdps(40):
        for x in (-1e-9, 1e-4, 0.01):
            exact = mp.legendre(n, x), mp.diff(lambda t: mp.legendre(n, t), mp.mpf(x))
            found = value_and_grad(lambda t: sc.eval_legendre(n, t))(x)
            np.testing.assert_allclose(found, [float(y) for y in exact], rtol=4e-15)
            y, _ = value_and_grad(lambda t: sc.eval_gegenbauer(n, 2.0, t))(x)
            np.testing.assert_allclose(y, float(mp.gegenbauer(n, 2, x)), rtol=4e-15)


def test_every_row_says_what_it_refuses() -> None:
    for op in TABLE.values():
        assert all("constant" in op.partials[k] for k in op.refused if op.home)  # type: ignore[operator]
