# ruff: noqa: SIM108, SIM113 these programs are written as people write them
"""Programs with loops of Python's whose rounds decide by their counter, count, or fill dicts.

Each is a function of three numbers.
"""

from __future__ import annotations

import math

import numpy as np

N = 40


# ------------------------------------------------------------ loops all the same


def parity(x):
    y = x[0]
    for i in range(N):
        if i % 2 == 0:
            y = y * 0.9
        else:
            y = y + 0.1 * x[1]
    return y


def first_round(x):
    h = np.zeros(3)
    for i in range(N):
        if i == 0:
            h = np.sin(x)
        h = h * 0.9 + np.sin(x) * 0.1
    return np.sum(h)


def halves(x):
    y = x[0]
    for i in range(N):
        y = y * 0.9 if i < 20 else y + 0.1 * x[1]
    return y


def every(x):
    y, s = x[0], 0.0
    for i in range(1, 101):
        y = y * 0.99 + 0.01 * x[1]
        if i % 25 == 0:
            s = s + y * x[2]
    return s


def listed(x):
    weights = [x[0], x[1] * 2, x[2] * 3]
    y = 1.0
    for i in range(N):
        y = np.tanh(weights[i % 3] * y) + 0.1
    return y


def rows(x):
    out = np.zeros(N)
    out[0] = x[0]
    for i in range(1, N):
        out[i] = 0.9 * out[i - 1] + (x[1] if i % 2 else x[2])
    return out @ np.arange(N)


def zipped(x):
    y = x[0]
    for i, a in enumerate(np.linspace(0, 1, N)):
        if i % 4 == 1:
            y = y * 0.5 + a * x[1]
        else:
            y = y * 0.9 + i
    return y


def strided(x):
    y = x[0]
    for i in range(3, 3 + 5 * N, 5):
        y = y * 0.9 + (x[1] * i if (i - 3) % 10 == 0 else x[2])
    return y


def last_of_two(x):
    y = x[0]
    for i in range(N + 1):
        z = y * 0.9 + (x[1] if i % 2 else x[2])
        y = z * 1.0
    return z * i + y


def continues(x):
    y = x[0]
    for i in range(N):
        if i % 3 == 0:
            continue
        y = y * 0.9 + x[1] * i
    return y


def flag(x):
    y, first = x[0], True
    for _ in range(N):
        if first:
            y = x[1]
            first = False
        y = y * 0.9 + x[2]
    return y


def counts(x):
    n, y = 0, x[0]
    for _ in range(N):
        y = y * 0.9 + x[1]
        n += 1
    return y / n + sum(range(n))


def counts_by_twos(x):
    n, m, y = 5, 0, x[0]
    for _ in range(N):
        n -= 2
        m = m + 3
        y = y * 0.9 + x[1] * n * 0.01 + m * 0.001
    return y / n * m


def counts_some(x):
    n, y = 0, x[0]
    for i in range(N):
        if i % 3 == 0:
            n += 1
        y = y * 0.9 + x[1] * n
    return y / n


def decides_by_count(x):
    n, y = 0, x[0]
    for a in np.linspace(0, 1, N):
        if n % 3 == 2:
            y = y * x[1]
        y = y * 0.9 + a
        n += 1
    return y


def nested(x):
    y = x[0]
    for i in range(N):
        for j in range(10):
            if (i + j) % 2 == 0:
                y = y * 0.99 + x[1] * 0.01
        if i % 2:
            y = y + x[2]
    return y


def same_name(x):
    y = x[0]
    for i in range(N):
        for i in range(10):
            y = y * 0.99 + 0.01 * i * x[1]
        y = y + i * x[2]
    return y + i


def in_a_dict(x):
    p = {"w": x * 1.0, "b": x * 0.0, "name": "p"}
    for _ in range(N):
        p["w"] = p["w"] - 0.01 * np.sin(p["w"])
        p["b"] += p["w"] * 0.1
    return np.sum(p["w"] * p["b"]) + list(p).index("b")


DECIDED = [
    parity, first_round, halves, every, listed, rows, zipped, strided, last_of_two, continues, flag,
    counts, counts_by_twos, counts_some, decides_by_count, nested, same_name, in_a_dict,
]  # fmt: skip


# ------------------------------------------------------------ round by round


def too_large(x):
    y = x[0]
    for i in range(N):
        if (3**i * i) % 7 == 1:
            y = y * x[1]
        y = y * 0.9
    return y


def sums_of_counters(x):
    n, y = 0, x[0]
    for i in range(N):
        n += i
        y = y * 0.9 + x[1] * n * 0.01
    return y / n


def doubles(x):
    n, y = 1, x[0]
    for _ in range(N):
        n *= 2
        y = y * 0.9 + x[1] / n
    return y * n


def takes_turns(x):
    a, b, k = x[0], x[1], 0
    for _ in range(N):
        if k == 0:
            a, b = b, a * 0.9
        else:
            a = a + 0.1 * b
        k = 1 - k
    return a + b * k


def dict_with_two_names(x):
    p, s = {"w": x * 1.0}, 0.0
    q = p
    for _ in range(N):
        p["w"] = p["w"] - 0.01 * np.sin(p["w"])
        s = s + q["w"].sum()
    return np.sum(p["w"]) + s


def array_in_a_dict_with_a_name(x):
    w, s = x * 1.0, 0.0
    p = {"w": w}
    for _ in range(N):
        p["w"] -= 0.01 * np.sin(p["w"])
        s = s + w.sum()
    return np.sum(p["w"] * w) + s


def grows(x):
    p = {"w": x[0]}
    for i in range(N):
        p[i] = p["w"] * i
        p["w"] = p["w"] * 0.9
    return p["w"] + p[3] + len(p)


def irregular(x):
    y = x[0]
    for i in range(N):
        if math.sin(i * i) > 0:
            y = y * x[1]
        y = y * 0.9
    return y


UNDECIDED = [
    too_large, sums_of_counters, doubles, takes_turns, dict_with_two_names,
    array_in_a_dict_with_a_name, grows, irregular,
]  # fmt: skip
