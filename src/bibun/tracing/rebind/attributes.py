"""Attributes: what reading and setting one runs in the classes of the user.

Python asks the class first: for `__getattribute__` and `__setattr__`, then for a property or
another descriptor, and in the end for `__getattr__`.
"""

from __future__ import annotations

import functools
import operator
from types import FunctionType, MethodWrapperType, ModuleType, WrapperDescriptorType
from typing import Any

import numpy as np

from ...array import Array, Duck
from . import marks
from .callee import CALL, MARKS, TABLE, TABLED, function, kind, means

# Whose attributes run nothing of the user's.
SIMPLE = {ModuleType, FunctionType, Array, np.ndarray, float, int, str, list, dict, tuple}
TABLED.add(WrapperDescriptorType)  # object.__setattr__


def load(of: Any, name: str) -> Any:
    """The attribute, where what the user's classes say of it runs with hooks."""
    of_type = type(of)
    own = of_type.__getattribute__
    try:
        return (CALL @ own)(of, name) if type(own) is FunctionType else found(of, name, own)
    except AttributeError:
        otherwise = described(type(of), "__getattr__")
        if otherwise is None:
            raise
    return (CALL @ otherwise.__get__(of, of_type))(name)


def found(of: Any, name: str, plain: Any = object.__getattribute__) -> Any:
    """What object.__getattribute__ finds, where a property of the user's runs with hooks."""
    if type(of) is super:
        return _beyond(of, name)
    what = described(type(of), name)
    if type(what) is property and type(what.fget) is FunctionType:
        return function(what.fget)(of)
    if type(what) is functools.cached_property and name not in _held(of):
        value = (CALL @ what.func)(of)
        if not isinstance(value, Duck):  # a cache must not keep traced arrays
            _held(of)[name] = value
        return value
    own = type(getattr(type(what), "__get__", None)) is FunctionType
    if own and (hasattr(type(what), "__set__") or name not in _held(of)):
        return (CALL @ type(what).__get__)(what, of, type(of))
    return plain(of, name)


def _held(of: Any) -> Any:
    """The attributes of an object itself, without asking its class."""
    try:
        return object.__getattribute__(of, "__dict__")
    except AttributeError:
        return {}


def described(kind: type, name: str, missing: Any = None) -> Any:
    """What a class says of an attribute, without running it."""
    for c in kind.__mro__:
        if name in c.__dict__:
            return c.__dict__[name]
    return missing


def _beyond(of: Any, name: str) -> Any:
    """What super() finds: in the classes after the present one."""
    classes = of.__self_class__.__mro__
    after = classes[classes.index(of.__thisclass__) + 1 :]
    what: Any = next((c.__dict__[name] for c in after if name in c.__dict__), None)
    own = type(what) is property and type(what.fget) is FunctionType
    if own and of.__self__ is not of.__self_class__:
        return function(what.fget)(of.__self__)
    return getattr(of, name)


def store(of: Any, name: str, value: Any) -> None:
    """of.name = value."""
    own = type(of).__setattr__
    if type(own) is FunctionType:
        (CALL @ own)(of, name, value)
    else:
        put(of, name, value, own)


def put(of: Any, name: str, value: Any, plain: Any = object.__setattr__) -> None:
    """What object.__setattr__ does, where a property of the user's runs with hooks."""
    what = described(type(of), name)
    if type(what) is property and type(what.fset) is FunctionType:
        function(what.fset)(of, value)
    elif type(getattr(type(what), "__set__", None)) is FunctionType:
        (CALL @ type(what).__set__)(what, of, value)
    else:
        plain(of, name, value)


def delete(of: Any, name: str) -> None:
    """What `del of.name` does."""
    own = type(of).__delattr__
    if type(own) is FunctionType:
        (CALL @ own)(of, name)
    else:
        take_away(of, name, own)


def take_away(of: Any, name: str, plain: Any = object.__delattr__) -> None:
    """What object.__delattr__ does, where a property of the user's runs with hooks."""
    what = described(type(of), name)
    if type(what) is property and type(what.fdel) is FunctionType:
        function(what.fdel)(of)
    else:
        plain(of, name)


class Store:
    """The hook of an attribute that is set, where the user's classes may say how."""

    def __matmul__(self, parts: tuple) -> None:
        several, value, *places = parts
        for (of, name), v in zip(places, _cut(value, places) if several else [value], strict=True):
            store(of, name, v)


def _cut(value: Any, places: list) -> list:
    """The items for so many places, or Python's own error."""
    items = list(value)
    if len(items) != len(places):
        few = f"not enough values to unpack (expected {len(places)}, got {len(items)})"
        many = f"too many values to unpack (expected {len(places)})"
        raise ValueError(few if len(items) < len(places) else many)
    return items


class Load:
    """The hook of an attribute that the user's classes may compute."""

    def __matmul__(self, pair: tuple[Any, str]) -> Any:
        of, name = pair
        return getattr(of, name) if type(of) in SIMPLE else load(of, name)


class Delete:
    """The hook of an attribute that is deleted."""

    def __matmul__(self, pair: tuple[Any, str]) -> None:
        delete(*pair)


@means(getattr)
def get_attribute(x: Any, name: str, /, *default: Any) -> Any:
    if len(default) != 1:
        return getattr(x, name, *default) if default else load(x, name)
    try:
        return load(x, name)
    except AttributeError:
        return default[0]


@means(hasattr)
def has_attribute(x: Any, name: str, /) -> bool:
    try:
        load(x, name)
    except AttributeError:
        return False
    return True


means(object.__getattribute__)(found)
means(object.__setattr__)(put)
means(object.__delattr__)(take_away)
means(setattr)(store)
means(delattr)(delete)


@kind(MethodWrapperType)
def of_slot(m: Any) -> Any:
    """What super().__setattr__ means, which may find a property of the user's."""
    ours = TABLE.get(vars(m.__objclass__).get(m.__name__))
    return m if ours is None else functools.partial(ours, m.__self__)


@kind(operator.attrgetter)
def of_names(getter: Any) -> Any:
    """Names of attributes, and of attributes of these: attrgetter("a.b")."""
    names = getter.__reduce__()[1]

    def get(x: Any) -> Any:
        values = [functools.reduce(load, name.split("."), x) for name in names]
        return values[0] if len(values) == 1 else tuple(values)

    return get


@kind(operator.methodcaller)
def of_method(caller: Any) -> Any:
    """A method by its name, and what it is called with."""
    made, given = caller.__reduce__()
    whole = functools.partial(made, *given)  # which flattens what has keywords
    name, *args = whole.args
    options = whole.keywords
    return lambda x: (CALL @ load(x, name))(*args, **options)


MARKS.update({marks.LOAD: Load(), marks.STORE: Store(), marks.DELETE: Delete()})
