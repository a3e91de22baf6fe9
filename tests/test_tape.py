"""The tape does what TensorFlow's guides on automatic differentiation show, except that no
gradient is ever None.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ellipj

import bibun
from bibun import GradientTape, Variable, constant
from bibun.array import bind
from bibun.errors import NotDifferentiableError, TapeError, UnconnectedWarning, UnsupportedError
from bibun.graph import Op, operation

X = np.array([[-1.0, 0, 1], [2, 3, 4], [-1, -5, 2]])
W = np.array([[-0.1, 0.2], [0.3, -0.4], [0.5, 0.6]])


def dw(x, w):
    """The gradient of sum(sin(x w)**2) by hand."""
    return x.T @ (2 * np.sin(x @ w) * np.cos(x @ w))


def test_scalar():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x**2
    dy = tape.gradient(y, x)
    assert dy == 6.0
    assert dy.numpy() == 6.0
    assert float(dy) == 6.0


def test_list_of_sources():
    w, b = Variable(W), Variable(np.zeros(2))
    with GradientTape() as tape:
        loss = np.mean((X @ w + b) ** 2)
    dw, db = tape.gradient(loss, [w, b])
    assert_allclose(dw, X.T @ (2 * X @ W) / 6)
    assert_allclose(db, np.sum(2 * X @ W, 0) / 6)


def test_dict_of_sources():
    sources = {"w": Variable(W), "b": Variable(np.zeros(2))}
    with GradientTape() as tape:
        loss = np.sum(X @ sources["w"] + sources["b"])
    found = tape.gradient(loss, sources)
    assert_allclose(found["w"], X.T @ np.ones((3, 2)))
    assert_allclose(found["b"], [3, 3])


def test_gradient_has_the_shape_of_the_source():
    w = Variable(W.astype(np.float32))
    with GradientTape() as tape:
        loss = np.sum(np.sin(X.astype(np.float32) @ w))
    g = tape.gradient(loss, w)
    assert (g.shape, g.dtype) == (w.shape, w.dtype)


class Linear(bibun.nn.Layer):
    def build(self, input_shape):
        self.w = self.add_weight("kernel", [input_shape[-1], 2])
        self.b = self.add_weight("bias", [2], initializer="zeros")

    def call(self, x):
        return x @ self.w + self.b


def test_trainable_variables_of_a_layer():
    layer = Linear()
    with GradientTape() as tape:
        loss = np.mean(layer(X) ** 2)
    gradients = tape.gradient(loss, layer.trainable_variables)
    assert (
        [g.shape for g in gradients]
        == [v.shape for v in layer.trainable_variables]
        == [(3, 2), (2,)]
    )
    assert_allclose(gradients[0], X.T @ (2 * X @ layer.w.numpy()) / 6)


def test_only_trainable_variables_are_watched_by_themselves():
    x0, x1 = Variable(3.0, name="x0"), Variable(3.0, name="x1", trainable=False)
    x2, x3 = Variable(2.0, name="x2") + 1.0, constant(3.0)
    with GradientTape() as tape:
        y = x0**2 + x1**2 + x2**2 + x3**2
    assert [v.name for v in tape.watched_variables()] == ["x0"]
    with pytest.warns(UnconnectedWarning, match="the source was not watched"):
        found = tape.gradient(y, [x0, x1, x2, x3])
    assert_array_equal(found, [6, 0, 0, 0])


def test_watch_on_a_constant():
    x = constant(3.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = x**2
    assert tape.gradient(y, x) == 6


def test_watch_on_a_plain_array_tells_what_to_do():
    with (
        GradientTape() as tape,
        pytest.raises(TapeError, match=r"make it x = bibun\.constant\(x\) first"),
    ):
        tape.watch(np.ones(3))


def test_watch_accessed_variables_false():
    x0, x1 = Variable(0.0), Variable(10.0)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x1)
        ys = np.sum(np.sin(x0) + np.logaddexp(0, x1))
    with pytest.warns(UnconnectedWarning):
        found = tape.gradient(ys, {"x0": x0, "x1": x1})
    assert found["x0"] == 0
    assert_allclose(found["x1"], 1 / (1 + np.exp(-10)))


def test_intermediate_result_as_source():
    x = constant(3.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert tape.gradient(z, y) == 18


def test_intermediate_result_survives_the_rules():
    """log(exp(x)) = x must not remove h from between."""
    x = constant(np.array([1.0, 2.0]))
    with GradientTape() as tape:
        tape.watch(x)
        h = np.exp(x)
        y = np.log(h)
    assert_allclose(tape.gradient(y, h), 1 / np.exp([1.0, 2.0]))


def test_a_source_before_and_one_after():
    x = constant(3.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = y * x
    assert_array_equal(tape.gradient(z, [x, y]), [27, 3])


def test_the_same_source_twice():
    w = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = np.sum(w * w)
    found = tape.gradient(y, {"w": w, "tied": [w, w]})
    assert_array_equal(found["w"], [2, 4])
    assert_array_equal(found["tied"], [[2, 4], [2, 4]])


def test_a_tape_that_goes_on():
    w = Variable([1.0, 2.0])
    tape = GradientTape(persistent=True)
    with tape:
        y = np.sum(w * w)
    with tape:
        z = np.sum(y * w)
    assert_array_equal(tape.gradient(z, w), [5 + 6, 5 + 12])


def test_persistent_tape():
    x = constant(np.array([1, 3.0]))
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert_array_equal(tape.gradient(z, x), [4.0, 108.0])
    assert_array_equal(tape.gradient(y, x), [2.0, 6.0])


def test_second_call_on_a_tape_that_is_not_persistent():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(
        TapeError,
        match=r"a tape gives one derivative; for more make it GradientTape\(persistent=True\)",
    ):
        tape.gradient(y, x)


def test_stop_recording():
    x, y = Variable(2.0), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        x_sq = x * x
        with tape.stop_recording():
            y_sq = y * y
        z = x_sq + y_sq
    assert tape.gradient(z, x) == 4
    with pytest.warns(UnconnectedWarning):
        assert tape.gradient(z, y) == 0


def test_reset():
    x, y = Variable(2.0), Variable(3.0)
    reset = True
    with GradientTape() as tape:
        y_sq = y * y
        if reset:
            tape.reset()
        z = x * x + y_sq
    with pytest.warns(UnconnectedWarning):
        assert_array_equal(tape.gradient(z, [x, y]), [4, 0])


def test_stop_gradient():
    x, y = Variable(2.0), Variable(3.0)
    with GradientTape() as tape:
        z = x**2 + bibun.stop_gradient(y**2)
    with pytest.warns(
        UnconnectedWarning,
        match=r"the path ends at stopgradient.*test_tape\.py:\d+: `bibun.stop_gradient",
    ):
        assert_array_equal(tape.gradient(z, [x, y]), [4, 0])


@bibun.custom_gradient
def clip_gradients(y):
    return y, lambda g: np.clip(g, -0.5, 0.5)


def test_custom_gradient():
    v = Variable(2.0)
    with GradientTape() as tape:
        output = clip_gradients(v * v)
    assert tape.gradient(output, v) == 2  # clip(1) * 2v = 0.5 * 4


def test_custom_gradient_with_variables_inside():
    v, w = Variable(2.0), Variable(5.0)

    @bibun.custom_gradient
    def f(x):
        def rule(g, variables):
            assert len(variables) == 1 and variables[0] is w
            return 100 * g, [1000 * g]

        return x * w, rule

    with GradientTape() as tape:
        y = f(v)
    assert y == 10
    assert_array_equal(tape.gradient(y, [v, w]), [100, 1000])


def test_custom_gradient_that_closes_over_a_variable():
    v, w = Variable(2.0), Variable(5.0)

    @bibun.custom_gradient
    def f(x):
        return x * w, lambda g: 3 * g * w

    with GradientTape() as outer:
        with GradientTape() as tape:
            y = f(v)
        dv, dw = tape.gradient(y, [v, w])
    assert (dv, dw) == (15, 2)
    assert outer.gradient(dv, w) == 3


def test_several_tapes_at_once():
    x0, x1 = constant(0.0), constant(0.0)
    with GradientTape() as tape0, GradientTape() as tape1:
        tape0.watch(x0)
        tape1.watch(x1)
        y0 = np.sin(x0)
        y1 = 1 / (1 + np.exp(-x1))
        ys = y0 + y1
    assert tape0.gradient(ys, x0) == 1
    assert tape1.gradient(ys, x1) == 0.25


def test_nested_tapes():
    x = Variable(1.0)
    with GradientTape() as t2:
        with GradientTape() as t1:
            y = x * x * x
        dy = t1.gradient(y, x)
    assert dy == 3
    assert t2.gradient(dy, x) == 6


def test_gradient_inside_the_tape_itself():
    x = Variable(1.0)
    with GradientTape(persistent=True) as tape:
        y = x * x * x
        dy = tape.gradient(y, x)
    assert tape.gradient(dy, x) == 6


def test_third_order():
    x = Variable(2.0)
    with GradientTape() as t3:
        with GradientTape() as t2:
            with GradientTape() as t1:
                y = x**5
            d1 = t1.gradient(y, x)
        d2 = t2.gradient(d1, x)
    assert_allclose([d1, d2, t3.gradient(d2, x)], [80, 160, 240])


def test_input_gradient_regularisation():
    x, w = constant(X), Variable(W)
    with GradientTape() as t2:
        with GradientTape(watch_accessed_variables=False) as t1:
            t1.watch(x)
            y = np.sum(np.sin(x @ w) ** 2)
        dx = t1.gradient(y, x)
        penalty = np.sum(dx**2)
    found = t2.gradient(penalty, w)

    def penalty_by_hand(w):
        z = X @ w
        return np.sum(((2 * np.sin(z) * np.cos(z)) @ w.T) ** 2)

    e, by_hand = 1e-6, np.zeros_like(W)
    for i in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[i] = e
        by_hand[i] = (penalty_by_hand(W + step) - penalty_by_hand(W - step)) / (2 * e)
    assert_allclose(found, by_hand, rtol=1e-7)  # central differences: error e**2, and eps / e


def test_jacobian_with_a_scalar_source():
    x, delta = np.linspace(-10.0, 10.0, 21), Variable(0.0)
    with GradientTape() as tape:
        y = 1 / (1 + np.exp(-(x + delta)))
    found = tape.jacobian(y, delta)
    assert found.shape == y.shape
    s = 1 / (1 + np.exp(-x))
    assert_allclose(found, s * (1 - s), rtol=1e-10)  # 1 - s cancels


def test_jacobian_with_a_tensor_source():
    x = constant(X)
    with GradientTape() as tape:
        tape.watch(x)
        y = np.sin(x) * 2
    found = tape.jacobian(y, x)
    assert found.shape == (3, 3, 3, 3)
    assert_allclose(found.numpy().reshape(9, 9), np.diag(2 * np.cos(X).ravel()))


def test_jacobian_of_a_layers_kernel():
    layer = Linear()
    with GradientTape() as tape:
        y = layer(X)
    found = tape.jacobian(y, layer.w)
    assert found.shape == (3, 2, 3, 2)
    assert_allclose(found, np.einsum("bi,oj->boij", X, np.eye(2)))


def test_batch_jacobian():
    x, w = constant(X), Variable(W)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = np.sin(x @ w)
    found = tape.batch_jacobian(y, x)
    assert found.shape == (3, 2, 3)
    full = tape.jacobian(y, x).numpy()
    assert_allclose(found, np.stack([full[b, :, b] for b in range(3)]))


def test_hessian_and_a_newton_step():
    x = Variable([1.0, 2.0])
    with GradientTape() as t2:
        with GradientTape() as t1:
            y = x[0] ** 2 * 3 + x[0] * x[1] + x[1] ** 2 * 2 - x[0]
        g = t1.gradient(y, x)
    h = t2.jacobian(g, x)
    assert_allclose(h, [[6, 1], [1, 4]])
    x.assign_sub(np.linalg.solve(h, g))
    with GradientTape() as tape:
        y = x[0] ** 2 * 3 + x[0] * x[1] + x[1] ** 2 * 2 - x[0]
    assert_allclose(tape.gradient(y, x), [0, 0], atol=1e-15)  # a quadratic: one step is exact


def test_target_that_is_not_scalar():
    x = Variable(2.0)
    with GradientTape() as tape:
        y = x * np.array([3.0, 4.0])
    assert tape.gradient(y, x) == 7


def test_list_of_targets():
    x = Variable(2.0)
    with GradientTape() as tape:
        y0 = x**2
        y1 = 1 / x
    assert tape.gradient({"y0": y0, "y1": y1}, x) == 3.75


def test_output_gradients():
    x = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = x**2
    assert_array_equal(tape.gradient(y, x, output_gradients=np.array([1.0, 10.0])), [2, 40])


def test_if_follows_the_branch_taken():
    x, v0, v1 = constant(1.0), Variable(2.0), Variable(2.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        result = v0 if x > 0.0 else v1**2
        result = result * 1.0
    with pytest.warns(UnconnectedWarning):
        assert_array_equal(tape.gradient(result, [v0, v1]), [1, 0])


def test_calculation_outside_the_tape():
    x = Variable([[1.0, 2.0], [3.0, 4.0]])
    with GradientTape() as tape:
        x2 = x**2
        y = np.sum(np.mean(x2.numpy(), axis=0)) * Variable(1.0)
    with pytest.warns(UnconnectedWarning, match="the target does not depend on the source"):
        assert_array_equal(tape.gradient(y, x), np.zeros((2, 2)))


def test_target_outside_the_tape():
    x = Variable(2.0)
    with GradientTape() as tape:
        x * x
    y = x * x
    with pytest.warns(UnconnectedWarning, match="the target was computed outside of the tape"):
        assert tape.gradient(y, x) == 0


def test_integer_source():
    x = constant(10)
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.warns(
        UnconnectedWarning, match="the source has dtype int64, and only floating-point numbers"
    ):
        assert tape.gradient(y, x) == 0


def test_assign_between_record_and_gradient():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
    x.assign(100.0)
    assert tape.gradient(y, x) == 6


def test_assign_while_recording():
    x = Variable(2.0)
    with GradientTape() as tape:
        y = x * x
        x.assign(3.0)
        z = y + x * x
    assert z == 13
    assert tape.gradient(z, x) == 4 + 6


@operation
class Opaque(Op):
    """An operation that nobody gave a derivative."""

    def type(self, x):
        return x

    def value(self, x):
        return x


def test_operation_without_a_derivative():
    x = Variable(2.0)
    with GradientTape() as tape:
        y = bind(Opaque(), x)
        with pytest.raises(UnsupportedError, match=r"no rule for numpy ufunc ellipj.*`ellipj\("):
            ellipj(x, 0.5)
    with pytest.raises(NotDifferentiableError, match="opaque has no derivative"):
        tape.gradient(y, x)


def test_unconnected_source():
    x, y = Variable([[1.0, 2.0]]), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        z = y * y + 0 * np.sum(x)
        w = y * y
    assert tape.gradient(z, y) == 6
    with pytest.warns(
        UnconnectedWarning, match="the gradient is zero: the target does not depend on the source"
    ):
        assert_array_equal(tape.gradient(w, x), [[0, 0]])
    assert tape.gradient(w, x, unconnected="none") is None
    with pytest.raises(TapeError, match="the target does not depend on the source"):
        tape.gradient(w, x, unconnected="error")
    with pytest.raises(ValueError, match="unconnected is one of"):
        tape.gradient(w, x, unconnected="zeros")


def test_piecewise_constant_path():
    x = Variable(2.5)
    with GradientTape() as tape:
        y = np.floor(x) * 2
    with pytest.warns(
        UnconnectedWarning,
        match=r"the path ends at floor, which is piecewise constant .*`np.floor\(x\)`",
    ):
        assert tape.gradient(y, x) == 0


def test_a_later_write_does_not_change_the_gradient():
    a, x = np.array([1.0, 2.0]), Variable([3.0, 4.0])
    with GradientTape() as tape:
        y = np.sum(x * a)
    a[:] = 5
    assert_array_equal(tape.gradient(y, x), [1, 2])


def test_a_recorded_value_cannot_be_written_from_outside():
    x = Variable([0.0, 0.0])
    with GradientTape() as tape:
        y = np.exp(x)
    for plain in (np.asarray(y), y.numpy()):
        with pytest.raises(ValueError, match="read-only"):
            plain[:] = 7
    assert_array_equal(tape.gradient(y, x), [1, 1])


def test_tape_under_grad_and_grad_under_tape():
    def inner(x):
        y = constant(2.0)
        with GradientTape() as tape:
            tape.watch(y)
            z = x * y**3
        return tape.gradient(z, y)  # 3 x y**2

    assert bibun.grad(inner)(5.0) == 12
    v = Variable(2.0)
    with GradientTape() as tape:
        y = bibun.grad(lambda x: x**2 * v)(3.0)
    assert tape.gradient(y, v) == 6


def test_accumulation_outside_a_tape_keeps_no_history():
    x, average = Variable(2.0), 0.0
    for _ in range(3):
        with GradientTape() as tape:
            loss = x * x
        tape.gradient(loss, x)
        average = 0.9 * average + 0.1 * loss
    assert average.scope is None


def test_several_versions_and_sources_of_different_dtype():
    x, y = Variable(np.float32(2)), Variable(3.0)
    with GradientTape() as tape:
        z = x * y
    dx, dy = tape.gradient(z, [x, y])
    assert (dx, dx.dtype, dy, dy.dtype) == (3, np.float32, 2, np.float64)
