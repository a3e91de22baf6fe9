"""Decompositions and what is made of them: NumPy's values, 60 digits, equal values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.linalg

import bibun
from bibun.array import Array
from bibun.scipy import linalg as ours

from .test_linalg import check, mp, positive, random, regular

Function = Callable[..., Any]


# ------------------------------------------------------------ the truth, with 60 digits


def decomposed(a: Any) -> tuple[Any, Any, Any]:
    """u, s and v^T with 60 digits, in descending order."""
    m, n = a.rows, a.cols
    if m < n:
        u, s, v = decomposed(a.T)
        return v.T, s, u.T
    w, v = mp.eigsy(a.T * a)
    order = sorted(range(n), key=lambda k: -w[k])
    v = mp.matrix([[v[i, k] for k in order] for i in range(n)])
    s = mp.matrix([mp.sqrt(w[k]) for k in order])
    u = a * v
    u = mp.matrix([[u[i, k] / s[k] for k in range(n)] for i in range(m)])
    return u, s, v.T


def values(a: Any) -> Any:
    return decomposed(a)[1]


def fourth(a: Any) -> Any:
    """u**4 and (v^T)**4, which do not depend on signs."""
    u, _, v = decomposed(a)
    return mp.matrix([x**4 for x in [*u, *v]])


def triangular(a: Any) -> Any:
    """The squares of r: it is the Cholesky factor of a^T a up to signs."""
    return mp.matrix([x**2 for x in mp.cholesky(a.T * a).T])


def pseudo(a: Any) -> Any:
    return (a.T * a) ** -1 * a.T if a.rows >= a.cols else a.T * (a * a.T) ** -1


def real_eigenvalues(a: Any) -> Any:
    return mp.matrix(sorted(mp.re(w) for w in mp.eig(a, left=False, right=False)))


def residual(a: Any, b: Any) -> Any:
    r = b - a * (pseudo(a) * b)
    return mp.matrix([mp.fsum(r[i, k] ** 2 for i in range(r.rows)) for k in range(r.cols)])


def both_bases(a: Any) -> Any:
    u, _, v = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([np.ravel(u), np.ravel(v)]) ** 4


def root(a: Any) -> Any:
    return mp.sqrtm(a)


SPREAD = np.diag([1.0, 2.0, 4.0]) + random(3, 3) / 4
# fmt: off
CASES: dict[str, tuple[Function, Function, list[np.ndarray]]] = {
    # name: the function, the same in wide numbers, the arguments
    "svdvals":    (np.linalg.svdvals, values, [random(3, 3)]),
    "svd-tall":   (both_bases, fourth, [random(4, 2)]),
    "svd-wide":   (both_bases, fourth, [random(2, 3)]),
    "nuclear":    (lambda a: np.linalg.norm(a, "nuc"), lambda a: mp.fsum(values(a)),
                   [random(3, 2)]),
    "norm-2":     (lambda a: np.linalg.norm(a, 2), lambda a: max(values(a)), [random(3, 2)]),
    "norm--2":    (lambda a: np.linalg.norm(a, -2), lambda a: min(values(a)), [random(2, 3)]),
    "cond":       (np.linalg.cond, lambda a: max(values(a)) / min(values(a)), [SPREAD]),
    "cond--2":    (lambda a: np.linalg.cond(a, -2), lambda a: min(values(a)) / max(values(a)),
                   [SPREAD]),
    "cond-1":     (lambda a: np.linalg.cond(a, 1), lambda a: mp.mnorm(a, 1) * mp.mnorm(a**-1, 1),
                   [SPREAD]),
    "qr":         (lambda a: np.linalg.qr(a)[1] ** 2, triangular, [regular()]),
    "qr-r":       (lambda a: np.linalg.qr(a, "r") ** 2, triangular, [random(4, 2)]),
    "pinv-tall":  (np.linalg.pinv, pseudo, [random(4, 2)]),
    "pinv-wide":  (np.linalg.pinv, pseudo, [random(2, 3)]),
    "lstsq-tall": (lambda a, b: np.linalg.lstsq(a, b)[0], lambda a, b: pseudo(a) * b,
                   [random(4, 2), random(4, 2)]),
    "lstsq-wide": (lambda a, b: np.linalg.lstsq(a, b)[0], lambda a, b: pseudo(a) * b,
                   [random(2, 3), random(2, 1)]),
    "lstsq-1":    (lambda a, b: np.linalg.lstsq(a, b)[0], lambda a, b: pseudo(a) * b,
                   [random(3, 2), random(3)]),
    "residuals":  (lambda a, b: np.linalg.lstsq(a, b)[1], residual,
                   [random(4, 2), random(4, 2, seed=5)]),
    "eigvals":    (lambda a: np.sort(np.linalg.eigvals(a)), real_eigenvalues, [SPREAD]),
    "tensorinv":  (lambda a: np.linalg.tensorinv(np.reshape(a, (3, 3, 1)), 1).reshape(3, 3),
                   lambda a: a**-1, [regular()]),
    "tensorsolve": (lambda a, b: np.linalg.tensorsolve(np.reshape(a, (2, 2, 4)), b.reshape(2, 2)),
                    lambda a, b: a**-1 * b, [regular(4), random(4)]),
    "triangular": (lambda a, b: ours.solve_triangular(np.tril(a), b, lower=True),
                   lambda a, b: lower(a) ** -1 * b, [regular(), random(3)]),
    "expm":       (ours.expm, mp.expm, [random(3, 3)]),
    "expm-large": (lambda a: ours.expm(8 * a) / 1e3, lambda a: mp.expm(8 * a) / 1000,
                   [random(3, 3)]),
    "sqrtm":      (ours.sqrtm, root, [SPREAD]),
}
# fmt: on


def lower(a: Any) -> Any:
    return mp.matrix([[a[i, j] if j <= i else 0 for j in range(a.cols)] for i in range(a.rows)])


@pytest.mark.parametrize("name", CASES)
def test_derivatives(name: str) -> None:
    f, truth, args = CASES[name]
    check(f, truth, *args)


# ------------------------------------------------------------ equal values


def rotated(values: list[float], m: int, n: int, seed: int) -> np.ndarray:
    """A matrix with these singular values (seed 0: diagonal)."""
    a = np.zeros((m, n))
    a[range(len(values)), range(len(values))] = values
    if not seed:
        return a
    q, _ = np.linalg.qr(random(m, m, seed=seed))
    r, _ = np.linalg.qr(random(n, n, seed=seed + 1))
    return q @ a @ r


def divided(f: Any, w: np.ndarray) -> np.ndarray:
    """(f(w_j) - f(w_i)) / (w_j - w_i), and f'(w_i) where these are equal, with 50 digits."""
    y = np.empty((len(w), len(w)))
    with mpmath.workdps(50):
        for i, x in enumerate(w):
            for j, z in enumerate(w):
                equal = abs(x - z) < 1e-9
                y[i, j] = (
                    mpmath.diff(f, x)
                    if equal
                    else (f(mpmath.mpf(z)) - f(mpmath.mpf(x))) / (mpmath.mpf(z) - mpmath.mpf(x))
                )
    return y


