"""The functions of scipy.special: derivatives as mpmath's, also in the tails and at the ends."""

from __future__ import annotations

import pickle
import subprocess
import sys
from itertools import product
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sc

from bibun import grad, jit
from bibun.array import FUNCTIONS, bind
from bibun.errors import NotDifferentiableError, UnsupportedError
from bibun.ops.elementwise import TABLE
from bibun.ops.families import Erfcx

from .mathematics import Row, partial_problems, problems

m = mp.mpf


def log_ndtr(x):
    return mp.log(mp.erfc(-x / mp.sqrt(2)) / 2)


def i0e(x):
    return mp.besseli(0, x) * mp.exp(-abs(x))


def i1e(x):
    return mp.besseli(1, x) * mp.exp(-abs(x))


# fmt: off
ROWS = [
    Row("erf",       sc.erf,       mp.erf, (-20, -5, -1, 0, 0.5, 5), 300),
    Row("erfc",      sc.erfc,      mp.erfc, (-5, -1, 0, 0.5, 5, 20), 300),
    Row("erfcx",     sc.erfcx,     lambda x: mp.exp(x * x) * mp.erfc(x),
        (-5, -1, 0, 0.5, 5, 10), 200),
    Row("erfi",      sc.erfi,      mp.erfi, (-5, -1, 0, 0.5, 5)),
    Row("erfinv",    sc.erfinv,    mp.erfinv, (-0.9, -0.1, 0, 0.5, 0.999)),
    Row("erfcinv",   sc.erfcinv,   lambda x: mp.erfinv(1 - x), (1e-10, 0.3, 1, 1.7)),
    Row("ndtr",      sc.ndtr,      mp.ncdf, (-30, -5, 0, 0.5, 5), 400),
    Row("log_ndtr",  sc.log_ndtr,  log_ndtr, (-1000, -40, -5, -0.1, 0, 0.5, 5, 10, 20), 400),
    Row("ndtri",     sc.ndtri,     lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1),
        (0.001, 0.2, 0.5, 0.9)),
    Row("expit",     sc.expit,     lambda x: 1 / (1 + mp.exp(-x)), (-50, -1, 0, 1, 50), 200),
    Row("logit",     sc.logit,     lambda x: mp.log(x / (1 - x)), (1e-30, 0.001, 0.2, 0.5, 0.9)),
    Row("log_expit", sc.log_expit, lambda x: -mp.log1p(mp.exp(-x)), (-50, -1, 0, 1, 50), 200),
    Row("gamma",     sc.gamma,     mp.gamma, (-1.5, 0.01, 0.5, 1, 3, 30)),
    Row("gammaln",   sc.gammaln,   lambda x: mp.log(abs(mp.gamma(x))),
        (-1.5, 1e-10, 0.5, 1, 3, 1e3)),
    Row("psi",       sc.psi,       mp.digamma, (-1.5, 0.01, 0.5, 1, 3, 1e5)),
    Row("entr",      sc.entr,      lambda x: -x * mp.log(x), (1e-30, 0.1, 2)),
    Row("exp10",     sc.exp10,     lambda x: m(10) ** x, (-10, 1, 30)),
    Row("exp1",      sc.exp1,      mp.e1, (0.1, 1, 10)),
    Row("expi",      sc.expi,      mp.ei, (0.1, 1, 10)),
    Row("cosm1",     sc.cosm1,     lambda x: mp.cos(x) - 1, (0, 0.1, 3)),
    Row("sindg",     sc.sindg,     lambda x: mp.sin(mp.radians(x)), (0, 10, 200)),
    Row("cosdg",     sc.cosdg,     lambda x: mp.cos(mp.radians(x)), (0, 10, 200)),
    Row("np.i0",     np.i0,        lambda x: mp.besseli(0, x), (-3, 0, 0.5, 20)),
    Row("i0",        sc.i0,        lambda x: mp.besseli(0, x), (-3, 0, 0.5, 20, 80)),
    Row("i1",        sc.i1,        lambda x: mp.besseli(1, x), (-3, 0, 0.5, 20, 80)),
    Row("j0",        sc.j0,        lambda x: mp.besselj(0, x), (-3, 0, 0.5, 20)),
    Row("j1",        sc.j1,        lambda x: mp.besselj(1, x), (-3, 0, 0.5, 20)),
    Row("k0",        sc.k0,        lambda x: mp.besselk(0, x), (0.5, 20), 20),
    Row("k1",        sc.k1,        lambda x: mp.besselk(1, x), (0.5, 20), 20),
    Row("y0",        sc.y0,        lambda x: mp.bessely(0, x), (0.5, 20), 20),
    Row("y1",        sc.y1,        lambda x: mp.bessely(1, x), (0.5, 20), 20),
    Row("i0e",       sc.i0e,       i0e, (-30, -3, 0.5, 20, 100, 1e4)),
    Row("i1e",       sc.i1e,       i1e, (-30, -3, 0.5, 20, 100, 1e4)),
]
# fmt: on


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_derivatives_are_those_of_mpmath(row: Row, dtype: type) -> None:
    found = list(problems(row, dtype))
    assert not found, "\n".join(found)


