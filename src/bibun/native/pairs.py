"""Complex numbers on the way as pairs of real ones, which native code has loops for.

A graph is said in real operations, if there is a rule for all that is complex in it. So a loss of
a spectrum is one native function. Complex arguments are taken apart, and complex results put
together, by NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..array import Array, bind, enter, lift
from ..graph import Constant, Graph, Item, Node, Type, canonical
from ..ops.arithmetic import Won
from ..ops.calls import StopGradient
from ..ops.cumulative import CumSum, Shift
from ..ops.elementwise import Elementwise
from ..ops.fourier import Fourier, HalfFourier, HalfInverse
from ..ops.gather import Gather, Scatter, Slice
from ..ops.joining import Concatenate, Split, Stack, Unstack
from ..ops.matmul import MatMul
from ..ops.padding import Triangle
from ..ops.parts import Imag, Imaginary, Real, real_of
from ..ops.putting import AddAt, Put
from ..ops.reduction import Sum
from ..ops.select import Where
from ..ops.shaping import Roll
from ..ops.structure import Cast, Copy, Expand, Reshape, Transpose
from ..recording import building
from ..zeros import Select
from .complex_functions import ELEMENTS, less, power, zeros_like
from .complex_matrices import RULES as MATRICES
from .complex_matrices import bilinear
from .halves import with_real_ends
from .pieces import Joined
from .transforms import MOST, Pair, from_half, half, scale, transformed

LINEAR = (
    StopGradient, CumSum, Shift, Gather, Scatter, Slice, Concatenate, Split, Stack, Unstack,
    Triangle, AddAt, Put, Sum, Where, Roll, Copy, Expand, Reshape, Transpose, Select,
)  # fmt: skip
"""Operations that do the same to both parts."""


class Missing(Exception):
    """There is no rule for an operation."""


def is_complex(t: Any) -> bool:
    """Whether a type, or one of several, is complex."""
    return t.dtype.kind == "c" if isinstance(t, Type) else any(map(is_complex, t))


def paired(graph: Graph) -> tuple[Graph, list[int]]:
    """The same function without complex numbers, and of each node from which node it comes.

    It is the same graph if nothing is complex, or something has no rule.
    """
    if not any(is_complex(n.type) for _, n in graph):
        return graph, list(range(len(graph.nodes)))
    try:
        with building() as trace:
            inputs = [Array(trace, trace.input(t), t) for t in graph.input_types]
            env: list[Any] = [apart(x) for x in inputs]
            for i, n in graph.body():
                trace.come_from(i)
                env.append(_value(graph, n, env, trace))
            results = [enter(trace, lift(together(env[o]))) for o in graph.outputs]
            new, order = trace.close([a.index for a in inputs], results)
            return new, [trace.positions[i][1] for i in order]
    except Missing:
        return graph, list(range(len(graph.nodes)))


def paired_inside(graph: Graph) -> Graph:
    """The same with pairs in the graphs of its loops, so that pairs are what is kept of rounds."""
    if not any(n.op.kind == "control" for _, n in graph.body()):
        return graph
    entries, types = [], []
    for _, n in graph:
        control = n.op.kind == "control"
        op = n.op.refined(lambda g: paired(paired_inside(g))[0]) if control else n.op
        entries.append((op, *n.args))
        types.append(n.type)
    return canonical(entries, types, graph.inputs, graph.outputs)[0]


def apart(x: Array) -> Any:
    """The parts of complex numbers; real ones as they are."""
    return Pair(bind(Real(), x), bind(Imag(), x)) if x.dtype.kind == "c" else x


def together(x: Any) -> Any:
    """The array that a pair stands for."""
    return bind(Joined(), *x) if isinstance(x, Pair) else x


def _value(graph: Graph, n: Node, env: list[Any], trace: Any) -> Any:
    """The value of a node: an array, a pair, or several of them."""
    args = [env[a] for a in n.args]
    if isinstance(n.op, Item):
        return args[0][n.op.index]
    if isinstance(n.op, Constant):
        if not is_complex(n.type):
            return Array(trace, trace.constant(n.op), n.type)
        value = n.op.value()
        return Pair(*(_constant(np.asarray(v), trace) for v in (value.real, value.imag)))
    if not is_complex(n.type) and not any(isinstance(a, Pair) for a in args):
        return bind(n.op, *args)
    if isinstance(n.op, LINEAR):
        return _both(n, args)
    if n.op.kind == "control":
        return _loop(n, args)
    if isinstance(n.op, Elementwise):
        rule = ELEMENTS.get(n.op.label)
        if n.op.label in ("power", "float_power"):
            return power(args[0], args[1], _known(graph, n.args[1]))
    else:
        found = RULES.get(type(n.op))
        rule = None if found is None else lambda *args: found(n, *args)
    if rule is None:
        raise Missing
    return rule(*args)


def has_rule(n: Node) -> bool:
    """Whether an operation may be said in real ones, where its arguments are complex."""
    if isinstance(n.op, Elementwise):
        return n.op.label in ELEMENTS
    return isinstance(n.op, (Item, Constant, *LINEAR, *RULES)) or n.op.kind == "control"


def _constant(value: np.ndarray, trace: Any) -> Array:
    value = np.ascontiguousarray(value).reshape(value.shape)
    made = Constant(value.dtype, value.tobytes(), value.shape)
    return Array(trace, trace.constant(made), Type(value.dtype, value.shape))


def _known(graph: Graph, i: int) -> Any:
    """The number in all places of a node; None if it is not known."""
    while isinstance(graph.nodes[i].op, Expand | Cast):
        i = graph.nodes[i].args[0]
    op = graph.nodes[i].op
    return op.value()[()] if isinstance(op, Constant) and op.shape == () else None


def _both(n: Node, args: list[Any]) -> Any:
    """The same for both parts."""
    re, im = (bind(n.op, *(a[k] if isinstance(a, Pair) else a for a in args)) for k in range(2))
    if isinstance(n.type, Type):
        return Pair(re, im)
    return tuple(map(Pair, re, im))


def _loop(n: Node, args: list[Any]) -> Any:
    """The same with both parts of complex numbers in one array, inside as well."""
    op = n.op.refined(lambda g: paired(with_real_ends(g)[0])[0])
    y = bind(op, *(np.stack(a, -1) if isinstance(a, Pair) else a for a in args))
    results = y if isinstance(y, tuple) else (y,)
    found = [
        Pair(x[..., 0], x[..., 1]) if is_complex(t) else x
        for x, t in zip(results, n.types, strict=True)
    ]
    return tuple(found) if isinstance(y, tuple) else found[0]


# ------------------------------------------------------------ other operations


def cast(n: Node, x: Any) -> Any:
    """To complex numbers, or from them to the real part."""
    to = np.zeros(0, n.type.dtype).real.dtype
    re = (x.re if isinstance(x, Pair) else x).astype(to)
    if not is_complex(n.type):
        return re
    return Pair(re, x.im.astype(to) if isinstance(x, Pair) else zeros_like(re))


def turned(n: Node, x: Any) -> Pair:
    """ix, which has more digits than half precision."""
    x = x.astype(real_of(n.type.dtype))
    return Pair(zeros_like(x), x)


def won(n: Node, a: Pair, b: Pair, g: Pair) -> Pair:
    """All where a is larger, half where it is b, and nothing else where it is smaller."""
    below, equal = less(a, b), (a.re == b.re) & (a.im == b.im)
    return Pair(*(np.where(below, 0, np.where(equal, v / 2, v)) for v in g))


def _along(f: Callable[..., Any], axis: int, x: Any, factor: float) -> Any:
    """A transform along an axis; the result is multiplied by a number."""

    def last(v: Any) -> Any:
        return v if v is None or axis == -1 else np.moveaxis(v, axis, -1)

    def back(v: Any) -> Any:
        v = v if factor == 1 else v * v.dtype.type(factor)
        return v if axis == -1 else np.moveaxis(v, -1, axis)

    y = f(Pair(*map(last, x)) if isinstance(x, Pair) else last(x))
    return Pair(*map(back, y)) if isinstance(y, Pair) else back(y)


def _usual(n: int, x: Any) -> None:
    """Raise Missing for lengths that are NumPy's."""
    shape = x.re.shape if isinstance(x, Pair) else x.shape
    if not 0 < n <= MOST or not prod(shape):
        raise Missing


