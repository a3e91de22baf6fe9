"""Structures: nested plain containers as descriptions that the C++ extension understands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Description = tuple


class Leaf:
    """What stands in the place of array number k."""

    __slots__ = ("number",)

    def __init__(self, number: int):
        self.number = number


def leaves(count: int) -> list[Any]:
    """Marks for so many arrays."""
    return [Leaf(k) for k in range(count)]


def described(tree: Any, fixed: set[int]) -> Description | None:
    """A tree of marks and fixed values; None if it has other containers than Python's own.

    `fixed` are the ids of what stands in the tree as it is, beside None.
    """
    if type(tree) is Leaf:
        return "array", tree.number
    if tree is None or id(tree) in fixed:
        return "fixed", tree
    if type(tree) in (tuple, list):
        parts = [described(x, fixed) for x in tree]
        return None if None in parts else (type(tree).__name__, parts)
    if type(tree) is dict and all(type(k) is str for k in tree):
        parts = [described(x, fixed) for x in tree.values()]
        return None if None in parts else ("dict", list(tree), parts)
    return None


def built(tree: Description, arrays: Sequence[Any]) -> Any:
    """The tree of a description, with these arrays."""
    kind, first, *rest = tree
    if kind == "array":
        return arrays[first]
    if kind == "fixed":
        return first
    parts = [built(x, arrays) for x in (rest[0] if rest else first)]
    if kind == "dict":
        return dict(zip(first, parts, strict=True))
    return tuple(parts) if kind == "tuple" else parts


def numbers(tree: Description) -> list[int]:
    """The numbers of the arrays in a description."""
    kind, first, *rest = tree
    if kind in ("array", "fixed"):
        return [first] if kind == "array" else []
    return [k for part in (rest[0] if rest else first) for k in numbers(part)]
