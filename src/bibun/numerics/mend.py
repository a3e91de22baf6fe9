"""Mend: the equation that an operation in trouble is part of, as code to paste."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Position
from ..graph import Constant, Graph, Type
from ..notation import ATOM, FACTOR, LOOSE, PRODUCT, SUM, Text
from ..ops.norms import Norm
from ..recording import Trace, building
from ..rewrite import STABILISE, Pattern, Rule
from ..rewrite.advice import advice
from ..rewrite.engine import SPREAD, match
from ..tracing.functional import Recorded
from .code import ALONG, WRITTEN, UnwrittenError
from .words import spelled

FORMS = {k: WRITTEN[k] for k in ("subtract", "divide", "negative", "sigmoid", "sech")} | {
    "add": ("{:sum} + {:sum}", SUM),
    "multiply": ("{:product} * {:product}", PRODUCT),
}
"""As everywhere, but for sums and products of several terms, which people write without brackets.

All else is a function of np."""


class Edit(NamedTuple):
    """What to write instead of what, and where.

    `definition` is what to paste above: a function with a gradient of its own, which `new` calls;
    empty where none is needed. It may use the modules np, math, bibun and scipy.special.
    """

    new: str
    old: str
    position: Position
    definition: str = ""

    def __str__(self) -> str:
        place = f"{Path(self.position.file).name}:{self.position.line}"
        line = f"write `{self.new}` for `{self.old}` ({place})"
        return f"{line}, with\n\n{self.definition}" if self.definition else line


class Mended(NamedTuple):
    """An edit, and the equation that it comes from, with the entry at its root."""

    edit: Edit
    rule: Rule
    entry: int


def mend(recorded: Recorded, entry: int) -> Mended | None:
    """The largest equation of which an entry of the user's program is part; None without one."""
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    if entry not in order:
        return None
    found: list[tuple[int, Mended]] = []
    with building() as trace:
        numbers = again(graph, trace)
        home = {k: order[i] for i, k in enumerate(numbers)}
        for root in numbers[graph.arity :]:
            for rule, holes in _matches(trace, root):
                inner = _between(trace, root, {v for v in holes.values() if type(v) is int})
                if entry not in [home.get(k) for k in inner]:
                    continue
                edit = _edit(recorded, trace, root, rule, holes, inner, home)
                if edit is not None:
                    found.append((len(inner), Mended(edit, rule, home[root])))
    return max(found, key=lambda f: f[0])[1] if found else None


def again(graph: Graph, trace: Trace) -> list[int]:
    """The nodes of a graph as entries of a trace, in which rules see constants."""
    numbers = [trace.input(t) for t in graph.input_types]
    for _, n in graph.body():
        args = [numbers[a] for a in n.args]
        op = n.op
        if isinstance(op, Constant):
            numbers.append(trace.constant(op))
        else:
            numbers.append(trace.add((op, *args), n.type))
    return numbers


def _matches(trace: Trace, root: int) -> Iterator[tuple[Rule, dict[str, Any]]]:
    of = trace.types(root)
    if not isinstance(of, Type) or of.dtype.kind != "f":
        return
    for rule in (*STABILISE.all, *advice):
        if rule.condition is None and isinstance(rule.right, Pattern) and rule.right.op:
            for holes in match(trace, rule.left, root, {}):
                yield rule, holes


def _between(trace: Trace, root: int, ends: set[int]) -> list[int]:
    """The entries from the root down to the holes."""
    found, stack = [], [root]
    while stack:
        i = stack.pop()
        if i not in ends and i not in found:
            found.append(i)
            stack += trace.entries[i][1:]
    return found


def _edit(
    recorded: Recorded,
    trace: Trace,
    root: int,
    rule: Rule,
    holes: dict[str, Any],
    inner: list[int],
    home: dict[int, int],
) -> Edit | None:
    at = recorded.trace.position(home[root])
    texts = {}
    for name, h in holes.items():
        if type(h) is int:
            text = spelled(_takers(recorded, trace, h, inner, home), at)
            if text is None:
                return None
            texts[name] = Text(text, _strength(text))
    try:
        types = {k: trace.types(v) for k, v in holes.items() if type(v) is int}
        new = _code(rule.right, texts, holes, types).text
    except UnwrittenError:
        return None
    return Edit(new, at.expression, at) if at.expression else None


def _takers(
    recorded: Recorded, trace: Trace, hole: int, inner: list[int], home: dict[int, int]
) -> Iterator[tuple[Position, int]]:
    """Where the operations stand that take a hole, and as which operand."""
    for i in inner:
        for k, a in enumerate(trace.entries[i][1:]):
            while a != hole and type(trace.entries[a][0]) in SPREAD:
                a = trace.entries[a][1]
            if a == hole and i in home:
                yield recorded.trace.position(home[i]), k


def _strength(text: str) -> int:
    """How strongly an expression of the user's holds together."""
    tree = ast.parse(text, mode="eval").body
    if isinstance(tree, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.Constant):
        return ATOM
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        return SUM
    product = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.Div)
    return PRODUCT if product else LOOSE


def _code(p: Any, texts: dict, holes: dict, types: dict) -> Text:
    """A pattern as NumPy code."""
    if not isinstance(p, Pattern):
        return Text(repr(p), ATOM if p >= 0 else FACTOR)
    if p.op is None:
        return texts[p.name]
    args = [_code(a, texts, holes, types) for a in p.args]
    if p.name in FORMS:
        form, strength = FORMS[p.name]
        return Text(form.format(*args), strength)
    if p.op in ALONG:
        return Text(f"{ALONG[p.op]}({args[0].text}{_axis(p, holes, types)})", ATOM)
    if p.fields:
        raise UnwrittenError
    return Text(f"np.{p.name}({', '.join(a.text for a in args)})", ATOM)


def _axis(p: Pattern, holes: dict, types: dict) -> str:
    """The argument that names the axes, if these are not all."""
    axes = p.fields["axes"]
    axes = holes[axes.name] if isinstance(axes, Pattern) else axes
    of = p.args[0]
    if of.op is not None:
        raise UnwrittenError
    rank = len(types[of.name].shape)
    if len(axes) == rank and (rank == 1 or p.op is not Norm):
        return ""
    return f", axis={axes[0] if len(axes) == 1 else axes}"
