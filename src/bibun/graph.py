"""The program: types, operations, nodes and graphs.

Nothing here knows about NumPy's protocols, about walks over graphs or about native code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .errors import NotDifferentiableError
from .fields import operation
from .notation import ATOM, Text, applied, numeral


class Type(NamedTuple):
    """What is known of an array before it exists: element type and shape."""

    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def differentiable(self) -> bool:
        """Whether a derivative with respect to such an array means anything."""
        return self.dtype.kind in "fc"

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"


def type_of(x: Any) -> Type:
    """The type of anything that has a dtype and a shape."""
    return Type(x.dtype, x.shape)


class Linear(NamedTuple):
    """A linear map and its transpose: push carries tangents, pull carries cotangents."""

    push: Callable[[Any], Any]
    pull: Callable[[Any], Any]


def symmetric(f: Callable[[Any], Any]) -> Linear:
    """A linear map that is its own transpose, such as multiplication by a diagonal."""
    return Linear(f, f)


class Op:
    """One primitive operation; its parameters are the fields of a frozen dataclass.

    A subclass is the only place that knows anything about the operation. Axes are counted from
    the end (negative), so that stacking arguments along a new first axis leaves most operations
    unchanged. Arguments of derivative rules are arrays under a trace: rules are NumPy expressions.
    """

    kind: ClassVar[str] = "element"
    """All that scheduling knows.

    "element", "view" (only indices change), "reduce", "call" or "control".
    """
    keeps_zeros: ClassVar[bool] = False
    """Whether derivatives only move, add or drop entries, so that a mask can be carried through."""
    added: ClassVar[Callable[..., Any] | None] = None
    """The sum of several results of operations of this class, made at once.

    Of a list of (operation, arguments); None if such a sum is made pair by pair.
    """

    arranges: ClassVar[str] = ""
    """What decides whether NumPy makes views or copies.

    "order" changes the order of axes, "shape" may need a copy.
    """
    kink: ClassVar[Callable[..., Any] | None] = None
    jump: ClassVar[Callable[..., Any] | None] = None
    """Where the function of such arguments has a kink, or jumps: derivatives are conventions."""
    refused: ClassVar[tuple[int, ...]] = ()
    """The arguments by which there is no derivative: asking for one is an error."""
    decreed: ClassVar[bool] = False
    """Whether the derivative is somebody's word instead of the derivative of the value."""
    fields: ClassVar[tuple[str, ...]] = ()

    def type(self, *args: Type) -> Type | tuple[Type, ...]:
        """The type of the result (a tuple for several), or an error that names the operation."""
        raise NotImplementedError

    def value(self, *args: Any) -> Any:
        """The result on plain arrays: this defines what the operation means."""
        raise NotImplementedError

    def kernel(self, *args: Type) -> Callable[..., Any]:
        """The function that replay calls: `value`, with what the types tell decided once."""
        return self.value

    def exactly(self, lib: Any, *args: Any) -> Any:
        """The value on arrays of exact numbers, where NumPy cannot compute it with objects.

        `lib.map(lib.exp, x)` applies a function of the library's to all elements.
        """
        return self.value(*args)

    def view(self, *args: Any) -> Any:
        """The value, as a view of the memory of the first argument if NumPy makes one."""
        return self.value(*args)

    def written(self, x: Any, rest: tuple, y: Any) -> Any:
        """x after y has been written into the view that this makes of x (with further arguments).

        An error for what is not a view, or only one for reading.
        """
        raise ValueError("assignment destination is read-only")

    def d(self, y: Any, *args: Any) -> tuple[Linear | None, ...]:
        """dy/darg for each argument, written in NumPy; None where y is piecewise constant."""
        raise NotDifferentiableError(f"{self.name} has no derivative")

    def push(self, y: Any, args: tuple, tangents: tuple) -> Any:
        """The tangent of y; tangents that are None are zero, and so is a result of None."""
        maps = self.d(y, *args)
        moved = [m.push(t) for m, t in zip(maps, tangents, strict=True) if m and t is not None]
        return sum(moved[1:], moved[0]) if moved else None

    def pull(self, y: Any, args: tuple, g: Any, wanted: tuple[bool, ...]) -> tuple:
        """One cotangent for each argument that is wanted; None is zero.

        For several results, y and g are tuples.
        """
        maps = self.d(y, *args)
        return tuple(m.pull(g) if w and m else None for m, w in zip(maps, wanted, strict=True))

    def batched(self, n: int) -> Op:
        """The operation that does this to n sets of arguments, stacked along a new first axis."""
        return self

    def batch(self, args: tuple, stacked: tuple[bool, ...], n: int) -> Any:
        """The stacked result when only some arguments carry the new first axis.

        NotImplemented means: repeat the others and apply `batched(n)`. Operations that can fold a
        shared argument into one larger call (matmul, solve, gather) say so here.
        """
        return NotImplemented

    def refined(self, better: Callable[[Graph], Graph]) -> Op:
        """The operation with another graph of the same value in place of each that it runs.

        What somebody keeps whole (checkpoint, a rule of the user's) stays as it is.
        """
        return self

    def runs(self) -> Sequence[tuple[Graph, int]]:
        """The graphs that it runs, each with how often that is, as far as it is known before."""
        return ()

    def trimmed(self, used: set[int]) -> tuple[Op, list[int]]:
        """The operation with these results at least, of several, and which it then gives."""
        return self, []

    @classmethod
    def examples(cls) -> Iterator[Example]:
        """Operations with argument types for the laws and the documentation: at least one."""
        raise NotImplementedError

    def notation(self, y: Any, *args: Text) -> Text:
        """How a result of type y is written, given how the arguments are."""
        return applied(self.name, args, {f: getattr(self, f) for f in self.fields})

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    def __str__(self) -> str:
        parameters = ", ".join(f"{f}={getattr(self, f)}" for f in self.fields)
        return self.name + (f"<{parameters}>" if parameters else "")


