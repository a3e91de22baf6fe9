"""Linear algebra: equations, inverses and powers of matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import prod
from operator import index
from typing import Any

import numpy as np

from ..array import FUNCTIONS, Array, bind, implements, lift
from ..errors import DtypeError, ShapeError, UnsupportedError
from ..graph import Example, Linear, Op, Type, operation, type_of
from .matmul import matmul, mT, product, spread
from .structure import Transpose, cast, expand_to, reshape_to

LinAlgError = np.linalg.LinAlgError


class ComplexResultError(UnsupportedError, np.linalg.LinAlgError):
    """The result for these real matrices is complex, which is not supported yet."""


# ------------------------------------------------------------ what LAPACK takes


def matrices(name: str, a: Type, square: bool = True) -> Type:
    """The type itself, or NumPy's error: LAPACK knows single and double precision."""
    if a.dtype.char not in "fdFD":
        raise DtypeError(f"{name}: {a.dtype} is not supported by LAPACK: use x.astype(float)")
    if len(a.shape) < 2 or (square and a.shape[-1] != a.shape[-2]):
        raise LinAlgError(f"{name}: square matrices (..., n, n) are needed, not {a}")
    return a


def real_matrices(name: str, a: Type, square: bool = True) -> Type:
    """The same for operations whose derivatives are known for real matrices only."""
    if a.dtype.kind == "c":
        raise DtypeError(f"{name}: complex matrices are not supported yet: {a}")
    return matrices(name, a, square)


def real_floating(name: str, *arrays: Any) -> list[Array]:
    """`floating` for the same operations."""
    found = floating(name, *arrays)
    for a in found:
        if a.dtype.kind == "c":
            raise DtypeError(f"{name}: complex matrices are not supported yet: {type_of(a)}")
    return found


def floating(name: str, *arrays: Any) -> list[Array]:
    """Arrays in the dtype in which NumPy's linalg computes: integers become float64."""
    found = [lift(a) for a in arrays]
    common = np.result_type(*(a.dtype if a.dtype.kind in "fc" else np.float64 for a in found))
    if common.char not in "fdFD":
        raise DtypeError(f"{name}: {common} is not supported by LAPACK: use x.astype(float)")
    return [cast(a, common) for a in found]


@lru_cache(maxsize=64)
def routine(name: str, dtype: np.dtype) -> Callable[..., Any]:
    """A routine of BLAS or LAPACK: of SciPy, since NumPy's factorise and solve in one step."""
    from scipy.linalg import blas, lapack

    name = {"f": "s", "d": "d", "F": "c", "D": "z"}[dtype.char] + name
    return getattr(blas if hasattr(blas, name) else lapack, name)


def spoiled(y: np.ndarray, a: np.ndarray) -> np.ndarray:
    """y with nan for each matrix that has one: LAPACK's pivoting may pass by a nan."""
    if not np.isnan(np.add.reduce(a, axis=None)):
        return y
    bad = np.isnan(a).any(axis=(-2, -1)).reshape(a.shape[:-2] + (1,) * (y.ndim - a.ndim + 2))
    return np.where(bad, y.dtype.type(np.nan), y)


def decomposed(op: Op, lib: Any, name: str, a: Any) -> tuple:
    """The results of a decomposition of exact numbers, with the choices of the one of floats."""
    types: Any = op.type(Type(np.dtype(float), a.shape))
    return lib.matrices(name, [t.shape for t in types], a, op.value(lib.floats(a)))


def well_conditioned(rng: np.random.Generator) -> np.ndarray:
    """An example of a matrix."""
    return rng.uniform(-1, 1, (3, 3)) + 3 * np.eye(3)


# ------------------------------------------------------------ linear equations


@operation
class Factors(Op):
    """The LU factors of a and the order of its rows, for `Solve` and nobody else.

    They are handed on as the bits of integers, which have no derivative: that of a solution is
    known from a itself.
    """

    kind = "call"

    def type(self, a):
        *leading, n, _ = matrices("solve", a).shape
        return Type(np.dtype(f"i{a.dtype.itemsize}"), (*leading, n + 1, n))

    def value(self, a):
        n = a.shape[-1]
        y = np.empty((*a.shape[:-2], n + 1, n), a.dtype)
        for k in np.ndindex(a.shape[:-2] if n else (0,)):
            factors, y[k][n], _ = routine("getrf", a.dtype)(a[k])
            y[k][:n] = factors.T  # LAPACK counts columns first
        return spoiled(y, a).view(f"i{a.dtype.itemsize}")

    def exactly(self, lib, a):
        return a  # which Solve has, too

    def d(self, y, a):
        return (None,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))


