"""Training as a user would: digits, a straight line, containers, and what goes wrong."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

import bibun
from bibun import nn, optim
from bibun.errors import ShapeError


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return x / 16, y


def small(seed=0):
    return nn.Sequential(nn.Dense(32, "relu"), nn.Dense(10), seed=seed)


def test_digits_are_learned_in_a_few_epochs(digits, capsys):
    x, y = digits
    model = small()
    history = bibun.fit(
        model, x[:1400], y[:1400], loss="softmax_cross_entropy", optimizer=optim.Adam(0.01),
        epochs=6, validation=(x[1400:], y[1400:]), metrics=("accuracy",),
    )  # fmt: skip
    assert list(history) == ["loss", "accuracy", "validation_loss", "validation_accuracy"]
    assert all(len(v) == 6 for v in history.values())
    assert history["accuracy"][-1] > 0.97 and history["validation_accuracy"][-1] > 0.9
    assert history["loss"][0] > 4 * history["loss"][-1]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and lines[5].startswith("epoch 6/6  loss 0.")


def test_fit_is_the_loop_by_hand_and_repeats_itself(digits):
    x, y = digits[0][:100], digits[1][:100]
    options = {"loss": nn.softmax_cross_entropy, "epochs": 2, "batch_size": 30, "progress": False}
    model, again, by_hand = small(), small(), small()
    bibun.fit(model, x, y, **options)
    bibun.fit(again, x, y, **options)
    rng, adam = np.random.default_rng(0), optim.Adam()
    for _ in range(2):
        order = rng.permutation(100)
        for i in range(0, 100, 30):
            rows = order[i : i + 30]
            with bibun.GradientTape() as tape:
                loss = nn.softmax_cross_entropy(by_hand(x[rows]), y[rows])
            variables = by_hand.trainable_variables
            adam.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
    np.testing.assert_equal(model.get_weights(), again.get_weights())
    np.testing.assert_allclose(
        np.concatenate([w.ravel() for w in model.get_weights()]),
        np.concatenate([w.ravel() for w in by_hand.get_weights()]),
        rtol=1e-9, atol=1e-12,  # the same sums, differently ordered, and Adam divides by sqrt(v)
    )  # fmt: skip


def test_containers_of_inputs_and_any_loss():
    class Sum(nn.Layer):
        def __init__(self):
            super().__init__()
            self.dense = nn.Dense(1, use_bias=False)

        def call(self, x):
            return self.dense(x["a"]) + x["b"][:, None]

    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(50, 2)), "b": rng.normal(size=50)}
    y = x["a"] @ np.array([[1.0], [-2.0]]) + x["b"][:, None]

    def worst(prediction, target):
        return np.max(np.abs(prediction - target))

    model = Sum()
    history = bibun.fit(
        model, x, y, loss="mean_squared_error", optimizer=optim.SGD(0.1), epochs=30,
        metrics=worst, progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(model.dense.kernel.numpy(), [[1], [-2]], atol=1e-3)
    assert history["worst"][-1] < 0.01


def test_evaluate_weighs_batches_by_their_length(digits):
    x, y = digits[0][:50], digits[1][:50]
    model = small()
    options = {"loss": "softmax_cross_entropy", "metrics": "accuracy"}
    whole = bibun.train.evaluate(model, x, y, **options)
    parts = bibun.train.evaluate(model, x, y, batch_size=7, **options)
    assert whole == pytest.approx(parts, rel=1e-12)  # sums in another order


def test_accuracy():
    p = np.array([[2.0, 1.0], [0.0, 3.0]])
    accuracy = bibun.train.accuracy
    assert accuracy(p, np.array([0, 0])) == accuracy(p, np.eye(2)[[1, 1]]) == 0.5
    assert accuracy(np.array([-1.0, 2.0, 3.0, -1.0]), np.array([0, 1, 0, 0])) == 0.75
    assert accuracy(np.array([[-1.0], [2.0]]), np.array([[0.0], [1.0]])) == 1
    with pytest.raises(ShapeError, match=r"^accuracy: a prediction of shape \(2, 2\) does not fit"):
        accuracy(p, np.zeros(3))


def test_lists_of_numbers_and_a_bar_on_a_terminal(monkeypatch, capsys):
    pytest.importorskip("tqdm")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    x, labels = [[0.0, 1.0], [1.0, 0.0]], [0, 1]
    history = bibun.fit(nn.Dense(2), x, labels, loss="softmax_cross_entropy", epochs=2)
    assert len(history["loss"]) == 2 and "epoch 1/2" in capsys.readouterr().out
    assert "epoch 2/2:" in sys.stderr.getvalue()


def test_bad_input(digits):
    x, y = digits
    with pytest.raises(
        ShapeError, match=r"first axis of one length above 0, not the shapes \(9, 64\), \(8,\)"
    ):
        bibun.fit(small(), x[:9], y[:8], loss="softmax_cross_entropy")
    with pytest.raises(
        ValueError, match=r"^fit: a loss or metric is a function or one of softmax_"
    ):
        bibun.fit(small(), x, y, loss="crossentropy")
    with pytest.raises(ValueError, match=r"^fit: batch_size is a number of examples"):
        bibun.fit(small(), x, y, loss="softmax_cross_entropy", batch_size=0)
    with pytest.raises(TypeError, match=r"^fit: the model is a bibun.nn.Layer, not a ufunc$"):
        bibun.fit(np.sin, x, y, loss="mean_squared_error")
    broken = x[:40].copy()
    broken[3, 3] = np.nan
    with pytest.raises(
        FloatingPointError, match=r"^apply_gradients: the gradient of 'Sequential/Dense_0/kernel'"
    ):
        bibun.fit(small(), broken, y[:40], loss="softmax_cross_entropy", progress=False)


# ---------------------------------------------------------------- compiled


class Own(nn.Layer):
    """A layer with a decision, and weights that are not trained."""

    def __init__(self, activation):
        super().__init__()
        self.activation = activation

    def build(self, shape):
        self.kernel = self.add_weight("kernel", [int(shape[-1]), 4])
        self.scale = self.add_weight("scale", (), initializer="ones", trainable=False)

    def call(self, x):
        y = self.activation(x @ self.kernel) * self.scale
        return y if np.sum(y) > 0 else -y


def trained(model, compiled, **options):
    """History and weights after training on some numbers."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(50, 6)), rng.integers(0, 4, 50)
    history = bibun.fit(
        model, x, y, loss="softmax_cross_entropy", epochs=4, batch_size=16, progress=False,
        compiled=compiled, **options,
    )  # fmt: skip
    return history, model.get_weights()