inf = np.inf

# fmt: off
PAIRS = [
    Row("xlogy", sc.xlogy, lambda x, y: x * mp.log(y), [(0.3, 2), (-1, 0.1), (0, 3)]),
    Row("xlog1py", sc.xlog1py, lambda x, y: x * mp.log1p(y), [(0.3, 2), (-1, 1e-5), (0, 3)]),
    Row("rel_entr", sc.rel_entr, lambda x, y: x * mp.log(x / y),            [(0.3, 2), (1, 1.001)]),
    Row("kl_div",   sc.kl_div,   lambda x, y: x * mp.log(x / y) - x + y,    [(0.3, 2), (1, 1.001)]),
]
ENDS = [
    # f, argument, derivative
    (sc.erfinv,      1.0,                inf),
    (sc.erfinv,     -1.0,                inf),
    (sc.ndtri,       0.0,                inf),
    (sc.logit,       0.0,                inf),
    (sc.logit,       1.0,                inf),
    (sc.entr,        0.0,                inf),
    (sc.log_ndtr,  -40.0,  40.02496884720726),
    (sc.log_ndtr,  -1e10,               1e10),
    (sc.log_ndtr,   40.0,                0.0),
    (sc.i0e,         0.0,                0.0),
    (sc.i1e,         0.0,                0.5),
    (sc.erf,       1e200,                0.0),
    (lambda x: sc.xlogy(x, x),                         0.0, -inf),
    (lambda x: sc.xlogy(0.0, x) - x,                   0.0, -1.0),
    (lambda x: sc.xlogy(0.0, x) + sc.xlog1py(2.0, -x), 0.0, -2.0),
    (lambda x: sc.rel_entr(x, 1.0),                    0.0, -inf),
    (lambda x: sc.rel_entr(0.0, x),                    0.0,  0.0),
    (lambda x: sc.kl_div(0.0, x),                      0.0,  1.0),
    (lambda x: sc.kl_div(0.5, x),                      5e-324, -inf),
    (lambda x: sc.gammainc(1.0, x),                    0.0,  1.0),
    (lambda x: sc.gammaincc(0.5, x),                   0.0, -inf),
]
# fmt: on


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("row", PAIRS, ids=str)
def test_partials_are_those_of_mpmath(row: Row, dtype: type) -> None:
    found = list(partial_problems(row, dtype))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("f, x, expected", ENDS)
def test_ends_of_the_domain(f: Any, x: float, expected: float) -> None:
    np.testing.assert_allclose(grad(f)(x), expected, rtol=3e-14)  # log_ndtr: of SciPy's erfcx


def test_the_upper_tail_of_the_normal_distribution_loses_no_digits() -> None:
    # Not even as many as the condition x^2 allows: ndtri_exp takes it away.
    with mp.workdps(400):
        for x in np.random.default_rng(0).uniform(1, 37, 40):
            below = mp.ncdf(m(x))
            np.testing.assert_allclose(TABLE["log_ndtr"].f(x), float(mp.log(below)), rtol=2e-15)
            np.testing.assert_allclose(
                grad(sc.log_ndtr)(x), float(mp.npdf(m(x)) / below), rtol=2e-15
            )
            np.testing.assert_allclose(
                grad(lambda x: sc.ndtri_exp(sc.log_ndtr(x)))(x), 1, rtol=3e-15
            )


GAMMA = [
    *((0.5, 0.3), (3.0, 2.0), (1e-3, 1e-200), (2.0, 700.0), (100.0, 90.0), (160.0, 900.0)),
    *((180.0, 180.0), (1e3, 1010.0), (1e6, 1.002e6), (1e10, 1e10), (300.0, 100.0), (1e5, 1.2e5)),
]


@pytest.mark.parametrize("a, x", GAMMA)
def test_incomplete_gamma_function(a: float, x: float) -> None:
    with mp.workdps(60):
        exact = mp.exp((m(a) - 1) * mp.log(x) - x - mp.loggamma(a))
        slope = float(exact * ((m(a) - 1 - x) / x))
    density = float(exact)
    # From 170 on an exponent is rounded, which is less than (a - x)^2 / a.
    rtol = 5e-15 if a < 170 else 5e-15 + 4e-16 * (a - x) ** 2 / min(a, x)
    np.testing.assert_allclose(grad(sc.gammainc, 1)(a, x), density, rtol=rtol)
    np.testing.assert_allclose(grad(sc.gammaincc, 1)(a, x), -density, rtol=rtol)
    second = grad(grad(sc.gammainc, 1), 1)
    np.testing.assert_allclose(second(a, x), slope, rtol=2 * rtol)
    compiled = jit(grad(sc.gammainc, 1))
    np.testing.assert_allclose(compiled(a, x), density, rtol=2 * rtol)


