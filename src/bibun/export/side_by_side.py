"""Some examples of a batch side by side: their function, and what goes to it and comes from it."""

from __future__ import annotations

from ..graph import Type
from ..native.cplusplus import stored
from .functions import Rows
from .header import Header
from .lowered import Variable, size

MOVED = """
// Arrays of n numbers each, from one after the other to side by side, and back.
template <typename T, std::int64_t... lane>
static inline void together(std::int64_t n, const T* __restrict x, T* __restrict y,
                            std::integer_sequence<std::int64_t, lane...>) {
  constexpr std::int64_t lanes = sizeof...(lane);
  for (std::int64_t i = 0; i < n; ++i) ((y[i * lanes + lane] = x[lane * n + i]), ...);
}
template <typename T, std::int64_t... lane>
static inline void apart(std::int64_t n, const T* __restrict x, T* __restrict y,
                         std::integer_sequence<std::int64_t, lane...>) {
  constexpr std::int64_t lanes = sizeof...(lane);
  for (std::int64_t i = 0; i < n; ++i) ((y[lane * n + i] = x[i * lanes + lane]), ...);
}
"""


class SideBySide:
    """A function for as many examples as there are lanes."""

    def __init__(self, header: Header, rows: Rows, lanes: int):
        code = header.code
        assert code.several is not None
        self.rows, self.lanes = rows, lanes
        self.one = header
        self.outputs = code.outputs
        self.inputs = [v for v in code.inputs if v.name in rows.batched]
        wide = code._replace(
            code=code.several,
            inputs=[self.wide(v) if v.name in rows.batched else v for v in code.inputs],
            outputs=[self.wide(v) for v in code.outputs],
            comments={},
        )
        style = header.style._replace(eigen=False)
        self.header = Header(f"{header.name}_lanes", wide, style, header.name)

    @staticmethod
    def of(header: Header, rows: Rows) -> SideBySide | None:
        """The function, where there is code for it."""
        code = header.code
        if code.several is None:
            return None
        (first, *_) = [v for v in code.outputs if v.buffer]
        assert first.buffer is not None
        lanes = code.several.buffers[first.buffer.number].size // max(first.buffer.size, 1)
        return SideBySide(header, rows, lanes) if lanes > 1 else None

    def wide(self, v: Variable) -> Variable:
        """An array of real numbers with the lanes as its last axis."""
        several = self.one.code.several
        assert several is not None
        buffer = v.buffer and several.buffers[v.buffer.number]
        return v._replace(type=Type(v.real.dtype, (*v.real.shape, self.lanes)), buffer=buffer)

    def text(self) -> str:
        """The function, with what it calls."""
        header = self.header
        moved = header.support("MOVED", MOVED)
        parts = [moved, header.tables(), *header.printer.helpers, header.function()]
        return "\n".join(p for p in parts if p)

    def summed(self, v: Variable) -> bool:
        return v.name in self.rows.summed

    def apart(self, v: Variable) -> bool:
        """Whether an array has memory of its own: one number of each example lies there already."""
        return v.amount != 1 or self.summed(v)

    def rounds(self) -> list[str]:
        """Statements: all rows but the last few."""
        n = self.lanes
        apart = [v for v in [*self.inputs, *self.outputs] if self.apart(v) and v.amount]
        lines = [f"alignas(64) {stored(v.kind)} lanes_{v.name}[{v.amount * n}];" for v in apart]
        lines += [self.moved("together", v) for v in self.inputs if v in apart]
        code = self.one.code
        given = [self.place(v) if v.name in self.rows.batched else v.name for v in code.inputs]
        call = f"{self.one.style.namespace}::{self.header.name}"
        lines.append(f"{call}({', '.join([*given, *map(self.place, self.outputs)])});")
        lines += [
            self.added(v) if self.summed(v) else self.moved("apart", v)
            for v in self.outputs
            if v in apart
        ]
        head = f"for (; row < rows - rows % {n}; row += {n}) {{"
        return [head, *(f"  {line}" for line in lines), "}"]

    def place(self, v: Variable) -> str:
        """Where the numbers of all lanes lie."""
        return f"lanes_{v.name}" if self.apart(v) and v.amount else f"{v.name} + row"

    def moved(self, how: str, v: Variable) -> str:
        """The numbers of all lanes, one example after the other or side by side."""
        there, here = v.name + f" + row * {size(v.type)}", f"lanes_{v.name}"
        there = v.numbers(there, "const " if how == "together" else "")
        given = f"{there}, {here}" if how == "together" else f"{here}, {there}"
        lanes = f"std::make_integer_sequence<std::int64_t, {self.lanes}>()"
        return f"{how}({v.amount}, {given}, {lanes});"

    def added(self, v: Variable) -> str:
        """What all lanes add to a sum, one after the other."""
        every = f"for (std::int64_t i = 0; i < {v.amount}; ++i)"
        lanes = f"for (std::int64_t lane = 0; lane < {self.lanes}; ++lane)"
        return f"{every} {lanes} {v.numbers(v.name)}[i] += lanes_{v.name}[i * {self.lanes} + lane];"
