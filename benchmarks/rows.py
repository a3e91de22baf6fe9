"""The workloads: each is one program for every system, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .systems import Call, System


class Row(NamedTuple):
    """A workload, and how closely all systems must agree, relative to the largest entry."""

    title: str
    make: Callable[[System], Call]
    tolerance: float = 1e-10  # float64, after at most a thousand roundings of 1e-16 each

    def operations(self) -> int:
        """How many NumPy operations the forward pass runs."""
        return self.make(Counter())()[0]


def _layer(s: System) -> tuple[Callable, np.ndarray]:
    rng = np.random.default_rng(1)
    x, w = s.array(rng.normal(size=(3, 3))), rng.normal(size=(3, 2))

    def loss(w: Any) -> Any:
        return s.np.sum(s.np.sin(x @ w) ** 2)

    return loss, w


def layer(s: System) -> Call:
    return s.gradient(*_layer(s))


def tape(s: System) -> Call:
    return s.tape(*_layer(s))


def rosenbrock(s: System) -> Call:
    def loss(x: Any) -> Any:
        return s.np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return s.gradient(loss, np.linspace(-1.2, 1.0, 10))


def network(s: System) -> Call:
    rng = np.random.default_rng(2)
    x, weights = s.array(rng.normal(size=(8, 16))), rng.normal(scale=0.25, size=(20, 16, 16))

    def loss(*weights: Any) -> Any:
        y = x
        for w in weights:
            y = s.np.tanh(y @ w)
        return s.np.sum(y)

    return s.gradient(loss, *weights)


def _perceptron(s: System, constant: Callable) -> tuple:
    rng = np.random.default_rng(3)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(scale=0.05, size=shape).astype(np.float32)

    x, labels = (
        constant(normal(32, 784)),
        constant(np.eye(10, dtype=np.float32)[rng.integers(10, size=32)]),
    )

    def loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        return s.cross_entropy(s.np.tanh(x @ w1 + b1) @ w2 + b2, labels)

    return loss, 0.01, normal(784, 128), normal(128), normal(128, 10), normal(10)


def perceptron(s: System) -> Call:
    return s.training(*_perceptron(s, s.frozen))


def plain(s: System) -> Call:
    return s.step(*_perceptron(s, s.array))


def _chain(s: System, x: Any) -> Any:
    for _ in range(333):
        x = s.np.sin(x) * 1.01 + 0.1
    return x


def scalars(s: System) -> Call:
    return s.gradient(lambda x: _chain(s, x), np.array(0.5))


def vectors(s: System) -> Call:
    return s.gradient(lambda x: s.np.sum(_chain(s, x)), np.linspace(0.0, 1.0, 10))


def vmap(s: System) -> Call:
    rng = np.random.default_rng(4)
    xs, w = s.array(rng.normal(size=(128, 32))), rng.normal(size=(32, 16))

    def loss(w: Any) -> Any:
        return s.np.sum(s.vmap(lambda x: s.product(x, w))(xs))

    return s.gradient(loss, w)


ROWS = {
    "layer": Row("layer of the article, sum(sin(X W)²)", layer),
    "tape": Row("the same layer, on the tape", tape),
    "rosenbrock": Row("Rosenbrock, 10 variables, slices", rosenbrock),
    "network": Row("20 layers tanh(x W), width 16, batch 8", network),
    # float32: sums of up to 784 products with roundings of 6e-8, in another order in each system.
    "perceptron": Row("784-128-10 training step, batch 32, float32", perceptron, 1e-4),
    "plain": Row("the same on plain arrays, which bibun must copy", plain, 1e-4),
    "scalars": Row("1,000 operations on a number", scalars),
    "vectors": Row("1,000 operations on 10 numbers", vectors),
    "vmap": Row("vmap of x W over 128, shared W", vmap),
}


# ------------------------------------------------------------ counting operations


class Counted(NDArrayOperatorsMixin):
    """A plain array that counts the NumPy operations it takes part in."""

    def __init__(self, value: Any, count: list[str]):
        self.value, self.count = value, count

    def _record(self, name: str, f: Callable, args: tuple, options: dict) -> Counted:
        self.count.append(name)
        return Counted(
            f(*(a.value if isinstance(a, Counted) else a for a in args), **options), self.count
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Counted:
        return self._record(ufunc.__name__, ufunc, args, options)

    def __array_function__(self, f: Callable, types: Any, args: tuple, options: dict) -> Counted:
        return self._record(f.__name__, f, args, options)

    def __getitem__(self, index: Any) -> Counted:
        return self._record("index", lambda x: x[index], (self,), {})


class Counter(System):
    """Runs only the forward pass; the value of its gradient is the number of operations."""

    name, module, np = "counter", "numpy", np

    def gradient(self, loss: Callable, *parameters: np.ndarray) -> Call:
        count: list[str] = []
        loss(*(Counted(p, count) for p in parameters))
        return lambda: (len(count), ())

    def step(self, loss: Callable, rate: float, *parameters: np.ndarray) -> Call:
        return self.gradient(loss, *parameters)

    def vmap(self, f: Callable) -> Callable:
        return f
