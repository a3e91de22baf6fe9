"""Variables: arrays that keep their identity while their value is replaced."""

from __future__ import annotations

from typing import Any

import numpy as np

from .array import Array, Duck, lift
from .errors import DtypeError, ShapeError, TracingError
from .recording import is_abstract, threads
from .snapshots import snapshot


class Variable(Duck):
    """An array whose value can be assigned; tapes watch it by themselves if it is trainable.

    `assign` replaces the value and never writes through it, so that what was recorded before keeps
    the value that it read. Shape and dtype stay what they were; Python's numbers are float64.

    `assign` raises ShapeError or DtypeError for a value that does not fit, and writing into a part
    TracingError.

    >>> import bibun
    >>> v = bibun.Variable([1.0, 2.0], name="v")
    >>> v.assign_add([1.0, 1.0])
    Variable(array([2., 3.]), name='v')
    """

    __slots__ = ("__weakref__", "name", "stored", "trainable", "version")

    def __init__(
        self, value: Any, trainable: bool = True, name: str = "variable", dtype: Any = None
    ):
        start = lift(value)._plain("Variable(x)")
        start = np.array(
            start, dtype=dtype or (np.float64 if isinstance(value, int | float) else None)
        )
        self.stored = snapshot(np.asarray(start))
        self.trainable, self.name, self.version = trainable, name, 0

    shape = property(lambda self: self.stored.shape)
    dtype = property(lambda self: self.stored.dtype)

    @property
    def value(self) -> Array:
        """The present value, as it is recorded now."""
        return self._read()

    def _read(self) -> Array:
        for trace in threads.open:  # the outermost that watches: what is inside sees it as well
            if trace.watches(self):
                i = trace.read(self)
                return Array(trace, i, trace.values[i])
        return Array(None, -1, self.stored)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        read = [a._read() if type(a) is Variable else a for a in args]
        return super().__array_ufunc__(ufunc, method, *read, **options)

    def assign(self, value: Any) -> Variable:
        """Replace the value; a traced value is assigned as a number, its derivative ends here.

        Raises ShapeError for another shape, DtypeError for a dtype that does not cast to this one
        (floats into integers, complex into floats), TracingError for what has no value in `vmap`,
        and in `jit`, where it would happen when the function is compiled, and never again.
        """
        if any(trace.for_good for trace in threads.open):
            raise TracingError(
                f"Variable.assign: {self.name!r} would change when this is compiled, and not at "
                "later calls: return the new value from the jitted function, and assign it outside"
            )
        new = _number(value)
        if new.shape != self.shape:
            raise ShapeError(
                f"Variable.assign: {self.name!r} has shape {self.shape}, the new value has "
                f"{new.shape}"
            )
        if not np.can_cast(new.dtype, self.dtype, "same_kind") and not isinstance(
            value, int | float
        ):
            raise DtypeError(
                f"Variable.assign: {self.name!r} has dtype {self.dtype}, the new value has "
                f"{new.dtype}"
            )
        self.stored = snapshot(np.asarray(new, dtype=self.dtype))
        self.version += 1
        return self

    def assign_add(self, delta: Any) -> Variable:
        """Add to the value."""
        return self.assign(_frozen(self.stored + _number(delta)))

    def assign_sub(self, delta: Any) -> Variable:
        """Subtract from the value."""
        return self.assign(_frozen(self.stored - _number(delta)))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TracingError(
            "a part of a Variable cannot be assigned: build the new value and use assign"
        )

    def _become(self, result: Array, name: str) -> Any:
        raise TracingError(f"{name} in place on a Variable: use assign_add, assign_sub or assign")

    def __repr__(self) -> str:
        value = self._read().raw
        text = str(value) if is_abstract(value) else repr(value)
        return f"Variable({text}, name={self.name!r})"

    def __deepcopy__(self, memo: dict) -> Variable:
        return Variable(self.stored, self.trainable, self.name)

    def __reduce__(self) -> tuple:
        return Variable, (np.array(self.stored), self.trainable, self.name)


def _frozen(fresh: Any) -> Any:
    """A new array that nobody else holds, such that `assign` can keep it instead of a copy."""
    if isinstance(fresh, np.ndarray):
        fresh.flags.writeable = False
    return fresh


def _number(delta: Any) -> Any:
    value = lift(delta).raw
    if is_abstract(value):
        raise TracingError("Variable.assign: the value is not known here (inside vmap)")
    return value


def constant(value: Any, dtype: Any = None) -> Array:
    """An array that a tape can watch; outside of tapes it behaves like the ndarray.

    It has the shape of `value` and its dtype, or `dtype`. Raises NotDifferentiableError for what is
    no array of numbers.

    >>> import bibun
    >>> x = bibun.constant(3.0)
    >>> with bibun.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tape.gradient(y, x)
    Array(np.float64(6.0))
    """
    plain = lift(value)._plain("constant(x)")
    return Array(None, -1, snapshot(np.array(plain, dtype=dtype)))
