"""Compiling: a template function of the user's, for one of its partial derivatives."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib import import_module
from math import prod
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from ..errors import BibunError
from ..graph import Type
from ..native.kernel import Kernel
from ..native.store import store
from .places import include_dir

# Without these `sin(x)` in a template would be C's, which rounds to double.
STANDARD = """abs acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh erf erfc exp exp2 expm1
fabs floor fmax fmin hypot log log10 log1p log2 pow round sin sinh sqrt tan tanh trunc"""
HEAD = "#include <bibun/dual.hpp>\n#include <cmath>\n#include <cstdint>"
LANGUAGE = ("-std=c++17", "-O2")
LIBRARY = ("-fPIC", "-shared")


class CompileError(BibunError, RuntimeError):
    """The C++ compiler is missing, or refused the function; what it said is the message."""


class Partial(NamedTuple):
    """A partial derivative of a template function, for one kind of numbers."""

    source: str
    called: str
    arguments: int
    wrt: tuple[int, ...]
    number: str
    compiler: str


def text(p: Partial) -> str:
    """A file with the function of numbers, and a loop. A Dual more for each direction in `wrt`."""
    names = [f"a{k}" for k in range(p.arguments)]
    lines = []
    for k, name in enumerate(names):
        lines.append(f"  const L0 {name}_0 = {name};")
        for j, direction in enumerate(p.wrt, 1):
            lines.append(f"  L{j} {name}_{j}({name}_{j - 1});")
            if direction == k:
                lines.append(f"  {name}_{j}.derivatives()[0] = L{j - 1}(1);")
    depth = len(p.wrt)
    args = ", ".join(f"{name}_{depth}" for name in names)
    return "\n".join(
        [
            HEAD,
            *(f"using std::{name};" for name in STANDARD.split()),
            p.source,
            '#line 1 "what bibun adds"',
            f"using L0 = {p.number};",
            *(f"using L{j} = bibun::Dual<L{j - 1}, 1>;" for j in range(1, depth + 1)),
            f'extern "C" L0 one({", ".join(f"L0 {name}" for name in names)}) {{',
            *lines,
            f"  return L{depth}({p.called}({args})){'.derivative()' * depth};",
            "}",
            *ufunc_loop(p.arguments),
            *kernel(p.arguments),
            "",
        ]
    )


def ufunc_loop(arguments: int) -> list[str]:
    """The loop of a ufunc of NumPy's: where the numbers lie, how many, and how far apart."""
    places = ", ".join(f"*reinterpret_cast<const L0*>(at[{k}])" for k in range(arguments))
    return [
        "using Steps = const std::intptr_t*;",
        'extern "C" void loop(char** at, Steps n, Steps steps, void*) {',
        "  for (std::intptr_t i = 0; i < n[0]; ++i) {",
        f"    *reinterpret_cast<L0*>(at[{arguments}]) = one({places});",
        f"    for (int k = 0; k < {arguments + 1}; ++k) at[k] += steps[k];",
        "  }",
        "}",
    ]


def kernel(arguments: int) -> list[str]:
    """The loop over arrays in C order, as compiled functions are called.

    The buffers are the arguments, the result, and how many numbers each of them has.
    """
    numbers = ", ".join(f"static_cast<const L0*>(at[{k}])[i]" for k in range(arguments))
    return [
        'extern "C" void kernel(void** at) {',
        f"  const std::int64_t n = *static_cast<const std::int64_t*>(at[{arguments + 1}]);",
        "  for (std::int64_t i = 0; i < n; ++i) {",
        f"    static_cast<L0*>(at[{arguments}])[i] = one({numbers});",
        "  }",
        "}",
    ]


@cache
def library(p: Partial) -> ctypes.CDLL:
    """The code, in memory: compiled once, and then found in the store by later processes.

    The key is the whole text after preprocessing, with all headers in it, and the compiler.
    """
    whole = run(p, ["-E", f"-I{include_dir()}", "-x", "c++", "-"], text(p).encode())
    identity = repr((*LANGUAGE, *LIBRARY, platform.machine(), made_by(p.compiler)))
    name = sha256(identity.encode() + whole).hexdigest()
    code = store().load(name)
    if code is None:
        code = compiled(p, whole)
        store().save(name, code)
    return loaded(code)


