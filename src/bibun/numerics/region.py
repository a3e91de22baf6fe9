"""Regions: the parts of a program around an operation in trouble, and their proven derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, bind
from ..derivative.boundaries import stop_gradient
from ..derivative.derived import derive
from ..derivative.gradient import Reverse
from ..errors import AbstractValueError, Position
from ..graph import Constant, Graph, Input, Item, Op, Type, canonical
from ..ops.elementwise import Elementwise
from ..ops.select import Where
from ..ops.structure import expand_to
from ..rewrite import STABILISE, rewrite
from ..rewrite.engine import SPREAD
from ..tracing.functional import Recorded
from ..walk import active, build, evaluate
from ..wide.limits import Limit
from ..wide.objects import NotExpressibleError, UndecidedError
from ..wide.proof import number
from ..wide.rescue import Budget, Rescue, SpentError

LARGE, FEW = 256, 8
"""Numbers from which on only a few of an array are looked at; and how many about."""
MOST_STEPS = 12
"""Operations above the one in trouble up to which a region may reach."""
BUDGET = Budget(1.0, 2_000_000)


class Program(NamedTuple):
    """What ran, with the values of all of its nodes in floats."""

    recorded: Recorded
    graph: Graph
    order: list[int]  # the entry of each node
    values: list[Any]

    def node(self, entry: int) -> int:
        """The node of an entry; -1 if it is not part of the function itself."""
        return self.order.index(entry) if entry in self.order else -1

    def position(self, i: int) -> Position:
        """Where the user's code made a node."""
        return self.recorded.trace.position(self.order[i])

    def users(self, i: int) -> list[int]:
        """The nodes that take a node."""
        return [k for k, n in self.graph.body() if i in n.args]

    def above(self, i: int) -> set[int]:
        """The node, and all that it goes into."""
        found = {i}
        for k, n in self.graph.body():
            if found & set(n.args):
                found.add(k)
        return found

    def varies(self) -> list[bool]:
        """Which nodes depend on the arguments, and not only on arrays from outside."""
        given = self.order[: self.graph.arity]
        return active(self.graph, [i in self.recorded.inputs for i in given])

    def constant(self, i: int) -> bool:
        """Whether a node is a number of the program, perhaps spread over an array."""
        n = self.graph.nodes[i]
        spread = type(n.op) in SPREAD
        return isinstance(n.op, Constant) or (spread and self.constant(n.args[0]))


def check_values(recorded: Recorded, name: str) -> None:
    """An error where only the types of arrays are known."""
    if not recorded.concrete:
        raise AbstractValueError(
            f"{name} looks at numbers, and inside of jit and vmap only types are known: call it "
            "outside of them, on the arguments in question"
        )


def program(recorded: Recorded) -> Program:
    """What was recorded, as it is written."""
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    given = [Array(None, -1, recorded.outside(i).raw) for i in order[: graph.arity]]
    with np.errstate(all="ignore"):
        values = evaluate(graph, given)
    return Program(recorded, graph, order, [_plain(v) for v in values])


def _plain(x: Any) -> Any:
    return tuple(map(_plain, x)) if isinstance(x, tuple) else np.asarray(x.raw)


def roots(program: Program, entry: int) -> Iterator[int]:
    """The operation in trouble, and those above it, one after the other, up to a result."""
    first = program.node(entry)
    level, seen = [first] if first >= 0 else [], set[int]()
    while level and len(seen) < MOST_STEPS:
        i = level.pop(0)
        if i in seen:
            continue
        seen.add(i)
        n = program.graph.nodes[i]
        plain = isinstance(n.type, Type) and not isinstance(n.op, Item)
        if plain and n.type.dtype.kind == "f" and not program.constant(i):
            yield i
        level += program.users(i)


