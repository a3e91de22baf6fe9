# ruff: noqa: RUF005 these programs are written as people write them
"""Loops of Python's in which a round does more than its source shows: they run round by round.

Each is a function of three numbers.
"""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
from numpy import add

import bibun

N = 12


class Ticking:
    """Whose methods run where no call stands."""

    def __init__(self):
        self.n = 0

    def tick(self):
        self.n += 1
        return self.n

    def __len__(self):
        return self.tick()

    def __contains__(self, x):
        return self.tick() % 3 == x

    def __bool__(self):
        return self.tick() % 2 == 0

    def __format__(self, how):
        return "a" * self.tick()

    def __and__(self, x):
        return self.tick() * x

    def __index__(self):
        return self.tick() % 3

    def times(self, x):
        self.n += 1
        return x * x * self.n


class Layer:
    def __init__(self, w):
        self.w = w

    def __call__(self, y):
        return np.tanh(self.w * y)


class CountingLayer(Layer):
    def __call__(self, y):
        self.w = self.w + 1.0
        return np.tanh(self.w * y)


class Counted(namedtuple("Counted", "a b")):
    made = 0

    def __new__(cls, a, b):
        Counted.made += 1
        return super().__new__(cls, a, b)


def length(x):
    clock, y = Ticking(), x[0]
    for _ in range(N):
        y = y * 0.9 + len(clock)
    return y


def contained(x):
    clock, y = Ticking(), x[0]
    for _ in range(N):
        y = y * 0.9 + (1 in clock) * x[1]
    return y


def truth(x):
    clock, y = Ticking(), x[0]
    for _ in range(N):
        y = y * 0.9 if clock else y + x[1]
    return y


def text(x):
    clock, y = Ticking(), x[0]
    for _ in range(N):
        y = y * 0.9 + len(f"{clock}")
    return y


def bits(x):
    clock, y = Ticking(), x[0]
    for _ in range(N):
        y = y * 0.9 + (clock & 1)
    return y


def as_index(x):
    clock, y = Ticking(), x[0]
    for _ in range(N):
        y = y * 0.9 + x[clock]
    return y


def called_by_grad(x):
    clock, y = Ticking(), x[0]
    for _ in range(N):
        y = y * 0.1 + bibun.grad(clock.times)(x[1])
    return y


def own_new(x):
    Counted.made, y = 0, x[0]
    for _ in range(N):
        both = Counted(y, 1.0)
        y = both.a * 0.5 + both.b
    return y + Counted.made


def third_of_a_name(x):
    y, s, scale = x.copy(), 0.0, np.multiply
    for _ in range(N):
        add(y, 0.1, y)
        scale(y, 0.9, y)
        s = s + y.sum()
    return s


def in_a_list(x):
    y, s = x.copy(), 0.0
    for _ in range(N):
        z = [y] + []
        z[0] += 0.1
        s = s + z[0].sum()
    return s + y.sum()


def searched_through(x):
    them, y = iter(range(100)), x[0]
    for _ in range(N):
        y = y * 0.1 + (5 in them) * 1.0
    return y


def used_by_a_choice(x):
    them, y = iter([1.0, 2.0, 3.0]), x[0]
    for _ in range(N):
        for v in them or []:
            y = y + v
        y = y * 0.5
    return y


def used_by_fsum(x):
    them, y = iter([1.0, 2.0, 3.0]), x[0]
    for _ in range(N):
        y = y * 0.5 + math.fsum(them)
    return y


def two_names(x):
    y, z = x.copy(), x * 2
    for _ in range(N):
        t = z.sum()
        y[1] = y[1] + 0.1 * t
        z = y
    y[0] = 5.0
    return z.sum()


def twice_in_a_tuple(x):
    pair = (x.copy(), x.copy())
    for _ in range(N):
        t = pair[0] * 0.9
        pair = (t, t)
    pair[0][0] = 7.0
    return pair[1].sum()


def name_of_another(x):
    c, z, s = x.copy(), x * 2, 0.0
    for _ in range(N):
        s = s + z.sum()
        z = c
    c[0] = 5.0
    return s + z.sum()


def moved_and_held(x):
    a, b = x * 1.0, x * 2.0
    keep, s = a, 0.0
    for _ in range(N):
        s = s + a[0]
        a, b = b, a
    a[0], b[1] = 5.0, 7.0
    return keep.sum() + s


