"""Difficult gradients from reports of users, as programs: rotations, rays, shapes, colours.

A third draw, with those of zoo_losses.py, zoo_statistics.py and zoo_sciences.py. Functions here are
as users write them, with helpers, loops, masks and batches, and most are asked in both precisions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from zoo_formulas import GITHUB, Formula, norm

ROWS: list[Formula] = []
Function = Callable[..., Any]


def reported(
    report: str,
    category: str,
    *args: Any,
    single: tuple[Any, ...] | None = None,
    rows: list[Formula] = ROWS,
) -> Callable[[Function], Function]:
    """A row of float64 and one of float32, whose name ends in _single, from one report.

    `single` are the arguments of the latter, where others overflow; of `()` there is none.
    """

    def add(f: Function) -> Function:
        rows.append(Formula(f.__name__, category, GITHUB + report, f, args, "float64"))
        if single != ():
            name, short = f"{f.__name__}_single", args if single is None else single
            rows.append(Formula(name, category, GITHUB + report, f, short, "float32"))
        return f

    return add


def like(x: Any, values: Any) -> Any:
    """Constants in the precision of x."""
    return np.asarray(values, x.dtype)


case = partial(reported, rows=ROWS)

# ------------------------------------------------------------ rotations


def slerp(xp: Any, p: Any, q: Any, t: float) -> Any:
    """Between two unit quaternions."""
    angle = xp.arccos(xp.clip(xp.sum(p * q), -1.0, 1.0))
    return (xp.sin((1 - t) * angle) * p + xp.sin(t * angle) * q) / xp.sin(angle)


@case("playcanvas/engine/issues/39", "rotations", [1.0, 0.0, 0.0, 0.0])
def slerp_to_itself(xp, sp, q):
    return xp.sum(
        like(q, [1.0, 2.0, 3.0, 4.0]) * slerp(xp, q / norm(xp, q), like(q, [1, 0, 0, 0]), 0.25)
    )


@case("mosra/magnum/issues/117", "rotations", [1.0, 0.0, 0.0, 0.0], [1.0, 1e-6, 0.0, 0.0],
      single=([1.0, 0.0, 0.0, 0.0], [1.0, 1e-3, 0.0, 0.0]))  # fmt: skip
def slerp_to_near(xp, sp, p, q):
    mixed = slerp(xp, p / norm(xp, p), q / norm(xp, q), 0.25)
    return xp.sum(like(p, [1.0, 2.0, 3.0, 4.0]) * mixed)


@case("facebookresearch/pytorch3d/issues/188", "rotations", np.eye(3).tolist())
def vector_of_rotation_matrix(xp, sp, r):
    angle = xp.arccos((r[0, 0] + r[1, 1] + r[2, 2] - 1) / 2)
    axis = xp.stack([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    return xp.sum(like(r, [1.0, 2.0, 3.0]) * axis * angle / (2 * xp.sin(angle)))


@case("kornia/kornia/issues/4404", "rotations", np.eye(3).tolist())
def quaternion_of_rotation_matrix(xp, sp, r):
    trace = r[0, 0] + r[1, 1] + r[2, 2]
    s, u = xp.sqrt(trace + 1) * 2, xp.sqrt(1 + r[0, 0] - r[1, 1] - r[2, 2]) * 2
    x = xp.where(trace > 0, (r[2, 1] - r[1, 2]) / s, u / 4)
    w = xp.where(trace > 0, s / 4, (r[2, 1] - r[1, 2]) / u)
    return w + 2 * x


@case("kornia/kornia/issues/1267", "rotations", [0.0, 0.0, 0.0])
def rotation_of_quaternion_of_vector(xp, sp, v):
    half = norm(xp, v) / 2
    w, xyz = xp.cos(half), v / norm(xp, v) * xp.sin(half)
    return 2 * (xyz[0] * xyz[1] - w * xyz[2]) + 2 * (xyz[0] * xyz[2] + w * xyz[1])


@case("strasdat/Sophus/pull/269", "rotations", [0.1, -0.2, 0.3], [0.0, 0.0, 0.0])
def translation_of_twist(xp, sp, u, v):
    t = norm(xp, v)
    cross = xp.stack([v[1] * u[2] - v[2] * u[1], v[2] * u[0] - v[0] * u[2],
                      v[0] * u[1] - v[1] * u[0]])  # fmt: skip
    along = xp.sum(v * u) * v
    moved = xp.sin(t) / t * u + (1 - xp.cos(t)) / t**2 * cross
    return xp.sum(like(u, [3.0, 1.0, 2.0]) * (moved + (t - xp.sin(t)) / t**3 * along))


# ------------------------------------------------------------ cameras and rays


@case("facebookresearch/momentum/pull/1013", "cameras", [0.0, 0.0])
def fisheye_at_center(xp, sp, p):
    r = xp.sqrt(p[0] ** 2 + p[1] ** 2)
    theta = xp.arctan(r)
    scale = xp.where(r > 1e-8, theta * (1 + 0.1 * theta**2) / r, 1.0)
    return xp.sum(like(p, [2.0, 5.0]) * p * scale)


@case("jax-ml/jax/issues/1052", "cameras",
      [[0.5, 0.25, 2.0], [0.3, 0.1, 0.0], [0.2, 0.4, 1.0]])  # fmt: skip
def projected_where_in_front(xp, sp, points):
    """One point is padding."""
    visible = np.array([True, False, True])
    u = xp.where(visible, points[:, 0] / points[:, 2], 0.0)
    v = xp.where(visible, points[:, 1] / points[:, 2], 0.0)
    return xp.sum((u - 0.1) ** 2 + (v - 0.2) ** 2)


@case("danielward27/flowjax/issues/239", "cameras", [[0.0, 0.0, -3.0], [0.0, 3.0, -3.0]])
def depth_of_sphere(xp, sp, origins):
    """Two rays along z, of which the second misses."""
    b = origins[:, 2]
    gap = b**2 - (xp.sum(origins**2, axis=1) - 1.0)
    hit = xp.where(gap > 0, -b - xp.sqrt(gap), 10.0)
    return xp.sum(hit**2)


@case("jax-ml/jax/issues/1052", "cameras", [0.25, 0.5, -2.0], [0.0, 0.0, 1.0])
def entry_of_box(xp, sp, o, d):
    """By slabs: of a ray along an axis two quotients are infinite."""
    near = xp.minimum((-1.0 - o) / d, (1.0 - o) / d)
    return xp.max(near)


@case("g-truc/glm/pull/1452", "cameras", [0.9, 0.2])
def refracted_or_reflected(xp, sp, cosine):
    k = 1.0 - 1.5**2 * (1.0 - cosine**2)
    bent = xp.where(k < 0, 0.0, 1.5 * cosine - xp.sqrt(k))
    return xp.sum(bent**2 + cosine)


@case("garrekstemo/TransferMatrix.jl/pull/45", "cameras", 1.0)
def reflectance_at_normal_incidence(xp, sp, c):
    s = xp.sqrt(1 - c**2) / 1.5
    t = xp.sqrt(1 - s**2)
    return ((c - 1.5 * t) / (c + 1.5 * t)) ** 2 + ((t - 1.5 * c) / (t + 1.5 * c)) ** 2


@case("tensorflow/tensorflow/issues/3862", "cameras", [0.5, 1.0, 0.25], [0.2, 0.4, 0.9])
def rendered_behind_opaque(xp, sp, alpha, color):
    """Transmittance is a product of which one factor is zero."""
    light = xp.concatenate([like(alpha, [1.0]), xp.cumprod(1 - alpha)[:-1]])
    return xp.sum(alpha * light * color)


@case("tensorflow/graphics/issues/394", "cameras", [[0.0, 0.0, 2.0], [1.0, 0.0, 1.0]])
def azimuthal_map(xp, sp, directions):
    """The point under the axis of an equidistant lens is the image's center."""
    total = 0.0
    for k in range(2):
        x, y, z = directions[k, 0], directions[k, 1], directions[k, 2]
        r = xp.hypot(x, y)
        total = total + xp.arctan2(r, z) * (x + 2 * y) / r
    return total


