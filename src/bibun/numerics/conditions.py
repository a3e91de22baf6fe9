"""Conditions: by how much each operation of a function can enlarge relative errors."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..array import bind
from ..derivative.blame import operands_at
from ..errors import NotDifferentiableError, Position
from ..graph import Constant, Item, Node, Type
from ..program import run
from ..tracing.functional import Recorded
from .region import program, with_pull


class Condition(NamedTuple):
    """The condition number of an operation where it is worst, its operands there, and its line."""

    operation: str
    number: float
    operands: tuple[Any, ...]
    place: tuple[int, ...]
    position: Position

    def __str__(self) -> str:
        of = ", ".join(str(x) for x in self.operands)
        return f"{self.operation} at {of} has the condition {self.number:.2g} ({self.position})"


def conditions(recorded: Recorded) -> list[Condition]:
    """Those of all operations on elements, and along axes, of real floats; the worst first.

    sum_k |x_k dy/dx_k| / |y| (Higham, Accuracy and stability of numerical algorithms, 2002, section
    1.6), at the numbers that floats give.
    """
    ran = program(recorded)
    found = []
    for i, n in ran.graph.body():
        args = [ran.values[a] for a in n.args]
        if isinstance(n.op, Constant | Item) or not _known(n, args):
            continue
        try:
            numbers = _numbers(n, args)
        except (NotDifferentiableError, TypeError, ValueError):  # SciPy knows no derivative
            continue
        if numbers.size and not np.isnan(numbers).all():
            place = np.unravel_index(int(np.nanargmax(numbers)), numbers.shape)
            at = tuple(int(k) for k in place)
            operands = operands_at(args, at, numbers.shape)
            worst = float(numbers[place])
            found.append(Condition(n.op.name, worst, operands, at, ran.position(i)))
    return sorted(found, key=lambda c: -c.number)


def _known(n: Node, args: list[np.ndarray]) -> bool:
    """Whether entries of the result depend on entries that are known one by one."""
    if not isinstance(n.type, Type) or n.type.dtype.kind != "f" or not args:
        return False
    along = n.op.kind == "reduce" and hasattr(n.op, "axes") and len(args) == 1
    floats = all(a.dtype.kind == "f" for a in args)
    return floats and (along or (n.op.kind == "element" and not n.op.decreed))


def _numbers(n: Node, args: list[np.ndarray]) -> np.ndarray:
    """The condition of each entry."""
    types = [Type(a.dtype, a.shape) for a in args]
    with np.errstate(all="ignore"):
        y, *slopes = run(with_pull(partial(bind, n.op), types, True), args)
        parts = [np.abs(np.asarray(a) * np.asarray(s)) for a, s in zip(args, slopes, strict=True)]
        if n.op.kind == "reduce":
            parts = [np.sum(parts[0], axis=n.op.axes)]  # type: ignore[attr-defined]
        return np.asarray(sum(parts[1:], parts[0]) / np.abs(y))
