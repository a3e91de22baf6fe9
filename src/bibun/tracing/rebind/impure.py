"""What would be the same at every call of compiled code: random draws, the time, files.

Under a trace that is compiled these are errors. Under all other traces they are what they are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import TracingError
from ...recording import threads
from ..guards import Guarded
from .callee import LATER, METHODS, TABLE, TABLED


def refused(f: Callable[..., Any], what: str, bare: bool = False) -> Callable[..., Any]:
    """f, which raises where what it returns would be compiled in; `bare`: without arguments."""

    @wraps(f, assigned=("__name__", "__doc__"), updated=())
    def call(*args: Any, **options: Any) -> Any:
        pure = bare and (args or options)
        if not pure and any(isinstance(trace, Guarded) for trace in threads.open):
            raise TracingError(
                f"jit: {what} happens once, while the function is compiled, and not at each call: "
                "do it outside, and give the result as an argument"
            )
        return f(*args, **options)

    return call


def _draw(_: Any, name: str, plain: Any) -> Any:
    return refused(plain, f"a random draw ({name})")


def refuse() -> None:
    """Register all that is refused; its modules are imported now, before a function is traced."""
    random, secrets, uuid = map(import_module, ("random", "secrets", "uuid"))
    for owner in (np.random.Generator, np.random.RandomState, random.Random, random.SystemRandom):
        METHODS[owner] = _draw
    TABLED.add(type(np.random.seed))
    hidden = [getattr(secrets, name) for name in SECRET]
    draws = np.random.seed, np.random.set_state, os.urandom, uuid.uuid1, uuid.uuid4, *hidden
    for f in draws:
        TABLE[f] = refused(f, f"a random draw ({f.__name__})")
    for f in CLOCKS:
        TABLE[f] = refused(f, f"a look at the clock ({f.__name__})")
    for f in (time.localtime, time.gmtime, time.ctime):
        TABLE[f] = refused(f, f"a look at the clock ({f.__name__})", bare=True)
    for f in READERS:
        TABLE[f] = refused(f, f"reading a file ({f.__name__})")


# fmt: off
SECRET = ("randbelow", "token_bytes", "token_hex", "token_urlsafe")
CLOCKS = (
    time.time, time.time_ns, time.perf_counter, time.perf_counter_ns, time.monotonic,
    time.monotonic_ns, time.process_time, time.process_time_ns, time.thread_time,
    time.thread_time_ns, datetime.now, datetime.utcnow, datetime.today, date.today,
)
READERS = (
    open, np.load, np.loadtxt, np.genfromtxt, np.fromfile, np.memmap, input,
    Path.open, Path.read_text, Path.read_bytes,
)
# fmt: on
LATER.append(refuse)
