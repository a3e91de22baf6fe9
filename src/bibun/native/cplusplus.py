"""The C++ printer: code as a function of C++17, in plain loops and scalars.

It has the signature of the native function, `extern "C" void kernel(void** buffers)`, and needs the
standard library alone. What the LLVM printer runs in vectors or in threads are loops like all
others here, so sums are added up in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..loops import (
    Apply,
    Block,
    Buffer,
    Choice,
    Code,
    Grow,
    Invoke,
    Let,
    Loop,
    Place,
    Refuse,
    Seldom,
    Store,
    While,
)
from ..loops.statements import DTYPES, FLOATS, WIDTH, statements
from ..loops.text import INFIX
from .cpp_needed import ITSELF, needed
from .cpp_strips import Strips
from .cpp_support import BITS, EXTREMES, HEAD, PRODUCT
from .cpp_types import cpp_type, stored
from .llvm import arrangement
from .special import ADDRESSES
from .tune import accessed


def literal(kind: str, data: bytes) -> str:
    """A constant, exactly: floats in hexadecimal."""
    value = np.frombuffer(data, DTYPES[kind])[0]
    if kind == "bool":
        return "true" if value else "false"
    if kind in FLOATS:
        return _float(float(value), kind)
    name, long = cpp_type(kind), "ll" if WIDTH[kind] == 64 else ""
    if kind[0] == "u":
        return f"{name}{{{int(value)}u{long}}}"
    if value == np.iinfo(DTYPES[kind]).min:  # which has no literal of its own
        return f"std::numeric_limits<{name}>::min()"
    return f"{name}{{{int(value)}{long}}}"


def _float(x: float, kind: str) -> str:
    name = cpp_type(kind)
    if x != x:
        return f"std::numeric_limits<{name}>::quiet_NaN()"
    if x in (np.inf, -np.inf):
        return f"{'-' if x < 0 else ''}std::numeric_limits<{name}>::infinity()"
    short = repr(x)
    if float(short) == x and len(short) <= 8:
        return short + ("f" if kind == "f32" else "")
    return x.hex() + ("f" if kind == "f32" else "")


CALLS = {
    "sqrt": "std::sqrt", "rint": "std::nearbyint", "floor": "std::floor", "ceil": "std::ceil",
    "trunc": "std::trunc", "fma": "std::fma", "copysign": "std::copysign",
}  # fmt: skip


SPECIAL = {"gamma": "std::tgamma", "gammaln": "std::lgamma", "gcd": "std::gcd"}


class CppPrinter:
    """One function as text."""

    def __init__(self, code: Code):
        self.code = code
        self.kinds: dict[int, str] = {}
        self.lines: list[str] = []
        self.tables: dict[tuple[float, ...], str] = {}
        self.reasons: dict[str, int] = {}  # why it may fail, and the number that tells it
        self.helpers: list[str] = []  # functions for parts of this one
        self.declared: dict[str, None] = {}  # lines that say what functions of the extension take
        self.near: dict[tuple[int, Place], str] = {}  # what stands for some places in a strip
        lets = [s for s in statements(code.body) if type(s) is Let]
        found = {s.number: literal(s.kind, s.extra) for s in lets if s.opcode == "constant"}
        self.literals = {n: f"({text})" if text[0] == "-" else text for n, text in found.items()}
        self.wanted, self.usually = needed(code), needed(code, usually=True)
        self.usual = False  # whether what seldom happens is only noticed

    def run(self) -> str:
        """The text of a file: the function, and what it needs before it."""
        text = self.function()
        parts = [HEAD]
        extremes = "larger(" in text or "smaller(" in text
        parts += [BITS] if "bits<" in text or extremes else []
        parts += [PRODUCT] if "product(" in text else []
        parts += [EXTREMES] if extremes else []
        return "\n".join([*parts, text])

    def function(self) -> str:
        """The function, and its tables of constants."""
        self.arguments()
        self.block(self.code.body, 1)
        tables = [
            f"static const double {name}[] = {{{', '.join(_float(x, 'f64') for x in numbers)}}};"
            for numbers, name in self.tables.items()
        ]
        head = f'extern "C" void {self.code.name}(void** buffers) {{'
        return "\n".join([*self.declared, *tables, *self.helpers, head, *self.lines, "}", ""])

    def name(self, number: int) -> str:
        """How a value is written where it is taken."""
        return self.literals.get(number) or f"v{number}"

    def put(self, depth: int, text: str) -> None:
        self.lines.append("  " * depth + text)

    def arguments(self) -> None:
        """Names for the buffers."""
        used = {n for s in statements(self.code.body) for n in touched(s)}
        for k, b in enumerate(self.code.given):
            if b.number in used:
                constant = "const " if b.role == "in" else ""
                of = f"{constant}{stored(b.kind)}*"
                self.put(1, f"{of} b{b.number} = static_cast<{of}>(buffers[{k}]);  // {_about(b)}")
        places, _ = arrangement(self.code)
        for number, start in places.items():
            b = self.code.buffers[number]
            if number in used:
                space = f"static_cast<char*>(buffers[{len(self.code.given)}]) + {start}"
                of = f"{stored(b.kind)}*"
                self.put(1, f"{of} b{number} = reinterpret_cast<{of}>({space});  // {_about(b)}")
        if self.code.checked:
            space = f"buffers[{len(self.code.given)}]"
            self.put(1, f"std::int64_t* failed = static_cast<std::int64_t*>({space});")
            self.put(1, "*failed = 0;")
        for b in self.code.buffers:
            if b.role == "heap":
                self.put(1, f"std::vector<{stored(b.kind)}> b{b.number};")

    # ------------------------------------------------------------ statements

    def block(self, block: Block, depth: int) -> None:
        """All statements of a block."""
        for s in block.statements:
            if type(s) is Let:
                self.let(s, depth)
            else:
                self.others()[type(s)](s, depth)

    def others(self) -> dict[type, Callable[[Any, int], None]]:
        """What prints the statements that are no values."""
        return {
            Store: self.store, Loop: self.loop, Seldom: self.seldom, Choice: self.choice,
            While: self.repeat, Grow: self.grow, Refuse: self.refuse, Invoke: self.invoke,
            Apply: self.apply,
        }  # fmt: skip

    def let(self, s: Let, depth: int) -> None:
        """A new value."""
        self.kinds[s.number] = s.kind
        wanted = self.usually if self.usual else self.wanted
        if s.number in wanted and s.number not in self.literals:
            self.put(depth, f"const {cpp_type(s.kind)} v{s.number} = {self.value(s)};")

    def value(self, s: Let) -> str:
        """The expression of an opcode."""
        args = [self.name(a) for a in s.args]
        kind = self.kinds[s.args[0]] if s.args else s.kind
        if s.opcode == "constant":
            return literal(s.kind, s.extra)
        if s.opcode == "load":
            buffer, place = s.extra
            return self.place(buffer, place) + (" != 0" if s.kind == "bool" else "")
        if s.opcode in ("table", "lookup"):
            name = f"{self.code.name}_table{len(self.tables)}"
            name = self.tables.setdefault(s.extra, name)
            place = f"{args[0]} & 15" if s.opcode == "lookup" else args[0]
            return f"{name}[{place}]"
        if s.opcode == "special":
            return f"{special(s.extra)}({', '.join(args)})"
        if s.opcode == "select":
            return f"{args[0]} ? {args[1]} : {args[2]}"
        if s.opcode == "to":
            return f"static_cast<{cpp_type(s.kind)}>({args[0]})"
        if s.opcode == "bits":
            return f"bits<{cpp_type(s.kind)}>({args[0]})"
        return self.applied(s.opcode, kind, s.kind, args)

    def applied(self, opcode: str, kind: str, result: str, args: list[str]) -> str:
        """An operator or a function of the standard library."""
        if opcode in ITSELF and args[0] == args[1]:
            holds, of_floats = ITSELF[opcode]
            return of_floats.format(args[0]) if kind in FLOATS else holds
        if opcode == "shl" and kind[0] == "i":  # of a signed number it may be undefined
            bare = f"static_cast<{cpp_type('u' + kind[1:])}>({args[0]}) << {args[1]}"
            return f"static_cast<{cpp_type(result)}>({bare})"
        if opcode in INFIX:
            text = f"{args[0]} {INFIX[opcode]} {args[1]}"
            # Small integers become int on the way.
            return f"static_cast<{cpp_type(result)}>({text})" if result not in FLOATS else text
        if opcode == "rem":
            a, b = args
            whole = f"static_cast<{cpp_type(kind)}>({a} % {b})"
            return f"std::fmod({a}, {b})" if kind in FLOATS else whole
        if opcode == "neg":
            return f"-{args[0]}" if kind in FLOATS else f"static_cast<{cpp_type(kind)}>(-{args[0]})"
        if opcode == "not":
            return f"!{args[0]}" if kind == "bool" else f"static_cast<{cpp_type(kind)}>(~{args[0]})"
        if opcode == "abs":
            if kind in FLOATS:
                return f"std::fabs({args[0]})"
            less = f"static_cast<{cpp_type(kind)}>(-{args[0]})"
            return args[0] if kind[0] == "u" else f"{args[0]} < 0 ? {less} : {args[0]}"
        if opcode == "capped":
            return f"std::fabs({args[0]}) < {args[1]} ? std::fabs({args[0]}) : {args[1]}"
        if opcode in ("max", "min"):
            return self.extreme(opcode, kind, *args)
        # Code that is made for C++ alone calls its library by name.
        return f"{CALLS.get(opcode, opcode)}({', '.join(args)})"

    def extreme(self, opcode: str, kind: str, a: str, b: str) -> str:
        """The larger or the smaller of two numbers."""
        if kind in FLOATS:
            return f"{'larger' if opcode == 'max' else 'smaller'}({a}, {b})"
        return f"{a} {'>' if opcode == 'max' else '<'} {b} ? {a} : {b}"

    def place(self, buffer: Buffer, place: Place) -> str:
        """An element of a buffer."""
        if (buffer.number, place) in self.near:
            return self.near[buffer.number, place]
        terms = [f"v{c}" if s == 1 else f"{s} * v{c}" for c, s in place.strides]
        terms += [self.name(place.computed)] if place.computed >= 0 else []
        terms += [str(place.offset)] if place.offset or not terms else []
        index = " + ".join(terms)
        if buffer.role == "heap":
            index = f"static_cast<std::size_t>({index})"
        return f"b{buffer.number}[{index}]"

    def store(self, s: Store, depth: int) -> None:
        """A write."""
        value = self.name(s.value)
        if s.buffer.kind == "bool":
            value = f"static_cast<std::uint8_t>({value})"
        self.put(depth, f"{self.place(s.buffer, s.place)} = {value};")

    def loop(self, s: Loop, depth: int) -> None:
        """A loop; what goes round are variables."""
        if s.strips:
            return Strips(self, s).run(depth)
        for m in s.merges:
            self.kinds[m.result] = m.kind
            self.put(depth, f"{cpp_type(m.kind)} v{m.result} = {self.name(m.start)};")
        for c in s.carries:
            self.kinds[c.number] = self.kinds[c.result] = c.kind
            self.put(depth, f"{cpp_type(c.kind)} v{c.result} = {self.name(c.start)};")
        self.kinds[s.counter] = "i64"
        i = f"v{s.counter}"
        self.put(depth, f"for (std::int64_t {i} = 0; {i} < {s.extent}; ++{i}) {{")
        for c in s.carries:
            self.put(depth + 1, f"const {cpp_type(c.kind)} v{c.number} = v{c.result};")
        self.block(s.body, depth + 1)
        for m in s.merges:
            total = self.applied(m.opcode, m.kind, m.kind, [f"v{m.result}", self.name(m.value)])
            self.put(depth + 1, f"v{m.result} = {total};")
        for c in s.carries:
            self.put(depth + 1, f"v{c.result} = {self.name(c.next)};")
        self.put(depth, "}")

    def seldom(self, s: Seldom, depth: int) -> None:
        """A branch that few rounds take."""
        if self.usual:
            self.put(depth, f"rare |= static_cast<std::int64_t>({self.name(s.mask)});")
            for number, kind, usual, _ in s.chosen:
                self.kinds[number] = kind
                if number in self.wanted:
                    self.put(depth, f"const {cpp_type(kind)} v{number} = {self.name(usual)};")
            return
        for number, kind, usual, _ in s.chosen:
            self.kinds[number] = kind
            if number in self.wanted:
                self.put(depth, f"{cpp_type(kind)} v{number} = {self.name(usual)};")
        self.put(depth, f"if ({self.name(s.mask)}) {{")
        self.block(s.body, depth + 1)
        for number, _, _, value in s.chosen:
            if number in self.wanted:
                self.put(depth + 1, f"v{number} = {self.name(value)};")
        self.put(depth, "}")

    def choice(self, s: Choice, depth: int) -> None:
        """One of several blocks."""
        self.put(depth, f"switch ({self.name(s.index)}) {{")
        for k, block in enumerate(s.blocks):
            name = "default" if k == len(s.blocks) - 1 else f"case {k}"
            self.put(depth, f"{name}: {{")
            self.block(block, depth + 1)
            self.put(depth + 1, "break;")
            self.put(depth, "}")
        self.put(depth, "}")

    def repeat(self, s: While, depth: int) -> None:
        """A loop that asks before each round."""
        self.put(depth, "for (;;) {")
        self.block(s.condition, depth + 1)
        self.put(depth + 1, f"if (!{self.name(s.holds)}) break;")
        self.block(s.body, depth + 1)
        self.put(depth, "}")

    def invoke(self, s: Invoke, depth: int) -> None:
        """A product of matrices, as a function beside this one, which knows of no tiles."""
        places = [f"&{self.place(*place)}" for place in s.places]
        self.put(depth, f"product({', '.join([*map(str, s.numbers[:8]), *places])});")

    def apply(self, s: Apply, depth: int) -> None:
        """A function of C++ for a whole operation."""
        places = [f"&{self.place(*place)}" for place in s.places]
        call = f"{s.symbol}({', '.join([*map(str, s.numbers), *places, *s.functions])})"
        if "::" not in s.symbol:  # of the extension
            self.declare(s)
        self.put(depth, f"if (!{call}) {self.failing(s.fails)}" if s.fails else f"{call};")

    def declare(self, s: Apply) -> None:
        """Say what a function of the extension takes."""
        types = ["std::int64_t" if isinstance(n, int) else "double" for n in s.numbers]
        types += ["const void*"] * len(s.places) + ["void (*)()"] * len(s.functions)
        lines = [f'extern "C" void {name}();' for name in s.functions]
        result = "bool" if s.fails else "void"
        lines.append(f'extern "C" {result} {s.symbol}({", ".join(types)});')
        self.declared.update(dict.fromkeys(lines))

    def refuse(self, s: Refuse, depth: int) -> None:
        """A call that fails."""
        self.put(depth, f"if ({self.name(s.mask)}) {self.failing(s.reason)}")

    def failing(self, reason: str) -> str:
        """A statement: the call has failed, for a reason that has a number, from 1 on."""
        self.reasons.setdefault(reason, len(self.reasons) + 1)
        return f"*failed = {self.reasons[reason]};"

    def grow(self, s: Grow, depth: int) -> None:
        """Room for one more row."""
        name, rows = f"b{s.buffer.number}", f"static_cast<std::size_t>({self.name(s.rows)})"
        self.put(depth, f"if ({name}.size() < ({rows} + 1) * {s.size}) {{")
        self.put(depth + 1, f"{name}.resize((2 * {rows} + 16) * {s.size});")
        self.put(depth, "}")


def special(name: str) -> str:
    """What C++ has for a special function."""
    if name in ADDRESSES:
        raise UnsupportedError(
            "C++: what bibun.cpp.function has made is C++ already, and not part of exported code: "
            "write it in NumPy, or differentiate all of it in C++ with <bibun/dual.hpp>"
        )
    if name not in SPECIAL:
        raise UnsupportedError(f"C++: the standard library has no {name}")
    return SPECIAL[name]


def _about(b: Buffer) -> str:
    role = {"in": "an argument", "out": "a result", "work": "workspace"}.get(b.role, b.role)
    return f"{role}: {DTYPES[b.kind]}[{b.size}]"


def touched(s: Any) -> list[int]:
    """The buffers that a statement itself reads or writes."""
    if type(s) is Invoke or type(s) is Apply:
        return [b.number for b, _ in s.places]
    at = accessed(s)
    return [at[0].number] if at else []
