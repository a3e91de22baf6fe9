"""Calls of functions for several examples side by side: one lane after the other.

A function takes arrays as they lie for one example. Those of a lane are put together before it is
called, and its results go back to where those of all lanes lie.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..loops import Apply, Block, Buffer, Code, Let, Loop, Place, Store
from ..loops.statements import DTYPES


def written(s: Apply) -> list[Buffer]:
    """What a function writes, its own memory left out."""
    return [buffer for buffer, _ in s.places[s.reads : len(s.sizes)]]


def differs(s: Apply, varying: Collection[int]) -> bool:
    """Whether it reads anything that differs from lane to lane."""
    return any(buffer.number in varying for buffer, _ in s.places[: s.reads])


def by_lanes(code: Code, s: Apply, varying: Collection[int], lanes: int) -> Loop:
    """The calls for all lanes."""
    lane = code.new("i64", 0).number
    before: list[Any] = []
    after: list[Any] = []
    places = list(s.places)
    for k, n in enumerate(s.sizes):
        buffer, place = s.places[k]
        if buffer.number not in varying:
            continue
        own = code.buffer(DTYPES[buffer.kind], n, "work")
        places[k] = own, Place(0, ())
        here = (own, Place(0, ()), 1)
        there = (code.buffers[buffer.number], _of_lane(place, lane, lanes), lanes)
        if k < s.reads:
            before.append(_copy(code, there, here, n))
        else:
            after.append(_copy(code, here, there, n))
    body = [*before, s._replace(places=tuple(places)), *after]
    return Loop(lane, lanes, Block(1, statements=body), serial=True)


def _of_lane(place: Place, lane: int, lanes: int) -> Place:
    strides = tuple([(c, stride * lanes) for c, stride in place.strides])
    return Place(place.offset * lanes, (*strides, (lane, 1)))


def _copy(code: Code, source: tuple, target: tuple, n: int) -> Loop:
    """A loop over n numbers: each side has a buffer, a place in it, and a step."""
    counter, value = (code.new("i64", 0).number for _ in range(2))

    def at(place: Place, step: int) -> Place:
        return place._replace(strides=(*place.strides, (counter, step)))

    (read, start, by), (write, begin, to) = source, target
    load = Let(value, read.kind, "load", (), (read, at(start, by)))
    return Loop(counter, n, Block(1, statements=[load, Store(write, at(begin, to), value)]))
