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
from ..ops.calls import StopGradient
from ..ops.cumulative import CumSum, Shift
from ..ops.elementwise import Elementwise
from ..ops.fourier import Fourier, HalfFourier, HalfInverse
from ..ops.gather import Gather, Scatter, Slice
from ..ops.joining import Concatenate, Split, Stack, Unstack
from ..ops.matmul import MatMul
from ..ops.padding import Triangle
from ..ops.parts import Imag, Imaginary, Real
from ..ops.putting import AddAt, Put
from ..ops.reduction import Sum
from ..ops.select import Where
from ..ops.shaping import Roll
from ..ops.structure import Cast, Copy, Expand, Reshape, Transpose
from ..recording import building
from ..zeros import Select
from .pieces import Joined
from .transforms import MOST, Pair, from_half, half, scale, times, transformed

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
    if isinstance(n.op, Elementwise):
        rule = ELEMENTS.get(n.op.label)
        if n.op.label == "power":
            return _power(args[0], _known(graph, n.args[1]))
    else:
        found = RULES.get(type(n.op))
        rule = None if found is None else lambda *args: found(n, *args)
    if rule is None:
        raise Missing
    return rule(*args)


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


# ------------------------------------------------------------ elements


def zeros_like(x: Any) -> Any:
    return np.broadcast_to(x.dtype.type(0), x.shape)


def quotient(a: Pair, b: Pair) -> Pair:
    """Smith's way, as NumPy does it: by the larger part of the divisor, which must not overflow."""
    flat = np.abs(b.re) >= np.abs(b.im)
    large, small = np.where(flat, b.re, b.im), np.where(flat, b.im, b.re)
    none = (b.re == 0) & (b.im == 0)
    ratio = small / large
    rate = 1 / (large + small * ratio)
    u, v = np.where(flat, a.re, a.im), np.where(flat, a.im, a.re)
    re = (u + v * ratio) * rate
    im = np.where(flat, v - u * ratio, u * ratio - v) * rate
    size = np.abs(b.re)
    return Pair(np.where(none, a.re / size, re), np.where(none, a.im / size, im))


def sign(z: Pair) -> Pair:
    """z / |z|, and 0 for 0."""
    size = np.hypot(z.re, z.im)
    nothing, endless = size == 0, np.isinf(size)
    one = [np.where(nothing, 0, v / size) for v in z]
    far = [np.where(np.isinf(v), np.sign(v), 0) for v in z]
    both = np.isinf(z.re) & np.isinf(z.im)
    nan = z.re.dtype.type(np.nan)
    return Pair(
        *(np.where(endless, np.where(both, nan, f), v) for f, v in zip(far, one, strict=True))
    )


def exponential(z: Pair) -> Pair:
    """e^re (cos im + i sin im), and real for real numbers."""
    e, real = np.exp(z.re), z.im == 0
    return Pair(np.where(real, e, e * np.cos(z.im)), np.where(real, z.im, e * np.sin(z.im)))


def _power(z: Pair, exponent: Any) -> Pair:
    """Powers that NumPy takes by products."""
    if exponent == 1:
        return z
    if exponent == 2:
        return times(z, z)
    if exponent == 3:
        return times(times(z, z), z)
    raise Missing


ELEMENTS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: Pair(a.re + b.re, a.im + b.im),
    "subtract": lambda a, b: Pair(a.re - b.re, a.im - b.im),
    "multiply": times,
    "divide": quotient,
    "negative": lambda z: Pair(-z.re, -z.im),
    "positive": lambda z: z,
    "conjugate": lambda z: Pair(z.re, -z.im),
    "square": lambda z: times(z, z),
    "absolute": lambda z: np.hypot(z.re, z.im),
    "sign": sign,
    "exp": exponential,
    "log": lambda z: Pair(np.log(np.hypot(z.re, z.im)), np.arctan2(z.im, z.re)),
    "equal": lambda a, b: (a.re == b.re) & (a.im == b.im),
    "not_equal": lambda a, b: (a.re != b.re) | (a.im != b.im),
    "isnan": lambda z: np.isnan(z.re) | np.isnan(z.im),
    "isinf": lambda z: np.isinf(z.re) | np.isinf(z.im),
    "isfinite": lambda z: np.isfinite(z.re) & np.isfinite(z.im),
}

# ------------------------------------------------------------ other operations


def cast(n: Node, x: Any) -> Any:
    """To complex numbers, or from them to the real part."""
    to = np.zeros(0, n.type.dtype).real.dtype
    re = (x.re if isinstance(x, Pair) else x).astype(to)
    if not is_complex(n.type):
        return re
    return Pair(re, x.im.astype(to) if isinstance(x, Pair) else zeros_like(re))


def product(n: Node, a: Pair, b: Pair) -> Pair:
    def of(x: Any, y: Any) -> Any:
        return bind(n.op, x, y)

    return Pair(of(a.re, b.re) - of(a.im, b.im), of(a.re, b.im) + of(a.im, b.re))


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
    Imaginary: lambda n, x: Pair(zeros_like(x), x), Cast: cast, MatMul: product,
    Joined: lambda n, re, im: Pair(re, im),
    Fourier: fourier, HalfFourier: half_fourier, HalfInverse: half_inverse,
}  # fmt: skip
