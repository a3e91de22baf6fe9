"""Index expressions and the functions that read parts of arrays, against NumPy itself."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bibun import errors, grad, jvp, vmap
from bibun.array import Array
from bibun.graph import Item
from bibun.ops.joining import Unstack
from bibun.tracing.functional import record
from bibun.array import lift

DTYPES = [np.dtype(c) for c in ("f2", "f4", "f8", "i8", "?")]


# ------------------------------------------------------------ random arrays and index expressions


@st.composite
def slices(draw: Any) -> slice:
    bound = st.none() | st.integers(-6, 6)
    return slice(draw(bound), draw(bound), draw(st.none() | st.sampled_from([1, 2, 3, -1, -2])))


@st.composite
def index_array(draw: Any, n: int, shape: tuple[int, ...]) -> Any:
    """Indices of an axis of length n, now and then out of bounds, as an array or a nested list."""
    outside = draw(st.integers(0, 30)) == 0
    low, high = (-n - 1, n) if outside or not n else (-n, n - 1)
    numbers = draw(st.lists(st.integers(low, high), min_size=prod(shape), max_size=prod(shape)))
    i = np.array(numbers, draw(st.sampled_from([np.int64, np.int32]))).reshape(shape)
    return draw(st.sampled_from([i, i.tolist()])) if i.size else i


@st.composite
def mask(draw: Any, shape: tuple[int, ...]) -> np.ndarray:
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).random(shape) > draw(st.sampled_from([0.0, 0.5, 1.0]))


@st.composite
def expressions(draw: Any, shape: tuple[int, ...]) -> Any:
    """An index of an array of this shape, of any kind that NumPy knows."""
    shared = draw(st.sampled_from([(), (1,), (3,), (2, 3), (0,)]))
    forms = [shared, shared[1:], (1, *shared[1:])[: len(shared)]]
    fancy, axis, items = draw(st.booleans()), 0, []
    while axis < len(shape) and draw(st.integers(0, 6)):
        kinds = ["integer", "slice", "slice", "none"] + fancy * ["array", "array", "mask", "scalar", "bool"]
        kind = draw(st.sampled_from(kinds))
        n = shape[axis]
        if kind == "integer":
            items.append(draw(st.integers(-n, n - 1) if n else st.just(0)))
        elif kind == "slice":
            items.append(draw(slices()))
        elif kind == "array":
            items.append(draw(index_array(n, draw(st.sampled_from(forms)))))
        elif kind == "scalar":
            items.append(draw(st.sampled_from([np.int64(0), np.array(0), np.uint8(n - 1 if n else 0)])))
        elif kind == "mask":
            depth = draw(st.integers(1, len(shape) - axis))
            items.append(draw(mask(shape[axis : axis + depth])))
            axis += depth - 1
        else:
            items.append(None if kind == "none" else draw(st.booleans()))
        axis += kind not in ("none", "bool")
    if draw(st.integers(0, 2)) == 0:
        items.insert(draw(st.integers(0, len(items))), Ellipsis)
    return items[0] if len(items) == 1 and draw(st.booleans()) else tuple(items)


shapes = st.lists(st.sampled_from([0, 1, 2, 3, 4]), max_size=4).map(tuple)


@st.composite
def indexed(draw: Any) -> tuple[tuple[int, ...], Any]:
    shape = draw(shapes)
    return shape, draw(expressions(shape))


def numbers(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Small whole numbers, of which sums and products are exact."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(float)


# ------------------------------------------------------------ comparisons


def plain(y: Any) -> Any:
    return y.value if isinstance(y, Array) else y


def same(a: Any, b: Any) -> None:
    """Equal types and bits."""
    if isinstance(b, tuple | list):
        assert type(a) is type(b) and len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
        return
    a = plain(a)
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    assert np.array(a).tobytes() == np.array(b).tobytes()


def outcome(f: Callable[..., Any], *args: Any) -> Any:
    """The result of a call, or the class of its error."""
    try:
        return f(*args)
    except (IndexError, ValueError, TypeError) as error:
        return next(k for k in type(error).__mro__ if k.__module__ in ("builtins", "numpy.exceptions"))


def traced(f: Callable[..., Any], *args: Any) -> Any:
    """The result of f on traced arrays, with the values that the trace gives it."""
    return record(lambda *xs: kept.append(f(*xs)) or xs[0], [lift(a) for a in args], list, "test", {}) and kept.pop()


kept: list[Any] = []


def gradient_is_the_transpose(f: Callable[[Any], Any], truth: Callable[[np.ndarray], np.ndarray], shape: tuple) -> None:
    """The derivative of a function that moves entries; `truth` moves the numbers of the entries with NumPy."""
    x, t = numbers(shape, 1), numbers(shape, 2)
    chosen = truth(np.arange(x.size).reshape(shape))
    w = numbers(chosen.shape, 3)
    expected = np.zeros(x.size)
    np.add.at(expected, chosen, 2 * np.ravel(x)[chosen] * w)
    g = grad(lambda x: np.sum(f(x) ** 2 * w))(x)
    same(g + 0.0, expected.reshape(shape) + 0.0)  # -0 + 0 is 0: only sums begin with it
    _, tangent = jvp(lambda x: f(x) ** 2 * w, (x,), (t,))
    same(np.asarray(tangent), np.asarray(2 * np.ravel(x)[chosen] * w * np.ravel(t)[chosen]))


# ------------------------------------------------------------ index expressions


@settings(max_examples=400, deadline=None)
@given(indexed(), st.sampled_from(DTYPES))
def test_values_types_and_errors_are_numpys(case: Any, dtype: np.dtype) -> None:
    shape, index = case
    x = numbers(shape).astype(dtype)
    expected = outcome(lambda: x[index])
    found = outcome(lambda: traced(lambda x: x[index], x))
    assert expected is found if isinstance(expected, type) else same(found, expected) is None


@settings(max_examples=300, deadline=None)
@given(indexed())
def test_derivatives_are_transposes(case: Any) -> None:
    shape, index = case
    if not isinstance(outcome(lambda: np.zeros(shape)[index]), type):
        gradient_is_the_transpose(lambda x: x[index], lambda x: x[index], shape)
