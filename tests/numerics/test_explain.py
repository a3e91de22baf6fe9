"""explain: which operation made inf or nan, where, and of what."""

import importlib
import sys
import warnings
from functools import partial

import numpy as np
import pytest

from benchmarks import zoo
from benchmarks.zoo_cases import CASES
from bibun import grad
from bibun.errors import DtypeError
from bibun.numerics import explain, rescue, strict

mp = pytest.importorskip("mpmath")


def test_a_value():
    def f(x):
        y = np.exp(x)
        return np.sum(y - np.log(x - 1))

    found = explain(f, np.array([2.0, 3.0, 0.5]))
    assert (found.what, found.operation, found.place) == ("the value", "log", (2,))
    assert found.operands == (-0.5,) and np.isnan(found.result)
    assert found.position.source == "np.log(x - 1)"
    assert found.position.file == __file__


def test_a_derivative():
    def f(x):
        return np.sum(x**0.25 * np.array([1.0, 2.0]))

    found = explain(f, np.array([1.0, 0.0]))
    assert (found.what, found.operation, found.place) == ("the derivative", "power", (1,))
    assert found.result == np.inf


def test_the_first_one_is_named():
    def f(x):
        return np.sqrt(np.log(x)) / np.exp(1000 * x)

    found = explain(f, 0.5)
    assert found.operation == "sqrt" and found.operands == (np.log(0.5),)


def test_nothing_to_explain():
    assert explain(lambda x: np.sum(x**2), np.ones(3)) is None
    # The derivative of the quotient as it is written would be inf / inf.
    assert explain(lambda x: np.exp(x) / (1 + np.exp(x)), 400.0) is None


def test_integers_have_no_derivative():
    with pytest.raises(DtypeError):
        explain(np.sin, np.arange(3))


# ------------------------------------------------------------ what to write instead

# fmt: off
FAMILIES = [  # an expression, where floats fail, and the same in mpmath
    ("np.log(1 + np.exp(2 * x))", 800.0, lambda x: mp.log1p(mp.exp(2 * x))),
    ("np.log(np.exp(x) + np.exp(3 * x))", 500.0, lambda x: 3 * x + mp.log1p(mp.exp(-2 * x))),
    ("np.exp(x) / (1 + np.exp(x))", 750.0, lambda x: 1 / (1 + mp.exp(-x))),
    ("np.sqrt(x * x + (2 * x) * (2 * x))", 1e200, lambda x: mp.sqrt(5) * x),
    ("np.log(np.exp(x) - np.exp(x / 2))", 900.0, lambda x: mp.log(mp.exp(x) - mp.exp(x / 2))),
    ("np.exp(x) / np.exp(x - 3.0) * x", 800.0, lambda x: mp.exp(3) * x),
    ("np.sqrt(np.exp(x))", 1000.0, lambda x: mp.exp(x / 2)),
    ("np.log(x**2)", 1e-200, lambda x: 2 * mp.log(x)),
    ("np.sqrt(x + 1.0) - np.sqrt(x)", 1e14, lambda x: mp.sqrt(x + 1) - mp.sqrt(x)),
    ("1 / x - 1 / (x + 1.0)", 1e12, lambda x: 1 / x - 1 / (x + 1)),
    ("np.log(x + 1.0) - np.log(x)", 1e13, lambda x: mp.log1p(1 / x)),
    ("np.arctan(x + 1.0) - np.arctan(x)", 1e12, lambda x: mp.atan(x + 1) - mp.atan(x)),
    ("(1 - np.tanh(x)) ** 0.5", 15.0, lambda x: mp.sqrt(1 - mp.tanh(x))),
    ("(1 - np.sqrt(1 - x)) / x", 1e-9, lambda x: (1 - mp.sqrt(1 - x)) / x),
]
# fmt: on


def module(folder, name, text):
    (folder / f"{name}.py").write_text("import numpy as np\nimport scipy.special\n" + text)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


def written(folder, name, expression):
    text = f"\n\ndef f(x):\n    y = {expression}\n    return y\n"
    return module(folder, name, text).f


@pytest.mark.parametrize("k", range(len(FAMILIES)))
def test_what_is_pasted_mends_it(k, tmp_path):
    expression, x, exact = FAMILIES[k]
    with mp.workdps(1500):
        value, slope = float(exact(mp.mpf(x))), float(mp.diff(exact, mp.mpf(x), relative=True))
    x = np.float64(x)
    with rescue(False), np.errstate(all="ignore"):
        found = explain(written(tmp_path, f"family{k}", expression), x)
        before = np.array(plain(expression, x))
        edit = found.edit
        assert expression.count(edit.old) == 1
        mended = expression.replace(edit.old, f"({edit.new})")
        after = written(tmp_path, f"mended{k}", mended)
        np.testing.assert_allclose(after(x), value, rtol=1e-12)
    np.testing.assert_allclose(grad(after)(x), slope, rtol=1e-9)
    with np.errstate(invalid="ignore"):
        assert not np.all(abs(before - value) <= 1e-12 * abs(value)), "nothing was to be mended"


def plain(expression, x):
    return eval(expression, {"np": np, "x": x})


# ------------------------------------------------------------ the right line

