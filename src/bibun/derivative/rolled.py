"""Loops of Python's in compiled functions: one round is traced, and stands for all that follow.

`for i in range(n)` and `while i < n` become a `Scan` where their source allows that
(tracing/rebind/rounds.py) and a round gives what it was given: the same names with the same types.
A round that needs the value of what it carries, that calls what may change something, or that does
not come back as it began, says nothing of others: then all run one by one, as they do where nothing
is compiled.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from itertools import repeat
from sys import _getframe, exc_info
from typing import Any

import numpy as np

from ..array import innermost, lift
from ..graph import Graph
from ..recording import threads
from ..tracing.containers import flatten
from ..tracing.guards import Guarded
from ..tracing.rebind.callee import CALL, MARKS
from ..tracing.rebind.calls import RoundError, profiled
from ..tracing.rebind.rolling import ANYTHING, ROLL, WHILE
from ..tracing.rebind.rounds import Spec
from .alone import alone, held_alone
from .attempts import FEWEST, Attempt, UnsettledError
from .bodies import Body, closed
from .bounds import bound_of
from .held import holds_shared
from .loops import repeated
from .rows import Loop, in_rows
from .through import Span, Through, through
from .wholes import as_python, fits

WORTH = 256  # operations in all rounds, from which on a loop is kept
# The same where a long array is carried: rounds in a row are then one pass over it, in registers.
LONG, WORTH_OF_LONG = 1_024, 1_024
ATTEMPTS = 3  # rounds that may pass until what is carried has the types that it keeps
MOST_WISHES = 32  # attempts that may begin anew, elsewhere or with more rounds
UNKNOWN = 1 << 20  # rounds of a loop that nobody has counted yet
STORED = 1 << 28  # bytes of all states, of which derivatives keep those of each round


class Roll:
    """The hook in front of what a loop goes through."""

    def __matmul__(self, parts: tuple) -> Any:
        *given, spec = parts
        if not any(t.for_good for t in threads.open):
            return Plain(*given)
        if given[0] is WHILE:
            _, source, names, values, name, relation = given
            bound = bound_of(source, dict(zip(names, values, strict=True)))
            if bound is None:
                return Plain(*given)
            return Tested(bound, name, relation, Spec(*spec))
        found = through(*given)
        return Plain(*given) if found is None else Rounds(found, Spec(*spec))


class Plain:
    """Rounds that run one by one."""

    __slots__ = ("given",)
    pending, testing = False, True

    def __init__(self, *given: Any):
        self.given = given

    def __iter__(self) -> Iterator[Any]:
        if len(self.given) == 1:
            return iter(self.given[0])
        if self.given[0] is WHILE:
            return repeat(None)
        f, args = self.given
        return iter((CALL @ f)(*args))

    def collect(self, to: Any, name: str, value: Any) -> None:
        """to.append(value)."""
        (CALL @ to.append)(value)

    def failed(self) -> bool:
        """An error is the user's own."""
        return False


