"""Derivatives that are matrices: jacobian, hessian; and the Hessian times a vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from math import prod
from typing import Any

import numpy as np

from ..array import Array, lift
from ..errors import DtypeError
from ..graph import Graph, Type
from ..tracing.functional import Recorded, record
from ..walk import Env, batch, build, evaluate, pull, push
from ..zeros import zeros
from .conventions import crossed, way
from .derived import transform
from .gradient import Arguments, grad, jvp

Function = Callable[..., Any]


def jacobian(
    f: Function,
    argnums: int | Sequence[int] = 0,
    mode: str = "auto",
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """The Jacobian of f: J[..., i, ..., j, ...] = dy[..., i] / dx[..., j].

    Its shape is that of the result followed by that of the argument; for containers it is the
    container of the results, each holding the container of the arguments. All rows (mode
    "reverse") or columns ("forward") come from one batched sweep; "auto" takes the fewer.

    Of complex results by real arguments it is dRe y/dx + i dIm y/dx, and of real results by complex
    arguments each row is a gradient, as by `grad`. Of complex results by complex arguments it is
    the complex derivative of a holomorphic function, and has to be asked for by `holomorphic`.

    The dtype of a block is that of the argument ("reverse") or of the result ("forward").

    Raises DtypeError for arguments or results of integers, and for complex ones that have no such
    matrix; ValueError for another mode. Method: Griewank and Walther, Evaluating Derivatives,
    chapter 3.

    >>> import numpy as np, bibun
    >>> bibun.jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """
    if mode not in ("auto", "forward", "reverse"):
        raise ValueError(f"jacobian: mode is 'auto', 'forward' or 'reverse', not {mode!r}")

    @wraps(f, assigned=("__name__", "__doc__"), updated=())
    def derivative(*args: Any, **kwargs: Any) -> Any:
        given = Arguments(args, argnums, "jacobian")
        recorded = record(f, given.leaves, given.place, "jacobian", kwargs, has_aux)
        blocks, aux = matrices(recorded, mode, holomorphic)
        rows = [given.gradient(row) for row in blocks]
        result = recorded.rebuild(rows) if rows else ()
        return (result, recorded.rebuild_aux(aux)) if has_aux else result

    return derivative


def matrices(
    recorded: Recorded, mode: str, holomorphic: bool = False
) -> tuple[list[list[Any]], list[Any]]:
    """The blocks dy/dx for every result y and input x, and the auxiliary results."""
    trace, count = recorded.trace, recorded.results
    outputs = [trace.types(i) for i in recorded.outputs[:count]]
    inputs = [trace.types(i) for i in recorded.inputs]
    for t in outputs:
        if not t.differentiable:
            raise DtypeError(f"jacobian: a result of dtype {t.dtype} has no derivative")
    mode = way(outputs, inputs, mode, holomorphic, "jacobian")
    m, n = (sum(prod(t.shape) for t in types) for types in (outputs, inputs))
    forward = mode == "forward" or (mode == "auto" and n < m)
    seeds = [lift(x) for x in _units(inputs if forward else outputs)]
    step = _Sweep(outputs, inputs, forward, holomorphic)
    # The values come first, as of all derivatives: wider numbers look at where these stand.
    results = transform(recorded, "jacobian", seeds, step, (count, forward, holomorphic))[count:]
    grid = len(outputs) * len(inputs)
    blocks = [results[k * len(inputs) : (k + 1) * len(inputs)] for k in range(len(outputs))]
    return blocks, results[grid:]


def batch_matrix(recorded: Recorded) -> Any:
    """The Jacobian of each example of a batch, of shape (b, m..., n...).

    None of the examples influences another.
    """
    trace = recorded.trace
    y, x = trace.types(recorded.outputs[0]), trace.types(recorded.inputs[0])
    way([y], [x], "reverse", False, "batch_jacobian")
    one = Type(y.dtype, y.shape[1:])
    units = _units([one])[0]
    seeds = np.broadcast_to(units[:, None], (len(units), *y.shape))
    _, found = transform(recorded, "batch_jacobian", [lift(seeds)], _Examples(y, x))
    return found


class _Examples:
    """The step to the Jacobians of all examples: one pull per entry of one example's result."""

    def __init__(self, y: Type, x: Type):
        self.y, self.x = y, x

    def __call__(self, graph: Graph, env: Env, further: list[Array]) -> list[Any]:
        sweep = _Sweep([self.y], [self.x], False)
        one = build([*graph.input_types, self.y], sweep.one(graph))
        n = further[0].shape[0]
        ((rows, wide),) = batch(
            one, [*env[: graph.arity], *further], [*(False,) * graph.arity, True], n
        )
        rows = np.moveaxis(sweep.widened(rows, wide, n), 0, 1)
        value = env[graph.outputs[0]]
        return [value, np.reshape(rows, (*self.y.shape, *self.x.shape[1:]))]


