"""Calls of compiled functions: the same through the C++ extension and through ctypes."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import gc
import inspect
import pickle
import sys
import weakref
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import bibun
from bibun import errors
from bibun.graph import Type
from bibun.native import jitted as jitted_module
from bibun.native import runtime
from bibun.native.jit import jitted
from bibun.native.kernel import Kernel
from bibun.recording import threads

X = np.arange(6.0).reshape(2, 3)
EXTENSION = runtime.extension()
WAYS = {"extension": EXTENSION, "ctypes": None}


@pytest.fixture(params=WAYS)
def jit(request: pytest.FixtureRequest) -> Any:
    """bibun.jit with the extension, and without."""
    return lambda f, static=(), donate=(): jitted(f, static, donate, WAYS[request.param])


def direct(f: Any) -> Any:
    """f, which has only the ways that C++ knows from now on."""
    if type(f).__name__ == "Function":
        f.known.__self__.arguments = None
    return f


def test_the_extension_is_built_for_the_tests():
    assert EXTENSION is not None and type(bibun.jit(lambda x: x)).__name__ == "Function"


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1", "?", "q"])
def test_arguments_of_all_layouts(jit, dtype):
    f = jit(lambda x: (x + x, x.sum()))
    full = np.arange(48).reshape(4, 6, 2).astype(dtype)
    fixed = full[..., 0].copy()
    fixed.flags.writeable = False
    apart = np.empty(4 * 6 * full.itemsize + 1, "u1")[1:].view(dtype).reshape(4, 6)
    apart[:] = fixed
    f(fixed)
    direct(f)
    for x in (fixed, full[..., 1], np.asfortranarray(fixed), fixed[::-1, ::-1], apart):
        y, total = f(x)
        np.testing.assert_array_equal(y, x + x)
        assert total == x.sum() and type(total) is type(x.sum()) and y.dtype == (x + x).dtype
        assert y.flags.c_contiguous and y.flags.writeable and y.ctypes.data % 64 == 0


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "?"])
def test_numbers_and_arrays_without_axes(jit, dtype):
    f = jit(lambda x: x + x)
    one = np.dtype(dtype).type(1)
    f(one)
    direct(f)
    for x in (one, np.array(1, dtype)):
        assert f(x) == one + one and type(f(x)) is type(one + one)


def test_what_needs_python_is_right_all_the_same(jit):
    f = jit(lambda x, k=2: x * k)
    for _ in range(2):
        for x in (X, X.astype(">f8"), X.view(np.matrix), bibun.constant(X), X[:0], X[0], X > 2):
            plain = x.numpy() if isinstance(x, bibun.array.Array) else np.asarray(x)
            found = f(x)
            np.testing.assert_array_equal(found, plain * 2)
            assert type(found) is np.ndarray and found.dtype == (plain * 2).dtype
        np.testing.assert_array_equal(f(X, k=3), X * 3)
        np.testing.assert_array_equal(f(x=X, k=3), X * 3)


def test_arguments_by_name(jit):
    f = jit(lambda x, *, scale, table=None: x * scale if table is None else x + table["t"])
    table = {"t": np.ones(3)}
    for _ in range(2):
        np.testing.assert_array_equal(f(X, scale=2), X * 2)
        np.testing.assert_array_equal(f(X, scale=3), X * 3)
        np.testing.assert_array_equal(f(X, scale=2, table=table), X + 1)
        np.testing.assert_array_equal(f(X, table=table, **{"".join("scale"): 2}), X + 1)
        np.testing.assert_array_equal(f(table=None, scale=2, x=X), X * 2)
        direct(f)
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        jit(lambda x: x)(X, other=2)


def test_containers(jit):
    Pair = namedtuple("Pair", "a b")

    def f(p: dict, rest: list) -> Any:
        total = p["w"].sum() + rest[0]["b"]
        return {"w": p["w"] * total, "rest": [(total, None, "name")], "pair": Pair(total * 2, 1)}

    def g(p: dict, rest: list) -> Any:
        return {"w": p["w"] * 2, "rest": [({}, p["w"].sum(), None, "name")]}

    given = {"w": X, "c": ()}, [{"b": np.float64(2)}]
    for function in (f, g):
        compiled = jit(function)
        want = function(*given)
        other = dict(reversed(given[0].items())), given[1]
        compiled(*given)
        compiled(*other)
        direct(compiled)
        for args in (given, other):
            found = compiled(*args)
            assert list(found) == list(want) and str(found) == str(want)
    one_more = jit(g)
    one_more(*given)
    one_more({**given[0], "d": X}, given[1])
    one_more({"w": X, "d": ()}, given[1])
    one_more({"w": X, "c": []}, given[1])
    one_more({"w": X, "c": ()}, tuple(given[1]))
    assert len(one_more.signatures) == 5


def test_fixed_values_are_told_apart(jit):
    f = jit(lambda x, k: x if k is None else np.copysign(x, k) * len(str(k)))
    values = [0.0, -0.0, float("nan"), 1, True, 1.0, None, 10**30, "1", (1, 2), float("nan")]
    for _ in range(2):
        for k in values:
            if isinstance(k, str | tuple):
                continue
            want = X if k is None else np.copysign(X, k) * len(str(k))
            np.testing.assert_array_equal(f(X, k), want)
    g = jit(lambda x, k: x * len(k))
    for k in ("ab", "".join(["a", "b"]), "abc"):
        np.testing.assert_array_equal(g(X, k), X * len(k))
    assert len(g.signatures) == 2


def test_decisions_are_checked_at_each_call(jit):
    f = jit(lambda x: x * 2 if x.sum() > 0 else (x * 3 if x[0, 0] > -9 else x - 1))
    for x in (X, -X, X - 10):
        f(x)
    direct(f)
    for x in (X, X, -X, -X, -X, X - 10, X, -X, X - 10, X - 10):
        want = x * 2 if x.sum() > 0 else (x * 3 if x[0, 0] > -9 else x - 1)
        np.testing.assert_array_equal(f(x), want)


def test_what_is_met_outside_is_read_at_each_call(jit):
    v, table = bibun.Variable(X), np.ones(3)
    f = jit(lambda x: x * v + table)
    f(X)
    direct(f)
    v.assign(X + 1)
    table[1] = 5
    np.testing.assert_array_equal(f(X), X * (X + 1) + [1, 5, 1])


def test_an_array_outside_that_gets_another_shape(jit):
    table = np.ones(6)
    f = jit(lambda x: x + table)
    f(X[0, :1])
    table.shape = 2, 3
    np.testing.assert_array_equal(f(X[0, :1]), X[0, :1] + table)


def test_a_jitted_function_is_a_function(jit):
    class Model:
        scale = 3

        @jit
        def run(self, x: Any) -> Any:
            """Scaled."""
            return x * self.scale

    model = Model()
    for _ in range(3):
        np.testing.assert_array_equal(model.run(X), X * 3)
    assert Model.run.__name__ == "run" and Model.run.__doc__ == "Scaled."
    assert list(inspect.signature(Model.run).parameters) == ["self", "x"]
    assert repr(Model.run) == "<bibun.jit of run>"
    assert pickle.loads(pickle.dumps(at_the_top)) is at_the_top and copy.copy(at_the_top)
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        Model.run.other  # noqa: B018


@bibun.jit
def at_the_top(x: Any) -> Any:
    return x + 1


def test_results_are_arrays_like_others(jit):
    f = jit(lambda x: x + 1)
    y = f(X.ravel())
    copied = y.copy()
    if type(f).__name__ == "Function":
        assert y.base is None and y.flags.owndata
        y.resize(100, refcheck=False)
        np.testing.assert_array_equal(y[:6], copied)
        assert (y[6:] == 0).all()
        y.resize(2, refcheck=False)
    np.testing.assert_array_equal(y[:2], copied[:2])
    y[:] = 7
    assert f(X.ravel())[0] == 1
    assert pickle.loads(pickle.dumps(y)).tolist() == y.tolist()


def test_what_is_not_needed_any_more_is_collected():
    class Big:
        pass

    big = Big()
    alive = weakref.ref(big)
    f = bibun.jit(lambda x, big: x + 1)
    f(X, big)
    f.itself = f
    f(X, f)
    found = weakref.ref(f)
    del f, big
    gc.collect()
    assert found() is None and alive() is None


def test_memory_is_used_again_and_bounded():
    f = bibun.jit(lambda x: x + 1)
    x = np.ones(300_000)
    y = f(x)
    place = y.ctypes.data
    del y
    kept, limit = EXTENSION.memory()
    assert 300_000 * 8 <= kept <= limit
    assert f(x).ctypes.data == place
    EXTENSION.reserve(1000 - limit)
    try:
        assert EXTENSION.memory() == (0, 1000)
        np.testing.assert_array_equal(f(x), x + 1)
        assert EXTENSION.memory()[0] <= 1000
    finally:
        EXTENSION.reserve(limit - 1000)
    with pytest.raises(ValueError, match="below zero"):
        EXTENSION.reserve(-limit - 1)


def test_kernels_check_what_they_are_given():
    t = Type(np.dtype("f8"), (2, 3))
    compiled = bibun.jit(lambda x: x + 1)
    compiled(X)
    kernel = next(iter(compiled.compiled.values()))[0].kernel
    assert kernel.inputs == [t] and kernel.outputs == [t]
    for way in WAYS.values():
        call = runtime.caller(kernel, way)
        np.testing.assert_array_equal(call(X)[0], X + 1)
        for wrong in (X[0], X.astype("f4"), X.astype(">f8")):
            with pytest.raises(TypeError, match="kernel: "):
                call(wrong)
        with pytest.raises((TypeError, ValueError)):
            call(X, X)
    with pytest.raises(TypeError):
        EXTENSION.Kernel(0, [("f8", (2,))], [], [], 0, None, False)
    with pytest.raises(TypeError, match="a Kernel is needed"):
        EXTENSION.Variant(3, ("tuple", []), ("dict", [], []), [], [], ("fixed", None))
    with pytest.raises(TypeError, match="a Variant is needed"):
        compiled.use([3])


def test_a_kernel_gets_its_constants_and_a_workspace():
    """What native code is given: every buffer once, in the order of the interface."""
    seen = {}

    @ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_void_p))
    def body(buffers: Any) -> None:
        seen["places"] = [buffers[k] for k in range(5)]
        values = (ctypes.c_double * 2).from_address(buffers[0])
        (ctypes.c_double * 2).from_address(buffers[1])[:] = [2 * v for v in values]
        (ctypes.c_double * 1).from_address(buffers[2])[0] = sum(values)
        ctypes.memset(buffers[4], 0, 100_000)

    vector, number = Type(np.dtype("f8"), (2,)), Type(np.dtype("f8"), ())
    constant = np.arange(3)
    address = ctypes.cast(body, ctypes.c_void_p).value
    assert address
    kernel = Kernel(address, [vector], [vector, number], [constant], 100_000, body)
    for way in WAYS.values():
        y, total = runtime.caller(kernel, way)(np.array([1.0, 2.0]))
        assert y.tolist() == [2, 4] and total == 3.0 and type(total) is np.float64
        assert seen["places"][3] == constant.ctypes.data
        assert all(seen["places"][k] % 64 == 0 for k in (1, 2, 4))


LEAF = ("array", 0)


@pytest.mark.parametrize(
    ("structure", "given"),
    [
        (("list", [LEAF]), lambda x: [x]),
        (("dict", ["x"], [LEAF]), lambda x: {"x": x}),
        (("list", [("tuple", [LEAF])]), lambda x: [(x,)]),
    ],
)
def test_what_was_in_a_container_lives_as_long_as_the_call(structure, given):
    """Another thread may empty a list while native code reads the array that was in it."""
    alive, kind = [], (np.dtype("f8"), (2,))

    @ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_void_p))
    def body(buffers: Any) -> None:
        container.clear()
        alive.append(array() is not None)
        ctypes.memmove(buffers[1], buffers[0], 16)

    address = ctypes.cast(body, ctypes.c_void_p).value
    kernel = EXTENSION.Kernel(address, [kind], [kind], [], 0, body, False)
    f = EXTENSION.Function(None, threads)
    f.use([EXTENSION.Variant(kernel, ("tuple", [structure]), ("dict", [], []), [], [], LEAF)])
    x = np.array([1.0, 2.0])
    array, container = weakref.ref(x), given(x)
    del x
    np.testing.assert_array_equal(f(container), [1, 2])
    assert alive == [True] and array() is None


def test_calls_leave_nothing_behind():
    """Neither references nor memory."""
    v, table = bibun.Variable(X), np.ones(3)
    f = bibun.jit(lambda p, k: {"a": [p["x"] * v + table, p["x"][0, 0]], "k": k} if k else p)
    g = bibun.jit(lambda x: x + 1 if x[0, 0] > 0 else x - 1)
    given: list[Any] = [X, np.float64(1), np.asfortranarray(X), X.dtype, v.stored, table, 2.5]

    def many() -> None:
        for _ in range(3000):
            f({"x": X}, 2.5)
            f({"x": given[2]}, 2.5)
            g(X)
            g(-X)
            with contextlib.suppress(errors.DtypeError):
                g(np.array(["a"]))

    many()
    before = [sys.getrefcount(x) for x in given], sys.getallocatedblocks()
    many()
    after = [sys.getrefcount(x) for x in given], sys.getallocatedblocks()
    assert max(abs(a - b) for a, b in zip(before[0], after[0], strict=True)) < 10
    assert after[1] - before[1] < 1000


def test_many_kinds_of_arguments_are_reported_and_bounded(jit):
    f = jit(lambda x, k: x + k)
    with pytest.warns(RuntimeWarning, match=r"compiled for 64 kinds.*np\.float64\(rate\)"):
        for k in range(64):
            f(X, k)
    for k in range(64, jitted_module.MOST_KINDS + 20):
        f(X, k)
    assert len(f.signatures) == jitted_module.MOST_KINDS
    np.testing.assert_array_equal(f(X, 0), X)
    assert len(f.signatures) == jitted_module.MOST_KINDS
