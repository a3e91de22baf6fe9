"""Loops and branches have the values and derivatives of Python's own, of every order."""

from __future__ import annotations

from itertools import product

import mpmath
import numpy as np
import pytest

import bibun
from bibun import grad, hessian, hvp, jacobian, jvp, vjp, vmap

from .programs import PROGRAMS, X, real
from .unrolled import PYTHON, complex_step

every_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
CLOSE = {"rtol": 1e-11, "atol": 1e-12}  # a few hundred operations on numbers near one


def ours(program):
    return lambda x: program(bibun, x)


def python(program):
    return lambda x: program(PYTHON, x)


@every_program
def test_values(program):
    np.testing.assert_allclose(ours(program)(X), python(program)(X), **CLOSE)
    value, _ = bibun.value_and_grad(ours(program))(X)
    np.testing.assert_allclose(value, python(program)(X), **CLOSE)


@every_program
def test_first_derivatives(program):
    truth = complex_step(python(program), X)
    f = ours(program)
    np.testing.assert_allclose(grad(f)(X), truth, **CLOSE)
    np.testing.assert_allclose(jacobian(f, mode="forward")(X), truth, **CLOSE)
    t = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(jvp(f, (X,), (t,))[1], truth @ t, **CLOSE)
    again = grad(f)(X * 1.01)  # from the cache
    np.testing.assert_allclose(again, complex_step(python(program), X * 1.01), **CLOSE)


@every_program
def test_second_derivatives(program):
    """By bibun's derivative of Python's own loops, and differences of the complex step."""
    f, g = ours(program), python(program)
    truth = hessian(g)(X)
    h = 1e-6
    units = np.eye(3)
    rough = [(complex_step(g, X + h * e) - complex_step(g, X - h * e)) / (2 * h) for e in units]
    scale = np.max(np.abs(truth))
    np.testing.assert_allclose(truth, rough, rtol=0, atol=1e-6 * scale)  # h * h and eps / h
    close = {"rtol": 1e-10, "atol": 1e-11 * scale}
    np.testing.assert_allclose(hessian(f)(X), truth, **close)
    np.testing.assert_allclose(jacobian(grad(f), mode="reverse")(X), truth, **close)
    np.testing.assert_allclose(jacobian(grad(f), mode="forward")(X), truth, **close)
    t = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(hvp(f)(X, t), truth @ t, **close)
    _, pull = vjp(lambda x: jvp(f, (x,), (t,))[1], X)
    np.testing.assert_allclose(pull(1.0)[0], truth @ t, **close)


@every_program
def test_batches(program):
    """Examples that take other branches, and other numbers of rounds."""
    xs = np.stack([X, X * 1.2, X[::-1], X * 0.3])
    f = ours(program)
    np.testing.assert_allclose(vmap(f)(xs), [python(program)(x) for x in xs], **CLOSE)
    truth = [complex_step(python(program), x) for x in xs]
    np.testing.assert_allclose(vmap(grad(f))(xs), truth, **CLOSE)
    np.testing.assert_allclose(grad(lambda xs: np.sum(vmap(f)(xs)))(xs), truth, **CLOSE)
    hessians = [hessian(f)(x) for x in xs]
    scale = np.max(np.abs(hessians))
    np.testing.assert_allclose(vmap(hessian(f))(xs), hessians, rtol=1e-9, atol=1e-11 * scale)


def test_third_derivative_of_a_while_loop():
    def cube_root(a):
        return bibun.while_loop(
            lambda x: np.abs(x**3 - a) > 1e-13, lambda x: (2 * x + a / (x * x)) / 3, 1.0 + a
        )

    third = float(mpmath.diff(mpmath.cbrt, 2.5, 3))
    np.testing.assert_allclose(grad(grad(grad(cube_root)))(2.5), third, rtol=1e-10)
    np.testing.assert_allclose(vmap(grad(grad(cube_root)))(np.array([2.5]))[0],
                               float(mpmath.diff(mpmath.cbrt, 2.5, 2)), rtol=1e-10)  # fmt: skip


# ------------------------------------------------------------ structural zeros


