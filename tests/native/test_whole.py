"""Whole operations of linear algebra and sorting that native code calls the extension for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import scipy.linalg as sl

import bibun
from bibun.native.program import NativeProgram
from bibun.ops.linalg import ComplexResultError

from .test_guarded import same_guarded
from .test_native import graph_of, same

Function = Callable[[Any], Any]


def native(f: Function, x: Any, roundings: float, guarded: bool = True) -> None:
    """A function, its gradient and its tangent are single functions that give NumPy's numbers."""

    def loss(x: Any) -> Any:
        y = f(x)
        return np.sum(np.sin(y + np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)))

    every = f, bibun.grad(loss), lambda x: bibun.jvp(f, (x,), (x * x,))[1]
    for derived in every[: 2 if x.dtype == np.float32 else 3]:
        graph, captured = graph_of(derived, x)
        assert not same(graph, [x, *captured], roundings).interpreted
        if guarded:
            same_guarded(graph, [x, *captured])


def half(x: Any) -> int:
    return x.shape[-1] // 2


SORTED: dict[str, Function] = {
    "sort": lambda x: np.sort(x, -1),
    "columns": lambda x: np.sort(x, 0),
    "median": lambda x: np.median(x, axis=-1),
    "quantiles": lambda x: np.quantile(x, [0.1, 0.75], axis=-1),
    "smallest": lambda x: np.sort(np.partition(x, half(x), -1)[..., : half(x) + 1], -1),
    "first": lambda x: np.take_along_axis(x, np.argsort(x, -1), -1)[..., :1],
}


@pytest.mark.parametrize("name", SORTED)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(1,), (37,), (700,), (3, 2, 5), (4, 19)])
def test_sorting(name: str, dtype: str, shape: tuple[int, ...]) -> None:
    """Short lines and long ones, with equal numbers."""
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    x.flat[0] = x.flat[-1]
    native(SORTED[name], x, 64)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i1", "i4", "i8", "u2", "u8", "?"])
@pytest.mark.parametrize("size", [50, 1000])
def test_orders(dtype: str, size: int) -> None:
    """All numbers there are, nan last, equal ones where they were: as NumPy's stable sort."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (size, np.dtype(dtype).itemsize), "u1")
    x = x.ravel().view(dtype) if dtype != "?" else x.ravel() > 100
    with np.errstate(invalid="ignore"):
        x[::3] = x[0]
        x[5:9] = np.array([0, -0.0, np.inf, np.nan]).astype(dtype) if dtype[0] == "f" else x[1]
        near = np.ones(20, dtype).view(f"u{x.itemsize}")  # which differ in their last bits alone
        x[-20:] = (near + rng.permutation(20).astype(near.dtype)).view(dtype) if dtype != "?" else 1
        y, places = bibun.jit(lambda x: (np.sort(x), np.argsort(x, kind="stable")))(x)
    np.testing.assert_array_equal(y, np.sort(x))
    np.testing.assert_array_equal(places, np.argsort(x, kind="stable"))


def scaled(a: Any) -> Any:
    """A matrix of the same eigenvalues that is not symmetric."""
    scales = np.linspace(1, 2, a.shape[-1], dtype=a.dtype)
    return a * scales[:, None] / scales


SQUARE: dict[str, Function] = {
    "det": lambda a: np.linalg.det(a / 4),
    "logdet": lambda a: np.linalg.slogdet(a)[1],
    "inverse": np.linalg.inv,
    "solve": lambda a: np.linalg.solve(a, a[..., :2] + 1),
    "turned": lambda a: np.linalg.solve(np.swapaxes(a, -1, -2), a[..., 0, :, None] + 1),
    "cholesky": np.linalg.cholesky,
    "by the root": lambda a: sl.cho_solve(sl.cho_factor(a @ a.T), a[:, :2]),
    "triangle": lambda a: sl.solve_triangular(a, a[:, :3], lower=True),
    "eigenvalues": lambda a: np.linalg.eigvalsh(a),
    "projection": lambda a: np.linalg.eigh(a)[1][..., :1] ** 2,
    "exponential": lambda a: sl.expm(a / 8),
    "eigenvalues of any": lambda a: np.linalg.eigvals(scaled(a)),
    "eigenvectors of any": lambda a: np.linalg.eig(scaled(a))[1][..., :1] ** 2,
    "complex": lambda a: np.linalg.eigvalsh(a + 0.1j * (np.triu(a) - np.triu(a).T)),
    "complex projection": lambda a: np.abs(np.linalg.eigh(a + 0.1j * np.tril(a, -1))[1]),
    "root": lambda a: sl.sqrtm(scaled(a)),
    "Sylvester's equation": lambda a: sl.solve_sylvester(scaled(a), a[:2, :2], a[:, :2] ** 2),
    "root of the product": lambda a: np.linalg.cond(a),
}
TALL: dict[str, Function] = {
    "singular values": lambda a: np.linalg.svd(a, compute_uv=False),
    "first of u": lambda a: np.linalg.svd(a, full_matrices=False)[0][:, 0] ** 2,
    "r": lambda a: np.linalg.qr(a)[1],
    "q": lambda a: np.linalg.qr(a)[0],
    "pseudo-inverse": np.linalg.pinv,
    "least squares": lambda a: np.linalg.lstsq(a, np.ones(len(a), a.dtype))[0],
}


def matrix(m: int, n: int, dtype: str) -> np.ndarray:
    """A well-conditioned matrix, whose eigenvalues and singular values lie apart; one triangle."""
    q = np.linalg.qr(np.random.default_rng(m).standard_normal((m, m)))[0]
    values = np.linspace(1, 3, n)
    return ((q[:, :n] * values) @ (q[:n, :n].T if m > n else q.T)).astype(dtype)


@pytest.mark.parametrize("name", SQUARE)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_square_matrices(name: str, dtype: str) -> None:
    for n in (4, 40):
        if n == 40 and name in ("det", "exponential"):
            continue  # of which NumPy has a part
        native(SQUARE[name], matrix(n, n, dtype), 64 * n * n, (n == 40) == (dtype == "f4"))


@pytest.mark.parametrize("name", TALL)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_tall_and_wide_matrices(name: str, dtype: str) -> None:
    for m, n in ((5, 3), (40, 30)):
        a = matrix(m, n, dtype)
        native(TALL[name], a, 64 * m * n, (m == 40) == (dtype == "f4"))
        if name in ("singular values", "pseudo-inverse") and m == 5:
            native(lambda a: TALL[name](a.T), a, 64 * m * n)


def test_several_matrices() -> None:
    """One after the other, and in a loop."""
    a = np.stack([matrix(4, 4, "f8"), matrix(4, 4, "f8") + np.eye(4), np.eye(4)])
    for f in (np.linalg.det, lambda a: np.linalg.slogdet(a)[1], np.linalg.eigvalsh):
        native(f, a, 1000)
        native(lambda a, f=f: bibun.scan(lambda s, a: (s + f(a), None), f(a[0]), a)[0], a, 1000)


@pytest.mark.parametrize("n", [3, 40])
def test_what_has_no_result(n: int) -> None:
    """Singular and infinite matrices are NumPy's: its errors, and its numbers."""
    singular = np.zeros((n, n))
    for f in (np.linalg.inv, lambda a: np.linalg.solve(a, a), np.linalg.cholesky, np.linalg.qr):
        with pytest.raises(np.linalg.LinAlgError):
            bibun.jit(f)(singular)
    assert bibun.jit(np.linalg.det)(singular) == np.linalg.det(singular) == 0
    assert bibun.jit(np.linalg.slogdet)(singular) == np.linalg.slogdet(singular) == (0, -np.inf)
    bad = np.eye(n)
    bad[0, -1] = np.nan
    for f in (np.linalg.svd, np.linalg.pinv):
        with pytest.raises(np.linalg.LinAlgError):
            bibun.jit(f)(bad)
    with pytest.raises(np.linalg.LinAlgError) if n == 3 else nullcontext():  # as NumPy has it
        assert np.isnan(bibun.jit(np.linalg.eigvalsh)(bad)).any()
    assert np.isnan(bibun.jit(np.linalg.inv)(bad)).all() and np.isnan(bibun.jit(np.linalg.det)(bad))


