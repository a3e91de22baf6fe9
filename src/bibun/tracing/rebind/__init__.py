"""Names bound anew while tracing, so that `math.sin(x)` or `float(x)` keep the derivative.

In the user's own code, that is, with `np.array([x])` and many more. Nothing is patched; only code
that runs under a trace sees it.
"""

from . import (
    arrays,
    attributes,
    caches,
    constructors,
    conversions,
    impure,
    mathematics,
    numbers,
    operators,
    statistics,
    vectorize,
)
from .callee import followed, rebound, trace_packages

__all__ = [
    "arrays",
    "attributes",
    "caches",
    "constructors",
    "conversions",
    "followed",
    "impure",
    "mathematics",
    "numbers",
    "operators",
    "rebound",
    "statistics",
    "trace_packages",
    "vectorize",
]
