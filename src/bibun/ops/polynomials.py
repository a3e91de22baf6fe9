"""NumPy's functions of polynomials, given by their coefficients from the highest power down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import index
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, implements
from ..errors import NotDifferentiableError, UnsupportedError
from .reduction import NO, as_numpy, operand, refuse
from .structure import cast, reshape_to
from .taking import known


def coefficients(p: Any) -> Array:
    """The coefficients of p: an array, or those of a np.poly1d."""
    return operand(p.coeffs if isinstance(p, np.poly1d) else p)


def _atleast_1d(p: Any) -> Array:
    return np.atleast_1d(coefficients(p))


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """p[0] x^(n-1) + ... + p[n-1], by Horner's rule; x may be a np.poly1d."""
    p = coefficients(p)
    if isinstance(x, np.poly1d):
        y: Any = 0
        for c in p:
            y = polyadd(polymul(y, x), c)
        return y
    x = operand(x)
    y = np.zeros_like(x)
    for c in p:
        y = y * x + c
    return y


# ------------------------------------------------------------ arithmetic


def _sum(function: Any, plus: Callable[[Any, Any], Any]) -> None:
    """np.polyadd or np.polysub: the shorter one gets zeros in front."""

    def of_two(a1: Any, a2: Any) -> Array:
        a, b = _atleast_1d(a1), _atleast_1d(a2)
        n, m = a.shape[0], b.shape[0]
        if n < m:
            a = np.concatenate((np.zeros_like(b, shape=(m - n,)), a))
        elif m < n:
            b = np.concatenate((np.zeros_like(a, shape=(n - m,)), b))
        return plus(a, b)

    implements(function)(of_two)


_sum(np.polyadd, np.add)
_sum(np.polysub, np.subtract)
polyadd: Callable[..., Array] = np.polyadd


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Array:
    a, b = coefficients(a1), coefficients(a2)
    return np.convolve(_trimmed(a), _trimmed(b))


def _trimmed(p: Array) -> Array:
    """The coefficients from the first one on that is not zero, as np.poly1d keeps them."""
    p = np.atleast_1d(p)
    if p.ndim != 1:
        raise ValueError("Polynomial must be 1d only.")
    p = np.trim_zeros(p, "f")
    return p if p.shape[0] else np.zeros_like(p, shape=(1,))


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Array, Array]:
    u, v = (_atleast_1d(p) + 0.0 for p in (u, v))
    kind = np.result_type(u.dtype, v.dtype)
    m, n = u.shape[0] - 1, v.shape[0] - 1
    scale, rest, quotient = 1.0 / v[0], cast(u, kind), []
    for k in range(m - n + 1):
        d = scale * rest[k]
        quotient.append(d)
        rest = np.concatenate((rest[:k], rest[k : k + n + 1] - d * v, rest[k + n + 1 :]))
    q = np.stack(quotient) if quotient else np.zeros_like(rest, shape=(1,))
    values = known(rest, "np.polydiv, which drops leading zeros of the remainder,")
    first = 0
    while np.allclose(values[first], 0, rtol=1e-14) and first < len(values) - 1:
        first += 1
    return cast(q, kind), rest[first:] if first else rest


