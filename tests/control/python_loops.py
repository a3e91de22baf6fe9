# ruff: noqa: B007, B023, B905, E731, F841, SIM108 these programs are written as people write them
"""Programs with loops of Python's: those that stay loops in compiled code, and those that must not.

Each is a function of three numbers. What must run round by round has rounds that differ, or whose
effect is seen elsewhere.
"""

from __future__ import annotations

import math

import numpy as np

import bibun

N = 12


class Counter:
    def __init__(self):
        self.n = 0

    def step(self, x):
        self.n += 1
        return x * 0.9 + self.n


class Model:
    def __init__(self, a):
        self.a = a

    def rhs(self, y):
        return np.array([y[1], -self.a * np.sin(y[0])])


seen = []


def helper(y, h):
    return y + h * np.tanh(y)


def impure(y):
    seen.append(1)
    return y * 0.5 + len(seen) % 3


def writes(y):
    out = np.zeros(3)
    for j in range(3):
        out[j] = y[j] * y[(j + 1) % 3] * 0.3
    return out


def changes(y):
    y[0] = 0.5
    return y


# ------------------------------------------------------------ one loop


def euler(x):
    y = x
    for _ in range(N):
        y = y + 0.01 * np.sin(y)
    return y.sum()


def helped(x):
    y = x
    for _ in range(N):
        y = helper(y, 0.1)
    return y.sum()


def index(x):
    s = 0.0
    for i in range(1, N):
        s += x[i % 3] * i / (i + 1.5)
    return s


def table(x):
    s = 0.0
    t = np.linspace(0, 1, N)
    for i in range(N):
        s = s + t[i] * x[0] ** 2
    return s


def rows(x):
    s = x * 0
    for t in np.linspace(0, 1, N):
        s = s + np.sin(t * x)
    return s.sum()


def path(x):
    y = np.zeros(N + 1)
    y[0] = x[0]
    for i in range(N):
        y[i + 1] = y[i] + 0.1 * np.sin(y[i] * x[1])
    return (y**2).sum()


def fib(x):
    a, b = (x[0], x[1])
    for _ in range(N):
        a, b = (b, 0.5 * (a + b))
    return a * b


def last(x):
    y = x
    for i in range(N):
        z = y * 0.5
        y = z + 1
    return (z * y).sum() + i


def model(x):
    m = Model(x[0])
    y = np.array([1.0, 0.5])
    for _ in range(N):
        k1 = m.rhs(y)
        k2 = m.rhs(y + 0.005 * k1)
        y = y + 0.01 * k2
    return y.sum()


def inner(x):
    y = x
    for _ in range(N):
        y = writes(y)
    return y.sum()


def inplace(x):
    y = x.copy()
    for i in range(N):
        y *= 0.95
        y[1:] += 0.01 * y[:-1]
    return y.sum()


def nested(x):
    s = 0.0
    for i in range(N):
        for j in range(12):
            s = s + np.sin(x[0] * i + j) * 0.01
    return s


def matrix(x):
    A = np.outer(x, x) * 0.1
    P = np.eye(3)
    for k in range(N):
        P = A @ P @ A.T + np.eye(3)
    return np.trace(P)


def closure(x):
    a = x[0]

    def f(y):
        return a * y + 0.1

    y = x[1]
    for _ in range(N):
        y = f(y)
    return y


def lam(x):
    y = x[1]
    for _ in range(N):
        g = lambda t: t * y
        y = g(0.5) + 0.1
    return y


def tup(x):
    state = (x[0], x[1])
    for _ in range(N):
        p, v = state
        state = (p + 0.01 * v, v - 0.01 * p)
    return state[0] * state[1]


def tlist(x):
    state = [x[0], x[1]]
    for _ in range(N):
        state = [state[0] + 0.01 * state[1], state[1] - 0.01 * state[0]]
    return state[0] * state[1]


def ldict(x):
    s = {"p": x[0], "v": x[1]}
    for _ in range(N):
        s = {"p": s["p"] + 0.01 * s["v"], "v": s["v"] - 0.01 * s["p"]}
    return s["p"] * s["v"]


def pyfloat(x):
    t = 0.0
    y = x[0]
    for _ in range(N):
        y = y + 0.01 * np.sin(t)
        t += 0.01
    return y * t


def pymath(x):
    y = x[0]
    for k in range(N):
        y = y + math.sin(0.01 * y) * math.exp(-k * 0.1)
    return y


def cont(x):
    y = x[0]
    for k in range(N):
        y = y * 0.9
        continue
    return y


def untaken(x):
    flag = False
    y = x[0]
    for k in range(N):
        if flag:
            w = y
        y = y * 0.9
    return y


def logs(x):
    s = 0.0
    for k in range(1, N):
        s += (-1) ** k * x[0] ** k / k
    return s


def usesi(x):
    y = x[0]
    for i in range(N):
        y = y * 0.9
    return y + i


