"""Products of matrices inside native code: by tiles that stay in registers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import cached, machine, multiply, products, tiles
from bibun.native.program import NativeProgram
from bibun.native.tiles import Registers

from . import guarded
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
    "turned terms, weighted": (lambda a, b: (a.T * b) @ a, ((60, 60), (60, 60))),
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


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_the_same_bits_for_any_threads(dtype: str) -> None:
    """Whoever computes an element adds up in the same order."""
    a, b = array(500, 400, dtype=dtype), array(400, 600, dtype=dtype)
    before = bibun.threads()
    found = []
    for n in (1, 2, 3):
        bibun.set_threads(n)
        found.append(bibun.jit(lambda a, b: (a @ b, a.T @ (a @ b), a.T @ a[:, :4]))(a, b))
    bibun.set_threads(before)
    for y in found[1:]:
        for one, other in zip(found[0], y, strict=True):
            np.testing.assert_array_equal(one, other)


# fmt: off
REGISTERS = {  # whatever the processor has: LLVM makes of each vector what there is
    "AVX-512": (Registers(512, 32), ()),
    "AVX2":    (Registers(256, 16), ("avx512", "avx10", "evex512")),
    "SSE":     (Registers(128, 16), ("avx", "fma", "evex512")),
    "NEON":    (Registers(128, 32), ()),
}
# fmt: on


@pytest.fixture(params=REGISTERS)
def registers(request: Any, monkeypatch: Any) -> Registers:
    """Code for these registers, of which nothing is kept."""
    found, without = REGISTERS[request.param]
    features = {k: v and not k.startswith(without or ("?",)) for k, v in machine.features().items()}
    monkeypatch.setattr(multiply, "registers", lambda: found)
    monkeypatch.setattr(products, "SMALL_PRODUCT", 0)
    monkeypatch.setattr(products, "SMALL_TURNED", 0)
    monkeypatch.setattr(cached, "TILES", {})
    name = cached.name
    monkeypatch.setattr(cached, "name", lambda key: name(f"{request.param} {key}"))
    monkeypatch.setattr(machine, "features", lambda: features)
    monkeypatch.setattr(cached, "processor", lambda: request.param)
    caches = machine.target, cached.maker
    for cache in caches:
        cache.cache_clear()
    yield found
    for cache in caches:
        cache.cache_clear()


def all_ways(a: Any, b: Any, turned_a: Any, turned_b: Any) -> tuple[Any, ...]:
    return a @ b, turned_a.T @ b, a @ turned_b.T, turned_a.T @ turned_b.T


EDGES = [
    [2, 5, 6, 7, 8, 9, 13, 17, 40, 300],
    [2, 3, 4, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65, 500],
    [1, 2, 7, 8, 9, 16, 255, 256, 257, 300, 600],
]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_tiles(registers: Registers, dtype: str) -> None:
    """Shapes around the edges of tiles, panels and blocks, without a look beyond any array."""
    for seed in range(8):
        m, n, k = (int(np.random.default_rng([seed, d]).choice(EDGES[d])) for d in range(3))
        args = [array(*shape, dtype=dtype) for shape in ((m, k), (k, n), (k, m), (n, k))]
        graph, _ = graph_of(all_ways, *args)
        native = NativeProgram(graph)
        assert native.texts[0].count("call void @bibun_product") == 4
        found = native(*args)
        for wanted, y in zip(
            all_ways(*(x.astype(np.longdouble) for x in args)), found, strict=True
        ):
            # Each of k products and sums has a rounding; terms are around 1.
            atol = (k + 2) * np.finfo(dtype).eps * 4
            np.testing.assert_allclose(y, wanted.astype(dtype), rtol=0, atol=atol)
        for last in (False, True):
            for x, y in zip(guarded.run(native, args, last), found, strict=True):
                np.testing.assert_array_equal(x, y)


def test_functions_of_tiles(registers: Registers) -> None:
    """Tiles of 40 rows and 65 columns: all of 8 rows, or of 6 and of 5; the last are narrow."""
    a, b = array(40, 300, dtype="f4"), array(300, 65, dtype="f4")
    native = NativeProgram(graph_of(lambda a, b: a @ b, a, b)[0])
    rows, lanes = {32: (8,), 16: (5, 6)}[registers.number], registers.bits // 32
    names = {f"bibun_tile_f32_{r}x{v}x{lanes}" for r in rows for v in (1, 2)}
    assert set(re.findall(r"bibun_tile\w+", native.texts[0])) == names == cached.TILES.keys()


def test_registers() -> None:
    found = [tiles.registers(dict.fromkeys(names, True)) for names in ((), ("sse2",))]
    found += [tiles.registers({"sse2": True, "avx": True, "avx512f": x}) for x in (False, True)]
    assert found == [(128, 32), (128, 16), (256, 16), (512, 32)]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_what_is_not_finite_goes_through_tiles(dtype: str) -> None:
    """nan and inf reach what they reach in NumPy; what was in a result before is not read."""
    a, b = array(50, 300, dtype=dtype), array(300, 70, dtype=dtype)
    a[3, 5], a[7, 299], b[0, 69] = np.nan, np.inf, -np.inf
    f = bibun.jit(lambda a, b: a @ b)
    with np.errstate(invalid="ignore"):
        wanted = a @ b
    for _ in range(3):
        y = f(a, b)
        finite = np.isfinite(wanted)
        np.testing.assert_array_equal(np.isfinite(y), finite)
        np.testing.assert_array_equal(y[~finite], wanted[~finite])
        y[...] = np.nan  # it is the memory of the next result
        del y


def test_what_is_small() -> None:
    assert products.Extents((), 4, 4, 4).small and products.Extents((1000,), 4, 4, 4).small
    assert not products.Extents((), 1000, 1, 1000).in_tiles
    assert products.Extents((), 100, 100, 100).in_tiles
    assert products.Extents((10,), 30, 30, 30).in_tiles


def test_transposed_and_small() -> None:
    """Loops in vectors run along the rows of the second matrix: if it lies turned, tiles do it."""
    a, b = array(16, 17, dtype="f4"), array(17, 18, dtype="f4")  # 4,896 multiplications
    turned = np.ascontiguousarray(b.T)
    for f, args, calls in (
        (lambda a, b: a @ b, (a, b), 0),
        (lambda a, b: a @ b.T, (a, turned), 1),
        (lambda a, b: a @ np.tanh(b.T), (a, turned), 1),
        (lambda a, b: a[0] @ b.T, (a, turned), 0),
        (lambda a, b: a[:3] @ b[:3].T, (a, turned), 0),
    ):
        native = NativeProgram(graph_of(f, *args)[0])
        assert native.texts[0].count("call void @bibun_product") == calls
        np.testing.assert_allclose(native(*args)[0], f(*args), rtol=0, atol=2e-5)


# fmt: off
SHARED = {
    "many":        (lambda a, b: a @ b,   (5, 3, 70, 80), (5, 3, 80, 60)),
    "deep":        (lambda a, b: a @ b,   (20, 20_001),   (20_001, 7)),
    "deep turned": (lambda a, b: a.T @ b.T, (20_000, 7),  (20, 20_000)),
    "columns":     (lambda a, b: a @ b,   (20, 100),      (100, 1_500)),
    "rows":        (lambda a, b: a @ b.T, (1_500, 100),   (20, 100)),
}
# fmt: on


@pytest.mark.parametrize("name", SHARED)
def test_what_threads_share(name: str) -> None:
    """Many products, parts of long sums, panels or tiles: the same bits for any threads."""
    f, *shapes = SHARED[name]
    args = [array(*shape, dtype="f8") for shape in shapes]
    native = NativeProgram(graph_of(f, *args)[0])
    inside = name in ("columns", "rows")  # then it is the runtime that shares
    assert ("call void @bibun_parallel" in native.texts[0]) != inside
    before, found = bibun.threads(), []
    for n in (1, 2, 3):
        bibun.set_threads(n)
        found += [native(*args)[0], *(guarded.run(native, args, last)[0] for last in (False, True))]
    bibun.set_threads(before)
    np.testing.assert_allclose(found[0], f(*args), rtol=0, atol=1e-10)
    for y in found[1:]:
        np.testing.assert_array_equal(y, found[0])


# fmt: off
FACTORS = {  # of a product of 32 x 200 by 200 x 40 numbers: whether it is read as a transpose
    "weighted":  (lambda x, y, w: (x.T * w) @ y, 1),
    "elements":  (lambda x, y, w: np.exp(-(x.T**2) - 2.0) @ y, 1),
    "view":      (lambda x, y, w: x.T @ y, 1),
    "mixed":     (lambda x, y, w: (x.T + y[:, :32].T) @ y, 1),
    "other":     (lambda x, y, w: (x.T + x.reshape(32, 200)) @ y, 0),
    "no matrix": (lambda x, y, w: (np.ones((32, 1)) * np.exp(w)) @ y, 0),
}
# fmt: on


@pytest.mark.parametrize("name", FACTORS)
def test_factors_are_computed_as_their_terms_lie(name: str) -> None:
    """Transposes of matrices are read where they lie, and so is what is computed of them."""
    f, turned = FACTORS[name]
    x, y, w = (array(*s, dtype="f8") / 8 for s in ((200, 32), (200, 40), (200,)))
    for derived in (f, bibun.grad(lambda *args: np.sum(np.sin(f(*args))), argnums=(0, 1, 2))):
        graph, captured = graph_of(derived, x, y, w)
        same(graph, [x, y, w, *captured])
    text = bibun.jit(f).lower(x, y, w).text("loops")
    assert f"bibun_product_f64(32, 40, 200, {turned}, 0, {32 if turned else 200}, 40" in text


def test_weights_are_computed_in_vectors() -> None:
    """What is dear and the same along a row is not computed in the row, number by number."""
    x, w = array(200, 40, dtype="f8"), array(200, dtype="f8")
    text = bibun.jit(lambda x, w: x * np.exp(w)[:, None]).lower(x, w).text("loops")
    first, second = text.split("for i")[1], text.split("for i")[2]
    assert "lanes" in first and "fma" in first and "fma" not in second


def test_what_is_reshaped_is_not_copied() -> None:
    """A product reads a new shape in the memory of what was computed, also of its transpose."""
    x, b = array(7, 10, 65, dtype="f8"), array(70, 33, dtype="f8")

    def f(x: Any, b: Any) -> Any:
        y = np.exp(x)  # all that is stored on the way
        return y.reshape(70, 65).T @ b, np.sum(y)

    graph, captured = graph_of(f, x, b)
    same(graph, [x, b, *captured])
    text = bibun.jit(f).lower(x, b).text("loops")
    assert text.count("f64[4550] work") == 1 and "bibun_product_f64(65, 33, 70, 1, 0" in text
