"""Constructors run what Python runs, with derivatives: each case against central differences of
the code as it is.
"""

import dataclasses
import itertools
import math
from dataclasses import InitVar, dataclass

import numpy as np
import pytest

import bibun

H = 1e-5  # central differences: an error of H^2 times a third derivative, of 1e-16 / H by rounding
CASES = []


def case(f):
    CASES.append(f)
    return f


@dataclass(slots=True)
class Slots:
    a: float
    b: float = dataclasses.field(init=False, default=2.0)
    c: InitVar = 3.0

    def __post_init__(self, c):
        self.b = math.sin(self.a) * c


@dataclass(frozen=True, slots=True)
class Frozen:
    a: float
    b: float = dataclasses.field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "b", math.sin(self.a))


@case
def replaced(x):
    f, s = Frozen(x), dataclasses.replace(Slots(x, c=2.0), c=math.exp(x))
    return s.b * dataclasses.replace(f, a=x * x).b + f.b


@dataclass
class Setting:
    a: float

    def __setattr__(self, name, value):
        object.__setattr__(self, name, math.exp(value))


@dataclass
class Below(Slots):
    d: float = 1.0

    def __post_init__(self, c):
        Slots.__post_init__(self, c)
        self.d = math.cos(self.b)


@case
def kinds_of_dataclasses(x):
    return Setting(x).a * Below(x).d


class Counting(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.twice = 2 * math.sin(args[0])
        return made


class Counted(metaclass=Counting):
    def __init__(self, v):
        self.v = math.exp(v)


@case
def call_of_the_metaclass(x):
    return Counted(x).v * Counted(x).twice


class Sequential:
    """Can be called and gone through."""

    def __init__(self, *layers):
        self.layers = layers

    def __iter__(self):
        for layer in self.layers:
            yield lambda v, layer=layer: math.sin(layer(v))

    def __call__(self, v):
        for layer in self:
            v = layer(v)
        return v


@case
def callable_and_iterable(x):
    m, y = Sequential(math.exp, math.cos), x
    for i, layer in enumerate(m):
        y = layer(y) + i
    by_map = sum(map(lambda layer, k: k * layer(x), m, [2.0, 3.0]))
    pairs = [layer(x) * k for layer, k in zip(m, (4.0, 5.0), strict=True)]
    *_, last = itertools.accumulate([x, x, x], lambda a, b: a * math.sin(b), initial=2.0)
    return y * len(list(m)) * tuple(m)[1](x) + by_map + sum(pairs) + m(x) + last


@pytest.mark.parametrize("f", CASES)
def test_constructor(f):
    value, slope = bibun.value_and_grad(f)(0.8)
    np.testing.assert_allclose(value, f(0.8), rtol=1e-14)
    np.testing.assert_allclose(slope, (f(0.8 + H) - f(0.8 - H)) / (2 * H), rtol=1e-7)


class Patched:
    def __init__(self, v):
        self.v = v


def test_constructors_that_are_set_later():
    def f(x):
        return Patched(x).v

    def new(of, v):
        made = object.__new__(of)
        made.w = 5 * v
        return made

    assert bibun.grad(f)(0.8) == 1
    Patched.__init__ = lambda self, v: setattr(self, "v", 3 * v)
    assert bibun.grad(f)(0.8) == 3
    Patched.__new__ = new
    assert bibun.grad(lambda x: Patched(x).w)(0.8) == 5
    Patched.__init__ = lambda self, v: v
    with pytest.raises(TypeError, match=r"__init__\(\) should return None, not"):
        bibun.grad(f)(0.8)


def test_refused_replacements():
    for changes, match in ({"b": 1.0}, "init=False"), ({"d": 1.0}, "unexpected keyword"):
        with pytest.raises((TypeError, ValueError), match=match):
            bibun.grad(lambda x, c=changes: dataclasses.replace(Frozen(x), **c).a)(0.8)
