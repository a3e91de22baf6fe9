"""Primitives of autograd: rules on plain numbers, in both directions and of every order."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as onp
import pytest

import bibun
import bibun.compat.autograd.numpy as np
from bibun.compat.autograd import grad, jacobian, make_jvp
from bibun.compat.autograd.extend import (
    Box,
    SparseObject,
    defjvp,
    defjvp_argnum,
    defvjp,
    defvjp_argnum,
    notrace_primitive,
    primitive,
    vspace,
)
from bibun.compat.autograd.test_util import check_grads, check_vjp
from bibun.compat.autograd.tracer import getval, isbox

X = onp.array([0.3, -0.7, 1.1])


@primitive
def powers(x: Any, n: int) -> Any:
    """x^n by a loop over plain numbers, which no trace can see into."""
    assert not isbox(x)
    return onp.array([math.pow(v, n) for v in onp.ravel(x)]).reshape(onp.shape(x))


defvjp(powers, lambda y, x, n: lambda g: g * n * powers(x, n - 1), None)


def test_rules_of_both_directions_and_all_orders() -> None:
    check_grads(lambda x: powers(x, 3), modes=["rev"], order=3)(X)
    check_grads(lambda x: np.sum(np.sin(powers(x, 3)) * x))(X)  # forward by transposition
    onp.testing.assert_allclose(jacobian(lambda x: powers(x, 3))(X), onp.diag(3 * X**2))
    onp.testing.assert_allclose(
        bibun.hessian(lambda x: np.sum(powers(x, 4)))(X), onp.diag(12 * X**2)
    )


def test_only_forward_rule() -> None:
    product = primitive(lambda x, y: 2 * x * y)
    defjvp(product, "same", lambda g, ans, x, y: 2 * x * g)
    check_grads(product, (0, 1), modes=["fwd"])(X, X + 1)
    with pytest.raises(NotImplementedError, match="VJP of <lambda> wrt argnums"):
        grad(product)(1.0, 2.0)


def test_rules_by_argnum_and_containers() -> None:
    scaled = primitive(lambda pair, factor=1.0: [factor * pair[0], pair[1] * pair[0]])
    defvjp_argnum(
        scaled,
        lambda k, ans, args, options: (
            lambda g: [
                options["factor"] * g[0] + np.sum(g[1] * args[0][1]),
                g[1] * args[0][0],
            ]
        ),
    )

    def use(a: Any, b: Any) -> Any:
        y = scaled([a, b], factor=3.0)
        return y[0] + np.sum(y[1])

    check_grads(use, (0, 1), modes=["rev"])(2.0, X)
    rowwise = primitive(lambda *rows: onp.stack(rows))
    defvjp_argnum(rowwise, lambda k, ans, args, options: lambda g: g[k])
    defjvp_argnum(rowwise, lambda k, g, ans, args, options: np.eye(2)[k][:, None] * g)
    check_grads(rowwise, (0, 1))(X, X + 1)


def test_rules_look_at_values() -> None:
    calls = []
    relu = primitive(lambda x: x if x > 0 else 0.0)

    def rule(y: Any, x: Any) -> Any:
        calls.append(type(x))
        return (lambda g: g) if x > 0 else (lambda g: 0.0)

    defvjp(relu, rule)
    assert [grad(relu)(x) for x in (2.0, -2.0)] == [1, 0]
    assert grad(lambda x: relu(x) + relu(-3 * x))(-2.0) == -3
    assert set(calls) == {onp.float64}, "outermost, a rule gets plain numbers"


def test_sparse_cotangents_and_nothing_traced() -> None:
    first = primitive(lambda x: x[0])

    def rule(y: Any, x: Any) -> Any:
        def add(g: Any, into: Any) -> Any:
            into[0] += g
            return into

        return lambda g: SparseObject(vspace(x), lambda into: add(g, into))

    defvjp(first, rule)
    onp.testing.assert_array_equal(grad(lambda x: 5 * first(x))(X), [5, 0, 0])
    shown = notrace_primitive(lambda x: float(onp.sum(x)))
    assert grad(lambda x: np.sum(x) * shown(x))(X).tolist() == [float(X.sum())] * 3
    assert not isbox(X) and getval(X) is X
    assert grad(lambda x: x * isinstance(x, Box))(2.0) == 1


def test_missing_and_wrong_rules() -> None:
    half = primitive(lambda x: x / 2)
    for derivative in (grad(half), lambda x: make_jvp(half)(x)(1.0)):
        with pytest.raises(NotImplementedError, match="of <lambda> wrt argnums"):
            derivative(1.0)
    with pytest.raises(TypeError, match="primitive"):
        defvjp(np.sin, lambda ans, x: lambda g: g)
    defvjp(half, lambda ans, x: lambda g: g * 0.501)
    with pytest.raises(AssertionError, match="VJP"):
        check_vjp(half, 1.0)
    defvjp(half, lambda ans, x: lambda g: onp.ones(3))
    with pytest.raises(ValueError, match="shape"):
        grad(half)(1.0)


def test_a_trace_that_a_rule_closes_over_is_not_lost() -> None:
    def use(w: Any) -> Any:
        f = primitive(lambda x: 2 * x)
        defvjp(f, lambda ans, x: lambda g: 2 * w * g)
        return grad(f)(3.0)

    with pytest.raises(TypeError, match="derivative"):
        grad(use)(1.0)
    scaled = primitive(lambda x, by=1.0: x * by)
    with pytest.raises(TypeError, match="derivative"):
        grad(lambda x: scaled(x, by=x))(3.0)


def test_primitives_in_threads_tapes_and_checkpoints() -> None:
    def elsewhere(x: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return np.sum(pool.submit(powers, x, 2).result())

    onp.testing.assert_allclose(grad(elsewhere)(X), 2 * X)
    onp.testing.assert_allclose(grad(bibun.checkpoint(lambda x: np.sum(powers(x, 2))))(X), 2 * X)
    v = bibun.Variable(X)
    with bibun.GradientTape() as tape:
        y = np.sum(powers(v, 2))
    onp.testing.assert_allclose(tape.gradient(y, v), 2 * X)


@pytest.mark.parametrize("value", [1.5, X, [1.0, (X, {"a": 2.0})]], ids=str)
def test_vector_spaces(value: Any) -> None:
    space = vspace(value)
    x, y = space.randn(), space.randn()
    basis = list(space.standard_basis())
    assert len(basis) == space.size and vspace(x) == space
    assert onp.isclose(sum(space.inner_prod(x, e) ** 2 for e in basis), space.inner_prod(x, x))
    assert space.inner_prod(space.add(x, space.scalar_mul(x, -1.0)), y) == 0
    assert space.inner_prod(space.ones(), x) == pytest.approx(
        sum(space.inner_prod(e, x) for e in basis)
    )
    with pytest.raises(TypeError, match="vector space"):
        vspace([value, "a word"])
