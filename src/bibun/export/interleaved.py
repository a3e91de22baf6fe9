"""Interleaved code: several examples at once, whose numbers lie side by side in memory.

Each number of a function becomes as many as there are lanes, and what is computed from them a loop
over the lanes, which compilers turn into vectors whatever the function is. What all examples have
in common (weights, counters of loops) stays one number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..loops import Apply, Block, Buffer, Code, Let, Loop, Place, Refuse, Seldom, Store
from ..loops.statements import DTYPES, Merge, made_by, statements
from ..native.cpp_needed import needed
from ..native.rounds import taken
from ..native.tune import without_idle_stores
from .lane_calls import by_lanes, differs, written

LONGEST = 64
"""Statements of short sums, which are written out."""
KNOWN = (Let, Store, Loop, Seldom, Refuse, Apply)


def interleaved(code: Code, batched: Collection[int], lanes: int) -> Code | None:
    """The code of so many examples; None where each goes a way of its own.

    `batched` are the numbers of the buffers of which each example has its own.
    """
    for s in statements(code.body):
        computed = type(s) is Apply and any(place.computed >= 0 for _, place in s.places)
        if type(s) not in KNOWN or computed:
            return None
    return _Interleaving(code, varying(code, batched), lanes).run()


# ------------------------------------------------------------ what differs from lane to lane


class Varying:
    """The values and the buffers that differ from lane to lane."""

    def __init__(self, buffers: Collection[int]):
        self.values: set[int] = set()
        self.buffers = set(buffers)

    @property
    def count(self) -> int:
        return len(self.values) + len(self.buffers)

    def see(self, s: Any) -> None:
        """What a statement makes differ."""
        if type(s) is Let:
            used = [*s.args, *([s.extra[1].computed] if s.opcode == "load" else [])]
            if self.any(used) or (s.opcode == "load" and s.extra[0].number in self.buffers):
                self.values.add(s.number)
        elif type(s) is Store and self.any((s.value, s.place.computed)):
            self.buffers.add(s.buffer.number)
        elif type(s) is Loop:
            for c in s.carries:
                if self.any((c.start, c.next)):
                    self.values |= {c.number, c.result}
            self.values |= {m.result for m in s.merges if self.any((m.start, m.value))}
        elif type(s) is Apply and differs(s, self.buffers):
            self.buffers |= {b.number for b in written(s)}
        elif type(s) is Seldom:
            self.values |= {n for n, _, a, b in s.chosen if self.any((s.mask, a, b))}

    def any(self, values: Sequence[int]) -> bool:
        """Whether one of some values does."""
        return not self.values.isdisjoint(values)

    def runs(self, s: Any) -> bool:
        """Whether a statement that is no loop belongs into a loop over the lanes."""
        if type(s) is Let:
            return s.number in self.values
        if type(s) is Store:
            return s.buffer.number in self.buffers
        return s.mask in self.values or any(n in self.values for n, *_ in getattr(s, "chosen", ()))


def varying(code: Code, batched: Collection[int]) -> Varying:
    """What differs, if these buffers do."""
    found, before = Varying(batched), -1
    while found.count != before:
        before = found.count
        for s in statements(code.body):
            found.see(s)
    return found


# ------------------------------------------------------------ the new code


class _Interleaving:
    """Code on its way."""

    def __init__(self, code: Code, varies: Varying, lanes: int):
        self.old, self.varies, self.lanes = code, varies, lanes
        self.code = Code(f"{code.name}_lanes")
        self.wanted = needed(code)
        self.code.count, self.code.checked = code.count, code.checked
        self.code.buffers = [
            b._replace(size=b.size * lanes) if b.number in varies.buffers else b
            for b in code.buffers
        ]
        self.kinds = dict(_kinds(code))
        self.waiting: dict[int, Buffer] = {}  # of values that go from one run to another
        self.found: list[Loop] = []  # the runs
        self.alias: dict[int, int] = {}  # of values that are not read: what was written there
        self.factor: Let | None = None  # the number of lanes, where places are computed

    def run(self) -> Code:
        self.code.body.statements[:] = self.block(self.old.body)
        for loop in self.found:
            self.joined(loop)
        if self.factor is not None:
            self.code.body.statements.insert(0, self.factor)
        return without_idle_stores(self.code)

    def block(self, block: Block) -> list[Any]:
        """The statements of a block, with a loop for each run of what differs."""
        done: list[Any] = []
        run: list[Any] = []
        for s in self.unrolled(block.statements):
            if type(s) is Let and s.number not in self.wanted:
                continue
            if type(s) is Apply and differs(s, self.varies.buffers):
                calls = by_lanes(self.code, s, self.varies.buffers, self.lanes)
                done += [*self.lane_loop(run), calls]
                run = []
            elif type(s) is Loop:
                before, loop = self.loop(s)
                done += [*self.lane_loop(run + before), loop]
                run = []
            elif self.varies.runs(s):
                run.append(s)
            else:
                # A value that is the same for all may come earlier, a write may not.
                writes = type(s) is Store or type(s) is Apply
                done += [*self.lane_loop(run), s] if writes else [s]
                run = [] if writes else run
        return done + self.lane_loop(run)

    def unrolled(self, found: Sequence[Any]) -> Iterator[Any]:
        """Statements with short sums written out: each lane adds up in a register."""
        for s in found:
            results = {m.result for m in getattr(s, "merges", ())}
            short = type(s) is Loop and s.extent * len(s.body.statements) <= LONGEST
            plain = short and all(type(x) is Let for x in s.body.statements)
            if results and results <= self.varies.values and plain and not s.carries:
                yield from self.terms(s)
            else:
                yield s

    def terms(self, s: Loop) -> Iterator[Let]:
        """The rounds of a loop that only adds, one after the other."""
        sums = {m.result: m.start for m in s.merges}
        for k in range(s.extent):
            counter = self.constant(k)
            names = {s.counter: counter.number}
            yield counter
            for x in s.body.statements:
                if x.number in self.wanted:
                    made = self.again(_at_round(_renamed(x, names), s.counter, k), x)
                    names[x.number] = made.number
                    yield made
            for m in s.merges:
                total = Let(0, m.kind, m.opcode, (sums[m.result], names.get(m.value, m.value)))
                made = self.again(total, m)
                sums[m.result] = made.number
                yield made
        self.alias |= sums

    def again(self, made: Let, like: Let | Merge) -> Let:
        """A value under a number of its own."""
        number = self.code.new(made.kind, 0).number
        old = like.number if isinstance(like, Let) else like.result
        self.kinds[number] = made.kind
        self.wanted.add(number)
        if old in self.varies.values:
            self.varies.values.add(number)
        return made._replace(number=number)

    def loop(self, s: Loop) -> tuple[list[Any], Loop]:
        """A loop, and what goes before it: sums that differ go round in memory."""
        values = self.varies.values
        before: list[Any] = []
        last: list[Any] = []
        for c in [c for c in s.carries if c.result in values]:
            memory = self.waiting[c.number] = self.waiting[c.result] = self.memory(c.kind)
            before.append(Store(memory, Place(0, ()), c.start))
            last.append(Store(memory, Place(0, ()), c.next))
        for m in [m for m in s.merges if m.result in values]:
            memory = self.waiting[m.result] = self.memory(m.kind)
            before.append(Store(memory, Place(0, ()), m.start))
            last += self.added(m, memory)
        body = Block(s.body.depth, s.body.guarded, [*s.body.statements, *last])
        new = {t.number for t in last if type(t) is Let}
        values |= new
        self.wanted |= new
        return before, Loop(
            s.counter,
            s.extent,
            Block(s.body.depth, s.body.guarded, self.block(body)),
            [c for c in s.carries if c.result not in values],
            [m for m in s.merges if m.result not in values],
            ordered=s.ordered,
            serial=s.serial,
        )

    def added(self, m: Merge, memory: Buffer) -> Iterator[Any]:
        """A further term of a sum in memory."""
        sum_, total = (self.code.new(m.kind, 0).number for _ in range(2))
        yield Let(sum_, m.kind, "load", (), (memory, Place(0, ())))
        yield Let(total, m.kind, m.opcode, (sum_, m.value))
        yield Store(memory, Place(0, ()), total)

    def memory(self, kind: str) -> Buffer:
        """Memory for one number of each lane."""
        buffer = self.code.buffer(DTYPES[kind], self.lanes, "work")
        self.varies.buffers.add(buffer.number)
        return buffer

    # ------------------------------------------------------------ loops over the lanes

    def lane_loop(self, run: list[Any]) -> list[Loop]:
        """A loop over the lanes for a run of statements, if there are any."""
        if not run:
            return []
        counter = self.code.new("i64", 0).number
        body = [t for s in run for t in self.spread(s, counter)]
        body = self.forwarded(body)
        self.found.append(Loop(counter, self.lanes, Block(1, statements=body), lanes=True))
        return [self.found[-1]]

    def forwarded(self, body: Sequence[Any]) -> list[Any]:
        """The same, with what has just been written not read again: rounds can then be redone."""
        known: dict[tuple[int, Place], int] = {}
        found = []
        for s in body:
            s = _renamed(s, self.alias)
            if type(s) is Let and s.opcode == "load":
                buffer, place = s.extra
                if (buffer.number, place) in known:
                    self.alias[s.number] = known[buffer.number, place]
                    continue
            elif type(s) is Store:
                known = {k: v for k, v in known.items() if _apart(k, (s.buffer.number, s.place))}
                known[s.buffer.number, s.place] = s.value
            found.append(s)
        return found

    def spread(self, s: Any, lane: int) -> Iterator[Any]:
        """A statement with its places in memory for all lanes."""
        if type(s) is Store:
            place, more = self.place(s.buffer, s.place, lane)
            yield from more
            yield Store(self.code.buffers[s.buffer.number], place, s.value)
        elif type(s) is Let and s.opcode == "load":
            buffer, before = s.extra
            place, more = self.place(buffer, before, lane)
            yield from more
            yield s._replace(extra=(self.code.buffers[buffer.number], place))
        elif type(s) is Seldom:
            inner = [t for x in s.body.statements for t in self.spread(x, lane)]
            yield Seldom(s.mask, Block(s.body.depth, s.body.guarded, inner), s.chosen)
        else:
            yield s

    def place(self, buffer: Buffer, place: Place, lane: int) -> tuple[Place, list[Let]]:
        """A place for this lane, and what it is computed from."""
        if buffer.number not in self.varies.buffers:
            return place, []
        n, more, computed = self.lanes, [], place.computed
        if computed >= 0:
            factor = self.factor = self.factor or self.constant(n)
            more = [Let(self.code.new("i64", 0).number, "i64", "mul", (computed, factor.number))]
            computed = more[0].number
        strides = tuple([(c, s * n) for c, s in place.strides])
        return Place(place.offset * n, (*strides, (lane, 1)), computed), more

    def constant(self, n: int) -> Let:
        """An integer."""
        data = DTYPES["i64"].type(n).tobytes()
        made = Let(self.code.new("i64", 0).number, "i64", "constant", (), data)
        self.wanted.add(made.number)
        return made

    def joined(self, loop: Loop) -> None:
        """Let a run read what others have made, from memory, and its own values be there."""
        body, lane = loop.body, loop.counter
        here = Place(0, ((lane, 1),))
        made = {n for s in statements(body) for n, _ in made_by(s)}
        body.statements[:] = [_renamed(s, self.alias) for s in body.statements]
        wanted = [n for n in dict.fromkeys(taken(body)) if n in self.varies.values - made]
        names = {n: self.code.new(self.kinds[n], 0).number for n in wanted}
        before = [
            Let(new, self.kinds[n], "load", (), (self.waits(n), here)) for n, new in names.items()
        ]
        body.statements[:] = [*before, *(_renamed(s, names) for s in body.statements)]

    def waits(self, number: int) -> Buffer:
        """The memory in which a value goes from the run that makes it to others."""
        if number not in self.waiting:
            memory = self.waiting[number] = self.memory(self.kinds[number])
            owner = next(
                x
                for x in self.found
                if any(number == n for s in x.body.statements for n, _ in made_by(s))
            )
            place = Place(0, ((owner.counter, 1),))
            owner.body.statements.append(Store(memory, place, number))
        return self.waiting[number]


def _kinds(code: Code) -> Iterator[tuple[int, str]]:
    """The kind of each value."""
    for s in statements(code.body):
        yield from made_by(s)
        yield from ((c.number, c.kind) for c in getattr(s, "carries", ()))


def _at_round(s: Let, counter: int, k: int) -> Let:
    """A value in a round of a loop that is written out."""
    if s.opcode != "load":
        return s
    buffer, place = s.extra
    strides = dict(place.strides)
    offset = place.offset + k * strides.pop(counter, 0)
    return s._replace(extra=(buffer, place._replace(offset=offset, strides=tuple(strides.items()))))


def _apart(a: tuple[int, Place], b: tuple[int, Place]) -> bool:
    """Whether two places of buffers are surely different."""
    (one, (start, strides, i)), (other, (begin, steps, j)) = a, b
    return one != other or (strides == steps and i == j and start != begin)


def _renamed(s: Any, names: dict[int, int]) -> Any:
    """A statement that takes other values in the place of some."""

    def new(n: int) -> int:
        return names.get(n, n)

    if type(s) is Let:
        args = tuple(map(new, s.args))
        if s.opcode != "load":
            return s._replace(args=args)
        buffer, place = s.extra
        return s._replace(extra=(buffer, place._replace(computed=new(place.computed))))
    if type(s) is Store:
        place = s.place._replace(computed=new(s.place.computed))
        return s._replace(place=place, value=new(s.value))
    if type(s) is Refuse:
        return s._replace(mask=new(s.mask))
    inner = replace(s.body, statements=[_renamed(x, names) for x in s.body.statements])
    return Seldom(new(s.mask), inner, [(n, k, new(a), new(b)) for n, k, a, b in s.chosen])
