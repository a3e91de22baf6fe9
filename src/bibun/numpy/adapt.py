"""NumPy's functions for Arrays: on plain numbers they are NumPy's own, under a trace ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import update_wrapper
from typing import Any

import numpy as np

from ..array import FUNCTIONS, LATER, UFUNCS, Array, Duck, innermost

Function = Callable[..., Any]


def adapted(function: Function, name: str | None = None) -> Function:
    """The function, which takes Arrays, ndarrays, numbers and lists, and returns Arrays."""

    def on_arrays(*args: Any, **options: Any) -> Any:
        if traced((args, options)):
            return (ours(function) or function)(*args, **options)
        return wrapped(function(*plain(args), **plain(options)))

    update_wrapper(on_arrays, function, updated=())
    on_arrays.__name__ = name or function.__name__
    return on_arrays


def ours(function: Any) -> Function | None:
    """Our function for one of NumPy's; None where NumPy's own has to find its way."""
    table = UFUNCS if isinstance(function, np.ufunc) else FUNCTIONS
    if function not in table and not any(load(function) for load in list(LATER)):
        return None
    return table.get(function)


def traced(x: Any) -> bool:
    """Whether any array in these containers is being recorded."""
    return innermost(a._read() for a in _ducks(x)) is not None


def _ducks(x: Any) -> Iterator[Duck]:
    if isinstance(x, Duck):
        yield x
    elif isinstance(x, tuple | list):
        for y in x:
            yield from _ducks(y)
    elif isinstance(x, dict):
        yield from _ducks(list(x.values()))


def plain(x: Any) -> Any:
    """Arrays as ndarrays, in any nesting of lists, tuples, slices and dicts."""
    if isinstance(x, Duck):
        return x._read().raw
    if type(x) in (tuple, list):
        return type(x)(map(plain, x))
    return {k: plain(v) for k, v in x.items()} if type(x) is dict else x


def wrapped(x: Any) -> Any:
    """NumPy's results as Arrays, in lists, tuples and named tuples; all else as it is."""
    if isinstance(x, np.ndarray | np.generic):
        return Array(None, -1, x) if x.dtype.kind in "biufc" else x
    if type(x) in (tuple, list):
        return type(x)(map(wrapped, x))
    return type(x)(*map(wrapped, x)) if isinstance(x, tuple) and hasattr(x, "_fields") else x


def found(module: Any, name: str) -> Any:
    """What a module of NumPy has under this name, its functions adapted to Arrays."""
    thing = getattr(module, name)
    function = isinstance(thing, np.ufunc) or (callable(thing) and not isinstance(thing, type))
    return adapted(thing, name) if function else thing
