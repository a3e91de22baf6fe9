"""Bound calls: a jitted function on arrays that stay, with results in memory that stays.

A loop that calls one function again and again, such as a controller's, writes new numbers into the
arrays that it gave once, and finds the results where they were the last time. Nothing is looked up
and nothing is made at such a call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import Duck
from ..errors import TracingError
from ..recording import threads
from ..tracing.containers import flatten
from .arguments import flat
from .capture import Way

NAME = "bind"


class Bound:
    """A bound call without the C++ extension: the results are copied into their places."""

    def __init__(self, arrays: list[np.ndarray], way: Way, again: Again):
        self.arrays, self.result, self.again = arrays, way.results(arrays), again

    def __call__(self) -> Any:
        self.again(self.arrays)
        return self.result


class Again:
    """The call itself, wherever the settled way has no answer."""

    def __init__(self, f: Callable[..., Any], args: tuple, kwargs: dict[str, Any], way: Way):
        self.f, self.args, self.kwargs, self.way = f, args, kwargs, way

    def __call__(self, arrays: list[np.ndarray]) -> None:
        """Write the results of a call into these arrays."""
        if threads.open:
            raise TracingError(
                f"{NAME}: a bound call gives plain arrays in memory that stays, and nothing is "
                "recorded of them: under grad, vmap and tapes call the function itself"
            )
        leaves, _ = flatten(self.f(*self.args, **self.kwargs))
        fixed = self.way.fixed
        new = [np.asarray(x) for x in leaves if isinstance(x, Duck | np.ndarray | np.generic)]
        same = [x for x, (traced, _) in zip(leaves, fixed, strict=False) if not traced]
        types = [(x.dtype, x.shape) for x in arrays]
        if [(x.dtype, x.shape) for x in new] != types or same != [x for t, x in fixed if not t]:
            raise TypeError(
                f"{NAME}: the function returns something else now than when it was bound, which "
                "does not fit into the same arrays: bind it again"
            )
        for old, x in zip(arrays, new, strict=True):
            old[...] = x


def check(args: tuple, kwargs: dict[str, Any]) -> None:
    """An error for arguments that cannot be read in place at each call."""
    for x in flat(list(args), kwargs)[0]:
        if isinstance(x, Duck):
            raise TypeError(
                f"{NAME}: a {type(x).__name__} is no array that can be written into: give its "
                "numbers as an array, or let the function read it without an argument"
            )
        if isinstance(x, np.ndarray) and not _lies(x):
            raise TypeError(
                f"{NAME}: an argument of the type {type(x).__name__}, dtype {x.dtype} and strides "
                f"{x.strides} would be copied at each call: give np.ascontiguousarray(x)"
            )


def _lies(x: np.ndarray) -> bool:
    flags = x.flags
    return type(x) is np.ndarray and flags.c_contiguous and flags.aligned and x.dtype.isnative