def test_a_branch_not_taken_gives_no_nan():
    """Python's `if` does not look at it; np.where alone would give nan."""

    def f(x):
        return bibun.cond(x > 0, np.sqrt, lambda x: 0 * x, x)

    assert np.array_equal(vmap(grad(f))(np.array([4.0, 0.0, -1.0])), [0.25, 0, 0])
    assert grad(f)(0.0) == 0

    def root(z):  # the cotangent of sqrt(z) is a structural zero where it is not taken
        return bibun.cond(z > 1, lambda a, b: a, lambda a, b: b, np.sqrt(z), z)

    assert grad(root)(0.0) == 1
    assert jvp(root, (0.0,), (1.0,))[1] == 1
    assert np.array_equal(vmap(grad(root))(np.array([0.0, 4.0])), [1, 0.25])


def test_zeros_stay_structural_from_round_to_round():
    def kept(x):  # only the first entry of what is carried is used in the end
        return bibun.fori_loop(0, 2, lambda i, c: np.sqrt(c), x)[0]

    assert np.array_equal(grad(kept)(np.array([16.0, 0.0])), [1 / 32, 0])
    assert np.array_equal(
        grad(lambda x: np.sum(vmap(kept)(x)))(np.array([[16.0, 0.0]])), [[1 / 32, 0]]
    )

    def before(x):  # the root in the last round is in no result
        return np.sum(bibun.scan(lambda c, x: (c * np.sqrt(x), c), 2.0, x)[1])

    x = np.array([4.0, 9.0, 0.0])
    assert np.array_equal(grad(before)(x), [2 / 4 * (1 + 3), 2 * 2 / 6, 0])
    assert np.array_equal(
        grad(
            lambda x: np.sum(bibun.scan(lambda c, x: (c * np.sqrt(x), c), 2.0, x, reverse=True)[1])
        )(x[::-1]),
        grad(before)(x)[::-1],
    )

    def used(x):  # the root of row 1 is a result, that of row 0 is none
        return bibun.map(np.sqrt, x)[1]

    assert np.array_equal(grad(used)(np.array([0.0, 4.0])), [0, 0.25])


def test_examples_that_are_done_keep_out_of_gradients():
    def f(x):  # one more round would divide by zero
        return bibun.while_loop(lambda c: c[1] > 0, lambda c: (c[0] / c[1], c[1] - 1), (x, x))[0]

    xs = np.array([1.0, 3.0, 2.0])
    truth = [grad(lambda x: _divided(x))(x) for x in xs]
    np.testing.assert_allclose(vmap(grad(f))(xs), truth, rtol=1e-14)


def _divided(x):
    y, n = x, x
    while n > 0:
        y, n = y / n, n - 1
    return y


# ------------------------------------------------------------ edges


def test_no_rounds():
    assert bibun.scan(lambda c, x: (c + x, c), 2.0, np.zeros(0))[0] == 2
    assert bibun.scan(lambda c, x: (c + x, c), 2.0, np.zeros((0,)))[1].shape == (0,)
    f = grad(lambda c, x: bibun.scan(lambda c, x: (c * x, c), c, x)[0], (0, 1))
    dc, dx = f(2.0, np.zeros(0))
    assert dc == 1 and dx.shape == (0,)
    assert grad(lambda x: bibun.fori_loop(5, 2, lambda i, c: c * x, x))(3.0) == 1
    assert grad(lambda x: bibun.while_loop(lambda c: c > 9, lambda c: c * x, x))(3.0) == 1
    x = np.arange(3.0)
    y = bibun.fori_loop(0, 0, lambda i, c: c, x)
    assert y is not x and not np.shares_memory(x, y)
    assert (
        vmap(lambda x: bibun.while_loop(lambda c: c > 0, lambda c: c - 1, x))(np.zeros(0)).size == 0
    )


def test_integers_and_bools_are_carried():
    def f(x):
        def step(c, k):
            total, n, seen = c
            seen = seen | (k == 2)
            return (np.where(seen, total * x, total), n + k, seen), n

        (total, n, seen), ns = bibun.scan(step, (1.0, 0, False), np.arange(5))
        assert n.dtype == int and seen.dtype == bool and ns.dtype == int
        return total * n

    assert f(3.0) == 10 * 27 and grad(f)(3.0) == 10 * 27
    assert grad(grad(f))(3.0) == 10 * 18


