"""Equations as rewrite rules: both sides are NumPy expressions over the rule's parameters."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..array import Array, bind, enter
from ..graph import Constant, Graph, Op, Type
from ..ops.elementwise import TABLE, Elementwise
from ..ops.structure import Expand, Reshape, expand_to
from ..recording import Trace, building

Holes = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Pattern(NDArrayOperatorsMixin):
    """A hole (op is None) or an operation on patterns.

    `op` is an operation, or a class of operations whose fields are given by `fields`: values, or
    holes of their own.
    """

    name: str
    op: Any = None
    args: tuple = ()
    fields: dict[str, Any] = field(default_factory=dict)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any) -> Pattern:
        return Pattern(ufunc.__name__, TABLE[ufunc.__name__], args)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})" if self.op else self.name


def pattern(kind: type[Op], *args: Any, **fields: Any) -> Pattern:
    """An operation with fields, for rules: pattern(Sum, x, axes=axes)."""
    return Pattern(kind.__name__.lower(), kind, args, fields)


def fill(p: Any, holes: Holes, like: Array | None = None) -> Any:
    """The expression p with values in its holes; numbers take the dtype of the array they stand
    beside.
    """
    if not isinstance(p, Pattern):
        return p
    if p.op is None:
        return holes[p.name]
    args = [fill(a, holes) for a in p.args]
    if isinstance(p.op, Op):
        return p.op(*args)  # type: ignore[operator]
    fields = {k: holes[v.name] if isinstance(v, Pattern) else v for k, v in p.fields.items()}
    return bind(p.op(**fields), *args)


@dataclass(frozen=True, eq=False)
class Rule:
    """An equation read from left to right.

    `holds` says how far it may be trusted: "always" means bit for bit, nan, infinities and signs of
    zero included; "real" means for real numbers, up to rounding (it fires on real dtypes only).
    """

    left: Pattern
    right: Any
    holds: str
    condition: Callable[..., bool] | None = None

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"

    def __call__(self, trace: Trace, root: int) -> int | None:
        """The entry of the right side, if entry `root` of the trace looks like the left side."""
        if not self._may_fit(trace, root):
            return None
        of = trace.types(root)
        if self.holds == "real" and of.dtype.kind != "f":
            return None
        for holes in match(trace, self.left, root, {}):
            filled = {k: _array(trace, v) if type(v) is int else v for k, v in holes.items()}
            if self.condition and not self.condition(**_only(filled, self.condition)):
                continue
            y = fill(self.right, filled)
            if not isinstance(y, Array):
                y = Array(trace, trace.scalar(y, of.dtype), of._replace(shape=()))
            y = expand_to(y, of.shape)
            if (y.dtype, y.shape) != of:
                raise TypeError(
                    f"the rule {self} changes the type: {of} to {y.dtype}{list(y.shape)}"
                )
            return enter(trace, y)
        return None

    def _may_fit(self, trace: Trace, root: int) -> bool:
        """A quick look at the arguments, which sends most nodes away."""
        args = trace.entries[root][1:]
        return self._looks_like(trace, args) or (
            self.commutes and self._looks_like(trace, args[::-1])
        )

    def _looks_like(self, trace: Trace, args: tuple) -> bool:
        for p, i in zip(self.left.args, args, strict=False):
            if type(p) is not Pattern:
                if not is_number(trace, i, p):
                    return False
            elif p.op is not None:
                op = trace.entries[i][0]
                if op is not p.op and type(op) is not p.op:
                    return False
        return True

    @cached_property
    def commutes(self) -> bool:
        """Whether the arguments at the root may also stand the other way round."""
        return getattr(self.left.op, "commutative", False)


def _array(trace: Trace, i: int) -> Array:
    return Array(trace, i, trace.values[i])


def _only(holes: Holes, condition: Callable) -> Holes:
    return {k: holes[k] for k in _names(condition)}


def _names(f: Callable) -> list[str]:
    return list(inspect.signature(f).parameters)


def rules(holds: str) -> Callable[[Callable], list[Rule]]:
    """Collect the equations that a function yields; its parameters are the holes."""

    def collect(equations: Callable) -> list[Rule]:
        holes = map(Pattern, _names(equations))
        return [
            Rule(left, right, holds, *condition) for left, right, *condition in equations(*holes)
        ]

    return collect


def number(trace: Trace, i: int) -> Any:
    """The number that fills entry i, or None."""
    entry = trace.entries[i]
    while type(entry[0]) is Expand or type(entry[0]) is Reshape:
        entry = trace.entries[entry[1]]
    op = entry[0]
    return op.value().item() if type(op) is Constant and op.shape == () else None


def is_number(trace: Trace, i: int, p: Any) -> bool:
    """Whether entry i is filled with this number: 0 is not -0.0, for which x - 0 = x does not
    hold.
    """
    value = number(trace, i)
    return value is not None and value == p and (p != 0 or not np.signbit(value))


def match(trace: Trace, p: Any, i: int, holes: Holes) -> Iterator[Holes]:
    """Every way to fill the holes of p so that it equals entry i."""
    if not isinstance(p, Pattern):
        if is_number(trace, i, p):
            yield holes
        return
    if p.op is None:
        if holes.get(p.name, i) == i:
            yield {**holes, p.name: i}
        return
    op, *args = trace.entries[i]
    if len(args) != len(p.args):
        return
    if isinstance(p.op, Op):
        if op is p.op:
            yield from _match_all(trace, p.args, args, holes)
            if getattr(op, "commutative", False):
                yield from _match_all(trace, p.args, args[::-1], holes)
    elif type(op) is p.op:
        found = _match_fields(p.fields, op, holes)
        if found is not None:
            yield from _match_all(trace, p.args, args, found)


def _match_fields(fields: dict[str, Any], op: Op, holes: Holes) -> Holes | None:
    for name, wanted in fields.items():
        value = getattr(op, name)
        if isinstance(wanted, Pattern):
            if holes.get(wanted.name, value) != value:
                return None
            holes = {**holes, wanted.name: value}
        elif value != wanted:
            return None
    return holes


def _match_all(trace: Trace, ps: tuple, args: list[int], holes: Holes) -> Iterator[Holes]:
    if not ps:
        yield holes
        return
    for h in match(trace, ps[0], args[0], holes):
        yield from _match_all(trace, ps[1:], args[1:], h)


class Rules:
    """A set of rules, found by the operation at the root of their left side."""

    def __init__(self, *lists: list[Rule]):
        self.all = [r for rules in lists for r in rules]
        self.by_root: dict[Any, list[Rule]] = defaultdict(list)
        for r in self.all:
            self.by_root[r.left.op].append(r)

    def apply(self, trace: Trace, i: int) -> int:
        """The entry that stands for entry i after rewriting it until no rule fits."""
        for _ in range(100):  # a chain of a hundred rules on one node is a cycle
            op = trace.entries[i][0]
            fitting = self.by_root.get(op if isinstance(op, Elementwise) else type(op))
            if fitting is None:
                return i
            better = next((b for r in fitting if (b := r(trace, i)) is not None and b != i), None)
            if better is None:
                return i
            i = better
        raise RuntimeError(f"the rewrite rules run in a circle at {op}")


def rewrite(graph: Graph, rules: Rules) -> tuple[Graph, list[int | None]]:
    """The graph with rules applied bottom-up, and for each of its nodes the old node of the same
    value.

    A node has no old one (None) if a rule made it, or it depends on such a node.
    """
    with building() as trace:
        numbers = [trace.input(t) for t in graph.input_types]
        origin: dict[int, int] = {k: i for i, k in enumerate(numbers)}
        for i, n in graph.body():
            # Rules keep types, so that nothing has to be inferred again.
            key = (n.op, *[numbers[a] for a in n.args])
            y = _folded(trace, key)
            if y is None:
                y = trace.constant(n.op) if isinstance(n.op, Constant) else trace.add(key, n.type)
            if all(origin.get(numbers[a]) == a for a in n.args):
                origin.setdefault(y, i)
            numbers.append(rules.apply(trace, y) if type(n.type) is Type else y)
        new, order = trace.close(numbers[: graph.arity], [numbers[o] for o in graph.outputs])
    return new, [origin.get(i) for i in order]


def _folded(trace: Trace, key: tuple) -> int | None:
    """The constant that an operation on constants is, or None."""
    if not isinstance(key[0], Elementwise):
        return None
    ops = [trace.entries[i][0] for i in key[1:]]
    if any(type(op) is not Constant or op.shape != () for op in ops):
        return None
    with np.errstate(all="ignore"):
        value = np.asarray(key[0].value(*(op.value() for op in ops)))
    return trace.constant(Constant(value.dtype, value.tobytes()))


__all__ = ["Pattern", "Rule", "Rules", "fill", "match", "pattern", "rewrite", "rules"]