def test_complex_results_and_others_are_the_interpreters() -> None:
    """What has no real result, or none at all: NumPy's and SciPy's errors, warnings and numbers."""
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    bad = np.array([[1.0, np.nan], [0.0, 1.0]])
    with pytest.raises(ComplexResultError):
        bibun.jit(np.linalg.eigvals)(turn)
    with pytest.raises(np.linalg.LinAlgError):
        bibun.jit(np.linalg.eigvals)(bad)
    assert np.isnan(bibun.jit(lambda a: np.linalg.eigvalsh(1j * a))(bad)).all()
    root = bibun.jit(sl.sqrtm)
    np.testing.assert_allclose(root(turn), sl.sqrtm(turn), rtol=1e-14)
    assert np.isnan(root(-np.eye(2))).all() and np.isnan(root(bad)).all()
    with pytest.warns(sl.LinAlgWarning):
        np.testing.assert_array_equal(root(np.zeros((2, 2))), np.zeros((2, 2)))
    graph, _ = graph_of(sl.solve_sylvester, turn, turn, turn)
    for args in ((turn, turn, turn), (np.eye(2), -np.eye(2), turn), (bad, turn, turn)):
        assert np.isnan(NativeProgram(graph)(*args)[0]).all()
    for args in ((turn, turn, turn), (bad, turn, turn), (turn, 2 * turn, bad)):
        same(graph, args)


@pytest.mark.parametrize("dtype", ["i1", "i4", "i8", "u2", "u8"])
def test_integers(dtype: str) -> None:
    """With the least and the largest numbers there are, modulo which results are counted."""
    limits, rng = np.iinfo(dtype), np.random.default_rng(2)
    few = np.array([limits.min, limits.max, 0, 1, 6], dtype)
    few = np.concatenate([few, rng.integers(limits.min, limits.max, 8, dtype)])
    a, b = (x.ravel() for x in np.meshgrid(few, few))
    for f in (np.gcd, np.lcm, lambda a, b: np.power(a, b % 70), lambda a, b: a**5, np.fmax):
        graph, captured = graph_of(f, a, b)
        with np.errstate(all="ignore"):
            assert not same(graph, [a, b, *captured]).interpreted
    for f in (np.fmod, lambda a, b: np.reciprocal(b)):
        graph, captured = graph_of(f, a[b != 0], b[b != 0])
        assert not same(graph, [a[b != 0], b[b != 0], *captured]).interpreted
        with pytest.warns(RuntimeWarning, match="divide by zero|invalid value"):
            bibun.jit(f)(a, b)
    if dtype[0] == "i":
        with pytest.raises(ValueError, match="negative integer powers"):
            bibun.jit(np.power)(a, b)


def test_beside_calls_of_numpys() -> None:
    """Functions of the extension and NumPy's calls take turns."""
    x = np.random.default_rng(3).standard_normal(9)
    graph, captured = graph_of(
        lambda x: np.sort(np.sort(9 * x).astype(np.float16).astype(float)) + np.sort(-x), x
    )
    assert [n.op.name for n in same(graph, [x, *captured]).interpreted] == ["cast", "cast"]
