"""Equations as rewrite rules: both sides are NumPy expressions over the rule's parameters."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..array import Array, bind, enter
from ..graph import Constant, Graph, Node, Op, Type
from ..ops.elementwise import TABLE, Elementwise
from ..ops.structure import Expand, Reshape, expand_to
from ..recording import Trace, building

Holes = dict[str, Any]
SPREAD = {Expand, Reshape}  # what leaves an array of one number an array of that number
FILLED = {Constant, *SPREAD}


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
    """The expression p with values in its holes; numbers take the dtype of their neighbours."""
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
    zero included; "not complex" means the same for all but complex numbers; "real" means for real
    numbers, up to rounding (it fires on real dtypes only).
    """

    left: Pattern
    right: Any
    holds: str
    condition: Callable[..., bool] | None = None

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"

    def __call__(self, trace: Trace, root: int) -> int | None:
        """The entry of the right side, if entry `root` of the trace looks like the left side."""
        of = trace.types(root)
        kind = of.dtype.kind
        if (self.holds == "real" and kind != "f") or (self.holds == "not complex" and kind == "c"):
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

    def may_fit(self, heads: tuple) -> bool:
        """Whether the arguments of the root look right from outside."""
        return _look_like(self.left.args, heads) or (
            self.commutes and _look_like(self.left.args, heads[::-1])
        )

    @cached_property
    def commutes(self) -> bool:
        """Whether the arguments at the root may also stand the other way round."""
        return getattr(self.left.op, "commutative", False)


def _look_like(patterns: tuple, heads: tuple) -> bool:
    for p, (kind, number) in zip(patterns, heads, strict=False):
        if type(p) is not Pattern:
            if number != p:
                return False
        elif p.op is not None and p.op is not kind:
            return False
    return True


def _kind(op: Op) -> Any:
    """What rules know of an operation: its class, or the row of the table that it is."""
    return op if type(op) is Elementwise else type(op)


def _array(trace: Trace, i: int) -> Array:
    return Array(trace, i, trace.values[i])


def _only(holes: Holes, condition: Callable) -> Holes:
    return {k: holes[k] for k in _names(condition)}


def _names(f: Callable) -> list[str]:
    return list(inspect.signature(f).parameters)


def equations(holds: str) -> Callable[[Callable], list[Rule]]:
    """Collect the equations that a function yields; its parameters are the holes."""

    def collect(written: Callable) -> list[Rule]:
        holes = map(Pattern, _names(written))
        return [Rule(left, right, holds, *more) for left, right, *more in written(*holes)]

    return collect


def number(trace: Trace, i: int) -> Any:
    """The number that fills entry i, or None."""
    entry = trace.entries[i]
    while type(entry[0]) in SPREAD:
        entry = trace.entries[entry[1]]
    op = entry[0]
    return op.value().item() if type(op) is Constant and op.shape == () else None


def is_number(trace: Trace, i: int, p: Any) -> bool:
    """Whether entry i is filled with this number; 0 is not -0.0, since x - -0.0 is not always x."""
    value = number(trace, i)
    return value is not None and value == p and (p != 0 or not _has_minus(value))


