"""Linear algebra: norms, linear equations, inverses and powers of matrices."""

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
from ..zeros import move, scale, select
from .matmul import mT, matmul, moved, product, spread
from .reduction import Sum, dropped, keep
from .structure import Transpose, axes_of, cast, expand_to, reshape_to

LinAlgError = np.linalg.LinAlgError


# ------------------------------------------------------------ what LAPACK takes


def matrices(name: str, a: Type, square: bool = True) -> Type:
    """The type itself, or NumPy's error: LAPACK knows single and double precision."""
    if a.dtype.char not in "fdFD":
        raise DtypeError(f"{name}: {a.dtype} is not supported by LAPACK: use x.astype(float)")
    if len(a.shape) < 2 or (square and a.shape[-1] != a.shape[-2]):
        raise LinAlgError(f"{name}: square matrices (..., n, n) are needed, not {a}")
    return a


def floating(name: str, *arrays: Any) -> list[Array]:
    """Arrays in the dtype in which NumPy's linalg computes: integers become float64."""
    found = [lift(a) for a in arrays]
    common = np.result_type(*(a.dtype if a.dtype.kind in "fc" else np.float64 for a in found))
    if common.char not in "fdFD":
        raise DtypeError(f"{name}: {common} is not supported by LAPACK: use x.astype(float)")
    return [cast(a, common) for a in found]


@lru_cache(maxsize=64)
def lapack(name: str, dtype: np.dtype) -> Callable[..., Any]:
    """A LAPACK routine: of SciPy, since NumPy's factorise and solve in one step."""
    from scipy.linalg import lapack

    return getattr(lapack, {"f": "s", "d": "d"}[dtype.char] + name)


def well_conditioned(rng: np.random.Generator) -> np.ndarray:
    """An example of a matrix."""
    return rng.uniform(-1, 1, (3, 3)) + 3 * np.eye(3)


# ------------------------------------------------------------ norms


