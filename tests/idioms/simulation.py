"""Moments, quantiles, likelihoods, random draws and simulations."""

import math
import random
import statistics

import numpy as np

from .suite import idiom

DATA = np.array([0.2, 1.1, 0.7, 1.9, 0.4])


@idiom
def mean_and_deviation(x):
    return np.mean(x) * np.std(x) + x.var(ddof=1) + np.sqrt(np.mean((x - x.mean()) ** 2))


@idiom
def standardised(x):
    z = (x - x.mean()) / x.std()
    return np.mean(z**3) + np.mean(z**4)


@idiom
def covariance_and_correlation(x):
    y = np.array([1.0, 0.5, 2.0, 0.1])
    return np.cov(x, y)[0, 1] + np.corrcoef(x, y)[0, 1]


@idiom
def median_and_quantiles(x):
    return np.median(x) ** 2 + np.percentile(x, 30) + np.quantile(x, [0.1, 0.9])[1]


@idiom
def weighted_mean(x):
    return np.average(DATA[:4], weights=np.exp(x)) + np.sum(x * DATA[:4]) / np.sum(x)


@idiom
def normal_likelihood(x):
    mean, deviation = x[0], np.exp(x[1])
    return np.sum(-0.5 * ((DATA - mean) / deviation) ** 2 - np.log(deviation))


@idiom
def mixture_likelihood(x):
    weights = np.exp(x[:2]) / np.sum(np.exp(x[:2]))
    density = sum(
        w * np.exp(-0.5 * (DATA - m) ** 2) / math.sqrt(2 * math.pi)
        for w, m in zip(weights, x[2:], strict=True)
    )
    return -np.log(density).sum()


@idiom
def logistic_regression(x):
    features = np.array([[1.0, 0.5], [0.2, -1.0], [-0.7, 0.3]])
    labels = np.array([1, 0, 1])
    p = 1 / (1 + np.exp(-(features @ x[:2] + x[2])))
    return -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p)) + 0.1 * np.sum(x**2)


@idiom
def poisson_likelihood(x):
    counts, total = [2, 0, 3], 0.0
    for t, n in enumerate(counts):
        rate = math.exp(x[0] + x[1] * t)
        total += n * math.log(rate) - rate - math.lgamma(n + 1)
    return total


@idiom
def reparametrised_draws(x):
    rng = np.random.default_rng(7)
    return np.mean(np.tanh(x[0] + x[1] * rng.standard_normal(50)))


@idiom
def seeded_globally(x):
    np.random.seed(3)
    noise = np.random.randn(4) * 0.1
    return np.sum((x + noise) ** 2) * np.random.uniform(1, 2)


@idiom
def random_of_python(x):
    random.seed(5)
    walk = 0.0
    for _ in range(5):
        walk = walk * x[0] + random.gauss(0, 1) * x[1]
    return walk


@idiom
def shuffled(x):
    rng = np.random.default_rng(0)
    order = rng.permutation(len(x))
    return np.sum(x[order][:2] * x[order][2:])


@idiom
def euler_integration(x):
    u, v = x[0], x[1]
    for _ in range(10):
        u, v = u + 0.1 * v, v - 0.1 * math.sin(u) * x[2]
    return u**2 + v


@idiom
def runge_kutta(x):
    def slope(t, y):
        return np.array([y[1], x[2] * (1 - y[0] ** 2) * y[1] - y[0]])

    y, t, h = np.array([x[0], x[1]]), 0.0, 0.1
    for _ in range(5):
        k1 = slope(t, y)
        k2 = slope(t + h / 2, y + h / 2 * k1)
        k3 = slope(t + h / 2, y + h / 2 * k2)
        k4 = slope(t + h, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
    return y[0] * y[1]


@idiom
def predator_and_prey(x):
    trajectory = [(1.0, 0.5)]
    for _ in range(6):
        prey, predator = trajectory[-1]
        trajectory.append(
            (
                prey + 0.1 * prey * (x[0] - x[1] * predator),
                predator + 0.1 * predator * (x[2] * prey - x[3]),
            )
        )
    return np.sum(np.array(trajectory)[:, 0] ** 2)


@idiom
def monte_carlo_option(x):
    rng = np.random.default_rng(1)
    z = rng.normal(size=6)
    path = 1.2 * x[0] * np.exp((0.05 - 0.5 * x[1] ** 2) + x[1] * z)
    return np.exp(-0.05) * np.mean(np.maximum(path - 0.9, 0.0))


@idiom
def exponential_smoothing(x):
    level, errors = DATA[0], []
    for y in DATA[1:]:
        errors.append(y - level)
        level = x[0] * y + (1 - x[0]) * level
    return np.mean(np.square(errors)) * x[1]


@idiom
def autoregression(x):
    fitted = np.array([x[0] * a + x[1] * b for a, b in zip(DATA[1:], DATA[:-1])])  # noqa: B905
    return np.sum((DATA[2:] - fitted[:-1]) ** 2)


@idiom
def kernel_density(x):
    h = x[0]
    kernel = np.exp(-0.5 * ((x[1:, None] - DATA) / h) ** 2) / (h * np.sqrt(2 * np.pi))
    return np.log(kernel.mean(axis=1)).sum()


@idiom
def entropy_and_divergence(x):
    p = x / x.sum()
    q = np.full(4, 0.25)
    return -np.sum(p * np.log(p)) + np.sum(p * np.log(p / q))


@idiom
def matrix_factorisation(x):
    ratings = np.array([[1.0, 0.5], [0.3, np.nan]])
    error = np.outer(x[:2], x[2:]) - ratings
    seen = ~np.isnan(ratings)
    return np.sum(np.where(seen, error, 0.0) ** 2) + np.nansum(error**2)


@idiom
def k_means_assignment(x):
    centres = x.reshape(2, 2)
    points = np.array([[0.0, 0.1], [1.0, 1.0], [0.6, 1.4]])
    d = np.sum((points[:, None] - centres[None]) ** 2, axis=-1)
    return np.sum(np.min(d, axis=1)) + np.sum(d[np.arange(3), np.argmin(d, axis=1)])


@idiom
def statistics_of_python(x):
    return statistics.fmean(x) * statistics.fmean([x[0], x[1]])


@idiom
def attention(x):
    q = np.outer(x, [1.0, 0.5])
    scores = q @ q.T / np.sqrt(q.shape[-1])
    scores = np.where(np.tril(np.ones((4, 4))) == 1, scores, -np.inf)
    w = np.exp(scores - scores.max(axis=-1, keepdims=True))
    w /= w.sum(axis=-1, keepdims=True)
    return np.sum((w @ q) ** 2)
