"""What stands beside exported headers: a test with numbers from Python, a CMake file, a README."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..loops import Let, Loop
from ..loops.statements import statements
from ..native.arguments import TRACED
from ..tracing.containers import flatten
from .batches import Batch
from .functions import Exported, Rows
from .header import Header, numbers
from .lowered import Lowered, Variable, size
from .names import words

Case = tuple[Header, Exported]

CHECK = """
// The largest difference from Python's numbers, as a part of the largest of them.
template <typename T>
static double difference(const T* found, const T* expected, long n) {
  double most = 0, size = 0;
  for (long i = 0; i < n; ++i) {
    const double a = static_cast<double>(found[i]), b = static_cast<double>(expected[i]);
    size = std::isfinite(b) && std::fabs(b) > size ? std::fabs(b) : size;
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double d = std::fabs(a - b);
    most = d > most || std::isnan(d) ? d : most;
  }
  return most == 0 ? 0 : most / size;
}
"""
# Sums in another order, and elementary functions of another library: some units in the last place
# for each operation on the way.
TOLERANCE = {"f64": "1e-12", "f32": "1e-4"}
EXACT = ("load", "constant")
"""Opcodes that do not round."""


def golden_test(name: str, cases: Sequence[Case]) -> str:
    """A program that calls each function and compares with Python's numbers."""
    head = "".join(f'#include "{header.name}.hpp"\n' for header, _ in cases)
    found = {header.name: _check(header, given) for header, given in cases}
    found |= {f"{h.name}_batch": _check_batch(h, g.rows) for h, g in cases if g.rows}
    checks = "\n".join(found.values())
    calls = "".join(f"  failures += check_{check}();\n" for check in found)
    return (
        f"// Compares {name} and its derivatives with the numbers of Python.\n{head}\n"
        f"#include <cstdio>\n{CHECK}\n{checks}\n"
        f"int main() {{\n  int failures = 0;\n{calls}  return failures;\n}}\n"
    )


def called(header: Header, given: Exported) -> list[str]:
    """Statements: the arguments with Python's numbers, memory for the results, and the call."""
    return [*declared(header, given), call(header, [v.name for v in header.code.inputs])]


def declared(header: Header, given: Exported) -> list[str]:
    """Statements: the arguments with Python's numbers, and memory for the results."""
    inputs = [np.asarray(x) for x in flatten(given.args)[0] if isinstance(x, TRACED)]
    lines = []
    for v, x in zip(header.code.inputs, inputs, strict=True):
        kind = header.constness(v) + v.element
        lines.append(f"  static {kind} {v.name}[] = {numbers(x)};")
    for v in header.code.outputs:
        if not v.replaced:
            lines.append(f"  static {v.element} {v.name}[{max(size(v.type), 1)}];")
    if header.large:
        lines.append(f"  static {header.style.namespace}::{header.name}_workspace workspace;")
    return lines


def call(header: Header, inputs: Sequence[str]) -> str:
    """The statement that calls the function on some arrays."""
    names = [*inputs, *(v.name for v in header.results), *(["workspace"] if header.large else [])]
    text = f"{header.style.namespace}::{header.name}({', '.join(names)});"
    return f"  {header.returned.name}[0] = {text}" if header.returned else f"  {text}"


def _check(header: Header, given: Exported) -> str:
    """The function that checks one header."""
    lines = [f"static int check_{header.name}() {{", "  int failures = 0;"]
    lines += called(header, given)
    code = header.code
    for v, y in zip(code.outputs, code.expected, strict=True):
        lines += _comparison(header.name, v, y, _is_narrow(code))
    return "\n".join([*lines, "  return failures;", "}", ""])


def _is_narrow(lowered: Lowered) -> bool:
    """Whether anything on the way is rounded to 32 bits."""
    found = list(statements(lowered.code.body))
    kinds = {s.kind for s in found if type(s) is Let and s.opcode not in EXACT}
    return "f32" in kinds | {m.kind for s in found if type(s) is Loop for m in s.merges}


def _comparison(name: str, v: Variable, y: np.ndarray, narrow: bool) -> list[str]:
    """Statements that compare a result with Python's, as exactly as all on its way is rounded."""
    exact = numbers(y.astype(v.type.dtype))
    bound = TOLERANCE.get("f32" if narrow and v.kind == "f64" else v.kind, "0")
    found, known = (v.numbers(n, "const ") for n in (v.where, f"expected_{v.name}"))
    count = y.size * (2 if v.is_complex else 1)
    return [
        f"  static const {v.element} expected_{v.name}[] = {exact};",
        f"  if (!(difference({found}, {known}, {count}) <= {bound})) {{",
        f'    std::fprintf(stderr, "{name}: {v.name} differs from Python\\n");',
        "    ++failures;",
        "  }",
    ]


