"""Optimisers against their formulas, step by step."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import bibun
from bibun.errors import DtypeError, ShapeError, TapeError
from bibun.optim import SGD, Adam

OPTIMISERS = [
    SGD(0.1),
    SGD(0.1, momentum=0.9),
    SGD(lambda step: 0.1 / (1 + step), momentum=0.9, nesterov=True, weight_decay=0.01),
    Adam(0.1),
    Adam(lambda step: 0.1 * 0.5**step, beta_1=0.8, beta_2=0.9, weight_decay=0.1),
]
NAMES = ["sgd", "momentum", "nesterov", "adam", "adamw"]


def by_hand(optimiser, p, gradients):
    """The papers' formulas for one number."""
    b = m = v = 0.0
    for k, g in enumerate(gradients):
        o = optimiser
        rate = o.learning_rate(k) if callable(o.learning_rate) else o.learning_rate
        if isinstance(o, SGD):
            b = o.momentum * b + g
            change = g + o.momentum * b if o.nesterov else b
        else:
            m = o.beta_1 * m + (1 - o.beta_1) * g
            v = o.beta_2 * v + (1 - o.beta_2) * abs(g) ** 2
            m_hat, v_hat = m / (1 - o.beta_1 ** (k + 1)), v / (1 - o.beta_2 ** (k + 1))
            change = m_hat / (np.sqrt(v_hat) + o.epsilon)
        p = p - rate * change - rate * o.weight_decay * p
    return p


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=NAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_both_interfaces_follow_the_formula(optimiser, dtype):
    optimiser = copy.deepcopy(optimiser)
    start = np.array([[1.0, -2.0], [3.0, 0.5]], dtype)
    gradients = [np.full((2, 2), g, dtype) for g in (0.5, -0.25, 2.0, 1e-3)]
    variables = bibun.Variable(start), bibun.Variable(start[0, 0])
    p, state = [start, start[0, 0]], optimiser.init([start, start[0, 0]])
    for k, g in enumerate(gradients):
        optimiser.apply_gradients([(g, variables[0]), (g[0, 0], variables[1])])
        p, state = optimiser.update(p, [g, g[0, 0]], state)
        assert state.step == optimiser.step == k + 1
    # The rounding of four steps: the order of the operations is not that of the papers.
    rtol = 1e-14 if dtype is np.float64 else 1e-6
    expected = by_hand(optimiser, start.astype(float), (0.5, -0.25, 2.0, 1e-3))
    np.testing.assert_allclose(p[0], expected, rtol=rtol, atol=rtol)  # and p may cancel
    # The way in place is the formula, bit for bit.
    for new, v in zip(p, variables, strict=True):
        assert np.array_equal(v.numpy(), new) and v.dtype == np.asarray(new).dtype == dtype


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=NAMES)
@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_complex_parameters_follow_the_formula(optimiser, dtype):
    optimiser = copy.deepcopy(optimiser)
    start = np.array([[1 + 1j, -2j], [3, 0.5 - 4j]], dtype)
    numbers = (0.5 + 1j, -0.25j, 2 - 1j, 1e-3)
    v, p, state = bibun.Variable(start), start, optimiser.init(start)
    for g in numbers:
        g = np.full((2, 2), g, dtype)
        optimiser.apply_gradients([(g, v)])
        p, state = optimiser.update(p, g, state)
        assert p.dtype == v.dtype == dtype and np.array_equal(v.numpy(), p)
    # As above: the rounding of four steps.
    rtol = 1e-14 if dtype is np.complex128 else 1e-6
    expected = by_hand(optimiser, start.astype(complex), numbers)
    np.testing.assert_allclose(p, expected, rtol=rtol, atol=rtol)
    for slots in state.slots[1:]:  # the second moment of Adam
        assert slots[0].dtype == start.real.dtype


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=NAMES)
def test_a_factor_of_a_complex_parameter_makes_no_difference(optimiser):
    """With the gradients that bibun gives: |w z - t|^2 for w z as the parameter."""
    factor, target, ends = np.exp(0.7j), np.array([3 - 1j, -2j]), []
    for w in (1, factor):
        step = copy.deepcopy(optimiser)
        z = bibun.Variable(np.array([1 + 1j, 2]) / w)
        for _ in range(20):
            with bibun.GradientTape() as tape:
                loss = np.sum(np.abs(w * z - target) ** 2)
            step.apply_gradients([(tape.gradient(loss, z), z)])
        ends.append(w * z.numpy())
        assert np.sum(np.abs(ends[-1] - target) ** 2) < np.sum(np.abs([1 + 1j, 2] - target) ** 2)
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-12)  # roundings of twenty steps


