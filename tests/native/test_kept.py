"""Small results that are kept and written again: nobody who has any part of one ever sees that."""

from __future__ import annotations

import copy
import ctypes
import gc
import io
import pickle
import warnings
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from threading import Thread
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import runtime
from bibun.recording import threads

EXTENSION = runtime.extension()
SIZE, CALLS = 6, 9  # more calls than results are kept


def numbers(k: int) -> np.ndarray:
    return np.arange(float(SIZE)) + 10 * k


def plain(x: Any) -> Any:
    return x.sum(), (x * 2, x[:1].astype("f4"))


both = bibun.jit(plain)


def check(found: Any, x: np.ndarray) -> None:
    """Whether a result is that of x, and its arrays are like new ones."""
    total, (double, first) = found
    assert type(found) is type(found[1]) is tuple and len(found) == len(found[1]) == 2
    assert total == x.sum() and type(total) is np.float64 and first.dtype == "f4"
    for array, want in ((double, x * 2), (first, x[:1])):
        np.testing.assert_array_equal(array, want)
        assert array.base is None and array.flags.carray and array.flags.owndata
        assert array.strides == (array.itemsize,)


def others() -> None:
    """Calls that would write over what nobody has any more."""
    for k in range(2, 2 + CALLS):
        check(both(numbers(k)), numbers(k))


class Interface:
    """What gives no array, but tells where its memory is."""

    def __init__(self, array: np.ndarray):
        self.__array_struct__ = array.__array_struct__


def closure(array: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: array


def later(total: Any, parts: Any) -> Iterator[np.ndarray]:
    yield parts[0]


def out_of_band(array: np.ndarray) -> tuple[bytes, list[pickle.PickleBuffer]]:
    buffers: list[pickle.PickleBuffer] = []
    return pickle.dumps(array, protocol=5, buffer_callback=buffers.append), buffers


HOLDERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    # What is held of a result, and how numbers of its second array, doubled, are read from that.
    "all": (lambda r: r, lambda h: h[1][0]),
    "inner tuple": (lambda r: r[1], lambda h: h[0]),
    "array": (lambda r: r[1][0], lambda h: h),
    "view": (lambda r: r[1][0][1:], lambda h: [h[0] - 2, *h]),
    "view of a view": (lambda r: r[1][0].reshape(2, 3)[::-1].T, lambda h: h.T[::-1].ravel()),
    "memoryview": (lambda r: memoryview(r[1][0]), list),
    "of a memoryview": (lambda r: np.frombuffer(memoryview(r[1][0]).cast("B")), lambda h: h),
    "flat": (lambda r: r[1][0].flat, lambda h: h[:]),
    "nditer": (lambda r: np.nditer(r[1][0]), lambda h: [float(x) for x in h]),
    "method": (lambda r: r[1][0].tolist, lambda h: h()),
    "iterator": (lambda r: iter(r[1]), next),
    "generator": (lambda r: (2 * x / 2 for x in r[1][0]), list),
    "arguments": (lambda r: later(*r), next),
    "partial": (lambda r: partial(lambda total, parts: parts[0], *r), lambda h: h()),
    "exception": (lambda r: ValueError(*r), lambda h: h.args[1][0]),
    "out": (lambda r: np.add(r[1][0], 0, out=r[1][0]), lambda h: h),
    "out of band": (lambda r: out_of_band(r[1][0]), lambda h: pickle.loads(h[0], buffers=h[1])),
    "record": (lambda r: r[1][0].view([("all", "f8", SIZE)])[0], lambda h: h["all"]),
    "closure": (lambda r: closure(r[1][0]), lambda h: h()),
    "dict": (lambda r: vars(Interface(r[1][0])) | {"a": r[1][0]}, lambda h: h["a"]),
    "ctypes": (
        lambda r: r[1][0].ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
        lambda h: h[:SIZE],
    ),
    "from_buffer": (lambda r: (ctypes.c_double * SIZE).from_buffer(r[1][0]), list),
    "dlpack": (lambda r: np.from_dlpack(r[1][0]), lambda h: h),
    "interface": (lambda r: Interface(r[1][0]), np.asarray),
    "broadcast": (lambda r: np.broadcast_to(r[1][0], (2, SIZE)), lambda h: h[1]),
    "array of objects": (lambda r: np.array([r, None], object), lambda h: h[0][1][0]),
}


