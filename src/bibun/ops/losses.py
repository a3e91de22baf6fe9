"""scipy.special's losses and transformations of data: Huber's, and those of Box and Cox."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy.special as sc

from ..array import Array, bind
from . import elementwise
from .arithmetic import by_base, by_exponent
from .remainders import ExpRel, LogRel, in_double
from .special import negative

row = partial(elementwise.row, home=__name__)
POSITIVE = (0.2, 4.0)


def pseudo_huber_by_delta(y: Array, d: Array, r: Array) -> Any:
    """(h - d)^2 / h with h = hypot(d, r), where h - d = r^2 / (h + d)."""
    h = np.hypot(d, r)
    safe = np.where(h == 0, 1, h)
    rest = r * (r / (safe + d))
    return rest * (rest / safe)


def pseudo_huber_by_r(y: Array, d: Array, r: Array) -> Any:
    """d r / h."""
    h = np.hypot(d, r)
    h = np.where(h == 0, 1, h)
    return np.where(np.abs(d) > np.abs(r), r * (d / h), d * (r / h))  # neither quotient underflows


def boxcox_by_lambda(y: Array, log: Array, p: Array) -> Any:
    """Of (exp(u) - 1) / p with u = p log: log^2 y_1(u) where y_0(u) = (exp(u) - 1) / u."""
    end = log == -np.inf
    inner = np.where(end, 0, log)
    return np.where(end, np.square(y), np.square(inner) * bind(ExpRel(1), p * inner))


def boxcox1p_by_x(x: Array, p: Array) -> Any:
    """(1 + x)^(p - 1), without rounding 1 + x."""
    end = x == -1
    inner = np.exp((p - 1) * np.log1p(np.where(end, 0, x)))
    return np.where(end, np.power(1 + x, p - 1), inner)


def large(u: Array, y: Array, p: Array) -> Any:
    """log(1 + u) for u = p y, also where the product overflows."""
    over = np.isinf(u)
    logs = np.log(np.abs(np.where(over, p, 1))) + np.log(np.abs(np.where(over, y, 1)))
    return np.where(over, logs, np.log1p(np.where(over, 0, u)))


def inverse_by_y(x: Array, y: Array, p: Array) -> Any:
    """x^(1 - p), where log(x) is log(1 + u) / p with u = p y."""
    u = p * y
    far, end = np.abs(u) > 1, u == -1
    log = np.where(far, large(np.where(far & ~end, u, 1), y, p) / np.where(far, p, 1), 0)
    near = np.where(far, 0, y) * bind(LogRel(0), np.where(far | end, 0, u))
    return np.where(end, np.power(x, 1 - p), np.exp((1 - p) * (log + near)))


def inverse_by_lambda(x: Array, y: Array, p: Array) -> Any:
    """x d log(x) / dp = x y^2 r'(u), with r(u) = log(1 + u) / u and u^2 r' = u / (1 + u) - u r."""
    u = p * y
    far = np.abs(u) > 1
    v, q = np.where(far, u, 1), np.where(far, p, 1)
    beyond = (1 / (1 + 1 / v) - large(v, y, p)) / q / q
    near = np.square(np.where(far, 0, y)) * bind(LogRel(1), np.where(far, 0, u))
    return x * np.where(far, beyond, near)


def raised(lib: Any, x: Any, p: Any) -> Any:
    """(x^p - 1) / p of exact numbers."""
    return (x**p - 1) / p if p != 0 else lib.log(x)


def lowered(lib: Any, y: Any, p: Any) -> Any:
    """The x of y = (x^p - 1) / p, of exact numbers."""
    return (1 + p * y) ** (1 / p) if p != 0 else lib.exp(y)


# fmt: off
huber     = row(sc.huber,     lambda y, d, r: (np.abs(r) > d, np.abs(r) - d),
                              lambda y, d, r: np.where(np.abs(r) > d, d * np.sign(r), r),
                              domain=((0.2, 1.0), (-2.0, 2.0)),
                              exact=lambda lib, d, r: lib.inf if negative(d)
                              else r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2))
pseudo_huber = row(sc.pseudo_huber, lambda y, d, r: pseudo_huber_by_delta(y, d, r),
                              lambda y, d, r: pseudo_huber_by_r(y, d, r),
                              domain=((0.2, 1.0), (-2.0, 2.0)),
                              exact=lambda lib, d, r: lib.inf if negative(d)
                              else d * (lib.sqrt(d * d + r * r) - d))
boxcox    = row(sc.boxcox,    lambda y, x, p: x ** (p - 1),
                              lambda y, x, p: boxcox_by_lambda(y, np.log(x), p), domain=POSITIVE,
                              exact=lambda lib, x, p: raised(lib, x, p))
boxcox1p  = row(sc.boxcox1p,  lambda y, x, p: boxcox1p_by_x(x, p),
                              lambda y, x, p: boxcox_by_lambda(y, np.log1p(x), p), domain=POSITIVE,
                              exact=lambda lib, x, p: raised(lib, 1 + x, p))
inv_boxcox = row(sc.inv_boxcox, lambda x, y, p: in_double(inverse_by_y, x, y, p),
                              lambda x, y, p: in_double(inverse_by_lambda, x, y, p),
                              domain=POSITIVE, exact=lambda lib, y, p: lowered(lib, y, p))
powm1     = row(sc.powm1,     lambda y, x, p: by_base(np.power(x, p), x, p),
                              lambda y, x, p: by_exponent(np.power(x, p), x, p), domain=POSITIVE,
                              exact=lambda lib, x, p: x**p - 1)
# fmt: on
