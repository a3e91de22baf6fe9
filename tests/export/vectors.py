"""Vectors of one truth: Python's numbers, which C++ checks, and C++'s, which Python checks.

Each operation is one function: its value, its tangent and its cotangents. All of them are one
program. It checks Python's numbers against its own; then it moves all arguments, and prints them
with what it computes there. Numbers may differ by BOUND of themselves and of their condition.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import bibun
from bibun.export.files import Case, call, declared
from bibun.export.functions import Exported, as_arrays, direction, filled
from bibun.export.header import Header, Style, numbers
from bibun.export.lowered import Variable, lowered
from bibun.native.arguments import TRACED
from bibun.tracing.containers import flatten

from .driver import PRINT, read
from .random import BOUND, TINY, Truth, differing

CHECK = """
static int failures = 0;

// Whether numbers are those of Python, each as far as it is known.
template <typename T>
static void check(const char* name, const T* found, const T* known, const double* allowed, long n) {
  for (long i = 0; i < n; ++i) {
    const double a = static_cast<double>(found[i]), b = static_cast<double>(known[i]);
    if (a == b || (a != a && b != b) || std::fabs(a - b) <= allowed[i]) continue;
    std::fprintf(stderr, "%s[%ld]: %a is not %a\\n", name, i, a, b);
    ++failures;
  }
}

// Other numbers near those that are given.
template <typename T>
static void moved(const T* given, T* x, long n) {
  static unsigned state = 2463534242u;
  for (long i = 0; i < n; ++i) {
    state = state * 1664525u + 1013904223u;
    x[i] = given[i] * static_cast<T>(1 + ((state >> 8) / 16777216.0 - 0.5) / 64);
  }
}
"""


class Vector(NamedTuple):
    """An operation as a function, and what the interpreter makes of it."""

    label: str
    header: Header
    given: Exported
    truth: Truth

    @property
    def case(self) -> Case:
        return self.header, self.given


def every(f: Any, args: tuple, floats: Sequence[int]) -> Exported:
    """The value of f, its tangent, and the cotangents of its floats."""
    with np.errstate(all="ignore"):
        y = f(*args)
    tangents = direction(tuple(args[k] for k in floats))
    cotangents = direction(as_arrays(y))
    count = len(args)

    def run(*both: Any) -> Any:
        primals = both[:count]

        def of_some(*some: Any) -> Any:
            return f(*filled(primals, floats, some))

        given = [primals[k] for k in floats]
        y, t = bibun.jvp(of_some, given, both[count])
        return y, t, bibun.vjp(of_some, *given)[1](both[count + 1])

    given = (*args, tangents, cotangents)
    return Exported(run, given, _names("x", given), lambda y: _names("y", y))


def value(f: Any, args: tuple) -> Exported:
    """Its value alone."""
    return Exported(lambda *xs: f(*xs), args, _names("x", args), lambda y: _names("y", y))


def _names(letter: str, tree: Any) -> list[str]:
    return [f"{letter}{k}_" for k, x in enumerate(flatten(tree)[0]) if x is not None]


def vector(label: str, name: str, given: Exported) -> Vector:
    code = lowered(name, given, "libm")
    return Vector(
        label, Header(name, code, Style("vectors", False, False, [])), given, Truth(given)
    )


# ---------------------------------------------------------------- the program


def text(vectors: Sequence[Vector]) -> str:
    """A program that checks all of Python's numbers, and prints its own."""
    head = "".join(f'#include "{v.header.name}.hpp"\n' for v in vectors)
    runs = "".join(f"static void run_{v.header.name}() {{\n{_run(v)}}}\n" for v in vectors)
    calls = "".join(f"  run_{v.header.name}();\n" for v in vectors)
    start = f"{head}#include <cmath>\n#include <cstdio>\n#include <type_traits>\n{PRINT}{CHECK}"
    return f"{start}{runs}int main() {{\n{calls}  return failures != 0;\n}}\n"


def _run(one: Vector) -> str:
    """The statements for an operation."""
    header, given = one.header, one.given
    inputs, outputs = header.code.inputs, header.code.outputs
    lines = [*declared(header, given), call(header, [v.name for v in inputs])]
    far = one.truth.conditions(given.args)
    for v, y, c in zip(outputs, header.code.expected, far, strict=True):
        lines += _checked(one.label, v, y, c)
    for v in filter(_moves, inputs):
        lines.append(f"  static {v.element} own_{v.name}[{max(v.amount, 1)}];")
        pair = v.numbers(v.name, "const "), v.numbers(f"own_{v.name}")
        lines += [f"  moved({', '.join(pair)}, {v.amount});", f"  print({pair[1]}, {v.amount});"]
    lines.append(call(header, [f"own_{v.name}" if _moves(v) else v.name for v in inputs]))
    lines += [f"  print({v.numbers(v.name)}, {v.amount});" for v in outputs]
    return "".join(f"{line}\n" for line in lines)


def _moves(v: Variable) -> bool:
    return v.real.dtype.kind == "f"


def _checked(label: str, v: Variable, y: np.ndarray, far: np.ndarray) -> Iterator[str]:
    """Statements that check a result."""
    allowed = BOUND * (np.abs(y) + TINY + far) if _moves(v) else np.zeros(y.shape)
    allowed = np.repeat(allowed, 2) if v.is_complex else allowed
    known = np.nan_to_num(allowed, nan=0.0, posinf=np.finfo(float).max)
    yield f"  static const {v.element} known_{v.name}[] = {numbers(y)};"
    yield f"  static const double allowed_{v.name}[] = {numbers(known.astype(float))};"
    names = v.numbers(v.name), v.numbers(f"known_{v.name}", "const "), f"allowed_{v.name}"
    yield f'  check("{label}: {v.name}", {", ".join(names)}, {v.amount});'


# ---------------------------------------------------------------- what it finds


def problems(vectors: Sequence[Vector], folder: Path, options: Sequence[str]) -> list[str]:
    """What C++ has against Python's numbers, and Python against those of C++."""
    for one in vectors:
        (folder / f"{one.header.name}.hpp").write_text(one.header.text())
    source, program = folder / "vectors.cpp", folder / "vectors"
    source.write_text(text(vectors))
    subprocess.run(["g++", *options, source, "-o", program], check=True)
    done = subprocess.run([program], capture_output=True, text=True)
    found, lines = done.stderr.splitlines(), iter(done.stdout.split("\n"))
    assert done.returncode == bool(found)
    for one in vectors:
        args, results = _own(one, lines)
        expected, far = one.truth(args), one.truth.conditions(args)
        problem = differing(one.case, expected, results, far)[1]
        found += [f"{one.label}, elsewhere: {problem}"] if problem else []
    return found


def _own(one: Vector, lines: Iterator[str]) -> tuple[tuple, list[np.ndarray]]:
    """The arguments that C++ has chosen for an operation, and its results."""
    leaves, rebuild = flatten(one.given.args)
    inputs = iter(one.header.code.inputs)
    args = []
    for x in leaves:
        v = next(inputs) if isinstance(x, TRACED) else None
        args.append(read(next(lines), v) if v and _moves(v) else x)
    return rebuild(args), [read(next(lines), v) for v in one.header.code.outputs]