# fmt: off
SCALAR = [  # a function of NumPy and the same of mpmath
    (np.sqrt, mpmath.sqrt), (np.exp, mpmath.exp), (lambda w: w - 1, lambda w: w - 1),
    (lambda w: (w - 1) ** 2, lambda w: (w - 1) ** 2), (lambda w: 1 / w, lambda w: 1 / w),
]
# fmt: on


@pytest.mark.parametrize("f, truth", SCALAR)
@pytest.mark.parametrize("w", [[1, 1, 1], [1, 1, 3], [1, 2, 3], [1, 3, 3], [2, 2, 2]])
@pytest.mark.parametrize("seed", [0, 5])
def test_functions_of_matrices_with_equal_eigenvalues(
    f: Function, truth: Function, w: list[float], seed: int
) -> None:
    """The derivative of v f(w) v^T is known: Daleckii and Krein 1965; Higham 2008, theorem 3.11."""
    weights = random(3, 3, seed=9)
    q = np.linalg.qr(random(3, 3, seed=seed))[0] if seed else np.eye(3)
    a = (q * np.array(w, float)) @ q.T
    a = (a + a.T) / 2

    def through_eigh(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return np.sum(weights * ((v * f(w)) @ v.T))

    inner = divided(truth, np.array(w, float)) * (q.T @ (weights + weights.T) @ q) / 2
    np.testing.assert_allclose(bibun.grad(through_eigh)(a), q @ inner @ q.T, atol=1e-13)
    stacked = np.stack([a, np.diag([1.0, 2.0, 4.0])])
    found = bibun.vmap(bibun.grad(through_eigh))(stacked)[0]
    np.testing.assert_allclose(found, q @ inner @ q.T, atol=1e-13)


def test_second_derivatives_of_sums_over_equal_eigenvalues() -> None:
    """The gradient of the sum of w**3 is 3 a^2, whose derivative is known."""
    weights = random(3, 3)
    slope = bibun.grad(lambda a: np.sum(np.linalg.eigvalsh(a) ** 3))
    h = bibun.grad(lambda a: np.sum(weights * slope(a)))(np.eye(3))
    np.testing.assert_allclose(h, 3 * (weights + weights.T), atol=1e-13)


def rebuilt(f: Function, full: bool = False) -> Function:
    def through_svd(a: Any) -> Any:
        u, s, v = np.linalg.svd(a, full)
        k = s.shape[-1]
        return np.sum(random(*a.shape, seed=7) * ((u[:, :k] * f(s)) @ v[:k]))

    return through_svd


@pytest.mark.parametrize("values", [[2, 2], [2, 0], [0, 0], [3, 1], [1, 1]])
@pytest.mark.parametrize("shape", [(3, 2), (2, 2), (2, 3), (4, 2)])
@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("full", [False, True])
def test_products_of_singular_vectors_with_equal_singular_values(
    values: list, shape: tuple, seed: int, full: bool
) -> None:
    """u s v^T is a itself, and u s^3 v^T = a a^T a: both are smooth, whatever the values are."""
    a, t = rotated(values, *shape, seed), random(*shape, seed=3)
    weights = random(*shape, seed=7)
    found = bibun.grad(rebuilt(lambda s: s, full))(a)
    np.testing.assert_allclose(found, weights, atol=1e-13)
    cube = t @ a.T @ a + a @ t.T @ a + a @ a.T @ t
    found = bibun.grad(rebuilt(lambda s: s**3, full))(a)
    assert abs(np.sum(found * t) - np.sum(weights * cube)) < 1e-12


def test_the_polar_factor_of_a_multiple_of_a_rotation() -> None:
    """u v^T has the derivative (p - p^T) / (s_i + s_j) in these bases: here skew(t) / 2 at 2 q."""
    q, t, weights = np.linalg.qr(random(3, 3))[0], random(3, 3, seed=3), random(3, 3, seed=7)
    p = q.T @ t
    expected = np.sum(weights * (q @ (p - p.T) / 4))
    found = bibun.grad(rebuilt(np.ones_like))(2 * q)
    assert abs(np.sum(found * t) - expected) < 1e-13


def test_projectors_onto_spaces_of_equal_values() -> None:
    """Moving the weight between equal values does nothing; the space turns as a whole."""
    a, t, weights = rotated([2, 2], 4, 2, 5), random(4, 2, seed=3), random(4, 4, seed=7)
    p = np.linalg.pinv(a)
    moved = (np.eye(4) - a @ p) @ t @ p
    expected = np.sum(weights * (moved + moved.T))  # Golub and Pereyra 1973, lemma 4.1

    def inside(a: Any, full: bool = False) -> Any:
        u = np.linalg.svd(a, full)[0][:, :2]
        return np.sum(weights * (u @ u.T))

    def outside(a: Any) -> Any:
        u = np.linalg.svd(a)[0][:, 2:]
        return -np.sum(weights * (u @ u.T))

    def by_qr(a: Any) -> Any:
        u = np.linalg.qr(a, "complete")[0][:, 2:]
        return -np.sum(weights * (u @ u.T))

    for f in (inside, lambda a: inside(a, True), outside, by_qr):
        assert abs(np.sum(bibun.grad(f)(a) * t) - expected) < 1e-13


ARBITRARY = {
    "eigh": (lambda a: np.sum(np.linalg.eigh(a)[1] ** 4), np.eye(3)),
    "eigh-turned": (lambda a: np.sum(random(3, 3) * np.linalg.eigh(a)[1] ** 2), np.ones((3, 3))),
    "svd": (lambda a: np.sum(np.linalg.svd(a)[0] ** 4), np.eye(3)),
    "svd-zero": (lambda a: np.sum(np.linalg.svd(a)[2] ** 4), np.zeros((3, 3))),
    "svd-full": (lambda a: np.sum(np.linalg.svd(a)[0] ** 4), rotated([2, 1], 5, 2, 5)),
    "eig": (lambda a: np.sum(np.linalg.eig(a)[1] ** 4), np.eye(3)),
    "qr-complete": (lambda a: np.sum(np.linalg.qr(a, "complete")[0] ** 4), random(4, 2)),
    "eigenvalues by another way": (
        lambda x: (lambda v: np.sum(random(3, 3) * ((v * np.sum((x.T @ v) ** 2, 0)) @ v.T)))(
            np.linalg.eigh(x @ x.T)[1]
        ),
        np.eye(3),
    ),
    "sylvester": (lambda a: np.sum(ours.solve_sylvester(a, -a, a)), np.eye(2)),
}


@pytest.mark.parametrize("name", ARBITRARY)
@pytest.mark.filterwarnings("ignore::bibun.errors.NotFiniteWarning")
def test_what_depends_on_arbitrary_bases_has_no_silent_derivative(name: str) -> None:
    f, a = ARBITRARY[name]
    assert np.isnan(bibun.grad(f)(a)).any()


def test_singular_triangles_are_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="qr: r is singular"):
        bibun.grad(lambda a: np.sum(np.linalg.qr(a)[1] ** 2))(np.diag([1.0, 0.0]))


