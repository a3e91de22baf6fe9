"""The names of autograd.numpy.linalg: NumPy's own functions."""

from typing import Any

from numpy import linalg as _numpy

from .joining import array, holds_traced


def norm(x: Any, *args: Any, **kwargs: Any) -> Any:
    """numpy.linalg.norm, also of lists of traced numbers."""
    return _numpy.norm(array(x) if holds_traced(x) else x, *args, **kwargs)


def __getattr__(name: str) -> Any:
    return getattr(_numpy, name)


def __dir__() -> list[str]:
    return dir(_numpy)
