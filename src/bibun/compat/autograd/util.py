"""The names of autograd.util."""

from collections.abc import Callable, Iterable
from typing import Any

from .test_util import quick_grad_check


def subvals(x: Iterable[Any], ivs: Iterable[tuple[int, Any]]) -> tuple:
    """The sequence as a tuple, with new values at these positions."""
    values = list(x)
    for i, v in ivs:
        values[i] = v
    return tuple(values)


def subval(x: Iterable[Any], i: int, v: Any) -> tuple:
    """The sequence as a tuple, with a new value at position i."""
    return subvals(x, [(i, v)])


def func(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself."""
    return f


__all__ = ["func", "quick_grad_check", "subval", "subvals"]
