"""Compiling in a thread beside the calls, and calls without LLVM: the interpreter's results."""

from __future__ import annotations

import subprocess
import sys
import threading
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import compiled, runtime
from bibun.native.jit import jitted

X = np.linspace(-2, 2, 41)


def finish() -> None:
    """Wait until all that is compiled beside us is ready."""
    for thread in threading.enumerate():
        if thread.name.startswith("bibun: jit"):
            thread.join(60)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What keeps native code from being made until it is set, and counts it."""
    opened, native = threading.Event(), compiled.native
    opened.made = 0  # type: ignore[attr-defined]

    def slowly(graph: Any, *replaced: Any) -> Any:
        assert opened.wait(60)
        opened.made += 1  # type: ignore[attr-defined]
        return native(graph, *replaced)

    bibun.set_cache(None)
    monkeypatch.setattr(compiled, "native", slowly)
    yield opened
    opened.set()
    finish()


@pytest.mark.parametrize("with_extension", [True, False])
def test_calls_do_not_wait_for_code(gate, with_extension):
    extension = runtime.extension() if with_extension else None
    f = jitted(lambda x: {"y": x * 3 - 1}, (), (), extension, True)
    for _ in range(3):
        np.testing.assert_array_equal(f(X)["y"], X * 3 - 1)
    assert gate.made == 0
    gate.set()
    finish()
    assert gate.made == 1 and f.signatures == ["(float64[41])"]
    np.testing.assert_array_equal(f(X)["y"], X * 3 - 1)
    f(X[:5])  # another kind of arguments
    finish()
    assert gate.made == 2


def test_code_takes_the_place_of_the_interpreter(gate):
    f = bibun.jit(lambda x: x * 2 if np.sum(x) > 0 else -x, background=True)
    f(X + 1), f(X - 1)
    gate.set()
    finish()
    python = f.known.__self__ if hasattr(f, "known") else f
    (ways,) = python.compiled.values()
    assert [w.kernel is not None for w in ways] == [True, True]
    np.testing.assert_array_equal(f(X + 1), 2 * (X + 1))
    np.testing.assert_array_equal(f(X - 1), 1 - X)


def test_what_goes_wrong_while_compiling_is_raised(monkeypatch):
    def broken(graph: Any, *replaced: Any) -> Any:
        raise RuntimeError("no code today")

    bibun.set_cache(None)
    monkeypatch.setattr(compiled, "native", broken)
    f = bibun.jit(lambda x: x + 1, background=True)
    np.testing.assert_array_equal(f(X), X + 1)
    finish()
    with pytest.raises(RuntimeError, match="no code today"):
        f(X)


# ---------------------------------------------------------------- without LLVM

WITHOUT = """
import sys, warnings

class Hidden:
    # What finds modules, LLVM's excepted.
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        hidden = name.split(".")[0] == "llvmlite"
        return None if hidden else self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Hidden(finder) for finder in sys.meta_path]
import numpy as np, bibun

x = np.linspace(-2, 2, 41)
with warnings.catch_warnings(record=True) as noticed:
    warnings.simplefilter("always")
    for scale in range(3):
        f = bibun.jit(bibun.value_and_grad(lambda x: scale * np.sum(np.sin(x) * x)))
        for _ in range(2):
            y, g = f(x)
            np.testing.assert_allclose(y, scale * np.sum(np.sin(x) * x), rtol=1e-14)
            np.testing.assert_allclose(g, scale * (np.sin(x) + x * np.cos(x)), atol=1e-14)
assert len(noticed) == 1 and "llvmlite is not installed" in str(noticed[0].message), noticed
assert "llvmlite" not in sys.modules
"""


def test_without_llvm_the_interpreter_runs_with_one_notice():
    done = subprocess.run(
        [sys.executable, "-c", dedent(WITHOUT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
