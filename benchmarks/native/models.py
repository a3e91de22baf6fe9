"""Rows of ADBench (Srajer, Kukelova and Fitzgibbon, 2018): Gaussian mixture, bundle adjustment."""

from __future__ import annotations

from typing import Any

import numpy as np

from .row import FLOAT64, Row, normal
from .systems import Call, System

DIMENSION, COMPONENTS = 32, 25
TRIANGLE = DIMENSION * (DIMENSION - 1) // 2

# ------------------------------------------------------------ Gaussian mixture


def places() -> np.ndarray:
    """Where the entry i, j of a lower triangle stands, at [j, i]; 0 is the place of a zero."""
    table = np.zeros((DIMENSION, DIMENSION), int)
    j, i = np.triu_indices(DIMENSION, 1)  # by columns of the lower triangle
    table[j, i] = np.arange(1, TRIANGLE + 1)
    return table


def mixture(s: System, alphas: Any, means: Any, icf: Any, x: Any, table: Any, eye: Any) -> Any:
    """The log-likelihood of the points, with a Wishart prior; all components in one product.

    Q_k is exp(q) on its diagonal and `low` below it; both are columns of icf.
    """
    np_, d, k = s.np, DIMENSION, COMPONENTS
    q, low = s.transpose(icf[:, :d]), s.transpose(icf[:, d:])
    below = s.take(np_.concatenate([low[:1] * 0.0, low], 0), table)
    squares = eye[:, :, None] * np_.exp(q) + below
    moved = np_.sum(squares * s.transpose(means)[:, None, :], 0)
    y = np_.reshape(x @ np_.reshape(squares, (d, d * k)), (-1, d, k)) - moved
    terms = alphas + np_.sum(q, 0) - 0.5 * np_.sum(y * y, 1)
    prior = 0.5 * (np_.sum(np_.exp(q) ** 2) + np_.sum(low * low))
    n = x.shape[0]
    return np_.sum(s.logsumexp(terms, 1)) - n * s.logsumexp(alphas, 0) + prior


def points(n: int) -> list[np.ndarray]:
    k, d = COMPONENTS, DIMENSION
    return [
        normal(k, seed=1), normal(k, d, seed=2), normal(k, d + TRIANGLE, scale=0.1, seed=3),
        normal(n, d, seed=4), places(), np.eye(d),
    ]  # fmt: skip


# ------------------------------------------------------------ bundle adjustment


def residual(s: System, camera: Any, point: Any, w: Any, feature: Any) -> Any:
    """The weighted error of a point that a camera sees; the last axis has the components."""
    np_ = s.np
    r = [camera[..., k] for k in range(3)]
    p = [point[..., k] - camera[..., 3 + k] for k in range(3)]
    theta = np_.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    cos, sin, u = np_.cos(theta), np_.sin(theta), [x / theta for x in r]
    along = (u[0] * p[0] + u[1] * p[1] + u[2] * p[2]) * (1.0 - cos)
    across = [u[k - 2] * p[k - 1] - u[k - 1] * p[k - 2] for k in range(3)]
    x, y, z = (p[k] * cos + across[k] * sin + u[k] * along for k in range(3))
    x, y = x / z, y / z
    square = x * x + y * y
    scale = camera[..., 6] * (1.0 + camera[..., 9] * square + camera[..., 10] * square * square)
    return np_.stack(
        [
            w * (x * scale + camera[..., 7] - feature[..., 0]),
            w * (y * scale + camera[..., 8] - feature[..., 1]),
        ],
        -1,
    )


def bundle(s: System, *args: np.ndarray) -> Call:
    """All residuals, and the entries of their Jacobian in the order of CSR.

    Its rows are two for each observation with 11 + 3 + 1 entries each, then the weights' own.
    """

    def seen(cameras: Any, points: Any, w: Any, features: Any, c: Any, p: Any) -> tuple:
        return s.take(cameras, c), s.take(points, p), w, features

    def entries(found: list[Any], w: Any) -> Any:
        blocks = s.np.concatenate([*found[:2], found[2][..., None]], -1)
        return s.np.concatenate([s.np.reshape(blocks, (-1,)), -2.0 * w], 0)

    return s.jacobians(lambda *row: residual(s, *row), 3, seen, entries, *args)


def observations(n: int) -> list[np.ndarray]:
    """Cameras before a cloud of points, in ADBench's proportions."""
    cameras, points = max(1, n // 1131), max(1, n // 4)
    rng = np.random.default_rng(5)
    camera = rng.normal(size=(cameras, 11)) * 0.1
    camera[:, 5] -= 5.0
    camera[:, 6] += 500.0
    return [
        camera, rng.normal(size=(points, 3)), rng.normal(size=n), rng.normal(size=(n, 2)),
        rng.integers(cameras, size=n), rng.integers(points, size=n),
    ]  # fmt: skip


# fmt: off
ROWS = {
    "mixture": Row(
        "Gaussian mixture, 1,000 points, dimension 32, 25 components", points,
        lambda s, *a: s.gradient(lambda *a: mixture(s, *a), 3, *a),
        1_000, 1_000, 1.5, FLOAT64, (10, 100, 1_000, 10_000),
    ),
    "bundle": Row(
        "bundle adjustment, 182,072 observations, blocks of 2x15 into CSR", observations, bundle,
        182_072, 18_207, 1.5, FLOAT64, (182, 1_820, 18_207, 182_072),
    ),
}
# fmt: on
