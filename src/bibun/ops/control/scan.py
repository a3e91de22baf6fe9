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
from ...walk import build, evaluate, pull, stack
from ...zeros import move
from .graphs import (
    Flags,
    check,
    chosen,
    cut,
    own,
    part_of,
    program,
    settle,
    several,
    single,
    used,
    whole,
    wide,
    without,
)
from .signals import MASKED, NOTHING, PLAIN, kind, kinds, moving, packed, plainer, unpacked
from .steps import added, cotangent_step, tangent_step

MOST = 2  # rounds that are taken back one by one, before all others in a scan


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

    def exactly(self, lib, *args):
        return run(lib.program(self.step), self, *args)

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
        (c, x, s), k = cut(args, self.sizes), self.states
        sought = moving(self.step, k, wanted)
        carry = [plainer(q) if m else None for q, m in zip(g[:k], sought, strict=False)]
        if kinds([*carry, *g[k:]]) == (NOTHING,) * len(g):
            return (None,) * len(args)
        before = [partial(_before, self, y, args, j) for j in range(k)]
        carry, gy, ends = self._last_rounds(carry, g[k:], before, x, s, sought)
        left, given = self.length - len(ends), kinds(gy)
        step, state, found = cotangent_step(self.step, self.sizes, (*kinds(carry), *given), wanted)
        start = packed(carry, state, c) + packed([None] * len(s), found[len(x) :], s)
        rows = [partial(self._rest, a, left) for a in (*before, *x, *packed(gy, given, y[k:]))]
        results = repeated(step, start, rows, s, left, not self.reverse)
        signals = unpacked(results, (*state, *found[len(x) :], *found[: len(x)]))
        first, sums, moved = cut(signals, (k, len(s)))
        for end in ends:
            sums = [added(a, b) for a, b in zip(sums, end[len(x) :], strict=True)]
        ends = ends if self.reverse else ends[::-1]
        moved = [self._joined(a, [end[j] for end in ends], x[j], left) for j, a in enumerate(moved)]
        back = (*first, *moved, *sums)
        return tuple(b if w else None for b, w in zip(back, wanted, strict=True))

    def _last_rounds(
        self, carry: list, gy: Sequence, before: list, x: list, s: list, sought: Flags
    ) -> tuple[list, list, list]:
        """Some rounds from the end, one by one, until what goes back is of the same kind.

        Most often that is after one round: then entries of the last state that nobody uses are
        neither ordinary zeros, nor are their masks carried along.
        """
        ends: list[list[Any]] = []
        k, gy = self.states, list(gy)
        while len(ends) < min(MOST, self.length):
            given = kinds(carry)
            state = cotangent_step(self.step, self.sizes, (*given, *kinds(gy)), sought)[1]
            if state == given and MASKED not in state:
                break
            i = len(ends) if self.reverse else self.length - 1 - len(ends)
            env = evaluate(self.step, [*(b()[i] for b in before), *(a[i] for a in x), *s])
            here = [None if q is None else move(partial(_row, i), q) for q in gy]
            back = [plainer(b) for b in pull(self.step, env, [*carry, *here], sought)]
            carry = back[:k]
            ends.append(back[k:])
        left = self.length - len(ends)
        if ends:
            gy = [None if q is None else move(partial(self._rest, n=left), q) for q in gy]
        return carry, gy, ends

    def _rest(self, a: Any, n: int) -> Array:
        """The rows of the first n rounds."""
        a = a() if callable(a) else a
        if len(a) == n:
            return a
        return a[self.length - n :] if self.reverse else a[:n]

    def _joined(self, rest: Any, ends: list[Any], x: Array, n: int) -> Any:
        """The cotangents of the rows of the first n rounds, and of the others."""
        if not ends or (rest is None and all(e is None for e in ends)):
            return rest
        masked = [NOTHING if e is None else kind(e) for e in (rest, *ends)]
        of = PLAIN if set(masked) == {PLAIN} else MASKED
        likes = [self._rest(x, n), *(x[0] for _ in ends)]
        pairs = [packed([e], (of,), [a]) for e, a in zip((rest, *ends), likes, strict=True)]
        arrays = []
        for first, *others in zip(*pairs, strict=True):
            stacked = np.stack(others)
            pieces = [stacked, first] if self.reverse else [first, stacked]
            arrays.append(np.concatenate(pieces))
        return unpacked(arrays, (of,))[0]

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

    def runs(self):
        return ((self.step, self.length),)

    def refined(self, better):
        return Scan(better(self.step), self.states, self.rows, self.length, self.reverse)

    def trimmed(self, used):
        n = len(self.step.outputs)
        kept = [i for i in range(n) if i < self.states or i in used]
        if len(kept) == n:
            return self, []
        return Scan(
            part_of(self.step, kept), self.states, self.rows, self.length, self.reverse
        ), kept

    def batched(self, n):
        return whole(self, self.input_types, n)

    def notation(self, y: Any, *args: Text) -> Text:
        return Text(f"scan({', '.join(a.text for a in args)})", ATOM)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(_example(False), 2, 1, 4, False), ((2,), (), (4, 2), (2,)))
        yield Example(cls(_example(True), 2, 1, 4, True), ((2,), (), (4, 2), (2,)))
        yield Example(cls(_example(True), 2, 1, 0, False), ((2,), (), (0, 2), (2,)))


def _row(i: int, a: Array) -> Array:
    return a[i]


def run(step: Callable, op: Scan, *args: Any) -> Any:
    """The loop on plain arrays: one call of the compiled step for each row."""
    k, n = op.states, op.length
    c, x, s = cut(args, op.sizes)
    rows = zip(*[a[::-1] if op.reverse else a for a in x]) if x else repeat((), n)  # noqa: B905
    if len(op.step.outputs) == k:
        for row in rows:
            c = step(*c, *row, *s)
        return own(c, args)
    y: list[np.ndarray] = []
    for i, row in zip(range(n - 1, -1, -1) if op.reverse else range(n), rows, strict=True):
        found = step(*c, *row, *s)
        c = found[:k]
        y = y or [np.empty((n, *np.shape(v)), v.dtype) for v in found[k:]]
        for j, a in enumerate(y, k):
            a[i] = found[j]
    y = y or [np.empty((0, *t.shape), t.dtype) for t in op.step.output_types[k:]]
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


def _example(history: bool) -> Graph:
    """c -> sin(c + x) cos(s) + cos(d), d -> cos(c[0] + d); y has the states before, or not."""
    vector, number = Type(np.dtype(float), (2,)), Type(np.dtype(float), ())

    def f(c: Array, d: Array, x: Array, s: Array) -> list[Array]:
        new = np.sin(c + x) * np.cos(s) + np.cos(d)
        return [new, np.cos(c[0] + d), np.sin(new + x), *([c, d] if history else [])]

    return build([vector, number, vector, vector], f)
