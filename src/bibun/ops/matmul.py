"""Products of matrices and tensors: every one of NumPy's becomes one contraction of two arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ..array import UFUNCS, Array, Duck, bind, check_native, implements, lift
from ..errors import ShapeError, UnsupportedError
from ..graph import Example, Linear, Op, Type, operation, type_of
from ..notation import FACTOR, PRODUCT, Text, filled
from ..zeros import move, scale
from .structure import Transpose, array_of, cast, expand_to, reshape_to

NEEDED = {
    (True, True): "(..., n, k) @ (..., k, m)",
    (True, False): "(..., n, k) @ (..., k)",
    (False, True): "(..., k) @ (..., k, m)",
    (False, False): "(..., k) @ (..., k)",
}


@operation
class MatMul(Op):
    """y[..., i, j] = sum_k a[..., i, k] b[..., k, j], with equal leading axes.

    Without `rows` a has no axis i, without `columns` b has no axis j, and nor has y: the product of
    a matrix and a vector is one operation and needs no reshaping.
    """

    kind = "call"
    rows: bool = True
    columns: bool = True

    def type(self, a, b):
        i, j = len(a.shape) - 1 - self.rows, len(b.shape) - 1 - self.columns
        fit = i >= 0 and j >= 0 and a.shape[-1] == b.shape[j] and a.dtype == b.dtype
        if not fit or a.shape[:i] != b.shape[:j]:
            raise ShapeError(
                f"matmul: {a} and {b} do not fit: {NEEDED[self.rows, self.columns]} is needed, "
                "with equal leading axes and dtypes"
            )
        return Type(a.dtype, (*a.shape[:-1], *b.shape[j + 1 :]))

    def value(self, a, b):
        return self.kernel(type_of(a), type_of(b))(a, b)

    def kernel(self, a, b):
        if len(a.shape) == 1 + self.rows and a.dtype.char in "fdFD":
            return np.ndarray.dot  # the same BLAS call as np.matmul, for a third of its overhead
        if self.rows and self.columns:
            return np.matmul
        if self.rows:
            return lambda a, b: np.matmul(a, b[..., None])[..., 0]
        if self.columns:
            return lambda a, b: np.matmul(a[..., None, :], b)[..., 0, :]
        return lambda a, b: np.matmul(a[..., None, :], b[..., None])[..., 0, 0]

    def d(self, y, a, b):
        rows, columns = self.rows, self.columns
        return (
            Linear(lambda t: product(t, b, rows, columns), lambda g: self._left(g, b)),
            Linear(lambda t: product(a, t, rows, columns), lambda g: self._right(a, g)),
        )

    def _left(self, g, b):
        """The cotangent of a: g b^T, where g has the axes of a without k, and those of b."""
        if self.columns:
            return product(g, mT(b)) if self.rows else product(b, g, columns=False)
        return spread(g, b) if self.rows else _scaled(g, b)

    def _right(self, a, g):
        """The cotangent of b: a^T g."""
        if self.rows:
            return product(mT(a), g) if self.columns else product(g, a, rows=False)
        return mT(spread(g, a)) if self.columns else _scaled(g, a)

    def batch(self, args, stacked, n):
        a, b = args
        leading = a.ndim - 1 - self.rows - stacked[0]
        if stacked[1] and not self.columns:  # n vectors b are one matrix: b a^T
            y = product(_last(b), mT(a) if self.rows else a, True, self.rows)
            return _first(y, y.ndim - leading)
        if stacked[0] and not self.rows:
            y = product(_last(a), b, True, self.columns)
            return _first(y, y.ndim - leading)
        return NotImplemented if leading else product(a, b, self.rows, self.columns)

    def notation(self, y, a, b):
        a, b = (x if x.number is None else filled(x) for x in (a, b))
        if self.rows or self.columns:
            return Text(f"{a:factor} {b:power}", FACTOR)
        return Text(f"{a:factor} · {b:power}", PRODUCT)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), ((2, 3), (3, 4)))
        yield Example(cls(), ((5, 2, 3), (5, 3, 1)))
        yield Example(cls(True, False), ((2, 3), (3,)))
        yield Example(cls(False, True), ((2, 3), (2, 3, 4)))
        yield Example(cls(False, False), ((3,), (3,)))


multiplication = lru_cache(maxsize=4)(MatMul)

# ------------------------------------------------------------ one contraction


def mT(x: Any) -> Array:
    """x with its last two axes exchanged: a view, which BLAS reads without a copy."""
    x = lift(x)
    return bind(Transpose((*range(-x.ndim, -2), -1, -2)), x)


def product(a: Any, b: Any, rows: bool = True, columns: bool = True) -> Array:
    """MatMul with broadcasting of leading axes; a shared operand makes one larger product."""
    i, j = a.ndim - 1 - rows, b.ndim - 1 - columns
    left, right = a.shape[:i], b.shape[:j]
    if left == right:
        return bind(multiplication(rows, columns), a, b)
    leading = np.broadcast_shapes(left, right)
    if prod(right) == 1:
        flat = reshape_to(a, (prod(a.shape[:-1]), a.shape[-1]))
        y = bind(multiplication(True, columns), flat, reshape_to(b, b.shape[j:]))
        return reshape_to(y, (*leading, *a.shape[i:-1], *b.shape[j + 1 :]))
    if prod(left) == 1 and not columns:
        return product(b, mT(a) if rows else a, False, rows)
    if prod(left) == 1 and rows:
        flat = reshape_to(_moved(b, j, 0), (b.shape[j], prod(right) * b.shape[-1]))
        y = bind(multiplication(True, True), reshape_to(a, a.shape[i:]), flat)
        return _moved(reshape_to(y, (a.shape[i], *leading, b.shape[-1])), 0, -2)
    a, b = expand_to(a, leading + a.shape[i:]), expand_to(b, leading + b.shape[j:])
    return bind(multiplication(rows, columns), a, b)


def _moved(x: Any, source: int, target: int) -> Array:
    """x with one axis moved, as np.moveaxis."""
    order = [i - x.ndim for i in range(x.ndim)]
    order.insert(target % x.ndim, order.pop(source))
    return arranged(x, order)


def _last(x: Any) -> Array:
    """Stacked vectors (n, ..., k) as matrices (..., n, k)."""
    return _moved(x, 0, -2)


def _first(y: Any, axes: int) -> Array:
    """Back again: (..., n, m) or (..., n), where n is the first of the last `axes` axes."""
    return _moved(y, y.ndim - axes, 0)


def arranged(x: Any, axes: Sequence[int]) -> Array:
    """x with its axes in this (negative) order; x itself if that is their order."""
    return lift(x) if list(axes) == list(range(-x.ndim, 0)) else bind(Transpose(tuple(axes)), x)


def _scaled(g: Any, v: Any) -> Array:
    """g[...] v[..., k]."""
    return scale(move(lambda g: expand_to(reshape_to(g, (*g.shape, 1)), v.shape), g), v)


def spread(g: Any, v: Any) -> Array:
    """g[..., i] v[..., k]."""
    shape = (*g.shape, v.shape[-1])
    wide = expand_to(reshape_to(v, (*v.shape[:-1], 1, v.shape[-1])), shape)
    return scale(move(lambda g: expand_to(reshape_to(g, (*g.shape, 1)), shape), g), wide)


# ------------------------------------------------------------ NumPy's functions


def promoted(name: str, x1: Any, x2: Any, dtype: Any = None, **options: Any) -> tuple[Array, Array]:
    """Two operands in the dtype in which NumPy multiplies them."""
    wrong = [k for k, v in options.items() if v is not None and (k, v) not in IGNORED]
    if wrong:
        raise UnsupportedError(
            f"np.{name} of a traced array does not take {', '.join(wrong)}: "
            "write the result to a new name, and move axes with np.moveaxis"
        )
    a, b = lift(x1), lift(x2)
    common = a.dtype if a.dtype == b.dtype else np.result_type(a.dtype, b.dtype)
    if dtype is not None and np.dtype(dtype) != common:
        if not np.can_cast(common, dtype, "same_kind"):
            raise TypeError(f"{name}: {common} is not cast to {np.dtype(dtype)} ('same_kind')")
        common = np.dtype(dtype)
    return cast(a, common), cast(b, common)


IGNORED = [("casting", "same_kind"), ("order", "K"), ("subok", True), ("keepdims", False)]


def multiplied(name: str, a: Array, b: Array, rows: bool, columns: bool) -> Array:
    """The product, or an error that shows both types and names what the user called."""
    i, j = a.ndim - 1 - rows, b.ndim - 1 - columns
    fit = i >= 0 and j >= 0 and a.shape[-1] == b.shape[j]
    if fit and i and j:
        pairs = zip(a.shape[:i][::-1], b.shape[:j][::-1], strict=False)
        fit = all(m == n or 1 in (m, n) for m, n in pairs)
    if not fit:
        raise ShapeError(
            f"{name}: {type_of(a)} and {type_of(b)} do not fit: {NEEDED[rows, columns]} is needed"
            + (", and leading axes of equal length or length 1" if i > 0 and j > 0 else "")
        )
    return product(a, b, rows, columns)


PLAIN = (np.ndarray, Type)
# fmt: off
PRODUCTS = {  # by the numbers of axes
    (2, 2): multiplication(True,  True), (2, 1): multiplication(True,  False),
    (1, 2): multiplication(False, True), (1, 1): multiplication(False, False),
}
# fmt: on


def _simple(x1: Any, x2: Any) -> Array | None:
    """The common case: matrices or vectors of one dtype, of one trace or one a plain array."""
    if type(x1) is not Array and isinstance(x1, Duck):
        x1 = x1._read()
    if type(x2) is not Array and isinstance(x2, Duck):
        x2 = x2._read()
    a, first = (x1.raw, x1.scope) if type(x1) is Array else (x1, None)
    b, second = (x2.raw, x2.scope) if type(x2) is Array else (x2, None)
    if type(a) not in PLAIN or type(b) not in PLAIN or a.dtype is not b.dtype:
        return None
    m, n = a.shape, b.shape
    op = PRODUCTS.get((len(m), len(n)))
    if op is None or m[-1] != n[0]:
        return None
    trace = first or second
    if trace is None or not trace.active or a.dtype.char not in "fd":
        return bind(op, x1, x2)
    if first is not second and first is not None and second is not None:
        return bind(op, x1, x2)
    i = x1.index if first is not None else trace.plain(a, Array)
    j = x2.index if second is not None else trace.plain(b, Array)
    if type(a) is Type or type(b) is Type:
        value: Any = Type(a.dtype, (*m[:-1], *n[1:]))
    else:
        value = a.dot(b)
    return Array(trace, trace.new((op, i, j), value, 4), value)


@implements(np.matmul)
def matmul(x1: Any, x2: Any, /, *rest: Any, **options: Any) -> Array:
    if not rest and not options and (y := _simple(x1, x2)) is not None:
        return y
    check_native(x1, x2)
    a, b = promoted("matmul", x1, x2, *rest, **options)
    if not (a.ndim and b.ndim):
        types = f"{type_of(a)} and {type_of(b)}"
        raise ShapeError(f"matmul: {types} need at least one axis each: multiply numbers with *")
    return multiplied("matmul", a, b, a.ndim > 1, b.ndim > 1)


@implements(np.linalg.matmul)
def linalg_matmul(x1: Any, x2: Any, /) -> Array:
    return matmul(x1, x2)


def _gufunc(name: str, rows: bool, columns: bool) -> None:
    """np.matvec, np.vecmat: which are not in every version of NumPy."""
    if ufunc := getattr(np, name, None):

        def call(x1: Any, x2: Any, /, **options: Any) -> Array:
            a, b = promoted(name, x1, x2, **options)
            return multiplied(name, a if rows else _conjugate(a), b, rows, columns)

        UFUNCS[ufunc] = call


_gufunc("matvec", True, False)
_gufunc("vecmat", False, True)


@implements(np.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1, **options: Any) -> Array:
    a, b = promoted("vecdot", x1, x2, **options)
    if axis != -1:
        a, b = (_moved(x, range(x.ndim)[axis], -1) for x in (a, b))
    return multiplied("vecdot", _conjugate(a), b, False, False)


def _conjugate(a: Array) -> Any:
    return np.conjugate(a) if a.dtype.kind == "c" else a


@implements(np.linalg.vecdot)
def linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    return vecdot(x1, x2, axis=axis)


@implements(np.dot)
def dot(a: Any, b: Any, out: None = None) -> Array:
    if out is None and (y := _simple(a, b)) is not None:
        return y
    a, b = promoted("dot", a, b, out=out)
    if not (a.ndim and b.ndim):
        return a * b
    if b.ndim > 2:
        return contraction("dot", a, b, (-1,), (-2,))
    return multiplied("dot", a, b, a.ndim > 1, b.ndim > 1)


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Array:
    a, b = promoted("inner", a, b)
    if not (a.ndim and b.ndim):
        return a * b
    return contraction("inner", a, b, (-1,), (-1,))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Array:
    a, b = (reshape_to(x, (x.size,)) for x in promoted("vdot", a, b))
    return multiplied("vdot", _conjugate(a), b, False, False)


@implements(np.outer)
def outer(a: Any, b: Any, out: None = None) -> Array:
    a, b = promoted("outer", a, b, out=out)
    return reshape_to(a, (a.size, 1)) * reshape_to(b, (1, b.size))


@implements(np.linalg.outer)
def linalg_outer(x1: Any, x2: Any, /) -> Array:
    a, b = lift(x1), lift(x2)
    if a.ndim != 1 or b.ndim != 1:
        types = f"{type_of(a)} and {type_of(b)}"
        raise ShapeError(f"outer: two arrays of one axis each are needed, not {types}")
    return outer(a, b)


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Array:
    a, b = promoted("tensordot", a, b)
    if isinstance(axes, int | np.integer):
        return array_of(contraction("tensordot", a, b, range(-axes, 0), range(axes)))
    left, right = (np.atleast_1d(x).tolist() for x in axes)
    return array_of(contraction("tensordot", a, b, left, right))


def contraction(name: str, a: Array, b: Array, left: Sequence[int], right: Sequence[int]) -> Array:
    """The sum over axes of a and b in pairs; what remains of a comes first, then that of b."""
    pairs = zip(left, right, strict=False)
    if len(left) != len(right) or any(a.shape[p] != b.shape[q] for p, q in pairs):
        raise ShapeError(
            f"{name}: {type_of(a)} and {type_of(b)} do not fit along the axes {[*left]} and "
            f"{[*right]}: pairs of axes of equal length are needed"
        )
    i, j = [range(a.ndim)[p] for p in left], [range(b.ndim)[q] for q in right]
    if len(set(i)) < len(i) or len(set(j)) < len(j):
        raise ShapeError(f"{name}: there are duplicate axes in {[*left]} or {[*right]}")
    order = np.argsort(i)  # as they follow each other in a, which is then not copied
    i, j = [i[k] for k in order], [j[k] for k in order]
    n, m = [p for p in range(a.ndim) if p not in i], [q for q in range(b.ndim) if q not in j]
    a, b = arranged(a, [p - a.ndim for p in n + i]), arranged(b, [q - b.ndim for q in j + m])
    return folded(a, b, 0, len(n), len(m))


def folded(a: Array, b: Array, batch: int, n: int, m: int) -> Array:
    """a[batch, n axes, k axes] times b[batch, k axes, m axes] as one MatMul."""
    same, i = a.shape[:batch], a.shape[batch : batch + n]
    k, j = a.shape[batch + n :], b.shape[b.ndim - m :]
    if not k:
        wide = reshape_to(a, (*same, *i, *(1,) * m))
        return wide * reshape_to(b, (*same, *(1,) * n, *j))
    a = reshape_to(a, (*same, *((prod(i),) if i else ()), prod(k)))
    b = reshape_to(b, (*same, prod(k), *((prod(j),) if j else ())))
    return reshape_to(bind(MatMul(bool(i), bool(j)), a, b), (*same, *i, *j))


@implements(np.kron)
def kron(a: Any, b: Any) -> Array:
    a, b = promoted("kron", a, b)
    n = max(a.ndim, b.ndim)
    i, j = (1,) * (n - a.ndim) + a.shape, (1,) * (n - b.ndim) + b.shape
    wide = reshape_to(a, tuple(x for k in i for x in (k, 1)))
    y = wide * reshape_to(b, tuple(x for k in j for x in (1, k)))
    return reshape_to(y, tuple(p * q for p, q in zip(i, j, strict=True)))
