"""Index expressions and the functions that read parts of arrays, against NumPy itself."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bibun import errors, grad, jvp, value_and_grad, vmap
from bibun.array import Array, lift
from bibun.graph import Item
from bibun.tracing.functional import record

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
        kinds = ["integer", "slice", "slice", "none"] + fancy * [
            "array",
            "array",
            "mask",
            "scalar",
            "bool",
        ]
        kind = draw(st.sampled_from(kinds))
        n = shape[axis]
        if kind == "integer":
            items.append(draw(st.integers(-n, n - 1) if n else st.just(0)))
        elif kind == "slice":
            items.append(draw(slices()))
        elif kind == "array":
            items.append(draw(index_array(n, draw(st.sampled_from(forms)))))
        elif kind == "scalar":
            items.append(
                draw(st.sampled_from([np.int64(0), np.array(0), np.uint8(n - 1 if n else 0)]))
            )
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
    return y.raw if isinstance(y, Array) else y


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
        return next(
            k for k in type(error).__mro__ if k.__module__ in ("builtins", "numpy.exceptions")
        )


def traced(f: Callable[..., Any], *args: Any) -> Any:
    """The result of f on traced arrays, with the values that the trace gives it."""
    return (
        record(lambda *xs: kept.append(f(*xs)) or xs[0], [lift(a) for a in args], list, "test", {})
        and kept.pop()
    )


kept: list[Any] = []


def gradient_is_the_transpose(
    f: Callable[[Any], Any], truth: Callable[[np.ndarray], np.ndarray], shape: tuple
) -> None:
    """The derivative of a function that moves entries; `truth` moves their numbers with NumPy."""
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


@settings(max_examples=200, deadline=None)
@given(indexed(), st.integers(0, 3))
def test_one_index_of_many_arrays(case: Any, n: int) -> None:
    shape, index = case
    xs = numbers((n, *shape))
    if not isinstance(outcome(lambda: xs[0][index] if n else np.zeros(shape)[index]), type):
        expected = [x[index] for x in xs] or np.empty((0, *np.zeros(shape)[index].shape))
        same(vmap(lambda x: x[index])(xs), np.array(expected, float))


@st.composite
def traced_indices(draw: Any) -> tuple[np.ndarray, list[np.ndarray], Callable[..., Any]]:
    """An array, stacks of three index arrays, and an expression that reads with them."""
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=3, max_size=3)))
    forms = draw(st.sampled_from([[(), ()], [(2,), (2,)], [(2, 1), (3,)], [(), (2,)]]))
    expressions = [
        (lambda x, i, j: x[i], (0, 0)),
        (lambda x, i, j: x[i, j], (0, 1)),
        (lambda x, i, j: x[:, i, j], (1, 2)),
        (lambda x, i, j: x[i, :, j], (0, 2)),
        (lambda x, i, j: x[::-1, i, None], (1, 0)),
        (lambda x, i, j: x[:, j, :1][..., i % 1], (0, 1)),
    ]
    f, axes = draw(st.sampled_from(expressions))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    stacks = [
        rng.integers(-shape[a], shape[a], (3, *form)) for a, form in zip(axes, forms, strict=True)
    ]
    return numbers(shape), stacks, f


@settings(max_examples=150, deadline=None)
@given(
    traced_indices(),
    st.sampled_from([(0, 0, None), (None, 0, 0), (0, 0, 0), (0, None, None), (None, None, 0)]),
)
def test_many_indices(case: Any, axes: tuple) -> None:
    x, (i, j), f = case
    stacked = [np.stack([x, x + 1, x * 2]) if axes[0] == 0 else x]
    stacked += [k if a == 0 else k[0] for k, a in zip((i, j), axes[1:], strict=True)]
    loop = [
        [a if s is None else a[k] for a, s in zip(stacked, axes, strict=True)] for k in range(3)
    ]
    same(vmap(f, in_axes=axes)(*stacked), np.stack([f(*args) for args in loop]))
    weights = numbers(np.shape(f(*loop[0])), 5)

    def loss(x: Any, i: Any, j: Any) -> Any:
        return np.sum(f(x, i, j) ** 2 * weights)

    one = [grad(loss)(*args) for args in loop]
    same(vmap(grad(loss), in_axes=axes)(*stacked) + 0.0, np.stack(one) + 0.0)
    number = np.arange(x.size).reshape(x.shape)
    for args, g in zip(loop, one, strict=True):
        expected = np.zeros(x.size)
        np.add.at(expected, f(number, *args[1:]), 2 * f(*args) * weights)
        same(g + 0.0, expected.reshape(x.shape) + 0.0)


# ------------------------------------------------------------ structural zeros


READS = [
    lambda x: x[1:],
    lambda x: x[[1, 2, 2]],
    lambda x: x[x > 0],
    lambda x: x[1],
    lambda x: x[::-1][:2],
    lambda x: list(x)[1],
    lambda x: np.take(x, [2, 1]),
    lambda x: np.take_along_axis(x, np.array([1, 2]), 0),
    lambda x: np.split(x, [1])[1],
    lambda x: np.roll(x, -1)[:2],
    lambda x: np.concatenate([x, x])[4:],
    lambda x: np.stack([x, x])[1, 1:],
    lambda x: np.diag(np.diag(x))[1:],
    lambda x: np.repeat(x, 2)[2:],
    lambda x: np.triu(np.outer(np.ones(3), x), 1)[:, 1:],
    lambda x: np.pad(x, 1, "edge")[2:],
    lambda x: (x[1:] + x[:0:-1]) * x[1],
]


@pytest.mark.parametrize("read", READS)
def test_what_is_not_read_has_derivative_zero(read: Callable) -> None:
    x = np.array([0.0, 1.0, 4.0])  # the derivative of sqrt is infinite at the first entry
    g = grad(lambda x: np.sum(read(np.sqrt(x))))(x)
    assert g[0] == 0 and np.all(g[1:] >= 0) and np.any(g[1:] > 0) and np.all(np.isfinite(g))
    _, tangent = jvp(lambda x: np.sum(np.sqrt(read(x))), (x,), (np.ones(3),))
    assert np.isfinite(tangent)


def test_joined_tangents_keep_their_zeros() -> None:
    def f(x: Any) -> Any:
        return np.sqrt(np.concatenate([x, np.zeros(1)]))

    _, t = jvp(f, (np.ones(2),), (np.ones(2),))
    same(t, np.array([0.5, 0.5, 0.0]))
    _, t = jvp(lambda x: np.sqrt(np.stack([x, 0.0 * x.numpy()])), (np.float64(1),), (1.0,))
    same(t, np.array([0.5, 0.0]))


# ------------------------------------------------------------ what is recorded


def operations(f: Callable[..., Any], *args: Any) -> list[str]:
    """The operations that f records."""
    recorded = record(lambda *xs: (f(*xs), xs[0])[1], [lift(a) for a in args], list, "test", {})
    return [e[0].name for e in recorded.trace.entries if len(e) > 1 and not isinstance(e[0], Item)]


def test_few_operations_are_recorded() -> None:
    x, i = np.arange(12.0).reshape(3, 4), np.array([0, 2])
    for f in (
        lambda x: x[0],
        lambda x: x[0, 1],
        lambda x: x[1:, ::2],
        lambda x: np.flip(x),
        lambda x: x[..., -1],
    ):
        assert operations(f, x) == ["slice"]
    for f in (
        lambda x: x[i],
        lambda x: x[i, i],
        lambda x: x[:, i],
        lambda x: x[np.int64(1)],
        lambda x: np.take(x, i, 1),
    ):
        assert operations(f, x) == ["gather"]
    for f in (
        lambda x: x[:, None],
        lambda x: x[None],
        lambda x: np.expand_dims(x, 1),
        lambda x: x.reshape(-1),
    ):
        assert operations(f, x) == ["reshape"]
    assert operations(lambda x: x[:], x) == operations(lambda x: np.squeeze(x), x) == []
    assert operations(lambda x: x[x > 5], x) == ["expand", "greater", "reshape", "gather"]
    assert operations(lambda x: np.stack([x, x]), x) == ["stack"]
    assert operations(lambda x: np.concatenate([x, x]), x) == ["concatenate"]
    assert operations(lambda x: [row * 2 for row in np.unstack(x)], x)[0] == "unstack"


def test_another_minibatch_has_the_same_structure() -> None:
    W = numbers((6, 3))

    def entries(i: np.ndarray) -> list[tuple]:
        return record(lambda W: np.sum(W[i]), [lift(W)], list, "test", {}).trace.entries

    assert entries(np.array([0, 1])) == entries(np.array([5, 5]))


def test_views_share_memory_and_copies_do_not() -> None:
    def change(read: Callable) -> Callable:
        def f(x: Any) -> Any:
            x = x * 1.0
            y = read(x)
            y += 1
            return np.sum(x)

        return f

    x = numbers((3, 4))
    views = (
        lambda x: x[1:],
        lambda x: x[0],
        lambda x: x[:],
        lambda x: x[:, None],
        lambda x: x[np.int64(1)],
        lambda x: x.T,
        lambda x: np.squeeze(x),
        lambda x: next(iter(x)),
        lambda x: np.split(x, 3)[0],
        lambda x: np.diagonal(x),
        lambda x: np.flip(x, 0),
        lambda x: np.swapaxes(x, 0, 1),
        lambda x: np.atleast_1d(x),
        lambda x: np.rot90(x, 0),
        lambda x: np.broadcast_arrays(x, 1)[0],
    )
    for read in views:
        try:
            expected = change(read)(x)
        except ValueError:  # for reading only
            with pytest.raises(ValueError, match="read-only"):
                grad(change(read))(x)
            continue
        assert value_and_grad(change(read))(x)[0] == expected != np.sum(x)
    copies = (
        lambda x: x[[0, 1]],
        lambda x: x[x > 0],
        lambda x: x[None][:, :, [0, 1]],
        lambda x: x[0, 0],
        lambda x: np.roll(x, 1),
        lambda x: np.take(x, [0]),
        lambda x: np.take_along_axis(x, np.zeros((1, 4), int), 0),
        lambda x: np.stack([x, x]),
        lambda x: np.concatenate([x, x]),
        lambda x: np.repeat(x, 2),
        lambda x: np.tile(x, 2),
        lambda x: np.diag(x[0]),
        lambda x: np.pad(x, 1),
    )
    for read in copies:
        same(grad(change(read))(x), np.ones_like(x))

    def accumulated(x: Any) -> Any:
        total = 0.0
        total += x[0]
        total = total * 1.0
        for i in range(1, 3):
            total += x[i]
        return np.sum(total**2)

    same(grad(accumulated)(x), np.broadcast_to(2 * x.sum(0), x.shape).copy())


# ------------------------------------------------------------ errors


def test_abstract_masks_and_bounds() -> None:
    x = np.ones((2, 3))
    with pytest.raises(errors.AbstractValueError, match=r"np\.where"):
        vmap(lambda x: x[x > 0])(x)
    with pytest.raises(errors.AbstractValueError, match=r"np\.arange"):
        vmap(lambda x, i: x[i:], in_axes=(0, 0))(x, np.array([0, 1]))
    with pytest.raises(errors.AbstractValueError):
        vmap(lambda x: np.nonzero(x)[0])(x)
    plain = np.zeros(3)
    with pytest.raises(errors.TracingError, match=r"plain array"):
        grad(lambda x: np.copyto(plain, x))(np.ones(3))


def test_arrays_of_two_traces() -> None:
    """An index computed in an outer trace, and an array read there, inside an inner gradient."""

    def outer(x: Any) -> Any:
        i = np.argsort(x)[0]
        return grad(lambda y: np.sum(y * x[i]) + y[0] * x[1:][i])(x)[0]

    x = np.array([3.0, 1.0, 2.0])
    same(grad(outer)(x), np.array([0.0, 1.0, 1.0]))