@operation
class Solve(Op):
    """The x of a x = b, or of a^T x = b; b has columns or is a vector.

    With w = a^-T g the cotangent of b is w, and that of a is -w x^T: Giles, An extended collection
    of matrix derivative results for forward and reverse mode algorithmic differentiation, 2008,
    section 2.3.1. A third argument is `Factors`(a), made once for all derivatives. With `lower`
    only the lower triangle of a is read.
    """

    kind = "call"
    columns: bool = True
    transposed: bool = False
    lower: bool = False

    def type(self, a, b, *factors):
        n = matrices("solve", a).shape[:-1]
        if b.dtype != a.dtype or b.shape[: len(n)] != n or len(b.shape) != len(n) + self.columns:
            raise ShapeError(
                f"solve: {a} and {b} do not fit: (..., n, n) and (..., n, m) are needed"
            )
        return b

    def value(self, a, b, *factors):
        if not b.size:
            return b
        alone = self.columns and a.shape[-1] <= SMALL and b.shape[-1] > 1
        if self.lower:
            solve = self._one_by_one if alone else self._substituted
        elif factors and not alone:
            a, solve = factors[0].view(b.dtype), self._reused
        else:
            m = np.swapaxes(a, -1, -2) if self.transposed else a
            x = np.linalg.solve(m, b if self.columns else b[..., None])
            return spoiled(x if self.columns else x[..., 0], a)
        if a.ndim == 2:
            return solve(a, b)
        y = np.empty_like(b)
        for k in np.ndindex(a.shape[:-2]):
            y[k] = solve(a[k], b[k])
        return y

    def exactly(self, lib, a, b, *factors):
        if not b.size:
            return b
        if self.lower:
            a = np.where(np.tri(a.shape[-1], dtype=bool), a, lib.elements(np.zeros(a.shape)))
        m = np.swapaxes(a, -1, -2) if self.transposed else a
        x = lib.matrix("solve_rows", m, b if self.columns else b[..., None])
        return x if self.columns else x[..., 0]

    def _reused(self, factors, b):
        n = len(b)
        diagonal = np.diagonal(factors[:n])
        if not diagonal.all():
            raise LinAlgError("Singular matrix")
        if np.isnan(diagonal[0]):  # see `spoiled`
            return np.full_like(b, np.nan)
        pivots = factors[n].astype(np.int32)
        return routine("getrs", b.dtype)(factors[:n].T, pivots, b, trans=self.transposed)[0]

    def _substituted(self, a, b):
        if not np.diagonal(a).all():
            raise LinAlgError("Singular matrix")
        # Not LAPACK's trtrs: OpenBLAS starts threads for it, however small the matrix is.
        if b.ndim > 1:
            return routine("trsm", b.dtype)(1, a.T, b, trans_a=not self.transposed)
        return routine("trsv", b.dtype)(a.T, b, trans=not self.transposed)

    def _one_by_one(self, a, b):
        return np.stack([self._substituted(a, x) for x in b.T], axis=-1)

    def push(self, y, args, tangents):
        (a, _, *factors), (s, t, *_) = args, tangents
        if s is not None:
            s = FUNCTIONS[np.tril](s) if self.lower else s
            change = product(mT(s) if self.transposed else s, y, True, self.columns)
            t = -change if t is None else t - change
        return None if t is None else bind(self, a, t, *factors)

    def pull(self, y, args, g, wanted):
        a, _, *factors = args
        w = bind(Solve(self.columns, not self.transposed, self.lower), a, g, *factors)
        if not wanted[0]:
            return (None, w, *(None for _ in factors))
        u, v = (y, w) if self.transposed else (w, y)
        outer = -(product(u, mT(v)) if self.columns else spread(u, v))
        outer = FUNCTIONS[np.tril](outer) if self.lower else outer
        return (outer, w if wanted[1] else None, *(None for _ in factors))

    def batch(self, args, stacked, n):
        a, b, *factors = args
        if stacked[0] or any(stacked[2:]):
            return NotImplemented
        return self.shared(a, b, 1, factors)

    def shared(self, a: Any, b: Any, further: int, factors: Any) -> Array:
        """The solutions for b with `further` axes that a lacks: these become more columns."""
        order = range(-b.ndim, 0)
        split = b.ndim - self.columns
        last = [*order[further:split], *order[:further], *order[split:]]
        wide = bind(Transpose(tuple(last)), b)
        flat = reshape_to(wide, (*a.shape[:-1], prod(wide.shape[a.ndim - 1 :])))
        y = reshape_to(
            bind(Solve(True, self.transposed, self.lower), a, flat, *factors), wide.shape
        )
        return bind(Transpose(tuple(last.index(i) - b.ndim for i in order)), y)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned, (3, 2)))
        yield Example(cls(False), (well_conditioned, (3,)))
        yield Example(cls(True, True), (well_conditioned, (3, 2)))
        yield Example(cls(False, True), (well_conditioned, (3,)))
        yield Example(cls(True, False, True), (well_conditioned, (3, 2)))
        yield Example(cls(False, True, True), (well_conditioned, (3,)))


