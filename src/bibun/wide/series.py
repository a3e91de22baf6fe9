"""Functions of Arb's whose series may go on and on: by other ways, on its numbers (`arb`)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def by_ends(f: Callable, x: Any) -> Any:
    """f of a ball, for a function that is monotonic on both sides of 0.

    Of what is not exact the series may have no end, of the ends of a ball it has.
    """
    if x.is_exact() or abs(x) < 1:
        return f(x)
    if x.contains(0):
        return type(x)("nan")
    return f(x.lower()).union(f(x.upper()))


def bessel_k(n: int, x: Any) -> Any:
    """K_n(x), by K_0, I_0 K_1 + I_1 K_0 = 1 / x, and the recurrence upwards.

    Below the precision, Arb loses digits of K_0 (2.9 x bits) and may never end with K_1.
    """
    context = import_module("flint").ctx
    if not abs(x) < context.prec:
        return x.bessel_k(n)
    with context.workprec(context.prec + int(3 * abs(float(x)))):
        before = x.bessel_k(0)
        y = (1 / x - x.bessel_i(1) * before) / x.bessel_i(0)
        for k in range(1, n):
            before, y = y, before + 2 * k * y / x
    return y if n else before
