"""C++ by hand, as the reference: compiled by g++, and repeated in C++ when it is timed."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from shutil import which
from time import perf_counter
from typing import Any

import numpy as np

from .systems import Call, Function, System

SOURCES = Path(__file__).parent / "cpp"
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp", "-std=c++17", "-shared", "-fPIC")


@cache
def library() -> Any:
    """All rows, compiled."""
    folder = tempfile.mkdtemp()
    path, sources = Path(folder) / "rows.so", sorted(map(str, SOURCES.glob("*.cpp")))
    subprocess.run(["g++", *FLAGS, *sources, "-o", str(path)], check=True, capture_output=True)
    found = ctypes.CDLL(str(path))
    path.unlink()
    Path(folder).rmdir()
    return found


class Cpp(System):
    name, module = "c++", "numpy"

    def __init__(self, threads: int):
        super().__init__(threads)
        self.library = library()

    @classmethod
    def installed(cls) -> bool:
        return which("g++") is not None

    def call(self, args: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> Call:
        if not hasattr(self.library, f"row_{self.row}"):
            raise self.cannot()
        function = getattr(self.library, f"row_{self.row}")
        return Written(self.library, function, self.size, args, outputs)

    def gradient(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        value = np.zeros((), args[0].dtype)
        return self.call(args, [value, *map(np.empty_like, args[:n])])

    def pullback(self, f: Function, n: int, *args: np.ndarray) -> Call:
        return self.call(args, [np.empty_like(args[-1]), *map(np.empty_like, args[:n])])

    def newton(self, loss: Function, *args: np.ndarray) -> Call:
        n = len(args[0])
        return self.call(args, [np.zeros(()), np.empty(n), np.empty((n, n))])

    def diagonal(self, loss: Function, *args: np.ndarray) -> Call:
        return self.call(args, [np.empty_like(args[0]), np.empty_like(args[0])])

    def jacobians(
        self, f: Function, n: int, before: Function, after: Function, *args: np.ndarray
    ) -> Call:
        n = len(args[2])
        return self.call(args, [np.empty((n, 2)), np.empty(31 * n)])

    def compiled(self, f: Function, *args: np.ndarray, donated: Sequence[int] = ()) -> Call:
        return self.call(args, [args[k] for k in donated])

    def training(self, loss: Function, rate: float, n: int, *args: np.ndarray) -> Call:
        raise self.cannot()


class Written:
    """A row in C++ with its arguments."""

    def __init__(self, library: Any, function: Any, size: int, args: Any, outputs: Any):
        self.args, self.outputs = [np.ascontiguousarray(a) for a in args], outputs
        inputs, results = _pointers(self.args), _pointers(outputs)
        self.given = (function, inputs, results, ctypes.c_long(size))
        self.library = library

    def __call__(self) -> Sequence[np.ndarray]:
        self.many(1)
        return self.outputs

    def many(self, calls: int) -> float:
        """Seconds of so many calls."""
        start = perf_counter()
        self.library.repeat(*self.given, ctypes.c_long(calls))
        return perf_counter() - start


def _pointers(arrays: Sequence[np.ndarray]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in arrays))
