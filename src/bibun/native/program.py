"""Native programs: a graph as machine code, with NumPy's calls between where there is none yet."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..graph import Constant, Graph, Node
from ..loops import Code
from ..loops.statements import KINDS
from ..loops.text import text as loops
from ..ops.parts import real_of
from ..program import Program
from .blocks import in_blocks
from .cached import machine
from .halves import with_real_ends
from .kernel import Kernel
from .linked import Machine
from .llvm import Printer, arrangement
from .lower import Lowering
from .machine import lookups
from .nests import Nest
from .nodes import Nodes
from .overwrites import overwrites
from .pairs import is_complex
from .prepared import prepared_from
from .runtime import aligned
from .schedule import Call, Product, Repeat, Schedule, Task
from .shares import shared
from .starts import started
from .tune import tuned

CODE_STEPS: tuple[tuple[str, Callable[[Code], Code]], ...] = (
    ("tuned", tuned),
    ("in blocks", in_blocks),
    ("started", started),
    ("shared", shared),
)
"""What is done to code before it is printed."""


class Segment:
    """Nests that run as one native function, and the nodes in whose memory it reads and writes.

    The buffers of the function are those of `nodes` and then one workspace; those of `inputs` and
    of `others` come first, needed or not.
    """

    def __init__(
        self,
        schedule: Schedule,
        steps: Sequence[Any],
        kept: set[int],
        made: set[int],
        inputs: Sequence[int],
        others: Sequence[int],
        replaced: Mapping[int, int],
    ):
        lowering = Lowering(schedule, Code("kernel", lookups()), kept, made)
        for node in inputs:
            lowering.buffer(node)
        for node in others:
            lowering.buffer(node, written=node in kept)
        self.parts = list(parts(lowering, steps))
        self.code: Code = lowering.code
        new = {i: lowering.buffers[i] for i in replaced}  # results that replace arguments
        self.overwrites = {
            i for i, b in new.items() if overwrites(self.code, b, lowering.buffers[replaced[i]])
        }
        for _, step in CODE_STEPS:
            self.code = step(self.code)
        given = [(i, b) for i, b in lowering.buffers.items() if b.role != "work"]
        self.nodes = [i for i, _ in given]
        self.made = [b.role == "out" for _, b in given]
        self.fixed = [array for _, array in lowering.fixed]
        last = [b.number for b, _ in lowering.fixed]
        order = [b.number for b in self.code.given]
        self.places = [order.index(b.number) for _, b in given] + [order.index(k) for k in last]
        self.workspace = arrangement(self.code)[1]
        near = [b.number for b in new.values()]
        self.text = Printer(self.code, aligned=bool(inputs), near=near).run()
        self.machine = Machine(self.text) if inputs else machine(self.text)
        self.function = self.machine.function()
        self.types = [schedule.nodes.graph.nodes[i].type for i in self.nodes]
        self.pointers = ctypes.c_void_p * (len(self.places) + 1)

    def __call__(self, env: dict[int, Any]) -> None:
        """Run, with the arrays of the nodes in `env`; raises Failed."""
        for node, made, t in zip(self.nodes, self.made, self.types, strict=True):
            if made:
                env[node] = aligned(t)
        pointers = self.pointers()
        for place, a in zip(self.places, [*(env[i] for i in self.nodes), *self.fixed], strict=True):
            pointers[place] = a.ctypes.data
        space = np.empty(self.workspace, np.uint8)
        pointers[len(self.places)] = space.ctypes.data
        self.function(pointers)
        if self.code.checked and space[:8].any():
            raise Failed


def parts(lowering: Lowering, steps: Sequence[Any]) -> Iterator[tuple[Any, list[Any]]]:
    """The statements of each step, which are made here."""
    for step in steps:
        start = len(lowering.code.body.statements)
        lowering.step(step)
        yield step, lowering.code.body.statements[start:]


class Failed(Exception):
    """Native code has no answer for these arguments."""


class Interpreted:
    """One operation as a call of NumPy's."""

    def __init__(self, schedule: Schedule, node: int):
        nodes, graph = schedule.nodes, schedule.nodes.graph
        n = graph.nodes[node]
        self.node, self.op = node, n.op
        self.kernel: Callable[..., Any] = n.op.kernel(*(graph.nodes[a].type for a in n.args))
        items: list[tuple[int, Any]] = [(i, graph.nodes[i].op) for i in nodes.items[node]]
        read = [nodes.argument(a) for a in n.args]
        self.args = [(schedule.memory.owner(a), views) for a, views in read]
        self.items = [(i, op.index) for i, op in items]

    def __call__(self, env: dict[int, Any]) -> None:
        args = []
        for a, views in self.args:
            x = env[a]
            for view in views:
                x = view(x)
            args.append(_plain(x))
        result = self.kernel(*args)
        if isinstance(result, tuple):
            for i, k in self.items:
                env[i] = contiguous(result[k])
        else:
            env[self.node] = contiguous(result)


def contiguous(x: Any) -> np.ndarray:
    """An array in C order, and aligned."""
    return np.require(x, requirements=("C", "A"))


def _plain(x: np.ndarray) -> Any:
    return x if x.shape else x[()]


def _real(graph: Graph) -> tuple[Graph, list[int | None], bool]:
    """A graph as native code is made of it, from which nodes, and whether its ends are in halves.

    Complex arguments and results are, unless there is more that is complex and has no code.
    """
    halved, first = with_real_ends(graph)
    if halved is not graph:
        new, sources = prepared_from(halved)
        as_said = new.output_types == halved.output_types
        if as_said and not any(is_complex(n.type) for _, n in new):
            return new, [None if i is None else first[i] for i in sources], True
    return *prepared_from(graph), False


