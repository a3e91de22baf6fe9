"""What would be the same at every call of compiled code: random draws, the time, files.

Under a trace that is compiled these are errors. Under all other traces they are what they are.
"""

from __future__ import annotations

import io
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
from .callee import FINDERS, LATER, METHODS, TABLE, TABLED


def refused(
    f: Callable[..., Any], what: str, pure: Callable[[Any], Any] = lambda args: False
) -> Callable[..., Any]:
    """f, which raises where what it returns would be compiled in; it may be `pure` of arguments."""

    @wraps(f, assigned=("__name__", "__doc__"), updated=())
    def call(*args: Any, **options: Any) -> Any:
        if not pure((*args, *options.values())) and any(
            isinstance(trace, Guarded) for trace in threads.open
        ):
            raise TracingError(
                f"jit: {what} happens once, while the function is compiled, and not at each call: "
                "do it outside, and give the result as an argument"
            )
        return f(*args, **options)

    return call


def _draw(_: Any, name: str, plain: Any) -> Any:
    return refused(plain, f"a random draw ({name})")


def _read(_: Any, name: str, plain: Any) -> Any:
    return refused(plain, f"reading a file ({name})") if name.startswith("read") else plain


def _elsewhere(f: Any) -> Any:
    """Functions of modules that are not imported for this."""
    module = str(f.__module__)
    if module == "subprocess" and f.__name__ in PROCESSES:
        return refused(f, f"another process ({f.__name__})")
    if module.startswith("scipy.stats.") and f.__name__ in DRAWS:
        return refused(f, f"a random draw ({f.__name__})")
    return None


def _is_date(args: Any) -> bool:
    return not args or not isinstance(args[0], str) or args[0] not in ("now", "today")


def _is_given(args: Any) -> bool:
    return len(args) > 1  # behind a format


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
    for f, pure in LOOKS.items():
        TABLE[f] = refused(f, f"a look at the clock ({f.__name__})", pure)
    seed = np.random.SeedSequence
    TABLE[seed] = refused(seed, "a random draw (SeedSequence)", pure=bool)
    for f in READERS:
        TABLE[f] = refused(f, f"reading a file ({f.__name__})")
    for owner in (io.TextIOWrapper, io.BufferedReader, io.BufferedRandom, io.FileIO):
        METHODS[owner] = _read
    for f in (os.system, os.popen):
        TABLE[f] = refused(f, f"another process ({f.__name__})")


# fmt: off
SECRET = ("randbelow", "token_bytes", "token_hex", "token_urlsafe")
CLOCKS = (
    time.time, time.time_ns, time.perf_counter, time.perf_counter_ns, time.monotonic,
    time.monotonic_ns, time.process_time, time.process_time_ns, time.thread_time,
    time.thread_time_ns, os.times, datetime.now, datetime.utcnow, datetime.today, date.today,
)
LOOKS: dict[Any, Callable[[Any], Any]] = {  # which are none with some arguments
    time.localtime: bool, time.gmtime: bool, time.ctime: bool, time.asctime: bool,
    time.strftime: _is_given, np.datetime64: _is_date,
}
READERS = (
    open, np.load, np.loadtxt, np.genfromtxt, np.fromfile, np.memmap, input,
    Path.open, Path.read_text, Path.read_bytes, Path.stat, Path.lstat,
    os.open, os.read, os.stat, os.lstat, os.listdir, os.scandir, os.path.getsize, os.path.getmtime,
)
PROCESSES = ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput")
DRAWS = ("rvs", "resample")
# fmt: on
FINDERS.append(_elsewhere)
LATER.append(refuse)
