"""Turned: what a product multiplies is computed in the order in which its terms lie in memory.

The weighted rows of (x.T * w) @ x are those of x, each times a weight, and its first factor is
their transpose, which a product reads where it lies. Along the rows of x.T, numbers are far apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..array import Array, bind
from ..ops.matmul import MatMul, mT
from ..ops.structure import Expand, Transpose
from ..recording import Trace


def upright(op: MatMul, args: Sequence[Array], trace: Trace) -> Array | None:
    """The product with factors that are transposes, where that is their terms' order."""
    matrices = op.rows, op.columns
    found = [turned(a, trace) if m else None for a, m in zip(args, matrices, strict=True)]
    if all(t is None for t in found):
        return None
    return bind(op, *(a if t is None else mT(t) for a, t in zip(args, found, strict=True)))


def turned(a: Array, trace: Trace) -> Array | None:
    """The transpose of a matrix that is computed from transposed ones; None of all others."""
    elements = list(computed(a.index, trace))
    leaves = {k for i in elements for k in trace.entries[i][1:]}.difference(elements)
    views = [trace.entries[i] for i in leaves if not isinstance(trace.entries[i][0], Expand)]
    if not elements or not views or not all(is_transpose(op) for op, *_ in views):
        return None
    env: dict[int, Any] = {i: mT(Array(trace, i, trace.types(i))) for i in leaves}
    for i in sorted(elements):
        op, *below = trace.entries[i]
        env[i] = bind(op, *(env[k] for k in below))
    return env[a.index]


def computed(start: int, trace: Trace) -> Iterator[int]:
    """The element-wise operations on the way to an array."""
    stack, seen = [start], set[int]()
    while stack:
        i = stack.pop()
        op, *below = trace.entries[i]
        if i not in seen and below and op.kind == "element":
            seen.add(i)
            yield i
            stack += below


def is_transpose(op: Any) -> bool:
    """Whether rows and columns change places."""
    return isinstance(op, Transpose) and op.axes[-2:] == (-1, -2)