def test_incomplete_gamma_function_has_no_derivative_by_its_order() -> None:
    with pytest.raises(NotDifferentiableError, match="gammainc"):
        grad(sc.gammainc)(3.0, 2.0)


def test_psi_of_large_negative_numbers() -> None:
    for x in (-9.5, -100.25, -93257083439.140625, -(2.0**50) - 0.5):
        with mp.workdps(60):
            turn = lambda n, x=x: mp.diff(lambda t: mp.pi * mp.cot(mp.pi * t), x, n)  # noqa: E731
            exact = [float((-1) ** n * mp.psi(n, 1 - m(x)) - turn(n)) for n in (1, 2)]
        np.testing.assert_allclose(grad(sc.psi)(x), exact[0], rtol=2e-15)
        np.testing.assert_allclose(grad(grad(sc.psi))(x), exact[1], rtol=2e-15)


def test_quantiles_of_probabilities_next_to_one() -> None:
    for x in (-1e-300, -1e-20, -1e-3, -0.5):
        with mp.workdps(400):
            y = -mp.sqrt(2) * mp.erfinv(1 - 2 * -mp.expm1(x)) if x > -1e-9 else None
        if y is None:
            y = m(float(sc.ndtri_exp(x)))
        slope = grad(sc.ndtri_exp)(x)
        with mp.workdps(40):
            np.testing.assert_allclose(slope, float(mp.exp(x) / mp.npdf(y)), rtol=1e-14)


def test_dtypes_are_those_of_scipy() -> None:
    for f, kind in product((sc.expit, sc.erf, sc.log1p, np.i0, sc.gammaln), "?bhilefd"):
        x = np.array([0, 1, 1], kind)
        found: list[Any] = []

        def g(t: Any, f: Any = f, x: Any = x, found: list = found) -> Any:
            found.append(f(np.astype(t, x.dtype)))
            return t[0]

        grad(g)(x.astype(float))
        assert found[0].dtype == f(x).dtype, (f, kind)
        np.testing.assert_allclose(found[0].numpy(), f(x), rtol=4 * float(np.finfo(f(x).dtype).eps))


def test_polygamma_has_derivatives_for_fixed_order() -> None:
    x = np.array([0.3, 2.0])
    polygamma = FUNCTIONS[sc.polygamma]
    for n in (0, 1, 2):
        same = grad(lambda x, n=n: np.sum(polygamma(n, x)))(x)
        np.testing.assert_allclose(same, sc.polygamma(n + 1, x), rtol=1e-15)  # the same call


def test_unknown_functions_say_so() -> None:
    with pytest.raises(UnsupportedError, match="airy"):
        grad(lambda x: sc.airy(x)[0])(1.0)


def test_rows_of_scipy_are_loaded_only_when_one_is_met() -> None:
    program = (
        "import sys, numpy, bibun; assert 'scipy' not in sys.modules; import scipy.special as sc\n"
        "assert 'bibun.ops.special' not in sys.modules; print(bibun.grad(sc.erf)(0.0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert abs(float(done.stdout) - 2 / np.sqrt(np.pi)) < 1e-15  # rounding


def test_rows_of_scipy_can_be_pickled() -> None:
    op = TABLE["erf"]
    assert pickle.loads(pickle.dumps(op)) is op


def test_the_slope_of_erfcx_has_all_its_digits() -> None:
    for x in (0.05, 0.3, 0.8, 1.7, 2.5):
        with mp.workdps(40):
            y = mp.exp(mp.mpf(x) ** 2) * mp.erfc(x)
            slope = float(2 * mp.mpf(x) * y - 2 / mp.sqrt(mp.pi))
        np.testing.assert_allclose(float(bind(Erfcx(1), np.float64(x)).raw), slope, rtol=7e-16)


def test_the_slope_of_i1e_is_right_beside_its_zero() -> None:
    for x in (1.4, 1.5, 1.56, 1.6727):
        with mp.workdps(40):
            f = lambda x: mp.exp(-x) * mp.besseli(1, x)  # noqa: E731
            slope = float(mp.diff(f, mp.mpf(x)))
        # Terms of up to 0.2 cancel, each rounded once or twice.
        np.testing.assert_allclose(grad(sc.i1e)(x), slope, rtol=0, atol=6e-17)