FEW = 8  # rows up to which NumPy solves stacked systems quicker than we call LAPACK for each
# Rows up to which several columns are not left to SciPy's OpenBLAS. It starts threads for them
# however small the system is; on a busy machine they are waited for a thousand times as long.
SMALL = 32


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Array:
    a, b = floating("solve", a, b)
    matrices("solve", type_of(a))
    vector = b.ndim == 1
    if b.ndim == 0 or b.shape[-1 if vector else -2] != a.shape[-1]:
        raise ShapeError(
            f"solve: {type_of(a)} and {type_of(b)} do not fit: (..., n, n) and (..., n, m), or a "
            "vector (n,), are needed"
        )
    most = FEW if a.ndim > 2 else 0 if vector else SMALL
    numpy = a.shape[-1] <= most or a.dtype.kind == "c"
    factors = [] if numpy else [bind(Factors(), a)]
    op, left, right = Solve(not vector), a.shape[:-2], b.shape[: -1 if vector else -2]
    if left == right:
        return bind(op, a, b, *factors)
    if not left:
        return op.shared(a, b, len(right), factors)
    try:
        leading = np.broadcast_shapes(left, right)
    except ValueError:
        types = f"{type_of(a)} and {type_of(b)}"
        raise ShapeError(f"solve: the leading axes of {types} do not broadcast") from None
    a, *factors = (expand_to(x, leading + x.shape[-2:]) for x in (a, *factors))
    return bind(op, a, expand_to(b, leading + b.shape[len(right) :]), *factors)


@operation
class Inverse(Op):
    """y = a^-1; dy = -y da y (Giles 2008, section 2.2.3)."""

    kind = "call"

    def type(self, a):
        return matrices("inv", a)

    def value(self, a):
        return spoiled(np.linalg.inv(a), a)

    def exactly(self, lib, a):
        return lib.matrix("inverse_rows", a)

    def d(self, y, a):
        def pull(g):
            return -product(product(mT(y), g), mT(y))

        return (Linear(lambda t: -product(product(y, t), y), pull),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))


@implements(np.linalg.inv)
def inv(a: Any) -> Array:
    return bind(Inverse(), *floating("inv", a))


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Array:
    a = lift(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise LinAlgError(f"matrix_power: square matrices are needed, not {type_of(a)}")
    try:
        n = index(n)
    except TypeError as error:
        raise TypeError("matrix_power: the exponent must be an integer") from error
    if n == 0:
        return lift(np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape))
    if n < 0:
        a, n = inv(a), -n
    y: Any = None
    while n:  # a is the 2^k-th power, y the product of those that the binary digits of n ask for
        if n % 2:
            y = a if y is None else matmul(y, a)
        n //= 2
        if n:
            a = matmul(a, a)
    return y


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """A plain number, since it has no derivative."""
    tolerance = {} if rtol is None else {"rtol": rtol}
    return np.linalg.matrix_rank(lift(A).numpy(), tol, hermitian, **tolerance)
