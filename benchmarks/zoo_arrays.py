"""Difficult gradients from reports of users, of arrays, infinities and matrices: a second draw."""

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
METRIC = np.array([[2.0, 1.0], [1.0, 2.0]])
ZERO = np.array([0.0, 1.0, 2.0])


def half(a: Any) -> Any:
    """The symmetric part of a matrix."""
    return (a + a.T) / 2


def length(xp: Any, x: Any) -> Any:
    """The length by a metric."""
    return xp.sqrt(xp.sum(x * xp.matmul(METRIC, x)))


# fmt: off
group("infinities", "jax-ml/jax/issues/1624")(
    log_of_masked_sum=(lambda xp, sp, x: xp.log(xp.sum(xp.exp(x))), [-INFINITE, 0.5, 1.0]),
    share_beside_masked=(lambda xp, sp, x: xp.exp(x - xp.max(x))[1] / xp.sum(xp.exp(x - xp.max(x))),
                         [-INFINITE, 1.0, 2.0]),
    pair_of_masked=(lambda xp, sp, x: xp.logaddexp(x[0], x[1]) + x[1], [-INFINITE, 2.0]),
    probability_of_masked=(lambda xp, sp, x: xp.exp(xp.logaddexp(x[0], x[1])),
                           [-INFINITE, -INFINITE]),
)
group("infinities", "jax-ml/jax/issues/25681")(
    saturated=(lambda xp, sp, x: xp.sum(xp.tanh(x) + xp.arctan(2 * x)), [INFINITE, -INFINITE, 0.5]),
    reciprocals=(lambda xp, sp, x: xp.sum(1 / (1 + x)), [INFINITE, 1.0]),
    gauss_far_away=(lambda xp, sp, x: xp.sum(xp.exp(-(x**2))), [INFINITE, 1.0]),
    logistic_far_away=(lambda xp, sp, x: xp.sum(1 / (1 + xp.exp(-x))), [INFINITE, -INFINITE, 1.0]),
)
group("infinities", "jax-ml/jax/issues/23842", "float32")(
    weights_of_zero=(lambda xp, sp, x: xp.log(xp.sum(np.array([0.0, 2.0], np.float32) * xp.exp(x))),
                     [1000.0, 1.0]),
    missing_numbers=(lambda xp, sp, x: xp.sum(xp.where(xp.isnan(x), 0.0, x**2)) / 2,
                     [float("nan"), 3.0]),
    clipped_probability=(lambda xp, sp, p: -xp.sum(xp.log(xp.clip(p, 1e-7, 1.0))), [0.0, 0.5]),
)
group("infinities", "stan-dev/math/pull/1772")(
    log_sum_of_huge=(lambda xp, sp, x: xp.log(xp.sum(xp.exp(x))), [1e20, 1e20]),
    log_sum_shifted=(lambda xp, sp, x: xp.max(x) + xp.log(xp.sum(xp.exp(x - xp.max(x)))),
                     [1e15, 1e15 + 1, 3.0]),
)
group("special", "EnzymeAD/Enzyme.jl/issues/1601")(
    xlogy_at_0=(lambda xp, sp, x: sp.xlogy(x, 23.0), 0.0),
    xlogy_products=(lambda xp, sp, x: xp.sum(sp.xlogy(x, x + 1)), [0.0, 2.0]),
    entr_inside=(lambda xp, sp, x: xp.sum(sp.entr(x)), [1.0, 1e-300]),
)
group("special", "jax-ml/jax/issues/7390")(
    gammainc_at_0=(lambda xp, sp, x: sp.gammainc(2.0, x), 0.0),
    gammainc_steep=(lambda xp, sp, x: sp.gammainc(0.5, x), 0.0),
    bessel_scaled=(lambda xp, sp, x: xp.log(sp.i0e(x)), 1e5),
    normal_tail_right=(lambda xp, sp, x: sp.log_ndtr(x), 30.0),
    ratio_of_tails=(lambda xp, sp, x: sp.erfc(x + 1) / sp.erfc(x), 27.0),
    ratio_of_logistics=(lambda xp, sp, x: sp.expit(x) / sp.expit(x - 1), -1000.0),
    log_share=(lambda xp, sp, x: sp.log_softmax(x)[0], [0.0, 1e4]),
    share_by_library=(lambda xp, sp, x: xp.log(sp.softmax(x, axis=0)[0]), [0.0, 1e4, 5e3]),
)
group("special", "openturns/openturns/issues/1058")(
    extreme_value_at_0=(lambda xp, sp, c: (1 + c * 0.75) ** (-1 / c), 0.0),
    extreme_value_near_0=(lambda xp, sp, c: (1 + c * 0.75) ** (-1 / c), 1e-9),
    pareto_at_0=(lambda xp, sp, c: (1 + 1 / c) * xp.log(1 + c * 0.75), 0.0),
)
group("special", "jstat/jstat/pull/137")(
    student_by_gamma=(lambda xp, sp, v: xp.log(sp.gamma((v + 1) / 2) / sp.gamma(v / 2)), 400.0),
    binomial_by_gamma=(lambda xp, sp, n: sp.gamma(n + 1) / (sp.gamma(n - 1) * 2), 180.0),
)
group("special", "GPflow/GPflow/pull/1303")(
    sinc_at_0=(lambda xp, sp, x: xp.sinc(x), 0.0),
    sinc_at_1=(lambda xp, sp, x: xp.sinc(x), 1.0),
    sinc_of_norm=(lambda xp, sp, x: xp.sinc(norm(xp, x)), [0.0, 0.0]),
)
group("deviations", "pytorch/pytorch/issues/12986", "float32")(
    std_of_offset=(lambda xp, sp, x: xp.std(x), [10000.0, 10001.0, 10003.0]),
    std_of_equal=(lambda xp, sp, x: xp.std(x) + x[0], [2.0, 2.0, 2.0]),
    std_of_equal_squared=(lambda xp, sp, x: xp.std(x) ** 2, [2.0, 2.0, 2.0]),
    score_of_tiny=(lambda xp, sp, x: ((x - xp.mean(x)) / xp.std(x))[0], [1e-24, 2e-24, 4e-24]),
    coefficient_of_variation=(lambda xp, sp, x: xp.std(x) / xp.mean(x), [1e30, 2e30, 4e30]),
)
group("lengths", "EnzymeAD/Enzyme.jl/pull/2626")(
    hypot_at_origin=(lambda xp, sp, x: xp.hypot(x[0], x[1]), [0.0, 0.0]),
    hypot_squared=(lambda xp, sp, x: xp.hypot(x[0], x[1]) ** 2, [0.0, 0.0]),
    hypot_of_tiny=(lambda xp, sp, x: xp.log(xp.hypot(x[0], x[1])), [3e-300, 4e-300]),
    metric_length_at_origin=(lambda xp, sp, x: length(xp, x), [0.0, 0.0]),
    metric_length_squared=(lambda xp, sp, x: length(xp, x) ** 2, [0.0, 0.0]),
    kernel_by_metric=(lambda xp, sp, x: (1 + length(xp, x)) * xp.exp(-length(xp, x)), [0.0, 0.0]),
)
group("lengths", "FluxML/NNlib.jl/pull/639")(
    half_norm=(lambda xp, sp, x: xp.sum(xp.abs(x) ** 0.5) ** 2, [0.0, 1.0]),
    cubic_norm=(lambda xp, sp, x: xp.sum(xp.abs(x) ** 3) ** (1 / 3), [1e-150, -2e-150]),
    largest_by_power=(lambda xp, sp, x: xp.mean(x**64) ** (1 / 64), [1e10, 2e10]),
)
group("order", "tensorflow/tfjs/issues/346")(
    zero_to_the_2=(lambda xp, sp, x, y: x**y, 0.0, 2.0),
    products_of_many_scales=(lambda xp, sp, x: xp.prod(x), [1e200, 1e200, 1e-200, 1e-200]),
    cumulative_with_two_zeros=(lambda xp, sp, x: xp.sum(ZERO * xp.cumprod(x)), [0.0, 3.0, 0.0]),
    sorted_ties_alike=(lambda xp, sp, x: xp.sum(2 * xp.sort(x)), [1.0, 1.0, 0.5]),
    range_of_equal=(lambda xp, sp, x: xp.max(x) - xp.min(x), [1.0, 1.0]),
    wave_at_whole_number=(lambda xp, sp, x: ((x - xp.floor(x)) * (1 - x + xp.floor(x))) ** 2, 2.0),
    ratios_of_slices=(lambda xp, sp, x: xp.sum(xp.where(np.array([True, False]), x[1:] / x[:-1],
                      x[1:])), [1.0, 0.0, 2.0]),
)
group("order", "Cantera/cantera/issues/2132")(
    debye_huckel=(lambda xp, sp, i: i * xp.sqrt(i) / (1 + xp.sqrt(i)), 0.0),
    debye_huckel_log=(lambda xp, sp, i: xp.log(1 + xp.sqrt(i)) - xp.sqrt(i), 0.0),
    ideal_mixing=(lambda xp, sp, x: xp.sum(x * xp.log(x + 1e-12)), [0.0, 1.0]),
)
group("matrices", "pytorch/pytorch/pull/58195")(
    exponentials_of_no_matrix=(lambda xp, sp, a: xp.sum(xp.exp(xp.linalg.eigh(half(a))[0])),
                               [[0.0, 0.0], [0.0, 0.0]]),
    smallest_eigenvalue=(lambda xp, sp, a: xp.linalg.eigh(half(a))[0][0],
                         [[1.0, 1 / 2, 1 / 3], [1 / 2, 1 / 3, 1 / 4], [1 / 3, 1 / 4, 1 / 5]]),
    product_of_singular_values=(lambda xp, sp, a: xp.sum(xp.log(xp.linalg.svd(a)[1])),
                                [[3.0, 0.0], [0.0, 3.0]]),
    condition_of_identity=(lambda xp, sp, a: xp.linalg.svd(a)[1][0] / xp.linalg.svd(a)[1][1],
                           [[1.0, 0.0], [0.0, 1.0]]),
    projection_on_equal=(lambda xp, sp, a: xp.sum(xp.matmul(xp.linalg.eigh(half(a))[1][:, 1:],
                         xp.linalg.eigh(half(a))[1][:, 1:].T) * np.array([[1.0, 2.0, 0.0],
                         [2.0, 3.0, 4.0], [0.0, 4.0, 5.0]])),
                         [[1.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]]),
    determinant_huge=(lambda xp, sp, a: xp.log(xp.linalg.det(a)),
                      [[1e200, 0.0], [1e199, 2e200]]),
    determinant_nearly_singular=(lambda xp, sp, a: xp.linalg.det(a),
                                 [[1.0, 1.0], [1.0, 1.0 + 1e-15]]),
)
group("arrays at ordinary points", "jax-ml/jax/pull/383")(
    ordinary_std=(lambda xp, sp, x: xp.std(x), [0.5, 2.0, -1.0]),
    ordinary_metric=(lambda xp, sp, x: length(xp, x), [0.5, 2.0]),
    ordinary_sort=(lambda xp, sp, x: xp.sum(ZERO * xp.sort(x)), [0.5, 2.0, -1.0]),
    ordinary_determinant=(lambda xp, sp, a: xp.log(xp.linalg.det(a)), [[2.0, 1.0], [0.5, 3.0]]),
    ordinary_extreme_value=(lambda xp, sp, c: (1 + c * 0.75) ** (-1 / c), 0.4),
)
# fmt: on
