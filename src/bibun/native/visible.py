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
from collections.abc import Callable, Mapping
from hashlib import sha256
from math import copysign
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from .codes import ITERATE, PARTS, VIEWS, Hidden, compares, imported, names_of, refuse, unordered

MOST_WORDS, MOST_BYTES = 20_000, 1 << 20
"""Lines that are written, and bytes of arrays and texts: more takes longer than a trace."""

PLAIN = {int, float, complex, bool, str, bytes, range, type(None), type(...), type(NotImplemented)}
NUMBERS = {int, float, complex, bool}
CLOCK = {"now", "today", b"now", b"today"}
MISSING = object()
Show = Callable[["Sight", Any], None]


class Sight:
    """What was seen so far: `words`, and the objects in the order in which they were met."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.objects: list[Any] = []  # which are kept, so that an id stays its object's own
        self.numbers: dict[int, int] = {}
        self.names: dict[str, None] = {}  # of attributes that some code asks for
        self.holders: list[list[Any]] = []  # what has attributes, and how many were looked up
        self.classes: dict[type, int] = {}  # numbered, as there may be two of one name
        self.shown: set[type] = set()  # those whose members were
        self.slots: dict[type, dict[str, list[Any]]] = {}  # of those whose objects were met
        self.codes: list[CodeType] = []  # of the functions of the user
        self.equals: list[Any] = []  # what is told by its value, and may yet be one or two objects
        self.compares = False  # whether any code can tell
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
        if kind in PLAIN or kind is tuple or kind is frozenset:
            self.equals.append(x)
            self.plain(kind, x)
        elif id(x) in self.numbers:
            self.say("again", self.numbers[id(x)])
        else:
            self.numbers[id(x)] = len(self.objects)
            self.objects.append(x)
            show_of(kind)(self, x)

    def plain(self, kind: type, x: Any) -> None:
        """Say what a value is that has equals."""
        if kind is tuple or kind is frozenset:
            KINDS[kind](self, x)
            return
        if kind is str or kind is bytes:
            self.read(len(x))
            if len(x) in (3, 5) and x.lower() in CLOCK:  # np.datetime64("now")
                raise Hidden(f"the time, by {x!r}")
        elif kind is float and x != x:
            self.compares = True  # `x in [...]` asks whether a nan is the same object
            kind, x = float, (x, copysign(1, x))
        elif kind is complex:
            self.plain(float, x.real)
            self.plain(float, x.imag)
        # Unlike the decimal digits of an integer, the others may be as many as they are.
        self.say(kind.__name__, hex(x) if kind is int else x)

    def which(self, c: type) -> int:
        """The number of a class among those that were met."""
        return self.classes.setdefault(c, len(self.classes))

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
        if self.compares:
            first: dict[int, int] = {}
            self.say("same", [first.setdefault(id(x), k) for k, x in enumerate(self.equals)])

    def code(self, c: CodeType) -> None:
        """Say what code does; where it stands in a file is left out."""
        refuse(c)
        self.imports(c)
        self.compares |= compares(c)
        self.say("code", *(getattr(c, part) for part in PARTS))
        for name in c.co_names:
            self.ask(name)
        self.say(len(c.co_consts))
        loose, met = unordered(c), len(self.equals)
        for n, constant in enumerate(c.co_consts):
            if n in loose and all(type(x) in PLAIN for x in constant):
                self.say("in", sorted(f"{type(x).__name__} {x!r}" for x in constant))
            else:
                (self.code if type(constant) is CodeType else self.value)(constant)
        del self.equals[met:]  # which one a constant is, that is up to the compiler

    def imports(self, c: CodeType) -> None:
        """Say what code imports: modules by their full names that are there already."""
        for level, name in imported(c):
            first = name.split(".")[0]
            if level != 0 or not {first, name} <= sys.modules.keys():
                raise Hidden(f"the import of {name}")
            self.say("import", name)
            self.several([sys.modules[first], sys.modules[name]])

    def globals(self, f: FunctionType) -> None:
        """Say what the names in a function's code mean, where they are no attributes."""
        scope, own = f.__globals__, vars(builtins)
        if all(scope.get("__builtins__") is not b for b in (builtins, own)):
            raise Hidden(f"the builtins of {f.__qualname__}")
        names = dict.fromkeys(names_of(f.__code__))
        views = not VIEWS.isdisjoint(names)
        for name in names:
            if name in scope:
                if views and name in ITERATE:  # which may do more with a view than iterate
                    raise Hidden(f"a {name} of {f.__qualname__}'s own")
                self.say("global", name)
                self.value(scope[name])
            elif name in own and own[name] is not BUILTINS.get(name):
                raise Hidden(f"the builtin {name}")

    def dtype(self, t: np.dtype) -> None:
        """Say which dtype it is."""
        if t.kind not in "biufcSU" or t.metadata or t.isbuiltin == 2:  # which others have added
            raise Hidden(f"the dtype {t}")
        self.say("dtype", t.str, t.char)

    def array(self, x: np.ndarray) -> None:
        """Say what an array is, with its numbers, and those of the array of which it is a view."""
        self.read(x.nbytes)
        self.dtype(x.dtype)
        if x.dtype.kind in "SU":
            self.several(x.ravel().tolist())
        digest = sha256(x.tobytes()).hexdigest()
        self.say("array", x.shape, x.strides, x.flags.writeable, x.flags.owndata, digest)
        if x.base is not None:
            if type(x.base) is not np.ndarray:
                raise Hidden("an array in the memory of something else")
            self.say("view", x.ctypes.data - x.base.ctypes.data)
            self.value(x.base)


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
    return KINDS.get(kind) or next(s for family, s in FAMILIES if issubclass(kind, family))


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
    if not all(type(e) in NUMBERS and e == e for e in x):
        raise Hidden("a set whose order is another one in each process")
    sight.say(type(x).__name__, x.__sizeof__())  # on the size depends where further ones come
    sight.several(x)


@shows(slice)
def _slice(sight: Sight, x: slice) -> None:
    sight.say("slice")
    sight.several([x.start, x.stop, x.step])


@shows(staticmethod, classmethod)
def _method(sight: Sight, x: Any) -> None:
    sight.say(type(x).__name__)
    sight.value(x.__func__)
    sight.holds(vars(x))


@shows(property)
def _property(sight: Sight, x: property) -> None:
    sight.say("property")
    sight.several([x.fget, x.fset, x.fdel])


# ------------------------------------------------------------ tables

CLASS = {"__class__", "type"}
# fmt: off
CONSTRUCTORS = ("__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__")
TELLING = {  # attributes that lead to others without naming them, or to what no text has
    "__dict__", "__globals__", "__closure__", "__code__", "__builtins__", "__subclasses__",
    "__getattribute__", "__getstate__", "__reduce__", "__reduce_ex__", "__loader__", "__spec__",
    "__import__", "__annotations__", "__doc__", "__array_interface__", "__array_struct__",
    "__get__", "symmetric_difference", "union",
    "cell_contents", "ctypes", "format", "format_map", "gi_frame", "cr_frame", "ag_frame",
    "tb_frame", "f_back", "f_globals", "f_locals", "modules", "_getframe",
}
PURE = (
    "abs", "all", "any", "bool", "callable", "complex", "dict", "divmod", "enumerate", "filter",
    "float", "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max",
    "min", "next", "object", "pow", "property", "range", "repr", "reversed", "round",
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
