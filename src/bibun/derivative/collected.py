"""Lists that the rounds of a loop append to: they are rows of arrays behind the loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, bind, is_number, lift
from ..memory import owner_of
from ..ops.gather import Slice
from ..tracing.containers import Rebuild, flatten
from ..tracing.rebind.calls import RoundError
from .alone import UNCHANGING
from .leaves import Leaf, as_kind, kind_of


class Row(NamedTuple):
    """A number or an array that is appended: one row for each time."""

    kind: Leaf
    before: int | None  # the carried array that it is at the beginning of a round
    after: int | None  # the one that it is at its end


class Item(NamedTuple):
    """What is appended once: its rows, or values that are known, or what is the same each time."""

    parts: list[Any]
    rebuild: Rebuild


class Collected:
    """What rounds append to lists, which do nothing else with them."""

    def __init__(self, lists: dict[str, list]):
        self.lists = lists
        self.values: dict[str, list[Any]] = {name: [] for name in lists}
        self.items: dict[str, list[Item]] = {}

    @property
    def count(self) -> int:
        """How much is appended each time."""
        return sum(map(len, self.values.values()))

    def add(self, name: str, value: Any) -> None:
        """A round appends to a list."""
        self.values[name].append(value)

    def rows(
        self,
        trace: Any,
        before: Sequence[Any],
        after: Sequence[Any],
        written: Sequence[Any],
    ) -> list[Array]:
        """The numbers and arrays that are appended, if rounds write into nothing like them."""
        begins, ends = _places(before), _places(after)
        found, seen = [], set(_places(written)) - begins.keys()
        for name, values in self.values.items():
            self.items[name] = []
            for value in values:
                own, rebuild = flatten(value)
                parts = [_part(x, trace, begins, ends, seen) for x in own]
                self.items[name].append(Item(parts, rebuild))
                found += [lift(x) for x, p in zip(own, parts, strict=True) if type(p) is Row]
        return found

    def extend(
        self, rows: Sequence[Array], before: Sequence[Any], after: Sequence[Any], times: int
    ) -> None:
        """Append what all times have appended, given all rows and what was carried."""
        left = iter(rows)
        for name, items in self.items.items():
            made = [
                _unrolled(item, [next(left) for p in item.parts if type(p) is Row], times)
                for item in items
            ]
            for item, elements in zip(items, made, strict=True):
                for k, p in enumerate(item.parts):
                    if type(p) is Row and p.before is not None:
                        elements[0][k] = before[p.before]
                    elif type(p) is Row and p.after is not None:
                        elements[-1][k] = after[p.after]
            for t in range(times):
                self.lists[name] += [
                    item.rebuild(elements[t]) for item, elements in zip(items, made, strict=True)
                ]


def _places(leaves: Sequence[Any]) -> dict[int, int]:
    """Which arrays are which leaves."""
    return {id(owner_of(x)): j for j, x in enumerate(leaves) if type(x) is Array}


def _part(x: Any, trace: Any, begins: dict[int, int], ends: dict[int, int], seen: set[int]) -> Any:
    """What a leaf is in all rounds."""
    if isinstance(x, (*UNCHANGING, np.generic)):
        return x
    kind = kind_of(x)
    if kind is None or isinstance(x, np.ndarray):
        raise RoundError(f"an object that others may see is appended: {type(x).__name__}")
    a: Any = lift(x)
    if kind.form in (int, bool) and a.scope is trace:
        values = trace.in_all_rounds(a.index)
        if values is None:
            raise RoundError("whole numbers are appended that depend on more than counters")
        return values.tolist()
    if is_number(a):
        return Row(kind, None, None)
    owner = owner_of(x)
    if owner is not x or owner.scope is not trace or id(owner) in seen:
        raise RoundError("an array is appended that others may see")
    seen.add(id(owner))
    before = begins.get(id(owner))
    return Row(kind, before, ends.get(id(owner)) if before is None else None)


def _unrolled(item: Item, rows: Sequence[Array], times: int) -> list[list[Any]]:
    """The leaves of what is appended each time."""
    left, columns = iter(rows), []
    for p in item.parts:
        if type(p) is Row:
            y = next(left)
            rest = (None,) * (len(y.shape) - 1)
            columns.append([as_kind(bind(Slice((t, *rest)), y), p.kind) for t in range(times)])
        else:
            columns.append(p[:times] if type(p) is list else [p] * times)
    return [list(leaves) for leaves in zip(*columns, strict=True)] if columns else [[]] * times
