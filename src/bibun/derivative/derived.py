"""Derived programs: made once for each structure that was traced, then replayed.

What ran is stabilised by the rewrite rules, then differentiated (the other order would give nan for
softplus'(1000)), then simplified. The result is kept under the structural key of what ran. Where
the values of forward nodes are known from the trace, the derived program starts from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, enter, innermost, lift
from ..graph import Graph, Item, Type, canonical
from ..program import Program
from ..recording import Trace, building, threads
from ..rewrite import SIMPLIFY, STABILISE, rewritten
from ..tracing.functional import Recorded
from ..tracing.guards import Guarded, differentiated
from ..walk import Env, evaluate
from ..wide.checks import shaken
from ..wide.mode import mode
from ..wide.picks import Picks
from ..wide.rescue import Rescue
from ..zeros import Select
from .cache import Cache
from .finite import Case, Doubts, Patience, finite, strictly

Step = Callable[[Graph, Env, list[Array]], Sequence[Array]]
"""What makes the results of the derived graph.

Its arguments are the stabilised graph, the arrays of its nodes, and further inputs. A step with a
method `widened_inputs` changes the types of the inputs, and gets these instead of all nodes.
"""


class Derived:
    """A derived graph, and where its inputs come from.

    These are entries of the trace, and then further arguments.
    """

    def __init__(
        self,
        recorded: Recorded,
        extra: Sequence[Type],
        step: Any,
        residuals: bool,
        varying: frozenset[int],
    ):
        trace = recorded.trace
        self.varying, self.step = varying, step
        self.bits = list(trace.bits)
        graph, order = trace.close(recorded.inputs, recorded.outputs, varying)
        # What is run in wider numbers shall have no constants that are rounded already.
        stable, origin, makers = rewritten(graph, STABILISE, exact=not residuals)
        known = [None if i is None else order[i] for i in origin]
        found = derive(stable, known, extra, step, trace if residuals else None)
        self.graph, self.sources, nodes = found
        # The entries of the user's trace for which nodes were made, forwards and backwards.
        self.makers = [None if i is None else order[makers[i]] for i in nodes]
        self.program = Program(self.graph)
        self.patience = Patience()
        self.doubts = Doubts(self.graph, recorded.results, trace)
        # Results that are inputs (which somebody may still need), or stand twice, are copied.
        outputs, arity = self.graph.outputs, self.graph.arity
        self.borrowed = [o < arity or o in outputs[:k] for k, o in enumerate(outputs)]

    def fits(self, trace: Trace) -> bool:
        """Whether the constants are those that the program was made for."""
        return self.bits == trace.bits or (
            bool(self.varying) and not (self.differing(trace) - self.varying)
        )

    def differing(self, trace: Trace) -> frozenset[int]:
        """The entries of constants that have another value than when the program was made."""
        return frozenset(
            i for i, a, b in zip(trace.constants, self.bits, trace.bits, strict=True) if a != b
        )


def derive(
    stable: Graph,
    known: list[int | None],
    extra: Sequence[Type],
    step: Step,
    residuals: Trace | None,
) -> tuple[Graph, list[Any], list[int | None]]:
    """The derived graph, and the entries of the user's trace for which its first inputs stand.

    And for each of its nodes the node for which it was made, as far as that is known.
    """
    with building() as trace:
        trace.telling = stable
        widened = getattr(step, "widened_inputs", None)
        types = stable.input_types if widened is None else widened(stable.input_types)
        inputs = [Array(trace, trace.input(t), t) for t in types]
        further = [Array(trace, trace.input(t), t) for t in extra]
        env = inputs if widened else evaluate(stable, inputs, trace)
        results = [enter(trace, lift(y)) for y in step(stable, env, further)]
        home = {a.index: known[i] for i, a in enumerate(inputs)}
        if residuals is not None and widened is None:
            home |= _residuals(env, known, residuals)
        last = [a.index for a in further]
        graph, order = trace.close((), results, cut=home, last=last)
        nodes = [trace.positions[i][1] for i in order]
    first = order[: graph.arity - len(last)]
    graph, sources = simplified(graph, exact=residuals is None)
    known_for = [nodes[i] if nodes[i] >= max(stable.arity, 1) else None for i in sources]
    return graph, [home[i] for i in first], known_for


def simplified(graph: Graph, exact: bool = False) -> tuple[Graph, list[int]]:
    """The finished graph, with what its operations run, in as few nodes as the rules find.

    And for each of its nodes the one for which it was made.
    """
    graph, first = settled(graph)
    graph, second = trimmed(graph)
    graph, _, last = rewritten(graph, SIMPLIFY, exact)
    return graph, [first[second[i]] for i in last]


@lru_cache(maxsize=512)
def _inner(graph: Graph) -> Graph:
    return simplified(graph)[0]


def settled(graph: Graph) -> tuple[Graph, list[int]]:
    """The graph without the masks of what is zero by itself: no partial will meet it now."""
    entries: list[tuple] = []
    number: list[int] = []
    for i, n in graph:
        op = n.op.refined(_inner) if n.op.kind == "control" else n.op
        entries.append((op, *(number[a] for a in n.args)))
        number.append(number[n.args[1]] if isinstance(n.op, Select) and n.op.already else i)
    types = [n.type for _, n in graph]
    return canonical(entries, types, graph.inputs, [number[o] for o in graph.outputs])


def trimmed(graph: Graph) -> tuple[Graph, list[int]]:
    """The graph without results of its operations that nobody reads, where they can be left out."""
    used: dict[int, set[int]] = defaultdict(set)
    for _, n in graph:
        if type(n.op) is Item:
            used[n.args[0]].add(n.op.index)
    small = {i: graph.nodes[i].op.trimmed(read) for i, read in used.items()}
    small = {i: found for i, found in small.items() if found[1]}
    if not small:
        return graph, list(range(len(graph)))
    entries: list[tuple] = []
    types = [n.type for _, n in graph]
    number = list(range(len(graph)))
    for i, n in graph:
        op, kept = small.get(i, (n.op, []))
        if kept:
            types[i] = n.type[kept[0]] if len(kept) == 1 else tuple(n.type[k] for k in kept)
        if type(op) is Item and n.args[0] in small:
            kept = small[n.args[0]][1]
            number[i] = n.args[0] if len(kept) == 1 else i
            op = Item(kept.index(op.index))
        entries.append((op, *(number[a] for a in n.args)))
    return canonical(entries, types, graph.inputs, [number[o] for o in graph.outputs])


def _residuals(env: Env, known: list[int | None], trace: Trace) -> dict[int, Any]:
    """Entries of the graph under construction whose values the user's trace already has."""
    found: dict[int, Any] = {}
    for y, i in zip(env, known, strict=True):
        if i is None or type(trace.values[i]) is Type or i in trace.constants:
            continue  # constants stay constants, so that rules see them
        if type(y) is Array:
            found[y.index] = i
        elif type(trace.values[i]) is tuple and type(trace.values[i][0]) is not Type:
            found |= {a.index: (i, k) for k, a in enumerate(y)}
    return found


