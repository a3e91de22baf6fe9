"""vmap: a function of one example over a whole stack of them, without a loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..array import Array, lift
from ..errors import ShapeError
from ..graph import Graph, Type
from ..tracing.containers import flatten
from ..tracing.functional import Recorded, record
from ..walk import Env, batch, stack
from .derived import transform

Function = Callable[..., Any]
Axes = Any  # an int, None, or a container of them


def vmap(f: Function, in_axes: Axes = 0, out_axes: Axes = 0) -> Function:
    """f over an axis of its arguments: vmap(f)(xs)[i] = f(xs[i]).

    `in_axes` is the axis of every argument, or a sequence with one entry for each (an int, None
    for an argument that is the same for all, or a container of these); `out_axes` is where the new
    axis stands in the results. Inside f an array has the shape of one example and no value:
    use np.where instead of `if`. Shared operands are folded into one larger operation.

    Results keep their dtypes. Raises ShapeError if the axes do not exist or differ in length,
    AbstractValueError where f asks for the value of an array.

    >>> import numpy as np, bibun
    >>> bibun.vmap(lambda x, w: x @ w, in_axes=(0, None))(np.ones((4, 3)), np.ones(3))
    array([3., 3., 3., 3.])
    """

    @wraps(f, assigned=("__name__", "__doc__"), updated=())
    def mapped(*args: Any, **kwargs: Any) -> Any:
        given = _MappedArguments(args, in_axes)
        types = [
            Type(a.dtype, _without(a.shape, x))
            for a, x in zip(given.leaves, given.axes, strict=True)
        ]
        recorded = record(f, given.leaves, given.place, "vmap", kwargs, types=types)
        places = _spread(out_axes, recorded, len(recorded.outputs))
        step = _Batched(given.axes, places, given.n)
        results = transform(recorded, "vmap", (), step, (tuple(given.axes), tuple(places), given.n))
        return recorded.rebuild(results)

    return mapped


class _MappedArguments:
    """The arguments of a call as leaves, with the axis of each and their common length."""

    def __init__(self, args: tuple, in_axes: Axes):
        self.parts = [flatten(a) for a in args]
        self.leaves = [lift(x) for leaves, _ in self.parts for x in leaves]
        per_argument = list(in_axes) if isinstance(in_axes, tuple | list) else [in_axes] * len(args)
        if len(per_argument) != len(args):
            raise ShapeError(
                f"vmap: in_axes has {len(per_argument)} entries for {len(args)} arguments"
            )
        axes = [
            x
            for part, axis in zip(self.parts, per_argument, strict=True)
            for x in _per_leaf(axis, len(part[0]))
        ]
        self.axes = [_normal(x, a) for x, a in zip(axes, self.leaves, strict=True)]
        lengths = {a.shape[x] for a, x in zip(self.leaves, self.axes, strict=True) if x is not None}
        if len(lengths) != 1:
            given = ", ".join(
                f"{a.shape} along {x}" for a, x in zip(self.leaves, self.axes, strict=True)
            )
            raise ShapeError(f"vmap: the mapped axes must exist and have one length, not {given}")
        self.n = lengths.pop()

    def place(self, leaves: list[Array]) -> list[Any]:
        """The arguments with these leaves."""
        values = iter(leaves)
        return [rebuild([next(values) for _ in old]) for old, rebuild in self.parts]


def _per_leaf(axis: Axes, count: int) -> list[int | None]:
    if axis is None or isinstance(axis, int):
        return [axis] * count
    leaves = [x for x in _axis_leaves(axis)]
    if len(leaves) == 1:
        return leaves * count
    if len(leaves) != count:
        raise ShapeError(f"vmap: {len(leaves)} axes are given for an argument of {count} arrays")
    return leaves


def _axis_leaves(axis: Axes) -> list[int | None]:
    if isinstance(axis, dict):
        return [x for k in sorted(axis) for x in _axis_leaves(axis[k])]
    if isinstance(axis, tuple | list):
        return [x for a in axis for x in _axis_leaves(a)]
    return [axis]


def _normal(axis: int | None, a: Array) -> int | None:
    if axis is None:
        return None
    if not -a.ndim <= axis < a.ndim:
        raise ShapeError(f"vmap: an argument of shape {a.shape} has no axis {axis}")
    return axis % a.ndim


def _without(shape: tuple[int, ...], axis: int | None) -> tuple[int, ...]:
    return shape if axis is None else shape[:axis] + shape[axis + 1 :]


def _spread(out_axes: Axes, recorded: Recorded, count: int) -> list[int | None]:
    """The place of the new axis in each result."""
    places = _per_leaf(out_axes, count)
    for place, i in zip(places, recorded.outputs, strict=True):
        ndim = len(recorded.trace.types(i).shape)
        if place is not None and not -ndim - 1 <= place <= ndim:
            raise ShapeError(f"vmap: out_axes is {place}, but a result has {ndim} axes")
    return places


class _Batched:
    """The step from a graph of one example to the graph of all."""

    def __init__(self, axes: Sequence[int | None], places: Sequence[int | None], n: int):
        self.axes, self.places, self.n = axes, places, n

    def widened_inputs(self, types: Sequence[Type]) -> list[Type]:
        """The types of the arguments with their mapped axes."""
        widened = [
            t if x is None else t._replace(shape=(*t.shape[:x], self.n, *t.shape[x:]))
            for t, x in zip(types, self.axes, strict=False)
        ]
        return [*widened, *types[len(widened) :]]

    def __call__(self, graph: Graph, args: Env, further: list[Array]) -> list[Any]:
        stacked = [x is not None for x in self.axes] + [False] * (graph.arity - len(self.axes))
        first = [
            a if not x else np.moveaxis(a, x, 0) for a, x in zip(args, self.axes, strict=False)
        ]
        results = batch(graph, [*first, *args[len(first) :]], stacked, self.n)
        return [self._placed(y, wide, p) for (y, wide), p in zip(results, self.places, strict=True)]

    def _placed(self, y: Array, wide: bool, place: int | None) -> Array:
        if place is None:
            if wide:
                raise ShapeError(
                    "vmap: out_axes is None for a result that differs from example to example"
                )
            return y
        y = y if wide else stack(y, self.n)
        return y if place == 0 else np.moveaxis(y, 0, place)