class Rounds:
    """The rounds of a loop, some of which are traced for all that follow."""

    joins = True  # whether several may be traced as one

    def __init__(self, through: Through, spec: Spec):
        self.through, self.spec = through, spec
        self.count, self.next, self.attempts = len(through), 0, ATTEMPTS
        self.attempt: Attempt | None = None
        self.values: tuple = ()
        self.pending = False  # whether what is carried is to be taken from here
        self.resume, self.together = 0, 1  # where the next attempt begins, of how many rounds
        self.steps: dict[int, int] = {}  # what is added to whole numbers in these rounds
        self.wishes = MOST_WISHES

    def __iter__(self) -> Rounds:
        return self

    def collect(self, to: Any, name: str, value: Any) -> None:
        """to.append(value), where `to` has this name."""
        if self.attempt is None:
            (CALL @ to.append)(value)
        else:
            self.attempt.collected.add(name, value)

    def take(self) -> tuple:
        """What is carried, by the order of the names."""
        self.pending = False
        values, self.values = self.values, ()
        return values

    def _leave(self, values: tuple) -> None:
        self.values, self.pending = values, True

    def __next__(self) -> Any:
        frame = _getframe(1)
        if self.attempt is not None:
            given = self.attempt.following()
            if given is not None:
                return given
            self._end(frame.f_locals)
        if self.next == self.count:
            raise StopIteration
        ready = self.attempts and not self.pending and self.next >= self.resume
        if ready and self.times(frame.f_locals) and self._begin(frame.f_locals):
            assert self.attempt is not None
            return self.attempt.following()
        i, self.next = self.next, self.next + 1
        return self.through.at(i)

    def times(self, found: dict[str, Any]) -> int:
        """How many times an attempt may stand for its rounds; 0 if that is too few."""
        times = self.left(found) // self.together
        return times if times >= FEWEST else 0

    def left(self, found: dict[str, Any]) -> int:
        """How many rounds are left, as far as it is known."""
        return self.count - self.next

    def left_after(self, attempt: Attempt) -> int | None:
        """The same after rounds were traced; None if nobody knows."""
        return self.count - self.next

    def failed(self) -> bool:
        """Whether an error belongs to rounds that were traced: then they run again, as they are."""
        attempt, self.attempt = self.attempt, None
        if attempt is None:
            return False
        attempt.close()
        self._leave(attempt.given)
        error = exc_info()[1]
        if not self._granted(attempt):
            self._give_up(str(error))
        return isinstance(error, Exception)

    def _granted(self, attempt: Attempt) -> bool:
        """Whether the next attempt is another one, as this one has wished."""
        wish = attempt.trace.wish
        if wish is None or not self.wishes or (wish.together and not self.joins):
            return False
        self.wishes, self.attempts = self.wishes - 1, self.attempts + 1
        if wish.together:
            self.together, self.steps = wish.together, {}
        self.steps = wish.steps or self.steps
        self.resume = self.next + wish.skip
        return True

    def _give_up(self, reason: str) -> None:
        """All rounds run one by one, and traces that grow too long say why."""
        self.attempts = 0
        for trace in threads.open:
            if isinstance(trace, Guarded):
                trace.one_by_one.append(reason)

    # ------------------------------------------------------------ rounds that are traced

    def _begin(self, found: dict[str, Any]) -> bool:
        """Whether rounds are traced now."""
        names = self.spec.carried
        if not all(name in found for name in (*names, *self.spec.collected)):
            return False
        spec = self.spec
        shared = [n for n in spec.written if not alone(found, n, n in spec.augmented)]
        shared += [n for n in spec.written if holds_shared(found, n)]
        shared += [n for n in spec.collected if not held_alone(found, n, list)]
        if profiled():
            self._give_up("a profiler is told of all calls")
            return False
        if shared:
            self._give_up(f"others may see what is written into {shared[0]}")
            return False
        movable = {id(found[n]) for n in names if alone(found, n)}
        span = Span(self.through, self.next, self.together, self.times(found))
        self.attempts -= 1
        self.attempt = Attempt(found, spec, span, movable, self.steps)
        self._leave(self.attempt.taken)
        return True

    def _end(self, found: dict[str, Any]) -> None:
        """The loop that the traced rounds stand for, or the state before them."""
        attempt, self.attempt = self.attempt, None
        assert attempt is not None
        try:
            body = attempt.body(found, self.spec.carried)
        except UnsettledError as error:
            body = None
            if not self._granted(attempt) and not self.attempts:
                self._give_up(str(error))
        except RoundError as error:
            body = None
            self._give_up(str(error))
        finally:
            attempt.close()
        result = None if body is None else self._looped(attempt, body)
        self._leave(attempt.given if result is None else result)

    def _looped(self, attempt: Attempt, body: Body) -> tuple | None:
        """What is carried after all rounds that some stand for; None if it is not worth it."""
        left = self.left_after(attempt)
        if left is None:
            self._give_up("its condition depends on more than a counter")
            return None
        times = (left - self.spec.last) // self.together
        span = attempt.span._replace(times=min(times, attempt.trace.times))
        end = self.next + span.times * self.together
        if self.next + left - end >= self.together + FEWEST:  # what is decided changes there
            self.attempts, self.resume = ATTEMPTS, end
        else:
            self.attempts = 0
        (graph,), shared = closed([body])
        states = [lift(x) for x in attempt.numbers()]
        rows = [*span.rows(), *attempt.more_rows(span.times)]
        loop = Loop(graph, states, rows, shared)
        refused = self._refused(attempt, body, loop, span)
        if refused is not None:
            if refused:
                self._give_up(refused)
            return None
        results = iter(repeated(loop, span.times, counter=attempt.counter(span.times)))
        self.next = end
        for trace in threads.open:
            trace.most += span.times * attempt.collected.count  # which no loop of the user's makes
        return attempt.after(results, span.times)

    def _refused(self, attempt: Attempt, body: Body, loop: Loop, span: Span) -> str | None:
        """Why rounds run one by one all the same: an empty text where it is not worth it."""
        graph, states, n = loop.graph, loop.states, span.times
        counter = attempt.counter(n)
        cut = None if counter is None else in_rows(loop, counter)
        whole = states if cut is None else [states[j] for j in cut.kept]
        size = n * sum(a.raw.dtype.itemsize * int(np.prod(a.shape)) for a in whole)
        long = any(np.prod(a.shape) >= LONG for a in states)
        small = n * _work(graph) < (WORTH_OF_LONG if long else WORTH)
        if size > STORED:
            return f"its rounds would store {size >> 20} MiB"
        if innermost(loop.operands) is None or small:
            return ""
        ranges = {len(states) + j: x for j, x in attempt.ranges(n).items()}
        written, _ = body.trace.close(body.inputs, body.outputs)  # without rewrites
        if not fits(written, ranges):
            return "whole numbers may not fit into 64 bits"
        if not as_python(written, ranges, attempt.own()):
            return "NumPy may say something else of its numbers than Python does"
        return None


