"""Decompositions in balls: what mpmath finds with 80 digits lies inside, or nothing is proven."""

import numpy as np
import pytest
import scipy.linalg

from bibun.numerics import certify
from bibun.wide import decompositions as d
from bibun.wide.balls import precision
from bibun.wide.objects import UndecidedError

flint = pytest.importorskip("flint")
mp = pytest.importorskip("mpmath")

RNG = np.random.default_rng(0)
HILBERT = np.array([[1.0 / (i + j + 1) for j in range(6)] for i in range(6)])
GRADED = RNG.normal(size=(4, 4)) * 10.0 ** np.arange(-9, 3, 3)
# fmt: off
SQUARE = {
    "moderate": RNG.normal(size=(4, 4)), "ill-conditioned": HILBERT, "graded": GRADED,
    "close eigenvalues": np.diag([1.0, 1.0 + 1e-13, 2.0]) + 1e-14 * np.ones((3, 3)),
    "one": np.array([[3.0]]),
}
TALL = {"moderate": RNG.normal(size=(5, 3)), "graded": GRADED[:, :2], "square": SQUARE["moderate"]}
# fmt: on


def rows(a):
    return [[flint.arb(float(x)) for x in row] for row in a]


def inside(balls, truth):
    """Whether numbers that are known to 75 digits of the largest lie in balls, which are thin."""
    truth = [x for row in truth for x in row]
    size = max(map(abs, truth))
    for ball, x in zip((b for row in balls for b in row), truth, strict=True):
        near = flint.arb(mp.nstr(x, 80), 0) + flint.arb(0, mp.nstr(size * mp.mpf(10) ** -75, 5))
        assert ball.overlaps(near), (ball, x)
        assert ball.rad() < flint.arb(mp.nstr(size * mp.mpf(10) ** -20, 5))


def columns(a):
    return [[a[i, j] for i in range(a.rows)] for j in range(a.cols)]


def signed(vectors, like):
    """Exact vectors with the signs of floats."""
    found = []
    for x, near in zip(vectors, like.T, strict=True):
        side = mp.fsum(v * float(w) for v, w in zip(x, near, strict=True))
        found.append([v if side > 0 else -v for v in x])
    return found


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(100), precision(400):
        yield


@pytest.mark.parametrize("name", SQUARE)
def test_symmetric_eigenproblems(name):
    a = SQUARE[name] + SQUARE[name].T
    like = np.linalg.eigh(a)[1]
    w, v = mp.eigsy(mp.matrix(a.tolist()))
    balls, vectors = d.symmetric(rows(a), like)
    inside([balls], [list(w)])
    inside(d.transposed(vectors), signed(columns(v), like))


@pytest.mark.parametrize("name", ["moderate", "graded", "close eigenvalues", "one"])
def test_eigenproblems(name):
    a = SQUARE[name] @ SQUARE[name].T @ np.diag(np.arange(1.0, 1 + len(SQUARE[name])))
    values, like = map(np.real, np.linalg.eig(a))  # which NumPy 2.5 gives as complex numbers
    w, v = mp.eig(mp.matrix(a.tolist()))
    near = [min(range(len(w)), key=lambda k: abs(w[k] - float(x))) for x in values]
    assert sorted(near) == list(range(len(w)))
    vectors = [[mp.re(x / mp.norm(c)) for x in c] for c in columns(v)]
    balls, found = d.general(rows(a), values, like)
    inside([balls], [[mp.re(w[k]) for k in near]])
    inside(d.transposed(found), signed([vectors[k] for k in near], like))


@pytest.mark.parametrize("name", TALL)
@pytest.mark.parametrize("wide", [False, True])
def test_singular_values(name, wide):
    a = TALL[name].T if wide else TALL[name]
    like = np.linalg.svd(a, False)
    _, s, vh = mp.svd_r(mp.matrix(a.tolist()))
    u, balls, v = d.singular(rows(a), like)
    inside([balls], [list(s)])
    right = signed(columns(vh.T), like[2].T)
    inside(v, right)
    exact = mp.matrix(a.tolist())
    inside(d.transposed(u), [list(exact * mp.matrix(x) / y) for x, y in zip(right, s, strict=True)])


@pytest.mark.parametrize("name", TALL)
def test_qr(name):
    a = TALL[name]
    like = np.linalg.qr(a)
    q, r = mp.qr(mp.matrix(a.tolist()), mode="skinny")
    signs = [1 if mp.sign(r[k, k]) == np.sign(like[1][k, k]) else -1 for k in range(r.rows)]
    balls = d.orthogonal(rows(a), like[0])
    inside(
        d.transposed(balls[0]), [[s * x for x in c] for s, c in zip(signs, columns(q), strict=True)]
    )
    inside(balls[1], [[s * r[i, j] for j in range(r.cols)] for i, s in enumerate(signs)])


def test_further_columns_are_those_of_lapack():
    a = TALL["moderate"]
    for found, like in (
        (d.orthogonal(rows(a), np.linalg.qr(a, "complete")[0])[0], np.linalg.qr(a, "complete")[0]),
        (d.singular(rows(a), np.linalg.svd(a))[0], np.linalg.svd(a)[0]),
    ):
        np.testing.assert_allclose([[float(x) for x in row] for row in found], like, atol=1e-14)
        gram = flint.arb_mat(d.times(d.transposed(found), found))
        assert gram.contains(flint.arb_mat(5, 5, [int(i % 6 == 0) for i in range(25)]))


