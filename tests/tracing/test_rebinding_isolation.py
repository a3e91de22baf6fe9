"""Only the code that runs under a trace sees names bound anew: everything else, before, meanwhile
and afterwards, is as it was.
"""

import gc
import importlib.util
import linecache
import math
import sys
import threading
import traceback
from functools import lru_cache

import numpy as np
import pytest

import bibun
from bibun import errors, grad
from tests.tracing import idioms, physics
from tests.tracing.physics import Spring


def module_from(file, text, name):
    """A module of the user's from a text."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    linecache.checkcache(str(file))
    spec = importlib.util.spec_from_file_location(name, file)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_is_patched():
    modules = [math, np, physics, idioms, sys.modules["builtins"]]
    before = [dict(vars(m)) for m in modules]
    classes = {c: dict(vars(c)) for c in (Spring, idioms.Point)}
    code = {f: f.__code__ for f in idioms.NUMBER}
    grad(idioms.made_outside)(1.3)
    grad(idioms.helpers)(1.3)
    for m, old in zip(modules, before, strict=True):
        assert all(vars(m)[k] is v for k, v in old.items())
    assert all(vars(c)[k] is v for c, old in classes.items() for k, v in old.items())
    assert all(f.__code__ is c for f, c in code.items())
    assert type(physics.damped(1.0)) is float and type(np.zeros(3)) is np.ndarray


def test_two_threads_in_one_module():
    stop, wrong = threading.Event(), []

    def compute():
        while not stop.is_set():
            results = physics.damped(0.7), Spring(2.0).energy(0.5), physics.weights(3)
            if [type(r) for r in results] != [float, float, np.ndarray]:
                wrong.append(results)

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        slopes = {float(grad(idioms.made_inside)(1.3)) for _ in range(50)}
    finally:
        stop.set()
        thread.join()
    assert len(slopes) == 1 and not wrong


def fails(x):
    return physics.damped(x) + innermost(x)[0]


def innermost(x):
    y = {"a": math.sin(x)}
    return y["b"]


def test_a_traceback_shows_the_users_file_line_and_code():
    def frames(call):
        with pytest.raises(KeyError) as found:
            call()
        stack = traceback.extract_tb(found.value.__traceback__)
        own = [f for f in stack if f.name in ("fails", "innermost")]
        return [(f.filename, f.lineno, f.name, f.line, f.colno, f.end_colno) for f in own]

    assert frames(lambda: grad(fails)(1.0)) == frames(lambda: fails(1.0))
    assert len(frames(lambda: fails(1.0))) == 2


def test_state_reaches_the_real_module():
    calls, made = physics.calls, Spring.count
    grad(lambda x: physics.count(x) + Spring(x).energy(2.0))(1.0)
    assert physics.calls == calls + 1 and Spring.count == made + 1
    assert physics.history[-1] == physics.calls


def counted(x):
    counted.calls += 1
    return math.sin(x)


counted.calls = 0


def test_attributes_of_functions():
    grad(counted)(1.0)
    assert counted.calls == 1


def test_what_is_defined_anew_is_seen(monkeypatch):
    assert grad(lambda x: physics.damped(x))(0.0) == -physics.SCALE
    monkeypatch.setattr(physics, "damped", lambda t: math.exp(3 * t))
    assert grad(lambda x: physics.damped(x))(0.0) == 3

    def f(x, k=2.0):
        return math.sin(x) * k

    assert grad(f)(0.0) == 2
    f.__defaults__ = (5.0,)
    assert grad(f)(0.0) == 5
    f.__code__ = (lambda x, k: math.tan(x) * k * 2).__code__
    assert grad(f)(0.0) == 10


@lru_cache
def remembered(n, of=None):
    return of(n) if of else math.sqrt(n)


def test_caches_keep_no_traced_arrays():
    remembered.cache_clear()

    def f(x):
        return remembered(4) * math.sin(x) + remembered(3, lambda n: math.sin(x) * n)

    np.testing.assert_allclose(grad(f)(1.0), 5 * math.cos(1.0))
    np.testing.assert_allclose(grad(f)(2.0), 5 * math.cos(2.0))
    assert remembered.cache_info().currsize == 1 and type(remembered(4)) is float
    gc.collect()
    assert type(physics.weights(3)) is np.ndarray


def test_what_is_kept_from_a_trace_computes_plainly():
    kept = []

    def f(x):
        def later(t):
            return np.array([t, math.sin(t), float(t)]) + np.zeros(3)

        kept.append(later)
        return np.sum(later(x))

    grad(f)(1.0)
    assert type(kept[0](1.0)) is np.ndarray
    np.testing.assert_allclose(grad(lambda x: np.sum(kept[0](x)))(1.0), 2 + math.cos(1.0))


def test_every_transform_binds_names_anew():
    def f(x):
        return math.sin(float(x[0])) * math.exp(x[1])

    x, s, c = np.array([0.5, 0.25]), math.sin(0.5), math.cos(0.5)
    e = math.exp(0.25)
    hessian = np.array([[-s * e, c * e], [c * e, s * e]])
    np.testing.assert_allclose(bibun.jacobian(f)(x), [c * e, s * e])
    np.testing.assert_allclose(bibun.hessian(f)(x), hessian)
    np.testing.assert_allclose(bibun.hvp(f)(x, np.ones(2)), hessian @ np.ones(2))
    np.testing.assert_allclose(bibun.linearize(f, x)[1](np.ones(2)), (c + s) * e)
    np.testing.assert_allclose(bibun.vjp(f, x)[1](1.0)[0], [c * e, s * e])
    np.testing.assert_allclose(grad(bibun.checkpoint(f))(x), [c * e, s * e])


def test_rules_of_the_users():
    @bibun.custom_gradient
    def f(x):
        return math.sin(x), lambda g: g * math.cos(x) * 10

    np.testing.assert_allclose(grad(lambda x: f(x) * float(x))(1.0), 10 * math.cos(1) + math.sin(1))


def test_errors_of_math_stay():
    with pytest.raises(ValueError, match=r"math domain error|positive input|nonnegative"):
        grad(lambda x: math.sqrt(x))(-1.0)
    with pytest.raises(OverflowError):
        grad(lambda x: math.exp(x))(1000.0)
    with pytest.raises(TypeError, match="0-dimensional"):
        grad(lambda x: math.sin(x))(np.ones(3))


def test_numbers_of_other_precision():
    g = grad(lambda x: float(x) ** 2 * math.sin(x))(np.float32(2))
    assert g.dtype == np.float32


# ------------------------------------------------------------ what cannot be reached


def test_code_without_source():
    names = {"math": math}
    exec("def f(x):\n    return math.sin(x)", names)
    with pytest.raises(errors.TracingError, match=r"would lose the derivative of a traced"):
        grad(names["f"])(1.0)


def test_edited_source_is_not_trusted(tmp_path):
    file = tmp_path / "edited.py"
    module = module_from(file, "import math\ndef f(x):\n    return math.sin(x)\n", "edited")
    file.write_text("import math\ndef f(x):\n    return math.cos(x)\n")
    linecache.checkcache(str(file))
    with pytest.raises(errors.TracingError, match=r"would lose the derivative"):
        grad(module.f)(1.0)


def test_a_module_that_is_edited_and_loaded_again(tmp_path):
    file = tmp_path / "again.py"
    assert grad(module_from(file, "import math\nf = lambda x: math.sin(x)\n", "again").f)(0.0) == 1
    text = "import math\n\ndef f(x):\n    return math.sin(2 * x)\n"
    assert grad(module_from(file, text, "again").f)(0.0) == 2


def test_classes_that_are_defined_later(tmp_path):
    first = module_from(tmp_path / "first.py", "def f(a, b):\n    return (a @ b).size\n", "first")
    assert grad(lambda x: first.f(np.ones(2), np.ones(2)) * x)(1.0) == 1
    text = """
