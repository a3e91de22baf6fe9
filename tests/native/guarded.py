"""Guarded buffers: native code runs in memory whose neighbours cannot be read or written.

Each buffer ends where a page begins that nobody may touch (or begins where one ends): an access
beyond it ends the process.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from bibun.graph import Type
from bibun.native.program import Failed, NativeProgram, Segment

PAGE = mmap.PAGESIZE
NOTHING, READ_ONLY = 0, mmap.PROT_READ
LIBC = ctypes.CDLL(None, use_errno=True)


class Guarded:
    """Memory of some bytes between two pages that nobody may touch."""

    def __init__(self, size: int, last: bool):
        pages = -(-size // PAGE)
        self.whole = mmap.mmap(-1, (pages + 2) * PAGE)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.whole))
        self.inside = self.start + PAGE, pages * PAGE
        self.address = self.start + PAGE + (pages * PAGE - size if last else 0)
        self.size = size
        protect(self.start, PAGE, NOTHING)
        protect(self.start + (pages + 1) * PAGE, PAGE, NOTHING)

    def array(self, t: Type) -> np.ndarray:
        """The memory as an array."""
        room = (ctypes.c_char * self.size).from_address(self.address)
        found = np.frombuffer(room, t.dtype) if self.size else np.empty(0, t.dtype)
        return found.reshape(t.shape)

    def only_read(self) -> None:
        """From now on, nobody writes to it."""
        protect(*self.inside, READ_ONLY)


def protect(address: int, size: int, allowed: int) -> None:
    """Say what may be done with some pages."""
    if size and LIBC.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(size), allowed):
        raise OSError(ctypes.get_errno(), "mprotect")


def run(program: NativeProgram, args: Sequence[Any], last: bool) -> list[np.ndarray]:
    """The results of a program, of which every buffer is guarded; arguments are only read."""
    env: dict[int, Any] = dict(program.preset)
    env.update(enumerate(map(program.given, args)))
    for step in program.steps:
        if isinstance(step, Segment):
            segment(step, env, last)
        else:
            step(env)
    return [np.array(program.result(env, k)) for k in range(len(program.owners))]


def segment(step: Segment, env: dict[int, Any], last: bool) -> None:
    """One native function, with all buffers between pages; raises Failed."""
    arrays = [None if made else env[i] for i, made in zip(step.nodes, step.made, strict=True)]
    types = [*step.types, *(Type(x.dtype, x.shape) for x in step.fixed)]
    memory = [Guarded(size(t), last) for t in types]
    space = Guarded(step.workspace, last)
    pointers = step.pointers()
    for place, x, t, kept in zip(step.places, [*arrays, *step.fixed], types, memory, strict=True):
        pointers[place] = kept.address
        if x is not None:
            kept.array(t)[...] = x
        if step.code.given[place].role == "in":
            kept.only_read()
    pointers[len(step.places)] = space.address
    step.function(pointers)
    if step.code.checked and space.array(Type(np.dtype("u1"), (step.workspace,)))[:8].any():
        raise Failed
    for i, t, kept in zip(step.nodes, step.types, memory, strict=False):
        env[i] = np.array(kept.array(t))


def size(t: Type) -> int:
    """The bytes of an array."""
    return prod(t.shape) * t.dtype.itemsize
