"""Code: loops, loads, stores and scalar expressions, as data in single-assignment form.

Everything is scalar. A loop may say that its rounds are independent (`lanes`), and then a printer
may run several of them at once in a vector; its sums and extremes are told apart from other
carried values, since their order is free. Code is built by doing: values overload the operators,
and what is computed is put at the outermost loop where its operands exist, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from .statements import (
    DTYPES,
    KINDS,
    Apply,
    Block,
    Buffer,
    Carry,
    Choice,
    Grow,
    Invoke,
    Let,
    Loop,
    Merge,
    Place,
    Refuse,
    Seldom,
    Store,
    While,
)


class Value:
    """A scalar of the code; Python's operators make further ones. Numbers take its kind."""

    __slots__ = ("code", "depth", "kind", "number")

    def __init__(self, code: Code, number: int, kind: str, depth: int):
        self.code, self.number, self.kind, self.depth = code, number, kind, depth

    def make(self, opcode: str, *others: Any, kind: str = "", extra: Any = None) -> Value:
        """An opcode applied to this value and others; the result has its kind if none is given."""
        return self.code.let(opcode, kind or self.kind, (self, *map(self.like, others)), extra)

    def like(self, x: Any) -> Value:
        """A number as a constant of this kind; a value as it is."""
        return x if type(x) is Value else self.code.constant(x, self.kind)

    # fmt: off
    def __add__(self, b):         return self.make("add", b)
    def __radd__(self, a):        return self.like(a).make("add", self)
    def __sub__(self, b):         return self.make("sub", b)
    def __rsub__(self, a):        return self.like(a).make("sub", self)
    def __mul__(self, b):         return self.make("mul", b)
    def __rmul__(self, a):        return self.like(a).make("mul", self)
    def __truediv__(self, b):     return self.make("div", b)
    def __rtruediv__(self, a):    return self.like(a).make("div", self)
    def __mod__(self, b):         return self.make("rem", b)
    def __neg__(self):            return self.make("neg")
    def __abs__(self):            return self.make("abs")
    def __and__(self, b):         return self.make("and", b)
    def __or__(self, b):          return self.make("or", b)
    def __xor__(self, b):         return self.make("xor", b)
    def __invert__(self):         return self.make("not")
    def __lshift__(self, n):      return self.make("shl", n)
    def __rshift__(self, n):      return self.make("shr", n)
    def __lt__(self, b):          return self.make("lt", b, kind="bool")
    def __le__(self, b):          return self.make("le", b, kind="bool")
    def __gt__(self, b):          return self.like(b).make("lt", self, kind="bool")
    def __ge__(self, b):          return self.like(b).make("le", self, kind="bool")
    def equals(self, b):          return self.make("eq", b, kind="bool")
    def differs(self, b):         return self.make("ne", b, kind="bool")
    def sqrt(self):               return self.make("sqrt")
    def rint(self):               return self.make("rint")
    def floor(self):              return self.make("floor")
    def ceil(self):               return self.make("ceil")
    def trunc(self):              return self.make("trunc")
    # fmt: on

    def fma(self, b: Any, c: Any) -> Value:
        """self * b + c with one rounding."""
        return self.make("fma", b, c)

    def copysign(self, sign: Value) -> Value:
        """|self| with the sign of another."""
        return self.make("copysign", sign)

    def bits(self) -> Value:
        """The bits of a float as a signed integer."""
        return self.make("bits", kind="i" + self.kind[1:])

    def from_bits(self) -> Value:
        """The float with the bits of this integer."""
        return self.make("bits", kind="f" + self.kind[1:])

    def to(self, kind: str) -> Value:
        """The value converted as C does (to bool: whether it is not 0)."""
        if kind == self.kind:
            return self
        return self.differs(0) if kind == "bool" else self.make("to", kind=kind)

    def where(self, a: Any, b: Any) -> Value:
        """a if this bool holds, else b; at least one of them is a value."""
        like = a if type(a) is Value else b
        a, b = like.like(a), like.like(b)
        return a if a is b else self.code.let("select", like.kind, (self, a, b), None)

    def capped(self, limit: float) -> Value:
        """|self|, or a positive limit if that is less or this is nan."""
        return self.make("capped", limit)

    def isnan(self) -> Value:
        """Whether this float is nan."""
        return self.differs(self)


