"""Derivatives by mpmath, to as many digits as it takes, and how far ours may be from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

import bibun

# Units in the last place, for each order of differentiation. A rule has about five operations, and
# those of order n are the sum of up to 2^n products of rules; the largest that was seen is 9.
ROUNDINGS = 20


class Row(NamedTuple):
    """A function, the same in mpmath, points, and the digits that mpmath needs for them.

    Far out in a tail, the difference quotient of 1 - 1e-300 needs more than 300 digits.
    """

    name: str
    f: Callable[[Any], Any]
    reference: Callable[[Any], Any]
    points: Sequence[float]
    digits: int = 60

    def __str__(self) -> str:
        return self.name


def orders(f: Callable[[Any], Any], most: int) -> Iterator[tuple[int, Callable[[Any], Any]]]:
    """f', f'', ... up to an order, each as the gradient of the one before."""
    for order in range(1, most + 1):
        f = bibun.grad(f)
        yield order, f


def representable(points: Sequence[float], dtype: Any) -> Iterator[Any]:
    """The points in this dtype, without those that become a singularity: 0, 1 or infinity."""
    with np.errstate(over="ignore"):
        for point, x in zip(points, np.array(points, dtype), strict=True):
            if np.isfinite(x) and (float(x) == point or x not in (0, 1, -1)):
                yield x


def problems(row: Row, dtype: Any, most: int = 3) -> Iterator[str]:
    """Where a derivative is further from the truth than rounding explains.

    A number that differs by one unit of eps changes the derivative by eps times its condition
    |x f^(n+1) / f^(n)|; more than that nobody can ask for.
    """
    eps, tiny = float(np.finfo(dtype).eps), float(np.finfo(dtype).smallest_subnormal)
    for x in representable(row.points, dtype):
        # mpmath's steps are absolute: far from 1 it needs as many digits more as the exponent has.
        with mp.workdps(row.digits + 3 * abs(int(mp.log10(abs(x)))) if x else row.digits):
            exact = [mp.re(mp.diff(row.reference, mp.mpf(float(x)), n)) for n in range(most + 2)]
        for order, derivative in orders(row.f, most):
            want, y = exact[order], derivative(x)
            if y.dtype != dtype:
                yield f"{row.name} at {x!r}, order {order}: the dtype is {y.dtype}"
            limit = ROUNDINGS * eps * (abs(want) + abs(float(x) * exact[order + 1])) + 2 * tiny
            limit += mp.mpf(10) ** (-row.digits // 3)  # what mpmath makes of an exact zero
            if abs(want) > float(np.finfo(dtype).max):
                right = np.isinf(y) and (y > 0) == (want > 0)
            else:
                right = np.isfinite(y) and abs(mp.mpf(float(y)) - want) <= limit
            if not right:
                unit = limit / ROUNDINGS
                off = abs(mp.mpf(float(y)) - want) / unit if np.isfinite(y) else mp.inf
                yield (
                    f"{row.name} at {x!r}, order {order}: {y!r} should be {mp.nstr(want, 17)}, "
                    f"off by {mp.nstr(off, 3)} units"
                )


def partial_problems(row: Row, dtype: Any) -> Iterator[str]:
    """The same for a function of two arguments: its gradient and its three second derivatives."""
    eps = float(np.finfo(dtype).eps)
    a, b = (bibun.grad(row.f, k) for k in (0, 1))
    rules = {
        (1, 0): a,
        (0, 1): b,
        (2, 0): bibun.grad(a, 0),
        (1, 1): bibun.grad(a, 1),
        (0, 2): bibun.grad(b, 1),
    }
    for point in row.points:
        x, y = map(np.dtype(dtype).type, point)
        with mp.workdps(row.digits):
            at = mp.mpf(float(x)), mp.mpf(float(y))

            def exact(i: int, j: int, at: Any = at) -> Any:
                return mp.diff(row.reference, at, (i, j))

            for (i, j), rule in rules.items():
                want, found = exact(i, j), rule(x, y)
                limit = abs(want) + abs(at[0] * exact(i + 1, j)) + abs(at[1] * exact(i, j + 1))
                limit = ROUNDINGS * eps * limit + mp.mpf(10) ** (-row.digits // 3)
                if found.dtype != dtype or not abs(mp.mpf(float(found)) - want) <= limit:
                    yield f"{row.name} at {point}, {i, j}: {found!r} should be {mp.nstr(want, 17)}"
