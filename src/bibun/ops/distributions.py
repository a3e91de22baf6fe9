"""scipy.special's distribution functions and their inverses: derivatives are densities."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.special as sc

from ..array import Array
from . import elementwise
from .densities import density_of_beta, density_of_f, density_of_gamma, density_of_t
from .elementwise import Elementwise
from .formula import Formula
from .remainders import in_double
from .structure import cast

row = partial(elementwise.row, home=__name__)


def gamma_by_variate(y: Array, a: Array, x: Array) -> Any:
    """The derivative of gamma_density: y (a - 1 - x) / x, and at 0 the next density minus y."""
    inner = np.where(x == 0, 1, x)
    return np.where(x == 0, gamma_density(a - 1, x) - y, y * ((a - 1 - x) / inner))


def beta_by_variate(y: Array, a: Array, b: Array, x: Array) -> Any:
    """y ((a - 1) / x - (b - 1) / (1 - x)), and at the ends by the densities of lower order."""
    end = (x == 0) | (x == 1)
    inner = np.where(end, 0.5, x)
    lower = [np.where(k == 1, 0, beta_density(*orders, x)) for k, orders in (
        (a, (np.where(a == 1, 1, a - 1), b)), (b, (a, np.where(b == 1, 1, b - 1)))
    )]  # fmt: skip
    there = (a + b - 1) * (lower[0] - lower[1])
    return np.where(end, there, y * (a - 1) / inner - y * (b - 1) / (1 - inner))


def f_by_variate(y: Array, m: Array, n: Array, x: Array) -> Any:
    """y ((m/2 - 1) / x - (m + n)/2 r / (1 + r x)) with r = m / n."""
    r = m / n
    return y * (m / 2 - 1) / x - y * ((m + n) / 2) * (r / (1 + r * x))


def t_by_variate(y: Array, n: Array, t: Array) -> Any:
    """-y (n + 1) t / (n + t^2)."""
    h = np.hypot(np.sqrt(n), t)
    return -y * ((n + 1) / h * (t / h))


def inverse(density: Callable[..., Any], quantile: np.ufunc, *args: Array) -> Any:
    """1 / density at the quantile, in float64: of float32 SciPy's quantiles have few digits."""
    return in_double(lambda *wide: 1 / density(*wide[:-1], quantile(*wide)), *args)


def successes(k: Array, n: Array, p: Array) -> Any:
    """The derivative by p of the probability of more than k successes in n trials, below n."""
    k, n = np.floor(k), cast(n, p.dtype)
    inner = k < n
    return np.where(inner, beta_density(np.where(inner, k + 1, 1), np.where(inner, n - k, 1), p), 0)


def chi_density(n: Array, x: Array) -> Any:
    """That of the chi-squared distribution."""
    return gamma_density(n / 2, x / 2) / 2


def gamma_share(lib: Any, a: Any, x: Any) -> Any:
    """The share of the gamma function below x, of exact numbers."""
    return x**a * lib.exp(-x) * lib.rgamma(a + 1) * lib.hyp1f1(1, a + 1, x)


def beta_share(lib: Any, a: Any, b: Any, x: Any) -> Any:
    """The share of the beta function below x, of exact numbers."""
    scale = lib.gamma(a + b) * lib.rgamma(a + 1) * lib.rgamma(b)
    return scale * x**a * lib.hyp2f1(a, 1 - b, a + 1, x)


def ratio_share(lib: Any, m: Any, n: Any, x: Any) -> Any:
    """The F distribution's function of exact numbers."""
    return beta_share(lib, m / 2, n / 2, m * x / (n + m * x))


def trials(lib: Any, k: Any, n: Any, p: Any) -> Any:
    """The probability of more than k successes in n trials, of exact numbers."""
    return beta_share(lib, lib.floor(k) + 1, n - lib.floor(k), p)


def student(lib: Any, n: Any, t: Any) -> Any:
    """The distribution function of Student's distribution, of exact numbers."""
    tail = beta_share(lib, n / 2, lib.sign(1) / 2, n / (n + t**2)) / 2
    return tail if t < 0 else 1 - tail


