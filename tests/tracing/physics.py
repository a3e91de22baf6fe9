"""A module of a user's, which idioms.py imports helpers from. It knows nothing of bibun."""

import math
from functools import cache

import numpy as np

SCALE = 0.5
calls = 0
history = []


def damped(t):
    return math.exp(-SCALE * t) * math.cos(t)


def count(x):
    global calls
    calls += 1
    history.append(calls)
    return float(x) * 2.0


@cache
def weights(n):
    w = np.zeros(n)
    w[0] = 1.0
    for i in range(1, n):
        w[i] = w[i - 1] / (i + 1)
    return w


class Spring:
    """A class with everything that classes have."""

    count = 0

    def __init__(self, k, rest=1.0):
        self.k = k
        self.rest = float(rest)
        type(self).count += 1

    @property
    def stiffness(self):
        return math.log1p(self.k)

    @classmethod
    def soft(cls, k):
        return cls(math.sqrt(k))

    @staticmethod
    def square(x):
        return math.pow(x, 2)

    def energy(self, x):
        return 0.5 * self.stiffness * self.square(x - self.rest)

    def __call__(self, x):
        return math.sin(self.energy(x))


class Damped(Spring):
    def __init__(self, k, c):
        super().__init__(k)
        self.c = c

    def energy(self, x):
        return super().energy(x) * math.exp(-float(self.c))


OUTSIDE = Damped(2.0, 0.3)
FLEET = [Spring(1.0), Damped(2.0, 0.1)]