def comp(x):
    y = x
    for i in range(N):
        y = np.stack([y[j] * 0.9 + 0.01 * y[j - 1] for j in range(3)])
    return y.sum()


def minmax(x):
    m = x[0]
    for i in range(N):
        m = max(m, x[1] * i)
    return m


def npmax(x):
    m = x[0]
    for i in range(N):
        m = np.maximum(m, x[1] * i * 0.01)
    return m


def arrint(x):
    idx = np.array([0, 2, 1] * N)
    s = 0.0
    for i in range(N):
        s = s + x[idx[i]] * 0.1
    return s


def matfill(x):
    K = np.zeros((12, 12))
    for i in range(12):
        for j in range(12):
            K[i, j] = np.exp(-((x[0] * (i - j)) ** 2))
    return (K @ K).sum()


def zips(x):
    s = 0.0
    for a, b in zip(np.linspace(0, 1, N), np.linspace(1, 2, N)):
        s = s + a * x[0] + b * x[1] ** 2
    return s


def enum(x):
    s = 0.0
    w = np.linspace(0, 1, N)
    for i, a in enumerate(w):
        s = s + a * x[0] * i + w[i]
    return s


def enumx(x):
    s = x[0]
    for i, row in enumerate(np.outer(np.linspace(0, 1, N), x)):
        s = s * 0.9 + row @ x + 0.01 * i
    return s


def wpath2(x):
    y = np.zeros((N + 2, 3))
    y[0] = x
    y[1] = x * 0.9
    for i in range(2, N + 2):
        y[i] = 1.5 * y[i - 1] - 0.6 * y[i - 2] + 0.01
    return (y**2).sum()


def wback(x):
    y = np.zeros(N + 1)
    y[N] = x[0]
    for i in range(N - 1, -1, -1):
        y[i] = 0.9 * y[i + 1] + 0.01 * x[1] * i
    return (y * np.arange(N + 1)).sum()


def wstep(x):
    y = np.ones(2 * N + 2) * x[2]
    for i in range(0, 2 * N, 2):
        y[i + 2] = y[i] * 0.9 + y[i + 1] * x[0]
    return (y * np.arange(2 * N + 2)).sum()


def wacc(x):
    y = np.ones(N) * x[2]
    for i in range(N):
        y[i] += x[0] * i
        y[i] *= 0.5
    return (y * np.arange(N)).sum()


def wcol(x):
    y = np.zeros((3, N + 1))
    y[:, 0] = x
    for i in range(N):
        y[:, i + 1] = y[:, i] * 0.9 + 0.1 * np.roll(y[:, i], 1)
    return (y**2).sum()


def wread(x):
    y = np.zeros(N + 1)
    z = np.zeros(N + 1)
    y[0] = x[0]
    z[0] = x[1]
    for i in range(N):
        y[i + 1] = y[i] + 0.1 * z[i]
        z[i + 1] = z[i] - 0.1 * y[i + 1]
    return (y * z).sum()


def wtotal(x):
    y = np.zeros(N)
    s = 0.0
    for i in range(N):
        y[i] = x[0] * i
        s = s + y.sum()
    return s


def wmod(x):
    y = np.zeros(5)
    for i in range(N):
        y[i % 5] += x[i % 3] * 0.1
    return (y**2).sum()


def wneg(x):
    y = np.ones(N + 1) * x[0]
    for i in range(N):
        y[-1 - i] = y[-1 - i] * x[1] + i
    return (y**2).sum()


def wthird(x):
    y = np.ones(N + 3) * x[0]
    for i in range(N):
        y[i] = y[i + 3] * x[1] + i * 0.1
    return (y**2).sum()


def wtwice(x):
    y = np.ones(2 * N) * x[0]
    for i in range(N):
        y[2 * i] = x[1] * i
        y[2 * i + 1] = x[2] * i
    return (y**2).sum()


def grads(x):
    w = x
    for _ in range(N):
        w = w - 0.1 * bibun.grad(lambda v: np.sum((v - x[0]) ** 2))(w)
    return w.sum()


def loopvar(x):
    i = 5
    s = 0.0
    for i in range(N):
        s = s + x[0] * i
    return s * i


def twoexit(x):
    y = x[0]
    d = None
    for i in range(N):
        d = y * 0.5
        y = y - d * 0.1
    return y + d


def settles(x):
    first, before, y = True, None, x[0]
    for _ in range(N):
        z = y * 0.5 if before is None else y * 0.5 + 0.1 * before
        if first:
            z = z + 1.0
        first, before, y = False, y, z
    return y


def made_of_what_stays(x):
    k = x * 1.5
    s = x[0]
    for _ in range(N):
        y = k * 0.5
        y[0] = s * 0.3
        s = s * 0.9 + y.sum() * 0.01
    return s


# ------------------------------------------------------------ round by round


