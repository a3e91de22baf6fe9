"""Families of special functions, one for each order: polygamma functions and Bessel functions."""

from __future__ import annotations

from math import factorial

from ...loops import Value
from ..special import special

SHIFT = 9
COEFFICIENTS = (
    12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1.8924375803183791606e9, 7.47242496e10,
    -2.950130727918164224e12, 1.1646782814350067249e14, -4.5979787224074726105e15,
    1.8152105401943546773e17, -7.1661652561756670113e18,
)  # fmt: skip
"""(2k)! / B_2k for k = 1, 2, ... with Bernoulli's numbers B."""
LARGE = 1e8
"""Numbers from which on two terms are all."""


def polygamma(order: int, x: Value) -> Value:
    """The derivatives of psi: (-1)^(n+1) n! sum of (x + k)^-(n+1) over k >= 0, for n > 0.

    The first terms one by one, the others by Euler and Maclaurin's formula (Abramowitz and Stegun
    23.1.30, 6.4.10). Numbers that are not positive are left to SciPy.
    """
    if order == 0:
        return special("psi", x)
    kind, x, s = x.kind, x.to("f64"), order + 1
    x.code.refuse(x <= 0)
    w = x + SHIFT
    edge = power(w, s)
    rest = edge * (w / (s - 1)) - 0.5 * edge
    rising, falling = 1.0, edge
    for k, c in enumerate(COEFFICIENTS):
        rising *= s if k == 0 else (s + 2 * k - 1) * (s + 2 * k)
        falling = falling / w if k == 0 else falling / (w * w)
        rest = rest + falling * (rising / c)
    total = rest + edge
    for k in reversed(range(SHIFT)):  # the small ones first
        total = total + power(x + k, s)
    far = power(x, s - 1) * (1 / (s - 1) + 0.5 / x)
    y = (x > LARGE).where(far, total)
    return (y * ((-1) ** s * factorial(order))).to(kind)


def power(x: Value, n: int) -> Value:
    """x^-n."""
    y, square = None, x
    while n:
        if n % 2:
            y = square if y is None else y * square
        n //= 2
        square = square * square
    return 1 / y if y is not None else x.like(1)


def bessel(letter: str, order: int, x: Value) -> Value:
    """SciPy's own, of an order that is a number; I is 0 where SciPy has nan."""
    wide = x.to("f64")
    if letter == "i":
        wide = (abs(wide) < 1e-150).where(0, wide)
    return special(f"{letter}v", wide.like(float(order)), wide).to(x.kind)
