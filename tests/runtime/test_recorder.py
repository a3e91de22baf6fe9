"""What the extension records in place of Python: the same entries, values, places and depths."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun
from bibun import quick
from bibun.array import UFUNCS, Array
from bibun.extension import load
from bibun.ops.elementwise import TABLE, binary, unary
from bibun.recording import Trace, recording

pytestmark = pytest.mark.skipif(load()[0] is None, reason="there is no extension")
TINY = np.nextafter(0, 1)


def with_numbers(x: Any) -> Any:
    y = 2 * x + 1.5 - x / 3
    return y * -0.0 + y * 0.0 + x * float("nan") + x * TINY + 10**15 * x + x**2


def with_arrays(x: Any) -> Any:
    y = x * x
    return np.sin(y) + np.exp(-y) * (x - y) + np.maximum(x, y)


def helper(x: Any) -> Any:
    return np.tanh(x) * x


def in_helpers(x: Any) -> Any:
    return helper(helper(x)) + (lambda z: z * z)(x)


def with_others(x: Any) -> Any:
    y = (x > 0) * x + np.sum(x) + np.ones(3) * x + x @ np.ones(3)
    return y.astype(np.float32) * np.float32(2) + y.reshape(3, 1) * y


PROGRAMS = [with_numbers, with_arrays, in_helpers]
POINTS = [
    np.array([0.3, -1.0, 2.0]), np.array([0.3, -1.0, 2.0], np.float32), np.float64(0.5),
    np.float32(0.5), np.array(0.5), np.ones((2, 0)), np.arange(6.0).reshape(2, 3).T,
    np.array([1 + 2j, 0.5]), np.arange(3),
]  # fmt: skip


def recorded(f: Callable[[Any], Any], x: Any, times: int) -> Trace:
    """The trace of the last of several runs, each under the guide of the one before."""
    guide = Trace().guide
    for _ in range(times):
        trace = Trace()
        trace.guide = guide
        with recording(trace):
            f(Array(trace, trace.input(x), x))
        guide = trace.structure()
    return trace


def without_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trace, "new", quick.new)
    for op in TABLE.values():
        if op.ufunc in UFUNCS and op.ufunc.nin in (1, 2):
            monkeypatch.setitem(UFUNCS, op.ufunc, {1: unary, 2: binary}[op.ufunc.nin](op))


def same_values(a: Trace, b: Trace) -> bool:
    pairs = zip(a.values, b.values, strict=True)
    return all(
        type(x) is type(y) and x.dtype == y.dtype and np.asarray(x).tobytes() == y.tobytes()
        for x, y in pairs
        if not isinstance(x, bibun.graph.Type)
    )


CASES = [(f, x) for f in PROGRAMS for x in POINTS] + [(with_others, POINTS[0])]


@pytest.mark.parametrize(("f", "x"), CASES)
def test_the_extension_records_what_python_does(
    f: Callable[[Any], Any], x: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(f, x, 1)  # what happens to these dtypes is planned the first time
    runs = [recorded(f, x, n) for n in (1, 2, 3)]
    without_extension(monkeypatch)
    for n, quickly in zip((1, 2, 3), runs, strict=True):
        slowly = recorded(f, x, n)
        assert quickly.entries == slowly.entries
        assert quickly.positions == slowly.positions
        assert quickly.depths == slowly.depths
        assert quickly.bits == slowly.bits
        assert same_values(quickly, slowly)


def test_places_are_right_though_the_first_run_took_another_way() -> None:
    """The first product of these dtypes is planned, which takes more frames than later ones."""
    x = np.ones(2, np.complex64)

    def inner(x: Any) -> Any:
        return np.power(x, x) * x

    places = [recorded(lambda x: inner(x), x, n).positions[1:] for n in (1, 2, 3)]
    assert {code.co_name for found in places for code, _ in found} == {"inner"}
    assert places[0] == places[1] == places[2]


def test_places_are_right_where_the_stack_is_another_one() -> None:
    def deeper(n: int, x: Any) -> Any:
        return np.sin(x) * x if n == 0 else deeper(n - 1, x)

    lines = set()
    for depth in (5, 5, 2, 5, 0, 0):
        trace = recorded(lambda x, n=depth: deeper(n, x), np.float64(0.5), 2)
        lines.add(tuple(str(trace.position(i)) for i in range(1, len(trace.entries))))
        for i in (1, 2):
            assert trace.positions[i][0].co_name == "deeper"
    assert len(lines) == 1


def test_a_run_that_leaves_its_guide_goes_on_without_one() -> None:
    trace = recorded(with_arrays, POINTS[0], 2)
    other = Trace()
    other.guide = trace.structure()
    with recording(other):
        x = Array(other, other.input(POINTS[0]), POINTS[0])
        y = np.cos(x * x) * x
        assert (x * x).index == 1  # stands once
    assert y.raw.tolist() == (np.cos(POINTS[0] ** 2) * POINTS[0]).tolist()
    assert len(other.entries) == len(set(other.entries)) == len(other.positions) == 4


def test_several_threads_record_into_one_trace() -> None:
    x = np.ones(4)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        guide = recorded(lambda x: [x := x * 1.5 for _ in range(400)], x, 1).structure()
        trace = Trace()
        trace.guide = guide
        with recording(trace):
            start = Array(trace, trace.input(x), x)

            def work(k: int) -> None:
                y = start
                for n in range(200):
                    y = y * 1.5 if (n + k) % 3 else np.sin(y)
                    assert (trace.values[y.index] == y.raw).all()

            threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(trace.entries) == len(set(trace.entries))
    assert len(trace.entries) == len(trace.values) == len(trace.positions) == len(trace.depths)


def test_errors_of_the_computation_and_of_the_call_pass() -> None:
    with pytest.raises(TypeError):
        bibun.grad(lambda x: np.sum(np.sin(x, x, x, x)))(np.ones(2))
    with pytest.raises(bibun.errors.ShapeError):
        bibun.grad(lambda x: np.sum(x[:2] * x))(np.ones(3))


def test_nothing_is_kept() -> None:
    x = np.ones(3)
    f = bibun.grad(lambda x: np.sum(with_arrays(x)))
    for _ in range(3):
        f(x)
    gc.collect()
    before = sys.getrefcount(None), len(gc.get_objects())
    for _ in range(200):
        f(x)
    gc.collect()
    after = sys.getrefcount(None), len(gc.get_objects())
    assert abs(after[0] - before[0]) < 200
    assert abs(after[1] - before[1]) < 200
    trace = recorded(with_arrays, x, 2)
    gone = weakref.ref(trace)
    del trace
    gc.collect()
    assert gone() is None
