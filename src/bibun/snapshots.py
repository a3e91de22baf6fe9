"""Snapshots of plain arrays: what was recorded keeps its values, whatever the user writes later.

And where arrays were, so that compiled code reads there again.
"""

from __future__ import annotations

from types import SimpleNamespace
from weakref import ref

import numpy as np

SMALL = 1 << 12  # bytes up to which comparing copies is quicker than comparing arrays


def snapshot(value: np.ndarray) -> np.ndarray:
    """The array itself if nobody can write to it, otherwise a copy."""
    flags = value.flags
    if value.base is None and flags.owndata and not flags.writeable:
        return value
    if value.dtype.isnative:
        kept = value.copy("K")
    else:
        kept = np.array(value, dtype=value.dtype.newbyteorder("="), copy=True, subok=False)
    kept.setflags(write=False)
    return kept


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays agree bit for bit: nan is nan, and 0 is not -0."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.nbytes < SMALL:
        return a.tobytes() == b.tobytes()
    flat = [x.reshape(-1).view(np.uint8) for x in (a, b)]
    return bool(np.array_equal(*flat))


class Original:
    """Where an array was found: what lies there later, which is None if nobody else held it.

    A view, such as `w.T`, may be gone by then, and still shows an array that somebody holds.
    """

    __slots__ = ("dtype", "interface", "owner", "shown")

    def __init__(self, array: np.ndarray):
        owner = array if array.base is None else array.base
        while isinstance(owner, np.ndarray) and isinstance(owner.base, np.ndarray):
            owner = owner.base
        self.shown, self.dtype = ref(array), array.dtype
        # Other owners of memory, such as files that are mapped, may know no weak references.
        plain = isinstance(owner, np.ndarray) and owner.base is None
        self.owner = ref(owner) if plain else array.view
        self.interface = array.__array_interface__

    def array(self) -> np.ndarray | None:
        """The array itself, or another one in the same place."""
        array, owner = self.shown(), self.owner()
        if array is not None or owner is None:
            return array
        place = SimpleNamespace(__array_interface__=self.interface, owner=owner)
        return np.asarray(place).view(self.dtype)  # an interface has one name for int64, C has two

    @property
    def key(self) -> tuple:
        """What tells places apart as long as their owners live."""
        of = self.interface
        return of["data"], of["shape"], of["strides"], self.dtype.char
