"""Panels: the inner loop of products of matrices, for the registers of the CPU that runs us.

A tile of c, some rows high and some vectors wide, stays in registers while a panel of a, as high,
and a panel of b, as wide, pass by (Goto and van de Geijn, Anatomy of high-performance matrix
multiplication, 2008). The runtime copies a and b into panels, in which they are read in order, and
calls the tile (cpp/runtime/products.cpp); so its text comes with each program that multiplies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..loops import Code, Invoke
from ..loops.statements import DTYPES, WIDTH, statements
from .lines import scalar, suffix, vector
from .machine import features

DEEPEST = 1 << 12
"""Bytes of a line of a panel: more of a sum than that is added to what c holds already."""
WIDEST = 1008
"""Rows of a, and columns of b, in panels at a time: whole tiles of any width."""


class Tile(NamedTuple):
    """So many rows, and vectors of so many lanes, which leave room for a vector of a and of b."""

    kind: str
    rows: int
    vectors: int
    lanes: int

    @property
    def columns(self) -> int:
        return self.vectors * self.lanes

    @property
    def name(self) -> str:
        return f"tile_{self.kind}"

    def panels(self, m: int, n: int, k: int) -> tuple[int, int, int]:
        """How many rows of a, columns of b and terms of a sum are in panels at a time."""
        deepest = DEEPEST // DTYPES[self.kind].itemsize
        up = [-(-x // step) * step for x, step in ((m, self.rows), (n, self.columns))]
        return min(up[0], WIDEST), min(up[1], WIDEST), min(k, deepest)

    def text(self) -> str:
        """c (+)= a b for panels that are k deep, of which that of b has 1, 2, ... vectors."""
        given = "i64 %k, i64 %vectors, ptr %a, ptr %b, ptr %c, i64 %ldc, i1 %add"
        cases = [f"i64 {v}, label %vectors{v}" for v in range(1, self.vectors)]
        lines = [
            f"define internal void @{self.name}({given}) nounwind {{",
            "entry:",
            f"switch i64 %vectors, label %vectors{self.vectors} [{' '.join(cases)}]",
            *(line for v in range(1, self.vectors + 1) for line in self.case(v)),
            "}",
        ]
        return "\n".join(lines)

    def declared(self) -> dict[str, str]:
        """What a module that uses the tile holds, by name."""
        wide = vector(scalar(self.kind), self.lanes)
        fma = f"llvm.fma.{suffix(self.kind, self.lanes)}"
        return {fma: f"declare {wide} @{fma}({wide}, {wide}, {wide})", self.name: self.text()}

    def case(self, v: int) -> Iterator[str]:
        """The lines for a panel of b of so many vectors."""
        of, wide = scalar(self.kind), vector(scalar(self.kind), self.lanes)
        aligned = f"align {DTYPES[self.kind].itemsize}"
        cells = [f"{v}.{r}.{j}" for r in range(self.rows) for j in range(v)]
        yield f"vectors{v}:"
        for r in range(self.rows):
            yield f"%row{v}.{r} = mul i64 %ldc, {r}"
            yield f"%c{v}.{r} = getelementptr {of}, ptr %c, i64 %row{v}.{r}"
            for j in range(v):
                yield f"%c{v}.{r}.{j} = getelementptr {wide}, ptr %c{v}.{r}, i64 {j}"
        yield f"br i1 %add, label %known{v}, label %round{v}"
        yield f"known{v}:"
        for here in cells:
            yield f"%old{here} = load {wide}, ptr %c{here}, {aligned}"
        yield f"br label %round{v}"
        yield from self.round(v, cells)
        yield f"done{v}:"
        for here in cells:
            yield f"store {wide} %new{here}, ptr %c{here}, {aligned}"
        yield "ret void"

    def round(self, v: int, cells: Sequence[str]) -> Iterator[str]:
        """One column of the panel of a, and one row of that of b."""
        of, wide = scalar(self.kind), vector(scalar(self.kind), self.lanes)
        yield f"round{v}:"
        for name, kind in (("k", "i64"), ("a", "ptr"), ("b", "ptr")):
            starts = f"[%{name}, %vectors{v}], [%{name}, %known{v}]"
            yield f"%{name}{v} = phi {kind} {starts}, [%{name}{v}.after, %round{v}]"
        for here in cells:
            starts = f"[zeroinitializer, %vectors{v}], [%old{here}, %known{v}]"
            yield f"%sum{here} = phi {wide} {starts}, [%new{here}, %round{v}]"
        for j in range(v):
            yield f"%b{v}.{j}.at = getelementptr {wide}, ptr %b{v}, i64 {j}"
            aligned = f"align {DTYPES[self.kind].itemsize}"
            yield f"%b{v}.{j} = load {wide}, ptr %b{v}.{j}.at, {aligned}"
        for r in range(self.rows):
            yield from self.row(r, v)
        yield f"%k{v}.after = sub i64 %k{v}, 1"
        yield f"%a{v}.after = getelementptr {of}, ptr %a{v}, i64 {self.rows}"
        yield f"%b{v}.after = getelementptr {wide}, ptr %b{v}, i64 {v}"
        yield f"%more{v} = icmp ne i64 %k{v}.after, 0"
        yield f"br i1 %more{v}, label %round{v}, label %done{v}"

    def row(self, r: int, v: int) -> Iterator[str]:
        """One number of a, times all vectors of b."""
        of, wide = scalar(self.kind), vector(scalar(self.kind), self.lanes)
        fma = f"call {wide} @llvm.fma.{suffix(self.kind, self.lanes)}"
        yield f"%a{v}.{r}.at = getelementptr {of}, ptr %a{v}, i64 {r}"
        yield f"%a{v}.{r}.one = load {of}, ptr %a{v}.{r}.at"
        yield f"%a{v}.{r}.first = insertelement {wide} poison, {of} %a{v}.{r}.one, i32 0"
        zeros = f"<{self.lanes} x i32> zeroinitializer"
        yield f"%a{v}.{r} = shufflevector {wide} %a{v}.{r}.first, {wide} poison, {zeros}"
        for j in range(v):
            here = f"{v}.{r}.{j}"
            yield f"%new{here} = {fma}({wide} %a{v}.{r}, {wide} %b{v}.{j}, {wide} %sum{here})"


def tile(kind: str) -> Tile:
    """The tile for this CPU: as many sums as its registers hold."""
    known = features()
    bits = 512 if known.get("avx512f") else 256 if known.get("avx") else 128
    many = bits == 512 or not known.get("sse2")  # 32 registers: AVX-512, and Arm
    return Tile(kind, 8 if many else 4, 3, bits // WIDTH[kind])


def spare(code: Code) -> int:
    """The bytes that the panels of any product of some code take."""
    found = [0]
    for s in statements(code.body):
        if type(s) is Invoke:
            kind = s.places[-1][0].kind
            rows, columns, depth = tile(kind).panels(*s.numbers[:3])
            found.append((rows + columns) * depth * DTYPES[kind].itemsize)
    return max(found)
