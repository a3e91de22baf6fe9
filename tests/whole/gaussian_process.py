"""Gaussian process regression: kernels that add and multiply, evidence by a Cholesky factor."""

import abc
import numbers

import numpy as np
from scipy import special


class Kernel(abc.ABC):
    """A covariance function; kernels are combined by + and *."""

    @abc.abstractmethod
    def __call__(self, a, b):
        """Covariances of all rows of a with all rows of b."""

    def __add__(self, other):
        return Combined(self, as_kernel(other), np.add)

    def __mul__(self, other):
        return Combined(self, as_kernel(other), np.multiply)

    __radd__, __rmul__ = __add__, __mul__

    def diagonal(self, a):
        return np.array([self(row[None], row[None])[0, 0] for row in a])


class Constant(Kernel):
    def __init__(self, value):
        self.value = value

    def __call__(self, a, b):
        return np.full((len(a), len(b)), self.value)


class Combined(Kernel):
    def __init__(self, left, right, operation):
        self.left, self.right, self.operation = left, right, operation

    def __call__(self, a, b):
        return self.operation(self.left(a, b), self.right(a, b))


def as_kernel(x):
    if isinstance(x, Kernel):
        return x
    if isinstance(x, numbers.Real) or np.ndim(x) == 0:
        return Constant(float(x))
    raise TypeError(f"no kernel: {x!r}")


def squared_distance(a, b):
    d2 = np.sum(a**2, 1)[:, None] + np.sum(b**2, 1)[None, :] - 2 * a @ b.T
    return np.maximum(d2, 0.0, out=d2)


class Gaussian(Kernel):
    def __init__(self, lengths):
        self.lengths = np.atleast_1d(lengths)

    def __call__(self, a, b):
        return np.exp(-0.5 * squared_distance(a / self.lengths, b / self.lengths))


class Matern32(Kernel):
    def __init__(self, length):
        self.length = length

    def __call__(self, a, b):
        difference = a[:, None, :] - b[None, :, :]
        r = np.sqrt(3.0) * np.linalg.norm(difference, axis=-1) / self.length
        return (1 + r) * np.exp(-r)


class Periodic(Kernel):
    def __init__(self, period, length):
        self.period, self.length = period, length

    def __call__(self, a, b):
        phase = np.pi * (a[:, None, 0] - b[None, :, 0]) / self.period
        return np.exp(-2 * (np.sin(phase) / self.length) ** 2)


def forward_substitution(L, b):
    x = np.array(b, copy=True)
    for i in range(len(L)):
        x[i] -= L[i, :i] @ x[:i]
        x[i] /= L[i, i]
    return x


def back_substitution(L, b):
    """Solve L' x = b."""
    x = b.copy()
    for i in range(len(L) - 1, -1, -1):
        x[i] = (x[i] - L[i + 1 :, i] @ x[i + 1 :]) / L[i, i]
    return x


class GaussianProcess:
    def __init__(self, kernel, noise, mean=0.0, jitter=1e-8):
        if not noise > 0:
            raise ValueError(f"noise must be positive, got {noise}")
        self.kernel, self.noise, self.mean, self.jitter = kernel, noise, mean, jitter

    def fit(self, X, y):
        X = np.asarray(X)
        if X.ndim != 2:
            raise ValueError("X needs rows of features")
        self.X, self.y = X, y - self.mean
        K = self.kernel(X, X)
        n = len(K)
        K.flat[:: n + 1] += self.noise**2 + self.jitter
        try:
            self.L = np.linalg.cholesky(K)
        except np.linalg.LinAlgError as error:
            raise ValueError("the kernel is not positive definite") from error
        self.alpha = back_substitution(self.L, forward_substitution(self.L, self.y))
        return self

    @property
    def log_evidence(self):
        n = len(self.y)
        fit = -0.5 * self.y.T.dot(self.alpha)
        return fit - np.log(np.diag(self.L)).sum() - 0.5 * n * np.log(2 * np.pi)

    def predict(self, Z):
        k = self.kernel(self.X, Z)
        v = forward_substitution(self.L, k)
        variance = self.kernel.diagonal(Z) - np.einsum("ij,ij->j", v, v)
        return self.mean + k.T @ self.alpha, variance + self.noise**2


def log_predictive(mean, variance, y):
    z = (y - mean) / np.sqrt(variance)
    return -0.5 * (z**2 + np.log(2 * np.pi * variance))


def data(n=22, seed=2):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n, 2))
    y = np.sin(3 * X[:, 0]) + 0.5 * X[:, 1] ** 2 + 0.1 * rng.standard_normal(n)
    return X, y


X, Y = data()
TRAIN, TEST = slice(0, 16), slice(16, None)
START = {
    "log_amplitude": 0.1,
    "log_lengths": np.array([-0.3, 0.4]),
    "matern": {"log_amplitude": -1.0, "log_length": 0.2},
    "periodic": {"log_period": 0.7, "log_length": 0.3},
    "log_noise": -1.6,
    "mean": 0.3,
}


def make_kernel(p):
    smooth = np.exp(2 * p["log_amplitude"]) * Gaussian(np.exp(p["log_lengths"]))
    rough = np.exp(2 * p["matern"]["log_amplitude"]) * Matern32(np.exp(p["matern"]["log_length"]))
    cycle = Periodic(*(np.exp(p["periodic"][k]) for k in ("log_period", "log_length")))
    return smooth + rough * cycle + 0.01


def objective(params):
    """Negative log evidence of one part, predictive loss and interval score of the other."""
    gp = GaussianProcess(make_kernel(params), np.exp(params["log_noise"]), params["mean"])
    gp.fit(X[TRAIN], Y[TRAIN])
    mean, variance = gp.predict(X[TEST])
    assert np.all(variance > 0)
    loss = -gp.log_evidence - np.sum(log_predictive(mean, variance, Y[TEST]))
    probability = special.ndtr((Y[TEST] - mean) / np.sqrt(variance))
    improvement = np.mean((probability - 0.5) ** 2)
    return loss / len(Y) + improvement


if __name__ == "__main__":
    print(f"{objective(START):.6f}")
