"""Donated arguments: memory that is set aside so that a step and the next one take turns in it.

A result is always new memory, so a step that fails leaves what it was given as it was. The memory
of an array that dies is kept for the next result of its size, as long as the runtime keeps no more
than its limit: donated arrays come on top of that.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any
from weakref import finalize

from ..graph import Type
from ..tracing.containers import flatten
from .arguments import Call, Chosen
from .structure import Leaf, described, leaves, numbers


def reserve(made: Any, call: Call, donated: Chosen, extension: Any) -> None:
    """Set memory aside for what is donated, as long as the code that was made lives."""
    if extension is None or not (donated.names or donated.numbers):
        return
    args, named = call.place(leaves(len(call.values)))
    trees = [a for k, a in enumerate(args) if k in donated.numbers]
    trees += [a for name, a in named.items() if name in donated.names]
    fixed = {id(x) for x in call.fixed}
    given = [call.values[k] for t in trees for k in _arrays(t, fixed)]
    results = made.captured.output_types[: made.captured.count]
    both = Counter(Type(x.dtype, x.shape) for x in given) & Counter(results)
    # Two sets take turns, and a block may be a quarter larger than what lies in it.
    size = sum(n * t.dtype.itemsize * prod(t.shape) for t, n in both.items()) * 5 // 2
    extension.reserve(size)
    finalize(made, extension.reserve, -size).atexit = False


def _arrays(tree: Any, fixed: set[int]) -> list[int]:
    """The numbers of the arrays in an argument; Python's own containers need no library."""
    known = described(tree, fixed)
    if known is not None:
        return numbers(known)
    return [x.number for x in flatten(tree)[0] if type(x) is Leaf]
