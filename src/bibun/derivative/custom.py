"""Derivatives by the user's word: custom_gradient and custom_jvp."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import wraps
from threading import local
from typing import Any

import numpy as np

from ..array import Array, Duck, enter, lift
from ..errors import DtypeError, NotDifferentiableError, ShapeError, called
from ..graph import Graph, Op, Type
from ..ops.calls import CustomGradient, CustomTangent
from ..ops.structure import cast
from ..recording import Trace, recording
from ..tracing.containers import flatten
from ..tracing.functional import RESULTS, Recorded, record
from ..tracing.rebind import rebound
from ..zeros import zeros
from .boundaries import MEMO, FloatArguments, Function, apply, key, leaves_of
from .conventions import crossed

SEVERAL = (tuple, list)


def custom_gradient(f: Function) -> Function:
    """Give f a gradient of your own: f returns (result, rule), a rule for its cotangents.

    `rule(g)` (one argument for each array in the result) returns the cotangent of each positional
    argument, in its shape: one, or a tuple, None for zero. It may use anything that f computed or
    closes over, and is differentiated again for higher derivatives. It runs before its argument has
    a value: use np.where instead of if. Variables and arrays that f closes over are differentiated
    as usual, unless the rule has a parameter `variables`: then it gets the Variables that f read
    and returns (cotangents, cotangents of the variables), as in TensorFlow. Complex cotangents are
    gradients as `grad` gives them.

    Raises NotDifferentiableError if f returns anything else, or the rule something that is no
    array; ShapeError and DtypeError if its cotangents do not fit the arguments. These errors name
    f, with its file and line. What the rule raises itself passes through, with a note.

    >>> import numpy as np, bibun
    >>> @bibun.custom_gradient
    ... def clipped(x):
    ...     return x, lambda g: np.clip(g, -1, 1)
    >>> bibun.grad(lambda x: 5 * clipped(x))(3.0)
    np.float64(1.0)
    """

    name = f"custom_gradient: {called(f)}"

    @wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        given = FloatArguments(args)
        if not given.traced:
            return _result_and_rule(f(*args, **kwargs), name)[0]
        made = _Custom(f, given, kwargs, name)
        results = apply(made.op, made.recorded, made.entries, made.results)
        return made.recorded.rebuild(results[: made.recorded.results])

    return wrapped


def _result_and_rule(returned: Any, name: str) -> tuple[Any, Function]:
    """What a function with a gradient of its own returned, if it is what that has to be."""
    if isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1]):
        return returned
    raise NotDifferentiableError(
        f"{name} must return (result, rule), where rule is a function from the cotangent of the "
        f"result to those of the arguments, not {_form(returned)}"
    )


def _form(x: Any) -> str:
    """What something is, for an error."""
    if isinstance(x, tuple):
        return f"({', '.join(map(_form, x))})"
    if isinstance(x, Duck | np.ndarray | np.generic):
        return str(Type(x.dtype, x.shape))
    return "a function" if callable(x) else type(x).__name__


class _Custom:
    """One call of a function with a gradient of its own: both ways recorded in one trace."""

    def __init__(self, f: Function, given: FloatArguments, kwargs: dict[str, Any], name: str):
        self.given, self.name = given, name
        self.recorded = record(self._split(f), given.leaves, given.place, name, kwargs)
        trace = self.recorded.trace
        self.first = len(trace.entries)
        self.variables = self._variables()
        self.asked = _asks_for_variables(self.rule, bool(self.variables))
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
            result, self.rule = _result_and_rule(f(*args, **kwargs), self.name)
            return result

        return first

    def _variables(self) -> list[tuple[int, Any]]:
        """The Variables that the function read, if its rule asks for them."""
        if not _asks_for_variables(self.rule, True):
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
        back, more = self._returned([crossed(g) for g in seeds])
        targets = [*self.recorded.inputs, *(i for i, _ in self.variables)]
        cotangents = [*self._by_leaf(back), *more]
        self.pulled = [
            self._fitting(trace, g, trace.types(i))
            for i, g in zip(targets, cotangents, strict=True)
        ]

    def _returned(self, seeds: list[Any]) -> tuple[Any, Sequence[Any]]:
        """What the rule returns: cotangents of the arguments, and of the Variables it asks for."""
        kwargs = {"variables": [v for _, v in self.variables]} if self.asked else {}
        try:
            back = rebound(self.rule)(*seeds, **kwargs)
        except Exception as error:
            arrays = "one cotangent" if len(seeds) == 1 else f"{len(seeds)} cotangents"
            error.add_note(f"{self.name}: raised by its rule, called with {arrays}")
            raise
        if not self.asked:
            return back, ()
        pair = isinstance(back, tuple) and len(back) == 2
        if not pair or not isinstance(back[1], SEVERAL):
            raise NotDifferentiableError(
                f"{self.name}: a rule with a parameter `variables` must return (cotangents, a list "
                f"of the cotangents of the variables), not {_form(back)}"
            )
        if not self.variables:  # none is differentiated: the rule may give theirs all the same
            return back[0], ()
        if len(back[1]) != len(self.variables):
            raise ShapeError(
                f"{self.name}: {len(self.variables)} cotangents of variables are needed, not "
                f"{len(back[1])}"
            )
        return back

    def _by_leaf(self, back: Any) -> list[Any]:
        """What the rule returned, as one cotangent (or None) for each array among the arguments."""
        parts = self.given.parts
        one_array = len(parts) == 1 and len(parts[0][0]) == 1
        several = len(parts) != 1 or (one_array and isinstance(back, SEVERAL) and len(back) == 1)
        each = tuple(back) if several and isinstance(back, SEVERAL) else (back,)
        if len(each) != len(parts):
            raise ShapeError(
                f"{self.name}: the rule returned {len(each)} cotangents for {len(parts)} arguments"
            )
        leaves = [
            [None] * len(p[0]) if g is None else leaves_of(g)[0]
            for g, p in zip(each, parts, strict=True)
        ]
        for p, got in enumerate(leaves):
            if len(got) != len(parts[p][0]):
                raise ShapeError(
                    f"{self.name}: the cotangent of argument {p} that the rule returned has "
                    f"{len(got)} arrays, not {len(parts[p][0])}"
                )
        return [leaves[p][k] for p, k in self.given.arrays]

    def _fitting(self, trace: Trace, g: Any, of: Type) -> int:
        """The entry of a cotangent, checked against the type of its argument."""
        if g is None:
            return zeros(trace, of).index
        if not _numeric(g):
            raise NotDifferentiableError(
                f"{self.name}: the rule must return arrays, numbers or None, not {_form(g)}"
            )
        a = lift(g)
        if a.shape != of.shape:
            raise ShapeError(
                f"{self.name}: the rule returned {_form(a)} as the cotangent of an argument {of}: "
                "the shapes must be the same"
            )
        if a.dtype.kind == "c" and of.dtype.kind != "c":
            raise DtypeError(
                f"{self.name}: the rule returned {_form(a)} as the cotangent of an argument {of}, "
                "which needs a real one: take np.real of it"
            )
        return enter(trace, crossed(cast(a, of.dtype)))

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


def _asks_for_variables(rule: Function, any_read: bool) -> bool:
    """Whether a rule wants the Variables that its function read; no Variable is a fair default."""
    try:
        parameter = inspect.signature(rule).parameters.get("variables")
    except (ValueError, TypeError):  # a builtin function without a signature
        return False
    return parameter is not None and (any_read or parameter.default is parameter.empty)


def _numeric(g: Any) -> bool:
    return isinstance(g, RESULTS) and getattr(g, "dtype", np.dtype(float)).kind in "biufc"


class _Depth(local):
    """How many rules of one function are being recorded inside each other in this thread."""

    rules = 0


class custom_jvp:
    """Give f a forward derivative of your own, from which the reverse one follows by transposition.

    The rule takes (primals, tangents), two tuples, and returns (result, tangent of the result). It
    must be linear in the tangents. Where it calls the function itself, that call has the rule
    again, up to derivatives of order four; from there on it is differentiated as written.

    Raises NotDifferentiableError if there is no rule, it returns anything else, or function or rule
    closes over a traced array; ShapeError and DtypeError if the tangent does not fit the result.
    These errors name f, with its file and line. What the rule raises itself passes through, with a
    note.

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
        self.name = f"custom_jvp: {called(f)}"
        wraps(f)(self)

    def defjvp(self, rule: Function) -> Function:
        """Set the rule; usable as a decorator."""
        self.rule = rule
        return rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = FloatArguments(args)
        if self.rule is None:
            raise NotDifferentiableError(f"{self.name} has no rule yet: set it with @f.defjvp")
        if not given.traced or self.depth.rules == 3:
            return self.f(*args, **kwargs)
        recorded = record(self.f, given.leaves, given.place, self.name, kwargs)
        op, entries = MEMO.get(
            key("custom_jvp", recorded, self.rule, self.depth.rules),
            lambda: self._make(recorded, given),
        )
        return recorded.rebuild(apply(op, recorded, entries, recorded.outputs))

    def _make(self, recorded: Recorded, given: FloatArguments) -> tuple[Op, list[int]]:
        forward, order = recorded.trace.close(recorded.inputs, recorded.outputs)
        if forward.arity != len(recorded.inputs):
            raise NotDifferentiableError(
                f"{self.name} closes over a traced array: pass it as an argument"
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
            tangent = self._returned(given.place(arrays[:n]), given.place(arrays[n:]))
            results = [enter(trace, a) for a in self._fitting(tangent, forward.output_types)]
        graph, _ = trace.close([a.index for a in arrays], results)
        if graph.arity != 2 * n:
            raise NotDifferentiableError(
                f"{self.name}: the rule closes over a traced array: pass it as an argument"
            )
        return graph

    def _returned(self, primals: list[Any], tangents: list[Any]) -> Any:
        """The tangent that the rule returns."""
        self.depth.rules += 1
        try:
            back = rebound(self.rule)(tuple(primals), tuple(tangents))
        except Exception as error:
            error.add_note(f"{self.name}: raised by its rule")
            raise
        finally:
            self.depth.rules -= 1
        if isinstance(back, tuple) and len(back) == 2:
            return back[1]
        raise NotDifferentiableError(
            f"{self.name}: the rule must return (result, tangent of the result), not {_form(back)}"
        )

    def _fitting(self, tangent: Any, types: Sequence[Type]) -> list[Array]:
        """The arrays of a tangent, checked against the types of the results."""
        leaves, _ = flatten(tangent)
        if not all(map(_numeric, leaves)):
            raise NotDifferentiableError(
                f"{self.name}: the tangent that the rule returned must consist of arrays or "
                f"numbers, not {', '.join(map(_form, leaves))}"
            )
        arrays = [lift(t) for t in leaves]
        if [a.shape for a in arrays] != [t.shape for t in types]:
            raise ShapeError(
                f"{self.name}: the rule returned the tangent {_form(tuple(arrays))} of the result "
                f"({', '.join(map(str, types))}): the shapes must be the same"
            )
        for a, t in zip(arrays, types, strict=True):
            if a.dtype.kind == "c" and t.dtype.kind != "c":
                raise DtypeError(
                    f"{self.name}: the rule returned the tangent {_form(a)} of a result {t}, which "
                    "needs a real one: take np.real of it"
                )
        return [cast(a, t.dtype) for a, t in zip(arrays, types, strict=True)]
