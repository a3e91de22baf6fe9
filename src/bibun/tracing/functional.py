"""Tracing a function: call it once on arrays that record what happens to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, Duck, enter, lift
from ..errors import DtypeError, NotDifferentiableError
from ..graph import Type
from ..guide import last, remember
from ..recording import Trace, recording, threads
from ..snapshots import snapshot
from ..wide.rescue import long
from .containers import Rebuild, flatten
from .rebind import rebound


class Recorded(NamedTuple):
    """A function that ran on traced arguments."""

    trace: Trace
    inputs: list[int]  # entries of the traced arguments
    given: list[Array]  # these arguments, as they are outside
    outputs: list[int]  # entries of the results, and then of the arrays in the auxiliary result
    results: int  # how many of them are results
    rebuild: Rebuild  # the results as the function returned them, from their leaves
    rebuild_aux: Rebuild  # what came second, with has_aux, from its arrays
    call: tuple | None = None  # what ran: see Rerun
    exact: frozenset[int] = frozenset()  # entries of what f was given, which nobody has rounded

    @property
    def nested(self) -> bool:
        """Whether what ran depends on arrays of an outer trace."""
        for a in self.given:
            if a.scope is not None and a.scope.active:
                return True
        for a in self.trace.captured.values():
            if type(a) is Array and a.scope is not None and a.scope.active:
                return True
        return False

    @property
    def concrete(self) -> bool:
        """Whether the values of everything recorded are known."""
        for a in self.given:
            if type(a.raw) is Type:
                return False
        captured, values = self.trace.captured, self.trace.values
        return not captured or Type not in [type(values[i]) for i in captured]

    @property
    def rerun(self) -> Rerun | None:
        """What runs the function again; None for a tape."""
        return None if self.call is None else Rerun(*self.call)

    def rounded(self) -> set[int]:
        """The entries of what came from outside and may have been computed there, and rounded."""
        values = self.trace.values
        met = {i for i, *_ in self.trace.snapshots.values()} | self.trace.computed
        found = {i for i in met - self.exact if long(values[i]).any()}
        for x in Rerun(*self.call).plain() if self.call and found else ():
            known = self.trace.snapshots.get(id(x))
            if known and known[2]() is x:
                found.discard(known[0])
            elif np.ndim(x) == 0:
                computed = found & self.trace.computed
                found -= {i for i in computed if self.trace.constants[i].value() == x}
        return found

    def outside(self, i: int) -> Array:
        """An input or a captured array of the trace, as it is outside.

        Of a tape that still records: as it is.
        """
        if self.trace.active:
            return Array(self.trace, i, self.trace.values[i])
        if i in self.trace.captured:
            a = self.trace.captured[i]
            return a if isinstance(a, Array) else Array(None, -1, a)
        return self.given[self.inputs.index(i)]


def record(
    f: Callable[..., Any],
    leaves: list[Array],
    place: Callable[[list[Array]], Sequence[Any]],
    name: str,
    kwargs: dict[str, Any],
    has_aux: bool = False,
    types: Sequence[Type] | None = None,
    trace: Trace | None = None,
) -> Recorded:
    """Run f on `place(traced leaves)`; with `types`, the leaves have no values meanwhile.

    A trace of a kind of its own can be given.
    """
    trace = trace or Trace()
    code = getattr(f, "__code__", None) or type(f)
    trace.guide = last(code)
    with recording(trace):
        leaves = [kept(a) for a in leaves]
        known = [a.raw for a in leaves] if types is None else list(types)
        inputs = [trace.input(v) for v in known]
        if types is None:
            trace.sources = inputs, leaves
        traced = [
            Array(trace, i, v, form_of(a)) for i, v, a in zip(inputs, known, leaves, strict=True)
        ]
        result = rebound(f)(*place(traced), **kwargs)
        aux: Any = ()
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TypeError(f"{name}: with has_aux=True the function must return (result, aux)")
            result, aux = result
        results, rebuild = flatten(result)
        outputs = []
        for y in results:
            own = type(y) is Array and y.scope is trace
            outputs.append(y.index if own else enter(trace, output(y, name)))
        rebuild_aux: Rebuild = _nothing
        if has_aux:
            arrays, rebuild_aux = _arrays(aux)
            outputs += [enter(trace, a) for a in arrays]
    remember(trace.structure(), code)
    call = f, leaves, place, name, kwargs, has_aux
    return Recorded(trace, inputs, leaves, outputs, len(results), rebuild, rebuild_aux, call)


class Rerun(NamedTuple):
    """What it takes to run a function again, with all plain numbers that it is given recorded."""

    f: Callable[..., Any]
    leaves: list[Array]
    place: Callable[[list[Array]], Sequence[Any]]
    name: str
    kwargs: dict[str, Any]
    has_aux: bool

    def plain(self) -> list[Any]:
        """The floating-point numbers that the function is given beside the leaves."""
        given = flatten((tuple(self.place(self.leaves)), self.kwargs))[0]
        return [x for x in given if _is_plain(x)]

    def __call__(self) -> Recorded:
        """So that nothing is rounded before it is recorded."""
        options, exact = dict(self.kwargs), list[int]()

        def entered(traced: list[Array]) -> Sequence[Any]:
            trace = traced[0].scope
            assert trace is not None
            args, named = _entered(trace, (tuple(self.place(traced)), self.kwargs))
            options.update(named)  # before they are given
            exact.extend(trace.captured)
            return args

        recorded = record(self.f, self.leaves, entered, self.name, options, self.has_aux)
        return recorded._replace(call=None, exact=frozenset(exact))


def _is_plain(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic | float) and np.asarray(x).dtype.kind == "f"


def _entered(trace: Trace, given: Any) -> Any:
    """What a function is given, with plain floating-point numbers as entries of the trace."""
    leaves, rebuild = flatten(given)
    for k, x in enumerate(leaves):
        if _is_plain(x):
            value = snapshot(x) if type(x) is np.ndarray else np.asarray(x)[()]
            i = trace.input(value)
            trace.captured[i] = value
            leaves[k] = Array(trace, i, value, float if type(x) is float else None)
    return rebuild(leaves)


def form_of(a: Array) -> type | None:
    """What an argument without axes stands for, where its type does not say so."""
    return np.ndarray if type(a.raw) is np.ndarray and not a.raw.shape else a.form


def _nothing(arrays: list[Any]) -> tuple:
    return ()


def _arrays(aux: Any) -> tuple[list[Array], Rebuild]:
    """The traced arrays of an auxiliary result, which may also hold anything else."""
    leaves, rebuild = flatten(aux)
    places = [k for k, x in enumerate(leaves) if isinstance(x, Duck)]

    def rebuilt(arrays: list[Any]) -> Any:
        for k, a in zip(places, arrays, strict=True):
            leaves[k] = a
        return rebuild(leaves)

    return [leaves[k]._read() for k in places], rebuilt


def kept(a: Array) -> Array:
    """An argument that no later write by the user changes, not even one inside of f.

    In a compiled function, whose calls read arrays from outside anew, it is one of these.
    """
    if a.scope is not None or type(a.raw) is not np.ndarray:
        return a
    compiled = next((t for t in threads.open if t.for_good and t.active), None)
    if compiled is None:
        return Array(None, -1, snapshot(a.raw))
    i = compiled.capture(a.raw)
    return Array(compiled, i, compiled.values[i], form_of(a))


RESULTS = (Duck, np.ndarray, np.generic, float, int, complex)


def output(y: Any, name: str) -> Array:
    """A result of the user's function as an Array, or the error that says what it is instead."""
    if type(y) is not Array and not isinstance(y, RESULTS):
        raise NotDifferentiableError(
            f"{name}: the function must return arrays or numbers (in containers), not "
            f"{type(y).__name__}"
        )
    return lift(y)


def source(x: Any, name: str) -> Array:
    """An argument to differentiate by: Python's numbers count as floats, integer arrays raise."""
    if type(x) is np.ndarray and x.shape and x.dtype.kind == "f" and x.dtype.isnative:
        return Array(None, -1, x)
    if type(x) is float or type(x) is int:
        return Array(None, -1, np.float64(x), float)
    if isinstance(x, bool | np.bool_ | str) or x is None:
        raise DtypeError(
            f"{name}: the argument is {x!r}; a derivative needs floating-point numbers"
        )
    a = lift(x)
    if a.dtype.kind not in "fc":
        raise DtypeError(
            f"{name}: the argument is an array of dtype {a.dtype}; a derivative needs "
            "floating-point numbers: "
            "pass x.astype(float)"
        )
    return a
