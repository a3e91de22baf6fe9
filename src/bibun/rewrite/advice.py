"""Advice: equations that nobody applies but people.

Their right sides keep the digits of values that the left sides lose. As rules they would do harm:
where nothing cancels, the derivative of a right side may round more often than that of the left.
"""

from __future__ import annotations

import numpy as np

from .engine import equations


# fmt: off
@equations(holds="real")
def advice(x, y):
    yield np.sqrt(1 + x) - 1,               x / (np.sqrt(1 + x) + 1)
    yield 1 - np.sqrt(1 - x),               x / (np.sqrt(1 - x) + 1)
    yield np.sqrt(x) - np.sqrt(y),          (x - y) / (np.sqrt(x) + np.sqrt(y))
    yield np.exp(x) - np.exp(y),            np.exp(y) * np.expm1(x - y)
    yield np.log(x) - np.log(y),            np.log1p((x - y) / y)
    yield np.sin(x) - np.sin(y),            2 * np.cos((x + y) / 2) * np.sin((x - y) / 2)
    yield np.cos(x) - np.cos(y),            2 * np.sin((x + y) / 2) * np.sin((y - x) / 2)
    yield np.arctan(x) - np.arctan(y),      np.arctan2(x - y, 1 + x * y)
    yield 1 / x - 1 / y,                    (y - x) / (x * y)
    yield 1 - np.tanh(x),                   2 / (1 + np.exp(2 * x))
    for square in (np.square, lambda z: np.power(z, 2), lambda z: z * z):
        yield square(x) - square(y),        (x - y) * (x + y)
# fmt: on
