"""ndarray's interface: its operators, methods and attributes, over tables of functions.

The tables are filled by the operations; what an object of this interface is, is said in array.py.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from .errors import ForeignError, NotDifferentiableError, ShapeError, UnhashableError

UFUNCS: dict[Any, Callable] = {}  # np.sin -> our sin
FUNCTIONS: dict[Any, Callable] = {}  # np.sum -> our sum
LATER: list[Callable[[Any], bool]] = []  # modules of functions that are loaded when first met
Function = Callable[..., Any]
PYTHON = (float, int, complex, bool)  # numbers of Python's, which know nothing of NumPy


def implements(*functions: Any) -> Callable[[Function], Function]:
    """Let a NumPy function, called on an Array, mean the decorated function."""

    def register(ours: Function) -> Function:
        for f in functions:
            (UFUNCS if isinstance(f, np.ufunc) else FUNCTIONS)[f] = ours
        return ours

    return register


def forward(function: Any) -> Function:
    """A method that means a NumPy function of the object itself."""

    def method(self: Any, *args: Any, **options: Any) -> Any:
        ours = (UFUNCS if function in UFUNCS else FUNCTIONS)[function]
        if options and options.get("out") is not None:
            return FUNCTIONS["out"](ours, (self, *args), options)
        return ours(self, *args, **options)

    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = f"The same as numpy.{function.__name__}."
    return method


def foreign(x: Any) -> bool:
    """Whether NumPy leaves operators to the class of x, though x may be made an array (NEP 13)."""
    of = type(x)
    if hasattr(of, "__array_ufunc__"):
        return of.__array_ufunc__ is None
    priority = getattr(of, "__array_priority__", 0)
    return isinstance(priority, int | float) and priority > 0


def overrides(x: Any) -> bool:
    """Whether the class of x says itself what ufuncs mean: NumPy asks it, not arrays (NEP 13)."""
    own = getattr(type(x), "__array_ufunc__", None)
    return (
        own is not None and own is not np.ndarray.__array_ufunc__ and not isinstance(x, Interface)
    )


def otherwise(ours: Function, args: tuple, options: dict, error: Exception) -> Any:
    """What a function of NumPy's gives that could not take all of its arguments."""
    if any(map(overrides, args)):
        return NotImplemented  # it is their turn
    if type(error) is not ForeignError:
        raise error
    # No operator: NumPy makes arrays of all arguments.
    return ours(*(np.asarray(a) if foreign(a) else a for a in args), **options)


def check_native(*operands: Any) -> None:
    """An error for what might be made an array, if NumPy leaves operators to its class."""
    for x in operands:
        if type(x) is np.ndarray or type(x) in PYTHON or isinstance(x, Interface):
            continue
        if foreign(x) or overrides(x):
            raise ForeignError(f"{type(x).__name__} does not take part in NumPy's operators")


def _yields(x: Any, y: Any, method: str) -> bool:
    """Whether Python has to ask y what the operator means that x could not apply to it."""
    if isinstance(y, Interface) or not hasattr(type(y), method):
        return False
    # Otherwise NumPy makes an array of objects of x.
    return foreign(y) or (not x.shape and (x.form in PYTHON or not overrides(y)))


def _left_to(x: Any, y: Any, ufunc: np.ufunc, method: str) -> Any:
    """What an operator gives that x could not apply to y, or None: nothing."""
    if _yields(x, y, method):
        return NotImplemented
    if overrides(y):
        return ufunc(x, y)
    return _one_by_one(x, y, method) if hasattr(type(y), method) and _is_object(y) else None


def _is_object(y: Any) -> bool:
    """Whether NumPy takes y for a single object: it is no array, and no sequence."""
    names = ("__array__", "__array_interface__", "__buffer__", "__len__")
    return not isinstance(y, Interface) and not any(hasattr(type(y), name) for name in names)


def _one_by_one(x: Any, y: Any, method: str) -> Any:
    """The array of objects that NumPy makes: what y says of each number of x."""
    made, says = np.empty(x.shape, dtype=object), FUNCTIONS["meaning"](getattr(y, method))
    for i in np.ndindex(x.shape):
        made[i] = says(FUNCTIONS["as python"](x[i]))
    return made