class Example(NamedTuple):
    """An operation to try, and its arguments.

    An argument is a shape for floats, or a function from a generator to an array. `domain` bounds
    the floats; the laws prepend axes, change dtypes and visit hard points by themselves.
    """

    op: Op
    args: tuple
    domain: tuple[float, float] = (-2.0, 2.0)


@operation
class Input(Op):
    """A free variable of a graph."""

    of: Type

    def type(self) -> Type:
        return self.of

    def __str__(self) -> str:
        return "input"

    @classmethod
    def examples(cls) -> Iterator[Example]:
        return iter(())


@operation
class Constant(Op):
    """A fixed array, compared by its bytes (so that 0.0 and -0.0 differ).

    Those of users are scalars.
    """

    dtype: np.dtype
    data: bytes
    shape: tuple[int, ...] = ()

    def type(self) -> Type:
        return Type(self.dtype, self.shape)

    def value(self) -> np.ndarray:
        return np.frombuffer(self.data, self.dtype).reshape(self.shape)

    def d(self, y: Any) -> tuple[()]:
        return ()

    def notation(self, y: Type) -> Text:
        short = self.shape == ()
        return numeral(self.value()) if short else Text(f"constant{list(self.shape)}", ATOM)

    def __str__(self) -> str:
        return (
            str(self.value()[()])
            if self.shape == ()
            else f"constant<{self.dtype}{list(self.shape)}>"
        )

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls(np.dtype(float), np.float64(2.5).tobytes()), ())


@operation
class Item(Op):
    """One result of an operation that has several."""

    kind = "view"
    index: int

    def type(self, results: tuple[Type, ...]) -> Type:
        return results[self.index]

    def value(self, results: tuple) -> Any:
        return results[self.index]

    def notation(self, y: Type, results: Text) -> Text:
        return Text(f"{results:atom}[{self.index}]", ATOM)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        return iter(())


class Node(NamedTuple):
    """An operation applied to earlier nodes, which are named by their number in the graph."""

    op: Op
    args: tuple[int, ...]
    type: Any  # a Type, or a tuple of them for several results

    @property
    def types(self) -> tuple[Type, ...]:
        """The types of all results."""
        return (self.type,) if isinstance(self.type, Type) else self.type


