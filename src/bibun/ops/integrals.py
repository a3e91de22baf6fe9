"""scipy.special's functions that are integrals: exponential, sine, Fresnel's, Dawson's, ...

Those with two results are two rows, one for each.
"""

from __future__ import annotations

from functools import partial
from math import pi
from typing import Any

import numpy as np
import scipy.special as sc

from ..array import UFUNCS, Array, bind, lift
from . import elementwise
from .elementwise import Elementwise
from .formula import Formula
from .remainders import Dawson, ExpRel, LogRel
from .structure import cast
from .transcendental import Sinc, grown

row = partial(elementwise.row, home=__name__)
POSITIVE = (0.2, 4.0)


def expn_by_x(y: Array, n: Array, x: Array) -> Any:
    """-E_(n-1)(x), where E_0 is exp(-x) / x and E_(-1) the negative of its derivative."""
    first = n < 1
    lower = sc.expn(np.where(first, 0, n - 1), x)
    return -np.where(first, lower * (1 + 1 / x), lower)


def spence_by_x(y: Array, x: Array) -> Any:
    """log(x) / (1 - x)."""
    near = x > 0.5
    inner = np.where(near, 0.25, x)
    return np.where(near, -bind(LogRel(0), np.where(near, x - 1, 0)), np.log(inner) / (1 - inner))


def omega_by_x(y: Array, x: Array) -> Any:
    """y / (1 + y), which is 1 where y is infinite."""
    return np.where(y > 1, 1 / (1 + 1 / np.where(y > 1, y, 1)), y / (1 + np.where(y > 1, 1, y)))


def sinhc(x: Array) -> Any:
    """sinh(x) / x."""
    return (sc.exprel(x) + sc.exprel(-x)) / 2


def coshc(x: Array) -> Any:
    """cosh(x) / x, also where only cosh(x) overflows."""
    up, down = np.exp(x / 2), np.exp(-x / 2)
    return (up * (up / x) + down * (down / x)) / 2


def part(name: str, both: np.ufunc, place: int) -> Formula:
    """One result of a function of SciPy's with two."""
    return Formula(name, lambda x: both(x)[place], like=sc.exprel)


def twofold(theirs: np.ufunc, *ours: Elementwise) -> None:
    """Let a function of SciPy's with two results mean two rows."""

    def call(x: Any, /, **options: Any) -> Any:
        x = lift(x)
        x = cast(x, theirs.resolve_dtypes((x.dtype, None, None))[0])
        return tuple(op(x, **options) for op in ours)

    UFUNCS[theirs] = call


def wave(x: Array, turn: float) -> Any:
    """sin(pi (x^2 / 2 + turn)): with x = 2 k + r it is x^2 / 2 = 2 k^2 + 2 k r + r^2 / 2."""
    k = np.rint(x / 2)
    r = x - 2 * k
    u = np.remainder(2 * (k * r), 2) + (np.square(r) / 2 + turn)  # k r is exact: r has few bits
    n = np.rint(u)
    return np.sin(pi * (u - n)) * (1 - 2 * np.remainder(n, 2))


# fmt: off
DEGREE    = "it is a whole number: keep it constant (bibun.stop_gradient)"

exprel    = row(sc.exprel,    lambda y, x: bind(ExpRel(1), x),
                              exact=lambda lib, x: grown(lib, x) / x if x != 0 else x + 1)
dawsn     = row(sc.dawsn,     lambda y, x: bind(Dawson(1), x),
                              exact=lambda lib, x: lib.sqrt(lib.pi) / 2 * lib.exp(-(x**2))
                              * lib.erfi(x))
expn      = row(sc.expn,      DEGREE, lambda y, n, x: expn_by_x(y, n, x), domain=POSITIVE,
                              whole=(0,), exact=lambda lib, n, x: lib.expint(n, x))
spence    = row(sc.spence,    lambda y, x: spence_by_x(y, x), domain=POSITIVE,
                              exact=lambda lib, x: lib.polylog(2, 1 - x))
wrightomega = row(sc.wrightomega, lambda y, x: omega_by_x(y, x),
                              exact=lambda lib, x: lib.lambertw(lib.exp(x)))
tandg     = row(sc.tandg,     lambda y, x: (pi / 180) * (1 + np.square(y)), domain=(-80.0, 80.0),
                              exact=lambda lib, x: lib.tan(x * lib.pi / 180))
cotdg     = row(sc.cotdg,     lambda y, x: (-pi / 180) * (1 + np.square(y)), domain=(10.0, 170.0),
                              exact=lambda lib, x: 1 / lib.tan(x * lib.pi / 180))

sine_integral: Elementwise = row(part("sine_integral", sc.sici, 0),
    lambda y, x: bind(Sinc(0), x), waves=True, exact=lambda lib, x: lib.si(x))
cosine_integral: Elementwise = row(part("cosine_integral", sc.sici, 1),
    lambda y, x: np.cos(x) / x, waves=True, domain=POSITIVE, exact=lambda lib, x: lib.ci(x))
sinh_integral: Elementwise = row(part("sinh_integral", sc.shichi, 0),
    lambda y, x: sinhc(x), exact=lambda lib, x: lib.shi(x))
cosh_integral: Elementwise = row(part("cosh_integral", sc.shichi, 1),
    lambda y, x: coshc(x), domain=POSITIVE, exact=lambda lib, x: lib.chi(x))
fresnel_s: Elementwise = row(part("fresnel_s", sc.fresnel, 0),
    lambda y, x: wave(x, 0.0), waves=True, exact=lambda lib, x: lib.fresnels(x))
fresnel_c: Elementwise = row(part("fresnel_c", sc.fresnel, 1),
    lambda y, x: wave(x, 0.5), waves=True, exact=lambda lib, x: lib.fresnelc(x))
# fmt: on

twofold(sc.sici, sine_integral, cosine_integral)
twofold(sc.shichi, sinh_integral, cosh_integral)
twofold(sc.fresnel, fresnel_s, fresnel_c)
