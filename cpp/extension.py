"""The C++ extension bibun._runtime: what it is built from, and how it is built in its place.

`python cpp/extension.py` compiles what has changed, with all warnings as errors, and puts the
extension beside the Python sources. `setup.py` takes the same files and options.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "cpp" / "runtime").glob("*.cpp"))
TEXTS = ROOT / "src" / "bibun" / "export" / "texts"
HEADERS = sorted([*(ROOT / "cpp" / "runtime").glob("*.hpp"), *TEXTS.glob("*.hpp")])
OPTIONS = ["-std=c++17", "-O3", "-DNDEBUG", "-flto", "-fvisibility=hidden", "-fno-plt", "-pthread"]
LINKED = ["-O3", "-flto", "-pthread"]
STRICT = ["-Wall", "-Wextra", "-Werror"]


def includes() -> list[str]:
    """The folders of the headers of Python and NumPy."""
    import numpy

    return [sysconfig.get_paths()["include"], numpy.get_include()]


def target() -> Path:
    """Where the extension lies."""
    return ROOT / "src" / "bibun" / f"_runtime{sysconfig.get_config_var('EXT_SUFFIX')}"


def is_new(made: Path, sources: list[Path]) -> bool:
    """Whether a file is younger than all that it is made from."""
    if not made.exists():
        return False
    return made.stat().st_mtime_ns >= max(s.stat().st_mtime_ns for s in sources)


def build() -> None:
    """Compile what has changed, and link."""
    own = Path(__file__)
    if is_new(target(), [own, *SOURCES, *HEADERS]):
        return
    compiler = os.environ.get("CXX", "g++")
    folder = ROOT / "build" / "runtime" / f"{sys.implementation.cache_tag}"
    folder.mkdir(parents=True, exist_ok=True)

    def compile_one(source: Path) -> Path:
        made = folder / f"{source.stem}.o"
        if not is_new(made, [own, source, *HEADERS]):
            # As those of the system: their warnings are not ours to mend.
            headers = [word for folder in includes() for word in ("-isystem", folder)]
            options = [*OPTIONS, *STRICT, "-fPIC", *headers]
            subprocess.run([compiler, *options, "-c", source, "-o", made], check=True)
        return made

    with ThreadPoolExecutor(os.cpu_count()) as several:
        objects = list(several.map(compile_one, SOURCES))
    linked = folder / target().name
    subprocess.run([compiler, "-shared", *LINKED, *objects, "-o", linked], check=True)
    linked.replace(target())  # at once, so that nobody imports half of it


if __name__ == "__main__":
    build()
