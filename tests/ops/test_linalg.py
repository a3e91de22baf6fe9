"""Linear algebra: NumPy's values and errors; derivatives against differences of 60 digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import bibun
from bibun import walk
from bibun.array import Array
from bibun.graph import Type

Function = Callable[..., Any]
CLOSE = 1e-11  # relative: rounding of a few hundred operations on matrices of condition below 100
mp = mpmath.mp.clone()
mp.dps = 60
STEP = mp.mpf(10) ** -18  # differences are then good to 36 digits (18 for the second)


def random(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def regular(n: int = 3) -> np.ndarray:
    return random(n, n) + 2 * np.eye(n)


def positive(n: int = 3) -> np.ndarray:
    a = random(n, n)
    return a @ a.T + np.diag(np.arange(1.0, n + 1))


# ------------------------------------------------------------ the truth, with 60 digits


def wide(x: np.ndarray) -> Any:
    return mp.matrix(x.tolist()) if x.ndim else mp.mpf(float(x))


def flat(y: Any) -> list[Any]:
    return list(y) if isinstance(y, mp.matrix) else [y]


def weighted(f: Function, weights: np.ndarray) -> Function:
    """sum of weights * f, in wide numbers."""
    ws = [mp.mpf(w) for w in weights.ravel()]
    return lambda *xs: mp.fsum(w * y for w, y in zip(ws, flat(f(*xs)), strict=True))


def along(f: Function, xs: list[Any], ts: list[Any]) -> Any:
    up, down = ([x + s * STEP * t for x, t in zip(xs, ts, strict=True)] for s in (1, -1))
    return (f(*up) - f(*down)) / (2 * STEP)


def check(f: Function, truth: Function, *args: np.ndarray, symmetric: bool = False) -> None:
    """Values, first derivatives and second ones of f against differences of `truth`."""
    ts, us = ([random(*x.shape, seed=s) for x in args] for s in (2, 3))
    if symmetric:
        ts, us = ([x + x.T for x in xs] for xs in (ts, us))
    y, dy = bibun.jvp(f, args, tuple(ts))
    np.testing.assert_allclose(y, f(*args), rtol=1e-13)  # the same LAPACK, or its neighbour
    weights = random(*y.shape, seed=4)
    every = tuple(range(len(args)))

    def total(*xs: Any) -> Any:
        return np.sum(weights * f(*xs))

    def slope(*xs: Any) -> Any:
        return bibun.jvp(total, xs, tuple(ts))[1]

    gradient = bibun.grad(total, every)
    first, second = truths(weighted(truth, weights), args, ts, us)
    near(np.sum(weights * dy), first, "jvp")
    near(dot(gradient(*args), ts), first, "grad")
    near(bibun.jvp(slope, args, tuple(us))[1], second, "jvp of jvp")
    near(dot(bibun.grad(slope, every)(*args), us), second, "grad of jvp")
    near(
        dot(bibun.grad(lambda *xs: dot(gradient(*xs), ts), every)(*args), us),
        second,
        "grad of grad",
    )


def truths(total: Function, args: Any, ts: Any, us: Any) -> tuple[float, float]:
    """The derivative along ts, and the second one along ts and us."""
    xs, ts, us = ([wide(x) for x in some] for some in (args, ts, us))
    first = along(total, xs, ts)
    second = along(lambda *xs: along(total, list(xs), ts), xs, us)
    return float(first), float(second)


def near(found: Any, expected: float, what: str) -> None:
    assert abs(found - expected) < CLOSE * (1 + abs(expected)), f"{what}: {found} is not {expected}"


def dot(xs: Any, ys: Any) -> Any:
    return sum(np.sum(x * y) for x, y in zip(xs, ys, strict=True))


def p_norm(p: Any) -> Function:
    return lambda x: mp.fsum(abs(v) ** p for v in x) ** (1 / mp.mpf(p))


def log_det(a: Any) -> Any:
    return mp.log(abs(mp.det(a)))


def eigenvalues(a: Any) -> Any:
    return mp.matrix(sorted(mp.eigsy((a + a.T) / 2, eigvals_only=True)))


def eigenvectors(a: Any) -> Any:
    """Their fourth powers, which do not depend on signs."""
    w, v = mp.eigsy((a + a.T) / 2)
    order = sorted(range(len(w)), key=lambda k: w[k])
    return mp.matrix([[v[i, k] ** 4 for k in order] for i in range(len(w))])


def cholesky(a: Any) -> Any:
    return mp.cholesky((a + a.T) / 2)


# fmt: off
CASES: dict[str, tuple[Function, Function, list[np.ndarray]]] = {
    # name: the function, the same in wide numbers, the arguments
    "det":        (np.linalg.det, mp.det, [regular()]),
    "det-rank2":  (np.linalg.det, mp.det, [random(3, 2) @ random(2, 3)]),
    "det-rank1":  (np.linalg.det, mp.det, [np.ones((3, 3))]),
    "det-zero":   (np.linalg.det, mp.det, [np.zeros((2, 2))]),
    "det-1":      (np.linalg.det, mp.det, [np.zeros((1, 1))]),
    "slogdet":    (lambda a: np.linalg.slogdet(a)[1], log_det, [regular()]),
    "inv":        (np.linalg.inv, lambda a: a**-1, [regular()]),
    "power":      (lambda a: np.linalg.matrix_power(a, 5), lambda a: a**5, [random(3, 3)]),
    "power-2":    (lambda a: np.linalg.matrix_power(a, -2), lambda a: a**-2, [regular()]),
    "solve":      (np.linalg.solve, lambda a, b: a**-1 * b, [regular(), random(3, 2)]),
    "solve-1":    (np.linalg.solve, lambda a, b: a**-1 * b, [regular(), random(3)]),
    "fro":        (np.linalg.norm, p_norm(2), [random(2, 3)]),
    "norm-1":     (lambda x: np.linalg.norm(x, 1), p_norm(1), [random(4)]),
    "norm-3":     (lambda x: np.linalg.norm(x, 3), p_norm(3), [random(4)]),
    "norm-1.5":   (lambda x: np.linalg.norm(x, 1.5), p_norm(1.5), [random(4)]),
    "norm-0.5":   (lambda x: np.linalg.norm(x, 0.5), p_norm(0.5), [random(4)]),
    "norm--1":    (lambda x: np.linalg.norm(x, -1), p_norm(-1), [random(4)]),
    "norm-inf":   (lambda x: np.linalg.norm(x, np.inf), lambda x: max(map(abs, x)), [random(4)]),
    "matrix-1":   (lambda x: np.linalg.norm(x, 1), lambda x: mp.mnorm(x, 1), [random(3, 2)]),
    "matrix-inf": (lambda x: np.linalg.norm(x.T, np.inf), lambda x: mp.mnorm(x, 1), [random(3, 2)]),
}
SYMMETRIC: dict[str, tuple[Function, Function]] = {
    "cholesky":   (np.linalg.cholesky, cholesky),
    "upper":      (lambda a: np.linalg.cholesky(a, upper=True), lambda a: cholesky(a).T),
    "eigvalsh":   (np.linalg.eigvalsh, eigenvalues),
    "eigh":       (lambda a: np.linalg.eigh(a)[1] ** 4, eigenvectors),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_derivatives(name: str) -> None:
    f, truth, args = CASES[name]
    check(f, truth, *args)


@pytest.mark.parametrize("name", SYMMETRIC)
def test_derivatives_of_symmetric_matrices(name: str) -> None:
    a, (f, truth) = positive(), SYMMETRIC[name]
    check(f, truth, a, symmetric=True)
    g = bibun.grad(lambda a: np.sum(f(a) * random(*f(a).shape)))(a)
    np.testing.assert_allclose(g, (g + g.T) / 2, atol=1e-14)


def test_third_derivatives_of_determinants() -> None:
    """det is a polynomial of degree 3 here: its third derivative is the polarised determinant."""
    a, t, u, v = (random(3, 3, seed=k) for k in range(4))
    a[2] = a[0] - a[1]

    def second(a: Any) -> Any:
        return bibun.jvp(lambda a: bibun.jvp(np.linalg.det, (a,), (t,))[1], (a,), (u,))[1]

    signs = [(1, t + u + v), (-1, t + u), (-1, t + v), (-1, u + v), (1, t), (1, u), (1, v)]
    expected = sum(s * np.linalg.det(m) for s, m in signs)
    for found in (bibun.jvp(second, (a,), (v,))[1], np.sum(bibun.grad(second)(a) * v)):
        assert abs(found - expected) < CLOSE


# ------------------------------------------------------------ values, dtypes, errors

# fmt: off
CALLS = [
    (np.linalg.solve, (3, 3), (3,)),            (np.linalg.solve, (3, 3), (3, 2)),
    (np.linalg.solve, (4, 3, 3), (3,)),         (np.linalg.solve, (4, 3, 3), (4, 3, 2)),
    (np.linalg.solve, (3, 3), (4, 3, 2)),       (np.linalg.solve, (4, 3, 3), (3, 2)),
    (np.linalg.solve, (4, 1, 3, 3), (5, 3, 2)), (np.linalg.solve, (2, 9, 9), (9, 2)),
    (np.linalg.solve, (0, 0), (0,)),            (np.linalg.solve, (0, 3, 3), (3,)),
    (np.linalg.solve, (3, 3), (3, 0)),          (np.linalg.solve, (1, 1), (1,)),
    (np.linalg.solve, (0, 9, 9), (9, 2)),       (np.linalg.solve, (3, 3), (2, 4, 3, 1)),
    (np.linalg.inv, (3, 3)),                    (np.linalg.inv, (2, 0, 0)),
    (np.linalg.det, (4, 3, 3)),                 (np.linalg.det, (0, 0)),
    (np.linalg.det, (2, 0, 0)),                 (np.linalg.slogdet, (2, 3, 3)),
    (np.linalg.matrix_power, (2, 3, 3), 0),     (np.linalg.matrix_power, (3, 3), -3),
    (np.linalg.matrix_transpose, (2, 3)),       (np.linalg.trace, (2, 3, 3)),
    (np.linalg.diagonal, (2, 3, 3)),            (np.linalg.norm, (2, 3, 4)),
    (np.linalg.norm, (2, 3), None, 0),          (np.linalg.norm, (2, 3), 1, (1, 0)),
    (np.linalg.norm, (2, 3, 4), -1, (2, 0)),    (np.linalg.norm, (2, 3, 4), np.inf, (-1, 0), True),
    (np.linalg.norm, (2, 3), -np.inf),          (np.linalg.norm, (3,), -np.inf),
    (np.linalg.norm, (3,), 0),                  (np.linalg.norm, (2, 3), 3, 1, True),
    (np.linalg.norm, (0,)),                     (np.linalg.norm, ()),
    (np.linalg.norm, (0, 3), 2, 1),             (np.linalg.norm, (2, 3), "fro", None, True),
    (np.linalg.vector_norm, (2, 3)),            (np.linalg.matrix_norm, (4, 2, 3)),
]
POSITIVE = [
    (np.linalg.cholesky, (4, 3, 3)),            (np.linalg.cholesky, (0, 0)),
    (np.linalg.eigh, (4, 3, 3)),                (np.linalg.eigvalsh, (1, 1)),
    (np.linalg.eigvalsh, (2, 3, 3)),            (np.linalg.eigh, (0, 0)),
]
# fmt: on


def values(f: Function, shapes: tuple) -> list[Any]:
    """Arguments of these shapes; anything that is not a shape stays."""
    count = 1 if f in (np.linalg.norm, np.linalg.matrix_power) else 2
    args: list[Any] = [
        random(*s, seed=k) if k < count and type(s) is tuple else s for k, s in enumerate(shapes)
    ]
    if count == 2 and args[0].ndim > 1 and args[0].shape[-1] == args[0].shape[-2]:
        args[0] = args[0] + 3 * np.eye(args[0].shape[-1])
    return args


def leaves(y: Any) -> list[Any]:
    return [getattr(v, "value", v) for v in (y if isinstance(y, tuple) else [y])]


@pytest.mark.parametrize("f, shapes", [(f, s) for f, *s in CALLS + POSITIVE])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8"])
def test_values_are_those_of_numpy(f: Function, shapes: list, dtype: str) -> None:
    args = values(f, tuple(shapes))
    if (f, *shapes) in POSITIVE:
        args = [args[0] + np.swapaxes(args[0], -1, -2)]
    args = [(4 * x).astype(dtype) if isinstance(x, np.ndarray) else x for x in args]
    found, expected = f(Array(None, -1, args[0]), *args[1:]), f(*args)
    tolerance = 1e-4 if dtype == "f4" else 1e-12  # condition below 100
    for y, e in zip(leaves(found), leaves(expected), strict=True):
        assert (y.dtype, y.shape) == (e.dtype, e.shape)
        np.testing.assert_allclose(y, e, rtol=tolerance, atol=tolerance)
    if isinstance(expected, tuple):
        assert type(found) is type(expected)


@pytest.mark.parametrize("f, shapes", [(f, s) for f, *s in CALLS if f is not np.linalg.trace])
def test_gradients_have_the_type_of_their_argument(f: Function, shapes: list) -> None:
    args = values(f, tuple(shapes))
    args = [x.astype("f4") if isinstance(x, np.ndarray) else x for x in args]

    def total(x: Any) -> Any:
        y = f(x, *args[1:])
        return np.sum(y[1] if isinstance(y, tuple) else y)

    g = bibun.grad(total)(args[0])
    assert (g.dtype, g.shape) == (args[0].dtype, args[0].shape)
    assert np.isfinite(g).all()


# fmt: off
WRONG = [
    (np.linalg.solve, (2, 3), (2,)),        (np.linalg.solve, (2, 2), (3,)),
    (np.linalg.solve, (2,), (2,)),          (np.linalg.solve, (5, 2, 2), (4, 2, 2)),
    (np.linalg.solve, (2, 2), ()),          (np.linalg.inv, (2, 3)),
    (np.linalg.det, (2, 3)),                (np.linalg.det, (3,)),
    (np.linalg.cholesky, (2, 3)),           (np.linalg.eigh, (2, 3)),
    (np.linalg.eigh, (2, 2), "x"),          (np.linalg.matrix_power, (2, 3), 2),
    (np.linalg.matrix_power, (2, 2), 1.5),  (np.linalg.norm, (2, 2), 3),
    (np.linalg.norm, (2,), "fro"),          (np.linalg.norm, (2, 2, 2), 2),
    (np.linalg.norm, (2, 2, 2), None, (0, 0)), (np.linalg.norm, (2, 2, 2), None, (0, 1, 2)),
    (np.linalg.norm, (2, 2), "foo"),        (np.linalg.norm, (2,), "foo"),
    (np.linalg.norm, (2,), None, 1),        (np.linalg.matrix_norm, (3,)),
]
# fmt: on


@pytest.mark.parametrize("f, shapes", [(f, s) for f, *s in WRONG])
def test_what_numpy_refuses_is_refused(f: Function, shapes: list) -> None:
    args = values(f, tuple(shapes))
    with pytest.raises(Exception) as theirs:
        f(*args)
    with pytest.raises(type(theirs.value)):
        bibun.grad(lambda x: np.sum(f(x, *args[1:])))(args[0])


def test_singular_matrices_are_refused_as_by_numpy() -> None:
    a, b = np.ones((2, 2)), np.ones(2)
    for f in (np.linalg.inv, lambda a: np.linalg.solve(a, b), lambda a: np.linalg.cholesky(-a)):
        with pytest.raises(np.linalg.LinAlgError) as theirs:
            f(a)
        with pytest.raises(np.linalg.LinAlgError, match=str(theirs.value)):
            bibun.grad(lambda a, f=f: np.sum(f(a)))(a)
    with pytest.raises(TypeError, match="float16"):
        bibun.grad(lambda a: np.linalg.det(a))(np.eye(2, dtype="f2"))


def test_a_nan_in_the_matrix_is_not_lost() -> None:
    a = regular(9)
    a[0, 0] = np.nan
    for f in (np.linalg.inv, lambda a: np.linalg.solve(a, np.ones(9)), np.linalg.det):
        assert np.isnan(bibun.jvp(f, (a,), (np.zeros_like(a),))[0]).all()


# ------------------------------------------------------------ hard points


def test_norms_at_zero_have_the_least_subgradient() -> None:
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    for p in (None, 1, 2, 3, 1.5, np.inf):
        g = bibun.grad(lambda x, p=p: np.sum(np.linalg.norm(x, p, axis=1)))(x)
        assert np.array_equal(g[0], [0, 0]) and np.isfinite(g[1]).all(), p
    np.testing.assert_allclose(bibun.grad(np.linalg.norm)(x), x / 5)
    h = bibun.grad(lambda x: np.sum(bibun.grad(np.linalg.norm)(x) ** 2))(np.zeros(3))
    assert np.array_equal(h, np.zeros(3))


def test_norms_neither_overflow_nor_underflow() -> None:
    for size in (1e200, 1e-200, 5e-324 * 2**40):
        x = size * np.array([3.0, 4.0])
        for f in (np.linalg.norm, lambda x: np.linalg.norm(x, 2, axis=0)):
            y, g = bibun.value_and_grad(f)(x)
            np.testing.assert_allclose(y / size, 5, rtol=1e-11)  # the smallest has 40 bits
            np.testing.assert_allclose(g, [0.6, 0.8], rtol=1e-11)
    y, g = bibun.value_and_grad(lambda x: np.linalg.norm(x, 4))(np.array([1e-100, 1e-100]))
    np.testing.assert_allclose([y, *g], [2**0.25 * 1e-100, 2**-0.75, 2**-0.75], rtol=1e-14)
    x = np.array([60000, 60000], "f2")  # the norm is beyond float16, its root mean square is not
    assert bibun.grad(lambda x: np.linalg.norm(x / 2))(x).dtype == np.float16


@pytest.mark.filterwarnings("ignore::bibun.errors.NotFiniteWarning")
def test_the_logarithm_of_a_determinant_is_infinitely_steep_at_a_singular_matrix() -> None:
    a = np.stack([np.diag([1.0, 0.0]), np.eye(2)])
    g = bibun.grad(lambda a: np.sum(np.linalg.slogdet(a)[1]))(a)
    assert g[0, 1, 1] == np.inf
    np.testing.assert_array_equal(g[1], np.eye(2))


def test_sums_over_repeated_eigenvalues() -> None:
    q, _ = np.linalg.qr(random(4, 4))
    a = q @ np.diag([1.0, 2.0, 2.0, 5.0]) @ q.T
    g = bibun.grad(lambda a: np.sum(np.linalg.eigvalsh(a) ** 3))(a)
    np.testing.assert_allclose(g, 3 * a @ a, atol=1e-12)
    g = bibun.grad(lambda a: np.sum(np.log(np.linalg.eigvalsh(a))))(np.eye(3))
    np.testing.assert_allclose(g, np.eye(3), atol=1e-14)
    g = bibun.grad(lambda a: np.sum(np.linalg.eigh(a)[0]))(np.zeros((3, 3)))
    np.testing.assert_array_equal(g, np.eye(3))


def test_tangents_of_eigenvectors_of_repeated_eigenvalues_are_not_silently_wrong() -> None:
    """A push goes on with the eigenvectors before it is known what they are used for: nan."""
    weights = random(3, 3)

    def root(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return np.sum(weights * ((v * np.sqrt(w)) @ v.T))

    with pytest.warns(bibun.errors.NotFiniteWarning, match="the derivative of eigh"):
        assert np.isnan(bibun.jvp(root, (np.eye(3),), (weights,))[1])
    a = np.diag([1.0, 2.0, 3.0])
    w = np.sqrt(np.diag(a))
    expected = (weights + weights.T) / 2 / (w[:, None] + w)  # from s s = a: s ds + ds s = da
    np.testing.assert_allclose(bibun.grad(root)(a), expected, rtol=1e-12)


def test_a_triangle_means_the_symmetric_matrix_that_numpy_reads() -> None:
    a = positive()
    for f, part in (
        (np.linalg.cholesky, np.tril),
        (lambda a: np.linalg.cholesky(a, upper=True), np.triu),
        (np.linalg.eigvalsh, np.tril),
        (lambda a: np.linalg.eigvalsh(a, "U"), np.triu),
    ):
        w = random(*f(a).shape)
        whole = bibun.grad(lambda a, f=f, w=w: np.sum(w * f(a)))(a)
        y, g = bibun.value_and_grad(lambda a, f=f, w=w: np.sum(w * f(a)))(part(a))
        assert abs(y - np.sum(w * f(part(a)))) < 1e-13
        np.testing.assert_allclose(g, part(2 * whole - np.diag(np.diag(whole))), atol=1e-13)
        both = np.stack([part(a), a])  # some of a stack, and where values are not known
        expected = np.stack([g, whole])
        total = lambda a, f=f, w=w: np.sum(w * f(a))  # noqa: E731
        np.testing.assert_allclose(bibun.grad(total)(both), expected, atol=1e-13)
        np.testing.assert_allclose(bibun.vmap(bibun.grad(total))(both), expected, atol=1e-13)


# ------------------------------------------------------------ stacks


def graph_of(f: Function, *shapes: tuple[int, ...]) -> Any:
    return walk.build([Type(np.dtype(float), s) for s in shapes], lambda *xs: [f(*xs)])


def test_stacks_are_loops() -> None:
    for f, one in (
        (np.linalg.det, regular()), (np.linalg.inv, regular()), (np.linalg.cholesky, positive()),
        (np.linalg.eigvalsh, positive()), (lambda a: np.linalg.slogdet(a)[1], regular()),
        (lambda a: np.linalg.solve(a, np.ones(3)), regular()),
        (lambda a: np.linalg.solve(a, np.ones((3, 2))), regular()),
    ):  # fmt: skip
        a = np.stack([one, 2 * one + np.eye(3), one + 3 * np.eye(3)])

        def total(a: Any, f: Function = f) -> Any:
            return np.sum(np.sin(f(a)))

        loop = np.stack([bibun.grad(total)(x) for x in a])
        np.testing.assert_allclose(bibun.grad(total)(a), loop, atol=1e-12)
        np.testing.assert_allclose(bibun.vmap(bibun.grad(total))(a), loop, atol=1e-12)


def test_solve_factorises_once() -> None:
    a, b = regular(), random(3)
    graph = graph_of(np.linalg.solve, (3, 3), (3,))

    def every(*xs: Array) -> list[Array]:
        env = walk.evaluate(graph, xs)
        y = env[graph.outputs[0]]
        first = walk.pull(graph, env, [y], [True, True])
        return [y, *(g for g in first if g is not None)]

    both = walk.build([Type(np.dtype(float), s) for s in ((3, 3), (3,))], every)
    count = Counter(type(n.op).__name__ for _, n in both.body())
    assert count["Factors"] == 1 and count["Solve"] == 2
    f = lambda a: np.linalg.solve(a, b) @ b + np.linalg.slogdet(a)[1]  # noqa: E731
    w = np.linalg.inv(a)
    np.testing.assert_allclose(bibun.grad(f)(a), w.T - np.outer(w.T @ b, w @ b), atol=1e-12)


@pytest.mark.parametrize("b", [(3,), (3, 2)])
def test_shared_matrices_are_factorised_once(b: tuple) -> None:
    a, bs = regular(), random(5, *b)
    graph = graph_of(np.linalg.solve, (3, 3), b)

    def batched(*xs: Array) -> list[Array]:
        return [y for y, _ in walk.batch(graph, xs, [False, True], 5)]

    wide = walk.build([Type(np.dtype(float), s) for s in ((3, 3), bs.shape)], batched)
    solves = [n for _, n in wide.body() if type(n.op).__name__ == "Solve"]
    assert [wide.nodes[n.args[1]].type.shape for n in solves] == [(3, 5 * int(np.prod(b[1:])))]
    loop = np.stack([np.linalg.solve(a, x) for x in bs])
    np.testing.assert_allclose(bibun.vmap(np.linalg.solve, (None, 0))(a, bs), loop, rtol=1e-12)


def test_rank_is_a_number() -> None:
    a = np.ones((3, 3))
    assert bibun.grad(lambda a: np.sum(a) * np.linalg.matrix_rank(a))(a)[0, 0] == 1
