"""Visible: all that a function can read, as text that is the same in the next process.

What a function does while it is traced follows from what it reads: its code and that of all that it
calls, globals, what it closes over, attributes of objects and modules, the numbers of arrays. Where
all of that is seen, a process that sees the same would trace the same. Attributes are read by their
names, and names stand in code: an object shows those that any code asks for that is reached. What
nobody can see is `Hidden`: functions of C that may have a state, attributes by computed names,
open files, random generators, objects of libraries.
"""

from __future__ import annotations

import builtins
import sys
from _abc import _get_dump
from abc import ABC, ABCMeta
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from dis import get_instructions
from hashlib import sha256
from opcode import opmap
from types import CodeType, FunctionType
from typing import Any, Generic, Protocol

import numpy as np

MOST_WORDS, MOST_BYTES = 20_000, 1 << 20
"""Lines that are written, and bytes of arrays and texts: more takes longer than a trace."""

PLAIN = {int, float, complex, bool, str, bytes, range, type(None), type(...), type(NotImplemented)}
MISSING = object()
Show = Callable[["Sight", Any], None]


class Hidden(Exception):
    """Something that a function may read, and that has no text."""


class Sight:
    """What was seen so far: `words`, and the objects in the order in which they were met."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.objects: list[Any] = []  # which are kept, so that an id stays its object's own
        self.numbers: dict[int, int] = {}
        self.names: dict[str, None] = {}  # of attributes that some code asks for
        self.holders: list[list[Any]] = []  # what has attributes, and how many were looked up
        self.classes: set[type] = set()
        self.codes: list[CodeType] = []  # of the functions of the user
        self.bytes = 0

    def digest(self) -> str:
        """All of it, in one short text."""
        return sha256("\n".join(self.words).encode("utf-8", "surrogatepass")).hexdigest()

    def say(self, *words: Any) -> None:
        """Add a line; every text in it is written as a literal, so that lines stay apart."""
        self.words.append(repr(words))
        if len(self.words) > MOST_WORDS:
            raise Hidden("too much")

    def read(self, size: int) -> None:
        """Count bytes that are read."""
        self.bytes += size
        if self.bytes > MOST_BYTES:
            raise Hidden("too many bytes")

    def value(self, x: Any) -> None:
        """Say what a value is; of what can be told apart from its equals, which one it is."""
        kind = type(x)
        if kind is int:
            self.say("int", hex(x))  # which, unlike the decimal digits, may be as many as they are
        elif kind in PLAIN:
            self.read(len(x) if kind in (str, bytes) else 0)
            self.say(kind.__name__, x)
        elif kind is tuple or kind is frozenset:
            KINDS[kind](self, x)
        elif id(x) in self.numbers:
            self.say("again", self.numbers[id(x)])
        else:
            self.numbers[id(x)] = len(self.objects)
            self.objects.append(x)
            show_of(kind)(self, x)

    def several(self, values: Any) -> None:
        """Say how many there are, and each."""
        self.say(len(values))
        for x in values:
            self.value(x)

    def ask(self, name: str) -> None:
        """Look up an attribute wherever one of that name may be read."""
        if name in TELLING:
            raise Hidden(f"the attribute {name}")
        if name in CLASS:  # with which instances of their classes can be made
            for constructor in CONSTRUCTORS:
                self.names.setdefault(constructor)
        self.names.setdefault(name)

    def holder(self, look: Callable[[str], Any]) -> None:
        """Something with attributes: `look` gives one by its name, or MISSING."""
        self.holders.append([look, 0])

    def holds(self, attributes: Mapping[str, Any]) -> None:
        """Something with these attributes."""
        self.holder(lambda name: attributes.get(name, MISSING))

    def settle(self) -> None:
        """Look up all names in all that has attributes, until no further names come."""
        names: list[str] = []
        pending = True
        while pending:
            pending = False
            for number, holder in enumerate(self.holders):  # which become more meanwhile
                names += list(self.names)[len(names) :]
                for name in names[holder[1] :]:
                    pending = True
                    found = holder[0](name)
                    if found is not MISSING:
                        self.say("attribute", number, name)
                        self.value(found)
                holder[1] = len(names)

    def code(self, c: CodeType) -> None:
        """Say what code does; where it stands in a file is left out."""
        opcodes = c.co_code[::2]
        if any(op in opcodes for op in UNSEEN):
            raise Hidden(f"a class or a pattern of classes in {c.co_qualname}")
        if opmap["IMPORT_NAME"] in opcodes:
            self.imports(c)
        self.say("code", *(getattr(c, part) for part in PARTS))
        for name in c.co_names:
            self.ask(name)
        self.say(len(c.co_consts))
        for constant in c.co_consts:
            (self.code if type(constant) is CodeType else self.value)(constant)

    def imports(self, c: CodeType) -> None:
        """Say what code imports: modules by their full names that are there already."""
        steps = list(get_instructions(c))
        for level, _, step in zip(steps, steps[1:], steps[2:], strict=False):
            if step.opname == "IMPORT_NAME":
                first = step.argval.split(".")[0]
                if level.argval != 0 or not {first, step.argval} <= sys.modules.keys():
                    raise Hidden(f"the import of {step.argval}")
                self.say("import", step.argval)
                self.several([sys.modules[first], sys.modules[step.argval]])

    def globals(self, f: FunctionType) -> None:
        """Say what the names in a function's code mean, where they are no attributes."""
        scope, own = f.__globals__, vars(builtins)
        if all(scope.get("__builtins__") is not b for b in (builtins, own)):
            raise Hidden(f"the builtins of {f.__qualname__}")
        for name in dict.fromkeys(names_of(f.__code__)):
            if name in scope:
                self.say("global", name)
                self.value(scope[name])
            elif name in own and own[name] is not BUILTINS.get(name):
                raise Hidden(f"the builtin {name}")

    def dtype(self, t: np.dtype) -> None:
        """Say which dtype it is."""
        if t.kind not in "biufcSU" or t.metadata:
            raise Hidden(f"the dtype {t}")
        self.say("dtype", t.str, t.char)

    def array(self, x: np.ndarray) -> None:
        """Say what an array is, with its numbers, and those of the array of which it is a view."""
        self.read(x.nbytes)
        self.dtype(x.dtype)
        digest = sha256(x.tobytes()).hexdigest()
        self.say("array", x.shape, x.strides, x.flags.writeable, x.flags.owndata, digest)
        if x.base is not None:
            if type(x.base) is not np.ndarray:
                raise Hidden("an array in the memory of something else")
            self.say("view", x.ctypes.data - x.base.ctypes.data)
            self.value(x.base)


