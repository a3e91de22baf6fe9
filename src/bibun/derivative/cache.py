"""The cache of derived programs: by the structural key of what was traced, and bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, Protocol, TypeVar

from ..graph import Graph
from ..recording import Trace

MOST_NODES = 500_000  # kept in the cache over all programs: some 300 MB


class Cached(Protocol):
    """What a cache has to know of a program: its size, and which constants it was made for."""

    graph: Graph
    varying: frozenset[int]

    def fits(self, trace: Trace) -> bool: ...

    def differing(self, trace: Trace) -> frozenset[int]: ...


P = TypeVar("P", bound=Cached)


class Cache(Generic[P]):
    """Derived programs by structural key, the least recently used dropped first."""

    def __init__(self, most: int = MOST_NODES):
        self.most, self.size = most, 0
        self.kept: OrderedDict[Hashable, P] = OrderedDict()
        self.latest: P | None = None  # which stands last
        self.lock = Lock()

    def get(self, key: Hashable, trace: Trace, make: Callable[[frozenset[int]], P]) -> P:
        """The program for this key.

        A constant that differs from call to call becomes an input of it.
        """
        found = self.kept.get(key)
        if found is not None and found.fits(trace):
            if found is not self.latest:
                with self.lock:
                    if key in self.kept:
                        self.kept.move_to_end(key)
                        self.latest = found
            return found
        made = make(found.varying | found.differing(trace) if found else frozenset())
        with self.lock:
            if key in self.kept:  # perhaps made by another thread meanwhile
                self.size -= len(self.kept.pop(key).graph)
            self.kept[key] = self.latest = made
            self.size += len(made.graph)
            while self.size > self.most and len(self.kept) > 1:
                self.size -= len(self.kept.popitem(last=False)[1].graph)
        return made

    def clear(self) -> None:
        """Forget all programs."""
        with self.lock:
            self.kept.clear()
            self.size, self.latest = 0, None
