"""Functions of one element of each argument: an operation is one row of a table of partials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..array import UFUNCS, Array, enter, innermost, lift
from ..errors import NotDifferentiableError, ShapeError, UnsupportedError
from ..graph import Example, Linear, Op, Type
from ..recording import Trace
from ..zeros import scale
from .structure import Cast, Reshape, expansion

TABLE: dict[str, Elementwise] = {}
Partial = Callable[..., Any] | int | None


class Elementwise(Op):
    """y[i] = f(x[i], ...) for arguments of one shape; defined by one row of a table.

    A partial is a NumPy expression of the result and the arguments, or one of the numbers 1 and -1,
    or None where the function is piecewise constant. Rows stand for themselves: `np.sin` is the
    operation and the function that NumPy calls for a traced array.
    """

    def __init__(
        self, ufunc: np.ufunc, partials: tuple[Partial, ...], domain: tuple, fast: Any, why: str | None, commutative: bool
    ):
        self.ufunc, self.partials, self.domain, self.why = ufunc, partials, domain, why
        self.commutative = commutative
        self.label = ufunc.__name__
        self.f = fast or ufunc
        self.same: dict[Any, np.dtype] = {}  # dtype of all arguments -> dtype of the result
        self.loops: dict[tuple, tuple[np.dtype, ...]] = {}

    def __reduce__(self) -> tuple:
        return _row, (self.label,)

    def __repr__(self) -> str:
        return self.label

    __str__ = __repr__

    @property
    def name(self) -> str:
        return self.label

    # ------------------------------------------------------------ the laws of an Op

    def type(self, *args):
        if any(a.shape != args[0].shape for a in args):
            raise ShapeError(f"{self.label}: the shapes differ: {', '.join(map(str, args))}")
        return Type(self.loop(tuple(a.dtype for a in args))[-1], args[0].shape)

    def value(self, *args):
        return self.f(*args)

    def kernel(self, *args):
        return self.f if args[0].shape == () else self.ufunc

    def d(self, y, *args):
        if self.why:
            raise NotDifferentiableError(f"{self.label} has no derivative: {self.why}")
        return tuple(p and self._along(p, y, args) for p in self.partials)

    @staticmethod
    def _along(p: Partial, y: Any, args: tuple) -> Linear:
        factor = p(y, *args) if callable(p) else p
        return Linear(lambda t: scale(t, factor), lambda g: scale(g, factor))  # the Jacobian is diagonal

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for op in TABLE.values():
            kinds = op.ufunc.types
            floats = any(set(k.split("->")[0]) & set("fd") for k in kinds)
            yield Example(op, tuple((2, 3) if floats else _integers for _ in op.partials), op.domain)

    # ------------------------------------------------------------ NumPy's call

    def __call__(self, *args: Any, **options: Any) -> Any:
        return UFUNCS[self.ufunc](*args, **options)

    def general(self, args: tuple, options: dict) -> Any:
        arrays, dtype = self._arguments(args, options)
        weak = tuple(type(x) if type(x) in (int, float, complex, bool) else a.dtype for x, a in zip(args, arrays, strict=True))
        loop = self.loop(weak, dtype)
        trace = innermost(arrays)
        if trace is None:
            values = (x if isinstance(w, type) else a.value for x, w, a in zip(args, weak, arrays, strict=True))
            return Array(None, -1, self.f(*values) if dtype is None else self.ufunc(*values, dtype=dtype))
        shape = _broadcast(self.label, arrays)
        numbers = [aligned(trace, a, w, t, shape) for a, w, t in zip(arrays, weak, loop, strict=False)]
        if any(type(a.value) is Type for a in arrays):
            value = Type(loop[-1], shape)
        else:
            values = (x if isinstance(w, type) else a.value for x, w, a in zip(args, weak, arrays, strict=True))
            value = self.f(*values) if dtype is None else self.ufunc(*values, dtype=dtype)
        return Array(trace, trace.add((self, *numbers), value), value)

    def _arguments(self, args: tuple, options: dict) -> tuple[list[Array], Any]:
        dtype = options.pop("dtype", None)
        ignored = {"casting": "same_kind", "order": "K", "subok": True, "where": True, "out": None}
        wrong = {k: v for k, v in options.items() if k not in ignored or v is not ignored[k] and v != ignored[k]}
        if wrong:
            raise UnsupportedError(
                f"np.{self.label} of a traced array does not take {', '.join(wrong)}: "
                "write the result to a new name, and use np.where for a condition"
            )
        if len(args) != self.ufunc.nin:
            raise TypeError(f"{self.label}() takes {self.ufunc.nin} arguments, {len(args)} were given")
        return [lift(a) for a in args], dtype

    def loop(self, kinds: tuple, dtype: Any = None) -> tuple[np.dtype, ...]:
        """The dtypes of NumPy's inner loop for arguments of these dtypes (or Python's number types)."""
        key = (*kinds, dtype)
        if key not in self.loops:
            plain = tuple(np.dtype(bool) if k is bool else k for k in kinds)
            forced = {} if dtype is None else {"signature": (*(None,) * len(kinds), np.dtype(dtype))}
            try:
                self.loops[key] = self.ufunc.resolve_dtypes((*plain, None), **forced)
            except TypeError as error:
                given = ", ".join(str(getattr(k, "name", None) or k.__name__) for k in kinds)
                raise TypeError(f"{self.label} is not defined for {given}: {error}") from None
            loop = self.loops[key]
            if dtype is None and len(set(loop[:-1])) == 1 and all(k is loop[0] for k in kinds):
                self.same[loop[0]] = loop[-1]
        return self.loops[key]


def _broadcast(name: str, arrays: list[Array]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        raise ShapeError(
            f"{name}: the shapes {' and '.join(str(a.shape) for a in arrays)} do not broadcast: "
            "lengths must be equal or 1, counted from the last axis"
        ) from None


def aligned(trace: Trace, a: Array, weak: Any, dtype: np.dtype, shape: tuple[int, ...]) -> int:
    """The entry of one argument, in the dtype and the shape of the whole operation.

    NumPy itself casts and broadcasts while it computes, so these entries stay without a value.
    """
    if isinstance(weak, type):
        i = trace.scalar(a.value.item(), dtype)
    else:
        i = enter(trace, a)
        if a.dtype != dtype:
            i = trace.add((Cast(dtype), i), Type(dtype, a.shape))
    here = () if isinstance(weak, type) else a.shape
    return broadcast_entry(trace, i, dtype, here, shape)


def broadcast_entry(trace: Trace, i: int, dtype: np.dtype, here: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """The entry of entry i broadcast to `shape`."""
    if here == shape:
        return i
    kept, expand = expansion(here, shape)
    if kept != here:
        op, *args = trace.entries[i]
        i = args[0] if isinstance(op, Reshape) else i
        if trace.types(i).shape != kept:
            i = trace.add((Reshape(kept), i), Type(dtype, kept))
    return trace.add((expand, i), Type(dtype, shape)) if expand else i


def filled(trace: Trace, number: Any, like: Any) -> int:
    """The entry of a Python number broadcast to the shape of `like`."""
    key = (number, like.dtype, like.shape)
    i = trace.scalars.get(key)
    if i is None:
        i = broadcast_entry(trace, trace.scalar(number, like.dtype), like.dtype, (), like.shape)
        trace.scalars[key] = i
    return i


def unary(op: Elementwise) -> Callable[..., Any]:
    """The ufunc on a traced array: the common case first, then everything else."""
    f, same = op.f, op.same

    def call(a: Any, *rest: Any, **options: Any) -> Any:
        if type(a) is Array and not options and not rest:
            trace, u = a.scope, a.value
            if trace is not None and trace.active and u.dtype in same:
                value = f(u) if type(u) is not Type else Type(same[u.dtype], u.shape)
                key = (op, a.index)
                i = trace.table.get(key)
                return Array(trace, trace.new(key, value, 3) if i is None else i, value)
        return op.general((a, *rest), options)

    return call


def binary(op: Elementwise) -> Callable[..., Any]:
    """The ufunc of two arguments: equal types first, then a Python number, then everything else."""
    f, same = op.f, op.same

    def call(a: Any, b: Any, *rest: Any, **options: Any) -> Any:
        if type(a) is Array and not options and not rest:
            trace, u = a.scope, a.value
            if type(b) is Array:
                v = b.value
                if trace is b.scope and u.dtype is v.dtype and u.shape == v.shape and u.dtype in same:
                    if trace is not None and trace.active:
                        abstract = type(u) is Type or type(v) is Type
                        value = Type(same[u.dtype], u.shape) if abstract else f(u, v)
                        key = (op, a.index, b.index)
                        i = trace.table.get(key)
                        return Array(trace, trace.new(key, value, 3) if i is None else i, value)
            elif (type(b) is float or type(b) is int) and trace is not None and trace.active:
                if b and u.dtype in same and u.dtype.kind == "f":
                    value = Type(same[u.dtype], u.shape) if type(u) is Type else f(u, b)
                    return Array(trace, trace.add((op, a.index, filled(trace, b, u)), value), value)
        elif (type(a) is float or type(a) is int) and type(b) is Array and not options and not rest:
            trace, v = b.scope, b.value
            if a and trace is not None and trace.active and v.dtype in same and v.dtype.kind == "f":
                value = Type(same[v.dtype], v.shape) if type(v) is Type else f(a, v)
                return Array(trace, trace.add((op, filled(trace, a, v), b.index), value), value)
        return op.general((a, b, *rest), options)

    return call


def _integers(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(1, 6, (2, 3))


def _row(name: str) -> Elementwise:
    return TABLE[name]


def row(
    ufunc: np.ufunc,
    *partials: Partial,
    domain: tuple = (-2.0, 2.0),
    fast: Any = None,
    why: str | None = None,
    commutative: bool = False,
) -> Elementwise:
    """One row of the table: a ufunc of one result and its partial derivatives.

    `domain` bounds the floats of its examples, `fast` is the same function as a Python operator
    (quicker on scalars), and `why` says why there is no derivative, where that is an error.
    """
    op = TABLE[ufunc.__name__] = Elementwise(ufunc, partials, domain, fast, why, commutative)
    for char in "fd":
        try:
            op.loop((np.dtype(char),) * ufunc.nin)
        except TypeError:
            break
    UFUNCS[ufunc] = {1: unary, 2: binary}[ufunc.nin](op)
    return op
