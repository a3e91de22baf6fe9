"""Numbers of Python's in a loop: whole ones have no end, and 1 / 0 is an error, not infinity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import Array, lift
from ..graph import Constant, Graph
from ..walk import apply

Span = tuple[int, int]


def fits(graph: Graph, counters: dict[int, range]) -> bool:
    """Whether all that is computed of counters and of constants alone fits into 64 bits.

    Counters are inputs, by their numbers. What is made by other functions than those below may not
    fit.
    """
    limits = np.iinfo(np.int64)
    known: dict[int, Span | None] = {
        i: (min(x[0], x[-1]), max(x[0], x[-1])) for i, x in counters.items()
    }
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


def as_python(graph: Graph, counters: dict[int, range], own: set[int]) -> bool:
    """Whether Python computes the same as NumPy, of numbers that are Python's own.

    What depends on counters alone is computed here for all rounds: where it is not finite, Python
    raises an error or goes on with complex numbers. `own` are the states that are numbers of
    Python's: functions of those that may do so count as if they did.
    """
    known: Any = {i: lift(np.array(x)) for i, x in counters.items()}
    own = set(own)
    for i, node in graph.body():
        if type(node.op) is Constant:
            known[i] = lift(node.op.value())
        elif type(node.type) is tuple or node.type.shape:
            continue
        elif node.type.dtype.kind == "b" and node.op.name in OF_BITS:
            return False  # True + True is 2, and ~True is -2
        elif all(a in known for a in node.args) and node.op.kind == "element":
            with np.errstate(all="ignore"):
                known[i] = apply(node, known, None)
            if not np.all(np.isfinite(known[i].raw)):
                return False
        elif node.args and all(a in known or a in own for a in node.args):
            if node.op.name not in FINITE and not _harmless(node, known):
                return False
            own.add(i)
    return True


def decided(graph: Graph, counters: dict[int, range]) -> np.ndarray | None:
    """The values of the result, a number made of counters and constants alone, in all rounds.

    None where Python may say something else, or if the result is made of anything else.
    """
    if not fits(graph, counters) or not as_python(graph, counters, set()):
        return None
    known: Any = {i: lift(np.array(x)) for i, x in counters.items()}
    with np.errstate(all="ignore"):
        for i, node in graph.body():
            if type(node.op) is Constant:
                known[i] = lift(node.op.value())
            elif node.op.kind == "element" and all(a in known for a in node.args):
                known[i] = apply(node, known, None)
    (result,) = graph.outputs
    rounds = len(next(iter(counters.values())))
    return np.broadcast_to(known[result].raw, (rounds,)) if result in known else None


OF_BITS = {"add", "invert", "logical_not"}
FINITE = {
    "add", "subtract", "multiply", "negative", "positive", "absolute", "sin", "cos", "tanh", "atan",
    "arctan", "exp", "Cast", "copy", "minimum", "maximum", "square", "sign", "conjugate", "real",
    "imag", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "where",
    "select", "floor", "ceil", "rint", "trunc",
}  # fmt: skip


def _harmless(node: Any, known: dict[int, Array]) -> bool:
    """Whether this is x / c, or x to the power of a whole number c."""
    second = known.get(node.args[-1])
    if len(node.args) != 2 or second is None:
        return False
    values = np.asarray(second.raw)
    if node.op.name == "divide":
        return bool(np.all(values != 0))
    return node.op.name == "power" and bool(np.all((values >= 0) & (values % 1 == 0)))


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
