"""Random programs with their gradients, many in one file: C++ gets what the interpreter gets."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from bibun.errors import UnsupportedError
from bibun.export.files import golden_test
from bibun.export.functions import exported
from bibun.export.header import Header, Style
from bibun.export.lowered import lowered

from ..programs.checks import Check
from ..programs.generate import generate

SEEDS = range(60)
OPTIONS = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]


def written(seeds: range, folder: Path) -> int:
    """Headers for all programs that C++ knows, and one test; how many they are."""
    cases = []
    for seed in seeds:
        check = Check(generate(seed))
        name = f"program_{seed}"
        given = exported(check.loss, check.x, check.argnums, "value_and_grad")
        try:
            header = Header(name, lowered(name, given, "libm"), Style("programs", False, False, []))
        except UnsupportedError:
            continue
        (folder / f"{name}.hpp").write_text(header.text())
        cases.append((header, given))
    # A program may lose some digits on its way: what is compared is an amplified rounding.
    text = re.sub(r"<= 1e-12\)", "<= 1e-10)", golden_test("programs", cases))
    (folder / "programs_test.cpp").write_text(text)
    return len(cases)


def test_random_programs(tmp_path: Path) -> None:
    assert written(SEEDS, tmp_path) >= 5  # most of the others have an operation without C++
    program = tmp_path / "programs_test"
    subprocess.run(["g++", *OPTIONS, tmp_path / "programs_test.cpp", "-o", program], check=True)
    done = subprocess.run([program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