class Graph:
    """A closed function: nodes in order of evaluation, the inputs first.

    Equal programs have equal graphs: nodes are numbered canonically from the outputs, each
    (op, args) stands once, and what does not reach an output is left out. Nodes refer to each
    other by number, so that a graph of any depth can be copied, pickled and hashed without
    recursion.
    """

    __slots__ = ("__dict__", "arity", "nodes", "outputs")

    def __init__(self, nodes: Sequence[Node], arity: int, outputs: Sequence[int]):
        self.nodes, self.arity, self.outputs = tuple(nodes), arity, tuple(outputs)

    @property
    def inputs(self) -> tuple[int, ...]:
        return tuple(range(self.arity))

    @property
    def input_types(self) -> tuple[Type, ...]:
        return tuple(n.type for n in self.nodes[: self.arity])

    @property
    def output_types(self) -> tuple[Type, ...]:
        return tuple(self.nodes[o].type for o in self.outputs)

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[tuple[int, Node]]:
        """Every node once with its number, arguments before users."""
        return iter(enumerate(self.nodes))

    def body(self) -> Iterator[tuple[int, Node]]:
        """The nodes that are not inputs."""
        return ((i, self.nodes[i]) for i in range(self.arity, len(self.nodes)))

    @cached_property
    def key(self) -> str:
        """The same for equal programs, in every process: a digest of the whole text."""
        # Imported here: it loads a library of cryptography, and few programs ask for a key.
        digest = import_module("hashlib").sha256(repr((self.arity, self.outputs)).encode())
        for n in self.nodes:
            digest.update(repr((n.op, n.args)).encode())
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Graph({self.key})"

    def __reduce__(self) -> tuple:
        return Graph, (self.nodes, self.arity, self.outputs)

    def __str__(self) -> str:
        lines = [f"%{i}: {_types(n)} = {_call(n)}" for i, n in self]
        return "\n".join([*lines, f"return {', '.join(f'%{o}' for o in self.outputs)}"])

    def check(self) -> Graph:
        """This graph, or a ValueError that says which invariant is broken and where."""
        seen = set()
        for i, n in self:
            if isinstance(n.op, Input) != (i < self.arity):
                raise ValueError(
                    f"graph: inputs come first, but %{i} is {n.op} of {self.arity} inputs"
                )
            if any(not 0 <= a < i for a in n.args):
                raise ValueError(
                    f"graph: %{i} = {_call(n)} uses a node that does not come before it"
                )
            if i >= self.arity and (n.op, n.args) in seen:
                raise ValueError(f"graph: %{i} = {_call(n)} stands twice")
            if n.op.type(*(self.nodes[a].type for a in n.args)) != n.type:
                raise ValueError(f"graph: %{i} = {_call(n)} is not of type {_types(n)}")
            seen.add((n.op, n.args))
        if any(not 0 <= o < len(self.nodes) for o in self.outputs):
            raise ValueError(f"graph: the outputs {self.outputs} are not all nodes")
        return self


def _types(n: Node) -> str:
    return str(n.type) if isinstance(n.type, Type) else "(" + ", ".join(map(str, n.type)) + ")"


def _call(n: Node) -> str:
    return str(n.op) + (f"({', '.join(f'%{a}' for a in n.args)})" if n.args else "")


def canonical(
    entries: Sequence[tuple], types: Any, inputs: Sequence[int], outputs: Sequence[int]
) -> tuple[Graph, list[int]]:
    """The graph of numbered entries (op, *args), and the entry of each of its nodes.

    Only what the outputs need is taken, numbered from them.
    """
    number = {i: k for k, i in enumerate(inputs)}
    order = list(inputs)
    for output in outputs:
        stack = [output]
        while stack:
            i = stack.pop()
            if i in number:
                continue
            missing = [a for a in entries[i][1:] if a not in number]
            if missing:
                stack += [i, *reversed(missing)]
            else:
                number[i] = len(order)
                order.append(i)
    free = [i for i in order[len(inputs) :] if type(entries[i][0]) is Input]
    if free:
        raise ValueError(f"graph: the entries {free} are free inputs and have to be listed")
    arity = len(inputs)
    nodes = [Node(entries[i][0], (), types[i]) for i in inputs]
    for i in order[arity:]:
        entry = entries[i]
        nodes.append(Node(entry[0], tuple([number[a] for a in entry[1:]]), types[i]))
    return Graph(nodes, arity, [number[o] for o in outputs]), order
