"""C++ functions in Python: values, derivatives of any order, broadcasting, vmap and jit."""

from __future__ import annotations

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
    with pytest.raises(TypeError, match="1 arguments are needed, not 2"):
        wrong(1.0, 2.0)
