"""Registers: what short loops have just stored is taken from there, and not from memory again.

In a loop over small arrays, such as the rounds of a scan, each statement writes a vector that the
next one reads number by number. A number that comes by way of memory is there some eight cycles
later than one that a shuffle takes out of a register. So states that lie in one register go round
in it; they are stored all the same.
"""

from __future__ import annotations

from typing import NamedTuple

from .lines import Term


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
    """What has been stored on the way here, of each buffer, as long as no branch or loop begins."""

    def __init__(self) -> None:
        self.stored: dict[int, list[Stored]] = {}

    def forget(self) -> None:
        """Before and after what may run several times, or not at all."""
        self.stored = {}

    def store(self, buffer: int, spot: Spot | None, count: int, term: Term, real: int) -> None:
        """A vector was stored, or `count` numbers wherever; other places keep what they hold."""
        apart = [s for s in self.stored.get(buffer, ()) if spot and _apart(s, spot, count)]
        if spot and real:
            apart.append(Stored(spot, term, real))
        self.stored[buffer] = apart

    def single(self) -> list[tuple[int, Stored]]:
        """The buffers of which one whole vector is known, at a place that does not vary."""
        alone = [(number, known[0]) for number, known in self.stored.items() if len(known) == 1]
        return [(n, x) for n, x in alone if not x.spot.rest and x.real == x.term.lanes]

    def put(self, buffer: int, x: Stored, name: str) -> str:
        """Know that a vector has another name now; the name."""
        self.stored[buffer] = [x._replace(term=x.term._replace(text=name))]
        return name

    def vector(self, buffer: int, spot: Spot, lanes: int) -> Term | None:
        """All that a vector of these places holds."""
        for s in self.stored.get(buffer, ()):
            if s.spot == spot and s.term.lanes == s.real == lanes:
                return s.term
        return None

    def lane(self, buffer: int, spot: Spot) -> tuple[Term, int] | None:
        """The vector, and the lane of it, in which a number is."""
        for s in self.stored.get(buffer, ()):
            lane = spot.offset - s.spot.offset
            if s.spot.rest == spot.rest and 0 <= lane < s.real:
                return s.term, lane
        return None


def _apart(s: Stored, spot: Spot, count: int) -> bool:
    """Whether a vector and the numbers from a place on surely do not meet."""
    before = spot.offset + count <= s.spot.offset
    return s.spot.rest == spot.rest and (before or spot.offset >= s.spot.offset + s.term.lanes)
