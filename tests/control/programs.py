"""Programs with loops and branches, written once for `lax`: bibun, or Python's own loops.

Each maps a vector of three numbers to one number, and is analytic where the tests look.
"""

from __future__ import annotations

import numpy as np

X = np.array([0.7, 1.3, 0.4])


def real(x):
    """Conditions look at real parts: what remains of them under a complex step."""
    return np.real(x)


def logistic(lax, x):
    """The carry alone; without rows."""
    return lax.scan(lambda c, _: (x[1] * c * (1 - c), None), x[0], length=20)[0] * x[2]


def recurrent(lax, x):
    """A dictionary is carried, rows and results are containers, weights are closed over."""
    w = np.sin(np.outer(x, x))
    rows = {"u": np.outer(np.arange(4.0), x), "k": np.arange(4)}

    def step(c, r):
        h = np.tanh(w @ c["h"] + r["u"] * r["k"])
        return {"h": h, "n": c["n"] + 1}, (h[:2] * c["n"], np.sum(h))

    last, (a, b) = lax.scan(step, {"h": x, "n": 0}, rows)
    return np.sum(last["h"]) + np.sum(np.sin(a)) * np.prod(b)


def backwards(lax, x):
    """In reverse, with a result that nobody uses."""
    total, (y, _) = lax.scan(
        lambda c, r: (c * r + 1, (c * c, np.exp(c))), x[0], np.sin(x * x[1]), reverse=True
    )
    return total + y[0] * y[1] / y[2]


def horner(lax, x):
    """The number of the round reads arrays, also plain ones."""
    data = np.cos(np.arange(3.0))
    return lax.fori_loop(0, 3, lambda i, y: y * x[1] + x[i] * data[i] + data[2 - i], x[2])


def newton(lax, x):
    """As many rounds as it takes: the square root of x[0] exp(x[1])."""
    a = x[0] * np.exp(x[1])
    y, n = lax.while_loop(
        lambda s: np.abs(real(s[0] * s[0] - a)) > 1e-13,
        lambda s: ((s[0] + a / s[0]) / 2, s[1] + 1),
        (1 + x[2], 0),
    )
    return y * n


def euclid(lax, x):
    """A loop in a loop, the inner one of a length that the outer one carries."""

    def outer(c):
        y, n = c
        z = lax.fori_loop(0, n, lambda i, z: np.sin(z) * x[1] + i, y)
        return z, n + 1

    return lax.while_loop(lambda c: c[1] < 4, outer, (x[0] * x[2], 1))[0]


def branches(lax, x):
    """Both branches; what they share and what only one has."""
    y = lax.cond(real(x[0]) > 0.5, lambda a, b: (a * b, np.sin(x[2])), lambda a, b: (a, b), *x[:2])
    z = lax.cond(real(x[0]) > 0.9, lambda a: np.exp(a), lambda a: a * a, y[0])
    return lax.switch(2, [np.sin, np.cos, lambda t: t * x[1], np.exp], z + y[1])


def jumping(lax, x):
    """A branch in a loop."""

    def step(c, k):
        c = lax.cond(k % 2 == 0, lambda c: np.sin(c) * x, lambda c: c[::-1] + x[0], c)
        return c, lax.switch(k, [np.sum, np.prod], c)

    return np.sum(lax.scan(step, x, np.arange(5))[1] ** 2)


def quadratures(lax, x):
    return np.prod(lax.map(lambda p: np.sum(np.sin(p[0] * x) * p[1]), (x, np.arange(3))))


def chain(lax, x):
    """Products of matrices from the left."""
    m = np.sin(np.arange(20.0).reshape(5, 2, 2) * x[0]) + x[1] * np.eye(2)
    y = lax.associative_scan(np.matmul, m) + lax.associative_scan(np.matmul, m, reverse=True)
    return np.sum(np.sin(y)) * np.sum(lax.associative_scan(np.multiply, np.outer(x, x), axis=1))


PROGRAMS = [
    logistic, recurrent, backwards, horner, newton, euclid, branches, jumping, quadratures, chain,
]  # fmt: skip
