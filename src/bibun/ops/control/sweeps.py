"""Loops of a length that only the run tells: while_loop, and its derivatives of every order.

The first pass goes forward as long as a condition holds. Every further pass goes along the same
positions, in its own direction, and reads the states that all earlier passes had there. The adjoint
of such passes is these passes and then the adjoint of each, from the last to the first, in the
opposite direction: the same operation with twice as many passes. So derivatives nest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ...array import Array, bind
from ...graph import Example, Graph, Op, Type, canonical, operation
from ...notation import ATOM, Text
from ...walk import active, build, evaluate, outputs, pull, push, stack
from ...zeros import total
from .graphs import (
    Flags,
    check,
    chosen,
    cut,
    own,
    placed,
    program,
    settle,
    several,
    single,
    whole,
    wide,
)
from .signals import NOTHING, Kinds, count, kinds, packed, plainer, unpacked, wired

Sizes = tuple[int, ...]
Steps = tuple[Graph, ...]


@operation
class Sweeps(Op):
    """x = f(x, s) as long as condition(x, s) holds; then y = g(x[t], y, s) for the same t, ...

    The arguments are the first states of each pass (`sizes` tells how many) and any number of s; a
    step gets the states of all passes up to its own, and s. The results are the last states. A pass
    in reverse starts at the last position, and every pass has at position t the state that it had
    before its step there.
    """

    kind = "control"
    condition: Graph
    steps: Steps
    reverse: Flags
    sizes: Sizes

    def type(self, *args):
        check(self, args, self.input_types)
        return single(self.input_types[: sum(self.sizes)])

    @property
    def input_types(self) -> tuple[Type, ...]:
        """The types of the arguments."""
        return self.steps[-1].input_types

    def value(self, *args):
        return self.kernel()(*args)

    def exactly(self, lib, *args):
        steps = [lib.program(step) for step in self.steps]
        return run(lib.program(self.condition), steps, self, *args)

    def kernel(self, *args):
        steps = [program(step) for step in self.steps]
        return partial(run, program(self.condition), steps, self)

    def push(self, y, args, tangents):
        given, n = kinds(tangents), sum(self.sizes)
        op, state = tangent_passes(self, given)
        if not any(state):
            return None
        pieces = zip(*(cut(a, self.sizes)[:-1] for a in (args, tangents, state)), strict=True)
        states = [a for x, t, k in pieces for a in (*x, *packed(t, k, x))]
        found = several(bind(op, *states, *args[n:], *packed(tangents[n:], given[n:], args[n:])))
        moved = []
        for x, k in zip(cut(found, op.sizes), cut(state, self.sizes)[:-1], strict=False):
            moved += unpacked(x[len(k) :], k)
        return single(moved)

    def pull(self, y, args, g, wanted):
        g, n = several(g), sum(self.sizes)
        op, state, found = adjoint_passes(self, kinds(g), wanted)
        if not any(state):
            return (None,) * len(args)
        known = [q if k else None for q, k in zip(g, state, strict=True)]
        pieces = [cut(a, self.sizes)[:-1] for a in (known, state, args[:n])]
        start = [packed(q, k, x) for q, k, x in zip(*pieces, strict=True)]
        start[0] += packed([None] * len(found), found, args[n:])
        adjoint = [a for first in reversed(start) for a in first]
        results = several(bind(op, *args[:n], *adjoint, *args[n:]))[n:]
        back: list[tuple] = []
        end = len(results)
        for k in cut(state, self.sizes)[:-1]:
            size = count(k) + (count(found) if not back else 0)
            back.append(results[end - size : end])
            end -= size
        first = count(state[: self.sizes[0]])
        signals = unpacked([*back[0][:first], *(a for b in back[1:] for a in b)], state)
        signals += unpacked(back[0][first:], found)
        return tuple(b if w else None for b, w in zip(signals, wanted, strict=True))

    def batch(self, args, stacked, n):
        size = sum(self.sizes)
        op, flags = wide_passes(self, stacked, n)
        states = [
            stack(a, n) if f and not w else a
            for a, f, w in zip(args[:size], flags, stacked, strict=False)
        ]
        y = several(bind(op, *states, *args[size:]))
        return single([a if f else stack(a, n) for a, f in zip(y, flags, strict=True)])

    def runs(self):
        return [(graph, 1) for graph in (self.condition, *self.steps)]

    def refined(self, better):
        steps = tuple(map(better, self.steps))
        return Sweeps(better(self.condition), steps, self.reverse, self.sizes)

    def batched(self, n):
        return whole(self, self.input_types, n)

    def notation(self, y: Any, *args: Text) -> Text:
        return Text(f"while({', '.join(a.text for a in args)})", ATOM)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        condition, first, second = _example()
        start = ((2,), _counter, (2,))
        yield Example(cls(condition, (first,), (False,), (2,)), start)
        yield Example(
            cls(condition, (first, second), (False, True), (2, 1)), (*start[:2], (2,), (2,))
        )


def run(condition: Callable, steps: Sequence[Callable], op: Sweeps, *args: Any) -> Any:
    """The passes on plain arrays: one call of the condition and of a compiled step each time."""
    *states, same = cut(args, op.sizes)
    several_passes, step, x = len(steps) > 1, steps[0], states[0]
    past: list[list[Any]] = []  # the states of all passes so far, at each position
    while condition(*x, *same)[0]:
        if several_passes:
            past.append(x)
        x = step(*x, *same)
    results = list(x)
    for k in range(1, len(steps)):
        step, y, last = steps[k], states[k], k == len(steps) - 1
        for t in range(len(past) - 1, -1, -1) if op.reverse[k] else range(len(past)):
            at = [*past[t], *y]
            y = step(*at, *same)
            past[t] = past[t] if last else at
        results += y
    return own(results, args)


@lru_cache(maxsize=512)
def joint(op: Sweeps) -> Graph:
    """All steps at one position: from the states there, and s, to the next of every pass."""
    n = sum(op.sizes)

    def f(*args: Array) -> list[Array]:
        found: list[Array] = []
        for k, step in enumerate(op.steps):
            states = args[: sum(op.sizes[: k + 1])]
            found += outputs(step, evaluate(step, [*states, *args[n:]]))
        return found

    return build(op.input_types, f)


@lru_cache(maxsize=512)
def tangent_passes(op: Sweeps, given: Kinds) -> tuple[Sweeps, Kinds]:
    """The passes whose states have their tangents behind them, and what these are."""
    n = sum(op.sizes)
    state, same = given[:n], given[n:]
    while True:
        graph, reached = _tangents(op, state, same)
        before, state = state, tuple(map(max, state, reached))
        if state == before:
            return _with_tangents(op, graph, state, same), state


def _tangents(op: Sweeps, state: Kinds, same: Kinds) -> tuple[Graph, Kinds]:
    """All steps with their tangents, if the states have those that the steps give."""
    every = joint(op)
    types = [*every.input_types, *wired(every.input_types, (*state, *same))]
    reached: list[int] = []

    def f(*args: Array) -> list[Array]:
        x, t = cut(args, (every.arity,))
        env = evaluate(every, x)
        moved = [plainer(s) for s in push(every, env, unpacked(t, (*state, *same)))]
        reached[:] = kinds(moved)
        if tuple(map(max, state, reached)) != state:
            return []
        like = [env[o] for o in every.outputs]
        pieces = zip(*(cut(a, op.sizes)[:-1] for a in (like, moved, state)), strict=True)
        return [a for y, s, k in pieces for a in (*y, *packed(s, k, y))]

    return build(types, f), tuple(reached)


def _with_tangents(op: Sweeps, graph: Graph, state: Kinds, same: Kinds) -> Sweeps:
    """The passes of a graph of all steps: its inputs in another order, and cut into steps."""
    n = sum(op.sizes)
    numbers = list(range(graph.arity))
    x, s, tx, ts = cut(numbers, (n, len(same), count(state)))
    order: list[int] = []
    sizes, start = [], 0
    for numbers, k in zip(cut(x, op.sizes)[:-1], cut(state, op.sizes)[:-1], strict=True):
        tangents = tx[start : start + count(k)]
        start += len(tangents)
        order += [*numbers, *tangents]
        sizes.append(len(numbers) + len(tangents))
    order += [*s, *ts]
    types = tuple(graph.input_types[i] for i in order)
    every = placed(graph, types, tuple(order.index(i) for i in range(graph.arity)))
    condition = _condition(op, types, sum(sizes), sizes[0])
    return Sweeps(condition, _cut_apart(every, sizes), op.reverse, tuple(sizes))


def _condition(op: Sweeps, types: tuple[Type, ...], states: int, first: int) -> Graph:
    """The condition, for states with more behind those of the first pass, and more s."""
    own_states = op.sizes[0]
    same = op.condition.arity - own_states
    given = (*types[:first], *types[states:])
    return placed(op.condition, given, (*range(own_states), *range(first, first + same)))


def _cut_apart(every: Graph, sizes: list[int]) -> Steps:
    """The graph of all steps as one for each pass, which gets the states up to its own, and s."""
    n, steps = sum(sizes), []
    for k in range(len(sizes)):
        end = sum(sizes[: k + 1])
        keep = tuple(i < end or i >= n for i in range(every.arity))
        steps.append(_part(every, keep, (end - sizes[k], end)))
    return tuple(steps)


def _part(graph: Graph, keep: Flags, span: tuple[int, int]) -> Graph:
    """The graph of some of the outputs, which depend only on some of the inputs."""

    def f(*args: Array) -> list[Array]:
        rest = iter(args)
        needed = [graph.outputs[o] for o in range(*span)]
        part, _ = canonical(
            [(n.op, *n.args) for _, n in graph],
            [n.type for _, n in graph],
            chosen(graph.inputs, keep),
            needed,
        )
        return outputs(part, evaluate(part, list(rest)))

    return build(chosen(graph.input_types, keep), f)


@lru_cache(maxsize=512)
def adjoint_passes(op: Sweeps, given: Kinds, wanted: Flags) -> tuple[Sweeps, Kinds, Kinds]:
    """The passes with those of their adjoints behind them; what these carry, and add up for s."""
    n, every = sum(op.sizes), joint(op)
    sought = settle(wanted, lambda flags: (*_reached(every, flags)[:n], *flags[n:]))
    state = tuple(g if m else NOTHING for g, m in zip(given, sought, strict=False))
    found: Kinds = (NOTHING,) * (every.arity - n)
    while True:
        before, reached = (state, found), _cotangents(every, state, sought)
        state, found = tuple(map(max, state, reached)), tuple(reached[n:])
        if (state, found) == before:
            return _with_adjoints(op, state, found, sought), state, found


def _cotangents(every: Graph, state: Kinds, sought: Flags) -> list[int]:
    """What the inputs get from all steps, if the states have these cotangents."""
    types = [*every.input_types, *wired(every.input_types[: len(state)], state)]
    reached: list[int] = []

    def f(*args: Array) -> list[Array]:
        x, g = cut(args, (every.arity,))
        back = pull(every, evaluate(every, x), unpacked(g, state), sought)
        reached[:] = kinds(plainer(b) for b in back)
        return []

    build(types, f)
    return reached


def _reached(graph: Graph, flags: Flags) -> list[bool]:
    reached = active(graph, flags)
    return [reached[o] for o in graph.outputs]


def _with_adjoints(op: Sweeps, state: Kinds, found: Kinds, sought: Flags) -> Sweeps:
    n, types, passes = sum(op.sizes), op.input_types, len(op.sizes)
    steps, sizes = list(op.steps), list(op.sizes)
    carried: list[Type] = []
    for k in reversed(range(passes)):
        own_types = wired(_of(types, op.sizes, k), _of(state, op.sizes, k))
        own_types += wired(types[n:], found) if k == 0 else []
        carried += own_types
        sizes.append(len(own_types))
        inputs = [*types[:n], *carried, *types[n:]]
        steps.append(build(inputs, partial(_adjoint, op, k, state, found, sought)))
    full = (*types[:n], *carried, *types[n:])
    condition = _condition(op, full, n + len(carried), op.sizes[0])
    backwards = (*op.reverse, *(not r for r in reversed(op.reverse)))
    return Sweeps(condition, tuple(steps), backwards, tuple(sizes))


def _of(values: Any, sizes: Sizes, k: int) -> list[Any]:
    """The values of pass k."""
    return cut(values, sizes)[k]


def _adjoint(
    op: Sweeps, k: int, state: Kinds, found: Kinds, sought: Flags, *args: Array
) -> list[Array]:
    """The step of the adjoint of pass k: the adjoints of all later passes are known there."""
    n, every = sum(op.sizes), joint(op)
    x, g, s = args[:n], list(args[n : len(args) - len(found)]), args[len(args) - len(found) :]
    signals: list[Any] = [None] * n
    ends = [sum(op.sizes[: i + 1]) for i in range(len(op.sizes))]
    for i in reversed(range(k, len(op.sizes))):
        own_kinds = _of(state, op.sizes, i)
        here, g = g[: count(own_kinds)], g[count(own_kinds) :]
        signals[ends[i] - op.sizes[i] : ends[i]] = unpacked(here, own_kinds)
    first = ends[k] - op.sizes[k]
    needed = [w and (first <= i < ends[k] or (k == 0 and i >= n)) for i, w in enumerate(sought)]
    back = [plainer(b) for b in pull(every, evaluate(every, [*x, *s]), signals, needed)]
    results = packed(back[first : ends[k]], state[first : ends[k]], x[first : ends[k]])
    if k:
        return results
    sums = [
        a if b is None else total([a, b]) for a, b in zip(unpacked(g, found), back[n:], strict=True)
    ]
    return [*results, *packed(sums, found, s)]


@lru_cache(maxsize=512)
def wide_passes(op: Sweeps, stacked: Flags, n: int) -> tuple[Sweeps, Flags]:
    """The passes over a new first axis, and which states have it.

    If the condition has it the loop runs until it holds nowhere, and where it does not hold any
    more states stay what they are.
    """
    size, every = sum(op.sizes), joint(op)
    rest = stacked[size:]

    def more(flags: Flags) -> Flags:
        alone = wide(op.condition, n, (*flags[: op.sizes[0]], *rest), (False,))[1][0]
        return (True,) * size if alone else wide(every, n, (*flags, *rest), flags)[1]

    flags = settle(stacked[:size], more)
    condition, (alone,) = wide(op.condition, n, (*flags[: op.sizes[0]], *rest), (False,))
    every = wide(every, n, (*flags, *rest), flags)[0]
    if alone:
        every, condition = _where(every, condition, op.sizes[0]), _any(condition)
    steps = _cut_apart(every, list(op.sizes))
    return Sweeps(condition, steps, op.reverse, op.sizes), flags


def _where(every: Graph, condition: Graph, first: int) -> Graph:
    """The next states where the condition holds, the same elsewhere."""
    n = len(every.outputs)

    def f(*args: Array) -> list[Array]:
        (runs,) = outputs(condition, evaluate(condition, [*args[:first], *args[n:]]))
        new = outputs(every, evaluate(every, args))
        pairs = zip(new, args[:n], strict=True)
        return [np.where(runs.reshape((-1, *(1,) * (a.ndim - 1))), a, b) for a, b in pairs]

    return build(every.input_types, f)


def _any(condition: Graph) -> Graph:
    return build(
        condition.input_types,
        lambda *args: [np.any(outputs(condition, evaluate(condition, args))[0])],
    )


def _counter(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 3, ())


def _example() -> tuple[Graph, Graph, Graph]:
    """x -> sin(x) s while a counter is below four, and back: y -> y cos(x) + s."""
    vector, integer = Type(np.dtype(float), (2,)), Type(np.dtype(np.int64), ())
    condition = build([vector, integer, vector], lambda x, i, s: [i < 4])
    first = build([vector, integer, vector], lambda x, i, s: [np.sin(x) * s, i + 1])
    types = [vector, integer, vector, vector]
    return condition, first, build(types, lambda x, i, y, s: [y * np.cos(x) + s])
