"""Batches side by side: more examples than a vector has numbers, and functions of every kind."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

import bibun
from bibun.export.functions import exported
from bibun.export.lowered import lowered

from ..cpp.compilers import COMPILERS, GCC
from .driver import OPTIONS, SANITIZED

RNG = np.random.default_rng(3)
WARNINGS = ["-Wconversion", "-Wshadow", "-pedantic"]
ROWS = 19  # two vectors of float64, one of float32, and three more


def drawn(*shape: int) -> np.ndarray:
    return RNG.uniform(0.5, 1.5, (ROWS, *shape))


def arm(q: Any, torque: Any) -> Any:
    """A dozen numbers, and a system of two equations."""
    c, s = np.cos(q[1]), np.sin(q[1])
    a, b = 3 + 2 * c, 1 + c
    left, right = torque - np.array([s * q[2] * (q[3] - q[2]), s * q[2] ** 2])
    return np.array([left - b * right, a * right - b * left]) / (a - b * b)


def network(w: Any, v: Any, x: Any) -> Any:
    return np.sum(np.tanh(v @ np.tanh(w @ x)) ** 2)


def price(s: Any, k: Any, t: Any) -> Any:
    d = (np.log(s / k) + t / 2) / np.sqrt(t)
    return s * ndtr(d) - k * ndtr(d - np.sqrt(t))


def steps(x: Any, push: Any) -> Any:
    """A loop with a state, rows that all have in common, and one that each has."""
    return bibun.scan(lambda c, r: ((c := np.sin(c + r[0]) * r[1]), c), x[0], (x, push))[1]


def picked(x: Any, table: Any, i: Any) -> Any:
    y = table[i] * x
    return np.where(y > 1, np.cumsum(np.sqrt(np.abs(y))), np.max(y) + 1.0)


def system(x: Any, b: Any, a: Any) -> Any:
    """Functions are called for one example after the other; a factorisation is the same for all."""
    y = np.sort(np.linalg.solve(np.outer(x, x) + np.diag(x), b) + np.sin(x))
    return np.sum(y * np.linalg.solve(a, x))


def rare(x: Any) -> Any:
    """Of some examples what seldom happens: sines of large numbers."""
    return np.sin(x * np.array([1.0, 1e5, 1e12])) + np.exp(x)


X, TABLE = drawn(4), RNG.normal(size=5)
BOTH = {"batch": (0, 1), "wrt": (0, 1), "functions": ["jacobian"]}
SUMS = {"batch": 2, "wrt": (0, 2), "functions": ["value", "value_and_grad"]}
CASES: dict[str, tuple[Any, tuple, dict[str, Any]]] = {
    "arm": (arm, (X, drawn(2)), BOTH),
    "network": (network, (RNG.normal(size=(5, 4)), RNG.normal(size=(3, 5)), X), SUMS),
    "price": (price, (drawn(), drawn(), drawn()), SUMS | {"batch": (0, 1, 2)}),
    "steps": (steps, (X, RNG.uniform(size=4)), {"batch": 0, "wrt": (0, 1), "functions": "vjp"}),
    "picked": (picked, (X, TABLE, RNG.integers(0, 5, (ROWS, 4))), BOTH | {"batch": (0, 2)}),
    "system": (
        system,
        (X, drawn(4), np.eye(4) + RNG.uniform(size=(4, 4))),
        SUMS | {"batch": (0, 1)},
    ),
    "rare": (rare, (drawn(3),), {"batch": 0, "functions": "value"}),
}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", [*CASES, "network, float32"])
def test_batches(name: str, compiler: str, tmp_path: Path) -> None:
    """The test that is exported beside the headers compares with what Python has for each row."""
    f, args, options = CASES[name.split(",")[0]]
    if name.endswith("float32"):
        args = tuple(x.astype(np.float32) for x in args)
    files = bibun.export.cpp(f, args, to=tmp_path, name="f", math="vector", **options)
    assert all("_lanes(" in file.read_text() for file in files if file.suffix == ".hpp")
    program = tmp_path / "test"
    flags = SANITIZED if compiler == GCC and name != "arm" else OPTIONS
    source = tmp_path / "f_test.cpp"
    subprocess.run([compiler, *flags, *WARNINGS, source, "-o", program], check=True)
    subprocess.run([program], check=True)


@pytest.mark.parametrize(
    "f, shape",
    [
        (lambda x: bibun.while_loop(lambda y: y[0] < 3, lambda y: y * 2, x), (3,)),
        (lambda x: bibun.cond(x[0] > 1, np.sin, np.cos, x), (3,)),
        (lambda x: np.tanh(x), (4000,)),
    ],
)
def test_what_goes_one_by_one(f: Any, shape: tuple) -> None:
    """Examples that go ways of their own, or are vectors themselves."""
    given = exported(f, (drawn(*shape),), [], "value", [0])
    assert lowered("f", given, "vector").several is None
