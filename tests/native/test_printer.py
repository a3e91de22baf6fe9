"""Code that is printed, compiled and run gives what NumPy gives, whatever the extent."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bibun import jit, value_and_grad
from bibun.loops import Code, Place
from bibun.native.linked import Machine
from bibun.native.llvm import Printer

ONE = Place(0, ())


def run(code: Code, *arrays: np.ndarray) -> None:
    """Compile the code and run it on these buffers."""
    machine = Machine(Printer(code).run())
    machine.function()((ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in arrays)))


def guarded(n: int, dtype: str) -> np.ndarray:
    """Room for n results, and a number behind them that must stay."""
    return np.full(n + 8, 77, dtype)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 16, 17, 63, 100, 128, 1000, 4099])
def test_a_loop_in_vectors(n, dtype):
    rng = np.random.default_rng(n)
    code = Code()
    x, y = code.buffer(dtype, n, "in"), code.buffer(dtype, n, "out")
    total, most, negative = (code.buffer(d, 1, "out") for d in (dtype, dtype, "?"))
    with code.loop(n, lanes=True) as r:
        place = Place(0, ((r.counter.number, 1),))
        v = code.load(x, place)
        w = (v < 0).where(v, v * v + 2).sqrt()
        w = code.seldom(v < -1, w, lambda: v * 100)
        code.store(y, place, w)
        added = r.merge("add", code.constant(0, x.kind), w)
        largest = r.merge("max", code.constant(-np.inf, x.kind), v)
        some = r.merge("or", code.constant(False, "bool"), v < 0)
    code.store(total, ONE, added)
    code.store(most, ONE, largest)
    code.store(negative, ONE, some)
    a = np.abs(rng.standard_normal(n)).astype(dtype)
    a[::5] -= 3
    results = [guarded(n, dtype), guarded(1, dtype), guarded(1, dtype), guarded(1, "?")]
    run(code, a, *results)
    with np.errstate(invalid="ignore"):
        want = np.where(a < -1, a * 100, np.sqrt(np.where(a < 0, a, a * a + 2)))
    np.testing.assert_array_equal(results[0][:n], want)
    np.testing.assert_array_equal(results[0][n:], 77)
    np.testing.assert_allclose(results[1][0], want.sum(), rtol=2e-6 if dtype == "f4" else 1e-14)
    assert results[2][0] == a.max() and results[3][0] == (a < 0).any()


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
@pytest.mark.parametrize("n", [2, 3, 5, 8, 9, 10, 13, 17, 24, 31, 33, 40, 65])
def test_short_loops_read_what_others_stored(n, dtype):
    """One element further on, in reverse, one by one, and after a part of it was overwritten."""
    code = Code()
    x, y, z = (
        code.buffer(dtype, n, "in"),
        code.buffer(dtype, n, "out"),
        code.buffer(dtype, n, "out"),
    )
    w = code.buffer(dtype, n, "work")

    def loop(extent, buffer, offset, f, stride=1):
        with code.loop(extent, lanes=True) as r:
            i = r.counter.number
            code.store(buffer, Place(offset, ((i, stride),)), f(i))

    loop(n, w, 0, lambda i: code.load(x, Place(0, ((i, 1),))) * 2)
    loop(n, y, 0, lambda i: code.constant(0, x.kind))
    code.store(y, Place(n // 2, ()), code.load(w, Place(n - 1, ())))
    for offset, shift in ((1, 0), (0, 1), (1, 0)):
        read = Place(offset, ())
        loop(n - 1, y, offset, lambda i, read=read, shift=shift: (
            code.load(y, read._replace(strides=((i, 1),)))
            + code.load(w, Place(shift, ((i, 1),)))
        ))  # fmt: skip
    loop(n, z, n - 1, lambda i: code.load(y, Place(0, ((i, 1),))), -1)
    code.store(z, ONE, code.load(y, ONE) + code.load(z, Place(n - 1, ())))
    a = np.arange(1, n + 1).astype(dtype)
    results, space = [guarded(n, dtype), guarded(n, dtype)], np.zeros(64 * 64, "u1")
    run(code, a, *results, space)
    b, c = 2 * a, np.zeros_like(a)
    c[n // 2] = b[-1]
    for offset, shift in ((1, 0), (0, 1), (1, 0)):
        c[offset : n - 1 + offset] += b[shift : n - 1 + shift]
    d = c[::-1].copy()
    d[0] = c[0] + d[-1]
    for found, want in zip(results, (c, d), strict=True):
        np.testing.assert_array_equal(found[:n], want)
        np.testing.assert_array_equal(found[n:], 77)


def test_a_small_gradient_stores_its_results_alone_and_once():
    """A shift of ten numbers, and no memory for what is between."""

    def loss(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    x = np.linspace(-1.2, 1.0, 10)
    text = jit(value_and_grad(loss)).lower(x).text("llvm")
    stored = [line.split()[1] for line in text.splitlines() if line.lstrip().startswith("store")]
    lanes = sum(int(line[1:]) if line[0] == "<" else 1 for line in stored)
    assert lanes == 11 and "masked" not in text and "br " not in text


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("n", [8, 16, 31, 32, 48, 64, 100, 128, 130, 256, 1000])
def test_long_chains_run_side_by_side(n, dtype):
    """Several vectors are one where each operation of a round waits for the one before."""
    code, rng = Code(), np.random.default_rng(n)
    x, y = code.buffer(dtype, n, "in"), code.buffer(dtype, n, "out")
    most, count = code.buffer(dtype, 1, "out"), code.buffer("i4", 1, "out")
    with code.loop(n, lanes=True) as r:
        place = Place(0, ((r.counter.number, 1),))
        v = code.load(x, place)
        for _ in range(10):
            v = v * 0.5 + 1
        v = code.seldom(v < 1.9999, v, lambda: v - 1)
        code.store(y, place, v)
        largest = r.merge("max", code.constant(-np.inf, v.kind), v)
        small = r.merge("add", code.constant(0, "i32"), (v < 2).to("i32"))
    code.store(most, ONE, largest)
    code.store(count, ONE, small)
    if n % 64 == 0:
        assert f"<{256 // int(dtype[1])} x" in Printer(code).run()
    a, given = rng.standard_normal(n).astype(dtype), guarded(n, dtype)
    results = given, guarded(1, dtype), guarded(1, "i4")
    run(code, a, *results)
    wanted = a.copy()
    for _ in range(10):
        wanted = wanted * a.dtype.type(0.5) + a.dtype.type(1)
    wanted = np.where(wanted < 1.9999, wanted - 1, wanted)
    assert np.array_equal(given[:n], wanted) and (given[n:] == 77).all()
    assert results[1][0] == wanted.max() and results[2][0] == (wanted < 2).sum()


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 5), (8, 8), (17, 33), (40, 9)])
def test_sums_inside_and_across(n, m):
    """Sums along rows and along columns, and columns read against the order of memory."""
    code = Code()
    x = code.buffer("f8", n * m, "in")
    rows, columns = code.buffer("f8", n, "out"), code.buffer("f8", m, "out")
    zero = code.constant(0, "f64")
    with code.loop(n) as i:
        with code.loop(m, lanes=True) as j:
            place = Place(0, ((i.counter.number, m), (j.counter.number, 1)))
            total = j.merge("add", zero, code.load(x, place))
        code.store(rows, Place(0, ((i.counter.number, 1),)), total)
    with code.loop(m, lanes=True) as j:
        with code.loop(n) as i:
            place = Place((n - 1) * m, ((j.counter.number, 1), (i.counter.number, -m)))
            total = i.merge("add", zero, code.load(x, place))
        code.store(columns, Place(0, ((j.counter.number, 1),)), total)
    a = np.random.default_rng(n).standard_normal((n, m))
    by_row, by_column = guarded(n, "f8"), guarded(m, "f8")
    run(code, a, by_row, by_column)
    np.testing.assert_allclose(by_row[:n], a.sum(1), rtol=0, atol=1e-13)
    np.testing.assert_allclose(by_column[:m], a.sum(0), rtol=0, atol=1e-13)
    assert by_row[n] == by_column[m] == 77


@pytest.mark.parametrize("n", [1, 5, 8, 21])
def test_values_that_go_round(n):
    """Fibonacci's numbers, by two carried values; a place that is computed; a strided write."""
    code = Code()
    x, y = code.buffer("i8", n, "in"), code.buffer("i8", 2 * n, "out")
    one = code.constant(1, "i64")
    with code.loop(n) as r:
        a, b = r.carry(one), r.carry(one)
        code.store(y, Place(0, ((r.counter.number, 2),)), a)
        r.close(a, one, b)
        r.close(b, one, a + b)
    order = np.arange(n)[::-1].copy()
    with code.loop(n, lanes=True) as r:
        at = code.load(x, Place(0, ((r.counter.number, 1),)))
        code.store(y, Place(1, ((r.counter.number, 2),)), code.load(x, Place(0, ()), at) * 10)
    results = guarded(2 * n, "i8")
    run(code, order, results)
    fibonacci = [1, 1]
    while len(fibonacci) < n:
        fibonacci.append(sum(fibonacci[-2:]))
    assert results[: 2 * n : 2].tolist() == fibonacci[:n]
    assert results[1 : 2 * n : 2].tolist() == (10 * order[order]).tolist()
    assert results[2 * n] == 77