CACHE: Cache[Derived] = Cache()


def transform(
    recorded: Recorded, name: Hashable, extra: Sequence[Array], step: Step, key: Hashable = ()
) -> list[Any]:
    """The results of a derived graph: plain arrays, or recorded ones under an outer trace."""
    return run(recorded, name, extra, step, key, recorded.nested)[1]


def run(
    recorded: Recorded,
    name: Hashable,
    extra: Sequence[Array],
    step: Step,
    key: Hashable,
    nested: bool,
) -> tuple[Derived, list[Any]]:
    """A derived program, and its results; `nested`: the recorded depends on an outer trace."""
    types = []
    for a in extra:
        nested = nested or (a.scope is not None and a.scope.active)
        types.append(Type(a.raw.dtype, a.raw.shape))
    plain = not nested and recorded.concrete
    derived = find(recorded, name, types, step, key, plain)
    if not plain:
        results = execute(recorded, derived, extra, nested)
        differentiated()
        if nested and derived.doubts.small:
            _note(recorded, derived, results)
        return derived, results
    return derived, outcome(recorded, derived, name, extra, step, key)


def outcome(
    recorded: Recorded,
    derived: Derived,
    name: Hashable,
    extra: Sequence[Array],
    step: Step,
    key: Hashable,
) -> list[Any]:
    """The results of a derived program; what is not finite in wider numbers, or with a warning."""
    results = execute(recorded, derived, extra, False)
    doubts, how = derived.doubts, mode()
    doubts.calls += 1
    sound = all(map(finite, results))
    picked = doubts.picks.met(recorded.trace) if doubts.picks.places else None
    if sound and not (picked is not None or how.strict or doubts.due(how)):
        return results
    whole, case = case_of(recorded, name, extra, step, key)
    if sound:
        results = doubts.better(case, results, picked)
    else:
        results = whole.patience.improved(case, results)
    return strictly(case, results) if how.strict else results


