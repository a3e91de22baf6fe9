"""Products in the rounds of a scan, in the order in which they are quickest.

A matrix that stays the same is multiplied from the right, so that vectors run along the result: it
is transposed once, before all rounds. A product by x and y, one behind the other, is the sum of
two, of which one may not have to wait for the round before. Of a product of which parts are taken
only these are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..array import Array, bind, innermost
from ..graph import Graph
from ..ops.control.scan import Scan
from ..ops.gather import Slice
from ..ops.joining import Concatenate
from ..ops.matmul import MatMul, mT
from ..walk import apply, build, outputs
from .movable import reached


def arranged(op: Scan) -> Graph:
    """The step of a scan with its products in another order; the same graph if it has none."""
    step = op.step
    if not any(isinstance(n.op, MatMul) for _, n in step.body()):
        return step
    return build(step.input_types, Products(op).run)


class Products:
    """The products of one step."""

    def __init__(self, op: Scan):
        self.step = step = op.step
        self.varying = reached(step, [i < op.states for i in step.inputs])
        self.readers: list[list[int]] = [[] for _ in step.nodes]
        for i, n in step.body():
            for a in n.args:
                self.readers[a].append(i)

    def run(self, *args: Array) -> list[Array]:
        """The outputs of the step."""
        env: list[Any] = list(args)
        trace = innermost(env)
        for i, n in self.step.body():
            found = self.product(i, env) if isinstance(n.op, MatMul) else self.part(i, env)
            env.append(apply(n, env, trace) if found is None else found)
        return outputs(self.step, env)

    def product(self, i: int, env: Sequence[Any]) -> Array | None:
        """A matrix that stays the same, by a vector of this round."""
        op: Any
        op, (a, x), _ = self.step.nodes[i]
        nodes = self.step.nodes
        fits = op.rows and not op.columns and len(nodes[a].type.shape) == 2
        if not fits or self.varying[a] or not self.varying[x]:
            return None
        joined = nodes[x]
        if not isinstance(joined.op, Concatenate) or all(self.varying[p] for p in joined.args):
            return env[x] @ mT(env[a])
        terms, start = [], 0
        for p in joined.args:
            end = start + nodes[p].type.shape[0]
            columns = env[a][:, start:end]
            terms.append(env[p] @ mT(columns) if self.varying[p] else columns @ env[p])
            start = end
        return sum(terms[1:], terms[0])

    def part(self, i: int, env: Sequence[Any]) -> Array | None:
        """A part of the product of a vector and a matrix of which only parts are taken."""
        op: Any
        op, args, _ = self.step.nodes[i]
        if not isinstance(op, Slice) or not self.partly(args[0]):
            return None
        x, b = self.step.nodes[args[0]].args
        return bind(MatMul(False, True), env[x], bind(Slice((None, *op.places)), env[b]))

    def partly(self, i: int) -> bool:
        """Whether a node is such a product."""
        n, nodes = self.step.nodes[i], self.step.nodes
        if n.op != MatMul(False, True) or len(n.type.shape) != 1 or i in self.step.outputs:
            return False
        readers = [nodes[r] for r in self.readers[i]]
        taken = sum(r.type.shape[0] for r in readers if isinstance(r.op, Slice) and r.type.shape)
        sliced = all(isinstance(r.op, Slice) and r.type.shape for r in readers)
        return sliced and taken <= n.type.shape[0]
