"""What a call of bibun.cpp.function costs from Python, beyond its work."""

from __future__ import annotations

from collections.abc import Callable
from timeit import Timer

import numpy as np

import bibun

SOURCE = "template <class T> T f(const T& x, const T& y) { return x * y + x; }"
CALLS, ROUNDS = 20_000, 15


def microseconds() -> dict[str, float]:
    """The quickest of several rounds, of calls with one element, whose work takes nanoseconds."""
    f = bibun.cpp.function(SOURCE, "f", 2)
    one, number = np.ones(1), np.float64(1)
    return {
        "arrays of one element": quickest(lambda: f(one, one)),
        "numbers": quickest(lambda: f(number, number)),
        "np.add of such arrays, for comparison": quickest(lambda: np.add(one, one)),
    }


def quickest(call: Callable[[], object]) -> float:
    call()
    empty = min(Timer(lambda: None).repeat(ROUNDS, CALLS))
    return 1e6 * (min(Timer(call).repeat(ROUNDS, CALLS)) - empty) / CALLS