def run(p: Partial, options: Sequence[str], given: bytes) -> bytes:
    """What the compiler writes."""
    try:
        done = subprocess.run([p.compiler, *LANGUAGE, *options], input=given, capture_output=True)
    except OSError as error:
        raise CompileError(f"cpp.function: the compiler does not run: {error}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        raise CompileError(
            f"cpp.function: {p.compiler} refused {p.called}:\n{said}{advice(p, said)}"
        )
    return done.stdout


def advice(p: Partial, said: str) -> str:
    """What to write instead, where a message of the compiler's is a known one."""
    name = re.escape(p.called.rpartition("::")[2])
    if re.search(rf"{name}\W* was not declared|undeclared identifier \W*{name}\b", said):
        return f"The source has no function {p.called}.\n"
    if "Dual<" not in said:
        return ""
    function = re.search(r"no matching function for call to \W*(?:std::)?(\w+)\(", said)
    if function and function[1] in STANDARD.split():
        return f"Numbers may be Dual: write {function[1]}(x), without std::, which finds both.\n"
    if re.search(r"cannot convert .*Dual<.* to .*(double|float|int)|no viable conversion", said):
        return "What is made of an argument is no double: it has the type T, or auto.\n"
    return ""


def made_by(compiler: str) -> tuple:
    """Which compiler this is: its file, as caches of compilers know it."""
    path = os.path.realpath(which(compiler) or compiler)
    known = os.stat(path)
    return path, known.st_size, known.st_mtime_ns


def compiled(p: Partial, whole: bytes) -> bytes:
    """A preprocessed text as a shared library."""
    with TemporaryDirectory(prefix="bibun_cpp_") as folder:
        made = Path(folder) / "function.so"
        run(p, [*LIBRARY, "-x", "c++-cpp-output", "-", "-o", str(made)], whole)
        return made.read_bytes()


def loaded(code: bytes) -> ctypes.CDLL:
    """A shared library in memory; its file belongs to this user and is gone at once."""
    with TemporaryDirectory(prefix="bibun_cpp_") as folder:
        file = Path(folder) / "function.so"
        file.write_bytes(code)
        found = ctypes.CDLL(str(file))
    return found


def address(p: Partial) -> int:
    """Where the function of numbers is."""
    return ctypes.cast(library(p).one, ctypes.c_void_p).value or 0


def kernel_of(p: Partial, shape: tuple[int, ...]) -> Kernel:
    """The function for float64 arrays of one shape."""
    place = ctypes.cast(library(p).kernel, ctypes.c_void_p).value or 0
    t, size = Type(np.dtype(np.float64), shape), np.array(prod(shape))
    return Kernel(place, [t] * p.arguments, [t], [size], 0, library(p), False)


def ufunc(p: Partial) -> Any:
    """The function as one of NumPy's, for arrays of any shapes."""
    return _made(p)[0]


@cache
def _made(p: Partial) -> tuple[Any, ...]:
    """A ufunc, and what has to live as long."""
    loops = (ctypes.c_void_p * 1)(ctypes.cast(library(p).loop, ctypes.c_void_p).value)
    data, name = (ctypes.c_void_p * 1)(), p.called.encode()
    number = {"double": np.double, "long double": np.longdouble}[p.number]
    kinds = bytes([np.dtype(number).num]) * (p.arguments + 1)
    made = from_functions()(loops, data, kinds, 1, p.arguments, 1, -1, name, None, 0)
    return made, loops, data, kinds, name


@cache
def from_functions() -> Any:
    """PyUFunc_FromFuncAndData, number 1 in the table of NumPy's C API for ufuncs.

    Its arguments: loops, data of each, types, how many loops, inputs and outputs, the neutral
    element, name, documentation.
    """
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype = ctypes.POINTER(ctypes.c_void_p)
    pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    table = pointer(import_module("numpy._core._multiarray_umath")._UFUNC_API, None)
    some, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    kind = ctypes.PYFUNCTYPE(ctypes.py_object, some, some, text, *[number] * 4, text, text, number)
    return kind(table[1] or 0)
