"""What runs without a call: the hooks of operators, loops and `with`.

A class of the user's may define what these do.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator
from types import FunctionType, WrapperDescriptorType
from typing import Any

import numpy as np

from ...array import FUNCTIONS, Duck, lift
from ...errors import TracingError
from ...ops.joining import traced
from ...recording import is_abstract
from . import marks
from .attributes import described
from .callee import CALL, MARKS, function, means, of_users_class, stands_for


def _names() -> dict[str, Callable[..., Any]]:
    binary = [*marks.BINARY.values(), *marks.COMPARED.values(), *marks.UNARY.values()]
    inplace = ["__i" + name[2:] for name in marks.BINARY.values()]
    return {name: getattr(operator, name) for name in (*binary, *inplace, "__getitem__")}


OPERATORS = _names()
# Between these an operator means what it says, also as an index.
SIMPLE = {float, int, bool, str, list, dict, np.ndarray, np.float64, slice, type(None)}


SUBSCRIPTED: dict[int, Callable[..., Any]] = {}  # id of np.r_ -> what np.r_[x, y] means


class Operate:
    """The hook of an operator that a class of the user may define."""

    def __matmul__(self, parts: tuple) -> Any:
        if len(parts) == 3:
            name, a, b = parts
            kinds = name, type(a), type(b)
            meaning = _meanings.get(kinds) or _meaning(*kinds)
            if type(meaning) is Own:
                f = getattr(kinds[1], name, None)
                if f is not meaning.method:
                    return _tried(_tries(name, a, [b]), name, a, b)
                found = (CALL @ f)(a, b)
                if found is not NotImplemented:
                    return found
                return _tried(_tries(name, a, [b])[1:], name, a, b)
            if meaning is not ASK:
                return meaning(a, b)
        name, a, *rest = parts
        if type(a) is np.ndarray and name == "__getitem__":
            return (lift(a) if _unknown(rest[0]) else a)[rest[0]]
        if name == "%":
            return a % _shown(rest[0])
        if id(a) in SUBSCRIPTED:
            items = list(rest[0]) if isinstance(rest[0], tuple) else rest
            if traced(items) and not any(isinstance(p, str | slice) for p in items):
                return SUBSCRIPTED[id(a)](*items)
        if any(of_users_class(type(x)) for x in (a, *rest)):
            return _tried(_tries(name, a, rest), name, a, *rest)
        return OPERATORS[name](a, *rest)


class Own:
    """A class of the user's to the left is the first to be asked, by this method."""

    __slots__ = ("method",)

    def __init__(self, of: type, name: str):
        f = described(of, name)
        self.method = f if type(f) is FunctionType else ASK


ASK = object()
_meanings: dict[tuple[str, type, type], Any] = {}
"""What an operator between two types is: the operator itself, Own(...), or ASK."""


def _meaning(name: str, of: type, other: type) -> Any:
    """The entry of `_meanings`, which is kept for the types of modules."""
    if of in SIMPLE and other in SIMPLE and name != "%":
        found: Any = OPERATORS[name]
    elif (
        name == "%"
        or (name == "__getitem__" and (of is np.ndarray or of in map(type, (np.r_, np.c_))))
        or (other is not of and of in other.__mro__)
    ):
        found = ASK
    elif of_users_class(of):
        found = Own(of, name)
    else:
        found = ASK if of_users_class(other) else OPERATORS[name]
    if not any("<locals>" in t.__qualname__ for t in (of, other)):
        _meanings[name, of, other] = found
    return found


def _tried(tries: list[tuple[str, Any, list]], name: str, *operands: Any) -> Any:
    """What the first method gives that knows what to do; else what Python says."""
    for method, x, others in tries:
        found = _asked(method, x, others)
        if found is not NotImplemented:
            return found
    if name in SAMENESS:  # and nobody is asked twice
        return (operands[0] is operands[1]) == (name == "__eq__")
    return OPERATORS[name](*operands)


SAMENESS = ("__eq__", "__ne__")


def _asked(name: str, x: Any, others: list) -> Any:
    """What the method of the class of x gives: as Python looks it up, past x itself."""
    f = described(type(x), name, MISSING)
    if f is MISSING:
        return NotImplemented
    if f is object.__ne__:
        found = _asked("__eq__", x, others)
        return found if found is NotImplemented else not found
    if type(f) is FunctionType or type(f) is WrapperDescriptorType:
        return (CALL @ f)(x, *others)
    bind = getattr(type(f), "__get__", None)
    return (CALL @ (f if bind is None else (CALL @ bind)(f, x, type(x))))(*others)


MISSING = object()


def _unknown(index: Any) -> bool:
    """Whether an index has no value: NumPy would ask for it."""
    parts = index if type(index) is tuple else (index,)
    return any(isinstance(i, Duck) and is_abstract(i._read().raw) for i in parts)


OPERATE = Operate()


def _tries(name: str, a: Any, rest: list) -> list[tuple[str, Any, list]]:
    """The methods that Python tries, in its order."""
    if not rest or name == "__getitem__":
        return [(name, a, rest)]
    b = rest[0]
    *before, reflected = marks.alternatives(name)
    tries = [(n, a, rest) for n in (name, *before)]
    if type(a) is type(b) and name not in marks.MIRRORED:
        return tries
    last = (reflected, b, [a])
    if name in JOINING and _joins(a, (name, *before)):
        return [last, *tries]
    tries.insert(len(tries) - 1 if _overrides(name, reflected, a, b) else len(tries), last)
    return tries


