"""What is called: the hooks in the user's code where something runs that has to be traced.

They stand at calls, operators and attributes. `CALL @ f` is what f means under a trace: the user's
function compiled with hooks, a tracing version of `math.sin`, `np.array` or `float` from the table,
or f itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from threading import RLock, get_ident, local
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MethodType,
    ModuleType,
)
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ...array import NUMBERS, Duck, is_number
from . import marks
from .owners import of_bibun, of_classes, of_user, opt_in
from .source import forget, has_source, is_generated, known_names, marked_code

Function = Callable[..., Any]
Handler = Callable[[Any], Any]

TABLE: dict[Any, Any] = {}  # math.sin -> what it means under a trace; what has no entry is itself
TABLED: set[type] = {BuiltinFunctionType}  # types whose instances are looked up in the table
MAKERS: dict[type, Handler] = {}  # type -> what makes the entries of its instances
FINDERS: list[Handler] = []  # what the functions of libraries mean; None says: what they say
KINDS: dict[type, Handler] = {}  # type -> what its instances mean
METHODS: dict[type, Callable[[Any, str, Any], Any]] = {}  # type -> its built-in methods
CHECKS: list[tuple[int, Handler]] = []  # threads, and what looks at their calls, or changes them
LATER: list[Callable[[], None]] = []  # what makes further entries, before a function is traced


def means(*functions: Any) -> Callable[[Function], Function]:
    """Let these functions mean the decorated one in code that is traced."""

    def register(ours: Function) -> Function:
        for f in functions:
            TABLE[f] = ours
        return ours

    return register


def kind(*types: type) -> Callable[[Handler], Handler]:
    """Let a handler say what the objects of these types mean when they are called."""

    def register(handler: Handler) -> Handler:
        for t in types:
            KINDS[t] = handler
        return handler

    return register


def _check(f: Any) -> Any:
    """Let those look at a call who want to, in their own thread; gives what is called instead."""
    instead = None
    for thread, look in tuple(CHECKS):
        if thread == get_ident():
            instead = look(f)
    return instead


class Call:
    """The hook in front of whatever is called."""

    def __matmul__(self, f: Any) -> Any:
        if CHECKS and (instead := _check(f)) is not None:
            return instead
        of = type(f)
        if of is FunctionType:
            known = _known.get(id(f.__code__))
            if known is None or known.marked is not None:
                return function(f)
            return _wrapper(f) if known.wraps else known.meaning or f
        if of in TABLED:
            return TABLE.get(f) or built_in(f, of)
        return KINDS.get(of, other)(f)


CALL = Call()


def built_in(f: Any, of: type) -> Any:
    if of in MAKERS:
        made = TABLE[f] = MAKERS[of](f)
        return made
    owner = type(getattr(f, "__self__", None))
    if owner is ModuleType:
        TABLE[f] = f
    return METHODS[owner](f.__self__, f.__name__, f) if owner in METHODS else f


# ------------------------------------------------------------ functions


class Known:
    """What is known of a code object, which is kept so that its id stays its own."""

    __slots__ = ("code", "last", "marked", "meaning", "wraps")

    def __init__(
        self, code: CodeType, marked: Any = None, meaning: Any = None, wraps: bool = False
    ):
        self.code = code
        self.marked = marked  # the code with hooks
        self.meaning = meaning  # another function instead
        self.wraps = wraps  # a library's function around functions of the user
        self.last: tuple = (None, None)  # a function with this code, and what was made of it


_known: dict[int, Known] = {}
_meanings: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_lock = RLock()
MARKS: marks.Marks = {marks.CALL: CALL}  # further hooks: see operators.py


def function(f: Any) -> Any:
    """A function of the user's with hooks in its code, its globals and cells as they are."""
    if CHECKS:
        _check(f)
    known = _known.get(id(f.__code__)) or _learn(f)
    if known.marked is None:
        return _wrapper(f) if known.wraps else known.meaning or f
    defaults, keywords = f.__defaults__, f.__kwdefaults__
    before, made = known.last
    if before is f and made.__defaults__ is defaults and made.__kwdefaults__ is keywords:
        return made
    code = known.marked
    made = FunctionType(code, f.__globals__, f.__name__, defaults, _cells(f, code))
    if keywords is not None:
        made.__kwdefaults__ = keywords
    if f.__closure__ is None:
        known.last = (f, made)
    return made


