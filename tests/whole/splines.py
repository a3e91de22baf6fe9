"""Curve fitting with penalised B-splines on free knots, and a natural cubic spline beside it."""

import numpy as np


class KnotError(ValueError):
    pass


def knots_from(gaps, low, high, degree):
    """Clamped knots whose inner gaps are the softmax of free numbers."""
    e = np.exp(gaps - np.max(gaps))
    widths = (high - low) * e / np.sum(e)
    inner = low + np.cumsum(widths)[:-1]
    knots = np.concatenate([np.repeat(low, degree + 1), inner, np.repeat(high, degree + 1)])
    if np.any(np.diff(inner) <= 0):
        raise KnotError("knots must increase")
    return knots


def basis(x, knots, degree):
    """All B-splines at x, by the recursion of Cox and de Boor."""
    n = len(knots) - 1
    B = np.zeros((len(x), n))
    for i in range(n):
        if knots[i] < knots[i + 1]:
            B[:, i] = (x >= knots[i]) & (x < knots[i + 1])
    last = np.max(np.flatnonzero(knots[:-1] < knots[1:]))
    B[x == knots[-1], last] = 1.0
    for d in range(1, degree + 1):
        for i in range(n - d):
            left, right = 0.0, 0.0
            if knots[i + d] > knots[i]:
                left = (x - knots[i]) / (knots[i + d] - knots[i]) * B[:, i]
            if knots[i + d + 1] > knots[i + 1]:
                right = (knots[i + d + 1] - x) / (knots[i + d + 1] - knots[i + 1]) * B[:, i + 1]
            B[:, i] = left + right
    return B[:, : n - degree]


def difference_penalty(n, order=2):
    D = np.eye(n)
    for _ in range(order):
        D = np.diff(D, axis=0)
    return D.T @ D


class PenalisedSpline:
    """Least squares with a penalty; `weights` are 1/variance of the data."""

    def __init__(self, knots, degree=3, smoothing=1.0):
        self.knots, self.degree, self.smoothing = knots, degree, smoothing
        self.coefficients = None

    def fit(self, x, y, weights=None):
        x, y = np.asarray(x), np.asarray(y)
        if x.shape != y.shape:
            raise ValueError(f"x {x.shape} and y {y.shape} differ")
        weights = np.ones_like(y) if weights is None else weights
        B = basis(x, self.knots, self.degree)
        normal = (B * weights[:, None]).T @ B
        normal += self.smoothing * difference_penalty(B.shape[1])
        normal[np.diag_indices_from(normal)] += 1e-9
        right = B.T @ (weights * y)
        self.coefficients = np.linalg.solve(normal, right)
        self.hat_trace = np.trace(np.linalg.solve(normal, (B * weights[:, None]).T @ B))
        self.residuals = y - B @ self.coefficients
        return self

    def __call__(self, x):
        if self.coefficients is None:
            raise RuntimeError("fit the spline first")
        return basis(np.atleast_1d(x), self.knots, self.degree) @ self.coefficients

    def generalised_cross_validation(self):
        n = len(self.residuals)
        return n * np.sum(self.residuals**2) / (n - self.hat_trace) ** 2


def thomas(lower, diagonal, upper, right):
    """A tridiagonal system, solved in copies of the arguments."""
    b, d = diagonal.copy(), right.copy()
    n = len(d)
    for i in range(1, n):
        w = lower[i - 1] / b[i - 1]
        b[i] -= w * upper[i - 1]
        d[i] -= w * d[i - 1]
    d[-1] /= b[-1]
    for i in reversed(range(n - 1)):
        d[i] = (d[i] - upper[i] * d[i + 1]) / b[i]
    return d


class NaturalSpline:
    """Interpolates the given points, with second derivative zero at both ends."""

    def __init__(self, x, y):
        self.x, self.y = x, y
        h = np.diff(x)
        slope = np.diff(y) / h
        self.moments = np.zeros_like(y)
        self.moments[1:-1] = thomas(
            h[1:-1].copy(), 2 * (h[:-1] + h[1:]), h[1:-1].copy(), 6 * np.diff(slope)
        )

    def __call__(self, t):
        i = np.clip(np.searchsorted(self.x, t, side="right") - 1, 0, len(self.x) - 2)
        h = self.x[i + 1] - self.x[i]
        a, b = (self.x[i + 1] - t) / h, (t - self.x[i]) / h
        cubic = (a**3 - a) * self.moments[i] + (b**3 - b) * self.moments[i + 1]
        return a * self.y[i] + b * self.y[i + 1] + cubic * h**2 / 6

    def bending_energy(self):
        m, h = self.moments, np.diff(self.x)
        return np.sum(h / 3 * (m[:-1] ** 2 + m[:-1] * m[1:] + m[1:] ** 2))


def measurements(n=45, seed=8):
    rng = np.random.default_rng(seed)
    x = np.sort(np.concatenate([[0.0, 1.0], rng.uniform(0, 1, n - 2)]))
    y = np.sin(8 * x**2) + 0.3 * x + 0.1 * rng.normal(size=n)
    return x, y


X, Y = measurements()
START = np.array([-2.0, 0.3, 0.1, -0.1, -0.2, 0.05, -0.5])


def objective(params):
    """Cross-validation over smoothing, knots and a trend of the noise; and a robust distance."""
    log_smoothing, *gaps, noise_trend = np.asarray(params)
    knots = knots_from(np.array(gaps), 0.0, 1.0, 3)
    weights = np.exp(-noise_trend * X)
    spline = PenalisedSpline(knots, smoothing=np.exp(log_smoothing)).fit(X, Y, weights)
    score = spline.generalised_cross_validation()
    support = knots[3:-3]
    natural = NaturalSpline(support, spline(support))
    t = np.linspace(0.03, 0.97, 21)
    distance = spline(t) - natural(t)
    huber = np.where(np.abs(distance) < 0.05, 0.5 * distance**2, 0.05 * np.abs(distance) - 0.00125)
    return score + huber.mean() + 1e-4 * natural.bending_energy() + 0.01 * noise_trend**2


if __name__ == "__main__":
    with np.printoptions(precision=3):
        print(knots_from(START[1:-1], 0.0, 1.0, 3), objective(START))
