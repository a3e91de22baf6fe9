"""Logarithms: exponentials, and all that is made of them, without their overflow."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from math import log, sqrt
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, bind
from ..derivative.boundaries import stop_gradient
from ..graph import Node
from ..ops.cumulative import Prod
from ..ops.elementwise import Elementwise
from ..ops.reduction import Sum
from ..ops.select import Where
from ..ops.softmax import LogSumExp
from ..ops.structure import expand_to
from .forms import Form, Moved, filled
from .region import Program, Region, applied, region


class Log(NamedTuple):
    """The number sign * exp(l); a sign of None is +."""

    l: Any  # noqa: E741
    sign: Any = None


def logs(program: Program, root: int) -> Iterator[Form]:
    """Exponentials, and all that is made of them, by their logarithms."""
    nodes = program.graph.nodes

    def inside(i: int) -> bool:
        known = isinstance(nodes[i].op, Elementwise | Where | Sum | Prod | Moved)
        return known and nodes[i].type.dtype.kind in "fb"

    found = region(program, root, lambda i: inside(i) or program.constant(i))
    if any(found.floats):
        yield Form(found, "by logarithms, so that no exponential overflows", _Logs(found).run)


class _Logs:
    """The interpretation by logarithms."""

    def __init__(self, found: Region):
        self.found = found

    def run(self, *args: Array) -> Array:
        """The region on arrays."""
        env: list[Any] = list(args)
        self.trace = args[0].scope
        for _, n in self.found.graph.body():
            env.append(self._node(n, [env[a] for a in n.args]))
        return plain(env[self.found.graph.outputs[0]])

    def _node(self, n: Node, args: list[Any]) -> Any:
        op = n.op
        name = op.name if isinstance(op, Elementwise) else ""
        if name in RISING:
            return RISING[name](*map(plain, args))
        if name == "power" and type(args[1]) is Array and filled(args[1]) is None:
            return Log(args[1] * logarithm(args[0]).l)  # of a negative base there is none
        if isinstance(op, Prod):
            x = logarithm(args[0])
            sign = None if x.sign is None else np.prod(x.sign, axis=op.axes)
            return Log(np.sum(x.l, axis=op.axes), sign)
        if any(isinstance(a, Log) for a in args):
            y = self._of_logs(n, name, args)
            if y is not None:
                return y
        return applied(op, [*map(plain, args)], self.trace)

    def _of_logs(self, n: Node, name: str, args: list[Any]) -> Any:
        op = n.op
        if isinstance(op, Moved):
            (x,) = args
            return Log(bind(op, x.l), None if x.sign is None else bind(op, x.sign))
        if isinstance(op, Sum):
            return summed(args[0], op.axes)
        if name == "log" and args[0].sign is None:
            return args[0].l
        if name == "log":
            return np.where(args[0].sign > 0, args[0].l, args[0].l.dtype.type(np.nan))
        if name == "power":
            exponent = filled(args[1]) if isinstance(args[1], Array) else None
            return None if exponent is None else raised(args[0], exponent)
        if name in ROOTS:
            return raised(args[0], ROOTS[name])
        if name == "negative":
            return Log(args[0].l, -1.0 if args[0].sign is None else -args[0].sign)
        if name == "absolute":
            return Log(args[0].l)
        if name in PAIRS:
            return PAIRS[name](*map(logarithm, args))
        return None


def plain(x: Any) -> Any:
    """The number itself."""
    if not isinstance(x, Log):
        return x
    return np.exp(x.l) if x.sign is None else x.sign * np.exp(x.l)


def logarithm(x: Any) -> Log:
    """A number by its logarithm."""
    if isinstance(x, Log):
        return x
    fixed = filled(x)
    if fixed is not None and fixed:
        i = x.scope.scalar(log(abs(fixed)), x.dtype)
        spread = expand_to(Array(x.scope, i, x.scope.values[i]), x.shape)
        return Log(spread, None if fixed > 0 else -1.0)
    return Log(np.log(np.abs(x)), np.sign(x))


def raised(x: Log, p: float) -> Log:
    """x^p."""
    if x.sign is None:
        return Log(p * x.l)
    if p != int(p):
        return Log(p * x.l, np.where(x.sign < 0, x.l.dtype.type(np.nan), 1))
    return Log(p * x.l, x.sign if p % 2 else None)


def _times(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else a * b


def multiplied(a: Log, b: Log) -> Log:
    """a b."""
    return Log(a.l + b.l, _times(a.sign, b.sign))


def divided(a: Log, b: Log) -> Log:
    """a / b."""
    return Log(a.l - b.l, _times(a.sign, b.sign))


def added(a: Log, b: Log) -> Log:
    """a + b: positive numbers by logaddexp, others relative to the larger one."""
    if a.sign is None and b.sign is None:
        return Log(np.logaddexp(a.l, b.l))
    first, second = (1.0 if x.sign is None else x.sign for x in (a, b))
    gap = -np.abs(a.l - b.l)
    alike = np.where(first * second > 0, np.log1p(np.exp(gap)), np.log(-np.expm1(gap)))
    larger = a.l >= b.l
    return Log(np.where(larger, a.l, b.l) + alike, np.where(larger, first, second))


def subtracted(a: Log, b: Log) -> Log:
    """a - b: of positive numbers the larger one, times 1 - exp(-distance)."""
    if a.sign is None and b.sign is None:
        gap = a.l - b.l
        return Log(np.where(gap > 0, a.l, b.l) + np.log(-np.expm1(-np.abs(gap))), np.sign(gap))
    return added(a, Log(b.l, -1.0 if b.sign is None else -b.sign))


def summed(x: Log, axes: tuple[int, ...]) -> Log:
    """The sum along axes."""
    if x.sign is None:
        return Log(bind(LogSumExp(axes), x.l))
    top = stop_gradient(np.max(x.l, axis=axes))
    rest = np.sum(x.sign * np.exp(x.l - np.expand_dims(top, axes)), axis=axes)
    return Log(top + np.log(np.abs(rest)), np.sign(rest))


def _special(name: str) -> Any:
    return getattr(import_module("scipy.special"), name)


def _hyperbolic(x: Any) -> Log:
    return Log(np.abs(x) + np.log(-np.expm1(-2 * np.abs(x))) - log(2), np.sign(x))


def _less_one(x: Any) -> Log:
    return Log(np.where(x > 0, x, 0) + np.log(-np.expm1(-np.abs(x))), np.sign(x))


def _saturated(f: Any, rest: Any) -> Any:
    """A function that tends to 1, and what is left to that; odd."""

    def logarithm(x: Any) -> Log:
        size = np.abs(x)
        small = size < 0.5
        far = np.log1p(-rest(np.where(small, x.dtype.type(1), size)))
        return Log(np.where(small, np.log(f(size)), far), np.sign(x))

    return logarithm


# fmt: off
RISING = {  # functions that leave the range, or tend to 0 or 1, by their logarithms
    "exp":   lambda x: Log(x),                 "exp2":  lambda x: Log(log(2) * x),
    "cosh":  lambda x: Log(np.logaddexp(x, -x) - log(2)),
    "sinh":  _hyperbolic,                      "expm1": _less_one,
    "gamma": lambda x: Log(_special("gammaln")(x), _special("gammasgn")(x)),
    "i0":    lambda x: Log(np.abs(x) + np.log(_special("i0e")(x))),
    "i1":    lambda x: Log(np.abs(x) + np.log(np.abs(_special("i1e")(x))), np.sign(x)),
    "k0":    lambda x: Log(np.log(_special("k0e")(x)) - x),
    "k1":    lambda x: Log(np.log(_special("k1e")(x)) - x),
    "tanh":  _saturated(np.tanh, lambda x: 2 * _special("expit")(-2 * x)),
    "erf":   _saturated(lambda x: _special("erf")(x), lambda x: _special("erfc")(x)),
    "sigmoid": lambda x: Log(-np.logaddexp(0, -x)),
    "ndtr":  lambda x: Log(_special("log_ndtr")(x)),
    "erfc":  lambda x: Log(_special("log_ndtr")(-sqrt(2) * x) + log(2)),
}
ROOTS = {"square": 2.0, "sqrt": 0.5, "cbrt": 1 / 3, "reciprocal": -1.0}
PAIRS = {"multiply": multiplied, "divide": divided, "add": added, "subtract": subtracted}
# fmt: on
