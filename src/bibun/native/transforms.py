"""Discrete Fourier transforms as products with matrices of roots of unity.

A transform of n1 n2 numbers is n2 transforms of n1, a product with roots, and n1 transforms of n2
(Cooley and Tukey 1965). Short ones are products of matrices; those of long primes are convolutions
(Bluestein 1970). Van Loan, Computational Frameworks for the Fast Fourier Transform, 1992, sections
2.3 and 4.2.
"""

from __future__ import annotations

from functools import lru_cache
from math import pi
from typing import Any, NamedTuple

import numpy as np

SHORT = 32
"""Numbers up to which a transform is one product with a matrix."""
PRIME = 128
"""The same, of a number that has no small factor."""
STEP = 20
"""What a further step costs, in products with each number."""
MOST = 1 << 12
"""Numbers from which on a transform is NumPy's."""


class Pair(NamedTuple):
    """The real and imaginary parts of complex numbers."""

    re: Any
    im: Any


def times(a: Pair, b: Pair) -> Pair:
    """The product of complex numbers."""
    return Pair(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)


def applied(a: Pair, b: Pair) -> Pair:
    """The product of matrices of complex numbers, of which one may be real: its `im` is None."""
    if b.im is None:
        return Pair(a.re @ b.re, a.im @ b.re)
    if a.im is None:
        return Pair(a.re @ b.re, a.re @ b.im)
    return Pair(a.re @ b.re - a.im @ b.im, a.re @ b.im + a.im @ b.re)


