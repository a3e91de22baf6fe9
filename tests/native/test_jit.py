"""bibun.jit: the results of the plain function, whatever it decides, reads or is given."""

from __future__ import annotations

import datetime
import os
import random
import secrets
import subprocess
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import bibun
from bibun import errors

X = np.array([1.0, -2.0, 3.0])
RNG = np.random.default_rng(0)


def agrees(f: Any, *args: Any) -> Any:
    """The jitted function, after two calls that gave what the plain one gives."""
    compiled = bibun.jit(f)
    for _ in range(2):
        same(compiled(*args), f(*args))
    return compiled


def same(found: Any, wanted: Any) -> None:
    assert type(found) is type(wanted)
    if isinstance(wanted, tuple | list):
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            same(a, b)
    elif isinstance(wanted, dict):
        same(list(found.items()), list(wanted.items()))
    elif isinstance(wanted, np.ndarray | np.generic):
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
    else:
        assert found == wanted


def test_containers_go_in_and_out():
    def f(state: dict, scale: float, *rest: Any, name: str = "") -> Any:
        return {
            "w": state["w"] * scale,
            "all": [np.sum(state["w"]), *rest],
            "name": name,
            "n": None,
        }

    state = {"w": X, "b": (np.float32(2), X[:2])}
    agrees(f, state, 2.0, X)
    compiled = bibun.jit(f)
    same(compiled(state, 2.0, X, name="a"), f(state, 2.0, X, name="a"))
    same(compiled(state, 3.0, X, name="b"), f(state, 3.0, X, name="b"))
    assert len(compiled.signatures) == 2


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "i8", "u1", "?", "f2", "c16", ">f8"])
def test_dtypes_and_layouts(dtype):
    x = np.arange(24).reshape(4, 6).astype(dtype)
    for given in (x, x.T, x[::2, ::-3], x[:0], np.asfortranarray(x), x[1, 1]):
        agrees(lambda x: (x * 2, x.sum(), x == 3), given)
    fixed = x.copy()
    fixed.flags.writeable = False
    agrees(lambda x: x + x, fixed)


def test_results_belong_to_the_caller():
    f = bibun.jit(lambda x, y: (x, x + y, x + y, x[1:]))
    first, second, third, fourth = f(X, X)
    second[:] = 0
    assert not np.shares_memory(first, X) and third[0] == 2 and fourth[1] == 3 and X[0] == 1


def test_transforms_inside_and_outside():
    def f(x: Any) -> Any:
        return np.sum(np.maximum(x, 0) ** 3) if np.sum(x) > 0 else np.sum(x**2)

    for x in (X, -X):
        for made in (bibun.grad(f), bibun.value_and_grad(f), bibun.hessian(f)):
            agrees(made, x)
        agrees(lambda x: bibun.jvp(f, (x,), (x,)), x)
        agrees(lambda x: bibun.grad(lambda y: np.sum(bibun.grad(f)(y) ** 2))(x), x)
        same(bibun.grad(bibun.jit(f))(x), bibun.grad(f)(x))
        same(bibun.jit(bibun.grad(bibun.jit(f)))(x), bibun.grad(f)(x))
    g = bibun.vmap(bibun.jit(lambda x: np.sum(x**2)))
    same(g(np.stack([X, -X])), np.array([14.0, 14.0]))
    agrees(bibun.vmap(bibun.grad(lambda x: np.sum(x**3))), np.stack([X, -X]))
    v = bibun.Variable(X)
    square = bibun.jit(lambda: np.sum(v * v))
    with bibun.GradientTape() as tape:
        y = square()
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), 2 * X)


def test_decisions_are_remembered_each():
    def halved(x: Any) -> Any:
        steps = 0
        while np.sum(x) > 1:
            x, steps = x / 2, steps + 1
        return x, steps

    f = bibun.jit(halved)
    for scale in (1, 8, 3, 8, 0.1, 1):
        same(f(np.ones(2) * scale), halved(np.ones(2) * scale))
    assert f.signatures == ["(float64[2]) in 4 variants"]
    with pytest.raises(errors.TracingError, match=r"16 ways already.*bibun\.while_loop"):
        for k in range(40):
            f(np.ones(2) * 2.0**k)


def test_decisions_inside_of_a_gradient():
    def f(x: Any) -> Any:
        y = x * x
        return np.sum(y) if y[0] > 1 else np.sum(y * x)

    slope = bibun.jit(bibun.grad(f))
    for x in (X, 3 * X, X / 2):
        same(slope(x), bibun.grad(f)(x))