def test_complex_gradients_that_do_not_fit():
    adam, p = Adam(0.1), np.array([1.0, 2.0])
    with pytest.raises(DtypeError, match="'parameter 0' is complex, its parameter float64"):
        adam.update(p, 1j * p, adam.init(p))
    z = p.astype(complex)
    assert adam.update(z, p, adam.init(z))[0].dtype == complex  # a real gradient fits
    with pytest.raises(FloatingPointError, match="1 of 2 entries that are too large"):
        adam.update(z, np.array([1, 1e200 + 1e200j]), adam.init(z))
    with pytest.raises(FloatingPointError, match="1 of 2 entries that are not finite"):
        adam.update(z, np.array([1, complex(0, np.nan)]), adam.init(z))


def test_oddly_ordered_and_empty_arrays_are_updated_just_the_same():
    rng = np.random.default_rng(0)
    start, g = np.asfortranarray(rng.normal(size=(31, 20))), rng.normal(size=(20, 31)).T
    v, adam = bibun.Variable(start), Adam(0.1, weight_decay=0.1)
    p, state = start, adam.init(start)
    for _ in range(2):
        adam.apply_gradients([(g, v)])
        p, state = adam.update(p, g, state)
    assert np.array_equal(v.numpy(), p)
    empty = bibun.Variable(np.zeros((0, 3)))
    adam.apply_gradients([(np.zeros((0, 3)), empty)])
    assert empty.version == 1


def test_adam_takes_its_first_step_of_the_size_of_the_rate():
    v = bibun.Variable([1.0, 1.0])
    Adam(0.01).apply_gradients([([1e-3, -5.0], v)])
    np.testing.assert_allclose(v.numpy(), [0.99, 1.01], rtol=1e-5)  # epsilon / |g| of a step of 1 %


@pytest.mark.parametrize("optimiser", OPTIMISERS[:4], ids=NAMES[:4])
def test_a_bowl_is_descended(optimiser):
    optimiser = copy.deepcopy(optimiser)
    p = {"x": np.array([3.0, -4.0]), "y": 2.0}
    state = optimiser.init(p)
    gradient = bibun.grad(lambda p: np.sum((p["x"] - 1) ** 2) + (p["y"] + 1) ** 2)
    for _ in range(400):
        p, state = optimiser.update(p, gradient(p), state)
    np.testing.assert_allclose([*p["x"], p["y"]], [1, 1, -1], atol=0.02)  # Adam circles by its rate


@pytest.mark.parametrize("optimiser", OPTIMISERS[1::2], ids=NAMES[1::2])
def test_half_precision_is_updated_in_single(optimiser):
    optimiser, start = copy.deepcopy(optimiser), np.array([1.0, 2.0], np.float16)
    v, g = bibun.Variable(start), np.array([0.0, 300.0], np.float16)  # 300^2 overflows
    optimiser.apply_gradients([(g, v)])
    p, state = optimiser.update(start, g, optimiser.init(start))
    assert p.dtype == v.dtype == np.float16 and state.slots[0][0].dtype == np.float32
    assert p[0] == 1 and p[1] < 2 and np.array_equal(p, v.numpy())


