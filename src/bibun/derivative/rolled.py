"""Loops of Python's in compiled functions: one round is traced, and stands for all that follow.

`for i in range(n)` becomes a `Scan` where its source allows that (tracing/rebind/rounds.py) and a
round gives what it was given: the same names with the same types. A round that needs the value of
what it carries, that calls what may change something, or that does not come back as it began, says
nothing of others: then all run one by one, as they do where nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sys import _getframe, exc_info
from typing import Any, NamedTuple

import numpy as np

from ..array import FUNCTIONS, Array, Duck, enter, innermost, is_number, lift
from ..graph import Type, type_of
from ..memory import owner_of
from ..recording import Trace, recording, threads
from ..tracing.containers import flatten, same_structure
from ..tracing.functional import form_of
from ..tracing.guards import Guarded
from ..tracing.rebind import rounds
from ..tracing.rebind.callee import CALL, MARKS
from ..tracing.rebind.calls import RoundError, Watch, profiled
from ..variable import Variable
from .alone import alone, is_argument
from .bodies import Body, Tree, closed
from .loops import repeated
from .rows import Loop, in_rows
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
        through = _through(*given)
        return Plain(*given) if through is None else Rounds(through, rounds.Spec(*spec))


def _through(*given: Any) -> Through | None:
    """What a loop goes through, if each round takes one row of it, or a number."""
    sources: tuple = given
    if len(given) == 2:
        f, sources = given
        if f is enumerate and len(sources) == 1:
            sources = (range(np.shape(sources[0])[0] if np.ndim(sources[0]) else 0), *sources)
        elif f is not zip or not sources:
            return None
    if not all(type(x) is range or (isinstance(x, ROWS) and np.ndim(x)) for x in sources):
        return None
    return Through(sources, len(given) == 2)


ROWS = (np.ndarray, Duck)


class Through(NamedTuple):
    """What a loop goes through: ranges and arrays, several of them together."""

    sources: tuple
    together: bool

    def __len__(self) -> int:
        return min(map(len, self.sources))

    def at(self, i: int) -> Any:
        """What round i is given."""
        return tuple(x[i] for x in self.sources) if self.together else self.sources[0][i]

    def kinds(self) -> list[Leaf]:
        """What each round is given, as numbers and rows."""
        return [
            Leaf(Type(np.dtype(np.int64), ()), int)
            if type(x) is range
            else Leaf(Type(lift(x).dtype, lift(x).shape[1:]), None)
            for x in self.sources
        ]

    def rows(self, start: int, n: int) -> list[Array]:
        """The rows of n rounds."""
        rest = [x[start : start + n] for x in self.sources]
        return [lift(np.array(x) if type(x) is range else x) for x in rest]

    def ranges(self, start: int, n: int) -> dict[int, range]:
        """The numbers of each range in n rounds."""
        return {j: x[start : start + n] for j, x in enumerate(self.sources) if type(x) is range}

    def counter(self, start: int, n: int) -> range | None:
        """The numbers of n rounds, if the first of what they are given is one."""
        first = self.sources[0]
        return first[start : start + n] if type(first) is range else None


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


class Leaf(NamedTuple):
    """What a number or an array that is carried is: the same after each round."""

    of: Type
    form: type | None

    def __str__(self) -> str:
        return f"{self.of}" if self.form is None else f"{self.of} ({self.form.__name__})"


class Attempt:
    """A round that is traced: what it began with, and where it is recorded."""

    def __init__(
        self, given: Sequence[Any], written: Sequence[bool], rows: Sequence[Leaf], movable: set[int]
    ):
        self.given, self.unchanged = tuple(given), set[int]()
        self.leaves, self.rebuild = flatten(self.given)
        self.kinds = [_kind(x) for x in self.leaves]
        self.trace = Trace()
        self.open = recording(self.trace)
        self.open.__enter__()
        self.watch = Watch()
        self.inputs: list[int] = []
        fresh = [
            x if k is None else self._fresh(k) for x, k in zip(self.leaves, self.kinds, strict=True)
        ]
        self.fresh = fresh
        self.movable = {j for j, x in enumerate(self.leaves) if id(x) in movable or is_argument(x)}
        self.rows = tuple(map(self._fresh, rows))
        taken = self.rebuild(fresh)
        copied = FUNCTIONS[np.copy]
        self.taken = tuple(
            copied(x) if w and type(x) is Array and not is_number(x) else x
            for x, w in zip(taken, written, strict=True)
        )

    def _fresh(self, kind: Leaf) -> Array:
        i = self.trace.input(kind.of)
        self.inputs.append(i)
        return Array(self.trace, i, kind.of, kind.form)

    def numbers(self) -> list[Any]:
        """What is carried as a number or an array, as it was before the round."""
        return [x for x, k in zip(self.leaves, self.kinds, strict=True) if k]

    def own(self) -> set[int]:
        """Which of these are numbers of Python's."""
        return {j for j, x in enumerate(self.numbers()) if type(x) in (float, complex)}

    def after(self, results: Iterator[Array]) -> tuple:
        """What is carried, with the results of a loop."""
        new = [
            x if k is None else _as(next(results), k)
            for x, k in zip(self.leaves, self.kinds, strict=True)
        ]
        same = [self.leaves[j] if j in self.unchanged else y for j, y in enumerate(new)]
        return tuple(self.rebuild(same))

    def close(self) -> None:
        """Record no more."""
        self.watch.close()
        self.open.__exit__(None, None, None)

    def body(self, new: Sequence[Any]) -> Body:
        """What was recorded, if the round gave what it was given."""
        new = tuple(new)
        if self.watch.reason:
            raise RoundError(self.watch.reason)
        if not same_structure(self.given, new):
            raise UnsettledError("what is carried changes its containers")
        leaves, rebuild = flatten(new)
        found = []
        for x, y, kind in zip(self.leaves, leaves, self.kinds, strict=True):
            if kind is None:
                if x is not y and not (type(x) is type(y) and type(x) in SAME and x == y):
                    raise UnsettledError(f"{x!r} is carried, and changes")
            elif _kind(y) != kind:
                raise UnsettledError(
                    f"{kind} is carried, and becomes {_kind(y) or type(y).__name__}"
                )
            else:
                found.append(lift(y))
        self._own(leaves)
        outputs = [enter(self.trace, y) for y in found]
        return Body(self.trace, self.inputs, outputs, [Tree(new, found, rebuild, [])])

    def _own(self, leaves: Sequence[Any]) -> None:
        """Raise unless each array is the round's own: those of a loop share memory with no other.

        What comes back unchanged is what it was, and what changes its place may be an argument,
        which nobody writes into, or must have been held by one name alone.
        """
        places = {id(x): j for j, x in enumerate(self.fresh)}
        seen: set[int] = set()
        for j, x in enumerate(leaves):
            if self.kinds[j] is None or type(x) is not Array or is_number(x):
                continue
            owner = owner_of(x)
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


SAME = (int, bool, str)


class UnsettledError(RoundError):
    """A round that changes the types of what is carried: the next one may keep them."""


def _kind(x: Any) -> Leaf | None:
    """What is carried as a number or an array; None for what has to stay as it is."""
    if isinstance(x, Variable) or type(x) in (int, bool):
        return None
    if isinstance(x, Duck):
        a = x._read()
        return Leaf(type_of(a), form_of(a))
    if type(x) in (float, complex):
        return Leaf(Type(np.dtype(type(x)), ()), type(x))
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biufc":
        form = np.ndarray if type(x) is np.ndarray and not x.shape else None
        return Leaf(Type(x.dtype.newbyteorder("="), x.shape), form)
    return None


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


def _as(y: Array, kind: Leaf) -> Array:
    return Array(y.scope, y.index, y.raw, kind.form)


MARKS[rounds.ROLL], MARKS[rounds.ANYTHING] = Roll(), BaseException
