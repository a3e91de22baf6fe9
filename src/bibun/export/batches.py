"""Batches: an exported function for any number of examples, one behind the other in memory.

Where vectors do not come from the function itself, as many examples as a vector has numbers are
computed side by side, and the last ones one by one.
"""

from __future__ import annotations

from .functions import Rows
from .header import LARGE, Header, loop
from .lowered import Variable, size
from .side_by_side import SideBySide


class Batch:
    """The function of a batch: a loop around the function of one example, which adds up sums."""

    def __init__(self, header: Header, rows: Rows):
        self.header, self.rows = header, rows
        self.name = f"{header.name}_batch"
        self.outputs = header.code.outputs
        self.sums = [v for v in self.outputs if v.name in rows.summed]
        taken = sum(size(v.type) * v.type.dtype.itemsize for v in self.sums)
        self.large = header.large or taken > LARGE
        self.several = None if self.large else SideBySide.of(header, rows)

    def text(self) -> str:
        """The memory that the caller gives, if it is large, and the function."""
        own = [f"{v.element} own_{v.name}[{max(size(v.type), 1)}];" for v in self.sums]
        fields = [f"{self.header.name}_workspace row;"] if self.header.large else []
        about = f"/// The memory in which {self.name} works."
        struct = [about, f"struct {self.name}_workspace {{", *indented([*fields, *own]), "};", ""]
        several = [self.several.text()] if self.several else []
        return "\n".join([*(struct if self.large else []), *several, *self.function(own), ""])

    def signature(self) -> str:
        header = self.header
        given = [f"const {v.element}* {v.name}" for v in header.code.inputs]
        made = [f"{v.element}* {v.name}" for v in self.outputs]
        memory = [f"{self.name}_workspace& workspace"] if self.large else []
        start = f"inline void {self.name}("
        parameters = ["std::int64_t rows", *given, *made, *memory]
        return start + (",\n" + " " * len(start)).join(parameters) + ")"

    def function(self, own: list[str]) -> list[str]:
        """The function with its comment."""
        several = [v.name for v in self.header.code.inputs if v.name in self.rows.batched]
        several += [v.name for v in self.outputs if v not in self.sums]
        lines = [f"/// {self.header.name} of many: {', '.join(several)} have `rows` of them."]
        if self.sums:
            lines.append(f"/// Sums over all: {', '.join(v.name for v in self.sums)}.")
        names = [f"own_{v.name}" for v in self.sums]
        lent = [
            f"{v.element}* const {n} = workspace.{n};"
            for v, n in zip(self.sums, names, strict=True)
        ]
        body = lent if self.large else own
        body = [*body, *(loop(v.type, f"{v.name}[i] = 0;") for v in self.sums)]
        body.append("std::int64_t row = 0;")
        body += self.several.rounds() if self.several else []
        body.append("for (; row < rows; ++row) {")
        body += indented([self.call(), *(self.added(v) for v in self.sums)])
        return [*lines, f"{self.signature()} {{", *indented([*body, "}"]), "}"]

    def call(self) -> str:
        """The call for one example."""
        header = self.header
        places = [self.place(v, v.name in self.rows.batched) for v in header.code.inputs]
        places += [
            f"own_{v.name}" if v in self.sums else self.place(v, True) for v in header.results
        ]
        places += ["workspace.row"] if header.large else []
        call = f"{header.style.namespace}::{header.name}({', '.join(places)});"
        return f"{header.returned.name}[row] = {call}" if header.returned else call

    def place(self, v: Variable, several: bool) -> str:
        """Where the array of an example lies."""
        n = size(v.type)
        step = "" if not several else " + row" if n == 1 else f" + row * {n}"
        return v.name + step

    def added(self, v: Variable) -> str:
        return loop(v.type, f"{v.name}[i] += own_{v.name}[i];")


def indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