def sum_of_truths(x):
    s = x[0]
    for i in range(N):
        s = s * 0.9 + ((i > 3) + (i > 5)) * x[1] + ~(i > 3)
    return s


def complex_root(x):
    s = x[0]
    for i in range(N):
        s = s * 0.5 + abs((i - 5) ** 0.5)
    return s


def complex_root_of_state(x):
    t, s = 2.0, x[0]
    for _ in range(N):
        t = t - 0.5
        s = s * 0.9 + abs(t**0.5)
    return s


def is_true(x):
    s = x[0]
    for i in range(N):
        s = s * 0.9 + (x[1] if (i > 3) is True else x[2])
    return s


def counting_layer(x):
    layer, y = CountingLayer(x[0]), x[1]
    for _ in range(N):
        y = layer(y)
    return y


def appended_again(x):
    row, them, y = [1.0, 2.0], [], x[0]
    for _ in range(N):
        them.append(row)
        y = y * 0.9
    them[0].append(3.0)
    return y + sum(map(sum, them))


def appended_in_a_tuple(x):
    row = [1.0]
    pair, them, y = (row, 2.0), [], x[0]
    for _ in range(N):
        y = y * 0.9
        them.append((pair, y))
    row.append(3.0)
    return sum(len(p[0]) for p, _ in them) + y


def appended_to_two(x):
    a, b, y = [], [], x[0]
    for _ in range(N):
        r = [y]
        a.append(r)
        b.append(r)
        y = y * 0.9
    a[3].append(5.0)
    return sum(map(sum, b))


def appended_and_carried(x):
    a, them = [x[0]], []
    for _ in range(N):
        a = [a[0] * 0.9]
        them.append(a)
    a.append(7.0)
    return sum(map(sum, them))


def sets_appended(x):
    them, y = [], x[0]
    for _ in range(N):
        y = y * 0.9
        them.append({1, 2})
    them[3].add(5)
    return y + sum(map(len, them))


def state_is_written_and_appended(x):
    p, them, y = {"t": 0.0}, [], x[0]
    for _ in range(N):
        p["t"] += 0.1
        y = y * 0.9
        them.append(p)
    return y + sum(q["t"] for q in them)


def two_names_of_a_list(x):
    a, b, s = [x[0]], [x[1]], 0.0
    for _ in range(N):
        s = s + a[0] + b[0]
        a = [a[0] * 0.9]
        b = a
    b.append(5.0)
    return s + sum(a)


def dicts_change_places(x):
    p, q, s = {"a": x[0]}, {"a": x[1]}, 0.0
    keep = p
    for _ in range(N):
        s = s * 0.9 + p["a"]
        p, q = q, p
    keep["a"] = 5.0
    return p["a"] + 2 * q["a"] + s


def list_from_outside(x):
    base, s = [1.0, x[1]], 0.0
    a = ([x[0], 0.0], 1.0)
    for _ in range(N):
        s = s * 0.9 + a[0][0]
        a = (base, s)
    a[0].append(7.0)
    return s + sum(base)


def row_with_a_name(x):
    a, y, s = np.outer(np.arange(N), x), x * 1.0, 0.0
    for r in a:
        s = s + y.sum()
        y = r
    y[0] = 100.0
    return s + a.sum()


def rows_appended(x):
    a, them = np.outer(np.arange(N), x), []
    for r in a:
        them.append(r)
    them[3][0] = 100.0
    return sum(r.sum() for r in them) + a.sum()


OUTSIDE = np.ones(3)


def array_from_outside(x):
    OUTSIDE[:] = 1.0
    y, s = x * 1.0, 0.0
    for _ in range(N):
        s = s + y.sum()
        y = OUTSIDE
    y[0] = 100.0
    return s + OUTSIDE.sum()


def outside_appended(x):
    OUTSIDE[:] = 1.0
    y, them = x[0], []
    for _ in range(N):
        y = y * 0.9
        them.append(OUTSIDE)
    them[0][0] = 100.0
    return y + OUTSIDE.sum() + sum(v.sum() for v in them)


def list_beside_what_is_written(x):
    rest = [1.0, x[1]]
    p = {"w": x[0], "rest": rest}
    for _ in range(N):
        p["w"] = p["w"] * 0.9
    rest.append(2.0)
    return p["w"] + sum(p["rest"])


