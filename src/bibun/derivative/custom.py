"""Derivatives by the user's word: custom_gradient and custom_jvp."""

from __future__ import annotations

import inspect
from functools import wraps
from threading import local
from typing import Any

import numpy as np

from ..array import Array, enter
from ..errors import NotDifferentiableError, ShapeError
from ..graph import Graph, Op, Type
from ..ops.calls import CustomGradient, CustomTangent
from ..ops.structure import cast
from ..recording import Trace, recording
from ..tracing.containers import flatten
from ..tracing.functional import Recorded, output, record
from ..tracing.rebind import rebound
from ..zeros import zeros
from .boundaries import MEMO, FloatArguments, Function, apply, key, leaves_of
from .conventions import crossed


def custom_gradient(f: Function) -> Function:
    """Give f a gradient of your own: f returns (result, rule), a rule for its cotangents.

    `rule(g)` (one argument for each array in the result) returns the cotangent of each positional
    argument: one, or a tuple, None for zero. It may use anything that f computed or closes over,
    and is differentiated again for higher derivatives. It runs before its argument has a value:
    use np.where instead of if. Variables and arrays that f closes over are differentiated as usual,
    unless the rule has a parameter `variables`: then it gets the Variables that f read and returns
    (cotangents, cotangents of the variables), as in TensorFlow. Complex cotangents are gradients as
    `grad` gives them.

    >>> import numpy as np, bibun
    >>> @bibun.custom_gradient
    ... def clipped(x):
    ...     return x, lambda g: np.clip(g, -1, 1)
    >>> bibun.grad(lambda x: 5 * clipped(x))(3.0)
    np.float64(1.0)
    """

    @wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        given = FloatArguments(args)
        if not given.traced:
            return f(*args, **kwargs)[0]
        made = _Custom(f, given, kwargs)
        results = apply(made.op, made.recorded, made.entries, made.results)
        return made.recorded.rebuild(results[: made.recorded.results])

    return wrapped


class _Custom:
    """One call of a function with a gradient of its own: both ways recorded in one trace."""

    def __init__(self, f: Function, given: FloatArguments, kwargs: dict[str, Any]):
        self.given, self.rule = given, None
        self.recorded = record(self._split(f), given.leaves, given.place, "custom_gradient", kwargs)
        trace = self.recorded.trace
        self.first = len(trace.entries)
        self.variables = self._variables()
        trace.start()  # the rule is recorded behind the function, whose values it may use
        try:
            with np.errstate(all="ignore"):
                self._record_rule(trace)
        finally:
            trace.stop()
        made = key(
            "custom_gradient",
            self.recorded,
            tuple(self.seeds),
            tuple(self.pulled),
            len(self.variables),
        )
        self.op, self.entries, self.results = MEMO.get(made, self._make)

    def _split(self, f: Function) -> Function:
        def first(*args: Any, **kwargs: Any) -> Any:
            both = f(*args, **kwargs)
            if not isinstance(both, tuple) or len(both) != 2 or not callable(both[1]):
                raise NotDifferentiableError(
                    "custom_gradient: the function must return (result, rule), rule a function"
                )
            self.rule = both[1]
            return both[0]

        return first

    def _variables(self) -> list[tuple[int, Any]]:
        """The Variables that the function read, if its rule asks for them."""
        if self.rule is None or "variables" not in inspect.signature(self.rule).parameters:
            return []
        found = []
        for i, a in self.recorded.trace.captured.items():
            if (
                isinstance(a, Array)
                and a.scope is not None
                and (v := a.scope.variable(a.index)) is not None
            ):
                found.append((i, v))
        return found

    def _record_rule(self, trace: Trace) -> None:
        types = [trace.types(i) for i in self.recorded.outputs]
        seeds = [Array(trace, trace.input(t), t) for t in types]
        self.seeds = [a.index for a in seeds]
        assert self.rule is not None
        given = map(crossed, seeds)
        if self.variables:
            back, more = rebound(self.rule)(*given, variables=[v for _, v in self.variables])
        else:
            back, more = rebound(self.rule)(*given), []
        cotangents = self._by_leaf(back)
        if len(more) != len(self.variables):
            raise ShapeError(
                f"custom_gradient: {len(self.variables)} cotangents of variables are needed, "
                f"not {len(more)}"
            )
        targets = [*self.recorded.inputs, *(i for i, _ in self.variables)]
        self.pulled = [
            _fitting(trace, g, trace.types(i))
            for i, g in zip(targets, [*cotangents, *more], strict=True)
        ]

    def _by_leaf(self, back: Any) -> list[Any]:
        """What the rule returned, as one cotangent (or None) for each array among the arguments."""
        parts = self.given.parts
        each = tuple(back) if isinstance(back, tuple | list) and len(parts) != 1 else (back,)
        if (
            len(parts) == 1
            and isinstance(back, tuple | list)
            and len(back) == 1
            and len(parts[0][0]) == 1
        ):
            each = tuple(back)
        if len(each) != len(parts):
            raise ShapeError(
                f"custom_gradient: the rule returned {len(each)} cotangents for {len(parts)} "
                "arguments"
            )
        leaves = [
            [None] * len(p[0]) if g is None else leaves_of(g)[0]
            for g, p in zip(each, parts, strict=True)
        ]
        for p, got in enumerate(leaves):
            if len(got) != len(parts[p][0]):
                raise ShapeError(
                    f"custom_gradient: the cotangent of argument {p} has {len(got)} arrays, not "
                    f"{len(parts[p][0])}"
                )
        return [leaves[p][k] for p, k in self.given.arrays]

    def _make(self) -> tuple[Op, list[int], list[int]]:
        trace, recorded = self.recorded.trace, self.recorded
        arguments = [*recorded.inputs, *(i for i, _ in self.variables)]
        cut = [
            i
            for i in range(self.first)
            if i not in trace.constants and type(trace.values[i]) is not tuple
        ]
        backward, order = trace.close(self.seeds, self.pulled, cut=cut)
        needs = order[len(self.seeds) : backward.arity]
        backward, _ = trace.close([*needs, *self.seeds], self.pulled, cut=cut)
        outside = [i for i in needs if i not in arguments and len(trace.entries[i]) == 1]
        residuals = [
            i
            for i in needs
            if i not in arguments and i not in outside and i not in recorded.outputs
        ]
        results = [*recorded.outputs, *residuals]
        forward, order = trace.close([*arguments, *outside], results)
        entries = order[: forward.arity]
        places = tuple(
            ("argument", entries.index(i)) if i in entries else ("result", results.index(i))
            for i in needs
        )
        return (
            CustomGradient(forward, backward, places, len(arguments), len(recorded.outputs)),
            entries,
            results,
        )