def _cells(f: Any, code: CodeType) -> tuple | None:
    names = f.__code__.co_freevars
    if code.co_freevars == names:
        return f.__closure__
    cells = dict(zip(names, f.__closure__, strict=True))
    return tuple(cells[name] for name in code.co_freevars)


def _learn(f: Any) -> Known:
    code, file = f.__code__, f.__code__.co_filename
    with _lock:
        if of_user(file) and not (of_classes(file) and _meaning(f)):
            before = known_names()
            found = Known(code, None if has_hooks(code) else marked_code(code, MARKS))
            if known_names() != before:  # further operators and properties may need hooks
                _known.clear()
        elif of_bibun(file):
            found = Known(code)
        else:
            # Functions of one decorator share their code, but not what they mean.
            shared = bool(code.co_freevars)
            found = Known(code, None, None if shared else _meaning(f), shared)
        _known[id(code)] = found
    return found


def followed(code: CodeType) -> bool:
    """Whether code has all the hooks that it needs: the user's has where its source is at hand."""
    return is_generated(code) or not of_user(code.co_filename) or has_source(code, MARKS)


def has_hooks(code: CodeType) -> bool:
    """Whether code has hooks, as that of functions defined while what is around them is traced."""
    hooks = {id(h) for h in MARKS.values()}
    return any(id(c) in hooks for inner in marks.nested(code) for c in inner.co_consts)


def _meaning(f: Any) -> Any:
    """What a library's function means, or None: what it says."""
    if f not in _meanings:
        _meanings[f] = TABLE.get(f) or next((m for m in (find(f) for find in FINDERS) if m), None)
    return _meanings[f]


OF_METHODS = {"obj", "cls"}  # in the closure of a functools.singledispatchmethod


class _Wrapping(local):
    """The functions that this thread is looking into."""

    def __init__(self) -> None:
        self.open: set[int] = set()


_wrapping = _Wrapping()


def _wrapper(f: Any) -> Any:
    """A library's function, such as a context manager, around what the user's function means."""
    if (meaning := _meaning(f)) is not None:
        return meaning
    if hasattr(f, "registry") and hasattr(f, "dispatch"):
        return functools.partial(_dispatched, f.dispatch)
    old = [_content(cell) for cell in f.__closure__]
    of = dict(zip(f.__code__.co_freevars, old, strict=True))
    if of.keys() >= OF_METHODS and f.__code__.co_filename == functools.__file__:
        return functools.partial(_dispatched, _of_method(of))
    if id(f) in _wrapping.open:  # a function that stands in its own closure
        return f
    _wrapping.open.add(id(f))
    new = [CALL @ x if isinstance(x, FunctionType | MethodType) else x for x in old]
    _wrapping.open.discard(id(f))
    if all(a is b for a, b in zip(old, new, strict=True)):
        return f
    cells = tuple(
        cell if a is b else CellType(b) for cell, a, b in zip(f.__closure__, old, new, strict=True)
    )
    made = FunctionType(f.__code__, f.__globals__, f.__name__, f.__defaults__, cells)
    made.__kwdefaults__ = f.__kwdefaults__
    return made


def _of_method(of: dict[str, Any]) -> Function:
    """For each type the bound method, from the closure that singledispatchmethod makes."""
    # From Python 3.13 on it holds `dispatch` itself, before that `self`.
    dispatch = of.get("dispatch") or of["self"].dispatcher.dispatch
    return lambda kind: dispatch(kind).__get__(of["obj"], of["cls"])