def test_cotangents_of_unknown_origin_are_not_trusted() -> None:
    """v may come from v (w - 1) v^T at w = 1, where its cotangent is 0."""
    _, pull = bibun.vjp(lambda a: tuple(np.linalg.eigh(a)), np.eye(2))
    with pytest.warns(bibun.errors.NotFiniteWarning, match="the derivative of eigh"):
        assert np.isnan(pull((np.ones(2), np.zeros((2, 2))))[0]).any()


def test_norms_take_the_subgradient_of_least_norm() -> None:
    eye, none = np.eye(3), np.zeros((3, 3))
    for p, expected in ((2, eye / 3), ("nuc", eye), (-2, eye / 3)):
        g = bibun.grad(lambda a, p=p: np.linalg.norm(a, p))
        np.testing.assert_allclose(g(eye), expected, atol=1e-15)
        np.testing.assert_array_equal(g(none), none)
    g = bibun.grad(lambda a: np.linalg.norm(a, "nuc"))(np.diag([2.0, 0.0]))
    np.testing.assert_array_equal(g, np.diag([1.0, 0.0]))
    np.testing.assert_allclose(bibun.grad(np.linalg.cond)(2 * eye), none, atol=1e-15)


def test_pseudo_inverses_of_constant_rank() -> None:
    """The pseudo-inverse of x y^T is y x^T / (x.x y.y)."""
    x, y, weights = random(3), random(2, seed=2), random(2, 3, seed=3)

    def through(x: Any) -> Any:
        return np.sum(weights * np.linalg.pinv(np.outer(x, y)))

    def truth(x: Any) -> Any:
        return np.sum(weights * np.outer(y, x)) / (np.sum(x * x) * np.sum(y * y))

    np.testing.assert_allclose(bibun.grad(through)(x), bibun.grad(truth)(x), rtol=1e-11)