def events(k: Array, m: Array) -> Any:
    """The derivative by m of the probability of more than k events, if m are expected."""
    return gamma_density(np.floor(k) + 1, m)


def failures(k: Array, n: Array, p: Array) -> Any:
    """The derivative by p of the probability of at most k failures before n successes."""
    return beta_density(cast(n, p.dtype), np.floor(cast(k, p.dtype)) + 1, p)


# fmt: off
POSITIVE, UNIT, REAL = (0.2, 4.0), (0.05, 0.95), (-2.0, 2.0)
NO_ORDER  = "SciPy has no derivative of it by its parameter: keep that constant " \
            "(bibun.stop_gradient), or give the function a derivative with bibun.custom_jvp"
COUNT     = "it is a number of events: keep it constant (bibun.stop_gradient)"

# ------------------------------------------------------------ densities

gamma_density: Elementwise = row(Formula("gamma_density", density_of_gamma, like=sc.gammainc),
    NO_ORDER, lambda y, a, x: gamma_by_variate(y, a, x), domain=POSITIVE,
    exact=lambda lib, a, x: x**(a - 1) * lib.exp(-x) * lib.rgamma(a))
beta_density: Elementwise = row(Formula("beta_density", density_of_beta, like=sc.betainc),
    NO_ORDER, NO_ORDER, lambda y, a, b, x: beta_by_variate(y, a, b, x),
    domain=(POSITIVE, POSITIVE, UNIT),
    exact=lambda lib, a, b, x: x**(a - 1) * (1 - x)**(b - 1) * lib.gamma(a + b) * lib.rgamma(a)
    * lib.rgamma(b))
f_density: Elementwise = row(Formula("f_density", density_of_f, like=sc.fdtr),
    NO_ORDER, NO_ORDER, lambda y, m, n, x: f_by_variate(y, m, n, x), domain=POSITIVE,
    exact=lambda lib, m, n, x: (m / n)**(m / 2) * x**(m / 2 - 1) * (1 + m / n * x)**(-(m + n) / 2)
    * lib.gamma((m + n) / 2) * lib.rgamma(m / 2) * lib.rgamma(n / 2))
t_density: Elementwise = row(Formula("t_density", density_of_t, like=sc.stdtr),
    NO_ORDER, lambda y, n, t: t_by_variate(y, n, t), domain=(POSITIVE, REAL),
    exact=lambda lib, n, t: (1 + t**2 / n)**(-(n + 1) / 2) / lib.sqrt(n * lib.pi)
    * lib.gamma((n + 1) / 2) * lib.rgamma(n / 2))

# ------------------------------------------------------------ the gamma distribution

gammainc  = row(sc.gammainc,  NO_ORDER, lambda y, a, x: gamma_density(a, x), domain=POSITIVE)
gammaincc = row(sc.gammaincc, NO_ORDER, lambda y, a, x: -gamma_density(a, x), domain=POSITIVE)
gammaincinv = row(sc.gammaincinv, NO_ORDER,
                              lambda y, a, p: inverse(gamma_density, sc.gammaincinv, a, p),
                              domain=(POSITIVE, UNIT))
gammainccinv = row(sc.gammainccinv, NO_ORDER,
                              lambda y, a, p: -inverse(gamma_density, sc.gammainccinv, a, p),
                              domain=(POSITIVE, UNIT))
chdtr     = row(sc.chdtr,     NO_ORDER, lambda y, n, x: chi_density(n, x),
                              domain=POSITIVE,
                              exact=lambda lib, n, x: gamma_share(lib, n / 2, x / 2))
chdtrc    = row(sc.chdtrc,    NO_ORDER, lambda y, n, x: -chi_density(n, x),
                              domain=POSITIVE,
                              exact=lambda lib, n, x: 1 - gamma_share(lib, n / 2, x / 2))
chdtri    = row(sc.chdtri,    NO_ORDER, lambda y, n, p: -inverse(chi_density, sc.chdtri, n, p),
                              domain=(POSITIVE, UNIT))
