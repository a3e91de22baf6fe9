"""scipy.special's functions of a number, and a few of two: erf, gamma, entropies, Bessel's first.

This file and its sisters (transcendental.SPECIAL) are loaded when one of their functions is met.
"""

from __future__ import annotations

from functools import partial
from math import pi, sqrt
from typing import Any

import numpy as np
import scipy.special as sc

from ..array import UFUNCS, Array, bind, implements, lift
from . import elementwise
from .densities import log_of_normal, normal_slope
from .elementwise import Elementwise
from .families import BesselI0e, Erfcx, Polygamma, bessel_slope
from .formula import Formula
from .structure import array_of, cast
from .transcendental import LN10, log_past, sigmoid

row = partial(elementwise.row, home=__name__)


# ------------------------------------------------------------ partials that need more than a line


def ratio(x: Array, y: Array) -> Array:
    """x / y, and 0 for 0 / 0: x log(y) is 0 for x = 0, whatever y is."""
    return np.where((x == 0) & (y == 0), 0, x / y)


def by_mills(y: Array, x: Array) -> Array:
    """The derivative of y = mills(x), in symbols -y (x + y).

    For x < 0 that is a difference of large numbers; there y = s(x) - x with a small s, and with
    E = erfcx at z = -x / sqrt(2): s = -E' / (sqrt(2) E) and s' = (E'' / E - (E' / E)^2) / 2.
    """
    z = np.where(x < 0, x, 0) / -sqrt(2)
    e, e1, e2 = (bind(Erfcx(n), z) for n in range(3))
    return np.where(x < 0, (e2 / e - np.square(e1 / e)) / 2 - 1, -y * (x + y))


def log_ratio(a: Array, b: Array) -> Array:
    """log(a / b), also where the quotient is out of range."""
    q = a / b
    fits = np.isfinite(q) & (q >= np.finfo(a.dtype).tiny)
    return np.where(fits, np.log(q), np.log(a) - np.log(b))


def half_by_half(x: Array) -> Array:
    """exp(x) / x, also where only exp(x) overflows."""
    e = np.exp(x / 2)
    return e / x * e


def slope_of_i1e(x: Array) -> Any:
    """With f(x) = exp(-x) I_0(x): exp(-x) I_1(x) = f + f', differentiated; the function is odd."""
    u = np.abs(x)
    return bind(BesselI0e(1), u) + bind(BesselI0e(2), u)


def slope_of_ndtri(y: Array, x: Array) -> Any:
    """1 / density(y), in the tail as 1 / (x mills(y)): exp(y^2 / 2) is off by y^2 roundings."""
    tail = np.abs(y + 20) < 20  # and not at -inf
    return np.where(tail, 1 / (x * mills(y)), np.exp(np.square(y) / 2) * sqrt(2 * pi))


def slope_of_erfcinv(y: Array, x: Array) -> Any:
    """The same, of y = -ndtri(x / 2) / sqrt(2)."""
    tail = np.abs(y - 14) < 14
    return np.where(tail, -1 / (sqrt(2) * x * mills(-sqrt(2) * y)), -np.exp(np.square(y)) / RATE)


def slope_of_ndtri_exp(y: Array, x: Array) -> Any:
    """exp(x) / density(y), above 0 by the probability of more, which has digits there."""
    upper = np.abs(y - 20) < 20  # and not at inf
    more = -np.expm1(np.where(upper, x, -1))
    return np.where(upper, np.exp(x) / (more * mills(-y)), 1 / mills(y))


def below(lib: Any, x: Any) -> Any:
    """The probability of what is less than x, of exact numbers."""
    return lib.erfc(-x / lib.sqrt(2)) / 2


def negative(x: Any) -> bool:
    """Whether an exact number is; of a formula nobody knows."""
    try:
        return bool(x < 0)
    except TypeError:
        return False


def entropy(lib: Any, x: Any) -> Any:
    """-x log(x) of an exact number; SciPy continues it by -inf, so that it stays concave."""
    if negative(x):
        return -lib.inf
    return -x * lib.log(x) if x != 0 else x


