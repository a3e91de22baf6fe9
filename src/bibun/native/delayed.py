"""Stores that wait: what straight code stores stays in registers until memory has to have it.

Small programs store what the next loop reads, add to what they have just set to zero, and read it
one element further on. Out of registers all that takes a shuffle. Through memory it takes a store,
and a load that waits for it, some 20 cycles where no single store has written all that is read. In
memory the last numbers alone are stored, each once and in whole vectors, and nothing of what only
the program itself reads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ..loops import Block, Buffer, Place, Store
from ..loops.statements import DTYPES
from .lines import Lines, Term, Wide, stored, vector
from .registers import Registers, Spot

LATER = 8
"""Vectors of 64-bit numbers that stay in registers alone before they are stored."""


class Delayed(Lines, ABC):
    """Lines with what is known of buffers without reading them."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = self.widest = bits  # of a vector: in the present loop, and of the CPU
        self.terms: dict[int, Term] = {}
        self.parts: list[str] = []  # functions of their own, which threads run
        self.wide: Wide | None = None
        self.streams: set[int] = set()  # buffers that are written past the caches
        self.registers = Registers()
        self.later: dict[Buffer, set[int]] = {}  # places that are stored in registers alone
        self.serial = 0  # loops around whose rounds wait for each other

    @abstractmethod
    def statements(self, block: Block) -> None:
        """Print the statements of a block."""

    def block(self, block: Block) -> None:
        """The same, and all that they store is in memory then."""
        self.statements(block)
        self.settle()

    def spot(self, buffer: Buffer, place: Place) -> Spot | None:
        """Where a place is, as far as that is known here; None for what may be anywhere."""
        if place.computed >= 0 or buffer.role == "heap" or buffer.kind == "bool":
            return None
        offset, rest = place.offset, []
        for counter, stride in place.strides:
            own = self.wide is not None and counter == self.wide.counter
            text = self.wide.first if self.wide and own else self.terms[counter].text
            if text[0] == "%":
                rest.append((text, stride))
            else:
                offset += stride * int(text)
        return Spot(offset, tuple(sorted(rest)))

    def joined(self, buffer: Buffer, spot: Spot, lanes: int, real: int) -> Term | None:
        """A vector with so many real lanes, out of the one or two that they were stored in."""
        same = self.registers.vector(buffer.number, spot, lanes, real)
        if same is not None or not real:
            return same
        if lanes == 1:
            one = self.registers.lane(buffer.number, spot)
            return self.lane(*one) if one else None
        known = list(self.registers.lanes(buffer.number, spot, real))
        terms = list(dict.fromkeys(x for x, _ in known))
        if len(known) < real or len(terms) > 2:
            return None
        most = max(2, *(x.lanes for x in terms))
        numbers = [terms.index(x) * most + k for x, k in known]
        numbers += [numbers[-1]] * (lanes - real)
        a, b = (self.widened(x, most) for x in (terms[0], terms[-1]))
        of, kind = vector(stored(terms[0].kind), most), terms[0].kind
        chosen = ", ".join(f"i32 {k}" for k in numbers)
        text = f"shufflevector {of} {a}, {of} {b}, <{lanes} x i32> <{chosen}>"
        return Term(self.put(text), kind, lanes)

    def widened(self, x: Term, lanes: int) -> str:
        """A term as the first lanes of a vector."""
        of, wide = stored(x.kind), vector(stored(x.kind), lanes)
        if x.lanes == lanes:
            return x.text
        if x.lanes == 1:
            return self.put(f"insertelement {wide} poison, {of} {x.text}, i32 0")
        chosen = ", ".join(f"i32 {min(k, x.lanes - 1)}" for k in range(lanes))
        return self.put(
            f"shufflevector {x.type} {x.text}, {x.type} poison, <{lanes} x i32> <{chosen}>"
        )

    def lane(self, x: Term, k: int) -> Term:
        """A number out of a vector."""
        if x.lanes == 1:
            return x
        return Term(self.put(f"extractelement {x.type} {x.text}, i32 {k}"), x.kind)

    def forget(self) -> None:
        """Before and after what may run several times, or not at all."""
        assert not self.later, "memory has all that was stored"
        self.registers.forget()

    def settle(self, buffers: Sequence[Buffer] | None = None) -> None:
        """Store what is in registers alone, of some buffers or of all."""
        for buffer in list(self.later) if buffers is None else buffers:
            places = sorted(self.later.pop(buffer, ()))
            if not places:
                continue
            while places:
                count = next((k for k, at in enumerate(places) if at != places[0] + k), len(places))
                places = places[self.stored_at(buffer, places[0], count) :]
            self.registers.shorten(buffer.number)

    def stored_at(self, buffer: Buffer, first: int, count: int) -> int:
        """Store some of so many numbers that are in registers, from one on; how many."""
        spot, of, size = Spot(first, ()), stored(buffer.kind), DTYPES[buffer.kind].itemsize
        lanes = 1 << (min(count, self.widest // (8 * size)).bit_length() - 1)
        while (whole := self.joined(buffer, spot, lanes, lanes)) is None:
            assert lanes > 1, "what is stored later is known"
            lanes //= 2
        base = f"%b{buffer.number}"
        address = self.put(f"getelementptr {of}, ptr {base}, i64 {first}") if first else base
        self.lines.append(f"store {vector(of, lanes)} {whole.text}, ptr {address}, align {size}")
        return lanes

    def delayed(self, s: Store) -> bool:
        """Whether it is enough that registers hold what is stored, for now; they do then."""
        wide, spot, term = self.wide, self.spot(s.buffer, s.place), self.terms[s.value]
        real, step = (wide.real, dict(s.place.strides).get(wide.counter, 0)) if wide else (1, 1)
        if spot is None or spot.rest or not real or step != 1 or s.buffer.number in self.streams:
            return False
        lanes = wide.lanes if wide else 1
        term = Term(self.broad(term, lanes), term.kind, lanes)
        self.registers.store(s.buffer.number, spot, real, term, real)
        self.later.setdefault(s.buffer, set()).update(range(spot.offset, spot.offset + real))
        if sum(map(len, self.later.values())) > LATER * self.widest // 64:
            self.settle()
        return True
