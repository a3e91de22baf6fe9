"""What native code makes of each node: an element, a view, a sum over axes, or NumPy's call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from ..graph import Constant, Graph, Item, Node, Type
from ..loops.statements import KINDS
from ..ops.control.branches import Branches
from ..ops.control.scan import Scan
from ..ops.control.sweeps import Sweeps
from ..ops.cumulative import Prod
from ..ops.extremum import Max, Min
from ..ops.gather import Gather, Slice
from ..ops.joining import Split, Unstack
from ..ops.matmul import MatMul
from ..ops.reduction import AllTrue, AnyTrue, Count, Sum
from ..ops.structure import Expand, Reshape, Transpose
from . import products
from .elements import FAMILIES, Element, cost, element
from .lapack import native_routine
from .pieces import INTERNAL, Picked, Whole, Windows
from .places import Affine, Index, Pick, at, behind, equal_steps, flat, item_of
from .prepared import prepared
from .routines import Routine
from .special import Foreign

VIEWS = (Expand, Picked, Reshape, Slice, Transpose, Windows)
MERGES: dict[type, str] = {
    Sum: "add", Count: "add", Prod: "mul", Max: "max", Min: "min", AnyTrue: "or", AllTrue: "and",
}  # fmt: skip
OF_BOOLS: dict[type, Any] = {Max: AnyTrue, Min: AllTrue, Sum: AnyTrue, Prod: AllTrue}


class Reduction(NamedTuple):
    """A sum (product, extreme) over axes: its terms, and the extents kept and summed over."""

    opcode: str
    kept: tuple[int, ...]
    summed: tuple[int, ...]
    factors: tuple[tuple[int, Callable[[Index, Index], Index]], ...]
    """The nodes that are multiplied, each with its index from those kept and summed over."""

    def split(self, index: Index, column: bool) -> tuple[Index, Index]:
        """The indices kept and summed over, of which the former are last for a column."""
        if column:
            return index[len(self.summed) :], index[: len(self.summed)]
        return index[: len(self.kept)], index[len(self.kept) :]


def graphs_of(op: Any) -> tuple[Graph, ...]:
    """The graphs that run inside."""
    if isinstance(op, Scan):
        return (op.step,)
    if isinstance(op, Branches):
        return op.branches
    return (op.condition, *op.steps)


@lru_cache(maxsize=256)
def body_of(graph: Graph, kind: Callable[[Graph], Nodes]) -> Nodes | None:
    """The nodes of a graph inside a loop; None if it needs a call of NumPy's."""
    nodes = kind(prepared(graph))
    types = [t for _, n in nodes.graph for t in n.types]
    native = "call" not in nodes.role and all(t.dtype in KINDS for t in types)
    return nodes if native else None


