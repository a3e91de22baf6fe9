"""Constants in a structural key: where one stands belongs to it, which number it is mostly not.

A program that ran with 3.0 is the same program when it runs with 4.0, and its derivative is found
instead of made. In the key a constant is therefore only a place, `Scalar`; the number is kept
beside it. Numbers that rules and derivatives look for belong to the key all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from .graph import Constant, Example, Op, operation

# What a program does with 1 + exp(x) must not depend on whether it was 2 + exp(x) before.
SPECIAL = {-1, 0, 0.5, 1, 2}


@operation
class Scalar(Op):
    """The place of a constant in a structural key: where it stands, but not which number it is."""

    dtype: np.dtype

    @classmethod
    def examples(cls) -> Iterator[Example]:
        return iter(())


PLACES = {c: Scalar(np.dtype(c)) for c in "?bBhHiIlLqQefdgFDG"}


def constant_of(number: Any, dtype: np.dtype) -> tuple[Constant, np.ndarray]:
    """A number as a constant of a graph, and as a value."""
    value = np.asarray(number, dtype)
    return Constant(dtype, value.tobytes()), value


# Calls repeat the same numbers. -0.0 and nans must not be looked up: 0.0 == -0.0, nan != nan.
known_constant_of = lru_cache(maxsize=4096)(constant_of)
