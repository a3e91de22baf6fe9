"""Bounds of while loops of Python's: their values, looked up without running code of the user's.

A condition runs once before each round; whoever asked for its bound once more would be seen by a
property or a `__len__` that counts.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from functools import cache
from inspect import getattr_static
from types import ModuleType
from typing import Any

import numpy as np

from ..array import Array

# fmt: off
OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv,
}
# fmt: on
ARRAYS = (Array, np.ndarray)
SEQUENCES = (list, tuple, dict)


def bound_of(source: str, values: dict[str, Any]) -> int | float | None:
    """The number that an expression says, given what its names say; None if that takes more."""
    try:
        found = _value(_parsed(source), values)
    except (ArithmeticError, LookupError):  # the condition raises it where it stands
        return None
    return found if type(found) in (int, float) else None


@cache
def _parsed(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def _value(x: ast.expr, values: dict[str, Any]) -> Any:
    """What an expression says; None if it is no number, array, container or plain object."""
    match x:
        case ast.Constant(y):
            return y
        case ast.Name(name):
            return values[name]
        case ast.UnaryOp(ast.USub(), y):
            y = _value(y, values)
            return -y if type(y) in (int, float) else None
        case ast.BinOp(y, op, z):
            y, z = _value(y, values), _value(z, values)
            numbers = {type(y), type(z)} <= {int, float}
            return OPERATIONS[type(op)](y, z) if numbers else None
        case ast.Call(f, [y]):
            y = _value(y, values)
            return len(y) if _value(f, values) is len and type(y) in SEQUENCES + ARRAYS else None
        case ast.Subscript(y, i):
            y, i = _value(y, values), _value(i, values)
            return y[i] if type(y) in SEQUENCES and type(i) in (int, str) else None
        case ast.Attribute(y, name):
            return _attribute(_value(y, values), name)
    return None


def _attribute(x: Any, name: str) -> Any:
    """x.name, if it is an attribute that is stored, or the shape of an array."""
    if type(x) in ARRAYS:
        return getattr(x, name) if name in ("shape", "size", "ndim") else None
    if type(x).__getattribute__ not in (object.__getattribute__, ModuleType.__getattribute__):
        return None
    of_class = getattr_static(type(x), name, None)
    if hasattr(type(of_class), "__get__") or not hasattr(x, "__dict__"):
        return None
    return vars(x).get(name, of_class)
