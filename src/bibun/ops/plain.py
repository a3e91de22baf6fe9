"""Functions without a derivative: those that give the plain result, and those that are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..array import Array, Duck, implements, innermost, wrap
from ..errors import UnsupportedError

TEXT = "a text"
DATES = "dates are no numbers"

# Each gives what NumPy gives for the values. What that is stands beside it.
# fmt: off
FREE: dict[Any, str] = {
    np.array2string:       TEXT,
    np.array_repr:         TEXT,
    np.array_str:          TEXT,
    np.save:               "a file",
    np.savetxt:            "a file",
    np.savez:              "a file",
    np.savez_compressed:   "a file",
    np.may_share_memory:   "whether the values share memory",
    np.shares_memory:      "whether the values share memory",
    np.isfortran:          "how the values lie in memory",
    np.packbits:           "bits",
    np.unpackbits:         "bits",
    np.ravel_multi_index:  "whole numbers",
    np.unravel_index:      "whole numbers",
    np.format_float_positional: TEXT,
    np.format_float_scientific: TEXT,
    np.binary_repr:        TEXT,
    np.base_repr:          TEXT,
}

# Each of these is an error for traced arrays, which says why.
REFUSED: dict[Any, str] = {
    np.roots:              "roots are complex: for a root that you know about, differentiate the "
                           "equation p(x) = 0 with bibun.custom_gradient",
    np.bmat:               "np.matrix is no ordinary array: write np.block",
    np.asmatrix:           "np.matrix is no ordinary array: write np.atleast_2d and @",
    np.frompyfunc:         "it makes arrays of objects: write np.vectorize, or apply the function "
                           "to whole arrays",
    np.nested_iters:       "it writes into memory: use NumPy's functions of whole arrays",
    np.busday_count:       DATES,
    np.busday_offset:      DATES,
    np.is_busday:          DATES,
    np.datetime_as_string: DATES,
}
# fmt: on


def values(x: Any, name: str) -> Any:
    """x with the values of traced arrays in their places, in nested lists and dictionaries too."""
    if isinstance(x, Duck):
        return x._known(name)
    if type(x) in (list, tuple):
        return type(x)(values(y, name) for y in x)
    return {k: values(y, name) for k, y in x.items()} if isinstance(x, dict) else x


def ducks(x: Any) -> Iterator[Array]:
    """The traced arrays in nested lists and dictionaries."""
    if isinstance(x, Duck):
        yield x._read()
    elif isinstance(x, list | tuple | dict):
        for y in x.values() if isinstance(x, dict) else x:
            yield from ducks(y)


def name_of(function: Any) -> str:
    """How a user writes it."""
    home = function.__module__.replace("numpy", "np", 1)
    return f"{home}.{function.__name__}"


def _give_values(function: Callable[..., Any]) -> None:
    name = name_of(function)

    def plain(*args: Any, **options: Any) -> Any:
        return wrap(function(*values(args, name), **values(options, name)))

    implements(function)(plain)


def _refuse(function: Callable[..., Any], reason: str) -> None:
    name = name_of(function)

    def refused(*args: Any, **options: Any) -> Any:
        if innermost(list(ducks((args, options)))) is not None:
            raise UnsupportedError(f"{name} of a traced array has no derivative: {reason}")
        return wrap(function(*values(args, name), **values(options, name)))

    implements(function)(refused)


for free in FREE:
    _give_values(free)
for refused, why in REFUSED.items():
    _refuse(refused, why)
