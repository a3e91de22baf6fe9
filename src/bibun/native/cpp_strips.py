"""Loops in strips, as C++: a function without a branch for some rounds at a time.

Compilers do the rounds of a strip side by side. Where one of them is not as usual, all of them are
done again, one by one, by a function of its own. The last rounds are shorter strips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..loops import Buffer, Let, Loop, Place, Seldom, Store
from ..loops.statements import DTYPES, FLOATS, Merge, statements
from .cpp_types import cpp_type, stored
from .llvm import needed
from .strips import STRIP, lanes_of
from .tune import places


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
        buffers = list(_buffers(loop))
        sums = [f"v{m.result}_lanes" for m in loop.merges]
        self.given = [f"const {cpp_type(printer.kinds[n])} v{n}" for n in outside]
        self.given += [
            f"{'' if written else 'const '}{stored(b.kind)}* __restrict b{b.number}"
            for b, written in buffers
        ]
        self.given += [
            f"{cpp_type(m.kind)}* __restrict {name}"
            for m, name in zip(loop.merges, sums, strict=True)
        ]
        names = [f"v{n}" for n in outside]
        heap = [".data()" if b.role == "heap" else "" for b, _ in buffers]
        memory = [f"b{b.number}" for b, _ in buffers]
        self.args = ", ".join([*names, *memory, *sums])
        whole = [name + data for name, data in zip(memory, heap, strict=True)]
        self.first_args = ", ".join([*names, *whole, *sums])
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
            start = {"add": "0", "mul": "1"}.get(m.opcode, printer.name(m.start))
            several = "" if start == "0" else ", ".join([start] * self.loop.strips)
            of = cpp_type(m.kind)
            printer.put(depth, f"{of} v{m.result}_lanes[{self.loop.strips}] = {{{several}}};")
        self.calls(depth)
        for m in self.loop.merges:
            of, total = cpp_type(m.kind), self.merged(m, f"v{m.result}", "lane")
            printer.put(depth, f"{of} v{m.result} = {printer.name(m.start)};")
            every = f"for (const {of} lane : v{m.result}_lanes)"
            printer.put(depth, f"{every} v{m.result} = {total};")

    def calls(self, depth: int) -> None:
        """Strips of all rounds, the last ones shorter and shorter."""
        lanes, done, put = self.loop.strips, 0, self.p.put
        while lanes:
            whole = done + (self.loop.extent - done) // lanes * lanes
            if whole - done > lanes:
                put(
                    depth,
                    f"for (std::int64_t first = {done}; first < {whole}; first += {lanes}) {{",
                )
                put(depth + 1, f"{self.name}<{lanes}>(first, {self.first_args});")
                put(depth, "}")
            elif whole > done:
                put(depth, f"{self.name}<{lanes}>({done}, {self.first_args});")
            done, lanes = whole, lanes // 2

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
            if type(s) is Store:
                buffer, place = s.buffer, s.place
            elif type(s) is Let and s.opcode == "load":
                buffer, place = s.extra
            else:
                continue
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


def _buffers(loop: Loop) -> Iterator[tuple[Buffer, bool]]:
    """The memory that the rounds touch, and whether they write it."""
    found: dict[int, tuple[Buffer, bool]] = {}
    for s in statements(loop.body):
        if type(s) is Store:
            found[s.buffer.number] = s.buffer, True
        elif type(s) is Let and s.opcode == "load":
            found.setdefault(s.extra[0].number, (s.extra[0], False))
    return iter(dict(sorted(found.items())).values())