def test_what_was_stored_last_is_read():
    """Also where vectors are written over others in part, number by number, and in rounds."""
    code = Code()
    x, y = code.buffer("f8", 8, "in"), code.buffer("f8", 11, "out")
    between = code.buffer("f8", 8, "work")
    for start in (0, 2):
        with code.loop(4, lanes=True) as r:
            value = code.load(x, Place(2 * start, ((r.counter.number, 1),)))
            code.store(between, Place(start, ((r.counter.number, 1),)), value)
    code.store(between, Place(1, ()), code.load(x, ONE) * 10)
    for k in range(6):
        code.store(y, Place(k, ()), code.load(between, Place(k, ())))
    with code.loop(4, lanes=True) as r:
        place = Place(0, ((r.counter.number, 1),))
        code.store(between, place, code.load(x, place))
    with code.loop(4, serial=True) as around:
        code.store(y, Place(6, ((around.counter.number, 1),)), code.load(between, Place(1, ())))
        with code.loop(4, lanes=True) as r:
            place = Place(0, ((r.counter.number, 1),))
            code.store(between, place, code.load(between, place) + 1)
    code.store(y, Place(10, ()), code.load(between, Place(1, ())))
    a, found = np.arange(1.0, 9.0), guarded(11, "f8")
    space = np.zeros(64)
    run(code, a, found, space)
    assert "extractelement" in Printer(code).run()
    expected = [1, 10, 5, 6, 7, 8, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(found, [*expected, *[77] * 8])


@pytest.mark.parametrize("whole", [True, False])
def test_a_state_goes_round_in_a_register_if_rounds_write_all_of_it(whole):
    code, n = Code(), 4
    x, y, state = (code.buffer("f8", n, role) for role in ("in", "out", "work"))

    def each(source, target, change):
        with code.loop(n, lanes=True) as r:
            place = Place(0, ((r.counter.number, 1),))
            code.store(target, place, change(code.load(source, place)))

    each(x, state, lambda v: v)
    with code.loop(5, serial=True):
        if whole:
            each(state, state, lambda v: v * 2)
        else:
            code.store(state, Place(2, ()), code.load(state, ONE) + code.load(state, Place(2, ())))
    each(state, y, lambda v: v)
    text = Printer(code).run()
    assert ("phi <4 x double>" in text) is whole
    a, found, room = np.arange(1.0, 5), guarded(n, "f8"), np.zeros(64)
    run(code, a, found, room)
    np.testing.assert_array_equal(found[:n], a * 32 if whole else [1, 2, 8, 4])
