"""A round of a loop of Python's that is traced: what it begins with, and how it has to end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..array import FUNCTIONS, Array, Duck, enter, is_number, lift
from ..graph import Type, type_of
from ..memory import owner_of
from ..recording import Trace, recording
from ..tracing.containers import flatten, same_structure
from ..tracing.functional import form_of
from ..tracing.rebind.calls import RoundError, Watch
from ..variable import Variable
from .alone import is_argument
from .bodies import Body, Tree
from .through import Leaf


class Attempt:
    """A round that is traced: what it began with, and where it is recorded."""

    def __init__(
        self, given: Sequence[Any], written: Sequence[bool], rows: Sequence[Leaf], movable: set[int]
    ):
        self.given, self.unchanged = tuple(given), set[int]()
        self.leaves, self.rebuild = flatten(self.given)
        self.kinds = [_kind(x) for x in self.leaves]
        self.trace = Trace()
        self.open = recording(self.trace)
        self.open.__enter__()
        self.watch = Watch()
        self.inputs: list[int] = []
        fresh = [
            x if k is None else self._fresh(k) for x, k in zip(self.leaves, self.kinds, strict=True)
        ]
        self.fresh = fresh
        self.movable = {j for j, x in enumerate(self.leaves) if id(x) in movable or is_argument(x)}
        self.rows = tuple(map(self._fresh, rows))
        taken = self.rebuild(fresh)
        copied = FUNCTIONS[np.copy]
        self.taken = tuple(
            copied(x) if w and type(x) is Array and not is_number(x) else x
            for x, w in zip(taken, written, strict=True)
        )

    def _fresh(self, kind: Leaf) -> Array:
        i = self.trace.input(kind.of)
        self.inputs.append(i)
        return Array(self.trace, i, kind.of, kind.form)

    def numbers(self) -> list[Any]:
        """What is carried as a number or an array, as it was before the round."""
        return [x for x, k in zip(self.leaves, self.kinds, strict=True) if k]

    def own(self) -> set[int]:
        """Which of these are numbers of Python's."""
        return {j for j, x in enumerate(self.numbers()) if type(x) in (float, complex)}

    def after(self, results: Iterator[Array]) -> tuple:
        """What is carried, with the results of a loop."""
        new = [
            x if k is None else _as(next(results), k)
            for x, k in zip(self.leaves, self.kinds, strict=True)
        ]
        same = [self.leaves[j] if j in self.unchanged else y for j, y in enumerate(new)]
        return tuple(self.rebuild(same))

    def close(self) -> None:
        """Record no more."""
        self.watch.close()
        self.open.__exit__(None, None, None)

    def body(self, new: Sequence[Any]) -> Body:
        """What was recorded, if the round gave what it was given."""
        new = tuple(new)
        if self.watch.reason:
            raise RoundError(self.watch.reason)
        if not same_structure(self.given, new):
            raise UnsettledError("what is carried changes its containers")
        leaves, rebuild = flatten(new)
        found = []
        for x, y, kind in zip(self.leaves, leaves, self.kinds, strict=True):
            if kind is None:
                if x is not y and not (type(x) is type(y) and type(x) in SAME and x == y):
                    raise UnsettledError(f"{x!r} is carried, and changes")
            elif _kind(y) != kind:
                raise UnsettledError(
                    f"{kind} is carried, and becomes {_kind(y) or type(y).__name__}"
                )
            else:
                found.append(lift(y))
        self._own(leaves)
        outputs = [enter(self.trace, y) for y in found]
        return Body(self.trace, self.inputs, outputs, [Tree(new, found, rebuild, [])])

    def _own(self, leaves: Sequence[Any]) -> None:
        """Raise unless each array is the round's own: those of a loop share memory with no other.

        What comes back unchanged is what it was, and what changes its place may be an argument,
        which nobody writes into, or must have been held by one name alone.
        """
        places = {id(x): j for j, x in enumerate(self.fresh)}
        seen: set[int] = set()
        for j, x in enumerate(leaves):
            if self.kinds[j] is None or type(x) is not Array or is_number(x):
                continue
            owner = owner_of(x)
            before = places.get(id(owner))
            if before is not None and before == j and x is owner:
                self.unchanged.add(j)
            elif before is None and owner.scope is not self.trace:
                raise RoundError("an array is given another name")
            elif before is not None and before not in self.movable:
                raise RoundError("an array that others may see is given another name")
            if id(owner) in seen:
                raise RoundError("two names are given the same array")
            seen.add(id(owner))


SAME = (int, bool, str)


class UnsettledError(RoundError):
    """A round that changes the types of what is carried: the next one may keep them."""


def _kind(x: Any) -> Leaf | None:
    """What is carried as a number or an array; None for what has to stay as it is."""
    if isinstance(x, Variable) or type(x) in (int, bool):
        return None
    if isinstance(x, Duck):
        a = x._read()
        return Leaf(type_of(a), form_of(a))
    if type(x) in (float, complex):
        return Leaf(Type(np.dtype(type(x)), ()), type(x))
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biufc":
        form = np.ndarray if type(x) is np.ndarray and not x.shape else None
        return Leaf(Type(x.dtype.newbyteorder("="), x.shape), form)
    return None


def _as(y: Array, kind: Leaf) -> Array:
    return Array(y.scope, y.index, y.raw, kind.form)
