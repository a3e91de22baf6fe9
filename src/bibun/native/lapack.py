"""What the extension does of linear algebra and sorting, by its own functions or LAPACK's.

Small matrices are factorised by the functions that exported C++ has, whose calls cost next to
nothing. Larger ones, eigenvectors and singular vectors are LAPACK's, which SciPy has as functions
of C: vectors have the signs that NumPy gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from math import prod
from typing import Any

import numpy as np

from ..graph import Op, Type
from ..loops.statements import KINDS
from ..ops.decomposition import Cholesky, Eigh
from ..ops.determinants import Det, LogDetGradient, Slogdet
from ..ops.eigenvalues import Eig
from ..ops.hermitian import HermitianEigh
from ..ops.linalg import Factors, Inverse, Solve
from ..ops.pseudoinverse import LeastSquares, Pinv
from ..ops.qr import QR
from ..ops.sorting import ArgPartition, ArgSort, Sort, Ties
from ..ops.svd import SVD
from .factors import MOST
from .pieces import HermitianPair
from .routines import Routine
from .runtime import symbols
from .spectral import directions, function, hermitian, square_root, sylvester
from .tasks import DEPENDENT, INDEFINITE, INFINITE, SINGULAR, Maker, along, maker, numeric, ties

INT32, INT64 = np.dtype(np.int32), np.dtype(np.int64)
BESIDE = 8
"""Columns that sorting takes out of an array together: kBeside of cpp/runtime/sorting.cpp."""


def square(
    name: str, *numbers: int, functions: Sequence[str], fails: str = ""
) -> Callable[..., Routine]:
    """A function of each of some n x n matrices, that works in a copy of one."""

    def found(op: Any, a: Type) -> Routine:
        *lead, n, _ = a.shape
        memory = Type(a.dtype, (n, n)), Type(INT32, (n,))
        given = tuple(function(f, a) for f in functions)
        return Routine(name, (n, *numbers), prod(lead), 1, memory, fails, given)

    return found


def factors(op: Factors, a: Type) -> Routine:
    *lead, n, _ = a.shape
    memory = (Type(INT32, (n,)),)
    return Routine("factors", (n,), prod(lead), 1, memory, "", (function("getrf", a),))


def root(op: Cholesky, a: Type) -> Routine:
    *lead, n, _ = a.shape
    return Routine("root", (n,), prod(lead), 1, (), INDEFINITE, (function("potrf", a),))


def solve(op: Solve, a: Type, b: Type, *factors: Type) -> Routine:
    *lead, n, _ = a.shape
    m = b.shape[-1] if op.columns else 1
    numbers = n, m, int(op.transposed)
    if op.lower:
        lower = "solve_lower", numbers, prod(lead), 2, (), SINGULAR
        return Routine(*lower, (function("trsm", a),))
    memory = Type(a.dtype, (n, n)), Type(a.dtype, (m, n)), Type(INT32, (n,))
    name = "solve_again" if factors else "solve"
    given = tuple(function(f, a) for f in ("getrf", "getrs")[bool(factors) :])
    return Routine(name, numbers, prod(lead), 2 + len(factors), memory, SINGULAR, given)


def eigen(op: Eigh | HermitianEigh, a: Type) -> Routine:
    *lead, n, _ = a.shape
    room, integers = 1 + 6 * n + 2 * n * n, 3 + 5 * n  # what LAPACK's page asks for
    memory = Type(a.dtype, (n, n)), Type(a.dtype, (room,)), Type(INT32, (integers,))
    numbers, given = (n, room, integers, 1), (function("syevd", a),)
    return Routine("eigenvectors", numbers, prod(lead), 1, memory, INFINITE, given)


def room_for(m: int, n: int) -> int:
    """What LAPACK's page asks for to find singular values, and blocks of 64 columns."""
    k = min(m, n)
    return 4 * k * k + 7 * k + 64 * (m + n)


def singular(op: SVD, a: Type) -> Routine:
    *lead, m, n = a.shape
    k, room = min(m, n), room_for(m, n)
    rows, columns = (m, n) if op.full else (k, k)
    shapes = (m, n), (m, rows), (columns, n), (room,)
    memory = *(Type(a.dtype, s) for s in shapes), Type(INT32, (8 * k,))
    numbers, given = (m, n, rows, columns, room, 1), (function("gesdd", a),)
    return Routine("singular_values", numbers, prod(lead), 1, memory, INFINITE, given)


