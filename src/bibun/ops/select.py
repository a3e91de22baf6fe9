"""Choosing between arrays by a condition: where, select, clip, nan_to_num."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ..array import FUNCTIONS, NUMBERS, UFUNCS, Array, bind, implements, innermost, lift
from ..errors import ShapeError, UnsupportedError
from ..graph import Example, Linear, Op, Type, operation
from ..zeros import coin, select
from .alignment import Plan, broadcast, side, taken
from .parts import by_parts
from .structure import array_of, cast


@operation
class Where(Op):
    """a where the condition holds, b elsewhere."""

    def type(self, c, a, b):
        if not c.shape == a.shape == b.shape or c.dtype != bool or a.dtype != b.dtype:
            raise ShapeError(
                f"where: needs a bool condition, equal shapes and equal dtypes, not {c}, {a}, {b}"
            )
        return a

    def value(self, c, a, b):
        return np.where(c, a, b)[()]

    def d(self, y, c, a, b):
        # We select and never multiply by a mask: 0 * inf would be nan.
        return (
            None,
            Linear(lambda t: select(c, t), lambda g: select(c, g)),
            Linear(lambda t: select(~c, t), lambda g: select(~c, g)),
        )

    def push(self, y, args, tangents):
        c, (_, s, t) = args[0], tangents
        if s is not None and t is not None:
            return bind(self, c, s, t)
        return super().push(y, args, tangents)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(), (coin, (2, 3), (2, 3)))


PLAIN = Where()


@lru_cache(maxsize=4096)
def plan(kinds_and_shapes: tuple) -> Plan:
    """The ways of the condition and of both choices into a Where."""
    kinds, shapes = kinds_and_shapes[:3], kinds_and_shapes[3:]
    dtype = np.result_type(*(k() if isinstance(k, type) else k for k in kinds[1:]))
    shape = broadcast("where", shapes)
    wanted = (np.dtype(bool), dtype, dtype)
    sides = [side(k, s, t, shape) for k, s, t in zip(kinds, shapes, wanted, strict=True)]
    return Plan(dtype, shape, sides)


@implements(np.where)
def where(condition: Any, /, *choices: Any) -> Any:
    if len(choices) != 2:
        if choices:
            raise ValueError("where: either both or neither of x and y should be given")
        return np.nonzero(lift(condition))
    arrays, values, kinds, shapes, abstract = taken((condition, *choices))
    way = plan((*kinds, *shapes))
    value = Type(way.dtype, way.shape) if abstract else np.where(*values)[()]
    trace = innermost(arrays)
    i = -1 if trace is None else trace.add((PLAIN, *way.numbers(trace, values, arrays)), value)
    y = Array(trace, i, value)
    return y if way.shape else array_of(y)


@implements(np.select)
def choose(condlist: Any, choicelist: Any, default: Any = 0) -> Array:
    if len(condlist) != len(choicelist):
        raise ValueError("select: there must be as many choices as conditions")
    if len(condlist) == 0:
        raise ValueError("select: at least one condition is needed")
    choices = [x if type(x) in NUMBERS[:2] else lift(x) for x in (*choicelist, default)]
    dtype = np.result_type(*(x if type(x) in NUMBERS else x.dtype for x in choices))
    y = cast(choices[-1], dtype)
    for k, c in reversed(list(enumerate(map(lift, condlist)))):
        if c.dtype != bool:
            raise TypeError(f"select: condition {k} is an array of {c.dtype}; bools are needed")
        y = where(c, cast(choices[k], dtype), y)
    return y


NOTHING = np._NoValue


@implements(np.clip)
def clip(
    a: Any, a_min: Any = NOTHING, a_max: Any = NOTHING, out: None = None, *,
    min: Any = NOTHING, max: Any = NOTHING, **options: Any,
) -> Array:  # fmt: skip
    """maximum, then minimum: at a bound the derivative is shared with the bound, half and half."""
    if a_min is NOTHING and a_max is NOTHING:
        a_min, a_max = (None if bound is NOTHING else bound for bound in (min, max))
    elif a_min is NOTHING or a_max is NOTHING:
        raise TypeError(
            f"clip() is missing the argument {'a_min' if a_min is NOTHING else 'a_max'}"
        )
    elif min is not NOTHING or max is not NOTHING:
        raise ValueError("clip: give either a_min and a_max, or min and max")
    if out is not None:
        raise UnsupportedError(
            "np.clip of a traced array does not take out: write x = np.clip(x, low, high)"
        )
    y = lift(a)
    if y.dtype.kind in "iu":
        # NumPy lets Python's integers be out of the range of the dtype here, and only here.
        a_min = None if type(a_min) is int and a_min <= np.iinfo(y.dtype).min else a_min
        a_max = None if type(a_max) is int and a_max >= np.iinfo(y.dtype).max else a_max
    if a_min is None and a_max is None:
        return UFUNCS[np.positive](y, **options)
    y = y if a_min is None else UFUNCS[np.maximum](y, a_min, **options)
    return y if a_max is None else UFUNCS[np.minimum](y, a_max, **options)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Array:
    """x where it is finite; what is put in its place has no derivative by x."""
    y = x = lift(x)
    if x.dtype.kind not in "fc":
        return +x if x.dtype != bool else x
    if x.dtype.kind == "c":
        return by_parts(lambda part: nan_to_num(part, copy, nan, posinf, neginf), x)
    most = np.finfo(x.dtype)
    ends = (nan, most.max if posinf is None else posinf, most.min if neginf is None else neginf)
    for hit, number in zip((np.isnan(x), x == np.inf, x == -np.inf), ends, strict=True):
        y = where(hit, cast(number, x.dtype), y)
    return y[()] if copy else FUNCTIONS["into"](x, y, "np.nan_to_num")
