"""The two derivatives from which all others are made, and the names of autograd.core."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ... import derivative
from ...array import Duck, innermost, lift
from ...derivative.boundaries import leaves_of
from .deprecated import primitive
from .primitives import getval
from .rules import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    primitive_jvps,
    primitive_vjps,
)
from .spaces import SparseObject, VSpace, vspace

Function = Callable[..., Any]


class VJPNode:
    """The kind of trace that reverse mode makes, as `register_notrace` names it."""


class JVPNode:
    """The kind of trace that forward mode makes, as `register_notrace` names it."""


def make_vjp(fun: Function, x: Any) -> tuple[Function, Any]:
    """(pullback, value) of a function of one argument, an array or a container of arrays."""
    result = _Result(fun)
    values, pullback = derivative.vjp(result, x)

    def vjp(g: Any) -> Any:
        return pullback(result.floating(g))[0]

    return vjp, result.whole(values)


def make_jvp(fun: Function, x: Any) -> Function:
    """For a function of one argument: from a tangent to (value, tangent of the value)."""

    def jvp(v: Any) -> tuple[Any, Any]:
        result = _Result(fun)
        values, tangents = derivative.jvp(result, (x,), (v,))
        zeros = leaves_of(result.whole(values))[0]
        return result.whole(values), result.whole(tangents, [0 * z for z in zeros])

    return jvp


class _Result:
    """A function that hands on only its floating-point results; the others are kept here."""

    def __init__(self, fun: Function):
        self.fun = fun

    def __call__(self, x: Any) -> tuple:
        y = self.fun(x)
        _warn_of_independence(x, y)
        leaves, self.rebuild = leaves_of(y)
        self.places = [k for k, z in enumerate(leaves) if _floating(z)]
        self.leaves = [None if k in self.places else _constant(z) for k, z in enumerate(leaves)]
        return tuple(leaves[k] for k in self.places) if self.places else (0.0,)

    def whole(self, values: Any, others: Any = None) -> Any:
        """The result with these floating-point arrays in it."""
        leaves = list(self.leaves if others is None else others)
        for k, value in zip(self.places, values, strict=False):
            leaves[k] = value
        return self.rebuild(leaves)

    def floating(self, g: Any) -> tuple:
        """Of something like the result, what belongs to its floating-point arrays."""
        leaves = leaves_of(g)[0]
        return tuple(leaves[k] for k in self.places) if self.places else (0.0,)


def _floating(x: Any) -> bool:
    if isinstance(x, float | complex):
        return True
    return hasattr(x, "dtype") and hasattr(x, "shape") and lift(x).dtype.kind in "fc"


def _constant(x: Any) -> Any:
    """What carries no derivative, as a plain value."""
    return getval(x)


def _warn_of_independence(x: Any, y: Any) -> None:
    traces = {a._read().scope for a in leaves_of(x)[0] if isinstance(a, Duck)}
    found = [a._read() for a in leaves_of(y)[0] if isinstance(a, Duck)]
    if traces and innermost(a for a in found if a.scope in traces) is None:
        warnings.warn("Output seems independent of input.", stacklevel=2)


__all__ = [
    "JVPNode",
    "SparseObject",
    "VJPNode",
    "VSpace",
    "def_linear",
    "defjvp",
    "defjvp_argnum",
    "defjvp_argnums",
    "defvjp",
    "defvjp_argnum",
    "defvjp_argnums",
    "make_jvp",
    "make_vjp",
    "primitive",
    "primitive_jvps",
    "primitive_vjps",
    "vspace",
]
