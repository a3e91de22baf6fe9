"""Difficult gradients from reports of users, as programs: losses, attention, matching, flows."""

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


def sigmoid(xp: Any, x: Any) -> Any:
    return 1 / (1 + xp.exp(-x))


def softmax(xp: Any, x: Any) -> Any:
    e = xp.exp(x)
    return e / xp.sum(e, axis=-1, keepdims=True)


# ------------------------------------------------------------ classification


@case("kornia/kornia/issues/918", "losses", [100.0, -100.0, 0.5])
def focal_loss_of_sure_logits(xp, sp, z):
    p = sigmoid(xp, z)
    p = xp.where(np.array([True, True, False]), p, 1 - p)
    return xp.mean(-((1 - p) ** 2.0) * xp.log(p))


@case("google-deepmind/optax/issues/1267", "losses", 1000.0)
def focal_loss_without_focus(xp, sp, z):
    return (1 - sigmoid(xp, z)) ** 0.0 * xp.log(1 + xp.exp(-z))


@case("liuyuisanai/Focal-Loss/issues/11", "losses", [0.0, 40.0, -3.0])
def focal_loss_of_half_power(xp, sp, z):
    p = sp.expit(z)
    return xp.sum(-((1 - p) ** 0.5) * xp.log(p))


@case("Theano/Theano/issues/3162", "losses", [[200.0, 0.0, -50.0], [-900.0, 0.0, 1.0]])
def label_smoothing(xp, sp, z):
    target = like(z, [[0.9, 0.05, 0.05], [0.05, 0.9, 0.05]])
    return -xp.mean(xp.sum(target * xp.log(softmax(xp, z)), axis=1))


@case("Theano/Theano/issues/3162", "losses", [[0.0, 900.0, 1.0], [2.0, 1.0, -900.0]])
def one_hot_cross_entropy(xp, sp, z):
    total = 0.0
    for row, label in enumerate((1, 0)):
        total = total - xp.log(softmax(xp, z[row])[label])
    return total / 2


@case("pytorch/pytorch/issues/49724", "losses", [1000.0, 0.0, -1000.0])
def entropy_of_sure_choice(xp, sp, z):
    e = xp.exp(z - xp.max(z))
    p = e / xp.sum(e)
    return -xp.sum(p * xp.log(p)) + xp.sum(p * z)


@case("harvard-edge/cs249r_book/pull/2060", "losses", [100.0, 3.0])
def clipped_cross_entropy(xp, sp, z):
    p = xp.clip(sigmoid(xp, z), 1e-6, 1 - 1e-6)
    return -xp.sum(xp.log(p) + 0.5 * xp.log(1 - p))


@case("clcarwin/focal_loss_pytorch/issues/13", "losses", [60.0, -60.0])
def cross_entropy_with_eps(xp, sp, z):
    p = sigmoid(xp, z)
    return -xp.sum(xp.log(p + 1e-8) + xp.log(1 - p + 1e-8))


@case("tensorflow/tensorflow/issues/126060", "losses", [800.0, -800.0, 0.25])
def sigmoid_by_sign(xp, sp, x):
    e = xp.exp(x)
    return xp.sum(xp.where(x >= 0, 1 / (1 + xp.exp(-x)), e / (1 + e)) * x)


@case("tracel-ai/burn/issues/5373", "losses", [1000.0, -5.0, 30.0])
def softplus_by_threshold(xp, sp, x):
    return xp.sum(xp.where(x > 20, x, xp.log(1 + xp.exp(x))))


@case("JuliaDiff/DiffRules.jl/issues/102", "losses", [1000.0, -300.0, 0.5])
def log_cosh_loss(xp, sp, x):
    return xp.mean(xp.log(xp.cosh(x)))


@case("pytorch/pytorch/pull/2775", "losses", [0.0, 2.0, -0.5])
def smooth_absolute_without_beta(xp, sp, x):
    beta = like(x, 0.0)
    return xp.sum(xp.where(xp.abs(x) < beta, 0.5 * x**2 / beta, xp.abs(x) - 0.5 * beta))


