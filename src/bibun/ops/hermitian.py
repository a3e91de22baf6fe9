"""Eigenvalues and eigenvectors of complex Hermitian matrices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import Array
from ..graph import Example, Op, Type, operation
from .linalg import matrices
from .matmul import mT, product
from .structure import expand_to, reshape_to


def adjoint(a: Any) -> Array:
    """a^H."""
    return mT(np.conjugate(a))


def symmetric(rng: np.random.Generator) -> np.ndarray:
    """An example: real, since no law can be asked of eigenvectors whose phases are arbitrary."""
    a = rng.uniform(-0.5, 0.5, (3, 3))
    return a + a.T + np.diag([1.0, 4.0, 9.0])


@operation
class HermitianEigh(Op):
    """Real eigenvalues w and eigenvectors v of the Hermitian part of a: a v = v diag(w).

    With p = v^H da v: dw_j = Re p_jj and dv = v q, q_ij = p_ij / (w_j - w_i), q_ii = 0. The phase
    of each eigenvector is arbitrary, and this is the choice in which it does not turn. The gradient
    of a, with the conjugates h of the cotangents, is v (diag(h_w) + r) v^H with m = v^H h_v and
    r_ij = (m_ij - conj(m_ji)) / 2 / (w_j - w_i): Giles 2008, section 3.1, and Boeddeker et al.,
    On the computation of complex-valued gradients, 2017, arXiv:1701.00392. It is nan where a result
    depends on the arbitrary: on a phase (Im m_jj), or on the vectors of equal eigenvalues.
    """

    kind = "call"

    def type(self, a):
        matrices("eigh", a)
        return Type(np.finfo(a.dtype).dtype, a.shape[:-1]), a

    def value(self, a):
        half = a * np.finfo(a.dtype).dtype.type(0.5)
        return tuple(np.linalg.eigh(half + np.swapaxes(half, -1, -2).conj()))

    def push(self, y, args, tangents):
        w, v = y
        t = tangents[0]
        p = product(adjoint(v), product((t + adjoint(t)) / 2, v))
        return np.diagonal(np.real(p), 0, -2, -1), product(v, _turned(w, p, p))

    def pull(self, y, args, g, wanted):
        w, v = y
        found = None
        if g[0] is not None:
            row = reshape_to(g[0], (*w.shape[:-1], 1, w.shape[-1]))
            found = v * expand_to(row, v.shape)
        if g[1] is not None:
            m = product(adjoint(v), np.conjugate(g[1]))
            skew = (m - adjoint(m)) / 2
            turned = product(v, _turned(w, skew, m, phases=True))
            found = turned if found is None else found + turned
        return (None if found is None else np.conjugate(product(found, adjoint(v))),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (symmetric,))


def _turned(w: Any, x: Any, m: Any, phases: bool = False) -> Any:
    """x_ij / (w_j - w_i), and 0 on the diagonal; nan where m says that the result is arbitrary."""
    n, eps = w.shape[-1], float(np.finfo(w.dtype).eps)
    rows = expand_to(reshape_to(w, (*w.shape, 1)), (*w.shape, n))
    gaps = mT(rows) - rows
    unit = np.broadcast_to(np.eye(n, dtype=bool), gaps.shape)
    size = np.max(np.abs(m), axis=(-2, -1), keepdims=True)
    equal = (
        np.abs(gaps) <= 8 * n * eps * np.max(np.abs(rows), axis=(-2, -1), keepdims=True)
    ) | unit
    loud = np.abs(np.where(unit, np.imag(m), np.abs(m))) > 64 * n * eps * size
    lost = equal & loud & (~unit | phases)
    slope = x / np.where(equal, 1, gaps)  # not divided by zero, nor by rounding errors
    return np.where(lost, np.nan, np.where(equal, 0, slope))
