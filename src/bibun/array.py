"""Arrays: what the user's function receives in place of ndarrays, with ndarray's interface.

An Array is an entry of a trace, or a plain value outside any recording. It is a duck type, never
a subclass of ndarray, so that no code can take the number out of it unnoticed.
"""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .errors import (
    AbstractValueError,
    NotDifferentiableError,
    TracingError,
    UnsupportedError,
    conversion_error,
)
from .graph import Item, Op, Type
from .recording import Trace, is_abstract

UFUNCS: dict[Any, Callable] = {}  # np.sin -> our sin
FUNCTIONS: dict[Any, Callable] = {}  # np.sum -> our sum
LATER: list[Callable[[Any], bool]] = []  # modules of functions that are loaded when first met
Function = Callable[..., Any]


def implements(*functions: Any) -> Callable[[Function], Function]:
    """Let a NumPy function, called on an Array, mean the decorated function."""

    def register(ours: Function) -> Function:
        for f in functions:
            (UFUNCS if isinstance(f, np.ufunc) else FUNCTIONS)[f] = ours
        return ours

    return register


def _found(table: dict[Any, Callable], function: Any) -> Callable | None:
    if function not in table and not any(load(function) for load in LATER):
        return None
    return table.get(function)


def forward(function: Any) -> Function:
    """A method that means a NumPy function of the object itself."""

    def method(self: Any, *args: Any, **options: Any) -> Any:
        return (UFUNCS if function in UFUNCS else FUNCTIONS)[function](self, *args, **options)

    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = f"The same as numpy.{function.__name__}."
    return method


def _binary(ufunc: np.ufunc) -> tuple[Function, Function, Function]:
    """The methods of an operator: x + y, y + x, x += y."""

    def straight(self: Any, other: Any) -> Any:
        return UFUNCS[ufunc](self, other)

    def reflected(self: Any, other: Any) -> Any:
        return UFUNCS[ufunc](other, self)

    def inplace(self: Any, other: Any) -> Any:
        return self._become(UFUNCS[ufunc](self, other), ufunc.__name__)

    return straight, reflected, inplace


