"""Choosing between arrays by a condition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..array import bind
from ..errors import ShapeError
from ..graph import Example, Linear, Op, operation
from ..zeros import coin, select


@operation
class Where(Op):
    """a where the condition holds, b elsewhere."""

    def type(self, c, a, b):
        if not c.shape == a.shape == b.shape or c.dtype != bool or a.dtype != b.dtype:
            raise ShapeError(f"where: needs a bool condition, equal shapes and equal dtypes, not {c}, {a}, {b}")
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


