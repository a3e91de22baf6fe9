"""Matrices, solvers, decompositions, and the formulas that are written with them."""

import numpy as np
import numpy.linalg as la
from numpy.linalg import inv, norm, solve

from .suite import idiom

SAMPLES = np.array([0.0, 1.0, 3.0, 2.0])


def symmetric(x):
    return np.outer(x, x) + np.diag(1.0 + np.arange(len(x)))


@idiom
def solved(x):
    return np.sum(np.linalg.solve(symmetric(x), x))


@idiom
def inverse_and_determinant(x):
    a = symmetric(x)
    return x @ np.linalg.inv(a) @ x + np.linalg.det(a)


@idiom
def log_determinant(x):
    sign, value = np.linalg.slogdet(symmetric(x))
    return sign * value + np.linalg.slogdet(symmetric(x))[1] ** 2


@idiom
def gaussian_log_likelihood(x):
    covariance = symmetric(x)
    r = x - 0.5
    low = np.linalg.cholesky(covariance)
    z = np.linalg.solve(low, r)
    return -0.5 * z @ z - np.sum(np.log(np.diag(low))) - 0.5 * len(x) * np.log(2 * np.pi)


@idiom
def gaussian_process(x):
    t, seen = np.array([0.0, 0.4, 1.0]), np.array([0.3, -0.2, 0.5])
    k = x[0] ** 2 * np.exp(-0.5 * (t[:, None] - t) ** 2 / x[1] ** 2) + x[2] ** 2 * np.eye(3)
    alpha = np.linalg.solve(k, seen)
    return 0.5 * seen @ alpha + 0.5 * np.linalg.slogdet(k).logabsdet + x[3]


@idiom
def eigenvalues_of_symmetric(x):
    values, vectors = np.linalg.eigh(symmetric(x))
    return (
        np.log(values).sum() + values[0] * vectors[0, 0] ** 2 + np.linalg.eigvalsh(np.diag(x))[-1]
    )


@idiom
def singular_values(x):
    m = np.array([x, x**2, np.ones(4)])
    u, s, vt = np.linalg.svd(m, full_matrices=False)
    return s[0] * s[1] + np.sum((u * s) @ vt) + np.linalg.norm(m, 2) + np.linalg.norm(m, "nuc")


@idiom
def orthogonal_triangular(x):
    q, r = np.linalg.qr(np.array([x, x**2, np.sin(x), np.ones(4)]).T)
    return np.sum(np.abs(np.diag(r))) + np.sum((q @ r)[0])


@idiom
def least_squares(x):
    t = np.array([0.0, 1.0, 2.0, 3.0])
    a = np.vstack([t, np.ones(4)]).T
    slope, offset = np.linalg.lstsq(a, x, rcond=None)[0]
    return slope**2 + offset


@idiom
def normal_equations(x):
    a = np.column_stack([np.ones(4), SAMPLES, x])
    w = np.linalg.solve(a.T @ a + 0.1 * np.eye(3), a.T @ np.array([1.0, 2.0, 0.5, 0.3]))
    return w @ w


@idiom
def pseudo_inverse(x):
    m = np.array([x[:2], x[2:], [1.0, x[0]]])
    return np.sum(np.linalg.pinv(m) ** 2)


@idiom
def names_of_linalg(x):
    a = symmetric(x)
    return norm(x) + norm(solve(a, x)) + np.trace(inv(a)) + la.norm(a, "fro") + la.cond(a)


@idiom
def vector_norms(x):
    y = x - 0.2
    return la.norm(y, 1) + la.norm(y, np.inf) + la.norm(y, 3) + la.norm(y.reshape(2, 2), axis=1)[0]


@idiom
def matrix_powers(x):
    p = np.array([[1 - 0.1 * x[0], 0.1 * x[0]], [0.2 * x[1], 1 - 0.2 * x[1]]])
    return np.linalg.matrix_power(p, 5)[0, 1] + (p @ p @ p)[1, 0]


@idiom
def chain_of_products(x):
    a = x.reshape(2, 2)
    return np.linalg.multi_dot([x[:2], a, a.T, x[2:]])


@idiom
def general_eigenvalues(x):
    a = np.array([[x[0], 2.0], [x[1], -x[2]]])
    return np.max(np.linalg.eigvals(a).real) + np.linalg.eig(a)[0].real.prod()


@idiom
def mahalanobis(x):
    d = x - np.array([0.1, 0.2, 0.3, 0.4])
    return np.sqrt(np.einsum("i,ij,j", d, np.linalg.inv(symmetric(SAMPLES)), d))


@idiom
def householder_reflection(x):
    v = x / np.linalg.norm(x)
    h = np.eye(4) - 2.0 * np.outer(v, v)
    return (h @ SAMPLES)[1] * h[0, 0]


@idiom
def gram_schmidt(x):
    basis = []
    for v in np.array([x, x**2, np.ones(4)]):
        w = v - sum(np.dot(v, b) * b for b in basis)
        basis.append(w / np.linalg.norm(w))
    return np.sum(np.array(basis)[2] * SAMPLES)


@idiom
def rotation_of_points(x):
    theta = x[0]
    rotation = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    points = np.array([[0.0, 1.0, 2.0], [1.0, x[1], -1.0]])
    return np.sum((rotation @ points + x[2:, None]) ** 3)


@idiom
def block_matrix(x):
    a = x.reshape(2, 2)
    m = np.block([[a, np.eye(2)], [np.zeros((2, 2)), a.T]])
    return np.linalg.det(m + np.eye(4)) + np.linalg.norm(m)


@idiom
def principal_components(x):
    data = np.outer(x, [1.0, 2.0, 0.5]) + np.arange(12.0).reshape(4, 3) ** 2 / 10
    centred = data - data.mean(axis=0)
    s = np.linalg.svd(centred, compute_uv=False)
    return s[0] ** 2 / np.sum(s**2)


@idiom
def conjugate_gradients(x):
    a, b = symmetric(x), np.ones(4)
    y = np.zeros(4)
    r = p = b - a @ y
    for _ in range(4):
        step = (r @ r) / (p @ a @ p)
        y = y + step * p
        new = r - step * (a @ p)
        p, r = new + (new @ new) / (r @ r) * p, new
        if step is None:
            break
    return y @ x


@idiom
def batch_of_matrices(x):
    stack = x[:, None, None] * np.eye(2) + np.array([[0.0, 0.1], [0.2, 0.0]])
    return np.sum(np.linalg.inv(stack)) + np.prod(np.linalg.det(stack))
