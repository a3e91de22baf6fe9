"""Every ufunc: values, dtypes and errors as NumPy's, derivatives as mpmath's."""

from __future__ import annotations

from itertools import product
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from bibun import grad
from bibun.errors import UnsupportedError
from bibun.ops.transcendental import sigmoid

from .agreement import agrees
from .mathematics import Row, partial_problems, problems

m = mp.mpf


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def truncated(a, b):
    return mp.sign(a) * mp.fmod(abs(a), abs(b))


def softplus(x):
    return mp.log1p(mp.exp(x))


# fmt: off
ROWS = [
    Row("absolute",   np.absolute,   abs, (-2, 0.5, 1e200, -1e-300)),
    Row("fabs",       np.fabs,       abs, (-2, 0.5, 1e200)),
    Row("square",     np.square,     lambda x: x * x, (-2, 0, 3, 1e100)),
    Row("sqrt",       np.sqrt,       mp.sqrt, (1e-300, 1e-10, 0.5, 2, 1e300)),
    Row("cbrt",       np.cbrt,       mp.cbrt, (1e-60, 0.5, 2, 1e300)),
    Row("reciprocal", np.reciprocal, lambda x: 1 / x, (-2, 0.5, 1e-50, 1e60)),
    Row("exp",        np.exp,        mp.exp, (-700, -1, 0, 1, 700), 700),
    Row("exp2",       np.exp2,       lambda x: m(2) ** x, (-1000, -1, 0, 0.5, 1023.9), 700),
    Row("expm1",      np.expm1,      mp.expm1, (-700, -40, -1e-10, 0, 1, 700), 700),
    Row("log",        np.log,        mp.log, (1e-100, 0.5, 1, 3, 1e300)),
    Row("log2",       np.log2,       lambda x: mp.log(x, 2), (1e-100, 0.5, 1, 3)),
    Row("log10",      np.log10,      mp.log10, (1e-100, 0.5, 1, 3)),
    Row("log1p",      np.log1p,      mp.log1p, (-0.9999999, -0.5, 1e-20, 0, 1, 1e100)),
    Row("sin",        np.sin,        mp.sin, (-3, 0, 0.5, 10, 1e5)),
    Row("cos",        np.cos,        mp.cos, (-3, 0, 0.5, 10)),
    Row("tan",        np.tan,        mp.tan, (-1.5, 0, 0.5, 1.57)),
    Row("arcsin",     np.arcsin,     mp.asin, (-0.999999, 0, 1e-10, 0.5, 1 - 1e-10)),
    Row("arccos",     np.arccos,     mp.acos, (-0.999999, 0, 1e-10, 0.5, 1 - 1e-10)),
    Row("arctan",     np.arctan,     mp.atan, (-1e100, -2, 0, 0.5, 1e10)),
    Row("sinh",       np.sinh,       mp.sinh, (-700, -1, 0, 0.5, 700), 700),
    Row("cosh",       np.cosh,       mp.cosh, (-700, -1, 0, 0.5, 700), 700),
    Row("tanh",       np.tanh,       mp.tanh, (-1000, -300, -20, -1, 0, 1e-10, 0.5, 340), 1000),
    Row("arcsinh",    np.arcsinh,    mp.asinh, (-1e100, -1e5, -1, 0, 1e-10, 0.5, 20)),
    Row("arccosh",    np.arccosh,    mp.acosh, (1 + 1e-12, 1.5, 3, 1e5, 1e100)),
    Row("arctanh",    np.arctanh,    mp.atanh, (-1 + 1e-12, -0.5, 0, 1e-10, 0.99, 1 - 1e-14)),
    Row("deg2rad",    np.deg2rad,    mp.radians, (3, 100)),
    Row("radians",    np.radians,    mp.radians, (3, 100)),
    Row("rad2deg",    np.rad2deg,    mp.degrees, (3, 100)),
    Row("degrees",    np.degrees,    mp.degrees, (3, 100)),
    Row("sinc",       np.sinc,       mp.sincpi, (0, 1e-9, 1e-4, 0.3, 0.33, 0.5, 1, 2.5, 10.2), 200),
    Row("sigmoid",    sigmoid,       logistic, (-740, -30, -1, 0, 0.5, 30, 740), 1000),
    Row("softplus",   lambda x: np.logaddexp(0.0, x), softplus, (-740, -40, -1, 0, 1, 740), 1000),
    Row("x^0",        lambda x: x**0.0,  lambda x: m(1), (-2, 0, 0.5)),
    Row("x^1",        lambda x: x**1.0,  lambda x: x, (-2, 0, 0.5)),
    Row("x^2",        lambda x: x**2,    lambda x: x**2, (-2, 0, 1e-200, 1e100)),
    Row("x^3",        lambda x: x**3,    lambda x: x**3, (-2, 0, 0.5)),
    Row("x^2.5",      lambda x: x**2.5,  lambda x: x ** m(2.5), (1e-50, 0.5, 1e100)),
    Row("x^-1",       lambda x: x**-1.0, lambda x: 1 / x, (-2, 0.5)),
    Row("2^x",        lambda x: 2.0**x,  lambda x: m(2) ** x, (-2, 0, 0.5, 1000)),
    Row("x^x",        lambda x: x**x,    lambda x: x**x, (0.1, 2)),
]
# fmt: on


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_derivatives_are_those_of_mpmath(row: Row, dtype: type) -> None:
    found = list(problems(row, dtype))
    assert not found, "\n".join(found)


