"""Before the tests: the C++ extension is built from the sources as they are now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXTENSION = Path(__file__).resolve().parent.parent / "cpp" / "extension.py"


def pytest_configure(config: pytest.Config) -> None:
    """Build once, not in each of pytest-xdist's workers."""
    if not hasattr(config, "workerinput"):
        runpy.run_path(str(EXTENSION))["build"]()
