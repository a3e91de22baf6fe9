"""Strips: dear loops cut so that compilers of C++ do several rounds side by side.

A compiler makes vectors of a loop whose rounds have neither branches nor loops inside, and best of
one with a round number of rounds. So a nest is cut: sums that a round begins with become a nest of
their own, with results in memory, and what is dear, or calls the library, becomes one loop over all
rounds. What is dear runs in strips of as many rounds as fit into the widest vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from ..loops import Block, Buffer, Code, Let, Loop, Place, Seldom, Store
from ..loops.statements import DTYPES, FLOATS, Merge, blocks, made_by, statements
from .crosswise import by_rows, crosswise
from .rounds import taken
from .tune import collapse, free, places

STRIP = 64
"""Bytes of the widest vectors."""
DEAR = 24
"""Statements of a round that are worth a loop of their own, and strips."""
MOST = 1024
"""Rounds whose values wait in memory."""
LEAST = 3
"""Dear rounds that are worth strips."""
SEVERAL = 4
"""Vectors of sums of their own in a loop that only adds, so that no addition waits for another."""


def with_strips(code: Code) -> list[int]:
    """Cut the nests of some code; of each statement, where its first part is now."""
    return _block(code, code.body)


def _block(code: Code, block: Block) -> list[int]:
    found: list[Any] = []
    starts = []
    for s in block.statements:
        starts.append(len(found))
        if type(s) is Loop and not s.serial:
            for part in cut(code, s):
                for loop in by_rows(code, part):
                    collapse(loop)
                    choose(loop)
                    found.append(loop)
        else:
            for inner in blocks(s):
                _block(code, inner)
            found.append(s)
    block.statements[:] = found
    return starts


def dear(found: Sequence[Any]) -> bool:
    """Whether statements without a loop among them are worth strips."""
    kinds = {type(s) for s in found}
    count = sum(type(s) is Let and s.opcode not in ("load", "constant") for s in found)
    return kinds <= {Let, Store, Seldom} and (Seldom in kinds or count >= DEAR)


def calls(found: Sequence[Any]) -> bool:
    """Whether one of some statements calls a function: no vector stays in a register meanwhile."""
    return any(type(s) is Let and s.opcode.startswith("std::") for s in found)


# ------------------------------------------------------------ cutting


def cut(code: Code, loop: Loop) -> list[Loop]:
    """The parts of a nest that can run one after the other, if one of them is dear."""
    nest = _nest(loop)
    pieces = _pieces(nest[-1], nest[-1].body.statements)
    count = prod(n.extent for n in nest)
    simple = not any(n.carries or n.ordered for n in nest)
    if len(pieces) > 1 and simple and count <= MOST and _apart(nest, pieces):
        return _parts(code, nest, pieces)
    found: list[Any] = []
    for s in loop.body.statements:
        found += cut(code, s) if type(s) is Loop else [s]
    loop.body.statements[:] = found
    return [loop]


def _nest(loop: Loop) -> list[Loop]:
    """Loops of which each has nothing in it but values and then the next one."""
    found = [loop]
    while True:
        *before, last = found[-1].body.statements or [None]
        if type(last) is not Loop or not all(type(s) is Let for s in before):
            return found
        found.append(last)


def _pieces(loop: Loop, found: Sequence[Any]) -> list[list[Any]]:
    """The statements of a round: what is dear, or calls, or a sum across rows, apart from the rest.

    One piece if nothing is.
    """
    runs: list[list[Any]] = [[]]
    for s in found:
        if type(s) is Loop:
            runs += [[s], []]
        else:
            runs[-1].append(s)
    pieces: list[list[Any]] = []
    before = True
    for run in runs:
        own = dear(run) or calls(run) or crosswise(loop, run)
        if own or before or not pieces:
            pieces.append(run)
        else:
            pieces[-1] += run
        before = own
    return [p for p in pieces if p]


def _apart(nest: Sequence[Loop], pieces: Sequence[Sequence[Any]]) -> bool:
    """Whether no round of a piece touches memory of another round of another piece."""
    touched: dict[int, dict[int, set[tuple[bool, Place]]]] = {}
    for k, piece in enumerate(pieces):
        for s in _all(piece):
            if type(s) is Store:
                touched.setdefault(s.buffer.number, {}).setdefault(k, set()).add((True, s.place))
            elif type(s) is Let and s.opcode == "load":
                buffer, place = s.extra
                touched.setdefault(buffer.number, {}).setdefault(k, set()).add((False, place))
            elif type(s) not in (Let, Loop, Seldom):
                return False
    counters = {n.counter for n in nest if n.extent > 1}
    for by_piece in touched.values():
        uses = set.union(*by_piece.values())
        if len(by_piece) > 1 and any(written for written, _ in uses):
            own = {place for _, place in uses}
            (place,) = own if len(own) == 1 else (None,)
            if place is None or place.computed >= 0:
                return False
            if counters - {c for c, stride in place.strides if stride}:
                return False
    return True


def _all(found: Sequence[Any]) -> Iterator[Any]:
    return statements(Block(0, statements=list(found)))


def _parts(code: Code, nest: Sequence[Loop], pieces: Sequence[Sequence[Any]]) -> list[Loop]:
    """A nest for each piece; values go from one to the next through memory."""
    bodies = [list(p) for p in pieces]
    owner = {n: k for k, p in enumerate(pieces) for s in p for n, _ in made_by(s)}
    kinds = {n: kind for p in pieces for s in p for n, kind in made_by(s)}
    cheap = {s.number: s for p in pieces for s in p if type(s) is Let and _again(s)}
    place = _flat(nest)
    waiting: dict[int, Buffer] = {}
    for k, piece in enumerate(pieces):
        merged = (m.value for m in nest[-1].merges if owner.get(m.value, k) == k)
        needed = {*taken(Block(0, statements=list(piece))), *merged}
        before: list[Any] = []
        for n in sorted(n for n in needed if owner.get(n, k) < k):
            if n in cheap:
                before.append(cheap[n])
                continue
            if n not in waiting:
                count = prod(m.extent for m in nest)
                waiting[n] = code.buffer(DTYPES[kinds[n]], count, "work")
                bodies[owner[n]].append(Store(waiting[n], place, n))
            before.append(Let(n, kinds[n], "load", (), (waiting[n], place)))
        bodies[k] = before + bodies[k]
    last = len(pieces) - 1
    sums = [
        [m for m in nest[-1].merges if owner.get(m.value, last) == k] for k in range(len(bodies))
    ]
    made = [_rebuilt(nest, _busy(b, m, cheap), m) for b, m in zip(bodies, sums, strict=True)]
    return [m for m, p in zip(made, pieces, strict=True) if any(s not in cheap.values() for s in p)]


def _busy(body: Sequence[Any], merges: Sequence[Merge], cheap: dict[int, Let]) -> list[Any]:
    """The statements without values that are had again where something takes them."""
    used = {*taken(Block(0, statements=list(body))), *(m.value for m in merges)}
    return [s for s in body if type(s) is not Let or s.number not in cheap or s.number in used]


def _again(s: Let) -> bool:
    """Whether it costs nothing to have a value twice: a constant, or what an argument holds."""
    read = s.opcode == "load" and s.extra[0].role == "in" and s.extra[1].computed < 0
    return s.opcode == "constant" or read


def _flat(nest: Sequence[Loop]) -> Place:
    """The place of a round in memory for all rounds."""
    strides, step = {}, 1
    for n in reversed(nest):
        strides[n.counter] = step
        step *= n.extent
    return Place(0, tuple(sorted(strides.items())))


def _rebuilt(nest: Sequence[Loop], body: list[Any], merges: list[Merge]) -> Loop:
    """The same loops around some statements, with these sums."""
    inner: Loop | None = None
    for n in reversed(nest):
        own = body if inner is None else [*_used(n.body.statements[:-1], inner), inner]
        if inner is not None:
            values = {m.result for m in inner.merges}
            merges = [m for m in n.merges if m.value in values]
        inner = replace(n, body=replace(n.body, statements=own), merges=merges)
    assert inner is not None
    return inner


def _used(values: Sequence[Let], loop: Loop) -> list[Let]:
    """The values before an inner loop that something in it is made of."""
    wanted = set(taken(Block(0, statements=[loop])))
    found: list[Let] = []
    for s in reversed(values):
        if s.number in wanted:
            wanted.update(taken(Block(0, statements=[s])))
            found.append(s)
    return found[::-1]


# ------------------------------------------------------------ strips


def choose(loop: Loop) -> None:
    """Let dear inner loops run in strips, if their rounds may run side by side."""
    inner = [s for s in loop.body.statements if type(s) is Loop]
    for s in inner:
        choose(s)
    many = loop.extent >= LEAST and free(loop) and _pure(loop)
    if not inner and many and dear(loop.body.statements):
        loop.strips = lanes_of(loop)
    elif not inner and many and _long_sum(loop):
        loop.strips = SEVERAL * lanes_of(loop)


def _long_sum(loop: Loop) -> bool:
    """Whether it adds up neighbours, each of which would wait for the sum of those before."""
    simple = all(type(s) in (Let, Store) for s in loop.body.statements)
    floats = any(m.kind in FLOATS for m in loop.merges)
    steps = [dict(p.strides).get(loop.counter, 0) for p in places(loop.body)]
    long = loop.extent >= SEVERAL * lanes_of(loop)
    return simple and floats and long and all(k in (0, 1) for k in steps)


def lanes_of(loop: Loop) -> int:
    """How many rounds a strip has."""
    kinds = [s.kind for s in loop.body.statements if type(s) is Let and s.kind in FLOATS]
    widest = max([DTYPES[k].itemsize for k in kinds], default=8)
    return STRIP // widest


def _pure(loop: Loop) -> bool:
    """Whether a round can be done again: it reads nothing that the loop writes."""
    read = {
        s.extra[0].number for s in statements(loop.body) if type(s) is Let and s.opcode == "load"
    }
    stores = [s for s in statements(loop.body) if type(s) is Store]
    return not any(s.buffer.number in read or s.place.computed >= 0 for s in stores)
