"""Recording: what a trace keeps while the user's code runs.

A trace is a list of entries (op, *numbers of its arguments), each of which stands once. The list
is at the same time the structural key of what ran: a second run of the same code makes the same
list, and its derivative is found instead of made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from math import copysign
from sys import _getframe, maxsize
from threading import Lock, local
from typing import Any
from weakref import ref

import numpy as np

from .closing import closed
from .constants import PLACES, SPECIAL, constant_of, known_constant_of
from .errors import INTERNAL, AbstractValueError, EscapedError, Position, foretold, unmask
from .graph import Constant, Graph, Input, Type
from .guide import NOTHING, Guide
from .snapshots import same_bits, snapshot

_serial = count(1)
CONTAINERS = (list, dict, set)
REAL = (float, int, bool)


class _Threads(local):
    """The traces that are open in this thread, outermost first."""

    def __init__(self) -> None:
        self.open: list[Trace] = []


threads = _Threads()


@lru_cache(maxsize=4096)  # calls repeat the same types
def _input(dtype: np.dtype, shape: tuple[int, ...]) -> tuple:
    """The entry of an input of this type."""
    return (Input(Type(dtype, shape)),)


def is_abstract(value: Any) -> bool:
    """Whether only the type is known (for several results: a tuple of types)."""
    return type(value) is Type or (type(value) is tuple and bool(value) and type(value[0]) is Type)


class Trace:
    """What ran, as numbered entries, with their values where these are known.

    The value of an entry is a Type where only that is known. `captured` holds what came from
    outside: a snapshot of a plain array, or an array of an outer trace.
    """

    for_good = False  # whether what runs here runs once, and is then what many calls do
    most = maxsize  # entries, from which on refuse_more is asked
    indexed = 0  # entries that are in the table (where they need not be, under a guide)
    origin: tuple | None = None
    telling: Any = None  # a graph, of whose nodes walks tell for which one entries are
    of_tape = shared = False  # begun by a tape; used by several
    users = 0  # tapes that record into it now
    watching = 0  # tapes that want the trainable Variables that are read
    serial = 0
    stale = False  # whether the depths of the guide are others than those of this run
    sealed = 0  # entries made before the trace was last closed: their views are forgotten
    enclosing: tuple[Trace, ...] = ()
    derived: tuple[tuple[int, int], ...] = ()  # from which entry to which derivatives made them

    # What each operation asks for is found at once there, also by the extension.
    __slots__ = (
        *("active", "depths", "entries", "guide", "lock", "positions", "scalars", "values"),
        *("__dict__", "__weakref__"),
    )

    def __init__(self) -> None:
        self.active = False
        self.guide = NOTHING  # what ran last time, as long as this run repeats it
        self.entries: list[tuple] = []
        self.values: list[Any] = []
        self.table: dict[tuple, int] = {}
        self.scalars: dict[tuple, int] = {}
        self.constants: dict[int, Constant] = {}
        self.bits: list[bytes] = []
        self.special: list[tuple[int, bytes]] = []
        self.computed: set[int] = set()  # constants that were numbers of NumPy's
        self.captured: dict[int, Any] = {}
        self.sources: tuple = ((), ())  # entries of the arguments, and the arrays outside
        self.imported: dict[tuple[int, int], int] = {}
        self.snapshots: dict[int, tuple[int, np.ndarray, ref]] = {}
        self.views: list[Any] = []  # Arrays that are views, since the last write
        self.memory: dict[int, list[Any]] = {}  # id of an owner -> its living views, at that write
        self.positions: list[tuple] = []
        self.depths: list[int] = []  # how far away the user's code was, in frames
        self.variables: dict[int, tuple[Any, dict[int, int]]] = {}
        self.lock = Lock()

    # ------------------------------------------------------------ open and closed

    def start(self) -> None:
        """Record from now on, inside the traces that are open in this thread."""
        self.enclosing = tuple(threads.open)
        self.serial, self.active = next(_serial), True
        threads.open.append(self)

    def stop(self) -> None:
        """Record no more. Views hold the trace, so it lets go of them."""
        self.pause()
        self.sealed, self.views, self.memory = len(self.entries), [], {}

    def pause(self) -> None:
        """Record nothing for a while."""
        self.active = False
        if self in threads.open:
            threads.open.remove(self)

    def forget(self) -> None:
        """Drop everything: the values of a tape that gives no more gradients."""
        slots = [self.entries, self.values, self.scalars, self.positions, self.depths]
        for kept in (*slots, *vars(self).values()):
            if type(kept) in CONTAINERS:
                kept.clear()

    def refuse_escape(self, value: Any) -> None:
        """Refuse an array of this closed trace, unless it is a mere number now."""
        if is_abstract(value) or any(t.active for t in self.enclosing):
            raise EscapedError(
                "an array was used after the function under grad, vmap, ... that made it had "
                "returned: "
                "return it from that function (has_aux=True) instead of storing it elsewhere"
            )

    def ask(self, i: int) -> Any:
        """The value of an entry that is known only as a type; None if this trace has none."""
        return None

    def refuse_more(self) -> None:
        """Refuse a further entry, where there may be only so many."""

    # ------------------------------------------------------------ entries

    def add(self, key: tuple, value: Any) -> int:
        """The number of the entry `key`, which is made if it is not there yet."""
        return self.new(key, value, 3)

    def new(self, key: tuple, value: Any, depth: int) -> int:
        """The number of the entry `key`; the user's code is at least `depth` frames away."""
        with self.lock:  # arrays of one trace may be used by several threads of the user
            entries, guide = self.entries, self.guide
            known, n = guide.entries, len(entries)
            if n < len(known) and known[n] == key:  # no entry stands twice: so it is a new one
                self.positions.append(foretold(guide.depths[n], self.depths) or self._moved(depth))
                self.values.append(value)
                entries.append(known[n])
                return n
            i = self._index().get(key)
            if i is None:
                i = self._append(key, value, depth)
                self.table[key], self.indexed = i, i + 1
            elif type(self.values[i]) is Type:
                self.values[i] = value
            return i

    def known(self, key: tuple) -> int | None:
        """The number of the entry `key` if there is one."""
        n, guide = len(self.entries), self.guide.entries
        if n < len(guide) and guide[n] == key:
            return None
        with self.lock:
            return self._index().get(key)

    def _index(self) -> dict[tuple, int]:
        """The table of all entries."""
        if self.indexed < len(self.entries):
            for i in range(self.indexed, len(self.entries)):
                self.table[self.entries[i]] = i
            self.indexed = len(self.entries)
        return self.table

    def _append(self, key: tuple, value: Any, depth: int = 2) -> int:
        n, guide = len(self.entries), self.guide
        if n < len(guide.entries) and guide.entries[n] == key:
            depth = guide.depths[n]
        elif guide is not NOTHING:
            self._index()
            self.guide = NOTHING
        if n >= self.most:
            self.refuse_more()
        self.positions.append(self.origin or self._position(depth))
        self.values.append(value)
        self.entries.append(key)
        return n

    def _moved(self, depth: int) -> tuple:
        """Where the user's code is now, on another stack than last time."""
        self.stale = True
        return self._position(depth)

    def _position(self, depth: int) -> tuple:
        """Where the user's code is, `depth` frames away from _append or more."""
        try:
            frame = _getframe(depth + 1)
        except ValueError:  # the guide ran on a deeper stack
            frame, depth = _getframe(2), 1
        while INTERNAL[frame.f_code.co_filename] and frame.f_back is not None:
            frame = frame.f_back
            depth += 1
        self.depths.append(depth)
        return frame.f_code, frame.f_lasti

    def input(self, value: Any) -> int:
        """A new entry for a free variable with this value (or only a Type)."""
        with self.lock:
            return self._append(_input(value.dtype, value.shape), value)

    def scalar(self, number: Any, dtype: np.dtype) -> int:
        """The entry of a constant. Zero and nan are told apart by their bytes."""
        if self.origin is not None:
            return self.constant(Constant(dtype, np.asarray(number, dtype).tobytes()))
        key: tuple = (number, dtype)
        i = self.scalars.get(key) if number else None
        if i is None:
            plain = number and number == number and type(number) is not complex  # 1 + 0j == 1 - 0j
            zero = not number and type(number) in REAL and copysign(1, number) > 0
            make = known_constant_of if plain or zero else constant_of
            constant, value = make(number, dtype)
            key = key if plain else (constant,)
            i = self.scalars.get(key)
            if i is None:
                with self.lock:
                    i = self.scalars[key] = self._append((PLACES[dtype.char],), value)
                    self.constants[i] = constant
                    self.bits.append(constant.data)
                    if number in SPECIAL:
                        self.special.append((i, constant.data))
        return i

    def number(self, x: np.generic) -> int:
        """The entry of a number of NumPy's, which may have been computed."""
        i = self.scalar(x.item(), x.dtype)
        self.computed.add(i)
        return i

    def constant(self, op: Constant) -> int:
        """The entry of a constant of another graph."""
        if op.shape == () and self.origin is None:
            return self.scalar(op.value()[()], op.dtype)
        return self.add((op,), op.type() if self.origin else op.value())

    def plain(self, value: np.ndarray, array: Any) -> int:
        """The entry of a plain array; in a compiled function, whose calls read it anew, its own."""
        for outer in self.enclosing:
            if outer.for_good and outer.active:
                i = outer.capture(value)
                return self.bring(outer, i, array(outer, i, outer.values[i]))
        return self.capture(value)

    def capture(self, value: np.ndarray) -> int:
        """The entry of a plain array that the traced code met: a snapshot, not to feel writes."""
        if self.origin is not None:
            return self.constant(Constant(value.dtype, value.tobytes(), value.shape))
        known = self.snapshots.get(id(value))  # which may be another array's id by now
        if known and known[2]() is value and (known[1] is value or same_bits(known[1], value)):
            return known[0]
        kept = snapshot(value)
        i = self.input(kept)
        self.captured[i] = kept
        self.snapshots[id(value)] = (i, kept, ref(value))
        return i

    def bring(self, outer: Trace, index: int, array: Any) -> int:
        """The entry of an array of an outer trace."""
        key = (outer.serial, index)
        i = self.imported.get(key)
        if i is None:
            i = self.imported[key] = self.input(array.raw)
            # Not the array itself, which may be written to, and then stands for an entry of ours.
            self.captured[i] = type(array)(array.scope, array.index, array.raw, array.form)
        return i

    # ------------------------------------------------------------ variables

    def watches(self, variable: Any) -> bool:
        """Whether a read of this Variable is recorded here."""
        return id(variable) in self.variables or (self.watching > 0 and variable.trainable)

    def read(self, variable: Any) -> int:
        """The entry of a Variable in its present version.

        `assign` makes a new version and never changes an old one.
        """
        _, versions = self.variables.setdefault(id(variable), (variable, {}))
        i = versions.get(variable.version)
        if i is None:
            i = versions[variable.version] = self.input(variable.stored)
            self.captured[i] = variable.stored
        return i

    def variable(self, i: int) -> Any:
        """The Variable that entry i is a version of, or None."""
        return next((v for v, versions in self.variables.values() if i in versions.values()), None)

    # ------------------------------------------------------------ what was recorded

    def structure(self) -> Guide:
        """The structural key: what ran, and with which types, but not on which values."""
        if self.stale or len(self.guide.entries) != len(self.entries):
            self.stale = False
            self.guide = Guide(tuple(self.entries), tuple(self.depths))
        return self.guide

    def value(self, i: int) -> Any:
        """The value of entry i. Views are only computed here, when somebody needs them."""
        value = self.values[i]
        if is_abstract(value):
            op, *args = self.entries[i]
            if isinstance(op, Input):
                raise AbstractValueError(
                    f"only the type of this array is known here ({value}), not its value"
                )
            value = self.values[i] = op.value(*(self.value(a) for a in args))
        return value

    def come_from(self, i: int) -> None:
        """Further entries of a graph that bibun makes come from node i of another graph."""
        self.origin = _NOWHERE, i

    def position(self, i: int) -> Position:
        """Where the user's code made entry i."""
        return Position(*self.positions[i])

    def close(
        self,
        inputs: Sequence[int],
        outputs: Sequence[int],
        varying: Iterable[int] = (),
        cut: Iterable[int] = (),
        last: Sequence[int] = (),
    ) -> tuple[Graph, list[int]]:
        """The graph from inputs to outputs, and the entry of each of its nodes.

        Further inputs that it turns out to need come after `inputs`, in the order of their entries;
        constants listed in `varying`, and entries listed in `cut`, are among them. `last` are
        inputs that stand behind all others.
        """
        return closed(self, inputs, outputs, varying, cut, last)

    def types(self, i: int) -> Any:
        """The type of entry i (a tuple for several results)."""
        value = self.values[i]
        if is_abstract(value):
            return value
        if type(value) is tuple:
            return tuple(Type(v.dtype, v.shape) for v in value)
        return Type(value.dtype, value.shape)


class recording:
    """Record into a trace, without floating-point warnings.

    Derivatives visit infinities by design.
    """

    __slots__ = ("silence", "trace")

    def __init__(self, trace: Trace):
        self.trace, self.silence = trace, np.errstate(all="ignore")

    def __enter__(self) -> Trace:
        self.trace.start()
        self.silence.__enter__()
        return self.trace

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.silence.__exit__(kind, error, traceback)
        self.trace.stop()
        if error is not None:
            unmask(error, traceback)


@contextmanager
def building() -> Iterator[Trace]:
    """An abstract trace without positions, for graphs that bibun itself makes."""
    trace = Trace()
    trace.origin = (_NOWHERE, 0)
    trace.serial, trace.active = next(_serial), True
    try:
        yield trace
    finally:
        trace.active = False
        trace.views.clear()


_NOWHERE = _getframe().f_code