def test_an_update_can_be_differentiated():
    """d/dg of a step of Adam from scratch with g at 1: epsilon / (1 + epsilon)^2 * -rate."""
    adam = Adam(0.1, epsilon=0.5)

    def after(g):
        return adam.update(np.array(1.0), g, adam.init(np.array(1.0)))[0]

    np.testing.assert_allclose(bibun.grad(after)(1.0), -0.1 * 0.5 / 1.5**2, rtol=1e-14)


def test_a_step_does_not_write_through_what_others_hold():
    v, g = bibun.Variable([1.0, 2.0]), np.array([1.0, 1.0])
    before, kept = v.stored, v.numpy().copy()
    optimiser = Adam()
    for _ in range(2):
        optimiser.apply_gradients([(g, v)])
    assert np.array_equal(before, kept) and np.array_equal(g, [1, 1])


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_an_optimiser_is_copied_with_its_variables(again):
    optimiser, v = Adam(0.1), bibun.Variable([1.0, 2.0])
    optimiser.apply_gradients([([1.0, 1.0], v)])
    other, w = again((optimiser, v))
    for o, x in ((optimiser, v), (other, w)):
        o.apply_gradients([([3.0, 1.0], x)])
    assert v is not w and np.array_equal(v.numpy(), w.numpy())


def test_bad_gradients_change_nothing_and_say_why():
    v, w = bibun.Variable([1.0, 2.0], name="a/kernel"), bibun.Variable(1.0)
    optimiser = Adam()
    with pytest.raises(
        FloatingPointError,
        match=r"^apply_gradients: the gradient of 'a/kernel' has 1 of 2 entries that are not "
        r"finite, the first at \(1,\): nan; nothing was changed$",
    ):
        optimiser.apply_gradients([(1.0, w), ([1.0, np.nan], v)])
    with pytest.raises(
        ShapeError,
        match=r"the gradient of 'a/kernel' has shape \(3,\), its parameter \(2,\)",
    ):
        optimiser.apply_gradients([(1.0, w), (np.ones(3), v)])
    with pytest.raises(TapeError, match=r"^apply_gradients: the gradient of 'a/kernel' is None"):
        optimiser.apply_gradients([(1.0, w), (None, v)])
    with pytest.raises(
        TypeError, match=r"^apply_gradients: pairs of .gradient, Variable. are needed"
    ):
        optimiser.apply_gradients([(w, 1.0)])
    with pytest.raises(ValueError, match=r"^apply_gradients: there are no gradients"):
        optimiser.apply_gradients([])
    with pytest.raises(ValueError, match=r"^apply_gradients: a Variable is there twice"):
        optimiser.apply_gradients([(1.0, w), (1.0, w)])
    assert optimiser.step == 0 and w.numpy() == 1 and v.version == 0
    SGD(1e-200).apply_gradients([([1e200, 1e200], v)])  # large, but finite
    with pytest.raises(FloatingPointError, match=r"entries that are too large to be squared"):
        optimiser.apply_gradients([([1e200, 1e200], v)])
    with pytest.raises(ShapeError, match=r"^update: 2 parameters need as many gradients and slots"):
        optimiser.update((1.0, 2.0), (1.0, 2.0), optimiser.init(1.0))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: SGD(-1), "^SGD: the learning rate is a positive number or a function of the step"),
        (lambda: SGD(0.1, momentum=1), "^SGD: momentum lies from 0 to below 1, not 1$"),
        (lambda: SGD(0.1, nesterov=True), "^SGD: nesterov needs a momentum"),
        (lambda: Adam(beta_2=1.5), "^Adam: beta_2 lies from 0 to below 1, not 1.5$"),
        (lambda: Adam(lambda k: np.nan).update(1.0, 1.0, Adam().init(1.0)), "at step 0 is nan$"),
    ],
)
def test_bad_options(make, message):
    with pytest.raises(ValueError, match=message):
        make()
