"""Difficult gradients from reports of users, of densities and losses: as in zoo_formulas.py."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import zoo_formulas
from zoo_formulas import Formula, norm

ROWS: list[Formula] = []
group = partial(zoo_formulas.group, rows=ROWS)

INFINITE = float("inf")
GRID = np.arange(4.0)


def shannon(xp: Any, x: Any, y: Any) -> Any:
    """The divergence of Jensen and Shannon."""
    m = (x + y) / 2
    return xp.sum(x * xp.log(x / m)) + xp.sum(y * xp.log(y / m))


def attention(xp: Any, s: Any) -> Any:
    """The entropy of weights, one of which is masked."""
    e = xp.exp(s + np.array([0.0, 0.0, -INFINITE], np.float32))
    p = e / xp.sum(e)
    return -xp.sum(xp.where(p > 0, p * xp.log(p), 0.0))


# fmt: off
group("distributions", "pyro-ppl/pyro/pull/2374")(
    geometric_that_is_certain=(lambda xp, sp, p: 0.0 * xp.log1p(-p) + xp.log(p), 1.0),
    geometric_by_logits=(lambda xp, sp, x: 3 * xp.log(1 - sp.expit(x)) + xp.log(sp.expit(x)), 40.0),
)
group("distributions", "awslabs/gluonts/issues/287", "float32")(
    negative_binomial_tiny_mean=(lambda xp, sp, x: xp.log(xp.log(1 + xp.exp(x))
                                 / (1 + xp.log(1 + xp.exp(x)))), -60.0),
    negative_binomial_zero_mean=(lambda xp, sp, x: xp.log(xp.log(1 + xp.exp(x))), -120.0),
)
group("distributions", "pytorch/pytorch/issues/139019")(
    kumaraswamy_tiny_power=(lambda xp, sp, a: 4 * xp.log(1 - 0.5**a), 1e-14),
    kumaraswamy_near_one=(lambda xp, sp, x: 2 * xp.log(1 - x**0.01), 1 - 1e-12),
    kumaraswamy_quantile=(lambda xp, sp, u: (1 - (1 - u) ** 0.2) ** 0.5, 1e-20),
)
group("distributions", "sims1253/bayesfam/issues/26")(
    kumaraswamy_cdf_left=(lambda xp, sp, x: 1 - (1 - x**2) ** 3, 1e-12),
)
group("distributions", "pyro-ppl/numpyro/issues/1492")(
    truncated_normal_by_scale=(lambda xp, sp, s: xp.log(sp.ndtr(-2.35 / s) - sp.ndtr(-21.35 / s)),
                               0.05),
)
group("distributions", "pymc-devs/pymc/issues/4417")(
    truncated_exponential=(lambda xp, sp, m: xp.log((1 - xp.exp(-20 / m)) - (1 - xp.exp(-1 / m))),
                           1e-3),
    log_diff_of_exponentials=(lambda xp, sp, m: xp.log(xp.exp(-1 / m) - xp.exp(-20 / m)), 1e-3),
)
group("distributions", "JuliaDiff/DistributionsAD.jl/issues/223")(
    truncated_at_infinity=(lambda xp, sp, s: xp.log(sp.ndtr(INFINITE / s) - sp.ndtr(0.5 / s)), 1.0),
)
group("distributions", "stan-dev/math/issues/2881")(
    normal_cdf_at_infinity=(lambda xp, sp, m, s: xp.log(sp.ndtr((INFINITE - m) / s)), 0.5, 2.0),
)
group("distributions", "stan-dev/math/issues/1076")(
    von_mises_concentrated=(lambda xp, sp, k: k * xp.cos(0.1) - xp.log(sp.i0(k)), 800.0),
    von_mises_density=(lambda xp, sp, x, k: xp.exp(k * xp.cos(x)) / sp.i0(k), 0.05, 720.0),
)
group("distributions", "SauersML/gam/issues/3235")(
    student_t_normaliser=(lambda xp, sp, v: sp.gammaln((v + 1) / 2) - sp.gammaln(v / 2)
                          - xp.log(v) / 2, 1e9),
)
group("distributions", "JuliaStats/StatsFuns.jl/issues/224")(
    student_t_kernel=(lambda xp, sp, v: (v + 1) / 2 * xp.log(1 + 9 / v), 1e12),
    f_density=(lambda xp, sp, x: -(1e17 + 3) / 2 * xp.log(1 + 3 * x / 1e17), 6.6),
)
group("distributions", "stan-dev/math/issues/1611")(
    log_beta_uneven=(lambda xp, sp, a, b: sp.gammaln(a) + sp.gammaln(b) - sp.gammaln(a + b),
                     1e15, 3.0),
)
group("distributions", "stan-dev/math/issues/3153")(
    beta_binomial_concentrated=(lambda xp, sp, a: sp.gammaln(a + 3) - sp.gammaln(a)
                                - sp.gammaln(2 * a + 5) + sp.gammaln(2 * a), 1e12),
)
group("distributions", "ooples/AiDotNet.Tensors/pull/261")(
    weibull_of_shape_1=(lambda xp, sp, x: 0.0 * xp.log(x / 2) - (x / 2) ** 1.0, 0.0),
    weibull_of_shape_2=(lambda xp, sp, x: 1.0 * xp.log(x / 2) - (x / 2) ** 2.0, 0.0),
)
group("distributions", "bat/BAT.jl/pull/427", "float32")(
    counts_of_zero=(lambda xp, sp, m: xp.sum(np.array([0.0, 2.0], np.float32) * xp.log(m) - m),
                    [0.0, 1.5]),
)
group("distributions", "tensorflow/probability/issues/884")(
    beta_outside_support=(lambda xp, sp, x: 9 * xp.log(x) + 99 * xp.log1p(-x), -1.0),
)
group("distributions", "awslabs/gluonts/issues/1056")(
    mixture_outside_support=(lambda xp, sp, x: xp.log(xp.exp(-(x**2) / 2) + xp.where(x > 0,
                             x**-0.1 * xp.exp(-2 * x), 0.0)), -1.0),
    mixture_far_out=(lambda xp, sp, x: xp.log(0.5 * xp.exp(-(x**2) / 2) + 0.5 * xp.exp(-x)), 800.0),
)
group("distributions", "CamDavidsonPilon/autograd-gamma/pull/1")(
    gamma_density_of_many=(lambda xp, sp, x, a: x ** (a - 1) * xp.exp(-x)
                           / xp.exp(sp.gammaln(a)), 301.0, 300.0),
)
group("distributions", "ArgonneCPAC/diffmah/pull/123")(
    tail_round_trip=(lambda xp, sp, x: xp.log(1 - sp.ndtr(x)), 9.0),
    difference_of_tails=(lambda xp, sp, x: (sp.ndtr(x + 1e-3) - sp.ndtr(x)) / 1e-3, -20.0),
)
group("distributions", "meta-pytorch/botorch/pull/1999")(
    log_expected_improvement=(lambda xp, sp, x: xp.log(xp.exp(-(x**2) / 2) / 2.5066282746310002
                              + x * sp.ndtr(x)), -12.0),
    log_of_softplus=(lambda xp, sp, x: xp.log(xp.log(1 + xp.exp(x))), -800.0),
    fat_maximum=(lambda xp, sp, x: xp.sum(1 / (1 + (xp.max(x) - x) ** 2)), [1e5, 1e5, -1e200]),
)
group("distributions", "GPflow/GPflow/issues/955", "float32")(
    probit_of_outlier=(lambda xp, sp, x: xp.log(1 - sp.ndtr(x)), 7.0),
    probit_by_erf=(lambda xp, sp, x: xp.log((1 + sp.erf(x / 1.4142135)) / 2), -7.0),
)
group("transforms", "rail-berkeley/rlkit/issues/37")(
    squashed_density_with_eps=(lambda xp, sp, x: xp.log(1 - xp.tanh(x) ** 2 + 1e-6), 20.0),
    squashed_density=(lambda xp, sp, x: xp.sum(-(x**2) / 2 - xp.log(1 - xp.tanh(x) ** 2)),
                      [12.0, -19.5]),
)
group("transforms", "pytorch/pytorch/pull/19802")(
    sigmoid_jacobian_at_1=(lambda xp, sp, y: -xp.log(1 / y + 1 / (1 - y)), 1.0),
    sigmoid_jacobian_saturated=(lambda xp, sp, x: -xp.log(1 / sp.expit(x) + 1 / (1 - sp.expit(x))),
                                50.0),
)
group("transforms", "manuhuth/NoLimits.jl/issues/337")(
    clamped_logit=(lambda xp, sp, x: xp.log(1 / (1 + xp.exp(-xp.clip(x, -20.0, 20.0)))), 25.0),
    stick_breaking_pair=(lambda xp, sp, x: xp.log(1 - sp.expit(x[0]))
                         + xp.log(1 - sp.expit(x[1])), [45.0, -45.0]),
)
group("transforms", "danielward27/flowjax/issues/239", "float32")(
    spline_out_of_bounds=(lambda xp, sp, y: xp.sum(xp.where(xp.abs(y) < 1, 2 * y
                          / (1 + xp.sqrt(1 - y**2)), y)), [0.5, 3.0]),
)
group("losses", "pytorch/pytorch/issues/6765")(
    cubic_pooling_of_zeros=(lambda xp, sp, x: xp.exp(xp.log(xp.sum(x**3)) / 3), [0.0, 0.0]),
    square_pooling_of_zero_rows=(lambda xp, sp, x: xp.sum(xp.sum(x**2, axis=1) ** 0.5),
                                 [[0.0, 0.0], [3.0, 4.0]]),
)
group("losses", "open-mmlab/mmpretrain/pull/677", "float32")(
    clamped_pooling_of_zeros=(lambda xp, sp, x: xp.mean(xp.maximum(x, 1e-6) ** 3.0) ** (1 / 3),
                              [0.0, 0.0]),
)
group("losses", "tracel-ai/burn/issues/5584", "float32")(
    clamped_cosine_of_zero=(lambda xp, sp, a: xp.sum(a * np.array([3.0, 4.0], np.float32))
                            / (5 * xp.maximum(norm(xp, a), 1e-8)), [0.0, 0.0]),
    cosine_of_tiny=(lambda xp, sp, a, b: xp.sum(a * b) / (norm(xp, a) * norm(xp, b)),
                    [1e-25, 2e-25], [3e-24, 1e-24]),
)
group("losses", "scikit-learn/scikit-learn/issues/28046")(
    binomial_score=(lambda xp, sp, x: -xp.exp(-x) / (1 + xp.exp(-x)), -1000.0),
    binomial_score_weighted=(lambda xp, sp, x: x * xp.exp(-x) / (1 + xp.exp(-x)), -1000.0),
)
group("losses", "jax-ml/jax/issues/6811")(
    impossible_path=(lambda xp, sp, x: xp.exp(sp.logsumexp(xp.stack([x - INFINITE,
                     2 * x - INFINITE]))), 1.0),
)
group("losses", "pytorch/pytorch/issues/49724")(
    impossible_step=(lambda xp, sp, x: xp.logaddexp(xp.logaddexp(x - INFINITE, 3 * x - INFINITE),
                     2 * x), 1.0),
    sum_of_exponentials_masked=(lambda xp, sp, x: xp.log(xp.sum(xp.where(
                                np.array([True, False]), xp.exp(x), 0.0))), [0.5, 1000.0]),
)
group("losses", "jax-ml/jax/issues/2630")(
    infinite_slope_not_taken=(lambda xp, sp, x: xp.where(x > 0, 0 * x, x * INFINITE), 1.0),
    rows_of_length_at_least_1=(lambda xp, sp, x: xp.sum(xp.maximum(xp.sqrt(xp.sum(x**2, axis=1)),
                               1.0)), [[0.0, 0.0], [3.0, 4.0]]),
)
group("losses", "jax-ml/jax/issues/6780", "float32")(
    weights_out_of_reach=(lambda xp, sp, x: xp.sum(xp.where(xp.sum(xp.maximum(1 - xp.abs(x - GRID),
                          0.0)) > 0, GRID**2 * xp.maximum(1 - xp.abs(x - GRID), 0.0)
                          / xp.sum(xp.maximum(1 - xp.abs(x - GRID), 0.0)), 0.0)), 9.0),
)
group("losses", "google-deepmind/optax/pull/1786", "float32")(
    divergence_with_zero_target=(lambda xp, sp, p: xp.sum(xp.where(p == 0, 0.0, p * (xp.log(p)
                                 + 1.5))), [0.0, 0.4, 0.6]),
    divergence_by_prediction=(lambda xp, sp, q: xp.sum(np.array([0.0, 1.0], np.float32)
                              * -xp.log(q)), [0.0, 0.5]),
    attention_entropy=(lambda xp, sp, s: attention(xp, s), [0.5, 1.0, 3.0]),
)
group("losses", "cpsievert/LDAvis/issues/55")(
    shannon_with_zero=(lambda xp, sp, x: shannon(xp, x, np.array([0.5, 0.5])), [0.0, 1.0]),
    shannon_of_near=(lambda xp, sp, x: shannon(xp, x, np.array([0.3, 0.7])), [0.3 + 1e-9, 0.7]),
)
group("losses", "JuliaStats/Distances.jl/pull/1")(
    shannon_distance_of_equal=(lambda xp, sp, x: xp.sqrt(shannon(xp, x, np.array([0.25, 0.75]))),
                               [0.25, 0.75]),
)
group("losses", "NannyML/nannyml/pull/149")(
    hellinger_of_equal=(lambda xp, sp, p: xp.sqrt(xp.sum((xp.sqrt(p)
                        - np.array([0.5, 0.75])) ** 2)), [0.25, 0.5625]),
    hellinger_with_zero=(lambda xp, sp, p: xp.sum((xp.sqrt(p) - np.array([0.0, 0.5])) ** 2),
                         [0.0, 0.5]),
)
group("losses", "deep-spin/entmax/issues/23")(
    tsallis_entropy_of_order_1=(lambda xp, sp, a: (1 - 0.2**a - 0.3**a - 0.5**a) / (a - 1), 1.0),
    renyi_entropy_of_order_1=(lambda xp, sp, a: xp.log(0.25**a + 0.75**a) / (1 - a), 1.0),
    tsallis_entropy_near_order_1=(lambda xp, sp, a: (1 - 0.25**a - 0.75**a) / (a - 1), 1 + 1e-7),
)
group("losses", "nasa/delta/pull/115", "float32")(
    dice_of_empty_mask=(lambda xp, sp, p: xp.sum(p * 0.0) / xp.sum(p), [0.0, 0.0]),
    dice_of_nearly_empty=(lambda xp, sp, p: 2 * xp.sum(p**2) / (xp.sum(p) + xp.sum(p**2)),
                          [1e-30, 2e-30]),
)
# fmt: on