# fmt: off
GRADIENTS = {  # what balls prove to be the gradient of, and the same in mpmath
    "eigenvalues": (lambda a: np.linalg.eigvalsh(a + a.T)[0],
                    lambda a: mp.eigsy(a + a.T, eigvals_only=True)[0]),
    "eigenvectors": (lambda a: np.linalg.eigh(a + a.T)[1][0, 1] ** 2,
                     lambda a: mp.eigsy(a + a.T)[1][0, 1] ** 2),
    "real eigenvalues": (lambda a: np.max(np.linalg.eigvals(a @ a.T @ np.diag([1.0, 2.0, 3.0]))),
                         lambda a: max(map(mp.re, mp.eig(a * a.T * mp.diag([1, 2, 3]))[0]))),
    "singular values": (lambda a: np.linalg.svd(a)[1][1] ** 3,
                        lambda a: mp.svd_r(a, compute_uv=False)[1] ** 3),
    "singular vectors": (lambda a: np.linalg.svd(a)[0][0, 0] ** 2,
                         lambda a: mp.svd_r(a)[0][0, 0] ** 2),
    "qr": (lambda a: np.linalg.qr(a)[1][1, 2] ** 2, lambda a: mp.qr(a)[1][1, 2] ** 2),
    "pinv": (lambda a: np.sum(np.linalg.pinv(a[:, :2]) ** 2),
             lambda a: sum(x**2 for x in (a[:, :2].T * a[:, :2]) ** -1 * a[:, :2].T)),
    "lstsq": (lambda a: np.linalg.lstsq(a[:, :2], a[:, 2], rcond=None)[0][0],
              lambda a: ((a[:, :2].T * a[:, :2]) ** -1 * a[:, :2].T * a[:, 2])[0]),
    "sqrtm": (lambda a: scipy.linalg.sqrtm(a @ a.T)[0, 1], lambda a: mp.sqrtm(a * a.T)[0, 1]),
    "det of a singular matrix": (lambda a: np.linalg.det(a - a.T), lambda a: mp.det(a - a.T)),
}
# fmt: on


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_are_proven(name):
    f, exact = GRADIENTS[name]
    rng = np.random.default_rng(list(GRADIENTS).index(name))  # the same, whichever tests run
    a = rng.integers(-8, 9, (3, 3)) / 8 + np.diag([2.0, 4.0, 6.0])
    found = certify(f, a)
    with mp.workdps(120):
        for i, j in np.ndindex(3, 3):
            moved = []
            for h in (mp.mpf(10) ** -40, -(mp.mpf(10) ** -40)):
                b = mp.matrix(a.tolist())
                b[i, j] += h
                moved.append(exact(b))
            slope = (moved[0] - moved[1]) / (2 * mp.mpf(10) ** -40)
            if abs(slope) > mp.mpf(10) ** -30:
                assert found.gradient[i, j] == float(slope)
            else:
                assert abs(found.gradient[i, j]) < 1e-30 or np.isnan(found.gradient[i, j])


def test_equal_eigenvalues_are_proven_and_their_vectors_are_not():
    a = np.ones((3, 3)) + np.eye(3)
    found = certify(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), a)
    assert found.value == 18 and np.isnan(found.gradient).all() and not found.proven
    assert "not proven" in str(found)
    vectors = certify(lambda a: np.linalg.eigh(a)[1][0, 0], a)
    assert np.isnan(vectors.value) and np.isnan(vectors.gradient).all() and not vectors.proven


@pytest.mark.parametrize("gap", [1e-6, 1e-10, 1e-17])
def test_close_eigenvalues_have_the_exact_derivative_or_none(gap):
    """The rules take a limit, where floats are close, which is off by the gap."""

    def f(a):
        w, v = np.linalg.eigh(a)
        return ((v * w**3) @ v.T)[0, 0]

    a = np.array([[1.0, gap / 3, 0.0], [gap / 3, 1.0, 0.0], [0.0, 0.0, 2.0]])
    found = certify(f, a)

    def moved(h):
        b = mp.matrix(a.tolist())
        b[0, 0] += h
        return (b * b * b)[0, 0]

    h = mp.mpf(10) ** -30
    slope = float((moved(h) - moved(-h)) / (2 * h))
    assert found.value == float(moved(0))
    assert np.isnan(found.gradient[0, 0]) or found.gradient[0, 0] == slope
    assert found.proven == (not found.without)
    assert found.proven or found.without == [
        "vectors of (nearly) equal eigenvalues or singular values"
    ]


@pytest.mark.parametrize("gap", [1e-30, 0.0])
def test_what_balls_cannot_tell_apart_is_not_proven(gap):
    a = np.diag([1.0, 1.0, 2.0])
    wide = rows(a)
    wide[0][0] += flint.arb(gap, 1e-25)
    values, vectors = d.symmetric(wide, np.eye(3))
    exact = 1, 1 + flint.arb(gap), 2
    assert all(x.contains(y) for x, y in zip(values, exact, strict=True))
    assert all(x.rad() < 1e-24 for x in values)
    assert all(x.is_nan() for x in vectors[0])
    with pytest.raises(UndecidedError):
        d.general(wide, np.diagonal(a), np.eye(3))
    with pytest.raises(UndecidedError):
        d.square_root(wide)


def test_complex_eigenvalues_are_refused():
    with pytest.raises(ArithmeticError, match="complex"):
        d.general(rows([[0.0, -1.0], [1.0, 0.0]]), np.zeros(2), np.eye(2))
