"""Loops of Python's that may be traced as one round: what the source of their body proves.

A body is looked at before it runs. It may only bind local names and write into arrays that it has
made itself or that are carried along; all that it calls is looked at when it is called (calls.py).
So a round depends on its counter, on what is carried, and on what no round changes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from .marks import PLAIN, copied

# fmt: off
# Statements and expressions whose effect nobody can undo, or that leave the loop.
FORBIDDEN = (
    ast.Return, ast.Global, ast.Nonlocal, ast.Delete, ast.With, ast.AsyncWith, ast.AsyncFor,
    ast.Try, ast.TryStar, ast.ClassDef, ast.AsyncFunctionDef, ast.Match, ast.NamedExpr,
    ast.Await, ast.Yield, ast.YieldFrom, ast.Import, ast.ImportFrom, ast.FunctionDef,
)
# Keywords of calls that may write, or that are called.
KEYWORDS = {"out", "key", "copy", "overwrite_a", "overwrite_b", "overwrite_x", "initial_value"}
ARGUMENTS = {"dot": 2, "clip": 3, "cumsum": 3, "cumprod": 3, "nan_to_num": 1}  # more: they write
USING = {  # functions that go through what they are given
    "sum", "list", "tuple", "zip", "enumerate", "max", "min", "any", "all", "set", "dict",
    "frozenset", "fsum", "prod", "sumprod", "union", "intersection", "difference", "join",
}
LOOKING = {"eval", "exec", "locals", "vars"}  # at names that nobody sees in the source
PURE = {  # methods of containers and strings that change nothing
    "get", "keys", "values", "items", "index", "count", "format", "join", "split", "strip",
    "startswith", "endswith", "lower", "upper", "replace", "union", "intersection", "difference",
}
FRESH = {  # functions of NumPy that return a new array
    "zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "copy",
    "array", "eye", "identity", "arange", "linspace", "concatenate", "stack", "hstack", "vstack",
    "sin", "cos", "tan", "exp", "log", "sqrt", "tanh", "abs", "where", "maximum", "minimum",
    "dot", "matmul", "outer", "cross", "sum", "mean", "clip",
}
NUMPY = {"np", "numpy"}
SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# fmt: on


class Spec(NamedTuple):
    """What is known of a loop from its source."""

    carried: tuple[str, ...]  # names that a round reads before it binds them, or writes into
    written: tuple[str, ...]  # those of them that it may write into
    augmented: tuple[str, ...]  # those of them with x[i] += v
    collected: tuple[str, ...]  # lists that each round may append to, and does nothing else with
    last: bool  # whether what the last round leaves is read elsewhere


Loop = ast.For | ast.While


def spec_of(loop: Loop, function: ast.AST) -> Spec | None:
    """What is known of a loop, if one round may stand for all."""
    lists = _lists(loop)
    body = [_without_appends(s) for s in loop.body] if lists else loop.body
    if loop.orelse or not _is_plain(target_of(loop)) or not _pure(body, loop=True):
        return None
    targets, bound = set(names_in(target_of(loop))), bound_in(body)
    written, closures = _written(body), _closures(function, loop)
    if targets & written or not _own(function, bound.keys() | targets | written | lists):
        return None
    if lists & (targets | bound.keys() | written | _loads(body).keys() | closures):
        return None
    if not all(_is_fresh(value) for name in written for value in bound.get(name, ())):
        return None
    exposed = set(_loads([loop.test])) if isinstance(loop, ast.While) else set[str]()
    _expose(body, set(targets), exposed)
    carried = (exposed | closures) & (bound.keys() | written)
    if not carried and not lists:
        return None
    inside = _loads([loop])
    elsewhere = {n for n, count in _loads([function]).items() if count > inside.get(n, 0)}
    last = bool(elsewhere & ((bound.keys() - carried) | targets))
    nodes = (n for s in body for n in _parts(s) if isinstance(n, ast.AugAssign))
    augmented = {n for node in nodes for n in names_in(node.target)}
    parts = carried, carried & written, carried & augmented, lists
    carries, writes, augments, collects = (tuple(sorted(part)) for part in parts)
    return Spec(carries, writes, augments, collects, last)


def appended(node: ast.AST) -> tuple[ast.Name, ast.expr] | None:
    """The name and the value in a statement name.append(value)."""
    match node:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name() as name, "append"), [value], [])) if (
            not isinstance(value, ast.Starred)
        ):
            return name, value
    return None


def appends(loop: Loop) -> Iterator[tuple[ast.Expr, ast.Name]]:
    """The statements name.append(value) of the rounds of a loop, and of no loop in it."""
    waiting: list[ast.AST] = list(reversed(loop.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and (found := appended(node)):
            yield node, found[0]
        elif not isinstance(node, ast.For | ast.While | ast.expr):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _lists(loop: Loop) -> set[str]:
    return {name.id for _, name in appends(loop)}


class _WithoutAppends(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        found = appended(node)
        return node if found is None else ast.copy_location(ast.Expr(found[1]), node)

    def _kept(self, node: ast.AST) -> ast.AST:
        return node

    visit_For = visit_While = _kept


def _without_appends(statement: ast.stmt) -> ast.stmt:
    """A copy of a statement that makes what it appends, and does not append it."""
    return _WithoutAppends().visit(copied(statement))


def target_of(loop: Loop) -> ast.expr:
    """What a round binds first: nothing, in a while loop."""
    return loop.target if isinstance(loop, ast.For) else ast.Tuple([], ast.Store())


class Test(NamedTuple):
    """The condition of a while loop: a name that rounds change, and a bound that none does."""

    name: str
    operator: str
    bound: ast.expr


def test_of(loop: ast.While) -> Test | None:
    """The condition of a loop, if it is i < n, or the like."""
    match loop.test:
        case ast.Compare(ast.Name(name), [op], [bound]) if type(op) in MIRRORED:
            pass
        case ast.Compare(bound, [op], [ast.Name(name)]) if type(op) in MIRRORED:
            op = MIRRORED[type(op)]()
        case _:
            return None
    parts = set(map(type, ast.walk(bound)))
    plain = parts <= BOUNDS and all(
        isinstance(n.func, ast.Name) and n.func.id == "len"
        for n in ast.walk(bound)
        if isinstance(n, ast.Call)
    )
    changed = bound_in(loop.body).keys() | _written(loop.body) | _lists(loop)
    if not plain or changed & set(names_in(bound)):
        return None
    return Test(name, OPERATORS[type(op)], bound)


MIRRORED: dict[type, type] = {
    ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.NotEq: ast.NotEq,
}  # fmt: skip
OPERATORS: dict[type, str] = {
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.NotEq: "ne",
}  # fmt: skip
BOUNDS: set[type] = {
    ast.Name, ast.Load, ast.Constant, ast.Attribute, ast.Subscript, ast.UnaryOp, ast.USub,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Pow, ast.Call,
}  # fmt: skip


def _closures(function: ast.AST, loop: Loop) -> set[str]:
    """The names that functions around the loop may read in any of its rounds: g = lambda: y."""
    inside, scopes = set(ast.walk(loop)), (ast.FunctionDef, ast.Lambda, ast.GeneratorExp)
    found = [f for f in ast.walk(function) if isinstance(f, scopes) and f is not function]
    outer = (n for n in ast.walk(function) if isinstance(n, ast.For | ast.While) and n is not loop)
    if not any(loop in ast.walk(n) for n in outer):  # then those behind it are not there yet
        found = [f for f in found if f.lineno <= (loop.end_lineno or 0)]
    return {n for f in found if f not in inside for n in _loads([f])}


def is_pure(function: ast.FunctionDef | ast.Lambda) -> bool:
    """Whether calls of a function of the user's change nothing outside it."""
    if isinstance(function, ast.Lambda):
        return _pure([ast.Expr(function.body)])
    body = [s for s in function.body if not isinstance(s, ast.FunctionDef)]
    inner = [s for s in function.body if isinstance(s, ast.FunctionDef)]
    if not _pure(body, function=True) or not all(map(is_pure, inner)):
        return False
    bound, written = bound_in(body), _written(body)
    given = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    return all(
        name in bound and name not in given and all(map(_is_fresh, bound[name])) for name in written
    )


