"""The user's transforms, alone and inside each other."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

import bibun
from bibun import (
    Variable,
    checkpoint,
    custom_gradient,
    custom_jvp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    stop_gradient,
    value_and_grad,
    vjp,
    vmap,
)

rng = np.random.default_rng(0)
x = rng.standard_normal(3)
A = rng.standard_normal((4, 3))


def softplus(x):
    return np.sum(np.log(1 + np.exp(x)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def smooth(x):
    """A function of several variables with all derivatives."""
    return np.sum(np.sin(x) * x**2) * np.exp(-np.sum(x) / 3)


# ------------------------------------------------------------ one at a time


def test_grad():
    assert_allclose(grad(softplus)(x), sigmoid(x), rtol=1e-14)


def test_stabilised_before_it_is_differentiated():
    hard = np.array([1e3, 0.0, -1e3])
    value, g = value_and_grad(softplus)(hard)
    assert value == 1000 + np.log(2)
    assert_array_equal(g, [1, 0.5, 0])


@pytest.mark.parametrize(("at", "dtype"), [(100, np.float32), (400, np.float64), (720, np.float64)])
def test_one_over_exp(at, dtype):
    value, g = value_and_grad(lambda x: 1 / np.exp(x))(dtype(at))
    assert (value, g) == (np.exp(dtype(-at)), -np.exp(dtype(-at)))
    assert value.dtype == g.dtype == dtype


def test_value_and_grad_with_aux_and_argnums():
    def f(x, y, scale):
        return np.sum(x * y) * scale, {"x": x, "name": "kept"}

    (value, aux), (dx, ds) = value_and_grad(f, argnums=(0, -1), has_aux=True)(x, 2 * x, 3.0)
    assert_allclose(value, 6 * x @ x)
    assert_array_equal(aux["x"], x)
    assert isinstance(aux["x"], np.ndarray)
    assert aux["name"] == "kept"
    assert_allclose(dx, 6 * x)
    assert_allclose(ds, 2 * x @ x)


def test_keyword_arguments_are_passed_on():
    assert grad(lambda x, power=1: x**power)(3.0, power=2) == 6


def test_python_numbers_count_as_floats():
    assert grad(lambda x: x**2)(3) == 6
    assert grad(lambda x: x**2)(3).dtype == np.float64


def test_gradients_have_the_dtype_of_the_argument():
    for dtype in (np.float16, np.float32, np.float64):
        assert grad(lambda x: np.sum(x * A[0]))(x.astype(dtype)).dtype == dtype


def test_results_are_new_arrays():
    g = grad(np.sum)(x)
    g[0] = 5
    y = value_and_grad(lambda x: np.sum(x))(x)[1]
    assert_array_equal(y, [1, 1, 1])


def test_results_share_no_memory_with_arguments_or_residuals():
    a = np.ones(3)
    y, t = jvp(lambda x: x, (a,), (a,))
    for result in (y, t, value_and_grad(lambda x: (np.sum(x), x), has_aux=True)(a)[0][1]):
        result[0] = 5
    assert_array_equal(a, [1, 1, 1])
    y, pullback = vjp(np.exp, np.zeros(2))
    y[:] = 7
    assert_array_equal(pullback(np.ones(2))[0], [1, 1])


def test_vjp():
    y, pullback = vjp(lambda x, w: np.tanh(w @ x), x, A)
    g = rng.standard_normal(4)
    dx, dw = pullback(g)
    slope = (1 - y**2) * g
    assert_allclose(dx, A.T @ slope)
    assert_allclose(dw, np.outer(slope, x))
    assert_allclose(pullback(2 * g)[0], 2 * dx)


def test_jvp_and_linearize():
    t = rng.standard_normal(3)
    y, dy = jvp(lambda x: np.sin(A @ x), (x,), (t,))
    assert_allclose(y, np.sin(A @ x))
    assert_allclose(dy, np.cos(A @ x) * (A @ t))
    y, along = linearize(lambda x: np.sin(A @ x), x)
    assert_allclose(along(t), dy)
    assert_allclose(along(2 * t), 2 * dy)


def test_auxiliary_results_do_not_share_programs_with_results():
    f = lambda x: (np.exp(x), np.tan(x))  # noqa: E731
    for _ in range(2):
        value, tangent, aux = jvp(f, (0.3,), (1.0,), has_aux=True)
        assert_allclose((value, tangent, aux), (np.exp(0.3), np.exp(0.3), np.tan(0.3)))
        values, tangents = jvp(f, (0.3,), (1.0,))
        assert_allclose(values, (np.exp(0.3), np.tan(0.3)))
        assert_allclose(tangents, (np.exp(0.3), 1 / np.cos(0.3) ** 2))
        assert_allclose(linearize(f, 0.3)[1](1.0), tangents)


def test_jacobian_in_both_modes():
    for f in (lambda x: np.sin(A @ x), lambda x: np.sin(x[:2]) * x[2]):
        by_rows, by_columns = jacobian(f, mode="reverse")(x), jacobian(f, mode="forward")(x)
        assert_allclose(by_rows, by_columns, rtol=1e-14)
        assert_allclose(jacobian(f)(x), by_rows, rtol=1e-14)
    assert_allclose(jacobian(lambda x: np.sin(A @ x))(x), np.cos(A @ x)[:, None] * A)


def test_jacobian_of_containers():
    found = jacobian(lambda d: {"s": d["a"] * d["b"], "t": np.sum(d["a"])})({"a": x, "b": 2.0})
    assert_array_equal(found["s"]["a"], 2 * np.eye(3))
    assert_array_equal(found["s"]["b"], x)
    assert_array_equal(found["t"]["a"], [1, 1, 1])
    assert found["t"]["b"] == 0


def test_hessian_by_three_routes():
    h = hessian(smooth)(x)
    assert_allclose(h, h.T, rtol=1e-12)
    assert_allclose(h, jacobian(jacobian(smooth))(x), rtol=1e-12)
    assert_allclose(h, jacobian(grad(smooth), mode="reverse")(x), rtol=1e-12)
    assert_allclose(h, np.stack([hvp(smooth)(x, e) for e in np.eye(3)]), rtol=1e-12)
    assert_allclose(h, vmap(lambda v: hvp(smooth)(x, v))(np.eye(3)), rtol=1e-12)
    step = 1e-5
    columns = [
        (grad(smooth)(x + step * e) - grad(smooth)(x - step * e)) / (2 * step) for e in np.eye(3)
    ]
    assert_allclose(h, columns, rtol=1e-8)  # central differences: step**2, and eps / step


def test_vmap():
    xs = rng.standard_normal((5, 3))
    assert_allclose(vmap(smooth)(xs), [smooth(x) for x in xs])
    assert_allclose(vmap(grad(smooth))(xs), [grad(smooth)(x) for x in xs])


def test_vmap_axes():
    xs = rng.standard_normal((3, 5))
    assert_allclose(vmap(lambda x, w: w @ x, in_axes=(1, None))(xs, A), (A @ xs).T)
    assert_allclose(vmap(lambda x, w: w @ x, in_axes=(1, None), out_axes=-1)(xs, A), A @ xs)
    found = vmap(lambda d, y: d["a"] * y + d["b"], in_axes=({"a": 1, "b": None}, 0))(
        {"a": xs, "b": 2.0}, np.ones(5)
    )
    assert_allclose(found, xs.T + 2)


def test_vmap_of_a_constant_result():
    assert_array_equal(vmap(lambda x: np.ones(2))(x), np.ones((3, 2)))
    assert vmap(lambda x: 7.0, out_axes=None)(x) == 7


def test_vmap_in_vmap():
    found = vmap(vmap(lambda a, b: a * b, in_axes=(None, 0)), in_axes=(0, None))(x, A[0])
    assert_allclose(found, np.outer(x, A[0]))


def test_shared_matrix_is_one_product():
    xs = rng.standard_normal((5, 3))
    found = grad(lambda w: np.sum(vmap(lambda x: np.tanh(w @ x))(xs)))(A)
    assert_allclose(found, (1 - np.tanh(xs @ A.T) ** 2).T @ xs)


# ------------------------------------------------------------ inside each other


def test_grad_of_grad_of_grad():
    assert_allclose(grad(grad(grad(lambda x: x**5)))(2.0), 240)
    assert_allclose(grad(grad(grad(np.sin)))(0.3), -np.cos(0.3))


def test_grad_of_vmap_of_grad():
    def f(w):
        slopes = vmap(grad(lambda x: np.sin(x) * w))(x)  # cos(x) w
        return np.sum(slopes**2)

    assert_allclose(grad(f)(2.0), 2 * 2.0 * np.sum(np.cos(x) ** 2))


def test_perturbation_confusion():
    """d/dx (x d/dy (x + y)) = 1, and other classics (Siskind and Pearlmutter 2005)."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1
    assert grad(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0) == 6
    assert grad(lambda x: grad(lambda y: x * y * y)(x) * x)(3.0) == 6 * 9.0


