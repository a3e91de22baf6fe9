"""Code as text to read: buffers first, then statements, with loops indented."""

from __future__ import annotations

from typing import Any

import numpy as np

from .code import Code
from .statements import (
    DTYPES,
    Apply,
    Block,
    Buffer,
    Choice,
    Grow,
    Invoke,
    Let,
    Loop,
    Place,
    Refuse,
    Seldom,
    Store,
    While,
    statements,
)

INDENT = "    "
# fmt: off
INFIX = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "and": "&", "or": "|", "xor": "^",
    "shl": "<<", "shr": ">>", "lt": "<", "le": "<=", "eq": "==", "ne": "!=",
}
# fmt: on


def text(code: Code) -> str:
    """The whole of a function."""
    known = names(code.body)
    lines = [f"{code.name}:"]
    for b in code.buffers:
        lines.append(f"{INDENT}{buffer(b)}: {b.kind}[{b.size}] {b.role}")
    return "\n".join([*lines, *(INDENT + line for line in block(code.body, known))])


def names(body: Block) -> dict[int, str]:
    """What constants and counters are written as, where they are taken."""
    found = {}
    for s in statements(body):
        if type(s) is Loop:
            found[s.counter] = f"i{s.counter}"
        if type(s) is Let and s.opcode == "constant":
            found[s.number] = str(np.frombuffer(s.extra, DTYPES[s.kind])[0])
    return found


def buffer(b: Buffer) -> str:
    return f"{b.role}{b.number}"


def place(b: Buffer, p: Place) -> str:
    """An element of a buffer."""
    terms = [f"{s} * i{c}" if s != 1 else f"i{c}" for c, s in p.strides]
    terms += [f"v{p.computed}"] if p.computed >= 0 else []
    if p.offset or not terms:
        terms.append(str(p.offset))
    return f"{buffer(b)}[{' + '.join(terms).replace('+ -', '- ')}]"


def block(body: Block, known: dict[int, str]) -> list[str]:
    """The lines of a block."""
    lines: list[str] = []
    for s in body.statements:
        lines += statement(s, known)
    return lines or ["nothing"]


def indented(body: Block, known: dict[int, str]) -> list[str]:
    return [INDENT + line for line in block(body, known)]


def statement(s: Any, known: dict[int, str]) -> list[str]:
    """The lines of one statement."""

    def name(number: int) -> str:
        return known.get(number, f"v{number}")

    if type(s) is Let:
        return [] if s.opcode == "constant" else [f"v{s.number} = {let(s, known)}"]
    if type(s) is Store:
        return [f"{place(s.buffer, s.place)} = {name(s.value)}"]
    if type(s) is Loop:
        return loop(s, known)
    if type(s) is Seldom:
        chosen = [f"v{n} = v{b} where {name(s.mask)} else {name(a)}" for n, _, a, b in s.chosen]
        return [f"if any {name(s.mask)}:", *indented(s.body, known), *chosen]
    if type(s) is While:
        until = [f"{INDENT}until not {name(s.holds)}"]
        return ["repeat:", *indented(s.condition, known), *until, *indented(s.body, known)]
    if type(s) is Choice:
        cases = [[f"case {k}:", *indented(b, known)] for k, b in enumerate(s.blocks)]
        return [f"choose by {name(s.index)}:", *(INDENT + line for case in cases for line in case)]
    if type(s) is Invoke:
        *read, written = [place(b, p) for b, p in s.places]
        given = ", ".join([*map(str, s.numbers), *read])
        return [f"{written} = {s.symbol}({given})"]
    if type(s) is Apply:
        given = ", ".join([*map(str, s.numbers), *(place(b, p) for b, p in s.places)])
        return [f"{'fail unless ' if s.fails else ''}{s.symbol}({given})"]
    if type(s) is Grow:
        return [f"grow {buffer(s.buffer)} to more than {name(s.rows)} rows of {s.size}"]
    assert type(s) is Refuse
    return [f"fail if any {name(s.mask)}"]


def let(s: Let, known: dict[int, str]) -> str:
    """The right side of a new value."""
    args = [known.get(a, f"v{a}") for a in s.args]
    if s.opcode == "load":
        return place(*s.extra)
    if s.opcode in INFIX:
        return f"{args[0]} {INFIX[s.opcode]} {args[1]}"
    if s.opcode == "select":
        return f"{args[1]} where {args[0]} else {args[2]}"
    if s.opcode in ("to", "bits"):
        return f"{s.kind}({args[0]})" if s.opcode == "to" else f"bits of {args[0]} as {s.kind}"
    return f"{s.opcode}({', '.join(args)})"


def loop(s: Loop, known: dict[int, str]) -> list[str]:
    """A loop, what goes round, and what it leaves."""

    def name(number: int) -> str:
        return known.get(number, f"v{number}")

    marks = [m for m in ("lanes", "parallel", "ordered") if getattr(s, m)]
    head = f"for i{s.counter} in {s.extent}:" + (f"  # {', '.join(marks)}" if marks else "")
    starts = [f"v{c.number} = {name(c.start)}" for c in s.carries]
    follows = [f"{INDENT}v{c.number} = {name(c.next)}" for c in s.carries]
    ends = [f"v{c.result} = v{c.number}" for c in s.carries]
    sums = [f"v{m.result} = {m.opcode} of all {name(m.value)}, {name(m.start)}" for m in s.merges]
    return [*starts, head, *indented(s.body, known), *follows, *ends, *sums]
