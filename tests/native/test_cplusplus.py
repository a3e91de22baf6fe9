"""The C++ printer: the text compiles without a warning, and computes what native code does."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest

import bibun
from bibun import errors
from bibun.graph import Graph
from bibun.loops import Apply, Let
from bibun.loops.statements import statements
from bibun.native.cplusplus import SPECIAL, CppPrinter
from bibun.native.cpp_support import BITS, EXTREMES, HEAD
from bibun.native.program import NativeProgram, Segment
from bibun.program import Program

from ..laws import cases, rules
from ..programs.checks import Check
from ..programs.generate import generate
from .test_native import AMPLIFIED, close, graph_of
from .test_repeats import PROGRAMS, X, chosen, newton, while_in_rounds

OPTIONS = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-mfma"]
needs_compiler = pytest.mark.skipif(which("g++") is None, reason="there is no g++")
PER_FILE = 60

Case = tuple[Graph, Sequence[Any], float]


def compiled(texts: Sequence[str], folder: Path) -> Any:
    """A library of functions, as they would stand in one file."""
    source, library = folder / "functions.cpp", folder / "functions.so"
    source.write_text("\n".join([HEAD, BITS, EXTREMES, *texts]))
    subprocess.run(["g++", *OPTIONS, "-shared", "-fPIC", source, "-o", library], check=True)
    return ctypes.CDLL(str(library))


def beyond(segment: Segment) -> bool:
    """Whether a segment has functions that C++ has not; then the printer names one.

    Those of the extension it declares: such text compiles, but here they are not at hand.
    """
    lets = (s for s in statements(segment.code.body) if type(s) is Let and s.opcode == "special")
    missing = {s.extra for s in lets} - set(SPECIAL)
    if missing:
        with pytest.raises(errors.UnsupportedError, match="|".join(missing)):
            CppPrinter(segment.code).function()
        return True
    of_extension = any(type(s) is Apply for s in statements(segment.code.body))
    if of_extension:
        assert 'extern "C" ' in CppPrinter(segment.code).function().split("void kernel")[0]
    return of_extension


def same_in_cpp(given: Sequence[Case], folder: Path) -> int:
    """All graphs give the same with C++ in place of their native functions; how many these are."""
    natives, texts = [], []
    for graph, _, _ in given:
        native = NativeProgram(graph)
        segments = [s for s in native.steps if isinstance(s, Segment)]
        for segment in [s for s in segments if not beyond(s)]:
            segment.code.name = f"kernel{len(texts)}"
            texts.append(CppPrinter(segment.code).function())
        natives.append((native, [s for s in segments if not beyond(s)]))
    library = compiled(texts, folder)
    for (graph, args, roundings), (native, segments) in zip(given, natives, strict=True):
        if not segments:
            continue
        for segment in segments:
            segment.function = library[segment.code.name]
        with np.errstate(all="ignore"):
            found, expected = native(*args), Program(graph)(*args)
        for x, y in zip(expected, found, strict=True):
            close(np.asarray(x), np.asarray(y), roundings)
    return len(texts)


def examples() -> list[Case]:
    found = []
    for named in cases.examples():
        kinds = cases.dtypes(named, (np.dtype("f4"), np.dtype("i4")))
        for case in (cases.base(named), *kinds):
            if case is not None:
                found.append((rules.op_graph(case), case.args, 64))
    return found


def programs() -> list[Case]:
    found = []
    for seed in range(40):
        program = generate(seed)
        for f in (program.run, Check(program).grad):
            graph, captured = graph_of(f, *program.inputs)
            found.append((graph, [*program.inputs, *captured], AMPLIFIED))
    return found


@needs_compiler
def test_operations(tmp_path):
    given = examples()
    for k in range(0, len(given), PER_FILE):
        folder = tmp_path / str(k)
        folder.mkdir()
        same_in_cpp(given[k : k + PER_FILE], folder)


@needs_compiler
def test_random_programs(tmp_path):
    assert same_in_cpp(programs(), tmp_path) > 20


@needs_compiler
def test_control_flow(tmp_path):
    given = []
    for f in (*PROGRAMS, chosen, newton, while_in_rounds):
        for g in (f, bibun.grad(f)):
            graph, captured = graph_of(g, X + 0.1)  # without numbers that cancel to nothing
            given.append((graph, [X + 0.1, *captured], AMPLIFIED))
    assert same_in_cpp(given, tmp_path) > 15


def test_the_text_can_be_asked_for():
    f = bibun.jit(bibun.grad(lambda x: np.sum(np.exp(x) ** 2)))
    text = f.lower(np.ones(3)).text("c++")
    assert 'extern "C" void kernel(void** buffers)' in text
    assert "std::fma" in text and "for (std::int64_t" in text
