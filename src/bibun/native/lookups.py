"""Lookups: numbers of small tables, by permutations of registers that hold a whole table (AVX-512).

Eight of them are there nearly as soon as a product; to gather them from memory takes several times
as long.
"""

from __future__ import annotations

from collections.abc import Sequence

from .lines import Lines, Term, vector

LANES, ENTRIES = 8, 16
PERMUTE = "llvm.x86.avx512.vpermi2var.pd.512"
EIGHT, PLACES = "<8 x double>", "<8 x i64>"


def looked_up(p: Lines, table: str, index: Term) -> Term:
    """The entries of a table of sixteen float64 at the lowest four bits of an i64."""
    halves = []
    for k in (0, 1):
        at = p.put(f"getelementptr {EIGHT}, ptr {table}, i64 {k}")
        halves.append((EIGHT, p.put(f"load {EIGHT}, ptr {at}, align 64")))
    found = []
    for first in range(0, index.lanes, LANES):
        chosen = [first + k if first + k < index.lanes else None for k in range(LANES)]
        part = shuffled(p, "i64", index.lanes, [index.text], chosen)
        given = [halves[0], (PLACES, part), halves[1]]
        found.append(p.call(PERMUTE, EIGHT, given))
    lanes = LANES
    while lanes < index.lanes:
        pairs = zip(found[::2], found[1::2], strict=True)
        found = [shuffled(p, "double", lanes, pair, range(2 * lanes)) for pair in pairs]
        lanes *= 2
    return Term(shuffled(p, "double", lanes, found, range(index.lanes)), "f64", index.lanes)


def shuffled(
    p: Lines, kind: str, lanes: int, parts: Sequence[str], chosen: Sequence[int | None]
) -> str:
    """Lanes of one or two vectors in another order; what None stands for may be anything."""
    if list(chosen) == list(range(lanes)):
        return parts[0]
    of, (a, b) = vector(kind, lanes), (*parts, "poison")[:2]
    order = ", ".join("i32 poison" if k is None else f"i32 {k}" for k in chosen)
    return p.put(f"shufflevector {of} {a}, {of} {b}, <{len(chosen)} x i32> <{order}>")
