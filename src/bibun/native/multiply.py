"""Products of matrices as calls: what is read where it lies, and what is copied first."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ..loops import Buffer, Code, Place
from ..loops.statements import DTYPES
from . import products, tiles
from .machine import registers
from .nests import counters
from .places import Affine, flat
from .products import Extents, Matrix
from .repeats import Spot


def multiply(lowering: Any, node: int) -> None:
    """The code of all products of a node: in threads, or one after the other."""
    of = lowering.nodes.product(node)
    lowering.memo, lowering.since = [{}], None
    (a, of_a), (b, of_b) = (operand(lowering, node, which) for which in range(2))
    lead = counters(of.lead)
    target = lowering.spot(node, True), flat((*lead, Affine()), (*of.lead, of.m * of.n))
    outermost = len(lowering.code.blocks) == 1
    with lowering.loops(of.lead, 0, len(of.lead), serial=True) as rounds:
        if rounds and outermost:
            rounds[0].loop.parallel = of.shared

        def begins(spot: Spot, place: Affine) -> tuple[Buffer, Place]:
            kept = tuple([e for e in place.strides if e[0] < len(lead)])
            return spot.buffer, spot.at(lowering.place(place._replace(strides=kept)))

        places = [begins(*a), begins(*b), begins(*target)]
        if of.deep and outermost:
            deep(lowering.code, of, (of_a, of_b), places)
        else:
            called(lowering.code, of, (of_a, of_b), places)


Places = Sequence[tuple[Buffer, Place]]


def called(code: Code, of: Extents, read: Sequence[Matrix], places: Places) -> None:
    """One product: of two matrices that are read so, to the last of the places."""
    (turned_a, from_a), (turned_b, from_b) = read
    kind = places[-1][0].kind
    tiling = tiles.tiling(kind, of.n, registers())
    names = *tiling.names(kind, of.m, of.n), tiles.turn(kind) if turned_b else ""
    numbers = of.m, of.n, of.k, int(turned_a), int(turned_b), from_a, from_b, max(of.n, 1)
    code.invoke(f"bibun_product_{kind}", (*numbers, *tiling), places, names)


def at_k(matrix: Matrix, columns: bool) -> int:
    """How far the next of the terms of a sum is, which go along the columns or the rows."""
    return 1 if matrix.turned != columns else matrix.distance


def deep(code: Code, of: Extents, read: Sequence[Matrix], places: Places) -> None:
    """A product whose sums are long: in parts, which threads share and which are added in order."""
    (a, at_a), (b, at_b), (target, at) = places
    size, whole = of.k // products.PARTS, of.m * of.n
    steps = (at_k(read[0], True), at_k(read[1], False))
    rest = of.k - size * products.PARTS
    sums = code.buffer(DTYPES[target.kind], whole * (products.PARTS + (rest > 0)), "work")
    with code.loop(products.PARTS, serial=True) as round:
        round.loop.parallel = True

        def part(place: Place, step: int) -> Place:
            return place._replace(strides=(*place.strides, (round.counter.number, step)))

        here = [(a, part(at_a, size * steps[0])), (b, part(at_b, size * steps[1]))]
        called(code, of._replace(k=size), read, [*here, (sums, part(Place(0, ()), whole))])
    if rest:
        done = size * products.PARTS
        here = [
            (x, place._replace(offset=place.offset + done * step))
            for (x, place), step in zip(places[:2], steps, strict=True)
        ]
        last = sums, Place(whole * products.PARTS, ())
        called(code, of._replace(k=rest), read, [*here, last])
    with code.loop(whole) as element:
        i = element.counter.number
        with code.loop(sums.size // whole) as round:
            x = code.load(sums, Place(0, ((i, 1), (round.counter.number, whole))))
            total = round.merge("add", code.constant(0, target.kind), x)
        code.store(target, at._replace(strides=(*at.strides, (i, 1))), total)


def operand(lowering: Any, node: int, which: int) -> tuple[tuple[Spot, Affine], Matrix]:
    """Where an argument lies, and how its matrices are read; what cannot be is copied."""
    nodes = lowering.nodes
    a = nodes.graph.nodes[node].args[which]
    shape = nodes.shape(a)
    source, place = lowering.memory.read(a, counters(shape))
    spot, matrix = lowering.spot(source), nodes.matrix(node, which, place)
    if matrix is None:
        spot = Spot(lowering.code.buffer(nodes.dtype(a), prod(shape), "work"))
        with lowering.loops(shape, 0, len(shape)):
            value = lowering.value((a, counters(shape)), -1)
            there = lowering.place(flat(counters(shape), shape))
            lowering.code.store(spot.buffer, there, value)
        place = flat(counters(shape), shape)
        matrix = nodes.matrix(node, which, place)
    return (spot, place), matrix
