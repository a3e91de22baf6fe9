"""Programs written for autograd run with another import: the meaning of its operators."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as onp
import pytest
import scipy.stats

import bibun.compat.autograd.numpy as np
import bibun.compat.autograd.numpy.random as npr
from bibun.compat.autograd import (
    builtins,
    checkpoint,
    deriv,
    elementwise_grad,
    grad,
    grad_and_aux,
    grad_named,
    hessian,
    hessian_vector_product,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_vjp,
    multigrad_dict,
    value_and_grad,
    vector_jacobian_product,
)
from bibun.compat.autograd.misc import const_graph, flatten
from bibun.compat.autograd.misc.fixed_points import fixed_point
from bibun.compat.autograd.misc.optimizers import adam, rmsprop, sgd
from bibun.compat.autograd.scipy import special, stats
from bibun.compat.autograd.test_util import check_equivalent, check_grads

A = onp.random.default_rng(0).normal(size=(3, 4))
X = onp.array([0.3, -0.7, 1.1, 0.2])
V = onp.array([1.0, 2.0, -1.0, 0.5])
J = onp.cosh(A @ X)[:, None] ** -2 * A  # of f


def f(x: Any) -> Any:
    return np.tanh(np.dot(A, x))


def total(x: Any) -> Any:
    return np.sum(f(x) ** 2)


def test_operators_of_one_argument() -> None:
    y = onp.tanh(A @ X)
    g, rounding = 2 * y @ J, {"rtol": 1e-12}
    onp.testing.assert_allclose(grad(total)(X), g, **rounding)
    value, gradient = value_and_grad(total)(X)
    onp.testing.assert_allclose((value, *gradient), (y @ y, *g), **rounding)
    onp.testing.assert_allclose(jacobian(f)(X), J, **rounding)
    onp.testing.assert_allclose(make_vjp(f)(X)[0](y), y @ J, **rounding)
    onp.testing.assert_allclose(make_jvp(f)(X)(V)[1], J @ V, **rounding)
    onp.testing.assert_allclose(elementwise_grad(np.sin)(X), onp.cos(X), **rounding)
    onp.testing.assert_allclose(deriv(f)(X), J @ onp.ones(4), **rounding)
    onp.testing.assert_allclose(vector_jacobian_product(f)(X, y), y @ J, **rounding)
    onp.testing.assert_allclose(grad(checkpoint(total))(X), g, **rounding)
    H = hessian(total)(X)
    onp.testing.assert_allclose(H, H.T, **rounding)
    onp.testing.assert_allclose(hessian_vector_product(total)(X, V), H @ V, **rounding)
    onp.testing.assert_allclose(make_hvp(total)(X)[0](V), H @ V, **rounding)
    onp.testing.assert_allclose(make_ggnvp(f)(X)(V), J.T @ (J @ V), **rounding)


def test_positions_names_and_containers() -> None:
    def f(a: Any, b: Any, c: Any = 3.0) -> Any:
        return a**2 * b + c

    assert grad(f)(2.0, 5.0) == 20 and grad(f, 1)(2.0, 5.0) == 4
    assert grad(f, (1, 0))(2.0, 5.0, c=1.0) == (4, 20)
    assert grad_named(f, "b")(2.0, 5.0) == 4
    assert dict(multigrad_dict(f)(2.0, b=5.0)) == {"a": 20, "b": 4, "c": 1}
    assert grad_and_aux(lambda x: (x**2, [x, 1.0]))(3.0) == (6, [3, 1])
    assert grad(lambda d: d["x"][0] * d["y"])({"x": [2.0, 1.0], "y": 5.0}) == {"x": [5, 0], "y": 2}
    assert grad(f, 1).__name__ == "grad_of_f_wrt_argnum_1"
    assert "grad of function f with respect to argument number 1" in (grad(f, 1).__doc__ or "")


def test_errors_and_warnings() -> None:
    with pytest.raises(TypeError, match="real scalar-output"):
        grad(np.sin)(X)
    with pytest.warns(UserWarning, match="independent"), pytest.raises(TypeError, match="bool"):
        grad(lambda x: np.allclose(x, x))(X)
    with pytest.warns(UserWarning, match="independent"):
        assert grad(lambda x: 1.0)(2.0) == 0
    assert grad(lambda x: np.sum(x, keepdims=True))(X).shape == (4,)  # one number, with axes


def test_numpy_sees_traces_in_lists() -> None:
    def lists(x: Any) -> Any:
        a = np.array([[x[0], 1.0], [x[1] * x[2], x[3]]])
        b = np.concatenate([np.r_[x[0:2], 1.0, x], np.append([x[1]], x), np.hstack([x[3], x])])
        c = np.mean([x[0], x[1] ** 2]) * np.max((x[2], 0.0)) * np.linalg.norm([x[0], 3.0])
        d = np.select([x > 0, x < -1], [x**2, x], 0.0) + np.where([True] * 4, x, X)
        return np.linalg.det(a) + np.sum(b**2) + c + np.sum(d) + np.sum(np.c_[x, 2 * x] ** 2)

    check_grads(lists)(X)
    plain = np.array([1.0, 2.0])
    assert type(plain) is onp.ndarray and type(np.sum(plain)) is onp.float64
    assert np.pi == onp.pi and np.float32 is onp.float32 and npr.rand(3).shape == (3,)


def test_types_of_traced_values() -> None:
    def asked(x: Any) -> Any:
        assert builtins.isinstance(x, float) and not isinstance(x, float)
        assert builtins.type([x]) is list and builtins.type(x) is onp.float64
        return x

    assert grad(asked)(1.0) == 1


def test_misc() -> None:
    tree = (1.0, A, [X, {"b": 2.0, "a": X}])
    vector, unflatten = flatten(tree)
    assert vector.shape == (1 + 12 + 4 + 5,)
    check_equivalent(unflatten(vector), tree)
    for optimizer, steps in ((sgd, 400), (rmsprop, 400), (adam, 4000)):
        found = optimizer(lambda x, i: grad(lambda x: (x["a"] - 3) ** 2)(x), {"a": 1.0},
                          num_iters=steps, step_size=0.01)  # fmt: skip
        assert abs(found["a"] - 3) < 0.05, optimizer.__name__  # steps of 0.01 come this close
    runs = []
    replayed = const_graph(lambda x: runs.append(x) or np.sin(x) * x)
    assert [replayed(x) for x in (1.0, 2.0)] == [onp.sin(1.0), onp.sin(2.0) * 2] and len(runs) == 1


def test_fixed_point() -> None:
    """The square root by Newton's method, to which derivatives of all orders exist."""

    def root(a: Any) -> Any:
        step = lambda a: lambda x: (x + a / x) / 2  # noqa: E731
        return fixed_point(step, a, 1.0, lambda x, y: abs(x - y), 1e-12)

    onp.testing.assert_allclose(grad(root)(2.0), 0.5 / onp.sqrt(2), rtol=1e-10)
    onp.testing.assert_allclose(grad(grad(root))(2.0), -0.25 / 2**1.5, rtol=1e-8)


