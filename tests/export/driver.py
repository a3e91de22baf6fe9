"""Exported functions in one program, which prints their results exactly: what C++ computes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bibun.export.files import Case, called
from bibun.export.lowered import Variable

OPTIONS = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]
SANITIZED = [*OPTIONS, "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

PRINT = """
#include <cstdio>

template <typename T>
static void print(const T* x, long n) {
  for (long i = 0; i < n; ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      std::printf("%a ", static_cast<double>(x[i]));
    } else {
      std::printf("%lld ", static_cast<long long>(x[i]));
    }
  }
  std::printf("\\n");
}
"""


def text(cases: Sequence[Case]) -> str:
    """A program that calls all functions, and prints a line for each of their results."""
    head = "".join(f'#include "{header.name}.hpp"\n' for header, _ in cases)
    parts = [f"{head}#include <type_traits>\n{PRINT}"]
    for header, given in cases:
        lines = called(header, given)
        lines += [f"  print({v.numbers(v.name)}, {v.amount});" for v in header.code.outputs]
        parts.append("\n".join([f"static void run_{header.name}() {{", *lines, "}\n"]))
    calls = "\n".join(f"  run_{header.name}();" for header, _ in cases)
    return "\n".join([*parts, f"int main() {{\n{calls}\n}}\n"])


def results(
    cases: Sequence[Case], folder: Path, options: Sequence[str] = OPTIONS, compiler: str = "g++"
) -> list[list[np.ndarray]]:
    """What the functions compute for the arguments that they were exported with, in C++."""
    for header, _ in cases:
        (folder / f"{header.name}.hpp").write_text(header.text())
    source, program = folder / "main.cpp", folder / "main"
    source.write_text(text(cases))
    subprocess.run([compiler, *options, source, "-o", program], check=True)
    done = subprocess.run([program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = iter(done.stdout.split("\n"))
    return [[read(next(lines), v) for v in header.code.outputs] for header, _ in cases]


def read(line: str, v: Variable) -> np.ndarray:
    """An array from a line of numbers."""
    words, (dtype, shape) = line.split(), v.real
    if dtype.kind == "f":
        found = np.array([float.fromhex(w) for w in words], dtype).reshape(shape)
        return found.view(v.type.dtype)[..., 0] if v.is_complex else found
    return np.array([int(w) for w in words], np.int64).astype(dtype).reshape(shape)