def _binary(ufunc: np.ufunc, name: str = "") -> tuple[Function, Function, Function]:
    """The methods of an operator: x + y, y + x, x += y."""
    other_side = f"__r{name or ufunc.__name__}__"

    # The question whether y is foreign is put where it has failed, so that others do not wait.
    def straight(self: Any, other: Any) -> Any:
        try:
            y = UFUNCS[ufunc](self, other)
        except (NotDifferentiableError, ShapeError):  # NumPy's numbers have no @
            if not self.shape and isinstance(other, numbers.Rational):
                return straight(self, float(other))  # as fractions.Fraction does with floats
            found = _left_to(self, other, ufunc, other_side)
            if found is None:
                raise
            return found
        return y if self.form is None else FUNCTIONS["of numbers"](ufunc, y, self, other)

    def reflected(self: Any, other: Any) -> Any:
        try:
            y = UFUNCS[ufunc](other, self)
        except ForeignError:
            return ufunc(other, self)  # its class has had its turn
        except NotDifferentiableError:
            if self.shape or not isinstance(other, numbers.Rational):
                raise
            return reflected(self, float(other))
        return y if self.form is None else FUNCTIONS["of numbers"](ufunc, y, other, self)

    return straight, reflected, _inplace(ufunc, other_side)


def _inplace(ufunc: np.ufunc, other_side: str) -> Function:
    """The method of x += y."""

    def inplace(self: Any, other: Any) -> Any:
        try:
            result = UFUNCS[ufunc](self, other)
        except NotDifferentiableError:
            # NumPy's += goes on with y's __radd__ only for the sake of a priority.
            written = bool(self.shape) and hasattr(type(other), "__array_ufunc__")
            if not written and (_yields(self, other, other_side) or overrides(other)):
                return NotImplemented
            raise
        if self.form is not None:
            result = FUNCTIONS["of numbers"](ufunc, result, self, other)
        return self._become(result, ufunc.__name__)

    return inplace


def _unary(ufunc: np.ufunc) -> Function:
    """The method of an operator: -x."""

    def method(self: Any) -> Any:
        y = UFUNCS[ufunc](self)
        return y if self.form is None else FUNCTIONS["of numbers"](ufunc, y, self)

    method.__name__ = method.__qualname__ = ufunc.__name__
    method.__doc__ = f"The same as numpy.{ufunc.__name__}."
    return method


def _part(function: Any) -> Function:
    """What the property of a real or imaginary part computes."""

    def part(self: Any) -> Any:
        y = FUNCTIONS[function](self)
        return y if self.form is None else FUNCTIONS["of numbers"](function, y, self)

    return part


def _comparison(ufunc: np.ufunc, other_side: str) -> Function:
    """The method of a comparison. Whatever is no number is not equal to one."""

    def method(self: Any, other: Any) -> Any:
        try:
            return UFUNCS[ufunc](self, other)
        except NotDifferentiableError:
            if _yields(self, other, other_side):
                return NotImplemented
            if overrides(other):
                return ufunc(self, other)
            if ufunc not in (np.equal, np.not_equal):
                raise
            answer = (operator.eq if ufunc is np.equal else operator.ne)(self.numpy(), other)
            return FUNCTIONS[np.copy](answer)

    method.__name__ = method.__qualname__ = ufunc.__name__
    method.__doc__ = f"The same as numpy.{ufunc.__name__}."
    return method


def _in_place(name: str) -> Function:
    """A method that writes into the array."""

    def method(self: Any, *args: Any, **options: Any) -> None:
        FUNCTIONS[name](self, *args, **options)

    method.__doc__ = f"The same as numpy.ndarray.{name}: changes the array itself."
    return method