def case_of(
    recorded: Recorded, name: Hashable, extra: Sequence[Array], step: Step, key: Hashable
) -> tuple[Derived, Case]:
    """The derivative from the arguments on, for wider numbers."""
    types = [Type(a.dtype, a.shape) for a in extra]
    whole = find(recorded, name, types, step, key, False)
    args = [np.asarray(_value(recorded, recorded.trace, i)) for i in whole.sources]
    args += [np.asarray(a.raw) for a in extra]
    movable = [i in recorded.inputs for i in whole.sources] + [False] * len(extra)

    def again() -> tuple[Case, list[Any]] | None:
        if recorded.rerun is None or not recorded.rounded():
            return None
        try:
            other = recorded.rerun()
        except Exception:  # what was plain may be used as only plain numbers can be
            return None
        derived, case = case_of(other, name, extra, step, key)
        return case, execute(other, derived, extra, False)

    def unsure(results: Sequence[Any]) -> bool:
        numbers = recorded.rounded() - set(recorded.inputs)
        varying = frozenset(numbers & recorded.trace.constants.keys())
        program = Derived(recorded, types, step, False, varying) if varying else whole
        given = [np.asarray(_value(recorded, recorded.trace, i)) for i in program.sources]
        given += args[len(whole.sources) :]
        attempt = Rescue(program.graph, given, (), recorded.results, mode().budget)
        moving = [i in numbers for i in program.sources]
        moving += [False] * len(extra)
        return any(moving) and shaken(attempt, moving, results)

    return whole, Case(whole.graph, args, movable, recorded, again, unsure)


class Taken(NamedTuple):
    """A derivative inside of a compiled function.

    `points` are what was recorded for it, as entries of the function's own trace, and `results`
    entries there, too.
    """

    recorded: Recorded
    points: dict[int, int]
    results: list[int]
    picks: Picks


def _note(recorded: Recorded, derived: Derived, results: Sequence[Any]) -> None:
    """Leave a derivative with the trace of a compiled function, whose calls will look at it."""
    trace = innermost(results)
    if isinstance(trace, Guarded):
        known = dict(zip(recorded.inputs, recorded.given, strict=True))
        known |= {i: a for i, a in recorded.trace.captured.items() if type(a) is Array}
        points = {i: enter(trace, a) for i, a in known.items()}
        if recorded.trace is trace:  # a tape: all that the function is given
            points |= {i: i for i in (*trace.held, *trace.captured)}
        numbers = [enter(trace, y) for y in results]
        trace.derivatives.append(Taken(recorded, points, numbers, derived.doubts.picks))


def find(
    recorded: Recorded,
    name: Hashable,
    extra: Sequence[Type],
    step: Step,
    key: Hashable,
    residuals: bool,
) -> Derived:
    """The derived program for what was recorded, from the cache or made now."""
    trace = recorded.trace
    key = (
        name,
        key,
        residuals,
        tuple(extra),
        tuple(recorded.inputs),
        tuple(recorded.outputs),
        recorded.results,
        tuple(trace.special),
        trace.structure(),
    )
    return CACHE.get(key, trace, lambda varying: Derived(recorded, extra, step, residuals, varying))


def execute(
    recorded: Recorded, derived: Derived, extra: Sequence[Array], nested: bool
) -> list[Any]:
    """Run a derived program on what was recorded."""
    trace = recorded.trace
    if nested:
        args = [_outside(recorded, i) for i in derived.sources]
        places = [None if i is None else trace.positions[i] for i in derived.makers]
        outer = threads.open[-1]
        n = len(outer.entries)
        env = evaluate(derived.graph, [*args, *extra], places=places)
        outer.derived += ((n, len(outer.entries)),)
        return [env[o] for o in derived.graph.outputs]
    known, values = trace.values, []
    for i in derived.sources:
        value = known[i] if type(i) is int else None
        values.append(_value(recorded, trace, i) if value is None or type(value) is Type else value)
    for a in extra:
        values.append(a.raw)
    results = _silently(derived.program, values)
    for k, borrowed in enumerate(derived.borrowed):
        if type(results[k]) is np.ndarray:
            results[k] = own(results[k], borrowed)
    return results


@np.errstate(all="ignore")  # which costs less than the same in a `with`
def _silently(program: Program, values: list[Any]) -> list[Any]:
    return program(*values)


def _value(recorded: Recorded, trace: Trace, i: Any) -> Any:
    """What a source of a derived program is now: an entry, or one of several results of one."""
    if type(i) is not int:
        return trace.value(i[0])[i[1]]
    value = trace.values[i]
    if type(value) is not Type:
        return value
    return recorded.outside(i).raw if i in recorded.inputs else trace.value(i)


def _outside(recorded: Recorded, i: int) -> Array:
    if i in recorded.trace.constants:
        return Array(None, -1, recorded.trace.values[i][()])
    return recorded.outside(i)


def own(y: Any, borrowed: bool) -> Any:
    """A result that shares no memory with anything else."""
    if type(y) is not np.ndarray:
        return y
    if y.shape == ():
        return y[()]  # NumPy's functions return scalars, too
    return y.copy() if borrowed or y.base is not None or not y.flags.writeable else y
