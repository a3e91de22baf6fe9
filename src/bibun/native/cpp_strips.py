"""Loops in strips, as C++: a function without a branch for some rounds at a time.

Compilers do the rounds of a strip side by side. Where one of them is not as usual, all of them are
done again, one by one, by a function of its own. The last rounds fill a vector, or are shorter
strips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..loops import Buffer, Let, Loop, Place, Seldom, Store
from ..loops.statements import DTYPES, FLOATS, Merge, statements
from .cpp_filled import steps
from .cpp_types import cpp_type, stored
from .llvm import needed
from .strips import STRIP, lanes_of
from .tune import accessed, places


class Near(NamedTuple):
    """Wide numbers of a strip: their name, the place in memory, its type, and which way they go."""

    name: str
    there: str
    type: str
    written: bool


class Strips:
    """A loop as functions for its strips, and as calls of them."""

    def __init__(self, printer: Any, loop: Loop):
        self.p, self.loop = printer, loop  # `printer` is the one for C++
        self.name = f"{printer.code.name}_rounds{len(printer.helpers)}"
        known = needed(loop) | {m.value for m in loop.merges}
        known |= {c for p in places(loop.body) for c, _ in p.strides} - {loop.counter}
        outside = sorted(n for n in known & printer.kinds.keys() if n not in printer.literals)
        printer.kinds[loop.counter] = "i64"
        self.buffers, self.steps = list(_buffers(loop)), steps(loop)
        sums = [f"v{m.result}_lanes" for m in loop.merges]
        self.given = [f"const {cpp_type(printer.kinds[n])} v{n}" for n in outside]
        self.given += [
            f"{'' if written else 'const '}{stored(b.kind)}* __restrict b{b.number}"
            for b, written in self.buffers
        ]
        self.given += [
            f"{cpp_type(m.kind)}* __restrict {name}"
            for m, name in zip(loop.merges, sums, strict=True)
        ]
        self.names = [f"v{n}" for n in outside]
        self.args = ", ".join([*self.names, *(f"b{b.number}" for b, _ in self.buffers), *sums])
        self.rare = any(type(s) is Seldom for s in loop.body.statements)

    def run(self, depth: int) -> None:
        """Print everything."""
        printer, outer = self.p, self.p.lines
        printer.lines = []
        if self.rare:
            self.again()
        self.strip()
        printer.helpers.append("\n".join([*printer.lines, ""]))
        printer.lines = outer
        for m in self.loop.merges:
            printer.kinds[m.result] = m.kind
        self.sums(depth, "lanes", self.loop.strips)
        self.calls(depth)
        for m in self.loop.merges:
            of, total = cpp_type(m.kind), self.merged(m, f"v{m.result}", "lane")
            printer.put(depth, f"{of} v{m.result} = {printer.name(m.start)};")
            every = f"for (const {of} lane : v{m.result}_lanes)"
            printer.put(depth, f"{every} v{m.result} = {total};")

    def sums(self, depth: int, name: str, lanes: int) -> None:
        """A sum of its own for each lane, to which nothing has been added."""
        for m in self.loop.merges:
            several = "" if self.start(m) == "0" else ", ".join([self.start(m)] * lanes)
            self.p.put(depth, f"{cpp_type(m.kind)} v{m.result}_{name}[{lanes}] = {{{several}}};")

    def start(self, m: Merge) -> str:
        """What changes nothing where it is merged into a sum."""
        return {"add": "0", "mul": "1"}.get(m.opcode, self.p.name(m.start))

    def calls(self, depth: int) -> None:
        """Strips of all rounds."""
        lanes, put = self.loop.strips, self.p.put
        whole = self.loop.extent // lanes * lanes
        if whole > lanes:
            put(depth, f"for (std::int64_t first = 0; first < {whole}; first += {lanes}) {{")
            put(depth + 1, self.call(lanes, "first"))
            put(depth, "}")
        elif whole:
            put(depth, self.call(lanes, 0))
        self.last(depth, whole)

    def call(self, lanes: int, first: int | str, last: str = "") -> str:
        """The call for a strip; with `last` it goes through copies of that name."""
        own = last and self.steps
        memory = [
            f"b{b.number}{last}" if own and own[b.number] else _data(b) for b, _ in self.buffers
        ]
        at = self.lane(first) if isinstance(first, int) else ""
        sums = [f"v{m.result}{last or '_lanes'}{at}" for m in self.loop.merges]
        return f"{self.name}<{lanes}>({', '.join([f'{first}', *self.names, *memory, *sums])});"

    def lane(self, first: int) -> str:
        """What is added for a round goes to the same lane in strips of all lengths.

        So sums do not depend on how long vectors are.
        """
        lane = first % self.loop.strips
        return f" + {lane}" if lane else ""

    def last(self, depth: int, done: int) -> None:
        """The last rounds: they fill a vector, if there is one as long, or are shorter strips."""
        left = self.loop.extent - done
        if not left:
            return
        lanes, put = 1 << (left.bit_length() - 1), self.p.put
        if left == lanes or self.steps is None:
            put(depth, self.call(lanes, done))
            return self.last(depth, done + lanes)
        width = 2 * lanes * STRIP // self.loop.strips
        put(depth, f"if constexpr (filled_bytes >= {width}) {{")
        self.filled(depth + 1, done, left, 2 * lanes)
        put(depth, "} else {")
        put(depth + 1, self.call(lanes, done))
        self.last(depth + 1, done + lanes)
        put(depth, "}")

    def filled(self, depth: int, done: int, left: int, lanes: int) -> None:
        """A strip of copies of the last rounds, and of the very last one as often as there is room.

        What these are added to are sums of their own, of which the real rounds' are kept.
        """
        put, own = self.p.put, self.steps or {}
        through = [(b, written) for b, written in self.buffers if own[b.number]]
        for b, written in through:
            put(depth, f"{stored(b.kind)} b{b.number}_last[{lanes}];")
            if not written:
                put(depth, f"filled<{left}, {lanes}>({_data(b, done)}, b{b.number}_last);")
        self.sums(depth, "last", lanes)
        put(depth, self.call(lanes, 0, "_last"))
        for b, _ in (x for x in through if x[1]):
            put(depth, f"kept<{left}>(b{b.number}_last, {_data(b, done)});")
        for m in self.loop.merges:
            # All lanes at once: a sum of which parts have just been written is read late.
            sum_ = f"v{m.result}_lanes[lane{self.lane(done)}]"
            term = f"v{m.result}_last[lane]"
            again = m.opcode in ("add", "mul")  # of extremes the last one may come again
            real = f"(lane < {left} ? {term} : {self.start(m)})" if again else term
            put(depth, f"for (int lane = 0; lane < {lanes}; ++lane) {{")
            put(depth + 1, f"{sum_} = {self.merged(m, sum_, real)};")
            put(depth, "}")

    def strip(self) -> None:
        """The function for a strip."""
        put = self.p.put
        put(0, "template <int lanes>")
        self.head("[[gnu::always_inline]] inline void", self.name, [])
        if not self.rare:
            self.narrowly(lambda: self.rounds("v{}_lanes[lane]"))
            return put(0, "}")
        put(1, "std::int64_t rare = 0;")
        for m in self.loop.merges:
            put(1, f"{cpp_type(m.kind)} v{m.result}_terms[unsigned{{lanes}}];")
        self.p.usual = True
        self.narrowly(lambda: self.rounds(""))
        self.p.usual = False
        put(1, f"if (rare != 0) return {self.name}_again(lanes, first, {self.args});")
        for m in self.loop.merges:
            total, term = f"v{m.result}_lanes[lane]", f"v{m.result}_terms[lane]"
            every = "for (int lane = 0; lane < lanes; ++lane)"
            put(1, f"{every} {total} = {self.merged(m, total, term)};")
        put(0, "}")

    def narrowly(self, rounds: Callable[[], None]) -> None:
        """Rounds between which and memory of narrow numbers stand wide ones.

        Compilers make vectors of loops over numbers of one width, and of conversions alone.
        """
        put, printer = self.p.put, self.p
        width = 8 * STRIP // lanes_of(self.loop)
        found: dict[tuple[int, Place], Near] = {}
        for buffer, place, written in self.narrow(width):
            key = buffer.number, place
            name, there = f"b{buffer.number}_near{len(found)}", printer.place(buffer, place)
            found.setdefault(key, Near(name, there, stored(buffer.kind), written))
        every = "for (int lane = 0; lane < lanes; ++lane) {"
        here = f"const std::int64_t v{self.loop.counter} = first + lane;"
        for n in found.values():
            put(1, f"std::int{width}_t {n.name}[unsigned{{lanes}}];")
            if not n.written:
                put(1, f"{every} {here} {n.name}[lane] = {n.there}; }}")
        printer.near = {key: f"{n.name}[lane]" for key, n in found.items()}
        rounds()
        printer.near = {}
        for n in found.values():
            if n.written:
                value = f"static_cast<{n.type}>({n.name}[lane])"
                put(1, f"{every} {here} {n.there} = {value}; }}")

    def narrow(self, width: int) -> Iterator[tuple[Buffer, Place, bool]]:
        """Places of narrow numbers, and whether they are written."""
        for s in self.loop.body.statements:
            if (at := accessed(s)) is None:
                continue
            buffer, place = at
            whole = buffer.kind not in FLOATS and 8 * DTYPES[buffer.kind].itemsize < width
            if whole and dict(place.strides).get(self.loop.counter, 0):
                yield buffer, place, type(s) is Store

    def again(self) -> None:
        """The function for a strip in which some rounds are not as usual."""
        self.head("[[gnu::noinline, gnu::cold]] inline void", f"{self.name}_again", ["int lanes"])
        self.rounds("v{}_lanes[lane]")
        self.p.put(0, "}")

    def head(self, returns: str, name: str, more: Sequence[str]) -> None:
        """The beginning of a function."""
        # Rounds that read and write nothing, or narrow numbers alone, do not ask where they are.
        given = [*more, "[[maybe_unused]] std::int64_t first", *self.given]
        self.p.put(0, f"{returns} {name}(")
        self.p.put(2, f",\n{'  ' * 2}".join(given) + ") {")

    def rounds(self, total: str) -> None:
        """The rounds of a strip; what they add goes to a sum, or is kept as a term of it."""
        printer, s = self.p, self.loop
        printer.put(1, "for (int lane = 0; lane < lanes; ++lane) {")
        if any(s.counter in dict(p.strides) for p in places(s.body)):
            printer.put(2, f"[[maybe_unused]] const std::int64_t v{s.counter} = first + lane;")
        printer.block(s.body, 2)
        for m in s.merges:
            value, sum_ = printer.name(m.value), total.format(m.result)
            if total:
                printer.put(2, f"{sum_} = {self.merged(m, sum_, value)};")
            else:
                printer.put(2, f"v{m.result}_terms[lane] = {value};")
        printer.put(1, "}")

    def merged(self, m: Merge, a: str, b: str) -> str:
        """A sum with a further term."""
        text: str = self.p.applied(m.opcode, m.kind, m.kind, [a, b])
        return text


def _data(buffer: Buffer, start: int = 0) -> str:
    """A pointer to the numbers of a buffer, from one of them on."""
    name = f"b{buffer.number}{'.data()' if buffer.role == 'heap' else ''}"
    return f"{name} + {start}" if start else name


def _buffers(loop: Loop) -> Iterator[tuple[Buffer, bool]]:
    """The memory that the rounds touch, and whether they write it."""
    found: dict[int, tuple[Buffer, bool]] = {}
    for s in statements(loop.body):
        if type(s) is Store:
            found[s.buffer.number] = s.buffer, True
        elif type(s) is Let and s.opcode == "load":
            found.setdefault(s.extra[0].number, (s.extra[0], False))
    return iter(dict(sorted(found.items())).values())
