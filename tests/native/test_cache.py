"""The store of compiled code: warm second processes, and whatever can be wrong with its files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.graph import Type
from bibun.native import cached, compiled, recalled, runtime, store
from bibun.native.jit import jitted
from bibun.native.kernel import Kernel
from bibun.native.linked import Machine

X = np.linspace(-2, 2, 37)

SCRIPT = """
import json, sys
import numpy as np
import bibun
from bibun.native import compiled

made, native = [], compiled.native
compiled.native = lambda *given: made.append(given) or native(*given)
step = bibun.jit(lambda w, x: w - 0.1 * bibun.grad(lambda w: np.sum(np.tanh(w * x)))(w))
y = step(np.linspace(0, 1, 37), np.linspace(-2, 2, 37))
print(json.dumps([len(made), y.tobytes().hex()]))
"""


def shape(x: Any) -> Any:
    """Some function of numbers, forward and backward."""
    return bibun.grad(lambda x: np.sum(np.exp(x) * x))(x)


def process(script: str, folder: Any, **environment: str) -> Any:
    """Start a process of its own, with its cache in this folder."""
    given = os.environ | {"XDG_CACHE_HOME": str(folder)} | environment
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", dedent(script)],
        env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def answer(started: Any) -> Any:
    """What a process has printed, as data."""
    out, error = started.communicate(timeout=120)
    assert started.returncode == 0, error
    return json.loads(out)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of its own for a test."""
    monkeypatch.setattr(store, "_noticed", [])
    monkeypatch.setattr(store, "_current", [])
    bibun.set_cache(tmp_path / "cache")
    yield tmp_path / "cache"


def kernels(folder: Path) -> list[Path]:
    """The files of code, beside those that tell which function has become which (test_recalled)."""
    return [f for f in folder.iterdir() if f.suffix != recalled.SUFFIX]


def compilations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The graphs that are compiled from now on."""
    found: list[Any] = []
    native = compiled.native
    monkeypatch.setattr(compiled, "native", lambda *given: found.append(given) or native(*given))
    return found


# ---------------------------------------------------------------- warm


def test_a_second_process_compiles_nothing(tmp_path):
    first, second = (answer(process(SCRIPT, tmp_path)) for _ in range(2))
    assert (first[0], second[0]) == (1, 0) and first[1] == second[1]


def test_processes_that_write_the_same_entry_at_once(tmp_path):
    started = [process(SCRIPT, tmp_path) for _ in range(4)]
    assert len({answer(p)[1] for p in started}) == 1
    (entry,) = kernels(tmp_path / "bibun")  # and no part of a file
    assert answer(process(SCRIPT, tmp_path))[0] == 0 and entry.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("with_extension", [True, False])
def test_code_from_the_store_is_what_was_compiled(folder, monkeypatch, with_extension):
    extension = runtime.extension() if with_extension else None
    made = compilations(monkeypatch)
    ways = [jitted(shape, (), (), extension) for _ in range(2)]
    first, second = (f(X) for f in ways)
    assert len(made) == 1 and first.tobytes() == second.tobytes()
    np.testing.assert_allclose(first, np.exp(X) * (X + 1), rtol=4e-15)  # some ulps each
    assert bibun.jit(shape).lower(X).text("llvm")  # lowering does not look into the store


def test_other_programs_types_and_makers_have_other_names(folder, monkeypatch):
    made = compilations(monkeypatch)
    bibun.jit(shape)(X)
    bibun.jit(shape)(X[1:].copy())
    bibun.jit(shape)(X.astype("f4"))
    bibun.jit(lambda x: shape(x) + 1)(X)
    monkeypatch.setattr(cached, "maker", lambda: "another version")
    bibun.jit(shape)(X)
    assert len(made) == 5 == len(kernels(folder))


def test_programs_with_numpys_calls_between_keep_their_native_parts(folder):
    def mixed(x: Any) -> Any:
        return (np.exp(x) * x).astype(np.float16).astype(float) * np.exp(x)

    first = bibun.jit(mixed)(X)
    assert len(list(folder.iterdir())) == len(bibun.jit(mixed).lower(X).native.texts) > 1
    np.testing.assert_array_equal(bibun.jit(mixed)(X), first)


def test_answers_and_sources_are_found_again(folder, monkeypatch):
    """Guards and arrays outside belong to the call, not to the code."""
    scale = np.full(37, 2.0)

    def decided(x: Any) -> Any:
        return x * scale if np.sum(x) > 0 else x - scale

    made = compilations(monkeypatch)
    for _ in range(2):
        f = bibun.jit(decided)
        for x in (X + 1, X - 1):
            np.testing.assert_array_equal(f(x), decided(x))
        scale[:] = 3
    assert len(made) == 2


def test_constants_and_workspace_of_a_kernel_are_data(folder):
    text = """define void @kernel(ptr %buffers) {
      %s = getelementptr ptr, ptr %buffers, i64 1
      %source = load ptr, ptr %s
      %target = load ptr, ptr %buffers
      %x = load i64, ptr %source
      store i64 %x, ptr %target
      ret void
    }"""
    table = np.array([[7, 8]])
    graph = bibun.jit(lambda: np.float64(1)).lower().graph
    made = Kernel(0, [], [], [table, np.empty((0, 3), "f4")], 4096, Machine(text), False, [1])
    again = cached.unpacked(cached.packed(made), graph.input_types, graph.output_types)
    assert [c.dtype for c in again.constants] == ["i8", "f4"] and again.workspace == 4096
    assert again.overwrites == [1]
    assert again.constants[1].shape == (0, 3) and again.outputs == [Type(np.dtype("f8"), ())]
    kernel = again._replace(inputs=[], outputs=[Type(np.dtype("i8"), ())])
    assert runtime.caller(kernel, None)() == [7]


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "longer", "other", "link"])
def test_damaged_entries_are_made_anew(folder, monkeypatch, damage):
    y = bibun.jit(shape)(X)
    (entry,) = kernels(folder)
    right = entry.read_bytes()
    wrong = bytearray(right)
    wrong[len(wrong) // 2] ^= 1
    changed = {"cut": right[:-100], "empty": b"", "longer": right + b"x", "other": b"hello"}
    entry.unlink()
    if damage == "link":  # to a place that others may be able to change
        (folder / "elsewhere").write_bytes(right)
        entry.symlink_to(folder / "elsewhere")
    else:
        entry.write_bytes(changed.get(damage, wrong))
    made = compilations(monkeypatch)
    for _ in range(2):
        assert bibun.jit(shape)(X).tobytes() == y.tobytes()
    assert len(made) == 1 and entry.read_bytes() == right and not entry.is_symlink()


def test_a_folder_in_the_place_of_an_entry_stays(folder):
    y = bibun.jit(shape)(X)
    (entry,) = kernels(folder)
    entry.unlink()
    entry.mkdir()
    with pytest.warns(UserWarning, match="keeps no compiled code") as noticed:
        for _ in range(2):
            assert bibun.jit(shape)(X).tobytes() == y.tobytes()
    assert len(noticed) == 1 and kernels(folder) == [entry]


def test_what_others_can_write_is_not_read(folder, monkeypatch):
    bibun.jit(shape)(X)
    (entry,) = kernels(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    made = compilations(monkeypatch)
    entry.chmod(0o622)
    bibun.jit(shape)(X)
    folder.chmod(0o777)
    bibun.jit(lambda x: x * 3)(X)
    assert len(made) == 2 and folder.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.warns(UserWarning, match="another user"):
        bibun.jit(shape)(X)
    assert len(made) == 3


# ---------------------------------------------------------------- no room, no home


def test_a_folder_that_cannot_be_made_is_one_line_of_notice(tmp_path, folder):
    (tmp_path / "file").write_text("no folder")
    bibun.set_cache(tmp_path / "file" / "cache")
    with pytest.warns(UserWarning, match="keeps no compiled code") as noticed:
        for k in range(3):
            np.testing.assert_array_equal(bibun.jit(lambda x, k=k: x + k)(X), X + k)
    assert len(noticed) == 1


FULL = """
import resource, warnings
import numpy as np, bibun

resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
with warnings.catch_warnings(record=True) as noticed:
    warnings.simplefilter("always")
    for k in range(3):
        y = bibun.jit(lambda x, k=k: np.exp(x) + k)(np.zeros(9))
        assert np.array_equal(y, np.full(9, 1.0 + k))
print(len(noticed))
"""


def test_a_full_disk_is_one_line_of_notice(tmp_path):
    """The system refuses what is longer than 500 bytes."""
    assert answer(process(FULL, tmp_path)) == 1
    assert list((tmp_path / "bibun").iterdir()) == []


def test_without_a_home_nothing_is_kept(folder, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    store._current.clear()
    with pytest.warns(UserWarning, match="no home directory"):
        np.testing.assert_array_equal(bibun.jit(lambda x: x + 1)(X), X + 1)


def test_set_cache_none_and_what_is_no_size(folder, monkeypatch):
    bibun.set_cache(None)
    made = compilations(monkeypatch)
    bibun.jit(shape)(X)
    bibun.jit(shape)(X)
    assert len(made) == 2 and not folder.exists()
    with pytest.raises(ValueError, match="0 or more"):
        bibun.set_cache(folder, bytes=-1)


def test_what_was_used_least_recently_goes(folder, monkeypatch):
    def program(k: int) -> Any:
        return bibun.jit(lambda x: np.exp(x) + k)

    program(0)(X)
    (first,) = kernels(folder)
    size = first.stat().st_size
    os.utime(first, ns=(10**18, 10**18))
    bibun.set_cache(folder, bytes=6 * size)
    for k in range(1, 10):
        program(k)(X)
        program(1)(X)  # used all the time
        total = sum(f.stat().st_size for f in folder.iterdir())
        assert total <= 6 * size
    made = compilations(monkeypatch)
    program(1)(X)
    assert made == [] and not first.exists()
