"""C++ functions in Python: values, derivatives of any order, broadcasting, vmap and jit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bibun
from bibun.cpp.compiled import CompileError

SOURCE = """
template <class T>
T bump(const T& x, const T& y) {
  return x > 0 ? exp(-x * x) * y : T(sin(x)) * y * y;
}
"""
X, Y = np.array([[0.5, -0.7, 2.0]]), np.array([[1.5], [-0.5]])


@pytest.fixture(scope="module")
def bump():
    return bibun.cpp.function(SOURCE, "bump", 2)


def same(x, y):
    return np.where(x > 0, np.exp(-x * x) * y, np.sin(x) * y * y)


def test_values_and_derivatives(bump) -> None:
    def close(f, *args):
        # Some roundings in each.
        np.testing.assert_allclose(f(bump)(*args), f(same)(*args), rtol=1e-14, atol=1e-15)

    close(lambda f: f, X, Y)
    close(lambda f: bibun.grad(lambda x, y: np.sum(f(x, y))), X, Y)
    close(lambda f: bibun.grad(lambda x, y: np.sum(f(x, y)), 1), X, Y)
    close(lambda f: bibun.hessian(lambda x: np.sum(f(x, x[::-1]))), X[0])
    close(lambda f: bibun.vmap(bibun.grad(f, 1)), X[0], np.ones(3))
    close(lambda f: lambda x, t: bibun.jvp(f, (x, x), (t, t))[1], X, np.ones_like(X))
    close(lambda f: bibun.jit(bibun.grad(lambda x: np.sum(f(x, 2.0)))), X)


REFUSED = {
    "std::sin(x)": "write sin(x), without std::",
    "[&] { double y = x; return T(y); }()": "it has the type T, or auto",
    "missing(x)": "",
}


@pytest.mark.parametrize("body", REFUSED)
def test_errors_of_the_compiler(body: str) -> None:
    """They name the user's own lines, in C++ and in Python, and say what to write."""
    f = bibun.cpp.function(f"template <class T> T f(const T& x) {{\n  return {body};\n}}", "f")
    with pytest.raises(CompileError) as error:
        bibun.grad(f)(1.0)
    text = str(error.value)
    assert all(part in text for part in ("source of f:2:", "test_function.py:", REFUSED[body]))


def test_names_and_counts() -> None:
    source = "namespace a { template <class T> T f(const T& x) { return x; } }"
    assert bibun.cpp.function(source, "a::f")(2.0) == 2.0
    with pytest.raises(CompileError, match="The source has no function g"):
        bibun.cpp.function(source, "g")(1.0)
    with pytest.raises(ValueError, match="is no name of a function"):
        bibun.cpp.function(source, "f(; x")


def test_compiled_loops_call_it(bump) -> None:
    """There is no call of NumPy's in between, and no warning."""
    slope = bibun.jit(bibun.grad(lambda x: np.sum(np.exp(bump(x, x)))))
    assert slope.lower(X).interpreted == []
    plain = bibun.grad(lambda x: np.sum(np.exp(same(x, x))))
    np.testing.assert_allclose(slope(X), plain(X), rtol=1e-14)


PROCESS = """
import sys
import numpy as np, bibun
from bibun.cpp import compiled
made = []
build = compiled.compiled
compiled.compiled = lambda *args: made.append(args) or build(*args)
f = bibun.cpp.function("#include <twice.hpp>", "twice")
g = bibun.jit(bibun.grad(lambda x: np.sum(f(x) * x)))
print(f(3.0), g(np.array([3.0]))[0], len(made))
"""


def test_code_is_kept_for_the_next_process(tmp_path: Path) -> None:
    """A third one finds another header, and compiles it."""
    header = "template <class T> T twice(const T& x) { return 2 * x; }"
    (tmp_path / "twice.hpp").write_text(header)
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "CPLUS_INCLUDE_PATH": str(tmp_path)}

    def printed() -> str:
        command = [sys.executable, "-c", PROCESS]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert printed() == "6.0 12.0 2"  # the value, and the slope
    assert printed() == "6.0 12.0 0"
    for file in (tmp_path / "bibun").iterdir():  # somebody damages all files
        file.write_bytes(file.read_bytes()[:-1])
    assert printed() == "6.0 12.0 2"
    (tmp_path / "twice.hpp").write_text(header.replace("2 *", "3 *"))
    assert printed() == "9.0 18.0 2"


def test_calls_in_a_row(bump) -> None:
    """Arrays as before take the short way, and get the same; what is not finite still warns."""
    x, y = np.random.default_rng(0).normal(size=(2, 3, 4))
    for a, b in [(x, y), (x, y), (x.T[::2], y.T[::2]), (x, y), (x[0, 0], y[0, 0]), (1.5, y)]:
        expected = same(np.asarray(a), np.asarray(b))
        for _ in range(3):
            found = bump(a, b)
            np.testing.assert_allclose(found, expected, rtol=1e-14)
            assert type(found) is type(np.add(a, b))
    for _ in range(3):
        assert bump(np.float32(1), np.float32(2)).dtype == np.float64
        with pytest.warns(RuntimeWarning, match="invalid value encountered in bump"):
            assert np.isnan(bump(np.full(2, -np.inf), np.ones(2))).all()
    with bibun.GradientTape() as tape:  # the long way, also for arrays that were seen before
        v = bibun.Variable(x)
        total = np.sum(bump(v, y))
    np.testing.assert_allclose(tape.gradient(total, v), bibun.grad(lambda x: np.sum(same(x, y)))(x))


def test_a_header(tmp_path: Path) -> None:
    header = tmp_path / "cube.hpp"
    header.write_text("template <class T> T cube(const T& x) { return x * x * x; }")
    cube = bibun.cpp.function(header, "cube")
    assert bibun.grad(bibun.grad(cube))(2.0) == 12


def test_what_cannot_be_compiled() -> None:
    wrong = bibun.cpp.function("template <class T> T f(const T& x) { return y; }", "f")
    with pytest.raises(CompileError, match="refused f:"):
        wrong(1.0)
    with pytest.raises(CompileError, match="does not run"):
        bibun.cpp.function("", "f", compiler="no-such-compiler")(1.0)
    with pytest.raises(TypeError, match="made for 1 numbers, not 2"):
        wrong(1.0, 2.0)
