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


# fmt: off
TRAPS = [
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


HARMLESS = [read_by_a_closure, leapfrog, kept_beside, layer]
