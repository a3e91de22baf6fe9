"""Loads and stores of the LLVM printer: one element, a run of them, or scattered ones."""

from __future__ import annotations

import struct
import zlib

from ..loops import Buffer, Place, Store
from ..loops.statements import DTYPES
from .delayed import Delayed
from .lines import Term, literal, stored, suffix, vector
from .lookups import looked_up

ALIGNMENT = 64
"""Of results and of each workspace, in bytes."""


def hash_of(numbers: tuple[float, ...]) -> int:
    """A name for a table of constants."""
    return zlib.crc32(struct.pack(f"{len(numbers)}d", *numbers))


class Memory(Delayed):
    """Lines with access to buffers, from inside a loop that runs in vectors or from outside."""

    def enter(self, label: str) -> None:
        """Begin a block to which there are several ways: what they have stored is unknown."""
        self.forget()
        self.lines.append(f"{label}:")
        self.label = label

    def address(self, buffer: Buffer, place: Place) -> tuple[str, int]:
        """The address of a place, and by how many elements it moves from lane to lane.

        A place that is computed from a vector is a vector of addresses, and moves by -1.
        """
        wide, step = self.wide, 0
        at = str(place.offset)
        for counter, stride in place.strides:
            if wide and counter == wide.counter:
                step = stride
                at = self.plus(at, self.times(wide.first, stride))
            else:
                at = self.plus(at, self.times(self.terms[counter].text, stride))
        base, of = f"%b{buffer.number}", stored(buffer.kind)
        if buffer.role == "heap":
            base = self.put(f"load ptr, ptr {base}")
        if place.computed >= 0:
            computed = self.terms[place.computed]
            if computed.lanes > 1:
                return self.scattered(base, of, at, step, computed), -1
            at = self.plus(at, computed.text)
        return (self.put(f"getelementptr {of}, ptr {base}, i64 {at}") if at != "0" else base), step

    def scattered(self, base: str, of: str, at: str, step: int, computed: Term) -> str:
        lanes = self.wide.lanes if self.wide else 1
        numbers, wide = self.broad(computed, lanes), vector("i64", lanes)
        if step:
            steps = ", ".join(f"i64 {k * step}" for k in range(lanes))
            numbers = self.put(f"add {wide} {numbers}, <{steps}>")
        if at != "0":
            numbers = self.put(f"add {wide} {numbers}, {self.broad(Term(at, 'i64'), lanes)}")
        return self.put(f"getelementptr {of}, ptr {base}, {wide} {numbers}")

    def times(self, x: str, stride: int) -> str:
        if x[0] != "%":
            return str(int(x) * stride)
        return x if stride == 1 else self.put(f"mul i64 {x}, {stride}")

    def plus(self, a: str, b: str) -> str:
        if a[0] != "%" and b[0] != "%":
            return str(int(a) + int(b))
        return b if a == "0" else a if b == "0" else self.put(f"add i64 {b}, {a}")

    def spaced(self, address: str, of: str, step: int) -> str:
        """The addresses of all lanes, `step` elements apart."""
        assert self.wide
        steps = ", ".join(f"i64 {k * step}" for k in range(self.wide.lanes))
        return self.put(f"getelementptr {of}, ptr {address}, <{self.wide.lanes} x i64> <{steps}>")

    def held(self, buffer: Buffer, place: Place) -> Term | None:
        """What a load would give, if it is in a register."""
        spot, wide = self.spot(buffer, place), self.wide
        if spot is None:
            return None
        step = dict(place.strides).get(wide.counter, 0) if wide else 0
        if wide and step:
            return self.joined(buffer, spot, wide.lanes, wide.real) if step == 1 else None
        return self.joined(buffer, spot, 1, 1)

    def load(self, kind: str, buffer: Buffer, place: Place) -> Term:
        held = self.held(buffer, place)
        if held is not None:
            return held
        self.settle([buffer])
        address, step = self.address(buffer, place)
        of, size = stored(kind), DTYPES[kind].itemsize
        if step == 0:
            return self.truth(Term(self.put(f"load {of}, ptr {address}, align {size}"), kind))
        assert self.wide
        lanes, mask = self.wide.lanes, self.mask
        wide = vector(of, lanes)
        if step == 1 and not self.wide.mask:
            x = self.put(f"load {wide}, ptr {address}, align {size}")
        elif step == 1:
            x = self.masked(
                "load", kind, wide, f"ptr align {size} {address}, {mask}, {wide} zeroinitializer"
            )
        else:
            many = address if step == -1 and place.computed >= 0 else self.spaced(address, of, step)
            x = self.masked(
                "gather", kind, wide,
                f"<{lanes} x ptr> align {size} {many}, {mask}, {wide} zeroinitializer",
            )  # fmt: skip
        return self.truth(Term(x, kind, lanes))

    def constants(self, numbers: tuple[float, ...]) -> str:
        """The name of a table, which the module holds once."""
        name = f"@table{hash_of(numbers)}"
        if name not in self.declared:
            kept = ", ".join(f"double {literal('f64', struct.pack('d', x))}" for x in numbers)
            of = f"[{len(numbers)} x double]"
            self.declared[name] = f"{name} = internal constant {of} [{kept}], align {ALIGNMENT}"
        return name

    def lookup(self, numbers: tuple[float, ...], index: Term) -> Term:
        """A number from a table of sixteen, at the lowest bits of the index."""
        if index.lanes > 1:
            return looked_up(self, self.constants(numbers), index)
        return self.table(numbers, index._replace(text=self.put(f"and i64 {index.text}, 15")))

    def table(self, numbers: tuple[float, ...], index: Term) -> Term:
        """A number from a table of constants."""
        name = self.constants(numbers)
        many = self.put(f"getelementptr double, ptr {name}, {index.type} {index.text}")
        if index.lanes == 1:
            return Term(self.put(f"load double, ptr {many}"), "f64")
        lanes, wide = index.lanes, vector("double", index.lanes)
        gather = f"llvm.masked.gather.v{lanes}f64.v{lanes}p0"
        all_lanes = f"<{lanes} x i1> splat (i1 true)"
        given = f"<{lanes} x ptr> align 8 {many}, {all_lanes}, {wide} zeroinitializer"
        self.declared.setdefault(
            gather, f"declare {wide} @{gather}(<{lanes} x ptr>, <{lanes} x i1>, {wide})"
        )
        return Term(self.put(f"call {wide} @{gather}({given})"), "f64", lanes)

    def truth(self, x: Term) -> Term:
        """A byte that was read as a bool."""
        if x.kind != "bool":
            return x
        zero = "0" if x.lanes == 1 else "zeroinitializer"
        return x._replace(text=self.put(f"icmp ne {vector('i8', x.lanes)} {x.text}, {zero}"))

    @property
    def mask(self) -> str:
        """The mask of the rounds that are real, with its type."""
        assert self.wide
        ones = "splat (i1 true)"
        return f"<{self.wide.lanes} x i1> {self.wide.mask or ones}"

    def masked(self, name: str, kind: str, wide: str, given: str) -> str:
        """A masked access; loads return the vector, stores nothing."""
        assert self.wide
        lanes = self.wide.lanes
        pointer = "p0" if name in ("load", "store") else f"v{lanes}p0"
        short = suffix("i8" if kind == "bool" else kind, lanes)
        full = f"llvm.masked.{name}.{short}.{pointer}"
        of = "ptr" if pointer == "p0" else f"<{lanes} x ptr>"
        reads = name in ("load", "gather")
        types = f"{of}, <{lanes} x i1>, {wide}" if reads else f"{wide}, {of}, <{lanes} x i1>"
        result = wide if reads else "void"
        self.declared.setdefault(full, f"declare {result} @{full}({types})")
        if reads:
            return self.put(f"call {wide} @{full}({given})")
        self.lines.append(f"call void @{full}({given})")
        return ""

    def is_streamed(self, s: Store, lanes: int) -> bool:
        """Whether a vector goes to memory directly, past the caches: it has to lie there whole."""
        if s.buffer.number not in self.streams or not self.wide:
            return False
        steps = [stride for c, stride in s.place.strides if c != self.wide.counter]
        whole = min(lanes, ALIGNMENT // DTYPES[s.buffer.kind].itemsize)
        return all(n % whole == 0 for n in (s.place.offset, *steps))

    def note(self, s: Store, step: int, term: Term) -> None:
        """Keep in mind what is stored."""
        wide, spot = self.wide, self.spot(s.buffer, s.place)
        if wide is None or step == 0:
            self.registers.store(s.buffer.number, spot, 1, term, int(wide is None))
        elif step != 1:
            self.registers.store(s.buffer.number, None, 1, term, 0)
        else:
            self.registers.store(s.buffer.number, spot, wide.real or wide.lanes, term, wide.real)

    def store(self, s: Store) -> None:
        if self.delayed(s):
            return
        self.settle([s.buffer])
        term = self.terms[s.value]
        address, step = self.address(s.buffer, s.place)
        of, size = stored(term.kind), DTYPES[term.kind].itemsize
        lanes = self.wide.lanes if self.wide and step else 1
        x = self.broad(term, lanes)
        self.note(s, step, Term(x, term.kind, lanes))
        if term.kind == "bool":
            x = self.put(f"zext {vector('i1', lanes)} {x} to {vector('i8', lanes)}")
        wide = vector(of, lanes)
        if step == 0 or (step == 1 and self.wide and not self.wide.mask):
            hint = f"align {size}"
            if lanes > 1 and self.is_streamed(s, lanes):
                hint = f"align {min(lanes * size, ALIGNMENT)}, !nontemporal !0"
            self.lines.append(f"store {wide} {x}, ptr {address}, {hint}")
        elif step == 1:
            self.masked(
                "store", term.kind, wide, f"{wide} {x}, ptr align {size} {address}, {self.mask}"
            )
        else:
            many = (
                address if step == -1 and s.place.computed >= 0 else self.spaced(address, of, step)
            )
            self.masked(
                "scatter", term.kind, wide,
                f"{wide} {x}, <{lanes} x ptr> align {size} {many}, {self.mask}",
            )  # fmt: skip