# fmt: off
DENSITIES = [
    # distribution, function, arguments
    ("norm",                "logpdf", (X, 0.5, 2.0)),
    ("norm",                "logcdf", (X, 0.5, 2.0)),
    ("t",                   "pdf",    (X, 3.5, 0.5, 2.0)),
    ("gamma",               "logpdf", (X**2 + 0.1, 2.5)),
    ("chi2",                "cdf",    (X**2 + 0.1, 3)),
    ("beta",                "logpdf", (X**2 / 2 + 0.1, 1.5, 2.5)),
    ("poisson",             "logpmf", (onp.arange(4.0), X**2 + 0.1)),
    ("dirichlet",           "logpdf", (onp.array([0.25] * 4), X**2 + 0.1)),
    ("multivariate_normal", "logpdf", (X, V, onp.eye(4) + 0.5)),
]
# fmt: on


@pytest.mark.parametrize("name, function, args", DENSITIES)
def test_densities(name: str, function: str, args: tuple) -> None:
    ours, theirs = (getattr(getattr(m, name), function) for m in (stats, scipy.stats))
    onp.testing.assert_allclose(ours(*args), theirs(*args), rtol=1e-12)
    places = {"chi2": [0], "poisson": [1], "dirichlet": [1], "multivariate_normal": [0, 1]}
    wanted = [k for k in range(len(args)) if k in places.get(name, [k])]
    check_grads(ours, wanted, modes=["rev"])(*args)


def test_special() -> None:
    for f in (special.betaln, special.beta):
        check_grads(f, (0, 1))(X[0] + 1, onp.array([2.0, 3.0]))
    check_grads(lambda x: special.betainc(2.5, 0.7, x))(onp.array([0.3, 0.6]))
    check_grads(lambda x: special.jn(2, x) + special.polygamma(1, x))(onp.array([0.3, 0.6]))
    check_grads(lambda x: special.logsumexp(x) + special.expit(x[0]))(X)


def test_install() -> None:
    """`import autograd` in files that cannot be changed."""
    program = (
        "import bibun.compat.autograd as compat; compat.install()\n"
        "import autograd.numpy as np, autograd\n"
        "from autograd.misc.optimizers import adam\n"
        "from autograd.extend import primitive, defvjp\n"
        "assert autograd is compat and autograd.grad(np.sin)(0.0) == 1"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    sys.modules["autograd"], own = onp, sys.modules.get("autograd")
    try:
        with pytest.raises(RuntimeError, match="imported already"):
            import_of_ours().install()
    finally:
        del sys.modules["autograd"]
        if own is not None:
            sys.modules["autograd"] = own


def import_of_ours() -> Any:
    import bibun.compat.autograd as compat

    return compat