def names_of(code: CodeType) -> list[str]:
    """The names of globals and attributes in code, and in the functions that it makes."""
    found = list(code.co_names)
    for constant in code.co_consts:
        if type(constant) is CodeType:
            found += names_of(constant)
    return found


# ------------------------------------------------------------ kinds of objects

KINDS: dict[type, Show] = {}
FAMILIES: list[tuple[type, Show]] = []  # whose subclasses count, too


def shows(*kinds: type) -> Callable[[Show], Show]:
    """Let a function say what objects of these types are."""

    def register(show: Show) -> Show:
        KINDS.update(dict.fromkeys(kinds, show))
        return show

    return register


def show_of(kind: type) -> Show:
    """What says what an object of this type is."""
    found = KINDS.get(kind)
    return found or next((s for family, s in FAMILIES if issubclass(kind, family)), instance)


@shows(tuple, list)
def _sequence(sight: Sight, x: Any) -> None:
    sight.say(type(x).__name__)
    sight.several(x)


@shows(dict)
def _dict(sight: Sight, x: dict) -> None:
    sight.say("dict", len(x))
    for key, value in x.items():
        sight.value(key)
        sight.value(value)


@shows(set, frozenset)
def _set(sight: Sight, x: Any) -> None:
    if len(x) > MOST_WORDS or not all(type(e) in PLAIN for e in x):
        raise Hidden("a set of objects, or of many")
    sight.say(type(x).__name__, sorted(f"{type(e).__name__} {e!r}" for e in x))


@shows(slice)
def _slice(sight: Sight, x: slice) -> None:
    sight.say("slice")
    sight.several([x.start, x.stop, x.step])


@shows(staticmethod, classmethod)
def _method(sight: Sight, x: Any) -> None:
    sight.say(type(x).__name__)
    sight.value(x.__func__)


@shows(property)
def _property(sight: Sight, x: property) -> None:
    sight.say("property")
    sight.several([x.fget, x.fset, x.fdel])


def instance(sight: Sight, x: Any) -> None:
    """An object of a class of the user's: its class, and the attributes that code asks for."""
    of = type(x)
    if not is_plain_class(of, ROOTS):
        raise Hidden(f"an object of {of.__module__}.{of.__qualname__}")
    sight.say("object")
    members(sight, of)
    try:
        held = object.__getattribute__(x, "__dict__")
    except AttributeError:
        held = {}
    if is_dataclass(of):  # a container, whose fields are its leaves
        for name in (*held, *of.__dataclass_fields__):
            sight.ask(name)

    def look(name: str) -> Any:
        found = held.get(name, MISSING)
        slots = [vars(c)[name] for c in of.__mro__ if name in vars(c)]
        if found is MISSING and slots and type(slots[0]) is SLOT:
            with suppress(AttributeError):  # not set yet
                found = slots[0].__get__(x, of)
        return found

    sight.holder(look)


