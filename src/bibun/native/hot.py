"""One-hot: a scatter of few numbers as an element-wise question, "is this the place?".

So the gradient of picking one number out of each row becomes part of whatever loop goes over the
rows anyway, without an array of zeros in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..array import Array, bind
from ..ops.gather import Gather
from ..ops.structure import Transpose, cast, expand_to, reshape_to
from ..zeros import Select


def one_hot(
    read: Gather, shape: tuple[int, ...], args: Sequence[Array], known: Sequence[np.ndarray | None]
) -> Array | None:
    """Zeros but for g where a gather reads, if no two of the places are ever the same.

    `args` are the indices and g. So it is where each axis of the indices has length 1, or one of
    them is known to count along an axis of the result: `x[np.arange(n), labels]`.
    """
    *indices, g = args
    n, first = len(shape), len(shape) + read.axes[0]
    batch = indices[0].ndim - read.rank
    counted: dict[int, int] = {}  # of an axis of the indices: the axis of the result that it is
    asked = []
    for axis, i, numbers in zip(read.axes, indices, known, strict=True):
        k = None if numbers is None else counts(numbers, shape[axis])
        if k is not None and k >= batch and k not in counted:
            counted[k] = n + axis
        else:
            asked.append((n + axis, i))
    lengths = g.shape[first : first + read.rank]
    if any(m != 1 and batch + k not in counted for k, m in enumerate(lengths)) or not asked:
        return None
    own = [counted.get(batch + k, -1) for k in range(read.rank)]
    mask = None
    for axis, i in asked:
        small = np.dtype(np.int32 if shape[axis] < 2**31 else np.int64)
        place = np.arange(shape[axis], dtype=small).reshape(-1, *(1,) * (n - 1 - axis))
        here = spread(cast(i, small), [*range(batch), *own], shape) == place
        mask = here if mask is None else mask & here
    rest = [k for k in range(first, n) if k - n not in read.axes]
    return bind(Select(), mask, spread(g, [*range(first), *own, *rest], shape))


def counts(numbers: np.ndarray, extent: int) -> int | None:
    """The axis along which numbers are 0, 1, ... extent - 1, the same everywhere else."""
    long = [k for k, m in enumerate(numbers.shape) if m != 1]
    if len(long) != 1 or numbers.size != extent:
        return None
    return long[0] if np.array_equal(numbers.ravel(), np.arange(extent)) else None


def spread(a: Array, axes: Sequence[int], shape: tuple[int, ...]) -> Array:
    """a in a larger shape, where its axes are these; -1 is one of length 1 that goes."""
    kept = [(axis, m) for axis, m in zip(axes, a.shape, strict=True) if axis >= 0]
    a = reshape_to(a, tuple(m for _, m in kept))
    order = sorted(range(len(kept)), key=lambda k: kept[k][0])
    if order != list(range(len(kept))):
        a = bind(Transpose(tuple(k - len(kept) for k in order)), a)
    lengths = dict(kept)
    return expand_to(reshape_to(a, tuple(lengths.get(k, 1) for k in range(len(shape)))), shape)
