"""A hidden Markov model with Gaussian emissions: likelihood, posterior and best path."""

from collections import namedtuple

import numpy as np
from scipy.special import logsumexp

Model = namedtuple("Model", "initial transition means scales")


def softmax(x, axis=-1):
    x = x - x.max(axis=axis, keepdims=True)
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def unpack(theta, k):
    """Means, log scales, logits of the initial and of the transition probabilities."""
    theta = np.asarray(theta)
    expected = k + k + (k - 1) + k * (k - 1)
    if theta.ndim != 1 or theta.size != expected:
        raise ValueError(f"{k} states have {expected} parameters, got {theta.size}")
    means, rest = theta[:k], theta[k:]
    scales, rest = np.exp(rest[:k]), rest[k:]
    logits = np.zeros(k)
    logits[1:] = rest[: k - 1]
    T = np.zeros((k, k))
    off = ~np.eye(k, dtype=bool)
    T[off] = rest[k - 1 :]
    return Model(softmax(logits), softmax(T), means, scales)


def log_emission(model, y):
    z = (y[:, None] - model.means[None, :]) / model.scales
    return -0.5 * z**2 - np.log(model.scales) - 0.5 * np.log(2 * np.pi)


def forward(model, y):
    """Scaled forward probabilities and the log likelihood."""
    n, k = len(y), len(model.means)
    logB = log_emission(model, y)
    shift = logB.max(axis=1)
    B = np.exp(logB - shift[:, np.newaxis])
    alpha = np.zeros((n, k))
    scale = np.zeros(n)
    alpha[0] = model.initial * B[0]
    scale[0] = alpha[0].sum()
    alpha[0] /= scale[0]
    for t in range(1, n):
        alpha[t] = alpha[t - 1] @ model.transition
        alpha[t] *= B[t]
        scale[t] = alpha[t].sum()
        if scale[t] == 0.0:
            raise FloatingPointError(f"all states are impossible at step {t}")
        alpha[t] /= scale[t]
    return alpha, B, scale, np.sum(np.log(scale)) + shift.sum()


def backward(model, B, scale):
    n, k = B.shape
    beta = np.ones((n, k))
    for t in reversed(range(n - 1)):
        beta[t, :] = model.transition @ (B[t + 1] * beta[t + 1])
        beta[t, :] /= scale[t + 1]
    return beta


def posterior(alpha, beta):
    gamma = alpha * beta
    gamma /= gamma.sum(axis=1, keepdims=True)
    return gamma


def log_likelihood_direct(model, y):
    """The same in logarithms, as a check."""
    logB = log_emission(model, y)
    logT = np.log(model.transition)
    a = np.log(model.initial) + logB[0]
    for row in logB[1:]:
        a = logsumexp(a[:, None] + logT, axis=0) + row
    return logsumexp(a)


def viterbi(model, y):
    """The best path: integers, without a derivative."""
    logB = log_emission(model, y)
    logT = np.log(model.transition)
    n, k = logB.shape
    score = np.log(model.initial) + logB[0]
    came_from = np.zeros((n, k), dtype=int)
    for t in range(1, n):
        options = score[:, None] + logT
        came_from[t] = np.argmax(options, axis=0)
        score = np.max(options, axis=0) + logB[t]
    path = [int(np.argmax(score))]
    for t in range(n - 1, 0, -1):
        path.append(int(came_from[t, path[-1]]))
    return path[::-1], score.max()


def expected_transitions(model, alpha, beta, B, scale):
    n = len(B)
    xi = np.zeros_like(model.transition)
    for t in range(n - 1):
        xi += np.outer(alpha[t], B[t + 1] * beta[t + 1]) * model.transition / scale[t + 1]
    return xi


def simulate(n=40, seed=1):
    rng = np.random.default_rng(seed)
    state, y = 0, np.empty(n)
    for t in range(n):
        if rng.random() < 0.15:
            state = (state + rng.integers(1, 3)) % 3
        y[t] = rng.normal([-1.0, 0.5, 2.5][state], 0.4)
    return y


DATA = simulate()
STATES = 3
START = np.array([-0.9, 0.4, 2.2, -0.6, -0.8, -0.5, 0.2, -0.3, -1.5, -2.0, -1.7, -1.4, -2.2, -1.9])


def objective(theta):
    """Negative log likelihood, margin of the best path, and a prior on sticky transitions."""
    model = unpack(theta, STATES)
    alpha, B, scale, loglik = forward(model, DATA)
    beta = backward(model, B, scale)
    gamma = posterior(alpha, beta)
    assert np.allclose(gamma.sum(axis=1), 1.0)
    assert np.isclose(loglik, log_likelihood_direct(model, DATA))
    path, best = viterbi(model, DATA)
    surprise = -np.mean(np.log(gamma[np.arange(len(path)), path]))
    xi = expected_transitions(model, alpha, beta, B, scale)
    stay = np.trace(xi) / xi.sum()
    return -loglik / len(DATA) + 0.5 * surprise - 0.1 * (best - loglik) / len(DATA) - 0.2 * stay


def main():
    model = unpack(START, STATES)
    path, best = viterbi(model, DATA)
    print("path", "".join(map(str, path)))
    print("log probability of the path %.4f, objective %.4f" % (best, objective(START)))


if __name__ == "__main__":
    main()