def _pure(body: Iterable[ast.AST], function: bool = False, loop: bool = False) -> bool:
    """Whether statements do nothing but bind names and write into arrays with names."""
    allowed = (ast.Return, ast.Import, ast.ImportFrom) if function else ()
    for node in (n for statement in body for n in ast.walk(statement)):
        if isinstance(node, FORBIDDEN) and not isinstance(node, allowed):
            return False
        if isinstance(node, ast.Attribute | ast.Starred) and not isinstance(node.ctx, ast.Load):
            return False
        if _is_stored_part(node) and not isinstance(node.value, ast.Name):
            return False
        if isinstance(node, ast.Call) and not _harmless(node):
            return False
        if isinstance(node, ast.Compare) and not _compares_values(node):
            return False
    return not loop or not any(map(_leaves, body))


def _is_stored_part(node: ast.AST) -> TypeGuard[ast.Subscript]:
    """Whether this is x[i] in x[i] = v."""
    return isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)


def _compares_values(node: ast.Compare) -> bool:
    """Whether no object is asked for but None: a number in a round that is traced is another."""
    sides = [node.left, *node.comparators]
    none = any(isinstance(x, ast.Constant) and x.value is None for x in sides)
    return none or not any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)


def _harmless(call: ast.Call) -> bool:
    """Whether a call says nothing of writing; what it calls is looked at when it runs."""
    if any(k.arg is None or k.arg in KEYWORDS for k in call.keywords):
        return False
    if not isinstance(call.func, ast.Attribute | ast.Name):
        return True
    name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
    if isinstance(call.func, ast.Name) and name not in ARGUMENTS:
        return True
    ufunc = getattr(np, name, None)
    most = ufunc.nin if isinstance(ufunc, np.ufunc) else ARGUMENTS.get(name, len(call.args))
    hidden = name[:2] == name[-2:] == "__"
    return len(call.args) <= most and not hidden and (name not in PLAIN or name in PURE)