JOINING = ("__add__", "__mul__", "__iadd__", "__imul__")


def _joins(a: Any, names: tuple[str, ...]) -> bool:
    """Whether + and * of an object are those of sequences, which Python tries last."""
    own = any(type(described(type(a), n)) is FunctionType for n in names)
    return isinstance(a, list | tuple | str | bytes) and not own


def _overrides(name: str, reflected: str, a: Any, b: Any) -> bool:
    """Whether b is asked first: it is of a subclass, which says itself what the operator is."""
    of = stands_for(a) if isinstance(a, Duck) else type(a)
    if type(b) is of or of not in type(b).__mro__:
        return False
    own = described(type(b), reflected)
    return own is not None and (name in marks.MIRRORED or own is not described(of, reflected))


def _shown(x: Any) -> Any:
    """Numbers for the text: formatting uses the values."""
    if isinstance(x, tuple):
        return tuple(map(_shown, x))
    return x.numpy()[()] if isinstance(x, Duck) else x


class Iterate:
    """The hook of a loop over an object of the user's."""

    def __matmul__(self, x: Any) -> Any:
        f = getattr(type(x), "__iter__", None)
        return function(f)(x) if type(f) is FunctionType and of_users_class(type(x)) else x


ITERATE = Iterate()


class Enter:
    """The hook of a `with` statement."""

    def __matmul__(self, x: Any) -> Any:
        return _Entered(x) if of_users_class(type(x)) else x


class _Entered:
    """A context manager of the user's, with hooks in its methods."""

    def __init__(self, x: Any):
        self.x = x

    def __enter__(self) -> Any:
        return (CALL @ type(self.x).__enter__)(self.x)

    def __exit__(self, *error: Any) -> Any:
        return (CALL @ type(self.x).__exit__)(self.x, *error)


class Match:
    """The hook of a `match` statement: Python itself looks at the class of a traced number."""

    def __matmul__(self, parts: tuple) -> Any:
        x, *classes = parts
        kinds = tuple(c for c in classes if isinstance(c, type))
        for y in _within(x, set()):
            found = next((c for c in kinds if issubclass(stands_for(y), c)), None)
            if found is not None:
                raise TracingError(
                    f"match: `case {found.__name__}()` does not see that a traced "
                    f"{stands_for(y).__name__} is one, since Python looks at the class itself: "
                    f"write `if isinstance(x, {found.__name__})`, or `case x if isinstance(...)`"
                )
        return x


def _within(x: Any, seen: set[int]) -> Iterator[Duck]:
    """The traced arrays that a pattern may look at: x, its items, its attributes."""
    if isinstance(x, Duck):
        yield x
        return
    if id(x) in seen or isinstance(x, type | np.ndarray | str):
        return
    seen.add(id(x))
    items: Any = x if isinstance(x, list | tuple) else x.values() if isinstance(x, dict) else ()
    if not items and of_users_class(type(x)):
        items = [getattr(x, name) for name in _names_of(x)]
    for y in items:
        yield from _within(y, seen)


def _names_of(x: Any) -> list[str]:
    """The attributes that an object has of its own."""
    slots = (n for c in type(x).__mro__ for n in getattr(c, "__slots__", ()))
    return [n for n in (*slots, *getattr(x, "__dict__", ())) if hasattr(x, n)]


FUNCTIONS["meaning"] = CALL.__matmul__
MARKS.update(
    {
        marks.OPERATE: OPERATE,
        marks.ITERATE: ITERATE,
        marks.ENTER: Enter(),
        marks.MATCH: Match(),
    }
)


@means(sum)
def added_up(items: Any, /, start: Any = 0) -> Any:
    """Objects of the user's are added by their own methods."""
    items = items if isinstance(items, Duck) else list(ITERATE @ items)
    if isinstance(items, Duck) or not any(map(of_users_class, set(map(type, items)))):
        return sum(items, start)
    for x in items:
        start = OPERATE @ ("__add__", start, x)
    return start


def _by_method(plain: Any, name: str) -> None:
    @means(plain)
    def call(x: Any, /, *rest: Any) -> Any:
        f = getattr(type(x), name, None)
        own = type(f) is FunctionType and of_users_class(type(x))
        return function(f)(x, *rest) if own else plain(x, *rest)


_by_method(abs, "__abs__")
_by_method(iter, "__iter__")
_by_method(next, "__next__")


def _of_iterables(plain: Any, place: int | None) -> None:
    """A function that goes through objects of the user's, and calls the function at a place."""

    @means(plain)
    def call(*args: Any, **options: Any) -> Any:
        args = tuple([CALL @ a if k == place else ITERATE @ a for k, a in enumerate(args)])
        if options:
            options = {k: CALL @ v if k in ("func", "key") else v for k, v in options.items()}
        return plain(*args, **options)


CALLED: dict[Any, int] = {
    map: 0, filter: 0, itertools.starmap: 0, itertools.takewhile: 0, itertools.dropwhile: 0,
    itertools.filterfalse: 0, itertools.accumulate: 1, itertools.groupby: 1,
}  # fmt: skip

for _plain in (zip, enumerate, list, tuple, set, any, all, itertools.chain, *CALLED):
    _of_iterables(_plain, CALLED.get(_plain))


@means(functools.reduce)
def reduced(f: Any, items: Any, /, *start: Any) -> Any:
    """The start may be an object that can be iterated over, and is not to be."""
    return functools.reduce(CALL @ f, ITERATE @ items, *start)
