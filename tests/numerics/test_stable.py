"""Functions with a gradient of their own, as explain writes them: pasted, and held to mpmath."""

import re

import numpy as np
import pytest

from bibun import grad, hessian, jit, jvp, vmap
from bibun.numerics import explain, rescue, strict

from .modules import module

mp = pytest.importorskip("mpmath")


def norm(x):
    return mp.sqrt(mp.fsum(v**2 for v in x))


# fmt: off
CASES = [  # an expression, where it fails in floats, elsewhere, and the same (as a sum) in mpmath
    ("np.log1p(x) / x", 0.0, [0.3, -0.9], lambda x: mp.log1p(x) / x if x else mp.mpf(1)),
    ("(np.cosh(x) - 1) / x**2", 0.0, [0.5, 3.0],
     lambda x: (mp.cosh(x) - 1) / x**2 if x else mp.mpf(1) / 2),
    ("np.sin(x - 1) / (x - 1)", 1.0, [1.2, 4.0], lambda x: mp.sinc(x - 1)),
    ("(x**3 - 8) / (x - 2)", 2.0, [1.0, 5.0], lambda x: x**2 + 2 * x + 4),
    ("x * (np.sqrt(x**2 + 1) - x)", 1e9, [3.0, -2.0], lambda x: x * (mp.sqrt(x**2 + 1) - x)),
    ("(np.tan(x) - np.sin(x)) / x**3", 1e-4, [0.4, 1.0],
     lambda x: (mp.tan(x) - mp.sin(x)) / x**3),
    ("np.log(3 * np.exp(x) + np.exp(2 * x))", 500.0, [1.0, -2.0],
     lambda x: mp.log(3 * mp.exp(x) + mp.exp(2 * x))),
    ("np.exp(x) / (3 + np.exp(x)) ** 2", 800.0, [1.0, -2.0],
     lambda x: mp.exp(x) / (3 + mp.exp(x)) ** 2),
    ("scipy.special.gamma(x + 1) / scipy.special.gamma(x)", 200.0, [3.0, 7.5], lambda x: +x),
    ("np.exp(x**2) * scipy.special.erfc(x)", 28.0, [0.5, 3.0],
     lambda x: mp.exp(x**2) * mp.erfc(x)),
    ("np.sqrt(1 + x**2) - 1", 1e200, [1.5, -3.0], lambda x: mp.sqrt(1 + x**2) - 1),
    ("np.log(1 + x**2) / 2", 1e160, [1.5, -3.0], lambda x: mp.log(1 + x**2) / 2),
    ("np.sum(x**4) ** 0.25", [1e90, 2e90], [[1.0, -2.0], [1e-90, 2e-90]],
     lambda x: mp.fsum(v**4 for v in x) ** 0.25),
    ("np.sum(x**100) ** 0.01", [3e4, 2e4], [[1.0, -2.0]],
     lambda x: mp.fsum(v**100 for v in x) ** (mp.mpf(1) / 100)),
    ("np.sum(x**2) ** 0.75", [0.0, 0.0], [[1.0, -2.0], [1e-90, 2e-90]],
     lambda x: mp.fsum(v**2 for v in x) ** 0.75),
    ("x / np.sqrt(np.sum(x**2))", [3e-200, 4e-200], [[1.0, -2.0]],
     lambda x: mp.fsum(x) / norm(x)),
    ("np.log(np.sum(np.array([2.0, 1.0]) * np.exp(x)))", [800.0, 799.0], [[1.0, -2.0]],
     lambda x: mp.log(2 * mp.exp(x[0]) + mp.exp(x[1]))),
    ("np.where(x > 0, x * np.log(x), 0.0)", [-1.0, 2.0], [[3.0, 0.5]],
     lambda x: mp.fsum(v * mp.log(v) for v in x if v > 0)),
    ("np.where(x < 1, np.sqrt(1 - x), (x - 1) ** 2)", [0.5, 2.0], [[3.0, -0.5]],
     lambda x: mp.fsum(mp.sqrt(1 - v) if v < 1 else (v - 1) ** 2 for v in x)),
]
# fmt: on


def exactly(exact, x):
    """The value in mpmath, and the gradient by central differences of 1e-60."""
    many = isinstance(x, list)
    point = [mp.mpf(v) for v in (x if many else [x])]

    def at(p):
        return exact(p if many else p[0])

    slopes = []
    for k, v in enumerate(point):
        h = mp.mpf(10) ** -60 * (abs(v) or 1)
        ends = [at([*point[:k], v + s * h, *point[k + 1 :]]) for s in (1, -1)]
        slopes.append(float((ends[0] - ends[1]) / (2 * h)))
    return float(at(point)), slopes if many else slopes[0]


@pytest.mark.parametrize("k", range(len(CASES)))
def test_what_is_pasted_has_the_proven_gradient(k, tmp_path):
    expression, x, elsewhere, exact = CASES[k]
    text = "def f(x):\n    y = {}\n    return y\n"
    before = module(tmp_path, f"before{k}", text.format(expression)).f
    with np.errstate(all="ignore"), rescue(False):
        found = explain(before, np.asarray(x)[()])
        edit = found.edit
        assert edit.definition.startswith("@bibun.custom_gradient\ndef ")
        assert all(len(line) <= 100 for line in edit.definition.splitlines())
        assert expression.count(edit.old) == 1
        mended = expression.replace(edit.old, edit.new)
        after = module(tmp_path, f"after{k}", f"{edit.definition}\n\n\n{text.format(mended)}").f
        for point in (x, *elsewhere):
            given = np.asarray(point)[()]
            with mp.workdps(1000):
                value, slope = exactly(exact, point)
            np.testing.assert_allclose(np.sum(after(given)), value, rtol=1e-11)
            g = grad(lambda x: np.sum(after(x)))(given)
            np.testing.assert_allclose(g, slope, rtol=1e-9, atol=1e-15 * abs(value))
        with mp.workdps(1000):
            exact_pair = exactly(exact, x)
        given = np.asarray(x)[()]
        pair = np.sum(before(given)), grad(lambda x: np.sum(before(x)))(given)
    good = [np.allclose(a, b, 1e-12, 0) for a, b in zip(pair, exact_pair, strict=True)]
    assert not all(good) or "where" in expression, "nothing was to be mended"