def _units(types: Sequence[Type]) -> list[np.ndarray]:
    """The unit vectors of the space of all these arrays together, stacked along a first axis."""
    sizes = [prod(t.shape) for t in types]
    all_of_them, start, found = sum(sizes), 0, []
    for t, size in zip(types, sizes, strict=True):
        block = np.zeros((all_of_them, size), t.dtype)
        block[start : start + size] = np.eye(size, dtype=t.dtype)
        found.append(block.reshape(all_of_them, *t.shape))
        start += size
    return found


class _Sweep:
    """The step from a graph to all blocks of its Jacobian, by one batched push or pull."""

    def __init__(
        self,
        outputs: Sequence[Type],
        inputs: Sequence[Type],
        forward: bool,
        holomorphic: bool = False,
    ):
        self.outputs, self.inputs, self.forward = outputs, inputs, forward
        self.crossed = (lambda g: g) if holomorphic else crossed

    def __call__(self, graph: Graph, env: Env, further: list[Array]) -> list[Any]:
        count = len(self.outputs)
        seeds = self.inputs if self.forward else self.outputs
        one = build([*graph.input_types, *seeds], self.one(graph))
        stacked = [*(False,) * graph.arity, *(True,) * len(further)]
        n = further[0].shape[0]
        wide = [
            self.widened(y, w, n)
            for y, w in batch(one, [*env[: graph.arity], *further], stacked, n)
        ]
        values = [env[o] for o in graph.outputs]
        return [*values[:count], *self._blocks(wide), *values[count:]]

    def one(self, graph: Graph) -> Callable:
        """One push or pull of the graph."""

        def swept(*args: Array) -> list[Array]:
            xs, seeds = args[: graph.arity], args[graph.arity :]
            env, trace = evaluate(graph, xs), args[0].scope
            assert trace is not None
            if self.forward:
                found = push(graph, env, [*seeds, *(None,) * (graph.arity - len(seeds))])[
                    : len(self.outputs)
                ]
                return [
                    zeros(trace, t) if y is None else y
                    for y, t in zip(found, self.outputs, strict=True)
                ]
            more = (None,) * (len(graph.outputs) - len(seeds))
            sought = [k < len(self.inputs) for k in range(graph.arity)]
            found = pull(graph, env, [*seeds, *more], sought)[: len(self.inputs)]
            return [
                zeros(trace, t) if x is None else self.crossed(x)
                for x, t in zip(found, self.inputs, strict=True)
            ]

        return swept

    @staticmethod
    def widened(y: Array, wide: bool, n: int) -> Array:
        return y if wide else np.broadcast_to(y, (n, *y.shape))

    def _blocks(self, wide: list[Array]) -> list[Array]:
        """The rows (or columns) cut into a block for each result and input, result by result."""
        cut = self.inputs if self.forward else self.outputs
        edges = np.cumsum([0, *(prod(t.shape) for t in cut)])
        blocks = {}
        for a, t in enumerate(cut):
            for b, y in enumerate(wide):
                part = y if len(cut) == 1 else y[int(edges[a]) : int(edges[a + 1])]
                if self.forward:
                    part = np.moveaxis(part, 0, -1)
                    blocks[b, a] = np.reshape(part, (*part.shape[:-1], *t.shape))
                else:
                    blocks[a, b] = np.reshape(part, (*t.shape, *part.shape[1:]))
        return [blocks[a, b] for a in range(len(self.outputs)) for b in range(len(self.inputs))]


def hessian(f: Function, argnums: int | Sequence[int] = 0, holomorphic: bool = False) -> Function:
    """The matrix of second derivatives of a function that returns one real number.

    Its shape is the shape of the argument twice, its dtype that of the argument; for containers, a
    container of containers. Forward over reverse (Griewank and Walther, Evaluating Derivatives,
    section 5.1). Errors are those of `grad` and `jacobian`.

    >>> import numpy as np, bibun
    >>> bibun.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return wraps(f, assigned=("__name__", "__doc__"), updated=())(
        jacobian(grad(f, argnums, False, holomorphic), argnums, holomorphic=holomorphic)
    )


def hvp(f: Function) -> Function:
    """The Hessian of f times a vector, without the Hessian: hvp(f)(x, v) = H(x) v.

    Forward over reverse (Pearlmutter 1994, Fast exact multiplication by the Hessian): about the
    cost of two gradients. v and the result have the shape, dtype and container of x. Errors are
    those of `grad` and `jvp`.

    >>> import numpy as np, bibun
    >>> bibun.hvp(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 2.])
    """

    @wraps(f, assigned=("__name__",), updated=())
    def product(x: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        """The Hessian at x times v; further arguments go to the function."""
        return jvp(lambda x: grad(f)(x, *args, **kwargs), (x,), (v,))[1]

    return product
