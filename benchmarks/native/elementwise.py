"""Rows of a million elements: element-wise chains and reductions with their gradients; Adam."""

from __future__ import annotations

from typing import Any

import numpy as np

from .row import FLOAT32, FLOAT64, Row, losses, normal, pulled
from .systems import Call, System

WIDTH = 1024
GROWTH = (10_000, 100_000, 1_000_000, 10_000_000)


def rows(size: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """A float32 matrix of about `size` elements in rows of 1,024."""
    return normal(max(1, size // WIDTH), WIDTH, dtype=np.float32, seed=seed, scale=scale)


def vector(seed: int) -> np.ndarray:
    return normal(WIDTH, dtype=np.float32, seed=seed)


def labels(n: int) -> np.ndarray:
    return np.random.default_rng(1).integers(WIDTH, size=n)


# ------------------------------------------------------------ losses


def tanh(s: System, x: Any, w: Any, b: Any) -> Any:
    return s.np.sum(s.np.tanh(x * w + b) ** 2)


def cross_entropy(s: System, z: Any, labels: Any) -> Any:
    return s.cross_entropy(z, labels)


def layernorm(s: System, x: Any, w: Any, b: Any) -> Any:
    return s.layernorm(x, w, b)


def gelu(s: System, x: Any) -> Any:
    return s.gelu(x)


def logsumexp(s: System, x: Any) -> Any:
    return s.np.sum(s.logsumexp(x, 1))


def whole(s: System, x: Any) -> Any:
    return s.logsumexp(x)


# ------------------------------------------------------------ Adam


def adam(
    s: System, p: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray, **options: Any
) -> Call:
    """The tenth step of Adam with the usual constants."""

    def step(p: Any, m: Any, v: Any, g: Any) -> Any:
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        return p - 1e-3 * (m / 0.6513216) / (s.np.sqrt(v / 0.00995512) + 1e-8), m, v

    return s.compiled(step, p, m, v, g, **options)


def adam_donated(s: System, *args: np.ndarray) -> Call:
    """The same; p, m and v are given away."""
    return adam(s, *args, donated=(0, 1, 2))


def adam_in_place(s: System, *args: np.ndarray) -> Call:
    """The same, written to the memory that is read."""
    return adam(s, *args, donated=(0, 1, 2), in_place=True)


def torch_adam(fused: bool) -> Any:
    """torch.optim.Adam, in place. Its state is set as if nine steps had been made."""

    def ask(s: Any, p: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray) -> Call:
        parameter = s.array(p).requires_grad_()
        parameter.grad = s.array(g)
        optimizer = s.torch.optim.Adam([parameter], fused=fused)
        optimizer.state[parameter] = {
            "step": s.torch.tensor(9.0), "exp_avg": s.array(m), "exp_avg_sq": s.array(v)
        }  # fmt: skip
        step = optimizer.step if fused else s.torch.compile(optimizer.step)

        def call() -> Any:
            step()
            state = optimizer.state[parameter]
            return parameter, state["exp_avg"], state["exp_avg_sq"]

        return call

    return ask


def tf_adam(s: Any, p: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray) -> Call:
    """Variables that are written in place."""
    tf = s.tf
    p, m, v, g = tf.Variable(p), tf.Variable(m), tf.Variable(v), tf.constant(g)

    @tf.function(jit_compile=s.xla, autograph=False)
    def step() -> None:
        m.assign(0.9 * m + 0.1 * g)
        v.assign(0.999 * v + 0.001 * g * g)
        p.assign_sub(1e-3 * (m / 0.6513216) / (tf.sqrt(v / 0.00995512) + 1e-8))

    def call() -> Any:
        step()
        return p, m, v

    return call


def numpy_adam(s: Any, p: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray) -> Call:
    raise s.cannot()


def moments(size: int) -> list[np.ndarray]:
    p, g, m, v = (normal(size, dtype=np.float32, seed=k) for k in range(4))
    return [p, g, m, v * v]


# ------------------------------------------------------------ the rows

MILLION = 1_000_000
BOTH = (1, 2)
# fmt: off
ADAM = {
    "bibun": adam_in_place, "jax.jit": adam_donated, "c++": adam_donated,
    "torch": torch_adam(fused=True), "torch.compile": torch_adam(fused=False),
    "tf.function": tf_adam, "tf.function+XLA": tf_adam, "autograd": numpy_adam,
}
ROWS = {
    "tanh": Row(
        "sum(tanh(x w + b)²), 1M float32, all gradients",
        lambda n: [rows(n), vector(1), vector(2)], losses(tanh, 3),
        MILLION, MILLION, 1.5, FLOAT32, GROWTH, BOTH,
    ),
    "cross_entropy": Row(
        "softmax cross-entropy, 1M float32 in rows of 1,024",
        lambda n: [rows(n, scale=3.0), labels(max(1, n // WIDTH))],
        losses(cross_entropy, 1), MILLION, MILLION, 1.5, FLOAT32, GROWTH, BOTH,
    ),
    "layernorm": Row(
        "layer normalisation, 1M float32, all gradients",
        lambda n: [rows(n), vector(1), vector(2), rows(n, 3)], pulled(layernorm, 3),
        MILLION, MILLION, 1.5, FLOAT32, GROWTH, BOTH,
    ),
    "gelu": Row(
        "GELU, 1M float32, and its pullback", lambda n: [rows(n), rows(n, 3)], pulled(gelu, 1),
        MILLION, MILLION, 1.5, FLOAT32, GROWTH, BOTH,
    ),
    "logsumexp": Row(
        "sum of log-sum-exp of rows of 1,024, 1M float32", lambda n: [rows(n, scale=3.0)],
        losses(logsumexp, 1), MILLION, MILLION, 1.5, FLOAT32, GROWTH, BOTH,
    ),
    "logsumexp640": Row(
        "log-sum-exp of 640,000 float64", lambda n: [normal(n, scale=3.0)], losses(whole, 1),
        640_000, 640_000, 1.5, FLOAT64, (6_400, 64_000, 640_000, 6_400_000),
    ),
    "adam": Row(
        "Adam update, 1M float32, in place", moments, adam,
        MILLION, MILLION, 1.3, FLOAT32, GROWTH, BOTH, apart=ADAM,
    ),
    "adam_kept": Row(
        "Adam update, 1M float32, old arrays stay as they are", moments, adam,
        MILLION, MILLION, 1.3, FLOAT32, (), BOTH,
        apart={"bibun": adam_donated, "c++": adam_donated, "autograd": numpy_adam},
    ),
}
# fmt: on