# fmt: off
PAIRS = [
    Row("divide",     np.divide,     lambda a, b: a / b, [(3, 7), (-1e-3, 1e5)]),
    Row("power",      np.power,      lambda a, b: a ** b, [(0.3, 2.5), (2, -1), (3, 0)]),
    Row("hypot",      np.hypot,      mp.hypot, [(3, 4), (1e-3, 7)]),
    Row("arctan2",    np.arctan2,    mp.atan2, [(3, 4), (-2, -0.5), (1e-3, 7)]),
    Row("logaddexp", np.logaddexp, lambda a, b: mp.log(mp.exp(a) + mp.exp(b)),
        [(1, 1), (-30, 2), (5, -40)]),
    Row("logaddexp2", np.logaddexp2, lambda a, b: mp.log(m(2)**a + m(2)**b, 2),
        [(1, 1), (-30, 2), (5, -40)]),
    Row("remainder", np.remainder, lambda a, b: a - b * mp.floor(a / b),
        [(7.5, 2), (-7.5, 2), (7.5, -2)]),
    Row("fmod",       np.fmod,       truncated, [(7.5, 2), (-7.5, 2), (7.5, -2)]),
    Row("copysign", np.copysign, lambda a, b: abs(a) * mp.sign(b), [(3, -2), (-3, -2), (-3, 2)]),
    Row("maximum",    np.maximum,    max, [(1, 2), (2, 1)]),
    Row("fmin",       np.fmin,       min, [(1, 2), (2, 1)]),
]
# fmt: on


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("row", PAIRS, ids=str)
def test_partials_are_those_of_mpmath(row: Row, dtype: type) -> None:
    found = list(partial_problems(row, dtype))
    assert not found, "\n".join(found)


# ------------------------------------------------------------ hard points: limits and conventions

inf, nan = np.inf, np.nan

