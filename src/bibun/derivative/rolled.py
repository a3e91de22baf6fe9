"""Loops of Python's in compiled functions: one round is traced, and stands for all that follow.

`for i in range(n)` becomes a `Scan` where its source allows that (tracing/rebind/rounds.py) and a
round gives what it was given: the same names with the same types. A round that needs the value of
what it carries, that calls what may change something, or that does not come back as it began, says
nothing of others: then all run one by one, as they do where nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from sys import _getframe, exc_info
from typing import Any

import numpy as np

from ..array import innermost, lift
from ..recording import threads
from ..tracing.guards import Guarded
from ..tracing.rebind import rounds
from ..tracing.rebind.callee import CALL, MARKS
from ..tracing.rebind.calls import RoundError, profiled
from .alone import alone
from .attempts import Attempt, UnsettledError
from .bodies import Body, closed
from .loops import repeated
from .rows import Loop, in_rows
from .through import Through, through
from .wholes import as_python, fits

FEWEST = 8  # rounds
WORTH = 256  # operations in all rounds, from which on a loop is kept
# The same where a long array is carried: rounds in a row are then one pass over it, in registers.
LONG, WORTH_OF_LONG = 1_024, 1_024
ATTEMPTS = 3  # rounds that may pass until what is carried has the types that it keeps
STORED = 1 << 28  # bytes of all states, of which derivatives keep those of each round


class Roll:
    """The hook in front of what a loop goes through."""

    def __matmul__(self, parts: tuple) -> Any:
        *given, spec = parts
        if not any(t.for_good for t in threads.open):
            return Plain(*given)
        found = through(*given)
        return Plain(*given) if found is None else Rounds(found, rounds.Spec(*spec))


class Plain:
    """Rounds that run one by one."""

    __slots__ = ("given",)
    pending = False

    def __init__(self, *given: Any):
        self.given = given

    def __iter__(self) -> Iterator[Any]:
        if len(self.given) == 1:
            return iter(self.given[0])
        f, args = self.given
        return iter((CALL @ f)(*args))

    def failed(self) -> bool:
        """An error is the user's own."""
        return False


class Rounds:
    """The rounds of a loop, one of which is traced for all that follow."""

    def __init__(self, through: Through, spec: rounds.Spec):
        self.through, self.spec = through, spec
        self.count, self.next, self.attempts = len(through), 0, ATTEMPTS
        self.attempt: Attempt | None = None
        self.values: tuple = ()
        self.pending = False  # whether what is carried is to be taken from here

    def __iter__(self) -> Rounds:
        return self

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
            self._end(frame.f_locals)
        if self.next == self.count:
            raise StopIteration
        if self.attempts and not self.pending and self.count - self.next >= FEWEST:
            self.attempts -= 1
            if self._begin(frame.f_locals):
                assert self.attempt is not None
                given = self.attempt.rows
                return given if self.through.together else given[0]
        i, self.next = self.next, self.next + 1
        return self.through.at(i)

    def failed(self) -> bool:
        """Whether an error belongs to a round that was traced: then it runs again, as it is."""
        attempt, self.attempt = self.attempt, None
        if attempt is None:
            return False
        attempt.close()
        self._leave(attempt.given)
        error = exc_info()[1]
        self._give_up(str(error))
        return isinstance(error, Exception)

    def _give_up(self, reason: str) -> None:
        """All rounds run one by one, and traces that grow too long say why."""
        self.attempts = 0
        for trace in threads.open:
            if isinstance(trace, Guarded):
                trace.one_by_one.append(reason)

    # ------------------------------------------------------------ a round that is traced

    def _begin(self, found: dict[str, Any]) -> bool:
        """Whether a round is traced now."""
        names = self.spec.carried
        if not all(name in found for name in names):
            return False
        written = [name in self.spec.written for name in names]
        shared = [n for n, w in zip(names, written, strict=True) if w and not alone(found, n)]
        if profiled():
            self._give_up("a profiler is told of all calls")
            return False
        if shared:
            self._give_up(f"others may see what is written into {shared[0]}")
            return False
        movable = {id(found[n]) for n in names if alone(found, n)}
        self.attempt = Attempt([found[n] for n in names], written, self.through.kinds(), movable)
        self._leave(self.attempt.taken)
        return True

    def _end(self, found: dict[str, Any]) -> None:
        """The loop that the traced round stands for, or the state before it."""
        attempt, self.attempt = self.attempt, None
        assert attempt is not None
        try:
            body = attempt.body([found[n] for n in self.spec.carried])
        except UnsettledError as error:
            body = None
            if not self.attempts:
                self._give_up(str(error))
        except RoundError as error:
            body = None
            self._give_up(str(error))
        finally:
            attempt.close()
        result = None if body is None else self._looped(attempt, body)
        self._leave(attempt.given if result is None else result)

    def _looped(self, attempt: Attempt, body: Body) -> tuple | None:
        """What is carried after all rounds that one stands for; None if it is not worth it."""
        n = self.count - self.next - self.spec.last
        self.attempts = 0
        (graph,), shared = closed([body])
        states = [lift(x) for x in attempt.numbers()]
        loop = Loop(graph, states, self.through.rows(self.next, n), shared)
        counter = self.through.counter(self.next, n)
        cut = None if counter is None else in_rows(loop, counter)
        whole = states if cut is None else [states[j] for j in cut.kept]
        size = n * sum(a.raw.dtype.itemsize * int(np.prod(a.shape)) for a in whole)
        long = WORTH and any(np.prod(a.shape) >= LONG for a in states)
        small = n * (len(graph) - graph.arity) < (WORTH_OF_LONG if long else WORTH)
        if size > STORED:
            self._give_up(f"its rounds would store {size >> 20} MiB")
        if innermost(loop.operands) is None or small or size > STORED:
            return None
        ranges = {len(states) + j: x for j, x in self.through.ranges(self.next, n).items()}
        written, _ = body.trace.close(body.inputs, body.outputs)  # without rewrites
        if not fits(written, ranges):
            self._give_up("whole numbers may not fit into 64 bits")
            return None
        if not as_python(written, ranges, attempt.own()):
            self._give_up("NumPy may say something else of its numbers than Python does")
            return None
        results = iter(repeated(loop, n, counter=counter))
        self.next += n
        return attempt.after(results)


MARKS[rounds.ROLL], MARKS[rounds.ANYTHING] = Roll(), BaseException
