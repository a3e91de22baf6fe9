"""Decompositions of matrices of balls: eigenvalues, singular values, QR, roots, pseudo-inverses.

Matrices are lists of rows of `arb`. Eigenvalues and eigenvectors are Arb's proven enclosures (van
der Hoeven and Mourrain, Efficient certification of numeric solutions to eigenproblems, MACIS 2017).
All else is made of them, and of solutions of linear equations, by arithmetic with balls, so that it
is proven as well. What is a matter of choice (signs of vectors, the order of eigenvalues that need
not be real, the basis of what is left) is chosen as LAPACK has done: `like` are its floats.

Eigenvalues of symmetric matrices are proven also where balls cannot tell them apart; of their
vectors nothing is known then, and they are nan. UndecidedError asks for more digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise, permutations
from math import perm
from typing import Any

from .objects import UndecidedError

Rows = list[list[Any]]
MOST_MINORS = 20_000
"""Determinants for derivatives of the cofactors of one matrix."""
MOST_ROTATED, MOST_SWEEPS = 32, 40
"""Rows up to which close eigenvalues are told, and how often all entries are turned to zero."""


# ------------------------------------------------------------ arithmetic


def transposed(a: Rows) -> Rows:
    """a^T."""
    return [list(column) for column in zip(*a, strict=True)]


def dot(x: Sequence[Any], y: Sequence[Any]) -> Any:
    """sum_i x_i y_i."""
    return sum((a * b for a, b in zip(x, y, strict=True)), _arb(0))


def times(a: Rows, b: Rows) -> Rows:
    """The product of two matrices, of which b has columns."""
    columns = transposed(b)
    return [[dot(row, column) for column in columns] for row in a]


def length(x: Sequence[Any]) -> Any:
    """|x|, which has to be proven to be positive."""
    size = dot(x, x)
    if not size > 0:
        raise UndecidedError
    return size.sqrt()


def _arb(*x: Any) -> Any:
    return import_module("flint").arb(*x)


def _unknown(n: int) -> list[Any]:
    return [_arb("nan") for _ in range(n)]


def _solved(a: Rows, b: Rows) -> Rows:
    """The x of a x = b."""
    matrix = import_module("flint").arb_mat
    try:
        return matrix(a).solve(matrix(b)).tolist()
    except ZeroDivisionError:  # not proven to be regular
        raise UndecidedError from None


def _signed(x: list[Any], like: Sequence[Any]) -> list[Any]:
    """x or -x, whichever points to where `like` does."""
    side = dot(x, [_arb(float(v)) for v in like])
    if side > 0:
        return x
    if side < 0:
        return [-v for v in x]
    raise UndecidedError


# ------------------------------------------------------------ eigenvalues


def _simple(a: Rows) -> tuple[list[Any], list[list[Any]]] | None:
    """Complex enclosures of eigenvalues that are all different, and of their vectors."""
    try:
        values, vectors = import_module("flint").acb_mat(a).eig(right=True)
    except ValueError:
        return None
    return values, transposed(vectors.tolist())


def _real(x: list[Any]) -> list[Any]:
    """The real multiple of length 1 of a complex vector, of which there is one."""
    largest = max(x, key=lambda v: float(abs(v).mid()))
    if largest.contains(0):
        raise UndecidedError
    y = [(v / largest).real for v in x]
    size = length(y)
    return [v / size for v in y]


def _in_order(values: list[Any]) -> list[Any]:
    """Enclosures of real numbers in ascending order: the k-th is between the k-th bounds."""
    low = sorted((v.lower() for v in values), key=_key)
    high = sorted((v.upper() for v in values), key=_key)
    return [a.union(b) for a, b in zip(low, high, strict=True)]


class _key:
    """Exact numbers in order."""

    def __init__(self, x: Any):
        self.x = x

    def __lt__(self, other: _key) -> bool:
        return bool(self.x < other.x)


def symmetric_values(a: Rows) -> list[Any]:
    """The eigenvalues of a symmetric matrix in ascending order, however close they are.

    With any q and w, let q^T q = 1 + e and a q - q diag(w) = r. The orthogonal matrix next to q is
    off by |e| at most, so the k-th eigenvalue of a is off the k-th of w by |r| + (|a| + |w|) |e| at
    most (Weyl), in norms of Frobenius.
    """
    w, q = _rotated([[x.mid() for x in row] for row in a])
    gram = times(transposed(q), q)
    for k, row in enumerate(gram):
        row[k] -= 1
    moved = times(a, q)
    rest = [
        [x - y * v for x, y, v in zip(r, s, w, strict=True)] for r, s in zip(moved, q, strict=True)
    ]
    away = _norm(rest) + (_norm(a) + _norm([w])) * _norm(gram)
    if not away.is_finite() or not _norm(gram) < 1:
        raise UndecidedError
    radius = _arb(0, away.abs_upper())
    return _in_order([v + radius for v in w])


def _norm(a: Rows) -> Any:
    return sum((dot(row, row) for row in a), _arb(0)).nonnegative_part().sqrt()


def _rotated(a: Rows) -> tuple[list[Any], Rows]:
    """Eigenvalues and eigenvectors of a symmetric matrix, nearly: Jacobi's rotations."""
    n = len(a)
    if n > MOST_ROTATED:
        raise UndecidedError
    q = [[_arb(int(i == k)) for k in range(n)] for i in range(n)]
    least = _norm(a).mid() * _arb(2) ** (8 - import_module("flint").ctx.prec)
    for _ in range(MOST_SWEEPS):
        far = [(i, k) for k in range(n) for i in range(k) if abs(a[i][k]) > least]
        if not far:
            break
        for i, k in far:
            if abs(a[i][k]) > least:
                _turn(a, q, i, k)
    return [a[k][k] for k in range(n)], q


