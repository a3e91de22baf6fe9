"""Caches of the processor: how much of what is written will still be near when it is read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

KNOWN = Path("/sys/devices/system/cpu/cpu0/cache")
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@cache
def largest() -> int:
    """The bytes of the largest cache; 0 where the system does not tell."""
    found = [_bytes(path) for path in KNOWN.glob("index*/size")]
    return max(found, default=0)


def _bytes(path: Path) -> int:
    """A size as Linux writes it: 32768K."""
    try:
        text = path.read_text().strip()
        return int(text[:-1]) * UNITS[text[-1]] if text[-1:] in UNITS else int(text)
    except (OSError, ValueError):
        return 0
