"""Object files in memory: the extension's own loader and LLVM's linker, and damaged files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import linked, machine, runtime

X = np.linspace(0, 3, 50)
EXTENSION = runtime.extension()
needs_loader = pytest.mark.skipif(not EXTENSION.processor(), reason="the loader is for x86-64")


def code(f: Any, *args: Any) -> bytes:
    """The object file of a function."""
    return machine.compiled(bibun.jit(f).lower(*args).text("llvm"))


def run(made: Any, address: int) -> np.ndarray:
    """The one result of a kernel of one argument."""
    y, space = np.empty(50), np.empty(4096, np.uint8)
    pointers = np.array([X.ctypes.data, y.ctypes.data, space.ctypes.data])
    linked.FUNCTION(address)(pointers.ctypes.data)
    assert made is not None  # which holds the code
    return y


@needs_loader
def test_both_ways_give_the_same():
    data = code(lambda x: np.exp(np.sin(x)) * x, X)
    keep, (address,) = EXTENSION.load(data, ("kernel",), lambda name: 0)
    tracker = machine.link(data, {}, ["kernel"])
    found, want = run(keep, address), run(tracker, tracker["kernel"])
    assert found.tobytes() == want.tobytes()
    np.testing.assert_allclose(found, np.exp(np.sin(X)) * X, rtol=1e-14)


@needs_loader
def test_what_the_loader_cannot_do_is_left_to_llvm():
    def many(x: Any) -> Any:
        return np.sum(np.exp(x))

    data = code(many, np.ones(1_000_000))  # which asks for threads
    asked: list[str] = []
    assert EXTENSION.load(data, ("kernel",), lambda name: asked.append(name) or 0) is None
    assert asked == ["bibun_parallel"]
    assert EXTENSION.load(b"no object file", ("kernel",), lambda name: 1) is None
    with pytest.raises(LookupError, match="no function other"):
        EXTENSION.load(data, ("other",), lambda name: 1)
    with pytest.raises(ZeroDivisionError):
        EXTENSION.load(data, ("kernel",), lambda name: 1 // 0)


@needs_loader
def test_damaged_files_are_refused_or_harmless():
    """Nothing is run here: reading and placing must stay inside of the file and the memory."""
    right, rng = code(lambda x: np.tanh(x) + 1, X), np.random.default_rng(0)
    refused = 0
    for cut in rng.integers(0, len(right), 200):
        refused += EXTENSION.load(right[:cut], ("kernel",), lambda name: 1) is None
    assert refused == 200
    for _ in range(3000):
        wrong = bytearray(right)
        for k in rng.integers(0, len(wrong), 3):
            wrong[k] = rng.integers(256)
        # Most damage is in the instructions; headers and tables stand at both ends.
        wrong[rng.integers(16, 64)] = rng.integers(256)
        wrong[-rng.integers(1, 900)] = rng.integers(256)
        try:
            refused += EXTENSION.load(bytes(wrong), ("kernel",), lambda name: 1) is None
        except (LookupError, UnicodeDecodeError):
            refused += 1
    assert refused > 1000


def test_machines_of_text(monkeypatch):
    """With the loader or without."""
    text = bibun.jit(lambda x: np.exp(x)).lower(X).text("llvm")
    results = []
    for extension in (EXTENSION, None):
        monkeypatch.setattr(linked, "extension", lambda extension=extension: extension)
        made = linked.Machine(text)
        results.append(run(made, made.addresses["kernel"]).tobytes())
    assert results[0] == results[1]
