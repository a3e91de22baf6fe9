"""Blame: the first operation whose value, or whose derivative, is not finite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..array import Array
from ..errors import Position
from ..graph import Graph, Item, Node, Type
from ..rewrite import STABILISE, rewritten
from ..tracing.functional import Recorded
from ..walk import active, by_result, evaluate
from ..zeros import total


class Blame(NamedTuple):
    """An operation that makes what is not finite of what is finite."""

    what: str  # "the value" or "the derivative"
    operation: str
    operands: tuple[Any, ...]  # the arguments at the first bad entry
    result: Any  # what comes out there
    place: tuple[int, ...]
    position: Position

    def __str__(self) -> str:
        of = ", ".join(str(x) for x in self.operands)
        at = f" at index {self.place}" if self.place else ""
        where = f" ({self.position})" if self.position.source else ""
        return f"{self.what} of {self.operation} at {of}{at} is {self.result}{where}"


def blame(recorded: Recorded) -> Blame | str:
    """What was first, forwards and then backwards; in words where nothing is."""
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    given = [recorded.outside(i).raw for i in order[: graph.arity]]
    if any(np.shape(a) != t.shape for a, t in zip(given, graph.input_types, strict=True)):
        return "what ran in vmap has no values of its own to look at"
    found = blamed(recorded)
    return found[0] if found else "no single operation is to blame"


def blamed(recorded: Recorded) -> tuple[Blame, int] | None:
    """The same with its entry."""
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    given = [Array(None, -1, recorded.outside(i).raw) for i in order[: graph.arity]]
    with np.errstate(all="ignore"):
        found = _forwards(graph, given, order, recorded)
        if found is None:
            stable, _, sources = rewritten(graph, STABILISE)
            known = [order[i] for i in sources]
            found = _backwards(stable, given, known, recorded)
    return found


def _finite(x: Any) -> bool:
    return all(map(_finite, x)) if isinstance(x, tuple) else bool(np.isfinite(x).all())


def _plain(x: Any) -> Any:
    return tuple(map(_plain, x)) if isinstance(x, tuple) else x.raw


def _forwards(
    graph: Graph, inputs: Sequence[Array], order: list[int], recorded: Recorded
) -> tuple[Blame, int] | None:
    """The first operation that makes inf or nan of finite arguments."""
    values = list(map(_plain, evaluate(graph, inputs)))
    for i, n in graph.body():
        args = [values[a] for a in n.args]
        made_here = n.args and not isinstance(n.op, Item) and all(map(_finite, args))
        if made_here and not _finite(values[i]):
            return _made("the value", n, args, values[i], recorded, order[i])
    return None


def _backwards(
    graph: Graph, inputs: Sequence[Array], known: list[int], recorded: Recorded
) -> tuple[Blame, int] | None:
    """The first operation in the reverse sweep whose pull is not finite."""
    env = evaluate(graph, inputs)
    flags = active(graph, [True] * graph.arity)
    found: dict[int, list[Any]] = defaultdict(list)
    for o in graph.outputs:
        found[o].append(Array(None, -1, np.ones_like(env[o].raw)))
    for i in range(len(graph) - 1, graph.arity - 1, -1):
        n = graph.nodes[i]
        if i not in found:
            continue
        if isinstance(n.op, Item):
            found[n.args[0]].append((n.op.index, total(found.pop(i))))
            continue
        terms, args = found.pop(i), tuple(env[a] for a in n.args)
        g = total(terms) if isinstance(n.type, Type) else by_result(terms, len(n.type))
        pulled = n.op.pull(env[i], args, g, tuple(flags[a] for a in n.args))
        for a, p in zip(n.args, pulled, strict=True):
            if p is not None and not _finite(p.raw):
                operands = [x.raw for x in args]
                return _made("the derivative", n, operands, p.raw, recorded, known[i])
            if p is not None:
                found[a].append(p)
    return None


def _made(
    what: str, n: Node, args: Sequence[Any], y: Any, recorded: Recorded, entry: int
) -> tuple[Blame, int]:
    y = next(z for z in y if not _finite(z)) if isinstance(y, tuple) else np.asarray(y)
    index = tuple(int(k) for k in np.argwhere(~np.isfinite(y))[0])
    position = recorded.trace.position(entry)
    given = operands_at(args, index, y.shape)
    return Blame(what, n.op.name, given, y[index], index, position), entry


def convention(recorded: Recorded, entry: int, mask: np.ndarray) -> Blame:
    """An operation whose derivative is a convention where a mask says: at a kink, or at a jump."""
    trace = recorded.trace
    op, *args = trace.entries[entry]
    given = [np.asarray(trace.value(i)) for i in args]
    index = tuple(int(k) for k in np.argwhere(mask)[0])
    operands = operands_at(given, index, mask.shape)
    position = trace.position(entry)
    return Blame("the derivative", op.name, operands, "a convention", index, position)


def operands_at(args: Sequence[Any], place: tuple[int, ...], shape: tuple) -> tuple[Any, ...]:
    """The entries of operands at a place of an array of this shape; of others their types."""
    return tuple(
        np.asarray(a)[place] if np.shape(a) == shape else Type(a.dtype, a.shape) for a in args
    )