@pytest.mark.parametrize(
    ("f", "values"),
    [
        (lambda v, x: x * 2 if v > 0 else x * 3, (1.0, -1.0)),
        (lambda v, x: x * 2 if 1 in v else x * 3, ([1.0, 2.0], [0.0, 2.0])),
        (lambda v, x: x * int(v), (1.0, 3.0)),
        (lambda v, x: sum(x for _ in range(int(v))), (1, 3)),
        (lambda v, x: x * round(v), (1.0, 3.0)),
        (lambda v, x: bibun.grad(lambda u: u * x[0] if u > 0 else u * u * x[1])(v), (1.0, -3.0)),
        (lambda v, x: x * (v if np.sqrt(np.sum(v**2)) <= 1 else v / 8), ([0.25] * 3, [1.0] * 3)),
    ],
)
def test_what_a_variable_decides_is_asked_at_each_call(f, values):
    v = bibun.Variable(np.array(values[0]))
    g = bibun.jit(lambda x: f(v, x))
    bound = g.bind(X)
    for value in (*values, *values):
        v.assign(np.array(value))
        np.testing.assert_array_equal([g(X), bound()], [f(v, X)] * 2)


def test_what_an_array_from_outside_decides_in_a_gradient_is_asked_at_each_call():
    w = np.array(2.0)
    f = bibun.jit(lambda x: x * bibun.grad(lambda w: w**2 if w > 0 else w**3)(w))
    for value, slope in ((2.0, 4), (3.0, 6), (-1.0, 3)):
        w[...] = value
        np.testing.assert_array_equal(f(X), X * slope)


def test_what_is_met_outside_is_read_anew():
    weight, offset = bibun.Variable([1.0, 2.0, 3.0]), np.ones(3)
    f = bibun.jit(lambda x: x * weight + offset)
    np.testing.assert_array_equal(f(X), X * [1, 2, 3] + 1)
    weight.assign([5.0, 6.0, 7.0])
    offset[0] = 10
    np.testing.assert_array_equal(f(X), X * [5, 6, 7] + [10, 1, 1])


BYTES = bytearray(np.ones(4).tobytes())


@pytest.mark.parametrize(
    "f",
    [
        lambda w, x: x @ w.T,
        lambda w, x: x * w[1:] + w[0],
        lambda w, x: x * w[::-1, None, ::-1],
        lambda w, x: sum(x * row for row in w.reshape(-1, 2, 1)),
        lambda w, x: x * np.diagonal(w) + x @ w,
        lambda w, x: x * w.view(np.int64).view("q")[0],
        lambda w, x: x * np.lib.stride_tricks.sliding_window_view(w, (1, 2)),
        lambda w, x: bibun.grad(lambda w: np.sum((w @ x) ** 2))(w.T),
        lambda w, x: x * 2 if np.sum(x @ w.T) > 5 else x,
        lambda w, x: x * np.frombuffer(BYTES).reshape(2, 2),
    ],
)
def test_views_of_arrays_outside_are_read_anew(f):
    w, x = np.arange(4.0).reshape(2, 2), np.ones(2)
    g = bibun.jit(lambda x: f(w, x))
    bound = g.bind(x)
    for _ in range(3):
        np.testing.assert_array_equal([g(x), bound()], [f(w, x)] * 2)
        w *= 2
        np.frombuffer(BYTES)[:] += 1
    assert len(g.compiled) == 1


def test_an_array_that_the_function_itself_writes():
    def f(x: Any) -> Any:
        table = np.zeros(3)
        before = x + table
        table[1] = 5
        return before, x + table, x + table[::-1], x + table[:1]

    agrees(f, X)