@pytest.mark.parametrize("k", [1, 6, 12, 16])
def test_it_runs_under_every_transform(k, tmp_path):
    expression, x, elsewhere, _ = CASES[k]
    text = "def f(x):\n    y = {}\n    return np.sum(y)\n"
    before = module(tmp_path, f"first{k}", text.format(expression)).f
    x, away = np.asarray(x)[()], np.asarray(elsewhere[0])[()]
    with rescue(False), np.errstate(all="ignore"):
        edit = explain(before, x).edit
        mended = text.format(expression.replace(edit.old, edit.new))
        after = module(tmp_path, f"second{k}", f"{edit.definition}\n\n\n{mended}").f
        g = grad(after)(x)
        np.testing.assert_allclose(jit(grad(after))(x), g, rtol=1e-12)
        np.testing.assert_allclose(vmap(grad(after))(np.stack([away, x]))[1], g, rtol=1e-12)
        slope = jvp(after, (x,), (np.ones_like(x),))[1]
        np.testing.assert_allclose(slope, np.sum(g), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(hessian(after)(away), hessian(before)(away), rtol=1e-8)


# ------------------------------------------------------------ where it stands

PLACES = {  # a program, what to call, and what to write for what
    "a helper over several lines": (
        """
def quotient(a,
             b):
    top = np.tanh(
        a
    )
    return (
        top
        / b
    )


def f(x):
    scale = 1.0
    return scale * quotient(x, x)
""",
        "stable_divide(a)",
    ),
    "a method": (
        """
class Model:
    def __init__(self, rate):
        self.rate = rate

    def __call__(self, v):
        return np.sin(v) / v * self.rate


def f(x):
    return Model(2.0)(x)
""",
        "stable_divide(v)",
    ),
    "a lambda in a comprehension": (
        """
def f(x):
    parts = [lambda u: np.expm1(u) / u, lambda u: u**2]
    return sum(part(w) for part in parts for w in (x,))
""",
        "stable_divide(u)",
    ),
    "a decorated function": (
        """
import functools


def twice(g):
    @functools.wraps(g)
    def call(*args):
        return 2 * g(*args)
    return call


@twice
def ratio(z):
    return np.arctan(z) / z


def f(x):
    return ratio(x)
""",
        "stable_divide(z)",
    ),
}


@pytest.mark.parametrize("where", PLACES)
def test_the_call_has_the_names_of_the_place(where, tmp_path):
    text, new = PLACES[where]
    name = "place" + str(list(PLACES).index(where))
    f = module(tmp_path, name, text).f
    found = explain(f, np.float64(0.0))
    assert found.edit.new == new and found.edit.definition
    assert found.edit.position.file == str(tmp_path / f"{name}.py")
    assert text.count(found.edit.old) == 1
    edited = found.edit.definition + "\n\n\n" + text.replace(found.edit.old, found.edit.new)
    after = module(tmp_path, f"{name}after", edited).f
    with rescue(False):
        assert np.isfinite(after(np.float64(0.0)))
        np.testing.assert_allclose(grad(after)(0.0), grad(f)(0.7e-6), atol=1e-5)


def test_a_name_that_means_something_else_by_now_is_not_written(tmp_path):
    text = "def f(x):\n    top = np.tanh(x)\n    low, x = x, 5.0\n    return top / low * x\n"
    found = explain(module(tmp_path, "renamed", text).f, np.float64(0.0))
    assert found.operation == "divide"
    assert found.edit is None or "(x)" not in found.edit.new


# ------------------------------------------------------------ where nothing can be written

# fmt: off
HOPELESS = [
    (lambda x: np.sqrt(x), 0.0, "infinite"), (lambda x: 1 / x, 0.0, "not exist|infinite"),
    (lambda x: x / np.abs(x), 0.0, "not exist"), (lambda x: np.log(x), -1.0, "not exist"),
    (lambda x: x**200, np.float64(1e10), "beyond the range"),
    (lambda x: x * np.sin(1 / x), 0.0, "not exist"),
]
# fmt: on


@pytest.mark.parametrize("f, x, text", HOPELESS)
def test_nothing_is_written_where_there_is_no_derivative(f, x, text):
    found = explain(f, np.float64(x))
    assert found.edit is None
    assert re.search(text, found.reason)
    assert found.reason in str(found)


def test_a_kink_is_one_only_if_nothing_smooths_it():
    with strict():
        sharp = explain(lambda x: np.abs(x), 0.0)
        smooth = explain(lambda x: np.abs(x) ** 3, 0.0)
    assert "kink" in sharp.reason and sharp.edit is None
    assert "right in floats" in smooth.reason and smooth.edit is None


def test_one_bad_number_in_a_large_array():
    x = np.linspace(-1, 1, 200_001)
    found = explain(lambda x, k: np.sum(np.sin(k * x) / x), x, k=1.0)
    assert found.place == (100_000,) and found.edit.definition
