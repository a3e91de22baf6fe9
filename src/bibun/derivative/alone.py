"""Whether an array, dict or list has one name alone, so that nobody else sees it change."""

from __future__ import annotations

from sys import _getframe, getrefcount
from typing import Any

import numpy as np

from ..array import Array, is_number
from ..graph import Input
from ..memory import living

UNCHANGING = (bool, int, float, complex, str, type(None))


def alone(found: dict[str, Any], name: str, deep: bool = True, inside: bool = False) -> bool:
    """Whether a write into this is seen by nobody else.

    It is a number, the function's own array, or its own dict, if `deep` of such things; `inside`
    of a dict, which is one reference, and not those of a local name.
    """
    if type(found[name]) is dict:
        if not held_alone(found, name, dict, inside):
            return False
        return not deep or all(alone(found[name], key, inside=True) for key in found[name])
    x = found[name]
    if type(x) is not Array:
        return type(x) in UNCHANGING or isinstance(x, np.generic)
    if is_number(x):
        return True
    if hasattr(x, "parent") or living(x):
        return False
    if is_argument(x):
        return False
    return _references(found, name) <= (_IN_DICT if inside else _ALONE)


def held_alone(found: dict[str, Any], name: str, kind: type, inside: bool = False) -> bool:
    """Whether this is an object of a class of Python's that has no other name."""
    x = found[name]  # a reference, which the probe has, too
    return type(x) is kind and _references(found, name) <= (_IN_DICT if inside else _ALONE)


def is_argument(x: Any) -> bool:
    """Whether this is an argument of the function, which nobody may write into."""
    return type(x) is Array and x.scope is not None and type(x.scope.entries[x.index][0]) is Input


def _references(found: dict[str, Any], name: str) -> int:
    return getrefcount(found[name])


class _Probe:
    """Counts the references to a local array that nobody else has, as Rounds does it."""

    def __init__(self) -> None:
        self.count = 0

    def __iter__(self) -> _Probe:
        return self

    def __next__(self) -> None:
        found = _getframe(1).f_locals
        x = found["array"]
        self.count = _references(found, "array")
        del x
        raise StopIteration


def _measured() -> int:
    array = Array(None, -1, np.zeros(1))
    probe = _Probe()
    for _ in probe:
        pass
    del array
    return probe.count


_ALONE = _measured()
TEMPORARY = getrefcount([object()][0])  # references to what nobody holds but this expression
NAME = _ALONE - TEMPORARY - 1  # those of a local name, seen from another function; `alone` adds one
_IN_DICT = _ALONE - NAME + 1
