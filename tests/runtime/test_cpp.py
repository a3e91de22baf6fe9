"""The C++ of the runtime under the compiler's sanitizers."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCES = ROOT / "cpp" / "runtime"
COMPILER = os.environ.get("CXX", "g++")
STRICT = ["-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]
FREE_OF_PYTHON = ["blocks.cpp", "cpus.cpp", "products.cpp", "workers.cpp"]


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
@pytest.mark.parametrize("test", ["workers_test", "blocks_test", "products_test"])
def test_what_knows_nothing_of_python(test: str, sanitizer: str, tmp_path: Path) -> None:
    """A program in C++ ends well, and the sanitizer finds nothing."""
    sources = [SOURCES / name for name in FREE_OF_PYTHON]
    command = [COMPILER, *STRICT, f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all"]
    command += [f"-I{SOURCES}", "-o", str(tmp_path / test)]
    subprocess.run([*command, HERE / f"{test}.cpp", *sources], check=True)
    # After fork, ThreadSanitizer by itself refuses new threads, which is what we test.
    options = os.environ | {"TSAN_OPTIONS": "die_after_fork=0"}
    found = subprocess.run([tmp_path / test], env=options, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


INSTRUMENTED = """
import importlib.util, sys, pytest
spec = importlib.util.spec_from_file_location("bibun._runtime", sys.argv[1])
sys.modules["bibun._runtime"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[2:]]))
"""


def test_the_extension(tmp_path: Path) -> None:
    """The tests of calls, with an extension that checks each access to memory."""
    extension: Any = runpy.run_path(str(ROOT / "cpp" / "extension.py"))
    made = tmp_path / extension["target"]().name
    headers = [word for folder in extension["includes"]() for word in ("-isystem", folder)]
    command = [COMPILER, *STRICT, *headers, "-fPIC", "-shared", "-fvisibility=hidden"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run([*command, *extension["SOURCES"], "-o", made], check=True)
    libraries = [
        subprocess.run([COMPILER, f"-print-file-name={name}"], capture_output=True, text=True)
        for name in ("libasan.so", "libstdc++.so")  # the latter, so that exceptions are seen
    ]
    options = os.environ | {
        "LD_PRELOAD": " ".join(r.stdout.strip() for r in libraries),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python itself keeps memory until it ends
    }
    names = ("calls", "kept", "classes", "bound", "linked")
    tests = [ROOT / "tests" / "native" / f"test_{name}.py" for name in names]
    program = [sys.executable, "-c", INSTRUMENTED, made, *tests]
    found = subprocess.run(program, cwd=ROOT, env=options, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
