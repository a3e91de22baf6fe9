"""Complex arguments through NumPy's functions, against finite differences of both parts."""

from itertools import pairwise

import numpy as np
import pytest

import bibun
from bibun.errors import DtypeError, NotDifferentiableError

rng = np.random.default_rng(7)


def drawn(*shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


Z, W, M, X = drawn(4), drawn(4), drawn(3, 3) + 3 * np.eye(3), rng.normal(size=4)
H = M @ M.conj().T

# fmt: off
PROGRAMS = {
    "parts":       (lambda z: z.real * np.imag(z) + np.angle(z) + np.abs(z), Z),
    "conj":        (lambda z: z * z.conj() + np.conj(np.exp(z)) * 2j, Z),
    "mixed":       (lambda z, x: z * x + x / z - x**2 + 1j * x, Z, X),
    "elementary":  (lambda z: np.exp(z) + np.log(z) + np.sqrt(z) + np.sin(z) * np.cosh(z), Z),
    "arcs":        (lambda z: np.arctan(z) + np.arcsin(z) + np.arccosh(z) + np.arctanh(z), Z),
    "tangents":    (lambda z: np.tan(z) + np.tanh(z) + np.arcsinh(z) + np.arccos(z), Z),
    "powers":      (lambda z, w: z**2 + z**w + 2**z + z**-1.5 + np.reciprocal(w), Z, W),
    "signs":       (lambda z: np.sign(z) + np.square(z), Z),
    "reductions":  (lambda z: np.sum(z) * np.prod(z) + np.mean(z) * np.var(z) + np.std(z), Z),
    "running":     (lambda z: np.cumsum(z) * np.cumprod(z), Z),
    "products":    (lambda z, w: np.vdot(z, w) + np.inner(z, w) * np.vecdot(w, z), Z, W),
    "einsum":      (lambda m, z: np.einsum("ij,jk->ik", m, m) @ z[:3], M, Z),
    "where":       (lambda z, x: np.where(x > 0, z, x) + z[[0, 0, 1, 3]] * z[::-1], Z, X),
    "norms":       (lambda z: np.linalg.norm(z) + np.linalg.norm(z, 3), Z),
    "frobenius":   (lambda m: np.linalg.norm(m), M),
    "solve":       (lambda m, z: np.linalg.solve(m, z[:3]) + np.linalg.inv(m) @ z[1:], M, Z),
    "det":         (lambda m: np.linalg.det(m), M),
    "slogdet":     (lambda m: np.linalg.slogdet(m)[0] + np.linalg.slogdet(m)[1], M),
    "cholesky":    (lambda m: np.linalg.cholesky(m @ m.conj().T), M),
    "eigvalsh":    (lambda m: np.linalg.eigvalsh(m @ m.conj().T), M),
    "matrices":    (lambda m: _function_of(m + m.conj().T), M),
    "sort":        (lambda z: np.sort(z) * np.arange(4) + np.max(z), Z),
    "joining":     (lambda z, x: np.concatenate([z, x]) * np.pad(np.roll(z, 1), 2), Z, X),
}
# fmt: on


def _function_of(h):
    """sinh of a Hermitian matrix: no phase of an eigenvector matters."""
    w, v = np.linalg.eigh(h)
    return (v * np.sinh(w)) @ v.conj().T


def random_like(x):
    t = np.random.default_rng(1).normal(size=(2, *np.shape(x)))
    return (t[0] + 1j * t[1]) if np.iscomplexobj(x) else t[0]


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name):
    f, *args = PROGRAMS[name]
    y, pullback = bibun.vjp(f, *args)
    np.testing.assert_allclose(y, f(*args), rtol=1e-14)
    assert y.dtype == f(*args).dtype
    tangents = [random_like(x) for x in args]
    moved = bibun.jvp(f, args, tangents)[1]

    def at(h):
        return f(*(x + h * t for x, t in zip(args, tangents, strict=True)))

    d = [(at(h) - at(-h)) / (2 * h) for h in (1e-3, 5e-4, 2.5e-4)]
    d = [(4 * b - a) / 3 for a, b in pairwise(d)]
    truth = (16 * d[1] - d[0]) / 15  # of sixth order: 1e-18 from truncation, 1e-12 from rounding
    np.testing.assert_allclose(moved, truth, rtol=1e-9, atol=1e-9 * np.max(np.abs(truth)))
    g = random_like(y)
    back = pullback(g)
    assert [b.dtype for b in back] == [x.dtype for x in args]
    pairs = zip(back, tangents, strict=True)
    sides = np.sum(g.conj() * moved).real, sum(np.sum(b.conj() * t).real for b, t in pairs)
    np.testing.assert_allclose(*sides, rtol=1e-9)


