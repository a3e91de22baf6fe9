"""Loops that threads share: the same bits whatever the number of threads, and NumPy's results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import bibun
from bibun.loops import Code, Place
from bibun.native import cached, shares
from bibun.native.linked import Machine
from bibun.native.llvm import Printer

# fmt: off
FUNCTIONS: dict[str, Any] = {
    "map":      lambda x: np.sqrt(np.abs(x)) * 2 + x,
    "sum":      lambda x: np.sum(x * x),
    "mean":     lambda x: (x - np.mean(x)) / np.sqrt(np.mean((x - np.mean(x)) ** 2)),
    "rows":     lambda x: np.sum(x * x, axis=-1),
    "columns":  lambda x: np.sum(x * x, axis=0),
    "both":     lambda x: (np.sum(x * x, 0), np.max(x, 0), x * np.sum(x, -1, keepdims=True)),
    "counts":   lambda x: (np.sum(x > 0, 0), np.any(x > 2, 0), np.all(x < 9, 0), np.min(x, 0)),
    "extremes": lambda x: (np.max(x), np.min(x), np.any(x > 3), np.all(x < 9), np.prod(1 + x / 99)),
    "softmax":  lambda x: np.exp(x - np.max(x, -1, keepdims=True))
                          / np.sum(np.exp(x - np.max(x, -1, keepdims=True)), -1, keepdims=True),
    "across":   lambda x: x.T * 2 + x[..., :1].T,
    "pieces":   lambda x: np.concatenate([x, x[..., ::2] * 2, x[::-1, ...]], -1),
    "back":     lambda x: x[::-1] * 2,
    "numbers":  lambda x: x + np.arange(x.shape[-1]),
    "bools":    lambda x: ((x > 0) & (x < 1), np.sum(x > 0)),
    "ends":     bibun.grad(lambda x: np.sum((x[1:] - x[:-1]) ** 2) + np.sum(x[2:] * x[:-2])),
    "windows":  bibun.grad(lambda x: np.sum(sliding_window_view(x, 2, 0) ** 2)),
    "gradient": bibun.grad(lambda x: np.sum(np.tanh(x - np.mean(x, -1, keepdims=True)) ** 2)),
    "scan":     lambda x: bibun.scan(lambda s, r: (s * 0.5 + r, s + 1), np.sum(x, 0), x)[1],
    "product":  lambda x: np.sum(x[..., None] * x[..., None, :] if x.ndim == 1 else x @ x.T, -1),
}
# fmt: on
NEVER = {"scan"}


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops of some hundred rounds are long ones, and code is made anew."""
    monkeypatch.setattr(cached, "kernel", lambda way: None)
    monkeypatch.setattr(cached, "keep", lambda way, made: None)
    monkeypatch.setattr(shares, "LONG", 20)
    monkeypatch.setattr(shares, "TILE", 8)
    monkeypatch.setattr(shares, "STEP", 8)
    monkeypatch.setattr(shares, "FEWEST", 3)


def plain(y: Any) -> list[np.ndarray]:
    return [np.asarray(a) for a in (y if isinstance(y, tuple) else (y,))]


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("shape", [(640,), (1003,), (40, 32), (37, 53), (5, 300)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_shared_loops(name, shape, dtype, small_tiles):
    f = FUNCTIONS[name]
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    compiled, before = bibun.jit(f), bibun.threads()
    found = []
    try:
        for n in (1, 2, 5):
            bibun.set_threads(n)
            found.append(plain(compiled(x)))
    finally:
        bibun.set_threads(before)
    for one, two, five, wanted in zip(*found, plain(f(x)), strict=True):
        assert one.tobytes() == two.tobytes() == five.tobytes()
        # n roundings of a sum of n numbers, of which the largest product is about 10.
        error = np.finfo(dtype).eps * x.size * 10
        np.testing.assert_allclose(one, wanted, rtol=error, atol=error)
        assert one.dtype == wanted.dtype and one.shape == wanted.shape


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - NEVER))
def test_long_loops_are_shared(name, small_tiles):
    text = bibun.jit(FUNCTIONS[name]).lower(np.ones((40, 32))).text("llvm")
    assert "call void @bibun_parallel" in text


def test_short_loops_are_not_shared():
    text = bibun.jit(lambda x: np.sum(np.tanh(x))).lower(np.ones(1000)).text("llvm")
    assert "bibun_parallel" not in text


def shared(code: Code) -> bool:
    return any(getattr(s, "parallel", False) for s in shares.shared(code).body.statements)


def overlapping(stride: int, inner: int, load: bool) -> bool:
    """Whether a loop is shared in which round i writes to stride * i + j."""
    code = Code()
    y = code.buffer("f8", 10_000, "out")
    with code.loop(100) as i:
        place = Place(0, ((i.counter.number, stride),))
        if load:
            code.store(y, place, code.load(y, place._replace(offset=stride)) + 1)
        with code.loop(inner) as j:
            both = ((i.counter.number, stride), (j.counter.number, 1))
            code.store(y, Place(0, both), code.constant(1, "f64"))
    return shared(code)


def test_rounds_that_touch_the_same_place_are_not_shared(small_tiles):
    assert overlapping(10, 10, False) and overlapping(10, 3, False)
    assert not overlapping(10, 11, False) and not overlapping(1, 2, False)
    assert not overlapping(0, 10, False)
    assert not overlapping(10, 10, True)


def test_rounds_that_go_one_after_the_other_are_not_shared(small_tiles):
    code = Code()
    x, y = code.buffer("f8", 1000, "in"), code.buffer("f8", 1000, "out")
    zero = code.constant(0, "f64")
    with code.loop(1000) as i:
        place = Place(0, ((i.counter.number, 1),))
        total = i.carry(zero)
        following = total + code.load(x, place)
        code.store(y, place, following)
        i.close(total, zero, following)
    assert not shared(code)


def test_values_from_outside_reach_the_threads(small_tiles):
    """Numbers of all kinds that a shared loop takes from before it."""
    code = Code()
    x, y = code.buffer("f4", 1000, "in"), code.buffer("f8", 1000, "out")
    first = code.load(x, Place(0, ()))
    scale, whole, negative = first.to("f64") * 2, first.to("i32"), first < 0
    with code.loop(1000) as i:
        place = Place(0, ((i.counter.number, 1),))
        v = code.load(x, place).to("f64") * scale + whole.to("f64")
        code.store(y, place, negative.where(v, v + i.counter.to("f64")))
    machine = Machine(Printer(shares.shared(code)).run())
    a, b = np.linspace(3, 5, 1000).astype("f4"), np.empty(1000)
    buffers = np.array([a.ctypes.data, b.ctypes.data])
    machine.function()(buffers.ctypes.data)
    np.testing.assert_array_equal(b, a.astype("f8") * 6 + 3 + np.arange(1000))
