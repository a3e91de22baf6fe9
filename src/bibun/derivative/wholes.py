"""Whole numbers of a loop's counter: Python's have no end, those of compiled code do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Constant, Graph

Span = tuple[int, int]


def fits(graph: Graph, counters: dict[int, Span]) -> bool:
    """Whether all that is computed of counters and of constants alone fits into 64 bits.

    Counters are inputs, by their numbers. What is made by other functions than those below may not
    fit.
    """
    limits = np.iinfo(np.int64)
    known: dict[int, Span | None] = {**counters}
    for i, node in enumerate(graph.nodes):
        if i in known or i < graph.arity:
            continue
        if type(node.op) is Constant:
            known[i] = _of_constant(node.op)
            continue
        spans = [known.get(a) for a in node.args]
        if not spans or None in spans or not _is_whole(node.type):
            continue
        rule = RULES.get(node.op.name)
        found = None if rule is None else rule(*spans)
        if found is None or found[0] < limits.min or found[1] > limits.max:
            return False
        known[i] = found
    return True


def _is_whole(kind: Any) -> bool:
    return type(kind) is not tuple and kind.dtype.kind in "iu"


def _of_constant(op: Constant) -> Span | None:
    value = op.value()
    if value.dtype.kind not in "biu" or not value.size:
        return None
    return int(value.min()), int(value.max())


def _corners(f: Callable[[int, int], int]) -> Callable[[Span, Span], Span]:
    """The span of a function that is monotonic in both arguments."""

    def rule(a: Span, b: Span) -> Span:
        values = [f(x, y) for x in a for y in b]
        return min(values), max(values)

    return rule


def _power(a: Span, b: Span) -> Span | None:
    if b[0] < 0 or b[1] > 64:
        return None
    most = max(abs(a[0]), abs(a[1])) ** b[1]
    return -most, max(most, 1)


def _by_positive(a: Span, b: Span) -> Span | None:
    return (min(a[0], 0), max(a[1], 0)) if b[0] > 0 else None


RULES: dict[str, Callable[..., Span | None]] = {
    "add": _corners(lambda x, y: x + y),
    "subtract": _corners(lambda x, y: x - y),
    "multiply": _corners(lambda x, y: x * y),
    "minimum": _corners(min),
    "maximum": _corners(max),
    "negative": lambda a: (-a[1], -a[0]),
    "absolute": lambda a: (min(abs(a[0]), abs(a[1])), max(abs(a[0]), abs(a[1]))),
    "square": lambda a: (0, max(a[0] ** 2, a[1] ** 2)),
    "power": _power,
    "floor_divide": _by_positive,
    "remainder": lambda a, b: (0, b[1] - 1) if b[0] > 0 else None,
    "Cast": lambda a: a,
}
