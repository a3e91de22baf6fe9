"""Functions that a language has for whole operations: of matrices, of sorting, and their kin.

They take the place of NumPy's calls: exported C++ has their texts, native code calls the extension.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from ..graph import Type
from ..loops import Apply, Buffer, Place
from .repeats import Spot, size


class Routine(NamedTuple):
    """A function that a language has for a whole operation, on each of so many `parts` of arrays.

    Of the arguments it reads the first so many, and works in memory of these types beside.
    """

    symbol: str
    numbers: tuple[int | float, ...]
    parts: int = 1
    reads: int = 1
    memory: tuple[Type, ...] = ()
    fails: str = ""  # for what arguments it has no result, if there are such
    functions: tuple[str, ...] = ()  # of libraries, by their names, that it is given as well


def apply(lowering: Any, node: int) -> None:
    """The code of a node that a routine does: a call for each part of its arrays."""
    nodes, code = lowering.nodes, lowering.code
    n = nodes.graph.nodes[node]
    of = nodes.routine(node)
    read = [(lowering.spot(a), size(nodes.graph.nodes[a].type)) for a in n.args[: of.reads]]
    written = [(spot, size(t)) for spot, t in results(lowering, node)]
    memory = [Spot(code.buffer(t.dtype, prod(t.shape), "work")) for t in of.memory]

    def called(counter: int = -1) -> None:
        places = [part(spot, n // of.parts, counter) for spot, n in (*read, *written)]
        places += [(spot.buffer, spot.place) for spot in memory]
        sizes = tuple([n // of.parts for _, n in (*read, *written)])
        of_call = of.symbol, of.numbers, tuple(places), of.fails, of.functions
        code.apply(Apply(*of_call, len(read), sizes))

    if of.parts == 1:
        called()
    else:
        with code.loop(of.parts, serial=True) as round:
            called(round.counter.number)


def results(lowering: Any, node: int) -> list[tuple[Spot, Type]]:
    """Where the results of a node come, each with its type; those that nobody reads, too."""
    nodes = lowering.nodes
    t = nodes.graph.nodes[node].type
    if isinstance(t, Type):
        return [(lowering.spot(node, True), t)]
    items = {nodes.graph.nodes[i].op.index: i for i in nodes.items[node]}
    return [
        (lowering.spot(items[k], True) if k in items else spare(lowering, of), of)
        for k, of in enumerate(t)
    ]


def spare(lowering: Any, t: Type) -> Spot:
    """Memory that nobody else has."""
    return Spot(lowering.code.buffer(t.dtype, size(t), "work"))


def part(spot: Spot, step: int, counter: int) -> tuple[Buffer, Place]:
    """The part of an array that a round has to do with."""
    return spot.buffer, spot.at(Place(0, ((counter, step),) if counter >= 0 else ()))
