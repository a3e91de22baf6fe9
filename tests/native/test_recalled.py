"""Ways that are found before any tracing: what a function sees decides, and nothing else does."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native import jitted, runtime, store
from bibun.native import recalled as recalling
from bibun.native.codes import Hidden
from bibun.native.familiar import Sight

X = np.linspace(0.5, 2, 7)
NUMBER = count()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of its own for a test."""
    monkeypatch.setattr(store, "_current", [])
    bibun.set_cache(tmp_path / "cache")
    with np.printoptions():
        yield tmp_path


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The functions that are traced from now on."""
    found: list[Any] = []
    captured = jitted.Captured
    monkeypatch.setattr(jitted, "Captured", lambda f, *a: found.append(f) or captured(f, *a))
    return found


def module(folder: Path, text: str, name: str = "") -> Any:
    """A module of the user's, from a file."""
    name = name or f"made{next(NUMBER)}"
    file = folder / f"{name}.py"
    file.write_text("import numpy as np\nimport bibun\n" + dedent(text))
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


# What is read, and what changes it; "" where the same program would do it in another process.
READS = {
    "global": ("A = 2.0\ndef f(x): return x * A", "A = 3.0"),
    "global that is a zero": ("A = 0.0\ndef f(x): return np.copysign(x, A)", "A = -0.0"),
    "type of a global": (
        "A = 1\ndef f(x): return x * (2 if isinstance(A, bool) else 3)", "A = True",
    ),
    "helper": ("def g(x): return x * 2\ndef f(x): return g(x)", "def g(x): return x * 3"),
    "helper of a helper": (
        "A = 2\ndef h(x): return x * A\ndef g(x): return h(x)\ndef f(x): return g(x)", "A = 4",
    ),
    "closure": (
        "def make(n):\n    def f(x): return x * n\n    return f\nf = make(2)", "f = make(5)",
    ),
    "default": ("def f(x, n=2): return x * n", "f.__defaults__ = (7,)"),
    "keyword default": ("def f(x, *, n=2): return x * n", "f.__kwdefaults__ = {'n': 7}"),
    "code": ("def f(x): return x + 1\ndef g(x): return x + 2", "f.__code__ = g.__code__"),
    "attribute of a function": ("def f(x): return x * f.n\nf.n = 2", "f.n = 3"),
    "attribute": (
        "class C:\n    n = 2\nc = C()\nc.m = 1\ndef f(x): return x * c.n + c.m", "c.m = 5",
    ),
    "attribute of a class": (
        "class C:\n    n = 2\nc = C()\ndef f(x): return x * c.n", "C.n = 5",
    ),
    "attribute of a base": (
        "class B:\n    n = 2\nclass C(B):\n    pass\nc = C()\ndef f(x): return x * c.n", "B.n = 5",
    ),
    "method": (
        "class C:\n    def g(self, x): return x + 1\nc = C()\ndef f(x): return c.g(x)",
        "C.g = lambda self, x: x + 2",
    ),
    "operator": (
        "class C:\n    def __mul__(self, x): return x + 1\nc = C()\ndef f(x): return c * x",
        "C.__mul__ = lambda self, x: x + 2",
    ),
    "property": (
        "class C:\n    m = 1\n    @property\n    def n(self): return self.m + 1\n"
        "c = C()\ndef f(x): return x * c.n", "c.m = 4",
    ),
    "computed attribute": (
        "class C:\n    table = {'n': 2}\n    def __getattr__(self, name): return self.table[name]\n"
        "c = C()\ndef f(x): return x * c.n", "C.table['n'] = 9",
    ),
    "slot": (
        "class C:\n    __slots__ = ('n',)\nc = C()\nc.n = 2\ndef f(x): return x * c.n", "c.n = 3",
    ),
    "field": (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    n: float = 2\n"
        "c = C()\ndef f(x): return x * c.n", "c.n = 3",
    ),
    "object made inside": (
        "class C:\n    def __init__(self): self.n = 2\ndef f(x): return x * C().n",
        "def new(self): self.n = 3\nC.__init__ = new",
    ),
    "base that is called": (
        "class B:\n    def __init__(self): self.n = 2\nclass C(B):\n    def __init__(self):\n"
        "        super().__init__()\ndef f(x): return x * C().n",
        "def new(self): self.n = 3\nB.__init__ = new",
    ),
    "list": ("A = [1, [2]]\ndef f(x): return x * A[1][0]", "A[1][0] = 3"),
    "dict": ("A = {'n': 2}\ndef f(x): return x * A['n']", "A['n'] = 3"),
    "order of a dict": (
        "A = {'n': 2, 'm': 3}\ndef f(x): return x * list(A.values())[0]",
        "A['n'] = A.pop('n')",
    ),
    "set": ("A = {2}\ndef f(x): return x * max(A)", "A.add(3)"),
    "array that decides": (
        "A = np.ones(3)\ndef f(x): return x * 2 if np.sum(A) > 2 else x * 3", "A[:] = 0",
    ),
    "array that is computed with": (
        "A = np.ones((2, 2))\ndef f(x): return x * (A @ A)[0, 0]", "A[:] = 3",
    ),
    "array that is read": ("A = np.ones(7)\ndef f(x): return x * A", "A[:] = 3"),
    "array behind a view": (
        "B = np.ones(9)\nA = B[1:8]\ndef f(x): return x * A.base[0]", "B[0] = 3",
    ),
    "Variable": ("A = bibun.Variable([1.0])\ndef f(x): return x * A", "A.assign([2.0])"),
    "number of NumPy's": ("A = np.float32(2)\ndef f(x): return x * A", "A = np.float64(3)"),
    "dtype": ("A = np.dtype('f4')\ndef f(x): return (x / 3).astype(A)", "A = np.dtype('f8')"),
    "module": (
        "import types\nA = types.ModuleType('A')\nA.n = 2\ndef f(x): return x * A.n", "A.n = 3",
    ),
    "namespace": (
        "import types\nA = types.SimpleNamespace(n=2)\ndef f(x): return x * A.n", "A.n = 3",
    ),
    "partial": (
        "from functools import partial\ndef g(n, x): return x * n\nf = partial(g, 2)",
        "f = partial(g, 3)",
    ),
    "wrapper of ours": (
        "def g(x): return np.sum(x ** 2)\nf = bibun.grad(g)", "f = bibun.grad(lambda x: x.sum())",
    ),
    "rule": (
        "@bibun.custom_jvp\ndef g(x): return np.sin(x)\n"
        "g.defjvp(lambda p, t: (g(p[0]), 10 * t[0]))\nf = bibun.grad(lambda x: np.sum(g(x)))",
        "g.defjvp(lambda p, t: (g(p[0]), 20 * t[0]))",
    ),
    "gradient of one's own": (
        "A = 2.0\n@bibun.custom_gradient\ndef g(x): return x, lambda t: t * A\n"
        "f = bibun.grad(lambda x: np.sum(g(x)))", "A = 3.0",
    ),
    "jitted function": (
        "A = 2\n@bibun.jit\ndef g(x): return x * A\ndef f(x): return g(x)", "A = 3",
    ),
    "function of NumPy's, replaced": (
        "import types\nown = types.SimpleNamespace(sin=np.sin)\ndef f(x): return own.sin(x)",
        "own.sin = np.cos",
    ),
    "builtin, replaced": ("def f(x): return sum([x, x])", "def sum(x): return x[0] * 5"),
    "environment": (
        "import os\ndef f(x): return x * float(os.environ.get('BIBUN_TEST', '2'))",
        "os.environ['BIBUN_TEST'] = '3'",
    ),
    "name that is computed": (
        "class C:\n    n = 2\ndef f(x): return x * getattr(C, 'n')", "C.n = 3",
    ),
    "dict of an object": ("class C:\n    n = 2\ndef f(x): return x * vars(C)['n']", "C.n = 3"),
    "globals": ("A = 2\ndef f(x): return x * globals()['A']", "A = 3"),
    "import": (
        "def f(x):\n    import os\n    return x * float(os.environ.get('BIBUN_TEST', '2'))",
        "import os\nos.environ['BIBUN_TEST'] = '5'",
    ),
    "module that is imported inside": (
        "import sys, types\nsys.modules['bibun_made'] = M = types.ModuleType('bibun_made')\n"
        "M.n = 2\ndef f(x):\n    import bibun_made\n    from math import pi\n"
        "    from bibun_made import n as m\n    return x * bibun_made.n + m * pi", "M.n = 3",
    ),
    "objects of NumPy's": (
        "A = 2\ndef f(x): return x[np.s_[1:]] * np.mgrid[0:2].sum() + A + np.finfo(x.dtype).eps",
        "A = 3",
    ),
    "large number": ("A = 10 ** 5000\ndef f(x): return x * (A % 7)", "A += 1"),
    "pattern": (
        "class C:\n    __match_args__ = ('n',)\n    n = 2\nc = C()\ndef f(x):\n"
        "    match c:\n        case C(2): return x\n        case _: return x * 2", "C.n = 3",
    ),
    "abstract class": (
        "from abc import ABC\nclass B(ABC): pass\nclass C: pass\nc = C()\n"
        "def f(x): return x * (2 if isinstance(c, B) else 3)", "B.register(C)",
    ),
    "thread's own": (
        "import threading\nA = threading.local()\nA.n = 2\ndef f(x): return x * A.n", "A.n = 3",
    ),
    "context": (
        "import contextvars\nA = contextvars.ContextVar('A', default=2)\n"
        "def f(x): return x * A.get()", "A.set(3)",
    ),
    "named tuple": (
        "from collections import namedtuple\nC = namedtuple('C', 'n')\nc = C(2)\n"
        "def f(x): return x * c.n", "c = C(3)",
    ),
    "subclass of a list": (
        "class C(list):\n    pass\nc = C([2])\ndef f(x): return x * c[0]", "c[0] = 3",
    ),
    "iterator": ("A = iter([2, 3, 4, 5, 6, 7, 8])\ndef f(x): return x * next(A)", ""),
    "generator": (
        "def g():\n    yield from range(2, 99)\nA = g()\ndef f(x): return x * next(A)", "",
    ),
    "cached function": (
        "from functools import lru_cache\nA = 2\n@lru_cache\ndef g(n): return n * A\n"
        "def f(x): return x * g(1)", "A = 3\ng.cache_clear()",
    ),
    "formatted attribute": (
        "class C:\n    n = 2\nc = C()\ndef f(x): return x * len('{0.n}'.format(c))", "C.n = 333",
    ),
    "enumeration": (
        "import enum\nclass C(enum.Enum):\n    n = 2\nA = C.n\ndef f(x): return x * A.value",
        "class C(enum.Enum):\n    n = 4\nA = C.n",
    ),
    "item that is asked for": (
        "from operator import itemgetter\nA = itemgetter('a')\n"
        "def f(x): return x * A({'a': 2, 'b': 3})", "A = itemgetter('b')",
    ),
    "subclass of a partial": (
        "from functools import partial\nclass P(partial): pass\ndef g(n, x): return x * n\n"
        "A = P(g, 2)\ndef f(x): return A(x)", "A = P(g, 3)",
    ),
    "object of a class in C": (
        "import array\nA = array.array('d', [2.0])\ndef f(x): return x * A[0]", "A[0] = 3.0",
    ),
    "subclass of a number": (
        "class C(np.float64):\n    n = 2\nc = C(1)\ndef f(x): return x * (float(c) * c.n)",
        "C.n = 3",
    ),
    "class of one name": (
        "class C: pass\nc = C()\ndef f(x): return x * (2 if isinstance(c, C) else 3)",
        "class C: pass",
    ),
    "registered class of one name": (
        "from abc import ABC\nclass B(ABC): pass\nclass C: pass\nc = C()\nB.register(C)\n"
        "def f(x): return x * (2 if isinstance(c, B) else 3)",
        "class B(ABC): pass\nclass D: pass\nD.__qualname__ = 'C'\nB.register(D)",
    ),
    "order of a set": ("A = {0, 8}\ndef f(x): return x + list(A)[0]", "A = {8, 0}"),
    "order of a set in code": (
        "def f(x):\n    for k in {0, 8}:\n        return x + k",
        "def f(x):\n    for k in {8, 0}:\n        return x + k",
    ),
    "printed array": (
        "A = np.array([1.23456])\ndef f(x): return x * float(str(A)[1:-1])",
        "np.set_printoptions(precision=2)",
    ),
    "equal namespaces": (
        "from types import SimpleNamespace as C\nA, B = C(n=1), C(n=1)\n"
        "def f(x): return x * (2 if A == B else 3)", "B.n = 2",
    ),
    "identity of equals": (
        "A = B = (1.5, 2)\ndef f(x): return x * (2 if A is B else 3)", "B = (*A[:1], 2)",
    ),
    "identity of what is no number": (
        "A = float('nan')\nB = [A]\ndef f(x): return x * (2 if A in B else 3)",
        "B = [float('nan')]",
    ),
    "slot behind a slot": (
        "class B:\n    __slots__ = ('n',)\nclass C(B):\n    __slots__ = ('n',)\n"
        "    def get(self): return super().n\nc = C()\nc.n = 1\nB.n.__set__(c, 2)\n"
        "def f(x): return x * c.get()", "B.n.__set__(c, 3)",
    ),
    "array that an object is": (
        "class C: pass\nc = C()\nA = np.full(7, 2.0)\n"
        "c.__array_interface__ = A.__array_interface__\ndef f(x): return x * np.asarray(c)",
        "A[:] = 3",
    ),
    "shape of an object": (
        "class C: pass\nc = C()\nc.shape = (2,)\ns = np.shape\n"
        "def f(x): return x * s(c)[0]", "c.shape = (3,)",
    ),
    "one variable of two functions": (
        "def make():\n    n = 2\n    def put(k):\n        nonlocal n\n        n = k\n"
        "    return put, lambda: n\nput, get = make()\n"
        "def f(x):\n    put(5)\n    y = x * get()\n    put(2)\n    return y",
        "_, get = make()",
    ),
    "attribute of a static method": (
        "A = staticmethod(len)\nA.n = 2\ndef f(x): return x * A.n", "A.n = 3",
    ),
    "subclass of an abstract class": (
        "from abc import ABC\nclass B(ABC): pass\nclass D(B): pass\nclass C: pass\nc = C()\n"
        "def f(x): return x * (2 if isinstance(c, B) else 3)", "D.register(C)",
    ),
    "sequence to match": (
        "from collections.abc import Sequence\nclass C:\n    def __len__(self): return 1\n"
        "    def __getitem__(self, i): return (2,)[i]\nc = C()\ndef f(x):\n    match c:\n"
        "        case [n]: return x * n\n        case _: return x", "Sequence.register(C)",
    ),
    "sign of no number": (
        "A = float('nan')\ndef f(x): return np.copysign(x, A)", "A = -A",
    ),
    "attribute of a jitted function": (
        "@bibun.jit\ndef g(x): return x\ng.n = 2\ndef f(x): return x * g.n", "g.n = 3",
    ),
    "attribute of a rule": (
        "@bibun.custom_jvp\ndef g(x): return x\ng.n = 2\ndef f(x): return x * g.n", "g.n = 3",
    ),
    "array that is no number": (
        "A = np.float64(2)\ndef f(x): return x * (2 if isinstance(A, np.generic) else 3)",
        "A = np.array(2.0)",
    ),
    "weak": ("n = 1\ndef f(x):\n    global n\n    n += 1\n    return x * n", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_what_a_function_reads_is_never_taken_from_before(folder, monkeypatch, name):
    """Each new jitted function does what the function itself would do now."""
    monkeypatch.delenv("BIBUN_TEST", raising=False)
    text, change = READS[name]
    made = module(folder, text)
    before = bibun.jit(made.f)(X)
    exec(change, vars(made))
    found = bibun.jit(made.f)(X)
    if change:  # otherwise the function changes what it reads
        np.testing.assert_allclose(found, made.f(X), rtol=1e-14)
    assert not np.array_equal(found, before), "this is no test"


def test_functions_of_libraries_are_told_apart():
    """What is known by its name alone has a name of its own."""
    known: dict[Any, Any] = {}
    for name in [n for n in sys.modules if n.split(".")[0] in ("bibun", "numpy", "math")]:
        for f in list(vars(sys.modules[name]).values()):
            sight = Sight()
            try:
                sight.value(f)
            except Hidden:
                continue
            if callable(f) and not isinstance(f, type):
                same = known.setdefault(tuple(sight.words), f)
                assert same is f or getattr(same, "__code__", f) is getattr(f, "__code__", None)
    assert len(known) > 500


UNORDERED = {
    "held": "A = {'a', 'b'}\ndef f(x): return [x for k in A]",
    "in code": "def f(x): return [x for k in {'a', 'b', 'c'}]",
    "made": "A = ['a', 'b']\ndef f(x): return [x for k in {*A}]",
    "comprehension": "A = ['a', 'b']\ndef f(x): return [x for k in {k for k in A}]",
    "set()": "A = ['a', 'b']\ndef f(x): return [x for k in set(A)]",
    "views": "A = {'a': 1}\nB = {'b': 2}\ndef f(x): return [x for k in A.keys() | B.keys()]",
    "view of a dict, given": "A = {'a': 1}\ndef g(k): return k\ndef f(x): return [x, g(A.items())]",
    "function of a view": (
        "A = {'a': 1}\ndef sorted(a): return [*(a - A.keys())]\n"
        "def f(x): return [x, sorted(A.keys())]"
    ),
    "clock": "def f(x): return x * np.array('now', 'M8[s]').astype(int)",
    "class of times": "A = 'no'\ndef f(x): return x * np.datetime64(A + 'w').astype(int)",
}


@pytest.mark.parametrize("name", UNORDERED)
def test_what_differs_from_process_to_process_is_hidden(folder, name):
    sight = Sight()
    with pytest.raises(Hidden):
        sight.value(module(folder, UNORDERED[name]).f)
        sight.settle()


def test_sets_without_an_order_are_found(folder, traced):
    text = """
    A = {"b": 2, "a": 3}
    def f(x, names):
        pairs = dict(zip(A.keys(), names.items(), strict=True))
        found = [x * v for k, v in A.items() if k in {"a", "b"} and k in sorted(A.keys())]
        return found, 2 * pairs["b"][1]
    """
    first = bibun.jit(module(folder, text, "same").f)(X, {"c": X, "d": X})
    del traced[:]
    again = bibun.jit(module(folder, text, "same").f)(X, {"c": X, "d": X})
    assert str(again) == str(first) and traced == []


FOUND = [
    "global", "helper of a helper", "closure", "keyword default", "attribute",
    "attribute of a class", "method", "property", "computed attribute", "slot", "field",
    "object made inside", "base that is called", "list", "dict", "set", "array that decides",
    "array that is read", "Variable", "number of NumPy's", "dtype", "module", "namespace",
    "module that is imported inside", "large number", "objects of NumPy's", "partial",
    "wrapper of ours", "rule", "gradient of one's own", "jitted function",
]  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_the_same_is_found(folder, traced, name):
    text, _ = READS[name]
    made = module(folder, text, "same")
    first = bibun.jit(made.f)(X)
    again = module(folder, text, "same")  # other objects, which say the same
    del traced[:]
    second = bibun.jit(again.f)
    assert second(X).tobytes() == first.tobytes() == second(X).tobytes() and traced == []
    second(X.reshape(1, 7))
    assert len(traced) == 1
    if name == "array that is read":  # at each call
        again.A[:] = 7
        np.testing.assert_array_equal(second(X), X * 7)


def test_ways_answers_and_containers_are_found(folder, traced):
    text = """
    def f(p, flag, *, k):
        y = p["w"] * k if np.sum(p["w"]) > 0 else -p["w"]
        return {"y": [y, None], "flag": flag}, (np.sum(y), "text", 1.5)
    """
    given = [({"w": s * X}, flag) for s in (1, -1, 1) for flag in (True, False)]
    made = module(folder, text, "same")
    want = [str(bibun.jit(made.f)(*g, k=2)) for g in given]
    again = bibun.jit(module(folder, text, "same").f)
    del traced[:]
    assert [str(again(*g, k=2)) for g in given] == want and traced == []
    assert len(again.signatures) == 2 and "in 2 variants" in again.signatures[0]
    again(*given[0], k=3)
    assert len(traced) == 1


def test_effects_are_not_left_out(folder):
    """A function that leaves marks while it is traced leaves them in each process."""
    text = "calls = []\ndef f(x):\n    calls.append(1)\n    return x * 2"
    for _ in range(3):
        made = module(folder, text, "same")
        bibun.jit(made.f)(X)
        assert made.calls == [1]


def test_warnings_are_not_left_out(folder):
    """A trace that warns is made in each process."""
    text = "def f(x): return (x * 1j).astype(float)"
    for _ in range(2):
        with pytest.warns(np.exceptions.ComplexWarning):
            bibun.jit(module(folder, text, "same").f)(X)


def test_a_recalled_way_that_fails_is_traced(folder, traced):
    text = "def f(a): return np.linalg.cholesky(a)"
    good, bad = np.eye(3), -np.eye(3)
    bibun.jit(module(folder, text, "same").f)(good)
    del traced[:]
    again = bibun.jit(module(folder, text, "same").f)
    np.testing.assert_array_equal(again(good), good)
    assert traced == []
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError):
            again(bad)
    np.testing.assert_array_equal(again(good), good)


@pytest.mark.parametrize("damage", ["way", "kernel", "both"])
def test_what_is_damaged_or_gone_is_made_anew(folder, traced, damage):
    text = "def f(x): return np.exp(x) * 2"
    first = bibun.jit(module(folder, text, "same").f)(X)
    for file in (folder / "cache").iterdir():
        is_way = b'"kernel"' in file.read_bytes()
        if damage == "both" or is_way == (damage == "way"):
            file.write_bytes(file.read_bytes()[:-1])
    for _ in range(2):
        made = bibun.jit(module(folder, text, "same").f)
        assert made(X).tobytes() == first.tobytes()
    assert len(traced) == 2 and len(list((folder / "cache").iterdir())) == 2


def test_what_is_written_in_place_is_recalled_apart(folder, traced):
    text = "f = bibun.jit(lambda p, x: p * x, donate='p'{})"
    for option in (", in_place=True", "", ", in_place=True", ""):
        f, p = module(folder, text.format(option), "same").f, X.copy()
        for power in (2, 3):
            y = f(p, X)
            assert (y is p) == bool(option)
            p = y
            np.testing.assert_allclose(p, X**power, rtol=1e-15)
    assert len(traced) == 2


PROGRAM = """
import json, sys
import numpy as np, bibun
from bibun.native import jitted

traced, captured = [], jitted.Captured
jitted.Captured = lambda f, *a: traced.append(f) or captured(f, *a)

def loss(w, x):
    return np.sum(np.tanh(w * x))

step = bibun.jit(lambda p, x: {"w": p["w"] - 0.1 * bibun.grad(loss)(p["w"], x)}, donate=0)
given = {"w": np.linspace(0, 1, 37)}, np.linspace(-2, 2, 37)
y = step(*given)["w"]
assert step.bind(*given)()["w"].tobytes() == y.tobytes()
loaded = [name for name in ("llvmlite", "optree") if name in sys.modules]
print(json.dumps([len(traced), y.tobytes().hex(), loaded]))
"""


def test_another_process_traces_nothing(folder):
    """And where the extension links code, no library is loaded."""
    file = folder / "program.py"
    file.write_text(PROGRAM)
    given = os.environ | {"XDG_CACHE_HOME": str(folder)}
    found = []
    for hashing in ("1", "2"):
        command = [sys.executable, "-W", "error", str(file)]
        done = subprocess.run(
            command,
            env=given | {"PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(done.stdout))
    assert [n for n, *_ in found] == [1, 0] and found[0][1] == found[1][1]
    assert "llvmlite" in found[0][2]
    assert found[1][2] == [] or not runtime.extension().processor()


def test_derivatives_are_looked_at_as_if_they_were_new(folder, traced):
    text = "f = bibun.jit(bibun.grad(lambda x: (1 - np.cos(x)) / x**2))"
    assert module(folder, text, "versine").f(np.float64(1.0)) < 0
    recalled = module(folder, text, "versine").f
    assert len(traced) == 1
    with pytest.warns(bibun.errors.LostDigitsWarning, match="cos"):
        recalled(np.float64(1e-7))
    assert len(traced) == 1  # it was recalled, and only the look has followed it


def test_what_was_looked_at_is_not_looked_at_again(folder, monkeypatch):
    """The first arguments of an earlier process, and those of a look before."""
    traced: list[Any] = []
    captured = recalling.Captured
    monkeypatch.setattr(recalling, "Captured", lambda *a: traced.append(a) or captured(*a))
    text = "f = bibun.jit(bibun.grad(lambda x: (1 - np.cos(x)) / x**2))"
    one, other = np.float64(1.0), np.float64(2.0)
    module(folder, text, "versine").f(one)
    recalled = module(folder, text, "versine").f
    for _ in range(9):
        recalled(one)
    assert traced == []
    with pytest.warns(bibun.errors.LostDigitsWarning, match="cos"):
        for _ in range(9):
            recalled(np.float64(1e-7))
    assert len(traced) == 1
    for x in (other, one, other):
        again = module(folder, text, "versine").f
        for _ in range(2):
            np.testing.assert_allclose(again(x), np.sin(x) / x**2 - 2 * (1 - np.cos(x)) / x**3)
