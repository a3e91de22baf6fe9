"""Why a gradient is zero: where the path from a source to a target was cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..array import Array
from ..errors import NotDifferentiableError
from ..graph import Type
from ..recording import Trace


def _followers(trace: Trace, source: int) -> set[int]:
    """The entries that depend on `source`, itself included."""
    found = {source}
    for i in range(source + 1, len(trace.entries)):
        if not found.isdisjoint(trace.entries[i][1:]):
            found.add(i)
    return found


def connected(trace: Trace, source: int, targets: Sequence[int]) -> bool:
    """Whether a path through floating-point numbers leads from the source to a target."""
    flags = {source} if _differentiable(trace, source) else set()
    for i in range(source + 1, max(targets) + 1):
        if not flags.isdisjoint(trace.entries[i][1:]) and _differentiable(trace, i):
            flags.add(i)
    return not flags.isdisjoint(targets)


def _differentiable(trace: Trace, i: int) -> bool:
    types = trace.types(i)
    return any(t.differentiable for t in ((types,) if isinstance(types, Type) else types))


def why_unconnected(
    source: Any, entries: Callable[[Any, Trace], list[int]], targets: Sequence[Array]
) -> str:
    """The reason in words, with the line at which the path was cut."""
    dtype = getattr(source, "dtype", None)
    if dtype is not None and dtype.kind not in "fc":
        return f"the source has dtype {dtype}, and only floating-point numbers have a derivative"
    recorded = [t for t in targets if t.scope is not None]
    if not recorded:
        return "the target was computed outside of the tape, from nothing that it watched"
    for t in recorded:
        trace = t.scope
        assert trace is not None
        for i in entries(source, trace):
            found = _followers(trace, i)
            if t.index in found:
                return _cut(trace, i, t.index, found)
    if any(entries(source, t.scope) for t in recorded if t.scope is not None):
        return "the target does not depend on the source"
    return (
        "the source was not watched: a trainable Variable is when it is read inside the tape, "
        "a constant needs tape.watch before it is used, and a plain number or array cannot be"
    )


def _cut(trace: Trace, source: int, target: int, followers: set[int]) -> str:
    """Which operation on the way has no derivative."""
    before = {target}
    for i in range(target, source, -1):
        if i in before:
            before.update(a for a in trace.entries[i][1:] if a in followers)
    way = sorted(before & followers - {source})
    cuts = [i for i in way if not _differentiable(trace, i) or not _passes(trace, i)]
    i = cuts[0] if cuts else target
    op, where = trace.entries[i][0], trace.position(i)
    why = "where the derivative was stopped" if op.decreed else "which is piecewise constant"
    return f"the path ends at {op.name}, {why} ({where})"


def _passes(trace: Trace, i: int) -> bool:
    """Whether an entry has a derivative with respect to any argument."""
    op, *args = trace.entries[i]
    try:
        maps = op.d(*(Array(None, -1, trace.value(k)) for k in (i, *args)))
    except (NotImplementedError, NotDifferentiableError):
        return True
    return any(m is not None for m in maps)
