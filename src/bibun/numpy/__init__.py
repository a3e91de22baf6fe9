"""NumPy's names for Arrays, and the namespace of the array-API standard (2024.12).

`import bibun.numpy as np` in place of `import numpy as np`: functions take Arrays, ndarrays,
numbers and lists, and return Arrays. Constants, dtypes and classes are NumPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as _np
from numpy import __version__

from . import fft, linalg, random
from .adapt import found as _found
from .standard import (
    argsort,
    array,
    asarray,
    astype,
    clip,
    count_nonzero,
    nonzero,
    sort,
    std,
    take_along_axis,
    var,
)

__array_api_version__ = "2024.12"


def __array_namespace_info__() -> Any:
    """What the standard asks: devices, dtypes and capabilities. They are NumPy's."""
    return _np.__array_namespace_info__()


def __getattr__(name: str) -> Any:
    found = globals()[name] = _found(_np, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_np)})


__all__ = [
    *(n for n in _np.__all__ if not n.startswith("_")),
    "__array_api_version__",
    "__array_namespace_info__",
    "__version__",
    "argsort",
    "array",
    "asarray",
    "astype",
    "clip",
    "count_nonzero",
    "fft",
    "linalg",
    "nonzero",
    "random",
    "sort",
    "std",
    "take_along_axis",
    "var",
]
