"""The functions of numpy.linalg for Arrays."""

from typing import Any

from numpy import linalg as _numpy

from .adapt import found as _found


def __getattr__(name: str) -> Any:
    found = globals()[name] = _found(_numpy, name)
    return found


def __dir__() -> list[str]:
    return dir(_numpy)
