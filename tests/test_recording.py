"""What a trace keeps: equal programs, snapshots, lifetimes, threads, depth."""

import copy
import gc
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import bibun
from bibun import Variable, grad
from bibun.array import Array
from bibun.derivative.derived import CACHE
from bibun.errors import EscapedError
from bibun.graph import Type
from bibun.recording import Trace, recording
from bibun.walk import build

VECTOR = Type(np.dtype(float), (3,))


def graph(f, *types):
    """The graph of a function."""
    return build(types, lambda *xs: [f(*xs)])


def test_equal_programs_have_equal_keys():
    f = graph(lambda x: np.sum(np.sin(x) * 2.0), VECTOR)
    assert f == graph(lambda y: np.sum(np.sin(y) * 2.0), VECTOR)
    assert f.key != graph(lambda x: np.sum(np.sin(x) * 3.0), VECTOR).key
    assert f.key != graph(lambda x: np.sum(np.sin(x) * 2.0), VECTOR._replace(shape=(4,))).key
    assert f.key != graph(lambda x: np.sum(np.sin(x) * -0.0), VECTOR).key
    assert graph(lambda x: x * 0.0, VECTOR) != graph(lambda x: x * -0.0, VECTOR)


def test_the_order_of_recording_and_dead_code_do_not_matter():
    def other(x):
        np.exp(x)
        b = np.cos(x)
        return np.sin(x) + b

    assert graph(lambda x: np.sin(x) + np.cos(x), VECTOR) == graph(other, VECTOR)


def test_copies_and_pickles_have_equal_keys():
    f = graph(lambda x: np.sum(np.sin(x) * 2.0), VECTOR)
    for other in (copy.deepcopy(f), copy.copy(f), pickle.loads(pickle.dumps(f))):
        assert other is not f
        assert other.check().key == f.key
        assert other == f


