"""Words: what stands in the user's source for the operands of an operation."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import lru_cache
from linecache import getlines

from ..errors import Position


def spelled(takers: Iterable[tuple[Position, int]], at: Position) -> str | None:
    """What stands for a value, in words that mean it at a place; None where that cannot be told.

    The operations that take it tell: where each stands, and as which of its operands.
    """
    for where, k in takers:
        text = operand(where.expression, k) if where.code is at.code else None
        if text is not None and unchanged(where, at, text):
            return text
    return None


def operand(source: str, k: int) -> str | None:
    """The text of operand k of an expression, in one line."""
    source = f"({source}\n)"  # which may go on in further lines, inside of other brackets
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError:
        return None
    operands: list[ast.expr] = []
    if isinstance(tree, ast.BinOp):
        operands = [tree.left, tree.right]
    elif isinstance(tree, ast.UnaryOp):
        operands = [tree.operand]
    elif isinstance(tree, ast.Subscript):
        operands = [tree.value]
    elif isinstance(tree, ast.Compare):
        operands = [tree.left, *tree.comparators]
    elif isinstance(tree, ast.Call) and not any(isinstance(a, ast.Starred) for a in tree.args):
        operands = tree.args
    if k >= len(operands):
        return None
    lines = ast.get_source_segment(source, operands[k])
    return ast.unparse(operands[k]) if lines and "\n" in lines else lines


def unchanged(first: Position, last: Position, text: str) -> bool:
    """Whether the names of a text mean the same at both places: none is assigned in between."""
    if first.line == last.line:
        return True
    names = {n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)}
    low, high = sorted((first.line, last.line))
    return not any(low <= line < high for name in names for line in _assigned(last.file, name))


@lru_cache(maxsize=256)
def _assigned(file: str, name: str) -> tuple[int, ...]:
    """The lines of a file in which a name gets a value."""
    try:
        tree = ast.parse("".join(getlines(file)))
    except SyntaxError:
        return ()
    stored = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return tuple(n.end_lineno or n.lineno for n in stored if n.id == name)
