"""explain: the first operation that makes inf or nan, in a value or its derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..derivative.blame import Blame, blame
from ..derivative.gradient import Arguments
from ..tracing.functional import record


def explain(f: Callable[..., Any], *args: Any) -> Blame | None:
    """The first operation of f(*args), or of its derivative, that makes inf or nan; or None.

    Values are looked at forwards, as they are written; if all are finite, cotangents backwards, as
    the rules rewrite them. Both are what floats give, without the search in wider numbers of
    `rescue`. The result tells `operation`, `operands` and `result` at the first bad entry, its
    `place` in the array, and the `position` in the user's file; printed, it is one line.

    Arguments are arrays of floats, or numbers, in any containers; f returns arrays. Raises
    DtypeError for arguments of integers.

    >>> import numpy as np, bibun
    >>> print(bibun.numerics.explain(lambda x: np.sum(1 / x), np.array([1.0, 0.0])))
    the value of divide at 1.0, 0.0 at index (1,) is inf (...: `1 / x`)
    >>> bibun.numerics.explain(np.sin, 1.0) is None
    True
    """
    given = Arguments(args, tuple(range(len(args))), "explain")
    recorded = record(f, given.leaves, given.place, "explain", {})
    found = blame(recorded)
    return found if isinstance(found, Blame) else None