@pytest.mark.parametrize("rule", [optim.SGD, optim.Adam, lambda rate: optim.SGD(rate, 0.9, True)])
def test_compiled_training_gives_the_same_numbers(rule):
    (h, w), (other_h, other_w) = (
        trained(Own(np.sin), compiled, metrics="accuracy", optimizer=rule(lambda s: 0.1 / (1 + s)))
        for compiled in (True, False)
    )
    assert list(h) == list(other_h) == ["loss", "accuracy"]
    np.testing.assert_allclose(h["loss"], other_h["loss"], rtol=1e-9)  # sums in another order,
    for a, b in zip(w, other_w, strict=True):  # and Adam divides by sqrt(v)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_weights_decide_at_each_batch_of_compiled_training():
    sizes = []

    class Bounded(Own):
        def call(self, x):
            size = np.sqrt(np.sum(self.kernel**2))
            sizes.append(size)
            return x @ (self.kernel if size <= 3 else 3 * self.kernel / size)

    (h, w), (other_h, other_w) = (
        trained(Bounded(None), compiled, optimizer=optim.SGD(2.0)) for compiled in (True, False)
    )
    assert sizes[-16].numpy() < 3 < sizes[-1].numpy()
    np.testing.assert_allclose(h["loss"], other_h["loss"], rtol=1e-9)  # sums in another order
    np.testing.assert_allclose(w[0], other_w[0], rtol=1e-9)


def test_a_model_that_draws_random_numbers_runs_uncompiled():
    def dropout(seed):
        rng = np.random.default_rng(seed)
        return lambda z: z * (rng.random(z.shape) < 0.8)

    with pytest.warns(UserWarning, match="runs uncompiled: .*random"):
        history, weights = trained(Own(dropout(3)), True)
    expected, others = trained(Own(dropout(3)), False)
    assert history == expected
    np.testing.assert_equal(weights, others)


def test_compiled_is_compiled_once_for_each_shape_of_batch():
    calls = []

    def counted(z):
        calls.append(z.shape)
        return np.cos(z)

    trained(Own(counted), True)
    compiled = len(calls)
    trained(Own(counted), False)
    assert compiled <= 1 + 2 * 2 < len(calls) - compiled  # building; two shapes, two decisions


def test_a_gradient_that_is_not_finite_is_explained_as_without_compiling():
    class Root(nn.Layer):
        def build(self, shape):
            self.kernel = self.add_weight("kernel", (), initializer="zeros")

        def call(self, x):
            return np.sqrt(self.kernel + x * 0) + x

    x = np.zeros((4, 1))
    options = {"loss": "mean_squared_error", "epochs": 1, "progress": False}
    said = []
    for compiled in (True, False):  # the derivative is -inf, so there is nothing to warn of
        with pytest.raises(FloatingPointError, match="entries that are not finite") as raised:
            bibun.fit(Root(), x, x + 1, compiled=compiled, **options)
        said.append(str(raised.value))
    assert said[0] == said[1]
