"""Forms: other ways to compute a region, in which nothing overflows and nothing unseen is nan.

Each is an interpretation of the region's operations on numbers that are kept otherwise: with a
scale aside (here), or by their logarithm (logs.py). The form is traced, differentiated and written
down as code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, bind
from ..derivative.boundaries import stop_gradient
from ..graph import Constant, Node
from ..ops.cumulative import Prod
from ..ops.elementwise import Elementwise
from ..ops.extremum import Max, Min
from ..ops.gather import Slice
from ..ops.norms import Norm
from ..ops.reduction import Sum
from ..ops.select import Where
from ..ops.structure import Expand, Reshape, Transpose
from .region import Program, Region, applied, region

Moved = Expand | Reshape | Transpose | Slice


class Form(NamedTuple):
    """A region, and another way to compute it, with its name."""

    region: Region
    how: str
    function: Callable[..., Array]


def elements(program: Program, root: int) -> Callable[[int], bool]:
    """Whether a node is an operation on elements, of the shape of the root, or a constant."""
    nodes = program.graph.nodes
    shape = nodes[root].type.shape

    def inside(i: int) -> bool:
        alike = isinstance(nodes[i].op, Elementwise | Where) and nodes[i].type.shape == shape
        return alike or program.constant(i)

    return inside


# ------------------------------------------------------------ what a `where` does not take


def masked(program: Program, root: int) -> Iterator[Form]:
    """The branches of a `where`, each with other arguments where it is not taken."""
    if not isinstance(program.graph.nodes[root].op, Where):
        return
    found = region(program, root, elements(program, root))
    last = found.graph.nodes[found.graph.outputs[0]]
    for safe in (1.0, 0.5, 2.0, -1.0):

        def function(*args: Array, safe: float = safe) -> Array:
            plain = found.nodes(args)
            condition = plain[last.args[0]]
            branches = []
            for k, taken in ((1, condition), (2, ~condition)):
                moved = [
                    np.where(taken, a, a.dtype.type(safe))
                    if a.dtype.kind == "f" and a.shape == condition.shape
                    else a
                    for a in args
                ]
                branches.append(found.nodes(moved)[last.args[k]])
            return np.where(condition, *branches)

        yield Form(found, f"each branch of which sees {safe:g} where it is not taken", function)


# ------------------------------------------------------------ with a scale aside


class Scaled(NamedTuple):
    """The number v s^degree; a zero of the program fits every degree."""

    v: Any
    degree: Fraction
    zero: bool = False


def scaled(program: Program, root: int) -> Iterator[Form]:
    """All numbers as multiples of powers of the largest argument."""
    nodes = program.graph.nodes

    def inside(i: int) -> bool:
        op = nodes[i].op
        known = isinstance(op, Elementwise | Where | Sum | Max | Min | Norm | Prod | Moved)
        return known and nodes[i].type.dtype.kind in "fb"

    found = region(program, root, lambda i: inside(i) or program.constant(i))
    floats = [a for a, f in zip(found.args, found.floats, strict=True) if f]
    if not floats:
        return
    alike = {a.shape for a in floats} == {nodes[root].type.shape}
    by_element = alike and all(
        isinstance(nodes[i].op, Elementwise | Where) or program.constant(i) for i in found.inner
    )
    large = max(float(np.max(np.abs(a), initial=0)) for a in floats) > 1
    for only in (False, True):
        yield Form(
            found,
            "in numbers relative to the largest argument",
            _Scaling(found, by_element, large, only).run,
        )
        if len(floats) == 1:
            return


class _Scaling:
    """One interpretation with a scale; `only`: only the first argument has one."""

    def __init__(self, found: Region, by_element: bool, large: bool, only: bool):
        self.found, self.by_element, self.large, self.only = found, by_element, large, only

    def run(self, *args: Array) -> Array:
        """The region on arrays."""
        floats = [a for a in args if a.dtype.kind == "f"][: 1 if self.only else None]
        self.scale = stop_gradient(self._scale(floats))
        some = self.scale > 0
        env: list[Any] = []
        for a in args:
            mine = any(a is f for f in floats)
            # Where all is zero, a function of degree 2 has the slope 0 in every direction.
            relative = np.where(some, a / np.where(some, self.scale, 1), 1) if mine else a
            env.append(Scaled(relative, Fraction(int(mine))))
        self.trace = args[0].scope
        for _, n in self.found.graph.body():
            env.append(self._node(n, [env[a] for a in n.args]))
        return self._plain(env[self.found.graph.outputs[0]])

    def _scale(self, floats: list[Array]) -> Any:
        sizes = [np.abs(a) if self.by_element else np.max(np.abs(a)) for a in floats]
        size = sizes[0]
        for s in sizes[1:]:
            size = np.maximum(size, s)
        return size

    def _plain(self, x: Scaled) -> Any:
        return self._moved(x, Fraction(0))

    def _moved(self, x: Scaled, degree: Fraction) -> Any:
        """The number relative to another power of the scale."""
        if x.zero or x.degree == degree:
            return x.v
        p = float(x.degree - degree)
        power = self.scale if p == 1 else 1 / self.scale if p == -1 else self.scale**p
        return x.v * power

    def _node(self, n: Node, args: list[Scaled]) -> Scaled:
        op = n.op
        if isinstance(op, Constant):
            zero = op.shape == () and not op.value()
            return Scaled(applied(op, (), self.trace), Fraction(0), zero)
        if isinstance(op, Moved):
            return Scaled(bind(op, args[0].v), args[0].degree, args[0].zero)
        if isinstance(op, Sum | Max | Min | Norm):
            return Scaled(bind(op, args[0].v), args[0].degree)
        if isinstance(op, Prod):
            count = int(np.prod([args[0].v.shape[k] for k in op.axes]))
            return Scaled(bind(op, args[0].v), args[0].degree * count)
        if isinstance(op, Where):
            degree = self._common(args[1:])
            both = [self._moved(x, degree) for x in args[1:]]
            return Scaled(bind(op, args[0].v, *both), degree)
        return self._element(op, args)

    def _element(self, op: Any, args: list[Scaled]) -> Scaled:
        name, degrees = op.name, [x.degree for x in args]
        values = [x.v for x in args]
        if name in POWERS:
            return Scaled(bind(op, *values), degrees[0] * POWERS[name])
        if name == "multiply":
            return Scaled(bind(op, *values), degrees[0] + degrees[1], any(x.zero for x in args))
        if name == "divide":
            return Scaled(bind(op, *values), degrees[0] - degrees[1])
        exponent = filled(values[1]) if name == "power" else None
        if exponent is not None and not degrees[1]:
            power = Fraction(exponent).limit_denominator(10**6)
            return Scaled(bind(op, *values), degrees[0] * power)
        if name in ALIGNED:
            degree = self._common(args)
            y = bind(op, *(self._moved(x, degree) for x in args))
            return Scaled(y, degree if ALIGNED[name] else Fraction(0))
        if name == "log" and degrees[0]:
            return Scaled(np.log(values[0]) + float(degrees[0]) * np.log(self.scale), Fraction(0))
        return Scaled(bind(op, *map(self._plain, args)), Fraction(0))

    def _common(self, args: list[Scaled]) -> Fraction:
        """The degree to which terms are brought: that of the largest ones."""
        degrees = [x.degree for x in args if not x.zero] or [Fraction(0)]
        return max(degrees) if self.large else min(degrees)


# fmt: off
POWERS: dict[str, Fraction | int] = {
    "negative": 1, "absolute": 1, "square": 2, "sqrt": Fraction(1, 2), "cbrt": Fraction(1, 3),
    "reciprocal": -1, "sign": 0,
}
ALIGNED = {  # operations on numbers of one degree, and whether the result has it, too
    "add": True, "subtract": True, "maximum": True, "minimum": True, "hypot": True,
    "arctan2": False, "less": False, "less_equal": False, "greater": False, "greater_equal": False,
    "equal": False, "not_equal": False,
}
# fmt: on


def filled(x: Array) -> float | None:
    """The number that fills an array."""
    trace = x.scope
    if trace is None:
        return None
    i = x.index
    while isinstance(trace.entries[i][0], Moved):
        i = trace.entries[i][1]
    op = trace.constants.get(i, trace.entries[i][0])
    return float(op.value()) if isinstance(op, Constant) and op.shape == () else None