def test_forward_over_reverse_and_reverse_over_forward():
    t = rng.standard_normal(3)
    one = jvp(grad(smooth), (x,), (t,))[1]
    other = grad(lambda x: jvp(smooth, (x,), (t,))[1])(x)
    assert_allclose(one, other, rtol=1e-12)


def test_vjp_inside_grad_and_its_pullback_outside():
    def f(x):
        _, pullback = vjp(np.sin, x)
        return np.sum(pullback(np.ones(3))[0] ** 2)

    assert_allclose(grad(f)(x), -2 * np.cos(x) * np.sin(x))


def test_grad_with_respect_to_a_cotangent():
    _, pullback = vjp(lambda x: x**2, x)
    assert_allclose(grad(lambda g: np.sum(pullback(g)[0] ** 2))(np.ones(3)), 8 * x**2)


# ------------------------------------------------------------ containers


@dataclass
class Line:
    slope: np.ndarray
    offset: float


def test_dataclasses():
    g = grad(lambda line: np.sum(line.slope * x) + 2 * line.offset)(Line(np.ones(3), 1.0))
    assert isinstance(g, Line)
    assert_array_equal(g.slope, x)
    assert g.offset == 2


def test_dense_layers_as_arguments():
    model = bibun.nn.Sequential([bibun.nn.Dense(4, np.tanh), bibun.nn.Dense(1)])
    model(A)
    g = grad(lambda model: np.sum(model(A) ** 2))(model)
    assert [v.shape for v in g.trainable_variables] == [v.shape for v in model.trainable_variables]
    with bibun.GradientTape() as tape:
        loss = np.sum(model(A) ** 2)
    for one, other in zip(
        g.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
    ):
        assert_allclose(one, other)