# fmt: off
HARD = [
    # f, argument, its derivative and its second derivative (None: not looked at)
    (np.abs,                                      0.0,        0.0,      0.0),
    (np.sqrt,                                     0.0,        inf,      None),
    (np.cbrt,                                     0.0,        inf,      None),
    (np.log,                                      0.0,        inf,      None),
    (np.log1p,                                   -1.0,        inf,      None),
    (np.arcsin,                                   1.0,        inf,      None),
    (np.arccos,                                   1.0,       -inf,      None),
    (np.arccosh,                                  1.0,        inf,      None),
    (np.arctanh,                                 -1.0,        inf,      None),
    (np.exp,                                    710.0,        inf,      inf),
    (np.exp2,                                  1024.0,        2.0 * np.log(2) * 2.0**1023, None),
    (np.tanh,                                  1000.0,        0.0,      0.0),
    (np.arctan,                                1e200,         0.0,      0.0),
    (np.arcsinh,                               1e200,         1e-200,   0.0),
    (sigmoid,                                 -1000.0,        0.0,      0.0),
    (lambda x: np.logaddexp(x, 0.0),           1000.0,        1.0,      0.0),
    (lambda x: np.logaddexp(x, x),                2.0,        1.0,      0.0),
    (np.sinc,                                     0.0,        0.0,      -np.pi**2 / 3),
    (lambda x: x**1.0,                            0.0,        1.0,      0.0),
    (lambda x: x**2,                              0.0,        0.0,      2.0),
    (lambda x: x**0.5,                            0.0,        inf,      None),
    (lambda x: np.maximum(x, 0.0),                0.0,        0.5,      0.0),
    (lambda x: np.clip(x, 0.0, 1.0),              1.0,        0.5,      0.0),
    (lambda x: np.sqrt(np.maximum(x, 0.0)),      -1.0,        0.0,      0.0),
    (lambda x: np.maximum(np.log(x), -5.0),       0.0,        0.0,      0.0),
    (lambda x: np.where(x > 0, np.sqrt(x), 0.0),  0.0,        0.0,      0.0),
    (lambda x: 2 * np.nan_to_num(x),              nan,        0.0,      0.0),
    (lambda x: np.modf(x)[0] + np.modf(x)[1],    -1.5,        1.0,      0.0),
    (lambda x: np.frexp(x)[0],                   12.0,        1 / 16,   0.0),
    (lambda x: np.ldexp(x, 3),                    2.0,        8.0,      0.0),
    (lambda x: x * np.round(x, 1),                2.54,       2.5,      0.0),
    (lambda x: np.real(x) + np.conj(x) + np.imag(x) + np.angle(x), -2.0, 2.0, 0.0),
]
HARD_PAIRS = [
    (np.power,      0.0,    0.0,     0.0,    -inf),   # 0^p jumps at p = 0: from inf to 1 to 0
    (np.power,      0.0,    1.0,     1.0,     0.0),
    (np.power,      0.0,    2.0,     0.0,     0.0),
    (np.power,      0.0,    0.5,     inf,     0.0),
    (np.power,     -2.0,    3.0,    12.0,     nan),   # (-2)^p is real only for whole p
    (np.power,   5e-324,    0.0,     0.0,     np.log(5e-324)),
    (np.divide,  1e-300, 1e-200,   1e200,  -1e100),
    (np.hypot,      0.0,    0.0,     0.0,     0.0),
    (np.hypot,    3e300,  4e300,     0.6,     0.8),
    (np.arctan2,  3e200,  4e200, 0.16e-200, -0.12e-200),
    (np.arctan2, 3e-200, 4e-200, 0.16e200, -0.12e200),
    (np.arctan2,    0.0,   -1.0,    -1.0,     0.0),
    (np.logaddexp, -inf,   -inf,     0.5,     0.5),
    (np.logaddexp,  inf,    inf,     0.5,     0.5),
    (np.logaddexp,  inf,    1.0,     1.0,     0.0),
    (np.logaddexp, -inf,    1.0,     0.0,     1.0),
    (np.logaddexp, 1e15, 1e15 + 1,   1 / (1 + np.e), np.e / (1 + np.e)),
    (np.maximum,    1.0,    1.0,     0.5,     0.5),
    (np.minimum,    1.0,    1.0,     0.5,     0.5),
    (np.maximum,    inf,    inf,     0.5,     0.5),
    (np.fmax,       nan,    1.0,     0.0,     1.0),
    (np.fmin,       1.0,    nan,     1.0,     0.0),
    (np.copysign,   2.0,   -0.0,    -1.0,     0.0),
    (np.copysign,   0.0,   -1.0,     0.0,     0.0),
    (np.mod,        7.0,   -3.0,     1.0,     3.0),
    (np.mod,        3.0,    inf,     1.0,     0.0),
    (np.fmod,      -7.0,    3.0,     1.0,     2.0),
    (np.heaviside,  0.0,    0.3,     0.0,     1.0),
    (np.heaviside,  1.0,    0.3,     0.0,     0.0),
    (np.nextafter,  7.0,    2.0,     1.0,     0.0),
]
# fmt: on


def same(found: Any, expected: Any) -> None:
    """Equal up to the rounding of a few operations."""
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("f, x, first, second", HARD)
def test_limits_and_conventions(f: Any, x: float, first: float, second: float | None) -> None:
    same(grad(f)(x), first)
    if second is not None:
        same(grad(grad(f))(x), second)


@pytest.mark.parametrize("f, a, b, by_a, by_b", HARD_PAIRS)
@pytest.mark.filterwarnings("ignore::bibun.errors.NotFiniteWarning")
@pytest.mark.filterwarnings("ignore::bibun.errors.LostDigitsWarning")  # a jump in the sign of zero
def test_limits_and_conventions_of_pairs(
    f: Any, a: float, b: float, by_a: float, by_b: float
) -> None:
    same(grad(f, argnums=(0, 1))(a, b), (by_a, by_b))


