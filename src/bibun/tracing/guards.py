"""Guards: decisions that traced code takes by values, while only types are known.

A guarded trace holds the values of its arguments beside their types. Where the code asks whether a
condition holds, or for an integer, the value is computed, the code goes on by it, and the trace
keeps what was asked and what came out: what is made of the trace holds as long as that is so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..array import FUNCTIONS, Array, bind, lift
from ..closing import reach
from ..errors import Position, TracingError
from ..graph import Input, Item, Type
from ..recording import Trace, threads
from ..snapshots import Original, same_bits

MOST = 20_000
"""Operations of one trace: more would take minutes to compile, and are a loop most often."""


class Guarded(Trace):
    """A trace of types whose values are known, but only asked for where the code decides."""

    for_good, most = True, MOST

    def __init__(self, values: Sequence[Any]) -> None:
        super().__init__()
        self.waiting = list(values)  # of the arguments, until they have entries
        self.held: dict[int, Any] = {}  # of the entries of the arguments, and of what is met
        self.originals: dict[int, Original] = {}  # of the arrays that are met
        self.places: dict[tuple, int] = {}  # where these are -> their entries
        self.asked: dict[int, Any] = {}  # what was asked, and the answer
        self.derivatives: list[Any] = []  # that were taken here, for calls to look at
        self.differentiates = False  # whether any was taken
        self.one_by_one: list[str] = []  # why loops of Python's run round by round

    def refuse_more(self) -> None:
        """Say which line is repeated so often."""
        place, count = Counter(self.positions).most_common(1)[0]
        reason = "; ".join(dict.fromkeys(self.one_by_one))
        raise TracingError(
            f"jit: more than {MOST} operations were recorded, {count} of them at "
            f"{Position(*place)}: this loop of Python's runs round by round"
            + (f", since {reason}" if reason else "")
            + ". Write bibun.fori_loop, bibun.scan or bibun.while_loop, which stay one loop, or "
            "let its rounds only bind names and write into arrays of the function"
        )

    def input(self, value: Any) -> int:
        """A new entry; the first ones are the arguments."""
        i = super().input(value)
        if self.waiting:
            self.held[i] = self.waiting.pop(0)
        return i

    def watches(self, variable: Any) -> bool:
        """Every Variable that is read is an input: it may have another value at the next call."""
        return True

    def read(self, variable: Any) -> int:
        """The entry of a Variable, of which only the type is known, as of an argument."""
        return self._unknown(super().read(variable))

    def capture(self, value: np.ndarray) -> int:
        """The entry of a plain array from outside, of which only the type is known."""
        new = Original(value)
        known = self.places.get(new.key)  # by another view, which may be gone
        if known is not None and self.original(known) is not None:
            return known
        i = self._unknown(super().capture(value))
        self.places[new.key], self.originals[i] = i, new
        return i

    def original(self, i: int) -> np.ndarray | None:
        """The array outside that was captured as entry i, if it is there and as it was then."""
        array = self.originals[i].array() if i in self.originals else None
        return array if array is not None and same_bits(self.held[i], array) else None

    def _unknown(self, i: int) -> int:
        """An entry whose value is held, and asked for like those of arguments."""
        value = self.values[i]
        if type(value) is not Type:
            self.held[i], self.values[i] = value, Type(value.dtype, value.shape)
        return i

    def ask(self, i: int) -> Any:
        """The value of an integer or a bool, on which what follows will depend."""
        value = self.asked.get(i)
        if value is None:
            value = self.asked[i] = np.asarray(self._computed(i))[()]
        return value

    def needs(self, i: int, inputs: Sequence[int]) -> bool:
        """Whether an entry depends on one of these inputs."""
        return not reach(self.entries, [i]).isdisjoint(inputs)

    def _computed(self, i: int) -> Any:
        """The value of an entry, from those of the arguments."""

        def given(j: int) -> Any:
            value = self.values[j]
            return self.held.get(j) if type(value) is Type else value

        return _evaluated(self, i, given, lambda op, args: op.value(*args))


def _evaluated(
    trace: Trace, i: int, given: Callable[[int], Any], apply: Callable[[Any, Sequence[Any]], Any]
) -> Any:
    """An entry of a trace, evaluated anew; None if an input that it needs is not given."""
    done: dict[int, Any] = {}
    stack = [i]
    while stack:
        j = stack[-1]
        if j in done:
            stack.pop()
            continue
        op, *args = trace.entries[j]
        if type(op) is Input:
            found = given(j)
            if found is None:
                return None
            done[j] = found
        elif j in trace.constants:
            done[j] = trace.constants[j].value()[()]
        else:
            missing = [a for a in args if a not in done]
            if missing:
                stack += missing
                continue
            done[j] = apply(op, [done[a] for a in args])
        stack.pop()
    return done[i]


def _outward(a: Array) -> Array | None:
    """The same number in the trace outside, where the arguments of its trace came from."""
    trace = a.scope
    assert trace is not None

    sources = dict(zip(*trace.sources, strict=True))

    def given(j: int) -> Any:
        found = trace.captured.get(j)
        return sources.get(j) if found is None else found

    def apply(op: Any, args: Sequence[Any]) -> Any:
        return args[0][op.index] if isinstance(op, Item) else bind(op, *map(lift, args))

    found = _evaluated(trace, a.index, given, apply)
    return None if found is None else lift(found)


def _ask(a: Array) -> Any:
    """The value of an integer or a bool that is known only as a type; None if nobody knows it."""
    if a.shape != () or a.dtype.kind not in "biu":
        return None
    while a.scope is not None:
        answer = a.scope.ask(a.index)
        if answer is not None:
            return answer
        found = _outward(a)
        if found is None:
            return None
        a = found
        if type(a.raw) is not Type:
            return a.raw
    return a.raw


FUNCTIONS["ask"] = _ask


def differentiated() -> None:
    """A derivative is taken: compiled functions that are traced now have one inside."""
    for outer in threads.open:
        if isinstance(outer, Guarded):
            outer.differentiates = True
