"""Rows as optimisers meet them: small calls, fits, second derivatives, a training step."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .row import FLOAT32, FLOAT64, Row, losses, normal
from .systems import Call, System


def tiny(s: System, w: Any, x: Any) -> Any:
    return s.np.sum(s.np.sin(x @ w) ** 2)


def rosenbrock(s: System, x: Any) -> Any:
    return s.np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def polynomial(s: System, c: Any, x: Any, y: Any) -> Any:
    """The mean square of a polynomial by Horner's rule, c[0] being its highest coefficient."""
    p = s.np.zeros_like(x)
    for k in range(c.shape[0]):
        p = p * x + c[k]
    return s.np.mean((p - y) ** 2)


def points(n: int, degree: int = 128) -> list[np.ndarray]:
    x = np.linspace(-1.0, 1.0, n)
    return [normal(degree + 1, scale=0.1), x, np.exp(x)]


def logistic(s: System, w: Any, x: Any, y: Any) -> Any:
    """The mean of log(1 + exp(-y x w)), with a little decay of w."""
    z = -y * s.apply(x, w)
    return s.np.mean(s.softplus(z)) + 0.005 * s.np.sum(w * w)


def labelled(n: int, d: int = 32) -> list[np.ndarray]:
    x = normal(n, d, seed=1)
    return [normal(d, scale=0.2), x, np.sign(x @ normal(d, seed=2) + normal(n, seed=3))]


def clusters(s: System, c: Any, p: Any) -> Any:
    """The sum over points of the squared distance to the nearest centre."""
    squares = s.np.sum(p * p, 1)[:, None] + s.np.sum(c * c, 1)[None, :]
    return s.np.sum(s.least(squares - 2.0 * (p @ s.transpose(c))))


def centres(n: int, k: int = 100, d: int = 8) -> list[np.ndarray]:
    p = normal(n, d, seed=1)
    return [p[: min(k, n)] + 0.01, p]


# ------------------------------------------------------------ a training step


def network(s: System, x: Any, labels: Any, *weights: Any) -> Any:
    w1, b1, w2, b2, w3, b3 = weights
    h = s.np.maximum(x @ w1 + b1, s.nothing)
    h = s.np.maximum(h @ w2 + b2, s.nothing)
    return s.cross_entropy(h @ w3 + b3, labels)


def images(n: int) -> list[np.ndarray]:
    """Six weights, then a batch of images and labels."""
    sizes, found = (784, 512, 512, 10), []
    for k, (i, j) in enumerate(pairwise(sizes)):
        found += [normal(i, j, dtype=np.float32, scale=(2 / i) ** 0.5, seed=k)]
        found += [np.zeros(j, np.float32)]
    labels = np.random.default_rng(8).integers(10, size=n)
    return [*found, normal(n, 784, dtype=np.float32, seed=9), labels]


def training(s: System, *args: np.ndarray) -> Call:
    """A step of gradient descent from where the last one ended."""
    return s.training(lambda *a: network(s, *a[6:], *a[:6]), 0.01, 6, *args)


# fmt: off
ROWS = {
    "tiny": Row(
        "layer of the article, sum(sin(X W)²), 3x3 times 3x2",
        lambda n: [normal(3, 2, seed=1), normal(n, 3)], losses(tiny, 1),
        3, 3, 20.0, FLOAT64, (3, 30, 300, 3_000), rival="jax.jit",
    ),
    "rosenbrock10": Row(
        "Rosenbrock, 10 variables", lambda n: [np.linspace(-1.2, 1.0, n)], losses(rosenbrock, 1),
        10, 10, 1.5, FLOAT64, (10, 100, 1_000, 10_000),
    ),
    "rosenbrock10_bound": Row(
        "Rosenbrock, 10 variables, in memory that was settled before",
        lambda n: [np.linspace(-1.2, 1.0, n)],
        lambda s, *a: s.settled(lambda *a: rosenbrock(s, *a), 1, *a), 10, 10, 1.5, FLOAT64,
    ),
    "rosenbrock1000": Row(
        "Rosenbrock, 1,000 variables", lambda n: [np.linspace(-1.2, 1.0, n)],
        losses(rosenbrock, 1), 1_000, 1_000, 1.5, FLOAT64,
    ),
    "polynomial": Row(
        "least squares, 16,392 points, degree 128", points, losses(polynomial, 1),
        16_392, 16_392, 1.5, FLOAT64, (16, 160, 1_600, 16_392),
    ),
    "logistic": Row(
        "logistic regression, 10,000 x 32, with Hessian", labelled,
        lambda s, *a: s.newton(lambda *a: logistic(s, *a), *a),
        10_000, 10_000, 1.5, FLOAT64, (100, 1_000, 10_000, 100_000),
    ),
    "kmeans": Row(
        "k-means, 10,000 points, 100 centres, 8 dimensions: gradient, diagonal of the Hessian",
        centres, lambda s, *a: s.diagonal(lambda *a: clusters(s, *a), *a),
        10_000, 10_000, 1.5, FLOAT64, (100, 1_000, 10_000, 100_000),
    ),
    "mlp": Row(
        "784-512-512-10 training step, batch 128, float32", images, training,
        128, 128, 1.0, FLOAT32, (1, 10, 100, 1_000), threads=(1, 2),
    ),
}
# fmt: on
