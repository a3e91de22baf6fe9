"""Structures: nested containers as descriptions that the C++ extension understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from inspect import getattr_static
from typing import Any

from ..tracing.containers import registered
from ..tracing.exact import ITSELF

Description = tuple


class Leaf:
    """What stands in the place of array number k."""

    __slots__ = ("number",)

    def __init__(self, number: int):
        self.number = number


def leaves(count: int) -> list[Any]:
    """Marks for so many arrays."""
    return [Leaf(k) for k in range(count)]


def described(tree: Any, fixed: set[int], classes: bool = False) -> Description | None:
    """A tree of marks and fixed values; None if it has other containers than Python's own.

    `fixed` are the ids of what stands in the tree as it is, beside None. With `classes`, named
    tuples and dataclasses are described, too: by their classes, so that it is no data any more.
    """
    kind = type(tree)
    head: tuple
    if kind is Leaf:
        return "array", tree.number
    if tree is None or id(tree) in fixed:
        return "fixed", tree
    if kind in (tuple, list):
        head, parts = (kind.__name__,), tree
    elif kind is dict and all(type(k) is str for k in tree):
        head, parts = ("dict", list(tree)), tree.values()
    elif classes and _is_named_tuple(kind):
        head, parts = ("named", kind), tree
    elif classes and _is_plain(tree):
        attributes, own = vars(tree), {f.name for f in fields(kind)}
        further = [v for n, v in attributes.items() if n not in own and type(v) in ITSELF]
        fixed = fixed | set(map(id, further))
        head, parts = ("object", kind, list(attributes)), attributes.values()
    else:
        return None
    found = [described(x, fixed, classes) for x in parts]
    return None if None in found else (*head, found)


def _is_named_tuple(kind: type) -> bool:
    """Whether instances are made of their parts alone: by what `collections.namedtuple` writes."""
    made = str(getattr(kind.__new__, "__module__", "")).startswith("namedtuple_")
    return issubclass(kind, tuple) and made and kind.__init__ is object.__init__


def _is_plain(x: Any) -> bool:
    """Whether x is of a dataclass, and all of it stands in its `__dict__`."""
    kind = type(x)
    if not is_dataclass(kind) or kind.__getattribute__ is not object.__getattribute__:
        return False
    if registered(kind) or any("__slots__" in vars(base) for base in kind.__mro__[:-1]):
        return False
    if not {f.name for f in fields(kind)} <= vars(x).keys():
        return False
    classes = (type(getattr_static(kind, n, None)) for n in vars(x))
    return not any(hasattr(c, "__set__") or hasattr(c, "__delete__") for c in classes)


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
