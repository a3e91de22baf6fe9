"""Lines of LLVM's text: names, types and literals, vectors of one number, declarations."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..loops.statements import DTYPES, FLOATS, WIDTH

NAMES = {"f32": "float", "f64": "double", "bool": "i1"}


def scalar(kind: str) -> str:
    """LLVM's name of a kind of scalar."""
    return NAMES.get(kind) or f"i{WIDTH[kind]}"


def stored(kind: str) -> str:
    """How it lies in memory: bools are bytes."""
    return "i8" if kind == "bool" else scalar(kind)


def literal(kind: str, data: bytes) -> str:
    """A constant: floats as the bits of a double, integers in decimal."""
    value = np.frombuffer(data, DTYPES[kind])[0]
    if kind in FLOATS:
        return "0x" + struct.pack(">d", float(value)).hex().upper()
    return str(int(value))


class Term(NamedTuple):
    """A printed value: LLVM's operand, its kind, and how many rounds it stands for."""

    text: str
    kind: str
    lanes: int = 1

    @property
    def type(self) -> str:
        return vector(scalar(self.kind), self.lanes)


def vector(name: str, lanes: int) -> str:
    """The type of so many scalars."""
    return name if lanes == 1 else f"<{lanes} x {name}>"


def suffix(kind: str, lanes: int) -> str:
    """How intrinsics write a type."""
    name = kind if kind in FLOATS else f"i{WIDTH[kind]}"
    return name if lanes == 1 else f"v{lanes}{name}"


class Wide(NamedTuple):
    """The loop that runs in vectors: its counter, how many rounds at once, and their mask."""

    counter: int
    lanes: int
    mask: str = ""  # an operand of type <lanes x i1>; empty if all rounds are real
    first: str = ""  # the first round, as an operand
    real: int = 0  # rounds that are real, from the first on; 0 if that is not known here


class Lines:
    """The lines of one function, and what they declare."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.spread: dict[tuple[str, int], str] = {}
        self.declared: dict[str, str] = {}
        self.label = "entry"
        self.fresh = 0

    def name(self) -> str:
        self.fresh += 1
        return f"%t{self.fresh}"

    def put(self, instruction: str) -> str:
        """A line that makes a value; its name."""
        name = self.name()
        self.lines.append(f"{name} = {instruction}")
        return name

    def start(self, label: str) -> None:
        """Begin a basic block."""
        self.lines.append(f"br label %{label}")
        self.lines.append(f"{label}:")
        self.label = label

    def call(self, name: str, result: str, args: Sequence[tuple[str, str]], flags: str = "") -> str:
        """A call of an intrinsic, which is declared once."""
        types = ", ".join(t for t, _ in args)
        self.declared.setdefault(name, f"declare {result} @{name}({types})")
        given = ", ".join(f"{t} {a}" for t, a in args)
        return self.put(f"call {flags}{result} @{name}({given})")

    def broad(self, term: Term, lanes: int) -> str:
        """The operand as a vector: one number in all lanes if it is a scalar."""
        if term.lanes == lanes:
            return term.text
        if term.text[0] != "%":
            return f"splat ({term.type} {term.text})"
        key = (term.text, lanes)
        if key not in self.spread:
            wide = vector(scalar(term.kind), lanes)
            one = self.put(f"insertelement {wide} poison, {term.type} {term.text}, i32 0")
            self.spread[key] = self.put(
                f"shufflevector {wide} {one}, {wide} poison, <{lanes} x i32> zeroinitializer"
            )
        return self.spread[key]