def _has_minus(zero: Any) -> bool:
    """Whether a zero, or a part of a complex one, has the sign -."""
    return bool(np.signbit([zero.real, zero.imag]).any())


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
    """A set of rules, found by the operation at the root of their left side and its arguments."""

    def __init__(self, *lists: list[Rule]):
        self.all = [r for rules in lists for r in rules]
        self.by_root: dict[Any, list[Rule]] = defaultdict(list)
        for r in self.all:
            self.by_root[r.left.op].append(r)
        self.numbers = {p for r in self.all for p in r.left.args if type(p) is not Pattern}
        self.by_heads: dict[tuple, list[Rule]] = {}

    def apply(self, trace: Trace, i: int) -> int:
        """The entry that stands for entry i after rewriting it until no rule fits."""
        for _ in range(100):  # a chain of a hundred rules on one node is a cycle
            better = None
            for rule in self._fitting(trace, trace.entries[i]):
                better = rule(trace, i)
                if better is not None and better != i:
                    break
            else:
                return i
            i = better
        raise RuntimeError(f"the rewrite rules run in a circle at {trace.entries[i][0]}")

    def _fitting(self, trace: Trace, entry: tuple) -> Sequence[Rule]:
        """The rules that may fit an entry. They are looked up: a graph has few kinds of places."""
        root = _kind(entry[0])
        if root not in self.by_root:
            return ()
        heads = tuple([self._head(trace, a) for a in entry[1:]])
        found = self.by_heads.get((root, heads))
        if found is None:
            found = [r for r in self.by_root[root] if r.may_fit(heads)]
            self.by_heads[root, heads] = found
        return found

    def _head(self, trace: Trace, i: int) -> tuple:
        """An entry from outside: its kind, and the number that fills it if a rule asks for it."""
        kind = _kind(trace.entries[i][0])
        if kind not in FILLED:
            return kind, None
        value = number(trace, i)
        return kind, (value if value in self.numbers else None)


def rewrite(graph: Graph, rules: Rules, exact: bool = False) -> tuple[Graph, list[int | None]]:
    """The graph with rules applied bottom-up, and each node's old node of the same value."""
    new, same, _ = rewritten(graph, rules, exact)
    return new, same


def rewritten(
    graph: Graph, rules: Rules, exact: bool = False
) -> tuple[Graph, list[int | None], list[int]]:
    """The same, and the old node for which each was made.

    Operations on constants alone become constants; with `exact` only where nothing is rounded.

    A node has no old one (None) if a rule made it, or it depends on such a node.
    """
    with building() as trace:
        numbers = [trace.input(t) for t in graph.input_types]
        origin: dict[int, int] = {k: i for i, k in enumerate(numbers)}
        for i, n in graph.body():
            trace.come_from(i)
            args = [numbers[a] for a in n.args]
            y = _entry(trace, n, args, exact)
            if tuple(map(origin.get, args)) == n.args:
                origin.setdefault(y, i)
            numbers.append(rules.apply(trace, y) if type(n.type) is Type else y)
        new, order = trace.close(numbers[: graph.arity], [numbers[o] for o in graph.outputs])
    return new, [origin.get(i) for i in order], [trace.positions[i][1] for i in order]


def _entry(trace: Trace, n: Node, args: list[int], exact: bool) -> int:
    """The entry of a node with these arguments; a constant, if all of them are."""
    if isinstance(n.op, Constant):
        return trace.constant(n.op)
    if type(n.op) is Elementwise:
        ops = [trace.entries[i][0] for i in args]
        if all([type(op) is Constant and op.shape == () for op in ops]):
            folded = _folded(n.op, ops)
            if not exact or _is_exact(n.op, ops, folded):
                return trace.constant(folded)
    # Rules keep types, so that nothing has to be inferred again.
    return trace.add((n.op, *args), n.type)


def _folded(op: Elementwise, args: list[Any]) -> Constant:
    with np.errstate(all="ignore"):
        value = np.asarray(op.value(*(a.value() for a in args)))
    return Constant(value.dtype, value.tobytes())


def _is_exact(op: Elementwise, args: list[Any], folded: Constant) -> bool:
    """Whether nothing was rounded: numbers of more digits give the same."""
    if folded.dtype.kind != "f":
        return True
    with np.errstate(all="ignore"):
        try:
            wide = op.value(*(a.value().astype(np.longdouble) for a in args))
        except TypeError:  # SciPy's functions end at double precision
            return False
    return bool(wide == folded.value() or np.isnan(wide))


__all__ = [
    "Pattern",
    "Rule",
    "Rules",
    "equations",
    "fill",
    "match",
    "pattern",
    "rewrite",
    "rewritten",
]
