"""Dataclasses as arguments, and made under a trace: with all that belongs to an instance."""

from collections import namedtuple
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pytest

import bibun

W = np.array([1.0, 2.0, 0.1])


@dataclass
class Plain:
    w: object
    inner: object = None
    scale = 1.0  # no field

    @cached_property
    def length(self):
        return np.sum(self.w**2)


@dataclass(frozen=True)
class Frozen:
    w: object


@dataclass
class Late:
    w: object
    set_later: float = field(init=False)
    count = 0

    def __post_init__(self):
        Late.count += 1


@dataclass(slots=True)
class Slots:
    w: object


class More(Slots):
    __slots__ = ("scale",)


def scaled(p):
    return np.sum(p.w * p.scale)


def instance(kind, scale):
    p = kind(W.copy())
    object.__setattr__(p, "scale", scale)
    return p


VARIANTS = [
    (Plain, 10.0), (Frozen, 10.0), (Late, 10.0), (More, 10.0), (Plain, np.array([1.0, 2.0, 3.0])),
]  # fmt: skip


@pytest.mark.parametrize("kind, scale", VARIANTS)
def test_attributes_that_are_no_fields_stay(kind, scale):
    p, t = instance(kind, scale), instance(kind, scale)
    before = Late.count
    value, slope = bibun.value_and_grad(scaled)(p)
    np.testing.assert_allclose(value, scaled(p))
    np.testing.assert_allclose(slope.w, scale * np.ones(3))
    np.testing.assert_allclose(bibun.jvp(scaled, (p,), (t,))[1], scaled(p))
    np.testing.assert_allclose(bibun.vmap(scaled)(instance(kind, 2.0)), 2 * W)
    assert Late.count == before + (kind is Late)  # the one made above for vmap


def test_jit_sees_attributes_that_are_no_fields():
    f = bibun.jit(scaled)
    for scale in (10.0, 20.0, 10.0, W, 2 * W):
        np.testing.assert_allclose(f(instance(Plain, scale)), scaled(instance(Plain, scale)))
    p = Plain(W, instance(Plain, 3.0))
    double = bibun.jit(lambda p: replace(p.inner, w=p.w * p.inner.scale))
    np.testing.assert_allclose(double(p).w, 3 * W)


def test_kept_results_of_a_property_are_computed_anew():
    p = Plain(W)
    assert p.length > 0
    np.testing.assert_allclose(bibun.grad(lambda p: p.length)(p).w, 2 * W)


def test_arrays_set_on_a_result_are_part_of_it():
    def f(w):
        p = Plain(w)
        p.scale = np.sum(w)
        return p

    for w in (W, 2 * W):
        np.testing.assert_allclose(bibun.jit(f)(w).scale, np.sum(w))
        np.testing.assert_allclose(bibun.vmap(f)(np.stack([w, -w])).scale, [np.sum(w), -np.sum(w)])


class Doubled(namedtuple("Doubled", "a b")):
    """Computes when it is made."""

    def __new__(cls, a, b):
        return super().__new__(cls, a, 2 * b)


@dataclass
class Twice:
    """Computes when it is read."""

    a: float

    def __getattribute__(self, name):
        value = object.__getattribute__(self, name)
        return 2 * value if name == "a" else value


@pytest.mark.parametrize("wrap", [bibun.grad, lambda f: bibun.jit(bibun.grad(f))])
def test_what_a_class_computes_happens_once(wrap):
    def product(p):
        return p.a * p.b

    slope = wrap(product)(Doubled(2.0, 3.0))
    assert (tuple(slope), type(slope)) == ((6.0, 2.0), Doubled)
    nested = wrap(lambda p: product(p["x"][0]))({"x": [Doubled(2.0, 3.0)]})
    assert tuple(nested["x"][0]) == (6.0, 2.0)
    assert tuple(bibun.jit(lambda p: p)(Doubled(2.0, 3.0))) == (2.0, 6.0)

    def square(p):
        return p.a * p.a

    assert vars(wrap(square)(Twice(3.0))) == {"a": 24.0}  # of 4 a^2
    assert bibun.jit(square)(Twice(3.0)) == square(Twice(3.0)) == 36.0