def class_(sight: Sight, of: type) -> None:
    """A class that code has in its hands, and may call."""
    sight.say("class", of.__module__, of.__qualname__)
    if of not in CLASSES:
        if not is_plain_class(of, CLASSES):
            raise Hidden(f"the class {of.__module__}.{of.__qualname__}")
        members(sight, of)
        own = [c for c in of.__mro__ if c not in CLASSES]
        named(sight, [(name, vars(c)) for c in own for name in CONSTRUCTORS])


def members(sight: Sight, of: type) -> None:
    """What a class gives its instances: what runs without a name, and what code asks for."""
    for c in of.__mro__:
        sight.say("base", c.__module__, c.__qualname__, registered(c) if type(c) is ABCMeta else ())
        if c in CLASSES or c in sight.classes:
            continue
        sight.classes.add(c)
        own = vars(c)
        named(sight, [(n, own) for n in own if n[:2] == n[-2:] == "__" and n not in SILENT])
        sight.holds(own)


def registered(c: type) -> list[str]:
    """The classes that an abstract one was told to count as its subclasses."""
    kinds = [known() for known in _get_dump(c)[0]]
    return sorted(f"{k.__module__}.{k.__qualname__}" for k in kinds if k is not None)


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
    return own and bool(c.__flags__ & HEAP) and type(c) in METAS


# ------------------------------------------------------------ tables

SLOT = type(FunctionType.__globals__)  # of a member of an object in C, and of __slots__
HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: of classes that code makes
METAS = {type, ABCMeta}
ROOTS: set[type] = {object, ABC, Generic, Protocol}
"""Classes without anything that their instances hold."""
LIBRARIES = {"bibun", "numpy", "scipy"}  # whose functions are known by name, unlike what they read
CLASSES: set[type] = {*ROOTS}
"""Classes that are known: they are what their name says, in each process."""

UNSEEN = {
    opmap[name] for name in ("IMPORT_STAR", "LOAD_BUILD_CLASS", "MATCH_CLASS") if name in opmap
}
CLASS = {"__class__", "type"}
# fmt: off
CONSTRUCTORS = ("__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__")
PARTS = (
    "co_name", "co_qualname", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount",
    "co_nlocals", "co_flags", "co_varnames", "co_freevars", "co_cellvars", "co_names",
    "co_exceptiontable", "co_code",
)
TELLING = {  # attributes that lead to others without naming them, or to what no text has
    "__dict__", "__globals__", "__closure__", "__code__", "__builtins__", "__subclasses__",
    "__getattribute__", "__getstate__", "__reduce__", "__reduce_ex__", "__loader__", "__spec__",
    "__import__", "__annotations__", "__doc__", "__array_interface__", "__array_struct__",
    "cell_contents", "ctypes", "format", "format_map", "gi_frame", "cr_frame", "ag_frame",
    "tb_frame", "f_back", "f_globals", "f_locals", "modules", "_getframe",
}
SILENT = {  # what each class has, and what a function reads does not depend on
    "__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__",
    "__annotate__", "__annotate_func__", "__dataclass_fields__", "__dataclass_params__",
    "__abstractmethods__", "__parameters__", "__orig_bases__", "__static_attributes__",
    "__firstlineno__", "__slots__", "__hash__", "__replace__", *CONSTRUCTORS,
}
PURE = (
    "abs", "all", "any", "bool", "callable", "complex", "dict", "divmod", "enumerate", "filter",
    "float", "frozenset", "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max",
    "min", "next", "object", "pow", "property", "range", "repr", "reversed", "round", "set",
    "slice", "sorted", "staticmethod", "str", "sum", "super", "tuple", "type", "zip", "bytes",
    "Ellipsis", "NotImplemented", "__debug__", "__name__", "__doc__", "classmethod",
)
# fmt: on
BUILTINS = {
    name: found
    for name, found in vars(builtins).items()  # those that nobody has replaced before
    if name in PURE and type(found) is not FunctionType and getattr(found, "__name__", name) == name
}
BUILTINS |= {
    name: found
    for name, found in vars(builtins).items()
    if isinstance(found, type) and issubclass(found, BaseException)
}
CLASSES |= {found for found in BUILTINS.values() if isinstance(found, type)}
KINDS[type] = KINDS[ABCMeta] = class_
KINDS[SLOT] = lambda sight, x: sight.say("slot", x.__name__)