def test_functions_of_symmetric_matrices() -> None:
    b = positive() - 2 * np.eye(3)  # with eigenvalues of both signs
    weights = {1: random(3), 2: random(3, 3)}
    for f, g in (
        (lambda a: np.linalg.svd(a, hermitian=True)[1], np.linalg.svdvals),
        (lambda a: np.linalg.svd(a, compute_uv=False, hermitian=True), np.linalg.svdvals),
        (lambda a: np.linalg.pinv(a, hermitian=True), np.linalg.inv),
    ):

        def total(a: Any, f: Function) -> Any:
            return np.sum(np.sin(f(a)) * weights[f(a).ndim])

        found, expected = (bibun.grad(lambda a, h=h: total(a, h))(b) for h in (f, g))
        np.testing.assert_allclose(found + found.T, expected + expected.T, atol=1e-11)
    u, s, v = (x.raw for x in np.linalg.svd(Array(None, -1, b), hermitian=True))
    np.testing.assert_allclose((u * s) @ v, b, atol=1e-14)


# fmt: off
CALLS = [
    (np.linalg.svdvals, (4, 3, 2)),          (np.linalg.svdvals, (0, 3)),
    (np.linalg.pinv, (2, 3, 2)),             (np.linalg.pinv, (0, 3)),
    (np.linalg.qr, (2, 4, 3)),               (np.linalg.qr, (3, 2), "complete"),
    (np.linalg.qr, (0, 2)),                  (np.linalg.qr, (2, 3), "r"),
    (np.linalg.svd, (3, 4, 2)),              (np.linalg.svd, (2, 3), False),
    (np.linalg.svd, (2, 3), True, False),    (np.linalg.cond, (2, 3, 3)),
    (np.linalg.cond, (3, 3), 1),             (np.linalg.cond, (3, 3), "fro"),
    (np.linalg.norm, (2, 3, 4), 2, (2, 0)),  (np.linalg.norm, (3, 2), "nuc", None, True),
    (np.linalg.norm, (2, 3, 4), -2, (0, 1)), (np.linalg.matrix_rank, (3, 2)),
    (np.linalg.tensorinv, (4, 2, 2), 1),
]
WRONG = [
    (np.linalg.svd, (3,)),                   (np.linalg.qr, (3,)),
    (np.linalg.qr, (3, 3), "foo"),           (np.linalg.pinv, (3,)),
    (np.linalg.cond, (0, 0)),                (np.linalg.cond, (2, 3), 1),
    (np.linalg.eig, (2, 3)),                 (np.linalg.eigvals, (3,)),
    (np.linalg.tensorinv, (2, 2), 0),        (np.linalg.norm, (3, 3), "nuk"),
]
# fmt: on


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.filterwarnings("ignore::bibun.errors.NotFiniteWarning")  # vectors that nothing decides
def test_values_are_those_of_numpy(call: tuple, dtype: str) -> None:
    f, shape, *rest = call
    a = random(*shape).astype(dtype)
    found, expected = f(Array(None, -1, a), *rest), f(a, *rest)
    assert isinstance(found, tuple) == isinstance(expected, tuple)
    pairs = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
    for y, e in pairs:
        y = getattr(y, "raw", y)
        assert (y.dtype, y.shape) == (e.dtype, e.shape)
        np.testing.assert_allclose(y, e, rtol=1e-4 if dtype == "f4" else 1e-12, atol=1e-6)
    if expected.__class__.__name__ != "int64":  # ranks have no derivative
        g = bibun.grad(lambda a: sum(np.sum(y) for y in np.atleast_1d(*_all(f(a, *rest)))))(a)
        assert (g.dtype, g.shape) == (a.dtype, a.shape)


