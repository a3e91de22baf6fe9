"""What native code says in other operations, at numbers where that might differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special as sc

import bibun

from .test_native import graph_of, same

HARD = np.array(
    [[0.0, -0.0, 0.0], [1e200, -3e200, 2.0], [1e-200, 3e-200, 0.0], [np.inf, 1.0, -np.inf],
     [np.nan, 1.0, 2.0], [5e-324, 0.0, 0.0], [1.7e308, 1.7e308, 1.0], [3.0, 4.0, 0.0]]
)  # fmt: skip


@pytest.mark.parametrize("order", [1, 2, 3, 0.5, -1, np.inf])
def test_norms(order: float) -> None:
    """Neither overflow nor underflow, as in the interpreter."""
    with np.errstate(over="ignore", under="ignore"):
        short = HARD.astype("f4") * np.float32(1e30)
    for x in (HARD, HARD.T.copy(), short):
        graph, _ = graph_of(lambda x: np.linalg.norm(x, order, axis=-1), x)
        assert not same(graph, [x]).interpreted


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8"])
@pytest.mark.parametrize("shape", [(7,), (1,), (3, 5), (2, 3, 40)])
def test_accumulations(dtype: str, shape: tuple[int, ...]) -> None:
    """Along each axis, with gradients; -0 stays what it is."""
    x = np.linspace(-2, 2, int(np.prod(shape))).reshape(shape).astype(dtype)
    if dtype[0] == "f":
        x.flat[0] = -0.0
    for axis in range(len(shape)):
        for f in (np.cumsum, np.cumprod):

            def run(x: Any, f: Any = f, axis: int = axis) -> Any:
                return f(x, axis=axis, dtype=x.dtype)

            graph, captured = graph_of(run, x)
            native = same(graph, [x, *captured])
            assert not native.interpreted
            np.testing.assert_array_equal(np.signbit(native(x)[0]), np.signbit(run(x)))
            if dtype[0] == "f":
                graph, captured = graph_of(bibun.grad(lambda x: np.sum(np.sin(run(x)))), x)
                assert not same(graph, [x, *captured]).interpreted


def test_casts_of_floats() -> None:
    """To integers: towards 0; what no integer is, is NumPy's, with its warning."""
    f = bibun.jit(lambda x: (x.astype(np.int8), x.astype(np.int64), x.astype(np.uint16)))
    x = np.array([0.0, 1.9, 126.5, 127.9])
    for found, wanted in zip(f(x), (x.astype("i1"), x.astype("i8"), x.astype("u2")), strict=True):
        np.testing.assert_array_equal(found, wanted)
    g = bibun.jit(lambda x: x.astype(np.int64))
    for bad in (np.nan, np.inf, 2.0**63, -(2.0**65)):
        y = np.array([1.5, bad, -2.5])
        with np.errstate(invalid="ignore"):
            wanted = y.astype(np.int64)
        with pytest.warns(RuntimeWarning, match="invalid value encountered in cast"):
            np.testing.assert_array_equal(g(y), wanted)
    assert g(np.array([-(2.0**63)]))[0] == -(2**63)


def test_shifts_of_bits() -> None:
    a = np.array([1, -1, 5, -128, 127, 64], np.int8)
    n = np.array([1, 3, 7, 8, 100, -1], np.int8)
    f = bibun.jit(lambda a, n: (np.left_shift(a, n), np.right_shift(a, n)))
    for found, wanted in zip(f(a, n), (np.left_shift(a, n), np.right_shift(a, n)), strict=True):
        np.testing.assert_array_equal(found, wanted)
    f(a.view(np.uint8), n.view(np.uint8))
    for found, wanted in zip(
        f(a.view(np.uint8), n.view(np.uint8)),
        (np.left_shift(a.view(np.uint8), n.view(np.uint8)), a.view(np.uint8) >> n.view(np.uint8)),
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("shift", [0, 1, -2, 7, (1, -1)])
def test_rolls(shift: Any) -> None:
    x = np.arange(12.0).reshape(3, 4)
    axis = (0, 1) if isinstance(shift, tuple) else 1
    graph, captured = graph_of(lambda x: np.roll(x, shift, axis) * x, x)
    assert not same(graph, [x, *captured]).interpreted
    graph, captured = graph_of(lambda x: (np.tril(x), np.triu(x, 1), np.diff(x)), x)
    assert not same(graph, [x, *captured]).interpreted


SPECIAL = {
    "gammaln": lambda x: sc.gammaln(x) - sc.psi(x + 1),
    "normal": lambda x: sc.ndtri(sc.expit(x)) * sc.erfinv(np.tanh(x)),
    "bessel": lambda x: sc.j0(x) * sc.i0e(x) + sc.k0(x),
    "two": lambda x: sc.gammainc(x, 2 * x) + sc.rel_entr(x, x * x) + sc.kl_div(x, 2.0),
}


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_special_functions(name: str, dtype: str) -> None:
    """They are SciPy's, called inside of the loop, in vectors that are full or not."""
    f = SPECIAL[name]
    for n in (1, 5, 37):
        x = np.linspace(0.3, 4, n).astype(dtype)
        graph, captured = graph_of(f, x)
        assert not same(graph, [x, *captured]).interpreted
    graph, _ = graph_of(f, np.array([0.0, -1.5, np.inf, np.nan, -0.0]))
    same(graph, [np.array([0.0, -1.5, np.inf, np.nan, -0.0])])