def test_nested_containers():
    tree = {"a": [x, (1.0, 2.0)], "b": x[:2]}
    g = grad(lambda t: np.sum(t["a"][0]) * t["a"][1][0] + np.sum(t["b"] ** 2) * t["a"][1][1])(tree)
    assert_array_equal(g["a"][0], np.ones(3))
    assert_allclose(g["a"][1], (np.sum(x), np.sum(x[:2] ** 2)))
    assert_allclose(g["b"], 4 * x[:2])


# ------------------------------------------------------------ structural zeros


def test_where_hides_an_infinite_derivative():
    f = lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0))  # noqa: E731
    assert_array_equal(grad(f)(np.array([0.0, 4.0, -1.0])), [0, 0.25, 0])
    with pytest.warns(bibun.errors.LostDigitsWarning, match="no gradient of one number"):
        assert_array_equal(jvp(f, (np.zeros(2),), (np.ones(2),))[1], 0)


def test_masks_are_united():
    def f(x):
        root = np.sqrt(x)
        return np.where(x > 0, root, 0) + np.where(x > 1, 2 * root, 0)

    assert grad(f)(0.0) == 0
    assert jvp(f, (0.0,), (1.0,))[1] == 0
    assert grad(f)(4.0) == 0.75


def test_slices_are_structural_zeros():
    f = lambda x: np.sum(np.sqrt(x)[1:])  # noqa: E731
    assert_array_equal(grad(f)(np.array([0.0, 4.0])), [0, 0.25])
    assert_array_equal(
        grad(lambda x: np.sqrt(x)[np.array([1, 1])].sum())(np.array([0.0, 4.0])), [0, 0.5]
    )
    assert_array_equal(
        grad(lambda x: np.sum(np.reshape(np.sqrt(x), (2, 1))[1]))(np.array([0.0, 4.0])), [0, 0.25]
    )


def test_a_zero_that_is_only_a_number_hides_nothing():
    """0 * inf is nan: the zero may have been an underflow, and hiding it would be a silent wrong
    answer. Wider numbers tell the two apart.
    """
    zero = np.array([0.0])
    f = lambda x: np.sum(np.sqrt(x) * zero)  # noqa: E731
    with bibun.numerics.rescue(False):
        assert np.isnan(grad(f)(np.zeros(1))[0])
    assert grad(f)(np.zeros(1))[0] == 0
    assert grad(lambda x: np.exp(-1e3 - x) * np.sqrt(x) * 1e300)(0.0) == np.inf


def test_expanded_scalars_keep_their_mask():
    f = lambda s: np.sum(np.where(np.array([False, False]), np.sqrt(s), 1.0))  # noqa: E731
    assert grad(f)(0.0) == 0


# ------------------------------------------------------------ the user's own derivatives


@custom_gradient
def log1pexp(x):
    e = np.exp(x)
    return np.log(1 + e), lambda g: g * (1 - 1 / (1 + e))


