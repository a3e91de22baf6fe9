"""From a Python function to code in the loop IR, with the memory of each array named."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..errors import TracingError, UnsupportedError, user_position
from ..graph import Constant, Graph, Node, Type
from ..loops import Buffer, Code, Value
from ..loops.statements import DTYPES, FLOATS, KINDS
from ..native.arguments import Arguments, chosen
from ..native.capture import Captured, with_constants
from ..native.cpp_types import stored
from ..native.halves import halves, with_real_ends
from ..native.lower import Lowering
from ..native.nests import Nest
from ..native.pairs import has_rule
from ..native.prepared import prepared_from
from ..native.schedule import Call, Schedule
from ..native.strips import STRIP, with_strips
from ..native.tune import without_idle_stores
from ..ops.elementwise import Elementwise
from ..program import Program
from ..tracing.containers import flatten
from .donated import replaced
from .functions import Exported, Output, Rows
from .interleaved import interleaved
from .names import words
from .nothing import without_idle_calls
from .routines import ExportNodes

MOST = 1 << 15
"""Bytes up to which examples are computed side by side: the first cache holds them."""
# fmt: off
LIBM = {
    "exp": "exp",         "exp2": "exp2",       "expm1": "expm1",     "log": "log",
    "log2": "log2",       "log10": "log10",     "log1p": "log1p",     "sin": "sin",
    "cos": "cos",         "tan": "tan",         "arcsin": "asin",     "arccos": "acos",
    "arctan": "atan",     "arctan2": "atan2",   "sinh": "sinh",       "cosh": "cosh",
    "tanh": "tanh",       "arcsinh": "asinh",   "arccosh": "acosh",   "arctanh": "atanh",
    "erf": "erf",         "erfc": "erfc",       "cbrt": "cbrt",       "hypot": "hypot",
}
# fmt: on
"""Functions of NumPy's that the standard library of C++ has, with the same values at all points."""


class LibraryNodes(ExportNodes):
    """The nodes of a graph whose elementary functions are calls of the C++ standard library."""

    def function(self, i: int) -> Any:
        """The scalar function of an element-wise node."""
        n = self.graph.nodes[i]
        if not isinstance(n.op, Elementwise) or n.op.label not in LIBM:
            return super().function(i)
        dtype = n.type.dtype
        if dtype not in FLOATS.values() or any(t.dtype != dtype for t in self.types(n)):
            return super().function(i)
        opcode = f"std::{LIBM[n.op.label]}"

        def call(x: Value, *rest: Value) -> Value:
            return x.make(opcode, *rest)

        return call


class Variable(NamedTuple):
    """An array of the exported function: its name, its type, and the buffer that it is."""

    name: str
    type: Type
    buffer: Buffer | None  # None for a result that is a copy of another array
    replaced: str = ""  # the argument in whose memory a result comes

    @property
    def where(self) -> str:
        """The array in which it is after the call."""
        return self.replaced or self.name

    @property
    def kind(self) -> str:
        """The kind of the real numbers of which it consists: complex ones are two."""
        return KINDS[self.real.dtype]

    @property
    def real(self) -> Type:
        """The type of these numbers as an array."""
        return halves(self.type)

    @property
    def amount(self) -> int:
        """How many they are."""
        return size(self.real)

    @property
    def element(self) -> str:
        """The type in C++ of what the array consists of."""
        return f"std::complex<{stored(self.kind)}>" if self.is_complex else stored(self.kind)

    @property
    def is_complex(self) -> bool:
        return self.type.dtype.kind == "c"

    def numbers(self, where: str, const: str = "") -> str:
        """A pointer to the real numbers of such an array."""
        return (
            f"reinterpret_cast<{const}{stored(self.kind)}*>({where})" if self.is_complex else where
        )


class Lowered(NamedTuple):
    """Code, its arguments, its results, and constant arrays that belong to it.

    `expected` is what the interpreter gets for the arguments that were given, and `rows` what it
    gets for each example of a batch.
    """

    code: Code
    inputs: list[Variable]
    outputs: list[Variable]
    copies: list[tuple[int, str]]  # (number of a result, the name of the array that it equals)
    constants: list[tuple[Buffer, np.ndarray]]
    expected: list[np.ndarray]
    comments: dict[int, list[str]]  # what stands before the statement of a number
    watched: list[tuple[Buffer, str]]  # arrays on the way, and what makes them
    rows: list[list[np.ndarray]]
    several: Code | None = None  # the same for some examples side by side


