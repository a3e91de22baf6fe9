"""Prefix sums of any associative operation, in logarithmically many steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array import Array, lift
from ..errors import DtypeError, ShapeError
from ..tracing.containers import flatten, same_structure
from ..tracing.rebind import rebound
from .bodies import called, shape_of, tree_of

Function = Callable[..., Any]
Leaves = list[Any]


def associative_scan(fn: Function, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """y[i] = fn(...fn(fn(x[0], x[1]), x[2])..., x[i]) for an associative fn, along an axis.

    `elems` is an array or a container of arrays of one length along the axis. fn gets two such
    containers with any number of entries along the axis, combines them entry by entry and returns
    one with the same shapes. It is called about 2 log2 n times, on n / 2, n / 4, ... entries, with
    whole arrays; that it is associative is the caller's word, and rounding follows the tree. With
    `reverse` the result at i combines x[n - 1], ..., x[i], in this order. Method: Blelloch, Prefix
    sums and their applications, 1990, section 1.3.

    Raises ShapeError if lengths differ, or fn changes a shape.

    >>> import numpy as np, bibun
    >>> bibun.associative_scan(np.maximum, np.array([1.0, 3.0, 2.0, 4.0]))
    array([1., 3., 3., 4.])
    >>> def after(f, g):  # x -> a x + b, one map after the other
    ...     return f[0] * g[0], g[0] * f[1] + g[1]
    >>> a, b = np.array([0.5, 2.0, 1.0]), np.array([1.0, 0.0, 3.0])
    >>> bibun.associative_scan(after, (a, b))[1]  # of x = 0
    array([1., 2., 5.])
    """
    tree = tree_of(elems)
    if not tree.leaves:
        raise DtypeError("associative_scan: there are no arrays to combine")
    axes = [normalize_axis_index(axis, a.ndim) for a in tree.leaves]
    lengths = {a.shape[k] for a, k in zip(tree.leaves, axes, strict=True)}
    if len(lengths) != 1:
        given = ", ".join(str(a.shape) for a in tree.leaves)
        raise ShapeError(
            f"associative_scan: all arrays need one length along the axis, not {given}"
        )
    leaves = [np.moveaxis(_bare(a), k, 0) for a, k in zip(tree.leaves, axes, strict=True)]
    leaves = [a[::-1] for a in leaves] if reverse else leaves

    def combine(a: Leaves, b: Leaves) -> Leaves:
        result = rebound(fn)(tree.rebuild(a), tree.rebuild(b))
        found = flatten(result)[0]
        if not same_structure(tree.tree, result) or [x.shape for x in map(lift, found)] != [
            x.shape for x in a
        ]:
            shapes = ", ".join(str(np.shape(x)) for x in a)
            raise ShapeError(
                f"associative_scan: {called(fn)} must return {shape_of(tree.tree)} with the "
                f"shapes {shapes} that it gets"
            )
        return found

    results = _prefixes(combine, leaves)
    results = [a[::-1] for a in results] if reverse else results
    moved = [np.moveaxis(a, 0, k) for a, k in zip(results, axes, strict=True)]
    return tree.rebuild(moved)


def _bare(a: Array) -> Any:
    """A plain array, if that is what it is: then nothing but NumPy runs."""
    return a.raw if a.scope is None else a


def _prefixes(combine: Callable[[Leaves, Leaves], Leaves], x: Leaves) -> Leaves:
    """Pairs are combined, scanned, and what stands between is filled in."""
    n = len(x[0])
    if n < 2:
        return x
    pairs = combine([a[: n - 1 : 2] for a in x], [a[1::2] for a in x])
    odd = _prefixes(combine, pairs)  # the results at 1, 3, 5, ...
    even = [a[:1] for a in x]  # and at 0, 2, 4, ...
    if n > 2:
        more = combine([a[: (n - 1) // 2] for a in odd], [a[2::2] for a in x])
        even = [np.concatenate([a, b]) for a, b in zip(even, more, strict=True)]
    return [_interleaved(a, b, n) for a, b in zip(even, odd, strict=True)]


def _interleaved(even: Any, odd: Any, n: int) -> Any:
    """even[0], odd[0], even[1], odd[1], ...: n in all."""
    m = n // 2
    paired = np.stack([even[:m], odd], 1).reshape((2 * m, *even.shape[1:]))
    return paired if n == 2 * m else np.concatenate([paired, even[m:]])


__all__ = ["associative_scan"]
