"""Lifted: what the rounds of a scan need not do one by one is done for all of them at once.

What does not depend on the states is computed before all rounds, in vectors along them. What is
only added up from round to round is added up after them, if the rows that it takes are less than
what is added, as for x y^T, where the sum is a product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from ..array import Array, bind, innermost
from ..graph import Graph, Input, canonical
from ..ops.control.graphs import chosen, cut, several, single, used, without
from ..ops.control.scan import Scan
from ..ops.elementwise import Elementwise
from ..ops.matmul import MatMul
from ..ops.structure import Transpose
from ..walk import apply, batch, build, outputs
from .arranged import arranged
from .linear import linear, made_once
from .movable import MOST_BYTES, frontier, movable, reached, size

Known = dict[int, tuple[Array, bool]]
"""Of nodes of a step: an array outside, and whether its first axis has the rounds."""
FEWEST = 4
"""Rounds from which on it is worth while."""


def lifted(graph: Graph) -> Graph:
    """The same function, with less in the rounds of its scans."""
    if not any(_long(n.op) for _, n in graph.body()):
        return graph

    def f(*args: Array) -> list[Array]:
        env: list[Any] = list(args)
        trace = innermost(env)
        for _, n in graph.body():
            op: Any = n.op
            if _long(op):
                env.append(Rounds(op).run([env[a] for a in n.args]))
            else:
                env.append(apply(n, env, trace))
        return outputs(graph, env)

    return build(graph.input_types, f)


def _long(op: Any) -> bool:
    return isinstance(op, Scan) and op.length >= FEWEST


class Rounds:
    """A scan, taken apart: `before` all rounds, in each, and the `sums` after them."""

    def __init__(self, op: Scan):
        self.op, self.step = op, linear(op, arranged(op))
        step, k = self.step, op.states
        inputs = [i < k for i in step.inputs]
        self.varying = reached(step, inputs)
        free = [not v for v in inputs]
        for _, n in step.body():
            free.append(movable(n) and all(free[a] for a in n.args))
        self.before = frontier(
            step, free, op.length, {*self._turned(), *made_once(step, k + op.rows)}
        )
        self.sums: dict[int, int] = {}  # of a state: the term that each round adds
        self.rows: list[int] = []  # nodes whose values in all rounds the sums take
        self._find_sums()

    def _turned(self) -> Iterator[int]:
        """Matrices that stay the same and are multiplied the other way round."""
        for i, n in self.step.body():
            if isinstance(n.op, MatMul) and self.varying[i]:
                for a in n.args:
                    if isinstance(self.step.nodes[a].op, Transpose) and not self.varying[a]:
                        yield a

    # ------------------------------------------------------------ sums

    def _find_sums(self) -> None:
        step, k, n = self.step, self.op.states, self.op.length
        taken = [a for _, node in step.body() for a in node.args] + list(step.outputs)
        known, room = set(step.outputs[k:]), MOST_BYTES
        for j in sorted(range(k), key=lambda j: -size(step.nodes[j].type)):
            term = self._term(j, taken)
            if term is None:
                continue
            rows = list(self._leaves(term, known))
            more = sum(size(step.nodes[i].type) for i in rows)
            added = size(step.nodes[j].type) * len(self._addends(term))
            if more < added and n * more <= room:
                room -= n * more
                known.update(rows)
                self.sums[j] = term
                self.rows += rows

    def _term(self, j: int, taken: Sequence[int]) -> int | None:
        """What each round adds to state j, if that is all that is done with it."""
        o = self.step.outputs[j]
        op, args, t = self.step.nodes[o]
        if not isinstance(op, Elementwise) or op.label != "add" or t.dtype.kind != "f":
            return None
        alone = taken.count(j) == taken.count(o) == 1 and args.count(j) == 1
        return sum(args) - j if alone and self.varying[sum(args) - j] else None

    def _leaves(self, term: int, known: set[int]) -> Iterator[int]:
        """What else has to be known for the term to be computed outside, element by element."""
        step, found, stack = self.step, set(), [term]
        whole = prod(step.nodes[term].type.shape)
        while stack:
            i = stack.pop()
            if i in found or i in known or not self.varying[i]:
                continue
            found.add(i)
            n = step.nodes[i]
            inside = i >= step.arity and movable(n) and n.op.kind in ("element", "view")
            if inside and prod(n.type.shape) >= whole:
                stack += n.args
            else:
                yield i

    def _addends(self, term: int) -> list[int]:
        """What a term is the sum of."""
        n = self.step.nodes[term]
        if isinstance(n.op, Elementwise) and n.op.label == "add" and self.varying[term]:
            return [a for arg in n.args for a in self._addends(arg)]
        return [term]

    # ------------------------------------------------------------ the new scan

    def run(self, args: Sequence[Array]) -> Any:
        """The results of the scan."""
        op, k = self.op, self.op.states
        if not self.before and not self.sums and self.step == op.step:
            return bind(op, *args)
        c, x, s = cut(args, op.sizes)
        given = [*((a, True) for a in x), *((a, False) for a in s)]
        known: Known = dict(zip(self.step.inputs[k:], given, strict=True))
        known.update(zip(self.before, self.outside(self.before, known), strict=True))
        results = self._scan(c, known)
        kept = k - len(self.sums)
        rows = [*self.step.outputs[k:], *self.rows]
        known.update(zip(rows, [(a, True) for a in results[kept:]], strict=True))
        states = iter(results[:kept])
        last = []
        for j in range(k):
            if j in self.sums:
                terms = self.outside(self._addends(self.sums[j]), known)
                last.append(sum([np.sum(t, 0) for t, _ in terms], start=c[j]))
            else:
                last.append(next(states))
        return single([*last, *results[kept : kept + len(self.step.outputs) - k]])

    def outside(self, wanted: Sequence[int], known: Known) -> list[tuple[Array, bool]]:
        """Some nodes from others, and whether they have the rounds along a new first axis."""
        entries, types = self._entries(known)
        graph = canonical(entries, types, list(known), wanted)[0]
        arrays, wide = zip(*known.values(), strict=True) if known else ((), ())
        return batch(graph, arrays, wide, self.op.length)

    def _scan(self, c: Sequence[Array], known: Known) -> list[Array]:
        """What is left of the scan: the other states, the rows, and the rows for the sums."""
        op, step, k = self.op, self.step, self.op.states
        left = [j for j in range(k) if j not in self.sums]
        rows = [i for i, (_, wide) in known.items() if wide]
        same = [i for i, (_, wide) in known.items() if not wide]
        wanted = [*(step.outputs[j] for j in left), *step.outputs[k:], *self.rows]
        graph = canonical(*self._entries(known), [*left, *rows, *same], wanted)[0]
        keep = (*(True for _ in left), *used(graph)[len(left) :])
        _, some, others = cut(keep, (len(left), len(rows)))
        given = chosen([known[i][0] for i in rows], some)
        scan = Scan(without(graph, keep), len(left), len(given), op.length, op.reverse)
        fixed = chosen([known[i][0] for i in same], others)
        return list(several(bind(scan, *(c[j] for j in left), *given, *fixed)))

    def _entries(self, known: Known) -> tuple[list[tuple], list[Any]]:
        """The entries of the step, and their types; what is known is an input."""
        entries: list[tuple] = [(n.op, *n.args) for _, n in self.step]
        types = [n.type for _, n in self.step]
        for i in known:
            entries[i] = (Input(types[i]),)
        return entries, types
