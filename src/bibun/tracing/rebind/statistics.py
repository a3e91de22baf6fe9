"""The module statistics on traced numbers: the formulas, after a check by the module itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...array import Duck
from ...ops.joining import array_like
from ...recording import is_abstract
from .callee import FINDERS
from .numbers import as_python, form_of, plain


def _mean(x: Any, weights: Any = None) -> Any:
    return np.average(x, weights=weights) if weights is not None else np.mean(x)


def _spread(ddof: int, root: bool) -> Callable[..., Any]:
    """The mean of the squares of what differs from the mean, which may be given."""

    def spread(x: Any, center: Any = None) -> Any:
        d = x - (np.mean(x) if center is None else center)
        y = np.sum(d * d) / (len(x) - ddof)
        return np.sqrt(y) if root else y

    return spread


def _middle(place: Callable[[int], int]) -> Callable[..., Any]:
    return lambda x: np.sort(x)[place(len(x))]


def _covariance(x: Any, y: Any) -> Any:
    return np.sum((x - np.mean(x)) * (y - np.mean(y))) / (len(x) - 1)


# fmt: off
FORMULAS: dict[str, Callable[..., Any]] = {
    "mean": np.mean, "fmean": _mean, "median": np.median, "covariance": _covariance,
    "variance": _spread(1, False), "stdev": _spread(1, True),
    "pvariance": _spread(0, False), "pstdev": _spread(0, True),
    "median_low": _middle(lambda n: (n - 1) // 2), "median_high": _middle(lambda n: n // 2),
    "geometric_mean": lambda x: np.exp(np.mean(np.log(x))),
    "harmonic_mean": lambda x, weights=None: 1 / _mean(1 / x, weights),
    "correlation": lambda x, y: _covariance(x, y) / np.sqrt(_covariance(x, x) * _covariance(y, y)),
}
# fmt: on


def statistic(f: Any) -> Any:
    """What a function of the module means, or None."""
    ours = FORMULAS.get(f.__name__) if f.__module__ == "statistics" else None
    if ours is None:
        return None

    def call(*data: Any, **options: Any) -> Any:
        data = tuple(d if isinstance(d, Duck) else list(d) if np.iterable(d) else d for d in data)
        lists = [d for d in data if isinstance(d, list) or (isinstance(d, Duck) and d.shape)]
        traced = [x for d in lists for x in d if isinstance(x, Duck)]
        if not traced:
            return f(*data, **options)
        if not any(is_abstract(x._read().raw) for x in traced):
            f(*map(_plain, data), **{k: _plain(v) for k, v in options.items()})  # its errors
        y = ours(*map(array_like, data), **options)
        numbers = all(map(form_of, data[0])) or f.__name__ in ("fmean", "stdev", "correlation")
        return as_python(y) if numbers else y[()]

    return call


def _plain(data: Any) -> Any:
    if isinstance(data, list) or (isinstance(data, Duck) and data.shape):
        return [plain(x._read()) if isinstance(x, Duck) else x for x in data]
    return plain(data._read()) if isinstance(data, Duck) else data


FINDERS.append(statistic)
