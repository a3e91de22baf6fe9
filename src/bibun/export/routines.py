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
from ..native.elements import MATHEMATICS
from ..native.nodes import Nodes
from ..native.routines import Routine
from ..native.tasks import INFINITE, along, eigen, maker, numeric
from ..ops.bessel import ScaledBessel
from ..ops.elementwise import Elementwise
from ..ops.elliptic import Carlson, EllipticE, EllipticK, EllipticKm1
from ..ops.families import Bessel, BesselI0e, Erfcx, Polygamma
from ..ops.remainders import Dawson, ExpRel, LogRel, PsiDifference

FOLDER = Path(__file__).parent / "texts"

# ------------------------------------------------------------ functions of numbers

# fmt: off
FIRST = {
    "psi": "polygamma<0>",
    **{f"{k}{n}": f"bessel_{k}<{n}>" for k in "ijky" for n in (0, 1)},
    **{f"i{n}e": f"bessel_i_scaled<{n}>" for n in (0, 1)},
}
ORDERED: dict[type, Callable[[Any], str]] = {
    Polygamma: lambda op: f"polygamma<{op.order}>",
    BesselI0e: lambda op: f"bessel_i0e_slope<{op.order}>",
    Bessel:    lambda op: f"bessel_{op.letter}<{op.order}>",
    LogRel:    lambda op: f"log_relative<{op.order}>",
    Erfcx:     lambda op: slope("erfcx", op),
    ExpRel:    lambda op: slope("exprel", op),
    Dawson:    lambda op: slope("dawsn", op),
    EllipticK: lambda op: slope("ellipk", op),
    EllipticE: lambda op: slope("ellipe", op),
    EllipticKm1: lambda op: slope("ellipkm1", op),
    Carlson:   lambda op: f"carlson<{op.p}, {op.q}, {op.r}>",
    ScaledBessel: lambda op: f"scaled_{op.letter}<{op.order}>",
    PsiDifference: lambda op: f"psi_difference<{op.order}>",
}
# fmt: on
STANDARD = {"gamma": "std::tgamma", "gammaln": "std::lgamma"}


def slope(name: str, op: Any) -> str:
    """A derivative of some order, of which the first is the function itself."""
    return f"{name}_slope<{op.order}>" if op.order else name


def scalar(n: Node, types: Sequence[Any]) -> Callable[..., Value] | None:
    """The function of a node of float64 or float32, which is computed in float64; None if none.

    Arguments that are whole numbers may be floats: a call with others has no result.
    """
    op, given = n.op, [getattr(t, "dtype", None) for t in types]
    if n.type.dtype not in FLOATS.values():
        return None
    if any(KINDS.get(d, "bool") == "bool" for d in given):
        return None
    label = op.label if isinstance(op, Elementwise) and op.label not in MATHEMATICS else ""
    of_order = ORDERED.get(type(op))
    name = of_order(op) if of_order else FIRST.get(label, label if label in scalars() else "")
    opcode = STANDARD.get(label) or (f"routines::{name}" if name else "")
    whole = op.whole if isinstance(op, Elementwise) else ()

    def call(*args: Value) -> Value:
        code, kind = args[0].code, KINDS[n.type.dtype]
        for k in whole:
            if given[k] in FLOATS.values():
                reason = f"{label}: argument {k + 1} is no whole number"
                code.refuse(args[k].floor().differs(args[k]), reason)
        return code.let(opcode, "f64", [a.to("f64") for a in args], None).to(kind)

    return call if opcode else None


INTEGERS = {"gcd": "std::gcd", "lcm": "std::lcm"}
MOST_EQUATIONS = 256


def whole(n: Node, types: Sequence[Any]) -> Callable[..., Value] | None:
    """The function of a node of integers."""
    name = INTEGERS.get(n.op.label) if isinstance(n.op, Elementwise) else None
    if name is None or any(t.dtype.kind not in "iu" or t != n.type for t in types):
        return None

    def call(a: Value, b: Value) -> Value:
        return a.make(name, b)

    return call