class Region(NamedTuple):
    """A node of a program as a function of other nodes, the leaves."""

    program: Program
    root: int
    leaves: list[int]
    inner: list[int]  # the nodes from the leaves to the root
    graph: Graph
    args: list[np.ndarray]  # the values of the leaves

    @property
    def types(self) -> list[Type]:
        """The types of the leaves."""
        return list(self.graph.input_types)

    @property
    def sound(self) -> bool:
        """Whether the leaves are finite."""
        return all(np.isfinite(a).all() for a in self.args)

    def at(self, args: list[np.ndarray]) -> Region:
        """The same region somewhere else."""
        return self._replace(args=args)

    @property
    def floats(self) -> list[bool]:
        """Which leaves are floating-point numbers."""
        return [a.dtype.kind == "f" for a in self.args]

    @property
    def moved(self) -> list[bool]:
        """Which leaves a derivative is asked for by."""
        varies = self.program.varies()
        return [f and varies[i] for f, i in zip(self.floats, self.leaves, strict=True)]

    def held(self, f: Callable[..., Array]) -> Callable[..., Array]:
        """A function of the leaves, of which only those move that a derivative is asked for by."""
        moved = self.moved

        def function(*args: Array) -> Array:
            pairs = zip(args, moved, strict=True)
            return f(*(a if m or a.dtype.kind != "f" else stop_gradient(a) for a, m in pairs))

        return function

    def __call__(self, *args: Array) -> Array:
        """The region as it is written, on other arrays: also of other shapes, for elements."""
        return self.nodes(args)[self.graph.outputs[0]]

    def nodes(self, args: Sequence[Array]) -> list[Any]:
        """All nodes on other arrays."""
        env: list[Any] = list(args)
        for _, n in self.graph.body():
            env.append(applied(n.op, [env[a] for a in n.args], args[0].scope))
        return env


def region(
    program: Program, root: int, inside: Callable[[int], bool], whole: bool = False
) -> Region:
    """The region below a root: it ends where a node is an input, or is not `inside`.

    Of large arrays on whose entries it works one by one only a few are taken, if not the `whole`.
    """
    leaves: list[int] = []
    inner: list[int] = []
    stack = [root]
    while stack:
        i = stack.pop()
        if i in inner or i in leaves:
            continue
        n = program.graph.nodes[i]
        if isinstance(n.op, Input) or (i != root and not inside(i)):
            leaves.append(i)
        else:
            inner.append(i)
            stack += n.args
    found = made(program, root, sorted(leaves), sorted(inner))
    return found if whole or size(found.types) <= LARGE else thinned(found)