@operation
class Norm(Op):
    """y = (sum |x|^p)^(1/p) along `axes`, which disappear.

    dy/dx = sign(x) (|x| / y)^(p - 1), and 0 where y = 0: the subgradient of least norm. Powers that
    overflow or underflow are computed with x / max |x| instead.
    """

    kind = "reduce"
    order: float
    axes: tuple[int, ...]

    def type(self, x):
        if x.dtype.kind != "f":
            raise DtypeError(f"norm: floating-point numbers are needed, not {x}")
        return Type(x.dtype, dropped(x.shape, self.axes))

    def value(self, x):
        with np.errstate(all="ignore"):
            total = self._total(x)
            limits = np.finfo(x.dtype)
            if np.all((total > limits.tiny / limits.eps) & (total < np.inf)):
                return self._root(total)
            size = np.abs(x)
            if self.order > 0:
                unit = np.maximum.reduce(size, self.axes, keepdims=True, initial=0)
            else:
                unit = np.minimum.reduce(size, self.axes, keepdims=True, initial=np.inf)
            unit[...] = np.where((unit > 0) & (unit < np.inf), unit, 1)
            return self._root(self._total(x / unit)) * np.squeeze(unit, self.axes)[()]

    def _total(self, x):
        if self.order != 2:
            return np.add.reduce(np.abs(x) ** self.order, self.axes)
        if len(self.axes) == x.ndim:
            x = x.reshape(-1)
            return x.dot(x)
        return np.add.reduce(x * x, self.axes)

    def _root(self, total):
        return np.sqrt(total) if self.order == 2 else total ** x.dtype.type(1 / self.order)

    def d(self, y, x):
        p = self.order
        wide = self._widened(y, x)
        if p == 2:
            mask, partial = wide != 0, x / wide
        elif p > 1:
            mask, partial = wide != 0, np.sign(x) * (np.abs(x) / wide) ** (p - 1)
        else:  # x = 0 is a cusp: both sides are infinitely steep, and we take their mean
            mask, partial = x != 0, np.sign(x) * (np.abs(x) / wide) ** (p - 1)
        return (
            Linear(
                lambda t: move(lambda t: bind(Sum(self.axes), t), select(mask, scale(t, partial))),
                lambda g: select(mask, scale(move(lambda g: self._widened(g, x), g), partial)),
            ),
        )

    def _widened(self, y, x):
        aligned = keep(y, x.shape, self.axes, True)
        return expand_to(aligned, x.shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(2.0, (-1,)), ((2, 3),))
        yield Example(cls(2.0, (-2, -1)), ((2, 3),))
        yield Example(cls(3.0, (-2,)), ((2, 3),), (0.5, 2.0))
        yield Example(cls(-1.5, (-1,)), ((2, 3),), (0.5, 2.0))


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    x = _real(x)
    if axis is None:
        axes = axes_of(None, x.ndim)
        frobenius = ord in ("f", "fro") if x.ndim == 2 else ord == 2 and x.ndim == 1
        if ord is None or (isinstance(ord, str) and frobenius):
            return keep(bind(Norm(2.0, axes), x), x.shape, axes, keepdims)
    else:
        given = axis if isinstance(axis, tuple) else (int(axis),)
        axes = tuple(axes_of(a, x.ndim)[0] for a in given)
    if len(axes) not in (1, 2):
        raise ShapeError(f"norm: one axis or two are needed, not {len(axes)} of {type_of(x)}")
    if len(set(axes)) < len(axes):
        raise ShapeError(f"norm: there are duplicate axes in {axis}")
    y = (_vector if len(axes) == 1 else _matrix)(x, ord, axes)
    return keep(y, x.shape, axes, keepdims)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Array:
    x = _real(x)
    axes = axes_of(axis, x.ndim)
    return keep(_vector(x, ord, axes), x.shape, axes, keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    return norm(x, ord, (-2, -1), keepdims)


def _real(x: Any) -> Any:
    x = lift(x)
    if x.dtype.kind == "c":
        return np.abs(x)
    return x if x.dtype.kind == "f" else cast(x, np.dtype(float))


def _vector(x: Any, p: Any, axes: tuple[int, ...]) -> Any:
    """The norm of vectors: (sum |x|^p)^(1/p), and its limits at 0 and at the infinities."""
    if p is None or p == 2:
        return bind(Norm(2.0, axes), x)
    if isinstance(p, str):
        raise ShapeError(f"norm: {p!r} is no norm of vectors: a number is needed")
    if p in (np.inf, -np.inf):
        return (np.max if p > 0 else np.min)(np.abs(x), axis=axes)
    if p == 0:
        return np.sum(np.astype(x != 0, x.dtype), axis=axes)
    return np.sum(np.abs(x), axis=axes) if p == 1 else bind(Norm(float(p), axes), x)


def _matrix(x: Any, p: Any, axes: tuple[int, ...]) -> Any:
    """The norm of matrices with rows and columns along these two axes."""
    row, column = axes
    if p in (None, "fro", "f"):
        return bind(Norm(2.0, tuple(sorted(axes))), x)
    if p in (2, -2, "nuc"):
        raise UnsupportedError(
            f"norm: the norm of order {p!r} of a matrix needs singular values, which are not "
            "supported: use 'fro', or np.sqrt of the np.linalg.eigvalsh of x.T @ x"
        )
    if p not in (1, -1, np.inf, -np.inf):
        raise ShapeError(f"norm: {p!r} is no norm of matrices: 'fro', 1, -1, inf or -inf is needed")
    along, across = (row, column) if abs(p) == 1 else (column, row)
    sums = np.sum(np.abs(x), axis=along, keepdims=True)
    y = (np.max if p > 0 else np.min)(sums, axis=across, keepdims=True)
    return reshape_to(y, dropped(x.shape, tuple(axes)))


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
            # LAPACK counts columns first: what it factorises is the transpose.
            factors, y[k][n], _ = lapack("getrf", a.dtype)(a[k].T)
            y[k][:n] = factors.T
        return y.view(f"i{a.dtype.itemsize}")

    def d(self, y, a):
        return (None,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (well_conditioned,))


@operation
class Solve(Op):
    """The x of a x = b, or of a^T x = b; b has columns, or is a vector. `lower`: of the triangle of a.

    With w = a^-T g the cotangent of b is w, and that of a is -w x^T (Giles, An extended collection of
    matrix derivative results for forward and reverse mode algorithmic differentiation, 2008,
    section 2.3.1). A third argument is `Factors`(a), made once for all derivatives.
    """

    kind = "call"
    columns: bool = True
    transposed: bool = False
    lower: bool = False

    def type(self, a, b, *factors):
        n = matrices("solve", a).shape[:-1]
        if b.dtype != a.dtype or b.shape[: len(n)] != n or len(b.shape) != len(n) + self.columns:
            raise ShapeError(f"solve: {a} and {b} do not fit: (..., n, n) and (..., n, m) are needed")
        return b

    def value(self, a, b, *factors):
        if not b.size:
            return b
        if self.lower:
            solve = self._substituted
        elif factors:
            a, solve = factors[0].view(b.dtype), self._reused
        else:
            a = np.swapaxes(a, -1, -2) if self.transposed else a
            return np.linalg.solve(a, b) if self.columns else np.linalg.solve(a, b[..., None])[..., 0]
        if a.ndim == 2:
            return solve(a, b)
        y = np.empty_like(b)
        for k in np.ndindex(a.shape[:-2]):
            y[k] = solve(a[k], b[k])
        return y

    def _reused(self, factors, b):
        n = len(b)
        if not np.all(np.diagonal(factors[:n])):
            raise LinAlgError("Singular matrix")
        pivots = factors[n].astype(np.int32)
        return lapack("getrs", b.dtype)(factors[:n].T, pivots, b, trans=not self.transposed)[0]

    def _substituted(self, a, b):
        x, bad = lapack("trtrs", b.dtype)(a.T, b, lower=0, trans=not self.transposed)
        if bad:
            raise LinAlgError("Singular matrix")
        return x

    def push(self, y, args, tangents):
        (a, _, *factors), (s, t, *_) = args, tangents
        if s is not None:
            s = FUNCTIONS[np.tril](s) if self.lower else s
            moved = product(mT(s) if self.transposed else s, y, True, self.columns)
            t = -moved if t is None else t - moved
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
        """The solutions for the same matrices and right-hand sides with further axes in front: as more columns."""
        order = range(-b.ndim, 0)
        split = b.ndim - self.columns
        last = [*order[further:split], *order[:further], *order[split:]]
        wide = bind(Transpose(tuple(last)), b)
        flat = reshape_to(wide, (*a.shape[:-1], prod(wide.shape[a.ndim - 1 :])))
        y = reshape_to(bind(Solve(True, self.transposed, self.lower), a, flat, *factors), wide.shape)
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
    factors = () if a.ndim > 2 and a.shape[-1] <= FEW or a.dtype.kind == "c" else (bind(Factors(), a),)
    op, left, right = Solve(not vector), a.shape[:-2], b.shape[: -1 if vector else -2]
    if left == right:
        return bind(op, a, b, *factors)
    if not left:
        return op.shared(a, b, len(right), factors)
    try:
        leading = np.broadcast_shapes(left, right)
    except ValueError:
        raise ShapeError(f"solve: the leading axes of {type_of(a)} and {type_of(b)} do not fit") from None
    a, *factors = (expand_to(x, leading + x.shape[-2:]) for x in (a, *factors))
    return bind(op, a, expand_to(b, leading + b.shape[len(right) :]), *factors)


@operation
class Inverse(Op):
    """y = a^-1; dy = -y da y (Giles 2008, section 2.2.3)."""

    kind = "call"

    def type(self, a):
        return matrices("inv", a)

    def value(self, a):
        return np.linalg.inv(a)

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
    try:
        n = index(n)
    except TypeError as error:
        raise TypeError("matrix_power: the exponent must be an integer") from error
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise LinAlgError(f"matrix_power: square matrices are needed, not {type_of(a)}")
    if n <= 0:
        a = inv(a) if n else np.eye(a.shape[-1], dtype=a.dtype)
