"""Difficult gradients from reports of users, of geometry and physics: as in zoo_formulas.py.

These and those of zoo_densities.py were written, with their truth, before any was run;
docs/numerics.md has what came out at first sight. Those of the last group are no trouble.
"""

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

EYE = np.eye(3, dtype=bool)


def polar(xp: Any, x: Any) -> Any:
    """The angle to the third axis."""
    return xp.arccos(x[2] / norm(xp, x))


def half(a: Any) -> Any:
    """The symmetric part of a matrix."""
    return (a + a.T) / 2


def lengths(xp: Any, x: Any) -> Any:
    """The distances of all pairs of rows."""
    return xp.sqrt(xp.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=-1))


def curved(xp: Any, k: Any) -> Any:
    """A distance in a universe of curvature k, by the sign of that."""
    closed = xp.sin(xp.sqrt(-k) * 0.5) / xp.sqrt(-k)
    return xp.where(k > 0, xp.sinh(xp.sqrt(k) * 0.5) / xp.sqrt(k), xp.where(k < 0, closed, 0.5))


def nfw(xp: Any, x: Any) -> Any:
    """The projected mass of a halo, by what side of the scale radius is asked for."""
    inner = xp.arccosh(1 / x) / xp.sqrt(1 - x * x)
    outer = xp.arccos(1 / x) / xp.sqrt(x * x - 1)
    return xp.log(x / 2) + xp.where(x < 1, inner, xp.where(x > 1, outer, 1.0))


def turned(xp: Any, v: Any) -> Any:
    """The sum of a point that is turned by a rotation vector (Rodrigues)."""
    t2 = xp.sum(v * v)
    t = xp.sqrt(t2)
    a, b = xp.sin(t) / t, (1 - xp.cos(t)) / t2
    x, y, z = v[1] * 3 - v[2] * 2, v[2] * 1 - v[0] * 3, v[0] * 2 - v[1] * 1
    again = v[1] * z - v[2] * y + v[2] * x - v[0] * z + v[0] * y - v[1] * x
    return 6.0 + a * (x + y + z) + b * again


def overlap(xp: Any, a: Any) -> Any:
    """How much of the union of two boxes both share; one goes from (1, 0) to (2, 1)."""
    w = xp.maximum(xp.minimum(a[2], 2.0) - xp.maximum(a[0], 1.0), 0.0)
    h = xp.maximum(xp.minimum(a[3], 1.0) - xp.maximum(a[1], 0.0), 0.0)
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + 1.0 - w * h)


def call(xp: Any, sp: Any, s: Any, t: Any) -> Any:
    """The price of an option on 1 by Black and Scholes, without interest."""
    d = (xp.log(s) + 0.02 * t) / (0.2 * xp.sqrt(t))
    return s * sp.ndtr(d) - sp.ndtr(d - 0.2 * xp.sqrt(t))


