"""The derivatives of a function that runs as it is, without bibun.

Central differences of order 8 know nothing but the function. The complex step gives all digits of
functions that are written with analytic functions only; it counts where differences vouch for it.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

H = 0.01
# An error of h^8 = 1e-16 times a ninth (tenth) derivative, and rounding of 1e-16 / h (h^2).
FIRST = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([8 / 5, -1 / 5, 8 / 315, -1 / 560])
CLOSE = {"rtol": 1e-7, "atol": 1e-8}  # what differences are good for
EXACT = {"rtol": 1e-9, "atol": 1e-11}  # rounding, in sums that cancel to a hundredth


def differences(f: Callable, x: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """The first and the second derivative of f at x along v."""
    at = {k: float(f(x + k * H * v)) for k in range(-4, 5)}
    first = sum(c * (at[k] - at[-k]) for k, c in enumerate(FIRST, 1)) / H
    second = sum(c * (at[k] + at[-k] - 2 * at[0]) for k, c in enumerate(SECOND, 1)) / H**2
    return float(first), float(second)


def gradient(f: Callable, x: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """The gradient of f at x, and how exact it is."""
    unit = np.eye(len(x))
    found = np.array([differences(f, x, e)[0] for e in unit])
    exact = complex_step(f, x)
    if exact is not None and np.allclose(exact, found, **CLOSE):
        return exact, EXACT
    return found, CLOSE


def complex_step(f: Callable, x: np.ndarray) -> np.ndarray | None:
    """Im f(x + i h e) / h for every unit vector e: no difference is taken, so nothing cancels."""
    h = 1e-30
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            steps: list[Any] = [f(x + 1j * h * e) for e in np.eye(len(x))]
            return np.array([complex(y).imag / h for y in steps])
    except Exception:  # whatever complex numbers do to code that was written for real ones
        return None


def curvature(f: Callable, x: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The Hessian of f at x times v, by polarisation: e H v = (q(v + e) - q(v - e)) / 4."""

    def q(w: np.ndarray) -> float:
        return differences(f, x, w)[1]

    return np.array([(q(v + e) - q(v - e)) / 4 for e in np.eye(len(x))])
