"""The training loop by hand, twice: over a tape, as in TensorFlow, and over functions, as in JAX.

Both train a small network to tell two interleaved half-moons apart. `bibun.fit` does the same with
shuffling, validation and a history (train_with_fit.py).
"""

from __future__ import annotations

import numpy as np

import bibun
from bibun import nn, optim

STEPS, BATCH = 600, 64


def half_moons(n, rng):
    """n points on two noisy half circles, and which of them each belongs to."""
    t, label = rng.uniform(0, np.pi, n), rng.integers(0, 2, n)
    upper, lower = (np.cos(t), np.sin(t)), (1 - np.cos(t), 0.5 - np.sin(t))
    points = np.where(label == 0, upper, lower).T
    return points + rng.normal(0, 0.1, (n, 2)), label


def network():
    return nn.Sequential(nn.Dense(32, "tanh"), nn.Dense(2), seed=1)


def accuracy(model, x, label):
    return np.mean(np.asarray(model(x)).argmax(axis=1) == label)


# ---------------------------------------------------------------- over a tape
#
# The weights are Variables. The tape sees when they are read; the optimiser assigns new values.


def train_on_tape(x, label, rng):
    model, optimizer = network(), optim.Adam(0.03)
    for _ in range(STEPS):
        batch = rng.integers(0, len(x), BATCH)
        with bibun.GradientTape() as tape:
            loss = nn.softmax_cross_entropy(model(x[batch]), label[batch])
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return model


# ---------------------------------------------------------------- over functions
#
# The model is an argument, its gradient is a model of the same structure, and an update returns a
# new model. Nothing is changed in place. Any container of arrays will do instead of a model.


def loss_of(model, x, label):
    return nn.softmax_cross_entropy(model(x), label)


def train_by_functions(x, label, rng):
    model, optimizer = network(), optim.Adam(0.03)
    model(x[:1])  # makes the weights
    state = optimizer.init(model)
    for _ in range(STEPS):
        batch = rng.integers(0, len(x), BATCH)
        gradient = bibun.grad(loss_of)(model, x[batch], label[batch])
        model, state = optimizer.update(model, gradient, state)
    return model


def main():
    """Train both ways; returns the two accuracies on new points."""
    x, label = half_moons(1000, np.random.default_rng(0))
    new_x, new_label = half_moons(1000, np.random.default_rng(1))
    found = []
    for train in (train_on_tape, train_by_functions):
        model = train(x, label, np.random.default_rng(2))
        found.append(accuracy(model, new_x, new_label))
        print(f"{train.__name__}: {found[-1]:.1%} of new points")
    return found


if __name__ == "__main__":
    main()