def thinned(found: Region) -> Region:
    """The region at a few entries, those in trouble among them; as it is if these are not alone."""
    nodes, shape = found.program.graph.nodes, found.args[0].shape
    plain = [i for i in found.inner if not found.program.constant(i)]
    alone = all(isinstance(nodes[i].op, Elementwise | Where) for i in plain)
    if (
        not alone
        or any(a.shape != shape for a in found.args)
        or nodes[found.root].type.shape != shape
    ):
        return found
    bad = np.flatnonzero(~np.isfinite(np.ravel(found.program.values[found.root])))[:FEW]
    order = np.argsort(np.abs(np.ravel(found.args[0])), kind="stable")
    some = np.unique([*bad, *order[:: max(len(order) // FEW, 1)], order[-1]]).astype(int)

    def few(*args: Array) -> list[Array]:
        env: dict[int, Any] = dict(zip(found.leaves, args, strict=True))
        for i in found.inner:
            n = nodes[i]
            if type(n.op) in SPREAD:
                env[i] = env[n.args[0]]
            else:
                given = [expand_to(env[a], args[0].shape) for a in n.args]
                env[i] = applied(n.op, given, args[0].scope)
        return [expand_to(env[found.root], args[0].shape)]

    graph = build([Type(a.dtype, some.shape) for a in found.args], few)
    return found._replace(graph=graph, args=[np.ravel(a)[some] for a in found.args])


def made(program: Program, root: int, leaves: list[int], inner: list[int]) -> Region:
    """A region with these leaves."""
    nodes = program.graph.nodes
    entries = [(n.op, *n.args) for n in nodes]
    for i in leaves:
        entries[i] = (Input(nodes[i].type),)
    graph, _ = canonical(entries, [n.type for n in nodes], leaves, [root])
    return Region(program, root, leaves, inner, graph, [program.values[i] for i in leaves])


def applied(op: Op, args: Sequence[Any], trace: Any) -> Any:
    """An operation on arrays of a trace; constants become entries of it, so that rules see them."""
    if isinstance(op, Item):
        return args[0][op.index]
    if not isinstance(op, Constant):
        return bind(op, *args)
    i = trace.constant(op)
    return Array(trace, i, trace.values[i])


# ------------------------------------------------------------ derivatives


def with_pull(
    f: Callable[..., Array], types: Sequence[Type], seed: bool, stable: bool = False
) -> Graph:
    """f, and its cotangents by all arguments; that of the result is a further input, or 1.

    With `stable` it is rewritten before, as for a gradient.
    """
    graph = build(types, lambda *args: [f(*args)])
    graph = rewrite(graph, STABILISE)[0] if stable else graph
    step = Reverse(1, len(types), seed)
    extra = [] if seed else list(graph.output_types)
    derived, sources, _ = derive(graph, list(range(len(graph))), extra, step, None)
    inputs = [Input(t) for t in (*types, *extra)]
    place = [*sources, *range(len(types), len(inputs))]
    entries: list[tuple] = [(op,) for op in inputs]
    number: list[int] = list(place)
    for _, n in derived.body():
        number.append(len(entries))
        entries.append((n.op, *(number[a] for a in n.args)))
    of = [*types, *extra, *(n.type for _, n in derived.body())]
    outputs = [number[o] for o in derived.outputs]
    return canonical(entries, of, list(range(len(inputs))), outputs)[0]


class Truth(NamedTuple):
    """What wider numbers say of a region: its value and cotangents, or which of them are none."""

    kind: str  # "number", "kink", "infinite", "nothing", or "unknown"
    results: list[np.ndarray]
    why: str = ""


def cotangent(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A cotangent without any pattern, and not zero."""
    return np.asarray(np.random.default_rng(0).integers(128, 256, shape) / 256, dtype)


def truth(region: Region, kinked: bool = False) -> Truth:
    """The value of a region and its cotangents where it stands, proven or as limits.

    With `kinked`, as limits only: what is proven may be a convention.
    """
    args, of = region.args, region.graph.output_types[0]
    types = region.types
    if any(n.type.dtype.kind == "c" for _, n in region.graph if isinstance(n.type, Type)):
        return Truth("unknown", [], "complex numbers have no balls")
    if any(a.dtype.kind not in "fiub" or not np.isfinite(a).all() for a in args):
        return Truth("unknown", [], "an operand is not finite")
    graph = with_pull(region.held(region.__call__), types, False)
    movable = [*region.moved, False]
    attempt = Rescue(graph, [*args, cotangent(of.shape, of.dtype)], movable, 1, BUDGET)
    try:
        found = attempt.known(not kinked)
        if not kinked and any(isinstance(n.op, Where) for _, n in region.graph):
            found = _picked(found, attempt.known(False))
    except (SpentError, NotExpressibleError, UndecidedError) as error:
        return Truth("unknown", [], str(error) or "its balls are too wide")
    kinds = {x.kind for f in found for x in f}
    worst = next((k for k in ("nothing", "infinite", "kink") if k in kinds), "number")
    if worst != "number":
        return Truth(worst, [])
    return Truth("number", [_array(f, t) for f, t in zip(found, graph.output_types, strict=True)])


def _picked(proven: list[list[Limit]], near: list[list[Limit]]) -> list[list[Limit]]:
    """The limits, where a `where` may have picked out a point: if the function is continuous."""
    kinds = {x.kind for f in (*proven, *near) for x in f}
    pairs = zip(proven[0], near[0], strict=True)
    same = kinds == {"number"} and all(float(x.value) == float(y.value) for x, y in pairs)
    return near if same else proven


def _array(found: list[Limit], t: Type) -> np.ndarray:
    flat = [number(x.value, t.dtype) for x in found]
    return np.array(flat, t.dtype).reshape(t.shape)


def size(types: Sequence[Type]) -> int:
    """How many numbers these are."""
    return sum(prod(t.shape) for t in types)