@case("deebuls/deep_evidential_regression_loss_pytorch/issues/3", "losses", 1.5, 0.0)
def robust_loss_of_shape_0(xp, sp, x, alpha):
    b = xp.abs(alpha - 2)
    return b / alpha * ((x**2 / b + 1) ** (alpha / 2) - 1)


# ------------------------------------------------------------ metric learning


@case("google-deepmind/optax/pull/946", "metrics", [[1.0, 2.0], [2.0, 1.0], [0.1, 0.2]])
def contrastive_loss(xp, sp, z):
    """A cold softmax of cosines, where nobody is a pair of himself."""
    z = z / xp.sqrt(xp.sum(z**2, axis=1, keepdims=True))
    s = xp.where(np.eye(3, dtype=bool), -INFINITE, xp.matmul(z, z.T) / 1e-3)
    return -xp.mean(s[np.arange(3), [2, 2, 0]] - xp.log(xp.sum(xp.exp(s), axis=1)))


@case("MccreeZhao/FR-Loss-on-Mnist/issues/2", "metrics", [3.0, 4.0], [6.0, 8.0])
def angular_margin_of_aligned(xp, sp, x, w):
    c = xp.sum(x * w) / (norm(xp, x) * norm(xp, w))
    return 64 * (1 - (c * np.cos(0.5) - xp.sqrt(1 - c**2) * np.sin(0.5)))


@case("ronghuaiyang/arcface-pytorch/issues/95", "metrics", [3.0, 4.0], [6.0, 8.0])
def clipped_angle_of_aligned(xp, sp, x, w):
    c = xp.sum(x * w) / (norm(xp, x) * norm(xp, w))
    return xp.cos(xp.arccos(xp.clip(c, -1 + 1e-6, 1 - 1e-6)) + 0.5)


@case("tensorflow/tensorflow/pull/37090", "metrics", [1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
def cosine_loss_of_parallel(xp, sp, a, b):
    return 1 - xp.sum(a * b) / (norm(xp, a) * norm(xp, b))


@case("lmcinnes/umap/pull/207", "metrics", [[0.0], [100.0], [200.0]])
def neighbor_probabilities(xp, sp, x):
    """Of points so far apart that all of their weights underflow."""
    d = xp.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=-1)
    w = xp.where(np.eye(3, dtype=bool), 0.0, xp.exp(-d / 2))
    p = w / xp.sum(w, axis=1, keepdims=True)
    return xp.sum(like(x, [[0, 1.0, 2.0], [3.0, 0, 1.0], [2.0, 1.0, 0]]) * p)


@case("geoopt/geoopt/pull/121", "metrics", [0.3, 0.4], [0.3, 0.4])
def hyperboloid_distance_to_itself(xp, sp, v, w):
    def lift(x: Any) -> Any:
        return xp.concatenate([xp.sqrt(1 + xp.sum(x**2))[None], x])

    x, y = lift(v), lift(w)
    return xp.arccosh(x[0] * y[0] - xp.sum(x[1:] * y[1:]))


@case("geomstats/geomstats/issues/854", "metrics", [[0.0, 0.0], [0.3, 0.1]])
def ball_to_tangent_and_back(xp, sp, v):
    n = xp.sqrt(xp.sum(v**2, axis=1, keepdims=True))
    y = xp.tanh(n) * v / n
    m = xp.sqrt(xp.sum(y**2, axis=1, keepdims=True))
    return xp.sum(like(v, [1.0, 3.0]) * xp.arctanh(m) * y / m)


@case("SauersML/gam/issues/354", "metrics", [0.3, 0.1], [0.3, 0.1])
def ball_distance_to_itself(xp, sp, x, y):
    xy, x2, y2 = -xp.sum(x * y), xp.sum(x * x), xp.sum(y * y)
    moved = (-(1 + 2 * xy + y2) * x + (1 - x2) * y) / (1 + 2 * xy + x2 * y2)
    return 2 * xp.arctanh(norm(xp, moved))


@case("pytorch/pytorch/issues/2421", "metrics", [[1.0, 0.0], [0.0, 2.0]],
      [[1.0, 0.0], [0.0, 2.0]])  # fmt: skip
def discrepancy_of_equal_samples(xp, sp, x, y):
    """The root of the kernel's mean discrepancy, and its square."""

    def kernel(a: Any, b: Any) -> Any:
        return xp.mean(xp.exp(-xp.sum((a[:, None, :] - b[None, :, :]) ** 2, axis=-1)))

    squared = kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)
    return xp.sqrt(squared) + squared


