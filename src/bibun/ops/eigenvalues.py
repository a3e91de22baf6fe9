"""Eigenvalues of matrices that need not be symmetric, as long as all of them are real."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import Array, bind, implements
from ..graph import Example, Op, Type, operation, type_of
from .gauge import (
    Path,
    between,
    columns,
    differences,
    guarded,
    quotient,
    ramp,
    rotation,
    unit,
)
from .linalg import ComplexResultError, decomposed, real_floating, real_matrices, solve
from .matmul import mT, product

EigResult = type(np.linalg.eig(np.eye(1)))


@operation
class Eig(Op):
    """Real eigenvalues w and eigenvectors v of length 1: a v = v diag(w).

    With p = v^-1 da v: dw_j = p_jj and dv = v q - v diag(v^T v q), q_ij = p_ij / (w_j - w_i),
    q_ii = 0 (Giles 2008, section 3.1; the last term keeps the length). Where eigenvalues are equal,
    see `Eigh`.
    """

    kind = "call"

    def type(self, a):
        real_matrices("eig", a)
        return Type(a.dtype, a.shape[:-1]), a

    def value(self, a):
        w, v = np.linalg.eig(a)
        if w.dtype.kind == "c" and not w.imag.any():  # from NumPy 2.5 on always complex
            return w.real, v.real
        if w.dtype.kind == "c":
            raise ComplexResultError(
                "eig: some eigenvalues are complex, which is not supported yet: use np.linalg.eigh "
                "for a symmetric matrix, or bibun.stop_gradient(x) if no derivative is needed"
            )
        return w, v

    def exactly(self, lib, a):
        return decomposed(self, lib, "eig_rows", a)

    def push(self, y, args, tangents):
        w, v = y
        p = solve(v, product(tangents[0], v))
        dv = product(v, guarded(p - p * unit(w), between(w), p))
        return np.sum(p * unit(w), axis=-1), dv - v * columns(np.sum(v * dv, axis=-2))

    def pull(self, y, args, g, wanted):
        w, v = y
        inner = None if g[0] is None else columns(g[0]) * unit(w)
        if g[1] is not None:
            g_v = g[1] - v * columns(np.sum(v * g[1], axis=-2))
            m = product(mT(v), g_v)
            gaps, steps, path = between(w), differences(ramp(w)), Path((w, v, *args), 0, _apart)
            turned = quotient(m, g[1], _off_diagonal, gaps, steps, path)
            inner = turned if inner is None else inner + turned
        return (None if inner is None else solve(mT(v), product(inner, mT(v))),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (_real,))


def _off_diagonal(m: Any) -> Any:
    return m * (1 - unit(m[..., 0]))


def _apart(args: Any) -> tuple[list[Any], list[Any]]:
    """How w, v and a change when equal eigenvalues move apart, and when their vectors rotate."""
    w, v = args[:2]
    d = ramp(w)
    moved = mT(solve(mT(v), mT(v * columns(d))))  # v diag(d) v^-1
    return [d, None, moved], [None, product(v, rotation(between(w))), None]


def _real(rng: np.random.Generator) -> np.ndarray:
    """An example of a matrix with real eigenvalues, which are not close to each other."""
    return rng.uniform(-0.2, 0.2, (3, 3)) + np.diag([1.0, 2.0, 3.0])


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    (a,) = real_floating("eig", a)
    real_matrices("eig", type_of(a))
    return EigResult(*bind(Eig(), a))


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Array:
    (a,) = real_floating("eigvals", a)
    real_matrices("eigvals", type_of(a))
    return bind(Eig(), a)[0]
