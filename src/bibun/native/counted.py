"""Counted: the work of compiled code, from the loops themselves, before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import Position
from ..graph import Node, Type
from ..loops import Block, Choice, Invoke, Let, Loop, Store, While
from ..loops.statements import DTYPES, FLOATS
from .cost import Cost, KernelCost
from .movable import size
from .nests import Nest
from .program import Interpreted, NativeProgram, Segment
from .schedule import Product, Task

FLOPS = {"add": 1, "sub": 1, "mul": 1, "div": 1, "sqrt": 1, "fma": 2}
"""Operations on floating-point numbers; comparisons and changes of sign are none."""
MOST_LINES = 6
"""Lines that are shown of a kernel."""


class Work(NamedTuple):
    """Floating-point operations, and bytes that are loaded and stored."""

    flops: int = 0
    bytes: int = 0

    def plus(self, other: Work, times: int = 1) -> Work:
        return Work(self.flops + times * other.flops, self.bytes + times * other.bytes)


def cost(program: NativeProgram, positions: Sequence[Position | None]) -> Cost:
    """The cost of a program, of whose graph's nodes these are the places in the user's code."""
    kernels, buffers, workspace = [], [], 0
    for step in program.steps:
        if isinstance(step, Interpreted):
            kernels.append(called(program, step, positions))
            continue
        kernels += [kernel(program, *part, positions) for part in step.parts]
        buffers += [b.size * DTYPES[b.kind].itemsize for b in step.code.buffers if b.role == "work"]
        workspace = max(workspace, step.workspace)
    total = Work(sum(k.flops for k in kernels), sum(k.bytes for k in kernels))
    interpreted = sum(k.kind == "NumPy" for k in kernels)
    memory = held(program) + workspace
    return Cost(*total, memory, workspace, tuple(buffers), tuple(kernels), interpreted)


def held(program: NativeProgram) -> int:
    """The bytes of all arrays that a call holds at its end: nothing is let go before."""
    nodes, fixed = set(range(program.graph.arity)) | program.preset.keys(), 0
    for step in program.steps:
        if isinstance(step, Segment):
            nodes.update(step.nodes)
            fixed += sum(array.nbytes for array in step.fixed)
        else:
            nodes.update([step.node, *(i for i, _ in step.items)])
    types = [program.graph.nodes[i].type for i in nodes]
    return fixed + sum(size(t) for t in types if isinstance(t, Type))


KINDS_OF_STEPS: dict[type, str] = {Nest: "loops", Product: "product", Task: "routine"}


def kernel(
    program: NativeProgram, step: Any, statements: list[Any], positions: Sequence[Position | None]
) -> KernelCost:
    """The cost of one step of a schedule."""
    kind = KINDS_OF_STEPS.get(type(step), "control")
    nodes = {getattr(step, "node", -1)} - {-1}
    if isinstance(step, Nest):
        nodes = {i for r in step.roots for i in (r.node, *(c for c, _ in r.computed))}
    found = work(Block(0, statements=statements))
    return described(kind, found, program, nodes, positions)


def called(
    program: NativeProgram, step: Interpreted, positions: Sequence[Position | None]
) -> KernelCost:
    """The cost of a call of NumPy's, as far as it is known: what it reads and what it makes."""
    nodes = program.graph.nodes
    touched = [step.node, *(i for i, _ in step.items), *nodes[step.node].args]
    types = [nodes[i].type for i in touched]
    found = Work(0, sum(size(t) for t in types if isinstance(t, Type)))
    return described("NumPy", found, program, {step.node}, positions)


def described(
    kind: str,
    found: Work,
    program: NativeProgram,
    nodes: set[int],
    positions: Sequence[Position | None],
) -> KernelCost:
    """A kernel with the names of its operations, and the lines that they come from."""
    names = dict.fromkeys(name(program.graph.nodes[i]) for i in sorted(nodes))
    known = [positions[i] for i in sorted(nodes) if i < len(positions)]
    lines = dict.fromkeys(str(p) for p in known if p is not None)
    return KernelCost(kind, tuple(names), *found, tuple(lines)[:MOST_LINES])


def name(n: Node) -> str:
    """The name of an operation, without its parameters."""
    return str(n.op).split("<")[0]


# ------------------------------------------------------------ statements


def work(block: Block) -> Work:
    """The work of all statements of a block."""
    total = Work()
    for s in block.statements:
        total = total.plus(work_of(s))
    return total


def work_of(s: Any) -> Work:
    """The work of one statement."""
    if type(s) is Loop:
        sums = sum(FLOPS.get(m.opcode, 0) for m in s.merges if m.kind in FLOATS)
        return Work().plus(work(s.body).plus(Work(sums)), s.extent)
    if type(s) is Let and s.opcode == "load":
        return Work(0, DTYPES[s.kind].itemsize)
    if type(s) is Let:
        return Work(FLOPS.get(s.opcode, 0) if s.kind in FLOATS else 0)
    if type(s) is Store:
        return Work(0, DTYPES[s.buffer.kind].itemsize)
    if type(s) is Invoke:
        return product(s)
    if type(s) is While:
        return work(s.condition).plus(work(s.body))
    if type(s) is Choice:
        return max(map(work, s.blocks), key=sum)
    return Work()  # of a Seldom, too: it seldom runs


def product(s: Invoke) -> Work:
    """The work of a product of an m x k by a k x n matrix."""
    m, n, k = s.numbers[:3]
    itemsize = DTYPES[s.places[-1][0].kind].itemsize
    return Work(2 * m * n * k, (m * k + k * n + m * n) * itemsize)