import math
class Late:
    def __init__(self, x):
        self.x = x
    def __matmul__(self, other):
        return Late(math.sin(self.x) * other)
    @property
    def size(self):
        return float(self.x) * 2
"""
    later = module_from(tmp_path / "later.py", text, "later")
    assert grad(lambda x: first.f(later.Late(x), 3.0))(0.0) == 6


def test_packages_are_traced_when_asked_for(tmp_path):
    file = tmp_path / "site-packages" / "springs.py"
    text = "import math\ndef f(x):\n    return math.sin(x)\n"
    module = module_from(file, text, "springs")

    def call(x):
        return module.f(x) + math.cos(x)

    with pytest.raises(errors.TracingError, match=r"math.sin needs a plain number"):
        grad(call)(0.0)
    bibun.trace_packages("springs")
    assert grad(call)(0.0) == 1
    with pytest.raises(ValueError, match="trace_packages: the name of a top-level package"):
        bibun.trace_packages("not a name")


def test_slots_and_metaclasses():
    """Classes with __slots__ and metaclasses are traced like others."""

    class Meta(type):
        pass

    class Slotted(metaclass=Meta):
        __slots__ = ("x",)

        def __init__(self, x):
            self.x = float(x)

        def value(self):
            return math.sin(self.x)

    assert grad(lambda x: Slotted(x).value())(0.0) == 1
