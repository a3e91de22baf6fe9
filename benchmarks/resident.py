"""The memory of this process, as the operating system counts it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

STATUS = Path("/proc/self/status")


def peak() -> int:
    """The most bytes that were resident at any time in this process.

    Linux keeps the maximum of getrusage through fork and exec: a child would start with that of its
    parent. The line VmHWM of /proc is about this process alone.
    """
    if STATUS.exists():
        return 1024 * next(_kilobytes("VmHWM:"))
    most = getrusage(RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def now() -> int:
    """The bytes that are resident in this process."""
    return 1024 * next(_kilobytes("VmRSS:"))


def forget_peak() -> None:
    """Let `peak` start from what is resident now, where the system can (Linux)."""
    references = Path("/proc/self/clear_refs")
    if references.exists():
        references.write_text("5")


def _kilobytes(name: str) -> Iterator[int]:
    for line in STATUS.read_text().splitlines():
        if line.startswith(name):
            yield int(line.split()[1])
