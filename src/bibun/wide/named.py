"""Functions of Arb's (`arb`) under mpmath's names, where names or arguments are others."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .series import bessel_k, by_ends


def whole(x: Any) -> int | None:
    """The whole number that x is; None if it is none."""
    return int(x.unique_fmpz()) if x.is_integer() else None


def besselk(v: Any, x: Any) -> Any:
    """K_v(x), which is even in v."""
    n = whole(v)
    return by_ends(lambda x: x.bessel_k(v) if n is None else bessel_k(abs(n), x), x)


def expm1(x: Any) -> Any:
    """exp(x) - 1, also of infinities."""
    return x.expm1() if x.is_finite() else x if not x < 0 else type(x)(-1)


def log1p(x: Any) -> Any:
    """log(1 + x), -inf at -1 and inf at inf."""
    if x.is_finite():
        return -type(x)("inf") if x == -1 else x.log1p()
    return x if not x < 0 else type(x)("nan")


def elliptic(name: str, *args: Any) -> Any:
    """A real value of a function that Arb has for complex numbers (`acb`)."""
    acb = import_module("flint").acb
    y = getattr(acb, name)(*map(acb, args))
    return y.real if y.imag.contains(0) else type(args[0])("nan")


# fmt: off
NAMED: dict[str, Callable[..., Any]] = {
    "expm1":     expm1,
    "log1p":     log1p,
    "besselj":   lambda v, x: x.bessel_j(v),
    "bessely":   lambda v, x: x.bessel_y(v),
    "besseli":   lambda v, x: by_ends(lambda x: x.bessel_i(v), x),
    "besselk":   besselk,
    "e1":        lambda x: by_ends(lambda x: -(-x).ei(), x),
    "ei":        lambda x: by_ends(lambda x: x.ei(), x),
    "expint":    lambda n, x: by_ends(lambda x: x.expint(n), x),
    "gammainc":  lambda a, x: by_ends(lambda x: x.gamma_lower(a, 1), x),
    "gammaincc": lambda a, x: by_ends(lambda x: x.gamma_upper(a, 1), x),
    "betainc":   lambda a, b, x: x.beta_lower(a, b, 1),
    "hyp0f1":    lambda v, x: x.hypgeom_0f1(v),
    "hyp1f1":    lambda a, b, x: x.hypgeom_1f1(a, b),
    "hyp2f1":    lambda a, b, c, x: x.hypgeom_2f1(a, b, c),
    "ellipk":    lambda m: elliptic("elliptic_k", m),
    "ellipe":    lambda *args: elliptic("elliptic_e_inc" if args[1:] else "elliptic_e", *args),
    "ellipf":    lambda phi, m: elliptic("elliptic_f", phi, m),
    "elliprf":   lambda x, y, z: elliptic("elliptic_rf", x, y, z),
    "elliprd":   lambda x, y, z: elliptic("elliptic_rd", x, y, z),
    "legendre":  lambda n, x: x.legendre_p(n),
    "chebyt":    lambda n, x: x.chebyshev_t(n),
    "chebyu":    lambda n, x: x.chebyshev_u(n),
    "hermite":   lambda n, x: x.hermite_h(n),
    "laguerre":  lambda n, a, x: x.laguerre_l(n, a),
    "gegenbauer": lambda n, a, x: x.gegenbauer_c(n, a),
    "jacobi":    lambda n, a, b, x: x.jacobi_p(n, a, b),
    "polylog":   lambda s, x: x.polylog(s),
    "fresnels":  lambda x: x.fresnel_s(),
    "fresnelc":  lambda x: x.fresnel_c(),
}
# fmt: on
