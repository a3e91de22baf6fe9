"""Overwrites: which results may come where an argument lies, while that is still read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..loops import Block, Buffer, Code, Let, Loop, Place, Store
from .shares import accesses, one_to_one


class Access(NamedTuple):
    """A load or a store, with the extents of the loops around it."""

    buffer: int
    stores: bool
    block: Block
    place: Place
    extents: dict[int, int]


def overwrites(code: Code, result: Buffer, argument: Buffer) -> bool:
    """Whether each element of an argument is read for the last time before the result is there.

    One nest writes the result, which nothing reads, and what comes later does not read the
    argument. In the nest each round reads the very element of the argument that it then writes, so
    that no round waits for another one, in whatever order and in however many threads they run.
    """
    statements = code.body.statements
    writing = [k for k, s in enumerate(statements) if result.number in accesses(s)]
    if len(writing) != 1 or type(statements[writing[0]]) is not Loop:
        return False
    (k,) = writing
    if any(argument.number in accesses(s) for s in statements[k + 1 :]):
        return False
    both = {result.number, argument.number}
    found = [a for a in met(Block(0, statements=[statements[k]]), {}) if a.buffer in both]
    if len(found) != sum(n in both for n in accesses(statements[k])):
        return False  # some are where it is not plain when they run
    *loads, store = found
    return (
        store.buffer == result.number
        and all(a.buffer == argument.number and not a.stores for a in loads)
        and all(a.block is store.block and a.place == store.place for a in loads)
        and each_once(store)
    )


def each_once(store: Access) -> bool:
    """Whether no two rounds of the loops around it write to one place."""
    moving = {c for c, stride in store.place.strides if stride}
    every = all(c in moving for c, extent in store.extents.items() if extent > 1)
    return every and store.place.computed < 0 and one_to_one(store.place, store.extents)


def met(block: Block, extents: dict[int, int]) -> Iterator[Access]:
    """The loads and stores of a block and of the loops in it, in their order."""
    for s in block.statements:
        if type(s) is Store:
            yield Access(s.buffer.number, True, block, s.place, extents)
        elif type(s) is Let and s.opcode == "load":
            buffer, place = s.extra
            yield Access(buffer.number, False, block, place, extents)
        elif type(s) is Loop:
            yield from met(s.body, extents | {s.counter: s.extent})
