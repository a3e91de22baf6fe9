"""A loop over rows that carries a state along: scan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import repeat
from typing import Any

import numpy as np

from ...array import Array, bind
from ...graph import Example, Graph, Op, Type, operation
from ...notation import ATOM, Text
from ...walk import build, evaluate, pull, push, stack
from ...zeros import total
from .graphs import (
    Flags,
    check,
    chosen,
    cut,
    own,
    program,
    settle,
    several,
    single,
    used,
    whole,
    wide,
    without,
)
from .signals import (
    NOTHING,
    Kinds,
    count,
    kinds,
    moving,
    packed,
    plainer,
    unpacked,
    wired,
)


@operation
class Scan(Op):
    """(c, y[i]) = step(c, x[i], s) for i = 0, ..., length - 1: the last c, and y.

    The arguments are `states` arrays c, `rows` arrays x and any number of s. In reverse i runs from
    the last row to the first. Derivatives start from the states before each step. If they are
    among y they are known, otherwise a scan finds them.
    """

    kind = "control"
    step: Graph
    states: int
    rows: int
    length: int
    reverse: bool

    def type(self, *args):
        check(self, args, self.input_types)
        c, y, _ = cut(self.step.output_types, (self.states, len(self.step.outputs) - self.states))
        return single([*c, *(Type(t.dtype, (self.length, *t.shape)) for t in y)])

    @property
    def input_types(self) -> list[Type]:
        """The types of the arguments."""
        c, x, s = cut(self.step.input_types, self.sizes)
        return [*c, *(Type(t.dtype, (self.length, *t.shape)) for t in x), *s]

    @property
    def sizes(self) -> tuple[int, int]:
        """How many arguments are states and rows; the others stay the same."""
        return self.states, self.rows

    def value(self, *args):
        return run(program(self.step), self, *args)

    def kernel(self, *args):
        return partial(run, program(self.step), self)

    def push(self, y, args, tangents):
        given = kinds(tangents)
        step, state, found = tangent_step(self.step, self.sizes, given)
        if not any(state) and not any(found):
            return None
        (tc, tx, ts), (c, x, s) = cut(tangents, self.sizes), cut(args, self.sizes)
        _, kx, ks = cut(given, self.sizes)
        before = partial(_before, self, several(y), args)
        rows = [*(partial(before, j) for j in range(len(c))), *x, *packed(tx, kx, x)]
        results = repeated(
            step, packed(tc, state, c), rows, [*s, *packed(ts, ks, s)], self.length, self.reverse
        )
        moved = unpacked(results, (*state, *found))
        return single(moved)

    def pull(self, y, args, g, wanted):
        y, g = several(y), several(g)
        given = kinds(g)
        step, state, found = cotangent_step(self.step, self.sizes, given, wanted)
        (c, x, s), (gc, gy) = cut(args, self.sizes), (g[: self.states], g[self.states :])
        if not any(state) and not any(found):
            return (None,) * len(args)
        before = partial(_before, self, y, args)
        start = packed([q if k else None for q, k in zip(gc, state, strict=True)], state, c)
        start += packed([None] * len(s), found[len(x) :], s)
        rows = [*(partial(before, j) for j in range(len(c))), *x]
        rows += packed(gy, given[self.states :], y[self.states :])
        results = repeated(step, start, rows, s, self.length, not self.reverse)
        order = (*state, *found[len(x) :], *found[: len(x)])
        back = unpacked(results, order)
        back = [*back[: len(c)], *back[len(c) + len(s) :], *back[len(c) : len(c) + len(s)]]
        return tuple(b if w else None for b, w in zip(back, wanted, strict=True))

    def batch(self, args, stacked, n):
        wide_states, rest = stacked[: self.states], stacked[self.states :]
        none = (False,) * (len(self.step.outputs) - self.states)

        def more(flags: Flags) -> Flags:
            return wide(self.step, n, (*flags, *rest), (*flags, *none))[1][: self.states]

        flags = settle(wide_states, more)
        step, found = wide(self.step, n, (*flags, *rest), (*flags, *none))
        (c, x, s), (_, of_rows, _) = cut(args, self.sizes), cut(stacked, self.sizes)
        c = [
            stack(a, n) if f and not w else a for a, f, w in zip(c, flags, wide_states, strict=True)
        ]
        x = [np.swapaxes(a, 0, 1) if w else a for a, w in zip(x, of_rows, strict=True)]
        op = Scan(step, self.states, self.rows, self.length, self.reverse)
        y = several(bind(op, *c, *x, *s))
        results = [a if w else stack(a, n) for a, w in zip(y, found, strict=True)]
        for k in range(self.states, len(y)):
            results[k] = np.swapaxes(y[k], 0, 1) if found[k] else stack(y[k], n)
        return single(results)

    def batched(self, n):
        return whole(self, self.input_types, n)

    def notation(self, y: Any, *args: Text) -> Text:
        return Text(f"scan({', '.join(a.text for a in args)})", ATOM)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(_example(False), 2, 1, 4, False), ((2,), (), (4, 2), (2,)))
        yield Example(cls(_example(True), 2, 1, 4, True), ((2,), (), (4, 2), (2,)))
        yield Example(cls(_example(True), 2, 1, 0, False), ((2,), (), (0, 2), (2,)))


def run(step: Callable, op: Scan, *args: Any) -> Any:
    """The loop on plain arrays: one call of the compiled step for each row."""
    k, n = op.states, op.length
    c, x, s = cut(args, op.sizes)
    order = range(n - 1, -1, -1) if op.reverse else range(n)
    rows = zip(*[a[::-1] if op.reverse else a for a in x]) if x else repeat(())  # noqa: B905
    y: list[np.ndarray] = []
    for i, row in zip(order, rows, strict=False):
        found = step(*c, *row, *s)
        c = found[:k]
        if not y:
            y = [np.empty((n, *np.shape(v)), v.dtype) for v in found[k:]]
        for a, v in zip(y, found[k:], strict=True):
            a[i] = v
    if not n:
        y = [np.empty((0, *t.shape), t.dtype) for t in op.step.output_types[k:]]
    return own([*c, *y], args)


def repeated(
    step: Graph,
    states: Sequence[Array],
    rows: Sequence[Any],
    same: Sequence[Array],
    length: int,
    reverse: bool,
) -> tuple[Array, ...]:
    """A scan over those rows and arguments that the step uses; rows may be given by a function."""
    keep = (*(True for _ in states), *used(step)[len(states) :])
    _, some, others = cut(keep, (len(states), len(rows)))
    given = [r() if callable(r) else r for r in chosen(rows, some)]
    op = Scan(without(step, keep), len(states), len(given), length, reverse)
    return several(bind(op, *states, *given, *chosen(same, others)))


def _before(op: Scan, y: Sequence[Array], args: Sequence[Array], j: int) -> Array:
    """The state j before each step: what the scan gave, or else another scan."""
    k = op.states
    known = [i for i in range(k, len(y)) if op.step.outputs[i] == j]
    return y[known[0]] if known else several(bind(history(op), *args))[k + j]


@lru_cache(maxsize=512)
def history(op: Scan) -> Scan:
    """The scan whose rows are all its states, as they are before each step."""
    k = op.states

    def f(*args: Array) -> list[Array]:
        env = evaluate(op.step, args)
        return [*(env[o] for o in op.step.outputs[:k]), *args[:k]]

    return Scan(build(op.step.input_types, f), k, op.rows, op.length, op.reverse)


@lru_cache(maxsize=512)
def remembering(op: Scan) -> Scan:
    """The scan, with the states before each step as its last rows."""

    def f(*args: Array) -> list[Array]:
        env = evaluate(op.step, args)
        return [*(env[o] for o in op.step.outputs), *args[: op.states]]

    return Scan(build(op.step.input_types, f), op.states, op.rows, op.length, op.reverse)


# ------------------------------------------------------------ derivatives of the step


@lru_cache(maxsize=512)
def tangent_step(step: Graph, sizes: tuple[int, int], given: Kinds) -> tuple[Graph, Kinds, Kinds]:
    """The step of a scan that carries the tangents of the states and gives those of the rows.

    Its rows are the states, the rows and their tangents; also what is carried and found.
    """
    k = sizes[0]
    state, found = given[:k], (NOTHING,) * (len(step.outputs) - k)
    while True:
        before = (state, found)
        graph, reached = _tangents(step, sizes, (*state, *given[k:]), found)
        state, found = _next(reached, state)
        if (state, found) == before:
            return graph, state, found


def _tangents(
    step: Graph, sizes: tuple[int, int], given: Kinds, found: Kinds
) -> tuple[Graph, Kinds]:
    (tc, tx, ts), (state, kx, ks) = cut(step.input_types, sizes), cut(given, sizes)
    types = [*wired(tc, state), *tc, *tx, *wired(tx, kx), *ts, *wired(ts, ks)]
    pieces = (count(state), len(tc), len(tx), count(kx), len(ts))
    reached: list[int] = []

    def f(*args: Array) -> list[Array]:
        mc, c, x, mx, s, ms = cut(args, pieces)
        env = evaluate(step, [*c, *x, *s])
        moved = push(step, env, unpacked([*mc, *mx, *ms], given))
        moved = [plainer(t) for t in moved]
        reached[:] = kinds(moved)
        if not _settled(reached, tuple(state), found):
            return []
        return packed(moved, (*state, *found), [env[o] for o in step.outputs])

    return build(types, f), tuple(reached)


def _next(reached: Sequence[int], state: Kinds) -> tuple[Kinds, Kinds]:
    k = len(state)
    return tuple(map(max, state, reached[:k])), tuple(reached[k:])


def _settled(reached: Sequence[int], state: Kinds, found: Kinds) -> bool:
    return _next(reached, state) == (state, found)


@lru_cache(maxsize=512)
def cotangent_step(
    step: Graph, sizes: tuple[int, int], given: Kinds, wanted: Flags
) -> tuple[Graph, Kinds, Kinds]:
    """The step of a scan that runs back: it carries the cotangents of the states, adds up those of
    what stays the same, and gives those of the rows.

    Its rows are the states, the rows and the cotangents of the results; also what is carried, and
    what is found for rows and for the rest.
    """
    sought = moving(step, sizes[0], wanted)
    state = tuple(g if m else NOTHING for g, m in zip(given, sought[: sizes[0]], strict=False))
    found: Kinds = (NOTHING,) * (step.arity - sizes[0])
    while True:
        before = (state, found)
        graph, reached = _cotangents(step, sizes, (*state, *given[sizes[0] :]), found, sought)
        state, found = _next(reached, state)
        if (state, found) == before:
            return graph, state, found


def _cotangents(
    step: Graph, sizes: tuple[int, int], given: Kinds, found: Kinds, sought: Flags
) -> tuple[Graph, Kinds]:
    k, m = sizes
    (tc, tx, ts), ty = cut(step.input_types, sizes), list(step.output_types[k:])
    state, gy, same = given[:k], given[k:], found[m:]
    types = [*wired(tc, state), *wired(ts, same), *tc, *tx, *wired(ty, gy), *ts]
    pieces = (count(state), count(same), k, m, count(gy))
    reached: list[int] = []

    def f(*args: Array) -> list[Array]:
        gc, sums, c, x, gys, s = cut(args, pieces)
        env = evaluate(step, [*c, *x, *s])
        back = pull(step, env, [*unpacked(gc, state), *unpacked(gys, gy)], sought)
        back = [plainer(b) for b in back]
        reached[:] = kinds(back)
        if not _settled(reached, state, found):
            return []
        sums = [_plus(a, b) for a, b in zip(unpacked(sums, same), back[k + m :], strict=True)]
        like = (*packed(back[:k], state, c), *packed(sums, same, s))
        return [*like, *packed(back[k : k + m], found[:m], x)]

    return build(types, f), tuple(reached)


def _plus(a: Any, b: Any) -> Any:
    return a if b is None else b if a is None else total([a, b])


def _example(history: bool) -> Graph:
    """c -> sin(c + x) cos(s) + cos(d), d -> cos(c[0] + d); the states are among the rows, or not."""
    vector, number = Type(np.dtype(float), (2,)), Type(np.dtype(float), ())

    def f(c: Array, d: Array, x: Array, s: Array) -> list[Array]:
        new = np.sin(c + x) * np.cos(s) + np.cos(d)
        return [new, np.cos(c[0] + d), np.sin(new + x), *([c, d] if history else [])]

    return build([vector, number, vector, vector], f)
