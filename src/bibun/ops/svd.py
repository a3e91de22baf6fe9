"""The singular value decomposition, with derivatives that respect what is arbitrary in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import FUNCTIONS, Array, bind, implements
from ..graph import Example, Op, Type, operation, type_of
from ..zeros import select
from .decomposition import eigh, eigvalsh
from .gauge import (
    Path,
    between,
    columns,
    completed,
    differences,
    guarded,
    mirrored,
    quotient,
    ramp,
    rotation,
    settled,
    skew,
    sums,
    unit,
)
from .linalg import LinAlgError, decomposed, real_floating, real_matrices
from .matmul import mT, product
from .structure import expand_to, reshape_to

SVDResult = type(np.linalg.svd(np.eye(1)))


@operation
class SVD(Op):
    """Orthogonal u, v and singular values s in descending order with a = u diag(s) v^T.

    With p = u^T da v: ds_i = p_ii, du = u (k + l) / 2 + (da v - u p) / s, dv = v (k - l) / 2 +
    (da^T u - v p^T) / s, where k_ij = (p_ij + p_ji) / (s_j - s_i) and l_ij = (p_ij - p_ji) /
    (s_j + s_i). The pull is the transpose: Townsend, Differentiating the singular value
    decomposition, 2016; Wan and Zhang, Automatic differentiation for complex valued SVD, 2019,
    arXiv:1909.02659, section 3. Split like this, no difference of squares loses digits.

    The quotients of equal singular values, and of those that are 0, are limits where these exist,
    and nan elsewhere, as those of `Eigh` are. With `full`, u and v are square, and how their
    further columns turn among themselves has no derivative.
    """

    kind = "call"
    full: bool = False

    def type(self, a):
        *leading, m, n = real_matrices("svd", a, square=False).shape
        k = min(m, n)
        rows, cols = (m, n) if self.full else (k, k)
        u, v = Type(a.dtype, (*leading, m, rows)), Type(a.dtype, (*leading, cols, n))
        return u, Type(a.dtype, (*leading, k)), v

    def value(self, a):
        if not np.isfinite(a).all():  # LAPACK may look for an infinite one for ever
            real_matrices("svd", type_of(a), square=False)
            raise LinAlgError("SVD did not converge")
        return tuple(np.linalg.svd(a, self.full))

    def exactly(self, lib, a):
        return decomposed(self, lib, "svd_rows", a)

    def push(self, y, args, tangents):
        (u, s, v), (t,) = _frames(y), tangents
        k = s.shape[-1]
        u, v, u_rest, v_rest = u[..., :k], v[..., :k], u[..., k:], v[..., k:]
        to_u, to_v = product(t, v), product(mT(t), u)
        p = product(mT(u), to_u)
        x = guarded(p + mT(p) - 2 * p * unit(s), between(s), p)
        z = guarded(p - mT(p), mirrored(s), p)
        du, dv = product(u, (x + z) / 2), product(v, (x - z) / 2)
        du, dv = _leaving(u, to_u, p, s, du), _leaving(v, to_v, mT(p), s, dv)
        ds = np.sum(p * unit(s), axis=-1)
        if self.full:
            du = np.concatenate([du, -product(u, product(mT(du), u_rest))], axis=-1)
            dv = np.concatenate([dv, -product(v, product(mT(dv), v_rest))], axis=-1)
        return du, ds, mT(dv)

    def pull(self, y, args, g, wanted):
        (u, s, v), (g_u, g_s, g_v) = _frames(y), _frames(g)
        k = s.shape[-1]
        path = Path((*y, *args), 1, _apart)
        u, v, u_rest, v_rest = u[..., :k], v[..., :k], u[..., k:], v[..., k:]
        if self.full:
            g_u, g_v = _all(u, u_rest, g_u), _all(v, v_rest, g_v)
        inner = None if g_s is None else columns(g_s) * unit(s)
        if g_u is not None or g_v is not None:
            turned = _turned((u, s, v), (g_u, g_v), path)
            inner = turned if inner is None else inner + turned
        result = None if inner is None else product(product(u, inner), mT(v))
        for basis, other, x, swap in ((u, v, g_u, False), (v, u, g_v, True)):
            if x is not None and basis.shape[-2] > k:
                outside = product(_outside(basis, x, s, path), mT(other))
                result = result + (mT(outside) if swap else outside)
        return (result,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for shape in ((3, 3), (4, 2), (2, 3)):
            yield Example(cls(), (_separated(shape),))
        yield Example(cls(True), (_separated((3, 2)),))


def _separated(shape: tuple[int, int]) -> Any:
    """Examples of matrices whose singular values are not close to each other."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(-0.3, 0.3, shape) + np.eye(*shape) * np.arange(1, shape[1] + 1)

    return draw