def test_integers_decide():
    agrees(lambda n, x: sum(x * i for i in range(n)), np.int64(4), X)
    f = bibun.jit(lambda k, x: x[k], static_argnums=0)
    assert [f(k, X) for k in range(3)] == X.tolist() and len(f.signatures) == 3
    f = bibun.jit(lambda x, *, mode: x * (2 if mode == "twice" else 1), static_argnames="mode")
    assert f(X, mode="twice")[0] == 2 and f(X, mode="once")[0] == 1


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: x[x > 0], "shape that depends on the values"),
        (lambda x: x * RNG.normal(), "a random draw .normal. happens once"),
        (lambda x: x * np.random.rand(), "a random draw .rand. happens once"),
        (lambda x: x * random.random(), "a random draw .random. happens once"),
        (lambda x: x * time.time(), "a look at the clock"),
        (lambda x: x * time.monotonic_ns(), "a look at the clock"),
        (lambda x: x * datetime.datetime.now().second, "a look at the clock"),
        (lambda x: x * time.localtime().tm_sec, "a look at the clock"),
        (lambda x: (np.random.seed(0), x), "a random draw .seed."),
        (lambda x: x * secrets.randbelow(3), "a random draw .randbelow."),
        (lambda x: x * np.loadtxt(__file__), "reading a file"),
        (lambda x: x * len(open(__file__).name), "reading a file .open."),  # noqa: SIM115
        (lambda x: x * len(Path(__file__).read_text()), "reading a file .read_text."),
        (lambda x: x * int(time.strftime("%S")), "a look at the clock .strftime."),
        (lambda x: x * np.datetime64("now").astype(int), "a look at the clock .datetime64."),
        (lambda x: x * np.random.SeedSequence().entropy, "a random draw .SeedSequence."),
        (lambda x: x * stats.norm.rvs(), "a random draw .rvs."),
        (lambda x: x * stats.norm(0, 1).rvs(), "a random draw .rvs."),
        (lambda x: x * os.stat(__file__).st_size, "reading a file .stat."),
        (lambda x: x * Path(__file__).stat().st_size, "reading a file .stat."),
        (lambda x: x * len(subprocess.check_output(["true"])), "another process .check_output."),
        (lambda x: f"{x[0]:.2f}", "formatting needs the value"),
    ],
)
def test_what_cannot_be_compiled_says_so(f, words):
    with pytest.raises(errors.TracingError, match=words) as caught:
        bibun.jit(f)(X)
    assert "test_jit.py" in str(caught.value)


def test_a_time_that_is_given_is_no_look_at_the_clock():
    agrees(lambda x: x * time.gmtime(86400).tm_mday, X)


def test_an_open_file_is_read_outside():
    with open(__file__) as file, open(__file__, "rb") as raw:
        for f in (lambda x: x * len(file.readline()), lambda x: x * len(raw.read(3))):
            with pytest.raises(errors.TracingError, match=r"reading a file .read"):
                bibun.jit(f)(X)


def test_what_is_impure_stays_what_it_is_without_jit():
    assert np.isfinite(bibun.grad(lambda x: np.sum(x * time.time()))(X)).all()
    assert bibun.grad(lambda x: np.sum(x * len(Path(__file__).read_text())))(X)[0] > 0


@pytest.mark.parametrize("keys", [("a", "b"), (1, 2), ("a", 2)])
@pytest.mark.parametrize("donate", [(), 0])
def test_the_order_of_keys_is_part_of_a_signature(keys, donate):
    f = bibun.jit(lambda d: 2 * next(iter(d.values())), donate=donate)
    given = dict(zip(keys, (X, 3 * X), strict=True))
    for key in (*keys, *keys):
        turned = {k: given[k] for k in (key, *(k for k in keys if k != key))}
        np.testing.assert_array_equal(f(turned), 2 * given[key])


def test_the_order_of_named_arguments_is_part_of_a_signature():
    f = bibun.jit(lambda **k: 2 * next(iter(k.values())))
    for _ in range(3):
        np.testing.assert_array_equal([f(a=X, b=-X), f(b=-X, a=X)], [2 * X, -2 * X])


@dataclass(frozen=True)
class Options:
    sign: float


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0.0,), (-0.0,)),
        ((1,), (1.0,)),
        ((1,), (True,)),
        (np.float32(0), np.float32(-0.0)),
        ((("a", np.float64(0)),), (("a", np.float64(-0.0)),)),
        (frozenset({0.0}), frozenset({-0.0})),
        (Options(0.0), Options(-0.0)),
        (Decimal("1.0"), Decimal("1.00")),
    ],
)
def test_fixed_arguments_that_are_equal_and_not_the_same(one, other):
    f = bibun.jit(lambda x, fixed: x * len(repr(fixed)), static_argnums=1)
    for fixed in (one, other) * 2:
        np.testing.assert_array_equal(f(X, fixed), X * len(repr(fixed)))
    assert len(f.signatures) == 2


