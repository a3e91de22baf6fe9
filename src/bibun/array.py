"""Arrays: what the user's function receives in place of ndarrays, with ndarray's interface.

An Array is an entry of a trace, or a plain value outside any recording. It is a duck type, never
a subclass of ndarray, so that no code can take the number out of it unnoticed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from .errors import (
    AbstractValueError,
    NotDifferentiableError,
    UnsupportedError,
    conversion_error,
    user_instruction,
)
from .graph import Item, Op, Type
from .interface import (
    FUNCTIONS,
    LATER,
    UFUNCS,
    Function,
    Interface,
    check_native,
    implements,
    otherwise,
)
from .recording import Trace, is_abstract


def _found(table: dict[Any, Callable], function: Any) -> Callable | None:
    for load in tuple(LATER):  # a loader may leave the list once it has loaded
        if function not in table:
            load(function)
    return table.get(function)


class Duck(Interface):
    """The interface with NumPy's protocols, shared by Array and Variable.

    Nothing takes the number out unnoticed.
    """

    __slots__ = ()

    def __setitem__(self, index: Any, value: Any) -> None:
        FUNCTIONS[operator.setitem](self, index, value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        if "out" in options and _is_plain((args, options)):  # nothing is recorded: NumPy writes
            getattr(ufunc, method)(*_unwrap(args), **_unwrap(options))
            return options["out"][0] if len(options["out"]) == 1 else options["out"]
        ours = UFUNCS.get(ufunc) or _found(UFUNCS, ufunc)
        if ours is None:
            return _unknown(ufunc, method, args, options, f"numpy ufunc {ufunc.__name__}")
        if options and options.get("out") is not None:
            return FUNCTIONS["ufunc out"](ufunc, method, args, options)
        if method == "__call__":
            try:
                return ours(*args, **options)
            except NotDifferentiableError as error:
                return otherwise(ours, args, options, error)
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
        if options and options.get("out") is not None:
            return FUNCTIONS["out"](ours, args, options)
        return ours(*args, **options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        # Integers and bools have no derivative to lose.
        exact = self.dtype.kind in "biu"
        value = self._known("__array__") if exact else self._plain("__array__")
        return np.array(self._shielded(value), dtype=dtype, copy=copy)

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

    def __getattr__(self, name: str) -> Any:
        """What ndarray has and bibun has no version of, where nothing is recorded."""
        value = None if name[0] == "_" or not hasattr(np.ndarray, name) else self._read()
        if value is None or value.scope is not None:
            raise AttributeError(f"a traced array has no attribute {name!r}", name=name, obj=self)
        return getattr(value.raw, name)

    def __bool__(self) -> bool:
        x = self._read()
        if is_abstract(x.raw) and x.dtype.kind in "fc":
            return bool(x != 0)  # what is decided by is a condition
        return bool(self._known("bool(x) and `if x`"))

    def __int__(self) -> int:
        return int(self._known("int(x)"))

    def __index__(self) -> int:
        return operator.index(self._known("an index")[()])

    def __contains__(self, item: Any) -> bool:
        return bool(FUNCTIONS[np.any](self == item))

    def __copy__(self) -> Any:
        return FUNCTIONS["copy"](self)

    def __deepcopy__(self, memo: dict) -> Any:
        return FUNCTIONS["copy"](self)

    def __format__(self, spec: str) -> str:
        value = self._known("formatting")
        return format(value[()] if value.ndim == 0 else value, spec) if spec else str(self)

    def __repr__(self) -> str:
        value = self._read().raw
        text = (
            str(value)
            if is_abstract(value)
            else repr(value[()])
            if value.ndim == 0
            else repr(value)
        )
        return f"{type(self).__name__}({text})"

    def __str__(self) -> str:
        value = self._read().raw
        return str(value if is_abstract(value) else value[()])

    def numpy(self) -> Any:
        """The value as a plain NumPy array or scalar, where its derivative ends if it is traced."""
        return self._shielded(self._known("x.numpy()"))

    def _shielded(self, value: Any) -> Any:
        """The value such that writing to it cannot change what a trace has recorded."""
        if self._read().scope is None or type(value) is not np.ndarray:
            return value
        view = value.view()
        view.flags.writeable = False
        return view

    def _plain(self, how: str) -> Any:
        array = self._read()
        trace = array.scope
        if trace is not None:
            if trace.active:
                raise conversion_error(how, trace.of_tape)
            trace.refuse_escape(array.raw)
        return array.raw

    def _known(self, how: str) -> Any:
        value = self._read().raw
        if is_abstract(value):
            found = FUNCTIONS["ask"](self._read())
            if found is not None:
                return found
            if user_instruction() in ("BINARY_SUBSCR", "BINARY_SLICE"):  # a[:n] since 3.12
                raise AbstractValueError(
                    f"an array of which only the type is known here ({value}) cannot be the index "
                    "of a plain array: write bibun.constant(a)[i]"
                )
            raise AbstractValueError(
                f"{how} needs the value of an array of which only the type is known here "
                f"({value}): "
                "use np.where or bibun.cond instead of if, bibun.while_loop instead of while, and "
                "array operations, bibun.fori_loop or bibun.scan instead of loops over values"
            )
        return value


class Array(Duck):
    """An array of numbers that may be recorded; it has the interface of numpy.ndarray.

    A view has a `parent`, the array whose memory it shows a part of (memory.py). The `form` says
    what an array without axes stands for where the value does not: a number of Python's (float,
    int, complex, bool), or np.ndarray if only the type is known; otherwise a number of NumPy's.
    """

    __slots__ = ("form", "index", "parent", "raw", "scope")
    parent: Array

    def __init__(self, scope: Trace | None, index: int, value: Any, form: type | None = None):
        self.scope, self.index, self.raw, self.form = scope, index, value, form

    @property
    def value(self) -> NoReturn:
        raise AttributeError(
            "an array has no value: compute with the array itself, or write x.numpy() for its "
            "numbers, of which the derivative is lost"
        )

    shape = property(
        lambda self: self.raw.shape, lambda self, shape: FUNCTIONS["shape"](self, shape)
    )
    dtype = property(lambda self: self.raw.dtype)
    ndim = property(lambda self: len(self.raw.shape))

    def _read(self) -> Array:
        return self

    @property
    def base(self) -> Array | None:
        """The array that owns the memory of which this is a view; None for an owner."""
        owner = self
        while hasattr(owner, "parent"):
            owner = owner.parent
        return None if owner is self else owner

    def _become(self, result: Array, name: str) -> Array:
        if is_number(self):
            return result  # immutable: x += 1 binds the name anew
        return FUNCTIONS["into"](self, result, name)


PLAIN = (np.ndarray, np.generic)
NUMBERS = (float, int, bool, complex)  # Python's own


def is_number(x: Array) -> bool:
    """Whether x stands for a number, which is immutable, and for no array without axes."""
    return x.raw.shape == () and type(x.raw) is not np.ndarray and x.form is not np.ndarray


def lift(x: Any) -> Array:
    """x as an Array: recorded, or a plain value."""
    if type(x) is Array:
        # NumPy makes numbers of its own of Python's.
        return Array(x.scope, x.index, x.raw) if x.form in NUMBERS else x
    if isinstance(x, Duck):
        return x._read()
    value = x if isinstance(x, PLAIN) else np.asarray(x)
    if type(x) in NUMBERS:
        value = value[()]  # no array that could be written to, but a constant
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
                trace.refuse_escape(a.raw)
            elif found is None or trace.serial > found.serial:
                found = trace
    return found


def enter(trace: Trace, a: Array) -> int:
    """The entry of an array in `trace`."""
    if a.scope is trace:
        return a.index
    if a.scope is not None and a.scope.active:
        return trace.bring(a.scope, a.index, a)
    if isinstance(a.raw, np.generic):
        return trace.number(a.raw)
    return trace.plain(a.raw, Array)


def bind(op: Op, *args: Any) -> Any:
    """Apply `op`: recorded if an argument is recorded, otherwise on plain values.

    Several results come as a tuple.
    """
    arrays = [a if type(a) is Array else lift(a) for a in args]
    trace = innermost(arrays)
    if trace is None:
        value = compute(op, [a.raw for a in arrays])
        return (
            tuple(Array(None, -1, v) for v in value)
            if type(value) is tuple
            else Array(None, -1, value)
        )
    key = (op, *[a.index if a.scope is trace else enter(trace, a) for a in arrays])
    i = trace.known(key)
    if i is None or is_abstract(trace.values[i]):
        return put(trace, key, compute(op, [a.raw for a in arrays]))
    return put(trace, key, trace.values[i])


def compute(op: Op, values: list[Any]) -> Any:
    """The value of an operation, or its type where only types are known."""
    if Type in map(type, values):
        return op.type(*(Type(v.dtype, v.shape) for v in values))
    try:
        return op.value(*values)
    except (ValueError, TypeError):
        op.type(*(Type(v.dtype, v.shape) for v in values))  # says more
        raise


def put(trace: Trace, key: tuple, value: Any) -> Any:
    """The entry (op, *arguments) with this value, as an Array or a tuple of Arrays."""
    i = trace.add(key, value)
    if type(value) is tuple:
        return tuple(Array(trace, trace.add((Item(k), i), v), v) for k, v in enumerate(value))
    return Array(trace, i, value)


def _unknown(function: Any, method: str, args: tuple, options: dict, name: str) -> Any:
    """Call a function without a rule on plain values; raise if a derivative would be lost."""
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


def _is_plain(x: Any) -> bool:
    """Whether no array in x is recorded."""
    return innermost([a._read() for a in _leaves(x) if isinstance(a, Duck)]) is None


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
        return x._read().raw
    if isinstance(x, tuple | list):
        return type(x)(map(_unwrap, x)) if type(x) in (tuple, list) else x
    return {k: _unwrap(v) for k, v in x.items()} if isinstance(x, dict) else x


def wrap(x: Any) -> Any:
    """Plain results of NumPy as Arrays without history."""
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biufc":
        return Array(None, -1, x)
    return type(x)(map(wrap, x)) if type(x) in (tuple, list) else x


__all__ = [
    "FUNCTIONS",
    "LATER",
    "NUMBERS",
    "UFUNCS",
    "Array",
    "Duck",
    "Function",
    "bind",
    "check_native",
    "compute",
    "enter",
    "implements",
    "innermost",
    "lift",
    "put",
    "wrap",
]