# ------------------------------------------------------------ shapes


@case("google-deepmind/mujoco/issues/2841", "shapes", [0.25, -0.1])
def distance_inside_rectangle(xp, sp, p):
    q = xp.abs(p) - like(p, [1.0, 2.0])
    return norm(xp, xp.maximum(q, 0.0)) + xp.minimum(xp.maximum(q[0], q[1]), 0.0)


@case("google-deepmind/mujoco/issues/2841", "shapes", [0.0, 0.0, 0.0])
def distance_to_torus_from_center(xp, sp, p):
    ring = xp.sqrt(p[0] ** 2 + p[1] ** 2) - 2.0
    return xp.sqrt(ring**2 + p[2] ** 2) - 0.5


@case("google-deepmind/mujoco/issues/1517", "shapes", [0.5, 0.0])
def distance_to_segment_from_it(xp, sp, p):
    a, b = like(p, [0.0, 0.0]), like(p, [1.0, 0.0])
    t = xp.clip(xp.sum((p - a) * (b - a)) / xp.sum((b - a) ** 2), 0.0, 1.0)
    return norm(xp, p - a - t * (b - a))


@case("jax-ml/jax/issues/1052", "shapes", [0.3, 0.4])
def distance_to_segment_of_no_length(xp, sp, p):
    a, b = like(p, [0.0, 0.0]), like(p, [0.0, 0.0])
    length = xp.sum((b - a) ** 2)
    t = xp.clip(xp.where(length > 0, xp.sum((p - a) * (b - a)) / length, 0.0), 0.0, 1.0)
    return norm(xp, p - a - t * (b - a))


