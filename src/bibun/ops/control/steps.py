"""The step of a scan, with its tangents, and back with its cotangents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ...array import Array
from ...graph import Graph
from ...walk import build, evaluate, pull, push
from ...zeros import total
from .graphs import Flags, cut
from .signals import NOTHING, Kinds, count, kinds, moving, packed, plainer, unpacked, wired


@lru_cache(maxsize=512)
def tangent_step(step: Graph, sizes: tuple[int, int], given: Kinds) -> tuple[Graph, Kinds, Kinds]:
    """The step of a scan that carries the tangents of the states and gives those of the rows.

    Its rows are the states, the rows and their tangents; also what is carried and found.
    """
    k = sizes[0]
    state, found = given[:k], (NOTHING,) * (len(step.outputs) - k)
    while True:
        before = (state, found)
        graph, reached = _tangents(step, sizes, (*state, *given[k:]), found)
        state, found = _next(reached, state)
        if (state, found) == before:
            return graph, state, found


def _tangents(
    step: Graph, sizes: tuple[int, int], given: Kinds, found: Kinds
) -> tuple[Graph, Kinds]:
    (tc, tx, ts), (state, kx, ks) = cut(step.input_types, sizes), cut(given, sizes)
    types = [*wired(tc, state), *tc, *tx, *wired(tx, kx), *ts, *wired(ts, ks)]
    pieces = (count(state), len(tc), len(tx), count(kx), len(ts))
    reached: list[int] = []

    def f(*args: Array) -> list[Array]:
        mc, c, x, mx, s, ms = cut(args, pieces)
        env = evaluate(step, [*c, *x, *s])
        moved = push(step, env, unpacked([*mc, *mx, *ms], given))
        moved = [plainer(t) for t in moved]
        reached[:] = kinds(moved)
        if not _settled(reached, tuple(state), found):
            return []
        return packed(moved, (*state, *found), [env[o] for o in step.outputs])

    return build(types, f), tuple(reached)


def _next(reached: Sequence[int], state: Kinds) -> tuple[Kinds, Kinds]:
    k = len(state)
    return tuple(map(max, state, reached[:k])), tuple(reached[k:])


def _settled(reached: Sequence[int], state: Kinds, found: Kinds) -> bool:
    return _next(reached, state) == (state, found)


@lru_cache(maxsize=512)
def cotangent_step(
    step: Graph, sizes: tuple[int, int], given: Kinds, wanted: Flags
) -> tuple[Graph, Kinds, Kinds]:
    """The step of a scan that runs back.

    It carries the cotangents of the states, adds up those of what stays the same, and gives those
    of the rows. Its rows are the states, the rows and the cotangents of the results; also what is
    carried, and what is found for rows and for the rest.
    """
    sought = moving(step, sizes[0], wanted)
    state = tuple(g if m else NOTHING for g, m in zip(given, sought[: sizes[0]], strict=False))
    found: Kinds = (NOTHING,) * (step.arity - sizes[0])
    while True:
        before = (state, found)
        graph, reached = _cotangents(step, sizes, (*state, *given[sizes[0] :]), found, sought)
        state, found = _next(reached, state)
        if (state, found) == before:
            return graph, state, found


def _cotangents(
    step: Graph, sizes: tuple[int, int], given: Kinds, found: Kinds, sought: Flags
) -> tuple[Graph, Kinds]:
    k, m = sizes
    (tc, tx, ts), ty = cut(step.input_types, sizes), list(step.output_types[k:])
    state, gy, same = given[:k], given[k:], found[m:]
    types = [*wired(tc, state), *wired(ts, same), *tc, *tx, *wired(ty, gy), *ts]
    pieces = (count(state), count(same), k, m, count(gy))
    reached: list[int] = []

    def f(*args: Array) -> list[Array]:
        gc, sums, c, x, gys, s = cut(args, pieces)
        env = evaluate(step, [*c, *x, *s])
        back = pull(step, env, [*unpacked(gc, state), *unpacked(gys, gy)], sought)
        back = [plainer(b) for b in back]
        reached[:] = kinds(back)
        if not _settled(reached, state, found):
            return []
        sums = [added(a, b) for a, b in zip(unpacked(sums, same), back[k + m :], strict=True)]
        like = (*packed(back[:k], state, c), *packed(sums, same, s))
        return [*like, *packed(back[k : k + m], found[:m], x)]

    return build(types, f), tuple(reached)


def added(a: Any, b: Any) -> Any:
    """The sum of two cotangents."""
    return a if b is None else b if a is None else total([a, b])
