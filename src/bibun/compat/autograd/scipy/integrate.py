"""The names of autograd.scipy.integrate: SciPy's own functions, which refuse traced arrays."""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.integrate"), name)