class Interface:
    """What ndarray offers, in terms of `_read` (the array itself) and the tables."""

    __slots__ = ()

    def __hash__(self) -> int:
        if self.shape:
            raise TypeError(f"unhashable type: {type(self).__name__!r}")
        raise UnhashableError(
            "a traced number cannot be a key of a set or dict, which keeps its value only: as key "
            "write bibun.stop_gradient(x).numpy().item(), and keep x itself in a list or as value"
        )

    __array_priority__ = 1000.0
    # What a class of this interface has to say. No ABC: isinstance runs for every operation.
    _read: Callable[[], Any]  # the array itself; for a Variable, its value as it is recorded now
    form: type | None = None  # what it stands for if it has no axes, where that is not seen
    _become: Callable[[Any, str], Any]  # what `x op= y` leaves in x, and the name of the operation

    # fmt: off
    __add__,      __radd__,      __iadd__      = _binary(np.add)
    __sub__,      __rsub__,      __isub__      = _binary(np.subtract, "sub")
    __mul__,      __rmul__,      __imul__      = _binary(np.multiply, "mul")
    __truediv__,  __rtruediv__,  __itruediv__  = _binary(np.divide, "truediv")
    __floordiv__, __rfloordiv__, __ifloordiv__ = _binary(np.floor_divide, "floordiv")
    __mod__,      __rmod__,      __imod__      = _binary(np.remainder, "mod")
    __pow__,      __rpow__,      __ipow__      = _binary(np.power, "pow")
    __matmul__,   __rmatmul__,   __imatmul__   = _binary(np.matmul)
    __and__,      __rand__,      __iand__      = _binary(np.bitwise_and, "and")
    __or__,       __ror__,       __ior__       = _binary(np.bitwise_or, "or")
    __xor__,      __rxor__,      __ixor__      = _binary(np.bitwise_xor, "xor")
    __lshift__,   __rlshift__,   __ilshift__   = _binary(np.left_shift, "lshift")
    __rshift__,   __rrshift__,   __irshift__   = _binary(np.right_shift, "rshift")
    __divmod__,   __rdivmod__,   _             = _binary(np.divmod)
    __lt__ = _comparison(np.less,       "__gt__")
    __le__ = _comparison(np.less_equal, "__ge__")
    __gt__ = _comparison(np.greater,    "__lt__")
    __ge__ = _comparison(np.greater_equal, "__le__")
    __eq__ = _comparison(np.equal,      "__eq__")
    __ne__ = _comparison(np.not_equal,  "__ne__")
    __neg__,      __pos__                      = _unary(np.negative), _unary(np.positive)
    __abs__,      __invert__                   = _unary(np.absolute), _unary(np.invert)

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
    astype           = forward(np.astype)
    nonzero          = forward(np.nonzero)
    conj = conjugate = _unary(np.conjugate)
    # fmt: on

    def copy(self, order: str = "C") -> Any:
        """The same numbers in memory of their own."""
        return FUNCTIONS["copy"](self, order)

    def is_integer(self) -> bool:
        """Whether a number is whole, as its value decides."""
        if self.shape:
            raise AttributeError("an array has no attribute 'is_integer'")
        return bool((self == UFUNCS[np.floor](self)) & (abs(self) != np.inf))

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

    def flatten(self, order: str = "C") -> Any:
        """The same as numpy.ravel, in memory of its own."""
        return FUNCTIONS[np.copy](FUNCTIONS[np.ravel](self, order))

    # fmt: off
    __floor__, __ceil__, __trunc__ = forward(np.floor), forward(np.ceil), forward(np.trunc)
    sort      = _in_place("sort")
    partition = _in_place("partition")
    fill      = _in_place("fill")
    put       = _in_place("put")
    resize    = _in_place("resize")
    # fmt: on

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator:
        return FUNCTIONS[iter](self)  # all rows are read by one operation

    # fmt: off
    shape = property(lambda self: self._read().raw.shape)
    dtype = property(lambda self: self._read().raw.dtype)
    ndim  = property(lambda self: len(self.shape))
    size  = property(lambda self: int(np.prod(self.shape, dtype=np.int64)))
    itemsize = property(lambda self: self.dtype.itemsize)
    nbytes   = property(lambda self: self.size * self.itemsize)
    T     = property(lambda self: FUNCTIONS[np.transpose](self))
    mT    = property(lambda self: FUNCTIONS[np.matrix_transpose](self))
    real  = property(_part(np.real),
                     lambda self, value: FUNCTIONS[np.real](self).__setitem__(..., value))
    imag  = property(_part(np.imag),
                     lambda self, value: FUNCTIONS["imag="](self, value))
    flat  = property(lambda self: FUNCTIONS["flat"](self._read()),
                     lambda self, value: FUNCTIONS["flat"](self).__setitem__(..., value))
    # fmt: on

    # What the array-API standard asks of an array beyond NumPy's own interface.

    device = property(lambda self: "cpu")

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        """The namespace of the array-API standard: bibun.numpy."""
        return import_module("bibun.numpy")  # loaded when it is first asked for: it stands above

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """The array itself: the only device is the CPU."""
        if device != "cpu" or stream is not None:
            raise ValueError(f"to_device: the device is 'cpu' without a stream, not {device!r}")
        return self

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A capsule of the DLPack protocol; an error while traced, as for other conversions."""
        options = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
        return np.asarray(self).__dlpack__(stream=stream, **options)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The CPU, as DLPack numbers it."""
        return np.empty(0).__dlpack_device__()