def _dispatched(dispatch: Function, x: Any, /, *args: Any, **options: Any) -> Any:
    """What functools.singledispatch does."""
    of = stands_for(x) if isinstance(x, Duck) else type(x)
    return (CALL @ dispatch(of))(x, *args, **options)


def stands_for(x: Any) -> type:
    """The type of the plain array or number."""
    x = x._read()
    if x.form in NUMBERS:
        return x.form
    return x.dtype.type if is_number(x) else np.ndarray


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet filled
        return None


# ------------------------------------------------------------ methods, classes, instances


@kind(MethodType)
def method(m: Any) -> Any:
    """A bound method of the user's: the same object, with hooks in the function's code."""
    f = m.__func__
    found = CALL @ f
    if found is not f:
        return MethodType(found, m.__self__)
    if type(m.__self__) in METHODS:  # of a class that was written in Cython
        return METHODS[type(m.__self__)](m.__self__, f.__name__, m)
    if f.__name__ in BOUND:
        return functools.partial(BOUND[f.__name__], m.__self__, f)
    duck = type(f) is FunctionType and f in CONVERSIONS and isinstance(m.__self__, Duck)
    return CONVERSIONS[f](m.__self__) if duck else m


BOUND: dict[str, Function] = {}  # by name, methods without hooks: super().__init__
CONVERSIONS: dict[Any, Handler] = {}  # methods of Duck that would lose the derivative
_lasting: dict[type, bool] = {}  # of modules: a lookup in this takes a tenth of the time
_classes: WeakKeyDictionary[type, bool] = WeakKeyDictionary()


def of_users_class(of: type) -> bool:
    """Whether instances of a class may run code of the user."""
    known = _lasting.get(of)
    if known is None:
        known = _classes.get(of)
    if known is None:
        own = (f for c in of.__mro__ for f in vars(c).values() if isinstance(f, FunctionType))
        known = any(of_user(f.__code__.co_filename) for f in own)
        kept: Any = _classes if "<locals>" in of.__qualname__ else _lasting
        kept[of] = known
    return known


def other(f: Any) -> Any:
    """Whatever else can be called: classes with a metaclass, instances with __call__."""
    if isinstance(f, type):
        return KINDS[type](f)
    if type(f).__module__ in ("typing", "types"):  # Stack[float]
        origin = getattr(f, "__origin__", None)
        return CALL @ origin if isinstance(origin, type) and of_users_class(origin) else f
    call = getattr(type(f), "__call__", None)  # noqa: B004
    if isinstance(call, FunctionType):
        found = function(call)
        return f if found is call else MethodType(found, f)
    return f


@kind(functools.partial)
def partial(p: Any) -> Any:
    found = CALL @ p.func
    return p if found is p.func else functools.partial(found, *p.args, **p.keywords)


# ------------------------------------------------------------ packages


def trace_packages(*names: str) -> None:
    """Trace the Python code of these installed packages as if it were the user's own.

    By default only the user's own code is traced with its names bound anew, so that `math.sin`,
    `float`, `np.array` and writes into new arrays keep the derivative; packages are called as
    they are. Names are those of top-level packages; ValueError for anything else.

    >>> import bibun
    >>> bibun.trace_packages("some_package")
    """
    opt_in(names)
    with _lock:
        _known.clear()
        _classes.clear()
        _lasting.clear()
        for of in [f for f in TABLE if isinstance(f, type) and TABLE[f] is f]:
            del TABLE[of]
        forget()


def rebound(f: Any) -> Any:
    """What a function means under a trace.

    For one of bibun's own, around functions of the user: what these mean.
    """
    if LATER:
        with _lock:
            for register in LATER:
                register()
            LATER.clear()
    if type(f) is FunctionType and f.__closure__ and of_bibun(f.__code__.co_filename):
        return _wrapper(f)
    return CALL @ f


__all__ = ["CALL", "kind", "means", "rebound", "trace_packages"]