class Nodes:
    """The nodes of a graph, as native code sees them."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.role: list[str] = []
        for i, n in graph:
            self.role.append(self._role(i, n))

    def _role(self, i: int, n: Node) -> str:
        if i < self.graph.arity:
            return "given"
        if isinstance(n.op, Constant):
            return "constant" if n.op.shape == () and n.op.dtype in KINDS else "given"
        types = self.types(n)
        if isinstance(n.op, Item):
            known = {"cut": "view", "loop": "result", "routine": "result"}
            return known.get(self.role[n.args[0]], "given")
        if self.routine(i) is not None:
            return "routine"
        if isinstance(n.op, Scan | Branches | Sweeps):
            return "loop" if all(map(self.inner, graphs_of(n.op))) else "call"
        if isinstance(n.op, Whole):
            return "whole"
        if isinstance(n.op, Split | Unstack):
            return "cut" if types[0].dtype in KINDS else "call"
        if any(not isinstance(t, Type) or t.dtype not in KINDS for t in (*types, n.type)):
            return "call"
        if isinstance(n.op, VIEWS):
            return "view"
        if isinstance(n.op, INTERNAL):
            return n.op.name
        if self.by_element(i) and self.function(i) is not None:
            return "element"
        if self.reduction(i):
            return "sum"
        return "product" if products.native(n.op, n.type.dtype) else "call"

    def inner(self, graph: Graph) -> Nodes | None:
        """The nodes of a graph inside, seen in the same way."""
        kind: Callable[[Graph], Nodes] = type(self)
        return body_of(graph, kind)

    def routine(self, i: int) -> Routine | None:
        """The function that does all of an operation, where there is one."""
        n = self.graph.nodes[i]
        items: list[Any] = [self.graph.nodes[k].op for k in self.items[i]]
        return native_routine(n.op, self.types(n), n.types, {item.index for item in items})

    @cached_property
    def items(self) -> dict[int, list[int]]:
        """For each node, the nodes that are one of its several results."""
        found: dict[int, list[int]] = {i: [] for i, _ in self.graph}
        for i, n in self.graph.body():
            if isinstance(n.op, Item):
                found[n.args[0]].append(i)
        return found

    @cached_property
    def read_by_loops(self) -> set[int]:
        """The nodes that something else takes than calls and views."""
        body = self.graph.body()
        return {a for i, n in body if self.role[i] not in ("call", "view") for a in n.args}

    def by_element(self, i: int) -> bool:
        """Whether each element of the result is a function of those of the arguments beside it."""
        op = self.graph.nodes[i].op
        return op.kind == "element" or isinstance(op, Foreign) or op.name in FAMILIES

    def function(self, i: int) -> Element | None:
        """The scalar function of an element-wise node; None if there is none."""
        n = self.graph.nodes[i]
        exponent = self.constant(n.args[1]) if len(n.args) == 2 else None
        return element(n.op, self.types(n), n.type, exponent)

    def constant(self, i: int) -> Any:
        """The number in all places of a node, or None."""
        while isinstance(self.graph.nodes[i].op, Expand):
            i = self.graph.nodes[i].args[0]
        op = self.graph.nodes[i].op
        return op.value()[()] if isinstance(op, Constant) and op.shape == () else None

    def types(self, n: Node) -> tuple[Any, ...]:
        """The types of the arguments of a node."""
        return tuple(self.graph.nodes[a].type for a in n.args)

    def shape(self, i: int) -> tuple[int, ...]:
        """The shape of a node of one result."""
        return self.graph.nodes[i].type.shape

    def dtype(self, i: int) -> np.dtype:
        """The dtype of a node of one result."""
        return self.graph.nodes[i].type.dtype

    @cached_property
    def costs(self) -> list[int]:
        """The work for one element of each node by itself."""
        return [
            cost(n.op) if r == "element" else 0
            for (_, n), r in zip(self.graph, self.role, strict=True)
        ]

    def below(self, i: int, index: Index) -> tuple[int, Index] | None:
        """The node and the element that a view reads; None if that is not affine."""
        n = self.graph.nodes[i]
        source = n.args[0]
        if isinstance(n.op, Item):
            cut = self.graph.nodes[source]
            of, piece = cut.args[0], item_of(n, cut)
            assert piece is not None
            found = behind(Node(piece, (of,), n.type), self.graph.nodes[of], index)
            return None if found is None else (of, found)
        if isinstance(n.op, Picked):
            return source, self.picked(n.op.read, source, n.args[1:], index)
        found = behind(n, self.graph.nodes[source], index)
        return None if found is None else (source, found)

    def picked(self, read: Gather, x: int, indices: Sequence[int], index: Index) -> Index:
        """The element of x that a gather reads for one of its own."""
        n, rank = len(self.shape(x)), read.rank
        first, batch = n + read.axes[0], len(self.shape(indices[0])) - rank
        rest, found = iter(index[first + rank :]), list(index[:first])
        chosen = (*index[:batch], *index[first : first + rank])
        at = dict(zip(read.axes, indices, strict=True))
        for axis in range(first - n, 0):
            found.append(self.pick(at[axis], chosen) if axis in at else next(rest))
        return tuple(found)

    def pick(self, i: int, index: Index) -> Affine:
        """An element of an array of indices; known are those that count in equal steps."""
        shape = self.shape(i)
        index = tuple([a if n != 1 else Affine() for a, n in zip(index, shape, strict=True)])
        op = self.graph.nodes[i].op
        steps = equal_steps(op) if isinstance(op, Constant) else None
        if steps is None:
            return Affine(0, (), ((Pick(i, index), 1),))
        start, along = steps
        parts = [a.scaled(0, s) for a, s in zip(index, along, strict=True)]
        return flat((Affine(start), *parts), (1,) * (1 + len(parts)))

    def argument(self, i: int) -> tuple[int, list[Callable[[np.ndarray], np.ndarray]]]:
        """What a call reads for an argument, and the views that it takes of that.

        NumPy has transposes and new shapes without a copy, and BLAS reads transposed matrices. But
        what loops read as well is stored, in the order in which they go.
        """
        views: list[Callable[[np.ndarray], np.ndarray]] = []
        shaped = False
        while self.role[i] == "view" and i not in self.read_by_loops:
            op: Any = self.graph.nodes[i].op
            if isinstance(op, Reshape):
                shaped = True
                views.append(partial(np.reshape, shape=op.shape))
            elif isinstance(op, Transpose) and not shaped:
                views.append(partial(np.transpose, axes=op.axes))
            else:
                break
            i = self.graph.nodes[i].args[0]
        return i, views[::-1]

    def owner(self, i: int) -> int:
        """The node that made the memory of a node: of what is put together, the blank."""
        while self.role[i] in ("piece", "whole"):
            i = self.graph.nodes[i].args[0]
        return i

    def product(self, i: int) -> products.Extents:
        """The extents of a product of matrices."""
        op: Any
        op, (a, b), _ = self.graph.nodes[i]
        return products.extents(op, self.shape(a), self.shape(b), self.turned(i))

    def turned(self, i: int) -> bool:
        """Whether the second matrix of a product lies transposed."""
        b, index = self.seen(self.graph.nodes[i].args[1])
        matrix = self.matrix(i, 1, flat(index, self.shape(b)))
        return matrix is not None and matrix.turned

    def seen(self, i: int) -> tuple[int, Index]:
        """What a view shows, and which element the counters choose of it.

        That may be a Reshape, which has the memory of its argument.
        """
        index = at(range(len(self.shape(i))))
        while self.role[i] == "view":
            found = self.below(i, index)
            if found is None:
                break
            i, index = found
        return i, index

    def matrix(self, i: int, which: int, place: Affine) -> products.Matrix | None:
        """How an argument of a product is read, of which an element is at this place."""
        op: Any = self.graph.nodes[i].op
        shape = self.shape(self.graph.nodes[i].args[which])
        has_other = op.columns if which else op.rows
        lead = len(shape) - 1 - has_other
        summed = lead if which else len(shape) - 1
        other = (len(shape) - 1 if which else lead) if has_other else -1
        row, column = (summed, other) if which else (other, summed)
        rows, columns = (1 if k < 0 else shape[k] for k in (row, column))
        return products.matrix(place, row, column, rows, columns)

    def zero(self, blank: int) -> bool:
        """Whether a blank begins with zeros."""
        op: Any = self.graph.nodes[blank].op
        return op.zero

    def written(self, piece: int, index: Index) -> Affine:
        """Where a piece puts an element of its argument."""
        op: Any
        op, (blank, *indices, _), t = self.graph.nodes[piece]
        if isinstance(op.read, Gather):
            return flat(self.picked(op.read, blank, indices, index), t.shape)
        path, types = (op.read, *op.inside), [t]
        for view in path:
            types.append(view.type(types[-1]))
        for view, of, read in zip(path[::-1], types[-2::-1], types[:0:-1], strict=True):
            found = behind(Node(view, (blank,), read), Node(op, (), of), index)
            if found is None:  # an array of one long axis in another shape
                along = flat(index, read.shape)
                found = tuple([along if n != 1 else Affine() for n in of.shape])
            index = found
        return flat(index, t.shape)

    def reduction(self, i: int) -> Reduction | None:
        """How a node is a sum over axes of one array or of a product of two; None if it is not."""
        op: Any
        op, args, result = self.graph.nodes[i]
        if type(op) in MERGES:
            if result.dtype == bool and type(op) in OF_BOOLS:
                op = OF_BOOLS[type(op)](op.axes)
            return _over_axes(op, args[0], self.shape(args[0]))
        if isinstance(op, MatMul) and result.dtype.kind in "fiub":
            a, b = args
            if result.dtype.kind != "f" or not self.product(i).in_tiles:
                of_bools = result.dtype.kind == "b"
                return _matrix_product(op, of_bools, a, self.shape(a), b, self.shape(b))
        return None


def _over_axes(op: Any, x: int, shape: tuple[int, ...]) -> Reduction:
    n = len(shape)
    summed = [k for k in range(n) if k - n in op.axes]
    kept = [k for k in range(n) if k not in summed]

    def place(outer: Index, inner: Index) -> Index:
        found = dict(zip([*kept, *summed], (*outer, *inner), strict=True))
        return tuple(found[k] for k in range(n))

    extents = tuple(shape[k] for k in kept), tuple(shape[k] for k in summed)
    return Reduction(MERGES[type(op)], *extents, ((x, place),))


def _matrix_product(
    op: MatMul, of_bools: bool, a: int, of_a: tuple[int, ...], b: int, of_b: tuple[int, ...]
) -> Reduction:
    lead = len(of_a) - 1 - op.rows
    rows = of_a[lead:-1]
    columns = of_b[lead + 1 :]

    def left(outer: Index, inner: Index) -> Index:
        return (*outer[: lead + op.rows], *inner)

    def right(outer: Index, inner: Index) -> Index:
        return (*outer[:lead], *inner, *outer[lead + op.rows :])

    kept, opcode = (*of_a[:lead], *rows, *columns), "or" if of_bools else "add"
    return Reduction(opcode, kept, of_a[-1:], ((a, left), (b, right)))
