"""Compiling: a template function of the user's, for one of its partial derivatives."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..errors import BibunError
from .places import include_dir

# Without these `sin(x)` in a template would be C's, which rounds to double.
STANDARD = """abs acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh erf erfc exp exp2 expm1
fabs floor fmax fmin hypot log log10 log1p log2 pow round sin sinh sqrt tan tanh trunc"""
OPTIONS = ("-std=c++17", "-O2", "-fPIC", "-shared")


class CompileError(BibunError, RuntimeError):
    """The C++ compiler is missing, or refused the function; what it said is the message."""


def text(source: str, called: str, count: int, wrt: Sequence[int], number: str) -> str:
    """A file with a loop over elements. Each direction in `wrt` is one more Dual around numbers."""
    names = [f"a{k}" for k in range(count)]
    lines = []
    for k, name in enumerate(names):
        lines.append(f"    L0 {name}_0 = x[{k}][i];")
        for j, direction in enumerate(wrt, 1):
            lines.append(f"    L{j} {name}_{j}({name}_{j - 1});")
            if direction == k:
                lines.append(f"    {name}_{j}.derivatives()[0] = L{j - 1}(1);")
    levels = [f"using L{j} = bibun::Dual<L{j - 1}, 1>;" for j in range(1, len(wrt) + 1)]
    args = ", ".join(f"{name}_{len(wrt)}" for name in names)
    result = f"L{len(wrt)}({called}({args}))" + ".derivative()" * len(wrt)
    return "\n".join(
        [
            "#include <bibun/dual.hpp>",
            "#include <cmath>",
            "#include <cstdint>",
            *(f"using std::{name};" for name in STANDARD.split()),
            source,
            f"using L0 = {number};",
            *levels,
            'extern "C" void run(std::int64_t n, const L0* const* x, L0* y) {',
            "  for (std::int64_t i = 0; i < n; ++i) {",
            *lines,
            f"    y[i] = {result};",
            "  }",
            "}",
            "",
        ]
    )


@cache
def library(
    source: str, called: str, count: int, wrt: tuple[int, ...], number: str, compiler: str
) -> Any:
    """The loop as a function; compiled once in a process."""
    with TemporaryDirectory(prefix="bibun_cpp_") as folder:
        file, made = Path(folder) / "function.cpp", Path(folder) / "function.so"
        file.write_text(text(source, called, count, wrt, number), "utf-8")
        command = [compiler, *OPTIONS, f"-I{include_dir()}", str(file), "-o", str(made)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            raise CompileError(f"cpp.function: the compiler does not run: {error}") from None
        if done.returncode:
            raise CompileError(f"cpp.function: {compiler} refused {called}:\n{done.stderr}")
        run = ctypes.CDLL(str(made)).run
    run.restype = None
    return run


def values(run: Any, arrays: Sequence[np.ndarray], dtype: np.dtype) -> np.ndarray:
    """The loop over arrays of one shape."""
    given = [np.ascontiguousarray(a, dtype) for a in arrays]
    y = np.empty(np.shape(arrays[0]), dtype)
    pointers = (ctypes.c_void_p * len(given))(*(a.ctypes.data for a in given))
    run(ctypes.c_int64(y.size), pointers, ctypes.c_void_p(y.ctypes.data))
    return y