# ------------------------------------------------------------ attention, normalisation


@case("pytorch/pytorch/pull/71502", "attention", [[0.5, 1.0], [0.25, -1.0]], [1.0, 3.0])
def attention_of_nobody(xp, sp, s, v):
    """The second row is masked altogether, and gets what `where` says."""
    mask = np.array([[True, True], [False, False]])
    s = xp.where(mask, s, -INFINITE)
    e = xp.exp(s - xp.max(s, axis=1, keepdims=True))
    p = xp.where(mask, e / xp.sum(e, axis=1, keepdims=True), 0.0)
    return xp.sum(xp.matmul(p, v) ** 2)


@case("deepmodeling/deepmd-kit/pull/5717", "attention", [500.0, -400.0, 2.0, 1.0])
def softmax_by_groups(xp, sp, x):
    """Three groups, of which the last is empty."""
    groups = np.array([0, 0, 1, 1])
    total = 0.0
    for g in range(3):
        e = xp.where(groups == g, xp.exp(x), 0.0)
        total = total + (g + 1) * xp.sum(xp.where(groups == g, e / xp.sum(e) * x, 0.0))
    return total


@case("tensorflow/tensorflow/pull/127449", "attention", [1.0, 2.0, 4.0])
def mean_of_empty_group(xp, sp, x):
    member = like(x, [[1, 0, 0], [1, 0, 0], [0, 0, 1]])
    counts = xp.sum(member, axis=0)
    with np.errstate(all="ignore"):
        means = xp.where(counts > 0, xp.matmul(x, member) / counts, 0.0)
    return xp.sum(means**2)


@case("keras-team/keras/issues/2960", "attention", [2.0, 2.0, 2.0])
def normalised_constant(xp, sp, x):
    return ((x - xp.mean(x)) / (xp.std(x) + 1e-3))[0]


@case("pytorch/pytorch/issues/4320", "attention", [[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]])
def batch_statistics(xp, sp, x):
    m = xp.mean(x, axis=1, keepdims=True)
    v = xp.mean((x - m) ** 2, axis=1, keepdims=True)
    y = xp.where(v > 0, (x - m) / xp.sqrt(v), 0.0)
    return xp.sum(like(x, [[0, 0, 0], [1.0, 2.0, 4.0]]) * y)


@case("pytorch/pytorch/issues/4320", "undefined", [3.0])
def deviation_of_one(xp, sp, x):
    return xp.sqrt(xp.sum((x - xp.mean(x)) ** 2) / (x.shape[0] - 1))


@case("pyro-ppl/pyro/pull/1188", "attention", [0.0, 0.25, 0.75])
def relaxed_choice(xp, sp, p):
    """A sample of a relaxed categorical, cold, one of whose probabilities is zero."""
    noise = like(p, [0.5, 1.5, -0.25])
    y = softmax(xp, (xp.log(p) + noise) / 0.1)
    return xp.sum(like(p, [1.0, 2.0, 4.0]) * y)


@case("tensorflow/probability/issues/1393", "attention", [1.0, 0.3])
def relaxed_coin(xp, sp, p):
    return xp.sum(sigmoid(xp, (xp.log(p) - xp.log(1 - p) + 0.4) / 0.5))


# ------------------------------------------------------------ sequences, transport, flows


@case("PythonOT/POT/pull/336", "sequences", [[1.0, 2.0], [3.0, 1.0]])
def transport_by_scaling(xp, sp, cost):
    kernel = xp.exp(-cost / 1e-3)
    u, v = like(cost, [1.0, 1.0]), like(cost, [1.0, 1.0])
    for _ in range(3):
        u = 0.5 / xp.matmul(kernel, v)
        v = 0.5 / xp.matmul(kernel.T, u)
    return xp.sum(u[:, None] * kernel * v[None, :] * cost)


