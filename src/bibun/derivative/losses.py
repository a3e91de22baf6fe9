"""Losses: the operations of a function whose results have fewer right digits than what they are of.

Floats are compared with balls, operation by operation, as the function is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..array import Array
from ..errors import Position
from ..graph import Graph, Item, Node, Type
from ..tracing.functional import Recorded
from ..walk import evaluate
from ..wide.balls import UndecidedError, balls, precision
from ..wide.checks import KEPT
from ..wide.objects import Library, NotExpressibleError, apply, lacking
from ..wide.proof import ball_of
from ..wide.rescue import PRECISIONS
from .blame import operands_at


class Loss(NamedTuple):
    """An operation whose result has fewer right digits than its arguments."""

    operation: str
    operands: tuple[Any, ...]
    digits: float
    place: tuple[int, ...]
    position: Position
    entry: int  # of the trace

    def __str__(self) -> str:
        of = ", ".join(str(x) for x in self.operands)
        return f"{self.operation} at {of} loses {self.digits:.1f} digits ({self.position})"


def losses(recorded: Recorded) -> list[Loss]:
    """The operations of the function that lose more than a digit, as it is written; worst first."""
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    floats, exact = _both(graph, [recorded.outside(i).raw for i in order[: graph.arity]])
    with precision(PRECISIONS[-1]):
        errors = [_errors(x, y) for x, y in zip(floats, exact, strict=True)]
    found = []
    for i, n in graph.body():
        if n.args and not isinstance(n.op, Item) and errors[i] is not None:
            lost = _lost(n, errors, i, [floats[a] for a in n.args])
            if lost is not None:
                position = recorded.trace.position(order[i])
                found.append(Loss(n.op.name, *lost, position, order[i]))
    return sorted(found, key=lambda x: -x.digits)


def vanishing(recorded: Recorded, graph: Graph, args: Sequence[Any]) -> str:
    """The first operation of which floats lose a number that is too small for them, in words.

    Of the function as it is written, or else of its derivative; empty without one.
    """
    written, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    given = [recorded.outside(i).raw for i in order[: written.arity]]
    for program, at, places in ((written, given, order), (graph, args, None)):
        found = _vanished(program, at)
        if found is not None:
            i, place, operands = found
            where = f" ({recorded.trace.position(places[i])})" if places else " in the derivative"
            at_index = f" at index {place}" if place else ""
            of = ", ".join(str(x) for x in operands)
            return f"{program.nodes[i].op.name} at {of}{at_index} is too small for floats{where}"
    return ""


def _vanished(graph: Graph, args: Sequence[Any]) -> tuple[int, tuple[int, ...], tuple] | None:
    """A node that is 0 or subnormal, and off, and counts; where, and its operands there.

    It does not where each operation on it has the digits that it should, such as 1 + exp(-1000),
    or is as small, up to the results. One without exact numbers may do with it what it likes, and
    is taken as it is in floats.
    """
    floats, unknown = _floats(graph, args), set[int]()

    def as_it_is(i: int) -> Any:
        unknown.add(i)
        plain = isinstance(graph.nodes[i].type, Type)
        return library.elements(floats[i].raw) if plain else None

    with precision(PRECISIONS[-1]):
        library = balls(lambda values: None)
        exact = in_balls(graph, args, library, as_it_is)[0]
    gone: dict[int, tuple[int, tuple[int, ...], tuple]] = {}  # and where that began
    for i, n in graph.body():
        if not n.args:
            continue
        origin = next((gone[a] for a in n.args if a in gone), None)
        known = None if i in unknown else exact[i]
        with precision(PRECISIONS[-1]):
            k, off = _far(floats[i], known, origin is not None)
        if k is not None and origin is not None:
            gone[i] = origin
        elif k is not None and isinstance(n.type, Type) and not isinstance(n.op, Item):
            shape = np.shape(floats[i].raw)
            place = tuple(int(j) for j in np.unravel_index(k, shape))
            gone[i] = i, place, operands_at([floats[a].raw for a in n.args], place, shape)
        if origin is not None and off:
            return origin
    return None


def _far(x: Any, exact: Any, after: bool) -> tuple[int | None, bool]:
    """The first entry that is too small for floats, if one is; and whether others are not right.

    Nor are those right of which nothing is known. What may also be zero is too small only `after`
    what is.
    """
    if exact is None:
        return None, True
    if type(exact) is tuple:  # of a decomposition
        found = [_far(y, e, after) for y, e in zip(x, exact, strict=True)]
        return next((k for k, _ in found if k is not None), None), any(off for _, off in found)
    y = np.asarray(x.raw)
    if y.dtype.kind != "f":
        if np.asarray(exact).dtype == object:  # of factors, the bits: what they lead to is compared
            return 0 if after else None, False
        return None, not np.array_equal(y, exact)
    kind, small, off = np.finfo(y.dtype), None, False
    for k, entry in enumerate(np.ravel(np.asarray(exact, object))):
        ball, float_k = ball_of(entry), float(y.ravel()[k])
        if not ball.is_finite() or not np.isfinite(float_k):
            off = True
        elif not abs(ball - float_k) <= float(kind.eps) ** KEPT * abs(ball):
            tiny = abs(ball) < float(kind.tiny) and abs(float_k) < float(kind.tiny)
            if tiny and (after or abs(ball) > 0):
                small = k if small is None else small
            else:
                off = True
    return small, off


def _both(graph: Graph, args: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """All nodes in floats, and in balls."""
    with precision(PRECISIONS[-1]):
        return _floats(graph, args), in_balls(graph, args, balls(lambda values: None))[0]


def _floats(graph: Graph, args: Sequence[Any]) -> list[Any]:
    """All nodes as NumPy computes them."""
    with np.errstate(all="ignore"):
        return evaluate(graph, [Array(None, -1, a) for a in args])


def lossy(recorded: Recorded) -> str:
    """The operation to blame for digits that a derivative has lost, in words."""
    found = losses(recorded)
    return str(found[0]) if found else "terms of the derivative cancel, none of the function's do"


def difference(recorded: Recorded, results: Sequence[Any], better: Sequence[Any]) -> str:
    """Which number of a derivative is how far from a better one, where that is worst."""
    worst, text, count, total = -1.0, "", 0, 0
    for y, z in zip(results[recorded.results :], better[recorded.results :], strict=True):
        if y.dtype.kind != "f" or not y.size:
            continue
        with np.errstate(all="ignore"):
            away = np.abs(np.subtract(y, z, dtype=float)) / np.max(np.abs(z))
        away = np.nan_to_num(np.asarray(away), nan=np.inf)
        count += int((away > float(np.finfo(y.dtype).eps) ** KEPT).sum())
        total += y.size
        k = int(np.argmax(away))
        if away.ravel()[k] > worst:
            worst = float(away.ravel()[k])
            index = tuple(int(i) for i in np.unravel_index(k, away.shape))
            at = f" at index {index}" if index else ""
            text = f"{np.ravel(y)[k]} instead of {np.ravel(z)[k]}{at}"
    return f"{count} of {total} numbers of the derivative are not right, {text}"


def in_balls(
    graph: Graph,
    args: Sequence[Any],
    library: Library,
    instead: Callable[[int], Any] = lambda i: None,
) -> tuple[list[Any], list[str]]:
    """The values of all nodes in balls; those without are named, and are `instead` what it says.

    What comes after None is None, too.
    """
    env: list[Any] = [library.elements(a) for a in args]
    without: list[str] = []
    with np.errstate(all="ignore"):
        for i, n in graph.body():
            given = [env[a] for a in n.args]
            y = None
            if not any(x is None for x in given):
                try:
                    y = apply(n, given, library)
                except UndecidedError:
                    pass  # of this precision; more may decide
                except (NotExpressibleError, TypeError, ValueError, AttributeError) as error:
                    without.append(lacking(n.op, error))
            env.append(instead(i) if y is None else y)
    return env, sorted(set(without))


def _errors(x: Any, y: Any) -> np.ndarray | None:
    """The relative errors of floats, at least those of rounding."""
    if y is None or isinstance(x, tuple) or x.raw.dtype.kind != "f":
        return None
    plain = np.asarray(x.raw)
    eps = float(np.finfo(plain.dtype).eps)
    found = np.full(plain.shape, eps)
    for k, (a, b) in enumerate(zip(plain.ravel(), np.ravel(np.asarray(y, object)), strict=True)):
        exact = ball_of(b)
        if not np.isfinite(a) or not exact.is_finite() or not abs(exact) > 0:
            continue
        found.ravel()[k] = max(eps, float(abs(exact - float(a)) / abs(exact)))
    return found


def _lost(
    n: Node, errors: list[np.ndarray | None], i: int, args: list[Any]
) -> tuple[tuple[Any, ...], float, tuple[int, ...]] | None:
    """The operands of the worst entry, the digits it loses, and its place; None for at most one."""
    known = [errors[a] for a in n.args]
    before = [e.max() for e in known if e is not None and e.size]
    after = errors[i]
    if not before or after is None or not after.size:
        return None
    index = np.unravel_index(int(np.argmax(after)), after.shape)
    digits = float(np.log10(after[index] / max(before)))
    if digits <= 1:
        return None
    place = tuple(int(k) for k in index)
    return operands_at([a.raw for a in args], place, after.shape), digits, place