def _check_batch(header: Header, rows: Rows) -> str:
    """The function that checks the function of a batch."""
    batch, code = Batch(header, rows), header.code
    examples = [
        [np.asarray(x) for x in flatten(args)[0] if isinstance(x, TRACED)] for args in rows.args
    ]
    lines = [f"static int check_{batch.name}() {{", "  int failures = 0;"]
    for v, xs in zip(code.inputs, zip(*examples, strict=True), strict=True):
        x = np.stack(xs) if v.name in rows.batched else xs[0]
        lines.append(f"  static const {v.element} {v.name}[] = {numbers(x)};")
    results = [
        sum(ys) if v in batch.sums else np.stack(ys)
        for v, ys in zip(code.outputs, zip(*code.rows, strict=True), strict=True)
    ]
    for v, y in zip(code.outputs, results, strict=True):
        lines.append(f"  static {v.element} {v.name}[{max(y.size, 1)}];")
    if batch.large:
        lines.append(f"  static {header.style.namespace}::{batch.name}_workspace workspace;")
    names = [str(len(rows.args)), *(v.name for v in [*code.inputs, *code.outputs])]
    names += ["workspace"] if batch.large else []
    lines.append(f"  {header.style.namespace}::{batch.name}({', '.join(names)});")
    for v, y in zip(code.outputs, results, strict=True):
        lines += _comparison(batch.name, v, np.asarray(y), _is_narrow(code))
    return "\n".join([*lines, "  return failures;", "}", ""])


def build_file(folder: Path, name: str, eigen: bool) -> str:
    """Targets for the headers of a folder, also those that are there already, and their tests."""
    others = {f.name.removesuffix("_test.cpp") for f in folder.glob("*_test.cpp")}
    names = sorted({*others, name})
    eigen = eigen or any("<Eigen/Core>" in f.read_text("utf-8") for f in folder.glob("*.hpp"))
    found = "find_package(Eigen3 QUIET NO_MODULE)\n" if eigen else ""
    return (
        "# A target for each exported function; its test compares it with Python.\n"
        "cmake_minimum_required(VERSION 3.16)\n"
        f"project({words(folder.resolve().name)}_generated LANGUAGES CXX)\n{found}include(CTest)\n"
        + "".join(_target(n, eigen) for n in names)
    )


def _target(name: str, eigen: bool) -> str:
    """The target of a function."""
    use = f"target_link_libraries({name} INTERFACE Eigen3::Eigen)"
    link = f"  if(Eigen3_FOUND)\n    {use}\n  endif()\n"
    return (
        f"\nif(NOT TARGET {name})\n"
        f"  add_library({name} INTERFACE)\n"
        f"  target_include_directories({name} INTERFACE ${{CMAKE_CURRENT_SOURCE_DIR}})\n"
        f"  target_compile_features({name} INTERFACE cxx_std_17)\n{link if eigen else ''}"
        f"endif()\nif(BUILD_TESTING)\n"
        f"  add_executable({name}_test {name}_test.cpp)\n"
        f"  target_link_libraries({name}_test PRIVATE {name})\n"
        f"  add_test(NAME {name}_test COMMAND {name}_test)\nendif()\n"
    )


def _signatures(header: Header, given: Exported) -> str:
    """The functions of a header."""
    found = [header.signature()]
    found += [Batch(header, given.rows).signature()] if given.rows else []
    return "\n".join(f"{s};" for s in found)


def readme(folder: Path, name: str, cases: Sequence[Case]) -> str:
    """A page about the headers; what it says of other functions stays."""
    functions = "\n\n".join(
        f"`{header.name}.hpp`\n\n```cpp\n{_signatures(header, given)}\n```"
        for header, given in cases
    )
    head = f"# {name}, made by bibun\n"
    made = (
        f"{head}\n"
        "Headers of C++17 that need the standard library alone. Arrays are in C order; what is\n"
        f"not const is written.\n\n{functions}\n\n"
        f"In a CMake project: `add_subdirectory({folder.name})` and\n"
        f"`target_link_libraries(yours PRIVATE {name})`. Alone,\n"
        "`cmake -B build && cmake --build build && ctest --test-dir build` compares with the\n"
        f"numbers that Python had. By hand: `g++ -std=c++17 -O2 {name}_test.cpp && ./a.out`.\n"
    )
    file = folder / "README.md"
    before = file.read_text("utf-8") if file.exists() else ""
    sections = re.split(r"^(?=# \w+, made by bibun$)", before, flags=re.MULTILINE)
    kept = [s.strip() + "\n" for s in sections if s.strip() and not s.startswith(head)]
    return "\n".join([*kept, made])
