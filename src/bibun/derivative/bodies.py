"""Bodies of control flow: functions of the user's that are traced once, for all runs of them.

What a body closes over (arrays of traces around it, Variables, plain arrays) becomes an operand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..array import NUMBERS, Array, Duck, bind, enter, innermost, lift
from ..errors import DtypeError
from ..graph import Graph, Op, Type, type_of
from ..guide import last, remember
from ..ops.control.graphs import placed, several
from ..ops.structure import cast
from ..recording import Trace, recording
from ..rewrite import STABILISE, rewrite
from ..tracing.containers import Rebuild, flatten, paths, same_structure
from ..tracing.functional import output
from ..tracing.rebind import rebound
from .boundaries import MEMO

Function = Callable[..., Any]


class Tree(NamedTuple):
    """A container of arrays: its leaves, and what tells how it is built."""

    tree: Any
    leaves: list[Array]
    rebuild: Rebuild
    weak: list[bool]  # which leaves are Python's numbers, whose dtype may still change

    @property
    def types(self) -> list[Type]:
        return [type_of(a) for a in self.leaves]


def tree_of(x: Any) -> Tree:
    """A container given by the user."""
    leaves, rebuild = flatten(x)
    weak = [type(leaf) in NUMBERS for leaf in leaves]
    return Tree(x, [lift(leaf) for leaf in leaves], rebuild, weak)


class Body(NamedTuple):
    """A function that was traced with arrays of which only the types are known."""

    trace: Trace
    inputs: list[int]
    outputs: list[int]
    parts: list[Tree]  # the containers that it returned

    @property
    def key(self) -> tuple:
        """What ran: the same for equal bodies."""
        trace = self.trace
        return trace.structure(), tuple(trace.bits), tuple(self.inputs), tuple(self.outputs)


def trace_body(
    name: str,
    f: Function,
    types: Sequence[Type],
    place: Callable[[list[Array]], Sequence[Any]],
    split: Callable[[Any], Sequence[Any]],
    needed: Sequence[Type] = (),
) -> Body:
    """Run f once on `place(arrays of these types)`; `split` cuts its result into containers.

    Python's numbers among the first results take the dtype that is needed.
    """
    trace = Trace()
    code = getattr(f, "__code__", None) or type(f)
    trace.guide = last(code)
    with recording(trace):
        inputs = [trace.input(t) for t in types]
        arrays = [Array(trace, i, t) for i, t in zip(inputs, types, strict=True)]
        parts: list[Tree] = []
        results: list[Array] = []
        for x in split(rebound(f)(*place(arrays))):
            leaves, rebuild = flatten(x)
            found = [_fitting(y, name, needed[len(results) + k :]) for k, y in enumerate(leaves)]
            results += found
            parts.append(Tree(x, found, rebuild, [type(y) in NUMBERS for y in leaves]))
        outputs = [enter(trace, y) for y in results]
    remember(trace.structure(), code)
    return Body(trace, inputs, outputs, parts)


def _fitting(y: Any, name: str, needed: Sequence[Type]) -> Array:
    """A result as an Array; a number of Python's in the dtype that is needed, if it fits."""
    a = output(y, name)
    if needed and type(y) in NUMBERS and np.result_type(needed[0].dtype, y) == needed[0].dtype:
        return cast(a, needed[0].dtype)
    return a


def closed(bodies: Sequence[Body]) -> tuple[list[Graph], list[Array]]:
    """The graphs of bodies with the same arguments, and what they share behind these."""
    shared: dict[Any, tuple[int, Array]] = {}
    found = []
    for body in bodies:
        graph, entries = MEMO.get(("body", *body.key), partial(_close, body))
        outside = [_outside(body.trace, i) for i in entries]
        for a in outside:
            shared.setdefault(_identity(a), (len(shared), a))
        found.append((graph, [shared[_identity(a)][0] for a in outside]))
    operands = [a for _, a in shared.values()]
    n = len(bodies[0].inputs)
    types = (*found[0][0].input_types[:n], *map(type_of, operands))
    graphs = [
        placed(graph, types, (*range(n), *(n + p for p in places))) if len(bodies) > 1 else graph
        for graph, places in found
    ]
    return graphs, operands


