"""Rows whose rounds depend on each other: an ODE, an LSTM, a diagonal LSTM of many layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .row import FLOAT32, FLOAT64, Row, losses, normal
from .systems import Call, System

H = 0.01


def rk4(s: System, a: Any, y: Any, steps: Any) -> Any:
    """|y|^2 after as many steps of Runge and Kutta for y' = tanh(A y) as `steps` has entries."""

    def slope(y: Any) -> Any:
        return s.np.tanh(s.apply(a, y))

    def step(y: Any) -> Any:
        k1 = slope(y)
        k2 = slope(y + H / 2 * k1)
        k3 = slope(y + H / 2 * k2)
        k4 = slope(y + H * k3)
        return y + H / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

    y = s.repeat(steps.shape[0], step, y)
    return s.np.sum(y * y)


def split(x: Any, n: int) -> list[Any]:
    """x in n equal pieces."""
    m = x.shape[0] // n
    return [x[k * m : (k + 1) * m] for k in range(n)]


def lstm(s: System, w: Any, b: Any, xs: Any, zero: Any) -> Any:
    """The squared length of the last hidden state."""

    def step(carry: Any, x: Any) -> Any:
        h, c = carry
        i, f, g, o = split(s.apply(w, s.np.concatenate([x, h], 0)) + b, 4)
        c = s.sigmoid(f) * c + s.sigmoid(i) * s.np.tanh(g)
        return s.sigmoid(o) * s.np.tanh(c), c

    h, _ = s.scan(step, (zero, zero), xs)
    return s.np.sum(h * h)


def torch_lstm(s: Any, w: np.ndarray, b: np.ndarray, xs: np.ndarray, zero: np.ndarray) -> Call:
    """torch.nn.LSTM, with the same weights."""
    torch, n = s.torch, len(zero)
    layer = torch.nn.LSTM(n, n)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(s.array(w[:, :n]))
        layer.weight_hh_l0.copy_(s.array(w[:, n:]))
        layer.bias_ih_l0.copy_(s.array(b))
        layer.bias_hh_l0.zero_()
    wanted = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]
    rows = s.array(xs)[:, None]

    def call() -> Any:
        out, _ = layer(rows)
        value = (out[-1] ** 2).sum()
        wi, wh, b = torch.autograd.grad(value, wanted)
        return value, torch.cat([wi, wh], 1), b

    return call


CHANNELS, LAYERS = 14, 4


def diagonal(s: System, main: Any, extra: Any, xs: Any, golds: Any, state: Any) -> Any:
    """The mean loss of an LSTM without mixing of channels, which predicts its next input.

    The objective of the LSTM problem of ADBench (Srajer, Kukelova and Fitzgibbon, 2018).
    """
    np_ = s.np

    def layer(w: Any, bias: Any, h: Any, c: Any, x: Any) -> tuple[Any, Any]:
        forget = s.sigmoid(x * w[0] + bias[0])
        take = s.sigmoid(h * w[1] + bias[1])
        out = s.sigmoid(x * w[2] + bias[2])
        change = np_.tanh(h * w[3] + bias[3])
        c = c * forget + take * change
        return out * np_.tanh(c), c

    def step(carry: Any, pair: Any) -> Any:
        state, total = carry
        y, new = pair[0] * extra[0], []
        for k in range(LAYERS):
            y, c = layer(main[k, 0], main[k, 1], state[k, 0], state[k, 1], y)
            new.append(np_.stack([y, c]))
        y = y * extra[1] + extra[2]
        norm = np_.log(np_.sum(np_.exp(y)) + 2.0)
        return np_.stack(new), total + np_.sum(pair[1] * (y - norm))

    pairs = np_.stack([xs, golds], 1)
    return -s.scan(step, (state, np_.sum(state) * 0.0), pairs)[1] / (CHANNELS * xs.shape[0])


def sequence(steps: int) -> list[np.ndarray]:
    """Weights, and a sequence of ones and zeros that is its own next input."""
    xs = (np.random.default_rng(3).random((steps + 1, CHANNELS)) < 0.2).astype(float)
    return [
        normal(LAYERS, 2, 4, CHANNELS, scale=0.5, seed=1), normal(3, CHANNELS, scale=0.5, seed=2),
        xs[:-1].copy(), xs[1:].copy(), normal(LAYERS, 2, CHANNELS, scale=0.5, seed=4),
    ]  # fmt: skip


def weights(steps: int) -> list[np.ndarray]:
    f4 = np.float32
    return [
        normal(128, 64, dtype=f4, scale=0.2, seed=1), normal(128, dtype=f4, scale=0.1, seed=2),
        normal(steps, 32, dtype=f4, seed=3), np.zeros(32, f4),
    ]  # fmt: skip


# fmt: off
ROWS = {
    "rk4": Row(
        "Runge-Kutta, 1,000 steps on 4 numbers, y' = tanh(A y)",
        lambda n: [normal(4, 4, scale=0.7), normal(4, scale=0.5, seed=1), np.zeros(n)],
        losses(rk4, 2),
        1_000, 1_000, 5.0, FLOAT64, (10, 100, 1_000, 10_000), loops=True,
    ),
    "lstm": Row(
        "LSTM, hidden 32, 100 steps, float32", weights, losses(lstm, 2),
        100, 100, 8.0, FLOAT32, (10, 100, 1_000, 10_000), loops=True,
        apart={"torch": torch_lstm},
    ),
    "diagonal_lstm": Row(
        "diagonal LSTM, 14 channels, 4 layers, 4,096 steps", sequence, losses(diagonal, 2),
        4_096, 512, 1.0, FLOAT64, (16, 128, 1_024, 8_192), loops=True,
    ),
}
# fmt: on
