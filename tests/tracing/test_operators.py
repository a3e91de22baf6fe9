"""Operators of the user's classes are asked in Python's order, with derivatives: each case against
central differences of the code as it is.
"""

import functools
import math

import numpy as np
import pytest

import bibun

H = 1e-5  # central differences: an error of H^2 times a third derivative, of 1e-16 / H by rounding
CASES = []


def case(f):
    CASES.append(f)
    return f


class Base:
    def __init__(self, v):
        self.v = v

    def __sub__(self, o):
        return type(self)(math.sin(self.v) - o.v)

    def __rsub__(self, o):
        return type(self)(100 * math.exp(o.v))


class Inheriting(Base):
    pass


class Overriding(Base):
    def __rsub__(self, o):
        return Base(o.v * 3 * math.exp(self.v))


@case
def reflected_of_a_subclass(x):
    return (Base(x) - Inheriting(2.0)).v * (Base(x) - Overriding(x)).v


class Right:
    def __init__(self, v):
        self.v = v

    def __radd__(self, o):
        return math.exp(self.v)

    __iadd__ = None


class Meta(type):
    def __add__(cls, o):
        return cls.k * math.exp(o)


class OfMeta(metaclass=Meta):
    k = 3.0


@case
def operators_of_a_class_itself(x):
    return (OfMeta + x) * (OfMeta() + Right(x))


@case
def a_sequence_is_asked_last(x):
    row, pair = [1.0], (1.0, x)
    return (row + Right(x)) * (pair + Right(x))


class Bound:
    def __get__(self, of, owner):
        return lambda other: of.v * math.exp(other)


class Unusual(Right):
    k = 4.0
    __add__ = Bound()
    __mod__ = functools.partialmethod(lambda self, k, o: math.exp(self.v) * k + o, 3.0)

    @staticmethod
    def __mul__(o):
        return math.sin(o)

    @classmethod
    def __sub__(cls, o):
        return math.cos(o) * cls.k


@case
def methods_of_every_kind(x):
    u = Unusual(x)
    return (u + x) * (u * x) * (u - x) + (u % x)


class Same:
    def __init__(self, v):
        self.v = v

    def __eq__(self, o):
        return math.exp(self.v) > 1

    __hash__ = None


@case
def not_equal_is_not_equal_reflected(x):
    return x * (2.0 if Same(x) != 3.0 else 5.0) * (3.0 if x != Same(x) else 7.0)


class Times(float):
    def __rmul__(self, o):
        return 2 * math.sin(o) + float(self)


class OfArray(np.ndarray):
    def __radd__(self, o):
        return np.sum(o) * float(np.asarray(self)[0])


ROW = np.array([2.0, 3.0]).view(OfArray)


@case
def subclasses_of_numbers_and_arrays(x):
    return (x * Times(2.0)) * (np.array([x, 2 * x]) + ROW)


class Scaled(np.lib.mixins.NDArrayOperatorsMixin):
    """Its __array_ufunc__ decides, though it may be made an array."""

    def __init__(self, v):
        self.v = v

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("nobody makes this an array")

    def __array_ufunc__(self, ufunc, method, *args, **options):
        args = [a.v if isinstance(a, Scaled) else a for a in args]
        return Scaled(1.5 * getattr(ufunc, method)(*args, **options))


@case
def array_ufunc_to_the_right_of_arrays(x):
    v, s = np.array([x, x * x]), Scaled(np.array([2 * x, 3.0]))
    parts = [v + s, v @ s, v[0] * s, x / s, np.hypot(v, s), s - v, np.float64(2.0) - s]
    x += s
    return sum(np.sum(p.v) for p in parts) * np.sum(x.v) * ((v < s).v).sum()


class Each:
    def __init__(self, v):
        self.v = v

    def __rmul__(self, o):
        return self.v * o * o if type(o) is float else 0.0


@case
def an_object_with_each_number_of_an_array(x):
    objects = np.array([[x, 2.0 * x], [1.0, x]]) * Each(x)
    return np.sum(objects) + objects[0, 1] * x


@pytest.mark.parametrize("f", CASES)
def test_operator(f):
    value, slope = bibun.value_and_grad(f)(0.8)
    np.testing.assert_allclose(value, f(0.8), rtol=1e-14)
    np.testing.assert_allclose(slope, (f(0.8 + H) - f(0.8 - H)) / (2 * H), rtol=1e-7)


def same_type(x):
    return Right(x) + Right(x)


def forbidden(x):
    r = Right(x)
    r += x
    return r


@pytest.mark.parametrize("f", [same_type, forbidden])
def test_what_python_refuses(f):
    for g in (f, bibun.grad(f)):
        with pytest.raises(TypeError, match=r"unsupported operand|not callable"):
            g(0.8)