def test_nan_is_one_fixed_argument():
    f = bibun.jit(lambda x, *fixed: x * 2, static_argnums=(1, 2))
    for _ in range(3):
        f(X, float("nan"), (float("nan"), 1))
    assert len(f.signatures) == 1


def test_bad_arguments():
    with pytest.raises(TypeError, match="jit: a function is needed, not int"):
        bibun.jit(3)
    with pytest.raises(TypeError, match="jit of <lambda>: an argument of type set"):
        bibun.jit(lambda x, s: x, static_argnums=1)(X, {1})
    with pytest.raises(errors.DtypeError, match="an argument is an array of <U1"):
        bibun.jit(lambda x: x)(np.array(["a"]))


def test_errors_of_the_function_are_its_own():
    f = bibun.jit(lambda x: np.linalg.inv(x))
    same(f(np.eye(2)), np.eye(2))
    with pytest.raises(np.linalg.LinAlgError):
        f(np.zeros((2, 2)))
    same(f(np.eye(2)), np.eye(2))


def test_threads():
    f = bibun.jit(lambda x: np.sum(x * x) * x)
    wrong: list[int] = []

    def work(k: int) -> None:
        x = np.arange(k + 1.0)
        for _ in range(50):
            if not np.array_equal(f(x), np.sum(x * x) * x):
                wrong.append(k)

    several = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in several:
        t.start()
    for t in several:
        t.join()
    assert not wrong and len(f.signatures) == 8


def test_what_was_compiled_can_be_looked_at():
    lowered = bibun.jit(lambda x: np.sum(x * x)).lower(X)
    assert "multiply" in lowered.text("graph") and "fmul <4 x double>" in lowered.text("llvm")
    assert lowered.interpreted == []
    with pytest.raises(
        ValueError, match=r"the forms are .graph., .loops., .llvm. and .c\+\+., not 'c'"
    ):
        lowered.text("c")


def test_long_loops_that_run_round_by_round_are_refused_with_the_line():
    def f(x):
        for k in range(30_000):
            x = x * 1.5 + 0.5 if k * k % 97 < 40 else x * 0.5
        return x

    for g in (f, bibun.grad(f)):
        with pytest.raises(errors.TracingError, match=r"fori_loop") as raised:
            bibun.jit(g)(np.float64(0.5))
        assert "more than 20000 operations were recorded" in str(raised.value)
    with pytest.raises(errors.TracingError, match=r"test_jit.py:\d+: `x \* .*round by round"):
        bibun.jit(f)(np.float64(0.5))


def test_variables_are_assigned_outside():
    """An assignment would happen when the function is compiled, and at no later call."""
    v = bibun.Variable(np.zeros(2))

    def step(x: Any) -> Any:
        v.assign(v + 1)
        return x * 2

    for f in (bibun.jit(step), bibun.jit(lambda x: bibun.grad(lambda x: step(x).sum())(x))):
        with pytest.raises(errors.TracingError, match=r"assign it outside .*v.assign\(v \+ 1\)"):
            f(np.ones(2))
    np.testing.assert_array_equal(v, 0)


def test_arrays_from_outside_are_read_anew_inside_of_derivatives_too():
    scale = np.ones(2)
    slope = bibun.jit(bibun.grad(lambda x: np.sum(np.sin(x * scale))))
    curve = bibun.jit(bibun.vmap(bibun.grad(bibun.grad(lambda x: np.sum(np.sin(x * scale))))))
    for _ in range(2):
        np.testing.assert_allclose(slope(np.float64(1)), np.sum(scale * np.cos(scale)))
        np.testing.assert_allclose(curve(np.ones(3)), np.full(3, -np.sum(scale**2 * np.sin(scale))))
        scale[...] = [2.0, 3.0]


def test_fixed_values_that_hold_themselves():
    @dataclass(eq=False)
    class Node:
        weight: float
        other: object = None

    node = Node(2.0)
    node.other = node
    f = bibun.jit(lambda x, n: x * n.weight, static_argnums=1)
    np.testing.assert_array_equal(f(np.arange(3.0), node), [0, 2, 4])


def test_the_order_of_a_set_is_part_of_a_signature():
    f = bibun.jit(lambda x, s: x[next(iter(s)) // 8], static_argnums=1)
    x = np.arange(3.0)
    for s in (frozenset([0, 8]), frozenset([8, 0])):
        assert f(x, s) == x[next(iter(s)) // 8]
