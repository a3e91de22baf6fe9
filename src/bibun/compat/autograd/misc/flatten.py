"""Containers of arrays as one vector, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..builtins import type as type_of


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """(vector, unflatten) of numbers and arrays in any nesting of lists, tuples and dicts.

    Dicts go in the order of their sorted keys.
    """
    leaves = [np.ravel(x) for x in _leaves(value)]
    vector = np.concatenate(leaves) if leaves else np.array([])

    def unflatten(vector: Any) -> Any:
        start = 0

        def cut(x: Any) -> Any:
            nonlocal start
            start += (n := int(np.size(x)))
            return np.reshape(vector[start - n : start], np.shape(x))

        return _mapped(cut, value)

    return vector, unflatten


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Any, Any, Any]:
    """(function of a vector, unflatten, vector) for a function of a container like `example`."""
    vector, unflatten = flatten(example)
    return lambda x, *args: flatten(func(unflatten(x), *args))[0], unflatten, vector


def _leaves(value: Any) -> Iterator[Any]:
    if type_of(value) in (list, tuple):
        for x in value:
            yield from _leaves(x)
    elif type_of(value) is dict:
        for k in sorted(value):
            yield from _leaves(value[k])
    else:
        yield value


def _mapped(f: Callable[[Any], Any], value: Any) -> Any:
    """The container with f of each leaf, in the order of `_leaves`."""
    if type_of(value) in (list, tuple):
        return type(value)([_mapped(f, x) for x in value])
    if type_of(value) is dict:
        found = {k: _mapped(f, value[k]) for k in sorted(value)}
        return {k: found[k] for k in value}
    return f(value)
