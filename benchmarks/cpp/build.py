"""Compiling: the program in which all contestants take turns, and how long users' files take."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from shutil import which

from bibun.cpp import include_dir

from ..tables import processor
from . import exports

PROGRAMS = Path(__file__).parent / "programs"
ARTICLE = Path(__file__).parent.parent.parent / "tests" / "cpp" / "article.cpp"
LEVELS = {
    "-O3 -march=native": ("-O3", "-march=native", "-DNDEBUG"),
    "-O2": ("-O2", "-DNDEBUG"),
}
PEERS = ("FASTAD", "AUTODIFF", "CPPAD", "ADEPT", "CODIPACK", "STAN")
"""Libraries for which BENCH_<NAME> names the folders of headers, with ':' between them, and
BENCH_<NAME>_LINK what the linker needs."""


class Missing(RuntimeError):
    """There is no compiler, or no Eigen; the message says which."""


def compiler() -> str:
    found = os.environ.get("CXX", "g++")
    if which(found) is None:
        raise Missing(f"there is no {found}")
    return found


def eigen() -> Path:
    """The folder of Eigen's headers: BENCH_EIGEN, or that of the package cmeel-eigen."""
    if "BENCH_EIGEN" in os.environ:
        return Path(os.environ["BENCH_EIGEN"])
    try:
        package = distribution("cmeel-eigen")
    except PackageNotFoundError:
        raise Missing("there is no Eigen: install cmeel-eigen, or set BENCH_EIGEN") from None
    return Path(str(package.locate_file("cmeel.prefix/include/eigen3")))


def machine() -> str:
    """The kind of machine, the compiler and Eigen."""
    first = run([compiler(), "--version"]).splitlines()[0]
    found = (eigen() / "Eigen" / "src" / "Core" / "util" / "Macros.h").read_text()
    parts = [re.search(rf"EIGEN_{n}_VERSION (\d+)", found) for n in ("WORLD", "MAJOR", "MINOR")]
    version = ".".join(p[1] for p in parts if p)
    return f"{processor()}, {platform.system()}, {first}, Eigen {version}"


class Build:
    """A folder with the generated code, in which programs are compiled."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.includes = [f"-I{folder}", f"-I{include_dir()}", "-isystem", str(eigen())]
        exports.headers(folder)
        self.c = exports.casadi(folder)

    def compile(self, options: Sequence[str], source: Path, to: Path) -> float:
        """Seconds of a processor to compile a file: other programs do not count."""
        standard = [] if source.suffix == ".c" else ["-std=c++17"]
        start = getrusage(RUSAGE_CHILDREN)
        run([compiler(), *standard, *options, str(source), "-o", str(to)])
        stop = getrusage(RUSAGE_CHILDREN)
        return stop.ru_utime + stop.ru_stime - start.ru_utime - start.ru_stime

    def program(self, level: Sequence[str]) -> Path:
        """The program with all contestants that are there."""
        names = ("main", "by_hand", "exported", "header", "scalar_tape", "eigen")
        sources = {PROGRAMS / f"{name}.cpp": self.includes for name in names}
        link: list[str] = []
        for peer in PEERS:
            if os.environ.get(f"BENCH_{peer}"):
                folders = os.environ[f"BENCH_{peer}"].split(os.pathsep)
                given = [word for f in folders for word in ("-isystem", f)]
                sources[PROGRAMS / "peers" / f"{peer.lower()}.cpp"] = [*self.includes, *given]
                link += os.environ.get(f"BENCH_{peer}_LINK", "").split()
        if self.c is not None:
            sources |= {self.c: ["-xc"], PROGRAMS / "peers" / "casadi.cpp": []}
        objects = []
        for source, options in sources.items():
            objects.append(self.folder / f"{source.stem}.o")
            self.compile(["-c", *level, *options], source, objects[-1])
        made = self.folder / "bench"
        run([compiler(), *map(str, objects), "-o", str(made), *link])
        return made

    def compile_times(self, level: Sequence[str]) -> dict[str, float]:
        """Seconds for the article's program with the library, and for one exported header."""
        exported = self.folder / "one.cpp"
        exported.write_text(
            '#include "small_libm_value_and_grad.hpp"\n'
            "int main(int count, char**) {\n"
            "  double x[9] = {}, w[6] = {}, dw[6];\n  x[0] = count;\n"
            "  return bibun_generated::small_libm_value_and_grad(x, w, dw) > 1;\n}\n"
        )
        made = self.folder / "one"
        return {
            "the article's program, with bibun/ad.hpp": min(
                self.compile([*level, *self.includes], ARTICLE, made) for _ in range(3)
            ),
            "a program with an exported header": min(
                self.compile([*level, *self.includes], exported, made) for _ in range(3)
            ),
        }


def run(command: Sequence[str]) -> str:
    """What a command prints; what it complains of is the error."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout
