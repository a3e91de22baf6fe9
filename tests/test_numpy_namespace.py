"""bibun.numpy: NumPy's names for Arrays, and the namespace of the array-API standard."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as onp
import pytest

import bibun
import bibun.numpy as np
from bibun.array import Array

X = onp.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]])

# Programs in which every name is of the namespace, as code against the standard is written.
# fmt: off
PROGRAMS: dict[str, Any] = {
    "softmax":   lambda xp, x: xp.exp(x) / xp.sum(xp.exp(x), axis=-1, keepdims=True),
    "solve":     lambda xp, x: xp.linalg.solve(x @ xp.matrix_transpose(x) + xp.eye(2), x),
    "join":      lambda xp, x: xp.concat([x, xp.zeros((1, 3)), xp.permute_dims(x, (1, 0)) @ x]),
    "choose":    lambda xp, x: xp.where(x > 0, xp.sqrt(xp.abs(x)), xp.asarray(2.0)) * xp.pi,
    "spread":    lambda xp, x: xp.std(x, axis=0, correction=1) + xp.var(x, axis=0),
    "order":     lambda xp, x: xp.sort(x, axis=-1) + xp.cumulative_sum(x, axis=-1),
    "make":      lambda xp, x: xp.linspace(0, 1, 3) * x + xp.ones_like(x) + xp.arange(3),
    "bounds":    lambda xp, x: xp.clip(x, -1.0, 1.0) + xp.maximum(x, xp.asarray(0.0)),
    "vectors":   lambda xp, x: xp.vecdot(x, x) + xp.linalg.vector_norm(x, axis=1),
    "indices":   lambda xp, x: xp.take(x, xp.asarray([0, 2]), axis=1) + x[:, :2],
}
# fmt: on


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    """The same values as NumPy's, and derivatives, with the namespace that the array names."""
    program = PROGRAMS[name]
    y, expected = program(np, np.asarray(X)), program(onp, X)
    assert type(y) is Array and y.dtype == expected.dtype
    onp.testing.assert_array_equal(y.numpy(), expected)
    bibun.check_grads(lambda x: np.sum(program(np.asarray(x).__array_namespace__(), x) ** 2), X)


def test_arrays_of_the_standard() -> None:
    x = np.asarray(X)
    assert x.__array_namespace__() is np and np.__array_api_version__ == "2024.12"
    assert x.device == "cpu" and x.to_device("cpu") is x
    with pytest.raises(ValueError, match="cpu"):
        x.to_device("gpu")
    with pytest.raises(ValueError, match="cpu"):
        np.asarray(X, device="gpu")
    onp.testing.assert_array_equal(onp.from_dlpack(x), X)
    assert type(np.from_dlpack(X)) is Array
    with pytest.raises(TypeError, match="derivative"):
        bibun.grad(lambda x: np.sum(np.asarray(onp.from_dlpack(x))))(X)
    assert np.__array_namespace_info__().default_device() == "cpu"


def test_every_name_of_numpy() -> None:
    missing = [n for n in onp.__all__ if not hasattr(np, n)]
    missing += [n for n in onp.linalg.__all__ if not hasattr(np.linalg, n)]
    missing += [n for n in onp.fft.__all__ if not hasattr(np.fft, n)]
    assert not missing
    for name in ("float32", "pi", "newaxis", "ndarray", "dtype", "errstate"):
        assert getattr(np, name) is getattr(onp, name), name
    assert set(onp.__all__) <= set(dir(np)) | {"bool8"}
    assert inspect.signature(np.sum) == inspect.signature(onp.sum)
    with pytest.raises(AttributeError):
        np.no_such_function  # noqa: B018


def test_plain_values_follow_numpy() -> None:
    """What is not recorded is NumPy's own: complex numbers, options, errors, several results."""
    z = np.asarray([1 + 2j, 3.0])
    onp.testing.assert_array_equal(np.fft.fft(z).numpy(), onp.fft.fft(z.numpy()))
    assert type(np.linalg.eigh(np.eye(2)).eigenvalues) is Array
    assert type(np.random.default_rng(0).normal()) is float and np.random.rand(3).shape == (3,)
    with pytest.raises(onp.exceptions.AxisError):
        np.sum(X, axis=5)
    with pytest.raises(ValueError, match="matmul"):
        np.matmul(X, X)
    out = onp.empty(3)
    np.add(X[0], 1, out=out)
    onp.testing.assert_array_equal(out, X[0] + 1)


def test_sorting_backwards_is_stable() -> None:
    x = np.asarray([2, 1, 2, 3, 1])
    assert np.argsort(x, descending=True).tolist() == [3, 0, 2, 1, 4]
    assert np.sort(x, descending=True).tolist() == [3, 2, 2, 1, 1]
    y = np.asarray([[3.0, 1.0], [0.0, 2.0]])
    assert np.argsort(y, axis=0, descending=True).tolist() == [[0, 1], [1, 0]]
    bibun.check_grads(lambda x: np.sum(np.sort(x, descending=True) * X), X)


def test_nested_lists_of_traced_numbers() -> None:
    g = bibun.grad(lambda x: np.sum(np.asarray([[x[0], 1.0], [x[1] * x[2], 2.0]]) ** 2))(X[0])
    onp.testing.assert_allclose(g, [1.0, 2 * -1.5 * 4.0, 2 * 2.25 * 2.0], rtol=1e-15)