# fmt: off
group("coordinates", "tensorflow/graphics/issues/394")(
    polar_angle_on_axis=(lambda xp, sp, x: polar(xp, x), [0.0, 0.0, 1.0]),
    polar_angle_squared_on_axis=(lambda xp, sp, x: polar(xp, x) ** 2, [0.0, 0.0, 2.0]),
    polar_angle_near_axis=(lambda xp, sp, x: polar(xp, x), [1e-9, 2e-9, 1.0]),
)
group("coordinates", "GalacticDynamics/galax/pull/836")(
    dipole_on_axis=(lambda xp, sp, x: xp.sin(polar(xp, x)) * xp.cos(xp.arctan2(x[1], x[0])),
                    [0.0, 0.0, 2.0]),
    quadrupole_on_axis=(lambda xp, sp, x: norm(xp, x) ** 2 * xp.sin(polar(xp, x)) ** 2
                        * xp.cos(2 * xp.arctan2(x[1], x[0])), [0.0, 0.0, 2.0]),
    axial_harmonic=(lambda xp, sp, x: 3 * xp.cos(polar(xp, x)) ** 2 - 1, [0.0, 0.0, 2.0]),
)
group("coordinates", "GalacticDynamics/coordinax/pull/401")(
    polar_angle_at_origin=(lambda xp, sp, x: polar(xp, x), [0.0, 0.0, 0.0]),
    polar_round_trip_at_origin=(lambda xp, sp, x: norm(xp, x) * xp.cos(xp.arctan2(x[1], x[0])),
                                [0.0, 0.0]),
    spherical_round_trip=(lambda xp, sp, x: norm(xp, x) * xp.cos(polar(xp, x)), [0.0, 0.0, 0.0]),
)
group("rotations", "kornia/kornia/issues/4404")(
    point_turned_by_nothing=(lambda xp, sp, v: turned(xp, v), [0.0, 0.0, 0.0]),
    point_turned_a_little=(lambda xp, sp, v: turned(xp, v), [1e-9, -2e-9, 1e-9]),
    quaternion_log=(lambda xp, sp, v: xp.sum(2 * xp.arctan(norm(xp, v) / 0.9) / norm(xp, v) * v),
                    [0.0, 0.0, 0.0]),
)
group("rotations", "kornia/kornia/issues/611", "float32")(
    axis_with_eps_outside=(lambda xp, sp, v: xp.sum(v / (norm(xp, v) + 1e-3)), [0.0, 0.0, 0.0]),
    axis_with_eps_inside=(lambda xp, sp, v: xp.sum(v / xp.sqrt(xp.sum(v * v) + 1e-6)), [0.0] * 3),
)
group("rotations", "kornia/kornia/issues/1267")(
    angle_of_small_rotation=(lambda xp, sp, r: xp.arccos((r[0] + r[1] + 1.0 - 1.0) / 2),
                             [1 - 5e-11, 1 - 5e-11]),
    vector_of_small_rotation=(lambda xp, sp, c, s: xp.arccos(c) / xp.sin(xp.arccos(c)) * s,
                              1 - 5e-13, 1e-6),
)
group("rotations", "facebookresearch/pytorch3d/issues/188")(
    log_factor_near_half_turn=(lambda xp, sp, c: xp.arccos(c) / (2 * xp.sin(xp.arccos(c))),
                               -1 + 1e-13),
)
group("rotations", "kornia/kornia/pull/4228")(
    pitch_at_gimbal_lock=(lambda xp, sp, w, y: xp.arcsin(xp.clip(2 * w * y, -1.0, 1.0)), 1.0, 0.5),
)
group("rotations", "dfki-ric/pytransform3d/issues/45")(
    slerp_weight_of_equal=(lambda xp, sp, x: xp.sin(0.3 * x) / xp.sin(x), 0.0),
    slerp_weight_of_near=(lambda xp, sp, x: xp.sin(0.3 * x) / xp.sin(x), 1e-6),
)
group("molecules", "ericchansen/q2mm/pull/288")(
    energy_of_straight_angle=(lambda xp, sp, a: xp.arccos(-a[0] / norm(xp, a)) ** 2, [-1.0, 0.0]),
    cosine_energy_of_straight_angle=(lambda xp, sp, a: (1 + a[0] / norm(xp, a)) * 3, [-1.0, 0.0]),
)
group("molecules", "atomistic-machine-learning/schnetpack/pull/87", "float32")(
    angles_of_padding=(lambda xp, sp, x: xp.sum(xp.where(np.array([True, False]),
                       x[:, 0] / xp.sqrt(xp.sum(x**2, axis=1)), 0.0)), [[3.0, 4.0], [0.0, 0.0]]),
)
group("molecules", "jax-ml/jax/issues/654")(
    coulomb_pairs=(lambda xp, sp, x: xp.sum(xp.where(EYE, 0.0, 1 / lengths(xp, x))),
                   [[0.1, 0.2], [1.0, -0.2], [2.0, 1.0]]),
    repulsion_pairs=(lambda xp, sp, x: xp.sum(xp.where(EYE, 0.0, xp.exp(-lengths(xp, x))
                     / lengths(xp, x) ** 6)), [[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]]),
)
group("molecules", "deepmodeling/DMFF/issues/183")(
    bump_at_cutoff=(lambda xp, sp, r: xp.exp(1 - 1 / xp.maximum(1 - r**2, 0.0)), 1.0),
    switch_at_cutoff=(lambda xp, sp, r: xp.where(r < 1, (1 - r**2) ** 1.5, 0.0), 1.0),
    switch_beyond_cutoff=(lambda xp, sp, r: xp.where(r < 1, (1 - r**2) ** 1.5 / r, 0.0), 1.5),
)
group("contact", "google-deepmind/mujoco/issues/1517")(
    smooth_friction=(lambda xp, sp, v: norm(xp, v) * xp.tanh(norm(xp, v)), [0.0, 0.0]),
    regularised_friction=(lambda xp, sp, v: norm(xp, v) ** 2 / (norm(xp, v) + 1), [0.0, 0.0]),
)
group("contact", "google-deepmind/mujoco/issues/2841")(
    point_inside_box=(lambda xp, sp, p: norm(xp, p - xp.clip(p, -1.0, 1.0)), [0.2, -0.5]),
    point_on_box=(lambda xp, sp, p: norm(xp, p - xp.clip(p, -1.0, 1.0)), [0.2, 1.0]),
)
group("contact", "CliMA/Oceananigans.jl/issues/3195")(
    quadratic_drag_at_rest=(lambda xp, sp, u: xp.sum(xp.sqrt(u[0] ** 2 + u[1] ** 2) * u),
                            [0.0, 0.0]),
    inverse_log_law=(lambda xp, sp, d: (0.4 / xp.log(d)) ** 2, 1.0 + 1e-9),
)
group("materials", "JuliaDiff/ForwardDiff.jl/issues/55")(
    equivalent_stress_at_rest=(lambda xp, sp, s: xp.sqrt(((s[0] - s[1]) ** 2 + (s[1] - s[2]) ** 2
                               + (s[2] - s[0]) ** 2) / 2), [0.0, 0.0, 0.0]),
    equivalent_stress_uniaxial=(lambda xp, sp, s: xp.sqrt(((s[0] - s[1]) ** 2 + 6 * s[2] ** 2) / 2),
                                [100.0, 0.0, 0.0]),
)
group("materials", "MAteRialMOdelingToolbox/Marmot/pull/59")(
    flow_beyond_yield=(lambda xp, sp, s: xp.maximum(xp.sqrt(2 * xp.sum(s**2)) - 1.0, 0.0) ** 2,
                       [0.0, 0.0]),
    hydrostatic_pressure_cone=(lambda xp, sp, s: xp.sum(s) + xp.sqrt(xp.sum((s - xp.mean(s)) ** 2)),
                               [2.0, 2.0, 2.0]),
)
group("boxes", "Zzh-tju/DIoU-pytorch-detectron/issues/19", "float32")(
    overlap_of_touching_boxes=(lambda xp, sp, a: overlap(xp, a), [0.0, 0.0, 1.0, 1.0]),
    overlap_of_flat_box=(lambda xp, sp, a: overlap(xp, a), [1.5, 0.5, 1.75, 0.5]),
    aspect_of_thin_box=(lambda xp, sp, a: (xp.arctan(a[0] / a[1]) - 0.5) ** 2, [1.0, 1e-30]),
)
group("physics", "HajimeKawahara/exojax/pull/753", "float32")(
    planck_cold=(lambda xp, sp, x: x**3 / (xp.exp(x) - 1), 89.5),
    planck_by_temperature=(lambda xp, sp, t: 1 / (xp.exp(300 / t) - 1), 5.0),
)
group("physics", "lanl/singularity-opac/pull/39")(
    planck_long_wave=(lambda xp, sp, x: 1 / (xp.exp(x) - 1), 1e-20),
    planck_rest=(lambda xp, sp, x: 1 / (xp.exp(x) - 1) - 1 / x, 1e-5),
    planck_short_wave=(lambda xp, sp, w: 1 / (w**5 * (xp.exp(1 / w) - 1)), 1e-3),
)
group("physics", "JuliaMolSim/DFTK.jl/issues/514")(
    occupation_of_cold_state=(lambda xp, sp, t: 1 / (xp.exp(1 / t) + 1), 1e-3),
    occupation_entropy=(lambda xp, sp, x: x * xp.exp(x) / (1 + xp.exp(x)) - xp.log(1 + xp.exp(x)),
                        400.0),
    occupation_difference=(lambda xp, sp, x: (1 / (xp.exp(x) + 1) - 0.5) / x, 1e-6),
)
group("physics", "JuliaAstro/Cosmology.jl/pull/78")(
    distance_without_curvature=(lambda xp, sp, k: xp.sinh(xp.sqrt(k) * 0.5) / xp.sqrt(k), 0.0),
    distance_by_sign_of_curvature=(lambda xp, sp, k: curved(xp, k), 0.0),
    volume_of_little_curvature=(lambda xp, sp, k: (0.5 * xp.sqrt(1 + k / 4)
                                - xp.arcsinh(xp.sqrt(k) / 2) / xp.sqrt(k)) / k, 1e-7),
)
group("physics", "Ciela-Institute/caustics/issues/174")(
    halo_at_scale_radius=(lambda xp, sp, x: nfw(xp, x), 1.0),
    halo_near_scale_radius=(lambda xp, sp, x: nfw(xp, x), 1 - 1e-9),
    halo_inside=(lambda xp, sp, x: nfw(xp, x), 1e-8),
)
group("physics", "jesford/cluster-lensing/issues/5")(
    einasto_at_center=(lambda xp, sp, x: xp.exp(-(norm(xp, x) ** 1.5)), [0.0, 0.0]),
    einasto_cusp=(lambda xp, sp, x: xp.exp(-(norm(xp, x) ** 0.5)), [0.0, 0.0]),
    softened_by_nothing=(lambda xp, sp, x: xp.sqrt(x[0] ** 2 + (1 + xp.sqrt(x[1] ** 2)) ** 2),
                         [0.5, 0.0]),
)
group("physics", "ericagol/NbodyGradient.jl/pull/84")(
    eccentricity_of_circle=(lambda xp, sp, e: xp.sqrt(e[0] ** 2 + e[1] ** 2), [0.0, 0.0]),
    longitude_of_circle=(lambda xp, sp, e: norm(xp, e) * xp.sin(0.3 - xp.arctan2(e[1], e[0])),
                         [0.0, 0.0]),
    true_anomaly=(lambda xp, sp, e: 2 * xp.arctan(xp.sqrt((1 + e) / (1 - e)) * np.tan(0.4)), 1.0),
)
group("physics", "ben-cassese/jorbit/issues/62")(
    inclination_of_flat_orbit=(lambda xp, sp, h: xp.arccos(h[2] / norm(xp, h)) ** 2,
                               [0.0, 0.0, 0.5]),
)
group("physics", "rtqichen/torchdiffeq/issues/38")(
    first_step_at_rest=(lambda xp, sp, y: xp.minimum(0.01 / norm(xp, y), 1e3), [0.0, 0.0]),
    step_of_no_error=(lambda xp, sp, e: xp.minimum(10.0, 0.9 * norm(xp, e) ** -0.2), [0.0, 0.0]),
)
group("finance", "pfnet-research/pfhedge/issues/484")(
    option_at_expiry=(lambda xp, sp, t: call(xp, sp, 1.25, t), 0.0),
    option_at_the_money_at_expiry=(lambda xp, sp, t: call(xp, sp, 1.0, t), 0.0),
    option_near_expiry=(lambda xp, sp, s, t: call(xp, sp, s, t), 0.75, 1e-2),
)
group("matrices", "jax-ml/jax/issues/2380")(
    determinant_of_rank_1=(lambda xp, sp, a: xp.linalg.det(a), [[1.0, 2.0], [2.0, 4.0]]),
    determinant_of_zeros=(lambda xp, sp, a: xp.linalg.det(a), [[0.0] * 3] * 3),
    determinant_of_rank_2=(lambda xp, sp, a: xp.linalg.det(a),
                           [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
)
group("matrices", "pytorch/pytorch/issues/80761")(
    determinant_of_one_zero=(lambda xp, sp, a: xp.linalg.det(a), [[0.0]]),
    log_of_tiny_determinant=(lambda xp, sp, a: xp.log(xp.linalg.det(a)),
                             [[1e-200, 0.0], [0.0, 2e-200]]),
)
group("matrices", "jax-ml/jax/issues/21896")(
    roots_of_equal_eigenvalues=(lambda xp, sp, a: xp.sum(xp.sqrt(xp.linalg.eigh(half(a))[0])),
                                [[2.0, 0.0], [0.0, 2.0]]),
    gap_of_equal_eigenvalues=(lambda xp, sp, a: xp.linalg.eigh(half(a))[0][1]
                              - xp.linalg.eigh(half(a))[0][0], [[2.0, 0.0], [0.0, 2.0]]),
)
group("matrices", "jax-ml/jax/issues/4646")(
    single_eigenvector=(lambda xp, sp, a: xp.linalg.eigh(half(a))[1][0, 2]
                        * xp.linalg.eigh(half(a))[1][1, 2],
                        [[4.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
)
group("matrices", "jax-ml/jax/issues/10527")(
    norm_by_eigenvectors=(lambda xp, sp, x: xp.sum(xp.matmul(x, xp.linalg.eigh(
                          x[:, None] * x[None, :])[1]) ** 2), [1.0, 2.0, 3.0]),
)
group("matrices", "jax-ml/jax/issues/8732")(
    norm_by_equal_singular_values=(lambda xp, sp, a: xp.sqrt(xp.sum(xp.linalg.svd(a)[1] ** 2)),
                                   [[2.0, 0.0], [0.0, 2.0]]),
    powers_of_equal_singular_values=(lambda xp, sp, a: xp.sum(xp.linalg.svd(a)[1] ** 4),
                                     [[0.0, 1.0], [1.0, 0.0]]),
    nuclear_norm_of_zeros=(lambda xp, sp, a: xp.sum(xp.linalg.svd(a)[1]), [[0.0, 0.0], [0.0, 0.0]]),
)
group("models at ordinary points", "jax-ml/jax/pull/383")(
    ordinary_polar=(lambda xp, sp, x: polar(xp, x), [0.3, -0.4, 0.5]),
    ordinary_halo=(lambda xp, sp, x: nfw(xp, x), 1.7),
    ordinary_rotation=(lambda xp, sp, v: turned(xp, v), [0.3, -1.2, 0.5]),
    ordinary_option=(lambda xp, sp, s, t: call(xp, sp, s, t), 1.1, 0.7),
    ordinary_overlap=(lambda xp, sp, a: overlap(xp, a), [0.5, 0.25, 1.75, 0.75]),
    ordinary_pairs=(lambda xp, sp, x: xp.sum(xp.where(EYE, 1.0, lengths(xp, x)) ** -2),
                    [[0.1, 0.2], [1.0, -0.2], [2.0, 1.0]]),
    ordinary_curvature=(lambda xp, sp, k: curved(xp, k), -0.7),
    ordinary_rows=(lambda xp, sp, x: xp.sum(xp.where(xp.sqrt(xp.sum(x**2, axis=1)) > 0.5,
                   xp.sqrt(xp.sum(x**2, axis=1)), 1.0)), [[1.0, 2.0], [3.0, 4.0], [0.1, 0.2]]),
)
# fmt: on
