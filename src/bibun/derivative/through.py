"""What loops of Python's go through: ranges and arrays, a number or a row for each round."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..array import Array, Duck, lift
from ..graph import Type
from .leaves import WHOLE, Leaf


def through(*given: Any) -> Through | None:
    """What a loop goes through, if each round takes one row of it, or a number."""
    sources: tuple = given
    if len(given) == 2:
        f, sources = given
        if (f is not enumerate or len(sources) != 1) and (f is not zip or not sources):
            return None
    if not all(type(x) is range or (isinstance(x, ROWS) and np.ndim(x)) for x in sources):
        return None
    if given[0] is enumerate:
        sources = (range(len(sources[0])), *sources)
    return Through(sources, len(given) == 2)


ROWS = (np.ndarray, Duck)


class Through(NamedTuple):
    """What a loop goes through: ranges and arrays, several of them together."""

    sources: tuple
    together: bool

    def __len__(self) -> int:
        return min(map(len, self.sources), default=0)

    def given(self, parts: list[Any]) -> Any:
        """What the target of the loop is bound to, of a part of each source."""
        return tuple(parts) if self.together else parts[0]

    def at(self, i: int) -> Any:
        """What round i is given."""
        return self.given([x[i] for x in self.sources])


class Span(NamedTuple):
    """So many times `together` rounds from the one with this number on."""

    through: Through
    start: int
    together: int
    times: int

    @property
    def sources(self) -> list[tuple[int, Any]]:
        """Which of the rounds of one time meets a source of rows or numbers of its own.

        The numbers of a range are those of the first of them, and steps from there.
        """
        return [
            (r, x)
            for r in range(self.together)
            for x in self.through.sources
            if r == 0 or type(x) is not range
        ]

    def kinds(self) -> list[Leaf]:
        """What the rows and numbers of one time are."""
        arrays = [None if type(x) is range else lift(x) for _, x in self.sources]
        return [WHOLE if a is None else Leaf(Type(a.dtype, a.shape[1:]), None) for a in arrays]

    def cut(self, r: int, x: Any) -> Any:
        """The rows or numbers of a source that one of the rounds of each time meets."""
        end = self.start + self.times * self.together
        return x[self.start + r : end : self.together]

    def rows(self) -> list[Array]:
        """The rows and numbers of all times."""
        cuts = [self.cut(r, x) for r, x in self.sources]
        return [lift(np.array(x) if type(x) is range else x) for x in cuts]

    def ranges(self) -> dict[int, range]:
        """Those that are numbers of a range."""
        sources = enumerate(self.sources)
        return {j: self.cut(r, x) for j, (r, x) in sources if type(x) is range}