def test_the_gradient_descends_and_holomorphic_functions_have_their_derivative():
    loss = lambda z: np.sum(np.abs(z - W) ** 2)  # noqa: E731
    np.testing.assert_allclose(bibun.grad(loss)(Z), 2 * (Z - W), rtol=1e-14)
    np.testing.assert_allclose(bibun.hvp(loss)(Z, W), 2 * W, rtol=1e-14)
    z = 0.3 + 0.4j
    assert bibun.grad(np.sin, holomorphic=True)(z) == np.cos(z)
    value, slope = bibun.value_and_grad(np.exp, holomorphic=True)(z)
    assert value == slope == np.exp(z)
    np.testing.assert_allclose(
        bibun.jacobian(lambda z: z**3, holomorphic=True)(Z), np.diag(3 * Z**2), rtol=1e-13
    )
    np.testing.assert_allclose(
        bibun.hessian(lambda z: np.sum(z**3), holomorphic=True)(Z), np.diag(6 * Z), rtol=1e-13
    )
    with bibun.GradientTape() as tape:
        v = bibun.Variable(Z)
        y = loss(v)
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), 2 * (Z - W), rtol=1e-14)
    own = bibun.custom_gradient(lambda z: (z, lambda g: 10 * g))
    np.testing.assert_allclose(bibun.grad(lambda z: loss(own(z)))(Z), 20 * (Z - W), rtol=1e-14)
    rows = bibun.vmap(bibun.grad(lambda z: np.abs(z) ** 2))(Z)
    np.testing.assert_allclose(rows, 2 * Z, rtol=1e-14)


def test_jacobians_between_real_and_complex():
    x, z = X, Z
    np.testing.assert_allclose(
        bibun.jacobian(lambda x: np.exp(1j * x))(x), np.diag(1j * np.exp(1j * x)), rtol=1e-14
    )
    np.testing.assert_allclose(
        bibun.jacobian(lambda z: np.abs(z) ** 2)(z), np.diag(2 * z), rtol=1e-14
    )


def test_hard_points():
    zeros = np.array([0j, -0.0 + 0j])
    np.testing.assert_array_equal(bibun.grad(lambda z: np.sum(np.abs(z)))(zeros), 0)
    np.testing.assert_array_equal(bibun.grad(lambda z: np.linalg.norm(z))(zeros), 0)
    # On a cut the sign of a zero says which side: the derivatives are conjugates.
    for f in (np.sqrt, np.arcsin, np.arccos, np.arccosh):
        up, down = (bibun.grad(f, holomorphic=True)(complex(-2, s)) for s in (0.0, -0.0))
        near = bibun.grad(f, holomorphic=True)(complex(-2, 1e-12))
        assert up == down.conjugate() and abs(up - near) < 1e-9
    for f in (np.tanh, np.tan):
        g = bibun.grad(f, holomorphic=True)(800 + 800j)
        assert np.isfinite(g) and abs(g) < 1e-300


def test_errors():
    with pytest.raises(NotDifferentiableError, match="holomorphic=True"):
        bibun.grad(np.exp)(1j)
    with pytest.raises(DtypeError, match="holomorphic=True"):
        bibun.jacobian(np.exp)(Z)
    with pytest.raises(DtypeError, match="astype"):
        bibun.grad(np.exp, holomorphic=True)(1.0)
    with pytest.warns(np.exceptions.ComplexWarning):
        g = bibun.grad(lambda z: np.sum(z.astype(float) ** 2))(Z)
    np.testing.assert_allclose(g, 2 * Z.real)