class Duck:
    """ndarray's interface over `UFUNCS` and `FUNCTIONS`, shared by Array and Variable."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 1000.0

    # fmt: off
    __add__,      __radd__,      __iadd__      = _binary(np.add)
    __sub__,      __rsub__,      __isub__      = _binary(np.subtract)
    __mul__,      __rmul__,      __imul__      = _binary(np.multiply)
    __truediv__,  __rtruediv__,  __itruediv__  = _binary(np.divide)
    __floordiv__, __rfloordiv__, __ifloordiv__ = _binary(np.floor_divide)
    __mod__,      __rmod__,      __imod__      = _binary(np.remainder)
    __pow__,      __rpow__,      __ipow__      = _binary(np.power)
    __matmul__,   __rmatmul__,   __imatmul__   = _binary(np.matmul)
    __and__,      __rand__,      __iand__      = _binary(np.bitwise_and)
    __or__,       __ror__,       __ior__       = _binary(np.bitwise_or)
    __xor__,      __rxor__,      __ixor__      = _binary(np.bitwise_xor)
    __lshift__,   __rlshift__,   __ilshift__   = _binary(np.left_shift)
    __rshift__,   __rrshift__,   __irshift__   = _binary(np.right_shift)
    __divmod__,   __rdivmod__,   _             = _binary(np.divmod)
    __lt__,       __le__                       = forward(np.less),     forward(np.less_equal)
    __gt__,       __ge__                       = forward(np.greater),  forward(np.greater_equal)
    __eq__,       __ne__                       = forward(np.equal),    forward(np.not_equal)
    __neg__,      __pos__                      = forward(np.negative), forward(np.positive)
    __abs__,      __invert__                   = forward(np.absolute), forward(np.invert)

    sum,     prod    = forward(np.sum),     forward(np.prod)
    mean,    std     = forward(np.mean),    forward(np.std)
    var,     round   = forward(np.var),     forward(np.round)
    max,     min     = forward(np.max),     forward(np.min)
    argmax,  argmin  = forward(np.argmax),  forward(np.argmin)
    any,     all     = forward(np.any),     forward(np.all)
    cumsum,  cumprod = forward(np.cumsum),  forward(np.cumprod)
    clip,    repeat  = forward(np.clip),    forward(np.repeat)
    ravel,   squeeze = forward(np.ravel),   forward(np.squeeze)
    argsort, take    = forward(np.argsort), forward(np.take)
    trace,   dot     = forward(np.trace),   forward(np.dot)
    swapaxes         = forward(np.swapaxes)
    diagonal         = forward(np.diagonal)
    astype,  flatten = forward(np.astype),  forward(np.ravel)
    copy             = forward(np.copy)
    nonzero          = forward(np.nonzero)
    conj = conjugate = forward(np.conjugate)
    # fmt: on

    def __round__(self, digits: int = 0) -> Any:
        return FUNCTIONS[np.round](self, digits)

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """The same as numpy.reshape; the lengths may be given one by one."""
        return FUNCTIONS[np.reshape](self, shape[0] if len(shape) == 1 else shape, order=order)

    def transpose(self, *axes: Any) -> Any:
        """The same as numpy.transpose; the axes may be given one by one."""
        return FUNCTIONS[np.transpose](self, axes[0] if len(axes) == 1 else (axes or None))

    def __getitem__(self, index: Any) -> Any:
        return FUNCTIONS[operator.getitem](self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TracingError(
            "assignment into a traced array is not supported: build the new array with "
            "np.where, np.concatenate or np.stack instead"
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        ours = UFUNCS.get(ufunc) or _found(UFUNCS, ufunc)
        if ours is None:
            return _unknown(ufunc, method, args, options, f"numpy ufunc {ufunc.__name__}")
        if method == "__call__":
            return ours(*args, **options)
        special = FUNCTIONS.get((ufunc, method)) or FUNCTIONS.get(method)
        if special is None:
            return _unknown(ufunc, method, args, options, f"np.{ufunc.__name__}.{method}")
        return (
            special(ufunc, *args, **options)
            if (ufunc, method) not in FUNCTIONS
            else special(*args, **options)
        )

    def __array_function__(self, function: Any, types: Any, args: tuple, options: dict) -> Any:
        ours = FUNCTIONS.get(function) or _found(FUNCTIONS, function)
        if ours is None:
            module = getattr(function, "__module__", "numpy")
            return _unknown(function, "__call__", args, options, f"{module}.{function.__name__}")
        return ours(*args, **options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._plain("__array__"), dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self._plain("float(x)"))

    def __complex__(self) -> complex:
        return complex(self._plain("complex(x)"))

    def item(self, *index: int) -> Any:
        """The number itself; an error while it is traced, since its derivative would be lost."""
        return np.asarray(self._plain("x.item()")).item(*index)

    def tolist(self) -> Any:
        """Nested lists of numbers; an error while traced, since their derivatives would be lost."""
        return np.asarray(self._plain("x.tolist()")).tolist()

    def __bool__(self) -> bool:
        return bool(self._known("bool(x) and `if x`"))

    def __int__(self) -> int:
        return int(self._known("int(x)"))

    def __index__(self) -> int:
        return operator.index(self._known("an index")[()])

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator:
        if not self.shape:
            raise TypeError("iteration over an array without axes")
        return (self[i] for i in range(self.shape[0]))

    def __format__(self, spec: str) -> str:
        value = self._known("formatting")
        return format(value[()] if value.ndim == 0 else value, spec) if spec else str(self)

    def __repr__(self) -> str:
        value = self._read().value
        text = (
            str(value)
            if is_abstract(value)
            else repr(value[()])
            if value.ndim == 0
            else repr(value)
        )
        return f"{type(self).__name__}({text})"

    def __str__(self) -> str:
        value = self._read().value
        return str(value if is_abstract(value) else value[()])

    def numpy(self) -> Any:
        """The value as a plain NumPy array or scalar, also while traced: its derivative ends
        here.
        """
        return self._known("x.numpy()")

    @abstractmethod
    def _read(self) -> Array:
        """The array itself; for a Variable, its value as it is recorded now."""

    @abstractmethod
    def _become(self, result: Array, name: str) -> Any:
        """What `x op= y` leaves in x."""

    def _plain(self, how: str) -> Any:
        array = self._read()
        trace = array.scope
        if trace is not None:
            if trace.active:
                raise conversion_error(how)
            trace.refuse_escape(array.value)
        return array.value

    def _known(self, how: str) -> Any:
        value = self._read().value
        if is_abstract(value):
            raise AbstractValueError(
                f"{how} needs the value of an array of which only the type is known here "
                f"({value}): "
                "use np.where instead of if, and array operations instead of loops over values"
            )
        return value

    # fmt: off
    shape = property(lambda self: self._read().value.shape)
    dtype = property(lambda self: self._read().value.dtype)
    ndim  = property(lambda self: len(self.shape))
    size  = property(lambda self: int(np.prod(self.shape, dtype=np.int64)))
    itemsize = property(lambda self: self.dtype.itemsize)
    nbytes   = property(lambda self: self.size * self.itemsize)
    T     = property(lambda self: FUNCTIONS[np.transpose](self))
    mT    = property(lambda self: FUNCTIONS[np.matrix_transpose](self))
    real  = property(lambda self: FUNCTIONS[np.real](self))
    imag  = property(lambda self: FUNCTIONS[np.imag](self))
    flat  = property(lambda self: iter(self.ravel()))
    # fmt: on


class Array(Duck):
    """An array of numbers that may be recorded; it has the interface of numpy.ndarray."""

    __slots__ = ("index", "scope", "value")

    def __init__(self, scope: Trace | None, index: int, value: Any):
        self.scope, self.index, self.value = scope, index, value

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: len(self.value.shape))

    def _read(self) -> Array:
        return self

    def _become(self, result: Array, name: str) -> Array:
        """`self op= other`: what NumPy does in place, this object does by standing for the new
        entry.
        """
        if self.value.shape == ():
            return result  # NumPy's scalars are immutable: x += 1 binds the name anew
        if result.shape != self.shape:
            raise ValueError(
                f"{name}: the result {result.shape} does not fit into {self.shape} in place"
            )
        if result.dtype != self.dtype:
            if not np.can_cast(result.dtype, self.dtype, "same_kind"):
                raise TypeError(f"{name}: {result.dtype} does not fit into {self.dtype} in place")
            result = FUNCTIONS[np.astype](result, self.dtype)
        trace = self.scope
        if trace is not None and trace.active and self._shared(trace):
            raise TracingError(
                f"{name} in place would also change other arrays that share this memory (an "
                "argument, "
                "or a view): write y = y + x instead of y += x"
            )
        self.scope, self.index, self.value = result.scope, result.index, result.value
        return self

    def _shared(self, trace: Trace) -> bool:
        op = trace.entries[self.index][0]
        return (
            op.kind == "view" or len(trace.entries[self.index]) == 1 or self.index in trace.viewed
        )


def lift(x: Any) -> Array:
    """x as an Array: recorded, or a plain value."""
    if type(x) is Array:
        return x
    if isinstance(x, Duck):
        return x._read()
    value = x if isinstance(x, np.ndarray | np.generic) else np.asarray(x)
    if type(value) is not np.ndarray and isinstance(value, np.ndarray):
        if not isinstance(value, np.memmap):
            raise UnsupportedError(
                f"a {type(x).__name__} is not an ordinary array: pass np.asarray(x)"
            )
        value = np.asarray(value)
    if value.dtype.kind not in "biufc":
        raise NotDifferentiableError(
            f"an array of numbers is needed, not {type(x).__name__} of dtype {value.dtype}"
        )
    if not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder("="))
    return Array(None, -1, value)


def innermost(arrays: Any) -> Trace | None:
    """The trace into which an operation on these arrays is recorded; None if none is open."""
    found = None
    for a in arrays:
        trace = a.scope
        if trace is not None:
            if not trace.active:
                trace.refuse_escape(a.value)
            elif found is None or trace.serial > found.serial:
                found = trace
    return found


def enter(trace: Trace, a: Array) -> int:
    """The entry of an array in `trace`."""
    if a.scope is trace:
        return a.index
    if a.scope is not None and a.scope.active:
        return trace.bring(a.scope, a.index, a)
    if isinstance(a.value, np.generic):
        return trace.scalar(a.value.item(), a.value.dtype)
    return trace.capture(a.value)


def bind(op: Op, *args: Any) -> Any:
    """Apply `op`: recorded if an argument is, otherwise on plain values. Several results come as
    a tuple.
    """
    arrays = [lift(a) for a in args]
    trace = innermost(arrays)
    if trace is None:
        value = compute(op, [a.value for a in arrays])
        return (
            tuple(Array(None, -1, v) for v in value)
            if type(value) is tuple
            else Array(None, -1, value)
        )
    key = (op, *[enter(trace, a) for a in arrays])
    i = trace.table.get(key)
    if i is None or is_abstract(trace.values[i]):
        return put(trace, key, compute(op, [a.value for a in arrays]))
    return put(trace, key, trace.values[i])


def compute(op: Op, values: list[Any]) -> Any:
    """The value of an operation, or its type where only types are known."""
    if any(type(v) is Type for v in values):
        return op.type(*(Type(v.dtype, v.shape) for v in values))
    try:
        return op.value(*values)
    except (ValueError, TypeError):
        op.type(*(Type(v.dtype, v.shape) for v in values))  # says more
        raise


def put(trace: Trace, key: tuple, value: Any) -> Any:
    """The entry (op, *arguments) with this value, as an Array or a tuple of Arrays."""
    i = trace.add(key, value)
    if key[0].kind == "view":
        trace.viewed.add(key[1])
    if type(value) is tuple:
        return tuple(Array(trace, trace.add((Item(k), i), v), v) for k, v in enumerate(value))
    return Array(trace, i, value)


def _unknown(function: Any, method: str, args: tuple, options: dict, name: str) -> Any:
    """A function without a rule: computed on plain values; an error if a derivative would be
    lost.
    """
    ducks = [a for a in _leaves((args, options)) if isinstance(a, Duck)]
    if innermost([a._read() for a in ducks]) is not None:
        raise UnsupportedError(
            f"bibun has no rule for {name}: write it with the functions in the table of "
            "supported operations, "
            "give it a derivative with bibun.custom_gradient, or use bibun.stop_gradient(x) on "
            "its arguments"
        )
    call = function if method == "__call__" else getattr(function, method)
    return wrap(call(*_unwrap(args), **_unwrap(options)))


def _leaves(x: Any) -> Iterator:
    if isinstance(x, tuple | list):
        for y in x:
            yield from _leaves(y)
    elif isinstance(x, dict):
        yield from _leaves(list(x.values()))
    else:
        yield x


def _unwrap(x: Any) -> Any:
    if isinstance(x, Duck):
        return x._read().value
    if isinstance(x, tuple | list):
        return type(x)(map(_unwrap, x)) if type(x) in (tuple, list) else x
    return {k: _unwrap(v) for k, v in x.items()} if isinstance(x, dict) else x


def wrap(x: Any) -> Any:
    """Plain results of NumPy as Arrays without history."""
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biufc":
        return Array(None, -1, x)
    return type(x)(map(wrap, x)) if type(x) in (tuple, list) else x
