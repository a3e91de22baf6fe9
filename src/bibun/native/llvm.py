"""The LLVM printer: code as the text of LLVM's intermediate representation, with vectors.

Lanes become vectors here and nowhere else: in a loop whose rounds may run side by side, a value
that depends on the counter is a vector of W rounds, and every other value stays a scalar. Rounds
that are too many for the extent are masked. The text is what it shall be: no optimiser runs over
it.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence

from ..loops import (
    Apply,
    Block,
    Choice,
    Code,
    Grow,
    Invoke,
    Let,
    Loop,
    Refuse,
    Seldom,
    Store,
    While,
)
from ..loops.statements import DTYPES, made_by, statements
from .caches import largest
from .lines import Term, literal, scalar, vector
from .linked import SPECIAL
from .memory import ALIGNMENT, Memory
from .opcodes import applied
from .rare import called, is_apart
from .rounds import VECTOR_BITS, LoopPrinter, taken

ROOM = 7 / 8
"""Of the largest cache: the rest is for all else."""
STREAM = 2 << 20
"""Bytes of a result from which on it is written past the caches, if these are too small for all."""


def arrangement(code: Code) -> tuple[dict[int, int], int]:
    """Where each workspace begins in the one buffer of them all, and how long that is.

    Code whose calls may fail has a word before them, which is not 0 after a call that did.
    """
    places, end = {}, ALIGNMENT if code.checked else 0
    for b in code.buffers:
        if b.role == "work":
            places[b.number] = end
            end += -(-b.size * DTYPES[b.kind].itemsize // ALIGNMENT) * ALIGNMENT
    return places, end


class Printer(Memory):
    """One function. Its values are kept in `terms`, from number to term."""

    def __init__(
        self,
        code: Code,
        bits: int = VECTOR_BITS,
        aligned: bool = False,
        near: Collection[int] = (),
    ):
        super().__init__(bits)
        self.code = code
        self.streams = streamed(code) - set(near) if aligned else set()

    def run(self) -> str:
        """The text of the function and of what it declares."""
        self.find_buffers()
        if self.code.checked:
            self.lines.append("store i64 0, ptr %failed")
        self.lines += self.heap()
        self.statements(self.code.body)
        self.settle([b for b in self.later if b.role != "work"])
        self.later.clear()
        if any(b.role == "heap" for b in self.code.buffers):
            self.start("out")
            self.given_back()
        self.lines += self.fence()
        body = "\n  ".join([*self.lines, "ret void"])
        head = f"define void @{self.code.name}(ptr noalias %buffers) nounwind"
        own = f"{head} {{\nentry:\n  {body}\n}}"
        data = ["!0 = !{i32 1}"] if self.streams else []
        return "\n".join([own, *self.parts, *self.declared.values(), *data])

    def fence(self) -> list[str]:
        """What has been written past the caches is seen by whoever comes after."""
        return ["fence seq_cst"] if self.streams else []

    def find_buffers(self) -> None:
        """The addresses of all buffers, at the beginning of a function."""
        given = self.code.given
        for k, b in enumerate(given):
            place = self.put(f"getelementptr ptr, ptr %buffers, i64 {k}")
            self.lines.append(f"%b{b.number} = load ptr, ptr {place}")
        if self.code.checked or any(b.role == "work" for b in self.code.buffers):
            last = self.put(f"getelementptr ptr, ptr %buffers, i64 {len(given)}")
            self.lines.append(f"%failed = load ptr, ptr {last}")
            for number, start in arrangement(self.code)[0].items():
                self.lines.append(f"%b{number} = getelementptr i8, ptr %failed, i64 {start}")

    # ------------------------------------------------------------ statements

    def statements(self, block: Block) -> None:
        """All statements. What they spread is forgotten: it need not reach what follows."""
        kept = dict(self.spread)
        for s in block.statements:
            loop = LoopPrinter(self, s) if type(s) is Loop and not s.parallel else None
            if not (type(s) in (Let, Store) or (loop and loop.has_few_vectors)):
                self.settle()
            if loop:
                loop.run()
            elif type(s) is Let:
                self.terms[s.number] = self.value(s)
            elif type(s) is Store:
                self.store(s)
            elif type(s) is Seldom:
                self.seldom(s)
            elif type(s) is Choice:
                self.choice(s)
            elif type(s) is While:
                self.repeat(s)
            elif type(s) is Grow:
                self.grow(s)
            elif type(s) is Refuse:
                self.refuse(s)
            elif type(s) is Invoke:
                self.invoke(s)
            elif type(s) is Apply:
                self.apply(s)
            else:
                self.share(s)
        self.spread = kept

    def value(self, s: Let) -> Term:
        """The term of one opcode."""
        if s.opcode == "constant":
            return Term(literal(s.kind, s.extra), s.kind)
        if s.opcode == "load":
            return self.load(s.kind, *s.extra)
        args = [self.terms[a] for a in s.args]
        if s.opcode == "table":
            return self.table(s.extra, args[0])
        if s.opcode == "lookup":
            return self.lookup(s.extra, args[0])
        if s.opcode == "special":
            return self.special(s.extra, s.kind, args)
        lanes = max(a.lanes for a in args)
        return Term(applied(self, s.opcode, s.kind, args, lanes), s.kind, lanes)

    def special(self, name: str, kind: str, args: Sequence[Term]) -> Term:
        """A function of SciPy's or ours, lane by lane. It takes a 0 behind its arguments."""
        symbol, lanes, of = f"{SPECIAL}{name}", max(a.lanes for a in args), scalar(kind)
        types = [scalar(a.kind) for a in args]
        self.declared[symbol] = f"declare {of} @{symbol}({', '.join(types)}, i32) nounwind"
        if lanes == 1:
            given = ", ".join(f"{t} {a.text}" for t, a in zip(types, args, strict=True))
            return Term(self.put(f"call {of} @{symbol}({given}, i32 0)"), kind)
        wide, found = vector(of, lanes), "poison"
        operands = [f"{vector(scalar(a.kind), lanes)} {self.broad(a, lanes)}" for a in args]
        for k in range(lanes):
            single = [self.put(f"extractelement {x}, i32 {k}") for x in operands]
            given = ", ".join(f"{t} {x}" for t, x in zip(types, single, strict=True))
            y = self.put(f"call {of} @{symbol}({given}, i32 0)")
            found = self.put(f"insertelement {wide} {found}, {of} {y}, i32 {k}")
        return Term(found, kind, lanes)

    # ------------------------------------------------------------ the heap

    def heap(self) -> list[str]:
        """Lines at the beginning: buffers of the heap are empty. What they need is declared."""
        lines = []
        for b in self.code.buffers:
            if b.role == "heap":
                self.declared["realloc"] = "declare ptr @realloc(ptr, i64)"
                self.declared["free"] = "declare void @free(ptr)"
                lines += [f"%b{b.number} = alloca ptr", f"%room{b.number} = alloca i64"]
                lines += [f"store ptr null, ptr %b{b.number}", f"store i64 0, ptr %room{b.number}"]
        return lines

    def given_back(self) -> None:
        """Lines at the end: the heap gets its memory back."""
        for b in self.code.buffers:
            if b.role == "heap":
                kept = self.put(f"load ptr, ptr %b{b.number}")
                self.lines.append(f"call void @free(ptr {kept})")

    def grow(self, s: Grow) -> None:
        """Twice as much room as is needed, whenever it is not enough."""
        n, slot, room = self.fresh, f"%b{s.buffer.number}", f"%room{s.buffer.number}"
        self.fresh += 1
        rows = self.terms[s.rows].text
        there = self.put(f"load i64, ptr {room}")
        full = self.put(f"icmp sge i64 {rows}, {there}")
        self.lines += [f"br i1 {full}, label %more{n}, label %enough{n}", f"more{n}:"]
        double = self.put(f"shl i64 {rows}, 1")
        wanted = self.put(f"add i64 {double}, 16")
        size = self.put(f"mul i64 {wanted}, {s.size * DTYPES[s.buffer.kind].itemsize}")
        old = self.put(f"load ptr, ptr {slot}")
        new = self.put(f"call ptr @realloc(ptr {old}, i64 {size})")
        none = self.put(f"icmp eq ptr {new}, null")
        self.lines += [f"br i1 {none}, label %no{n}, label %got{n}", f"no{n}:"]
        self.lines += ["store i64 1, ptr %failed", "br label %out", f"got{n}:"]
        self.lines += [f"store ptr {new}, ptr {slot}", f"store i64 {wanted}, ptr {room}"]
        self.lines += [f"br label %enough{n}", f"enough{n}:"]
        self.label = f"enough{n}"

    # ------------------------------------------------------------ branches

    def choice(self, s: Choice) -> None:
        """A switch between blocks, the last one for all other numbers."""
        n = self.fresh
        self.fresh += 1
        labels, after = [f"case{n}.{k}" for k in range(len(s.blocks))], f"chosen{n}"
        cases = " ".join(f"i64 {k}, label %{name}" for k, name in enumerate(labels))
        self.lines.append(f"switch i64 {self.terms[s.index].text}, label %{labels[-1]} [{cases}]")
        for name, block in zip(labels, s.blocks, strict=True):
            self.enter(name)
            self.block(block)
            self.lines.append(f"br label %{after}")
        self.enter(after)

    def repeat(self, s: While) -> None:
        """A loop that asks before each round."""
        n = self.fresh
        self.fresh += 1
        self.forget()
        self.start(f"again{n}")
        self.block(s.condition)
        holds = self.terms[s.holds].text
        self.lines.append(f"br i1 {holds}, label %round{n}, label %done{n}")
        self.enter(f"round{n}")
        self.block(s.body)
        self.lines.append(f"br label %again{n}")
        self.enter(f"done{n}")

    def seldom(self, s: Seldom) -> None:
        """A branch to statements that few rounds need, and the choice between both results."""
        mask = self.terms[s.mask]
        any_of = self.any_of(mask)
        before, rare, after = self.label, f"rare{self.fresh}", f"usual{self.fresh}"
        self.fresh += 1
        self.lines += [f"br i1 {any_of}, label %{rare}, label %{after}", f"{rare}:"]
        self.label, kept = rare, dict(self.spread)
        if is_apart(s):
            called(self, s)
        else:
            self.block(s.body)
        if any(type(x) is Store for x in statements(s.body)):
            self.forget()
        chosen = []
        for number, kind, usual, seldom in s.chosen:
            a, b = self.terms[usual], self.terms[seldom]
            lanes = max(a.lanes, b.lanes, mask.lanes)
            of = vector(scalar(kind), lanes)
            c = f"{vector('i1', lanes)} {self.broad(mask, lanes)}"
            y = self.put(f"select {c}, {of} {self.broad(b, lanes)}, {of} {self.broad(a, lanes)}")
            chosen.append((number, kind, a, y, lanes))
        last, self.spread = self.label, kept
        self.start(after)
        for number, kind, a, y, lanes in chosen:
            of = vector(scalar(kind), lanes)
            assert a.lanes == lanes, "the usual value of a vector is a vector"
            phi = self.put(f"phi {of} [{a.text}, %{before}], [{y}, %{last}]")
            self.terms[number] = Term(phi, kind, lanes)

    def any_of(self, mask: Term) -> str:
        """Whether a mask holds anywhere in a vector, as far as its rounds are real.

        As wide as the numbers that were compared it is a mask as the CPU makes it, and one
        instruction tests that; packed to bits first it takes ten.
        """
        if mask.lanes == 1:
            return mask.text
        text = mask.text
        if self.wide and self.wide.mask:
            text = self.put(f"and {mask.type} {text}, {self.wide.mask}")
        number = f"i{min(64, max(8, self.bits // mask.lanes))}"
        wide = vector(number, mask.lanes)
        bits = self.put(f"sext {mask.type} {text} to {wide}")
        name = f"llvm.vector.reduce.or.v{mask.lanes}{number}"
        return self.put(f"icmp ne {number} {self.call(name, number, [(wide, bits)])}, 0")

    def refuse(self, s: Refuse) -> None:
        """A note that the call has failed."""
        self.fail_if(self.any_of(self.terms[s.mask]))

    def fail_if(self, bad: str) -> None:
        """The call has failed if a bit is set; it goes on, to no avail."""
        n = self.fresh
        self.fresh += 1
        self.lines += [f"br i1 {bad}, label %bad{n}, label %good{n}", f"bad{n}:"]
        self.lines.append("store i64 1, ptr %failed")
        self.label = f"bad{n}"
        self.start(f"good{n}")

    def invoke(self, s: Invoke) -> None:
        """A call of a function of the runtime."""
        self.lines.append(self.calling("void", s))

    def apply(self, s: Apply) -> None:
        """The same, of one that may say that it has no result."""
        if not s.fails:
            return self.lines.append(self.calling("void", s))
        good = self.put(self.calling("i8", s))
        self.fail_if(self.put(f"icmp eq i8 {good}, 0"))

    def calling(self, result: str, s: Invoke | Apply) -> str:
        """The call of a function with numbers, places, and other functions."""
        self.forget()
        given = [
            f"i64 {n}" if isinstance(n, int) else f"double {literal('f64', struct.pack('d', n))}"
            for n in s.numbers
        ]
        given += [f"ptr {self.address(*place)[0]}" for place in s.places]
        for name in s.functions:
            given.append(f"ptr @{name}" if name else "ptr null")
            if name:
                self.declared[name] = f"declare void @{name}()"
        types = ", ".join(g.split()[0] for g in given)
        self.declared[s.symbol] = f"declare {result} @{s.symbol}({types})"
        return f"call {result} @{s.symbol}({', '.join(given)})"

    # ------------------------------------------------------------ threads

    def share(self, loop: Loop) -> None:
        """Let threads run a loop: its rounds are a function, which gets what it needs in memory."""
        taken = [n for n in sorted(needed(loop)) if self.terms[n].text[0] == "%"]
        context = self.put(f"alloca [{len(taken) + 1} x i64], align 8")
        self.lines.append(f"store ptr %buffers, ptr {context}")
        for k, n in enumerate(taken):
            place = self.put(f"getelementptr i64, ptr {context}, i64 {k + 1}")
            self.lines.append(f"store {self.terms[n].type} {self.terms[n].text}, ptr {place}")
        name = f"{self.code.name}_part{len(self.parts)}"
        self.parts.append("")
        self.parts[-1] = self.part(name, loop, taken)
        self.declared["bibun_parallel"] = "declare void @bibun_parallel(ptr, ptr, i64, i64)"
        given = f"ptr @{name}, ptr {context}, i64 {loop.extent}, i64 1"
        self.lines.append(f"call void @bibun_parallel({given})")

    def part(self, name: str, loop: Loop, taken: Sequence[int]) -> str:
        """The function that runs some rounds of a loop."""
        self.forget()
        outside = self.lines, self.label, self.spread, dict(self.terms)
        self.lines, self.label, self.spread = ["%buffers = load ptr, ptr %context"], "entry", {}
        self.find_buffers()
        for k, n in enumerate(taken):
            place = self.put(f"getelementptr i64, ptr %context, i64 {k + 1}")
            term = self.terms[n]
            self.terms[n] = term._replace(text=self.put(f"load {term.type}, ptr {place}"))
        self.start("round")
        first, after = self.name(), self.name()
        head = len(self.lines)
        self.terms[loop.counter] = Term(first, "i64")
        self.block(loop.body)
        self.lines.insert(head, f"{first} = phi i64 [%start, %entry], [{after}, %{self.label}]")
        self.lines.append(f"{after} = add i64 {first}, 1")
        more = self.put(f"icmp slt i64 {after}, %stop")
        self.lines += [f"br i1 {more}, label %round, label %done", "done:"]
        self.lines += [*self.fence(), "ret void"]
        body = "\n  ".join(self.lines)
        self.lines, self.label, self.spread, self.terms = outside
        self.forget()
        head_line = f"define internal void @{name}(ptr %context, i64 %start, i64 %stop) nounwind"
        return f"{head_line} {{\nentry:\n  {body}\n}}"


def streamed(code: Code) -> set[int]:
    """Results so long that the caches have no room for them, and that nobody reads meanwhile.

    Where the caches have room for arguments and results, they are there at the next call, and
    whoever reads a result finds it near. Results of loops that add to sums in memory stay
    as well: where these lie at the same place of a page, each of their reads would wait until the
    result has arrived in memory.
    """
    if sum(b.size * DTYPES[b.kind].itemsize for b in code.given) <= ROOM * largest():
        return set()
    found = list(statements(code.body))
    kept = {s.extra[0].number for s in found if type(s) is Let and s.opcode == "load"}
    for loop in [s for s in found if type(s) is Loop and s.ordered]:
        kept |= {s.buffer.number for s in statements(loop.body) if type(s) is Store}
    return {
        b.number
        for b in code.buffers
        if b.role == "out" and b.number not in kept and b.size * DTYPES[b.kind].itemsize >= STREAM
    }


def needed(loop: Loop) -> set[int]:
    """The values from outside that the rounds of a loop take."""
    made = {loop.counter, -1}
    for s in statements(loop.body):
        made.update(n for n, _ in made_by(s))
        if type(s) is Loop:
            made |= {s.counter, *(c.number for c in s.carries)}
    return set(taken(loop.body)) - made
