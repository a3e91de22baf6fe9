# ruff: noqa: E731, SIM108, SIM113 these programs are written as people write them
"""Programs with loops of Python's whose rounds decide by their counter, count, or fill containers.

Each is a function of three numbers.
"""

from __future__ import annotations

import math

import numpy as np

import bibun

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


def dict_of_arguments(x):
    p = {"w": x, "b": x[0]}
    for _ in range(N):
        p["w"] = p["w"] - 0.01 * np.sin(p["w"])
        p["b"] = p["b"] + p["w"][1]
    return np.sum(p["w"] * p["b"])


def path(x):
    xs, y = [x], x
    for _ in range(N):
        y = y * 0.9 + 0.1 * np.sin(y)
        xs.append(y)
    return np.sum(np.array(xs) * np.arange(N + 1)[:, None]) + xs[-1][0] * xs[0][1]


def before_each_round(x):
    xs, y = [], x * 1.0
    for _ in range(N):
        xs.append(y)
        y = y + 0.1 * np.sin(y)
    xs[0][1] = 5.0
    xs[3][1] = 7.0
    return np.sum(np.stack(xs))


def last_is_written(x):
    xs, y = [], x * 1.0
    for _ in range(N):
        y = y + 0.1 * np.sin(y)
        xs.append(y)
    y[0] = 5.0
    return sum(v.sum() for v in xs)


def some_rounds(x):
    xs, y = [], x
    for i in range(N):
        y = y * 0.9 + 0.1 * np.sin(y)
        if i % 5 == 0:
            xs.append((i, np.sum(y)))
    return sum(k * v for k, v in xs) + len(xs)


def two_lists(x):
    a, b = [], []
    for i in range(N):
        a.append(np.sin(x[0] * i))
        b.append(i * 0.1)
    return np.dot(a, b) + np.mean(a[3:9])


def numbers_beside_others(x):
    them, y = [], x[0]
    for i in range(N):
        y = y * 0.9
        them.append((np.float32(i) * 0.1, 2.5, y))
    s = sum(a + b for a, b, _ in them) + sum(c for *_, c in them)
    return s * 2 if them[3][1] > 2 else s


def enumerated_list(x):
    them, y = [], x[0]
    for _ in range(N):
        y = y * 0.9 + x[1]
        them.append(y)
    for i, v in enumerate(them):
        y = y * 0.9 + i * v
    return y


def dicts_in_a_list(x):
    them, y = [], x * 1.0
    for _ in range(N):
        them.append([y[0], {"twice": y * 2, "name": "y"}])
        y = y * 0.9
    return sum(v[0] * v[1]["twice"].sum() for v in them)


def history(x):
    losses = []
    for _ in range(N):
        loss, g = bibun.value_and_grad(lambda x: np.sum(x**2))(x)
        x = x - 0.01 * g
        losses.append(loss)
    return losses[-1] + np.mean(losses) + min(losses)


def while_counted(x):
    i, y, out = len(x) * 20, x[0], []
    while i > 0:
        i -= 2
        if i == 4:
            continue
        y = y * 0.9 + x[1] * i
        out.append(y)
    return np.sum(out) * i


def while_in_time(x):
    t, dt, y, k = 0.0, 0.1, x * 1.0, 0
    while t <= 4.0:
        y = y + dt * np.cos(y + t)
        t += dt
        k += 1
    return np.sum(y) * t * k


def while_in_rows(x):
    y, i = np.zeros(N + 1), 0
    y[0] = x[0]
    while i < N:
        y[i + 1] = y[i] * 0.9 + x[1]
        i += 1
    return y.sum() * i


def while_mirrored(x):
    i, y = 0, x[0]
    while i <= N:
        y = y * 0.9 + x[1] * i
        i = 1 + i
    return y * i


DECIDED = [
    while_counted, while_in_time, while_in_rows, while_mirrored,
    parity, first_round, halves, every, listed, rows, zipped, strided, last_of_two, continues, flag,
    counts, counts_by_twos, counts_some, decides_by_count, nested, same_name, in_a_dict,
    dict_of_arguments, path, before_each_round, last_is_written, some_rounds, two_lists,
    dicts_in_a_list, history, numbers_beside_others, enumerated_list,
]  # fmt: skip


# ------------------------------------------------------------ round by round


def too_large(x):
    y = x[0]
    for i in range(N):
        if (3**i * i) % 7 == 1:
            y = y * x[1]
        y = y * 0.9
    return y


def counts_beyond(x):
    n, m, y = 10**20, 2**63 - 20, x[0]
    for _ in range(N):
        n += 1
        m += 1
        y = y * 0.9
    return y + n % 1000 + m % 7


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


def appends_what_it_writes(x):
    xs, y = [], x * 1.0
    for _ in range(N):
        y += 0.1 * np.sin(y)
        xs.append(y)
    return sum(v.sum() for v in xs)


def list_with_two_names(x):
    xs, y, s = [], x * 1.0, 0.0
    them = xs
    for _ in range(N):
        xs.append(y.sum())
        y = y * 0.9
        s = s + len(them)
    return sum(xs) * s


def array_in_two_lists(x):
    a, b, y = [], [], x * 1.0
    for _ in range(N):
        y = y * 0.9
        a.append(y)
        b.append(y)
    a[2][0] = 3.0
    return np.sum(b)


def list_in_a_closure(x):
    xs = []
    f = lambda: len(xs)
    for _ in range(N):
        x = x * 0.9 + f()
        xs.append(x[0])
    return sum(xs)


def appends_rows(x):
    xs, y = [], np.outer(x, x)
    for _ in range(N):
        y = y * 0.9
        xs.append(y[0])
    y[0] = 1.0
    return np.sum(xs)


class Few(list):
    def append(self, x):
        if len(self) < 5:
            super().append(x)


def list_of_its_own(x):
    xs = Few()
    for _ in range(N):
        x = x * 0.9
        xs.append(x[0])
    return sum(xs)


def while_value(x):
    y, n = x[0], 0
    while y < 1e3:
        y = y * 1.5 + 0.5
        n += 1
    return y * n


def while_doubled(x):
    i, y = 1, x[0]
    while i < 10**9:
        y = y * 0.9 + x[1]
        i *= 2
    return y * i


def while_moved(x):
    n, i, y = N, 0, x[0]
    while i < n:
        y = y * 0.9 + x[1]
        i += 1
        if i == 5:
            n = 20
    return y * i


def while_never(x):
    i, y = N, x[0]
    while i < N:
        y = y * 0.9
        i += 1
    return y * i


def while_by_turns(x):
    i, y = 0, x[0]
    while i < N:
        y = y * 0.9 + x[1] * i
        i += 2 if i % 3 else 1
    return y * i


UNDECIDED = [
    while_value, while_doubled, while_moved, while_never, while_by_turns,
    too_large, counts_beyond, sums_of_counters, doubles, takes_turns, dict_with_two_names,
    array_in_a_dict_with_a_name, grows, irregular, appends_what_it_writes, list_with_two_names,
    array_in_two_lists, list_in_a_closure, appends_rows, list_of_its_own,
]  # fmt: skip
