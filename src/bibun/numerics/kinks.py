"""Kinks: the first operation of a function that has no derivative where it stands."""

from __future__ import annotations

import numpy as np

from ..array import Array, bind
from ..derivative.blame import Blame
from ..derivative.derived import derive
from ..derivative.gradient import Reverse
from ..graph import Constant, Item, Node, Type
from ..tracing.functional import Recorded
from ..walk import active, build, evaluate
from ..wide.balls import UndecidedError, precision
from ..wide.limits import limit
from ..wide.mode import mode
from ..wide.objects import NotExpressibleError
from ..wide.rescue import PRECISIONS, Rescue, SpentError

KINDS = {
    "kink": "different from both sides",
    "infinite": "infinite",
    "jump": "that of a jump",
    "nothing": "different from each side",
    "unknown": "not known: it has no exact numbers, or stands at infinity",
}


def kinked(recorded: Recorded) -> tuple[Blame, int] | None:
    """The first operation without a derivative, or of which nobody knows; and its entry."""
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    given = [Array(None, -1, recorded.outside(i).raw) for i in order[: graph.arity]]
    with np.errstate(all="ignore"):
        env = evaluate(graph, given)
    flags = active(graph, [i in recorded.inputs for i in order[: graph.arity]])
    unknown = None
    for i, n in graph.body():
        if not flags[i] or isinstance(n.op, Constant | Item):
            continue
        args = [np.asarray(env[a].raw) for a in n.args]
        kind, place, k = _local(n, args, [flags[a] for a in n.args])
        if kind == "number":
            continue
        operands = tuple(
            a[place]
            if a.shape == args[k].shape and len(place) == a.ndim
            else Type(a.dtype, a.shape)
            for a in args
        )
        position = recorded.trace.position(order[i])
        found = Blame("the derivative", n.op.name, operands, KINDS[kind], place, position)
        if kind != "unknown":
            return found, order[i]
        unknown = unknown or (found, order[i])
    return unknown


def _local(n: Node, args: list[np.ndarray], wanted: list[bool]) -> tuple[str, tuple, int]:
    """What the derivative of one operation is, at the worst entry of which argument."""
    first = wanted.index(True)
    if not all(np.isfinite(a).all() for a in args if a.dtype.kind == "f"):
        return "unknown", (), first
    try:
        values, slopes = _kinds(n, args, wanted)
    except (NotExpressibleError, UndecidedError, SpentError, TypeError, ValueError):
        return "unknown", (), first
    jumps = ["number" if kind == "number" else "jump" for kind in values]
    if "jump" in jumps:  # of an operation on elements, at the same place
        slopes[first] = jumps if len(jumps) == len(slopes[first]) else ["jump"]
    for k, found in enumerate(slopes):
        for e, kind in enumerate(found):
            if kind != "number":
                place = np.unravel_index(e, args[k].shape)
                return kind if kind in KINDS else "nothing", tuple(int(j) for j in place), k
    return "number", (), first


def _kinds(
    n: Node, args: list[np.ndarray], wanted: list[bool]
) -> tuple[list[str], list[list[str]]]:
    """Which limits the results of one operation have here, and its derivatives by each argument."""
    types = [Type(a.dtype, a.shape) for a in args]

    def alone(*inputs: Array) -> tuple[Array, ...]:
        y = bind(n.op, *inputs)
        return y if isinstance(y, tuple) else (y,)

    graph = build(types, alone)
    results = list(graph.output_types)
    count = len(results)
    step = Reverse(count, len(types), False)
    derived, sources, _ = derive(graph, list(range(len(graph))), results, step, None)
    rng = np.random.default_rng(0)  # a sum of sorted numbers has no kink, each of them has
    g = [np.asarray(rng.integers(128, 256, t.shape) / 256) for t in results]
    movable = [wanted[s] for s in sources] + [False] * count
    attempt = Rescue(derived, [*(args[s] for s in sources), *g], movable, count, mode().budget)
    entries = [np.arange(int(np.prod(t.shape))) for t in results]
    entries += [np.arange(a.size if w else 0) for a, w in zip(args, wanted, strict=True)]
    seen = attempt.nearby(entries, movable)
    with precision(PRECISIONS[-1]):
        kinds = [[limit(f).kind for f in places] for places in seen]
    return [kind for found in kinds[:count] for kind in found], kinds[count:]
