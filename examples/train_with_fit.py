"""bibun.fit: a noisy curve with outliers, learned with a loss and an activation of our own."""

from __future__ import annotations

import numpy as np

import bibun
from bibun import nn, optim


def bump(z):
    """An activation that no library has: a bell."""
    return np.exp(-(z**2))


def curve(x):
    return np.sin(3 * x) + 0.5 * x


def noisy_points(n, rng):
    """Points on the curve; one in ten is far off."""
    x = rng.uniform(-2, 2, (n, 1))
    outlier = rng.random((n, 1)) < 0.1
    return x, curve(x) + rng.normal(0, np.where(outlier, 3.0, 0.05))


def log_cosh(prediction, target):
    """Quadratic for small errors and linear for large ones, so that outliers pull less."""
    e = prediction - target
    return np.mean(np.logaddexp(e, -e) - np.log(2))


def main():
    """Train; returns the largest error on the curve itself."""
    x, y = noisy_points(500, np.random.default_rng(0))
    model = nn.Sequential(nn.Dense(32, bump), nn.Dense(1))
    bibun.fit(
        model,
        x[:400],
        y[:400],
        loss=log_cosh,
        optimizer=optim.Adam(lambda step: 0.03 * 0.995**step),
        epochs=60,
        validation=(x[400:], y[400:]),
        metrics=("mean_absolute_error",),
        progress=False,
    )
    print(model.summary())
    grid = np.linspace(-1.8, 1.8, 100)[:, None]
    worst = np.max(np.abs(model(grid).numpy() - curve(grid)))
    print(f"largest error on the curve: {worst:.3f}")
    return worst


if __name__ == "__main__":
    main()
