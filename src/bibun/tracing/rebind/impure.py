"""What would be the same at every call of compiled code: random draws, the time, files.

Under a trace that is compiled these are errors. Under all other traces they are what they are.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ...errors import TracingError
from ...recording import threads
from ..guards import Guarded
from .callee import METHODS, TABLE


def refused(f: Callable[..., Any], what: str) -> Callable[..., Any]:
    """f, which raises where what it returns would be compiled in."""

    @wraps(f, assigned=("__name__", "__doc__"), updated=())
    def call(*args: Any, **options: Any) -> Any:
        if any(isinstance(trace, Guarded) for trace in threads.open):
            raise TracingError(
                f"jit: {what} happens once, while the function is compiled, and not at each call: "
                "do it outside, and give the result as an argument"
            )
        return f(*args, **options)

    return call


def _draw(_: Any, name: str, plain: Any) -> Any:
    return refused(plain, f"a random draw ({name})")


for owner in (np.random.Generator, np.random.RandomState, random.Random):
    METHODS[owner] = _draw

for clock in ("time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "process_time"):
    TABLE[getattr(time, clock)] = refused(getattr(time, clock), f"a look at the clock ({clock})")

for reader in (open, np.load, np.loadtxt, np.genfromtxt, np.fromfile, input):
    TABLE[reader] = refused(reader, f"reading a file ({reader.__name__})")
