"""What an import costs: seconds and resident memory, in fresh processes that take turns."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from statistics import median
from typing import NamedTuple

IMPORT = """
import time
start = time.perf_counter()
import {module}
seconds = time.perf_counter() - start
from benchmarks.resident import peak
print(seconds, peak())
"""


class Startup(NamedTuple):
    """One import: milliseconds, and mebibytes of the process afterwards; None if not installed."""

    milliseconds: float | None
    mebibytes: float | None


def measure(modules: Sequence[str], rounds: int) -> dict[str, Startup]:
    """Medians over rounds; the first, which compiles and fills the disk cache, does not count."""
    installed = [m for m in modules if find_spec(m) is not None]
    runs: dict[str, list[tuple[float, float]]] = {m: [] for m in installed}
    for counts in (False, *(True,) * rounds):
        for module in installed:
            run = _import(module)
            if counts:
                runs[module].append(run)
    return {m: _median(runs[m]) if m in runs else Startup(None, None) for m in modules}


def _import(module: str) -> tuple[float, float]:
    """Seconds and bytes of one import, from compiled files, as an installed package has them."""
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", IMPORT.format(module=module)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=variables)
    seconds, size = done.stdout.split()
    return float(seconds), float(size)


def _median(runs: list[tuple[float, float]]) -> Startup:
    seconds, sizes = zip(*runs, strict=True)
    return Startup(1e3 * median(seconds), median(sizes) / 2**20)
