"""scipy.special's classical polynomials, eval_legendre and its kin: of degree n in x.

The derivative of each is one of its family with degree n - 1: neither a quotient nor a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.special as sc

from . import elementwise

row = partial(elementwise.row, home=__name__, whole=(0,))


def before(f: Callable[..., Any], n: Any, *args: Any) -> Any:
    """f of the degree n - 1, and 0 for n = 0, whose polynomial is a constant."""
    return np.where(n == 0, 0, f(np.where(n == 0, 0, n - 1), *args))


# fmt: off
DEGREE = "it is a function of the degree at whole numbers alone: keep it constant " \
         "(bibun.stop_gradient), or give the function a derivative with bibun.custom_jvp"
NO_PARAMETER = "SciPy has no derivative of it by its parameter: keep that constant " \
         "(bibun.stop_gradient), or give the function a derivative with bibun.custom_jvp"
UNIT, LOWER = (-0.9, 0.9), (0.3, 2.0)

eval_legendre = row(sc.eval_legendre, DEGREE,
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
eval_gegenbauer = row(sc.eval_gegenbauer, DEGREE, NO_PARAMETER,
    lambda y, n, a, x: 2 * a * before(sc.eval_gegenbauer, n, a + 1, x), domain=(UNIT, LOWER, UNIT),
    exact=lambda lib, n, a, x: lib.gegenbauer(n, a, x))
eval_jacobi = row(sc.eval_jacobi, DEGREE, NO_PARAMETER, NO_PARAMETER,
    lambda y, n, a, b, x: (n + a + b + 1) / 2 * before(sc.eval_jacobi, n, a + 1, b + 1, x),
    domain=(UNIT, LOWER, LOWER, UNIT), exact=lambda lib, n, a, b, x: lib.jacobi(n, a, b, x))
# fmt: on