def test_dtypes():
    x = np.ones(3, np.float32)
    c, ys = bibun.scan(lambda c, x: (c + x, c * 2), np.float32(0), x)
    assert c.dtype == ys.dtype == np.float32
    assert (
        grad(lambda x: bibun.scan(lambda c, x: (c + x, None), np.float32(0), x)[0])(x).dtype == "f4"
    )
    assert bibun.fori_loop(0, 4, lambda i, c: c + 0.5, 0) == 2.0  # a number of Python's is widened
    assert bibun.cond(True, lambda x: x, lambda x: 0.0, np.float32(2)).dtype == np.float32


def test_variables_and_tapes():
    v, n = bibun.Variable([1.0, 2.0]), bibun.Variable(3, trainable=False)
    with bibun.GradientTape() as tape:
        y = bibun.scan(lambda c, x: (c * v + x, None), np.ones(2), np.ones((3, 2)))[0]
        loss = np.sum(
            bibun.while_loop(lambda c: c[1] < n, lambda c: (c[0] * v, c[1] + 1), (y, 0))[0]
        )

    def python(v):
        y = np.ones(2)
        for _ in range(3):
            y = y * v + 1
        return np.sum(y * v**3)

    assert loss.numpy() == python(np.array([1.0, 2.0]))
    np.testing.assert_allclose(
        tape.gradient(loss, v).numpy(), complex_step(python, np.array([1.0, 2.0])), rtol=1e-14
    )


def test_bodies_are_traced_once():
    calls = []

    def body(i, x):
        calls.append(i)
        return np.sin(x)

    grad(lambda x: bibun.fori_loop(0, 1000, body, x))(1.0)
    assert len(calls) == 1


def test_branches_that_are_not_taken_do_not_run():
    with np.errstate(all="raise"):
        assert bibun.cond(False, lambda x: 1 / x, lambda x: x, 0.0) == 0


def test_plain_arrays_are_read_by_an_index_without_value():
    assert np.array_equal(vmap(lambda i: DATA[i] + DATA[i - 1])(np.array([2, 0])), [3, 2])
    assert bibun.fori_loop(0, 3, lambda i, c: c + DATA[2 - i] * i, 0.0) == 1


def test_derivatives_inside_of_bodies():
    def descent(lax, x):
        step = grad(lambda z: np.sum(np.sin(z) ** 2))
        return np.sum(lax.fori_loop(0, 4, lambda i, c: c - 0.1 * step(c), x))

    f, g = (lambda x, lax=lax: descent(lax, x) for lax in (bibun, PYTHON))
    np.testing.assert_allclose(hessian(f)(X), hessian(g)(X), rtol=1e-12, atol=1e-15)


def test_functions_and_containers_of_all_kinds():
    from functools import partial

    class Step:
        def __init__(self, k):
            self.k = k

        def __call__(self, c, x):
            return [c[0] * self.k + x, c[1]], None

    f = lambda k: bibun.scan(Step(k), [1.0, None], np.ones(3))[0][0]  # noqa: E731
    assert grad(f)(2.0) == grad(lambda k: k**3 + k**2 + k + 1)(2.0)
    g = lambda k: bibun.fori_loop(0, 3, partial(lambda k, i, c: c * k, k), 1.0)  # noqa: E731
    assert grad(g)(2.0) == 12
    z = bibun.fori_loop(0, 3, lambda i, z: z * z + 1j, 0.5j)
    assert z == ((0.5j**2 + 1j) ** 2 + 1j) ** 2 + 1j


def test_associative_scan_of_every_length():
    for n in range(10):
        x = np.arange(n, dtype=float)
        np.testing.assert_array_equal(bibun.associative_scan(np.add, x), np.cumsum(x))
        back = bibun.associative_scan(np.add, x, reverse=True)
        np.testing.assert_array_equal(back, np.cumsum(x[::-1])[::-1])


# ------------------------------------------------------------ errors


def message(f):
    with pytest.raises((TypeError, ValueError)) as caught:
        f()
    text = str(caught.value)
    assert "(test_control.py:" in text, text
    return text


