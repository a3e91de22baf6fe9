"""Products of matrices inside native code: in panels, and tile by tile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import panels, products
from bibun.native.program import NativeProgram

from .test_native import graph_of, same

RNG = np.random.default_rng(11)


def array(*shape: int, dtype: str) -> np.ndarray:
    return RNG.standard_normal(shape).astype(dtype)


# fmt: off
PROGRAMS: dict[str, tuple[Any, tuple[tuple[int, ...], ...]]] = {
    "plain": (lambda a, b: a @ b, ((70, 65), (65, 40))),
    "transposed": (lambda a, b: (a.T @ b.T).T, ((65, 70), (40, 65))),
    "vectors": (lambda a, b: (a @ b, a.T @ (a @ b)), ((700, 150), (150,))),
    "rows and columns": (lambda a, b: (a[:1] @ b, b @ a[0, :, None]), ((2, 300), (300, 300))),
    "parts": (lambda a, b: a[3:, 5:70] @ b[:65, ::-1][:, 2:], ((90, 80), (66, 50))),
    "steps": (lambda a, b: a[::2] @ b[:, ::3], ((140, 65), (65, 120))),
    "reversed": (lambda a, b: a[::-1] @ b[:, ::-1], ((70, 65), (65, 40))),
    "computed": (lambda a, b: np.tanh(a).T @ np.exp(b), ((65, 70), (65, 40))),
    "reshaped": (lambda a, b: a.reshape(-1, 65) @ b.reshape(65, -1), ((7, 10, 65), (65, 5, 8))),
    "batches": (lambda a, b: a @ b, ((3, 40, 30), (3, 30, 50))),
    "shared": (lambda a, b: a @ b, ((3, 40, 30), (30, 50))),
    "turned batches": (lambda a, b: np.swapaxes(a, 0, 1) @ b, ((40, 3, 30), (3, 30, 50))),
    "many small": (lambda a, b: a @ b, ((500, 8, 9), (500, 9, 7))),
    "tensors": (lambda a, b: np.einsum("ijk,kl->ijl", a, b), ((9, 20, 30), (30, 50))),
    "with itself": (lambda a, b: (a @ a.T, b.T @ b), ((70, 65), (90, 40))),
    "identity": (lambda a, b: np.eye(70) @ a + b @ np.eye(65), ((70, 65), (70, 65))),
    "nothing to sum": (lambda a, b: a @ b, ((70, 0), (0, 1000))),
    "chain": (lambda a, b: np.maximum(a @ b, 0) @ b.T @ a, ((70, 70), (70, 70))),
}
# fmt: on


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_products(name: str, dtype: str) -> None:
    """Values, gradients and batches, without a call of NumPy's from outside."""
    f, shapes = PROGRAMS[name]
    args = [array(*shape, dtype=dtype) / 8 for shape in shapes]  # products are around 1
    if name == "identity" and dtype == "f4":
        return  # float64 and float32 together are a product of NumPy's with casts

    def total(*args: Any) -> Any:
        found = f(*args)
        return sum(np.sum(np.sin(y)) for y in (found if isinstance(found, tuple) else (found,)))

    for derived in (f, bibun.value_and_grad(total, argnums=(0, 1))):
        graph, captured = graph_of(derived, *args)
        assert not same(graph, [*args, *captured]).interpreted
    batch = [np.stack([x, 2 * x]) for x in args]
    graph, captured = graph_of(bibun.vmap(f), *batch)
    assert not same(graph, [*batch, *captured]).interpreted


def test_inside_loops() -> None:
    """A step of a scan whose matrices are large."""
    w, x = array(80, 80, dtype="f8") / 9, array(30, 80, dtype="f8")

    def loss(w: Any, x: Any) -> Any:
        h, y = bibun.scan(lambda h, x: (np.tanh((w @ h[:, None])[:, 0] + x), h), x[0], x)
        return np.sum(h) + np.sum((y @ w) ** 2)

    graph, captured = graph_of(bibun.value_and_grad(loss), w, x)
    assert not same(graph, [w, x, *captured]).interpreted


def test_the_same_bits_for_any_threads() -> None:
    """Who computes a tile does not matter."""
    a, b = array(500, 400, dtype="f8"), array(400, 600, dtype="f8")
    before = bibun.threads()
    found = []
    for n in (1, 2, 3):
        bibun.set_threads(n)
        found.append(bibun.jit(lambda a, b: (a @ b, a.T @ (a @ b)))(a, b))
    bibun.set_threads(before)
    for y in found[1:]:
        for one, other in zip(found[0], y, strict=True):
            np.testing.assert_array_equal(one, other)


# fmt: off
CPUS = {
    "arm": {}, "x86": {"sse2": True}, "avx2": {"sse2": True, "avx": True},
    "avx512": {"sse2": True, "avx": True, "avx512f": True},
}
SHAPES = {
    "edges": (69, 131, 150), "two rows": (2, 40, 1000), "two columns": (1000, 40, 2),
    "deep": (10, 2060, 50), "many rows": (1010, 9, 60), "many columns": (9, 60, 1010),
}
# fmt: on


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cpu", CPUS)
def test_tiles(monkeypatch: pytest.MonkeyPatch, cpu: str, shape: str) -> None:
    """Tiles of any width; matrices that are no whole tiles, or more than fits into panels."""
    monkeypatch.setattr(panels, "features", lambda: CPUS[cpu])
    m, k, n = SHAPES[shape]
    for dtype in ("f4", "f8"):
        a, b = array(m, k, dtype=dtype), array(k, n, dtype=dtype)
        bound = k * float(np.finfo(dtype).eps) * (np.abs(a.astype("f8")) @ np.abs(b.astype("f8")))
        turned = np.ascontiguousarray(a.T), np.ascontiguousarray(b.T)
        for f, args in ((lambda a, b: a @ b, (a, b)), (lambda a, b: a.T @ b.T, turned)):
            program = NativeProgram(graph_of(f, *args)[0])
            assert "bibun_product" in program.texts[0]
            (y,) = program(*args)
            assert (np.abs(y - a.astype("f8") @ b) <= bound).all()


def test_what_is_small() -> None:
    assert products.Extents((), 4, 4, 4).small and products.Extents((1000,), 4, 4, 4).small
    assert not products.Extents((), 1000, 1, 1000).in_panels
    assert products.Extents((), 100, 100, 100).in_panels
    assert products.Extents((10,), 30, 30, 30).in_panels
