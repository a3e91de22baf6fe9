"""Nested containers: tuples, lists, dicts, dataclasses and whatever else registers itself.

A single array is the common case and needs no library; everything else goes through `optree`,
which is imported when the first container is met.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cached_property, partial
from importlib import import_module
from types import MemberDescriptorType
from typing import Any, NamedTuple

import numpy as np

from ..array import Duck
from .exact import exact

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
    leaves, structure = optree.tree_flatten(
        tree, is_leaf=_is_new, none_is_leaf=False, namespace=NAMESPACE
    )
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
        or computes(kind)
        or any(isinstance(x, k) for k, *_ in _flattenable)
    )


def computes(kind: type) -> bool:
    """Whether a named tuple has a __new__ of its own, which must not run once more on its parts."""
    if not (issubclass(kind, tuple) and hasattr(kind, "_fields")):
        return False
    module = getattr(kind.__new__, "__globals__", {}).get("__name__")
    return not str(module).startswith("namedtuple_")


def _is_new(x: Any) -> bool:
    """Whether optree would take a named tuple apart that it has not been told about."""
    return isinstance(x, tuple) and type(x) is not tuple and _opens(x)


def _parts_of(x: tuple) -> tuple[tuple, None]:
    return tuple(x), None


def _tuple_of(kind: type, _: None, parts: Any) -> Any:
    return tuple.__new__(kind, parts)


def _register(x: Any, optree: Any) -> None:
    if not _opens(x):
        return
    kind = type(x)
    _known.add(kind)
    for base, to_leaves, from_leaves in _flattenable:
        if isinstance(x, base):
            optree.register_pytree_node(kind, to_leaves, from_leaves, namespace=NAMESPACE)
            return
    if computes(kind):
        with warnings.catch_warnings():  # that this is a named tuple, too
            warnings.simplefilter("ignore", UserWarning)
            optree.register_pytree_node(
                kind, _parts_of, partial(_tuple_of, kind), namespace=NAMESPACE
            )
        return
    _dataclasses[kind] = _class_of(kind)
    optree.register_pytree_node(kind, _pieces, partial(_whole, kind), namespace=NAMESPACE)


# ------------------------------------------------------------ dataclasses


class Frame:
    """All of a dataclass but its leaves: their names, and the attributes that are no fields."""

    __slots__ = ("names", "others")

    def __init__(self, names: list[str], others: dict[str, Any]):
        self.names, self.others = names, others

    def __eq__(self, other: object) -> bool:
        """Whether there are the same places for leaves."""
        return type(other) is Frame and self.names == other.names

    def __hash__(self) -> int:
        return hash(tuple(self.names))


class Class(NamedTuple):
    """What is known of a dataclass: its fields, further slots, and what follows from others."""

    fields: list[str]
    slots: list[str]
    left: frozenset[str]  # the fields, and what a cached_property keeps: that is computed anew


_dataclasses: dict[type, Class] = {}


def _class_of(kind: type) -> Class:
    own = [f.name for f in fields(kind)]
    held = [(n, type(f)) for c in kind.__mro__ for n, f in vars(c).items()]
    slots = [n for n, of in held if of is MemberDescriptorType and n not in own]
    return Class(own, slots, frozenset(own) | {n for n, of in held if of is cached_property})


def _pieces(x: Any) -> tuple[list[Any], Frame]:
    """The fields that are set, and other attributes that hold arrays of bibun's."""
    others = _others(x)
    values = {n: v for n in _dataclasses[type(x)].fields if (v := _read(x, n)) is not MISSING}
    values |= {n: v for n, v in others.items() if isinstance(v, Duck)}
    return [*values.values()], Frame([*values], others)


MISSING = object()


def _read(x: Any, name: str) -> Any:
    """What an object holds: a __getattribute__ of its class is not asked, which may compute."""
    try:
        return object.__getattribute__(x, name)
    except AttributeError:
        return MISSING


def _whole(kind: type, frame: Frame, values: Any) -> Any:
    """A copy with other leaves. No __init__ runs, which may have counted or computed."""
    new: Any = object.__new__(kind)
    for n, v in (frame.others | dict(zip(frame.names, values, strict=True))).items():
        object.__setattr__(new, n, v)
    return new


def _others(x: Any) -> dict[str, Any]:
    """The attributes of an instance that are no fields, and do not follow from them."""
    known = _dataclasses[type(x)]
    held = _read(x, "__dict__")
    found = {n: v for n, v in ({} if held is MISSING else held).items() if n not in known.left}
    for n in known.slots:
        if (v := _read(x, n)) is not MISSING:
            found[n] = v
    return found


def others(tree: Any) -> Any:
    """What decides about a container beside its leaves: the attributes that are no fields."""
    found: list[Any] = []

    def look(x: Any) -> bool:
        if type(x) in _dataclasses:
            found.extend((n, exact(v)) for n, v in _others(x).items() if not isinstance(v, Duck))
        return False

    if _dataclasses:
        optree = import_module("optree")
        optree.tree_flatten(tree, is_leaf=look, none_is_leaf=True, namespace=NAMESPACE)
    return tuple(found)


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


def parts_of(x: Any) -> list[Any] | None:
    """What a container holds itself; None if x is none."""
    if type(x) in (tuple, list):
        return [*x]
    if type(x) is dict:
        return [*x.values()]
    optree = import_module("optree")
    _register(x, optree)
    if optree.tree_is_leaf(x, none_is_leaf=True, namespace=NAMESPACE):
        return None
    return [*optree.tree_flatten_one_level(x, none_is_leaf=True, namespace=NAMESPACE)[0]]


def paths(tree: Any, name: str) -> list[str]:
    """How each leaf of a container is reached: carry['a'][0]."""
    flatten(tree)
    optree = import_module("optree")
    found = optree.tree_accessors(tree, none_is_leaf=False, namespace=NAMESPACE)
    return [accessor.codify(name) for accessor in found]
