"""The QR decomposition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import FUNCTIONS, bind, implements
from ..errors import ShapeError, UnsupportedError
from ..graph import Example, Op, Type, operation, type_of
from .gauge import completed
from .linalg import LinAlgError, Solve, decomposed, real_floating, real_matrices
from .matmul import mT, product

QRResult = type(np.linalg.qr(np.eye(1)))


@operation
class QR(Op):
    """q with orthonormal columns and an upper triangular r with a = q r.

    For the first k = min(m, n) columns of a and r, with x = da r^-1, c = q^T x and the skew matrix
    w that has the lower triangle of c: dq = q w + x - q c, dr = q^T da - w r. The pull is the
    transpose: Walter and Lehmann, Algorithmic differentiation of linear algebra functions with
    application in optimum experimental design, 2012, section 3; Roberts and Roberts, QR and LQ
    decomposition matrix backpropagation algorithms for square, wide, and deep matrices, 2020,
    arXiv:2009.10071.

    A singular r is refused: q is then arbitrary. With `complete`, q is square, and how its further
    columns turn among themselves has no derivative.
    """

    kind = "call"
    complete: bool = False

    def type(self, a):
        *leading, m, n = real_matrices("qr", a, square=False).shape
        k = m if self.complete else min(m, n)
        return Type(a.dtype, (*leading, m, k)), Type(a.dtype, (*leading, k, n))

    def value(self, a):
        q, r = np.linalg.qr(a, "complete" if self.complete else "reduced")
        if not np.diagonal(r, 0, -2, -1).all():
            raise LinAlgError(
                "qr: r is singular, and then q and r have no derivative: leave out dependent "
                "columns, or take np.linalg.qr of x.numpy() if no derivative is needed"
            )
        return q, r

    def exactly(self, lib, a):
        return decomposed(self, lib, "qr_rows", a)

    def push(self, y, args, tangents):
        q, r, rest, below = _split(y, args[0])
        (t,) = tangents
        k, tril = q.shape[-1], FUNCTIONS[np.tril]
        solved = mT(bind(Solve(lower=True), mT(_first(r, k)), mT(_first(t, k))))
        c = product(mT(q), solved)
        w = tril(c, -1) - mT(tril(c, -1))
        dq = product(q, w) if q.shape[-2] == k else product(q, w - c) + solved
        dr = FUNCTIONS[np.triu](product(mT(q), t) - product(w, r))
        if self.complete:
            dq = np.concatenate([dq, -product(q, product(mT(dq), rest))], axis=-1)
            dr = np.concatenate([dr, np.zeros_like(below)], axis=-2)
        return dq, dr

    def pull(self, y, args, g, wanted):
        q, r, rest, _ = _split(y, args[0])
        g_q, g_r = g
        k = q.shape[-1]
        if g_q is not None and rest.shape[-1]:
            g_q = completed(q, rest, g_q[..., :k], g_q[..., k:])
        w = None if g_q is None else product(mT(q), g_q)
        back = None
        if g_r is not None:
            g_r = FUNCTIONS[np.triu](g_r[..., :k, :])
            change, back = product(g_r, mT(r)), product(q, g_r)
            w = -change if w is None else w - change
        g_x = product(q, FUNCTIONS[np.tril](w - mT(w), -1))
        if g_q is not None and q.shape[-2] > k:
            g_x = g_x + g_q - product(q, product(mT(q), g_q))
        first = mT(bind(Solve(transposed=True, lower=True), mT(_first(r, k)), mT(g_x)))
        if r.shape[-1] > k:
            first = np.concatenate([first, np.zeros_like(args[0][..., k:])], axis=-1)
        return (first if back is None else first + back,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for shape in ((3, 3), (4, 2), (2, 4)):
            yield Example(cls(), (_regular(shape),))
        yield Example(cls(True), (_regular((3, 2)),))


def _regular(shape: tuple[int, int]) -> Any:
    """Examples of matrices of full rank."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(-1, 1, shape) + 2 * np.eye(*shape)

    return draw


def _split(y: Any, a: Any) -> tuple[Any, Any, Any, Any]:
    """q and r of the reduced decomposition, and what the complete one adds to them."""
    q, r = y
    k = min(a.shape[-2:])
    if q.shape[-1] == k:
        return q, r, q[..., k:], r[..., k:, :]
    return q[..., :k], r[..., :k, :], q[..., k:], r[..., k:, :]


def _first(x: Any, k: int) -> Any:
    return x if x.shape[-1] == k else x[..., :k]


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    if mode == "raw":
        raise UnsupportedError("np.linalg.qr of a traced array has no mode 'raw': use 'reduced'")
    if mode not in ("reduced", "complete", "r"):
        raise ShapeError(f"qr: Unrecognized mode '{mode}': 'reduced', 'complete' or 'r' is needed")
    (a,) = real_floating("qr", a)
    real_matrices("qr", type_of(a), square=False)
    m, n = a.shape[-2:]
    y = bind(QR(mode == "complete" and m > n), a)
    return y[1] if mode == "r" else QRResult(*y)