def test_keys_are_the_same_in_another_process():
    program = (
        "import numpy as np, bibun; from bibun.walk import build; from bibun.graph import Type;"
        "print(build([Type(np.dtype(float), (3,))], lambda x: [np.sum(np.sin(x) * 2.0)]).key)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == graph(lambda x: np.sum(np.sin(x) * 2.0), VECTOR).key


def test_a_graph_prints_as_readable_text():
    assert str(graph(lambda x: np.sum(np.sin(x) * 2.0), VECTOR)) == (
        "%0: float64[3] = input\n"
        "%1: float64[3] = sin(%0)\n"
        "%2: float64[] = 2.0\n"
        "%3: float64[3] = expand<shape=(3,), axes=(-1,)>(%2)\n"
        "%4: float64[3] = multiply(%1, %3)\n"
        "%5: float64[] = sum<axes=(-1,)>(%4)\n"
        "return %5"
    )


def test_check_names_what_is_broken():
    f = graph(np.sin, VECTOR)
    broken = [
        (f.nodes[::-1], "inputs come first"),
        ((f.nodes[0], f.nodes[1]._replace(args=(1,))), "uses a node that does not come before it"),
        ((*f.nodes, f.nodes[1]), "stands twice"),
        ((f.nodes[0], f.nodes[1]._replace(type=VECTOR._replace(shape=(4,)))), "is not of type"),
    ]
    for nodes, words in broken:
        with pytest.raises(ValueError, match=words):
            bibun.graph.Graph(nodes, 1, (1,)).check()


def test_equal_entries_stand_once():
    trace = Trace()
    with recording(trace):
        x = Array(trace, trace.input(np.ones(3)), np.ones(3))
        assert (np.sin(x) * 2.0).index == (np.sin(x) * 2.0).index
        assert np.sin(x).index != np.cos(x).index


def test_positions_point_at_the_users_line():
    trace = Trace()
    with recording(trace):
        x = Array(trace, trace.input(np.ones(3)), np.ones(3))
        y = np.sin(x)
    where = trace.position(y.index)
    assert (where.file, where.source) == (__file__, "np.sin(x)")


def test_captured_arrays_are_snapshots():
    a = np.array([1.0, 2.0])

    def f(x):
        y = np.sum(x * a)
        a[:] = 5
        return y

    assert_array_equal(grad(f)(np.ones(2)), [1, 2])


def test_what_is_recorded_does_not_depend_on_where_arrays_lie_in_memory():
    with recording(Trace()) as trace:
        for _ in range(100):
            a = np.zeros(3)
            first, place = trace.capture(a), id(a)
            assert trace.capture(a) == first
            del a
            b = np.zeros(3)
            if id(b) == place:  # equal, but another array
                assert trace.capture(b) != first
                return
    raise AssertionError("no array came to lie where another had lain")


def test_a_read_only_array_that_owns_its_data_is_not_copied():
    a = np.ones(3)
    a.flags.writeable = False
    trace = Trace()
    with recording(trace):
        x = Array(trace, trace.input(np.ones(3)), np.ones(3))
        x * a
        view = np.ones(6)[::2]
        x * view
    kept = list(trace.captured.values())
    assert kept[0] is a
    assert not np.shares_memory(kept[1], view)


def test_the_argument_of_a_pullback_is_a_snapshot():
    x = np.array([1.0, 2.0])
    _, pullback = bibun.vjp(lambda x: x * x, x)
    x[:] = 100
    assert_array_equal(pullback(np.ones(2))[0], [2, 4])


def test_outside_a_recording_no_history_grows():
    x, average = Variable(np.ones(3)), 0.0
    counts = []
    for _ in range(1000):
        average = 0.9 * average + 0.1 * np.sum(x * x)
        counts.append(len(gc.get_objects()) if len(counts) in (0, 999) else 0)
    assert average.scope is None
    assert abs(counts[-1] - counts[0]) < 100  # the interpreter itself keeps a few


def test_the_second_call_finds_the_program_of_the_first():
    def f(x, k):
        return np.sum(np.sin(x) * k)

    g = grad(f)
    g(np.ones(3), 2.5)
    size = len(CACHE.kept)
    g(np.zeros(3), 2.5)
    assert len(CACHE.kept) == size
    for k in (3.0, 4.0, -7.0, 5.0):  # the constant became an input, and the answer stays right
        assert_allclose(g(np.zeros(3), k), [k, k, k])
    assert len(CACHE.kept) == size


def test_constants_that_are_equal_once_may_differ_later():
    def f(x, a, b):
        return x * a + np.sin(x) * b

    for a, b in [(2.0, 2.0), (3.0, 2.0), (3.0, 3.0), (0.0, -0.0), (1.0, 0.0), (float("nan"), 1.0)]:
        assert_array_equal(grad(f)(0.0, a, b), a + b)


def test_rules_are_not_applied_to_a_constant_that_has_changed():
    def f(x, one):
        return np.log(one + np.exp(x))

    assert grad(f)(1000.0, 1.0) == 1
    assert_allclose(grad(f)(1.0, 2.0), np.e / (2 + np.e))
    assert_allclose(grad(f)(1.0, 3.0), np.e / (3 + np.e))


def test_what_rules_do_does_not_depend_on_earlier_calls():
    f = lambda x, c: np.log(c + np.exp(x))  # noqa: E731
    assert grad(f)(1000.0, 1.0) == 1
    for c in (2.5, 3.5, 1.0, 4.5, 1.0):
        with bibun.numerics.rescue(False):
            found = grad(f)(1000.0, c)
        assert found == 1 if c == 1 else np.isnan(found)
    steep = lambda x, c: np.log(c - np.cos(x))  # noqa: E731
    for c in (1.5, 2.5, 1.0):
        found = grad(steep)(2e-8, c)
    assert_allclose(found, 1e8)


def test_an_argument_that_is_written_during_the_call():
    x = np.array([1.0, 2.0])

    def f(t):
        y = np.exp(t) * t
        x[:] = 50
        return np.sum(y)

    assert_allclose(grad(f)(x), np.exp([1.0, 2.0]) * [2.0, 3.0])


def test_the_cache_is_bounded():
    cache = bibun.derivative.derived.Cache(most=10)

    class Entry:
        varying: frozenset = frozenset()
        graph = range(4)

        def fits(self, trace):
            return True

    for k in range(100):
        cache.get(k, None, lambda varying: Entry())
    assert list(cache.kept) == [98, 99]
    cache.get(98, None, lambda varying: Entry())
    cache.get(100, None, lambda varying: Entry())
    assert list(cache.kept) == [98, 100]  # the least recently used goes first


def chain(n):
    def f(x):
        for _ in range(n // 2):
            x = np.sin(x) * 1.0001
        return x

    return f


def test_a_chain_of_a_hundred_thousand_operations():
    g = grad(chain(100_000))
    assert 0 < g(1e-3) < 200
    trace = Trace()
    with recording(trace):
        x = Array(trace, trace.input(np.float64(0.5)), np.float64(0.5))
        y = chain(100_000)(x)
    deep, _ = trace.close([x.index], [y.index])
    assert len(deep) > 100_000
    assert pickle.loads(pickle.dumps(copy.deepcopy(deep))).check() == deep


def test_eight_threads_at_once():
    def work(seed):
        rng = np.random.default_rng(seed)
        x, v = rng.standard_normal(5), Variable(rng.standard_normal(5))
        k = float(rng.integers(2, 9))
        for _ in range(30):
            with bibun.GradientTape() as tape:
                y = np.sum(np.sin(v) * k * x)
            assert_allclose(tape.gradient(y, v), np.cos(v.numpy()) * k * x)
            assert_allclose(grad(lambda x: np.sum(np.exp(x) * k))(x), np.exp(x) * k)
            hessian = bibun.hessian(lambda x: np.sum(np.exp(x) * k))(x)
            assert_allclose(hessian, np.diag(np.exp(x) * k))
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_threads_inside_a_traced_function():
    def f(x):
        with ThreadPoolExecutor(4) as pool:
            return sum(pool.map(lambda k: np.sum(np.sin(x * k)), range(1, 40)))

    x = np.linspace(0, 1, 4)
    expected = sum(k * np.cos(x * k) for k in range(1, 40))
    assert_allclose(grad(f)(x), expected, rtol=1e-12)  # the sum has 39 terms of both signs


def test_an_array_that_escapes_from_an_inner_function():
    def f(x):
        kept = []

        def inner(y):
            kept.append(y * x)
            return y * x

        grad(inner)(2.0)
        return kept[0] * x

    with pytest.raises(
        EscapedError, match=r"return it from that function \(has_aux=True\).*test_recording\.py"
    ):
        grad(f)(3.0)


def test_an_array_kept_from_an_earlier_call_is_a_number():
    kept = []

    def f(x):
        kept.append(x * x)
        return x * kept[0]

    assert grad(f)(3.0) == 9 + 3 * 2 * 3
    assert grad(f)(1.0) == 9


def test_values_decide_what_python_does():
    def f(x):
        y = x
        while y < 100:
            y = y * x
        return y if x > 2 else -y

    assert grad(f)(3.0) == 5 * 3.0**4


def test_traces_do_not_outlive_the_call():
    gc.collect()
    before = {id(o) for o in gc.get_objects() if type(o) is Trace}
    x = np.ones(100_000)
    grad(lambda x: np.sum(np.sin(x) ** 2))(x)
    gc.collect()
    after = {id(o) for o in gc.get_objects() if type(o) is Trace and o.values}
    assert after <= before


# ------------------------------------------------------------------------ runs that repeat the last


def test_a_run_that_leaves_its_guide():
    """The entries are those of a run without a guide, whichever branch the last run took."""

    def f(x, branch):
        y = np.sin(x) if branch != 1 else np.cos(x)
        z = np.sin(x) if branch != 2 else np.exp(y)  # stands already, in the first branch
        return np.sum(y * z) + (np.sum(np.sin(x)) if branch == 3 else 0.0)

    x = np.array([0.5, 1.0, 2.0])
    s, c = np.sin(x), np.cos(x)
    expected = [2 * s * c, c * c - s * s, c * np.exp(s) * (1 + s), 2 * s * c + c]
    order = np.random.default_rng(0).integers(4, size=40)
    for branch in order:
        found = bibun.grad(f)(x, branch)
        np.testing.assert_allclose(found, expected[branch], rtol=1e-13)


def test_a_guide_keeps_positions_apart():
    """Two lines that record the same are still two lines, also on another stack."""

    def f(x, first):
        if first:
            return _lines(np.sqrt(x))
        return _lines(np.sqrt(x))

    def _lines(y):
        lines.append(y.scope.position(y.index).line)
        return y

    lines: list[int] = []

    def deeper(n, *args):
        return deeper(n - 1, *args) if n else bibun.grad(f)(*args)

    for depth, first in ((0, True), (0, False), (5, True), (0, True), (3, False), (0, False)):
        deeper(depth, 2.0, first)
    start = f.__code__.co_firstlineno
    assert [line - start for line in lines] == [2, 3, 2, 2, 3, 3]
