"""Memory: which arrays share it. A view knows its `parent`, as NumPy's views know their base.

The trace keeps a list of the views, which nobody looks at before something is written: then they
are sorted by the arrays that own the memory, with the operations that make each of its parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from .array import Array, enter, is_number
from .errors import TracingError
from .graph import Item, Op, Type
from .recording import Trace, threads

Steps = list[tuple[Op, tuple[Array, ...]]]  # view operations, each with its further arguments


# ------------------------------------------------------------ who shares memory


def owner_of(x: Array) -> Array:
    """The array that owns the memory that x shows."""
    return x if x.base is None else x.base


def share(y: Array, x: Array, *steps: Op) -> Array:
    """y as a view of x. Of plain arrays nobody else knows the steps from x to y."""
    y.parent = x
    trace = y.scope
    if trace is None:
        y.index = steps  # type: ignore[assignment]
        if threads.open:
            threads.open[0].views.append(y)
    elif trace.active:
        trace.views.append(y)
    return y


def view(op: Op, x: Array) -> Array:
    """op(x) as a view of x."""
    trace, u = x.scope, x.raw
    value = op.type(u) if type(u) is Type else op.value(u)
    form = np.ndarray if type(value) is Type and not (value.shape or is_number(x)) else None
    if trace is None or not trace.active:
        if trace is not None:
            trace.refuse_escape(u)
        return share(Array(None, -1, value, form), x, op)
    y = Array(trace, trace.add((op, x.index), value), value, form)
    y.parent = x
    trace.views.append(y)
    return y


def another(x: Array) -> Array:
    """One more name for all of x."""
    y = Array(x.scope, x.index, x.raw, x.form)
    return y if is_number(x) else share(y, x)


def same_memory(x: Array, y: Array) -> bool:
    """Whether y, which was made of x, is a view of it as far as NumPy is concerned."""
    u, v = x.raw, y.raw
    if type(v) is not Type:
        return v.base is not None and (v.base is u or v.base is u.base)
    if y.scope is None or y.scope.origin is not None:
        return False
    if scrambled(y.scope):
        return True  # which a write then refuses to rely on
    y.parent = x
    memory = _model(owner_of(x))
    shared = np.may_share_memory(_model(x, memory), _model(y, memory))
    del y.parent
    return shared or 0 in v.shape


def in_rows(x: Array) -> bool:
    """Whether the elements of x lie side by side, row after row."""
    if type(x.raw) is not Type:
        return x.raw.flags.c_contiguous
    if x.scope is None or x.scope.origin is not None:
        return False
    return scrambled(x.scope) or _model(x).flags.c_contiguous


def scrambled(trace: Trace) -> bool:
    """Whether arrays of which only the type is known may lie in memory in another order."""
    captured = (a for a in trace.captured.values() if type(a) is np.ndarray)
    return any(op.arranges == "order" for op, *_ in trace.entries) or not all(
        a.flags.c_contiguous for a in captured
    )


def _model(x: Array, memory: np.ndarray | None = None) -> np.ndarray:
    """An array that lies in memory as x does, or is taken to if only its type is known."""
    if not hasattr(x, "parent"):
        if memory is not None:
            return memory
        return np.empty(x.shape, bool) if type(x.raw) is Type else x.raw
    steps = steps_of(x)
    first = [[0 if type(r.raw) is Type else r.raw for r in rest] for _, rest in steps]
    return replay(_model(x.parent, memory), steps, first)


def overlap(a: Array, b: Array) -> bool:
    """Whether two arrays have an element in common."""
    owner = owner_of(a)
    if owner is owner_of(b) and a.shape and b.shape:
        memory = _model(owner)
        return np.shares_memory(_model(a, memory), _model(b, memory))
    plain = a.scope is None and b.scope is None
    return plain and np.shares_memory(a.raw, b.raw)


def entangled(x: Array, key: Any, v: Array) -> bool:
    """Whether NumPy reads what it has just written in x[key] = v, since v is a part of x.

    It copies v before only where the strides differ in sign, or where there are several axes.
    """
    owner = owner_of(x)
    if not v.shape or owner is not owner_of(v):
        return False
    like = _model(owner)
    place = _model(x, like)[key]
    if np.ndim(place) != 1 or not np.may_share_memory(place, _model(v, like)):
        return False
    memory = np.empty_like(like, np.intp)
    memory[...] = np.arange(memory.size).reshape(memory.shape)
    target, source = _model(x, memory)[key], _model(v, memory)
    meant = np.empty(target.shape, np.intp)
    meant[...] = source
    target[...] = source
    return not np.array_equal(target, meant)


def shown(x: Array) -> bool:
    """Whether there are views of the memory of x."""
    return bool(living(owner_of(x)))


def reshaped_in_place(x: Array, y: Array) -> None:
    """Let x stand for its view y, and what was a view of x for a view of what x was."""
    if type(x.raw) is Type and x.scope is not None and scrambled(x.scope):
        raise unknown_layout("x.shape = ...")
    owner, before, steps = owner_of(x), Array(x.scope, x.index, x.raw, x.form), made(y)
    for v, _ in living(owner):
        if v.parent is x:
            v.parent = before
    if owner is not x:
        before.parent = x.parent
    own = x.scope or (threads.open[0] if threads.open else None)  # the trace that is to know x
    for trace in _traces(owner) if own is not None else ():
        views = trace.memory.pop(id(owner), [])
        views = [(before, s) if v is x else (v, s) for v, s in views]
        if trace is own:
            views.append((x, steps))
        if views:
            trace.memory[id(before if owner is x else owner)] = views
    x.index, x.raw, x.parent = y.index, y.raw, before


def _alive(views: list[tuple[Array, Steps]]) -> list[tuple[Array, Steps]]:
    """The views that somebody still holds, if only for the sake of a view of them."""
    kept = []
    while views:
        v, steps = views.pop()
        if getrefcount(v) > _ALONE:
            kept.append((v, steps))
    return kept[::-1]


def _alone() -> int:
    """The references to a view that only a list held, taken as `_alive` and `_remember` do it."""
    views: list[tuple[Array, Steps]] = [(Array(None, -1, None), [])]
    v, _ = views.pop()
    return getrefcount(v)


def _held() -> int:
    """The references to the memory of an array that nobody else holds, taken as `write` does it."""
    a = Array(None, -1, np.zeros(1))
    memory = a.raw
    return getrefcount(memory)


# Measured, not written down: Python's versions count differently.
_ALONE, HELD = _alone(), _held()


def _traces(owner: Array) -> list[Trace]:
    """The traces that may know views of this memory."""
    of = owner.scope
    return [*threads.open] if of is None or of in threads.open else [of]


def living(owner: Array) -> list[tuple[Array, Steps]]:
    """All views of the memory of an array with their steps, every one behind its parent."""
    found: list[tuple[Array, Steps]] = []
    for trace in _traces(owner):
        while trace.views:
            _remember(trace)
        views = _alive(trace.memory.pop(id(owner), []))
        if views:
            trace.memory[id(owner)] = views
            found += views
    return found


def _remember(trace: Trace) -> None:
    """Sort the views made since the last write by their owners, while their steps are known."""
    fresh, trace.views = trace.views, []
    kept = []
    while fresh:
        v = fresh.pop()
        if getrefcount(v) > _ALONE:
            kept.append(v)
    for v in reversed(kept):
        trace.memory.setdefault(id(v.base), []).append((v, made(v)))


def steps_of(v: Array) -> Steps:
    """The operations that make a view of its parent."""
    owner = owner_of(v)
    for trace in _traces(owner):
        for w, steps in trace.memory.get(id(owner), ()):
            if w is v:
                return steps
    return made(v)


def made(v: Array) -> Steps:
    """The operations that made a view of its parent, before anything was written."""
    trace = v.scope
    if trace is None:
        return [(op, ()) for op in v.index]  # type: ignore[attr-defined]
    i, end, steps = v.index, enter(trace, v.parent), []
    while i != end:
        op, *args = trace.entries[i]
        if isinstance(op, Item):
            several, *args = trace.entries[args[0]]
            op = several.places[op.index]
        assert args, f"{op} is no step from a view to its parent"
        steps.append((op, tuple(Array(trace, a, trace.values[a]) for a in args[1:])))
        i = args[0]
    return steps[::-1]


def replay(u: Any, steps: Steps, rests: Sequence[Sequence[Any]] | None = None) -> Any:
    """The steps on the value of the parent: a view of its memory if it is known."""
    for k, (op, rest) in enumerate(steps):
        values = rests[k] if rests else [r.raw for r in rest]
        if type(u) is Type or Type in map(type, values):
            u = op.type(*(Type(w.dtype, w.shape) for w in (u, *values)))
        else:
            u = op.view(u, *values)
    return u


def unknown_layout(name: str) -> TracingError:
    """The error for what depends on how an array lies in memory, where that is not known."""
    return TracingError(
        f"{name}: whether a reshaped array shares its memory is not known here (inside vmap, with "
        "transposed arrays): take y = x.reshape(...).copy()"
    )
