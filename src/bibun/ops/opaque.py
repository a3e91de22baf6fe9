"""Opaque: a function that bibun does not look into; its derivatives are such functions again.

Foreign code (a solver, a primitive with rules of the user's) looks at the values of its arguments:
it branches, iterates, calls C. It therefore runs whenever values are known, and never on symbols.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from ..array import bind, lift
from ..errors import DtypeError, ShapeError
from ..graph import Example, Op, Type, operation, type_of


class Code(ABC):
    """Foreign code. Structural keys hold it: its hash and its repr differ where the code does.

    Its derivatives are code, too, which takes the arguments, then the results, and then those
    cotangents of results (or tangents of arguments) that are given.
    """

    fields: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def __call__(self, *arrays: Any) -> Sequence[Any]:
        """The results, as a sequence; arrays without axes come as scalars."""

    @abstractmethod
    def pull(
        self, given: tuple[bool, ...], wanted: tuple[bool, ...]
    ) -> tuple[Code, tuple[bool, ...]]:
        """The code for cotangents, and of which arguments: those that are wanted and not zero."""

    @abstractmethod
    def push(self, given: tuple[bool, ...]) -> Code:
        """The code for the tangents of all results, from those of the given arguments."""


@operation
class Opaque(Op):
    """y... = f(x...), where f is foreign code that brings its own derivatives."""

    kind = "call"
    code: Code
    inputs: tuple[Type, ...]
    outputs: tuple[Type, ...]

    def type(self, *args):
        if args != self.inputs:
            given, needed = (", ".join(map(str, types)) for types in (args, self.inputs))
            raise DtypeError(f"{self.code}: it was called with ({needed}), not with ({given})")
        return _single(self.outputs)

    def value(self, *args):
        if isinstance(self.code, Loop) and self.code.n == 0:
            return _single([np.zeros(t.shape, t.dtype) for t in self.outputs])
        results = self.code(*(a[()] if a.shape == () else a for a in args))
        pairs = zip(results, self.outputs, strict=True)
        return _single([_plain(self.code, y, t) for y, t in pairs])

    def push(self, y, args, tangents):
        given = tuple(t is not None for t in tangents)
        inputs = (*args, *_several(y), *(t for t in tangents if t is not None))
        return _apply(self.code.push(given), inputs, self.outputs)

    def pull(self, y, args, g, wanted):
        given = tuple(c is not None for c in _several(g))
        code, found = self.code.pull(given, wanted)
        if not any(found):
            return (None,) * len(args)
        inputs = (*args, *_several(y), *(c for c in _several(g) if c is not None))
        outputs = tuple(t for t, f in zip(self.inputs, found, strict=True) if f)
        pulled = iter(_several(_apply(code, inputs, outputs)))
        return tuple(next(pulled) if f else None for f in found)

    def batched(self, n):
        inputs, outputs = (
            tuple(Type(t.dtype, (n, *t.shape)) for t in types)
            for types in (self.inputs, self.outputs)
        )
        return Opaque(Loop(self.code, n), inputs, outputs)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        x = Type(np.dtype(float), (2, 3))
        yield Example(cls(Twice(), (x,), (x,)), ((2, 3),))


@operation
class Loop(Code):
    """Code over a new first axis of all its arguments."""

    code: Code
    n: int

    def __call__(self, *arrays):
        rows = [self.code(*(a[k] for a in arrays)) for k in range(self.n)]
        return [np.stack(ys) for ys in zip(*rows, strict=True)]

    def pull(self, given, wanted):
        code, found = self.code.pull(given, wanted)
        return Loop(code, self.n), found

    def push(self, given):
        return Loop(self.code.push(given), self.n)


@operation
class Twice(Code):
    """y = 2 x, where x is the last argument: an example that is its own derivative."""

    def __call__(self, *arrays):
        return [2 * arrays[-1]]

    def pull(self, given, wanted):
        return Twice(), (*(False,) * (len(wanted) - 1), wanted[-1])

    def push(self, given):
        return Twice() if given[-1] else Nothing()


@operation
class Nothing(Code):
    """y = 0 x: the derivative along arguments that do not matter."""

    def __call__(self, *arrays):
        return [0 * arrays[0]]

    def pull(self, given, wanted):
        return Nothing(), (False,) * len(wanted)

    def push(self, given):
        return Nothing()


def _apply(code: Code, inputs: Sequence[Any], outputs: tuple[Type, ...]) -> Any:
    return bind(Opaque(code, tuple(map(type_of, inputs)), outputs), *inputs)


def _plain(code: Code, y: Any, of: Type) -> Any:
    """A result as a plain array of the type that was promised."""
    value = lift(y)._plain(f"what {code} returned")
    if value.shape != of.shape:
        raise ShapeError(f"{code}: it returned the shape {value.shape}, and {of.shape} is needed")
    return value if value.dtype == of.dtype else value.astype(of.dtype)


def _several(y: Any) -> tuple:
    return y if type(y) is tuple else (y,)


def _single(y: Sequence) -> Any:
    return y[0] if len(y) == 1 else tuple(y)