def test_second_derivatives_of_powers_with_any_exponent() -> None:
    """The exponent is an argument, so that no rule can look at it."""
    for x, p in ((0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (-2.0, 3.0), (2.0, 0.0), (2.0, 1.0)):
        same(grad(grad(np.power))(x, p), 0.0 if p in (0, 1) else p * (p - 1) * x ** (p - 2))
    same(grad(grad(np.power), 1)(2.0, 0.0), 0.5)  # d/dp p x^(p-1)


def test_sigmoid_is_accurate_in_both_tails() -> None:
    x = np.concatenate([np.linspace(-744, 744, 1001), np.linspace(-3, 3, 101)])
    with mp.workdps(30), np.errstate(all="raise", under="ignore"):
        y = sigmoid(x).numpy()
        exact = [1 / (1 + mp.exp(-mp.mpf(t))) for t in x]
        for t, found, want in zip(x, y, exact, strict=True):
            # Two exponentials and a quotient, each off by less than one unit.
            assert abs(found - want) <= 4 * np.spacing(float(want)), t


# ------------------------------------------------------------ values, dtypes, errors: NumPy's own

KINDS = "?bBhHiIlLefd"
UFUNCS = {f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc) and not f.signature}
del UFUNCS["isnat"]  # of dates


def sample(kind: str, reverse: bool = False) -> np.ndarray:
    """Six numbers of a dtype: negative ones, zeros and fractions where there are."""
    if kind in "efd":
        x = np.array([[0.5, -1.25, 2.0], [3.0, -0.0, 1.5]], kind)
    elif kind in "BHIL":
        x = np.array([[0, 1, 2], [3, 4, 7]], kind)
    else:
        x = np.array([[0, 1, -2], [3, -4, 7]], kind)
    return x[:, ::-1].copy() if reverse else x


def simply(f: Any) -> Any:
    """f with errors of public classes: NumPy's own are private subclasses of TypeError."""

    def g(*args: Any) -> Any:
        try:
            return f(*args)
        except (TypeError, OverflowError) as error:
            raise TypeError(str(error)) from None

    return g


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_are_those_of_numpy(name: str) -> None:
    f = simply(UFUNCS[name])
    if UFUNCS[name].nin == 1:
        for kind in KINDS:
            agrees(f, sample(kind), what=f"{name} {kind}")
            agrees(f, sample(kind)[0, 1], what=f"{name} of one {kind}")
        return
    for kind, other in product(KINDS, KINDS):
        x, y = sample(kind), sample(other, reverse=True)
        agrees(f, x, y, what=f"{name} {kind} {other}")
        agrees(lambda x, y=y: f(x, y[0]), x, what=f"{name} {kind} and captured {other}")
    for kind, number in product(KINDS, (2, 0, -1, 300, 2.5, 0.0, True)):
        agrees(lambda x, n=number: f(x, n), sample(kind), what=f"{name} {kind} {number}")
        agrees(lambda x, n=number: f(n, x), sample(kind), what=f"{name} {number} {kind}")


