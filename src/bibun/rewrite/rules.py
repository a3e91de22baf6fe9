"""The algebra bibun knows. Each line is an equation; the left side becomes the right.

`always`: bit for bit, nan and signs of zero included. `not complex`: the same, but for complex
numbers only up to signs of zero and nan, since (inf + 0i) (1 + 0i) = inf + nan i. `real`: for real
numbers, up to rounding.
"""

from __future__ import annotations

import numpy as np

from ..ops.elementwise import TABLE
from ..ops.norms import Norm
from ..ops.reduction import Sum
from ..ops.select import Where
from ..ops.softmax import LogSoftmax, LogSumExp, Softmax
from ..ops.structure import Expand, Reshape
from .engine import Pattern, Rules, equations, pattern


def sigmoid(x: Pattern) -> Pattern:
    """1 / (1 + exp(-x)), which is no NumPy function."""
    return Pattern("sigmoid", TABLE["sigmoid"], (x,))


def sech(x: Pattern) -> Pattern:
    """1 / cosh(x), which is no NumPy function."""
    return Pattern("sech", TABLE["sech"], (x,))


# fmt: off
@equations(holds="always")
def identities(x, y, c, shape, inner):
    reshaped = pattern(Reshape, x, shape=shape)
    yield pattern(Reshape, pattern(Reshape, x, shape=inner), shape=shape), reshaped
    yield reshaped,                         x, lambda x, shape: x.shape == shape
    yield x - 0,                            x
    yield -(-x),                            x
    yield x + -y,                           x - y
    yield x - -y,                           x + y
    yield pattern(Where, c, x, x),          x
    yield np.copysign(x, x),                x


@equations(holds="not complex")
def units(x):
    yield x * 1,                            x
    yield 1 * x,                            x
    yield x / 1,                            x


@equations(holds="real")
def stable(x, y):
    yield x - x,                            0
    yield np.sign(x) * np.abs(x),           x
    yield 1 / np.exp(x),                    np.exp(-x)
    yield y / np.exp(x),                    y * np.exp(-x)
    yield np.exp(x) / np.exp(y),            np.exp(x - y)
    yield np.exp(x) * np.exp(y),            np.exp(x + y)
    yield np.sqrt(np.exp(x)),               np.exp(x / 2)
    yield np.log(np.exp(x)),                x
    yield np.exp(x) - 1,                    np.expm1(x)
    yield 1 - np.exp(x),                    -np.expm1(x)
    yield np.log(1 + x),                    np.log1p(x)
    yield np.log(1 - x),                    np.log1p(-x)
    yield np.log(1 + np.exp(x)),            np.logaddexp(0, x)
    yield np.log1p(np.exp(x)),              np.logaddexp(0, x)
    yield np.log(np.exp(x) + np.exp(y)),    np.logaddexp(x, y)
    yield 1 / (1 + np.exp(-x)),             sigmoid(x)
    yield 1 / (1 + np.exp(x)),              sigmoid(-x)
    yield np.exp(x) / (1 + np.exp(x)),      sigmoid(x)
    yield 1 - sigmoid(x),                   sigmoid(-x)
    yield np.log(sigmoid(x)),               -np.logaddexp(0, -x)
    yield 1 - np.cos(x),                    2 * np.square(np.sin(x / 2))
    yield np.log(np.exp(x) - np.exp(y)),    x + np.log(-np.expm1(y - x))
    yield np.exp(x) / np.expm1(x),          -1 / np.expm1(-x)
    yield np.log1p(np.expm1(x)),            x


# A formula whose derivative cancels where the left side's does not is no better: x^2 - y^2 stays,
# since (x - y) (x + y) has the derivative (x + y) + (x - y), and log(cosh(x)) is no logaddexp.
@equations(holds="real")
def hyperbolic(x):
    yield np.exp(x) - np.exp(-x),                           2 * np.sinh(x)
    yield 2 * np.sinh(x) / (np.exp(x) + np.exp(-x)),        np.tanh(x)
    yield np.expm1(x) / (1 + np.exp(x)),                    np.tanh(x / 2)
    yield np.cosh(x) - 1,                                   2 * np.square(np.sinh(x / 2))
    yield np.arctanh(np.tanh(x)),                           x
    yield np.arcsinh(np.sinh(x)),                           x
    for square in (np.square, lambda z: np.power(z, 2), lambda z: z * z):
        yield 1 - square(np.tanh(x)),                       np.square(sech(x))
        yield np.log(square(x)),                            2 * np.log(np.abs(x))
    yield np.log(np.sqrt(x)),                               np.log(x) / 2


@equations(holds="real")
def norms(x, y, axes):
    # Squares overflow, underflow and have 0/0 for a derivative long before their root does.
    norm = pattern(Norm, x, order=2.0, axes=axes)
    power = lambda z: np.power(z, 2)  # noqa: E731
    for square in (np.square, power, lambda z: z * z):
        yield np.sqrt(square(x)),                            np.abs(x)
        yield np.sqrt(square(x) + square(y)),                np.hypot(x, y)
        yield np.sqrt(pattern(Sum, square(x), axes=axes)),   norm


@equations(holds="real")
def softmax(x, y, axes, shape, full):
    along = lambda op: lambda z: pattern(op, z, axes=axes)  # noqa: E731
    lse, soft, log_soft = along(LogSumExp), along(Softmax), along(LogSoftmax)
    reshaped = lambda z: pattern(Reshape, z, shape=shape)  # noqa: E731
    spread = lambda z: pattern(Expand, z, axes=axes, shape=full)  # noqa: E731
    total, shifted = pattern(Sum, np.exp(x), axes=axes), x - spread(y)

    yield np.log(total),                    lse(x)
    yield np.log(reshaped(total)),          reshaped(lse(x))
    yield lse(shifted) + y,                 lse(x)
    yield reshaped(lse(shifted)) + reshaped(y), reshaped(lse(x))
    yield np.exp(x) / spread(total),        soft(x)
    yield np.log(soft(x)),                  log_soft(x)
    yield x - spread(lse(x)),               log_soft(x)
    yield soft(shifted),                    soft(x)
    yield log_soft(shifted),                log_soft(x)
# fmt: on


STABILISE = Rules(identities, units, stable, hyperbolic, norms, softmax)
SIMPLIFY = Rules(identities, units)