def _turn(a: Rows, q: Rows, i: int, k: int) -> None:
    """One rotation, after which a[i][k] is zero."""
    slope = (a[k][k] - a[i][i]) / (2 * a[i][k])
    size = 1 / (abs(slope) + (slope * slope + 1).sqrt())
    tangent = (-size if slope < 0 else size).mid()
    cosine = (1 / (tangent * tangent + 1).sqrt()).mid()
    sine = (tangent * cosine).mid()
    for rows in (a, q):
        for row in rows:
            row[i], row[k] = _mids(cosine * row[i] - sine * row[k], sine * row[i] + cosine * row[k])
    for j in range(len(a)):
        x, y = a[i][j], a[k][j]
        a[i][j], a[k][j] = _mids(cosine * x - sine * y, sine * x + cosine * y)


def _mids(*x: Any) -> list[Any]:
    return [v.mid() for v in x]


def symmetric(a: Rows, like: Any) -> tuple[list[Any], Rows]:
    """Eigenvalues in ascending order and eigenvectors (as columns) of a symmetric matrix."""
    found = _simple(a) if a else ([], [])
    if found is None:
        return symmetric_values(a), [_unknown(len(a)) for _ in a]
    pairs = sorted(zip(*found, strict=True), key=lambda pair: _key(pair[0].real.mid()))
    values = [value.real for value, _ in pairs]
    if not all(x < y for x, y in pairwise(values)):
        return _in_order(values), [_unknown(len(a)) for _ in a]
    columns = zip(pairs, like.T, strict=True)
    return values, transposed([_signed(_real(x), near) for (_, x), near in columns])


def general(a: Rows, values: Any, like: Any) -> tuple[list[Any], Rows]:
    """Real eigenvalues in the order of `values`, and eigenvectors, of any square matrix."""
    if not a:
        return [], []
    found = _simple(a)
    if found is None:
        raise UndecidedError
    boxes = [_mirrored(v) for v in found[0]]
    if any(x.overlaps(y) for k, x in enumerate(boxes) for y in boxes[:k]):
        raise UndecidedError
    # Each box has one eigenvalue, and with it the conjugate one: so that is real.
    left, order = list(range(len(boxes))), []
    for w in values:
        order.append(min(left, key=lambda k: abs(float(boxes[k].real.mid()) - float(w))))
        left.remove(order[-1])
    columns = zip((found[1][k] for k in order), like.T, strict=True)
    return [boxes[k].real for k in order], transposed([_signed(_real(x), y) for x, y in columns])


def _mirrored(z: Any) -> Any:
    """The smallest box around a complex ball and its conjugate."""
    if not z.imag.contains(0):
        raise ArithmeticError("some eigenvalues are complex")
    return type(z)(z.real, z.imag.union(-z.imag))


def square_root(a: Rows) -> Rows:
    """The principal square root, v diag(sqrt(w)) v^-1 with eigenvectors v."""
    if not a:
        return []
    try:
        values, left, right = import_module("flint").acb_mat(a).eig(left=True, right=True)
    except ValueError:
        raise UndecidedError from None
    roots = [v.sqrt() for v in values]
    columns = transposed(left.tolist())
    wide = [[x * r for x, r in zip(row, roots, strict=True)] for row in right.tolist()]
    return [[dot(x, y).real for y in columns] for x in wide]


