"""Operations that exported C++ has functions for: linear algebra, sorting, special functions.

The functions are C++ in `texts/`. A header has those files that it needs, in a namespace of their
own, so that their names are nobody's else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..graph import Node, Type
from ..loops import Value
from ..loops.statements import FLOATS, KINDS
from ..native.nodes import Nodes
from ..native.routines import Routine
from ..ops.decomposition import Cholesky, Eigh
from ..ops.determinants import Cofactors, Det, LogDetGradient, Slogdet
from ..ops.elementwise import Elementwise
from ..ops.linalg import Factors, Inverse, Solve
from ..ops.matrix_functions import Expm, ExpmAlong
from ..ops.pseudoinverse import LeastSquares, Pinv, QuietInverse
from ..ops.qr import QR
from ..ops.sorting import ArgSort, Sort, Ties
from ..ops.special import Bessel, BesselI0e, Erfcx, Polygamma
from ..ops.svd import SVD

INT = np.dtype(np.int64)
SINGULAR, INDEFINITE = "a singular matrix", "a matrix that is not positive definite"
INFINITE, DEPENDENT = "a matrix that is not finite", "a matrix with dependent columns"
FOLDER = Path(__file__).parent / "texts"

# ------------------------------------------------------------ functions of numbers

# fmt: off
SCALARS = frozenset((
    "cosdg", "cosm1", "erfcinv", "erfi", "erfinv", "exp1", "exp10", "expi", "gammainc", "gammaincc",
    "gammasgn", "kl_div", "logit", "ndtri", "ndtri_exp", "rel_entr", "sindg",
))
"""Functions of SciPy's that the texts have under their own name."""
FIRST = {
    "psi": "polygamma<0>",
    **{f"{k}{n}": f"bessel_{k}<{n}>" for k in "ijky" for n in (0, 1)},
    **{f"i{n}e": f"bessel_i_scaled<{n}>" for n in (0, 1)},
}
# fmt: on
ORDERED: dict[type, Callable[[Any], str]] = {
    Polygamma: lambda op: f"polygamma<{op.order}>",
    Erfcx: lambda op: f"erfcx_slope<{op.order}>" if op.order else "erfcx",
    BesselI0e: lambda op: f"bessel_i0e_slope<{op.order}>",
    Bessel: lambda op: f"bessel_{op.letter}<{op.order}>",
}
STANDARD = {"gamma": "std::tgamma", "gammaln": "std::lgamma"}


def scalar(n: Node, types: Sequence[Any]) -> Callable[..., Value] | None:
    """The function of a node of float64 or float32, which is computed in float64; None if none."""
    if any(not isinstance(t, Type) or t.dtype not in FLOATS.values() for t in (*types, n.type)):
        return None
    label = n.op.label if isinstance(n.op, Elementwise) else ""
    name = FIRST.get(label, label if label in SCALARS else "")
    of_order = ORDERED.get(type(n.op))
    name = of_order(n.op) if of_order else name
    opcode = STANDARD.get(label) or (f"routines::{name}" if name else "")

    def call(*args: Value) -> Value:
        code, kind = args[0].code, args[0].kind
        return code.let(opcode, "f64", [a.to("f64") for a in args], None).to(kind)

    return call if opcode else None


# ------------------------------------------------------------ functions of arrays


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


def cofactors(op: Cofactors, a: Type, *along: Type) -> Routine | None:
    *lead, n, _ = a.shape
    if len(along) > 1:
        return None
    memory = [Type(a.dtype, s) for s in ((n,), *((n, n),) * (5 if along else 4))]
    name = "cofactors_along" if along else "cofactors"
    return Routine(name, (n,), prod(lead), 1 + len(along), (*memory, Type(INT, (n,))))


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


def expm(op: Expm, a: Type) -> Routine:
    *lead, n, _ = a.shape
    memory = Type(a.dtype, (7, n, n)), Type(INT, (n,))
    return Routine("exponential", (n,), prod(lead), 1, memory, INFINITE)


def expm_along(op: ExpmAlong, a: Type, e: Type) -> Routine:
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


ROUTINES: dict[type, Callable[..., Routine | None]] = {
    Factors: square("factorised"), Solve: solve, Inverse: square("inverted", 0, fails=SINGULAR),
    LogDetGradient: square("inverted", 1, fails=SINGULAR), QuietInverse: square("inverted_quietly"),
    Det: square("determinant"), Slogdet: square("log_determinant"), Cofactors: cofactors,
    Cholesky: square("cholesky", integers=False, fails=INDEFINITE), QR: orthogonal, Eigh: eigen,
    SVD: singular, Pinv: pinv, LeastSquares: lstsq, Expm: expm, ExpmAlong: expm_along,
    ArgSort: ordered, Sort: sort, Ties: ties,
}  # fmt: skip


class ExportNodes(Nodes):
    """The nodes of a graph, as exported C++ sees them."""

    def function(self, i: int) -> Any:
        """The scalar function of an element-wise node."""
        n = self.graph.nodes[i]
        return scalar(n, self.types(n)) or super().function(i)

    def routine(self, n: Node) -> Routine | None:
        """The function of an operation that needs one: what are loops are readable loops."""
        make = ROUTINES.get(type(n.op))
        if make is None:
            return None
        given = self.types(n)
        made = (n.type,) if isinstance(n.type, Type) else n.type
        every = [*given, *made]
        if any(not isinstance(t, Type) or t.dtype not in KINDS or 0 in t.shape for t in every):
            return None
        found = make(n.op, *given)
        return found and found._replace(symbol=f"routines::{found.symbol}")


# ------------------------------------------------------------ their texts

NAME = re.compile(r"^(?:inline|struct) (?:\w+ )?(\w+)(?:\(| \{)", re.MULTILINE)
INCLUDES = ["algorithm"]


@cache
def texts() -> dict[str, tuple[str, frozenset[str]]]:
    """The files of C++, each with the names of its functions."""
    found = {}
    for file in sorted(FOLDER.glob("*.hpp")):
        text = file.read_text("utf-8")
        found[file.stem] = text, frozenset(NAME.findall(text))
    return found


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def needed(body: str) -> list[tuple[str, str]]:
    """The texts that a function needs, each with its name: those that others need come first."""
    order: list[str] = []

    def add(name: str) -> None:
        text, names = texts()[name]
        if name in order:
            return
        for other, (_, further) in texts().items():
            if other != name and words_of(text) & further - names:
                add(other)
        order.append(name)

    called = set(re.findall(r"routines::(\w+)", body))
    for name, (_, names) in texts().items():
        if called & names:
            add(name)
    return [(name, texts()[name][0]) for name in order]
