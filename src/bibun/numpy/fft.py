"""The functions of numpy.fft for Arrays."""

from typing import Any

from numpy import fft as _numpy

from .adapt import found as _found
from .standard import astype as _astype
from .standard import on_device as _on_device


def fftfreq(n: int, /, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of the entries of fft(x) for n samples at the distance d."""
    _on_device(device)
    return _astype(_found(_numpy, "fftfreq")(n, d), dtype or float)


def rfftfreq(n: int, /, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of the entries of rfft(x) for n samples at the distance d."""
    _on_device(device)
    return _astype(_found(_numpy, "rfftfreq")(n, d), dtype or float)


def __getattr__(name: str) -> Any:
    found = globals()[name] = _found(_numpy, name)
    return found


def __dir__() -> list[str]:
    return dir(_numpy)
