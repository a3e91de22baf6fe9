"""Families of special functions, one for each order: polygamma functions and Bessel functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import factorial
from typing import Any

from ...loops import Value
from ..special import by_signature, special

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


def legendre(plain: Callable[..., Value], n: Value, x: Value) -> Value:
    """SciPy's polynomial of Legendre, to all digits at 0."""
    return odd_near_zero(plain(n, x), n, None, x)


def gegenbauer(plain: Callable[..., Value], n: Value, a: Value, x: Value) -> Value:
    """SciPy's polynomial of Gegenbauer, to all digits at 0."""
    return odd_near_zero(plain(n, a, x), n, a.to("f64"), x)


def odd_near_zero(plain: Value, n: Value, a: Value | None, x: Value) -> Value:
    """C_n^(a)(x), of which odd n are Jacobi's polynomials of x^2 next to 0 (DLMF 18.7.16).

    Legendre's polynomials are those of a = 1/2, which is None.
    """
    u, degree = x.to("f64"), n.to("f64")
    near = (abs(u) < 1 / 16) & (degree > 0) & (degree < MOST) & is_even(degree + 1)
    near = near if a is None else near & (a > 0)
    k = near.where((degree * 0.5).floor(), 0)
    b = degree.like(0.5) if a is None else near.where(a, 0.5)
    lead = u.like(1)
    if a is not None:
        quotient = special("poch", b, k + 1) / special("poch", b.like(0.5), k + 1)
        lead = b.equals(0.5).where(1, quotient)
    p = by_signature("eval_jacobi__lddd", "f64", k, b.like(0.5), b - 0.5, 1 - 2 * (u * u))
    odd = is_even(k).where(lead, -lead) * near.where(u, 0) * p
    good = near & (abs(lead) < float("inf"))
    return good.where(odd.to(plain.kind), plain)


def is_even(x: Value) -> Value:
    """Whether a float is twice a whole number."""
    return ((x * 0.5).floor() * 2).equals(x)


MOST = 1e6
"""Of a degree: SciPy adds up as many terms."""
ODD: dict[str, Callable[[Any], Callable[..., Value]]] = {
    "eval_legendre": lambda plain: partial(legendre, plain),
    "eval_gegenbauer": lambda plain: partial(gegenbauer, plain),
}
"""What is made of SciPy's function."""
