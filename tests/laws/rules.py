"""The value and the rules of an operation: on plain arrays, as graphs, and through walks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bibun import walk
from bibun.array import Array, bind
from bibun.errors import NotDifferentiableError
from bibun.graph import Graph, Type
from bibun.program import Program
from bibun.zeros import Select

from .cases import Case, generator


def several(y: Any) -> tuple:
    """Results as a tuple."""
    return y if type(y) is tuple else (y,)


def like(y: Any, results: tuple) -> Any:
    """Results as an operation with results y gives them: bare or as a tuple."""
    return results if type(y) is tuple else results[0]


def arrays(values: Sequence[Any]) -> tuple:
    """Plain arrays as Arrays outside any recording."""
    return tuple(None if v is None else Array(None, -1, v) for v in values)


def plain(results: Any, count: int) -> tuple:
    """The plain values of what a rule gave; None is zero."""
    found = (None,) * count if results is None else several(results)
    assert len(found) == count, f"the rule gives {len(found)} results instead of {count}"
    return tuple(r.raw if isinstance(r, Array) else r for r in found)


def given(values: Sequence[Any]) -> list[Any]:
    """Those that are not None."""
    return [v for v in values if v is not None]


# ------------------------------------------------------------ on plain arrays


def value(case: Case, args: Sequence[Any] | None = None) -> tuple:
    """The results."""
    with np.errstate(all="ignore"):
        return several(case.op.value(*(case.args if args is None else args)))


def pushed(case: Case, args: Sequence[Any], tangents: Sequence[Any]) -> tuple:
    """The tangents of the results, by the rule."""
    with np.errstate(all="ignore"):
        y = case.op.value(*args)
        results = arrays(several(y))
        found = case.op.push(like(y, results), arrays(args), arrays(tangents))
        return plain(found, len(results))


def pulled(case: Case, args: Sequence[Any], g: Sequence[Any], wanted: tuple[bool, ...]) -> tuple:
    """The cotangents of the arguments, by the rule."""
    with np.errstate(all="ignore"):
        y = case.op.value(*args)
        results = like(y, arrays(several(y)))
        return plain(case.op.pull(results, arrays(args), like(y, arrays(g)), wanted), len(args))


def result_types(case: Case) -> tuple[Type, ...]:
    """The types of the results, by the type rule."""
    found = case.op.type(*case.types)
    return (found,) if isinstance(found, Type) else found


# ------------------------------------------------------------ directions


def directed(case: Case) -> np.random.Generator:
    """Random numbers for directions; not those that the arguments were drawn from."""
    return generator(f"{case.label} directions")


def directions(types: Sequence[Type], rng: np.random.Generator) -> tuple:
    """Random arrays of these types; None for those that have no derivative."""
    return tuple(direction(t, rng) if t.differentiable else None for t in types)


def tangents(case: Case, rng: np.random.Generator) -> tuple:
    """Random tangents for the arguments by which there is a derivative, None for the others."""
    pairs = zip(case.types, case.wanted, strict=True)
    return tuple(direction(t, rng) if wanted else None for t, wanted in pairs)


def direction(t: Type, rng: np.random.Generator) -> np.ndarray:
    """A random array of this type."""
    x = rng.uniform(-1, 1, t.shape)
    return (x + 1j * rng.uniform(-1, 1, t.shape) if t.dtype.kind == "c" else x).astype(t.dtype)


def both(case: Case) -> tuple[np.random.Generator, tuple, tuple]:
    """Random tangents for the arguments and cotangents for the results, and the generator."""
    rng = directed(case)
    return rng, tangents(case, rng), directions(result_types(case), rng)


def differentiable(case: Case) -> bool:
    """Whether a derivative exists; if not, both rules say so."""
    _, t, g = both(case)
    if not any(case.wanted) or not given(g):
        return False
    refused = 0
    for rule, parts in ((pushed, (t,)), (pulled, (g, case.wanted))):
        try:
            rule(case, case.args, *parts)
        except NotDifferentiableError:
            refused += 1
    assert refused != 1, "only one of push and pull raises NotDifferentiableError"
    return not refused


def decreed(case: Case) -> bool:
    """Whether the derivative is somebody's word and not the limit of differences."""
    return case.op.decreed


# ------------------------------------------------------------ as graphs


def run(graph: Graph, args: Sequence[Any]) -> list[Any]:
    """A graph replayed, silently."""
    with np.errstate(all="ignore"):
        return Program(graph)(*args)


def op_graph(case: Case) -> Graph:
    """The operation alone."""
    return walk.build(case.types, lambda *args: several(bind(case.op, *args)))


def types_of(values: Sequence[Any]) -> list[Type]:
    """The types of those that are not None."""
    return [Type(v.dtype, v.shape) for v in given(values)]


def push_graph(case: Case, t: tuple) -> Graph:
    """The graph from arguments and tangents to the tangents of the results that are not zero."""

    def f(*inputs: Array) -> list[Array]:
        args, rest = inputs[: len(t)], iter(inputs[len(t) :])
        y = bind(case.op, *args)
        tangents = tuple(None if x is None else next(rest) for x in t)
        found = case.op.push(y, args, tangents)
        return [] if found is None else given(several(found))

    return walk.build([*case.types, *types_of(t)], f)


def pull_graph(case: Case, g: tuple) -> Graph:
    """The graph from arguments and cotangents to those of the arguments that are not zero."""

    def f(*inputs: Array) -> list[Array]:
        args, rest = inputs[: len(case.args)], iter(inputs[len(case.args) :])
        y = bind(case.op, *args)
        cotangents = tuple(None if x is None else next(rest) for x in g)
        return given(case.op.pull(y, args, like(y, cotangents), case.wanted))

    return walk.build([*case.types, *types_of(g)], f)


def masked_graph(case: Case, under: tuple, step: Callable[..., Sequence[Any]]) -> Graph:
    """The graph from the arguments, and masks and arrays under them, to what a walk makes of it."""
    graph = op_graph(case)
    types = [t for of in types_of(under) for t in (Type(np.dtype(bool), of.shape), of)]

    def f(*inputs: Array) -> list[Array]:
        args, rest = inputs[: len(case.args)], iter(inputs[len(case.args) :])
        masked = [None if x is None else bind(Select(), next(rest), next(rest)) for x in under]
        return given(step(graph, walk.evaluate(graph, args), masked))

    return walk.build([*case.types, *types], f)


def push_through(graph: Graph, args: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    """The tangents of the outputs of a graph."""
    with np.errstate(all="ignore"):
        env = walk.evaluate(graph, arrays(args))
        return list(plain(tuple(walk.push(graph, env, arrays(tangents))), len(graph.outputs)))


def pull_through(
    graph: Graph, args: Sequence[Any], g: Sequence[Any], wanted: Sequence[bool]
) -> list[Any]:
    """The cotangents of the inputs of a graph."""
    with np.errstate(all="ignore"):
        env = walk.evaluate(graph, arrays(args))
        return list(plain(tuple(walk.pull(graph, env, arrays(g), wanted)), graph.arity))
