"""Calls of primitives as foreign code: the function, and its derivatives of every order.

The first derivatives follow the user's rules, higher ones are found by tracing these rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from ...array import Duck, lift
from ...derivative import jvp, vjp
from ...derivative.boundaries import leaves_of
from ...graph import operation
from ...ops.opaque import Code
from .rules import MissingRuleError, primitive_jvps, primitive_vjps
from .spaces import SparseObject
from .wrap_util import get_name

Function = Callable[..., Any]
ARRAY = object()  # stands for arrays among the arguments of a call
_serial = count()


class Arguments:
    """The arguments of one call: the arrays in it, and everything else."""

    def __init__(self, args: tuple):
        parts = [leaves_of(a) if _opens(a) else ([a], _first) for a in args]
        leaves = [x for own, _ in parts for x in own]
        self.rest = [ARRAY if _is_array(x) else x for x in leaves]
        self.arrays = [x for x in leaves if _is_array(x)]
        self.parts = [(len(own), rebuild) for own, rebuild in parts]

    def place(self, arrays: Sequence[Any]) -> list[Any]:
        """The arguments with these arrays."""
        values = iter(arrays)
        leaves = iter([next(values) if x is ARRAY else x for x in self.rest])
        return [rebuild([next(leaves) for _ in range(n)]) for n, rebuild in self.parts]

    @property
    def key(self) -> tuple:
        """Equal for equal arguments, whatever numbers the arrays hold."""
        names = [str(rebuild([0] * n)) for n, rebuild in self.parts]
        return (*names, *(x if x is ARRAY else key_of(x) for x in self.rest))


class Primitive:
    """A primitive with all that is not an array: containers, options, other arguments."""

    def __init__(self, f: Function, args: Arguments, kwargs: dict[str, Any], result: Any):
        self.f, self.kwargs, self.serial = f, kwargs, next(_serial)
        self.place, self.rest, self.parts = args.place, args.rest, args.parts
        leaves, self.rebuild = leaves_of(result)
        self.results, self.arity = len(leaves), len(args.arrays)
        args.arrays = []  # what is kept must not hold the arrays of one call

    def __repr__(self) -> str:
        return f"{get_name(self.f)}#{self.serial}"

    def owners(self) -> list[int]:
        """The number of the argument in which each array stands."""
        numbers = [k for k, (n, _) in enumerate(self.parts) for _ in range(n)]
        return [k for k, x in zip(numbers, self.rest, strict=True) if x is ARRAY]

    def split(self, arrays: Sequence[Any]) -> tuple[list[Any], Any, list[Any]]:
        """Arguments, result, and what comes behind them."""
        n, m = self.arity, self.arity + self.results
        return self.place(arrays[:n]), self.rebuild(list(arrays[n:m])), list(arrays[m:])


def _opens(x: Any) -> bool:
    return isinstance(x, list | tuple | dict)


def _first(leaves: list[Any]) -> Any:
    return leaves[0]


def _is_array(x: Any) -> bool:
    """Whether x varies from call to call; everything else is part of what the call is."""
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "biufc"
    return isinstance(x, Duck | float | np.floating)


def key_of(x: Any) -> Any:
    """Equal for the same thing: kinds of numbers are told apart, and objects by identity."""
    plain = isinstance(x, int | str | bytes | complex | type(None) | type)
    return (type(x), repr(x)) if plain else (type(x), id(x))


class _Ruled(Code):
    """Code whose derivatives are found by tracing it."""

    def pull(self, given, wanted):
        return PulledByTracing(self, given, wanted), wanted

    def push(self, given):
        return PushedByTracing(self, given)


@operation
class Raw(_Ruled):
    """The function itself."""

    of: Primitive

    def __call__(self, *arrays):
        raw = self.of.f.fun  # type: ignore[attr-defined]
        return leaves_of(raw(*self.of.place(arrays), **self.of.kwargs))[0]

    def __str__(self) -> str:
        return get_name(self.of.f)

    def pull(self, given, wanted):
        owners = self.of.owners()
        argnums = tuple(sorted({k for k, w in zip(owners, wanted, strict=True) if w}))
        if self.of.f in primitive_vjps:
            return Pulled(self.of, given, wanted, argnums), wanted
        raise MissingRuleError(f"VJP of {self} wrt argnums {argnums} not defined")

    def push(self, given):
        owners = self.of.owners()
        argnums = tuple(sorted({k for k, t in zip(owners, given, strict=True) if t}))
        if self.of.f in primitive_jvps:
            return Pushed(self.of, given, argnums)
        if self.of.f in primitive_vjps:
            return PushedByTransposing(self, given)
        raise MissingRuleError(f"JVP of {self} wrt argnums {argnums} not defined")


@operation
class Pulled(_Ruled):
    """Cotangents of the arguments by the rule of defvjp."""

    of: Primitive
    given: tuple[bool, ...]
    wanted: tuple[bool, ...]
    argnums: tuple[int, ...]

    def __call__(self, *arrays):
        args, result, given = self.of.split(arrays)
        n, m = self.of.arity, self.of.arity + self.of.results
        g = self.of.rebuild(_filled(given, self.given, arrays[n:m]))
        rule = primitive_vjps[self.of.f](self.argnums, result, tuple(args), self.of.kwargs)
        found = dict(zip(self.argnums, rule(g), strict=True))
        leaves = {k: _cotangents(found[k], args[k]) for k in self.argnums}
        return self._wanted(leaves, arrays)

    def _wanted(self, leaves: dict[int, list[Any]], arrays: Sequence[Any]) -> list[Any]:
        rest = iter(self.of.rest)
        places = [(k, i) for k, (n, _) in enumerate(self.of.parts) for i in range(n)]
        places = [p for p in places if next(rest) is ARRAY]
        return [leaves[k][i] for (k, i), w in zip(places, self.wanted, strict=True) if w]

    def __str__(self) -> str:
        return f"the vjp of {get_name(self.of.f)}"


def _cotangents(g: Any, arg: Any) -> list[Any]:
    """A cotangent as one array for each in the argument."""
    if isinstance(g, SparseObject):
        g = g.mut_add(g.vs.zeros())
    return leaves_of(g)[0] if _opens(arg) else [g]


def _filled(given: Sequence[Any], flags: Sequence[bool], like: Sequence[Any]) -> list[Any]:
    """What is given, and zeros in the other places."""
    values = iter(given)
    return [
        next(values) if flag else np.zeros(np.shape(x), lift(x).dtype)[()]
        for flag, x in zip(flags, like, strict=True)
    ]


@operation
class Pushed(_Ruled):
    """Tangents of the results by the rule of defjvp."""

    of: Primitive
    given: tuple[bool, ...]
    argnums: tuple[int, ...]

    def __call__(self, *arrays):
        args, result, given = self.of.split(arrays)
        tangents = self.of.place(_filled(given, self.given, arrays[: self.of.arity]))
        rule = primitive_jvps[self.of.f]
        gs = [tangents[k] for k in self.argnums]
        return _cotangents(rule(self.argnums, gs, result, tuple(args), self.of.kwargs), result)

    def __str__(self) -> str:
        return f"the jvp of {get_name(self.of.f)}"


@operation
class PulledByTracing(_Ruled):
    """Cotangents of the wanted arguments of code, from tracing it."""

    code: Code
    given: tuple[bool, ...]
    wanted: tuple[bool, ...]

    def __call__(self, *arrays):
        n, m = len(self.wanted), len(self.wanted) + len(self.given)
        ys, pullback = vjp(_of(self.code, arrays[:n], self.wanted), *_chosen(arrays, self.wanted))
        return pullback(tuple(_filled(arrays[m:], self.given, ys)))

    def __str__(self) -> str:
        return f"the derivative of {self.code}"


@operation
class PushedByTracing(_Ruled):
    """Tangents of the results of code, from tracing it."""

    code: Code
    given: tuple[bool, ...]

    def __call__(self, *arrays):
        n, tangents = len(self.given), arrays[len(arrays) - sum(self.given) :]
        f = _of(self.code, arrays[:n], self.given)
        return jvp(f, tuple(_chosen(arrays, self.given)), tuple(tangents))[1]

    def __str__(self) -> str:
        return f"the derivative of {self.code}"


@operation
class PushedByTransposing(_Ruled):
    """Tangents where only the cotangents have a rule: its transpose, since it is linear in g."""

    code: Raw
    given: tuple[bool, ...]

    def __call__(self, *arrays):
        n, m = self.code.of.arity, self.code.of.arity + self.code.of.results
        pull, _ = self.code.pull((True,) * (m - n), self.given)
        zeros = _filled([], (False,) * (m - n), arrays[n:m])
        return vjp(lambda *g: tuple(pull(*arrays[:m], *g)), *zeros)[1](tuple(arrays[m:]))


def _chosen(arrays: Sequence[Any], flags: Sequence[bool]) -> list[Any]:
    return [x for x, flag in zip(arrays, flags, strict=False) if flag]


def _of(code: Code, arrays: Sequence[Any], flags: Sequence[bool]) -> Function:
    """Code as a function of the chosen arguments."""

    def f(*chosen: Any) -> tuple:
        values = iter(chosen)
        return tuple(code(*(next(values) if w else x for x, w in zip(arrays, flags, strict=True))))

    return f
