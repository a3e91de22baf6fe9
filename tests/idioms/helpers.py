"""Functions that idioms import, as code of several modules does."""

import math

import numpy as np

SCALE = np.array([1.0, 0.5, 0.25, 2.0])


def damped(t, rate=1.0):
    return math.exp(-rate * t) * math.cos(t)


def normalised(x):
    return x / float(np.sqrt(np.sum(x**2)))


def energy(x):
    return sum(0.5 * k * math.pow(v, 2) for k, v in zip(SCALE, x, strict=True))
