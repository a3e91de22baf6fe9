"""Factorisations of small matrices as loops: linear equations, inverses, and Cholesky.

They are said in operations that native code knows, with any leading axes, so that a batch of small
systems runs in vectors, and a Kalman filter in one loop. Golub and Van Loan, Matrix Computations,
4th edition, 2013, sections 3.1, 3.4 and 4.2. Larger matrices are LAPACK's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..array import Array, bind
from ..graph import Graph, Op, Type, canonical, type_of
from ..loops.statements import FLOATS, KINDS
from ..ops.control.scan import Scan
from ..ops.decomposition import Cholesky
from ..ops.linalg import Inverse, Solve
from ..walk import build
from .pieces import Demanded

MOST = 32
"""Rows up to which loops of our own are quicker than LAPACK, called from outside."""


def small(a: Type) -> bool:
    """Whether matrices are factorised by loops of our own."""
    return KINDS.get(a.dtype) in FLOATS and 0 < a.shape[-1] <= MOST and 0 not in a.shape


def loop(
    step: Callable[..., Sequence[Any]],
    states: Sequence[Any],
    rows: Sequence[Any],
    reverse: bool = False,
) -> Any:
    """All rounds over the first axis of `rows`: the last states."""
    types = [type_of(x) for x in states] + [Type(r.dtype, r.shape[1:]) for r in rows]
    graph = build(types, step)
    return bind(Scan(graph, len(states), len(rows), len(rows[0]), reverse), *states, *rows)


def numbers(n: int) -> np.ndarray:
    """The numbers of rows or columns."""
    return np.arange(n)


# ------------------------------------------------------------ linear equations


def factorised(a: Array) -> tuple[Array, Array]:
    """L and U in one matrix, with the order of rows: a[order] = L U. Fails for a pivot of 0."""
    n = a.shape[-1]
    i = numbers(n)
    order = np.broadcast_to(i, a.shape[:-1])
    found = loop(lambda a, order, k: _eliminated(a, order, k, i), [a, order], [i])
    return found[0], found[1]


def _eliminated(a: Array, order: Array, k: Array, i: np.ndarray) -> list[Array]:
    """Column k below the diagonal, after the row with the largest number has come up."""
    largest = np.argmax(np.where(i >= k, np.abs(np.take(a, k, axis=-1)), -1), axis=-1)[..., None]
    swapped = np.where(i == k, largest, np.where(i == largest, k, i))
    a = np.take_along_axis(a, swapped[..., None], axis=-2)
    row, column = np.take(a, k, axis=-2), np.take(a, k, axis=-1)
    pivot = bind(Demanded("nonzero"), np.take(row, k, axis=-1))
    factor = np.where(i > k, column / pivot[..., None], 0)
    a = a - factor[..., None] * np.where(i > k, row, 0)[..., None, :]
    a = np.where((i[:, None] > k) & (i == k), factor[..., None], a)
    return [a, np.take_along_axis(order, swapped, axis=-1)]


def substituted(t: Array, b: Array, lower: bool, unit: bool) -> Array:
    """The x of t x = b, for a triangle of t, with ones on the diagonal if `unit`."""
    n = t.shape[-1]
    i = numbers(n)
    mask = i[:, None] > i if lower else i[:, None] < i
    rows = [i, np.moveaxis(np.where(mask, t, 0), -2, 0), np.moveaxis(b, -2, 0)]
    if not unit:
        diagonal = bind(Demanded("nonzero"), np.diagonal(t, 0, -2, -1))
        rows.append(np.moveaxis(diagonal, -1, 0))

    def step(x: Array, k: Array, row: Array, right: Array, *pivot: Array) -> list[Array]:
        new = right - np.sum(row[..., None] * x, axis=-2)
        new = new / pivot[0][..., None] if pivot else new
        return [np.where(i[:, None] == k, new[..., None, :], x)]

    start = np.zeros(b.shape, b.dtype)
    return loop(step, [start], rows, not lower)


def solved(op: Solve, a: Array, b: Array, *factors: Array) -> list[Array]:
    """The x of a x = b or a^T x = b."""
    right = b if op.columns else b[..., None]
    turned = np.swapaxes(a, -1, -2)
    if op.lower:
        x = substituted(turned if op.transposed else a, right, not op.transposed, False)
        return [x if op.columns else x[..., 0]]
    both, order = factorised(a)
    if op.transposed:
        both = np.swapaxes(both, -1, -2)
        y = substituted(both, substituted(both, right, True, False), False, True)
        # Row i of y is row order[i] of x.
        i = numbers(a.shape[-1])
        back = np.argmax(order[..., None, :] == i[:, None], axis=-1)
        x = np.take_along_axis(y, back[..., None], axis=-2)
    else:
        x = np.take_along_axis(right, order[..., None], axis=-2)
        x = substituted(both, substituted(both, x, True, True), False, False)
    x = np.where(np.any(a != a, axis=(-2, -1), keepdims=True), np.nan, x)
    return [x if op.columns else x[..., 0]]


def inverted(op: Inverse, a: Array) -> list[Array]:
    eye = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
    return solved(Solve(), a, eye)


# ------------------------------------------------------------ Cholesky


def rooted(op: Cholesky, a: Array) -> list[Array]:
    """Column by column; fails for what is not positive definite."""
    half = a * a.dtype.type(0.5)
    i = numbers(a.shape[-1])

    def step(lower: Array, k: Array, column: Array) -> list[Array]:
        rest = column - np.sum(lower * np.take(lower, k, axis=-2)[..., None, :], axis=-1)
        root = np.sqrt(bind(Demanded("positive"), np.take(rest, k, axis=-1)))[..., None]
        column = np.where(i == k, root, np.where(i > k, rest / root, 0))
        return [np.where(i == k, column[..., None], lower)]

    start = np.zeros(a.shape, a.dtype)
    return [loop(step, [start], [i, np.moveaxis(half + np.swapaxes(half, -1, -2), -1, 0)])]


LOOPS: dict[type, Callable[..., list[Array]]] = {
    Solve: solved, Inverse: inverted, Cholesky: rooted,
}  # fmt: skip


def without_factors(graph: Graph) -> Graph:
    """The same function; small systems are given what they are solved for alone.

    The loop over its pivots stands for a matrix once, however many systems it is in.
    """
    entries, types = [], []
    for _, n in graph:
        op, args = n.op, n.args
        if op.kind == "control":
            op = op.refined(without_factors)
        elif isinstance(op, Solve) and small(graph.nodes[args[0]].type):
            args = args[:2]
        entries.append((op, *args))
        types.append(n.type)
    return canonical(entries, types, graph.inputs, graph.outputs)[0]


def composed(op: Op, types: Sequence[Type]) -> Graph | None:
    """A graph of the same value, if matrices are small enough."""
    if not small(types[0]) or any(0 in t.shape for t in types):
        return None
    return build(types, lambda *args: LOOPS[type(op)](op, *args))


COMPOSED: dict[type, Callable[[Any, Sequence[Type]], Graph | None]] = dict.fromkeys(LOOPS, composed)
