"""Statements of the loop IR: what code consists of, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

FLOATS = {"f32": np.dtype(np.float32), "f64": np.dtype(np.float64)}
INTEGERS = {
    f"{sign}{8 * size}": np.dtype(f"{sign}{size}") for sign in "iu" for size in (1, 2, 4, 8)
}
DTYPES = {**FLOATS, **INTEGERS, "bool": np.dtype(bool)}
KINDS = {dtype: kind for kind, dtype in DTYPES.items()}
"""The kind of scalar that stands for a dtype; kinds are told by their names."""

WIDTH = {kind: 8 * dtype.itemsize for kind, dtype in DTYPES.items()} | {"bool": 1}


class Buffer(NamedTuple):
    """Memory of `size` elements: an argument, a result, or a workspace of the function."""

    number: int
    kind: str
    size: int
    role: str  # "in", "out", "work", or "heap": as long as the run needs, see Grow


class Place(NamedTuple):
    """A place in a buffer: offset + the sum of stride * counter + a computed integer."""

    offset: int
    strides: tuple[tuple[int, int], ...]  # (number of a loop's counter, stride), counters ascending
    computed: int = -1  # the number of an i64, or -1


class Let(NamedTuple):
    """One new value: an opcode applied to values; `extra` is a constant, a name or a place."""

    number: int
    kind: str
    opcode: str
    args: tuple[int, ...]
    extra: Any = None


class Store(NamedTuple):
    """Write a value to a place."""

    buffer: Buffer
    place: Place
    value: int


class Carry(NamedTuple):
    """What goes round a loop: a value at the beginning of each round, and after the last one."""

    number: int
    kind: str
    start: int
    next: int
    result: int


class Merge(NamedTuple):
    """A sum, product, extreme, ... over the rounds of a loop, in whatever order of them."""

    opcode: str  # "add", "mul", "max", "min", "and", "or"
    kind: str
    start: int
    value: int
    result: int


@dataclass
class Block:
    """Statements in order, `depth` blocks inside others. Out of a guarded one nothing moves."""

    depth: int
    guarded: bool = False
    statements: list[Any] = field(default_factory=list)
    known: dict[tuple, Any] = field(default_factory=dict)


@dataclass
class Loop:
    """Rounds 0 ... extent - 1. `lanes`: rounds may run side by side; `parallel`: in threads.

    `ordered`: they may do neither, since each adds to what the ones before left in memory.
    `serial`: they are the rounds of a program's own loop, with nests inside. `strips`: so many are
    done side by side by a compiler of C++, if they are not 0.
    """

    counter: int
    extent: int
    body: Block
    carries: list[Carry] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    lanes: bool = False
    parallel: bool = False
    ordered: bool = False
    serial: bool = False
    strips: int = 0


@dataclass
class Seldom:
    """Statements that run only if a mask holds (anywhere in a vector); then results are chosen.

    `chosen` has one (result, kind, usual, seldom value) for each result.
    """

    mask: int
    body: Block
    chosen: list[tuple[int, str, int, int]] = field(default_factory=list)


class Refuse(NamedTuple):
    """If a mask holds anywhere, the whole call has failed; it goes on, to no avail."""

    mask: int
    reason: str = ""  # what there is, for people


class Invoke(NamedTuple):
    """A call of a function of the runtime: with numbers, places in memory, and functions."""

    symbol: str
    numbers: tuple[int, ...]
    places: tuple[tuple[Buffer, Place], ...]  # the last one is written, the others are read
    functions: tuple[str, ...] = ()  # by their names; "" is none


class Apply(NamedTuple):
    """A call of a function that a language has for a whole operation: with numbers, and places.

    Where it may fail, it says whether it has a result; if it has none, the whole call has failed.
    """

    symbol: str
    numbers: tuple[int | float, ...]
    places: tuple[tuple[Buffer, Place], ...]  # what it reads, what it writes, and its memory
    fails: str = ""  # what there is if it has no result
    functions: tuple[str, ...] = ()  # of libraries, by their names
    reads: int = 0  # how many of the places it reads
    sizes: tuple[int, ...] = ()  # how many numbers it reads or writes at each place


class Grow(NamedTuple):
    """Make room in a buffer of the heap for a further row; the rows before keep what they hold.

    Where there is no memory left, the call ends at once, and has failed.
    """

    buffer: Buffer
    rows: int  # the number of an i64: how many there are already
    size: int  # elements of a row


@dataclass
class Choice:
    """One of several blocks runs: the one with the number of an i64 that is one of theirs."""

    index: int
    blocks: list[Block]


@dataclass
class While:
    """The body runs as long as a bool holds that another block computes, before each round."""

    condition: Block
    holds: int
    body: Block


def blocks(statement: Any) -> list[Block]:
    """The blocks inside a statement."""
    kind = type(statement)
    if kind is Let or kind is Store:  # most are
        return []
    if kind is Loop or kind is Seldom:
        return [statement.body]
    if kind is While:
        return [statement.condition, statement.body]
    return statement.blocks if kind is Choice else []


def statements(block: Block) -> Iterator[Any]:
    """All statements, also of inner blocks."""
    for s in block.statements:
        yield s
        if type(s) is not Let and type(s) is not Store:  # most are
            for inner in blocks(s):
                yield from statements(inner)


def made_by(s: Any) -> Iterator[tuple[int, str]]:
    """The values that there are after a statement, and not before, with their kinds."""
    if type(s) is Let:
        yield s.number, s.kind
    elif type(s) is Seldom:
        yield from ((number, kind) for number, kind, _, _ in s.chosen)
    elif type(s) is Loop:
        yield from ((c.result, c.kind) for c in s.carries)
        yield from ((m.result, m.kind) for m in s.merges)


def roots(s: Any) -> Iterator[int]:
    """The values that a statement which is none itself takes: where it writes, asks, starts."""
    if type(s) is Store:
        yield from (s.value, s.place.computed)
    elif type(s) is Loop:
        for c in s.carries:
            yield from (c.start, c.next)
        for m in s.merges:
            yield from (m.start, m.value)
    elif type(s) is Refuse or type(s) is Seldom:
        yield s.mask
    elif type(s) is Invoke or type(s) is Apply:
        yield from (place.computed for _, place in s.places)
    elif type(s) is While:
        yield s.holds
    elif type(s) is Choice:
        yield s.index
    elif type(s) is Grow:
        yield s.rows