@lru_cache(maxsize=64)
def roots(n: int) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin of 2 pi k / n. Turned by right angles or mirrored they have the same digits."""
    turns, rest = np.divmod(4 * np.arange(n), n)
    near = np.minimum(rest, n - rest) * (pi / 2 / n)
    large, small = np.cos(near), np.sin(near)
    large[2 * rest == n] = small[2 * rest == n] = np.sqrt(0.5)
    c, s = np.where(2 * rest <= n, [large, small], [small, large])
    cos = np.choose(turns, [c, -s, -c, s])
    sin = np.choose(turns, [s, c, -s, -c])
    return cos, sin


def powers(n: int, j: Any, k: Any, sign: int, dtype: Any) -> Pair:
    """exp(sign 2 pi i j k / n) for all j and k."""
    cos, sin = roots(n)
    place = np.multiply.outer(np.asarray(j, np.int64), np.asarray(k, np.int64)) % n
    return Pair(cos[place].astype(dtype), (sign * sin[place]).astype(dtype))


def transformed(x: Pair, sign: int) -> Pair:
    """sum over j of x[..., j] exp(sign 2 pi i j k / n) for all k; x.im may be None."""
    n, dtype = x.re.shape[-1], x.re.dtype
    factor = part_of(n)
    if factor == n:
        if n > PRIME:
            return by_convolution(x, sign)
        return applied(x, powers(n, range(n), range(n), sign, dtype))
    other, lead = n // factor, x.re.shape[:-1]
    rows = Pair(*(v if v is None else np.reshape(v, (*lead, factor, other)) for v in x))
    found = applied(powers(factor, range(factor), range(factor), sign, dtype), rows)
    found = times(found, powers(n, range(factor), range(other), sign, dtype))
    found = transformed(found, sign)
    return Pair(*(np.reshape(np.swapaxes(v, -1, -2), (*lead, n)) for v in found))


@lru_cache(maxsize=1024)
def part_of(n: int) -> int:
    """The factor of n up to SHORT to begin with, the largest of equal ones; n if there is none."""
    factors = [k for k in range(SHORT, 1, -1) if n % k == 0]
    if n <= SHORT or not factors:
        return n
    return min(factors, key=lambda k: in_vectors(k) + products(n // k))


def products(n: int) -> int:
    """With how many numbers each of n is multiplied, in steps by factors."""
    factor = part_of(n)
    return STEP + in_vectors(factor) + (products(n // factor) if factor < n else 0)


def in_vectors(n: int) -> int:
    """Products of matrices take as long as if there were a multiple of 8 rows."""
    return -n % 8 + n


def by_convolution(x: Pair, sign: int) -> Pair:
    """With j k = (j^2 + k^2 - (k - j)^2) / 2: a convolution, by transforms of a power of two."""
    n, dtype = x.re.shape[-1], x.re.dtype
    m = 1 << (2 * n - 2).bit_length()
    cos, sin = roots(2 * n)
    square = np.arange(n) ** 2 % (2 * n)
    chirp = cos[square] + 1j * sign * sin[square]
    kernel = np.zeros(m, complex)
    kernel[:n] = chirp.conj()
    kernel[m - n + 1 :] = chirp[:0:-1].conj()
    spectrum = np.fft.fft(kernel) / m
    turn, by = (Pair(v.real.astype(dtype), v.imag.astype(dtype)) for v in (chirp, spectrum))
    given = Pair(x.re * turn.re, x.re * turn.im) if x.im is None else times(x, turn)
    beyond = [(0, 0)] * (x.re.ndim - 1) + [(0, m - n)]
    wide = Pair(*(np.pad(v, beyond) for v in given))
    found = transformed(times(transformed(wide, -1), by), 1)
    return times(Pair(*(v[..., :n] for v in found)), turn)


def scale(n: int, inverse: bool, norm: str) -> float:
    """What a transform is multiplied by."""
    if norm == "ortho":
        return 1 / np.sqrt(n)
    return 1 / n if (norm == "backward") == inverse else 1.0


def half(x: Any, n: int) -> Pair:
    """The first n // 2 + 1 numbers of the transform of real ones."""
    if n <= SHORT:
        return applied(Pair(x, None), powers(n, range(n), range(n // 2 + 1), -1, x.dtype))
    if n % 2 == 0:
        return half_by_pairs(x, n)
    found = transformed(Pair(x, None), -1)
    return Pair(*(v[..., : n // 2 + 1] for v in found))


def half_by_pairs(x: Any, n: int) -> Pair:
    """The same of an even number: that of complex ones, each of two neighbours (section 4.4)."""
    z = transformed(Pair(x[..., ::2], x[..., 1::2]), -1)
    re, im = (np.concatenate([v, v[..., :1]], axis=-1) for v in z)
    even = Pair((re + re[..., ::-1]) / 2, (im - im[..., ::-1]) / 2)
    odd = Pair((im + im[..., ::-1]) / 2, (re[..., ::-1] - re) / 2)
    odd = times(odd, powers(n, 1, range(n // 2 + 1), -1, x.dtype))
    return Pair(even.re + odd.re, even.im + odd.im)


def from_half(h: Pair, n: int) -> Any:
    """The sum of all n numbers of which half are given: those that stand for two, twice."""
    dtype, inner = h.re.dtype, slice(1, (n + 1) // 2)
    if n <= SHORT:
        weights = np.full(n // 2 + 1, 2, dtype)
        weights[0] = 1
        weights[n // 2 :] = 1 if n % 2 == 0 else weights[n // 2 :]
        by = powers(n, range(n // 2 + 1), range(n), 1, dtype)
        y = h.re @ (weights[:, None] * by.re)
        return y - h.im[..., inner] @ (2 * by.im[inner]) if n > 2 else y
    zeros = np.zeros((*h.re.shape[:-1], 1), dtype)
    if n % 2 == 0:
        return from_half_by_pairs(
            Pair(h.re, np.concatenate([zeros, h.im[..., inner], zeros], -1)), n
        )
    re, im = h.re[..., inner], h.im[..., inner]
    whole = Pair(
        np.concatenate([h.re, re[..., ::-1]], axis=-1),
        np.concatenate([zeros, im, -im[..., ::-1]], axis=-1),
    )
    return transformed(whole, 1).re


def from_half_by_pairs(h: Pair, n: int) -> Any:
    """The same of an even number: even ones and odd ones are the parts of complex numbers."""
    m = n // 2
    re, im = (v[..., :m] for v in h)
    other = Pair(h.re[..., :0:-1], -h.im[..., :0:-1])
    odd = times(Pair(re - other.re, im - other.im), powers(n, 1, range(m), 1, h.re.dtype))
    both = Pair(re + other.re - odd.im, im + other.im + odd.re)
    y = transformed(both, 1)
    return np.reshape(np.stack(y, axis=-1), (*h.re.shape[:-1], n))
