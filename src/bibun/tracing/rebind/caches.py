"""Functions with a cache, which must not keep traced arrays."""

from __future__ import annotations

import functools
from typing import Any
from weakref import WeakKeyDictionary

from ...array import Duck
from ...recording import Trace, threads
from .callee import CALL, kind

_memos: WeakKeyDictionary[Trace, dict] = WeakKeyDictionary()
IMMUTABLE = (int, float, complex, str, bytes, bool, type(None))


@kind(functools._lru_cache_wrapper)
def cached(f: Any) -> Any:
    """A function with a cache, which must not keep traced arrays.

    Other arguments than numbers and strings, or a closure, are remembered for the present trace
    only.
    """
    inner = f.__wrapped__

    def call(*args: Any, **options: Any) -> Any:
        own = not getattr(inner, "__closure__", None)
        given = (*args, *options.values())
        if not threads.open or (own and all(isinstance(a, IMMUTABLE) for a in given)):
            return f(*args, **options)
        if any(isinstance(a, Duck) for a in given):
            return (CALL @ inner)(*args, **options)
        memo = _memos.setdefault(threads.open[-1], {})
        key = (f, args, *sorted(options.items()))
        if key not in memo:
            memo[key] = (CALL @ inner)(*args, **options)
        return memo[key]

    return call
