"""Linked: object files in memory, with the addresses of what they call.

The extension does that itself where a file is as LLVM makes it for this processor and system:
then code that is found in the store needs no LLVM. Otherwise LLVM's own linker does.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from .runtime import extension, symbols

FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
OUTSIDE = re.compile(rb"bibun_\w+")
SPECIAL, LIBRARY, TILES = "bibun_special_", "bibun_library_", ("bibun_tile_", "bibun_turn_")
"""With these the names of SciPy's functions begin, its LAPACK's, and those of native/tiles.py."""


class Machine:
    """Compiled functions, in memory as long as this object lives; `code` is an object file.

    They are given as LLVM's text, or as such a file.
    """

    def __init__(self, code: str | bytes, names: Sequence[str] = ("kernel",)):
        self.code = _module().compiled(code) if isinstance(code, str) else code
        known = addresses(self.code, names)
        runtime, given = extension(), tuple(names)
        found = runtime and runtime.load(self.code, given, lambda name: known.get(name, 0))
        if found is None:
            self.keep = _module().link(self.code, known, names)
            self.addresses = {name: self.keep[name] for name in names}
        else:
            self.keep, at = found
            self.addresses = dict(zip(names, at, strict=True))

    def function(self, name: str = "kernel") -> Any:
        """A compiled function of one pointer to its buffers."""
        return FUNCTION(self.addresses[name])


def addresses(code: bytes, own: Sequence[str]) -> dict[str, int]:
    """Where the functions are that code calls by name, its own excepted."""
    asked = {name.decode() for name in OUTSIDE.findall(code)}.difference(own)
    of_runtime = symbols()
    found = {name: of_runtime[name] for name in asked if name in of_runtime}
    foreign = [name for name in asked.difference(found) if name.startswith((SPECIAL, LIBRARY))]
    if foreign:
        find = import_module(".special", __package__).address
        found |= {name: find(name) for name in foreign}
    if "bibun_parallel" in asked.difference(of_runtime):
        found["bibun_parallel"] = _module().alone().addresses["bibun_alone"]
    if tiles := [name for name in asked if name.startswith(TILES)]:
        found |= import_module(".cached", __package__).tiles_at(tiles)
    return found


def _module() -> Any:
    """What needs LLVM, and is loaded when that is needed."""
    return import_module(".machine", __package__)
