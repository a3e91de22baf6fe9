"""Balls: real numbers of any range, known up to a proven error (python-flint's `arb`).

A ball is a midpoint and a radius, and every operation gives a ball in which the exact result lies
(Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, IEEE
Transactions on Computers 66, 2017). Exponents have no bounds. Where balls are too wide to decide a
comparison, `UndecidedError` asks for more digits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from math import factorial
from threading import RLock
from typing import Any

import numpy as np

from . import decompositions
from .named import NAMED
from .objects import Library, UndecidedError

LOCK = RLock()
"""The precision of python-flint is one for the whole process."""


class NoNumberError(UndecidedError):
    """A comparison with what is no number, or of which nothing is known; or its whole part."""


class _State:
    """Whether numbers that balls cannot tell apart count as equal; one for all, under LOCK."""

    near_is_equal = False


class Ball:
    """A real number in a ball; +inf, -inf and nan as floats have them."""

    __slots__ = ("x",)

    def __init__(self, x: Any):
        self.x = x

    # fmt: off
    def __neg__(self) -> Ball:              return Ball(-self.x)
    def __pos__(self) -> Ball:              return self
    def __abs__(self) -> Ball:              return Ball(abs(self.x))
    def __add__(self, other: Any) -> Ball:  return Ball(self.x + raw(other))
    def __radd__(self, other: Any) -> Ball: return Ball(raw(other) + self.x)
    def __sub__(self, other: Any) -> Ball:  return Ball(self.x - raw(other))
    def __rsub__(self, other: Any) -> Ball: return Ball(raw(other) - self.x)
    def __rpow__(self, other: Any) -> Ball: return Ball(raw(other)) ** self
    def __lt__(self, other: Any) -> bool:   return less(self.x, raw(other))
    def __gt__(self, other: Any) -> bool:   return less(raw(other), self.x)
    def __le__(self, other: Any) -> bool:   return self == other or self < other
    def __ge__(self, other: Any) -> bool:   return self == other or self > other
    def __hash__(self) -> int:              return hash(str(self.x))
    def __float__(self) -> float:           return float(self.x)
    # fmt: on

    def __mul__(self, other: Any) -> Ball:
        x, y = self.x, raw(other)
        if _zero(x) and not y.is_nan() and y.is_finite():  # also of a ball without bounds
            return Ball(x)
        return Ball(x * y)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Ball:
        x, y = self.x, raw(other)
        if infinite(y) and x.is_finite():
            return Ball(_arb()(0))
        return Ball(x / y)

    def __rtruediv__(self, other: Any) -> Ball:
        return Ball(raw(other)) / self

    def __pow__(self, other: Any) -> Ball:
        x, p = self.x, raw(other)
        if not x.is_finite() and not infinite(x) and p != 0:
            return Ball(_arb()("nan"))  # of balls without bounds FLINT's powers end the process
        if p.is_integer():
            n = int(p.unique_fmpz())
            return Ball(x**n if n >= 0 else 1 / x**-n)
        if _zero(x):
            return Ball(_arb()(0) if less(_arb()(0), p) else _arb()("nan"))
        return Ball(x**p)

    def __eq__(self, other: Any) -> bool:
        return equal(self.x, raw(other))

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __bool__(self) -> bool:
        return self != 0


def raw(x: Any) -> Any:
    """The `arb` in a ball; of a number of Python, exactly."""
    if type(x) is Ball:
        return x.x
    return _arb()(x.item() if isinstance(x, np.generic) else x)


def _zero(x: Any) -> bool:
    return x.is_exact() and x.is_zero()


def infinite(x: Any) -> bool:
    """Whether this is inf or -inf itself, and not a ball that may be anything."""
    return not x.is_finite() and not x.is_nan() and x.is_exact()


def less(x: Any, y: Any) -> bool:
    """Whether x < y."""
    if x.is_nan() or y.is_nan():
        return _unknown(x, y)
    if x is y:
        return False
    if x < y:
        return True
    if x >= y or _near(x, y):
        return False
    raise UndecidedError


def equal(x: Any, y: Any) -> bool:
    """Whether x = y."""
    if x.is_nan() or y.is_nan():
        return _unknown(x, y)
    if x is y:
        return True
    if x.is_exact() and y.is_exact():
        return bool(x == y)
    if x < y or y < x:
        return False
    if _near(x, y):
        return True
    raise UndecidedError


def _near(x: Any, y: Any) -> bool:
    """Whether numbers that are not told apart are equal: not if they have lost their digits."""
    if not _State.near_is_equal:
        return False
    half = _arb()(2) ** -(import_module("flint").ctx.prec // 2)
    return bool(abs(x - y) < half * (1 + abs(x)))


def _unknown(x: Any, y: Any) -> bool:
    """What is not known to be a number at all is no more known to be nan."""
    raise NoNumberError


class Functions:
    """The functions of `arb` under mpmath's names, and NumPy's where mpmath has none."""

    def __init__(self) -> None:
        arb = _arb()
        self.nan, self.inf = Ball(arb("nan")), Ball(arb("inf"))

    @property
    def pi(self) -> Ball:
        """To as many digits as there are now."""
        return Ball(_arb().pi())

    # fmt: off
    def mpf(self, x: Any) -> Ball:                       return Ball(_arb()(x))
    def sign(self, x: Any) -> Ball:                      return Ball(_arb()(_sign(Ball(raw(x)))))
    def conjugate(self, x: Ball) -> Ball:                return x
    def isinf(self, x: Ball) -> bool:                    return infinite(raw(x))
    def isfinite(self, x: Ball) -> bool:                 return bool(raw(x).is_finite())
    def fabs(self, x: Ball) -> Ball:                     return abs(x)
    def logical_and(self, a: Ball, b: Ball) -> bool:     return a != 0 and b != 0
    def logical_or(self, a: Ball, b: Ball) -> bool:      return a != 0 or b != 0
    def logical_xor(self, a: Ball, b: Ball) -> bool:     return (a != 0) != (b != 0)
    def logical_not(self, a: Ball) -> bool:              return a == 0
    def gammasgn(self, x: Ball) -> Ball:                 return self.sign(Ball(raw(x).rgamma()))
    # fmt: on

    def exp(self, x: Any) -> Ball:
        """exp(x), also of infinities."""
        value = raw(x)
        if not infinite(value):
            return Ball(value.exp())
        return self.inf if value > 0 else Ball(_arb()(0))

    def log(self, x: Any) -> Ball:
        """log(x), -inf at 0 and inf at inf."""
        value = raw(x)
        if _zero(value):
            return -self.inf
        return Ball(value) if infinite(value) and value > 0 else Ball(value.log())

    def erf(self, x: Any) -> Ball:
        """erf(x), 1 at inf and -1 at -inf."""
        value = raw(x)
        return self.sign(x) if infinite(value) else Ball(value.erf())

    def erfc(self, x: Any) -> Ball:
        """1 - erf(x), to all its digits."""
        value = raw(x)
        return 1 - self.sign(x) if infinite(value) else Ball(value.erfc())

    def isnan(self, x: Any) -> bool:
        """Whether x is nan, which of a ball without bounds nobody knows."""
        if raw(x).is_nan():
            raise UndecidedError
        return False

    def floor(self, x: Ball) -> Ball:
        """The largest whole number that is not above x."""
        return Ball(_decided(raw(x).floor()))

    def ceil(self, x: Ball) -> Ball:
        """The smallest whole number that is not below x."""
        return Ball(_decided(raw(x).ceil()))

    ceiling = ceil

    def rint(self, x: Ball) -> Ball:
        """The whole number next to x; halves go to the even one."""
        low = self.floor(x)
        twice = 2 * (x - low)
        up = twice > 1 or (twice == 1 and int(raw(low).unique_fmpz()) % 2 == 1)
        return low + 1 if up else low

    def loggamma(self, x: Any) -> Ball:
        """log |gamma(x)|."""
        value = raw(x)
        return Ball(value.lgamma() if value > 0 else abs(value.gamma()).log())

    def polygamma(self, n: int, x: Ball) -> Ball:
        """psi^(n)(x) = (-1)^(n+1) n! zeta(n + 1, x)."""
        if n == 0:
            return Ball(raw(x).digamma())
        return (-1) ** (n + 1) * factorial(n) * Ball(_arb()(n + 1).zeta(raw(x)))

    # Matrices, given by rows. What cannot be proved to be regular is an ArithmeticError.

    def solve_rows(self, a: list[list[Ball]], b: list[list[Ball]]) -> list[list[Ball]]:
        """The x of a x = b."""
        return _rows(_matrix(a).solve(_matrix(b)))

    def inverse_rows(self, a: list[list[Ball]]) -> list[list[Ball]]:
        """a^-1."""
        return _rows(_matrix(a).inv())

    def det_rows(self, a: list[list[Ball]]) -> Ball:
        """det a."""
        return Ball(_matrix(a).det())

    def expm_rows(self, a: list[list[Ball]]) -> list[list[Ball]]:
        """e^a."""
        return _rows(_matrix(a).exp())

    def expm_along_rows(self, a: list[list[Ball]], e: list[list[Ball]]) -> list[list[Ball]]:
        """The derivative of e^a along e: a block of the exponential of [[a, e], [0, a]]."""
        n, zero = len(a), Ball(_arb()(0))
        upper = [[*x, *y] for x, y in zip(a, e, strict=True)]
        y = self.expm_rows([*upper, *([zero] * n + row for row in a)])
        return [row[n:] for row in y[:n]]

    def cholesky_rows(self, a: list[list[Ball]]) -> list[list[Ball]]:
        """The lower triangular y with y y^T = a."""
        n = len(a)
        y = [[Ball(_arb()(0))] * n for _ in range(n)]
        for i in range(n):
            for j in range(i + 1):
                rest = a[i][j] - sum(y[i][k] * y[j][k] for k in range(j))
                y[i][j] = self.sqrt(rest) if i == j else rest / y[j][j]
        return y

    # What is a matter of choice in results is chosen as in floats, which are `like` the results.

    def eigh_rows(self, a: list[list[Ball]], like: tuple) -> tuple:
        """Eigenvalues and eigenvectors of a symmetric matrix."""
        w, v = decompositions.symmetric(_raw(a), like[1])
        return _row(w), _balls(v)

    def eig_rows(self, a: list[list[Ball]], like: tuple) -> tuple:
        """Real eigenvalues and eigenvectors."""
        w, v = decompositions.general(_raw(a), *like)
        return _row(w), _balls(v)

    def svd_rows(self, a: list[list[Ball]], like: tuple) -> tuple:
        """u, s and v^T."""
        u, s, v = decompositions.singular(_raw(a), like)
        return _balls(u), _row(s), _balls(v)

    def qr_rows(self, a: list[list[Ball]], like: tuple) -> tuple:
        """q and r."""
        q, r = decompositions.orthogonal(_raw(a), like[0])
        return _balls(q), _balls(r)

    def pinv_rows(self, a: list[list[Ball]], rtol: float) -> list[list[Ball]]:
        """The pseudo-inverse of a matrix of full rank."""
        return _balls(decompositions.pseudo_inverse(_raw(a), rtol))

    def sqrtm_rows(self, a: list[list[Ball]]) -> list[list[Ball]]:
        """The principal square root."""
        return _balls(decompositions.square_root(_raw(a)))

    def sylvester_rows(self, *matrices: list[list[Ball]]) -> list[list[Ball]]:
        """The x of a x + x b = c."""
        return _balls(decompositions.sylvester(*map(_raw, matrices)))

    def cofactors_rows(self, a: list[list[Ball]], *along: list[list[Ball]]) -> list[list[Ball]]:
        """The gradient of det a, and its derivative along further matrices."""
        return _balls(decompositions.cofactors(_raw(a), [*map(_raw, along)]))

    def __getattr__(self, name: str) -> Callable[..., Ball]:
        function = NAMED.get(name) or getattr(_arb(), name)
        made = lambda *args: Ball(function(*map(raw, args)))  # noqa: E731
        setattr(self, name, made)
        return made


def _decided(x: Any) -> Any:
    if x.is_nan():
        raise NoNumberError
    if not x.is_exact():
        raise UndecidedError
    return x


def _matrix(rows: list[list[Ball]]) -> Any:
    return import_module("flint").arb_mat(_raw(rows))


def _raw(rows: list[list[Ball]]) -> list[list[Any]]:
    return [[raw(x) for x in row] for row in rows]


def _rows(matrix: Any) -> list[list[Ball]]:
    return _balls(matrix.tolist())


def _balls(rows: list[list[Any]]) -> list[list[Ball]]:
    return [_row(row) for row in rows]


def _row(row: list[Any]) -> list[Ball]:
    return [Ball(x) for x in row]


def _sign(x: Ball) -> int:
    return 0 if x == 0 else 1 if x > 0 else -1


@cache
def _flint() -> Any:
    """python-flint: of some nine thousand functions, those that are called are looked up."""
    flags = sys.getdlopenflags() if hasattr(sys, "getdlopenflags") else None
    if flags is None:
        return import_module("flint")
    sys.setdlopenflags(os.RTLD_LAZY)
    try:
        return import_module("flint")
    finally:
        sys.setdlopenflags(flags)


@cache
def _arb() -> Any:
    return _flint().arb


def balls(check: Callable) -> Library:
    """The library of balls; `check` sees all values, and may refuse them."""
    functions = Functions()
    return Library(functions, functions.mpf, functions.inf, False, check)


@contextmanager
def precision(bits: int, near_is_equal: bool = False) -> Iterator[None]:
    """Balls of this many bits inside the `with`, in this thread alone.

    With `near_is_equal`, what they cannot tell apart is equal: evidence, and no proof.
    """
    context = _flint().ctx
    with LOCK:
        before, context.prec = context.prec, bits
        near, _State.near_is_equal = _State.near_is_equal, near_is_equal
        try:
            yield
        finally:
            context.prec, _State.near_is_equal = before, near


__all__ = ["Ball", "NoNumberError", "UndecidedError", "balls", "precision", "raw"]
