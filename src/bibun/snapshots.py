"""Snapshots of plain arrays: what was recorded keeps its values, whatever the user writes later."""

from __future__ import annotations

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
