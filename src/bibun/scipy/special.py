"""scipy.special: its ufuncs as they are, and those functions that only accept plain arrays.

`scipy.special.erf(x)` works on a traced x, since it is a ufunc. `logsumexp`, `softmax` and
`log_softmax` are not, so that they stand here, with SciPy's signatures.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

from ..array import Array, Duck
from ..ops import softmax as ours


def _for_all(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, which gives Arrays, with plain arrays for plain arrays."""

    @wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        y = f(*args, **options)
        if any(isinstance(a, Duck) for a in (*args, *options.values())):
            return y
        return tuple(v.raw for v in y) if isinstance(y, tuple) else _plain(y)

    return wrapped


def _plain(y: Any) -> Any:
    return y.raw if isinstance(y, Array) else y


logsumexp = _for_all(ours.logsumexp)
softmax = _for_all(ours.softmax)
log_softmax = _for_all(ours.log_softmax)


def __getattr__(name: str) -> Any:
    return getattr(import_module("scipy.special"), name)


__all__ = ["log_softmax", "logsumexp", "softmax"]