class Code:
    """A function while it is written: its buffers, its outermost block, and where we write now."""

    def __init__(self, name: str = "kernel", lookups: bool = False):
        self.name = name
        self.lookups = lookups  # whether entries of small tables are as quick as products
        self.buffers: list[Buffer] = []
        self.blocks = [Block(0)]
        self.counters: dict[int, int] = {}  # of each loop: its depth
        self.constants: dict[int, Any] = {}  # of values that are constants: the number
        self.count = 0
        self.checked = False  # whether a call may fail
        self.waiting = 0  # how many loops there are around whose rounds wait for each other

    @property
    def body(self) -> Block:
        """The outermost statements."""
        return self.blocks[0]

    @property
    def given(self) -> list[Buffer]:
        """The buffers that the caller has to give, one by one."""
        return [b for b in self.buffers if b.role not in ("work", "heap")]

    def buffer(self, dtype: Any, size: int, role: str) -> Buffer:
        """A further buffer of `size` elements of a dtype."""
        buffer = Buffer(len(self.buffers), KINDS[np.dtype(dtype)], size, role)
        self.buffers.append(buffer)
        return buffer

    # ------------------------------------------------------------ values

    def new(self, kind: str, depth: int) -> Value:
        """A value with a fresh number."""
        self.count += 1
        return Value(self, self.count - 1, kind, depth)

    def let(self, opcode: str, kind: str, args: Sequence[Value], extra: Any = None) -> Value:
        """The value of an opcode, in the outermost block where its arguments exist."""
        key = (opcode, kind, tuple([a.number for a in args]), extra)
        depth = max([a.depth for a in args], default=0)
        for block in self.blocks[depth:]:
            if key in block.known:
                return block.known[key]
        while depth < self.guarded:
            depth += 1
        return self._append(self.blocks[depth], key, True)

    def _append(self, block: Block, key: tuple, share: bool) -> Value:
        opcode, kind, numbers, extra = key
        made = self.new(kind, block.depth)
        block.statements.append(Let(made.number, kind, opcode, numbers, extra))
        if share:
            block.known[key] = made
        return made

    @property
    def guarded(self) -> int:
        """The depth of the innermost guarded block."""
        return max([b.depth for b in self.blocks if b.guarded], default=0)

    def constant(self, number: Any, kind: str) -> Value:
        """A number, written down exactly: floats by their bits."""
        value = DTYPES[kind].type(number)
        made = self.let("constant", kind, (), value.tobytes())
        self.constants[made.number] = value
        return made

    def load(
        self,
        buffer: Buffer,
        place: Place,
        computed: Value | None = None,
        since: int | None = None,
    ) -> Value:
        """What is in a place now. An argument, which nobody writes, is read once, far outside.

        If other memory is not written in the blocks from depth `since` on, it is read there.
        """
        place = place if computed is None else place._replace(computed=computed.number)
        key = ("load", buffer.kind, (), (buffer, place))
        if buffer.role != "in" and since is None:
            return self._append(self.blocks[-1], key, False)
        inner = [0 if computed is None else computed.depth, self.guarded, since or 0]
        inner += [self.counters[counter] for counter, _ in place.strides]
        block = self.blocks[max(inner)]
        if buffer.role != "in":
            return self._append(block, key, False)
        return block.known.get(key) or self._append(block, key, True)

    def table(self, numbers: tuple[float, ...], index: Value) -> Value:
        """A float64 from a table of constants; the index, an i64, has to be one of its places."""
        return self.let("table", "f64", (index,), numbers)

    def lookup(self, numbers: tuple[float, ...], index: Value) -> Value:
        """A float64 from a table of sixteen constants, at the four lowest bits of an i64."""
        return self.let("lookup", "f64", (index,), numbers)

    def store(self, buffer: Buffer, place: Place, value: Value) -> None:
        """Write a value to a place."""
        self.blocks[-1].statements.append(Store(buffer, place, value.number))

    def invoke(
        self,
        symbol: str,
        numbers: Sequence[int],
        places: Sequence[Any],
        functions: Sequence[str] = (),
    ) -> None:
        """Call a function of the runtime."""
        made = Invoke(symbol, tuple(numbers), tuple(places), tuple(functions))
        self.blocks[-1].statements.append(made)

    def apply(self, made: Apply) -> None:
        """Call a function that the language has."""
        self.checked = self.checked or bool(made.fails)
        self.blocks[-1].statements.append(made)

    def refuse(self, mask: Value, reason: str = "") -> None:
        """Let the call fail if a mask holds: somebody else has to do what it was to do."""
        self.checked = True
        key = ("refuse", mask.kind, (mask.number,), None)
        block = self.blocks[max(mask.depth, self.guarded)]
        if key not in block.known:
            block.known[key] = mask
            block.statements.append(Refuse(mask.number, reason))

    # ------------------------------------------------------------ blocks

    @contextmanager
    def loop(
        self,
        extent: int,
        lanes: bool = False,
        parallel: bool = False,
        ordered: bool = False,
        serial: bool = False,
    ) -> Iterator[Round]:
        """A loop; what is written inside the `with` belongs to a round, as far as it varies."""
        depth = len(self.blocks)
        counter = self.new("i64", depth)
        self.counters[counter.number] = depth
        made = Loop(counter.number, extent, Block(depth), [], [], lanes, parallel, ordered, serial)
        self.blocks.append(made.body)
        self.waiting += serial
        yield Round(self, made, counter)
        self.waiting -= serial
        self.blocks.pop()
        self.blocks[-1].statements.append(made)

    def choice(self, index: Value, written: Sequence[Callable[[], None]]) -> None:
        """Run one of several pieces of code; what they leave, they leave in memory."""
        blocks = []
        for write in written:
            with self.apart() as block:
                write()
            blocks.append(block)
        self.blocks[-1].statements.append(Choice(index.number, blocks))

    def repeat(self, condition: Callable[[], Value], body: Callable[[], None]) -> None:
        """Run a body as long as a condition holds."""
        self.waiting += 1
        with self.apart() as before:
            holds = condition()
        with self.apart() as rounds:
            body()
        self.waiting -= 1
        self.blocks[-1].statements.append(While(before, holds.number, rounds))

    def grow(self, buffer: Buffer, rows: Value, size: int) -> None:
        """Make room for row number `rows` in a buffer of the heap."""
        self.checked = True
        self.blocks[-1].statements.append(Grow(buffer, rows.number, size))

    @contextmanager
    def apart(self) -> Iterator[Block]:
        """A block that may not run: nothing moves out of it."""
        block = Block(len(self.blocks), guarded=True)
        self.blocks.append(block)
        yield block
        self.blocks.pop()

    def seldom(self, mask: Value, usual: Value, rare: Callable[[], Value]) -> Value:
        """`rare()` where a mask holds, else `usual`; what `rare` writes runs only if needed.

        Two of one mask, one usual value and one function written down once are the same.
        """
        key = ("seldom", rare.__code__, (mask.number, usual.number))
        for block in self.blocks:
            if key in block.known:
                return block.known[key]
        depth = len(self.blocks)
        made = Seldom(mask.number, Block(depth, guarded=True))
        self.blocks.append(made.body)
        value = usual.like(rare())
        self.blocks.pop()
        result = self.new(usual.kind, depth - 1)
        made.chosen.append((result.number, usual.kind, usual.number, value.number))
        self.blocks[-1].statements.append(made)
        self.blocks[-1].known[key] = result
        return result


class Round(NamedTuple):
    """One round of a loop that is being written."""

    code: Code
    loop: Loop
    counter: Value

    def carry(self, start: Value) -> Value:
        """A value that goes round: `start` in the first round; `close` says what follows."""
        return self.code.new(start.kind, self.loop.body.depth)

    def close(self, carried: Value, start: Value, following: Value) -> Value:
        """The carried value after the last round."""
        result = self.code.new(start.kind, self.loop.body.depth - 1)
        entry = Carry(carried.number, start.kind, start.number, following.number, result.number)
        self.loop.carries.append(entry)
        return result

    def merge(self, opcode: str, start: Value, value: Value) -> Value:
        """The sum (product, ...) of a value over all rounds, and of `start`."""
        result = self.code.new(start.kind, self.loop.body.depth - 1)
        entry = Merge(opcode, start.kind, start.number, value.number, result.number)
        self.loop.merges.append(entry)
        return result
