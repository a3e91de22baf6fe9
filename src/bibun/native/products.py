"""Products of matrices that are too large for plain loops: calls of the runtime inside the kernel.

It reads matrices whose rows, or whose columns, are runs of neighbours. So transposed ones and
parts of larger ones are read where they lie, and tiles of the result (native/tiles.py) stay in
registers.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..ops.matmul import MatMul
from .places import Affine
from .runtime import extension

SMALL_PRODUCT = 1 << 13
"""Multiplications in a product up to which plain loops are quicker: calls take time, too."""
SMALL_PRODUCT_OF_MANY = 1 << 12
"""The same, of each of many products: then all of them are one nest."""
SMALL_TURNED = 1 << 8
"""The same, if the second matrix lies transposed: vectors of loops run along its rows badly."""
SHARED = 1 << 21
"""Multiplications of many products, or of a deep one, from which on threads share them."""
PARTS, FLAT = 8, 1 << 12
"""Parts of a deep product, and elements of its result at most: all parts lie in memory."""


class Extents(NamedTuple):
    """Of a product: so many times, matrices m x k and k x n, of which the latter may be turned."""

    lead: tuple[int, ...]
    m: int
    n: int
    k: int
    turned: bool = False

    @property
    def work(self) -> int:
        """Multiplications in one of the products."""
        return self.m * self.n * self.k

    @property
    def small(self) -> bool:
        """Whether it is quick in plain loops, beside whatever else they do."""
        crosswise = self.turned and min(self.m, self.n) > 1 and self.k <= 8 * self.n
        most = SMALL_TURNED if crosswise else SMALL_PRODUCT
        return self.work * prod(self.lead) <= most or (
            prod(self.lead) > 1 and self.work <= SMALL_PRODUCT_OF_MANY
        )

    @property
    def shared(self) -> bool:
        """Whether threads share the products, of which each is too short to be shared itself."""
        return self.work < SHARED <= self.work * prod(self.lead)

    @property
    def deep(self) -> bool:
        """Whether its sums are so long, and so few, that threads had better share each of them."""
        flat = self.m * self.n <= min(FLAT, self.k)
        return flat and prod(self.lead) == 1 and self.work >= SHARED

    @property
    def in_tiles(self) -> bool:
        """Whether tiles pay. With a vector each number of the matrix is read just once."""
        return not self.small and min(self.m, self.n) > 1


def extents(op: MatMul, a: tuple[int, ...], b: tuple[int, ...], turned: bool = False) -> Extents:
    """The extents of a product of arrays of these shapes."""
    lead = len(a) - 1 - op.rows
    return Extents(a[:lead], a[-2] if op.rows else 1, b[-1] if op.columns else 1, a[-1], turned)


def native(op: Any, dtype: np.dtype) -> bool:
    """Whether compiled code can call the runtime for an operation."""
    return isinstance(op, MatMul) and dtype.kind == "f" and extension() is not None


class Matrix(NamedTuple):
    """A matrix in memory, as it is read: the distance of its rows, or of its columns."""

    turned: bool
    distance: int


def matrix(place: Affine, row: int, column: int, rows: int, columns: int) -> Matrix | None:
    """How the matrix is read that a place goes through with two counters; None if it cannot be."""
    strides = dict(place.strides)
    down, across = strides.get(row, 0), strides.get(column, 0)
    if place.picks:
        return None
    if columns == 1 or across == 1:
        distance = columns if rows == 1 else down
        if distance >= max(columns, 1):
            return Matrix(False, distance)
    if rows == 1 or down == 1:
        distance = rows if columns == 1 else across
        if distance >= max(rows, 1):
            return Matrix(True, distance)
    return None