def appends(x):
    out = []
    y = x[0]
    for _ in range(N):
        y = y * 0.9
        out.append(y)
    return sum(out)


def branch(x):
    y = x[0]
    for i in range(N):
        if i % 2 == 0:
            y = y * 0.9
        else:
            y = y + 0.1
    return y


def on_value(x):
    y = x[0]
    for i in range(N):
        if y > 0.5:
            y = y * 0.9
        else:
            y = y + 0.1
    return y


def breaks(x):
    y = x[0]
    for i in range(N):
        y = y * 0.9
        if i == 5:
            break
    return y


def factorial(x):
    f, s = (1, 0.0)
    for k in range(1, N):
        f *= k
        s = s + x[0] ** k / f
    return s


def counter(x):
    c = Counter()
    y = x[0]
    for _ in range(N):
        y = c.step(y)
    return y


def impure_call(x):
    seen.clear()
    y = x[0]
    for _ in range(N):
        y = impure(y)
    return y


def changed(x):
    y = x.copy()
    for _ in range(N):
        y = changes(y) * 0.9
    return y.sum()


def alias(x):
    y = x.copy()
    z = y
    for i in range(N):
        y[0] = y[0] * 0.9 + 0.1
    return z.sum() + y.sum()


def alias2(x):
    y = x.copy()
    keep = [y]
    for i in range(N):
        y += 0.1
    return keep[0].sum() + y.sum()


def view(x):
    y = x.copy()
    v = y[:2]
    for i in range(N):
        y[0] += v[1] * 0.01
    return v.sum() + y.sum()


def outer(x):
    c = x.copy()
    y = x[0]
    for i in range(N):
        z = c
        z += 0.01
        y = y + z[0]
    return y + c.sum()


def dwrite(x):
    s = {"p": x[0]}
    for _ in range(N):
        s["p"] = s["p"] * 0.9
    return s["p"]


def shrink(x):
    y = np.concatenate([x, x])
    for k in range(N):
        y = y[:-1] if len(y) > 3 else y * 0.9
    return y.sum()


def horner(x):
    c = [1.0 / (k + 1) for k in range(N)]
    s = 0.0
    for a in c:
        s = s * x[0] + a
    return s


def cellmut(x):
    acc = x.copy()

    def add(v):
        acc[0] = acc[0] + v

    y = x[1]
    for i in range(N):
        y = y * 0.9
        add(y)
    return acc.sum()


def oob(x):
    s = 0.0
    for i in range(N):
        s = s + x[min(i, 2)]
    return s


def shadow(x):
    zip = lambda a, b: [(a[0], b[0])] * N
    s = 0.0
    for a, b in zip(x, x):
        s = s + a * b
    return s


def used_up(x):
    them = iter([x[0], x[1], x[2]])
    y = x[0]
    for _ in range(N):
        for v in them:
            y = y + v
        y = y * 0.9
    return y


def used_by_sum(x):
    them = (v * v for v in x)
    y = x[0]
    for _ in range(N):
        y = y * 0.9 + sum(them)
    return y


class Ticking:
    def __init__(self):
        self.n = 0

    @property
    def tick(self):
        self.n += 1
        return self.n


def property_changes(x):
    clock = Ticking()
    y = x[0]
    for _ in range(N):
        y = y * 0.9 + clock.tick
    return y


def third_argument(x):
    y = x.copy()
    s = x[0]
    for _ in range(N):
        np.multiply(y, 0.9, y)
        s = s + y[0]
    return s


def default_list(x):
    def note(v, seen=[]):  # noqa: B006
        seen += [1]
        return v * len(seen)

    y = x[0]
    for _ in range(5, 5 + N):
        y = y * 0.1 + note(x[1]) * 0.01
    return y


def looked_up(x):
    table = {0: 1.0, 3: 2.0}
    y = x[0]
    for i in range(N):
        y = y * 0.9 + table.get(i, 0.1)
    return y


def member(x):
    y = x[0]
    for i in range(N):
        y = y * 0.9 + (0.5 if i in (2, 5) else 0.1)
    return y


# fmt: off
KEPT = [
    made_of_what_stays,
    settles,
    euler, helped, index, table, rows, path, fib, last, model, inner, inplace, nested, matrix,
    closure, lam, tup, tlist, ldict, pyfloat, pymath, cont, untaken, logs, usesi, comp, minmax,
    npmax, arrint, matfill, zips, enum, enumx, wpath2, wback, wstep, wacc, wcol, wread, wtotal,
    appends, dwrite, wmod, wneg, wthird, wtwice, grads, loopvar, twoexit,
]
ONE_BY_ONE = [
    used_up, used_by_sum, property_changes, third_argument, default_list, looked_up, member,
    branch, on_value, breaks, factorial, counter, impure_call, changed, alias, alias2,
    view, outer, shrink, horner, cellmut, oob, shadow,
]
# fmt: on
