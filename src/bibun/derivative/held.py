"""Whether lists and dicts that a round leaves are its own: those of a loop are new ones."""

from __future__ import annotations

from sys import getrefcount
from typing import Any

from ..tracing.containers import LEAVES, parts_of
from .alone import NAME, TEMPORARY, UNCHANGING


class Names:
    """The local names that a round has bound anew."""

    def __init__(self, found: dict[str, Any]):
        self.before = {name: id(x) for name, x in found.items()}

    def of(self, x: Any, found: dict[str, Any]) -> int:
        """How many of them say x."""
        return sum(y is x and self.before.get(name) != id(y) for name, y in found.items())


def held_elsewhere(
    holder: list[Any], names: Names, found: dict[str, Any], times: list[int] | None = None
) -> bool:
    """Whether a list or the like in `holder` is held by more than that, and by names of a round.

    `times` says by how many objects of ours each of them is held.
    """
    for k in range(len(holder)):
        if not _changes(holder[k]):
            continue
        ours = 1 if times is None else times[k]
        ours += TEMPORARY + NAME * names.of(holder[k], found)
        if getrefcount(holder[k]) > ours:
            return True
        parts = parts_of(holder[k])
        if parts is not None and held_elsewhere(parts, names, found, [2] * len(parts)):
            return True
    return False


def holds_shared(found: dict[str, Any], name: str) -> bool:
    """Whether a dict holds lists and the like that others hold, too: a loop leaves copies there."""
    parts = [*found[name].values()] if type(found[name]) is dict else []
    return held_elsewhere(parts, Names(found), found, [2] * len(parts))


def _changes(x: Any) -> bool:
    """Whether x, or what is in it, is a container that may be written into."""
    if isinstance(x, (*LEAVES, *UNCHANGING)):
        return False
    parts = parts_of(x)
    if parts is None:
        return False
    return not isinstance(x, tuple) or any(map(_changes, parts))
