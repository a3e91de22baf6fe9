"""Nested containers: tuples, lists, dicts, dataclasses and whatever else registers itself.

A single array is the common case and needs no library; everything else goes through `optree`,
which is imported when the first container is met.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import numpy as np

from ..array import Duck

Rebuild = Callable[[list[Any]], Any]
NAMESPACE = "bibun"
LEAVES = (Duck, np.ndarray, np.generic, float, int)
_known: set[type] = set()
_flattenable: list[tuple[type, Callable, Callable]] = []


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of a container, and the function that puts other leaves in their places."""
    if isinstance(tree, LEAVES):
        return [tree], _only
    if type(tree) in (tuple, list) and all(isinstance(x, LEAVES) for x in tree):
        return list(tree), type(tree)
    optree = import_module("optree")
    _register(tree, optree)
    leaves, structure = optree.tree_flatten(tree, none_is_leaf=False, namespace=NAMESPACE)
    if any(_opens(leaf) for leaf in leaves):
        for leaf in leaves:
            _register(leaf, optree)
        return flatten(tree)
    return leaves, lambda leaves: optree.tree_unflatten(structure, leaves)


def _only(leaves: list[Any]) -> Any:
    return leaves[0]


def container(
    kind: type, to_leaves: Callable[[Any], Any], from_leaves: Callable[[Any, Any], Any]
) -> None:
    """Let a class and its subclasses be containers.

    `to_leaves(x)` gives its children and whatever else is needed to rebuild it;
    `from_leaves(rest, children)` rebuilds it.
    """
    _flattenable.append((kind, to_leaves, from_leaves))


def _opens(x: Any) -> bool:
    """Whether x is a container that optree has not been told about."""
    kind = type(x)
    return kind not in _known and (
        (is_dataclass(x) and not isinstance(x, type))
        or any(isinstance(x, k) for k, *_ in _flattenable)
    )


def _register(x: Any, optree: Any) -> None:
    if not _opens(x):
        return
    kind = type(x)
    _known.add(kind)
    for base, to_leaves, from_leaves in _flattenable:
        if isinstance(x, base):
            optree.register_pytree_node(kind, to_leaves, from_leaves, namespace=NAMESPACE)
            return
    names = [f.name for f in fields(x)]

    def pieces(x: Any) -> tuple[list[Any], None]:
        return [getattr(x, n) for n in names], None

    def whole(_: None, values: Any) -> Any:
        new = object.__new__(kind)
        for n, v in zip(names, values, strict=True):
            object.__setattr__(new, n, v)
        return new

    optree.register_pytree_node(kind, pieces, whole, namespace=NAMESPACE)


def registered(kind: type) -> bool:
    """Whether instances of a class are containers whose leaves are not simply their fields."""
    optree = sys.modules.get("optree")
    if any(issubclass(kind, base) for base, *_ in _flattenable):
        return True
    if optree is None or kind in _known:
        return False
    return optree.register_pytree_node.get(kind, namespace=NAMESPACE) is not None


def same_structure(a: Any, b: Any) -> bool:
    """Whether two containers have the same places for leaves."""
    if isinstance(a, LEAVES) and isinstance(b, LEAVES):
        return True
    return bool(_structure(a) == _structure(b))


def _structure(tree: Any) -> Any:
    flatten(tree)  # which lets optree know of its classes
    optree = import_module("optree")
    return optree.tree_structure(tree, none_is_leaf=False, namespace=NAMESPACE)


def paths(tree: Any, name: str) -> list[str]:
    """How each leaf of a container is reached: carry['a'][0]."""
    flatten(tree)
    optree = import_module("optree")
    found = optree.tree_accessors(tree, none_is_leaf=False, namespace=NAMESPACE)
    return [accessor.codify(name) for accessor in found]