def _close(body: Body) -> tuple[Graph, list[int]]:
    graph, order = body.trace.close(body.inputs, body.outputs)
    return rewrite(graph, STABILISE)[0], order[len(body.inputs) : graph.arity]


def _outside(trace: Trace, i: int) -> Array:
    a = trace.captured[i]
    return a if type(a) is Array else Array(None, -1, a)


def _identity(a: Array) -> tuple:
    return (id(a.raw),) if a.scope is None else (id(a.scope), a.index)


def applied(op: Op, operands: Sequence[Array], given: Sequence[Tree]) -> list[Any]:
    """The results of an operation: recorded where an operand is, otherwise plain numbers."""
    results = several(bind(op, *operands))
    if innermost(operands) is not None or any(
        isinstance(x, Duck) for t in given for x in flatten(t.tree)[0]
    ):
        return list(results)
    return [_plain(a.raw) for a in results]


def _plain(y: Any) -> Any:
    """A result that shares no memory with an argument."""
    return y.copy() if type(y) is np.ndarray and y.base is not None else y


# ------------------------------------------------------------ what is carried


def carrying(
    name: str,
    f: Function,
    carry: Tree,
    more: Sequence[Type],
    place: Callable[[list[Array]], Sequence[Any]],
    split: Callable[[Any], Sequence[Any]],
) -> tuple[Body, Tree]:
    """A body whose first result is what it carries on, and its start in the dtypes that this has.

    Where the start is a number of Python's and the body makes a wider one of it, the start is
    widened. Everything else must keep its type.
    """
    while True:
        body = trace_body(name, f, [*carry.types, *more], place, split, carry.types)
        new = body.parts[0]
        check_structure(name, f, carry.tree, new.tree)
        wider = [_wider(*p) for p in zip(carry.leaves, new.leaves, carry.weak, strict=True)]
        if wider == [a.dtype for a in carry.leaves]:
            check_types(name, f, carry.tree, carry.types, new.types)
            return body, carry
        leaves = [cast(a, d) for a, d in zip(carry.leaves, wider, strict=True)]
        carry = carry._replace(leaves=leaves)


def _wider(old: Array, new: Array, weak: bool) -> np.dtype:
    grows = weak and old.shape == new.shape and np.can_cast(old.dtype, new.dtype, "safe")
    return new.dtype if grows else old.dtype


def check_structure(name: str, f: Function, given: Any, found: Any) -> None:
    """An error unless the carry comes back in the container that it had."""
    if not same_structure(given, found):
        raise DtypeError(
            f"{name}: {called(f)} gets a carry {shape_of(given)} and must return one of the same "
            f"structure, not {shape_of(found)}"
        )


def check_types(
    name: str, f: Function, tree: Any, needed: Sequence[Type], found: Sequence[Type]
) -> None:
    """An error unless the carry comes back with the types that it had."""
    wrong = [k for k, (a, b) in enumerate(zip(needed, found, strict=True)) if a != b]
    if wrong:
        k = wrong[0]
        path = paths(tree, "carry")[k]
        hint = (
            f"start from {found[k].dtype.name}, or return {path} as {needed[k].dtype.name}"
            if needed[k].shape == found[k].shape
            else "what is carried keeps its shape"
        )
        raise DtypeError(
            f"{name}: {called(f)} gets {path} as {needed[k]} and must return it as such, not as "
            f"{found[k]}: {hint}"
        )


def called(f: Any) -> str:
    """The name of the user's function."""
    return getattr(f, "__name__", type(f).__name__)


def shape_of(tree: Any) -> str:
    """A container in words: (*, {'a': *}), a star for each leaf."""
    leaves, rebuild = flatten(tree)
    return str(rebuild([_STAR] * len(leaves)))


class _Star:
    def __repr__(self) -> str:
        return "*"


_STAR = _Star()