@pytest.mark.parametrize("name", HOLDERS)
@pytest.mark.parametrize("before", [0, 1, CALLS])
def test_what_is_held_never_changes(name, before):
    hold, read = HOLDERS[name]
    for _ in range(before):
        both(numbers(0))
    held = hold(both(numbers(1)))
    others()
    np.testing.assert_array_equal(read(held), 2 * numbers(1))


def test_numbers_that_are_held_never_change():
    for _ in range(CALLS):
        total = both(numbers(1))[0]
        key, shown, view = {both(numbers(1))[0]: "one"}, [both(numbers(1))[0]], memoryview(total)
        others()
        want = numbers(1).sum()
        assert total == want and key[want] == "one" and shown == [want]
        assert np.frombuffer(view, "f8") == want


def test_results_that_are_held_by_turns():
    """Loops still have the results of one call, or of several, while the next one runs."""
    for many in range(7):
        f = bibun.jit(plain)
        held: list[Any] = []
        for k in range(20):
            held = [*held, (numbers(k), f(numbers(k)))][-many:]
            for x, found in held:
                check(found, x)
    x = np.ones(SIZE)
    step = bibun.jit(lambda x: (x + 1, x))
    for k in range(20):
        x, old = step(x)  # what was written is read by the next call, and compared here
        np.testing.assert_array_equal(x, np.full(SIZE, k + 2.0))
        np.testing.assert_array_equal(old, np.full(SIZE, k + 1.0))