def lowered(name: str, given: Exported, math: str, watch: bool = False) -> Lowered:
    """The code of a function, traced with types in the place of its arguments.

    With `watch` it keeps what is computed on the way, so that one can look where numbers go wrong.
    """
    f = given.function
    arguments = Arguments(f"export of {name}", chosen(f, (), "static_argnums"))
    call = arguments.read(given.args, {})
    captured = Captured(f, call.values, call.place, f"export of {name}", alone=True)
    if captured.answers:
        raise TracingError(
            f"export of {name}: the function decides by the value of an argument how it goes on, "
            "and generated code has one way only: use np.where, or bibun.cond and while_loop"
        )
    known = dict(enumerate(captured.met(), len(call.values)))
    graph, lines = _with_lines(captured, known)
    types = captured.graph.input_types, captured.graph.output_types
    program = Program(captured.graph)

    def expected(values: Sequence[Any]) -> list[np.ndarray]:
        with np.errstate(all="ignore"):  # the code does not warn either
            return [np.asarray(y) for y in program(*values, *known.values())]

    result = captured.results([Output(k) for k in range(captured.count)])
    places = replaced(name, given, result, types[1])
    _arrays_alone(name, flatten(result)[0])
    examples = given.rows.args if given.rows else []
    function = _Function(name, graph, lines, math, watch)
    made = function.lowered(given.inputs, given.outputs(result), *types)
    outputs = [v._replace(replaced=places.get(k, "")) for k, v in enumerate(made.outputs)]
    rows = [expected(arguments.read(args, {}).values) for args in examples]
    made = tidied(made._replace(outputs=outputs, expected=expected(call.values), rows=rows))
    if given.rows and math == "vector" and not watch:
        made = made._replace(several=side_by_side(made, given.rows))
    return in_strips(made)


def _arrays_alone(name: str, results: Sequence[Any]) -> None:
    """An error for a result that is no array, or if there is none."""
    fixed = [x for x in results if not isinstance(x, Output)]
    if fixed:
        raise TypeError(f"export of {name}: the result {fixed[0]!r} is no array: np.asarray of it")
    if not results:
        raise TypeError(f"export of {name}: the function returns no array")


def _with_lines(captured: Captured, known: dict[int, np.ndarray]) -> tuple[Graph, list[str]]:
    """The graph as code is made of it, and for each node its line in the user's code, or "".

    What a derivative added has the line for which it is there, or that which asks for the export.
    """
    places, here = captured.positions(), str(user_position())
    graph, order = with_constants(captured.graph, known)
    graph, called = without_idle_calls(graph)
    graph, first = with_real_ends(graph)
    graph, sources = prepared_from(graph)
    found = [None if k is None else places[order[called[first[k]]]] for k in sources]
    return graph, ["" if p is None or str(p) == here else str(p) for p in found]


def tidied(found: Lowered) -> Lowered:
    """The same without what is written to arrays that nobody reads."""
    before = list(found.code.body.statements)
    kept = set(map(id, without_idle_stores(found.code).body.statements))
    gone = [0, *accumulate(id(s) not in kept for s in before)]
    return found._replace(comments={k - gone[k]: c for k, c in found.comments.items()})


def side_by_side(found: Lowered, rows: Rows) -> Code | None:
    """The code of as many examples as vectors have numbers; None if it takes much memory."""
    own = [v.buffer for v in found.inputs if v.buffer and v.name in rows.batched]
    own += [v.buffer for v in found.outputs if v.buffer]
    floats = [DTYPES[b.kind].itemsize for b in found.code.buffers if b.kind in FLOATS]
    lanes = STRIP // max(floats, default=8)
    code = None if found.copies else interleaved(found.code, {b.number for b in own}, lanes)
    if code is None or sum(b.size * DTYPES[b.kind].itemsize for b in code.buffers) > MOST:
        return None
    with_strips(code)
    return code


def in_strips(found: Lowered) -> Lowered:
    """The same with dear loops in strips."""
    starts = with_strips(found.code)
    return found._replace(comments={starts[k]: c for k, c in found.comments.items()})