def relative(lib: Any, a: Any, b: Any) -> Any:
    """a log(a / b) of exact numbers, which SciPy continues by inf."""
    if negative(a) or negative(b) or (a != 0 and b == 0):
        return lib.inf
    return a * lib.log(a / b) if a != 0 else a


# fmt: off
POSITIVE, UNIT = (0.2, 4.0), (0.05, 0.95)
RATE     = 2 / sqrt(pi)
MILLS    = Formula("mills",    normal_slope,  like=sc.ndtr)
LOG_NDTR = Formula("log_ndtr", log_of_normal, like=sc.log_ndtr)

mills     = row(MILLS,        by_mills,
                              exact=lambda lib, x: lib.exp(-(x**2) / 2) / below(lib, x)
                              / lib.sqrt(2 * lib.pi))

erf       = row(sc.erf,       lambda y, x: RATE * np.exp(-np.square(x)))
erfc      = row(sc.erfc,      lambda y, x: -RATE * np.exp(-np.square(x)))
erfi      = row(sc.erfi,      lambda y, x: RATE * np.exp(np.square(x)))
erfcx     = row(sc.erfcx,     lambda y, x: bind(Erfcx(1), x),
                              exact=lambda lib, x: lib.exp(x**2) * lib.erfc(x))
erfinv    = row(sc.erfinv,    lambda y, x: np.exp(np.square(y)) / RATE, domain=(-0.9, 0.9))
erfcinv   = row(sc.erfcinv,   lambda y, x: slope_of_erfcinv(y, x), domain=(0.1, 1.9))
ndtr      = row(sc.ndtr,      lambda y, x: np.exp(-np.square(x) / 2) / sqrt(2 * pi),
                              exact=lambda lib, x: below(lib, x))
log_ndtr  = row(LOG_NDTR,     lambda y, x: mills(x),
                              exact=lambda lib, x: lib.log(below(lib, x)))
ndtri     = row(sc.ndtri,     lambda y, x: slope_of_ndtri(y, x), domain=UNIT,
                              exact=lambda lib, x: lib.sqrt(2) * lib.erfinv(2 * x - 1))
ndtri_exp = row(sc.ndtri_exp, lambda y, x: slope_of_ndtri_exp(y, x), domain=(-4.0, -0.1),
                              exact=lambda lib, x: lib.sqrt(2) * lib.erfinv(2 * lib.exp(x) - 1))
logit     = row(sc.logit,     lambda y, x: 1 / x + 1 / (1 - x), domain=UNIT,
                              exact=lambda lib, x: lib.log(x / (1 - x)))
log_expit = row(sc.log_expit, lambda y, x: sigmoid(-x),
                              exact=lambda lib, x: -log_past(lib, lib.exp(-x)))

gamma     = row(sc.gamma,     lambda y, x: y * sc.psi(x), domain=POSITIVE)
gammaln   = row(sc.gammaln,   lambda y, x: sc.psi(x), domain=POSITIVE,
                              exact=lambda lib, x: lib.loggamma(x))
gammasgn  = row(sc.gammasgn,  None, domain=POSITIVE)
psi       = row(sc.psi,       lambda y, x: bind(Polygamma(1), x), domain=POSITIVE,
                              exact=lambda lib, x: lib.digamma(x))

xlogy     = row(sc.xlogy,     lambda y, a, b: np.log(b),
                              lambda y, a, b: ratio(a, b), domain=POSITIVE,
                              exact=lambda lib, a, b: a * lib.log(b) if a != 0 else a)
xlog1py   = row(sc.xlog1py,   lambda y, a, b: np.log1p(b),
                              lambda y, a, b: ratio(a, 1 + b), domain=POSITIVE,
                              exact=lambda lib, a, b: a * log_past(lib, b) if a != 0 else a)
entr      = row(sc.entr,      lambda y, x: -np.log(x) - 1, domain=POSITIVE,
                              exact=entropy)
rel_entr  = row(sc.rel_entr,  lambda y, a, b: log_ratio(a, b) + 1,
                              lambda y, a, b: -ratio(a, b), domain=POSITIVE,
                              exact=lambda lib, a, b: relative(lib, a, b))
kl_div    = row(sc.kl_div,    lambda y, a, b: log_ratio(a, b),
                              lambda y, a, b: 1 - ratio(a, b), domain=((0.2, 1.0), (2.0, 4.0)),
                              exact=lambda lib, a, b: relative(lib, a, b) + b - a)

