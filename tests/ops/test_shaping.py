"""Shapes, joining, cutting, padding and taking: NumPy's values, types and errors; derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from bibun import errors, grad, jvp, vmap

from .test_indexing import DTYPES, numbers, outcome, same, traced

SHAPES = [(), (3,), (1,), (2, 3), (3, 3), (2, 1, 3), (0, 3), (2, 3, 1, 2)]
Function = Callable[..., Any]


def arguments(function: Function, *choices: dict[str, Any]) -> Iterator[Any]:
    """A NumPy function of one array with each choice of its other arguments."""
    for options in choices:
        label = f"{function.__name__}({', '.join(f'{k}={v}' for k, v in options.items())})"
        yield pytest.param(lambda x, options=options: function(x, **options), id=label)


def axes(*names: str, values: tuple = (0, -1, 1, 5)) -> list[dict[str, Any]]:
    return [{n: v} for n in names for v in values]


I23 = np.array([[0, 1], [1, 0]])
# fmt: off
UNARY = [
    *arguments(np.moveaxis, {"source": 0, "destination": -1},
               {"source": (0, 1), "destination": (1, 2)},
               {"source": -1, "destination": 0}, {"source": (0,), "destination": (0, 1)},
               {"source": 9, "destination": 0}),
    *arguments(np.swapaxes, {"axis1": 0, "axis2": 1}, {"axis1": -1, "axis2": 0},
               {"axis1": 0, "axis2": 4}),
    *arguments(np.rollaxis, {"axis": 0}, {"axis": -1}, {"axis": 1, "start": 2},
               {"axis": 0, "start": -1}, {"axis": 0, "start": 7}),
    *arguments(np.transpose, {}, {"axes": (1, 0)}, {"axes": (0, 0)}, {"axes": (-1, 0, 1)},
               {"axes": (0, 5)}),
    *arguments(np.matrix_transpose, {}), *arguments(np.linalg.matrix_transpose, {}),
    *arguments(np.expand_dims, *axes("axis", values=(0, -1, 2, (0, 2), (0, 0), 7))),
    *arguments(np.squeeze, {}, *axes("axis", values=(0, 1, (1,), -1, 5))),
    *arguments(np.atleast_1d, {}), *arguments(np.atleast_2d, {}), *arguments(np.atleast_3d, {}),
    *arguments(np.flip, {}, *axes("axis", values=(0, 1, (0, 1), 5))), *arguments(np.fliplr, {}),
    *arguments(np.flipud, {}),
    *arguments(np.rot90, *axes("k", values=(0, 1, 2, 3, -1)), {"axes": (1, 0)}, {"axes": (0, 0)},
               {"axes": (0, 2)}),
    *arguments(np.roll, *axes("shift", values=(1, -2, 0, 7)), {"shift": 1, "axis": 0},
               {"shift": (1, 2), "axis": (0, 1)},
               {"shift": 1, "axis": (0, 0)}, {"shift": ((1, 2),), "axis": 0},
               {"shift": 1, "axis": 8}),
    *arguments(np.reshape, {"shape": -1}, {"shape": (3, -1)}, {"shape": (-1, 2), "order": "F"},
               {"shape": (7, 5)},
               {"shape": (-1, -1)}, {"shape": 3}, {"shape": (3, 2), "order": "F"}),
    *arguments(np.ravel, {}, {"order": "F"}), *arguments(np.resize, {"new_shape": (2, 4)},
               {"new_shape": 5}, {"new_shape": (0,)}),
    *arguments(np.broadcast_to, {"shape": (2, 3)}, {"shape": (4, 3, 3)}, {"shape": 3}),
    *arguments(np.size, {}, *axes("axis", values=(0, 1))),
    *arguments(np.repeat, {"repeats": 2}, {"repeats": 0}, {"repeats": 2, "axis": -1},
               {"repeats": [1, 2, 0], "axis": 0},
               {"repeats": [2], "axis": 0}, {"repeats": [1, 2, 3]}, {"repeats": -1},
               {"repeats": 2, "axis": 5}),
    *arguments(np.tile, *axes("reps", values=(2, 0, (2, 1), (2, 1, 2), ()))),
    *arguments(np.tril, *axes("k", values=(0, 1, -1, 9))), *arguments(np.triu,
               *axes("k", values=(0, 1, -1, -9))),
    *arguments(np.pad, {"pad_width": 1}, {"pad_width": ((1, 2),)},
               {"pad_width": (0, 2), "constant_values": (1, 2)},
               {"pad_width": 2, "mode": "edge"}, {"pad_width": 3, "mode": "reflect"},
               {"pad_width": (1, 4), "mode": "symmetric"},
               {"pad_width": (2, 5), "mode": "wrap"}, {"pad_width": -1}, {"pad_width": 1.5},
               {"pad_width": ((1, 1), (0, 2))},
               {"pad_width": 1, "constant_values": 3}),
    *arguments(np.insert, {"obj": 1, "values": 5}, {"obj": [0, 1], "values": 7},
               {"obj": 0, "values": [1, 2, 3], "axis": 0},
               {"obj": [1], "values": [[1, 2, 3]], "axis": 0},
               {"obj": slice(0, 2), "values": [8, 9]}, {"obj": 77, "values": 1},
               {"obj": -1, "values": [1, 2], "axis": 1},
               {"obj": np.array([True, False, True]), "values": 1, "axis": 0}),
    *arguments(np.delete, {"obj": 0}, {"obj": [0, -1]}, {"obj": slice(None, None, 2), "axis": 0},
               {"obj": 9, "axis": 0},
               {"obj": [True, False, True], "axis": 0}, {"obj": [], "axis": -1}),
    *arguments(np.take, {"indices": 0}, {"indices": [0, -1]}, {"indices": I23, "axis": 1},
               {"indices": [5, -7], "mode": "wrap"},
               {"indices": [5, -7], "mode": "clip"}, {"indices": 9}, {"indices": np.array([0.5])},
               {"indices": [[0]], "axis": -1},
               {"indices": 0, "axis": 6}, {"indices": 0, "mode": "new"}),
    *arguments(np.take_along_axis, {"indices": I23, "axis": 0}, {"indices": I23[:, :1]},
               {"indices": I23[0], "axis": None},
               {"indices": I23[:1], "axis": 1}, {"indices": I23 * 0.5}),
    *arguments(np.diagonal, {}, *axes("offset", values=(1, -1, 5)), {"axis1": 1, "axis2": 0},
               {"axis1": 0, "axis2": 2}, {"axis1": 0, "axis2": 0}),
    *arguments(np.diag, {}, *axes("k", values=(1, -2))), *arguments(np.diagflat, {}, {"k": 1}),
    *arguments(np.trace, {}, {"offset": 1}, {"axis1": -1, "axis2": 0}, {"dtype": np.float32}),
    *arguments(np.linalg.diagonal, {}, {"offset": -1}), *arguments(np.linalg.trace, {}),
    *arguments(np.split, {"indices_or_sections": 3}, {"indices_or_sections": 2, "axis": -1},
               {"indices_or_sections": [1, 2]}, {"indices_or_sections": [2, 1]},
               {"indices_or_sections": [-1, 9]}),
    *arguments(np.array_split, {"indices_or_sections": 2}, {"indices_or_sections": 4, "axis": 1},
               {"indices_or_sections": -1}),
    *arguments(np.hsplit, {"indices_or_sections": 3}),
    *arguments(np.vsplit, {"indices_or_sections": 2}),
    *arguments(np.dsplit, {"indices_or_sections": [1]}),
    *arguments(np.nonzero, {}), *arguments(np.flatnonzero, {}), *arguments(np.argwhere, {}),
    *arguments(np.tril_indices_from, {}), *arguments(np.diag_indices_from, {}),
]
if hasattr(np, "unstack"):  # since NumPy 2.1
    UNARY += arguments(np.unstack, {}, *axes("axis"))
# fmt: on


def joins() -> Iterator[Any]:
    """NumPy functions of several arrays x, and what they are called with."""
    mixed = [
        lambda x: [x, x],
        lambda x: (x, x[:0]),
        lambda x: [x, 2.0],
        lambda x: [x, x.astype("f4")],
        lambda x: x,
    ]
    mixed += [lambda x: [x, [1, 2, 3]], lambda x: [], lambda x: [x, np.float32(1), 2]]
    for k, form in enumerate(mixed):
        for f in (
            np.concatenate,
            np.stack,
            np.vstack,
            np.hstack,
            np.dstack,
            np.column_stack,
            np.block,
        ):
            yield pytest.param(lambda x, f=f, form=form: f(form(x)), id=f"{f.__name__}-{k}")
        for options in (
            {"axis": None},
            {"axis": -1},
            {"axis": 7},
            {"dtype": "f4"},
            {"dtype": "i8"},
        ):
            for f in (np.concatenate, np.stack):
                if f is np.concatenate or options != {"axis": None}:
                    label = f"{f.__name__}-{k}-{options}"
                    yield pytest.param(
                        lambda x, f=f, form=form, o=options: f(form(x), **o), id=label
                    )
    for axis in (None, 0, 1):
        yield pytest.param(lambda x, axis=axis: np.append(x, x, axis), id=f"append-{axis}")
        yield pytest.param(
            lambda x, axis=axis: np.append(x, [1, 2.5], axis), id=f"append-list-{axis}"
        )
    yield pytest.param(lambda x: np.block([[x, 0.0], [np.ones((1, 3)), 1]]), id="block-corners")
    yield pytest.param(lambda x: np.block([[x], x]), id="block-depths")
    yield pytest.param(lambda x: np.insert(np.arange(3.0), 1, x), id="insert-values")
    yield pytest.param(lambda x: np.pad(x, 1, constant_values=x[:1]), id="pad-values")
    yield pytest.param(lambda x: np.choose([0, 1, 1], [x, x * 2]), id="choose")
    yield pytest.param(lambda x: np.choose([0, 7, -1], [x, x * 2], mode="clip"), id="choose-clip")
    yield pytest.param(lambda x: np.choose([0, 7], [x, x]), id="choose-raise")
    yield pytest.param(lambda x: np.compress([True, False, True], x), id="compress")
    yield pytest.param(lambda x: np.compress([0, 1], x, axis=0), id="compress-axis")
    yield pytest.param(lambda x: np.compress(x > 0, x), id="compress-traced")
    yield pytest.param(lambda x: np.extract(x > 0, x), id="extract")
    yield pytest.param(lambda x: np.meshgrid(x, [1.0, 2.0]), id="meshgrid")
    yield pytest.param(
        lambda x: np.meshgrid(x, x, [1, 2], indexing="ij", sparse=True), id="meshgrid-ij"
    )
    yield pytest.param(lambda x: np.broadcast_arrays(x, np.ones((2, 1))), id="broadcast_arrays")
    yield pytest.param(lambda x: x[np.ix_([0, 1], [True, False, True])], id="ix_")


def moves(results: Any) -> list[Any]:
    """The floating-point arrays among results."""
    found = list(results) if isinstance(results, tuple | list) else [results]
    return [y for y in found if hasattr(y, "dtype") and y.dtype.kind == "f"]


@pytest.mark.parametrize("f", [*UNARY, *joins()])
def test_values_derivatives_and_errors(f: Function) -> None:
    for shape in SHAPES:
        for dtype in DTYPES:
            x = numbers(shape).astype(dtype)
            expected = outcome(f, x)
            found = outcome(traced, f, x)
            if isinstance(expected, type):
                right = isinstance(found, type) and issubclass(found, expected)
                assert right, f"{shape} {dtype}: {found} instead of {expected}"
            elif isinstance(expected, int):
                assert found == expected
            elif isinstance(found, type):
                raise AssertionError(f"{shape} {dtype}: {found} instead of a value")
            else:
                same(found, expected)
        x = numbers(shape)
        if not isinstance(outcome(f, x), type) and moves(f(x)):
            derivatives(f, x)


def derivatives(f: Function, x: np.ndarray) -> None:
    """The functions are affine for fixed signs of x: NumPy itself tells their exact derivatives."""
    x, t = np.where(x == 0, 4.0, 4 * x), numbers(x.shape, 2)
    ws = [numbers(y.shape, 3) for y in moves(f(x))]

    def weighted(x: Any) -> Any:
        return sum(
            (np.sum(y.astype(float) * w) for y, w in zip(moves(f(x)), ws, strict=True)),
            np.sum(x) * 0.0,
        )

    def slope(t: np.ndarray) -> Any:
        return (weighted(x + t / 8) - weighted(x - t / 8)) * 4

    found = jvp(weighted, (x,), (t,))[1]
    assert found == slope(t)
    g = grad(weighted)(x)
    assert (g.dtype, g.shape) == (x.dtype, x.shape)
    assert np.sum(g * t) == found
    for k in np.ndindex(x.shape):
        one = np.zeros_like(x)
        one[k] = 1
        assert g[k] == slope(one)


@pytest.mark.parametrize("f", UNARY)
def test_many_at_once(f: Function) -> None:
    for shape in ((3,), (3, 3), (2, 3, 1, 2)):
        xs = numbers((4, *shape))
        loop = [outcome(f, x) for x in xs]
        if (
            isinstance(loop[0], type)
            or not all(isinstance(y, np.ndarray) for y in loop)
            or loop[0].dtype.kind != "f"
        ):
            continue
        same(vmap(f)(xs), np.stack(loop))


def test_orders_of_memory() -> None:
    x = numbers((2, 3))
    for order in ("C", "F", "A", "K"):
        for f in (
            lambda x, o=order: np.ravel(x, order=o),
            lambda x, o=order: np.ravel(x.T, order=o),
        ):
            same(traced(f, x), f(x))
    with pytest.raises(errors.UnsupportedError, match="say C or F"):
        vmap(lambda x: np.ravel(x, order="K"))(numbers((2, 3, 4)))


def test_lists_of_traced_numbers() -> None:
    def rotated(a: Any) -> Any:
        R = np.stack([np.stack([np.cos(a), -np.sin(a)]), [np.sin(a), np.cos(a)]])
        assert R.shape == (2, 2)
        return np.sum(R @ np.array([1.0, 0.0]) * np.array([3.0, 5.0]))

    assert grad(rotated)(0.0) == 5.0
    assert grad(lambda a: np.sum(np.concatenate([np.stack([a]), [2.0, a * a]])))(3.0) == 7.0
    assert grad(lambda a: np.stack([a, 2, 1.5])[0] * 2)(1.0) == 2.0
    g = grad(lambda a: np.sum(np.stack([a, 2.0])))(np.float32(1))
    assert g.dtype == np.float32 and g == 1


def test_iteration_is_one_operation() -> None:
    def f(x: Any) -> Any:
        a, b, c = x
        return a * b + np.sin(c) + sum(row for row in x)

    x = np.array([2.0, 3.0, 0.0])
    same(grad(f)(x), np.array([4.0, 3.0, 2.0]))
    same(
        grad(lambda x: sum(np.sum(row * k) for k, row in enumerate(x)))(np.ones((3, 2))),
        np.array([[0.0] * 2, [1.0] * 2, [2.0] * 2]),
    )


def test_options_that_are_not_supported_say_so() -> None:
    x = np.ones((2, 3))
    for f in (
        lambda x: np.pad(x, 1, "mean"),
        lambda x: np.pad(x, 1, "reflect", reflect_type="odd"),
    ):
        with pytest.raises(errors.UnsupportedError):
            grad(f)(x)
    with pytest.raises(errors.TracingError):
        grad(lambda x: np.fill_diagonal(x, 0))(x)
