"""Guides: what code recorded the last time it ran, which its next run most often repeats.

A run that repeats its guide need not look up where each entry stands, nor search for the user's
code on the stack, and its structural key is the guide itself. A run that leaves its guide goes on
without one; nothing is lost but time.
"""

from __future__ import annotations

from typing import Any

MOST = 512  # guides; when there are more, all are forgotten


class Guide:
    """The entries of a trace, and how many frames away the user's code was that made each.

    Compared and hashed by the entries, once: a guide stands for them in the keys of caches.
    """

    __slots__ = ("_hash", "depths", "entries")

    def __init__(self, entries: tuple[tuple, ...], depths: tuple[int, ...]):
        self.entries, self.depths = entries, depths
        self._hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(self.entries)
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(other) is Guide and hash(self) == hash(other) and self.entries == other.entries


NOTHING = Guide((), ())
# By the address of the code (a key that hashes quickly), with the code, so that it stays its own.
_guides: dict[Any, tuple[Any, Guide]] = {}


def last(code: Any, place: int = 0) -> Guide:
    """What this code recorded last, or nothing. `place` tells apart what stands in one code."""
    return _guides.get((id(code), place), (None, NOTHING))[1]


def remember(guide: Guide, code: Any, place: int = 0) -> None:
    """This code recorded what the guide says."""
    key = id(code), place
    if _guides.get(key, (None, None))[1] is guide:
        return
    if len(_guides) >= MOST:
        _guides.clear()
    _guides[key] = code, guide
