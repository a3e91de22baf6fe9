"""Writing: what a write into one array does to all that share its memory.

An entry of a trace never changes. A write makes a new entry and lets the array that owns the
memory, and every living view of it, stand for new entries. The values are NumPy's own: it writes
into a copy of the memory, of which the views are taken anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from sys import getrefcount
from typing import Any, NamedTuple

import numpy as np

from .array import FUNCTIONS, Array, bind, enter, innermost
from .errors import TracingError, user_position
from .graph import Input, Type
from .memory import HELD, Steps, living, made, replay, scrambled, unknown_layout
from .recording import Trace

Views = dict[int, tuple[Array, Steps]]  # by their id


class Change(NamedTuple):
    """What is written into an array: once as NumPy does it, once as an expression."""

    name: str
    args: tuple[Array, ...]  # what takes part in it
    assign: Callable[[np.ndarray], Any]  # changes a plain array in place
    record: Callable[[Array], Array]  # the new array, of the one before


def write(x: Array, change: Change) -> None:
    """Change x, the array that owns its memory, and all views of that memory."""
    path = [x]
    while hasattr(path[-1], "parent"):
        path.append(path[-1].parent)
    owner = path[-1]
    steps = {id(a): (a, s) for a, s in living(owner)}
    for a in path[-2::-1]:
        if id(a) not in steps:
            steps[id(a)] = a, made(a)
    views = [a for a, _ in steps.values()]
    trace = innermost((owner, *views, *change.args))
    _check(x, owner, [*steps.values()], change, trace)
    if trace is None:
        change.assign(x.raw)
        return
    frozen = {id(v) for v in views if _frozen(v, owner)}
    new = _recorded(x, change, trace)
    if x.scope is trace and new.index == x.index:
        return  # x[i] += v writes into x[i] what x[i] is already
    values = _values(path, steps, change)
    contents = _upwards(path, steps, new, trace)
    for a, i in zip(path, contents, strict=True):
        _stand(a, trace, i, values[id(a)])
    for v in views:
        if id(v) not in values:
            _renew(v, steps[id(v)][1])
            if id(v) in frozen and type(v.raw) is np.ndarray:
                v.raw.flags.writeable = False


def _stand(a: Array, trace: Trace, i: int, value: Any) -> None:
    """Let an array stand for an entry, whose value is known now."""
    if type(trace.values[i]) is Type:
        trace.values[i] = value
    a.scope, a.index, a.raw = trace, i, value
    if type(value) is Type and not value.shape:
        a.form = np.ndarray  # which its type does not say


def _recorded(x: Array, change: Change, trace: Trace) -> Array:
    """The new content of x, of which only the type is known yet."""
    try:
        new = change.record(_shadow(trace, x))
    except (ValueError, TypeError, IndexError):
        if type(x.raw) is np.ndarray and not any(type(a.raw) is Type for a in change.args):
            change.assign(x.raw.copy())  # NumPy's own error
        raise
    return Array(trace, enter(trace, new), Type(x.dtype, x.shape))


def _shadow(trace: Trace, x: Array) -> Array:
    """x without its value, which is computed by NumPy's own write instead."""
    return Array(trace, enter(trace, x), Type(x.dtype, x.shape))


def _values(path: list[Array], steps: Views, change: Change) -> dict[int, Any]:
    """The new values of an array and of what it is a view of: NumPy writes into a copy."""
    owner = path[-1]
    known = not any(type(a.raw) is Type for a in (*path, *change.args))
    u = owner.raw.copy("K") if known else Type(owner.dtype, owner.shape)
    values = {id(owner): u}
    for v in path[-2::-1]:
        before, u = u, replay(u, steps[id(v)][1])
        if known and u.size and not np.may_share_memory(u, before):
            raise unknown_layout(change.name)
        values[id(v)] = u
    if known:
        change.assign(u)
    return values