def fourier(n: Node, x: Any) -> Pair:
    op: Any = n.op
    size = n.type.shape[op.axis]
    _usual(size, x)
    x = x if isinstance(x, Pair) else Pair(x.astype(np.zeros(0, n.type.dtype).real.dtype), None)
    way = 1 if op.inverse else -1
    return _along(lambda x: transformed(x, way), op.axis, x, scale(size, op.inverse, op.norm))


def half_fourier(n: Node, x: Any) -> Pair:
    op: Any = n.op
    size = x.shape[op.axis]
    _usual(size, x)
    x = x.astype(np.zeros(0, n.type.dtype).real.dtype)

    def found(x: Any) -> Pair:
        y = half(x, size)
        return _weighed(y, size, 2.0) if op.twice else y

    return _along(found, op.axis, x, scale(size, False, op.norm))


def _weighed(h: Pair, n: int, weight: float) -> Pair:
    """Those that stand for two times a number."""
    weights = np.ones(n // 2 + 1, h.re.dtype)
    weights[1 : (n + 1) // 2] = weight
    return Pair(h.re * weights, h.im * weights)


def half_inverse(n: Node, h: Pair) -> Any:
    op: Any = n.op
    _usual(op.n, h)

    def found(h: Pair) -> Any:
        return from_half(_weighed(h, op.n, 0.5) if op.halved else h, op.n)

    return _along(found, op.axis, h, scale(op.n, True, op.norm))


RULES: dict[type, Callable[..., Any]] = {
    Real: lambda n, z: z.re, Imag: lambda n, z: z.im,
    Imaginary: turned, Cast: cast, MatMul: bilinear,
    Joined: lambda n, re, im: Pair(re, im),
    Fourier: fourier, HalfFourier: half_fourier, HalfInverse: half_inverse, Won: won,
    **MATRICES,
}  # fmt: skip
