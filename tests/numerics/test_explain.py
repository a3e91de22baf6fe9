"""explain: which operation made inf or nan, where, and of what."""

import linecache
import re
import warnings
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import scipy.special

from benchmarks import zoo, zoo_arrays, zoo_densities, zoo_formulas, zoo_models
from benchmarks.zoo_cases import CHOSEN, FORMULAS
from benchmarks.zoo_silent import right
from bibun import grad
from bibun.errors import DtypeError
from bibun.numerics import explain, rescue, strict

from .modules import IMPORTS, module

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
    ("np.log(1 - scipy.special.expit(x))", 40.0, lambda x: -mp.log1p(mp.exp(x))),
    ("np.log((1 + scipy.special.erf(x)) / 2)", -7.0, lambda x: mp.log(mp.erfc(-x) / 2)),
    ("np.log(scipy.special.i0(x))", 800.0, lambda x: mp.log(mp.besseli(0, x))),
    ("x ** (x - 1.0) / np.exp(x * 7)", 200.0, lambda x: x ** (x - 1) / mp.exp(x * 7)),
]
# fmt: on


def written(folder, name, expression, definition=""):
    text = f"{definition}\n\ndef f(x):\n    y = {expression}\n    return y\n"
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
        after = written(tmp_path, f"mended{k}", mended, edit.definition)
        np.testing.assert_allclose(after(x), value, rtol=1e-12)
    np.testing.assert_allclose(grad(after)(x), slope, rtol=1e-9)
    with np.errstate(invalid="ignore"):
        assert not np.all(abs(before - value) <= 1e-12 * abs(value)), "nothing was to be mended"


def plain(expression, x):
    return eval(expression, {"np": np, "scipy": scipy, "x": x})


def test_arrays_from_outside_need_no_derivative(tmp_path):
    """By the weight 0 it would be exp(1000)."""
    expression = "np.log(np.sum(np.array([0.0, 2.0]) * np.exp(x)))"
    found = explain(written(tmp_path, "weights", expression), np.array([1000.0, 1.0]))
    mended = expression.replace(found.edit.old, f"({found.edit.new})")
    after = written(tmp_path, "weights_mended", mended, found.edit.definition)
    with rescue(False):
        np.testing.assert_allclose(grad(after)(np.array([1000.0, 1.0])), [0, 1], rtol=1e-15)


def test_where_only_terms_of_the_derivative_cancel_the_operation_is_named(tmp_path):
    expression, x = "np.sin(0.3 * x) / np.sin(x)", 1e-6
    found = explain(written(tmp_path, "cancelled", expression), x)
    assert (found.what, found.operation) == ("the derivative", "divide")
    mended = expression.replace(found.edit.old, f"({found.edit.new})")
    after = written(tmp_path, "cancelled_no_more", mended, found.edit.definition)
    with mp.workdps(50), rescue(False):
        slope = mp.diff(lambda x: mp.sin(mp.mpf(0.3) * x) / mp.sin(x), mp.mpf(x))
        np.testing.assert_allclose(grad(after)(x), float(slope), rtol=1e-12)


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

SOME = [c for c in FORMULAS[::3] if c["id"] not in CHOSEN]


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
            operands = [np.broadcast_to(a, np.shape(y))[place] for a in plain]
            Watched.first = ufunc.__name__, place, operands
        return np.asarray(y).view(Watched)


@pytest.fixture(scope="module")
def explained():
    """What is said of each case, without conventions; the formulas are read from these copies."""
    formulas, found = {}, {}
    for rows in (zoo_formulas, zoo_models, zoo_densities, zoo_arrays):
        text = Path(rows.__file__).read_text()
        formulas |= edited(text.replace(HEAD, f"{IMPORTS}{HEAD}", 1))
    spaces = zoo.make()[:2]
    for case in SOME:
        f = partial(formulas[case["id"]], *spaces)
        with np.errstate(all="ignore"), warnings.catch_warnings(), strict():
            warnings.simplefilter("ignore")
            found[case["id"]] = explain(f, *case["args"])
    return found


HEAD = "ROWS: list[Formula] = []"
NUMBERS = count()
TEXTS = {}  # of edited copies, by the names of their files


def edited(text):
    """The formulas of an edited copy of their file, by the names of the cases."""
    file = f"<zoo {next(NUMBERS)}>"
    TEXTS[file] = text
    linecache.cache[file] = len(text), None, text.splitlines(True), file
    names = {"__name__": "edited", "__file__": zoo.__file__}
    exec(compile(text, file, "exec"), names)
    return {row.name.replace("_", "-"): row.f for row in names["ROWS"]}


def pasted(edit):
    """The formulas after an edit, as somebody would make it."""
    line, last, start, end = list(edit.position.code.co_positions())[edit.position.offset // 2]
    lines = TEXTS[edit.position.file].encode().split(b"\n")
    new = f"({edit.new})".encode()
    lines[line - 1 : last] = [lines[line - 1][:start] + new + lines[last - 1][end:]]
    text = b"\n".join(lines).decode()
    return edited(text.replace(HEAD, f"{edit.definition}\n\n\n{HEAD}", 1))


def test_gradients_that_are_generated_run_where_they_are_pasted(explained):
    """In plain floats the derivative is then what mpmath says; where not, that has been said."""
    edits = [
        c
        for c in SOME
        if (e := explained[c["id"]])
        and e.edit
        and e.edit.definition
        and e.edit.position.file in TEXTS  # and not in a helper of another file
    ]
    right_after, others = 0, []
    assert len(edits) > 30
    for case in edits[::3]:
        found = explained[case["id"]]
        f = pasted(found.edit)[case["id"]]
        with rescue(False), np.errstate(all="ignore"):
            gradients = zoo.functional(f, *zoo.make()[:2], case["args"], case["wrt"])[1]
        good = right(case, gradients)
        right_after += good
        others += [] if good or found.reason else [case["id"]]
    assert right_after > 8
    assert not others


def test_where_there_is_no_edit_a_sentence_says_why(explained):
    said = {k: e.reason for k, e in explained.items() if e is not None and e.edit is None}
    assert len(said) > 15 and all(said.values())
    needed = {"subgrad": "kink|not exist", "inf": "infinite|beyond", "undefined": "not exist|kink"}
    for case in SOME:
        if case["rule"] in needed and case["id"] in said:
            assert re.search(needed[case["rule"]], said[case["id"]]), case["id"]


def test_values_that_overflow_are_blamed_as_numpy_sees_them(explained):
    checked, spaces = 0, (np, scipy.special)
    for case in SOME:
        f = partial(case["fn"], *spaces)
        Watched.first = None
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f(*(np.asarray(a).view(Watched) for a in case["args"]))
        found = explained[case["id"]]
        if Watched.first is not None:
            checked += 1
            assert found.what == "the value", case["id"]
            name, place, operands = Watched.first
            # NumPy takes other functions where x**2, x**0.5 or x**-1 is written.
            powers = {"power"} if name in ("square", "sqrt", "reciprocal") else set()
            assert found.operation in {name, *powers}, case["id"]
            assert found.place == place, case["id"]
            if found.operation == name:
                np.testing.assert_array_equal(found.operands, operands, case["id"])
    assert checked > 20
