"""The first values of weights, by name."""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import Any

import numpy as np

from ..errors import BibunError, ShapeError

Initializer = str | Callable[[tuple[int, ...]], Any] | Any


class SeedError(BibunError, ValueError):
    """Random weights were asked for before the layer knew its path, on which they depend.

    In `__init__` a layer does not know yet in which model it will stand, and two layers would get
    the same numbers. Make weights in `build`, or give the layer a seed.
    """


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs a unit sums over, and how many units an input feeds: (..., inputs, units)."""
    if len(shape) < 2:
        return prod(shape), prod(shape)
    window = prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], variance: float) -> np.ndarray:
    bound = sqrt(3 * variance)
    return rng.uniform(-bound, bound, shape)


def _normal(rng: np.random.Generator, shape: tuple[int, ...], variance: float) -> np.ndarray:
    return rng.normal(0.0, sqrt(variance), shape)


# fmt: off
# name:             distribution, variance for (inputs, units)
# Glorot and Bengio 2010; He et al. 2015; LeCun et al. 1998.
RANDOM: dict[str, tuple[Callable, Callable[[int, int], float]]] = {
    "glorot_uniform": (_uniform,  lambda i, o: 2 / max(1, i + o)),
    "glorot_normal":  (_normal,   lambda i, o: 2 / max(1, i + o)),
    "he_uniform":     (_uniform,  lambda i, o: 2 / max(1, i)),
    "he_normal":      (_normal,   lambda i, o: 2 / max(1, i)),
    "lecun_normal":   (_normal,   lambda i, o: 1 / max(1, i)),
    "normal":         (_normal,   lambda i, o: 0.05**2),
    "uniform":        (_uniform,  lambda i, o: 0.05**2 / 3),
}
FIXED: dict[str, Callable[[tuple[int, ...]], np.ndarray]] = {"zeros": np.zeros, "ones": np.ones}
# fmt: on


def initial(
    how: Initializer,
    shape: tuple[int, ...],
    dtype: np.dtype,
    place: str,
    rng: np.random.Generator | None,
) -> np.ndarray:
    """The first value of the weight at the path `place`."""
    if isinstance(how, str) and how not in RANDOM and how not in FIXED:
        raise ValueError(
            f"{place}: the initializer is one of {', '.join([*RANDOM, *FIXED])}, not {how!r}"
        )
    if isinstance(how, str) and how in RANDOM:
        if rng is None:
            raise SeedError(
                f"{place}: a random weight made in __init__ needs a seed, because the layer does "
                "not know its path yet: make it in build(self, input_shape), or call "
                "super().__init__(seed=...) before"
            )
        draw, variance = RANDOM[how]
        value = draw(rng, shape, variance(*fans(shape)))
    else:
        value = FIXED[how](shape) if isinstance(how, str) else how(shape) if callable(how) else how
    if np.shape(value) != shape:
        raise ShapeError(
            f"{place}: an initial value of shape {np.shape(value)} does not fit: {shape} is needed"
        )
    return np.array(value, dtype)
