"""Programs that are compiled and dropped leave nothing behind.

For the figure of ten thousand: python -m tests.native.test_leaks 10000
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import bibun
from bibun.native import linked, machine

X = np.linspace(0, 1, 20)


def resident() -> float:
    """The memory of this process, in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def growth(times: int, make: Callable[[int], None]) -> float:
    """How many MB the process grows while something is made so many times, after 150 others."""
    for k in range(150):
        make(-k)
    before = resident()
    for k in range(times):
        make(k + 1)
    return resident() - before


def program(k: int) -> None:
    """A program of its own: compiled, called once, dropped."""
    rate = 1 / (k + 1000.5)  # so that nothing overflows, however many they are
    f = bibun.jit(bibun.grad(lambda x: np.sum(np.exp(x * rate) * (x + k) / (1 + x * x))))
    f(X)


def test_linked_code_is_given_back():
    """A linker of LLVM's keeps 9 KB of each program, which would be 9 MB."""
    code = machine.compiled(bibun.jit(np.exp).lower(X).text("llvm"))
    assert growth(1000, lambda k: machine.link(code, {}, ["kernel"]) and None) < 3
    assert growth(1000, lambda k: linked.Machine(code) and None) < 1


def test_compiled_programs_are_given_back():
    """LLVM's optimiser would keep 70 KB of each, which would be 14 MB."""
    bibun.set_cache(None)
    assert growth(200, program) < 3


if __name__ == "__main__":
    bibun.set_cache(None)
    print(f"{growth(int(sys.argv[1]), program):.1f} MB for {sys.argv[1]} programs")
