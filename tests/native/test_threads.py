"""Jitted functions and threads, processes and interruptions."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import linked, runtime
from bibun.native.jit import jitted

EXTENSION = runtime.extension()


def together(count: int, work: Callable[[int], None]) -> None:
    """Run work(k) in so many threads, and raise what one of them has raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(k: int) -> None:
        start.wait()
        try:
            work(k)
        except BaseException as error:
            errors.append(error)

    several = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for t in several:
        t.start()
    for t in several:
        t.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("extension", [EXTENSION, None])
def test_the_same_and_different_functions_from_8_threads(extension):
    shared = jitted(lambda x: (np.sum(x * x) * x, x[0]), (), (), extension)
    by_value = jitted(lambda x: x * 2 if x[0] > 3 else x / 2, (), (), extension)
    own = [jitted(lambda x, k=k: {"y": x * k}, (), (), extension) for k in range(8)]

    def work(k: int) -> None:
        rng = np.random.default_rng(k)
        for i in range(150):
            x = rng.standard_normal(1 + (i * k) % 5 * 1000) + 3
            y, first = shared(x)
            np.testing.assert_allclose(y, np.sum(x * x) * x, rtol=1e-13)  # sums in other orders
            assert first == x[0]
            np.testing.assert_array_equal(by_value(x), x * 2 if x[0] > 3 else x / 2)
            np.testing.assert_array_equal(own[k](x)["y"], x * k)

    together(8, work)
    assert len(shared.signatures) == 5


def test_threads_that_need_the_same_code_compile_it_once():
    traced = []

    @bibun.jit
    def f(x: Any) -> Any:
        traced.append(threading.get_ident())
        time.sleep(0.05)
        return x + 1

    together(8, lambda k: np.testing.assert_array_equal(f(np.ones(3)), 2))
    assert len(traced) == 1


def test_another_thread_records_meanwhile():
    """Which traces are open is each thread's own matter."""
    f = bibun.jit(lambda x: x * x)
    x = np.array([1.0, 2.0])
    f(x)
    slope = bibun.grad(lambda y: np.sum(f(y)))

    def work(k: int) -> None:
        for _ in range(100):
            if k % 2:
                np.testing.assert_array_equal(slope(x), 2 * x)
            else:
                assert type(f(x)) is np.ndarray

    together(4, work)


def long_one() -> tuple[Any, np.ndarray]:
    """A function that takes about a second, and its argument."""
    f = bibun.jit(lambda x: np.sum(np.sqrt(np.abs(x[:, None] - x[None, :]))))
    x = np.linspace(0, 1, 1000)
    f(x)
    start = time.perf_counter()
    f(x)
    once = time.perf_counter() - start
    x = np.linspace(0, 1, int(1000 * (0.5 / once) ** 0.5))
    f(x)
    return f, x


def test_other_threads_run_during_a_long_call():
    f, x = long_one()
    ticks = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    other = threading.Thread(target=tick)
    other.start()
    start = time.perf_counter()
    f(x)
    end = time.perf_counter()
    stop.set()
    other.join()
    assert sum(start < t < end for t in ticks) > 5