class _Function:
    """A graph on its way to code."""

    def __init__(self, name: str, graph: Graph, lines: list[str], math: str, watch: bool):
        self.name, self.graph, self.lines = name, graph, lines
        nodes = (LibraryNodes if math == "libm" else ExportNodes)(graph)
        self.watched = [i for i, n in graph.body() if watch and _watched(n, nodes.role[i])]
        self.schedule = Schedule(nodes, set(self.watched))
        self.owners = [self.schedule.memory.owner(o) for o in graph.outputs]
        missing = [graph.nodes[s.node] for s in self.schedule.steps if isinstance(s, Call)]
        missing += [n for _, n in graph if not _printable(n)]
        missing = [n for n in missing if not has_rule(n)] or missing
        if missing:
            what = ", ".join(dict.fromkeys(map(_unknown, missing)))
            raise UnsupportedError(f"export of {name}: there is no C++ yet for {what}")

    def lowered(
        self,
        inputs: list[str],
        outputs: list[str],
        given_types: Sequence[Type],
        made_types: Sequence[Type],
    ) -> Lowered:
        """The code of all steps."""
        graph, role = self.graph, self.schedule.nodes.role
        made = [o for o in dict.fromkeys(self.owners) if role[o] != "given"]
        kept = {*made, *self.watched}
        lowering = Lowering(self.schedule, Code(words(self.name)), kept, set())
        given = {k: lowering.buffer(k) for k in range(graph.arity)}
        results = {o: lowering.buffer(o, written=True) for o in made}
        constants = [i for i, n in graph if isinstance(n.op, Constant) and role[i] == "given"]
        preset = [(lowering.buffer(i), _array(graph.nodes[i].op)) for i in constants]
        comments: dict[int, list[str]] = {}
        for step in self.schedule.steps:
            if not isinstance(step, Call):  # there is none
                start = len(lowering.code.body.statements)
                lowering.step(step)
                comments[start] = self.comment(step)
        arguments = [Variable(n, given_types[k], given[k]) for k, n in enumerate(inputs)]
        found, copies = [], []
        for k, (o, name) in enumerate(zip(self.owners, outputs, strict=True)):
            first = self.owners.index(o)
            own = results.get(o) if first == k else None
            found.append(Variable(name, made_types[k], own))
            if own is None:
                source = outputs[first] if o in results else self.source(o, inputs, lowering)
                copies.append((k, source))
        arrays = [*preset, *_fixed(lowering)]
        watched = [(lowering.buffer(i, True), self.made_by(i)) for i in self.watched]
        return Lowered(lowering.code, arguments, found, copies, arrays, [], comments, watched, [])

    def made_by(self, node: int) -> str:
        """What makes a node: a line of the user's, or an operation of a derivative."""
        return self.lines[node] or f"a derivative: {self.graph.nodes[node].op.name}"

    def comment(self, step: Any) -> list[str]:
        """The lines of the user's code that a step does, forward or backward."""
        nodes = [r.node for r in step.roots] if isinstance(step, Nest) else [step.node]
        lines = [self.lines[n] for n in nodes if n < len(self.lines) and self.lines[n]]
        return list(dict.fromkeys(lines))

    def source(self, node: int, inputs: list[str], lowering: Lowering) -> str:
        """The name of an argument, or of a constant."""
        return inputs[node] if node < self.graph.arity else f"b{lowering.buffer(node).number}"


def _watched(n: Node, role: str) -> bool:
    """Whether a node makes floats, element by element or as sums."""
    return role in ("element", "sum") and n.type.dtype in FLOATS.values()


def _array(op: Any) -> np.ndarray:
    """A constant, as it lies in memory."""
    return np.ascontiguousarray(op.value())


def _fixed(lowering: Lowering) -> list[tuple[Buffer, np.ndarray]]:
    """Constants of inner graphs; one of a single number is printed like all others."""
    return [(b, a.reshape(b.size)) for b, a in lowering.fixed]


def _printable(n: Node) -> bool:
    """Whether the numbers of a node have a type in C++."""
    return all(t.dtype in KINDS for t in n.types)


def _unknown(n: Node) -> str:
    """What there is no C++ for: numbers of a dtype, or an operation."""
    label = n.op.label if isinstance(n.op, Elementwise) else type(n.op).__name__
    if _printable(n):
        return label
    other = next(t.dtype for t in n.types if t.dtype not in KINDS)
    return f"{label} of complex numbers" if other.kind == "c" else f"numbers of {other}"


def size(t: Type) -> int:
    """How many numbers an array has."""
    return prod(t.shape)
