"""jit inside and outside of every transform, in any order: what the plain function gives."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

import bibun

X = np.array([0.5, -1.5, 2.0])


@bibun.custom_gradient
def doubled(x: Any) -> Any:
    """x, whose gradient is said to be twice as large."""
    return x * 1.0, lambda g: 2 * g


@bibun.custom_jvp
def tripled(x: Any) -> Any:
    """x, whose derivative is said to be 3."""
    return x * 1.0


@tripled.defjvp
def _(primals: Any, tangents: Any) -> Any:
    return primals[0] * 1.0, 3 * tangents[0]


def smooth(x: Any) -> Any:
    return np.sum(x**3) + x[0] * x[1]


def kinked(x: Any) -> Any:
    return np.sum(np.maximum(x, 0) ** 2 + np.abs(x) * x[1])


FUNCTIONS = {
    "smooth": smooth,
    "kinked": kinked,
    "custom_gradient": lambda x: np.sum(doubled(x) ** 2),
    "custom_jvp": lambda x: np.sum(tripled(x) ** 2),
    "checkpoint": bibun.checkpoint(smooth),
    "stop_gradient": lambda x: np.sum(x * bibun.stop_gradient(x)),
    "method": lambda x: x.dot(x) * x.sum(),
}
TRANSFORMS = {
    "grad": bibun.grad,
    "hessian": bibun.hessian,
    "jacobian": lambda f: bibun.jacobian(lambda x: f(x) * x),
    "value_and_grad": bibun.value_and_grad,
    "vmap": lambda f: lambda x: bibun.vmap(f)(np.stack([x, 2 * x]) if x.ndim else x),
    "jvp": lambda f: lambda x: bibun.jvp(f, (x,), (x,)),
    "hvp": lambda f: lambda x: bibun.hvp(f)(x, x),
    "vjp": lambda f: lambda x: bibun.vjp(f, x)[1](1.0),
    "linearize": lambda f: lambda x: bibun.linearize(f, x)[1](x),
}


def close(found: Any, wanted: Any) -> None:
    if isinstance(wanted, tuple | list):
        assert type(found) is type(wanted) and len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            close(a, b)
    else:
        assert found.dtype == wanted.dtype and found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, rtol=1e-13)  # sums in another order


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_one_transform(function, transform):
    f, t = FUNCTIONS[function], TRANSFORMS[transform]
    want = t(f)(X)
    compiled = bibun.jit(t(f))
    for made in (compiled, compiled, t(bibun.jit(f)), bibun.jit(t(bibun.jit(f)))):
        close(made(X), want)


@pytest.mark.parametrize("order", [*permutations(["jit", "grad", "checkpoint", "vmap"])])
def test_transforms_in_any_order(order):
    """Each is made a function of x of shape (2, 3), and gives the sum of squares of its result."""
    steps = {
        "jit": bibun.jit,
        "grad": lambda f: lambda x: np.sum(bibun.grad(f)(x) ** 2),
        "checkpoint": bibun.checkpoint,
        "vmap": lambda f: lambda x: np.sum(bibun.vmap(f)(np.stack([x, x * x]))),
    }
    f = plain = smooth
    for name in order:
        f = steps[name](f)
        plain = plain if name == "jit" else steps[name](plain)
    for _ in range(2):
        close(f(X), plain(X))


def test_tapes_around_jitted_functions():
    v = bibun.Variable(X)
    f = bibun.jit(smooth)
    with bibun.GradientTape() as outer:
        with bibun.GradientTape() as tape:
            y = f(v)
        (slope,) = tape.gradient(y, [v])
        z = f(slope)
    with bibun.GradientTape() as plain:
        with bibun.GradientTape() as tape:
            y = smooth(v)
        (slope,) = tape.gradient(y, [v])
        w = smooth(slope)
    np.testing.assert_array_equal(outer.gradient(z, v).numpy(), plain.gradient(w, v).numpy())
