"""What LAPACK does of matrices that are not symmetric, or complex: the makers of its routines.

Eigenvectors of such matrices, and what Schur's form gives: square roots of matrices and solutions
of Sylvester's equation. A matrix whose eigenvalues or root are complex is the interpreter's.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..graph import Type
from ..loops.statements import KINDS
from ..ops.eigenvalues import Eig
from .linked import LIBRARY
from .routines import Routine
from .tasks import INFINITE

INT32, DOUBLE = np.dtype(np.int32), np.dtype(np.float64)
SWEPT = 49
"""Rows up to which LAPACK finds Schur's form in sweeps of one bulge."""
COMPLEX = "a matrix with complex eigenvalues"
SINGULAR = "a matrix without a square root that is real"


def function(name: str, a: Type) -> str:
    """A function of LAPACK's or BLAS's for such numbers."""
    return f"{LIBRARY}{'s' if KINDS[a.dtype] == 'f32' else 'd'}{name}"


def room_to_reduce(n: int) -> int:
    """Numbers that LAPACK asks for to find Schur's form of n rows as quickly as it can."""
    return 34 * n if n <= SWEPT else max(34 * n, n + 4523)


def directions(op: Eig, a: Type) -> Routine:
    *lead, n, _ = a.shape
    room = 130 * n  # as it asks for, mostly to turn vectors back in blocks of 64
    memory = tuple(Type(DOUBLE, s) for s in ((n, n), (n,), (n,), (n, n), (room,)))
    given = (LIBRARY + "dgeev",)
    return Routine("directions", (n, room), prod(lead), 1, memory, COMPLEX, given)


def hermitian(op: Any, re: Type, im: Type) -> Routine:
    *lead, n, _ = re.shape
    room, reals, integers = 2 * n + n * n, 1 + 5 * n + 2 * n * n, 3 + 5 * n  # as its page says
    memory = tuple(Type(DOUBLE, s) for s in ((n, n, 2), (n,), (room, 2), (reals,)))
    memory = (*memory, Type(INT32, (integers,)))
    numbers, given = (n, room, reals, integers), (LIBRARY + "zheevd",)
    return Routine("hermitian", numbers, prod(lead), 2, memory, INFINITE, given)


def sylvester(op: Any, a: Type, b: Type, c: Type) -> Routine:
    *lead, m, n = c.shape
    most = max(m, n)
    room = room_to_reduce(most)
    shapes = (n, n), (m, m), (n, n), (m, m), (m, n), (2 * most + room,)
    memory = tuple(Type(a.dtype, s) for s in shapes)
    given = tuple(function(f, a) for f in ("gees", "trsyl", "gemm"))
    return Routine("sylvester", (m, n, room), prod(lead), 3, memory, INFINITE, given)


def square_root(op: Any, a: Type) -> Routine:
    *lead, n, _ = a.shape
    room = room_to_reduce(n)
    shapes = (n, n), (n, n), (max(2 * n + room, n * n),)
    memory = tuple(Type(a.dtype, s) for s in shapes)
    given = tuple(function(f, a) for f in ("gees", "trsyl", "gemm"))
    return Routine("square_root", (n, room), prod(lead), 1, memory, SINGULAR, given)
