"""The parts of the runtime that know nothing of Python, under the compiler's sanitizers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "cpp" / "runtime"
STRICT = ["-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]
FREE_OF_PYTHON = ["blocks.cpp", "cpus.cpp", "workers.cpp"]


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
@pytest.mark.parametrize("test", ["workers_test", "blocks_test"])
def test_program(test: str, sanitizer: str, tmp_path: Path) -> None:
    """It ends well, and the sanitizer finds nothing."""
    sources = [SOURCES / name for name in FREE_OF_PYTHON]
    command = [os.environ.get("CXX", "g++"), *STRICT, f"-fsanitize={sanitizer}"]
    command += ["-fno-sanitize-recover=all", f"-I{SOURCES}", "-o", str(tmp_path / test)]
    subprocess.run([*command, HERE / f"{test}.cpp", *sources], check=True)
    # After fork, ThreadSanitizer by itself refuses new threads, which is what we test.
    options = os.environ | {"TSAN_OPTIONS": "die_after_fork=0"}
    found = subprocess.run([tmp_path / test], env=options, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
