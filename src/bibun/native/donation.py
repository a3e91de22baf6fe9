"""Donated arguments: memory that is set aside so that a step and the next one take turns in it.

A result is always new memory, so a step that fails leaves what it was given as it was. The memory
of an array that dies is kept for the next result of its size, as long as the runtime keeps no more
than its limit: donated arrays come on top of that. With `in_place=True` results come in the memory
of the arguments that they replace.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from importlib import import_module
from itertools import repeat
from math import prod
from operator import setitem
from typing import Any
from weakref import finalize

import numpy as np

from ..graph import Type
from ..tracing.containers import NAMESPACE, flatten
from .arguments import Call, Chosen
from .capture import Way
from .structure import Leaf, described, leaves, numbers


def reserve(made: Any, call: Call, donated: Chosen, extension: Any) -> None:
    """Set memory aside for what is donated, as long as the code that was made lives."""
    if extension is None or not (donated.names or donated.numbers):
        return
    fixed = {id(x) for x in call.fixed}
    given = [call.values[k] for t in trees(call, donated) for k in _arrays(t, fixed)]
    results = made.captured.output_types[: made.captured.count]
    both = Counter(Type(x.dtype, x.shape) for x in given) & Counter(results)
    # Two sets take turns, and a block may be a quarter larger than what lies in it.
    size = sum(n * t.dtype.itemsize * prod(t.shape) for t, n in both.items()) * 5 // 2
    extension.reserve(size)
    finalize(made, extension.reserve, -size).atexit = False


def trees(call: Call, donated: Chosen) -> list[Any]:
    """The donated arguments, with marks for their arrays."""
    args, named = call.place(leaves(len(call.values)))
    found = [a for k, a in enumerate(args) if k in donated.numbers]
    return found + [a for name, a in named.items() if name in donated.names]


def _arrays(tree: Any, fixed: set[int]) -> list[int]:
    """The numbers of the arrays in an argument; Python's own containers need no library."""
    known = described(tree, fixed)
    return _numbers(tree) if known is None else numbers(known)


def _numbers(tree: Any) -> list[int]:
    """The same, in whatever containers."""
    return [x.number for x in flatten(tree)[0] if type(x) is Leaf]


# ------------------------------------------------------------ in place


def replaced(name: str, way: Way, call: Call, donated: Chosen) -> list[tuple[int, int]]:
    """Which array of the result replaces which array of the arguments, by their numbers.

    A donated argument is replaced by the result, or the first element of it, if it is a tuple or
    list, that has its structure and its types, and has not replaced another one.
    """
    result = way.results(leaves(way.count))
    parts = [result, *(result if type(result) in (tuple, list) else ())]
    found: list[tuple[int, int]] = []
    for tree in trees(call, donated):
        pairs = next((p for part in parts if (p := _pairs(part, tree, way)) is not None), None)
        if pairs is None:
            types = ", ".join(str(way.types[j]) for j in _numbers(tree))
            raise TypeError(
                f"{name}: in_place: no result has the structure and the types of a donated "
                f"argument ({types}): return what replaces it, or do not donate it"
            )
        taken = {k for k, _ in pairs}
        parts = [part for part in parts if not taken & set(_numbers(part))]
        found += pairs
    return found


def _pairs(part: Any, tree: Any, way: Way) -> list[tuple[int, int]] | None:
    """The arrays of a result and those of an argument, if both are alike."""
    if _structure(part) != _structure(tree):
        return None
    found = list(zip(_numbers(part), _numbers(tree), strict=True))
    return found if all(way.output_types[k] == way.types[j] for k, j in found) else None


def _structure(tree: Any) -> Any:
    """How a tree of marks is built, and where the marks are."""
    if type(tree) is Leaf:
        return Leaf
    flatten(tree)  # registers the user's classes
    optree = import_module("optree")
    found, structure = optree.tree_flatten(tree, none_is_leaf=True, namespace=NAMESPACE)
    return structure, [type(x) is Leaf for x in found]


def written(name: str, way: Way, call: Call, arrays: Sequence[Any]) -> list[Any]:
    """The arrays of a result, of which some are copied to the arguments that they replace."""
    chosen = {k: j for k, j in way.replaced if not isinstance(call.given[j], np.generic)}
    targets = [call.given[j] for j in chosen.values()]
    for x in targets:
        _check(name, x)
    _check_apart(name, set(chosen.values()), [*call.values, *way.met()])
    new = [arrays[k] for k in chosen]
    new = [np.array(y) if any(np.may_share_memory(x, y) for x in targets) else y for y in new]
    # Without a step of Python's in between, where Ctrl-C would leave one half old and one new.
    deque(map(setitem, targets, repeat(...), new), maxlen=0)
    return [call.given[chosen[k]] if k in chosen else y for k, y in enumerate(arrays)]


def _check(name: str, x: Any) -> None:
    """An error for what cannot be written to."""
    if type(x) is not np.ndarray or not x.dtype.isnative:
        kind = f"array of {x.dtype}" if type(x) is np.ndarray else type(x).__name__
        raise TypeError(
            f"{name}: in_place: a donated argument is no plain array, but of the type {kind}: give "
            "the numbers as an array, or leave in_place out"
        )
    if not x.flags.writeable:
        raise ValueError(
            f"{name}: in_place: a donated argument is read-only: give x.copy(), or leave in_place "
            "out"
        )


def _check_apart(name: str, written: set[int], arrays: Sequence[np.ndarray]) -> None:
    """An error where something that is written shares memory with anything else that is given."""
    for j in written:
        for i, other in enumerate(arrays):
            near = i != j and np.may_share_memory(arrays[j], other)
            if near and np.shares_memory(arrays[j], other):
                raise ValueError(
                    f"{name}: in_place: a donated argument shares memory with another one: give "
                    "x.copy() of one, or leave in_place out"
                )