def test_custom_gradient_and_its_derivatives():
    assert grad(log1pexp)(100.0) == 1
    s = sigmoid(0.5)
    assert_allclose(grad(log1pexp)(0.5), s)
    assert_allclose(grad(grad(log1pexp))(0.5), s * (1 - s))
    assert_allclose(grad(grad(grad(log1pexp)))(0.5), s * (1 - s) * (1 - 2 * s))
    assert_allclose(jvp(log1pexp, (0.5,), (2.0,))[1], 2 * s)
    assert log1pexp(0.0) == np.log(2)


def test_custom_gradient_inside_vmap_and_hessian():
    assert_allclose(vmap(grad(log1pexp))(x), sigmoid(x))
    assert_allclose(vmap(log1pexp)(x), np.log1p(np.exp(x)))
    s = sigmoid(x)
    assert_allclose(hessian(lambda x: np.sum(log1pexp(x)))(x), np.diag(s * (1 - s)), atol=1e-17)


def test_custom_gradient_closes_over_traced_arrays_and_variables():
    w = Variable(3.0)

    def f(a):
        @custom_gradient
        def g(x):
            return a * x * w, lambda up: 100 * up * a

        return g(2.0 * a)

    assert (
        grad(f)(5.0) == 2 * 5 * 3 + 2 * 100 * 5
    )  # through the closure as usual, through x by the rule
    # d/da of that: 2 w a + 200 a, where the path through x follows the rule of g again
    assert hessian(f)(5.0) == 2 * 3 + 200


def test_custom_gradient_with_several_arguments_and_none():
    @custom_gradient
    def f(x, n, y):
        return (x * y, x + y), lambda g0, g1: (g0 + n, None, None)

    dx, dy = grad(lambda x, y: f(x, 7, y)[0], argnums=(0, 1))(2.0, 3.0)
    assert (dx, dy) == (8, 0)


@custom_jvp
def scaled_sin(x):
    return np.sin(x)


@scaled_sin.defjvp
def _(primals, tangents):
    return scaled_sin(primals[0]), 10 * np.cos(primals[0]) * tangents[0]


def test_custom_jvp():
    assert_allclose(jvp(scaled_sin, (0.3,), (1.0,))[1], 10 * np.cos(0.3))
    assert_allclose(grad(scaled_sin)(0.3), 10 * np.cos(0.3))
    assert_allclose(grad(grad(scaled_sin))(0.3), -10 * np.sin(0.3))
    assert_allclose(vmap(grad(scaled_sin))(x), 10 * np.cos(x))


def test_stop_gradient():
    assert grad(lambda x: x * stop_gradient(x))(3.0) == 3
    assert jvp(lambda x: x * stop_gradient(x), (3.0,), (1.0,))[1] == 3
    assert grad(lambda x: x * stop_gradient({"x": x})["x"])(3.0) == 3


def test_what_has_no_derivative_needs_none_of_what_is_stopped():
    def f(a):  # SciPy has no derivative of gammainc by a
        return special.gammainc(2 * stop_gradient(a), 2.0) * a

    expected = special.gammainc(3.0, 2.0)
    assert_allclose(grad(f)(1.5), expected)
    assert_allclose(jvp(f, (1.5,), (1.0,))[1], expected)
    assert_allclose(grad(checkpoint(f))(1.5), expected)
    assert_allclose(grad(lambda a: bibun.fori_loop(0, 1, lambda i, c: f(c), a))(1.5), expected)
    assert hessian(f)(1.5) == 0


def test_checkpoint_changes_nothing_but_memory():
    f = checkpoint(lambda x: np.tanh(np.sin(x) * x) + np.sum(x))
    plain = lambda x: np.tanh(np.sin(x) * x) + np.sum(x)  # noqa: E731
    total = lambda f: lambda x: np.sum(f(f(x)) ** 2)  # noqa: E731
    assert_allclose(grad(total(f))(x), grad(total(plain))(x), rtol=1e-13)
    assert_allclose(hessian(total(f))(x), hessian(total(plain))(x), rtol=1e-12)
    assert_allclose(jacobian(f)(x), jacobian(plain)(x), rtol=1e-13)
    assert_allclose(vmap(grad(total(f)))(A), vmap(grad(total(plain)))(A), rtol=1e-12)
    w = Variable(2.0)
    assert_allclose(grad(lambda x: np.sum(checkpoint(lambda y: y * w * x)(x)))(x), 4 * x)
    with bibun.GradientTape() as tape:
        y = np.sum(checkpoint(lambda y: np.sin(y * w))(x))
    assert_allclose(tape.gradient(y, w), np.sum(x * np.cos(2 * x)))
