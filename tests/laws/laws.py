"""The laws that hold for every operation. Each takes a Case and raises AssertionError if it is broken."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from bibun import walk
from bibun.array import Array, bind
from bibun.errors import NotDifferentiableError
from bibun.graph import Graph, Type
from bibun.program import Program

from . import truth
from .cases import Case, generator

ROUNDING = 64  # operations on one entry, each of which may be off by one unit in the last place
NEAR = 1e-9  # where both sides are rules in double precision and only rounding tells them apart, 1e4 times over


# ------------------------------------------------------------ values and rules on plain arrays


def several(y: Any) -> tuple:
    """Results as a tuple."""
    return y if type(y) is tuple else (y,)


def like(y: Any, results: tuple) -> Any:
    """Results as an operation with results y gives them: bare or as a tuple."""
    return results if type(y) is tuple else results[0]


def value(case: Case, args: Sequence[Any] | None = None) -> tuple:
    """The results on plain arrays."""
    with np.errstate(all="ignore"):
        return several(case.op.value(*(case.args if args is None else args)))


def arrays(values: Sequence[Any]) -> tuple:
    """Plain arrays as Arrays outside any recording."""
    return tuple(None if v is None else Array(None, -1, v) for v in values)


def plain(results: Any, count: int) -> tuple:
    """The plain values of what a rule gave; None is zero."""
    found = (None,) * count if results is None else several(results)
    assert len(found) == count, f"the rule gives {len(found)} results instead of {count}"
    return tuple(None if r is None else r.value if isinstance(r, Array) else r for r in found)


def pushed(case: Case, args: Sequence[Any], tangents: Sequence[Any]) -> tuple:
    """The tangents of the results, by the rule."""
    with np.errstate(all="ignore"):
        y = several(case.op.value(*args))
        given = arrays(y) if type(case.op.value(*args)) is tuple else arrays(y)[0]
        return plain(case.op.push(given, arrays(args), arrays(tangents)), len(y))


def pulled(case: Case, args: Sequence[Any], cotangents: Sequence[Any], wanted: tuple[bool, ...]) -> tuple:
    """The cotangents of the arguments, by the rule."""
    with np.errstate(all="ignore"):
        y = case.op.value(*args)
        given = like(y, arrays(several(y)))
        return plain(case.op.pull(given, arrays(args), like(y, arrays(cotangents)), wanted), len(args))


def directions(types: Sequence[Type], rng: np.random.Generator, only: Sequence[bool] | None = None) -> tuple:
    """Random arrays of these types; None for those that have no derivative or are not wanted."""
    chosen = [True] * len(types) if only is None else only
    return tuple(
        rng.uniform(-1, 1, t.shape).astype(t.dtype) if t.differentiable and w else None
        for t, w in zip(types, chosen, strict=True)
    )


def directed(case: Case) -> np.random.Generator:
    """Random numbers for directions; not those that the arguments were drawn from."""
    return generator(f"{case.label} directions")


def result_types(case: Case) -> tuple[Type, ...]:
    """The types of the results, by the type rule."""
    return several_types(case.op.type(*case.types))


def several_types(t: Any) -> tuple[Type, ...]:
    return (t,) if isinstance(t, Type) else t


def differentiable(case: Case) -> bool:
    """Whether a derivative exists; if not, both rules say so."""
    t, g = directions(case.types, generator("t")), directions(result_types(case), generator("g"))
    if not any(case.wanted) or all(x is None for x in g):
        return False
    refused = []
    for rule in (lambda: pushed(case, case.args, t), lambda: pulled(case, case.args, g, case.wanted)):
        try:
            rule()
        except NotDifferentiableError:
            refused.append(rule)
    assert len(refused) != 1, "only one of push and pull raises NotDifferentiableError"
    return not refused


def decreed(case: Case) -> bool:
    """Whether the derivative is what somebody decreed and not the limit of differences."""
    return getattr(case.op, "decreed", False)


# ------------------------------------------------------------ comparisons


def same_bits(a: Any, b: Any, what: str) -> None:
    """Equal types and bits; the sign and payload of nan do not count."""
    assert (a is None) == (b is None), f"{what}: one is zero by structure and the other is not"
    if a is None:
        return
    assert (a.dtype, a.shape) == (b.dtype, b.shape), f"{what}: {a.dtype}{a.shape} is not {b.dtype}{b.shape}"
    x, y = np.array(a), np.array(b)
    for z in (x, y):
        if z.dtype.kind == "f":
            z[np.isnan(z)] = np.nan
    assert x.tobytes() == y.tobytes(), f"{what}: the bits differ:\n{x}\n{y}"


def near(a: Any, b: Any, tolerance: Any, what: str) -> None:
    """Entries that differ by at most the tolerance."""
    x, y = np.asarray(a, truth.WIDE), np.asarray(b, truth.WIDE)
    assert x.shape == y.shape, f"{what}: the shapes {x.shape} and {y.shape} differ"
    with np.errstate(invalid="ignore"):
        off = ~((abs(x - y) <= tolerance) | (x == y))
    if np.any(off):
        k = np.unravel_index(np.argmax(off), off.shape)
        limit = np.broadcast_to(tolerance, off.shape)[k]
        raise AssertionError(f"{what}: {x[k]!s} should be {y[k]!s} within {limit:.1e}, at {list(map(int, k))}")


def typed(values: Sequence[Any], types: Sequence[Type], what: str) -> None:
    """Each value is None or has its type."""
    for v, t in zip(values, types, strict=True):
        assert v is None or Type(v.dtype, v.shape) == t, f"{what}: {v.dtype}{list(v.shape)} instead of {t}"


def size(x: Any) -> float:
    """The greatest magnitude among the entries."""
    return float(np.max(abs(np.asarray(x)), initial=0))


# ------------------------------------------------------------ the laws


def type_rule(case: Case) -> None:
    """The type rule predicts the value's dtype and shape, and the kernel gives the value's bits."""
    y = value(case)
    typed(y, result_types(case), "the value")
    with np.errstate(all="ignore"):
        fast = several(case.op.kernel(*case.types)(*case.args))
    for a, b in zip(fast, y, strict=True):
        same_bits(a, b, "the kernel and the value")


def push_is_the_derivative(case: Case) -> None:
    """push(t) is the limit of (f(x + ht) - f(x - ht)) / 2h, for all arguments at once and one by one."""
    if not differentiable(case) or decreed(case):
        return
    rng = directed(case)
    tangents = directions(case.types, rng)
    choices = [tangents]
    if sum(case.wanted) > 1:
        choices += [tuple(t if i == k else None for i, t in enumerate(tangents)) for k, w in enumerate(case.wanted) if w]
    for chosen in choices:
        found = pushed(case, case.args, chosen)
        typed(found, result_types(case), "push")
        expected = truth.along(lambda *xs: list(value(case, xs)), case.args, chosen, case.step)
        compare(found, expected, coarsest(case), "push")


def compare(found: Sequence[Any], expected: Sequence[truth.Derivative], eps: float, what: str) -> None:
    """What a rule gave, against finite differences."""
    for t, e in zip(found, expected, strict=True):
        known = e.error <= 1e-3 * (1 + abs(e.value))  # a jump or a kink may be nearer than the smallest step
        assert 2 * known.sum() >= known.size, f"{what}: finite differences do not converge"
        scale = size(e.value[known])
        # Ridders' estimate is a guess of the error and not a bound: ten times it. The rule itself rounds.
        found_here = np.zeros(known.shape) if t is None else np.asarray(t)
        tolerance = 10 * e.error + ROUNDING * eps * scale
        near(found_here[known], e.value[known], tolerance[known], what)


def coarsest(case: Case) -> float:
    """The largest unit in the last place among arguments and results."""
    types = (*case.types, *result_types(case))
    return max(float(np.finfo(t.dtype).eps) for t in types if t.differentiable)


def pull_is_the_transpose(case: Case) -> None:
    """<g, push(t)> = <pull(g), t>, also for some of the arguments and some of the results."""
    if not differentiable(case):
        return
    rng = directed(case)
    t, g = directions(case.types, rng), directions(result_types(case), rng)
    whole = pulled(case, case.args, g, case.wanted)
    typed(whole, case.types, "pull")
    for some in product(*((True, False) if x is not None else (False,) for x in g)):
        if any(some):
            transposed(case, t, tuple(x if s else None for x, s in zip(g, some, strict=True)), case.wanted)
    for k, w in enumerate(case.wanted):
        if w and sum(case.wanted) > 1:
            only = tuple(i == k for i in range(len(t)))
            one = transposed(case, tuple(x if i == k else None for i, x in enumerate(t)), g, only)
            same_bits(one[k], whole[k], "pull for one argument and for all of them")


def transposed(case: Case, t: tuple, g: tuple, wanted: tuple[bool, ...]) -> tuple:
    """The cotangents of the wanted arguments, after the dot test."""
    moved, back = pushed(case, case.args, t), pulled(case, case.args, g, wanted)
    assert all(w or b is None for w, b in zip(wanted, back, strict=True)), "pull gives a cotangent nobody wants"
    left = [(x, y) for x, y in zip(g, moved, strict=True) if x is not None and y is not None]
    right = [(x, y) for x, y in zip(back, t, strict=True) if x is not None and y is not None]
    a, b = inner(left), inner(right)
    terms = sum(float(np.sum(abs(truth.narrow(x) * truth.narrow(y)))) for x, y in (*left, *right))
    near(a, b, ROUNDING * coarsest(case) * terms, "<g, push(t)> and <pull(g), t>")
    return back


def inner(pairs: Sequence[tuple[Any, Any]]) -> Any:
    """The sum of the inner products, in the widest precision."""
    return sum((np.sum(truth.widen(x) * truth.widen(y)) for x, y in pairs), truth.WIDE(0))


def rules_can_be_traced(case: Case) -> None:
    """A graph of push, and one of pull, gives the same as the rule on plain arrays."""
    if not differentiable(case):
        return
    rng = directed(case)
    t, g = directions(case.types, rng), directions(result_types(case), rng)
    for graph, given, direct in (
        (push_graph(case, t), t, pushed(case, case.args, t)),
        (pull_graph(case, g, case.wanted), g, pulled(case, case.args, g, case.wanted)),
    ):
        graph.check()
        found = run(graph, [*case.args, *(x for x in given if x is not None)])
        for a, b in zip(found, (d for d in direct if d is not None), strict=True):
            near(a, b, ROUNDING * coarsest(case) * size(b), "the traced rule and the rule")
            typed([a], [Type(b.dtype, b.shape)], "the traced rule")


def run(graph: Graph, args: Sequence[Any]) -> list[Any]:
    """A graph replayed, silently."""
    with np.errstate(all="ignore"):
        return Program(graph)(*args)


def push_graph(case: Case, t: tuple) -> Graph:
    """The graph from the arguments and their tangents to the tangents of the results that are not zero."""
    given = [x is not None for x in t]

    def f(*inputs: Array) -> list[Array]:
        args, rest = inputs[: len(given)], iter(inputs[len(given) :])
        y = bind(case.op, *args)
        found = case.op.push(y, args, tuple(next(rest) if w else None for w in given))
        return [] if found is None else [r for r in several(found) if r is not None]

    return walk.build([*case.types, *(ty for ty, w in zip(case.types, given, strict=True) if w)], f)


def pull_graph(case: Case, g: tuple, wanted: tuple[bool, ...]) -> Graph:
    """The graph from the arguments and the cotangents to those of the arguments that are not zero."""
    given = [x is not None for x in g]

    def f(*inputs: Array) -> list[Array]:
        args, rest = inputs[: len(case.args)], iter(inputs[len(case.args) :])
        y = bind(case.op, *args)
        cotangents = tuple(next(rest) if w else None for w in given)
        return [r for r in case.op.pull(y, args, like(y, cotangents), wanted) if r is not None]

    return walk.build([*case.types, *(ty for ty, w in zip(result_types(case), given, strict=True) if w)], f)


def second_derivatives(case: Case) -> None:
    """The push of push, and that of pull, is the limit of its differences; the pull of pull is its transpose."""
    if not differentiable(case):
        return
    rng = directed(case)
    t, g = directions(case.types, rng), directions(result_types(case), rng)
    for graph, given, rule in (
        (push_graph(case, t), t, lambda xs: pushed(case, xs, cast_like(xs, t))),
        (pull_graph(case, g, case.wanted), g, lambda xs: pulled(case, xs, cast_like(xs, g), case.wanted)),
    ):
        if not graph.outputs:
            continue
        again = directions(case.types, rng)
        fixed = [x for x in given if x is not None]
        found = push_through(graph, [*case.args, *fixed], [*again, *(None,) * len(fixed)])
        results = lambda *xs, rule=rule: [r for r in rule(xs) if r is not None]  # noqa: E731
        expected = truth.along(results, case.args, again, case.step)
        compare(found, expected, coarsest(case), "push of the rule")
        weights = directions(graph.output_types, rng)
        back = pull_through(graph, [*case.args, *fixed], weights, [*case.wanted, *(False,) * len(fixed)])
        a = inner([(x, y) for x, y in zip(weights, found, strict=True) if x is not None and y is not None])
        b = inner([(x, y) for x, y in zip(back, again, strict=False) if x is not None and y is not None])
        scale = sum(size(x) * np.size(x) for x in (*found, *back, *fixed) if x is not None)
        near(a, b, ROUNDING * coarsest(case) * scale, "the pull of the rule, transposed")


def cast_like(xs: Sequence[Any], given: tuple) -> tuple:
    """Tangents in the precision of the arguments."""
    wide = any(x.dtype == truth.WIDE for x in xs)
    return tuple(None if x is None else truth.widen(x) if wide else truth.narrow(x) for x in given)


def push_through(graph: Graph, args: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    """The tangents of the outputs of a graph."""
    with np.errstate(all="ignore"):
        env = walk.evaluate(graph, arrays(args))
        return list(plain(tuple(walk.push(graph, env, arrays(tangents))), len(graph.outputs)))


def pull_through(graph: Graph, args: Sequence[Any], cotangents: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
    """The cotangents of the inputs of a graph."""
    with np.errstate(all="ignore"):
        env = walk.evaluate(graph, arrays(args))
        return list(plain(tuple(walk.pull(graph, env, arrays(cotangents), wanted)), graph.arity))


def op_graph(case: Case) -> Graph:
    """The operation alone."""
    return walk.build(case.types, lambda *args: several(bind(case.op, *args)))


def batch_is_a_loop(case: Case) -> None:
    """Stacked arguments give the stack of the results, whichever of the arguments are stacked."""
    graph = op_graph(case)
    for n in (3, 1, 0):
        for mask in product((True, False), repeat=len(case.args)):
            if any(mask) and (n == 3 or all(mask)):
                batch_as(case, graph, mask, n)


def batch_as(case: Case, graph: Graph, mask: tuple[bool, ...], n: int) -> None:
    wide = [spread(a, n) if m else a for a, m in zip(case.args, mask, strict=True)]
    with np.errstate(all="ignore"):
        found = walk.batch(graph, arrays(wide), mask, n)
    one = value(case)
    loop = [value(case, [a[k] if m else a for a, m in zip(wide, mask, strict=True)]) for k in range(n)]
    for k, (y, flag) in enumerate(found):
        assert flag, f"batch: result {k} is said not to depend on the stacked arguments {mask}"
        expected = np.stack([r[k] for r in loop]) if n else np.empty((0, *one[k].shape), one[k].dtype)
        typed([y.value], [Type(expected.dtype, expected.shape)], f"batch of {n} with {mask}")
        # Not bit for bit: sums and matrix products may run in another order.
        tolerance = ROUNDING * np.finfo(expected.dtype).eps * size(expected) if expected.dtype.kind == "f" else 0
        near(y.value, expected, tolerance, f"batch of {n} with {mask}, and a loop")


def spread(a: Any, n: int) -> np.ndarray:
    """n arrays like a, all different: by factors, which keep positive, triangular and symmetric matrices so."""
    a = np.asarray(a)
    factors = 1 - 0.01 * np.arange(n).reshape(n, *(1,) * a.ndim)
    return (a * factors).astype(a.dtype) if a.dtype.kind == "f" else np.broadcast_to(a, (n, *a.shape)).copy()


def graph_is_sound(case: Case) -> None:
    """The graph of the operation is valid, prints, and is the same after copying and pickling."""
    graph = op_graph(case).check()
    assert case.op.name in str(graph) or not graph.outputs, f"the graph does not print the operation:\n{graph}"
    assert hash(case.op) == hash(copy.deepcopy(case.op)), "equal operations have different hashes"
    for other in (copy.copy(graph), copy.deepcopy(graph), pickle.loads(pickle.dumps(graph)), op_graph(case)):
        assert other.key == graph.key, "a copy of the graph has another key"
        assert other.check() == graph, "a copy of the graph is not equal to it"


LAWS: tuple[Callable[[Case], None], ...] = (
    type_rule,
    push_is_the_derivative,
    pull_is_the_transpose,
    rules_can_be_traced,
    second_derivatives,
    batch_is_a_loop,
    graph_is_sound,
)