def _leaves(node: ast.AST) -> bool:
    """Whether a statement breaks out of the loop around it."""
    if isinstance(node, ast.Break):
        return True
    if isinstance(node, ast.For | ast.While):
        return any(map(_leaves, node.orelse))
    return any(map(_leaves, ast.iter_child_nodes(node)))


def _is_plain(target: ast.expr) -> bool:
    """Whether a target is a name, or a tuple of targets."""
    if isinstance(target, ast.Tuple):
        return all(map(_is_plain, target.elts))
    return isinstance(target, ast.Name)


def names_in(target: ast.AST) -> Iterator[str]:
    return (n.id for n in ast.walk(target) if isinstance(n, ast.Name))


def _own(function: ast.AST, names: set[str]) -> bool:
    """Whether names are local to a function, which is no generator."""
    for node in ast.walk(function):
        if isinstance(node, ast.Global | ast.Nonlocal) and names & set(node.names):
            return False
        if isinstance(node, ast.Yield | ast.YieldFrom | ast.Await):
            return False
        if isinstance(node, ast.Name) and node.id in LOOKING:
            return False
    return True


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and what stands in it, but for scopes of their own."""
    yield node
    if not isinstance(node, SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _parts(child)


def bound_in(body: Iterable[ast.AST]) -> dict[str, list[Any]]:
    """The names that statements bind, and to what: None if that is unknown."""
    found: dict[str, list[Any]] = {}
    for node in (n for statement in body for n in _parts(statement)):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and len(targets) == 1:
                    found.setdefault(target.id, []).append(node.value)
                else:
                    for name in _stored(target):
                        found.setdefault(name, []).append(None)
        elif isinstance(node, ast.For):
            for name in names_in(node.target):
                found.setdefault(name, []).append(None)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, [])
    return found


def _stored(target: ast.expr) -> Iterator[str]:
    return (
        n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    )


def _written(body: Iterable[ast.AST]) -> set[str]:
    """The names of what statements may change in place."""
    found = set()
    for node in (n for statement in body for n in _parts(statement)):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        if _is_stored_part(node) and isinstance(node.value, ast.Name):
            found.add(node.value.id)
    return found


def _is_fresh(value: ast.expr | None) -> bool:
    """Whether an expression makes an array, or a number, that nobody else has."""
    if isinstance(value, ast.BinOp | ast.UnaryOp | ast.Compare | ast.Constant):
        return True
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return False
    of = value.func.value
    if value.func.attr == "copy" and not value.args and not value.keywords:
        return True
    return isinstance(of, ast.Name) and of.id in NUMPY and value.func.attr in FRESH


def _loads(body: Iterable[ast.AST]) -> dict[str, int]:
    """How often names are read."""
    found: dict[str, int] = {}
    for node in (n for statement in body for n in ast.walk(statement)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found[node.id] = found.get(node.id, 0) + 1
    return found


def _expose(body: Iterable[ast.stmt], known: set[str], exposed: set[str]) -> set[str]:
    """Add the names that may be read before they are bound; gives those that are bound then."""
    for node in body:
        if isinstance(node, ast.If):
            exposed |= _loads([node.test]).keys() - known
            ways = [_expose(way, set(known), exposed) for way in (node.body, node.orelse)]
            known |= ways[0] & ways[1]
        elif isinstance(node, ast.For | ast.While):
            first = node.iter if isinstance(node, ast.For) else node.test
            exposed |= _loads([first]).keys() - known
            targets = set(names_in(node.target)) if isinstance(node, ast.For) else set()
            _expose(node.body, known | targets, exposed)
            _expose(node.orelse, set(known), exposed)
        elif isinstance(node, ast.Continue | ast.Break):
            break
        else:
            again = [node.target] if isinstance(node, ast.AugAssign) else []
            read = {*_loads([node]), *(n for t in again for n in names_in(t))}
            exposed |= read - known
            known |= set(bound_in([node]))
    return known
