"""Every ufunc: values, dtypes and errors as NumPy's, derivatives as mpmath's, also where it is hard."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from bibun.ops.transcendental import sigmoid

from .mathematics import Row, problems

m = mp.mpf


def softplus(x):
    return mp.log1p(mp.exp(x))


# fmt: off
ROWS = [
    Row("absolute",   np.absolute,   abs,                          (-2, 0.5, 1e200, -1e-300)),
    Row("fabs",       np.fabs,       abs,                          (-2, 0.5, 1e200)),
    Row("square",     np.square,     lambda x: x * x,              (-2, 0, 3, 1e100)),
    Row("sqrt",       np.sqrt,       mp.sqrt,                      (1e-300, 1e-10, 0.5, 2, 1e300)),
    Row("cbrt",       np.cbrt,       mp.cbrt,                      (1e-60, 0.5, 2, 1e300)),
    Row("reciprocal", np.reciprocal, lambda x: 1 / x,              (-2, 0.5, 1e-50, 1e60)),
    Row("exp",        np.exp,        mp.exp,                       (-700, -1, 0, 1, 700), 700),
    Row("exp2",       np.exp2,       lambda x: m(2) ** x,          (-1000, -1, 0, 0.5, 1023.9), 700),
    Row("expm1",      np.expm1,      mp.expm1,                     (-700, -40, -1e-10, 0, 1, 700), 700),
    Row("log",        np.log,        mp.log,                       (1e-100, 0.5, 1, 3, 1e300)),
    Row("log2",       np.log2,       lambda x: mp.log(x, 2),       (1e-100, 0.5, 1, 3)),
    Row("log10",      np.log10,      mp.log10,                     (1e-100, 0.5, 1, 3)),
    Row("log1p",      np.log1p,      mp.log1p,                     (-0.9999999, -0.5, 1e-20, 0, 1, 1e100)),
    Row("sin",        np.sin,        mp.sin,                       (-3, 0, 0.5, 10, 1e5)),
    Row("cos",        np.cos,        mp.cos,                       (-3, 0, 0.5, 10)),
    Row("tan",        np.tan,        mp.tan,                       (-1.5, 0, 0.5, 1.57)),
    Row("arcsin",     np.arcsin,     mp.asin,                      (-0.999999, 0, 1e-10, 0.5, 1 - 1e-10)),
    Row("arccos",     np.arccos,     mp.acos,                      (-0.999999, 0, 1e-10, 0.5, 1 - 1e-10)),
    Row("arctan",     np.arctan,     mp.atan,                      (-1e100, -2, 0, 0.5, 1e10)),
    Row("sinh",       np.sinh,       mp.sinh,                      (-700, -1, 0, 0.5, 700), 700),
    Row("cosh",       np.cosh,       mp.cosh,                      (-700, -1, 0, 0.5, 700), 700),
    Row("tanh",       np.tanh,       mp.tanh,                      (-1000, -300, -20, -1, 0, 1e-10, 0.5, 340), 1000),
    Row("arcsinh",    np.arcsinh,    mp.asinh,                     (-1e100, -1e5, -1, 0, 1e-10, 0.5, 20)),
    Row("arccosh",    np.arccosh,    mp.acosh,                     (1 + 1e-12, 1.5, 3, 1e5, 1e100)),
    Row("arctanh",    np.arctanh,    mp.atanh,                     (-1 + 1e-12, -0.5, 0, 1e-10, 0.99, 1 - 1e-14)),
    Row("deg2rad",    np.deg2rad,    mp.radians,                   (3, 100)),
    Row("radians",    np.radians,    mp.radians,                   (3, 100)),
    Row("rad2deg",    np.rad2deg,    mp.degrees,                   (3, 100)),
    Row("degrees",    np.degrees,    mp.degrees,                   (3, 100)),
    Row("sinc",       np.sinc,       mp.sincpi,                    (0, 1e-9, 1e-4, 0.3, 0.33, 0.5, 1, 2.5, 10.2), 200),
    Row("sigmoid",    sigmoid,       lambda x: 1 / (1 + mp.exp(-x)), (-740, -30, -1, 0, 0.5, 30, 740), 1000),
    Row("softplus",   lambda x: np.logaddexp(0.0, x), softplus,    (-740, -40, -1, 0, 1, 740), 1000),
    Row("x^0",        lambda x: x**0.0,  lambda x: m(1),           (-2, 0, 0.5)),
    Row("x^1",        lambda x: x**1.0,  lambda x: x,              (-2, 0, 0.5)),
    Row("x^2",        lambda x: x**2,    lambda x: x**2,           (-2, 0, 1e-200, 1e100)),
    Row("x^3",        lambda x: x**3,    lambda x: x**3,           (-2, 0, 0.5)),
    Row("x^2.5",      lambda x: x**2.5,  lambda x: x ** m(2.5),    (1e-50, 0.5, 1e100)),
    Row("x^-1",       lambda x: x**-1.0, lambda x: 1 / x,          (-2, 0.5)),
    Row("2^x",        lambda x: 2.0**x,  lambda x: m(2) ** x,      (-2, 0, 0.5, 1000)),
    Row("x^x",        lambda x: x**x,    lambda x: x**x,           (0.1, 2)),
]
# fmt: on


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_derivatives_are_those_of_mpmath(row: Row, dtype: type) -> None:
    found = list(problems(row, dtype))
    assert not found, "\n".join(found)