# ------------------------------------------------------------ roots, derivatives, integrals


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The coefficients of (x - z[0]) (x - z[1]) ...; they are differentiable by the zeros."""
    z = np.atleast_1d(operand(seq_of_zeros))
    if z.ndim == 2 and z.shape[0] == z.shape[1] and z.shape[0]:
        raise UnsupportedError(
            "np.poly of a traced matrix needs its eigenvalues: for a symmetric one write "
            "np.poly(np.linalg.eigvalsh(a))"
        )
    if z.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if not z.shape[0]:
        return 1.0
    z = cast(z, np.dtype(np.mintypecode(z.dtype.char)))
    y = np.ones_like(z, shape=(1,))
    for k in range(z.shape[0]):
        y = np.convolve(y, np.concatenate((np.ones_like(z, shape=(1,)), -z[k : k + 1])))
    return y


@implements(np.polyder)
def polyder(p: Any, m: Any = 1) -> Array:
    m, p = index(m), coefficients(p)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    if p.ndim > 1:
        np.polyder(np.zeros(p.shape), m)  # NumPy's own errors
    for _ in range(m):
        n = len(p) - 1
        p = p[:-1] * np.arange(max(n, 0), 0, -1)
    return p


@implements(np.polyint)
def polyint(p: Any, m: Any = 1, k: Any = None) -> Array:
    m, p = index(m), coefficients(p)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    k = np.atleast_1d(np.zeros(m) if k is None else operand(k))
    if len(k) == 1 and m > 1:
        k = k[0] * np.ones(m)
    if len(k) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for j in range(m):
        p = np.concatenate((p / np.arange(len(p), 0, -1), k[j : j + 1]))
    return p


@implements(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Array:
    """Powers of x in columns. Each is a power and no running product, so that 0 does no harm."""
    x = operand(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    n = x.shape[0] if N is None else index(N)
    kind = np.promote_types(x.dtype, int)
    powers = np.arange(n) if increasing else np.arange(n)[::-1]

    def expression(x: Any) -> Any:
        wide = reshape_to(cast(x, kind), (*x.shape, 1))
        return wide ** powers.astype(kind)

    return as_numpy(lambda x: np.vander(x, n, increasing), expression, x)


# ------------------------------------------------------------ least squares


@implements(np.polyfit)
def polyfit(
    x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None,
    cov: Any = False,
) -> Any:  # fmt: skip
    """The coefficients of least squares; where the points do not determine them, an error."""
    refuse("polyfit", full=full)
    given = [operand(x) + 0.0, operand(y) + 0.0, NO if w is None else operand(w) + 0.0]
    values = [None if v is NO else known(v, "np.polyfit") for v in given]
    found, _, rank, *_ = np.polyfit(*values[:2], deg, rcond, True, values[2])
    if rank <= int(deg):
        raise NotDifferentiableError(
            f"polyfit: the points determine {rank} of {int(deg) + 1} coefficients: "
            "choose a lower degree"
        )
    fit = Fit(int(deg) + 1, found.dtype, orthonormal(values[0], values[2], int(deg) + 1))

    def numpy(x: Any, y: Any, w: Any) -> Any:
        return np.polyfit(x, y, deg, rcond, False, None if w is NO else w, cov)

    if not cov:
        return as_numpy(numpy, lambda *a: fit.of(*a)[0], *given)
    c = as_numpy(lambda *a: numpy(*a)[0], lambda *a: fit.of(*a)[0], *given)
    unscaled = isinstance(cov, str) and cov == "unscaled"
    covariance = partial(fit.covariance, unscaled=unscaled)
    return c, as_numpy(lambda *a: numpy(*a)[1], covariance, *given)


def orthonormal(x: Any, w: Any, n: int) -> Any:
    """The matrix S for which the columns of A S are orthonormal, A being the weighted powers."""
    powers = np.vander(x, n)
    return np.linalg.inv(np.linalg.qr(powers if w is None else powers * w[:, None], "r"))


class Fit(NamedTuple):
    """Least squares by the normal equations of A S.

    They are as well conditioned as can be. The result does not depend on S, so that S may be a
    constant, and its derivative is as accurate as the one by a QR decomposition.
    """

    n: int
    dtype: np.dtype
    s: Any

    def of(self, x: Any, y: Any, w: Any) -> tuple[Any, Any, Any]:
        """The coefficients, the normal matrix, and the sum of squares that is left."""
        a, b = np.vander(x, self.n), y
        if w is not NO:
            a, b = a * w[:, None], b * (w if b.ndim == 1 else w[:, None])
        q = a @ self.s
        normal = q.T @ q
        c = self.s @ np.linalg.solve(normal, q.T @ b)
        return cast(c, self.dtype), normal, np.sum(np.square(b - a @ c), axis=0)

    def covariance(self, x: Any, y: Any, w: Any, unscaled: bool) -> Any:
        """(A' A)^-1, times the variance of what is left."""
        _, normal, left = self.of(x, y, w)
        v = self.s @ np.linalg.inv(normal) @ self.s.T
        factor = 1.0 if unscaled else left / (x.shape[0] - self.n)
        return cast((v if y.ndim == 1 else v[:, :, None]) * factor, self.dtype)