def _frames(y: Any) -> tuple:
    """u, s and v of the results u, s and v^T."""
    u, s, v = y
    return u, s, None if v is None else mT(v)


def _all(basis: Any, rest: Any, g: Any) -> Any:
    """The cotangent of a basis of k vectors, from that of all columns of an orthogonal matrix."""
    if g is None or not rest.shape[-1]:
        return g
    k = basis.shape[-1]
    return completed(basis, rest, g[..., :k], g[..., k:])


def _leaving(basis: Any, moved: Any, p: Any, s: Any, inside: Any) -> Any:
    """How a basis turns: inside of its space, and out of it."""
    if basis.shape[-2] == basis.shape[-1]:
        return inside
    gaps = expand_to(settled(_row(s), s), moved.shape)
    return inside + guarded(moved - product(basis, p), gaps, moved)


def _row(s: Any) -> Any:
    return reshape_to(s, (*s.shape[:-1], 1, s.shape[-1]))


def _turned(y: Any, g: tuple[Any, Any], path: Path) -> Any:
    """The cotangent of p, from those of u and v."""
    u, s, v = y
    d = ramp(s)
    m_u, m_v = (0 if x is None else product(mT(w), x) for w, x in zip((u, v), g, strict=True))
    both, apart = m_u + m_v, m_u - m_v
    size = np.concatenate([x for x in g if x is not None], axis=-2)
    x = quotient(both, size, skew, between(s), differences(d), path)
    return x + quotient(apart, size, skew, mirrored(s), sums(d), path)


def _outside(basis: Any, g: Any, s: Any, path: Path) -> Any:
    """(g - basis basis^T g) / s."""
    m = g - product(basis, product(mT(basis), g))
    gaps, steps = (expand_to(_row(x), m.shape) for x in (s, ramp(s)))
    return quotient(m, g, lambda m: m, settled(gaps, s), steps, path)


def _apart(args: Any) -> tuple[list[Any], list[Any]]:
    """How the results change when equal singular values move apart, or their vectors rotate."""
    u, s, vh = args[:3]
    k, d = s.shape[-1], ramp(s)
    left, right = u[..., :k], vh[..., :k, :]
    moved = product(left * expand_to(_row(d), left.shape), right)
    turn = rotation(between(s))
    if u.shape[-1] > k or vh.shape[-2] > k:
        return [None, d, None, moved], [None, None, None, None]
    return [None, d, None, moved], [product(u, turn), None, product(mT(turn), vh), None]


# ------------------------------------------------------------ NumPy's functions


@implements(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    if hermitian:
        return _of_symmetric(a, compute_uv)
    (a,) = real_floating("svd", a)
    real_matrices("svd", type_of(a), square=False)
    if not compute_uv:
        return singular_values(a)
    return SVDResult(*bind(SVD(bool(full_matrices) and a.shape[-1] != a.shape[-2]), a))


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Array:
    (a,) = real_floating("svdvals", x)
    real_matrices("svdvals", type_of(a), square=False)
    return singular_values(a)


def singular_values(a: Any) -> Array:
    """The singular values alone: at 0, where they have a kink like |x|, their derivative is 0."""
    s = bind(SVD(), a)[1]
    return select(s != 0, s)


def _of_symmetric(a: Any, vectors: bool) -> Any:
    """Singular values and vectors from eigenvalues, in descending order."""
    if not vectors:
        return FUNCTIONS[np.sort](np.abs(eigvalsh(a)))[..., ::-1]
    w, u = eigh(a)
    order = FUNCTIONS[np.argsort](np.abs(w))[..., ::-1]
    take = FUNCTIONS[np.take_along_axis]
    wide = expand_to(_row(order), u.shape)
    w, u = take(w, order, axis=-1), take(u, wide, axis=-1)
    # Singular values have no sign: v takes it.
    return SVDResult(u, np.abs(w), mT(u * columns(np.sign(w))))
