"""The memory of this process, as the operating system counts it."""

from __future__ import annotations

import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

STATUS = Path("/proc/self/status")


def peak() -> int:
    """The most bytes that were resident at any time in this process.

    Linux keeps the maximum of getrusage through fork and exec: a child would start with that of its
    parent. The line VmHWM of /proc is about this process alone.
    """
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return 1024 * int(line.split()[1])
    most = getrusage(RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
