"""Cached kernels: machine code by the program that it was made from, before any rewriting.

The key has all that decides the code: the traced graph, the CPU, and the versions of what compiles
it. So a process that finds it neither rewrites nor lowers anything, it only links.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..graph import Type
from .caches import largest
from .capture import Captured
from .kernel import Kernel
from .linked import Machine
from .runtime import extension
from .store import store

SIZE = 8  # bytes that tell how long the description is


@cache
def maker() -> str:
    """What makes the code, as text: the CPU, versions, and bibun's own sources.

    Sources are known by place, size and time of the last change, as Python knows them for its own
    compiled files.
    """
    root = Path(__file__).resolve().parent.parent
    sources = sorted(_sources(root))
    versions = version("llvmlite", "_version.py"), np.__version__, extension() is not None
    return repr([processor(), largest(), *versions, str(root), sources])


def processor() -> str:
    """What decides which instructions there are; for x86-64 without LLVM."""
    told: str = extension().processor() if extension() is not None else ""
    if told:
        return told
    machine = import_module(".machine", __package__)
    return repr([machine.binding().get_host_cpu_name(), sorted(machine.features().items())])


@cache
def version(package: str, file: str) -> str:
    """What a package says of its version in a file of its own, which is not run."""
    found = find_spec(package)
    if found is None or found.origin is None:
        return ""
    try:
        return Path(found.origin).with_name(file).read_text("utf-8")
    except OSError:  # packed in another way
        return str(import_module("importlib.metadata").version(package))


def _sources(folder: Path) -> list[tuple[str, int, int]]:
    """All files of Python's below a folder."""
    found = []
    for entry in os.scandir(folder):
        if entry.is_dir() and entry.name != "__pycache__":
            found += _sources(Path(entry.path))
        elif entry.name.endswith(".py"):
            known = entry.stat()
            found.append((entry.path, known.st_size, known.st_mtime_ns))
    return found


def name(key: str) -> str:
    """The name of the file for a program with this key, made here."""
    return sha256(f"{key}\n{maker()}".encode()).hexdigest()


def kernel(way: Captured) -> Kernel | None:
    """The kernel of a way through a function, from the store."""
    if store().path is None:
        return None
    return stored(name(way.key), way.types, way.output_types)


def stored(name: str, inputs: Sequence[Type], outputs: Sequence[Type]) -> Kernel | None:
    """The kernel by this name in the store, which takes and gives arrays of these types."""
    whole = store().load(name)
    return None if whole is None else unpacked(whole, inputs, outputs)


def keep(way: Captured, made: Kernel) -> None:
    """Save the kernel that a way through a function has become."""
    if store().writes:
        store().save(name(way.key), packed(made))


def machine(text: str) -> Machine:
    """LLVM's text as a machine: the code of a part of a program, which has a file of its own."""
    return kept(text, lambda: text, ("kernel",))


def kept(key: str, text: Callable[[], str], names: Sequence[str]) -> Machine:
    """The machine by this key, with functions of these names; its text is needed if it is new."""
    if store().path is None:
        return Machine(text(), names)
    code = store().load(name(key))
    if code is not None:
        return Machine(code, names)
    new = Machine(text(), names)
    store().save(name(key), new.code)
    return new


TILES: dict[str, tuple[int, Machine]] = {}
"""The functions for tiles (tiles.py) that this process has, for all of its programs."""


def tiles_at(names: Sequence[str]) -> dict[str, int]:
    """The addresses of functions for tiles; those that are new have a file of their own."""
    new = sorted(n for n in names if n not in TILES)
    if new:
        made = kept(repr(new), lambda: import_module(".tiles", __package__).text(new), new)
        TILES.update({n: (made.addresses[n], made) for n in new})
    return {n: TILES[n][0] for n in names}


# ---------------------------------------------------------------- as data


def packed(kernel: Kernel) -> bytes:
    """A kernel as bytes: what it is and the types of its constants, as JSON; these; code."""
    types = [(c.dtype.str, c.shape) for c in kernel.constants]
    description = kernel.workspace, kernel.checked, list(kernel.overwrites), types
    text = json.dumps(description).encode()
    data = [c.tobytes() for c in kernel.constants]
    return b"".join([len(text).to_bytes(SIZE, "little"), text, *data, kernel.keep.code])


def unpacked(whole: bytes, inputs: Sequence[Type], outputs: Sequence[Type]) -> Kernel:
    """The kernel again, linked."""
    at = SIZE + int.from_bytes(whole[:SIZE], "little")
    workspace, checked, overwrites, types = json.loads(whole[SIZE:at])
    constants = []
    for dtype, shape in types:
        array = np.empty(shape, np.dtype(dtype))
        array[...] = np.frombuffer(whole, dtype, array.size, at).reshape(shape)
        constants.append(array)
        at += array.nbytes
    machine = Machine(whole[at:])
    return Kernel(
        machine.addresses["kernel"],
        list(inputs),
        list(outputs),
        constants,
        workspace,
        machine,
        checked,
        overwrites,
    )