exp10     = row(sc.exp10,     lambda y, x: LN10 * y, exact=lambda lib, x: 10**x)
exp1      = row(sc.exp1,      lambda y, x: -np.exp(-x) / x, domain=POSITIVE,
                              exact=lambda lib, x: lib.e1(x))
expi      = row(sc.expi,      lambda y, x: half_by_half(x), domain=POSITIVE,
                              exact=lambda lib, x: lib.ei(x))
cosm1     = row(sc.cosm1,     lambda y, x: -np.sin(x), exact=lambda lib, x: lib.cos(x) - 1)
sindg     = row(sc.sindg,     lambda y, x: (pi / 180) * sc.cosdg(x), domain=(-200.0, 200.0),
                              exact=lambda lib, x: lib.sin(x * lib.pi / 180))
cosdg     = row(sc.cosdg,     lambda y, x: (-pi / 180) * sc.sindg(x), domain=(-200.0, 200.0),
                              exact=lambda lib, x: lib.cos(x * lib.pi / 180))

i0        = row(sc.i0,        lambda y, x: bessel_slope("i", 0, x),
                              exact=lambda lib, x: lib.besseli(0, x))
i1        = row(sc.i1,        lambda y, x: bessel_slope("i", 1, x),
                              exact=lambda lib, x: lib.besseli(1, x))
j0        = row(sc.j0,        lambda y, x: bessel_slope("j", 0, x),
                              exact=lambda lib, x: lib.besselj(0, x))
j1        = row(sc.j1,        lambda y, x: bessel_slope("j", 1, x),
                              exact=lambda lib, x: lib.besselj(1, x))
k0        = row(sc.k0,        lambda y, x: bessel_slope("k", 0, x), domain=POSITIVE,
                              exact=lambda lib, x: lib.besselk(0, x))
k1        = row(sc.k1,        lambda y, x: bessel_slope("k", 1, x), domain=POSITIVE,
                              exact=lambda lib, x: lib.besselk(1, x))
y0        = row(sc.y0,        lambda y, x: bessel_slope("y", 0, x), domain=POSITIVE,
                              exact=lambda lib, x: lib.bessely(0, x))
y1        = row(sc.y1,        lambda y, x: bessel_slope("y", 1, x), domain=POSITIVE,
                              exact=lambda lib, x: lib.bessely(1, x))
i0e       = row(sc.i0e,       lambda y, x: np.sign(x) * bind(BesselI0e(1), np.abs(x)),
                              exact=lambda lib, x: lib.besseli(0, x) * lib.exp(-abs(x)))
i1e       = row(sc.i1e,       lambda y, x: slope_of_i1e(x),
                              exact=lambda lib, x: lib.besseli(1, x) * lib.exp(-abs(x)))
# fmt: on


# ------------------------------------------------------------ functions that are another of ours


def means(theirs: np.ufunc, ours: Elementwise) -> None:
    """Let a function of SciPy mean a row that exists already, in the dtypes of SciPy."""

    def call(x: Any, /, **options: Any) -> Any:
        x = lift(x)
        return ours(cast(x, theirs.resolve_dtypes((x.dtype, None))[0]), **options)

    UFUNCS[theirs] = call


means(sc.expit, sigmoid)
means(sc.log_ndtr, log_ndtr)
for _name in ("cbrt", "exp2", "expm1", "log1p"):
    means(getattr(sc, _name), elementwise.TABLE[_name])


@implements(sc.polygamma)
def polygamma(n: Any, x: Any) -> Array:
    """psi^(n)(x), for one whole number n."""
    n, x = int(np.asarray(n)), lift(x)
    x = cast(x, x.dtype if x.dtype.kind == "f" else np.dtype(float))
    return sc.psi(x) if n == 0 else bind(Polygamma(n), x)


@implements(np.i0)
def bessel_i0(x: Any) -> Array:
    x = lift(x)
    if x.dtype.kind == "c":
        raise TypeError("i0 not supported for complex values")
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(float)
    return array_of(cast(sc.i0(cast(x, dtype)), dtype))