def _fitting(trace: Trace, g: Any, of: Type) -> int:
    """The entry of a cotangent, checked against the type of its argument."""
    if g is None:
        return zeros(trace, of).index
    a = output(g, "custom_gradient: the rule")
    if a.shape != of.shape:
        raise ShapeError(
            f"custom_gradient: the rule returned a cotangent of shape {a.shape} for an argument "
            f"{of}"
        )
    return enter(trace, crossed(cast(a, of.dtype)))


class _Depth(local):
    """How many rules of one function are being recorded inside each other in this thread."""

    rules = 0


class custom_jvp:
    """Give f a forward derivative of your own, from which the reverse one follows by transposition.

    The rule takes (primals, tangents), two tuples, and returns (result, tangent of the result). It
    must be linear in the tangents. Where it calls the function itself, that call has the rule
    again, up to derivatives of order four; from there on it is differentiated as written.

    >>> import numpy as np, bibun
    >>> @bibun.custom_jvp
    ... def f(x):
    ...     return np.sin(x)
    >>> @f.defjvp
    ... def rule(primals, tangents):
    ...     return f(primals[0]), 10 * tangents[0]
    >>> bibun.grad(f)(0.0)
    np.float64(10.0)
    """

    def __init__(self, f: Function):
        self.f = f
        self.rule: Function | None = None
        self.depth = _Depth()
        wraps(f)(self)

    def defjvp(self, rule: Function) -> Function:
        """Set the rule; usable as a decorator."""
        self.rule = rule
        return rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = FloatArguments(args)
        if self.rule is None:
            raise NotDifferentiableError(
                f"custom_jvp: {self.f.__name__} has no rule yet: set it with @f.defjvp"
            )
        if not given.traced or self.depth.rules == 3:
            return self.f(*args, **kwargs)
        recorded = record(self.f, given.leaves, given.place, "custom_jvp", kwargs)
        op, entries = MEMO.get(
            key("custom_jvp", recorded, self.rule, self.depth.rules),
            lambda: self._make(recorded, given),
        )
        return recorded.rebuild(apply(op, recorded, entries, recorded.outputs))

    def _make(self, recorded: Recorded, given: FloatArguments) -> tuple[Op, list[int]]:
        forward, order = recorded.trace.close(recorded.inputs, recorded.outputs)
        if forward.arity != len(recorded.inputs):
            raise NotDifferentiableError(
                "custom_jvp: the function closes over a traced array: pass it as an argument"
            )
        return CustomTangent(forward, self._tangent(forward, given)), order[: forward.arity]

    def _tangent(self, forward: Graph, given: FloatArguments) -> Graph:
        trace = Trace()
        n = forward.arity
        assert self.rule is not None
        with recording(trace):
            arrays = [
                Array(trace, trace.input(t), t)
                for t in (*forward.input_types, *forward.input_types)
            ]
            self.depth.rules += 1
            try:
                _, tangent = rebound(self.rule)(
                    tuple(given.place(arrays[:n])), tuple(given.place(arrays[n:]))
                )
            finally:
                self.depth.rules -= 1
            leaves = [output(t, "custom_jvp: the rule") for t in flatten(tangent)[0]]
            if [a.shape for a in leaves] != [t.shape for t in forward.output_types]:
                raise ShapeError(
                    "custom_jvp: the tangent returned by the rule has not the shape of the result"
                )
            results = [
                enter(trace, cast(a, t.dtype))
                for a, t in zip(leaves, forward.output_types, strict=True)
            ]
        graph, _ = trace.close([a.index for a in arrays], results)
        if graph.arity != 2 * n:
            raise NotDifferentiableError(
                "custom_jvp: the rule closes over a traced array: pass it as an argument"
            )
        return graph
