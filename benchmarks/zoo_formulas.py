"""Difficult gradients from reports of users: formulas, points, and where each was reported.

Each row is a name, a formula f(xp, sp, ...) in NumPy's and scipy.special's names, and points. The
truth is mpmath's (make_zoo_truth.py). Most reports show other code for the same mathematics.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

GITHUB = "https://github.com/"


class Formula(NamedTuple):
    """A formula at a point: the arguments are differentiated, all of them."""

    name: str
    category: str
    url: str
    f: Callable[..., Any]
    args: tuple[Any, ...]
    dtype: str


ROWS: list[Formula] = []


def group(
    category: str, report: str, dtype: str = "float64", rows: list[Formula] = ROWS
) -> Callable[..., None]:
    """Rows of one kind, from one report."""

    def add(**named: tuple[Any, ...]) -> None:
        for name, (f, *args) in named.items():
            rows.append(Formula(name, category, GITHUB + report, f, tuple(args), dtype))

    return add


def norm(xp: Any, x: Any) -> Any:
    """The norm as it is most often written."""
    return xp.sqrt(xp.sum(x**2))


# fmt: off
group("norms", "pytorch/pytorch/issues/2421")(
    norm_times_2=(lambda xp, sp, x: 2 * norm(xp, x), [0.0, 0.0]),
    norm_of_scalar=(lambda xp, sp, x: xp.sqrt(x**2), 0.0),
    norm_power_4=(lambda xp, sp, x: norm(xp, x) ** 4, [0.0, 0.0]),
    norm_tiny=(lambda xp, sp, x: norm(xp, x), [1e-200, 2e-200]),
    norm_huge=(lambda xp, sp, x: norm(xp, x), [1e200, 2e200]),
    norm_inverse_huge=(lambda xp, sp, x: 1 / norm(xp, x), [3e170, 4e170]),
)
group("norms", "pytorch/pytorch/issues/2421", "float32")(
    norm_tiny_single=(lambda xp, sp, x: norm(xp, x), [3e-25, 4e-25]),
    norm_huge_single=(lambda xp, sp, x: norm(xp, x), [3e25, 4e25]),
    unit_vector_single=(lambda xp, sp, x: (x / norm(xp, x))[1], [3e-25, 4e-25]),
)
group("norms", "pytorch/pytorch/issues/3264")(
    l1_by_absolute=(lambda xp, sp, x: xp.sum(xp.abs(x)), [0.0, 0.5]),
    mean_absolute=(lambda xp, sp, x: xp.mean(xp.abs(x - 1.0)), [1.0, 2.0]),
    l4_norm=(lambda xp, sp, x: xp.sum(x**4) ** 0.25, [0.0, 0.0]),
    l4_norm_tiny=(lambda xp, sp, x: xp.sum(x**4) ** 0.25, [1e-90, 2e-90]),
    l4_norm_huge=(lambda xp, sp, x: xp.sum(x**4) ** 0.25, [1e90, 2e90]),
)
group("norms", "HIPS/autograd/issues/586")(
    norm_squared_by_power=(lambda xp, sp, x: xp.sqrt(xp.sum(x**2)) ** 2, [0.0, 0.0]),
    half_norm_squared=(lambda xp, sp, x: 0.5 * xp.sqrt(xp.sum(x * x)) ** 2, [0.0]),
    cosine_of_norm=(lambda xp, sp, x: xp.cos(norm(xp, x)), [0.0, 0.0]),
    gauss_of_norm=(lambda xp, sp, x: xp.exp(-(norm(xp, x) ** 2)), [0.0, 0.0]),
    cosh_of_norm=(lambda xp, sp, x: xp.cosh(norm(xp, x)), [0.0, 0.0]),
    norm_times_itself=(lambda xp, sp, x: norm(xp, x) * norm(xp, x), [0.0, 0.0]),
    norm_three_halves=(lambda xp, sp, x: xp.sum(x**2) ** 0.75, [0.0, 0.0]),
)
group("deviation", "pytorch/pytorch/issues/4320")(
    std_of_two_equal=(lambda xp, sp, x: xp.sqrt(xp.mean((x - xp.mean(x)) ** 2)), [1.0, 1.0]),
    std_of_zeros=(lambda xp, sp, x: xp.sqrt(xp.sum((x - xp.mean(x)) ** 2) / 2), [0.0] * 3),
    variance_by_std=(lambda xp, sp, x: xp.sqrt(xp.mean((x - xp.mean(x)) ** 2)) ** 2, [2.0, 2.0]),
)
group("deviation", "jax-ml/jax/issues/11716")(
    std_tiny_spread=(lambda xp, sp, x: xp.sqrt(xp.mean((x - xp.mean(x)) ** 2)), [1.0, 1.0 + 1e-12]),
    std_one_pass=(lambda xp, sp, x: xp.sqrt(xp.mean(x**2) - xp.mean(x) ** 2), [1e4, 1e4 + 1e-3]),
    variance_one_pass=(lambda xp, sp, x: xp.mean(x**2) - xp.mean(x) ** 2, [1e5, 1e5 + 1e-4]),
    skew_tiny=(lambda xp, sp, x: xp.mean((x - xp.mean(x)) ** 3)
               / xp.mean((x - xp.mean(x)) ** 2) ** 1.5, [1e-120, 2e-120, 4e-120]),
)
group("deviation", "keras-team/keras/issues/2960", "float32")(
    layer_norm_tiny=(lambda xp, sp, x: ((x - xp.mean(x))
                     / xp.sqrt(xp.mean((x - xp.mean(x)) ** 2)))[0], [1e-23, 2e-23, 4e-23]),
    log_std_tiny=(lambda xp, sp, x: xp.log(xp.sqrt(xp.mean((x - xp.mean(x)) ** 2))),
                  [1e-22, 3e-22]),
)
group("branches", "jax-ml/jax/issues/5798")(
    sqrt_in_other_branch=(lambda xp, sp, x: xp.where(x < 1.0, x, xp.sqrt(x)), 0.0),
    log_in_other_branch=(lambda xp, sp, x: xp.where(x > 0, xp.log(x), x), -1.0),
    reciprocal_in_other_branch=(lambda xp, sp, x: xp.where(x == 0, x, x**2 / x), 0.0),
    arcsin_in_other_branch=(lambda xp, sp, x: xp.where(x > 1, x, xp.arcsin(x)), 2.0),
    exp_in_other_branch=(lambda xp, sp, x: xp.where(x > 0, x, xp.exp(x) - 1), 800.0),
    elu=(lambda xp, sp, x: xp.where(x > 0, x, xp.exp(x) - 1.0), -1e-9),
    power_in_other_branch=(lambda xp, sp, x: xp.sum(xp.where(x > 0, x**0.5, 0 * x)), [-1.0, 4.0]),
    two_branches=(lambda xp, sp, x: xp.where(x > 0, xp.sqrt(x), xp.sqrt(-x)), 4.0),
    masked_log_sum=(lambda xp, sp, x: xp.sum(xp.where(x > 0, x * xp.log(x), 0.0)), [0.5, -3.0]),
)
group("branches", "jax-ml/jax/issues/1052")(
    masked_angle=(lambda xp, sp, a: xp.sum(xp.where(xp.abs(a) > 0.5, xp.arctan2(a, a), 0.0)),
                  [3.0, 0.0, -5.0]),
    masked_division=(lambda xp, sp, a: xp.sum(xp.where(a != 0, a**3 / a, 0.0)), [0.0, 2.0]),
    masked_norm=(lambda xp, sp, a: xp.where(xp.sum(a) > 9, norm(xp, a), xp.sum(a)), [0.0, 0.0]),
)
group("branches", "tinygrad/tinygrad/pull/17852", "float32")(
    selu=(lambda xp, sp, x: 1.0507 * xp.where(x >= 0, x, 1.67326 * (xp.exp(x) - 1)), 300.0),
    celu=(lambda xp, sp, x: xp.maximum(x, 0.0) + xp.minimum(0.0, 2 * (xp.exp(x / 2) - 1)), 300.0),
    clipped_exp=(lambda xp, sp, x: xp.exp(xp.minimum(x, 2.0)), 500.0),
)
group("powers", "stan-dev/math/issues/3031")(
    squared_distance_half=(lambda xp, sp, x: xp.sum((x - x) ** 2) ** 0.5 + x[0], [1.0, 2.0]),
    power_three_halves=(lambda xp, sp, x: x**1.5, 0.0),
    power_one=(lambda xp, sp, x: x**1.0, 0.0),
    power_zero=(lambda xp, sp, x: x**0.0, 0.0),
    power_half=(lambda xp, sp, x: x**0.5, 0.0),
    power_of_square=(lambda xp, sp, x: (x**2) ** 1.5, 0.0),
    sixth_root_of_sixth=(lambda xp, sp, x: (x**6) ** (1 / 3), 0.0),
)
group("powers", "pytorch/pytorch/issues/27134")(
    zero_to_the_b=(lambda xp, sp, b: 0.0 ** b[0] + 2.0 ** b[1], [1.0, 1.0]),
    cube_by_power=(lambda xp, sp, x: xp.sum(x**3), [0.0, -2.0]),
    negative_base=(lambda xp, sp, x: x**4 - x**2, -3.0),
)
group("powers", "RobotLocomotion/drake/pull/23862")(
    polynomial_with_power_0=(lambda xp, sp, x: 3 * x**0 + 2 * x**1 + x**2, 0.0),
    power_ratio_huge=(lambda xp, sp, x: x**200 / x**199, 1e10),
    power_ratio_tiny=(lambda xp, sp, x: x**200 / x**198, 1e-10),
    geometric_mean=(lambda xp, sp, x: xp.prod(x) ** 0.25, [1e100, 2e100, 3e100, 4e100]),
    geometric_mean_tiny=(lambda xp, sp, x: xp.prod(x) ** 0.25, [1e-100, 2e-100, 3e-100, 4e-100]),
)
group("angles", "pytorch/pytorch/issues/8069")(
    arccos_of_cosine=(lambda xp, sp, x: xp.arccos(xp.cos(x)), 1e-9),
    arccos_squared=(lambda xp, sp, x: xp.arccos(x) ** 2, 1.0),
    arccos_end=(lambda xp, sp, x: xp.arccos(x), 1.0),
    arcsin_end=(lambda xp, sp, x: xp.arcsin(x), -1.0),
    arcsin_of_sine=(lambda xp, sp, x: xp.arcsin(xp.sin(x)), 1.5707),
)
group("angles", "ronghuaiyang/arcface-pytorch/issues/68")(
    angle_of_parallel=(lambda xp, sp, a, b: xp.arccos(xp.sum(a * b) / (norm(xp, a) * norm(xp, b))),
                       [1.0, 2.0], [1.0, 2.00001]),
    cosine_tiny=(lambda xp, sp, a, b: xp.sum(a * b) / (norm(xp, a) * norm(xp, b)),
                 [1e-200, 2e-200], [3.0, 1.0]),
    angle_squared=(lambda xp, sp, a: xp.arccos(a[0] / norm(xp, a)) ** 2, [1.0, 1e-9]),
)
group("angles", "pytorch/pytorch/issues/98276")(
    angle_near_origin=(lambda xp, sp, x: xp.arctan2(x[0], x[1]), [5.6843e-14, 1e-13]),
    angle_tiny=(lambda xp, sp, x: xp.arctan2(x[0], x[1]), [1e-200, 2e-200]),
    angle_huge=(lambda xp, sp, x: xp.arctan2(x[0], x[1]), [1e200, 2e200]),
    angle_of_quotient=(lambda xp, sp, x: xp.arctan(x[0] / x[1]), [2.0, 1e-200]),
)
group("angles", "strasdat/Sophus/pull/269")(
    log_of_rotation=(lambda xp, sp, v: xp.sum(2 * xp.arctan2(norm(xp, v), 1.0) / norm(xp, v) * v),
                     [0.0, 0.0, 0.0]),
    exp_of_rotation=(lambda xp, sp, v: xp.sum(xp.sin(norm(xp, v)) / norm(xp, v) * v),
                     [0.0, 0.0, 0.0]),
    rodrigues_second=(lambda xp, sp, v: (1 - xp.cos(norm(xp, v))) / xp.sum(v**2), [0.0, 0.0]),
    rodrigues_second_small=(lambda xp, sp, v: (1 - xp.cos(norm(xp, v))) / xp.sum(v**2),
                            [1e-7, 2e-7]),
    rodrigues_third=(lambda xp, sp, v: (norm(xp, v) - xp.sin(norm(xp, v))) / norm(xp, v) ** 3,
                     [1e-4, 2e-4]),
)
group("angles", "borglab/gtsam/pull/780")(
    log_factor_small=(lambda xp, sp, x: x / (2 * xp.sin(x)), 1e-6),
    log_factor=(lambda xp, sp, x: x / xp.sin(x), 0.0),
    trace_to_angle=(lambda xp, sp, x: xp.arccos((1 + 2 * xp.cos(x) - 1) / 2), 1e-4),
    jacobian_factor=(lambda xp, sp, x: 1 / x**2 - (1 + xp.cos(x)) / (2 * x * xp.sin(x)), 1e-3),
)
group("removable", "pytorch/pytorch/issues/56760")(
    sinc=(lambda xp, sp, x: xp.sin(x) / x, 0.0),
    sinc_squared=(lambda xp, sp, x: (xp.sin(x) / x) ** 2, 0.0),
    sinc_shifted=(lambda xp, sp, x: xp.sin(x - 1) / (x - 1), 1.0),
    sinc_by_where=(lambda xp, sp, x: xp.where(x == 0, 1.0, xp.sin(x) / x), 0.0),
    cosine_quotient=(lambda xp, sp, x: (1 - xp.cos(x)) / x, 0.0),
    tangent_quotient=(lambda xp, sp, x: xp.tan(x) / x, 0.0),
)
group("removable", "jax-ml/jax/issues/34139")(
    sinc_small=(lambda xp, sp, x: xp.sin(x) / x, 1e-6),
    sinc_pi_small=(lambda xp, sp, x: xp.sin(3.14159 * x) / (3.14159 * x), 1e-7),
    sinhc_small=(lambda xp, sp, x: xp.sinh(x) / x, 1e-7),
    tanhc_small=(lambda xp, sp, x: xp.tanh(x) / x, 1e-7),
)
group("removable", "jax-ml/jax/issues/34139", "float32")(
    sinc_small_single=(lambda xp, sp, x: xp.sin(x) / x, 1e-3),
    arctanc_single=(lambda xp, sp, x: xp.arctan(x) / x, 1e-3),
    expm1_quotient_single=(lambda xp, sp, x: (xp.exp(x) - 1) / x, 1e-3),
    log1p_quotient_single=(lambda xp, sp, x: xp.log(1 + x) / x, 1e-3),
)
group("removable", "getkeops/keops/pull/137")(
    expm1_quotient=(lambda xp, sp, x: (xp.exp(x) - 1) / x, 0.0),
    log1p_quotient=(lambda xp, sp, x: xp.log1p(x) / x, 0.0),
    expm1_by_where=(lambda xp, sp, x: xp.where(x == 0, 1.0, (xp.exp(x) - 1) / x), 0.0),
    power_by_where=(lambda xp, sp, x: xp.where(x != 1, (x**3 - 1) / (x - 1), 3.0), 1.0),
    log_mean=(lambda xp, sp, x: (x - 1) / xp.log(x), 1.0),
    box_cox=(lambda xp, sp, p: (3.0**p - 1) / p, 0.0),
    langevin=(lambda xp, sp, x: 1 / xp.tanh(x) - 1 / x, 1e-5),
    langevin_zero=(lambda xp, sp, x: 1 / xp.tanh(x) - 1 / x, 0.0),
    bernoulli_function=(lambda xp, sp, x: x / (xp.exp(x) - 1), 0.0),
    bernoulli_function_tail=(lambda xp, sp, x: x / (xp.exp(x) - 1), 800.0),
)
group("distances", "uw-ipd/tmol/pull/146")(
    distance_of_equal=(lambda xp, sp, a, b: norm(xp, a - b), [1.0, 2.0], [1.0, 2.0]),
    distance_squared=(lambda xp, sp, a, b: norm(xp, a - b) ** 2, [1.0, 2.0], [1.0, 2.0]),
    distance_expanded=(lambda xp, sp, a, b: xp.sqrt(xp.sum(a * a) - 2 * xp.sum(a * b)
                       + xp.sum(b * b)), [1.0, 2.0], [1.0, 2.0 + 1e-6]),
    inverse_distance=(lambda xp, sp, a, b: 1 / norm(xp, a - b), [1e-190, 0.0], [0.0, 0.0]),
    huber=(lambda xp, sp, x: xp.where(xp.abs(x) < 1, 0.5 * x**2, xp.abs(x) - 0.5), 0.0),
    pseudo_huber=(lambda xp, sp, x: xp.sqrt(1 + x**2) - 1, 1e-9),
    pseudo_huber_huge=(lambda xp, sp, x: xp.sqrt(1 + x**2) - 1, 1e200),
    exp_of_distance=(lambda xp, sp, a, b: xp.exp(-norm(xp, a - b)), [1.0], [1.0]),
)
group("distances", "dfm/tinygp/issues/115")(
    matern_52=(lambda xp, sp, x, y: (1 + norm(xp, x - y) + norm(xp, x - y) ** 2 / 3)
               * xp.exp(-norm(xp, x - y)), [1.0, 2.0], [1.0, 2.0]),
    matern_32=(lambda xp, sp, x: (1 + xp.sqrt(3 * x**2)) * xp.exp(-xp.sqrt(3 * x**2)), 0.0),
    rational_quadratic=(lambda xp, sp, x: (1 + norm(xp, x) ** 2) ** -0.5, [0.0, 0.0]),
)
group("distances", "lmcinnes/umap/pull/207")(
    poincare_near=(lambda xp, sp, u, v: xp.arccosh(1 + 2 * xp.sum((u - v) ** 2)
                   / ((1 - xp.sum(u**2)) * (1 - xp.sum(v**2)))), [0.1, 0.2], [0.1, 0.2 + 1e-7]),
    poincare_equal=(lambda xp, sp, u: xp.arccosh(1 + 2 * xp.sum((u - u[::-1]) ** 2)), [0.1, 0.1]),
    poincare_squared=(lambda xp, sp, u: xp.arccosh(1 + 2 * xp.sum(u**2)) ** 2, [0.0, 0.0]),
)
group("distances", "pytorch/audio/issues/993")(
    magnitude_of_silence=(lambda xp, sp, x: xp.sum(xp.sqrt((x + x[::-1]) ** 2 + x**2)), [0.0, 0.0]),
    power_of_magnitude=(lambda xp, sp, x: xp.sum(xp.sqrt(x[0] ** 2 + x[1] ** 2) ** 2), [0.0, 0.0]),
    log_magnitude_tiny=(lambda xp, sp, x: xp.log(xp.sqrt(x[0] ** 2 + x[1] ** 2)), [1e-180, 1e-180]),
)
group("overflow", "tracel-ai/burn/issues/5373", "float32")(
    softplus_100=(lambda xp, sp, x: xp.log(xp.exp(x) + 1), 100.0),
    softplus_beta_5=(lambda xp, sp, x: xp.log(xp.exp(5 * x) + 1) / 5, 50.0),
    soft_margin=(lambda xp, sp, x: xp.mean(xp.log(1 + xp.exp(-x))), [-100.0, 3.0]),
    softplus_far_left=(lambda xp, sp, x: xp.log(1 + xp.exp(x)), -80.0),
    log_cosh=(lambda xp, sp, x: xp.log((xp.exp(x) + xp.exp(-x)) / 2), 100.0),
    swish=(lambda xp, sp, x: x * xp.exp(x) / (1 + xp.exp(x)), 100.0),
    softsign_huge=(lambda xp, sp, x: x / (1 + xp.abs(x)), 1e30),
)
group("overflow", "sims1253/bayesfam/issues/31")(
    softplus_inverse=(lambda xp, sp, x: xp.log(xp.exp(x) - 1), 1000.0),
    softplus_inverse_small=(lambda xp, sp, x: xp.log(xp.exp(x) - 1), 1e-12),
    softplus_1000=(lambda xp, sp, x: xp.log(xp.exp(x) + 1), 1000.0),
    softplus_round_trip=(lambda xp, sp, x: xp.log(xp.exp(xp.log(1 + xp.exp(x))) - 1), -30.0),
)
group("overflow", "FluxML/NNlib.jl/issues/68")(
    cross_entropy=(lambda xp, sp, x: -xp.log(xp.exp(x)[0] / xp.sum(xp.exp(x))),
                   [-431.0, 279.0, 427.0]),
    softmax_sum=(lambda xp, sp, x: xp.sum(xp.exp(x) / xp.sum(xp.exp(x)) * x),
                 [-1047.0, -981.0, 1891.0]),
    log_sum_exp=(lambda xp, sp, x: xp.log(xp.sum(xp.exp(x))), [-1000.0, -1001.0]),
)
group("overflow", "ReactiveBayes/ExponentialFamily.jl/issues/294")(
    log_partition=(lambda xp, sp, x: xp.log(xp.sum(xp.exp(x))), [800.0, 810.0, 0.0]),
    partition_ratio=(lambda xp, sp, x: xp.exp(x[0]) / (xp.exp(x[0]) + xp.exp(x[1])),
                     [800.0, 810.0]),
    log_odds=(lambda xp, sp, x: xp.log(xp.exp(x) / (1 - xp.exp(x))), -1e-9),
)
group("overflow", "harvard-edge/cs249r_book/pull/2060", "float32")(
    gelu_by_sigmoid=(lambda xp, sp, x: x / (1 + xp.exp(-1.702 * x)), -60.0),
    gelu_by_tanh=(lambda xp, sp, x: 0.5 * x * (1 + xp.tanh(0.8 * (x + 0.0447 * x**3))), 1e13),
    sigmoid_far_left=(lambda xp, sp, x: 1 / (1 + xp.exp(-x)), -80.0),
    sigmoid_squared=(lambda xp, sp, x: 1 / (1 + xp.exp(-x)) ** 2, -40.0),
)
group("overflow", "AlexeyAB/darknet/issues/3994", "float32")(
    mish=(lambda xp, sp, x: x * xp.tanh(xp.log(1 + xp.exp(x))), 90.0),
    mish_by_exponentials=(lambda xp, sp, x: x * ((1 + xp.exp(x)) ** 2 - 1)
                          / ((1 + xp.exp(x)) ** 2 + 1), 60.0),
    mish_left=(lambda xp, sp, x: x * xp.tanh(xp.log(1 + xp.exp(x))), -30.0),
)
group("cancellation", "tenstorrent/tt-metal/issues/55723")(
    exp_minus_one=(lambda xp, sp, x: xp.exp(x) - 1, -40.0),
    expm1_left=(lambda xp, sp, x: xp.expm1(x), -40.0),
    expm1_minus_x=(lambda xp, sp, x: xp.expm1(x) - x, 1e-9),
    exp_taylor_rest=(lambda xp, sp, x: xp.exp(x) - 1 - x - x**2 / 2, 1e-5),
)
group("cancellation", "unslothai/unsloth-zoo/pull/1240", "float32")(
    reverse_kl=(lambda xp, sp, d: xp.exp(d) - d - 1, 1e-5),
    kl_of_near=(lambda xp, sp, p: p * xp.log(p / 0.3) + (1 - p) * xp.log((1 - p) / 0.7), 0.30001),
    log_ratio=(lambda xp, sp, p: xp.log(p) - xp.log(p + 1e-3), 100.0),
)
group("cancellation", "tensorflow/tensorflow/issues/126060")(
    sigmoid_right=(lambda xp, sp, x: 1 / (1 + xp.exp(-x)), 40.0),
    one_minus_sigmoid=(lambda xp, sp, x: 1 - 1 / (1 + xp.exp(-x)), 40.0),
    log_sigmoid=(lambda xp, sp, x: xp.log(1 / (1 + xp.exp(-x))), -800.0),
    sigmoid_entropy=(lambda xp, sp, x: -sp.expit(x) * xp.log(sp.expit(x))
                     - (1 - sp.expit(x)) * xp.log(1 - sp.expit(x)), 40.0),
)
group("cancellation", "JuliaDiff/DiffRules.jl/issues/102")(
    tanh_right=(lambda xp, sp, x: xp.tanh(x), 25.0),
    one_minus_tanh=(lambda xp, sp, x: 1 - xp.tanh(x), 20.0),
    one_minus_tanh_squared=(lambda xp, sp, x: 1 - xp.tanh(x) ** 2, 20.0),
    log_one_minus_tanh_squared=(lambda xp, sp, x: xp.log(1 - xp.tanh(x) ** 2), 20.0),
    arctanh_of_tanh=(lambda xp, sp, x: xp.arctanh(xp.tanh(x)), 18.0),
)
group("cancellation", "pytorch/pytorch/issues/192406")(
    sqrt_difference=(lambda xp, sp, x: xp.sqrt(x + 1) - xp.sqrt(x), 1e15),
    square_difference=(lambda xp, sp, x: xp.sqrt((x + 1e-9) ** 2 - x**2), 1.0),
    log_difference=(lambda xp, sp, x: xp.log(x + 1) - xp.log(x), 1e14),
    reciprocal_difference=(lambda xp, sp, x: 1 / x - 1 / (x + 1), 1e10),
    arctan_difference=(lambda xp, sp, x: xp.arctan(x + 1) - xp.arctan(x), 1e8),
    sine_difference=(lambda xp, sp, x: xp.sin(x + 1e-8) - xp.sin(x), 1.0),
    root_of_quadratic=(lambda xp, sp, b: -b + xp.sqrt(b**2 - 4), 1e9),
    cosh_minus_one=(lambda xp, sp, x: (xp.cosh(x) - 1) / x**2, 1e-6),
    tan_minus_sin=(lambda xp, sp, x: (xp.tan(x) - xp.sin(x)) / x**3, 1e-4),
    log_minus_series=(lambda xp, sp, x: (xp.log1p(x) - x) / x**2, 1e-6),
)
group("densities", "pytorch/pytorch/issues/28441")(
    dirichlet_tiny=(lambda xp, sp, x: xp.sum(1.5 * xp.log(x)), [1.1665e-39, 0.7]),
    stick_breaking=(lambda xp, sp, z: xp.log(1 / (1 + xp.exp(-z))) + xp.log(1 - 1
                    / (1 + xp.exp(-z))), 60.0),
    beta_density=(lambda xp, sp, x: xp.log(x**9 * (1 - x) ** 4), 1e-40),
)
group("densities", "tensorflow/tensorflow/issues/12371", "float32")(
    negative_binomial=(lambda xp, sp, x: 10 * xp.log(1 - 1 / (1 + xp.exp(-x)))
                       + 10 * xp.log(1 / (1 + xp.exp(-x))), 50.0),
    poisson_log_rate=(lambda xp, sp, x: 3 * xp.log(xp.exp(x)) - xp.exp(x), -90.0),
    logistic_density=(lambda xp, sp, x: xp.log(xp.exp(-x) / (1 + xp.exp(-x)) ** 2), 60.0),
)
group("densities", "tensorflow/probability/pull/1512", "float32")(
    continuous_bernoulli=(lambda xp, sp, x: 1 / (1 - xp.exp(-x)) - 1 / x, -95.0),
    continuous_bernoulli_small=(lambda xp, sp, x: 1 / (1 - xp.exp(-x)) - 1 / x, 1e-3),
    gaussian_log_of_exp=(lambda xp, sp, x: xp.log(xp.exp(-0.5 * x**2) / 2.5), 20.0),
    cauchy_huge=(lambda xp, sp, x: -xp.log(1 + x**2), 1e22),
    student_huge=(lambda xp, sp, x: -2.5 * xp.log(1 + x**2 / 4), 1e21),
)
group("densities", "stan-dev/math/issues/3401")(
    gauss_tail=(lambda xp, sp, x: xp.log(0.5 * sp.erfc(x)), 30.0),
    mills_ratio=(lambda xp, sp, x: xp.exp(-(x**2)) / sp.erfc(x), 30.0),
    exponential_gauss=(lambda xp, sp, x: xp.log(xp.exp(800 - 40 * x) * sp.erfc((40 - x) / 1.5)),
                       1.0),
    log_ndtr_left=(lambda xp, sp, x: sp.log_ndtr(x), -30.0),
    ndtr_difference=(lambda xp, sp, x: xp.log(sp.ndtr(x + 1) - sp.ndtr(x)), 9.0),
)
group("densities", "JuliaMath/SpecialFunctions.jl/pull/229")(
    log_erf_difference=(lambda xp, sp, x: xp.log(sp.erf(x + 5) - sp.erf(x)), 30.0),
    one_minus_erf=(lambda xp, sp, x: 1 - sp.erf(x), 6.0),
)
group("entropy", "pyro-ppl/numpyro/issues/1696")(
    entropy_at_1=(lambda xp, sp, p: -sp.xlogy(p, p), 1.0),
    entropy_interior=(lambda xp, sp, p: -xp.sum(p * xp.log(p)), [1e-300, 0.5]),
    entropy_by_where=(lambda xp, sp, p: -xp.sum(xp.where(p > 0.1, p * xp.log(p), 0.0)), [0.0, 0.5]),
    x_squared_log_x=(lambda xp, sp, x: x**2 * xp.log(x), 0.0),
    x_log_x=(lambda xp, sp, x: x * xp.log(x), 0.0),
    x_to_the_x=(lambda xp, sp, x: xp.exp(x * xp.log(x)), 1.0),
)
group("products", "tensorflow/tensorflow/issues/3862")(
    product_with_zero=(lambda xp, sp, x: xp.prod(x), [0.0, 2.0, 3.0]),
    product_with_two_zeros=(lambda xp, sp, x: xp.prod(x), [0.0, 2.0, 0.0]),
    cumulative_product=(lambda xp, sp, x: xp.sum(xp.cumprod(x)), [0.0, 2.0, 3.0]),
    cumulative_product_late=(lambda xp, sp, x: xp.sum(xp.cumprod(x)), [2.0, 0.0, 3.0]),
    product_by_logs=(lambda xp, sp, x: xp.exp(xp.sum(xp.log(x))), [1e-200, 1e-200, 1e250]),
    product_overflow=(lambda xp, sp, x: xp.prod(x), [1e200, 1e200, 1e-250]),
)
group("kinks", "pytorch/pytorch/pull/2775")(
    relu_at_0=(lambda xp, sp, x: xp.maximum(x, 0.0), 0.0),
    absolute_of_cube=(lambda xp, sp, x: xp.abs(x**3), 0.0),
    square_of_absolute=(lambda xp, sp, x: xp.abs(x) ** 2, 0.0),
    signed_square=(lambda xp, sp, x: xp.sign(x) * x**2, 0.0),
    sign_times_absolute=(lambda xp, sp, x: xp.sign(x) * xp.abs(x), 0.0),
    stable_cross_entropy=(lambda xp, sp, x: xp.maximum(x, 0.0) - x * 0.3
                          + xp.log(1 + xp.exp(-xp.abs(x))), 0.0),
    largest_of_equal=(lambda xp, sp, x: xp.max(x) + xp.min(x), [1.0, 1.0]),
    sqrt_of_fourth_power=(lambda xp, sp, x: xp.sqrt(x**4), 0.0),
    cube_root_of_cube=(lambda xp, sp, x: (x**3) ** 2.0, 0.0),
)
group("infinite", "HIPS/autograd/issues/151")(
    sqrt_at_0=(lambda xp, sp, x: xp.sqrt(x), 0.0),
    sqrt_of_sqrt=(lambda xp, sp, x: xp.sqrt(xp.sqrt(x)), 0.0),
    log_like=(lambda xp, sp, x: xp.sqrt(x) * xp.log(x), 0.0),
    one_minus_sqrt=(lambda xp, sp, x: xp.sqrt(1 - x**2), 1.0),
    cube_root=(lambda xp, sp, x: xp.sign(x) * xp.abs(x) ** (1 / 3), 0.0),
)
group("undefined", "pytorch/pytorch/issues/184575")(
    normalised_zero=(lambda xp, sp, x: xp.sum(x / norm(xp, x)), [0.0, 0.0]),
    sine_of_reciprocal=(lambda xp, sp, x: x * xp.sin(1 / x), 0.0),
    sign_by_division=(lambda xp, sp, x: x / xp.abs(x), 0.0),
    root_of_negative=(lambda xp, sp, x: xp.sqrt(x), -1.0),
    log_of_negative=(lambda xp, sp, x: xp.log(x) + 1.0, -2.0),
)
group("controls", "jax-ml/jax/pull/40820")(
    smooth_mix=(lambda xp, sp, x: xp.sum(xp.exp(xp.sin(x)) * xp.tanh(x)), [0.3, -1.2]),
    smooth_quotient=(lambda xp, sp, x: xp.sum(x) / (1 + xp.sum(x**2)), [0.5, 1.5]),
    smooth_log=(lambda xp, sp, x: xp.sum(xp.log(1 + x**2)), [0.5, -1.5]),
    smooth_where=(lambda xp, sp, x: xp.sum(xp.where(x > 0, x**2, xp.sin(x))), [0.5, -1.5]),
    smooth_norm=(lambda xp, sp, x: norm(xp, x), [3.0, 4.0]),
    smooth_softmax=(lambda xp, sp, x: xp.exp(x)[0] / xp.sum(xp.exp(x)), [0.1, 0.2, 0.3]),
    smooth_power=(lambda xp, sp, x: xp.sum(x**2.5), [0.5, 1.5]),
)
# fmt: on


def point(row: Formula) -> list[np.ndarray]:
    """The arguments."""
    return [np.asarray(a, row.dtype) for a in row.args]
