"""Rescue: entries of a result that are not finite, computed again in wider numbers.

First exactly as written, in balls with more and more digits: overflow, underflow and cancellation
end there with a proof. What is 0/0 or inf - inf is taken as a limit (see limits.py). All this works
only on the entries in question, within a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from time import thread_time
from typing import Any, NamedTuple

import numpy as np

from ..graph import Constant, Graph, Type
from .balls import NoNumberError, UndecidedError, balls, precision
from .entries import Entries, Wanted
from .limits import (
    MOVES,
    NEARLY,
    NOTHING,
    Limit,
    Move,
    Steps,
    limit,
    same,
    seen_of,
    taken,
    value_of,
    wide,
)
from .near import Near, Nearby, near
from .objects import Library, NotExpressibleError
from .proof import OPEN, Proof, number, proof, unproven

PRECISIONS = 128, 512, 2048
"""Bits of the balls, one after the other, until the digits suffice."""
MORE = 1, 2, 4
"""How many times the digits next to a point are what they are for squares, until they suffice."""
NO_PROOF = Proof("nothing")
LEAST = 2e-6
"""Seconds that an operation on a number takes at least: what is hopeless is not begun."""
SPENT = "it would take longer than the budget allows"


class Budget(NamedTuple):
    """How much a call may cost: seconds of the processor, and operations on numbers."""

    seconds: float = 0.1
    work: int = 1_000_000


class SpentError(Exception):
    """The budget of a rescue is spent."""


UNKNOWN = SpentError, UndecidedError, NotExpressibleError
"""What ends an attempt before anything is known."""


def reason(error: Exception) -> str:
    """The same in words."""
    if isinstance(error, UndecidedError):
        return f"a comparison is undecided with {PRECISIONS[-1]:,} bits"
    return SPENT if isinstance(error, SpentError) else str(error)


class Rescued(NamedTuple):
    """The results, with what was found; which entries stay open, and why (empty: none)."""

    results: list[Any]
    open: list[np.ndarray]
    why: str


class Rescue:
    """One attempt. The first `values` results are the function itself, `movable` its arguments."""

    def __init__(
        self,
        graph: Graph,
        args: Sequence[Any],
        movable: Sequence[bool],
        values: int,
        budget: Budget,
    ):
        self.graph, self.args, self.movable, self.values = graph, args, movable, values
        # Time of this thread: what else the machine does shall not decide about a result.
        self.budget, self.end = budget, thread_time() + budget.seconds
        self.work = 0

    @cached_property
    def library(self) -> Library:
        """Balls; loads python-flint, the first time."""
        return balls(lambda values: self._between())

    def run(self, results: Sequence[Any]) -> Rescued:
        """These results with better entries in the places that are not finite."""
        wanted = self._doubtful(results)
        if sum(map(len, wanted)) > self.budget.work:
            return Rescued(list(results), wanted, SPENT)
        try:
            found = self.proven(wanted)
            left = [unproven(w, f) for w, f in zip(wanted, found, strict=True)]
            limits = self._limits(left) if any(map(len, left)) else []
            steep = self._steep(wanted, found, limits)
        except SpentError:
            return Rescued(list(results), wanted, SPENT)
        except NotExpressibleError as error:
            return Rescued(list(results), wanted, str(error))
        better = [np.array(y, order="C") for y in results]
        for y, w, f in zip(better, wanted, found, strict=True):
            for e, p in zip(w, f, strict=True):
                if p.kind in ("number", "infinite"):
                    y.ravel()[e] = number(p.value, y.dtype)
        still = left if limits else [w[:0] for w in wanted]
        if limits:
            still = [taken(y, w, f) for y, w, f in zip(better, left, limits, strict=True)]
        for y, w in zip(better, steep, strict=True):
            y.ravel()[w] = np.nan
        still = [np.union1d(w, s).astype(int) for w, s in zip(still, steep, strict=True)]
        why = "there is no limit either" if any(map(len, still)) else ""
        return Rescued([y[()] for y in better], still, why)

    def _steep(
        self, wanted: list[np.ndarray], found: list[list[Proof]], limits: list[list[Limit]]
    ) -> list[np.ndarray]:
        """Zeros by which a function goes to infinity all the same: by convention a norm's is one.

        log(norm(x)) at 0 has no derivative there. Infinite arguments make infinite what they like.
        """
        nothing = [w[:0] for w in wanted]
        endless = any(p.kind == "infinite" for f in found[: self.values] for p in f)
        endless = endless or any(x.kind == "infinite" for f in limits[: self.values] for x in f)
        if not endless or any(np.isinf(x).any() for x in self.args if x.dtype.kind == "f"):
            return nothing
        zeros = nothing[: self.values]
        for w, f in zip(wanted[self.values :], found[self.values :], strict=True):
            zeros.append(w[[p.kind == "number" and bool(p.value.is_zero()) for p in f]])
        if not any(map(len, zeros)):
            return nothing
        steep = nothing[: self.values]
        for w, around in zip(zeros[self.values :], self._limits(zeros)[self.values :], strict=True):
            steep.append(w[[x.kind == "nothing" for x in around]])
        return steep

    def _doubtful(self, results: Sequence[Any]) -> list[np.ndarray]:
        """The entries that are not finite; all of them where the function itself is not.

        After an overflow 1 / inf is a zero that is none.
        """
        bad = [np.flatnonzero(~np.isfinite(np.ravel(y))) for y in results]
        if not any(map(len, bad[: self.values])):
            return bad
        return [
            b if k < self.values else np.arange(np.size(y))
            for k, (b, y) in enumerate(zip(bad, results, strict=True))
        ]

    def known(self, proven: bool) -> list[list[Limit]]:
        """What all results are: numbers that balls prove, if these count, or else limits."""
        wanted = [np.arange(int(np.prod(t.shape))) for t in self.graph.output_types]
        found = self.proven(wanted) if proven else [[NO_PROOF] * len(w) for w in wanted]
        left = [unproven(w, f) for w, f in zip(wanted, found, strict=True)]
        limits = self._limits(left) if any(map(len, left)) else [[] for _ in left]
        known = [[Limit(p.kind, p.value) for p in f] for f in found]
        for row, entries, better in zip(known, left, limits, strict=True):
            for e, x in zip(entries, better, strict=True):
                row[e] = x
        return known

    # ------------------------------------------------------------ evaluations

    def _between(self) -> None:
        if thread_time() > self.end:
            raise SpentError

    def _evaluate(
        self, entries: Entries, args: Callable[[], Sequence[Any]], wanted: Sequence[Wanted]
    ) -> list:
        """The wanted entries of the outputs, as elements."""
        self.work += entries.work
        if self.work > self.budget.work or thread_time() + LEAST * entries.work > self.end:
            raise SpentError
        with np.errstate(all="ignore"):
            found = entries.run(args(), self.library, self._between)
        return [
            [] if w is None or not len(w) else list(np.asarray(y).ravel()[w])
            for y, w in zip(found, wanted, strict=True)
        ]

    def _elements(self) -> list[Any]:
        return [*map(self.library.elements, self.args)]

    def proven(self, wanted: Sequence[np.ndarray], finite: bool = False) -> list[list[Proof]]:
        """What balls say of the graph as it is written.

        Where floats are `finite`, what is no number may only be a ball of too few digits: 1 - p.
        And sides that no digits tell apart are equal then, as `exp(x) / (exp(x) + exp(y)) > 1 / 2`
        where x and y are: evidence, and no proof.
        """
        entries = Entries(self.graph, wanted)
        still_open = OPEN if finite else {"vague"}
        found: list[list[Proof]] = []
        kinds = {"vague"}
        near = [(PRECISIONS[-1], True)] if finite else []
        for bits, equal in [*((bits, False) for bits in PRECISIONS), *near]:
            if equal and found:
                break  # all was decided
            with precision(bits, equal):
                try:
                    ys = self._evaluate(entries, self._elements, wanted)
                except UndecidedError:
                    continue
                except SpentError:
                    if "vague" in kinds:
                        raise
                    break  # what is proven by now is
                found = [[proof(e) for e in y] for y in ys]
            kinds = {p.kind for f in found for p in f}
            if not kinds & still_open:
                break
        return found or [[NO_PROOF] * len(w) for w in wanted]

    def near(self, wanted: Sequence[np.ndarray]) -> list[list[Near]] | None:
        """These entries as floats with bounds, which take no balls; None where there are none."""
        library = Nearby(lambda values: self._between())
        try:
            with np.errstate(all="ignore"):
                args = [*map(library.elements, self.args)]
                found = Entries(self.graph, wanted).run(args, library, self._between)
            flat = [np.asarray(y, object).ravel() for y in found]
            chosen = [y[w] if len(w) else () for y, w in zip(flat, wanted, strict=True)]
            return [[near(library.number(e)) for e in y] for y in chosen]
        except (UndecidedError, NotExpressibleError, ArithmeticError):
            return None

    def moved_outside(self, wanted: Sequence[np.ndarray], outside: Sequence[bool]) -> list:
        """These entries, with some arguments moved by as much as they may have been rounded."""
        rng = np.random.default_rng(0)
        with precision(PRECISIONS[1]):
            args = [self.library.elements(x) for x in self.args]
            for k, (x, o) in enumerate(zip(self.args, outside, strict=True)):
                if o and x.dtype.kind == "f":
                    most = long(x) * float(np.finfo(x.dtype).eps) / 2
                    parts = rng.uniform(-1, 1, x.shape) * most
                    args[k] = args[k] + args[k] * self.library.elements(parts)
            ys = self._evaluate(Entries(self.graph, wanted), lambda: args, wanted)
        return [[value_of(e) for e in y] for y in ys]

    def exact(self, bits: int) -> list[list[Any]]:
        """The function itself, without its derivative, in balls; None where it is no number.

        What so many bits do not tell apart is equal: at a point that an equality picks out, balls
        can only agree.
        """
        types = self.graph.output_types[: self.values]
        wanted = [np.arange(int(np.prod(t.shape))) for t in types]
        wanted += [np.arange(0)] * (len(self.graph.outputs) - self.values)
        with precision(bits, near_is_equal=True):
            ys = self._evaluate(Entries(self.graph, wanted), self._elements, wanted)
        return [[value_of(e) for e in y] for y in ys[: self.values]]

    def steps(self) -> Steps:
        """How far the arguments move."""
        return Steps(self.args)

    def _limits(self, left: list[np.ndarray]) -> list[list[Limit]]:
        """The limits of these entries, if the function itself has one there.

        First only what is differentiated moves; where that is not enough, all that is given.
        """
        found = self._along(left, self.movable)
        if all(x.kind == "nothing" for f in found for x in f) and not all(self.movable):
            found = self._along(left, [True] * len(self.args))
        return found

    def _along(self, left: list[np.ndarray], movable: Sequence[bool]) -> list[list[Limit]]:
        nothing = [[NOTHING] * len(w) for w in left]
        try:
            seen = self.nearby(left, movable)
        except UndecidedError:
            return nothing
        with precision(PRECISIONS[1]):
            found = [[limit(f) for f in places] for places in seen]
        values = found[: self.values]
        if any(x.kind not in ("number", "infinite") for f in values for x in f):
            return nothing
        if self._elsewhere(values):
            return nothing
        return [
            [f[int(e)] for e in w] if k < self.values else f
            for k, (w, f) in enumerate(zip(left, found, strict=True))
        ]

    def _elsewhere(self, limits: list[list[Limit]]) -> bool:
        """Whether the function has another value than these limits: steps went too far, or jump."""
        try:
            exact = self.exact(PRECISIONS[1])
        except UNKNOWN:
            return False
        pairs = [p for f, v in zip(limits, exact, strict=True) for p in zip(f, v, strict=True)]
        known = [(x.value, v) for x, v in pairs if x.kind == "number" and v is not None]
        with precision(PRECISIONS[1]):
            return not all(same(x, v, abs(v) + 1, NEARLY) for x, v in known)

    def nearby(
        self,
        left: Sequence[np.ndarray],
        movable: Sequence[Any],
        moves: Sequence[Move] = MOVES,
        beside: int = 0,
    ) -> list[list[dict]]:
        """The function itself, and these entries of its derivative, after each move.

        Balls, or None where the function has no number, and nan where only the entry has none. Of
        `movable` arguments all entries move, or those of a mask. Numbers that are equal along a
        way, as both sides of `maximum(2 * x, x + x)`, are not told apart in any number of digits;
        then what is the same in half of them is equal. And where something compared is no number
        then, there is none. What is differentiated and does not move goes `beside`, to this side.
        """
        found: list[list[dict]] = []
        for times in MORE:
            how = times, beside
            try:
                found = self._nearby(left, movable, moves, False, *how)
            except UndecidedError:
                found = self._nearby(left, movable, moves, True, *how)
            except SpentError:
                if found:
                    break  # what was seen with fewer digits
                raise
            if not any(wide(x) for f in found for seen in f for x in seen.values()):
                break
        return found

    def _nearby(
        self,
        left: Sequence[np.ndarray],
        movable: Sequence[Any],
        moves: Sequence[Move],
        near: bool,
        times: int,
        beside: int,
    ) -> list[list[dict]]:
        wanted = list(left)
        for k in range(self.values):
            wanted[k] = np.arange(int(np.prod(self.graph.output_types[k].shape)))
        entries, steps = Entries(self.graph, wanted), self.steps()
        seen: list[list[dict]] = [[{} for _ in w] for w in wanted]
        with precision(steps.more(times), near):
            for move in moves:
                try:
                    moved = partial(self._moved, steps, move, movable, beside)
                    ys = self._evaluate(entries, moved, wanted)
                except NoNumberError:
                    if not near:
                        raise
                    ys = [[None] * len(w) for w in wanted]
                inside = all(value_of(e) is not None for y in ys[: self.values] for e in y)
                for places, y in zip(seen, ys, strict=True):
                    for known, e in zip(places, y, strict=True):
                        known[move] = seen_of(e) if inside else None
        return seen

    def _moved(self, steps: Steps, move: Move, movable: Sequence[Any], beside: int) -> list[Any]:
        moved = []
        for seed, (x, moves) in enumerate(zip(self.args, movable, strict=True)):
            still = self.library.elements(x)
            if self.movable[seed] and x.dtype.kind == "f":
                still = steps.beside(still, beside)
            if np.any(moves) and x.dtype.kind == "f":
                along = steps.moved(x, move, seed, self.library)
                still = along if moves is True else np.where(moves, along, still)[()]
            moved.append(still)
        return moved


def long(x: np.ndarray) -> np.ndarray:
    """Which floats need more than half of their digits: others were written down, not computed."""
    if x.dtype.kind != "f":
        return np.zeros(x.shape, bool)
    mantissa = np.frexp(x)[0] * 2.0 ** (np.finfo(x.dtype).nmant // 2)
    return np.isfinite(x) & (mantissa != np.rint(mantissa))


def possible(graph: Graph, args: Sequence[np.ndarray]) -> bool:
    """Whether a rescue can help.

    All numbers have to be real, and nothing nan.
    """
    types = [n.type for _, n in graph]
    if any(isinstance(t, Type) and t.dtype.kind not in "fiub" for t in types):
        return False
    # Rules have numbers nan of their own, for what has none: 0 times a missing maximum.
    constants = [n.op.value() for _, n in graph if isinstance(n.op, Constant) and n.op.shape]
    return not any(np.isnan(x).any() for x in (*args, *constants) if x.dtype.kind == "f")
