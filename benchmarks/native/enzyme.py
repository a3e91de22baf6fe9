"""Enzyme: derivatives of LLVM's code, here of C++ through its package for JAX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .systems import Call, Function, Jax, System

SOURCES = Path(__file__).parent / "cpp" / "enzyme"
SHARED = dict.fromkeys(("rosenbrock10", "rosenbrock10_bound", "rosenbrock1000"), "rosenbrock")
DECLARED = 'extern "C" { double exp(double); double log(double); double tanh(double); }\n'
"""The package brings a compiler, but none of the headers that it would take them from."""


class Enzyme(System):
    name, module = "enzyme", "enzyme_ad"

    def __init__(self, threads: int):
        super().__init__(threads)
        self.jax = Jax(threads)

    def gradient(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        from enzyme_ad.jax import cpp_call
        from llvmlite.binding import get_host_cpu_name

        path = SOURCES / f"{SHARED.get(self.row, self.row)}.cpp"
        if not path.exists():
            raise self.cannot()
        source = f"{DECLARED}constexpr long size = {self.size};\n{path.read_text()}"
        flags = ("-O3", "-ffast-math", "-target-cpu", get_host_cpu_name())
        shapes = [self.jax.jax.core.ShapedArray([1], np.float64)]

        def value(*args: Any) -> Any:
            flat = [self.jax.np.ravel(x) for x in args]
            found = cpp_call(*flat, out_shapes=shapes, source=source, fn="loss", argv=flags)
            return found[0][0]

        return self.jax.gradient(value, n, *args)
