"""Programs that are compiled and dropped leave nothing behind.

For the figures of ten thousand: python -m tests.native.test_leaks 10000 [alike|varied]
"""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import linked, machine

X = np.linspace(0, 1, 20)


def resident() -> float:
    """The memory of this process, in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def peak() -> float:
    """The most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


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


def recurrence(x: Any, k: int) -> Any:
    """A loop over rows with a product of matrices, and a branch."""
    w = np.cos(np.outer(x[:5], x[5:10]) + k)
    y, _ = bibun.scan(lambda y, row: (np.tanh(w @ y) + row, None), x[:5], x.reshape(4, 5))
    return bibun.cond(y[0] > 0, np.sum, lambda y: np.prod(y), y)


VARIED: tuple[Callable[[Any, int], Any], ...] = (
    lambda x, k: np.sum(np.exp(x / (k + 1000.5)) * x),
    recurrence,
    lambda x, k: np.linalg.norm(np.outer(x, x + k) @ np.outer(x, x)) + np.max(np.cumsum(x * k)),
    lambda x, k: np.linalg.slogdet(np.eye(4) * (40 + k % 7) + x[:16].reshape(4, 4))[1] * k,
    lambda x, k: np.sum(np.sort(x)[: 3 + k % 15] * k) + np.interp(k % 3 / 3, X, x),
)
"""Programs of several kinds: elements, loops, products and sums, factors, sorting."""


def varied(k: int) -> None:
    """The same of several kinds, forward and backward."""
    f = VARIED[k % len(VARIED)]
    g = bibun.jit(bibun.value_and_grad(lambda x: f(x, k) + np.sum(np.sin(x[: k % 20] * k))))
    g(X)


def test_linked_code_is_given_back():
    """A linker of LLVM's keeps 9 KB of each program, which would be 9 MB."""
    code = machine.compiled(bibun.jit(np.exp).lower(X).text("llvm"))
    assert growth(1000, lambda k: machine.link(code, {}, ["kernel"]) and None) < 3
    assert growth(1000, lambda k: linked.Machine(code) and None) < 1


def test_compiled_programs_are_given_back():
    """LLVM's optimiser would keep 70 KB of each, which would be 14 MB."""
    bibun.set_cache(None)
    assert growth(200, program) < 3


@pytest.mark.parametrize("kind", range(len(VARIED)))
def test_kinds_of_programs_run(kind: int) -> None:
    """What the figures are of: each kind gives numbers, that differ from program to program."""
    x = np.linspace(0.1, 1, 20)
    first, second = (bibun.jit(VARIED[kind], static_argnums=1)(x, k) for k in (3, 5))
    assert np.isfinite(first) and np.isfinite(second) and first != second


if __name__ == "__main__":
    bibun.set_cache(None)
    times, make = int(sys.argv[1]), varied if "varied" in sys.argv[2:] else program
    print(f"{growth(times, make):.1f} MB for {times} programs, at most {peak():.0f} MB in all")