class Shrinking:
    """With a size that is smaller each fourth time that it is asked for."""

    def __init__(self):
        self.asked = 0

    @property
    def size(self):
        self.asked += 1
        return 40 - self.asked // 4

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return self.size


def bound_by_a_property(x):
    them, i, y = Shrinking(), 0, x[0]
    while i < them.size:
        y = y * 0.9 + x[1]
        i += 1
    return y * i + them.asked


def bound_by_a_length(x):
    them, i, y = Shrinking(), 0, x[0]
    while i < len(them):
        y = y * 0.9 + x[1]
        i += 1
    return y * i + them.asked


def bound_by_an_item(x):
    them, i, y = Shrinking(), 0, x[0]
    while i < them[0]:
        y = y * 0.9 + x[1]
        i += 1
    return y * i + them.asked


# fmt: off
def in_a_dict_and_a_list(x):
    w = x * 1.0
    them, p = [w], {"w": w}
    del w
    for _ in range(N):
        p["w"] -= 0.1 * p["w"]
    return them[0].sum()


TRAPS = [
    in_a_dict_and_a_list,
    list_beside_what_is_written, bound_by_a_property, bound_by_a_length, bound_by_an_item,
    appended_again, appended_in_a_tuple, appended_to_two, appended_and_carried, sets_appended,
    state_is_written_and_appended, two_names_of_a_list, dicts_change_places, list_from_outside,
    row_with_a_name, rows_appended, array_from_outside, outside_appended,
    counting_layer,
    length, contained, truth, text, bits, as_index, called_by_grad, own_new, third_of_a_name,
    in_a_list, searched_through, used_by_a_choice, used_by_fsum, two_names, twice_in_a_tuple,
    name_of_another, moved_and_held, sum_of_truths, complex_root, complex_root_of_state, is_true,
]
# fmt: on


# ------------------------------------------------------------ one loop all the same


def leapfrog(x):
    u, v = x * 1.0, x * 0.9
    for _ in range(N):
        u, v = v, 2 * v - u - 0.01 * v
    return u.sum() * v[0]


def kept_beside(x):
    a = np.outer(x, x)
    state = (a, x)
    for _ in range(N):
        b, y = state
        state = (b, b @ y + 0.1)
    a[0] = 5.0  # which the loop's result shows
    return state[1].sum() + state[0].sum()


def layer(x):
    f, y = Layer(x[0]), x[1]
    for _ in range(N):
        y = f(y)
    return y


def read_by_a_closure(x):
    y, s = x[0], 0.0
    half = lambda: y * 0.5  # noqa: E731
    for i in range(N):
        s = s + half()
        y = x[1] * i
    return s


def list_that_comes_back(x):
    a, s = [x[0], x[1]], 0.0
    keep = a
    for _ in range(N):
        s = s * 0.9 + a[0]
        b = a
        a = b
    a.append(7.0)
    return s + len(keep)


def named_before_it_is_appended(x):
    them, y = [], x * 1.0
    for i in range(N):
        y = y * 0.9
        d = {"i": i, "y": y}
        them.append(d)
    them[0]["i"] = 100
    return sum(d["y"].sum() * d["i"] for d in them)


def parameters(x):
    p = [{"w": x * 1.0, "b": x[0]}, {"w": x * 2.0, "b": x[1]}]
    for _ in range(N):
        g = bibun.grad(lambda q: sum(np.sum(v["w"] ** 2) * v["b"] for v in q))(p)
        p = [{k: v[k] - 0.01 * d[k] for k in v} for v, d in zip(p, g, strict=True)]
    p[0]["w"][0] = 1.0
    return p[0]["w"].sum() + p[1]["b"]


def bound_by_what_is_stored(x):
    layer, sizes, i, y = Layer(40), (len(x), x.shape), 0, x[0]
    while i <= layer.w - sizes[1][0] // 2 + -len(sizes):
        y = y * 0.9 + x[1] * i
        i += 1
    return y * i


HARMLESS = [
    bound_by_what_is_stored,
    read_by_a_closure, leapfrog, kept_beside, layer, list_that_comes_back,
    named_before_it_is_appended, parameters,
]  # fmt: skip
