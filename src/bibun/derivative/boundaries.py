"""Boundaries in a program: calls kept whole (checkpoint), and where derivatives end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import wraps
from threading import Lock
from typing import Any

import numpy as np

from ..array import Array, Duck, bind, enter, innermost, lift, put
from ..graph import Op, Type
from ..ops.calls import Call, StopGradient
from ..recording import Trace, threads
from ..rewrite import STABILISE, rewrite
from ..tracing.containers import flatten
from ..tracing.functional import Recorded, record

Function = Callable[..., Any]


class Memo:
    """Operations made from traced functions, by what was traced; the least recently used go."""

    def __init__(self, most: int = 512):
        self.most = most
        self.kept: OrderedDict[Hashable, Any] = OrderedDict()
        self.lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was made under this key, or is made now."""
        found = self.kept.get(key)
        made = make() if found is None else found
        with self.lock:
            self.kept[key] = made
            self.kept.move_to_end(key)
            if len(self.kept) > self.most:
                self.kept.popitem(last=False)
        return made


MEMO = Memo()


class FloatArguments:
    """The positional arguments of a call: floats as leaves, everything else as it is."""

    def __init__(self, args: tuple):
        self.parts = [leaves_of(a) for a in args]
        self.arrays = [
            (p, k)
            for p, (leaves, _) in enumerate(self.parts)
            for k, x in enumerate(leaves)
            if _floating(x)
        ]
        self.leaves = [lift(self.parts[p][0][k]) for p, k in self.arrays]

    def place(self, leaves: Sequence[Array]) -> list[Any]:
        """The arguments with these arrays in place of their own."""
        copies = [list(old) for old, _ in self.parts]
        for (p, k), x in zip(self.arrays, leaves, strict=True):
            copies[p][k] = x
        return [rebuild(new) for new, (_, rebuild) in zip(copies, self.parts, strict=True)]

    @property
    def traced(self) -> bool:
        """Whether an argument is recorded, or what the function closes over may be."""
        return bool(threads.open) or innermost(self.leaves) is not None


def leaves_of(x: Any) -> tuple[list[Any], Callable]:
    return (
        flatten(x) if x is not None and not isinstance(x, str) else ([x], lambda leaves: leaves[0])
    )


def _floating(x: Any) -> bool:
    return type(x) in (float, complex) or (
        isinstance(x, Duck | np.ndarray | np.generic) and x.dtype.kind in "fc"
    )


def stop_gradient(x: Any) -> Any:
    """The same array, or container of arrays, through which no derivative flows.

    Shapes and dtypes stay what they are; what is no array passes unchanged.

    >>> import bibun
    >>> bibun.grad(lambda x: x * bibun.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    leaves, rebuild = flatten(x)
    return rebuild(
        [bind(StopGradient(), leaf) if isinstance(leaf, Duck) else leaf for leaf in leaves]
    )


def checkpoint(f: Function) -> Function:
    """The function, whose intermediate values are recomputed for the derivative, not stored.

    Values, shapes, dtypes and derivatives are those of f; arguments and results may be containers.
    Memory for time: a chain of n steps cut into sqrt(n) checkpointed pieces needs memory for about
    2 sqrt(n) steps and one more forward evaluation. Raises NotDifferentiableError if f returns
    anything but arrays or numbers. Method: Griewank and Walther, Evaluating
    Derivatives, chapter 12; Chen et al. 2016, arXiv:1604.06174.

    >>> import numpy as np, bibun
    >>> bibun.grad(bibun.checkpoint(lambda x: np.sin(np.sin(x))))(0.0)
    np.float64(1.0)
    """

    @wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        given = FloatArguments(args)
        if not given.traced:
            return f(*args, **kwargs)
        recorded = record(f, given.leaves, given.place, "checkpoint", kwargs)
        op, entries = MEMO.get(key("checkpoint", recorded), lambda: _whole(recorded))
        return recorded.rebuild(apply(op, recorded, entries, recorded.outputs))

    return wrapped


def key(name: str, recorded: Recorded, *more: Hashable) -> Hashable:
    t = recorded.trace
    return (
        name,
        tuple(t.entries),
        tuple(t.bits),
        tuple(recorded.inputs),
        tuple(recorded.outputs),
        *more,
    )


def _whole(recorded: Recorded) -> tuple[Op, list[int]]:
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    return Call(rewrite(graph, STABILISE)[0]), order[: graph.arity]


def _has_value(trace: Trace, i: int) -> bool:
    """Whether the value of an entry is known; views of what is known are computed when read."""
    while type(trace.values[i]) is Type and trace.entries[i][0].kind == "view":
        i = trace.entries[i][1]
    return type(trace.values[i]) is not Type


def apply(op: Op, recorded: Recorded, entries: Sequence[int], results: Sequence[int]) -> list[Any]:
    """The operation on what is outside of the trace, with the values that the trace already has."""
    trace = recorded.trace
    outside = [recorded.outside(i) for i in entries]
    around = innermost(outside)
    values = tuple(trace.value(i) if _has_value(trace, i) else trace.values[i] for i in results)
    if around is None:
        return [Array(None, -1, v) for v in values]
    value = values if len(values) != 1 else values[0]
    y = put(around, (op, *(enter(around, a) for a in outside)), value)
    return list(y) if type(y) is tuple else [y]