def sylvester(op: Any, a: Type, b: Type, c: Type) -> Routine | None:
    *lead, m, n = c.shape
    memory = Type(a.dtype, (m * n, m * n)), Type(np.dtype(np.int64), (m * n,))
    few = m * n <= MOST_EQUATIONS
    return Routine("sylvester", (m, n), prod(lead), 3, memory) if few else None


def square_root(op: Any, a: Type) -> Routine:
    *lead, n, _ = a.shape
    memory = Type(a.dtype, (4, n, n)), Type(np.dtype(np.int64), (n,))
    return Routine("square_root", (n,), prod(lead), 1, memory, "a singular matrix")


def partition(op: Any, x: Type) -> Routine:
    """All of it is in order."""
    n, step, count = along(op.axis, x)
    return Routine("ordered", (n, step, 0), count, 1, (Type(np.dtype(np.int64), (n,)),) * 2)


def directions(op: Any, a: Type) -> Routine:
    *lead, n, _ = a.shape
    memory = *(Type(a.dtype, (n, n)),) * 2, Type(a.dtype, (n,))
    return Routine("directions", (n,), prod(lead), 1, memory, "a matrix with complex eigenvalues")


def hermitian(op: Any, re: Type, im: Type) -> Routine:
    *lead, n, _ = re.shape
    memory = (Type(re.dtype, (n, n)),) * 4
    return Routine("hermitian", (n,), prod(lead), 2, memory, INFINITE)


MORE: dict[str, Callable[..., Routine | None]] = {
    "sylvester": sylvester,
    "sqrtm": square_root,
    "argpartition": partition,
    "eig": directions,
    "hermitianeigh": eigen,
    "hermitianpair": hermitian,
}
"""What native code has no routines for, by the names of operations."""


class ExportNodes(Nodes):
    """The nodes of a graph, as exported C++ sees them."""

    def by_element(self, i: int) -> bool:
        """Functions that Python computes for whole arrays are among them."""
        return type(self.graph.nodes[i].op) in ORDERED or super().by_element(i)

    def function(self, i: int) -> Any:
        """The scalar function of an element-wise node."""
        n = self.graph.nodes[i]
        types = self.types(n)
        return scalar(n, types) or whole(n, types) or super().function(i)

    def routine(self, i: int) -> Routine | None:
        """The function of an operation that needs one: what are loops are readable loops."""
        n = self.graph.nodes[i]
        make, given = maker(n.op) or MORE.get(n.op.name), self.types(n)
        found = make(n.op, *given) if make and numeric([*given, *n.types]) else None
        return found and found._replace(symbol=f"routines::{found.symbol}")


# ------------------------------------------------------------ their texts

NAME = re.compile(r"^(?:inline|struct) (?:\w+ )?(\w+)(?:\(| \{)", re.MULTILINE)
SCALAR = re.compile(r"^inline double (\w+)\((?:double \w+(?:, )?)+\) \{", re.MULTILINE)
CALL = re.compile(r"(\w+)(?:<\w+>)?\(")
INCLUDES = ["algorithm"]


@cache
def texts() -> dict[str, tuple[str, frozenset[str]]]:
    """The files of C++, each with the names of its functions."""
    found = {}
    for file in sorted(FOLDER.glob("*.hpp")):
        text = file.read_text("utf-8")
        found[file.stem] = text, frozenset(NAME.findall(text))
    return found


@cache
def scalars() -> frozenset[str]:
    """The functions of real numbers: those of SciPy's have their names."""
    return frozenset(name for text, _ in texts().values() for name in SCALAR.findall(text))


def called(text: str) -> set[str]:
    """The functions that C++ calls; what comments say counts for nothing."""
    return set(CALL.findall(re.sub("//.*", "", text)))


def needed(body: str) -> list[tuple[str, str]]:
    """The texts that a function needs, each with its name: those that others need come first."""
    order: list[str] = []

    def add(name: str) -> None:
        text, names = texts()[name]
        if name in order:
            return
        for other, (_, further) in texts().items():
            if other != name and called(text) & further - names:
                add(other)
        order.append(name)

    used = set(re.findall(r"routines::(\w+)", body))
    for name, (_, names) in texts().items():
        if used & names:
            add(name)
    return [(name, texts()[name][0]) for name in order]
