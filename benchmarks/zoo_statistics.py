"""Difficult gradients from reports, as programs: likelihoods, scores, finance, matrices."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from zoo_formulas import Formula
from zoo_geometry import like, reported

ROWS: list[Formula] = []
case = partial(reported, rows=ROWS)


def density(xp: Any, x: Any) -> Any:
    """The standard normal one."""
    return xp.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


# ------------------------------------------------------------ likelihoods


@case("pyro-ppl/pyro/pull/2208", "likelihoods", [0.5, -2.0, 3.0], 1e9,
      single=([0.5, -2.0, 3.0], 1e5))  # fmt: skip
def student_likelihood(xp, sp, x, v):
    z = sp.gammaln(v / 2) - sp.gammaln((v + 1) / 2) + 0.5 * xp.log(np.pi * v)
    return xp.sum(z + (v + 1) / 2 * xp.log(1 + x**2 / v))


@case("stan-dev/math/issues/1076", "likelihoods", [0.1, -0.2], 1000.0)
def von_mises_mixture(xp, sp, mu, k):
    x = like(mu, [0.0, 0.3, 3.0])
    p = xp.exp(k * xp.cos(x[:, None] - mu)) / (2 * np.pi * sp.i0(k))
    return -xp.sum(xp.log(0.25 * p[:, 0] + 0.75 * p[:, 1]))


@case("tensorflow/probability/issues/884", "likelihoods", [1.0, 0.5])
def beta_density_at_its_end(xp, sp, x):
    a, b = like(x, 3.0), like(x, 1.0)
    return xp.sum((a - 1) * xp.log(x) + (b - 1) * xp.log(1 - x))


@case("tensorflow/tensorflow/issues/7474", "likelihoods", [0.0, 1.5])
def chi_square_density_at_0(xp, sp, x):
    k = like(x, 2.0)
    return xp.sum(x ** (k / 2 - 1) * xp.exp(-x / 2) / 2)


@case("awslabs/gluonts/issues/287", "likelihoods", 2.5, 1e10, single=(2.5, 1e6))
def negative_binomial_almost_poisson(xp, sp, m, r):
    k = like(m, [0.0, 3.0, 4.0])
    chances = sp.gammaln(k + r) - sp.gammaln(r) - sp.gammaln(k + 1)
    return -xp.sum(chances + r * xp.log(r / (r + m)) + k * xp.log(m / (r + m)))


@case("awslabs/gluonts/pull/1130", "likelihoods", 0.1, 800.0)
def zero_inflated_counts(xp, sp, share, rate):
    k = like(rate, [0.0, 3.0])
    p = xp.exp(-rate) * rate**k / xp.exp(sp.gammaln(k + 1))
    return -xp.sum(xp.log(xp.where(k == 0, share + (1 - share) * p, (1 - share) * p)))


@case("stan-dev/math/issues/2494", "likelihoods", [0.0, 2.0, 1.0])
def deviance_of_counts(xp, sp, mu):
    y = like(mu, [0.0, 3.0, 0.0])
    with np.errstate(all="ignore"):
        return 2 * xp.sum(xp.where(y > 0, y * xp.log(y / mu), 0.0) - (y - mu))


@case("scikit-learn/scikit-learn/issues/28046", "likelihoods", 1.0, 1.5)
def tweedie_deviance_of_power_1(xp, sp, p, mu):
    y = like(mu, 2.0)
    a = y ** (2 - p) / ((1 - p) * (2 - p))
    return 2 * (a - y * mu ** (1 - p) / (1 - p) + mu ** (2 - p) / (2 - p))


@case("scikit-learn/scikit-learn/pull/12522", "likelihoods", [-3.0, 0.0, 5.0], 0.0)
def yeo_johnson_of_power_0(xp, sp, x, power):
    up = xp.where(power == 0, xp.log1p(x), ((x + 1) ** power - 1) / power)
    down = xp.where(power == 2, -xp.log1p(-x), -((1 - x) ** (2 - power) - 1) / (2 - power))
    return xp.sum(xp.where(x >= 0, up, down))


@case("scipy/scipy/pull/19652", "likelihoods", 0.0)
def box_cox_likelihood(xp, sp, power):
    x = like(power, [0.5, 1.0, 2.0, 8.0])
    y = (x**power - 1) / power
    return (power - 1) * xp.sum(xp.log(x)) - 2 * xp.log(xp.var(y))


@case("tensorflow/probability/issues/1839", "likelihoods", 0.0, 0.5, 2.0)
def extreme_value_likelihood(xp, sp, c, loc, scale):
    z = (like(c, [0.0, 1.0, 3.0]) - loc) / scale
    t = xp.where(c == 0, xp.exp(-z), (1 + c * z) ** (-1 / c))
    return xp.sum(xp.log(scale) - (c + 1) * xp.log(t) + t)


@case("tensorflow/probability/issues/518", "likelihoods", 2.0, 0.1, single=(2.0, 0.2))
def truncated_normal_far_inside(xp, sp, mu, sigma):
    x = like(mu, [0.25, 0.75])
    mass = sp.ndtr((1.0 - mu) / sigma) - sp.ndtr((0.0 - mu) / sigma)
    return xp.sum(xp.log(density(xp, (x - mu) / sigma) / sigma / mass))


@case("JuliaMath/SpecialFunctions.jl/pull/229", "likelihoods", 7.0, 7.5, single=(5.0, 5.5))
def interval_by_error_functions(xp, sp, a, b):
    return xp.log(0.5 * (sp.erf(b) - sp.erf(a)))


@case("stan-dev/math/issues/3401", "likelihoods", [-8.0, 1.0], 5.0)
def skew_normal_likelihood(xp, sp, x, alpha):
    return -xp.sum(xp.log(2 * density(xp, x) * sp.ndtr(alpha * x)))


@case("tensorflow/tensorflow/issues/7474", "likelihoods", [0.0, 1.5])
def log_normal_density_at_0(xp, sp, x):
    return xp.sum(xp.exp(-(xp.log(x) ** 2) / 2) / x)


@case("CamDavidsonPilon/lifelines/issues/827", "likelihoods", 1e-20, 2.0, single=(1e-12, 2.0))
def interval_censored_weibull(xp, sp, scale, k):
    lower, upper = like(scale, [0.0, 1e-21]), like(scale, [1e-20, 2e-21])
    upper, lower = (upper, lower) if scale.dtype == np.float64 else (upper * 1e8, lower * 1e8)
    return xp.sum(xp.log(xp.exp(-((lower / scale) ** k)) - xp.exp(-((upper / scale) ** k))))


@case("getkeops/keops/pull/137", "likelihoods", 0.0, 0.4)
def gompertz_without_growth(xp, sp, c, b):
    t = like(c, [0.5, 2.0])
    return xp.sum(xp.log(b) + c * t - b / c * (xp.exp(c * t) - 1))


@case("therneau/survival/issues/37", "likelihoods", [1000.0, 990.0, 998.0])
def cox_likelihood(xp, sp, risk):
    events = np.array([True, False, True])
    return -xp.sum((risk - xp.log(xp.cumsum(xp.exp(risk))))[events])


@case("stan-dev/math/issues/2803", "likelihoods", [60.0, -700.0], single=([30.0, -100.0],))
def ordered_logistic(xp, sp, x):
    low, high = like(x, [-1.0, 0.0]), like(x, [0.0, 1.0])
    return xp.sum(xp.log(1 / (1 + xp.exp(x - high)) - 1 / (1 + xp.exp(x - low))))


@case(
    "pytorch/pytorch/issues/139019", "likelihoods", [-50.0, 3.0, -1.0], single=([-30.0, 3.0, -1.0],)
)
def complementary_log_log(xp, sp, eta):
    p = 1 - xp.exp(-xp.exp(eta))
    y = np.array([True, True, False])
    return xp.sum(xp.where(y, xp.log(p), xp.log(1 - p)))


@case("ReactiveBayes/ExponentialFamily.jl/issues/294", "likelihoods", [2000.0, -100.0, 1.0])
def ranking_by_choices(xp, sp, s):
    total = 0.0
    for k in range(2):
        total = total + xp.log(xp.exp(s[k]) / xp.sum(xp.exp(s[k:])))
    return total


@case("lrnv/Copulas.jl/issues/550", "likelihoods", 0.0, 0.3, 0.6)
def clayton_copula_of_independent(xp, sp, t, u, v):
    joint = (u**-t + v**-t - 1) ** (-2 - 1 / t)
    return xp.log((1 + t) * (u * v) ** (-1 - t) * joint)


@case("openturns/openturns/pull/89", "likelihoods", 1e-9, 0.3, 0.6, single=(1e-5, 0.3, 0.6))
def clayton_copula_of_almost_independent(xp, sp, t, u, v):
    return (u**-t + v**-t - 1) ** (-1 / t)


@case("sdv-dev/Copulas/issues/324", "likelihoods", 0.0, 0.3, 0.6)
def frank_copula_of_independent(xp, sp, t, u, v):
    return -xp.log(1 + (xp.exp(-t * u) - 1) * (xp.exp(-t * v) - 1) / (xp.exp(-t) - 1)) / t


@case("skfolio/skfolio/issues/133", "likelihoods", 1.0, 0.6)
def gumbel_copula_at_its_edge(xp, sp, u, v):
    t = 2.5
    return xp.exp(-(((-xp.log(u)) ** t + (-xp.log(v)) ** t) ** (1 / t)))


@case("rail-berkeley/rlkit/issues/37", "likelihoods", 20.0, single=(10.0,))
def gaussian_copula_of_comonotone(xp, sp, z):
    rho = xp.tanh(z)
    x = like(z, [-0.5, 1.0])
    both = (rho**2 * 2 * x**2 - 2 * rho * x**2) / (2 * (1 - rho**2))
    return xp.sum(-0.5 * xp.log(1 - rho**2) - both)


# ------------------------------------------------------------ scores


@case("GPflow/GPflow/issues/955", "scores", 0.5, -1000.0, single=(0.5, -200.0))
def crps_of_sharp_forecast(xp, sp, mu, log_sigma):
    sigma = xp.exp(log_sigma)
    z = (1.25 - mu) / sigma
    inside = z * (2 * sp.ndtr(z) - 1) + 2 * density(xp, z) - 1 / np.sqrt(np.pi)
    return sigma * inside


@case("uw-ipd/tmol/pull/146", "scores", [[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]])
def energy_score(xp, sp, x):
    y, n = like(x, [1.0, 1.0]), x.shape[0]
    near = sum(xp.sqrt(xp.sum((x[i] - y) ** 2)) for i in range(n)) / n
    spread = 0.0
    for i in range(n):
        for j in range(n):
            spread = spread + xp.sqrt(xp.sum((x[i] - x[j]) ** 2))
    return near - spread / (2 * n**2)


@case("nci/scores/issues/927", "scores", [1.0, 2.0, 2.0])
def ensemble_crps_with_ties(xp, sp, x):
    return xp.mean(xp.abs(x - 2.0)) - xp.mean(xp.abs(x[:, None] - x[None, :])) / 2


@case("HIPS/autograd/pull/393", "scores", [3.0, 1.0, 2.0])
def transport_of_equal_samples(xp, sp, x):
    return xp.mean((xp.sort(x) - like(x, [1.0, 2.0, 3.0])) ** 2) ** 0.5


@case("cpsievert/LDAvis/issues/55", "scores", [0.0, 0.4, 0.6])
def divergence_from_sparse(xp, sp, q):
    p = like(q, [0.0, 0.5, 0.5])
    with np.errstate(all="ignore"):
        return xp.sum(xp.where(p > 0, p * xp.log(p / q), 0.0))


@case("tensorflow/tfjs/issues/346", "scores", [1.0, 1.0, 3.0, 0.5])
def median_of_ties(xp, sp, x):
    return xp.median(x)


@case("pytorch/pytorch/issues/3264", "scores", [2.0, 2.0, 2.0])
def inequality_of_equal_incomes(xp, sp, x):
    gini = xp.sum(xp.abs(x[:, None] - x[None, :])) / (2 * 9 * xp.mean(x))
    return gini + xp.sum(x)


@case("deep-spin/entmax/issues/23", "scores", 1.0, [2.0, 1.0, 4.0])
def atkinson_index_of_order_1(xp, sp, e, x):
    return 1 - xp.mean(x ** (1 - e)) ** (1 / (1 - e)) / xp.mean(x)


@case("deep-spin/entmax/issues/23", "scores", 1.0)
def diversity_of_order_1(xp, sp, q):
    return xp.sum(like(q, [0.25, 0.125, 0.625]) ** q) ** (1 / (1 - q))


# ------------------------------------------------------------ finance and economics


@case("OpenGamma/Strata/issues/2797", "finance", [1.1, 0.9], -1000.0,
      single=([1.1, 0.9], -200.0))  # fmt: skip
def option_without_volatility(xp, sp, s, log_sigma):
    sigma = xp.exp(log_sigma)
    d = xp.log(s) / (sigma * 0.5) + sigma * 0.25
    return xp.sum(s * sp.ndtr(d) - sp.ndtr(d - sigma * 0.5))


@case("marc-henrard/muRisQ-ir-models/pull/1", "finance", 0.03, 0.0)
def bachelier_at_the_money_without_volatility(xp, sp, f, sigma):
    d = (f - like(f, 0.03)) / sigma
    return (f - like(f, 0.03)) * sp.ndtr(d) + sigma * density(xp, d)


@case("Baerenstein/VolaSurfer/pull/26", "finance", 0.03)
def sabr_at_the_money(xp, sp, f):
    k, alpha, rho, nu = like(f, 0.03), 0.25, -0.25, 0.5
    z = nu / alpha * (f * k) ** 0.25 * xp.log(f / k)
    chi = xp.log((xp.sqrt(1 - 2 * rho * z + z**2) + z - rho) / (1 - rho))
    return alpha / (f * k) ** 0.25 * z / chi


@case("getkeops/keops/pull/137", "finance", 0.0)
def bond_without_reversion(xp, sp, kappa):
    b = (1 - xp.exp(-kappa * 2.0)) / kappa
    a = (0.04 - 0.01**2 / (2 * kappa**2)) * (b - 2.0) - 0.01**2 * b**2 / (4 * kappa)
    return xp.exp(a - b * 0.03)


@case("getkeops/keops/pull/137", "finance", [0.0, 1.0, 5.0])
def yield_curve_at_maturity_0(xp, sp, t):
    load = (1 - xp.exp(-t / 2)) / (t / 2)
    return xp.sum(0.03 + 0.01 * load - 0.02 * (load - xp.exp(-t / 2)))


@case("getkeops/keops/pull/137", "finance", 0.0)
def annuity_without_interest(xp, sp, r):
    return (1 - (1 + r) ** -30.0) / r


@case("PSLmodels/OG-Core/pull/1096", "finance", 2.0, 3.0, 0.0)
def production_of_elasticity_1(xp, sp, k, n, rho):
    return (0.25 * k**rho + 0.75 * n**rho) ** (1 / rho)


@case("OpenSourceEconomics/pylcm/pull/395", "finance", [1.0, 2.5], 1.0)
def utility_of_aversion_1(xp, sp, c, gamma):
    return xp.sum(xp.where(gamma == 1, xp.log(c), (c ** (1 - gamma) - 1) / (1 - gamma)))


@case("jax-ml/jax/issues/1052", "finance", [100.0, 0.0, 50.0, 51.0])
def returns_without_gaps(xp, sp, price):
    r = xp.log(price[1:] / price[:-1])
    return xp.sum(r[np.array([False, False, True])] ** 2)


# ------------------------------------------------------------ matrices


def half(a: Any) -> Any:
    return (a + a.T) / 2


@case(
    "keras-team/keras/issues/9027", "matrices", [[1.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]]
)
def whitening_of_equal_variances(xp, sp, a):
    w, v = xp.linalg.eigh(half(a))
    root = xp.matmul(v / xp.sqrt(w), v.T)
    return xp.sum(like(a, [[1.0, 2.0, 0.0], [2.0, 3.0, 4.0], [0.0, 4.0, 5.0]]) * root)


@case("geomstats/geomstats/issues/982", "matrices", [[2.0, 0.0], [0.0, 2.0]])
def logarithm_of_matrix(xp, sp, a):
    w, v = xp.linalg.eigh(half(a))
    return xp.sum(like(a, [[1.0, 2.0], [2.0, 5.0]]) * xp.matmul(v * xp.log(w), v.T))


@case("geoopt/geoopt/issues/243", "matrices", [[1.0, 0.0], [0.0, 1.0]])
def distance_of_covariance_to_identity(xp, sp, a):
    w = xp.linalg.eigh(half(a))[0]
    return xp.sqrt(xp.sum(xp.log(w) ** 2))


@case("tensorflow/tensorflow/issues/9202", "matrices", [[3.0, 0.0], [0.0, 3.0]])
def nearest_rotation(xp, sp, a):
    u, _, vt = xp.linalg.svd(a)
    return xp.sum(like(a, [[1.0, 2.0], [-3.0, 5.0]]) * xp.matmul(u, vt))


@case("jax-ml/jax/issues/8732", "matrices", [[1.0, 1.0], [1.0, 1.0 + 1e-9]], single=())
def logarithm_of_condition(xp, sp, a):
    s = xp.linalg.svd(a)[1]
    return xp.log(s[0] / s[1])
