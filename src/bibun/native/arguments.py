"""The arguments of a compiled function: the arrays, and all that decides which code it runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from importlib import import_module
from inspect import Parameter, signature
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from ..array import Duck
from ..errors import DtypeError
from ..tracing.containers import NAMESPACE, flatten, others
from ..tracing.exact import exact

TRACED = (Duck, np.ndarray, np.generic)
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
Place = Callable[[list[Any]], tuple[tuple, dict[str, Any]]]


class Fixed:
    """A value that is part of what is compiled."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any, name: str):
        self.value = value
        self.key = exact(value)
        try:
            hash(value)
        except TypeError:
            raise TypeError(
                f"{name}: an argument of type {type(value).__name__} can be no part of what is "
                "compiled, since it cannot be hashed: give arrays, numbers, or a hashable value"
            ) from None


PLAIN = {Fixed, int, float, complex, bool, str, bytes, type(None), FunctionType}
"""Types of leaves, beside arrays, that surely are no containers."""


class Call(NamedTuple):
    """The arguments of a call: the arrays, and all that decides which code it runs."""

    values: list[Any]
    fixed: list[Any]
    key: Hashable
    place: Place
    given: list[Any]
    """The arrays as the user gave them: of other byte orders, Variables, or as they are."""


class Chosen(NamedTuple):
    """Some parameters of a function, by position and by name."""

    numbers: tuple[int, ...]
    names: tuple[str, ...]


def chosen(f: Callable[..., Any], which: Any, option: str) -> Chosen:
    """The parameters that a user names, or numbers, or both."""
    several = (which,) if isinstance(which, int | str) else tuple(which)
    known = _parameters(f)
    numbers, names = set[int](), set[str]()
    for one in several:
        if isinstance(one, str):
            names.add(one)
            numbers.update(k for k, p in enumerate(known) if p.name == one and p.kind in POSITIONAL)
            if known and not any(p.name == one or p.kind is p.VAR_KEYWORD for p in known):
                raise TypeError(
                    f"jit: {option} names {one!r}, and the function has no such argument"
                )
        elif isinstance(one, int) and not isinstance(one, bool) and one >= 0:
            numbers.add(one)
            names.update(p.name for p in known[one : one + 1] if p.kind is p.POSITIONAL_OR_KEYWORD)
        else:
            raise TypeError(f"jit: {option} takes names and numbers of arguments, not {one!r}")
    return Chosen(tuple(sorted(numbers)), tuple(sorted(names)))


def _parameters(f: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a function, as far as Python knows them."""
    try:
        return list(signature(f).parameters.values())
    except (TypeError, ValueError):
        return []


class Arguments:
    """How the arguments of one function are read; `static` ones are fixed, arrays or not."""

    def __init__(self, name: str, static: Chosen):
        self.name, self.static = name, static

    def read(self, args: tuple, kwargs: dict[str, Any]) -> Call:
        """The arrays among the arguments, and what is fixed."""
        numbers, names = self.static
        given = [Fixed(a, self.name) if k in numbers else a for k, a in enumerate(args)]
        named = {k: Fixed(a, self.name) if k in names else a for k, a in kwargs.items()}
        structure: Hashable = len(args)
        leaves, rebuild = given, None
        if named or not all(type(a) in (np.ndarray, Fixed) for a in given):
            leaves, structure, rebuild = flat(given, named)
        read = [self.leaf(x) for x in leaves]
        traced = [k for k, x in enumerate(read) if type(x) is not Fixed]
        kinds = [x.key if type(x) is Fixed else (x.dtype, x.shape) for x in read]

        def place(arrays: list[Any]) -> tuple[tuple, dict[str, Any]]:
            filled = [x.value if type(x) is Fixed else None for x in read]
            for k, a in zip(traced, arrays, strict=True):
                filled[k] = a
            return (tuple(filled), {}) if rebuild is None else rebuild(filled)

        fixed = [x.value for x in read if type(x) is Fixed]
        values, arrays = [read[k] for k in traced], [leaves[k] for k in traced]
        return Call(values, fixed, (structure, *kinds), place, arrays)

    def leaf(self, x: Any) -> Any:
        """An argument as a plain array, or as something fixed."""
        if type(x) is Fixed:
            return x
        if not isinstance(x, TRACED):
            return Fixed(x, self.name)
        value = x.numpy() if isinstance(x, Duck) else x
        if value.dtype.kind not in "biufc":
            raise DtypeError(f"{self.name}: an argument is an array of {value.dtype}")
        if not value.dtype.isnative:
            return np.asarray(value).astype(value.dtype.newbyteorder("="))
        return value if isinstance(value, np.generic) else np.asarray(value)


def flat(given: list[Any], named: dict[str, Any]) -> tuple[list[Any], Hashable, Callable]:
    """The leaves of containers, how they are built, and what builds them."""
    tree, found = (tuple(given), named), list[Any]()
    kinds = _opened(tree, found)
    if kinds is not NotImplemented:  # for Python's own containers no library is loaded
        return found, kinds, lambda filled: _closed(tree, iter(filled))
    flatten((given, named))  # registers the user's classes
    optree, orders = import_module("optree"), list[Hashable]()

    def met(x: Any) -> bool:
        if isinstance(x, dict):  # equal structures may have keys in another order, or 1 for True
            orders.append(tuple((type(k), k) for k in x))
        return False

    leaves, structure = optree.tree_flatten(tree, met, none_is_leaf=True, namespace=NAMESPACE)
    kinds = structure, *orders, *others(tree)
    return leaves, kinds, lambda filled: optree.tree_unflatten(structure, filled)


def _opened(x: Any, leaves: list[Any]) -> Hashable:
    """How tuples, lists and dicts are built; NotImplemented if there may be other containers.

    Leaves of dicts come as the library has them, sorted by their keys.
    """
    kind = type(x)
    if kind in PLAIN or isinstance(x, TRACED):
        leaves.append(x)
        return None
    if kind is dict and all(type(k) is str for k in x):
        parts = [_opened(x[k], leaves) for k in sorted(x)]
        return NotImplemented if NotImplemented in parts else (tuple(x), *parts)
    if kind is not tuple and kind is not list:
        return NotImplemented
    parts = [_opened(y, leaves) for y in x]
    return NotImplemented if NotImplemented in parts else (kind, *parts)


def _closed(x: Any, leaves: Iterator[Any]) -> Any:
    """The same containers with other leaves."""
    kind = type(x)
    if kind is dict:
        parts = {k: _closed(x[k], leaves) for k in sorted(x)}
        return {k: parts[k] for k in x}
    if kind is tuple or kind is list:
        return kind(_closed(y, leaves) for y in x)
    return next(leaves)
