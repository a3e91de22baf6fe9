"""Functions of one element that NumPy lacks, written in NumPy, which stand for ufuncs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import NUMBERS
from ..graph import Type


def signature(nin: int, dtype: Any) -> dict[str, tuple]:
    """NumPy's way to say which loop is wanted: the one with results of this dtype."""
    return {} if dtype is None else {"signature": (*(None,) * nin, np.dtype(dtype))}


class Formula:
    """A function that NumPy lacks, written in NumPy, with the dtypes of a ufunc that is like it."""

    def __init__(self, name: str, f: Callable, like: np.ufunc, result: np.dtype | None = None):
        self.__name__, self.f, self.like, self.result = name, f, like, result
        self.nin, self.types = like.nin, like.types

    def resolve_dtypes(self, dtypes: tuple, **options: Any) -> tuple[np.dtype, ...]:
        """The same as for a ufunc: the dtypes of the arguments and the result."""
        loop = self.like.resolve_dtypes(dtypes, **options)
        return loop if self.result is None else (*loop[:-1], self.result)

    def kernel(self, *args: Type) -> Callable[..., Any]:
        """The function of arguments of these types."""
        alike = all(a.dtype is args[0].dtype for a in args) and args[0].dtype.kind in "fc"
        return self.f if alike else self

    def __call__(self, *args: Any, dtype: Any = None) -> Any:
        dtypes = {getattr(a, "dtype", None) for a in args}
        if (
            dtype is None
            and len(dtypes) == 1
            and getattr(args[0], "dtype", np.dtype(int)).kind in "fc"
        ):
            return self.f(*args)
        kinds = [type(a) if type(a) in NUMBERS else np.asarray(a).dtype for a in args]
        loop = self.resolve_dtypes((*kinds, None), **signature(self.nin, dtype))
        return self.f(*(np.asarray(a).astype(t)[()] for a, t in zip(args, loop, strict=False)))
