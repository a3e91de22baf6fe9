"""scipy.special's classical polynomials, eval_legendre and its kin: of degree n in x.

The derivative of each is one of its family with degree n - 1: neither a quotient nor a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.special as sc

from ..array import UFUNCS
from . import elementwise
from .families import double
from .formula import Formula

row = partial(elementwise.row, home=__name__, whole=(0,))


def before(f: Callable[..., Any], n: Any, *args: Any) -> Any:
    """f of the degree n - 1, and 0 for n = 0, whose polynomial is a constant."""
    return np.where(n == 0, 0, f(np.where(n == 0, 0, n - 1), *args))


def odd_near_zero(plain: Any, n: Any, a: Any, x: Any) -> Any:
    """C_n^(a)(x); of odd n = 2 k + 1 next to 0 (a)_(k+1) / (1/2)_(k+1) (-1)^k x P_k(1 - 2 x^2).

    SciPy adds up differences of polynomials from 1 on, of which nothing is left at that zero. P is
    Jacobi's polynomial of 1/2 and a - 1/2 (DLMF 18.7.16); the quotient is 1 for Legendre's.
    """
    near = (np.abs(x) < 1 / 16) & (n > 0) & (n < MOST) & (np.remainder(n, 2) == 1) & (a > 0)
    if x.dtype.kind == "c" or not np.any(near):
        return plain
    with np.errstate(all="ignore"):
        k, u = np.where(near, n, 1).astype(int) // 2, np.where(near, double(x), 0)
        lead = np.where(a == 0.5, 1, sc.poch(double(a), k + 1) / sc.poch(0.5, k + 1))
        odd = lead * (1 - 2 * (k % 2)) * u * sc.eval_jacobi(k, 0.5, a - 0.5, 1 - 2 * np.square(u))
        return np.where(near & np.isfinite(lead), odd, plain).astype(x.dtype)[()]


def legendre(n: Any, x: Any) -> Any:
    """eval_legendre, to all digits at 0."""
    return odd_near_zero(sc.eval_legendre(n, x), n, np.float64(0.5), x)


def gegenbauer(n: Any, a: Any, x: Any) -> Any:
    """eval_gegenbauer, to all digits at 0."""
    return odd_near_zero(sc.eval_gegenbauer(n, a, x), n, a, x)


# fmt: off
MOST = 1e6  # of a degree: SciPy adds up as many terms
LEGENDRE = Formula("eval_legendre", legendre, like=sc.eval_legendre)
GEGENBAUER = Formula("eval_gegenbauer", gegenbauer, like=sc.eval_gegenbauer)
DEGREE = "it is a function of the degree at whole numbers alone: keep it constant " \
         "(bibun.stop_gradient), or give the function a derivative with bibun.custom_jvp"
NO_PARAMETER = "SciPy has no derivative of it by its parameter: keep that constant " \
         "(bibun.stop_gradient), or give the function a derivative with bibun.custom_jvp"
UNIT, LOWER = (-0.9, 0.9), (0.3, 2.0)

eval_legendre = row(LEGENDRE, DEGREE,
    lambda y, n, x: before(sc.eval_gegenbauer, n, 1.5, x), domain=(UNIT, UNIT),
    exact=lambda lib, n, x: lib.legendre(n, x))
eval_chebyt = row(sc.eval_chebyt, DEGREE,
    lambda y, n, x: n * before(sc.eval_chebyu, n, x), domain=(UNIT, UNIT),
    exact=lambda lib, n, x: lib.chebyt(n, x))
eval_chebyu = row(sc.eval_chebyu, DEGREE,
    lambda y, n, x: 2 * before(sc.eval_gegenbauer, n, 2.0, x), domain=(UNIT, UNIT),
    exact=lambda lib, n, x: lib.chebyu(n, x))
eval_hermite = row(sc.eval_hermite, DEGREE,
    lambda y, n, x: 2 * n * before(sc.eval_hermite, n, x), domain=(UNIT, UNIT),
    exact=lambda lib, n, x: lib.hermite(n, x))
eval_hermitenorm = row(sc.eval_hermitenorm, DEGREE,
    lambda y, n, x: n * before(sc.eval_hermitenorm, n, x), domain=(UNIT, UNIT),
    exact=lambda lib, n, x: lib.hermite(n, x / lib.sqrt(2)) / lib.sqrt(2) ** n)
eval_laguerre = row(sc.eval_laguerre, DEGREE,
    lambda y, n, x: -before(sc.eval_genlaguerre, n, 1.0, x), domain=(UNIT, LOWER),
    exact=lambda lib, n, x: lib.laguerre(n, 0, x))
eval_genlaguerre = row(sc.eval_genlaguerre, DEGREE, NO_PARAMETER,
    lambda y, n, a, x: -before(sc.eval_genlaguerre, n, a + 1, x), domain=(UNIT, LOWER, LOWER),
    exact=lambda lib, n, a, x: lib.laguerre(n, a, x))
eval_gegenbauer = row(GEGENBAUER, DEGREE, NO_PARAMETER,
    lambda y, n, a, x: 2 * a * before(sc.eval_gegenbauer, n, a + 1, x), domain=(UNIT, LOWER, UNIT),
    exact=lambda lib, n, a, x: lib.gegenbauer(n, a, x))
eval_jacobi = row(sc.eval_jacobi, DEGREE, NO_PARAMETER, NO_PARAMETER,
    lambda y, n, a, b, x: (n + a + b + 1) / 2 * before(sc.eval_jacobi, n, a + 1, b + 1, x),
    domain=(UNIT, LOWER, LOWER, UNIT), exact=lambda lib, n, a, b, x: lib.jacobi(n, a, b, x))
# fmt: on
for _theirs, _ours in ((sc.eval_legendre, LEGENDRE), (sc.eval_gegenbauer, GEGENBAUER)):
    UFUNCS[_theirs] = UFUNCS[_ours]