pdtr      = row(sc.pdtr,      COUNT, lambda y, k, m: -events(k, m), domain=POSITIVE,
                              exact=lambda lib, k, m: 1 - gamma_share(lib, lib.floor(k) + 1, m))
pdtrc     = row(sc.pdtrc,     COUNT, lambda y, k, m: events(k, m), domain=POSITIVE,
                              exact=lambda lib, k, m: gamma_share(lib, lib.floor(k) + 1, m))

# ------------------------------------------------------------ the beta distribution

betainc   = row(sc.betainc,   NO_ORDER, NO_ORDER, lambda y, a, b, x: beta_density(a, b, x),
                              domain=(POSITIVE, POSITIVE, UNIT))
betaincc  = row(sc.betaincc,  NO_ORDER, NO_ORDER, lambda y, a, b, x: -beta_density(a, b, x),
                              domain=(POSITIVE, POSITIVE, UNIT),
                              exact=lambda lib, a, b, x: beta_share(lib, b, a, 1 - x))
betaincinv = row(sc.betaincinv, NO_ORDER, NO_ORDER,
                              lambda y, a, b, p: inverse(beta_density, sc.betaincinv, a, b, p),
                              domain=(POSITIVE, POSITIVE, UNIT))
betainccinv = row(sc.betainccinv, NO_ORDER, NO_ORDER,
                              lambda y, a, b, p: -inverse(beta_density, sc.betainccinv, a, b, p),
                              domain=(POSITIVE, POSITIVE, UNIT))
bdtr      = row(sc.bdtr,      COUNT, COUNT, lambda y, k, n, p: -successes(k, n, p), whole=(1,),
                              domain=((0.2, 0.8), POSITIVE, UNIT),
                              exact=lambda lib, k, n, p: 1 - trials(lib, k, n, p))
bdtrc     = row(sc.bdtrc,     COUNT, COUNT, lambda y, k, n, p: successes(k, n, p), whole=(1,),
                              domain=((0.2, 0.8), POSITIVE, UNIT),
                              exact=lambda lib, k, n, p: trials(lib, k, n, p))
nbdtr     = row(sc.nbdtr,     COUNT, COUNT, lambda y, k, n, p: failures(k, n, p), whole=(0, 1),
                              domain=(POSITIVE, POSITIVE, UNIT),
                              exact=lambda lib, k, n, p: beta_share(lib, n, k + 1, p))
nbdtrc    = row(sc.nbdtrc,    COUNT, COUNT, lambda y, k, n, p: -failures(k, n, p), whole=(0, 1),
                              domain=(POSITIVE, POSITIVE, UNIT),
                              exact=lambda lib, k, n, p: beta_share(lib, k + 1, n, 1 - p))
fdtr      = row(sc.fdtr,      NO_ORDER, NO_ORDER, lambda y, m, n, x: f_density(m, n, x),
                              domain=POSITIVE,
                              exact=lambda lib, m, n, x: ratio_share(lib, m, n, x))
fdtrc     = row(sc.fdtrc,     NO_ORDER, NO_ORDER, lambda y, m, n, x: -f_density(m, n, x),
                              domain=POSITIVE,
                              exact=lambda lib, m, n, x: 1 - ratio_share(lib, m, n, x))
fdtri     = row(sc.fdtri,     NO_ORDER, NO_ORDER,
                              lambda y, m, n, p: inverse(f_density, sc.fdtri, m, n, p),
                              domain=(POSITIVE, POSITIVE, UNIT))
stdtr     = row(sc.stdtr,     NO_ORDER, lambda y, n, t: t_density(n, t), domain=(POSITIVE, REAL),
                              exact=lambda lib, n, t: student(lib, n, t))
stdtrit   = row(sc.stdtrit,   NO_ORDER,
                              lambda y, n, p: inverse(t_density, sc.stdtrit, n, p),
                              domain=(POSITIVE, UNIT))
# fmt: on