def _upwards(path: list[Array], steps: Views, new: Array, trace: Trace) -> list[int]:
    """The new entries of an array and of what it is a view of."""
    found = [new.index]
    for child, parent in pairwise(path):
        new = put_back(_shadow(trace, parent), steps[id(child)][1], new)
        found.append(enter(trace, new))
    if type(trace.entries[found[-1]][0]) is Input:  # into which nothing can be written
        owner = path[-1]
        copy = FUNCTIONS[np.copy](Array(trace, found[-1], Type(owner.dtype, owner.shape)))
        found[-1] = copy.index
    return found


def put_back(x: Array, steps: Steps, y: Array) -> Array:
    """x after y has been written where these steps read it."""
    stages = [x]
    for op, rest in steps[:-1]:
        stages.append(bind(op, stages[-1], *rest))
    for (op, rest), stage in zip(reversed(steps), reversed(stages), strict=False):
        y = op.written(stage, rest, y)
    return y


def _renew(v: Array, steps: Steps) -> None:
    """Let a view stand for what its parent holds now."""
    value = replay(v.parent.raw, steps)
    trace = innermost((v.parent, *(r for _, rest in steps for r in rest)))
    assert trace is not None
    i = enter(trace, v.parent)
    u: Any = Type(v.parent.dtype, v.parent.shape)
    for op, rest in steps:
        u = op.type(u, *(Type(r.dtype, r.shape) for r in rest))
        i = trace.add((op, i, *(enter(trace, r) for r in rest)), u)
    _stand(v, trace, i, value)


def _frozen(v: Array, owner: Array) -> bool:
    """Whether a view is for reading only."""
    arrays = type(v.raw) is type(owner.raw) is np.ndarray
    return arrays and owner.raw.flags.writeable and not v.raw.flags.writeable


# ------------------------------------------------------------ what cannot be written


def _check(
    x: Array, owner: Array, views: list[tuple[Array, Steps]], change: Change, trace: Trace | None
) -> None:
    """Raise unless x may be written to: its memory is the function's own, known and writable."""
    of = owner.scope
    if of is None:
        if trace is not None:
            _check_plain(owner, [v for v, _ in views], change)
    elif not of.active or owner.index < of.sealed:
        raise TracingError(
            f"{change.name} into an array that was recorded earlier, by a tape or call that has "
            "ended: copy it before, x = x.copy()"
        )
    elif type(of.entries[owner.index][0]) is Input:
        raise _argument(of, owner.index, change)
    if _frozen(x, owner):
        raise ValueError("assignment destination is read-only")
    if type(x.raw) is Type and of is not None:
        orders = {op.arranges for _, steps in views for op, _ in steps}
        if "shape" in orders and scrambled(of):
            raise unknown_layout(change.name)


def _argument(trace: Trace, i: int, change: Change) -> TracingError:
    """The error for a write into what came from outside."""
    where = user_position()
    found = re.match(r"\w+", where.source) if where else None
    name = found.group() if found and found.group() not in ("np", "numpy") else "x"
    if trace.variable(i) is not None:
        return TracingError(
            f"{change.name} would change a Variable unseen: replace its value with "
            f"assign, assign_add or assign_sub, or change a copy of it: {name} = {name}.copy()"
        )
    return TracingError(
        f"{change.name} would change an argument of the function, which is not its own: "
        f"write {name} = {name}.copy() before it"
    )


def _check_plain(owner: Array, views: list[Array], change: Change) -> None:
    """An error if somebody else holds the memory of an array that will be recorded."""
    if type(owner.raw) is Type:
        return
    memory = owner.raw
    if type(memory) is np.ndarray and memory.base is not None:
        memory = memory.base
    elsewhere = (
        type(memory) is not np.ndarray
        or memory.base is not None
        or getrefcount(memory) > HELD + sum(_shows(v.raw, memory) for v in views)
    )
    if elsewhere:
        raise TracingError(
            f"{change.name} of a traced array into memory that a plain array uses as well would "
            "lose its derivative: write into a copy, x = x.copy()"
        )


def _shows(value: Any, memory: np.ndarray) -> bool:
    """Whether an array is this memory or holds a reference to it."""
    return value is memory or (type(value) is np.ndarray and value.base is memory)
