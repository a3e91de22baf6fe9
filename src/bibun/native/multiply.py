"""Products of matrices as calls: what is read where it lies, and what is copied first."""

from __future__ import annotations

from math import prod
from typing import Any

from ..loops import Buffer, Place
from . import tiles
from .machine import registers
from .nests import counters
from .places import Affine, flat
from .products import Matrix
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

        numbers = of.m, of.n, of.k, int(of_a.turned), int(of_b.turned)
        distances = of_a.distance, of_b.distance, max(of.n, 1)
        kind = target[0].buffer.kind
        places = [begins(*a), begins(*b), begins(*target)]
        tiling = tiles.tiling(kind, of.n, registers())
        names = *tiling.names(kind, of.m, of.n), tiles.turn(kind) if of_b.turned else ""
        given = *numbers, *distances, *tiling
        lowering.code.invoke(f"bibun_product_{kind}", given, places, names)


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