ROW = np.array([True, False, True])
# fmt: off
FUNCTIONS = {
    "round":         np.round,
    "round(1)":      lambda x: np.round(x, 1),
    "round(-1)":     lambda x: np.around(x, -1),
    "fix":           np.fix,
    "modf":          np.modf,
    "frexp":         np.frexp,
    "divmod":        lambda x: np.divmod(x, 2),
    "divmod()":      lambda x: divmod(7, x),
    "sinc":          np.sinc,
    "real":          np.real,
    "imag":          np.imag,
    "angle":         lambda x: np.angle(x, deg=True),
    "nan_to_num":    lambda x: np.nan_to_num(np.log(x), nan=3.0, posinf=7.0),
    "zeros_like":    lambda x: np.zeros_like(x, dtype="f4"),
    "ones_like":     lambda x: np.ones_like(x, shape=(4,)),
    "full_like":     lambda x: np.full_like(x, 3),
    "isreal":        np.isreal,
    "isposinf":      np.isposinf,
    "clip":          lambda x: np.clip(x, 1, 2),
    "clip below":    lambda x: np.clip(x, 0.5, None),
    "clip above":    lambda x: np.clip(x, max=2),
    "clip far":      lambda x: np.clip(x, -300, 300),
    "where":         lambda x: np.where(x > 0, x, 0),
    "where weak":    lambda x: np.where(x, 1.5, x),
    "where row":     lambda x: np.where(ROW, x, np.float32(1)),
    "where bool":    lambda x: np.where(x > 0, True, x),
    "where two":     lambda x: np.where(x > 0, x),
    "select":        lambda x: np.select([x > 2, x > 0], [x, 1.5], default=7),
    "select none":   lambda x: np.select([], []),
    "select fewer":  lambda x: np.select([x > 2], []),
    "isclose":       lambda x: np.isclose(x, 1.0),
    "add dtype":     lambda x: np.add(x, x, dtype="f8"),
    "add.reduce":    lambda x: np.add.reduce(x, initial=3),
    "add keepdims":  lambda x: np.add.reduce(x, axis=-1, keepdims=True),
    "max.reduce":    lambda x: np.maximum.reduce(x, axis=-1),
    "and.reduce":    lambda x: np.logical_and.reduce(x),
    "hypot.reduce":  lambda x: np.hypot.reduce(x, axis=-1, initial=0),
    "minus.reduce":  lambda x: np.subtract.reduce(x, initial=3) if x.dtype != bool else x,
    "times.accum":   lambda x: np.multiply.accumulate(x, axis=-1),
    "fmax.accum":    lambda x: np.fmax.accumulate(x),
    "times.outer":   lambda x: np.multiply.outer(x, np.arange(2)),
    "add.reduceat":  lambda x: np.add.reduceat(x, [0, 1, 0, 0], axis=-1),
    "add.reduceat2": lambda x: np.add.reduceat(x, [1, 0]),
    "max.reduceat":  lambda x: np.maximum.reduceat(x, [1, 0, 0], axis=1),
    "times.reduceat": lambda x: np.multiply.reduceat(x, [0, 1], dtype="f8"),
    "or.reduceat":   lambda x: np.logical_or.reduceat(x, [0, 1, 0]),
    "no reduceat":   lambda x: np.multiply.reduceat(x, np.array([], int)),
    "far reduceat":  lambda x: np.add.reduceat(x, [0, 9]),
    "hypot reduceat": lambda x: np.hypot.reduceat(x, [0, 0], axis=2),
}
# fmt: on


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_those_of_numpy(name: str) -> None:
    for kind in KINDS:
        for x in (sample(kind), sample(kind)[0, 1], sample(kind)[:, :0]):
            agrees(simply(FUNCTIONS[name]), x, what=f"{name} {x.dtype}{x.shape}")


def test_questions_are_answered_with_plain_values() -> None:
    def f(x: Any) -> Any:
        assert np.allclose(x, [1.0, 2.0]) and not np.allclose(x, 1.0)
        assert np.array_equal(x, x) and np.array_equiv(x, x) and not np.array_equal(x, x + 1)
        assert not np.iscomplexobj(x) and np.isrealobj(x)
        assert np.result_type(x, np.float32) == np.float64 and np.can_cast(
            x, np.float32, "same_kind"
        )
        assert np.where(x > 1)[0] == 1
        return np.sum(x)

    assert np.array_equal(grad(f)(np.array([1.0, 2.0])), [1, 1])


def test_methods_of_ufuncs_have_derivatives() -> None:
    x = np.array([0.5, -1.0, 2.0])
    same(grad(lambda x: np.logaddexp.reduce(x))(x), np.exp(x) / np.sum(np.exp(x)))
    same(grad(lambda x: np.hypot.reduce(x))(x), x / np.linalg.norm(x))
    same(grad(lambda x: np.sum(np.subtract.accumulate(x)))(x), [3, -2, -1])
    same(grad(lambda x: np.sum(np.multiply.outer(x, [1.0, 2.0])))(x), [3, 3, 3])
    same(grad(lambda x: np.multiply.reduceat(x, [1, 0, 2]) @ [1.0, 10.0, 100.0])(x), [-10, 6, 100])


def test_what_is_not_supported_says_what_to_write_instead() -> None:
    x = np.ones(3)
    with pytest.raises(UnsupportedError, match=r"np\.where"):
        grad(lambda x: np.sin(x, where=x > 0))(x)
