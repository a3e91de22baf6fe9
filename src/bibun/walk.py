"""Walks over a graph: evaluate it, push tangents, pull cotangents, batch it.

Each walk applies the methods of the operations to Arrays of the trace that is being built, so that
its result is a graph again. Nothing here knows any particular operation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

import numpy as np

from .array import Array, bind, enter, innermost, lift
from .graph import Constant, Graph, Item, Node, Type
from .recording import Trace, building
from .zeros import Select, parts, total

Env = list[Any]  # the value of each node: an Array, or a tuple of Arrays for several results


def build(types: Iterable[Type], f: Callable[..., Sequence[Array]]) -> Graph:
    """The graph of a function of Arrays that bibun itself writes, for arrays of these types."""
    with building() as trace:
        inputs = [Array(trace, trace.input(t), t) for t in types]
        outputs = [enter(trace, lift(y)) for y in f(*inputs)]
        graph, _ = trace.close([x.index for x in inputs], outputs)
    assert graph.arity == len(inputs), "a graph built by bibun is closed"
    return graph


def evaluate(
    graph: Graph,
    args: Sequence[Any],
    trace: Trace | None = None,
    places: Sequence[tuple | None] = (),
) -> Env:
    """Every node on these arguments: recorded where an argument is, computed where none is.

    `places` are where the user's code made each node, as far as it is known.
    """
    env: Env = [lift(a) for a in args]
    trace = trace or innermost(env)
    if trace is not None and trace.origin is not None and _same_types(graph, env):
        return again(graph, env, trace)
    for i, n in graph.body():
        start = 0 if trace is None else len(trace.positions)
        env.append(apply(n, env, trace))
        place = places[i] if places else None
        if trace is not None and place is not None:
            trace.positions[start:] = [place] * (len(trace.positions) - start)
    return env


def _same_types(graph: Graph, env: Env) -> bool:
    """Whether these arrays are symbols of exactly the types that the graph was made for."""
    return all(
        a.scope is not None and (a.dtype, a.shape) == t  # a constant has a value here, no Type
        for a, t in zip(env, graph.input_types, strict=True)
    )


def again(graph: Graph, env: Env, trace: Trace) -> Env:
    """Every node once more in a trace of symbols.

    Nothing has to be inferred, since all types are known.
    """
    numbers = [enter(trace, a) for a in env]
    telling = trace.telling is graph
    for k, n in graph.body():
        if telling:
            trace.come_from(k)
        i = (
            trace.constant(n.op)
            if isinstance(n.op, Constant)
            else trace.add((n.op, *[numbers[a] for a in n.args]), n.type)
        )
        numbers.append(i)
        if type(n.type) is Type:
            env.append(Array(trace, i, n.type))
        else:
            env.append(
                tuple(Array(trace, trace.add((Item(k), i), t), t) for k, t in enumerate(n.type))
            )
    return env


def apply(n: Node, env: Env, trace: Trace | None) -> Any:
    """One node on the values of the nodes before it.

    Constants stay constants under a trace, so that rules see them.
    """
    if isinstance(n.op, Item):
        return env[n.args[0]][n.op.index]
    if isinstance(n.op, Constant) and trace is not None:
        i = trace.constant(n.op)
        return Array(trace, i, trace.values[i])
    return bind(n.op, *(env[a] for a in n.args))


def outputs(graph: Graph, env: Env) -> list[Array]:
    """The results of a graph after `evaluate`."""
    return [env[o] for o in graph.outputs]


def active(graph: Graph, wanted: Sequence[bool], stopped: bool = False) -> list[bool]:
    """Which nodes a change of the wanted inputs can reach through floating-point numbers.

    With `stopped`, which nodes a derivative can reach, that goes through no stop_gradient.
    """
    flags = [w and t.differentiable for w, t in zip(wanted, graph.input_types, strict=True)]
    for _, n in graph.body():
        reached = any(flags[a] for a in n.args) and not (stopped and n.op.decreed)
        flags.append(reached and any(t.differentiable for t in n.types))
    return flags


def pull(
    graph: Graph, env: Env, cotangents: Sequence[Any], wanted: Sequence[bool]
) -> list[Array | None]:
    """The cotangents of the wanted inputs, given those of the outputs. None is zero.

    Reverse accumulation: Griewank and Walther, Evaluating Derivatives, section 3.2.
    """
    flags = active(graph, wanted, stopped=True)
    found: dict[int, list] = defaultdict(list)  # what is to be added up, for each node
    for o, g in zip(graph.outputs, cotangents, strict=True):
        if g is not None and flags[o]:
            found[o].append(g)
    trace = telling(graph, env)
    for i in range(len(graph) - 1, graph.arity - 1, -1):
        if i in found:
            if trace is not None:
                trace.come_from(i)
            _pull_node(graph, i, env, found.pop(i), flags, found)
    return [total(found[i]) if w and i in found else None for i, w in enumerate(wanted)]


def telling(graph: Graph, env: Env) -> Trace | None:
    """The trace that keeps which node of this graph each of its entries is made for."""
    scopes = (a.scope for a in env if type(a) is Array and a.scope is not None)
    trace = next(scopes, None)
    return trace if trace is not None and trace.telling is graph else None


def _pull_node(
    graph: Graph, i: int, env: Env, terms: list, flags: list[bool], found: dict[int, list]
) -> None:
    n = graph.nodes[i]
    if isinstance(n.op, Item):
        found[n.args[0]].append((n.op.index, total(terms)))
        return
    wanted = tuple(flags[a] for a in n.args)
    args = tuple(env[a] for a in n.args)
    g = total(terms) if isinstance(n.type, Type) else by_result(terms, len(n.type))

    def rule(g: Any) -> tuple:
        return n.op.pull(env[i], args, g, wanted)

    for a, p in zip(n.args, _through(rule, g) if n.op.keeps_zeros else rule(g), strict=True):
        if p is not None and flags[a]:
            found[a].append(p)


def by_result(terms: list[tuple[int, Any]], n: int) -> tuple:
    """The cotangent of each of n results: None where there is none."""
    given: list[Any] = [None] * n
    for k, g in terms:
        given[k] = g if given[k] is None else total((given[k], g))
    return tuple(given)


def _through(rule: Callable[[Any], tuple], g: Any) -> tuple:
    """A linear rule on a structural zero: the mask, as 0 and 1, takes the same way.

    An entry is structurally zero if all that was added into it is, so we count what is not.
    """
    inner = parts(g)
    if inner is None:
        return rule(g)
    moved, counts = rule(g), rule(np.astype(inner[0], g.dtype))
    return tuple(
        m if m is None else bind(Select(True), c != 0, m if parts(m) is None else _settled(m))
        for m, c in zip(moved, counts, strict=True)
    )


def _settled(m: Any) -> Array:
    """What a rule returned, with its own mask applied; where that is not needed, without it."""
    assert m.scope is not None
    op, _, x = m.scope.entries[m.index]
    return Array(m.scope, x, m.scope.values[x]) if op.already else m


def push(graph: Graph, env: Env, tangents: Sequence[Any]) -> list[Array | None]:
    """The tangents of the outputs, given those of the inputs. None is zero."""
    flags = active(graph, [t is not None for t in tangents], stopped=True)
    found: list[Any] = [
        t if f else None for t, f in zip(tangents, flags[: graph.arity], strict=True)
    ]
    trace = telling(graph, env)
    for i, n in graph.body():
        if trace is not None:
            trace.come_from(i)
        found.append(_push_node(n, env[i], env, found) if flags[i] else None)
    return [found[o] for o in graph.outputs]


def _push_node(n: Node, y: Any, env: Env, found: list[Any]) -> Any:
    given = tuple(found[a] for a in n.args)
    if all(t is None for t in given):
        return None
    if isinstance(n.op, Item):
        return given[0][n.op.index]
    args = tuple(env[a] for a in n.args)
    masked = [parts(t) for t in given if t is not None]
    if not n.op.keeps_zeros or len(masked) != 1 or masked[0] is None:
        return n.op.push(y, args, given)

    def rule(t: Any) -> tuple:
        return (n.op.push(y, args, tuple(t if s is not None else None for s in given)),)

    return _through(rule, next(t for t in given if t is not None))[0]


def batch(
    graph: Graph, args: Sequence[Array], stacked: Sequence[bool], n: int
) -> list[tuple[Array, bool]]:
    """Every output on stacked arguments, and whether it has the new first axis of length n."""
    env: Env = list(args)
    flags = list(stacked)
    trace = innermost(env)
    for _, node in graph.body():
        wide = tuple(flags[a] for a in node.args)
        flags.append(any(wide))
        env.append(
            _batch_node(node, tuple(env[a] for a in node.args), wide, n)
            if any(wide)
            else apply(node, env, trace)
        )
    return [(env[o], flags[o]) for o in graph.outputs]


def _batch_node(node: Node, args: tuple, stacked: tuple[bool, ...], n: int) -> Any:
    if isinstance(node.op, Item):
        return args[0][node.op.index]
    if not all(stacked) or node.op.kind == "control":  # which looks into its graphs
        result = node.op.batch(args, stacked, n)
        if result is not NotImplemented:
            return result
    return bind(
        node.op.batched(n), *(a if s else stack(a, n) for a, s in zip(args, stacked, strict=True))
    )


def stack(a: Array, n: int) -> Array:
    """n times the same array along a new first axis."""
    return np.broadcast_to(a, (n, *a.shape))


def numbers(nodes: Iterable[Node]) -> int:
    """How many numbers nodes compute, in all rounds of the loops among them."""
    return sum(
        sum(prod(t.shape) for t in n.types) + sum(k * numbers(g.nodes) for g, k in n.op.runs())
        for n in nodes
    )


__all__ = [
    "Trace",
    "active",
    "apply",
    "batch",
    "build",
    "by_result",
    "evaluate",
    "numbers",
    "outputs",
    "pull",
    "push",
    "stack",
]
