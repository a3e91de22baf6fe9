"""Registers: what short loops have just stored is taken from there, and not from memory again.

In a loop over small arrays, such as the rounds of a scan, each statement writes a vector that the
next one reads number by number. A number that comes by way of memory is there some eight cycles
later than one that a shuffle takes out of a register. So states that lie in one register go round
in it; they are stored all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .lines import Term

RECENT = 16
"""Vectors of a buffer that are remembered, as soon as memory has them, too."""


class Spot(NamedTuple):
    """A place in a buffer: a known offset, and for the rest of it (LLVM's operand, stride)."""

    offset: int
    rest: tuple[tuple[str, int], ...]


class Stored(NamedTuple):
    """A vector that was stored, of which the first `real` lanes count."""

    spot: Spot
    term: Term
    real: int


class Registers:
    """What has been stored on the way here, of each buffer, as long as no branch or loop begins.

    What was stored last comes first: it holds where several meet.
    """

    def __init__(self) -> None:
        self.stored: dict[int, list[Stored]] = {}

    def forget(self) -> None:
        """Before and after what may run several times, or not at all."""
        self.stored = {}

    def store(self, buffer: int, spot: Spot | None, count: int, term: Term, real: int) -> None:
        """A vector was stored, or `count` numbers wherever; other places keep what they hold."""
        kept = [s for s in self.stored.get(buffer, ()) if spot and _left(s, spot, count, real)]
        new = [Stored(spot, term, real)] if spot and real else []
        self.stored[buffer] = new + kept

    def shorten(self, buffer: int) -> None:
        """Forget what was stored long ago."""
        del self.stored[buffer][RECENT:]

    def single(self) -> list[tuple[int, Stored]]:
        """The buffers of which one whole vector is known, at a place that does not vary."""
        alone = [(number, known[0]) for number, known in self.stored.items() if len(known) == 1]
        whole = [(n, x) for n, x in alone if x.real == x.term.lanes > 1]
        return [(n, x) for n, x in whole if not x.spot.rest]

    def put(self, buffer: int, x: Stored, name: str) -> str:
        """Know that a vector has another name now; the name."""
        self.stored[buffer] = [x._replace(term=x.term._replace(text=name))]
        return name

    def vector(self, buffer: int, spot: Spot, lanes: int, real: int) -> Term | None:
        """A vector that was stored at these places, of whose lanes so many count."""
        for s in self.stored.get(buffer, ()):
            if s.spot == spot and s.term.lanes == lanes and s.real >= real > 0:
                return s.term
            if not _apart(s, spot, real):
                return None
        return None

    def lanes(self, buffer: int, spot: Spot, count: int) -> Iterator[tuple[Term, int]]:
        """The same as `lane`, of so many numbers from a place on, up to the first unknown one."""
        for k in range(count):
            found = self.lane(buffer, spot._replace(offset=spot.offset + k))
            if found is None:
                return
            yield found

    def lane(self, buffer: int, spot: Spot) -> tuple[Term, int] | None:
        """The vector, and the lane of it, in which a number is."""
        for s in self.stored.get(buffer, ()):
            lane = spot.offset - s.spot.offset
            if s.spot.rest == spot.rest and 0 <= lane < s.real:
                return s.term, lane
        return None


def _left(s: Stored, spot: Spot, count: int, real: int) -> bool:
    """Whether a lane of a vector surely is what it was, after a store of so many numbers.

    Of those that are known the last one counts, so that they may overwrite a part of others.
    """
    if not real or s.spot.rest != spot.rest:
        return _apart(s, spot, count)
    whole = spot.offset <= s.spot.offset and s.spot.offset + s.real <= spot.offset + real
    return not whole


def _apart(s: Stored, spot: Spot, count: int) -> bool:
    """Whether a vector and the numbers from a place on surely do not meet."""
    before = spot.offset + count <= s.spot.offset
    return s.spot.rest == spot.rest and (before or spot.offset >= s.spot.offset + s.real)
