"""Constructors: what runs where an instance of a class of the user's is made.

That is `__call__` of the metaclass, `__new__`, `__init__`, and `__post_init__` of dataclasses.
"""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import Any

from .attributes import described, put, store
from .callee import BOUND, CALL, TABLE, Function, kind, means, of_users_class
from .source import is_generated


@kind(type)
def class_(of: Any) -> Any:
    """A class of the user's: the same class, but its constructor is traced."""
    found = TABLE.get(of)
    if found is not None:
        return found
    call = described(type(of), "__call__")
    if call is not type.__call__:
        hooked = CALL @ call if type(call) is FunctionType else call
        return of if hooked is call else MethodType(hooked, of)
    found = _constructor(of) if of_users_class(of) else of
    if "<locals>" not in of.__qualname__:
        TABLE[of] = found
    return found


def _constructor(of: Any) -> Function:
    def construct(*args: Any, **options: Any) -> Any:
        # Its methods are looked up each time: they may have been set meanwhile.
        if of.__new__ is not object.__new__ or hasattr(of, "__dataclass_fields__"):
            return made(of, *args, **options)
        x = object.__new__(of)
        result = (CALL @ of.__init__)(x, *args, **options)
        return x if result is None else _refused(result)

    return construct


@means(type.__call__)
def made(of: Any, /, *args: Any, **options: Any) -> Any:
    """What type.__call__ does, with hooks in __new__, __init__ and __post_init__."""
    new = of.__new__
    x = new(of) if new is object.__new__ else (CALL @ new)(of, *args, **options)
    if of not in type(x).__mro__:
        return x
    result = initialise(x, type(x).__init__, *args, **options)
    return x if result is None else _refused(result)


def _refused(result: Any) -> Any:
    raise TypeError(f"__init__() should return None, not {type(result).__name__!r}")


def initialise(x: Any, init: Any, /, *args: Any, **options: Any) -> Any:
    """What __init__ does, with hooks."""
    of = type(x)
    written = type(init) is FunctionType and is_generated(init.__code__)
    runs = hasattr(of, "__post_init__") or type(of.__setattr__) is FunctionType
    if not (written and runs and hasattr(of, "__dataclass_fields__")):
        return (CALL @ init)(x, *args, **options)
    # The constructor of a dataclass has no source: it fills another object, which knows what
    # __post_init__ is to be called with.
    given, after = _Given(), list[tuple]()
    vars(given)["__post_init__"] = lambda *rest: after.append(rest)
    init(given, *args, **options)
    setting = put if of.__dataclass_params__.frozen else store
    for name, value in vars(given).items():
        if name != "__post_init__":
            setting(x, name, value)
    for rest in after:
        (CALL @ x.__post_init__)(*rest)
    return None


class _Given:
    """What the constructor of a dataclass makes of its arguments."""


BOUND["__init__"] = initialise  # super().__init__(...)
