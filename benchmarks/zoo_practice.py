"""Difficult gradients from reports, as programs of all kinds: a fourth draw, after the third."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from zoo_formulas import Formula, norm
from zoo_geometry import like, reported

ROWS: list[Formula] = []
case = partial(reported, rows=ROWS)
INFINITE = float("inf")

# ------------------------------------------------------------ masks, switches, padding


@case("jax-ml/jax/issues/1052", "masks", [[3.0, 4.0], [0.0, 0.0]])
def unit_rows_or_zero(xp, sp, x):
    n = xp.linalg.norm(x, axis=1, keepdims=True)
    return xp.sum(like(x, [[1.0, 2.0], [0.0, 0.0]]) * xp.where(n > 0, x / n, 0.0))


@case("jax-ml/jax/issues/5798", "masks", [0.0, 2.0, -1.0])
def safe_log_by_maximum(xp, sp, x):
    return xp.sum(xp.where(x > 0, xp.log(xp.maximum(x, 1e-30)), xp.log(1e-30 + 0 * x)))


@case("ml-explore/mlx/pull/3692", "masks", 0.0, 0.0)
def radius_of_at_least(xp, sp, x, y):
    rho = xp.sqrt(x * x + y * y)
    return xp.log(xp.maximum(rho, 1e-10)) + x


@case("jax-ml/jax/issues/14179", "masks", [1.0, 2.0, 3.0])
def padding_by_zero_weights(xp, sp, x):
    """What is padded is divided by nothing, and left out by an index."""
    with np.errstate(all="ignore"):
        y = x**2 / like(x, [1.0, 2.0, 0.0])
    return xp.sum(y[np.array([0, 1])])


@case("pytorch/pytorch/issues/4320", "masks", [[1.0, 2.0, 9.0], [5.0, 9.0, 9.0]])
def masked_deviation(xp, sp, x):
    mask = like(x, [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    count = xp.sum(mask, axis=1)
    mean = xp.sum(mask * x, axis=1) / count
    var = xp.sum(mask * (x - mean[:, None]) ** 2, axis=1) / count
    return xp.sum(xp.sqrt(var)) + xp.sum(mean)


@case("jax-ml/jax/issues/2630", "masks", [0.5, -2.0, 0.0])
def three_way_switch(xp, sp, x):
    return xp.sum(xp.select([x > 0, x < 0], [xp.expm1(x) / x, (xp.exp(x) - 1) / x], 1.0))


# ------------------------------------------------------------ functions users write themselves


def logsumexp(xp: Any, x: Any, axis: int) -> Any:
    m = xp.max(x, axis=axis, keepdims=True)
    return xp.squeeze(m, axis) + xp.log(xp.sum(xp.exp(x - m), axis=axis))


@case("jax-ml/jax/issues/1624", "own", [[-INFINITE, 1.0, 2.0], [0.0, 1000.0, -1000.0]])
def mixture_by_own_logsumexp(xp, sp, x):
    return xp.sum(logsumexp(xp, x, 1) * like(x, [1.0, 2.0]))


@case("FluxML/NNlib.jl/issues/68", "own", [[1.0, 1.0], [800.0, 1.0]], single=([[1, 1.0], [99, 1]],))
def gated_unit(xp, sp, x):
    a, b = x[:, 0], x[:, 1]
    gate = xp.exp(a) / (xp.exp(a) + xp.exp(b))
    return xp.sum(gate * xp.tanh(b) + (1 - gate) * a)


@case("tensorflow/tensorflow/issues/126060", "own", [-1000.0, 0.0, 40.0])
def log_sigmoid_three_ways(xp, sp, x):
    s = 1 / (1 + xp.exp(-x))
    return xp.sum(xp.log(s) + xp.log(1 - s) * 0.25 - xp.log1p(xp.exp(x)))


@case("harvard-edge/cs249r_book/pull/2060", "own", [-40.0, 0.0, 40.0])
def gelu_by_error_function(xp, sp, x):
    return xp.sum(0.5 * x * (1 + sp.erf(x / np.sqrt(2.0))))


@case("pytorch/pytorch/pull/2775", "own", [0.0, -1.0, 2.0])
def selu_and_friends(xp, sp, x):
    elu = xp.where(x > 0, x, 1.67 * (xp.exp(x) - 1))
    hard = xp.minimum(xp.maximum(x / 6 + 0.5, 0.0), 1.0) * x
    return xp.sum(1.05 * elu + hard + xp.abs(x) * 0.5 + xp.maximum(x, 0) ** 2)


@case("tenstorrent/tt-metal/issues/55723", "own", [1e-9, 0.5], single=([1e-5, 0.5],))
def phi_functions(xp, sp, z):
    """Of exponential integrators."""
    p1 = (xp.exp(z) - 1) / z
    p2 = (p1 - 1) / z
    p3 = (p2 - 0.5) / z
    return xp.sum(p1 + p2 + p3)


@case("jax-ml/jax/issues/34139", "own", [1e-5, 0.0, 2.0])
def spherical_bessel(xp, sp, x):
    j0 = xp.sin(x) / x
    j1 = xp.sin(x) / x**2 - xp.cos(x) / x
    j2 = (3 / x**2 - 1) * xp.sin(x) / x - 3 * xp.cos(x) / x**2
    return xp.sum(j0 + j1 + j2)


@case("scipy/scipy/issues/21915", "own", [0.0, 1.0, 0.3])
def power_of_shares(xp, sp, p):
    return xp.sum(p**0.0 + p**1.0 + p**2.5 + (1 - p) ** 1.5)


@case("HIPS/autograd/issues/586", "own", [[0.0, 0.0], [3.0, 4.0]], [0.5, 0.5])
def powers_of_norms(xp, sp, x, w):
    r = xp.sqrt(xp.sum(x**2, axis=-1))
    return xp.sum(w * (r**2 * xp.log(1 + r) + r**3 + xp.sinh(r) * r))


@case("sims1253/bayesfam/issues/31", "own", [800.0, -800.0, 1e-9], single=([99.0, -99.0, 1e-5],))
def softplus_and_back(xp, sp, x):
    y = xp.log(1 + xp.exp(x))
    return xp.sum(xp.log(xp.exp(y) - 1) + y)


# ------------------------------------------------------------ loops


@case("HIPS/autograd/issues/151", "loops", 0.0, 2.0)
def babylonian_root(xp, sp, x, y):
    for _ in range(8):
        y = 0.5 * (y + x / y)
    return y + x


@case("stan-dev/math/pull/1772", "loops", [1000.0, 999.0, -1000.0])
def logsumexp_by_loop(xp, sp, x):
    total = x[0]
    for k in range(1, x.shape[0]):
        total = xp.log(xp.exp(total) + xp.exp(x[k]))
    return total


@case("rtqichen/torchdiffeq/issues/38", "loops", [1.0, 0.0], 0.0)
def runge_kutta_of_pendulum(xp, sp, y, damping):
    def f(y: Any) -> Any:
        return xp.stack([y[1], -xp.sin(y[0]) - damping * y[1] * xp.sqrt(y[1] ** 2)])

    for _ in range(3):
        k1 = f(y)
        k2 = f(y + 0.05 * k1)
        y = y + 0.1 * k2
    return xp.sum(y**2)


@case("Cantera/cantera/issues/2132", "loops", [0.0, 0.25, 0.75])
def activity_by_iteration(xp, sp, x):
    strength = 0.0
    for k, z in enumerate((1.0, -1.0, 2.0)):
        strength = strength + 0.5 * x[k] * z**2
    gamma = -0.5 * xp.sqrt(strength) / (1 + xp.sqrt(strength))
    return sum(x[k] * (gamma + 0.1 * strength) for k in range(3))


@case("tensorflow/tensorflow/issues/3862", "loops", [0.5, 0.0, 0.25, 2.0])
def survival_by_product(xp, sp, h):
    alive, total = 1.0, 0.0
    for k in range(4):
        total = total + alive * h[k] * (k + 1)
        alive = alive * (1 - 2 * h[k])
    return total + xp.prod(h) + alive


@case("jax-ml/jax/issues/6811", "loops", [[0.5, 0.2], [0.1, 0.9], [2.0, 1.0]])
def alignments_by_alphas(xp, sp, logits):
    """The forward pass of a loss for alignments, of three frames and two labels."""
    logp = logits - xp.log(xp.sum(xp.exp(logits), axis=1, keepdims=True))
    alpha = [logp[0, 0], -INFINITE]
    for t in range(1, 3):
        stay = alpha[0] + logp[t, 0]
        move = xp.logaddexp(alpha[0], alpha[1]) + logp[t, 1]
        alpha = [stay, move]
    return -alpha[1]


@case("pytorch/pytorch/issues/49724", "loops", [[0.0, -800.0], [-800.0, 0.0]])
def chain_in_probabilities(xp, sp, s):
    p = xp.exp(s) / xp.sum(xp.exp(s), axis=1, keepdims=True)
    v = like(s, [1.0, 0.0])
    for _ in range(3):
        v = xp.matmul(v, p)
    return xp.log(v[1]) + xp.log(v[0])


# ------------------------------------------------------------ distances and angles


@case("dfm/tinygp/issues/115", "distances", [[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], 0.7)
def kernels_with_duplicates(xp, sp, x, scale):
    d = xp.sqrt(xp.sum((x[:, None] - x[None]) ** 2, axis=-1)) / scale
    k = (1 + np.sqrt(5.0) * d + 5 / 3 * d**2) * xp.exp(-np.sqrt(5.0) * d)
    return xp.sum(k * like(scale, [[1.0, 2.0, 3.0], [2.0, 1.0, 1.0], [3.0, 1.0, 2.0]]))


@case("openbabel/openbabel/pull/49", "distances", [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [-2.0, 0, 0]])
def bending_energy_of_straight(xp, sp, x):
    a, b = x[0] - x[1], x[2] - x[1]
    c = xp.sum(a * b) / (xp.linalg.norm(a) * xp.linalg.norm(b))
    return 0.5 * (xp.arccos(xp.clip(c, -1, 1)) - np.pi) ** 2 + xp.linalg.norm(a)


@case("tensorflow/graphics/issues/394", "distances", [0.0, 0.0, -1.0])
def colatitude_at_south_pole(xp, sp, v):
    r = xp.linalg.norm(v)
    return xp.sin(xp.arccos(v[2] / r)) ** 2 + xp.arctan2(xp.hypot(v[0], v[1]), v[2]) ** 2 / 7 + r


@case("thephpleague/geotools/issues/159", "distances", [0.5, 1.0], [0.5, 1.0])
def squared_arc(xp, sp, p, q):
    a = (xp.sin((p[0] - q[0]) / 2) ** 2
         + xp.cos(p[0]) * xp.cos(q[0]) * xp.sin((p[1] - q[1]) / 2) ** 2)  # fmt: skip
    return (2 * xp.arctan2(xp.sqrt(a), xp.sqrt(1 - a))) ** 2


@case("pytorch/pytorch/issues/98276", "distances", [0.0, 0.0], [1.0, 0.0])
def phase_difference(xp, sp, z, w):
    """The angle of a product with a conjugate, weighed by its size."""
    re, im = z[0] * w[0] + z[1] * w[1], z[1] * w[0] - z[0] * w[1]
    return xp.sqrt(re**2 + im**2) * xp.sin(xp.arctan2(im, re))


@case("geomstats/geomstats/pull/857", "distances", [0.0, 0.0], [0.1, 0.2])
def sphere_exponential(xp, sp, v, p):
    t = xp.linalg.norm(v)
    q = xp.cos(t) * p + xp.sin(t) * v / t
    return xp.sum(like(v, [1.0, 3.0]) * q)


@case("NicolasBoumal/manopt/issues/23", "distances", [0.1, 0.2], [0.1, 0.2])
def hyperbolic_two_ways(xp, sp, x, y):
    d2 = xp.sum((x - y) ** 2) / ((1 - xp.sum(x**2)) * (1 - xp.sum(y**2)))
    return xp.arccosh(1 + 2 * d2) ** 2 + (2 * xp.arcsinh(xp.sqrt(d2))) ** 2


@case("Megvii-BaseDetection/YOLOX/issues/1565", "distances", [[0.0, 0, 1, 1], [2.0, 2, 2, 2]])
def overlaps_with_empty_box(xp, sp, boxes):
    target = like(boxes, [0.25, 0.25, 1.25, 1.25])
    low, high = xp.maximum(boxes[:, :2], target[:2]), xp.minimum(boxes[:, 2:], target[2:])
    inter = xp.prod(xp.maximum(high - low, 0.0), axis=1)
    area = xp.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return xp.sum(1 - inter / (area + 1.0 - inter))


# ------------------------------------------------------------ likelihoods and entropies


@case("pyro-ppl/numpyro/issues/1696", "likelihoods", [[0.5, 0.5], [1.0, 0.0]])
def information_of_table(xp, sp, joint):
    joint = joint + 1e-20
    joint = joint / xp.sum(joint)
    rows, columns = xp.sum(joint, axis=1, keepdims=True), xp.sum(joint, axis=0, keepdims=True)
    return xp.sum(joint * xp.log(joint / (rows * columns)))


@case("tensorflow/tensorflow/issues/12371", "likelihoods", [60.0, -60.0], 3.0)
def gamma_poisson(xp, sp, logits, r):
    k = like(r, [4.0, 0.0])
    p = 1 / (1 + xp.exp(-logits))
    return -xp.sum(sp.gammaln(k + r) - sp.gammaln(r) + r * xp.log(1 - p) + k * xp.log(p))


@case("stan-dev/math/issues/1611", "likelihoods", 1e12, 2e12, single=(1e5, 2e5))
def beta_binomial_chance(xp, sp, a, b):
    def log_beta(a: Any, b: Any) -> Any:
        return sp.gammaln(a) + sp.gammaln(b) - sp.gammaln(a + b)

    return log_beta(a + 3.0, b + 2.0) - log_beta(a, b)


@case("pymc-devs/pymc/issues/4417", "likelihoods", 0.01, 3.0)
def censored_counts(xp, sp, rate, scale):
    t = like(rate, [1e-3, 10.0])
    survive = xp.exp(-rate * t / scale)
    return xp.log(1 - survive[0]) + xp.log(survive[1]) - xp.log(1 - survive[0] * survive[1])


@case("GPflow/GPflow/issues/955", "likelihoods", [-30.0, 9.0], 1.0, single=([-30.0, 6.0], 1.0))
def probit_likelihood(xp, sp, f, s):
    y = like(s, [1.0, 0.0])
    p = sp.ndtr(f / s)
    return xp.sum(y * xp.log(p) + (1 - y) * xp.log(1 - p))


@case("ReactiveBayes/ExponentialFamily.jl/issues/294", "likelihoods", [-1e3, -1e3], 1e-3)
def expected_utility_cold(xp, sp, u, t):
    w = xp.exp(u / t)
    return t * xp.log(xp.sum(w)) + xp.sum(w / xp.sum(w) * u)


@case("openturns/openturns/issues/1058", "likelihoods", 0.0, [0.5, 2.0])
def pareto_tail(xp, sp, xi, x):
    return xp.sum(xp.where(xi == 0, xp.exp(-x), (1 + xi * x) ** (-1 / xi)) ** 2)


@case("deep-spin/entmax/issues/23", "likelihoods", [0.25, 0.75], [0.25, 0.75])
def alpha_divergence_at_1(xp, sp, p, q):
    a = like(p, 1.0)
    return (xp.sum(p**a * q ** (1 - a)) - 1) / (a - 1 + 1e-8) + xp.sum(
        (xp.sqrt(p) - xp.sqrt(q)) ** 2
    )


# ------------------------------------------------------------ order, sums, cancellation


@case("tensorflow/tfjs/issues/346", "order", [[1.0, 1.0, 2.0], [0.0, 0.0, 0.0]])
def largest_by_rows(xp, sp, x):
    return xp.sum(xp.max(x, axis=1) * like(x, [1.0, 2.0])) + xp.max(xp.abs(x)) ** 2


@case("elixir-nx/nx/pull/1643", "order", [2.0, 1.0, 1.0, 3.0])
def trimmed_mean(xp, sp, x):
    return xp.mean(xp.sort(x)[1:3]) + xp.sum(xp.sort(x) * like(x, [0.0, 1.0, 1.0, 0.0]))


@case("jax-ml/jax/issues/11716", "order", [1e8, 1e8 + 1, 1e8 + 3], single=([4e3, 4001.0, 4003.0],))
def moments_in_one_pass(xp, sp, x):
    m1, m2 = xp.mean(x), xp.mean(x**2)
    return xp.sqrt(m2 - m1**2) + xp.log(m2 - m1**2)


@case("pytorch/pytorch/issues/192406", "order", 1e-9, 3.0, single=(1e-5, 3.0))
def difference_quotient(xp, sp, h, x):
    return (xp.exp(xp.sin(x + h)) - xp.exp(xp.sin(x))) / h


@case("KratosMultiphysics/Kratos/pull/249", "order", [[0.0, 0.0], [1.0, 0.0], [0.5, 1e-9]],
      single=([[0.0, 0.0], [1.0, 0.0], [0.5, 1e-4]],))  # fmt: skip
def area_of_needle(xp, sp, p):
    a, b, c = (norm(xp, p[i] - p[j]) for i, j in ((0, 1), (1, 2), (2, 0)))
    s = (a + b + c) / 2
    return xp.sqrt(s * (s - a) * (s - b) * (s - c))


@case("pytorch/pytorch/pull/58195", "matrices", [[1.0, 0.0], [0.0, 1.0]])
def entropy_of_mixed_state(xp, sp, a):
    w = xp.linalg.eigh((a + a.T) / 4)[0]
    return -xp.sum(w * xp.log(w))


@case("jax-ml/jax/issues/2311", "matrices", [[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]])
def largest_of_rank_1(xp, sp, a):
    s = xp.linalg.svd(a)[1]
    return s[0] ** 2 + xp.log(s[0])
