"""Functions of matrices: exponential, square root, Sylvester's equation; loaded when first used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..array import Array, bind
from ..errors import ShapeError
from ..graph import Example, Linear, Op, operation, type_of
from ..recording import is_abstract
from .linalg import (
    ComplexResultError,
    floating,
    matrices,
    real_floating,
    real_matrices,
    routine,
    well_conditioned,
)
from .matmul import mT, product


def each(f: Callable[..., Any], *stacks: np.ndarray) -> np.ndarray:
    """A function of matrices applied to each of the stacked matrices."""
    y = np.empty(stacks[-1].shape, stacks[-1].dtype)
    for k in np.ndindex(y.shape[:-2] if y.size else (0,)):
        y[k] = f(*(x[k] for x in stacks))
    return y


# ------------------------------------------------------------ the exponential


@operation
class Expm(Op):
    """y = e^a; dy is the Frechet derivative of the exponential at a along da: see `ExpmAlong`."""

    kind = "call"

    def type(self, a):
        return matrices("expm", a)

    def value(self, a):
        from scipy.linalg import expm

        matrices("expm", type_of(a))
        return expm(a) if a.size else a

    def exactly(self, lib, a):
        return lib.matrix("expm_rows", a)

    def d(self, y, a):
        return (Linear(lambda t: bind(ExpmAlong(), a, t), lambda g: bind(ExpmAlong(), mT(a), g)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((3, 3),), (-1.0, 1.0))


@operation
class ExpmAlong(Op):
    """The derivative of e^a along e, the integral of e^(ra) e e^((1 - r)a) over r from 0 to 1.

    Al-Mohy and Higham, Computing the Frechet derivative of the matrix exponential, with an
    application to condition number estimation, 2009, algorithm 6.4. Its derivative along t is the
    upper right block of the same at [[a, t], [0, a]] along [[e, 0], [0, e]] (Higham and Relton,
    Higher order Frechet derivatives of matrix functions, 2014, theorem 3.5), and the transposes of
    both maps are the same maps at a^T.
    """

    kind = "call"

    def type(self, a, e):
        if matrices("expm", a) != e:
            raise ShapeError(f"expm: the derivative of {a} is along such a matrix, not along {e}")
        return a

    def value(self, a, e):
        from scipy.linalg import expm_frechet

        def along(a: np.ndarray, e: np.ndarray) -> np.ndarray:
            return expm_frechet(a, e, compute_expm=False)

        matrices("expm", type_of(a))
        with np.errstate(all="ignore"):
            finite = np.isfinite(a).all() and np.isfinite(e).all()
            return each(along, a, e) if finite else np.full_like(e, np.nan)

    def exactly(self, lib, a, e):
        return lib.matrix("expm_along_rows", a, e)

    def d(self, y, a, e):
        def second(a: Any, e: Any, t: Any) -> Any:
            n = a.shape[-1]
            none = np.zeros_like(a)
            return bind(ExpmAlong(), _blocks(a, t, a), _blocks(e, none, e))[..., :n, n:]

        return (
            Linear(lambda t: second(a, e, t), lambda g: second(mT(a), mT(e), g)),
            Linear(lambda t: bind(self, a, t), lambda g: bind(self, mT(a), g)),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((3, 3), (3, 3)), (-1.0, 1.0))


def _blocks(a: Any, b: Any, c: Any) -> Any:
    """[[a, b], [0, c]]."""
    lower = np.concatenate([np.zeros_like(a), c], axis=-1)
    return np.concatenate([np.concatenate([a, b], axis=-1), lower], axis=-2)


def expm(A: Any) -> Array:
    """e^A of square matrices (..., n, n): scipy.linalg.expm."""
    (a,) = floating("expm", A)
    matrices("expm", type_of(a))
    return bind(Expm(), a)


# ------------------------------------------------------------ Sylvester's equation


@operation
class Sylvester(Op):
    """The x of a x + x b = c, from the Schur decompositions of a and b (Bartels and Stewart 1972).

    With w the solution of a^T w + w b^T = g, the cotangents of a, b and c are -w x^T, -x^T w and w.
    Where an eigenvalue of a is one of -b, there is no solution, or many: nan.
    """

    kind = "call"

    def type(self, a, b, c):
        m, n = real_matrices("sylvester", a).shape[-1], real_matrices("sylvester", b).shape[-1]
        if c.shape != (*a.shape[:-2], m, n) or b.shape[:-2] != a.shape[:-2]:
            raise ShapeError(f"solve_sylvester: {a}, {b} and {c} do not fit: a x + x b = c")
        return c

    def value(self, a, b, c):
        return each(self._solved, a, b, c)

    def _solved(self, a, b, c):
        from scipy.linalg import schur

        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            return np.full_like(c, np.nan)
        (r, u), (s, v) = schur(a), schur(b)
        x, scale, info = routine("trsyl", c.dtype)(r, s, u.T @ c @ v)
        return np.full_like(c, np.nan) if info else u @ (x * c.dtype.type(1 / scale)) @ v.T

    def exactly(self, lib, a, b, c):
        return lib.matrix("sylvester_rows", a, b, c) if c.size else c

    def push(self, y, args, tangents):
        (a, b, _), (s, t, r) = args, tangents
        change = None if s is None else -product(s, y)
        if t is not None:
            change = -product(y, t) if change is None else change - product(y, t)
        if r is not None:
            change = r if change is None else change + r
        return None if change is None else bind(self, a, b, change)

    def pull(self, y, args, g, wanted):
        a, b, _ = args
        w = bind(self, mT(a), mT(b), g)
        return (
            -product(w, mT(y)) if wanted[0] else None,
            -product(mT(y), w) if wanted[1] else None,
            w if wanted[2] else None,
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned, _smaller, (3, 2)))


def _smaller(rng: np.random.Generator) -> np.ndarray:
    return well_conditioned(rng)[:2, :2]


def solve_sylvester(a: Any, b: Any, q: Any) -> Array:
    """The x of a x + x b = q: scipy.linalg.solve_sylvester."""
    return bind(Sylvester(), *real_floating("solve_sylvester", a, b, q))


# ------------------------------------------------------------ the square root


@operation
class Sqrtm(Op):
    """The principal square root y of a, y y = a.

    y dy + dy y = da, which is Sylvester's equation (Higham, Functions of matrices, 2008, section
    6.1). A singular a has no derivative, or an infinite one: nan. So is a root that is complex.
    """

    kind = "call"

    def type(self, a):
        return real_matrices("sqrtm", a)

    def value(self, a):
        matrices("sqrtm", type_of(a))
        return each(self._root, a)

    def _root(self, a):
        from scipy.linalg import sqrtm

        if not np.isfinite(a).all():
            return np.full_like(a, np.nan)
        y = sqrtm(a)
        return y if y.dtype.kind == "f" else np.full_like(a, np.nan)

    def exactly(self, lib, a):
        return lib.matrix("sqrtm_rows", a) if a.size else a

    def d(self, y, a):
        return (
            Linear(
                lambda t: bind(Sylvester(), y, y, t),
                lambda g: bind(Sylvester(), mT(y), mT(y), g),
            ),
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))


def sqrtm(A: Any) -> Array:
    """The principal square root of matrices (..., n, n): scipy.linalg.sqrtm."""
    (a,) = real_floating("sqrtm", A)
    matrices("sqrtm", type_of(a))
    y = bind(Sqrtm(), a)
    if not is_abstract(y.raw) and np.isnan(y.raw).any() and np.isfinite(a.raw).all():
        raise ComplexResultError(
            "sqrtm: the root is complex, which is not supported yet: a matrix without negative "
            "eigenvalues is needed"
        )
    return y
