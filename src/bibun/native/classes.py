"""Classes: what objects of the user's own classes show, and the classes themselves.

An object is its class, by number as there may be two of one name, and what code asks it for.
Classes that are written in C hold what no name tells, and their objects are hidden.
"""

from __future__ import annotations

from _abc import _get_dump
from abc import ABC, ABCMeta
from contextlib import suppress
from dataclasses import is_dataclass
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    GetSetDescriptorType,
    MethodDescriptorType,
    WrapperDescriptorType,
)
from typing import Any, Generic, Protocol

from .codes import Hidden
from .visible import BUILTINS, CONSTRUCTORS, KINDS, MISSING, Sight


def _slot(sight: Sight, x: Any) -> None:
    of = x.__objclass__
    sight.say("slot", of.__module__, of.__qualname__, sight.which(of), x.__name__)


def instance(sight: Sight, x: Any) -> None:
    """An object of a class of the user's: its class, and the attributes that code asks for."""
    of = type(x)
    slots = sight.slots.get(of)
    if slots is None:
        slots = sight.slots[of] = slots_of(sight, of)
    sight.say("object")
    members(sight, of)
    try:
        held = object.__getattribute__(x, "__dict__")
    except AttributeError:
        held = {}
    if not ARRAY.isdisjoint(held):
        raise Hidden(f"an object of {of.__qualname__} that is an array to NumPy")
    if is_dataclass(of):  # a container, whose fields are its leaves
        for name in (*held, *of.__dataclass_fields__):
            sight.ask(name)
    for name in DUCK:
        if name in held:
            sight.ask(name)

    def look(name: str) -> Any:
        found = held.get(name, MISSING)
        own = slots.get(name)
        if own:
            if len(own) > 1 or found is not MISSING:  # reached by super(), or by the other name
                raise Hidden(f"the slot {name}, of which there are two")
            with suppress(AttributeError):  # not set yet
                found = own[0].__get__(x, of)
        return found

    sight.holder(look)


def slots_of(sight: Sight, of: type) -> dict[str, list[Any]]:
    """The slots of a class whose objects can be seen."""
    if not is_plain_class(of, ROOTS):
        raise Hidden(f"an object of {of.__module__}.{of.__qualname__}")
    found: dict[str, list[Any]] = {}
    for c in of.__mro__:
        if c not in ROOTS:
            for name, x in vars(c).items():
                if type(x) is SLOT:
                    found.setdefault(name, []).append(x)
                if name in DUCK:
                    sight.ask(name)
    return found


def class_(sight: Sight, of: type) -> None:
    """A class that code has in its hands, and may call."""
    sight.say("class", of.__module__, of.__qualname__, sight.which(of))
    if of not in CLASSES:
        if not is_plain_class(of, CLASSES):
            raise Hidden(f"the class {of.__module__}.{of.__qualname__}")
        members(sight, of)
        own = [c for c in of.__mro__ if c not in CLASSES]
        named(sight, [(name, vars(c)) for c in own for name in CONSTRUCTORS])


def members(sight: Sight, of: type) -> None:
    """What a class gives its instances: what runs without a name, and what code asks for."""
    for c in of.__mro__:
        kind = c.__flags__ & (SEQUENCE | MAPPING)
        sight.say("base", c.__module__, c.__qualname__, sight.which(c), kind)
        if c in CLASSES or c in sight.shown:
            continue
        sight.shown.add(c)
        if type(c) is ABCMeta:
            abstract(sight, c)
        own = vars(c)
        named(sight, [(n, own) for n in own if n[:2] == n[-2:] == "__" and n not in SILENT])
        sight.holds(own)


def abstract(sight: Sight, c: ABCMeta) -> None:
    """Say what an abstract class lacks, and which classes count as its subclasses, too."""
    sight.say(sorted(c.__abstractmethods__))
    pending: list[type] = [c]
    while pending:
        below = pending.pop()
        if type(below) is ABCMeta:
            kinds = [k for k in (known() for known in _get_dump(below)[0]) if k is not None]
            sight.say(numbered(sight, kinds))
            named(sight, [("__subclasshook__", vars(below))])
        kinds = type.__subclasses__(below)
        numbered(sight, kinds)
        pending += sorted(kinds, key=sight.which)


def numbered(sight: Sight, kinds: list[type]) -> list[tuple[str, int]]:
    """Classes by name, in an order that is the same in each process."""
    by_name = {f"{k.__module__}.{k.__qualname__}": k for k in kinds}
    if len(by_name) < len(kinds):
        raise Hidden(f"classes of one name: {min(by_name)}")
    return [(name, sight.which(by_name[name])) for name in sorted(by_name)]


def named(sight: Sight, places: list[tuple[str, Any]]) -> None:
    """Members of classes, as far as they are there."""
    for name, own in places:
        if name in own:
            sight.say("member", name)
            sight.value(own[name])


def is_plain_class(of: type, bases: set[type]) -> bool:
    """Whether a class and its bases, but for these, are written in Python, by none of LIBRARIES."""
    return all(c in bases or _is_plain(c) for c in of.__mro__)


def _is_plain(c: type) -> bool:
    own = str(c.__module__).split(".")[0] not in LIBRARIES  # of C's classes it may be anything
    return own and bool(c.__flags__ & HEAP) and type(c) in METAS and not _is_of_c(c)


def _is_of_c(c: type) -> bool:
    """Whether a class has methods of its own in C: these read what no name tells."""
    own = vars(c)
    return type(own.get("__new__")) is BuiltinFunctionType or any(
        type(x) in IN_C and x.__objclass__ is c and name not in ("__dict__", "__weakref__")
        for name, x in own.items()
    )


# ------------------------------------------------------------ tables

SLOT = type(FunctionType.__globals__)  # of a member of an object in C, and of __slots__
HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: of classes that code makes, and some that C makes
IN_C = {
    MethodDescriptorType, WrapperDescriptorType, ClassMethodDescriptorType, GetSetDescriptorType,
}  # fmt: skip
SEQUENCE, MAPPING = 1 << 5, 1 << 6  # flags, for `match`, of what was registered as one
METAS = {type, ABCMeta}
ROOTS: set[type] = {object, ABC, Generic, Protocol}
"""Classes without anything that their instances hold."""
LIBRARIES = {"bibun", "numpy", "scipy"}  # whose functions are known by name, unlike what they read
CLASSES: set[type] = {*ROOTS}
"""Classes that are known: they are what their name says, in each process."""

ARRAY = {"__array__", "__array_interface__", "__array_struct__"}
DUCK = ("T", "dtype", "imag", "max", "min", "ndim", "real", "round", "shape", "size")
"""Attributes that NumPy's functions ask any object for."""
# fmt: off
SILENT = {  # what each class has, and what a function reads does not depend on
    "__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__",
    "__annotate__", "__annotate_func__", "__dataclass_fields__", "__dataclass_params__",
    "__abstractmethods__", "__parameters__", "__orig_bases__", "__static_attributes__",
    "__firstlineno__", "__slots__", "__hash__", "__replace__", *CONSTRUCTORS,
}
# fmt: on
CLASSES |= {found for found in BUILTINS.values() if isinstance(found, type)}
KINDS[type] = KINDS[ABCMeta] = class_
KINDS[SLOT] = _slot
