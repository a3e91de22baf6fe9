"""How the C++ tests are compiled and run: compilers, Eigen, sanitizers, filled memory."""

from __future__ import annotations

import os
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from shutil import which

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INCLUDE = ROOT / "cpp" / "include"
STRICT = ["-std=c++17", "-Wall", "-Wextra", "-Werror"]
PEDANTIC = ["-Wpedantic", "-Wshadow", "-Wconversion"]
"""Of users who ask for more; a global variable of a program's is shadowed by one of a header."""
SANITIZED = ["-O0", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

GCC = os.environ.get("CXX", "g++")
CLANG = next((c for c in ("clang++", *(f"clang++-{n}" for n in range(20, 13, -1))) if which(c)), "")
COMPILERS = [c for c in (GCC, CLANG) if c]


def eigen(version: str) -> Path:
    """The folder of Eigen's headers, 3.4 or 5, which Python packages carry."""
    package, folder = {
        "3.4": ("cmeel-eigen", "cmeel.prefix/include/eigen3"),
        "5": ("eigency", "eigency/eigen"),
    }[version]
    found = Path(str(distribution(package).locate_file(folder)))
    assert (found / "Eigen" / "Core").exists(), f"{package} has no Eigen/Core in {found}"
    return found


def compiled(
    source: Path,
    program: Path,
    options: list[str],
    compiler: str = GCC,
    version: str = "3.4",
) -> Path:
    """A program from one source, with all warnings as errors."""
    # As headers of the system: Eigen's warnings are not ours to mend.
    folders = [f"-I{INCLUDE}", "-isystem", str(eigen(version))]
    subprocess.run([compiler, *STRICT, *options, *folders, source, "-o", program], check=True)
    return program


def output(program: Path, *args: str) -> str:
    """What a program prints; memory that it did not write to is full of odd bytes."""
    filled = {
        "MALLOC_PERTURB_": "165",
        "ASAN_OPTIONS": "malloc_fill_byte=165:max_malloc_fill_size=1073741824",
    }
    done = subprocess.run([program, *args], env=os.environ | filled, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