def put(array: np.ndarray, name: str, value: Any) -> None:
    """Set an attribute, which NumPy will not allow for ever."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        setattr(array, name, value)


@bibun.jit
def plus(x: Any) -> Any:
    return x + 1


HELD: list[np.ndarray] = []


def elsewhere(array: np.ndarray) -> None:
    """Give an array other memory, while somebody else takes the old one."""
    array.resize(10_000, refcheck=False)
    HELD.append(plus(numbers(0)))
    array.resize(SIZE, refcheck=False)


CHANGES: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    "numbers": lambda a, b: (a.fill(-1), b.fill(-1)),
    "read-only": lambda a, b: a.setflags(write=False),
    "shape": lambda a, b: put(a, "shape", (2, 3)),
    "an axis more": lambda a, b: put(a, "shape", (1, SIZE)),
    "no axes": lambda a, b: put(b, "shape", ()),
    "strides": lambda a, b: put(a, "strides", (0,)),
    "strides that do not matter": lambda a, b: put(b, "strides", (0,)),
    "dtype": lambda a, b: put(a, "dtype", np.dtype("i8")),
    "other byte order": lambda a, b: put(a, "dtype", np.dtype(">f8")),
    "larger": lambda a, b: a.resize(100, refcheck=False),
    "smaller": lambda a, b: a.resize(2, refcheck=False),
    "and back": lambda a, b: elsewhere(a),
    "state": lambda a, b: a.__setstate__((1, (SIZE,), a.dtype, False, numbers(3).tobytes())),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_users_change_in_an_array_is_not_in_later_ones(name):
    for _ in range(CALLS):
        CHANGES[name](*both(numbers(1))[1])
        others()
    double, first = both(numbers(1))[1]
    CHANGES[name](double, first)
    copied = double.copy(), first.copy()
    others()
    np.testing.assert_array_equal(double, copied[0])
    np.testing.assert_array_equal(first, copied[1])


def test_a_pickler_remembers_objects():
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    for k in range(CALLS):
        pickler.dump(both(numbers(k)))
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    for k in range(CALLS):
        check(unpickler.load(), numbers(k))
    memo: dict[int, Any] = {}
    copies = [copy.deepcopy(both(numbers(k)), memo) for k in range(CALLS)]
    for k, found in enumerate(copies):
        check(found, numbers(k))


def test_hashes_are_those_of_the_new_numbers():
    f = bibun.jit(lambda x: (x[0], (x[1], x.sum())))
    for k in range(CALLS):
        x = numbers(k)
        assert hash(f(x)) == hash((x[0], (x[1], x.sum())))


def test_weak_references_live_a_few_calls_longer_and_see_no_change():
    seen: list[Any] = []
    for k in range(CALLS):
        array = both(numbers(k))[1][0]
        seen.append(weakref.ref(array, lambda _: check(both(numbers(7)), numbers(7))))
        del array
        for j, one in enumerate(seen):
            alive = one()
            assert alive is None or (alive == 2 * numbers(j)).all()
            del alive
    assert any(one() is not None for one in seen)
    others()
    assert not any(one() is not None for one in seen)


def lives_on(f: Callable[[Any], Any]) -> bool:
    """Whether a result that nobody has is kept."""
    return weakref.ref(f(numbers(0))[1][0])() is not None


def test_those_who_keep_all_results_are_left_alone_for_a_while():
    f = bibun.jit(plain)
    f(numbers(0))  # compiles
    assert lives_on(f)
    held = [(numbers(k), f(numbers(k))) for k in range(20)]
    arrays = [weakref.ref(found[1][0]) for _, found in held]
    assert not lives_on(f)
    for x, found in held:
        check(found, x)
    del x, found
    held.clear()
    assert not any(one() is not None for one in arrays)
    for k in range(300):
        check(f(numbers(k)), numbers(k))
    assert lives_on(f)


def test_what_is_large_is_not_kept():
    f = bibun.jit(lambda x: (x + 1, x * 2))
    for n in (5000, 50):
        f(np.ones(n))  # compiles
        found = weakref.ref(f(np.ones(n))[0])
        assert (found() is None) == (n == 5000)


def test_no_collector_shows_a_result_that_is_written():
    found = both(numbers(1))
    assert not gc.is_tracked(found) and not gc.is_tracked(found[1])


def test_calls_that_have_no_answer_leave_no_trace():
    f = bibun.jit(lambda x: (x / x[0], x.sum()) if x[1] > 0 else (x - 1, x.sum() * 2))
    with np.errstate(all="ignore"):
        for k in range(3 * CALLS):
            x = numbers(k % 3) * (1 if k % 2 else -1) + (k % 4 == 0)
            want = (x / x[0], x.sum()) if x[1] > 0 else (x - 1, x.sum() * 2)
            for one, other in zip(f(x), want, strict=True):
                np.testing.assert_array_equal(one, other)


KIND, NUMBER = (np.dtype("f8"), (SIZE,)), (np.dtype("f8"), ())
RESULT = ("tuple", [("array", 0), ("tuple", [("array", 1)])])


def variant(body: Any, inputs: int = 1) -> Any:
    """A function of arrays whose native code is this body; it gives an array and a number."""
    address = ctypes.cast(body, ctypes.c_void_p).value
    kernel = EXTENSION.Kernel(address, [KIND] * inputs, [KIND, NUMBER], [], 0, body, False)
    given = ("tuple", [("array", k) for k in range(inputs)])
    f = EXTENSION.Function(None, threads)
    f.use([EXTENSION.Variant(kernel, given, ("dict", [], []), [], [], RESULT)])
    return f


def test_calls_within_calls():
    """What a call is going to write is nobody else's, as many as are under way."""
    found: list[Any] = []

    @ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_void_p))
    def body(buffers: Any) -> None:
        x = (ctypes.c_double * SIZE).from_address(buffers[0])
        if x[0] > 0:
            found.append(f(np.array(x) - 1))
        (ctypes.c_double * SIZE).from_address(buffers[1])[:] = [2 * v for v in x]
        ctypes.c_double.from_address(buffers[2]).value = sum(x)

    f = variant(body)
    for depth in (1, 3, 8, 8):
        x = np.full(SIZE, float(depth))
        found.append(f(x))
        for k, (double, (total,)) in enumerate(found):
            np.testing.assert_array_equal(double, np.full(SIZE, 2.0 * k))
            assert total == SIZE * k
        found.clear()


def test_threads_have_results_of_their_own():
    """Each call waits for another thread's, without the global lock."""
    wrong: list[Any] = []
    f = bibun.jit(lambda x: (x * 2, np.sum(np.sort(np.tile(x, 3000))) * 0 + x[0]))

    def work(k: int) -> None:
        x = np.full(SIZE, float(k))
        for _ in range(40):
            double, first = f(x)
            if not (double == 2 * k).all() or first != k:
                wrong.append((k, double, first))

    f(numbers(0))
    several = [Thread(target=work, args=(k,)) for k in range(6)]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join()
    assert not wrong