def _all(y: Any) -> Any:
    return y if isinstance(y, tuple) else (y, y)


@pytest.mark.parametrize("call", WRONG)
def test_what_numpy_refuses_is_refused(call: tuple) -> None:
    f, shape, *rest = call
    with pytest.raises(Exception) as theirs:
        f(random(*shape), *rest)
    with pytest.raises(type(theirs.value)):
        bibun.grad(lambda a: np.sum(f(a, *rest)))(random(*shape))


def test_complex_results_are_refused() -> None:
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    for f in (np.linalg.eigvals, lambda a: ours.sqrtm(a @ a)):
        with pytest.raises(bibun.errors.UnsupportedError, match="complex"):
            bibun.grad(lambda a, f=f: np.sum(f(a)))(turn)


def test_least_squares_gives_what_numpy_gives() -> None:
    for m, n, b in ((4, 2, (4,)), (4, 2, (4, 3)), (2, 3, (2,))):
        a, b = random(m, n), random(*b, seed=2)
        found, expected = np.linalg.lstsq(Array(None, -1, a), b), np.linalg.lstsq(a, b)
        for y, e in zip(found, expected, strict=True):
            y = getattr(y, "raw", y)
            assert (type(y), y.dtype, np.shape(y)) == (type(e), e.dtype, np.shape(e))
            np.testing.assert_allclose(y, e, rtol=1e-12)
    with pytest.raises(np.linalg.LinAlgError):
        bibun.grad(lambda a: np.linalg.lstsq(a, random(3))[0][0])(random(2, 2))


def test_scipy_functions_of_plain_arrays_are_those_of_scipy() -> None:
    a = positive()
    for name in ("expm", "sqrtm", "inv", "cholesky", "det", "svdvals"):
        found = bibun.jvp(getattr(ours, name), (a,), (np.eye(3),))[0]
        np.testing.assert_allclose(found, getattr(scipy.linalg, name)(a), rtol=1e-12)
        np.testing.assert_array_equal(getattr(ours, name)(a), getattr(scipy.linalg, name)(a))
