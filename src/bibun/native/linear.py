"""Linear: products in the rounds of a scan, from which fewer operations wait for the state.

For a small matrix A that stays the same, where no more products are needed than before:

    (y + c k) A = y A + k (c A)      if y A is there, and k waits for it
    x A + y A   = (x + y) A          as in the way back, where states are used several times
    c (x A)     = x (c A)

So each product begins with what is known before, and the factor does not wait. All of this holds
for reals; roundings are those of |y| |A| + |c k| |A|. Factors are such that no entry of A beyond
1e-300 loses digits (1e-31 in float32); sums of states may overflow before their products would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..array import Array, innermost
from ..graph import Constant, Graph
from ..ops.control.scan import Scan
from ..ops.elementwise import Elementwise
from ..ops.matmul import MatMul
from ..ops.structure import Expand
from ..walk import apply, build, outputs
from .movable import reached, size

SMALL = 2048
"""Bytes of a matrix whose product waits for its operations more than it does work."""
MODEST = 1e-7, 1e7
"""What sizes of factors matrices are multiplied by."""


class Product(NamedTuple):
    """A vector that varies, by a matrix that stays the same."""

    x: int
    a: int


def linear(op: Scan, step: Graph) -> Graph:
    """A step of a scan; the same graph if it has no such products."""
    found = Linear(step, op.sizes)
    return build(step.input_types, found.run) if found.products else step


class Linear:
    """The products of one step, and what they are parts of."""

    def __init__(self, step: Graph, sizes: tuple[int, int]):
        self.step = step
        self.varying = reached(step, [i < sizes[0] for i in step.inputs])
        self.same = same(step, sum(sizes))
        self.products = {i: Product(*n.args) for i, n in step.body() if self._is_product(n)}
        if self.products:
            self.readers: list[list[int]] = [[] for _ in step.nodes]
            for i, n in step.body():
                for a in n.args:
                    self.readers[a].append(i)
            self.known = {p: i for i, p in self.products.items()}
            self.apart = {i: parts for i in self.products if (parts := self._parts(i))}
            self.begun = {begun for begun, _ in self.apart.values()}
            self.joined = {i: leaves for i, _ in step.body() if (leaves := self._leaves(i))}
            self.gone = {p for leaves in self.joined.values() for p in leaves if p in self.products}

    def _is_product(self, n: Any) -> bool:
        nodes = self.step.nodes
        if n.op != MatMul(False, True) or len(n.type.shape) != 1 or n.type.dtype.kind != "f":
            return False
        x, a = n.args
        return self.varying[x] and self.same[a] and size(nodes[a].type) <= SMALL

    def run(self, *args: Array) -> list[Array]:
        """The outputs of the step."""
        env: list[Any] = list(args)
        trace = innermost(env)
        for i, n in self.step.body():
            if i in self.joined:
                env.append(self.sum(i, env))
            elif i in self.apart:
                env.append(self.late(i, env))
            else:
                found = self.scaled(i, env)
                env.append(apply(n, env, trace) if found is None else found)
        return outputs(self.step, env)

    # ------------------------------------------------------------ the three equations

    def late(self, i: int, env: Sequence[Any]) -> Array:
        """(y + c k) A, of which y A is there, and k waits for it."""
        begun, z = self.apart[i]
        a = env[self.products[i].a]
        c, k = self._factor(z) or (-1, z)
        return env[begun] + env[k] @ (a if c < 0 else env[c] * a)

    def sum(self, i: int, env: Sequence[Any]) -> Array:
        """A sum of several products by one matrix."""
        leaves = self.joined[i]
        products = [self.products[p] for p in leaves if p in self.products]
        x = sum([env[p.x] for p in products[1:]], env[products[0].x])
        others = [env[p] for p in leaves if p not in self.products]
        found = x @ env[products[0].a]
        return sum(others[1:], others[0]) + found if others else found

    def scaled(self, i: int, env: Sequence[Any]) -> Array | None:
        """c (x A), if nobody else needs x A."""
        c, p = self._factor(i) or (-1, -1)
        if p not in self.products or not self._only_scaled(p):
            return None
        x, a = self.products[p]
        return env[x] @ (env[c] * env[a])

    # ------------------------------------------------------------ what stands where

    def _args(self, i: int, label: str) -> tuple[int, ...]:
        """The arguments of an operation on two arrays, if a node is that."""
        op, args, _ = self.step.nodes[i]
        return args if isinstance(op, Elementwise) and op.label == label else ()

    def _factor(self, i: int) -> tuple[int, int] | None:
        """Of a product with one number: the scalar, and what it multiplies."""
        args = self._args(i, "multiply")
        for c, x in (args, args[::-1]) if args else ():  # in either order
            n = self.step.nodes[c]
            one: Any = self.step.nodes[n.args[0]].op if isinstance(n.op, Expand) else None
            if isinstance(one, Constant) and MODEST[0] <= abs(one.value()) <= MODEST[1]:
                return n.args[0], x
        return None

    def _parts(self, i: int) -> tuple[int, int] | None:
        """Of a product of a sum: the product by one part that is there, and the other part."""
        x, a = self.products[i]
        args = self._args(x, "add")
        for y, z in (args, args[::-1]) if args else ():
            begun = self.known.get(Product(y, a))
            if begun is not None and self._waits(z, begun):
                return begun, z
        return None

    def _waits(self, i: int, before: int) -> bool:
        """Whether a node needs another one."""
        flags = [k == before for k in range(self.step.arity)]
        for k, n in self.step.body():
            if k > i:
                break
            flags.append(k == before or any(flags[a] for a in n.args))
        return flags[i]

    def _only_scaled(self, p: int) -> bool:
        """Whether a product is multiplied by one number, and else part of a sum without it."""
        rest = [r for r in self.readers[p] if p not in self.gone or not self._args(r, "add")]
        return self._is_own(p) and len(rest) == 1 and self._factor(rest[0]) is not None

    def _is_own(self, p: int) -> bool:
        """Whether only readers that stand in the step need a product."""
        return p not in self.step.outputs and p not in self.begun

    def _leaves(self, i: int) -> list[int]:
        """What a sum is the sum of, if that is several products by one matrix; else nothing."""
        if not self._args(i, "add") or self._is_part(i):
            return []
        leaves, stack = [], [i]
        while stack:
            k = stack.pop()
            args = self._args(k, "add") if k == i or self._is_part(k) else ()
            if args:
                stack += args[::-1]
            else:
                leaves.append(k)
        products = [k for k in leaves if k in self.products]
        alike = len({self.products[k].a for k in products}) == 1 < len(products)
        fits = alike and len(set(products)) == len(products) and all(map(self._is_free, products))
        scaled = sum(len(self.readers[k]) - 1 for k in products)
        return leaves if fits and scaled < len(products) else []

    def _is_part(self, i: int) -> bool:
        """Whether a sum is a part of another one, and of nothing else."""
        readers = self.readers[i]
        if len(readers) != 1 or i in self.step.outputs:
            return False
        return bool(self._args(i, "add") and self._args(readers[0], "add"))

    def _is_free(self, p: int) -> bool:
        """Whether a product is a part of one sum, and at most multiplied by one number."""
        rest = [r for r in self.readers[p] if not self._args(r, "add")]
        few = len(rest) <= 1 and len(self.readers[p]) == len(rest) + 1
        return self._is_own(p) and few and all(map(self._factor, rest))


def same(step: Graph, changing: int) -> list[bool]:
    """The nodes of a step that are the same in all rounds; the first inputs are not."""
    return [not found for found in reached(step, [i < changing for i in step.inputs])]


def made_once(step: Graph, changing: int) -> Iterator[int]:
    """Small matrices that are computed from what is the same in all rounds, and multiplied."""
    kept = same(step, changing)
    for _, n in step.body():
        if isinstance(n.op, MatMul):
            for a in n.args:
                of = step.nodes[a]
                if kept[a] and of.op.kind == "element" and size(of.type) <= SMALL:
                    yield a
