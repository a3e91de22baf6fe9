"""Tiles: sums of products of matrices that stay in registers, as functions in LLVM's text.

A tile is some rows of a product by some vectors of its columns. Its sums stay in registers while k
goes by, so that each number that is read is used several times (Goto and van de Geijn, Anatomy of
high-performance matrix multiplication, 2008). There is one function for each shape of a tile,
whatever the matrices: the runtime calls it from all programs (cpp/runtime/products.cpp).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from ..loops.statements import FLOATS, WIDTH
from .lines import Lines, scalar, suffix, vector


class Registers(NamedTuple):
    """The vector registers of a processor."""

    bits: int
    number: int


def registers(features: dict[str, bool]) -> Registers:
    """The registers of a processor that can do this, by LLVM's names."""
    if features.get("avx512f"):
        return Registers(512, 32)
    if features.get("avx"):
        return Registers(256, 16)
    return Registers(128, 16 if features.get("sse2") else 32)  # Arm has as many as that


class Tiling(NamedTuple):
    """How a product is cut: into tiles of about so many rows by so many vectors of lanes."""

    rows: int
    vectors: int
    lanes: int

    def names(self, kind: str, m: int, n: int) -> tuple[str, ...]:
        """The functions that the runtime needs: for lower and for higher tiles, whole and last.

        Tiles have about equally many rows; those at the right may be narrower. "" is none.
        """
        count = -(-m // self.rows)
        lower, higher = m // count, m % count
        last = -(-(n % (self.vectors * self.lanes)) // self.lanes)
        whole = self.vectors if n >= self.vectors * self.lanes else 0
        return tuple(
            [
                f"bibun_tile_{kind}_{rows}x{v}x{self.lanes}" if v and wanted else ""
                for rows, wanted in ((lower, True), (lower + 1, higher > 0))
                for v in (whole, last)
            ]
        )


def tiling(kind: str, n: int, found: Registers) -> Tiling:
    """The tiles for a product of n columns: their sums take about half of the registers.

    Eight sums or more hide how long an addition takes, and the rest holds what is multiplied.
    """
    lanes = found.bits // WIDTH[kind]
    while lanes >= 2 * n and lanes > 2:
        lanes //= 2
    return Tiling(8 if found.number > 16 else 6, 2, lanes)


TURNED = 8
"""Rows and columns of a block that is transposed in registers."""


def turn(kind: str) -> str:
    """The name of the function that transposes blocks."""
    return f"bibun_turn_{kind}"


def text(names: Sequence[str]) -> str:
    """The text of some of these functions."""
    parts: list[str] = []
    declared: dict[str, str] = {}
    for name in names:
        _, what, kind, *shape = name.split("_")
        if what == "turn":
            lines: Kernel = Turn(kind)
        else:
            lines = Tile(kind, Tiling(*map(int, shape[0].split("x"))))
        parts.append(lines.function(name))
        declared |= lines.declared
    return "\n".join([*parts, *declared.values()])


class Kernel(Lines, ABC):
    """A function with a loop around what moves through memory in equal steps."""

    def __init__(self, kind: str, lanes: int):
        super().__init__()
        assert kind in FLOATS
        self.kind, self.lanes = kind, lanes
        self.size = WIDTH[kind] // 8
        self.wide = vector(scalar(kind), lanes)

    @abstractmethod
    def function(self, name: str) -> str:
        """The function's text."""

    def at(self, base: str, step: str | int) -> str:
        """The address some elements further on."""
        return self.put(f"getelementptr {scalar(self.kind)}, ptr {base}, i64 {step}")

    def load(self, address: str, of: str) -> str:
        return self.put(f"load {of}, ptr {address}, align {self.size}")

    def store(self, x: str, address: str) -> None:
        self.lines.append(f"store {self.wide} {x}, ptr {address}, align {self.size}")


class Tile(Kernel):
    """c[i, j] = sum_k a[i, k] b[k, j] of a tile, or that added to c.

    `a` has rows `row_a` and columns `step_a` elements apart; b has rows `row_b`, c `row_c` apart.
    """

    def __init__(self, kind: str, tiling: Tiling):
        super().__init__(kind, tiling.lanes)
        self.rows, self.vectors = range(tiling.rows), range(tiling.vectors)

    def function(self, name: str) -> str:
        """The sums of all k, and then what becomes of them."""
        rows = ["%a"]
        for _ in self.rows[1:]:
            rows.append(self.at(rows[-1], "%row_a"))
        self.start("round")
        sums = self.round(rows)
        self.lines += ["br i1 %more, label %round, label %done", "done:"]
        self.lines += ["%is = icmp ne i64 %add, 0", "br i1 %is, label %sum, label %set"]
        for label in ("set", "sum"):
            self.lines.append(f"{label}:")
            self.leave(sums, label == "sum")
        body = "\n  ".join(self.lines)
        given = "i64 %k, ptr %a, i64 %row_a, i64 %step_a, ptr %b, i64 %row_b, ptr %c, i64 %row_c"
        return f"define void @{name}({given}, i64 %add) nounwind {{\nentry:\n  {body}\n}}"

    def round(self, rows: Sequence[str]) -> list[list[str]]:
        """One k: what is added to each sum. The sums go round, and so do the places.

        One number for all rows of a goes round: LLVM would make a chain of additions of addresses
        that move on together, and each round would wait for it.
        """
        self.lines += [
            "%left = phi i64 [%k, %entry], [%fewer, %round]",
            "%column = phi i64 [0, %entry], [%next_column, %round]",
            "%from_b = phi ptr [%b, %entry], [%next_b, %round]",
        ]
        for i in self.rows:
            for j in self.vectors:
                zero = f"[zeroinitializer, %entry], [%sum{i}.{j}, %round]"
                self.lines.append(f"%old{i}.{j} = phi {self.wide} {zero}")
        b = [self.load(self.at("%from_b", j * self.lanes), self.wide) for j in self.vectors]
        one, wide = scalar(self.kind), self.wide
        # One rounding where the processor has an instruction for it, else two.
        fma = f"llvm.fmuladd.{suffix(self.kind, self.lanes)}"
        self.declared[fma] = f"declare {wide} @{fma}({wide}, {wide}, {wide})"
        for i in self.rows:
            x = self.load(self.at(rows[i], "%column"), one)
            x = self.put(f"insertelement {wide} poison, {one} {x}, i32 0")
            zeros = f"<{self.lanes} x i32> zeroinitializer"
            x = self.put(f"shufflevector {wide} {x}, {wide} poison, {zeros}")
            for j in self.vectors:
                given = f"{wide} {x}, {wide} {b[j]}, {wide} %old{i}.{j}"
                self.lines.append(f"%sum{i}.{j} = call {wide} @{fma}({given})")
        self.lines += [
            "%next_column = add i64 %column, %step_a",
            f"%next_b = getelementptr {one}, ptr %from_b, i64 %row_b",
            "%fewer = sub i64 %left, 1",
            "%more = icmp ne i64 %fewer, 0",
        ]
        return [[f"%sum{i}.{j}" for j in self.vectors] for i in self.rows]

    def leave(self, sums: list[list[str]], add: bool) -> None:
        """Store the sums, or add them to what is there."""
        row = "%c"
        for i in self.rows:
            if i:
                row = self.at(row, "%row_c")
            for j in self.vectors:
                place, x = self.at(row, j * self.lanes), sums[i][j]
                if add:
                    x = self.put(f"fadd {self.wide} {self.load(place, self.wide)}, {x}")
                self.store(x, place)
        self.lines.append("ret void")


class Turn(Kernel):
    """b[k, i] = a[i, k] of `count` blocks, one after the other along the rows of a.

    Rows of a are `row_a` elements apart, those of b `row_b`.
    """

    def __init__(self, kind: str):
        super().__init__(kind, TURNED)

    def function(self, name: str) -> str:
        """The loop over blocks."""
        self.lines.append(f"%jump = mul i64 %row_b, {self.lanes}")
        self.start("round")
        self.lines += [
            "%left = phi i64 [%count, %entry], [%fewer, %round]",
            "%from = phi ptr [%a, %entry], [%next_a, %round]",
            "%to = phi ptr [%b, %entry], [%next_b, %round]",
        ]
        for x, place in zip(self.turned(self.spread_out("%from", "%row_a")),
                            self.spread_out("%to", "%row_b"), strict=True):  # fmt: skip
            self.store(x, place)
        one = scalar(self.kind)
        self.lines += [
            f"%next_a = getelementptr {one}, ptr %from, i64 {self.lanes}",
            f"%next_b = getelementptr {one}, ptr %to, i64 %jump",
            "%fewer = sub i64 %left, 1",
            "%more = icmp ne i64 %fewer, 0",
            "br i1 %more, label %round, label %done",
            "done:",
            "ret void",
        ]
        body = "\n  ".join(self.lines)
        given = "i64 %count, ptr %a, i64 %row_a, ptr %b, i64 %row_b"
        return f"define void @{name}({given}) nounwind {{\nentry:\n  {body}\n}}"

    def spread_out(self, base: str, row: str) -> list[str]:
        """The addresses of the rows of a block."""
        found = [base]
        for _ in range(self.lanes - 1):
            found.append(self.at(found[-1], row))
        return found

    def turned(self, places: Sequence[str]) -> list[str]:
        """The columns of a block: halves of pairs of rows change places, then quarters, ..."""
        rows = [self.load(place, self.wide) for place in places]
        half = 1
        while half < self.lanes:
            for i in range(self.lanes):
                if not i & half:
                    pair = rows[i], rows[i + half]
                    rows[i], rows[i + half] = (self.mixed(*pair, half, upper) for upper in (0, 1))
            half *= 2
        return rows

    def mixed(self, a: str, b: str, half: int, upper: int) -> str:
        """The lower or upper halves of all runs of 2 * half lanes, of a and b in turn."""
        lanes = [
            self.lanes * bool(k & half) + (k & ~half) + half * upper for k in range(self.lanes)
        ]
        chosen = ", ".join(f"i32 {k}" for k in lanes)
        of = f"<{self.lanes} x i32> <{chosen}>"
        return self.put(f"shufflevector {self.wide} {a}, {self.wide} {b}, {of}")
