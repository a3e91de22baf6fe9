"""What loops of Python's go through: ranges and arrays, a number or a row for each round."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..array import Array, Duck, lift
from ..graph import Type


class Leaf(NamedTuple):
    """What a number or an array that is carried is: the same after each round."""

    of: Type
    form: type | None

    def __str__(self) -> str:
        return f"{self.of}" if self.form is None else f"{self.of} ({self.form.__name__})"


def through(*given: Any) -> Through | None:
    """What a loop goes through, if each round takes one row of it, or a number."""
    sources: tuple = given
    if len(given) == 2:
        f, sources = given
        if f is enumerate and len(sources) == 1:
            sources = (range(np.shape(sources[0])[0] if np.ndim(sources[0]) else 0), *sources)
        elif f is not zip or not sources:
            return None
    if not all(type(x) is range or (isinstance(x, ROWS) and np.ndim(x)) for x in sources):
        return None
    return Through(sources, len(given) == 2)


ROWS = (np.ndarray, Duck)


class Through(NamedTuple):
    """What a loop goes through: ranges and arrays, several of them together."""

    sources: tuple
    together: bool

    def __len__(self) -> int:
        return min(map(len, self.sources))

    def at(self, i: int) -> Any:
        """What round i is given."""
        return tuple(x[i] for x in self.sources) if self.together else self.sources[0][i]

    def kinds(self) -> list[Leaf]:
        """What each round is given, as numbers and rows."""
        return [
            Leaf(Type(np.dtype(np.int64), ()), int)
            if type(x) is range
            else Leaf(Type(lift(x).dtype, lift(x).shape[1:]), None)
            for x in self.sources
        ]

    def rows(self, start: int, n: int) -> list[Array]:
        """The rows of n rounds."""
        rest = [x[start : start + n] for x in self.sources]
        return [lift(np.array(x) if type(x) is range else x) for x in rest]

    def ranges(self, start: int, n: int) -> dict[int, range]:
        """The numbers of each range in n rounds."""
        return {j: x[start : start + n] for j, x in enumerate(self.sources) if type(x) is range}

    def counter(self, start: int, n: int) -> range | None:
        """The numbers of n rounds, if the first of what they are given is one."""
        first = self.sources[0]
        return first[start : start + n] if type(first) is range else None
