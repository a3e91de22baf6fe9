"""Losses against numbers with many digits, also for extreme logits."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special as special

import bibun
from bibun import nn
from bibun.errors import DtypeError, ShapeError

EXTREME = np.array([[1e3, -1e3, 0.0], [1e3, 1e3, -1e3], [40.0, 0.0, 0.0], [-1e3, 700.0, 701.0]])


def exact_cross_entropy(logits, p):
    """The loss of each row and its gradient, with 500 digits."""
    from mpmath import mp, mpf, workdps

    with workdps(500):
        rows = []
        for x, q in zip(logits.tolist(), p.tolist(), strict=True):
            e = [mp.exp(mpf(v)) for v in x]
            total = mp.fsum(e)
            loss = mp.fsum(mpf(k) * (mp.log(total) - mpf(v)) for v, k in zip(x, q, strict=True))
            rows.append(
                (float(loss), [float(a / total - mpf(k)) for a, k in zip(e, q, strict=True)])
            )
    return np.array([r[0] for r in rows]), np.array([r[1] for r in rows])


@pytest.mark.parametrize("label", [0, 1, 2])
def test_softmax_cross_entropy_of_extreme_logits(label):
    labels = np.full(len(EXTREME), label)
    one_hot = np.eye(3)[labels]
    loss, gradient = exact_cross_entropy(EXTREME, one_hot)
    for target in (labels, one_hot):
        ours = nn.softmax_cross_entropy(EXTREME, target, reduction="none")
        # A few roundings; below 1e-300 a float64 loses digits.
        np.testing.assert_allclose(ours, loss, rtol=4e-15, atol=1e-300)
        g = bibun.grad(lambda x, t=target: nn.softmax_cross_entropy(x, t, reduction="sum"))(EXTREME)
        np.testing.assert_allclose(g, gradient, rtol=1e-14, atol=1e-300)


def test_soft_labels_and_smoothing_are_the_same_thing():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(5, 3)) * 10, rng.integers(0, 3, 5)
    soft = 0.9 * np.eye(3)[labels] + 0.1 / 3
    loss, gradient = exact_cross_entropy(x, soft)
    for target, s in ((soft, 0), (labels, 0.1), (np.eye(3)[labels], 0.1)):

        def mean(x, target=target, s=s):
            return nn.softmax_cross_entropy(x, target, smoothing=s)

        value, g = bibun.value_and_grad(mean)(x)
        np.testing.assert_allclose(value, loss.mean(), rtol=1e-14)
        # Entries are differences of numbers up to 1.
        np.testing.assert_allclose(5 * g, gradient, rtol=1e-13, atol=1e-15)


def test_a_class_that_is_ruled_out():
    x = np.array([[0.0, 1.0, -np.inf]])
    for target in (np.array([1]), np.array([[0.0, 1.0, 0.0]])):
        value, g = bibun.value_and_grad(nn.softmax_cross_entropy)(x, target)
        np.testing.assert_allclose(value, np.log1p(np.exp(-1)), rtol=1e-15)
        assert g[0, 2] == 0 and np.isfinite(g).all()


def test_binary_cross_entropy_of_extreme_logits():
    from mpmath import mp, mpf, workdps

    x = np.array([-1e3, -40.0, -1.0, 0.0, 2.0, 40.0, 1e3])
    for p in (0.0, 0.3, 1.0):
        target = np.full(len(x), p)
        with workdps(500):
            sides = [(mp.log1p(mp.exp(-mpf(v))), mp.log1p(mp.exp(mpf(v)))) for v in x]
            exact = [float(mpf(p) * a + (1 - mpf(p)) * b) for a, b in sides]
        ours = nn.binary_cross_entropy(x, target, reduction="none")
        np.testing.assert_allclose(ours, exact, rtol=4e-15, atol=1e-300)
        g = bibun.grad(lambda x, t=target: nn.binary_cross_entropy(x, t, reduction="sum"))(x)
        # sigmoid(x) - p cancels where both are near; without cancellation the digits are right.
        expected = (1 - p) * special.expit(x) - p * special.expit(-x)
        np.testing.assert_allclose(g, expected, rtol=1e-14, atol=1e-300)
    assert nn.binary_cross_entropy(x, x > 0).dtype == np.float64


def test_errors_squared_absolute_and_huber():
    y, t = np.array([1.0, 2.0, -3.0, 1e200]), np.array([1.0, 1.5, 3.0, 0.0])
    near = slice(0, 3)
    # fmt: off
    cases = {
        nn.mean_squared_error:  ([0, 0.25, 36.0],  [0, 1.0, -12.0]),
        nn.mean_absolute_error: ([0, 0.5, 6.0],    [0, 1.0, -1.0]),
        nn.huber:               ([0, 0.125, 5.5],  [0, 0.5, -1.0]),
    }
    # fmt: on
    for loss, (value, gradient) in cases.items():
        assert loss(y[near], t[near], reduction="none").tolist() == value
        assert loss(y[near], t[near], reduction="sum") == sum(value)
        assert loss(y[near], t[near]) == np.mean(value)
        g = bibun.grad(lambda y, f=loss: f(y, t[near], reduction="sum"))(y[near])
        assert g.tolist() == gradient
    assert nn.huber(y, t, delta=2.0, reduction="none")[3] == 2e200  # without overflow


def test_losses_keep_float32():
    x = np.ones((4, 3), np.float32)
    losses = (nn.mean_squared_error, nn.mean_absolute_error, nn.huber, nn.binary_cross_entropy)
    for loss in (*losses, nn.softmax_cross_entropy):
        value, g = bibun.value_and_grad(loss)(x, np.zeros_like(x))
        assert value.dtype == g.dtype == np.float32
    assert nn.softmax_cross_entropy(x, np.zeros(4, int)).dtype == np.float32


def test_targets_that_do_not_fit():
    x = np.ones((4, 3))
    with pytest.raises(
        ShapeError,
        match=r"^mean_squared_error: a prediction of shape \(4, 1\) does not fit a target of "
        r"shape \(4,\)",
    ):
        nn.mean_squared_error(np.ones((4, 1)), np.ones(4))
    with pytest.raises(
        ShapeError,
        match=r"^softmax_cross_entropy: labels of shape \(3,\) do not fit logits of shape "
        r"\(4, 3\): "
        r"integers of shape \(4,\) or probabilities of shape \(4, 3\) are needed",
    ):
        nn.softmax_cross_entropy(x, np.zeros(3, int))
    with pytest.raises(DtypeError, match=r"labels of dtype float64 and shape \(4,\) are not class"):
        nn.softmax_cross_entropy(x, np.zeros(4))
    with pytest.raises(
        ValueError,
        match=r"^softmax_cross_entropy: labels go from 0 to 3, but the logits have 3 classes: "
        r"0 to 2 are needed$",
    ):
        nn.softmax_cross_entropy(x, np.arange(4))
    with pytest.raises(ValueError, match=r"^the reduction is 'mean', 'sum' or 'none', not 'avg'$"):
        nn.huber(x, x, reduction="avg")