# fmt: off
TROUBLE = [  # the line that goes wrong at the last of these numbers, in floats or without a slope
    ("y = np.log(x - 2.0)", 2.0), ("y = 1 / (x - 3.0)", 3.0), ("y = np.exp(x) * 2", 800.0),
    ("y = np.sqrt(x - 5.0)", 5.0), ("y = np.arccos(x) + x", 1.0), ("y = (x - 1) ** 0.25", 1.0),
    ("y = np.arctanh(x)", 1.0), ("y = x / np.abs(x)", 0.0), ("y = np.hypot(x, 1e200) ** 2", 1.0),
    ("y = x**200 * 1e-10", 1e4),
]
PLACES = {  # where the line stands: the file of helpers, and what calls them
    "a helper of a helper": ("""
def inner(x):
    shift = 0 * x
    {line}
    return y + shift

def outer(x):
    z = x * 1.0
    return inner(z) * 2
""", "outer(x)"),
    "a method": ("""
class Model:
    def __init__(self, scale):
        self.scale = scale

    def __call__(self, x):
        x = x * self.scale
        {line}
        return np.sum(y)
""", "Model(1.0)(x)"),
    "a loop in a closure": ("""
def make():
    def run(x):
        total = 0.0
        for k in range(3):
            {line}
            total = total + k * y
        return total
    return run
""", "make()(x)"),
    "a decorated function with defaults": ("""
import functools

def doubled(f):
    @functools.wraps(f)
    def call(*args, **kwargs):
        return 2 * f(*args, **kwargs)
    return call

@doubled
def rate(x, *, power=1):
    if power:
        {line}
    return y * power
""", "rate(x)"),
}
# fmt: on


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("k", range(len(TROUBLE)))
def test_the_line_is_named_wherever_it_stands(k, where, tmp_path):
    line, last = TROUBLE[k]
    text, call = PLACES[where]
    number = len(PLACES) * k + list(PLACES).index(where)
    helpers = module(tmp_path, f"helpers{number}", text.format(line=line))
    main = f"from helpers{number} import *\n\ndef f(x):\n    a = np.sin(x)\n    return {call} + a\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        f = module(tmp_path, f"main{number}", main).f
    found = explain(f, np.array([0.5, last])) if "Model" in call else explain(f, np.float64(last))
    lines = (tmp_path / f"helpers{number}.py").read_text().splitlines()
    assert found.position.file == helpers.__file__
    assert lines[found.position.line - 1].strip() == line


# ------------------------------------------------------------ without conventions

STRICT = [  # a function, where it stands, and the operation that has no derivative there
    (lambda x: np.sum(np.abs(x - 1)), [2.0, 1.0], "absolute", (1,)),
    (lambda x: np.sum(np.sort(x) * np.arange(3)), [2.0, 1.0, 2.0], "sort", (0,)),
    (lambda x: np.max(x) + np.sum(x), [2.0, 1.0, 2.0], "max", (0,)),
    (lambda x: np.sum(np.clip(x, 0, 1)), [0.5, 1.0], None, (1,)),
    (lambda x: np.linalg.norm(x), [0.0, 0.0], "norm", (0,)),
    (lambda x: np.sqrt(x[0] ** 2), [0.0, 1.0], "sqrt", ()),
    (lambda x: np.sum(np.floor(x)), [0.5, 2.0], "floor", (1,)),
    (lambda x: np.sum(np.maximum(x, 0.25)), [0.5, 0.25], "maximum", (1,)),
    (lambda x: np.linalg.svd(x.reshape(2, 2))[1][0], [1.0, 0.0, 0.0, 1.0], "svd", ()),
]


@pytest.mark.parametrize("f, x, operation, place", STRICT)
def test_strict_names_what_has_no_derivative(f, x, operation, place):
    assert explain(f, np.array(x)) is None
    with strict():
        found = explain(f, np.array(x))
        assert explain(f, np.array([0.3, 0.7, 0.9, 0.1][: len(x)])) is None or operation == "svd"
    assert found.place == place and found.operation == (operation or found.operation)
    assert found.what == "the derivative" and found.position.file == __file__


# ------------------------------------------------------------ difficult gradients from reports


def _plain(a):
    return a.view(np.ndarray) if isinstance(a, Watched) else a


class Watched(np.ndarray):
    """An array of NumPy's own that notes the first ufunc that makes inf or nan of numbers."""

    first = None

    def __array_ufunc__(self, ufunc, method, *args, **options):
        plain = [_plain(a) for a in args]
        if options.get("out"):
            options["out"] = tuple(map(_plain, options["out"]))
        y = getattr(ufunc, method)(*plain, **options)
        sound = all(np.isfinite(np.asarray(a, float)).all() for a in plain)
        if method == "__call__" and sound and not np.isfinite(y).all() and Watched.first is None:
            place = tuple(int(k) for k in np.argwhere(~np.isfinite(np.asarray(y)))[0])
            Watched.first = ufunc.__name__, place
        return np.asarray(y).view(Watched)


def test_values_that_overflow_are_blamed_as_numpy_sees_them():
    checked, spaces = 0, zoo.make()[:2]
    for case in CASES:
        f = partial(case["fn"], *spaces)
        Watched.first = None
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f(*(np.asarray(a).view(Watched) for a in case["args"]))
            found = explain(f, *case["args"])
        if Watched.first is not None:
            checked += 1
            assert found.what == "the value", case["id"]
            name, place = Watched.first
            # NumPy takes other functions where x**2, x**0.5 or x**-1 is written.
            powers = {"power"} if name in ("square", "sqrt", "reciprocal") else set()
            assert found.operation in {name, *powers}, case["id"]
            assert found.place == place, case["id"]
    assert checked > 30
