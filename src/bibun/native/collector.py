"""Python's collector of cycles, less often while a function is compiled.

Compiling makes many objects, and most of them stay to its end or for good: modules, syntax trees,
graphs, code. Collecting after every 700 new ones goes through them in vain again and again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SELDOM = 50_000
"""New objects after which they are collected all the same: some MB."""


class _Asked:
    """How many compile now, and what the user's thresholds are meanwhile, if they are changed."""

    count = 0
    before: tuple[int, ...] | None = None


_lock = Lock()


@contextmanager
def seldom() -> Iterator[None]:
    """Collect less often as long as any thread is inside; a collector that is off stays off."""
    with _lock:
        _Asked.count += 1
        before = gc.get_threshold()
        if _Asked.count == 1 and 0 < before[0] < SELDOM:
            _Asked.before = before
            gc.set_threshold(SELDOM, *before[1:])
    try:
        yield
    finally:
        with _lock:
            _Asked.count -= 1
            if _Asked.count == 0 and _Asked.before is not None:
                if gc.get_threshold() == (SELDOM, *_Asked.before[1:]):  # nobody else has set them
                    gc.set_threshold(*_Asked.before)
                _Asked.before = None
