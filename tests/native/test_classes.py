"""Calls with named tuples and dataclasses, in and out: the same in C++ and in Python."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pytest

from bibun.native import runtime
from bibun.native.jit import jitted

X = np.arange(3.0)
WAYS = {"extension": runtime.extension(), "ctypes": None}


@pytest.fixture(params=WAYS)
def jit(request: pytest.FixtureRequest) -> Any:
    """bibun.jit with the extension, and without."""
    return lambda f: jitted(f, (), (), WAYS[request.param])


class Pair(NamedTuple):
    a: Any
    b: Any


class Named(namedtuple("Named", "a b")):
    """A subclass has a __dict__, and methods."""

    def total(self) -> Any:
        return self.a + self.b


@dataclass
class Data:
    a: Any
    b: Any


@dataclass(frozen=True)
class Frozen:
    b: Any
    a: Any
    name: str = "frozen"


@dataclass
class Further:
    a: Any
    b: Any

    def __post_init__(self) -> None:
        self.scale = 3

    @cached_property
    def total(self) -> Any:
        return self.a + self.b


@dataclass(slots=True)
class Slotted:
    a: Any
    b: Any


@dataclass
class Default:
    a: Any
    b: Any
    scale: int = field(default=2, init=False)


KINDS = [Pair, Named, Data, Frozen, Further]
OTHERS = [Slotted, Default]  # of which not all stands in a __dict__: C++ leaves them to Python


def direct(f: Any) -> Any:
    """f, which has only the ways that C++ knows from now on."""
    if type(f).__name__ == "Function":
        f.known.__self__.arguments = None
    return f


def parts(x: Any) -> tuple:
    return type(x), np.asarray(x.a).tolist(), np.asarray(x.b).tolist(), getattr(x, "scale", None)


@pytest.mark.parametrize("kind", [*KINDS, *OTHERS])
def test_arguments_and_results_of_a_class(jit: Any, kind: Callable) -> None:
    def f(x: Any) -> Any:
        return kind(a=x.a * 2, b=[x.b + x.a, kind(a=x.a, b=7)][0])

    compiled = jit(f)
    compiled(kind(a=X, b=X + 1))
    if kind in KINDS:
        direct(compiled)
    for x in (kind(a=X + 2, b=X), kind(b=-X, a=X)):
        assert parts(compiled(x)) == parts(f(x))


@pytest.mark.parametrize("kind", KINDS)
def test_classes_are_told_apart(jit: Any, kind: Callable) -> None:
    f = jit(lambda x: type(x).__name__ == kind.__name__ and x.a + x.b)
    for other in (kind, *KINDS, kind):
        found = f(other(a=X, b=1))
        if other is kind:
            np.testing.assert_array_equal(found, X + 1)
        else:
            assert found is False
    np.testing.assert_array_equal(f(kind(a=X, b=2)), X + 2)
    np.testing.assert_array_equal(f(kind(a=X, b=X)), X + X)


def test_attributes_that_are_no_fields_are_part_of_what_is_compiled(jit: Any) -> None:
    f = jit(lambda x: x.a * x.scale + getattr(x, "more", 0))
    x = Further(X, 1)
    for scale in (3, 4, 3.0, True, 3):
        x.scale = scale
        np.testing.assert_array_equal(f(x), X * scale)
    x.more = 5
    np.testing.assert_array_equal(f(x), X * 3 + 5)
    x.more = [6]
    x.more[0] = 7  # what may change unseen is left to Python
    assert len(x.total) == 3
    del x.more
    np.testing.assert_array_equal(f(x), X * 3)
    x.a = X + 1
    np.testing.assert_array_equal(f(x), (X + 1) * 3)


def test_a_list_among_the_attributes_may_change(jit: Any) -> None:
    f, x = jit(lambda x: x.a * x.scale[0]), Further(X, 1)
    x.scale = [2]
    for scale in (2, 5, 2):
        x.scale[0] = scale
        np.testing.assert_array_equal(f(x), X * scale)


def test_a_class_that_has_changed_is_asked_again(jit: Any) -> None:
    changing = dataclass(type("Changing", (), {"__annotations__": {"a": Any}}))
    f, x = jit(lambda x: x.a + 1), changing(X)
    for _ in range(2):
        np.testing.assert_array_equal(f(x), X + 1)
    changing.a = property(lambda self: X * 10, lambda self, value: None)
    np.testing.assert_array_equal(f(x), X * 10 + 1)


def test_what_runs_code_of_the_class_is_left_to_python(jit: Any) -> None:
    """A property in the place of a field: what is kept is not what is read."""

    @dataclass
    class Kept:
        a: Any

    Kept.a = property(lambda self: self.kept[0], lambda self, x: vars(self).update(kept=(x, x)))
    f = jit(lambda x: x.a * 2)
    for y in (X, X + 3, X):
        x = Kept(y)
        x.kept = (y, 0)
        np.testing.assert_array_equal(f(x), y * 2)