def least(op: LeastSquares | Pinv, a: Type, *b: Type) -> Routine:
    *lead, m, n = a.shape
    k, count, room = min(m, n), b[0].shape[-1] if b else m, room_for(m, n)
    shapes = (m, n), (k,), (m, k), (k, n), (max(count, m),), (room,)
    memory = *(Type(a.dtype, s) for s in shapes), Type(INT32, (8 * k,))
    numbers = (m, n, count, op.rtol, room) if b else (m, n, op.rtol, room)
    name, given = "least" if b else "pseudo_inverse", (function("gesdd", a),)
    return Routine(name, numbers, prod(lead), 1 + len(b), memory, INFINITE, given)


def sort(op: Sort, x: Type) -> Routine:
    """Each line of an array sorted, where columns are taken out of it some at a time."""
    n, step, count = along(op.axis, x)
    columns = Type(x.dtype, (min(step, BESIDE), n) if step > 1 else ())
    return Routine("sort_lines", (n, step), count, 1, (columns,))


def order(op: ArgSort | ArgPartition, x: Type) -> Routine:
    """The places of the numbers of each line."""
    n, step, count = along(op.axis, x)
    beside = min(step, BESIDE)
    memory = Type(INT64, (beside, n)), Type(x.dtype, (beside, n) if step > 1 else ())
    numbers = n, step, int(isinstance(op, ArgSort) and op.rank)
    return Routine("order_lines", numbers, count, 1, memory)


def orthogonal(op: QR, a: Type) -> Routine:
    *lead, m, n = a.shape
    columns = m if op.complete else min(m, n)
    room = 64 * max(n, columns)
    shapes = (m, max(n, columns)), (min(m, n),), (room,)
    memory = tuple(Type(a.dtype, s) for s in shapes)
    given = function("geqrf", a), function("orgqr", a)
    numbers = m, n, columns, room
    return Routine("orthogonal", numbers, prod(lead), 1, memory, DEPENDENT, given)


LU = ("getrf", "getrs")
FACTORISED: dict[type, tuple[int, Maker | None]] = {
    Factors: (0, factors),      Solve: (MOST, solve),       Cholesky: (MOST, root),
    Eigh: (0, eigen),           SVD: (0, singular),         QR: (16, orthogonal),
    Pinv: (0, least),           LeastSquares: (0, least),   Eig: (0, directions),
    HermitianEigh: (0, eigen),  HermitianPair: (0, hermitian),
    Inverse: (MOST, square("invert", 0, functions=LU, fails=SINGULAR)),
    LogDetGradient: (MOST, square("invert", 1, functions=LU, fails=SINGULAR)),
    Det: (MOST, square("det", functions=LU[:1])),
    Slogdet: (MOST, square("determinant", functions=LU[:1])),
}  # fmt: skip
"""Rows up to which the functions of exported C++ are quicker, or as good, and what does it then."""
LATER: dict[str, Maker] = {"sylvester": sylvester, "sqrtm": square_root}
"""By their names: their classes are there once one of them has been met."""
VALUES: dict[type, int] = {Eigh: 0, HermitianEigh: 0, SVD: 1}
"""The result that needs no vectors. These routines are told by their last number."""
SORTING: dict[type, Maker] = {
    Sort: sort, ArgSort: order, ArgPartition: order, Ties: ties,
}  # fmt: skip
"""A partition has the others in order, too."""


def native_routine(
    op: Op, args: Sequence[Any], results: Sequence[Any], read: Set[int] = frozenset()
) -> Routine | None:
    """The routine of the extension that does an operation; None if there is none.

    Of several results somebody needs those that are `read`.
    """
    if not args or not numeric([*args, *results]):
        return None
    found = _routine(op, args)
    if found is None:
        return None
    if type(op) in VALUES and read == {VALUES[type(op)]}:
        found = found._replace(numbers=(*found.numbers[:-1], 0))
    symbol = f"bibun_{found.symbol}_{KINDS[args[0].dtype]}"
    return found._replace(symbol=symbol) if symbol in symbols() else None


def _routine(op: Op, args: Sequence[Any]) -> Routine | None:
    if type(op) in SORTING:
        return SORTING[type(op)](op, *args) if len({a.dtype for a in args}) == 1 else None
    rows = max(args[0].shape[-2:], default=0)
    later = LATER.get(op.name)
    most, large = FACTORISED.get(type(op), (0 if later else MOST, later))
    if rows > most:
        found = large(op, *args) if large else None
        return found and found._replace(symbol=f"lapack_{found.symbol}")
    make = maker(op)
    return make(op, *args) if make else None
