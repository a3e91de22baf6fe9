"""Attributes, constructors and operators of classes run what Python runs, in Python's order, with
derivatives: each case against central differences of the code as it is.
"""

import math
import operator

import numpy as np
import pytest

import bibun

H = 1e-5  # central differences: an error of H^2 times a third derivative, of 1e-16 / H by rounding


def same(f, x):
    """The value and the derivative of f, a function of one number, are those of Python's f."""
    value, slope = bibun.value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x), rtol=1e-14)
    np.testing.assert_allclose(slope, (f(x + H) - f(x - H)) / (2 * H), rtol=1e-7, atol=1e-8)


class Tenfold:
    """Its __setattr__ has the first word, also about properties."""

    @property
    def p(self):
        return self.v

    @p.setter
    def p(self, value):
        object.__setattr__(self, "v", value)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, math.exp(value) * 10)


class Tripled:
    def __init__(self, v):
        self.v = v

    @property
    def p(self):
        return math.sin(self.v)

    def __getattribute__(self, name):
        return math.sqrt(3) * object.__getattribute__(self, name)


class Frozen:
    @property
    def p(self):
        return 1.0

    @p.setter
    def p(self, value):
        raise AssertionError("the setter is not asked")

    def __setattr__(self, name, value):
        raise AttributeError(f"frozen: {name}")


class Proxy:
    """Names of attributes that stand nowhere in the class."""

    def __init__(self, of):
        object.__setattr__(self, "of", of)

    def __getattr__(self, name):
        if name.startswith("exp_"):
            return math.exp(getattr(self.of, name.removeprefix("exp_")))
        return getattr(self.of, name)

    def __setattr__(self, name, value):
        if name == "root":
            super().__setattr__("square", value)
        else:
            setattr(self.of, name, value)

    @property
    def square(self):
        return self.of.v

    @square.setter
    def square(self, value):
        self.of.v = math.sqrt(value)


class Holder:
    v = 1.0

    def __init__(self, v):
        self.w = v

    @property
    def sine(self):
        return math.sin(self.w)

    @sine.setter
    def sine(self, value):
        self.w: float = math.asin(value)


def set_first(x):
    q = Tenfold()
    q.p = x
    return q.v


def read_first(x):
    return Tripled(x).p * Tripled(x).v


def by_proxy(x):
    p = Proxy(Holder(x))
    p.sine = x / 2
    p.root = x + p.sine
    p.extra = 2 * x
    missing = getattr(p.of, "missing", 3.0) if not hasattr(p.of, "missing") else 0.0
    return p.exp_sine + p.exp_w * p.v + p.extra * missing + p.square


class Further(Holder):
    @property
    def sine(self):
        return super().sine * self.w

    def scaled(self, k, *, more=0.0):
        return k * math.exp(self.w) + more


def by_other_ways(x):
    p = Proxy(Further(x))
    both, one = operator.attrgetter("of.sine", "sine")(p), operator.attrgetter("of.w")(p)
    by_name = (
        operator.methodcaller("scaled", 2.0)(p),
        operator.methodcaller("scaled", 3.0, more=x)(p),
    )
    return p.sine * both[0] + both[1] * one + by_name[0] * by_name[1]


class Undone(Holder):
    @property
    def last(self):
        return self.w

    @last.deleter
    def last(self):
        self.w = math.exp(self.w)

    def __delattr__(self, name):
        self.w = self.w * math.sin(self.w)
        super().__delattr__(name)


def deleted(x):
    u = Undone(x)
    del u.last
    delattr(u, "last")
    value = u.w
    del u.w
    return value * (2.0 if hasattr(u, "w") else 3.0)


@pytest.mark.parametrize("f", [set_first, read_first, by_proxy, by_other_ways, deleted])
def test_attributes_are_found_as_python_finds_them(f):
    same(f, 0.8)


def test_frozen_classes_are_not_written_to():
    def f(x):
        Frozen().p = x
        return x

    with pytest.raises(AttributeError, match="frozen: p"):
        bibun.grad(f)(2.0)


def test_what_a_proxy_does_not_have():
    def f(x):
        return x * Proxy(Holder(x)).nothing

    with pytest.raises(AttributeError, match="'Holder' object has no attribute 'nothing'") as error:
        bibun.grad(f)(2.0)
    assert error.value.__cause__ is None
