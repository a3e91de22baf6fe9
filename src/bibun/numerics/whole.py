"""Whole: what is known of the result that an operation in trouble is part of."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from ..array import Array
from ..graph import Type
from ..program import Program as Compiled
from ..wide.checks import differ
from .region import (
    Program,
    Region,
    Truth,
    applied,
    cotangent,
    region,
    size,
    truth,
    with_pull,
)

KINDS = {
    "kink": "no code can mend it: the function has a kink there, and no derivative",
    "infinite": "no code can mend it: the value or the derivative is infinite there",
    "nothing": "no code can mend it: the value or the derivative does not exist there",
    "beyond": "no code can mend it: the value or the derivative is beyond the range of floats",
    "fine": "nothing is to be mended: the derivative of the whole is right in floats",
    "number": "the derivative is proven, but no short code is known that gives it",
}
UNKNOWN = "nothing is written down, since no derivative is proven: {}"
MOST = 2_000
"""Numbers in a function, or a part of one, that is looked at."""
LUCK = 1.0, 1.3, 0.7, 1.7
Other = Callable[[list[Any]], Any]
"""Another way to compute a node, from all nodes before it, and itself as it was."""


class Whole:
    """The first result that an entry is part of, as a function of all that it is made of."""

    def __init__(self, program: Program, entry: int, kinked: bool):
        self.program, self.kinked = program, kinked
        self.missing, self.result = "", -1
        node = program.node(entry)
        if node < 0:
            self.missing = "it is not part of the function itself"
            return
        above = program.above(node)
        results = [o for o in program.graph.outputs if o in above]
        if not results:
            self.missing = "it is not part of the result"
            return
        self.result = results[0]
        if size(self.region.types) > MOST:
            self.missing = f"the function has more than {MOST} numbers"

    @cached_property
    def region(self) -> Region:
        """The result as a region."""
        return region(self.program, self.result, lambda i: True, whole=True)

    @cached_property
    def truth(self) -> Truth:
        """The result and its cotangents in wider numbers."""
        return (
            Truth("unknown", [], self.missing) if self.missing else truth(self.region, self.kinked)
        )

    @property
    def proven(self) -> bool:
        """Whether there are finite numbers that code could give."""
        return self.truth.kind == "number" and all(np.isfinite(y).all() for y in self.truth.results)

    def reason(self) -> str:
        """Why there is no code, in a sentence."""
        if self.truth.kind == "unknown":
            return UNKNOWN.format(self.truth.why)
        if self.truth.kind == "number" and not self.proven:
            return KINDS["beyond"]
        fine = self.proven and not wrong(self.program.values[self.result], self.truth.results[0])
        fine = fine and gives(self.region.__call__, self.region, self.truth, True)
        return KINDS["fine" if fine else self.truth.kind]

    def mended(self, root: int, other: Other) -> bool:
        """Whether all of the derivative is right in floats, if a node is computed otherwise."""
        if not self.proven:
            return False
        nodes, inner = self.program.graph.nodes, self.region.inner

        def changed(*args: Array) -> Array:
            env: list[Any] = [None] * len(nodes)
            for i, a in zip(self.region.leaves, args, strict=True):
                env[i] = a
            for i in inner:
                env[i] = applied(nodes[i].op, [env[a] for a in nodes[i].args], args[0].scope)
                if i == root:
                    env[i] = other(env)
            return env[self.result]

        try:
            return gives(changed, self.region, self.truth, True)
        except (TypeError, ValueError, ArithmeticError, LookupError):
            return False


def gives(function: Callable[..., Array], found: Region, exact: Truth, stable: bool) -> bool:
    """Whether a function has this value and these cotangents, in floats; perhaps rewritten."""
    compiled = Compiled(with_pull(found.held(function), found.types, False, stable))
    value, *back = exact.results
    g = cotangent(value.shape, value.dtype)
    with np.errstate(all="ignore"):
        for factor in LUCK:  # where most digits are lost, some multiples are right by accident
            weight = value.dtype.type(factor)
            results = compiled(*found.args, g * weight)
            wanted = [value, *(z * weight for z in back)]
            if any(wrong(y, z) for y, z in zip(results, wanted, strict=True)):
                return False
    return True


def first_cancelled(program: Program) -> int | None:
    """The first node whose derivative by the arguments has lost digits; None if none is known."""
    for i, n in program.graph.body():
        if not isinstance(n.type, Type) or n.type.dtype.kind != "f" or program.constant(i):
            continue
        found = region(program, i, lambda i: True, whole=True)
        if not any(found.floats) or size([*found.types, n.type]) > MOST:
            continue
        exact = truth(found)
        proven = exact.kind == "number" and all(np.isfinite(y).all() for y in exact.results)
        if proven and not gives(found.__call__, found, exact, True):
            return i
    return None


def as_written(found: Region, exact: Truth) -> bool:
    """Whether a region has all its digits in floats as it stands."""
    return gives(found.__call__, found, exact, False)


def wrong(y: Any, exact: np.ndarray) -> bool:
    """Whether an array is not finite, has lost digits, or is of another type."""
    y = np.asarray(y)
    alike = Type(y.dtype, y.shape) == Type(exact.dtype, exact.shape)
    return not alike or not np.isfinite(y).all() or differ(y, exact)


__all__ = ["MOST", "Other", "Whole", "as_written", "first_cancelled", "wrong"]
