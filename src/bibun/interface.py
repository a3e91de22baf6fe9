"""ndarray's interface: its operators, methods and attributes, over tables of functions.

The tables are filled by the operations; what an object of this interface is, is said in array.py.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

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


def _binary(ufunc: np.ufunc) -> tuple[Function, Function, Function]:
    """The methods of an operator: x + y, y + x, x += y."""

    def straight(self: Any, other: Any) -> Any:
        return UFUNCS[ufunc](self, other)

    def reflected(self: Any, other: Any) -> Any:
        return UFUNCS[ufunc](other, self)

    def inplace(self: Any, other: Any) -> Any:
        return self._become(UFUNCS[ufunc](self, other), ufunc.__name__)

    return straight, reflected, inplace


def _in_place(name: str) -> Function:
    """A method that writes into the array."""

    def method(self: Any, *args: Any, **options: Any) -> None:
        FUNCTIONS[name](self, *args, **options)

    method.__doc__ = f"The same as numpy.ndarray.{name}: changes the array itself."
    return method


class Interface:
    """What ndarray offers, in terms of `_read` (the array itself) and the tables."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 1000.0
    # What a class of this interface has to say. No ABC: isinstance runs for every operation.
    _read: Callable[[], Any]  # the array itself; for a Variable, its value as it is recorded now
    _become: Callable[[Any, str], Any]  # what `x op= y` leaves in x, and the name of the operation

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
    astype           = forward(np.astype)
    nonzero          = forward(np.nonzero)
    conj = conjugate = forward(np.conjugate)
    # fmt: on

    def copy(self, order: str = "C") -> Any:
        """The same numbers in memory of their own."""
        return FUNCTIONS[np.copy](self, order)

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
    real  = property(lambda self: FUNCTIONS[np.real](self))
    imag  = property(lambda self: FUNCTIONS[np.imag](self))
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