# ------------------------------------------------------------ singular values


def singular(a: Rows, like: Any) -> tuple[Rows, list[Any], Rows]:
    """u, s in descending order and v^T: eigenvalues and -vectors of the smaller of a^T a and a a^T.

    A square `like` asks for vectors of all the space.
    """
    if len(a) < len(a[0]):
        v, s, u = singular(transposed(a), (like[2].T, like[1], like[0].T))
        return transposed(u), s, transposed(v)
    squares, v = symmetric(times(transposed(a), a), like[2][: len(like[1])].T[:, ::-1])
    s = [w.nonnegative_part().sqrt() for w in squares[::-1]]
    right = transposed(v)[::-1]
    left = [_image(a, x, size) for x, size in zip(right, s, strict=True)]
    return transposed(_completed(left, like[0])), s, right


def _image(a: Rows, x: list[Any], size: Any) -> list[Any]:
    """a x / size, or nothing that is known."""
    return [dot(row, x) / size for row in a] if size > 0 else _unknown(len(a))


def _completed(basis: Rows, like: Any) -> Rows:
    """Further vectors that are orthogonal to a basis, close to the further columns of `like`."""
    found = list(basis)
    for near in like.T[len(basis) :]:
        x = _without(found, [_arb(float(v)) for v in near])
        size = length(x) if not any(v.is_nan() for v in x) else _arb("nan")
        found.append([v / size for v in x])
    return found


def _without(basis: Rows, x: list[Any]) -> list[Any]:
    """What is left of a vector orthogonal to those of an orthonormal basis."""
    for q in basis:
        along = dot(q, x)
        x = [v - along * w for v, w in zip(x, q, strict=True)]
    return x


def orthogonal(a: Rows, like: Any) -> tuple[Rows, Rows]:
    """q and r with a = q r: Gram-Schmidt. A square `like` asks for a square q."""
    basis: Rows = []
    for x, near in zip(transposed(a)[: len(a)], like.T, strict=False):
        rest = _without(basis, x)
        size = length(rest)
        basis.append(_signed([v / size for v in rest], near))
    rows = _completed(basis, like)
    zero = _arb(0)
    r = times(rows, a)
    return transposed(rows), [
        [zero if k < i else v for k, v in enumerate(x)] for i, x in enumerate(r)
    ]


def pseudo_inverse(a: Rows, rtol: float) -> Rows:
    """(a^T a)^-1 a^T, or a^T (a a^T)^-1, of a matrix of full rank."""
    if len(a) < len(a[0]):
        return transposed(pseudo_inverse(transposed(a), rtol))
    gram = times(transposed(a), a)
    squares = symmetric_values(gram)
    least = squares[-1] * _arb(rtol) ** 2
    if squares[0] < least:
        raise ArithmeticError("of full rank only")
    if not squares[0] > least:
        raise UndecidedError
    return _solved(gram, transposed(a))


# ------------------------------------------------------------ equations and determinants


def sylvester(a: Rows, b: Rows, c: Rows) -> Rows:
    """The x of a x + x b = c, as equations for all of its entries."""
    m, n, zero = len(a), len(b), _arb(0)
    places = [(i, k) for i in range(m) for k in range(n)]
    system = [
        [(a[i][j] if k == h else zero) + (b[h][k] if i == j else zero) for j, h in places]
        for i, k in places
    ]
    x = _solved(system, [[c[i][k]] for i, k in places])
    return [[x[i * n + k][0] for k in range(n)] for i in range(m)]


def cofactors(a: Rows, along: Sequence[Rows]) -> Rows:
    """The gradient of det a, differentiated along further matrices.

    The determinant is linear in each row: its derivatives are sums of determinants in which rows
    are replaced by those of other matrices.
    """
    n, m = len(a), len(along)
    if n**2 * perm(max(n - 1, 0), m) > MOST_MINORS:
        raise ArithmeticError("too many determinants")
    det: Callable[[Rows], Any] = lambda rows: import_module("flint").arb_mat(rows).det()  # noqa: E731
    y = [[_arb(0) for _ in range(n)] for _ in range(n)]
    for i in range(n):
        for places in permutations([k for k in range(n) if k != i], m):
            rows = list(a)
            for t, k in zip(along, places, strict=True):
                rows[k] = t[k]
            minors = [rows[k] for k in range(n) if k != i]
            for j in range(n):
                minor = [row[:j] + row[j + 1 :] for row in minors]
                y[i][j] += (-1) ** (i + j) * (det(minor) if minor else _arb(1))
    return y