class NativeProgram:
    """A compiled graph, called with plain arrays like a `Program`.

    In `replaced`, (k, i) says that result k will replace argument i, in its memory or by a copy.
    """

    def __init__(self, graph: Graph, replaced: Sequence[tuple[int, int]] = ()):
        self.source = graph
        graph, self.sources, self.in_halves = _real(graph)
        self.graph = graph
        self.schedule = Schedule(Nodes(graph))
        self.owners = [self.schedule.memory.owner(o) for o in graph.outputs]
        self.replaced = {self.owners[k]: i for k, i in replaced}
        self.steps: list[Segment | Interpreted] = []
        self.preset = {
            i: contiguous(n.op.value())
            for i, n in graph
            if isinstance(n.op, Constant) and self.schedule.nodes.role[i] == "given"
        }
        if self.is_one_function():
            self.segment(self.schedule.steps, range(graph.arity), [*self.owners, *self.preset])
            return
        together: list[Any] = []
        for step in [*self.schedule.steps, None]:
            if isinstance(step, Nest | Product | Repeat | Task):
                together.append(step)
                continue
            if together:
                self.segment(together)
                together = []
            if isinstance(step, Call):
                self.steps.append(Interpreted(self.schedule, step.node))

    def is_one_function(self) -> bool:
        """Whether nothing needs the interpreter, and each result has memory of its own."""
        graph, role = self.graph, self.schedule.nodes.role
        read = [*range(graph.arity), *self.preset]
        return (
            bool(self.schedule.steps)
            and not any(isinstance(step, Call) for step in self.schedule.steps)
            and all(graph.nodes[i].type.dtype in KINDS for i in read)
            and len(set(self.owners)) == len(self.owners)
            and all(role[o] != "given" for o in self.owners)
        )

    @property
    def kernel(self) -> Kernel | None:
        """The one function that this is; None if it takes several steps."""
        if not self.is_one_function():
            return None
        (segment,) = self.steps
        assert isinstance(segment, Segment)
        return Kernel(
            segment.machine.addresses["kernel"],
            list(self.source.input_types),
            list(self.source.output_types),
            [*self.preset.values(), *segment.fixed],
            segment.workspace,
            segment.machine,
            segment.code.checked,
            [k for k, o in enumerate(self.owners) if o in segment.overwrites],
        )

    def segment(
        self, steps: Sequence[Any], inputs: Sequence[int] = (), others: Sequence[int] = ()
    ) -> None:
        """Some steps as one native function, with these buffers before all others."""
        memory = self.schedule.memory
        made = {n for s in self.steps if isinstance(s, Segment) for n in s.nodes}
        roots = {memory.owner(node) for step in steps for node in self.results(step)}
        needed, here = set(self.owners), set(map(id, steps))
        for step in self.schedule.steps:
            if id(step) in here:
                continue
            if not isinstance(step, Nest):
                needed.update(map(memory.owner, self.graph.nodes[step.node].args))
            else:
                needed.update(memory.owner(node) for r in step.roots for node, _ in r.reads)
                needed.update(memory.owner(r.node) for r in step.roots)
        replaced = self.replaced if inputs else {}
        self.steps.append(
            Segment(self.schedule, steps, roots & needed, made, inputs, others, replaced)
        )

    def results(self, step: Nest | Product | Repeat | Task) -> list[int]:
        """The nodes that a step makes."""
        if isinstance(step, Nest):
            return [r.node for r in step.roots]
        return [step.node, *self.schedule.nodes.items[step.node]]

    @property
    def texts(self) -> list[str]:
        """The LLVM text of each native function."""
        return [s.text for s in self.steps if isinstance(s, Segment)]

    @property
    def loop_texts(self) -> list[str]:
        """The same functions as loops to read."""
        return [loops(s.code) for s in self.steps if isinstance(s, Segment)]

    @property
    def cpp_texts(self) -> list[str]:
        """The same functions in C++."""
        printer = import_module(".cplusplus", __package__).CppPrinter
        return [printer(s.code).run() for s in self.steps if isinstance(s, Segment)]

    @property
    def interpreted(self) -> list[Node]:
        """The operations that run in the interpreter."""
        return [self.graph.nodes[s.node] for s in self.steps if isinstance(s, Interpreted)]

    def __call__(self, *args: Any) -> list[Any]:
        env: dict[int, Any] = dict(self.preset)
        env.update(enumerate(map(self.given, args)))
        try:
            for step in self.steps:
                step(env)
        except Failed:
            return list(Program(self.source)(*args))
        return [self.result(env, k) for k in range(len(self.graph.outputs))]

    def given(self, x: Any) -> np.ndarray:
        """An argument as native code reads it."""
        x = contiguous(x)
        halved = self.in_halves and x.dtype.kind == "c"
        return x[..., None].view(real_of(x.dtype)) if halved else x

    def result(self, env: dict[int, Any], k: int) -> Any:
        """A result: a scalar if it has no axes, else an array that nobody else has."""
        o = self.owners[k]
        x, dtype = env[o], self.source.output_types[k].dtype
        if self.in_halves and dtype.kind == "c":
            x = x.view(dtype)[..., 0]
        if x.shape == ():
            return x[()]
        given = self.schedule.nodes.role[o] == "given"
        return x.copy() if given or o in self.owners[:k] else x