def test_errors_name_the_carry_and_the_types():
    x = np.ones(3)
    text = message(lambda: bibun.scan(lambda c, x: ({"a": c["a"][:1]}, None), {"a": x}, x))
    assert text.startswith(
        "scan: <lambda> gets carry['a'] as float64[3] and must return it as such, not as "
        "float64[1]: what is carried keeps its shape"
    )
    text = message(lambda: bibun.fori_loop(0, 3, lambda i, c: c * 1.5, np.int64(1)))
    assert "gets carry as int64[]" in text and "start from float64" in text
    text = message(lambda: bibun.while_loop(lambda c: c < 3, lambda c: (c, c), 1.0))
    assert text.startswith(
        "while_loop: <lambda> gets a carry * and must return one of the same structure, not (*, *)"
    )
    text = message(lambda: bibun.while_loop(lambda c: c, lambda c: c, 1.0))
    assert "must return one bool, not float64[]" in text
    assert "scan: <lambda> must return a pair" in message(
        lambda: bibun.scan(lambda c, x: c, 1.0, x)
    )
    text = message(lambda: bibun.cond(True, lambda: 1.0, lambda: np.ones(2)))
    assert "<lambda> returns result as float64[2] and <lambda> as float64[]" in text
    assert "same structure" in message(lambda: bibun.cond(True, lambda: 1.0, lambda: (1.0, 2.0)))
    assert "pred must be one bool" in message(lambda: bibun.cond(x > 0, np.sin, np.cos, x))
    assert "one integer" in message(lambda: bibun.switch(1.5, [np.sin], x))
    assert "one number of rounds" in message(lambda: bibun.scan(lambda c, x: (c, x), 0.0))
    assert "not 2, 3" in message(lambda: bibun.scan(lambda c, x: (c, x), 0.0, (x, x[:2])))


def test_an_if_in_a_body_says_what_to_write():
    def body(i, x):
        if x > 1:
            return x
        return 2 * x

    text = message(lambda: bibun.fori_loop(0, 3, body, 1.0))
    assert "bibun.cond" in text and "bibun.while_loop" in text and "x > 1" in text
    text = message(lambda: bibun.fori_loop(0, 3, lambda i, x: x + read(i), 1.0))
    assert "write bibun.constant(a)[i]" in text


DATA = np.arange(3.0)
WITHOUT_SOURCE = {"DATA": DATA}
# Of no file, so that no name is bound anew in it.
exec(compile("def read(i):\n    return DATA[i]\n", "test_control.py", "exec"), WITHOUT_SOURCE)
read = WITHOUT_SOURCE["read"]


# ------------------------------------------------------------ batches of some arguments


def mixed(lax, c, xs, s, n):
    """A scan, and in it a loop and a branch, of four arguments."""

    def step(c, x):
        y = lax.while_loop(lambda y: y[1] < n, lambda y: (y[0] * s, y[1] + 1), (c[0] + x, 0))[0]
        z = lax.cond(real(y) > 1, lambda y: np.log(y), lambda y: y * y, y)
        return (z, c[1] + s), (z * c[1], c[1])

    last, (a, b) = lax.scan(step, (c, 0.0), xs, reverse=True)
    return last[0] + np.sum(a) * np.prod(b[:-1] + s) + last[1]


MIXED = (0.5, np.array([0.3, 0.9, 0.2]), 1.4, 2.0)


@pytest.mark.parametrize("axes", list(product((0, None), repeat=4))[:-1])
def test_any_of_the_arguments_may_be_stacked(axes):
    factors = 1 + 0.1 * np.arange(4)
    args = [
        a
        if k is None
        else np.multiply.outer(factors, a) + (1.0 * np.arange(4) if a == 2.0 else 0)
        if np.ndim(a) == 0
        else np.multiply.outer(factors, a)
        for a, k in zip(MIXED, axes, strict=True)
    ]

    def each(f):
        return [
            f(*(a if k is None else a[i] for a, k in zip(args, axes, strict=True)))
            for i in range(4)
        ]

    def f(*args):
        return mixed(bibun, *args)

    def python(*args):
        return mixed(PYTHON, *args)

    np.testing.assert_allclose(vmap(f, axes)(*args), each(python), rtol=1e-12)
    found = vmap(grad(f, (0, 1, 2)), axes)(*args)
    truth = [np.stack(g) for g in zip(*each(grad(python, (0, 1, 2))), strict=True)]
    for a, b in zip(found, truth, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
    c, xs, s, n = MIXED
    step = complex_step(lambda v: python(v[0], v[1:4], v[4], n), np.array([c, *xs, s]))
    own = grad(f, (0, 1, 2))(*MIXED)
    np.testing.assert_allclose(np.concatenate([*map(np.atleast_1d, own)]), step, rtol=1e-12)
