"""The names that the user gave: to parameters, to variables, to what a function closes over."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

from ..notation import SUBSCRIPTS
from ..recording import Trace
from ..tracing.containers import NAMESPACE

Span = tuple[int, int, int, int]  # line, column, last line, last column


def parameters(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the positional parameters of f; x0, x1, ... where it has none."""
    try:
        found = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # ufuncs
        found = []
    named = [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = [f"x{k}" for k in range(count)] if count > 1 else ["x"]
    return (named + rest[len(named) :])[:count]


def leaves(name: str, tree: Any, count: int) -> list[str]:
    """The names of the arrays in an argument: its own, the keys of a dictionary, or numbers."""
    if count == 1:
        return [name]
    paths = import_module("optree").tree_paths(tree, namespace=NAMESPACE)
    keys = [path[-1] for path in paths]
    if len(set(keys)) == count and all(isinstance(k, str) for k in keys):
        return keys
    return [name + str(k).translate(SUBSCRIPTS) for k in range(count)]


def result(f: Callable[..., Any]) -> str:
    """What f computes: its name, or y."""
    return f.__name__ if inspect.isfunction(f) and f.__name__.isidentifier() else "y"


def captured(f: Callable[..., Any], trace: Trace) -> dict[int, str]:
    """Entries of arrays that f closes over or finds among its globals, with their names there."""
    try:
        variables = inspect.getclosurevars(inspect.unwrap(f))
    except TypeError:  # not a Python function
        return {}
    known = {id(x): name for name, x in {**variables.globals, **variables.nonlocals}.items()}
    return {i: known[key] for key, (i, *_) in trace.snapshots.items() if key in known}


def assigned(trace: Trace) -> dict[int, str]:
    """Entries whose value the user's source assigns to a name: Z for `Z = X @ W`."""
    found: dict[tuple, int] = {}
    for i, (code, offset) in enumerate(trace.positions):
        found[code, offset] = i  # of several entries of one expression the last is its value
    names = ((i, _target(code, offset)) for (code, offset), i in found.items())
    return {i: name for i, name in names if name is not None}


def _target(code: Any, offset: int) -> str | None:
    positions = list(code.co_positions())
    line, last, column, end = (
        positions[offset // 2] if offset // 2 < len(positions) else (None,) * 4
    )
    if line is None or last is None or column is None or end is None:
        return None
    return _assignments(code.co_filename).get((line, column, last, end))


@lru_cache(maxsize=64)
def _assignments(file: str) -> dict[Span, str]:
    """Where in a file the right side of an assignment to a single name stands."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return {}
    return dict(_spans(tree))


def _spans(tree: ast.AST) -> Iterator[tuple[Span, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        value = node.value
        if isinstance(target, ast.Name) and value is not None:
            last, end = value.end_lineno or 0, value.end_col_offset or 0
            yield (value.lineno, value.col_offset, last, end), target.id
