"""Rows of an array one behind the other, as loops of Python's leave them in lists."""

from __future__ import annotations

from collections.abc import Sequence

from ..array import Array, bind
from .gather import Slice
from .structure import reshape_to

MANY = 8  # arrays from which on runs are looked for


def in_runs(arrays: Sequence[Array]) -> list[Array] | None:
    """Parts of arrays that give these when they are joined; None if that saves little."""
    runs: list[tuple[tuple[int, int], int, int]] = []  # of which array, from where, how many
    for k, a in enumerate(arrays):
        source, place = _row(a) or ((0, -k), 0)
        if runs and runs[-1][0] == source and place == runs[-1][1] + runs[-1][2]:
            runs[-1] = source, runs[-1][1], runs[-1][2] + 1
        else:
            runs.append((source, place, 1))
    if 4 * len(runs) > len(arrays):
        return None
    found, k = [], 0
    for _, start, n in runs:
        found.append(_joined(arrays[k], start, n))
        k += n
    return found


def _row(a: Array) -> tuple[tuple[int, int], int] | None:
    """Of which array of its trace this is a row, and which one."""
    if a.scope is None:
        return None
    op, *args = a.scope.entries[a.index]
    if type(op) is not Slice or any(p is not None for p in op.places[1:]):
        return None
    first = op.places[0]
    whole = len(a.scope.types(args[0]).shape) == len(op.places)
    return ((id(a.scope), args[0]), first) if whole and isinstance(first, int) else None


def _joined(a: Array, start: int, n: int) -> Array:
    """a with a first axis; n rows, if it is the first of so many."""
    if n == 1:
        return reshape_to(a, (1, *a.shape))
    assert a.scope is not None
    _, i = a.scope.entries[a.index]
    x = Array(a.scope, i, a.scope.values[i])
    return bind(Slice(((start, start + n, 1), *(None,) * len(a.shape))), x)