@case("FluxML/NNlib.jl/issues/68", "shapes", 30.0, 31.0, single=(4.0, 5.0))
def smooth_union_far_away(xp, sp, a, b):
    return -xp.log(xp.exp(-32.0 * a) + xp.exp(-32.0 * b)) / 32.0


@case("mitsuba-renderer/mitsuba3/issues/765", "shapes", [[0.0, 0.0, 0.0], [0.6, 0.0, 0.9]])
def eikonal_loss_at_rest(xp, sp, g):
    return xp.mean((xp.sqrt(xp.sum(g**2, axis=-1)) - 1.0) ** 2)


@case("KratosMultiphysics/Kratos/pull/249", "shapes", [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
def area_of_flat_triangle(xp, sp, p):
    a, b, c = (norm(xp, p[i] - p[j]) for i, j in ((0, 1), (1, 2), (2, 0)))
    s = (a + b + c) / 2
    return xp.sqrt(s * (s - a) * (s - b) * (s - c))


@case("openbabel/openbabel/pull/49", "shapes",
      [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # fmt: skip
def energy_of_planar_torsion(xp, sp, x):
    def cross(u: Any, v: Any) -> Any:
        return xp.stack([u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2],
                         u[0] * v[1] - u[1] * v[0]])  # fmt: skip

    b1, b2, b3 = x[1] - x[0], x[2] - x[1], x[3] - x[2]
    m, n = cross(b1, b2), cross(b2, b3)
    phi = xp.arccos(xp.sum(m * n) / (norm(xp, m) * norm(xp, n)))
    return 1 + xp.cos(3 * phi) + 0.1 * xp.sum(b2**2)


@case("uw-ipd/tmol/pull/146", "shapes", [[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
def neighbors_by_loops(xp, sp, x):
    """All pairs, a point and itself among them; what is near by a mask."""
    total = 0.0
    for i in range(3):
        for j in range(3):
            r = xp.linalg.norm(x[i] - x[j])
            total = total + xp.where((r > 0) & (r < 4.5), xp.exp(-r) / r, 0.0)
    return total


@case("pytorch/pytorch/pull/45720", "shapes", [[1.0, 2.0], [1.0, 2.0], [4.0, 6.0]])
def distances_by_products(xp, sp, x):
    """|a|^2 + |b|^2 - 2 a b, and what is on the diagonal by a mask."""
    squares = xp.sum(x**2, axis=1)
    d = xp.sqrt(xp.maximum(squares[:, None] + squares[None, :] - 2 * xp.matmul(x, x.T), 0.0))
    return xp.sum(xp.where(np.eye(3, dtype=bool), 0.0, d) ** 2)


@case("thephpleague/geotools/issues/159", "shapes", [0.7, 0.3], [0.7, 0.3])
def great_circle_by_vincenty(xp, sp, p, q):
    d = q[1] - p[1]
    y = xp.cos(p[0]) * xp.sin(q[0]) - xp.sin(p[0]) * xp.cos(q[0]) * xp.cos(d)
    x = xp.sin(p[0]) * xp.sin(q[0]) + xp.cos(p[0]) * xp.cos(q[0]) * xp.cos(d)
    return xp.arctan2(xp.sqrt((xp.cos(q[0]) * xp.sin(d)) ** 2 + y**2), x)


@case("tensorflow/graphics/issues/394", "shapes", 0.0, 0.0)
def map_at_its_center(xp, sp, lat, lon):
    c = xp.arccos(xp.cos(lat) * xp.cos(lon))
    return c / xp.sin(c) * (xp.cos(lat) * xp.sin(lon) + 2 * xp.sin(lat))


@case("GalacticDynamics/galax/pull/836", "shapes", [0.0, 0.0])
def modes_at_center(xp, sp, p):
    """Zernike's tilts and astigmatisms in polar coordinates, as they are defined."""
    r, angle = xp.sqrt(p[0] ** 2 + p[1] ** 2), xp.arctan2(p[1], p[0])
    total = 0.0
    for m in (1, 2, 3):
        total = total + r**m * (m * xp.cos(m * angle) + xp.sin(m * angle))
    return total


@case("sympy/sympy/issues/12618", "shapes", [1.0, 2.0, 3.0, 4.0])
def spline_with_repeated_knots(xp, sp, c):
    knots = np.array([0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0])

    def basis(i: int, k: int, x: Any) -> Any:
        if k == 0:
            return xp.where((knots[i] <= x) & (x < knots[i + 1]), 1.0, 0.0)
        with np.errstate(all="ignore"):
            up, down = knots[i + k] - knots[i], knots[i + k + 1] - knots[i + 1]
            left = xp.where(up > 0, (x - knots[i]) / up, 0.0) * basis(i, k - 1, x)
            right = xp.where(down > 0, (knots[i + k + 1] - x) / down, 0.0)
        return left + right * basis(i + 1, k - 1, x)

    x = xp.sum(c) / 40
    return sum(c[i] * basis(i, 2, x) for i in range(4))


# ------------------------------------------------------------ colours


@case("jax-ml/jax/issues/5798", "colors", [[-0.1, 0.0, 0.02], [0.5, 1.0, 0.3]])
def linear_light(xp, sp, c):
    return xp.sum(xp.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) ** 2)


@case("jax-ml/jax/issues/5798", "colors", [[0.0, -0.01, 0.5], [0.0, 0.001, 1.0]])
def display_values(xp, sp, c):
    low = c <= 0.0031308
    return xp.sum(xp.where(low, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055))


@case("stan-dev/math/issues/3031", "colors", [[0.0, 0.0, 0.0], [0.2, 0.5, 0.8]])
def lab_of_black(xp, sp, rgb):
    to_xyz = like(rgb, [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722],
                        [0.0193, 0.1192, 0.9505]])  # fmt: skip
    t = xp.matmul(rgb, to_xyz.T)
    f = xp.where(t > 0.008856, t ** (1 / 3), 7.787 * t + 16 / 116)
    lab = xp.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])
    return xp.sum(like(rgb, [1.0, 2.0, 3.0])[:, None] * lab)


@case("jax-ml/jax/issues/1052", "colors", [[0.5, 0.5, 0.5], [0.2, 0.9, 0.4]])
def saturation_of_gray(xp, sp, rgb):
    high, low = xp.max(rgb, axis=-1), xp.min(rgb, axis=-1)
    return xp.sum(xp.where(high > 0, (high - low) / high, 0.0))


@case("ml-explore/mlx/pull/3692", "colors", [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
def total_variation_of_flat_image(xp, sp, x):
    dx, dy = x[1:, :-1] - x[:-1, :-1], x[:-1, 1:] - x[:-1, :-1]
    return xp.sum(xp.sqrt(dx**2 + dy**2))


@case("tensorflow/addons/pull/914", "boxes", [1.0, 1.0, 3.0, 2.0])
def generalised_overlap_of_equal_boxes(xp, sp, a):
    b = like(a, [1.0, 1.0, 3.0, 2.0])
    both = xp.minimum(a[2:], b[2:]) - xp.maximum(a[:2], b[:2])
    hull = xp.maximum(a[2:], b[2:]) - xp.minimum(a[:2], b[:2])
    inter = xp.prod(xp.maximum(both, 0.0))
    union = xp.prod(a[2:] - a[:2]) + xp.prod(b[2:] - b[:2]) - inter
    return inter / union - (xp.prod(hull) - union) / xp.prod(hull)


@case("Megvii-BaseDetection/YOLOX/issues/1565", "boxes", [0.0, 0.0, 1e-20, 2e-20])
def complete_overlap_of_point(xp, sp, a):
    """The aspect's part of the loss, of a box that has almost no size."""
    w, h = a[2] - a[0], a[3] - a[1]
    v = 4 / np.pi**2 * (0.5 - xp.arctan(w / h)) ** 2
    return v + (a[0] + w / 2 - 1) ** 2
