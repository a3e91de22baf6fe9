"""Small linear systems in native code: LAPACK's results, NumPy's errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun

from .test_native import graph_of, same

RNG = np.random.default_rng(5)


def matrices(*shape: int, dtype: str = "f8") -> np.ndarray:
    return RNG.standard_normal((*shape, shape[-1])).astype(dtype)


def definite(a: Any) -> Any:
    return a @ np.swapaxes(a, -1, -2) + np.eye(a.shape[-1], dtype=a.dtype)


# fmt: off
PROGRAMS: dict[str, Any] = {
    "solve": lambda a: np.linalg.solve(a, a[..., :2] ** 2),
    "solve a vector": lambda a: np.linalg.solve(a, np.cos(a[..., 0])[..., None])[..., 0],
    "inverse": lambda a: np.linalg.inv(a),
    "cholesky": lambda a: np.linalg.cholesky(definite(a)),
    "both": lambda a: np.linalg.solve(np.linalg.cholesky(definite(a)), a),
}
# fmt: on


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(1,), (4,), (17,), (3, 5)])
def test_factorisations(name: str, dtype: str, shape: tuple[int, ...]) -> None:
    """Values and gradients. Another order of the same eliminations: the condition decides."""
    a, f = matrices(*shape, dtype=dtype), PROGRAMS[name]
    wide = a.astype("f8")
    # A derivative of a solution has the condition twice.
    condition = float(np.max([np.linalg.cond(wide) ** 2, np.linalg.cond(definite(wide))]))
    for derived in (f, bibun.grad(lambda a: np.sum(np.sin(f(a))))):
        graph, captured = graph_of(derived, a)
        assert not same(graph, [a, *captured], 64 * condition).interpreted


def test_pivots() -> None:
    """Zeros on the diagonal, equal candidates, and numbers that are not finite."""
    a = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 1.0]])
    f = bibun.jit(lambda a, b: (np.linalg.solve(a, b), np.linalg.solve(a.T, b)))
    b = np.array([1.0, 2.0, 3.0])
    for found, wanted in zip(
        f(a, b), (np.linalg.solve(a, b), np.linalg.solve(a.T, b)), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
    bad = a.copy()
    bad[1, 2] = np.nan
    assert np.isnan(f(bad, b)[0]).all()


def test_errors_are_those_of_numpy() -> None:
    singular = np.array([[1.0, 2.0], [2.0, 4.0]])
    for f in (np.linalg.inv, lambda a: np.linalg.solve(a, a[0])):
        with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
            bibun.jit(f)(singular)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        bibun.jit(np.linalg.cholesky)(-np.eye(3))


def test_a_kalman_filter_is_one_loop() -> None:
    """A scan whose step solves a system: native, with its gradient."""
    f = np.array([[1.0, 0.1, 0.0], [0.0, 1.0, 0.1], [0.0, 0.0, 0.9]])
    h = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])

    def likelihood(q: Any, z: Any) -> Any:
        def step(state: Any, z: Any) -> Any:
            x, p = state
            x, p = f @ x, f @ p @ f.T + q * np.eye(3)
            s = h @ p @ h.T + 0.1 * np.eye(2)
            gain = np.linalg.solve(s, h @ p).T
            error = z - h @ x
            lower = np.linalg.cholesky(s)
            cost = error @ np.linalg.solve(s, error) / 2 + np.sum(np.log(np.diagonal(lower)))
            return (x + gain @ error, p - gain @ h @ p), cost

        return np.sum(bibun.scan(step, (np.zeros(3), np.eye(3)), z)[1])

    z = RNG.standard_normal((50, 2))
    compiled = bibun.jit(bibun.value_and_grad(likelihood))
    assert not compiled.lower(np.float64(0.3), z).interpreted
    value, gradient = compiled(np.float64(0.3), z)
    wanted, slope = bibun.value_and_grad(likelihood)(np.float64(0.3), z)
    np.testing.assert_allclose([value, gradient], [wanted, slope], rtol=1e-11)