@case("aeon-toolkit/aeon/pull/3483", "sequences", [0.0, 1.0, 3.0], [0.5, 1.0])
def soft_time_warping(xp, sp, x, y):
    gamma, n, m = 1e-3, x.shape[0], y.shape[0]
    r: Any = [[INFINITE] * (m + 1) for _ in range(n + 1)]
    r[0][0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            from_three = (r[i - 1][j - 1], r[i - 1][j], r[i][j - 1])
            softmin = -gamma * xp.log(sum(xp.exp(-k / gamma) for k in from_three))
            r[i][j] = (x[i - 1] - y[j - 1]) ** 2 + softmin
    return r[n][m]


@case("probml/dynamax/issues/290", "sequences", [[0.8, 0.2, 0.0], [0.0, 0.8, 0.2], [0.2, 0.0, 0.8]])
def forward_messages_with_zeros(xp, sp, transition):
    alpha = like(transition, [0.0, -INFINITE, -INFINITE])
    emission = like(transition, [[-1.0, -2.0, -1.5], [-0.5, -1.0, -2.0], [-1.0, -0.25, -3.0]])
    for step in range(3):
        alpha = sp.logsumexp(alpha[:, None] + xp.log(transition), axis=0) + emission[step]
    return sp.logsumexp(alpha)


@case("pymc-devs/pymc-extras/issues/720", "sequences", [[0.9, 0.1], [0.2, 0.8]])
def likelihood_of_improbable_path(xp, sp, transition):
    alpha = like(transition, [0.5, 0.5])
    for _ in range(20):
        alpha = xp.matmul(alpha, transition) * like(transition, [1e-20, 3e-20])
    return xp.log(xp.sum(alpha))


@case("bayesflow-org/bayesflow/pull/759", "sequences", [-0.5, 0.25, 1.5])
def spline_or_identity(xp, sp, x):
    mix = x * (1 - x)
    inner = (2 * x**2 + mix) / (2 + (1.5 + 0.5 - 4) * mix)
    slope = xp.log(xp.sqrt(2 * mix + 0.4)) + inner
    return xp.sum(xp.where((x > 0) & (x < 1), slope, 2 * x))


@case("pytorch/pytorch/issues/2421", "sequences", [1.0, 2.0, 0.0])
def radial_flow_at_its_center(xp, sp, z):
    r = norm(xp, z - like(z, [1.0, 2.0, 0.0]))
    h = 1 / (2.0 + r)
    logdet = 2 * xp.log(1 + 0.5 * h) + xp.log(1 + 0.5 * h - 0.5 * h**2 * r)
    return (
        xp.sum(like(z, [1.0, 2.0, 3.0]) * (z + 0.5 * h * (z - like(z, [1.0, 2.0, 0.0])))) + logdet
    )


@case("rail-berkeley/rlkit/issues/37", "sequences", [50.0, -1.0])
def logit_of_mixture_of_logistics(xp, sp, z):
    x = 0.3 * sp.expit(z) + 0.7 * sp.expit((z - 1.0) / 0.5)
    return xp.sum(xp.log(x) - xp.log(1 - x))


@case("pytorch/pytorch/issues/28441", "sequences", [40.0, 50.0])
def broken_stick(xp, sp, x):
    rest, total = 1.0, 0.0
    for k in range(2):
        z = sigmoid(xp, x[k] - xp.log(like(x, 2.0 - k)))
        total = total + xp.log(z) + xp.log(1 - z) + xp.log(rest)
        rest = rest * (1 - z)
    return total


@case("rail-berkeley/rlkit/issues/37", "sequences", [20.0, 0.3, -0.5], single=([10.0, 0.3, -0.5],))
def correlations_of_saturated(xp, sp, y):
    z = xp.tanh(y)
    last = xp.log(1 - z[0] ** 2)
    rest = 1 - z[1] ** 2
    return last + xp.log(rest) + 0.5 * xp.log(rest - (z[2] * xp.sqrt(rest)) ** 2)


@case("HIPS/autograd/pull/393", "sequences", [[0.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
def group_lasso(xp, sp, w):
    lengths = [xp.linalg.norm(w[k]) for k in range(3)]
    return sum(lengths) + 0.5 * sum(n**2 for n in lengths)
