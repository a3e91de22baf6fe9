"""Before the tests: the extension is built from the sources as they are, and the cache is empty."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

EXTENSION = Path(__file__).resolve().parent.parent / "cpp" / "extension.py"
CACHE = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Build once, not in each of pytest-xdist's workers."""
    if not hasattr(config, "workerinput"):
        runpy.run_path(str(EXTENSION))["build"]()
        config.stash[CACHE] = tempfile.mkdtemp(prefix="bibun-tests-")
        os.environ["XDG_CACHE_HOME"] = config.stash[CACHE]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    if not hasattr(config, "workerinput") and CACHE in config.stash:
        shutil.rmtree(config.stash[CACHE])


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Ctrl-C is KeyboardInterrupt, also in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
