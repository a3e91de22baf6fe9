"""The laws that hold for every operation: each takes a Case and raises AssertionError."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from bibun import walk
from bibun.graph import Graph, Type

from . import rules, truth
from .cases import Case
from .compare import coarsest, inner, near, same_bits, size, terms, typed
from .rules import (
    both,
    differentiable,
    directed,
    directions,
    given,
    pulled,
    pushed,
    result_types,
    tangents,
)

ROUNDING = 64  # operations on one entry, each of which may be off by one unit in the last place


def eps(case: Case) -> float:
    """The precision in which the derivative of a case can be right."""
    return coarsest((*case.types, *result_types(case)))


# ------------------------------------------------------------ types


def type_rule(case: Case) -> None:
    """The type rule predicts the value's dtype and shape; the kernel gives the value's bits."""
    y = rules.value(case)
    typed(y, result_types(case), "the value")
    with np.errstate(all="ignore"):
        fast = rules.several(case.op.kernel(*case.types)(*case.args))
    for a, b in zip(fast, y, strict=True):
        same_bits(a, b, "the kernel and the value")


# ------------------------------------------------------------ first derivatives


def push_is_the_derivative(case: Case) -> None:
    """push(t) is the limit of (f(x + ht) - f(x - ht)) / 2h, for all arguments and for each."""
    if not differentiable(case) or rules.decreed(case):
        return
    every = tangents(case, directed(case))
    choices = [every]
    if sum(case.wanted) > 1:
        choices += [only(every, k) for k, w in enumerate(case.wanted) if w]
    for t in choices:
        found = pushed(case, case.args, t)
        typed(found, result_types(case), "push")
        expected = truth.along(lambda *xs: list(rules.value(case, xs)), case.args, t, case.step)
        compare(found, expected, eps(case), "push")


def only(values: tuple, k: int) -> tuple:
    """One of them, None for the others."""
    return tuple(v if i == k else None for i, v in enumerate(values))


def compare(
    found: Sequence[Any], expected: Sequence[truth.Derivative], eps: float, what: str
) -> None:
    """What a rule gave, against finite differences."""
    for t, e in zip(found, expected, strict=True):
        # A jump or a kink may be nearer than the smallest step, but not at most entries.
        known = e.error <= 1e-3 * (1 + abs(e.value))
        assert 2 * known.sum() >= known.size, f"{what}: finite differences do not converge"
        x = np.zeros(known.shape) if t is None else np.asarray(t)
        # Ridders' estimate of the error is no bound: ten times it. And the rule itself rounds.
        tolerance = 10 * e.error + ROUNDING * eps * size(e.value[known])
        near(x[known], e.value[known], tolerance[known], what)


def pull_is_the_transpose(case: Case) -> None:
    """<g, push(t)> = <pull(g), t>, also for some of the arguments and some of the results."""
    if not differentiable(case):
        return
    _, t, g = both(case)
    whole = pulled(case, case.args, g, case.wanted)
    typed(whole, case.types, "pull")
    for some in product(*((True, False) if x is not None else (False,) for x in g)):
        if any(some):
            chosen = tuple(x if s else None for x, s in zip(g, some, strict=True))
            transposed(case, t, chosen, case.wanted)
    if sum(case.wanted) > 1:
        for k, w in enumerate(case.wanted):
            if w:
                one = transposed(case, only(t, k), g, tuple(i == k for i in range(len(t))))
                same_bits(one[k], whole[k], "pull for one argument and for all of them")


def transposed(case: Case, t: tuple, g: tuple, wanted: tuple[bool, ...]) -> tuple:
    """The cotangents of the wanted arguments, after the dot test."""
    moved, back = pushed(case, case.args, t), pulled(case, case.args, g, wanted)
    unwanted = [b for b, w in zip(back, wanted, strict=True) if b is not None and not w]
    assert not unwanted, "pull gives a cotangent that nobody wants"
    tolerance = ROUNDING * eps(case) * (terms(g, moved) + terms(back, t))
    near(inner(g, moved), inner(back, t), tolerance, "<g, push(t)> and <pull(g), t>")
    return back


# ------------------------------------------------------------ rules are programs


def rules_can_be_traced(case: Case) -> None:
    """A graph of push, and one of pull, gives the same as the rule on plain arrays."""
    if not differentiable(case):
        return
    _, t, g = both(case)
    for graph, inputs, direct in (
        (rules.push_graph(case, t), t, pushed(case, case.args, t)),
        (rules.pull_graph(case, g), g, pulled(case, case.args, g, case.wanted)),
    ):
        found = rules.run(graph.check(), [*case.args, *given(inputs)])
        for a, b in zip(found, given(direct), strict=True):
            typed([a], [Type(b.dtype, b.shape)], "the traced rule")
            near(a, b, ROUNDING * eps(case) * size(b), "the traced rule and the rule")


def second_derivatives(case: Case) -> None:
    """push of push, and push of pull, are limits of differences; pull of both is the transpose."""
    if not differentiable(case):
        return
    rng, t, g = both(case)

    def push(*xs: Any) -> list[Any]:
        return given(pushed(case, xs, cast_like(xs, t)))

    def pull(*xs: Any) -> list[Any]:
        return given(pulled(case, xs, cast_like(xs, g), case.wanted))

    pairs = ((rules.push_graph(case, t), t, push), (rules.pull_graph(case, g), g, pull))
    for graph, inputs, rule in pairs:
        if graph.outputs:
            s = tangents(case, rng)
            found = second_push(case, graph, given(inputs), s)
            expected = truth.along(rule, case.args, s, case.step)
            compare(found, expected, eps(case), "push of the rule")
            second_pull(case, graph, given(inputs), s, found)


def cast_like(xs: Sequence[Any], directions: tuple) -> tuple:
    """Tangents in the precision of the arguments."""
    wide = any(x.dtype in (truth.WIDE, np.clongdouble) for x in xs)
    return tuple(
        None if t is None else truth.widen(t) if wide else truth.narrow(t) for t in directions
    )


def second_push(case: Case, graph: Graph, fixed: list, s: tuple) -> list[Any]:
    """The derivative of the graph of a rule along s, with tangents or cotangents fixed."""
    return rules.push_through(graph, [*case.args, *fixed], [*s, *(None for _ in fixed)])


def second_pull(case: Case, graph: Graph, fixed: list, s: tuple, found: list) -> None:
    """The pull through the graph of a rule is the transpose of the push through it."""
    g = directions(graph.output_types, directed(case))
    wanted = [*case.wanted, *(False for _ in fixed)]
    back = rules.pull_through(graph, [*case.args, *fixed], g, wanted)[: len(s)]
    # The second derivative may cancel to nothing, unlike what it is made of.
    scale = sum(size(x) * np.size(x) for x in given([*found, *back, *fixed]))
    near(inner(g, found), inner(back, s), ROUNDING * eps(case) * scale, "pull of the rule")


def structural_zeros(case: Case) -> None:
    """What a mask hides has no influence, not even nan; what it shows has all of it."""
    if not differentiable(case):
        return
    rng, t, g = both(case)

    def pull(graph: Graph, env: list, xs: list) -> Sequence[Any]:
        return walk.pull(graph, env, xs, case.wanted)

    for xs, step in ((t, walk.push), (g, pull)):
        masks = [None if x is None else rng.random(x.shape) < 0.6 for x in xs]
        zeros, hidden = (under(masks, xs, other) for other in (0, np.nan))
        pairs = [p for pair in zip(masks, hidden, strict=True) if pair[0] is not None for p in pair]
        found = rules.run(rules.masked_graph(case, xs, step), [*case.args, *pairs])
        push = step is walk.push
        direct = (
            pushed(case, case.args, zeros) if push else pulled(case, case.args, zeros, case.wanted)
        )
        for a, b in zip(found, given(direct), strict=True):
            near(a, b, ROUNDING * eps(case) * size(b), "a rule on a masked array, and on zeros")


def under(masks: Sequence[Any], xs: Sequence[Any], other: float) -> tuple:
    """Each x where its mask holds, the other number elsewhere."""
    return tuple(
        None if x is None else np.where(m, x, x.dtype.type(other))
        for m, x in zip(masks, xs, strict=True)
    )


# ------------------------------------------------------------ batching


def batch_is_a_loop(case: Case) -> None:
    """Stacked arguments give stacked results, whichever of the arguments are stacked."""
    graph = rules.op_graph(case)
    for n in (3, 1, 0):
        for mask in product((True, False), repeat=len(case.args)):
            if any(mask) and (n == 3 or all(mask)):
                _batch_as(case, graph, mask, n)


def _batch_as(case: Case, graph: Graph, mask: tuple[bool, ...], n: int) -> None:
    what = f"batch of {n} with {mask}"
    wide = [spread(a, n) if m else a for a, m in zip(case.args, mask, strict=True)]
    with np.errstate(all="ignore"):
        found = walk.batch(graph, rules.arrays(wide), mask, n)
    one = rules.value(case)
    rows = ([a[k] if m else a for a, m in zip(wide, mask, strict=True)] for k in range(n))
    loop = [rules.value(case, row) for row in rows]
    for k, (y, flag) in enumerate(found):
        assert flag, f"{what}: result {k} is said not to depend on the stacked arguments"
        expected = (
            np.stack([r[k] for r in loop]) if n else np.empty((0, *one[k].shape), one[k].dtype)
        )
        typed([y.raw], [Type(expected.dtype, expected.shape)], what)
        # Not bit for bit: sums and matrix products may run in another order.
        floats = expected.dtype.kind in "fc"
        unit = np.finfo(expected.dtype).eps * size(expected) if floats else 0
        near(y.raw, expected, ROUNDING * unit, f"{what}, and a loop")


def spread(a: Any, n: int) -> np.ndarray:
    """n arrays like a, all different: by factors, which keep positive and symmetric matrices so."""
    a = np.asarray(a)
    factors = 1 - 0.01 * np.arange(n).reshape(n, *(1,) * a.ndim)
    floats = a.dtype.kind in "fc"
    return (a * factors).astype(a.dtype) if floats else np.broadcast_to(a, (n, *a.shape)).copy()


# ------------------------------------------------------------ graphs


def graph_is_sound(case: Case) -> None:
    """The graph of the operation is valid, prints, and is the same after copying and pickling."""
    graph = rules.op_graph(case).check()
    assert case.op.name in str(graph) or not graph.outputs, f"the operation is missing:\n{graph}"
    assert hash(case.op) == hash(copy.deepcopy(case.op)), "equal operations have different hashes"
    pickled = pickle.loads(pickle.dumps(graph))
    for other in (copy.copy(graph), copy.deepcopy(graph), pickled, rules.op_graph(case)):
        assert other.key == graph.key, "a copy of the graph has another key"
        assert other.check() == graph, "a copy of the graph is not equal to it"
