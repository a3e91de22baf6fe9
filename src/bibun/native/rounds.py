"""Loops of the LLVM printer: which rounds run in one vector, which are masked, what goes round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..loops import Block, Let, Loop, Seldom, Store
from ..loops.statements import DTYPES, FLOATS, WIDTH, Merge, roots, statements
from .chains import side_by_side
from .lines import Term, Wide, literal, scalar, vector
from .memory import Memory
from .opcodes import applied
from .registers import Stored

VECTOR_BITS = 512
UNROLLED = 4
"""Independent sums in a long loop, so that one addition need not wait for the one before."""
NEUTRAL = {"add": -0.0, "mul": 1.0, "max": -np.inf, "min": np.inf, "and": -1, "or": 0}


BRIEF, FEW = 12, 8
"""Statements of a round, and rounds, that are printed one after the other."""
VECTORS, ROOM = 4, 64
"""Vectors of rounds that are, and the most statements of them all."""


class Segment(NamedTuple):
    """Some of a loop's rounds: `trips` times `copies` vectors, beginning with round `first`."""

    first: int
    trips: int
    copies: int = 1
    masked: bool = False
    lanes: int = 1


class LoopPrinter:
    """One loop: in vectors if its rounds may run side by side and no loop around it does."""

    def __init__(self, printer: Memory, loop: Loop):
        self.p, self.loop = printer, loop
        self.outer = printer.wide
        vectors = loop.lanes and not self.outer and loop.extent > 1
        self.narrow = lanes_of(loop, printer.bits) if vectors else 1
        self.lanes = self.narrow * self.interleaved
        self.sums: list[list[str]] = []
        self.carried: list[str] = []
        self.products = _products(loop)

    @cached_property
    def interleaved(self) -> int:
        """How many vectors are one: LLVM takes it apart again, instruction by instruction."""
        full = self.loop.extent // self.narrow
        masked = self.loop.extent % self.narrow and full < 8
        return 1 if self.narrow == 1 or masked else side_by_side(self.loop, full)

    @property
    def wide(self) -> int:
        """The lanes of what a round computes."""
        return self.lanes if self.lanes > 1 else self.outer.lanes if self.outer else 1

    def run(self) -> None:
        """All rounds, and the values that the loop leaves."""
        self.p.serial += self.loop.serial
        self.rounds()
        self.p.serial -= self.loop.serial

    def rounds(self) -> None:
        """All rounds, in segments."""
        wide, bits = self.wide, self.p.bits
        self.carried = [self.p.broad(self.p.terms[c.start], wide) for c in self.loop.carries]
        segments = list(self.segments())
        copies = max([s.copies for s in segments], default=1)
        self.sums = [self.starts(m, copies) for m in self.loop.merges]
        for segment in segments:
            self.narrowed(segment.lanes)
            self.p.bits = bits * segment.lanes // self.narrow
            self.segment(segment)
        self.p.bits, wide = bits, self.wide
        for c, text in zip(self.loop.carries, self.carried, strict=True):
            self.p.terms[c.result] = Term(text, c.kind, wide)
        for m, texts in zip(self.loop.merges, self.sums, strict=True):
            self.p.terms[m.result] = self.merged(m, texts, wide)

    def segments(self) -> Iterator[Segment]:
        """All rounds of the loop, in order."""
        extent, w = self.loop.extent, self.narrow
        if w == 1:
            copies = self.partial_sums
            full = extent // copies
            if full:
                yield Segment(0, full, copies)
            if extent > full * copies:
                yield Segment(full * copies, extent - full * copies)
            return
        full, rest = divmod(extent, w)
        if self.has_few_vectors:
            yield Segment(0, full, 1, False, w)
            if rest:
                lanes = 1 << (rest - 1).bit_length()
                yield Segment(full * w, 1, 1, lanes > rest, lanes)
            return
        if rest and full < 8:
            yield Segment(0, full + 1, 1, True, w)
            return
        together = self.interleaved
        copies = UNROLLED if self.loop.merges and full >= 4 * UNROLLED and self.short else 1
        copies = max(1, copies // together)
        step = copies * together
        yield Segment(0, full // step, copies, False, w * together)
        done = full // step * step
        if done < full:
            yield Segment(done * w, full - done, 1, False, w)
        if rest:
            yield Segment(full * w, 1, 1, True, w)

    def narrowed(self, lanes: int) -> None:
        """From now on so many lanes: sums of more are added up to that."""
        while self.lanes > lanes:
            self.lanes //= 2
            for m, texts in zip(self.loop.merges, self.sums, strict=True):
                texts[:] = [self.halved(m, x, self.lanes) for x in texts]

    def is_brief(self, s: Segment) -> bool:
        """Whether the rounds are so few and short that they take less room than a loop takes time.

        A product of a matrix and a vector of four numbers is four such rounds, one after the other.
        """
        if self.has_few_vectors:
            return True
        body = self.loop.body.statements
        simple = all(type(x) is Let for x in body) and len(body) <= BRIEF
        return simple and s.trips * s.copies <= FEW and not s.masked

    @cached_property
    def has_few_vectors(self) -> bool:
        """Whether all rounds are few vectors, the last one of fewer lanes.

        What they store is then known in registers, and nothing waits for memory: a processor hands
        a load what a store has just written where one store wrote all of it, and without a mask.
        """
        body, vectors = self.loop.body.statements, -(-self.loop.extent // self.narrow)
        simple = all(type(x) in (Let, Store) for x in body)
        few = vectors <= VECTORS and vectors * len(body) <= ROOM
        return self.narrow > 1 and self.interleaved == 1 and simple and few

    @property
    def partial_sums(self) -> int:
        """How many sums take turns in a loop without vectors of its own.

        Four products are there at once and added in pairs, which takes two cycles less than two
        sums of two products.
        """
        few = len(self.loop.body.statements) <= 6 and self.loop.extent >= 4 * UNROLLED
        if self.loop.carries or not self.loop.merges:
            return 1
        if not few:
            waits = self.p.serial and UNROLLED <= self.loop.extent <= FEW
            brief = len(self.loop.body.statements) <= BRIEF
            return 1 if not waits else UNROLLED if brief else 2
        return max(1, UNROLLED // len(self.loop.merges))

    @property
    def short(self) -> bool:
        """Whether one addition after the other would be the longest wait of a round."""
        return len(self.loop.body.statements) <= 24

    def starts(self, m: Merge, copies: int) -> list[str]:
        """What sums (products, ...) begin with: nothing, if they are added to the start later."""
        nothing = self.p.broad(Term(neutral(m), m.kind), self.wide)
        first = self.p.broad(self.p.terms[m.start], self.wide) if self.lanes == 1 else nothing
        return [first, *[nothing] * (copies - 1)]

    def segment(self, s: Segment) -> None:
        """Some rounds, as a loop of LLVM's or one after the other."""
        if s.trips == 1 or self.is_brief(s):
            for k in range(s.trips * s.copies):
                self.round(str(s.first + k * self.lanes), k % s.copies, s.masked)
            return
        p, known = self.p, self.states()
        start = len(p.lines), len(p.parts), p.label, self.going, dict(p.terms) if known else {}
        while len(left := self.repeated(s, known)) < len(known):
            # Some state is not in a register after a round: once more, as if it were in none.
            known = left
            count, parts, p.label, self.going, terms = start
            p.terms = dict(terms)
            del p.lines[count:], p.parts[parts:]

    def states(self) -> list[tuple[int, Stored]]:
        """What the rounds write that lies in one register before them, by buffers."""
        if not self.loop.serial:
            return []
        written = {x.buffer.number for x in statements(self.loop.body) if type(x) is Store}
        return [x for x in self.p.registers.single() if x[0] in written]

    def repeated(self, s: Segment, known: Sequence[tuple[int, Stored]]) -> list[tuple[int, Stored]]:
        """A loop of LLVM's; of known states the ones that are in a register after a round too."""
        p = self.p
        before, label, done = p.label, p.name()[1:], p.name()[1:]
        first, after = p.name(), p.name()
        p.start(label)
        head = len(p.lines)
        starts, going = self.going, [p.name() for _ in self.going]
        self.going = going
        p.forget()
        names = [p.registers.put(number, x, p.name()) for number, x in known]
        for u in range(s.copies):
            start = first if u == 0 else p.put(f"add i64 {first}, {u * self.lanes}")
            self.round(start, u, s.masked)
        step = s.copies * self.lanes
        p.lines.append(f"{after} = add i64 {first}, {step}")
        more = p.put(f"icmp ult i64 {after}, {s.first + s.trips * step}")
        heads = [f"{first} = phi i64 [{s.first}, %{before}], [{after}, %{p.label}]"]
        for name, of, a, b in zip(going, self.types, starts, self.going, strict=True):
            heads.append(f"{name} = phi {of} [{a}, %{before}], [{b}, %{p.label}]")
        left = []
        for name, (number, x) in zip(names, known, strict=True):
            last = p.registers.vector(number, x.spot, x.term.lanes, x.real)
            if last is not None and last.type == x.term.type:
                left.append((number, x))
                ends = f"[{x.term.text}, %{before}], [{last.text}, %{p.label}]"
                heads.append(f"{name} = phi {last.type} {ends}")
        p.lines[head:head] = heads
        p.lines += [f"br i1 {more}, label %{label}, label %{done}", f"{done}:"]
        p.label = done
        p.forget()
        return left

    @property
    def going(self) -> list[str]:
        """All that goes round: the carried values, then the sums of all copies."""
        return [*self.carried, *(x for texts in self.sums for x in texts)]

    @going.setter
    def going(self, texts: list[str]) -> None:
        given = iter(texts)
        self.carried = [next(given) for _ in self.carried]
        self.sums = [[next(given) for _ in old] for old in self.sums]

    @property
    def types(self) -> list[str]:
        """The types of all that goes round."""
        loop, wide = self.loop, self.wide
        sums = [m.kind for m, texts in zip(loop.merges, self.sums, strict=True) for _ in texts]
        return [vector(scalar(k), wide) for k in [*(c.kind for c in loop.carries), *sums]]

    def round(self, first: str, copy: int, masked: bool) -> None:
        """One round, or one vector of rounds, from round `first` on."""
        p, loop = self.p, self.loop
        kept = dict(p.spread)
        if self.lanes > 1:
            p.wide = Wide(loop.counter, self.lanes, "", first, self.real(first, masked))
            if masked or loop.counter in used(loop.body):
                p.terms[loop.counter] = counters = self.counters(first)
            if masked:
                end = p.broad(Term(str(loop.extent), "i64"), self.lanes)
                mask = p.put(f"icmp ult {counters.type} {counters.text}, {end}")
                p.wide = p.wide._replace(mask=mask)
        else:
            p.terms[loop.counter] = Term(first, "i64")
        for c, text in zip(loop.carries, self.carried, strict=True):
            p.terms[c.number] = Term(text, c.kind, self.wide)
        p.statements(loop.body) if self.has_few_vectors else p.block(loop.body)
        for m, texts in zip(loop.merges, self.sums, strict=True):
            texts[copy] = self.added(m, texts[copy], masked)
        self.carried = [p.broad(p.terms[c.next], self.wide) for c in loop.carries]
        p.wide, p.spread = self.outer, kept

    def real(self, first: str, masked: bool) -> int:
        """How many rounds of a vector are real; 0 if that is known only when it runs."""
        if not masked:
            return self.lanes
        return 0 if first[0] == "%" else min(self.lanes, self.loop.extent - int(first))

    def counters(self, first: str) -> Term:
        """The numbers of the rounds in all lanes."""
        p, wide = self.p, vector("i64", self.lanes)
        steps = ", ".join(f"i64 {k}" for k in range(self.lanes))
        start = p.broad(Term(first, "i64"), self.lanes)
        return Term(p.put(f"add {wide} {start}, <{steps}>"), "i64", self.lanes)

    def added(self, m: Merge, total: str, masked: bool) -> str:
        """The sum with a round's value; rounds that are not real add nothing."""
        p, lanes = self.p, self.wide
        of = vector(scalar(m.kind), lanes)
        if m.value in self.products:
            factors = [p.terms[a] for a in self.products[m.value]]
            if total == p.broad(Term(neutral(m), m.kind), lanes):
                after = applied(p, "mul", m.kind, factors, lanes)  # one cycle less than with -0
            else:
                terms = [*factors, Term(total, m.kind, lanes)]
                after = applied(p, "fma", m.kind, terms, lanes)
            return p.put(f"select {p.mask}, {of} {after}, {of} {total}") if masked else after
        x = p.broad(p.terms[m.value], lanes)
        if masked:
            nothing = p.broad(Term(neutral(m), m.kind), lanes)
            x = p.put(f"select {p.mask}, {of} {x}, {of} {nothing}")
        return self.combine(m, total, x, lanes)

    def combine(self, m: Merge, a: str, b: str, lanes: int) -> str:
        terms = [Term(a, m.kind, lanes), Term(b, m.kind, lanes)]
        return applied(self.p, m.opcode, m.kind, terms, lanes)

    def merged(self, m: Merge, texts: list[str], wide: int) -> Term:
        """The sum over all lanes: halves are added until one number is left."""
        while len(texts) > 1:
            pairs = zip(texts[::2], texts[1::2], strict=True)
            texts = [self.combine(m, a, b, wide) for a, b in pairs]
        if self.narrow == 1:
            return Term(texts[0], m.kind, wide)
        x, lanes = texts[0], wide
        while lanes > 1:
            lanes //= 2
            x = self.halved(m, x, lanes)
        return Term(self.combine(m, self.p.terms[m.start].text, x, 1), m.kind)

    def halved(self, m: Merge, x: str, lanes: int) -> str:
        """The sums of both halves of x, which have so many lanes."""
        return self.combine(m, self.part(m, x, 0, lanes), self.part(m, x, lanes, lanes), lanes)

    def part(self, m: Merge, x: str, start: int, lanes: int) -> str:
        """Half of the lanes of x, from `start` on."""
        of = vector(scalar(m.kind), 2 * lanes)
        if lanes == 1:
            return self.p.put(f"extractelement {of} {x}, i32 {start}")
        chosen = ", ".join(f"i32 {k}" for k in range(start, start + lanes))
        return self.p.put(f"shufflevector {of} {x}, {of} poison, <{lanes} x i32> <{chosen}>")


def lanes_of(loop: Loop, bits: int = VECTOR_BITS) -> int:
    """As many as fill a vector with the widest kind that the loop stores, sums or reads."""
    lanes = bits // max(_widths(loop.body, loop.merges), default=64)
    while lanes // 2 >= loop.extent:
        lanes //= 2  # half a vector is enough for all rounds
    return lanes


def _products(loop: Loop) -> dict[int, tuple[int, ...]]:
    """The products that a loop adds up and does nothing else with, by their factors.

    They are added with one rounding instead of two.
    """
    summed = {m.value for m in loop.merges if m.opcode == "add" and m.kind in FLOATS}
    made = [s for s in loop.body.statements if type(s) is Let and s.opcode == "mul"]
    found = {s.number: s.args for s in made if s.number in summed}
    everything = [*taken(loop.body), *(m.value for m in loop.merges)] if found else []
    return {n: args for n, args in found.items() if everything.count(n) == 1}


def neutral(m: Merge) -> str:
    """What adds nothing to a sum (product, extreme, ...)."""
    value = NEUTRAL[m.opcode]
    if m.kind not in FLOATS and m.opcode in ("max", "min"):
        limits = np.iinfo(DTYPES[m.kind])
        value = limits.min if m.opcode == "max" else limits.max
    return literal(m.kind, DTYPES[m.kind].type(value).tobytes())


def used(block: Block) -> set[int]:
    """The values that some opcode takes as an argument, or a place is computed from."""
    found: set[int] = set()
    for s in statements(block):
        if type(s) is Let:
            found.update(s.args)
            if s.opcode == "load":
                found.add(s.extra[1].computed)
        elif type(s) is Store:
            found |= {s.value, s.place.computed}
    return found


def taken(block: Block) -> Iterator[int]:
    """The values that statements take, each as often as it is taken."""
    for s in statements(block):
        yield from roots(s)
        if type(s) is Let:
            yield from s.args
            if s.opcode == "load":
                yield s.extra[1].computed
        elif type(s) is Seldom:
            for _, _, usual, seldom in s.chosen:
                yield from (usual, seldom)


def _widths(block: Block, merges: Sequence[Merge]) -> Iterator[int]:
    """The widths of what is read, stored and summed: a byte at least."""
    yield from (max(8, WIDTH[m.kind]) for m in merges)
    for s in statements(block):
        if type(s) is Store:
            yield 8 * DTYPES[s.buffer.kind].itemsize
        elif type(s) is Let and s.kind in FLOATS:
            yield WIDTH[s.kind]
        elif type(s) is Let and s.opcode == "load":
            yield 8 * DTYPES[s.kind].itemsize