class Tested(Rounds):
    """The rounds of a while loop, whose condition is asked unless they are traced."""

    joins = False  # the condition would have to be known between them

    def __init__(self, bound: Any, name: str, relation: str, spec: Spec):
        super().__init__(Through((), True), spec)
        self.count = -1  # the condition ends them
        self.bound, self.name, self.relation = bound, name, relation
        self.holds = getattr(operator, relation)

    @property
    def testing(self) -> bool:
        """Whether the round asks for the condition."""
        return self.attempt is None

    def left(self, found: dict[str, Any]) -> int:
        """How many rounds are left: many, if nothing is known of the counter's steps."""
        x = found.get(self.name)
        if type(x) not in (int, float) or not self.holds(x, self.bound):
            return 0
        step = self.steps.get(self._leaf(found), 0) if type(x) is int else 0
        return self._until(x, step) if step else UNKNOWN

    def left_after(self, attempt: Attempt) -> int | None:
        """How many rounds are left, of a counter to which each time adds the same."""
        found = dict(zip(self.spec.carried, attempt.given, strict=True))
        step = attempt.step(self._leaf(found))
        return self._until(found[self.name], step) if step else None

    def _leaf(self, found: dict[str, Any]) -> int:
        """Which leaf of what is carried the counter is."""
        before = self.spec.carried[: self.spec.carried.index(self.name)]
        return len(flatten(tuple(found[n] for n in before))[0])

    def _until(self, x: Any, step: Any) -> int:
        """How many times the condition holds; floats are added up as the rounds do it."""
        if type(x) is type(self.bound) is int and self.relation in ENDS:
            return len(range(x, self.bound + ENDS[self.relation], step))
        times = 0
        while times < UNKNOWN and self.holds(x, self.bound):
            x, times = x + step, times + 1
        return times


ENDS = {"lt": 0, "le": 1, "gt": 0, "ge": -1}  # what lies between a bound and the end of a range


def _work(graph: Graph) -> int:
    """How many operations a graph runs, with those of all rounds of the loops in it."""
    inside = (times * _work(g) for n in graph.nodes for g, times in n.op.runs())
    return len(graph) - graph.arity + sum(inside)


MARKS[ROLL], MARKS[ANYTHING] = Roll(), BaseException
