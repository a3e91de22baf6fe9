"""Optimisers that call a gradient: grad(x, i), with i the number of the step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..wrap_util import wraps
from .flatten import flatten

Function = Callable[..., Any]


def unflatten_optimizer(optimize: Function) -> Function:
    """From an optimiser of vectors to one of nested lists, tuples and dicts of arrays."""

    @wraps(optimize)
    def optimized(
        grad: Function, x0: Any, callback: Function | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        vector, unflatten = flatten(x0)

        def gradient(x: Any, i: int) -> Any:
            return flatten(grad(unflatten(x), i))[0]

        def called(x: Any, i: int, g: Any) -> None:
            if callback is not None:
                callback(unflatten(x), i, unflatten(g))

        return unflatten(optimize(gradient, vector, called, *args, **kwargs))

    return optimized


@unflatten_optimizer
def sgd(
    grad: Function,
    x: Any,
    callback: Function,
    num_iters: int = 200,
    step_size: float = 0.1,
    mass: float = 0.9,
) -> Any:
    """v <- mass v - (1 - mass) g;  x <- x + step_size v."""
    v = np.zeros(len(x))
    for i in range(num_iters):
        g = grad(x, i)
        callback(x, i, g)
        v = mass * v - (1 - mass) * g
        x = x + step_size * v
    return x


@unflatten_optimizer
def rmsprop(
    grad: Function,
    x: Any,
    callback: Function,
    num_iters: int = 100,
    step_size: float = 0.1,
    gamma: float = 0.9,
    eps: float = 1e-8,
) -> Any:
    """s <- gamma s + (1 - gamma) g^2;  x <- x - step_size g / (sqrt(s) + eps)."""
    s = np.ones(len(x))
    for i in range(num_iters):
        g = grad(x, i)
        callback(x, i, g)
        s = gamma * s + (1 - gamma) * g**2
        x = x - step_size * g / (np.sqrt(s) + eps)
    return x


@unflatten_optimizer
def adam(
    grad: Function,
    x: Any,
    callback: Function,
    num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Any:
    """Adam: Kingma and Ba 2015, arXiv:1412.6980, algorithm 1."""
    m, v = np.zeros(len(x)), np.zeros(len(x))
    for i in range(num_iters):
        g = grad(x, i)
        callback(x, i, g)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        steps = i + 1
        x = x - step_size * (m / (1 - b1**steps)) / (np.sqrt(v / (1 - b2**steps)) + eps)
    return x
