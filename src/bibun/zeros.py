"""Structural zeros: cotangents that are zero because of a `where`, a slice, an index or a mask.

Such a cotangent is a `Select(mask, g)`. It stays zero through any partial derivative, infinite or
not: `Select(m, g) * p = Select(m, g * p)`. A zero that is merely a number is not strong: it may be
an underflow, and 0 * inf is then rightly nan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np

from .array import Array, bind, lift
from .errors import ShapeError
from .graph import Example, Linear, Op, Type, operation
from .notation import ATOM, FACTOR, Text
from .recording import Trace


def coin(rng: np.random.Generator) -> np.ndarray:
    """An example mask."""
    return rng.random((2, 3)) > 0.5


@operation
class Select(Op):
    """x where the mask holds, and a structural zero elsewhere.

    `already` says that x is zero there by itself. Then the mask only matters for a product with a
    partial derivative, and the finished gradient can do without it.
    """

    keeps_zeros = True
    already: bool = False

    def type(self, mask, x):
        if mask.shape != x.shape or mask.dtype != bool:
            raise ShapeError(
                f"select: needs a bool mask of the shape of its argument, not {mask}, {x}"
            )
        return x

    def value(self, mask, x):
        return np.where(mask, x, x.dtype.type(0))[()]

    def kernel(self, mask, x):
        zero = np.zeros((), x.dtype)
        return lambda mask, x: np.where(mask, x, zero)

    def d(self, y, mask, x):
        return None, Linear(lambda t: select(mask, t), lambda g: select(mask, g))

    def notation(self, y, mask, x):
        """Iverson's bracket: 1 where the mask holds, and 0 elsewhere."""
        return Text(f"[{mask}]", ATOM) if x.number == 1 else Text(f"[{mask}] {x:power}", FACTOR)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (coin, (2, 3)))


def select(mask: Any, g: Any) -> Array:
    """g where the mask holds, structurally zero elsewhere."""
    inner = parts(g)
    if inner is None:
        return bind(Select(), mask, g)
    return bind(Select(), mask & inner[0], inner[1])


def zeroed(mask: Any, g: Any) -> Array:
    """g, which is zero where the mask does not hold, as structurally zero there."""
    return bind(Select(True), mask, g) if parts(g) is None else select(mask, g)


def parts(g: Any) -> tuple[Array, Array] | None:
    """The mask and the unmasked values of a structural zero; None if g is an ordinary array."""
    g = lift(g)
    if g.scope is None or not g.scope.active:
        return None
    op, *args = g.scope.entries[g.index]
    if not isinstance(op, Select):
        return None
    mask, x = (Array(g.scope, i, g.scope.values[i]) for i in args)
    return mask, x


def scale(g: Any, p: Any) -> Array:
    """g * p for a partial derivative p, such that a structural zero stays zero."""
    if isinstance(p, int | float):
        if p == 1:
            return g
        if p == -1:
            return carry(np.negative, g)
    return carry(lambda x: x * p, g)


def carry(f: Callable[[Any], Any], g: Any) -> Array:
    """f(g) for an element-wise linear f: the mask stays where it is."""
    inner = parts(g)
    return f(g) if inner is None else bind(Select(), inner[0], f(inner[1]))


def move(f: Callable[[Any], Any], g: Any) -> Array:
    """f(g) for a linear f that moves, adds or drops entries: the mask is moved in the same way.

    An entry of the result is structurally zero if all entries that were added into it are, so we
    count them: the mask as 0 and 1 goes through f and whatever is not 0 may be different from zero.
    """
    inner = parts(g)
    if inner is None:
        return f(g)
    # float16 would overflow to inf when counting more than 65504 entries, and inf is still not 0.
    return zeroed(f(np.astype(inner[0], g.dtype)) != 0, f(g))


def total(terms: Sequence[Any]) -> Array:
    """The sum of cotangents: structurally zero where all of them are."""
    return terms[0] if len(terms) == 1 else reduce(_plus, _together(terms))


def _together(terms: Sequence[Any]) -> list[Any]:
    """Terms that one operation can add, as one: a loop over x[i] pulls back to a single scatter."""
    rest, alike, adder = [], [], None
    for g in terms:
        op, args = _made_by(_without_mask(g))
        if op is None or op.added is None:
            rest.append(g)
        else:
            alike.append((op, args))
            adder = op.added
    return list(terms) if adder is None or len(alike) < 2 else [*rest, adder(alike)]


def _made_by(x: Array) -> tuple[Op | None, list[Array]]:
    """The operation that made x, and its arguments."""
    trace = x.scope
    if trace is None or not trace.active:
        return None, []
    op, *args = trace.entries[x.index]
    return op, [Array(trace, i, trace.values[i]) for i in args]


def _without_mask(g: Any) -> Array:
    """g without a mask where it is zero by itself."""
    g = lift(g)
    op, args = _made_by(g)
    return args[1] if isinstance(op, Select) and op.already else g


def _plus(a: Any, b: Any) -> Array:
    x, y = parts(a), parts(b)
    if x is None or y is None:
        return a + b
    if x[0].index == y[0].index:
        return bind(Select(), x[0], x[1] + y[1])
    return zeroed(x[0] | y[0], a + b)


def full(trace: Trace, of: Type, number: float) -> Array:
    """The array of one number of this type, as an expression, so that rules see the number."""
    x = Array(trace, trace.scalar(number, of.dtype), Type(of.dtype, ()))
    return np.broadcast_to(x, of.shape) if of.shape else x


def zeros(trace: Trace, of: Type) -> Array:
    """The array of zeros of this type."""
    return full(trace, of, 0)


def zeros_like(x: Array) -> Array:
    """Zeros of the type of x."""
    if x.scope is None:
        return Array(None, -1, np.zeros(x.shape, x.dtype))
    return zeros(x.scope, Type(x.dtype, x.shape))


def or_zeros(given: Sequence[Any], like: Sequence[Array]) -> list[Array]:
    """What is given, with zeros like the arrays beside it in the place of None."""
    return [zeros_like(x) if g is None else g for g, x in zip(given, like, strict=True)]
