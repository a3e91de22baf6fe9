"""Operators between arrays and objects of other classes mean what they mean for NumPy's arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from bibun import grad
from bibun.array import Array
from bibun.errors import ForeignError
from bibun.recording import Trace, recording


class Plain:
    """A class with operators that NumPy knows nothing of."""

    def answer(self, other: Any) -> Any:
        return type(self).__name__, np.shape(other)

    __radd__ = __rmul__ = __rmatmul__ = __rtruediv__ = __rpow__ = answer
    __gt__ = __le__ = answer


class Sequence(Plain):
    """One that NumPy makes an array of numbers."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, i: int) -> float:
        return (0.5, 2.0)[i]


class Preferred(Sequence):
    __array_priority__ = 10.0


class Excluded(Sequence):
    __array_ufunc__ = None


# fmt: off
OPERATORS = [operator.add, operator.mul, operator.matmul, operator.truediv, operator.pow,
             operator.lt, operator.ge]
# fmt: on


def outcome(f: Any, *args: Any) -> Any:
    try:
        y = f(*args)
    except (TypeError, ValueError):
        return Exception
    return y if isinstance(y, tuple) else getattr(y, "numpy", lambda: y)().tolist()


@pytest.mark.parametrize("x", [np.float64(3.0), np.array([3.0, 4.0])], ids=["number", "array"])
@pytest.mark.parametrize("kind", [Preferred, Excluded, Sequence])
@pytest.mark.parametrize("op", [*OPERATORS, np.multiply, np.less])
def test_foreign_operands(op: Any, kind: type, x: Any) -> None:
    def both(x: Any) -> list[Any]:
        first = [outcome(op, x, kind()), outcome(op, kind(), x)]
        return [*first, outcome(operator.iadd, x.copy(), kind())]

    trace = Trace()
    with recording(trace):
        found = both(Array(trace, trace.input(x), x))
    assert str(found) == str(both(x))


@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.truediv, operator.lt])
def test_numbers_leave_objects_their_turn(op: Any) -> None:
    seen = []
    grad(lambda x: (seen.append(op(x, Plain())), x)[1])(3.0)
    assert seen == [("Plain", ())] == [op(3.0, Plain())]


class Vector:
    def __init__(self, *parts: Any):
        self.parts = parts

    def __mul__(self, factor: Any) -> Vector:
        return Vector(*(p * factor for p in self.parts))

    __rmul__ = __mul__


def test_derivatives_go_through_foreign_classes() -> None:
    def f(x: Any) -> Any:
        v = x[0] * Vector(x[1], 2.0) * x[0]
        v *= x[1]
        return np.sum(v.parts[0] + v.parts[1])

    x, y = 0.5, 3.0
    g = grad(f)(np.array([x, y]))  # of x^2 y^2 + 2 x^2 y
    np.testing.assert_allclose(
        g, [2 * x * y * y + 4 * x * y, 2 * x * x * y + 2 * x * x], rtol=1e-15
    )


@pytest.mark.parametrize("x", [3.0, np.array([3.0, 4.0])], ids=["number", "array"])
@pytest.mark.parametrize("other", [None, "auto", {}, np.sum])
def test_what_is_no_number_is_not_equal_to_one(x: Any, other: Any) -> None:
    def f(x: Any) -> Any:
        for op in (operator.eq, operator.ne):
            seen.append(np.asarray(op(x, other)).tolist())
        return np.sum(x)

    seen: list[Any] = []
    grad(f)(x)
    f(x)
    assert seen[:2] == seen[2:]
    with pytest.raises(TypeError):
        grad(lambda x: np.sum(x < other))(x)


def test_an_operand_without_operators_is_named() -> None:
    class Mute:
        __array_priority__ = 1.0

    with pytest.raises(ForeignError, match="Mute"):
        grad(lambda x: x * Mute())(2.0)
