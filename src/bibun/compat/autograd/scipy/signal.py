"""The names of autograd.scipy.signal: SciPy's own functions, which refuse traced arrays."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.signal"), name)
