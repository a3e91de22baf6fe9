"""Arrays that are put together from pieces of pieces are written once, in their place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bibun
from bibun.graph import Type
from bibun.native.cover import apart, covers
from bibun.native.nested import nested
from bibun.native.pieces import Whole
from bibun.native.prepared import expanded
from bibun.ops.gather import Slice

from .test_native import graph_of, same


def joined(a: Any, b: Any) -> Any:
    return np.concatenate([np.stack([a, b], 1), 2 * a[:, None]], 1)


# fmt: off
PROGRAMS: dict[str, tuple[Any, int]] = {  # and how many arrays are put together in the end
    "joins": (lambda a, b: np.concatenate([joined(a, b), a[None, :3] - 1]), 1),
    "thrice": (lambda a, b: np.stack([np.concatenate([a, np.concatenate([b, a])])] * 1), 1),
    "flattened": (lambda a, b: np.concatenate([np.reshape(joined(a, b), -1), b]), 1),
    "long": (lambda a, b: np.stack([np.reshape(joined(a, b), (1, -1)), np.ones((1, 21))]), 1),
    "other shape": (lambda a, b: np.stack([np.reshape(joined(a, b), (3, 7)), np.ones((3, 7))]), 2),
    "transposed": (lambda a, b: np.concatenate([joined(a, b).T, np.ones((3, 1))], 1), 2),
    "used twice": (lambda a, b: (lambda y: (np.concatenate([y, y]), y))(joined(a, b)), 2),
    "the same twice": (lambda a, b: np.concatenate([joined(a, b), joined(a, b)]), 2),
    "steps": (lambda a, b: np.roll(np.concatenate([a, b]), 3), 2),
    "added to": (lambda a, b: bibun.grad(lambda x: np.sum(x[2:] * b[2:] + x[:-2] * b[:-2]))(a), 1),
}
# fmt: on


@pytest.mark.parametrize("name", PROGRAMS)
def test_nested(name: str) -> None:
    f, wholes = PROGRAMS[name]
    args = [np.linspace(0, 1, 7), np.linspace(2, 5, 7)]
    graph, captured = graph_of(f, *args)
    assert not same(graph, [*args, *captured]).interpreted
    found = nested(expanded(graph)[0])[0]
    assert sum(isinstance(n.op, Whole) for _, n in found) == wholes
    graph, captured = graph_of(bibun.jacobian(f), *args)
    assert not same(graph, [*args, *captured]).interpreted


def test_jacobians_of_rows() -> None:
    """Blocks of derivatives, side by side and flat: nothing is stored before it is in its place."""

    def f(x: Any, y: Any) -> Any:
        return np.stack([x[0] * y, x[1] * np.sin(y) * x[2]])

    def program(x: Any, y: Any) -> Any:
        a, b = bibun.vmap(bibun.jacobian(f, (0, 1)))(x, y)
        return np.concatenate([np.reshape(np.concatenate([a, b[..., None]], -1), -1), y])

    x, y = np.linspace(-1, 1, 300).reshape(100, 3), np.linspace(0, 1, 100)
    graph, captured = graph_of(program, x, y)
    native = same(graph, [x, y, *captured])
    (found,) = [n for _, n in native.graph if isinstance(n.op, Whole)]
    assert found.type.shape == (900,)


def test_cover() -> None:
    shape, of = (4, 5), Type(np.dtype(float), (4, 5))
    columns = [Slice((k,)) for k in range(5)]
    assert apart(columns, shape) and covers(columns, of) and not covers(columns[1:], of)
    assert apart([Slice(((0, 4, 2), None)), Slice(((1, 4, 2), None))], shape)
    assert not apart([Slice(((0, 4, 2), None)), Slice(((1, 4, 1), None))], shape)
    assert not apart([Slice(((3, -1, -1), None)), Slice((0, None))], shape)
    assert apart([Slice(((3, 0, -1), None)), Slice((0, None))], shape)
