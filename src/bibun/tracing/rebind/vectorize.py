"""np.vectorize and np.frompyfunc: the user's function of one set of elements after the other."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...array import Array, lift
from ...ops.joining import array_like
from ...recording import threads
from .callee import CALL, kind, means
from .numbers import as_python

Function = Callable[..., Any]
ARGUMENT = re.compile(r"\(([^()]*)\)")  # of a signature such as (n,k),(k)->(n)


@kind(np.vectorize)
def vectorized(v: Any) -> Any:
    """What an np.vectorize means while something is traced."""
    return functools.partial(_call, v) if threads.open else v


@means(np.frompyfunc)
def from_function(f: Function, /, nin: int, nout: int, **options: Any) -> Any:
    """While something is traced, the results are arrays of numbers instead of objects."""
    made = np.frompyfunc(f, nin, nout, **options)
    return (lambda *args: _each(CALL @ f, args, None)) if threads.open else made


def _call(v: Any, *args: Any, **options: Any) -> Any:
    """The function of what is looped over; excluded arguments are given whole."""
    f, excluded = CALL @ v.pyfunc, v.excluded
    looped = [k for k in range(len(args)) if k not in excluded]
    names = [name for name in options if name not in excluded]

    def inner(*xs: Any) -> Any:
        given = list(args)
        for k, x in zip(looped, xs, strict=False):
            given[k] = x
        return f(*given, **(options | dict(zip(names, xs[len(looped) :], strict=True))))

    arguments = [args[k] for k in looped] + [options[n] for n in names]
    return _each(inner, arguments, v.signature and _ranks(v.signature, len(arguments)))


def _ranks(signature: str, n: int) -> list[int]:
    """How many axes of each argument the function gets whole."""
    given = ARGUMENT.findall(signature.partition("->")[0])
    if len(given) != n:
        raise TypeError(f"wrong number of positional arguments: expected {len(given)}, got {n}")
    return [len([name for name in a.split(",") if name.strip()]) for a in given]


def _each(f: Function, args: Sequence[Any], ranks: list[int] | None) -> Any:
    """f of the elements, or of what lies along the last axes of each argument, as an array."""
    arrays = [lift(array_like(a)) for a in args]
    kept = [a.shape[a.ndim - r :] for a, r in zip(arrays, ranks or [0] * len(arrays), strict=True)]
    leading = [a.shape[: a.ndim - len(k)] for a, k in zip(arrays, kept, strict=True)]
    shape = np.broadcast_shapes(*leading)
    n = math.prod(shape)
    if not n:
        raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
    rows = [
        list(np.reshape(np.broadcast_to(a, (*shape, *k)), (n, *k)))
        for a, k in zip(arrays, kept, strict=True)
    ]
    if ranks is None:  # NumPy gives numbers of Python's
        rows = [list(map(_element, row)) for row in rows]
    results = [f(*xs) for xs in zip(*rows, strict=True)]
    if isinstance(results[0], tuple):
        return tuple(_together(y, shape) for y in zip(*results, strict=True))
    return _together(results, shape)


def _element(x: Any) -> Any:
    return as_python(x) if type(x) is Array and x.scope is not None else np.asarray(x).item()


def _together(results: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """The results as one array; rows of results lie along its last axes."""
    y = np.stack([lift(array_like(r)) for r in results])
    return np.reshape(y, (*shape, *y.shape[1:]))
