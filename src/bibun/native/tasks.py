"""Which routine does an operation: the makers of `Routine`, for each of linear algebra and sorting.

The routines are functions of C++ (`export/texts`), which exported headers contain, and the
extension, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ..graph import Op, Type
from ..loops.statements import KINDS
from ..ops.decomposition import Cholesky, Eigh
from ..ops.determinants import Cofactors, Det, LogDetGradient, Slogdet
from ..ops.linalg import Factors, Inverse, Solve
from ..ops.pseudoinverse import LeastSquares, Pinv, QuietInverse
from ..ops.qr import QR
from ..ops.sorting import ArgSort, Sort, Ties
from ..ops.svd import SVD
from .routines import Routine

INT = np.dtype(np.int64)
SINGULAR, INDEFINITE = "a singular matrix", "a matrix that is not positive definite"
INFINITE, DEPENDENT = "a matrix that is not finite", "a matrix with dependent columns"
Maker = Callable[..., Routine | None]


def square(
    name: str, *numbers: int, integers: bool = True, fails: str = ""
) -> Callable[..., Routine]:
    """A function of each of some n x n matrices, that works in a copy of one."""

    def found(op: Any, a: Type, *rest: Type) -> Routine:
        *lead, n, _ = a.shape
        memory = (Type(a.dtype, (n, n)), Type(INT, (n,))) if integers else ()
        return Routine(name, (n, *numbers), prod(lead), 1 + len(rest), memory, fails)

    return found


def solve(op: Solve, a: Type, b: Type, *factors: Type) -> Routine:
    *lead, n, _ = a.shape
    m = b.shape[-1] if op.columns else 1
    numbers = n, m, int(op.transposed)
    if op.lower:
        return Routine("solved_lower", numbers, prod(lead), 2, (), SINGULAR)
    memory = Type(a.dtype, (n, n)), Type(INT, (n,))
    name = "solved_again" if factors else "solved"
    return Routine(name, numbers, prod(lead), 2 + len(factors), memory, SINGULAR)


COFACTORS = "cofactors", "cofactors_along", "cofactors_along_two", "cofactors_along_three"
"""By the number of matrices along which they are differentiated."""


def cofactors(op: Cofactors, a: Type, *along: Type) -> Routine | None:
    *lead, n, _ = a.shape
    if len(along) >= len(COFACTORS):
        return None
    shapes = (n,), (n, n), (n, n), (n, n), *([(len(along), n, n)] if along else []), (n, n)
    memory = *(Type(a.dtype, s) for s in shapes), Type(INT, (n,))
    return Routine(COFACTORS[len(along)], (n,), prod(lead), 1 + len(along), memory)


def orthogonal(op: QR, a: Type) -> Routine:
    *lead, m, n = a.shape
    memory = Type(a.dtype, (m, n)), Type(a.dtype, (min(m, n),))
    columns = m if op.complete else min(m, n)
    return Routine("orthogonalised", (m, n, columns), prod(lead), 1, memory, DEPENDENT)


def eigen(op: Eigh, a: Type) -> Routine:
    *lead, n, _ = a.shape
    return Routine("eigen", (n,), prod(lead), 1, (Type(a.dtype, (n, n)),) * 2, INFINITE)


def frames(a: Type, full: bool = False) -> tuple[Type, Type]:
    """The memory for both orthogonal matrices of a singular value decomposition."""
    m, n = a.shape[-2:]
    k, size = min(m, n), max(m, n)
    return Type(a.dtype, (size if full else k, size)), Type(a.dtype, (k, k))


def singular(op: SVD, a: Type) -> Routine:
    *lead, m, n = a.shape
    every = max(m, n) if op.full else min(m, n)
    return Routine("singular", (m, n, every), prod(lead), 1, frames(a, op.full), INFINITE)


def pinv(op: Pinv, a: Type) -> Routine:
    *lead, m, n = a.shape
    memory = Type(a.dtype, (min(m, n),)), *frames(a)
    return Routine("pseudo_inverse", (m, n, op.rtol), prod(lead), 1, memory, INFINITE)


def lstsq(op: LeastSquares, a: Type, b: Type) -> Routine:
    *lead, m, n = a.shape
    memory = Type(a.dtype, (min(m, n),)), *frames(a)
    return Routine("least_squares", (m, n, b.shape[-1], op.rtol), prod(lead), 2, memory, INFINITE)


def expm(op: Any, a: Type) -> Routine:
    *lead, n, _ = a.shape
    memory = Type(a.dtype, (7, n, n)), Type(INT, (n,))
    return Routine("exponential", (n,), prod(lead), 1, memory, INFINITE)


def expm_along(op: Any, a: Type, e: Type) -> Routine:
    *lead, n, _ = a.shape
    large = Type(a.dtype, (2 * n, 2 * n))
    memory = large, large, Type(a.dtype, (7, 2 * n, 2 * n)), Type(INT, (2 * n,))
    return Routine("exponential_along", (n,), prod(lead), 2, memory, INFINITE)


def along(axis: int, x: Type) -> tuple[int, int, int]:
    """The numbers of an axis, of columns beside each other, and of blocks of those."""
    k = len(x.shape) + axis
    return x.shape[k], prod(x.shape[k + 1 :]), prod(x.shape[:k])


def ordered(op: ArgSort, x: Type) -> Routine:
    n, step, count = along(op.axis, x)
    return Routine("ordered", (n, step, int(op.rank)), count, 1, (Type(INT, (n,)),) * 2)


def sort(op: Sort, x: Type) -> Routine:
    """All of it is sorted, where only some places are asked for: others are in some order."""
    n, step, count = along(op.axis, x)
    return Routine("sorted", (n, step), count, 1, (Type(x.dtype, (n,)),))


def ties(op: Ties, y: Type, t: Type) -> Routine:
    n, step, count = along(op.axis, y)
    return Routine("tied", (n, step), count, 2)


ROUTINES: dict[type, Maker] = {
    Factors: square("factorised"), Solve: solve, Inverse: square("inverted", 0, fails=SINGULAR),
    LogDetGradient: square("inverted", 1, fails=SINGULAR), QuietInverse: square("inverted_quietly"),
    Det: square("determinant"), Slogdet: square("log_determinant"), Cofactors: cofactors,
    Cholesky: square("cholesky", integers=False, fails=INDEFINITE), QR: orthogonal, Eigh: eigen,
    SVD: singular, Pinv: pinv, LeastSquares: lstsq, ArgSort: ordered, Sort: sort, Ties: ties,
}  # fmt: skip
LATER: dict[str, Maker] = {"expm": expm, "expmalong": expm_along}
"""By their names: their classes are there once one of them has been met."""


def maker(op: Op) -> Maker | None:
    """What makes the routine of an operation."""
    return ROUTINES.get(type(op)) or LATER.get(op.name)


def numeric(types: Sequence[Any]) -> bool:
    """Whether all of these are arrays of numbers that C++ has, and none is empty."""
    return all(isinstance(t, Type) and t.dtype in KINDS and 0 not in t.shape for t in types)
