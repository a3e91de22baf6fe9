"""Rounds of a loop of Python's that are traced: what they begin with, and how they have to end."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..array import FUNCTIONS, Array, enter, is_number, lift
from ..graph import Constant
from ..memory import owner_of
from ..recording import Trace, recording
from ..tracing.containers import flatten, same_structure
from ..tracing.functional import form_of
from ..tracing.rebind.calls import RoundError, Watch
from ..tracing.rebind.rounds import Spec
from .alone import is_argument
from .bodies import Body, Tree
from .collected import Collected
from .held import Names, held_elsewhere
from .leaves import WHOLE, Leaf, as_kind, kind_of
from .through import Span
from .wholes import decided

FEWEST = 8  # rounds, or times several rounds, that one stands for
MOST_TOGETHER = 16  # rounds that are traced one after the other, as one


class Wish(NamedTuple):
    """How the next attempt has to differ from one that could not go on."""

    skip: int = 0  # rounds that come before it
    together: int = 0  # rounds that are traced as one
    steps: dict[int, int] | None = None  # whole numbers, and what each time adds


class Round(Trace):
    """A trace of rounds that stand for more: of their counters alone it knows all values."""

    def __init__(self, times: int, together: int):
        super().__init__()
        self.times, self.together = times, together
        self.counters: dict[int, range] = {}  # inputs, and their values
        self.wish: Wish | None = None

    def ask(self, i: int) -> Any:
        """The value of a condition or a whole number that is the same in all rounds.

        Where it is not, fewer rounds are stood for, or several are traced together.
        """
        values = self.in_all_rounds(i)
        if values is None:
            return None
        differ = np.flatnonzero(values != values[0])
        if differ.size:
            self._differs(values, int(differ[0]))
        return values[0]

    def in_all_rounds(self, i: int) -> np.ndarray | None:
        """The values of a number in all rounds; None if it depends on more than counters."""
        graph, _ = self.close([*self.counters], [i])
        if graph.arity > len(self.counters) or not graph.arity:
            return None
        ranges = {j: x[: self.times] for j, x in enumerate(self.counters.values())}
        return decided(graph, ranges)

    def _differs(self, values: np.ndarray, first: int) -> None:
        """Answer for the rounds until the first that differs, or wish for another attempt."""
        together = _period(values) if self.together == 1 else 0
        if not together and first >= FEWEST:
            self.times = first
            return
        self.wish = Wish(together=together) if together else Wish(skip=first * self.together)
        raise RoundError("what it decides by its counter changes")


def _period(values: np.ndarray) -> int:
    """After how few rounds values repeat; 0 if they do not."""
    for n in range(2, MOST_TOGETHER + 1):
        times = len(values) // n
        if times >= FEWEST and np.array_equal(values[n:], values[:-n]):
            return n
    return 0


class Attempt:
    """Rounds that are traced: what they began with, and where they are recorded."""

    def __init__(
        self,
        found: dict[str, Any],
        spec: Spec,
        span: Span,
        movable: set[int],
        steps: dict[int, int],
    ):
        self.given, self.span = tuple(found[n] for n in spec.carried), span
        self.unchanged = set[int]()
        self.names = Names(found)
        self.same: list[bool] = []  # which names say at the end what they said before
        self.ends: list[Any] = []
        self.collected = Collected({n: found[n] for n in spec.collected})
        self.written = [n in spec.written for n in spec.carried]
        self.leaves, self.rebuild = flatten(self.given)
        self.steps = {j: s for j, s in steps.items() if type(self.leaves[j]) is int}
        self.kinds = [kind_of(x) for x in self.leaves]
        self.trace = Round(span.times, span.together)
        self.open = recording(self.trace)
        self.open.__enter__()
        self.watch = Watch()
        self.inputs: list[int] = []
        self.fresh = [
            x if k is None else self._fresh(k) for x, k in zip(self.leaves, self.kinds, strict=True)
        ]
        self.movable = {j for j, x in enumerate(self.leaves) if id(x) in movable or is_argument(x)}
        self.rows = [self._fresh(kind) for kind in span.kinds()]
        self.counted = [self._fresh(WHOLE) for _ in self.steps]
        for j, x in zip(self.steps, self.counted, strict=True):
            self.fresh[j] = x
        self._known()
        self.given_rounds = self._rounds()
        self.taken = tuple(
            _copied(x, n in spec.augmented) if n in spec.written else x
            for n, x in zip(spec.carried, self.rebuild(self.fresh), strict=True)
        )
        self.watch.carried = {id(x) for x, w in zip(self.taken, self.written, strict=True) if w}

    def _fresh(self, kind: Leaf) -> Array:
        i = self.trace.input(kind.of)
        self.inputs.append(i)
        return Array(self.trace, i, kind.of, kind.form)

    def _known(self) -> None:
        """The values of all counters."""
        n = len(self.numbers())
        for j, x in self.ranges(self.span.times).items():
            self.trace.counters[self.inputs[n + j]] = x

    def _rounds(self) -> Generator[Any, None, None]:
        """What the rounds are given, one after the other."""
        rows, first = iter(self.rows), {}
        for r in range(self.span.together):
            parts = []
            for k, x in enumerate(self.span.through.sources):
                if type(x) is not range:
                    parts.append(next(rows))
                elif r == 0:
                    first[k] = next(rows)
                    parts.append(first[k])
                else:
                    parts.append(first[k] + r * x.step)
            yield self.span.through.given(parts)

    def following(self) -> Any:
        """What the next of the rounds is given; None after the last."""
        return next(self.given_rounds, None)

    def ranges(self, times: int) -> dict[int, range]:
        """The counters among the rows, and their values in so many times."""
        found = {j: x[:times] for j, x in self.span.ranges().items()}
        for k, (j, step) in enumerate(self.steps.items()):
            start = self.leaves[j]
            found[len(self.rows) + k] = range(start, start + step * times, step)
        return found

    def counter(self, times: int) -> range | None:
        """The values of what comes first behind the states, if that is a number."""
        return self.ranges(times).get(0)

    def step(self, leaf: int) -> int | float | None:
        """What each time adds to a number that is carried."""
        if leaf in self.steps:
            return self.steps[leaf]
        x, y = self.fresh[leaf], self.ends[leaf]
        return _steps(self.trace, x, y) if type(x) is Array and x.form is float else None

    def more_rows(self, times: int) -> list[Array]:
        """The values of what is counted beside the loop's own counter."""
        n, ranges = len(self.rows), self.ranges(times)
        return [lift(np.array(ranges[n + k])) for k in range(len(self.steps))]

    def numbers(self) -> list[Any]:
        """What is carried as a number or an array, as it was before the round."""
        return [x for x, k in zip(self.leaves, self.kinds, strict=True) if k]

    def own(self) -> set[int]:
        """Which of these are numbers of Python's."""
        return {j for j, x in enumerate(self.numbers()) if type(x) in (float, complex)}

    def after(self, results: Iterator[Array], times: int) -> tuple:
        """What is carried, with the results of a loop."""
        new = [
            x if k is None else as_kind(next(results), k)
            for x, k in zip(self.leaves, self.kinds, strict=True)
        ]
        for j, step in self.steps.items():
            new[j] = self.leaves[j] + step * times
        same = [self.leaves[j] if j in self.unchanged else y for j, y in enumerate(new)]
        self.collected.extend(list(results), self.leaves, same, times)
        rebuilt = zip(self.given, self.rebuild(same), self.same, strict=True)
        return tuple(x if same else y for x, y, same in rebuilt)

    def close(self) -> None:
        """Record no more, and let go of what is carried: who else holds it is counted."""
        self.given_rounds.close()
        self.watch.close()
        self.open.__exit__(None, None, None)

    def body(self, found: dict[str, Any], carried: Sequence[str]) -> Body:
        """What was recorded, if the rounds gave what they were given."""
        if self.watch.reason:
            raise RoundError(self.watch.reason)
        self._containers(found, [found[n] for n in carried])
        new = tuple(found[n] for n in carried)
        if not same_structure(self.given, new):
            raise UnsettledError("what is carried changes its containers")
        self.ends, rebuild = flatten(new)
        outputs = self._carried()
        self._own(self.ends)
        written = [new[k] for k, w in enumerate(self.written) if w] + list(self.taken)
        outside = [*flatten(written)[0], *self.rows]
        outputs += self.collected.rows(self.trace, self.fresh, self.ends, outside)
        entered = [enter(self.trace, y) for y in outputs]
        return Body(self.trace, self.inputs, entered, [Tree(new, outputs, rebuild, [])])

    def _containers(self, found: dict[str, Any], new: list[Any]) -> None:
        """Raise unless nobody else holds the lists and dicts that rounds leave: a loop's are new.

        What a name has said before it says behind the loop, too, if it is not written into.
        """
        back = [x is y for x, y in zip(self.taken, new, strict=True)]
        self.same = [b and not w for b, w in zip(back, self.written, strict=True)]
        for k, same in enumerate(self.same):
            if same:
                new[k] = None
        lists = [(new, [1 + b for b in back]), *((v, None) for v in self.collected.values.values())]
        if any(held_elsewhere(holder, self.names, found, times) for holder, times in lists):
            raise RoundError("a list or a dict that others may see is given another name")

    def _carried(self) -> list[Array]:
        """The numbers and arrays that are carried on, which are what they were; or RoundError."""
        found, steps = [], {}
        for j, (x, y, kind) in enumerate(zip(self.leaves, self.ends, self.kinds, strict=True)):
            if j in self.steps:
                if _steps(self.trace, self.fresh[j], y) != self.steps[j]:
                    raise RoundError(f"{x!r} is carried, and does not change by the same number")
            elif kind is None:
                if type(x) is type(y) is int and x != y:
                    steps[j] = y - x
                elif x is not y and not (type(x) is type(y) and type(x) in SAME and x == y):
                    raise UnsettledError(f"{x!r} is carried, and changes")
            elif kind_of(y) != kind:
                raise UnsettledError(
                    f"{kind} is carried, and becomes {kind_of(y) or type(y).__name__}"
                )
            else:
                found.append(lift(y))
        ends = [self.leaves[j] + step * self.span.times for j, step in steps.items()]
        if not all(-(2**63) <= x < 2**63 for x in (*ends, *(self.leaves[j] for j in steps))):
            raise RoundError("whole numbers may not fit into 64 bits")
        if steps:
            self.trace.wish = Wish(steps=self.steps | steps)
            raise UnsettledError("whole numbers are counted")
        return found

    def _own(self, leaves: Sequence[Any]) -> None:
        """Raise unless each array is the round's own: those of a loop share memory with no other.

        What comes back unchanged is what it was, and what changes its place may be an argument,
        which nobody writes into, or must have been held by one name alone.
        """
        places = {id(x): j for j, x in enumerate(self.fresh)}
        seen: set[int] = set()
        for j, x in enumerate(leaves):
            if isinstance(x, np.ndarray) and x.shape:
                raise RoundError("an array from outside is given another name")
            if self.kinds[j] is None or type(x) is not Array or is_number(x):
                continue
            owner = owner_of(x)
            if any(owner is row for row in self.rows):
                raise RoundError("a row of an array is given another name")
            before = places.get(id(owner))
            if before is not None and before == j and x is owner:
                self.unchanged.add(j)
            elif before is None and owner.scope is not self.trace:
                raise RoundError("an array is given another name")
            elif before is not None and before not in self.movable:
                raise RoundError("an array that others may see is given another name")
            if id(owner) in seen:
                raise RoundError("two names are given the same array")
            seen.add(id(owner))


def _copied(x: Any, deep: bool) -> Any:
    """What may be written into: an array, or a dict, if `deep` of such things."""
    if type(x) is dict:
        return {key: _copied(y, deep) if deep else y for key, y in x.items()}
    return FUNCTIONS[np.copy](x) if type(x) is Array and not is_number(x) else x


SAME = (int, bool, str)


class UnsettledError(RoundError):
    """A round that changes the types of what is carried: the next one may keep them."""


def _steps(trace: Trace, x: Array, y: Any) -> int | float | None:
    """How much more than x the number y is, if that was counted in steps, all of them known.

    Floats are rounded at each step, so that there may be only one.
    """
    if type(y) is not Array or y.scope is not trace or form_of(y) is not form_of(x):
        return None
    i, total = y.index, 0
    while i != x.index:
        if total and form_of(x) is float:
            return None
        op, *args = trace.entries[i]
        if op.name not in ("add", "subtract") or len(args) != 2:
            return None
        if op.name == "add" and args[0] in trace.constants:
            args.reverse()
        known: Constant | None = trace.constants.get(args[1])
        if known is None:
            return None
        value = known.value().item()
        total += value if op.name == "add" else -value
        i = args[0]
    return total