@pytest.mark.usefixtures("interrupts")
def test_an_interruption_leaves_the_state_whole():
    step = bibun.jit(
        lambda state, x: {
            "w": state["w"] + np.sum(np.sqrt(np.abs(x[:, None] - x[None, :]))),
            "n": state["n"] + 1,
        },
        donate="state",
    )
    _, x = long_one()
    state = {"w": np.zeros(3), "n": np.zeros(1)}
    state = step(state, x)
    kept = {k: v.copy() for k, v in state.items()}
    timer = threading.Timer(0.1, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        while True:
            state = step(state, x)
            kept = {k: v.copy() for k, v in state.items()}
    timer.join()
    for k in state:
        np.testing.assert_array_equal(state[k], kept[k])
    again = step(state, x)
    assert again["n"] == kept["n"] + 1


def test_donated_memory_takes_turns_and_what_is_held_stays():
    step = bibun.jit(lambda w, x: (w - x, np.sum(w)), donate=0)
    x = np.ones(400_000)
    gc.collect()
    before = EXTENSION.memory()[1]
    w, _ = step(np.zeros(400_000), x)
    assert EXTENSION.memory()[1] >= before + 2 * w.nbytes
    w, _ = step(w, x)
    places = []
    for _ in range(6):
        w, _ = step(w, x)
        places.append(w.ctypes.data)
    assert len(set(places)) == 2 and places[::2] == [places[0]] * 3
    held = w
    for _ in range(3):
        w, _ = step(w, x)
    assert (held == -8).all() and (w == -11).all()
    with pytest.raises(ValueError):
        step(w, np.ones(3))
    assert (w == -11).all()
    del step
    gc.collect()
    assert EXTENSION.memory()[1] == before


def test_donated_arguments_have_to_be_there():
    with pytest.raises(TypeError, match=r"donate names 'v', and the function has no such argument"):
        bibun.jit(lambda w: w, donate="v")
    with pytest.raises(TypeError, match=r"takes names and numbers of arguments, not -1"):
        bibun.jit(lambda w: w, donate=-1)


# ---------------------------------------------------------------- processes

FORKED = """
import os, numpy as np, bibun
bibun.set_threads(2)
f = bibun.jit(lambda x: np.sum(np.sqrt(x)))
x = np.ones(3_000_000)
assert "@bibun_parallel" in f.lower(x).text("llvm")
f(x)
child = os.fork()
assert f(x) == 3_000_000 and bibun.threads() == 2
g = bibun.jit(lambda x: x + 1)
assert g(x)[0] == 2
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("done")
"""

SPAWNED = """
import multiprocessing, numpy as np, bibun

@bibun.jit
def f(x):
    return np.sum(x * x)

if __name__ == "__main__":
    f(np.ones(4))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(f, [np.ones(n) for n in (1, 2, 3)]))
"""


def run(program: str, tmp_path: Any, *options: str) -> str:
    file = tmp_path / "program.py"
    file.write_text(program)
    found = subprocess.run(
        [sys.executable, *options, file], capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, found.stderr
    return found.stdout + found.stderr


def test_fork_and_spawn(tmp_path):
    assert run(FORKED, tmp_path) == "done\n"
    found = run(SPAWNED, tmp_path)
    assert found == "[np.float64(1.0), np.float64(2.0), np.float64(3.0)]\n"


@pytest.mark.parametrize("instead", ["None", "types.SimpleNamespace()"])
def test_one_line_of_notice_without_the_extension(instead, tmp_path):
    found = run(
        f"""
import sys, types
sys.modules["bibun._runtime"] = {instead}
import numpy as np, bibun
f = bibun.jit(lambda x: x + 1)
g = bibun.jit(lambda x: (x, np.sum(x)))
print(f(np.ones(2)), g(np.ones(2)), bibun.threads())
bibun.set_threads(2)
""",
        tmp_path,
        "-Wdefault",
    )
    assert "[2. 2.] (array([1., 1.]), np.float64(2.0)) 1\n" in found
    assert found.count("bibun's C++ extension is missing") == 1


# ---------------------------------------------------------------- threads of native code

BODY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
PARALLEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


SHARED = """
declare void @bibun_parallel(ptr, ptr, i64, i64)
define void @part(ptr %x, i64 %start, i64 %stop) {
entry:
  br label %round
round:
  %i = phi i64 [%start, %entry], [%next, %round]
  %place = getelementptr i64, ptr %x, i64 %i
  %old = load i64, ptr %place
  %new = add i64 %old, %i
  store i64 %new, ptr %place
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %stop
  br i1 %more, label %round, label %done
done:
  ret void
}
define void @kernel(ptr %x) {
  call void @bibun_parallel(ptr @part, ptr %x, i64 1000, i64 10)
  ret void
}
"""


@pytest.mark.parametrize("alone", [False, True])
def test_native_code_shares_its_rounds(alone, monkeypatch):
    """Through the symbol that it is linked with: the extension's, or its stand-in."""
    if alone:
        monkeypatch.setattr(linked, "symbols", dict)
    x = np.ones(1000, np.int64)
    made = linked.Machine(SHARED)
    made.function()(x.ctypes.data)
    np.testing.assert_array_equal(x, np.arange(1000) + 1)


def test_the_number_of_threads():
    before = bibun.threads()
    assert 1 <= before <= len(os.sched_getaffinity(0))
    for wrong in (0, -1, 1.5, True, "2", 1025):
        with pytest.raises(ValueError, match="set_threads: a number from 1 to 1024"):
            bibun.set_threads(wrong)
    parallel = PARALLEL(runtime.symbols()["bibun_parallel"])
    try:
        for n in (1, 3, 2):
            bibun.set_threads(n)
            assert bibun.threads() == n
            rounds, by = [], set()

            @BODY
            def body(_: Any, start: int, stop: int, rounds=rounds, by=by) -> None:
                rounds.extend(range(start, stop))
                by.add(threading.get_ident())
                time.sleep(0.01)

            parallel(ctypes.cast(body, ctypes.c_void_p), None, 100, 7)
            assert sorted(rounds) == list(range(100)) and len(by) == n
    finally:
        bibun.set_threads(before)
