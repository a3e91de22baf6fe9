"""The algebra bibun knows. Each line is an equation; the left side becomes the right.

`always`: bit for bit, nan and signs of zero included. `real`: for real numbers, up to rounding.
"""

from __future__ import annotations

import numpy as np

from ..ops.select import Where
from .engine import Rules, pattern, rules


# fmt: off
@rules(holds="always")
def identities(x, y, c):
    yield x * 1,                            x
    yield 1 * x,                            x
    yield x / 1,                            x
    yield x - 0,                            x
    yield -(-x),                            x
    yield x + -y,                           x - y
    yield x - -y,                           x + y
    yield pattern(Where, c, x, x),          x


@rules(holds="real")
def stable(x, y):
    yield np.log(1 + np.exp(x)),            np.logaddexp(0, x)
    yield np.log(np.exp(x) + 1),            np.logaddexp(0, x)
    yield np.log(np.exp(x) + np.exp(y)),    np.logaddexp(x, y)
    yield np.log(1 + x),                    np.log1p(x)
    yield np.log(x + 1),                    np.log1p(x)
    yield np.exp(x) - 1,                    np.expm1(x)
    yield 1 / np.exp(x),                    np.exp(-x)
# fmt: on


STABILISE = Rules(identities, stable)
SIMPLIFY = Rules(identities)
