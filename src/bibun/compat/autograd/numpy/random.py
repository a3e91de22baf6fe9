"""The names of autograd.numpy.random: NumPy's own functions."""

from typing import Any

from numpy import random as _numpy


def __getattr__(name: str) -> Any:
    return getattr(_numpy, name)


def __dir__() -> list[str]:
    return dir(_numpy)
