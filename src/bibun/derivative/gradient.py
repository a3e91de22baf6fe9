"""First derivatives of functions: grad, value_and_grad, vjp, jvp, linearize."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..array import Array, lift
from ..errors import DtypeError, ShapeError
from ..graph import Graph, Type, type_of
from ..recording import Trace
from ..tracing.containers import Rebuild, flatten
from ..tracing.functional import output, record, source
from ..walk import Env, pull, push
from ..zeros import full, zeros
from .conventions import check_arguments, check_scalar, crossed
from .derived import transform

Function = Callable[..., Any]


class Arguments:
    """The arguments of a call: the differentiated ones as a list of leaves, the rest as it is."""

    def __init__(self, args: tuple, argnums: int | Sequence[int], name: str):
        self.args, self.single = args, isinstance(argnums, int)
        chosen: Any = argnums
        if self.single and 0 <= chosen < len(args):
            self.numbers = [chosen]
        else:
            self.numbers = _positions(chosen, len(args), name)
        self.parts: list[tuple[int, Rebuild]] = []  # how many leaves, and what puts them back
        self.leaves: list[Array] = []
        for k in self.numbers:
            if args[k] is None:
                raise DtypeError(
                    f"{name}: argument {k} is None; a derivative needs floating-point numbers"
                )
            leaves, rebuild = flatten(args[k])
            self.parts.append((len(leaves), rebuild))
            for x in leaves:
                self.leaves.append(source(x, name))

    def pieces(self, leaves: list[Any]) -> list[Any]:
        """These leaves, in the containers of the differentiated arguments."""
        found, begin = [], 0
        for count, rebuild in self.parts:
            found.append(rebuild(leaves[begin : begin + count]))
            begin += count
        return found

    def place(self, leaves: list[Array]) -> list[Any]:
        """All arguments, with these leaves in the differentiated ones."""
        args = list(self.args)
        begin = 0
        for k, (count, rebuild) in zip(self.numbers, self.parts, strict=True):
            args[k] = rebuild(leaves[begin : begin + count])
            begin += count
        return args

    def gradient(self, leaves: list[Any]) -> Any:
        """Leaves as the caller expects them: one container, or a tuple if argnums is one."""
        pieces = self.pieces(leaves)
        return pieces[0] if self.single else tuple(pieces)


def _positions(argnums: Any, count: int, name: str) -> list[int]:
    """The positions of the differentiated ones among `count` arguments, or an error."""
    numbers = tuple(argnums) if np.iterable(argnums) else (argnums,)
    if not all(isinstance(k, int | np.integer) for k in numbers):
        raise TypeError(
            f"{name}: argnums is {argnums!r}; it is the position of an argument, an int, or a "
            "sequence of positions: argnums=1 is the second argument"
        )
    if any(not -count <= k < count for k in numbers):
        raise TypeError(
            f"{name}: argnums is {argnums}, but the function was called with {count} "
            "positional arguments"
        )
    return [k % count for k in numbers]


class Reverse:
    """The step from a graph to its results and the cotangents of its first inputs.

    The cotangents of the first `count` results are further inputs, or 1 with `seed`. After the
    step, `missing` says which inputs no path reaches.
    """

    def __init__(self, count: int, wanted: int, seed: bool, holomorphic: bool = False):
        self.count, self.wanted, self.seed = count, wanted, seed
        self.crossed = (lambda g: g) if holomorphic else crossed
        self.missing: list[bool] = []

    def __call__(self, graph: Graph, env: Env, further: list[Array]) -> list[Any]:
        values = [env[o] for o in graph.outputs]
        trace = scope_of(env, further)
        g: list[Any] = [self.crossed(x) for x in further]
        if self.seed:
            g = [full(trace, Type(v.dtype, v.shape), 1) for v in values[: self.count]]
        sought = [k < self.wanted for k in range(graph.arity)]
        found = pull(graph, env, [*g, *(None,) * (len(values) - self.count)], sought)[: self.wanted]
        self.missing = [x is None for x in found]
        return [
            *values,
            *(
                zeros(trace, t) if x is None else self.crossed(x)
                for x, t in zip(found, graph.input_types, strict=False)
            ),
        ]


def scope_of(env: Env, further: Sequence[Array]) -> Trace:
    """The trace in which a step builds its graph."""
    return next(a.scope for a in (*further, *env) if type(a) is Array and a.scope is not None)


def grad(
    f: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """The gradient of a function that returns one real number.

    The gradient has the shape, the dtype and the container of the argument. Python numbers count as
    float64. With several `argnums` it is a tuple. With `has_aux` the function returns
    (number, anything), and the result is (gradient, anything).

    By a complex argument x the gradient of a loss L is dL/dRe x + i dL/dIm x, along which L grows.
    With `holomorphic` the function returns one complex number, and the result is its complex
    derivative; that it is holomorphic is the caller's word.

    Raises NotDifferentiableError if the function does not return one number, DtypeError for an
    argument of integers. Method: reverse accumulation (Griewank and Walther, Evaluating
    Derivatives, section 3.2).

    >>> import numpy as np, bibun
    >>> bibun.grad(lambda x: np.sum(np.sin(x) ** 2))(np.array([0.0, np.pi / 4]))
    array([0., 1.])
    """
    both = _value_and_grad(f, argnums, has_aux, "grad", holomorphic)

    @wraps(f, assigned=("__name__", "__doc__"), updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, g = both(*args, **kwargs)
        return (g, value[1]) if has_aux else g

    return gradient


def value_and_grad(
    f: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """The value of a function that returns one real number, and its gradient, as for `grad`.

    With `has_aux` the result is ((value, aux), gradient). Shapes, dtypes, errors and the method are
    those of `grad`.

    >>> import numpy as np, bibun
    >>> bibun.value_and_grad(lambda x: x**3)(2.0)
    (np.float64(8.0), np.float64(12.0))
    """
    return wraps(f, assigned=("__name__", "__doc__"), updated=())(
        _value_and_grad(f, argnums, has_aux, "value_and_grad", holomorphic)
    )


def _value_and_grad(
    f: Function, argnums: int | Sequence[int], has_aux: bool, name: str, holomorphic: bool
) -> Function:
    if not callable(f):
        raise TypeError(f"{name}: a function is needed, not {type(f).__name__}")

    def both(*args: Any, **kwargs: Any) -> Any:
        given = Arguments(args, argnums, name)
        recorded = record(f, given.leaves, given.place, name, kwargs, has_aux)
        if holomorphic:
            check_arguments([type_of(a) for a in given.leaves], name, holomorphic)
        check_scalar(recorded, name, holomorphic)
        step = Reverse(1, len(given.leaves), True, holomorphic)
        value, *rest = transform(recorded, "grad", (), step, holomorphic)
        count = len(recorded.outputs) - 1
        result = recorded.rebuild([value])
        gradient = given.gradient(rest[count:])
        return (
            ((result, recorded.rebuild_aux(rest[:count])), gradient)
            if has_aux
            else (result, gradient)
        )

    return both


def vjp(f: Function, *args: Any, has_aux: bool = False, **kwargs: Any) -> Any:
    """The value of f(*args), and the function that pulls a cotangent of it back to all arguments.

    The pullback takes a cotangent with the shape and container of the value and returns a tuple
    with one cotangent for each argument; it may be called again and again. Complex cotangents are
    gradients as `grad` gives them: of a holomorphic f with the Jacobian J, J^H times the cotangent.

    Raises DtypeError for arguments of integers, NotDifferentiableError if f returns no arrays; the
    pullback ShapeError or DtypeError for a cotangent that does not fit. Method: as for `grad`.

    >>> import numpy as np, bibun
    >>> y, pullback = bibun.vjp(lambda x: x**2, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    given = Arguments(args, tuple(range(len(args))), "vjp")
    recorded = record(f, given.leaves, given.place, "vjp", kwargs, has_aux)
    values = transform(recorded, "value", (), _forward)
    count = recorded.results
    types = [Type(v.dtype, v.shape) for v in values[:count]]

    def pullback(cotangent: Any) -> tuple:
        g = aligned(cotangent, types, "vjp: the cotangent")
        results = transform(recorded, "vjp", g, Reverse(count, len(given.leaves), False))
        return tuple(given.pieces(results[len(recorded.outputs) :]))

    value = recorded.rebuild(values[:count])
    return (value, pullback, recorded.rebuild_aux(values[count:])) if has_aux else (value, pullback)


def _forward(graph: Graph, env: Env, further: list[Array]) -> list[Array]:
    return [env[o] for o in graph.outputs]


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The value of f(*primals) and its derivative along `tangents` (one for each argument).

    Tangents have the shapes and containers of the arguments and are cast to their dtypes; the
    derivative has the shape, dtype and container of the value.

    Raises DtypeError for arguments of integers and complex tangents of real arguments, ShapeError
    for tangents that do not fit, NotDifferentiableError if f returns no arrays. Method: forward
    accumulation (Griewank and Walther, Evaluating Derivatives, section 3.1).

    >>> import numpy as np, bibun
    >>> bibun.jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))
    """
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise TypeError("jvp: primals and tangents are tuples with one entry for each argument")
    given = Arguments(tuple(primals), tuple(range(len(primals))), "jvp")
    types = [Type(a.dtype, a.shape) for a in given.leaves]
    further = aligned(
        tuple(tangents) if len(tangents) != 1 else tangents[0], types, "jvp: the tangents"
    )
    recorded = record(f, given.leaves, given.place, "jvp", {}, has_aux)
    values = transform(recorded, "jvp", further, _tangent(recorded.results))
    count = recorded.results
    value, tangent = recorded.rebuild(values[:count]), recorded.rebuild(values[count : 2 * count])
    return (
        (value, tangent, recorded.rebuild_aux(values[2 * count :])) if has_aux else (value, tangent)
    )


def _tangent(count: int) -> Callable:
    """The step from a graph to its results, their tangents, and the rest."""

    def step(graph: Graph, env: Env, further: list[Array]) -> list[Any]:
        trace = scope_of(env, further)
        values = [env[o] for o in graph.outputs]
        found = push(graph, env, [*further, *(None,) * (graph.arity - len(further))])
        tangents = [
            zeros(trace, Type(v.dtype, v.shape)) if t is None else t
            for v, t in zip(values, found, strict=True)
        ]
        return [*values[:count], *tangents[:count], *values[count:]]

    return step


def linearize(f: Function, *args: Any) -> tuple[Any, Function]:
    """The value of f(*args), and its derivative there as a function of tangents.

    That takes one tangent for each argument, in its shape, and may be called again and again; f
    does not run again. Errors are those of `jvp`.

    >>> import numpy as np, bibun
    >>> y, along = bibun.linearize(np.exp, 0.0)
    >>> along(3.0)
    np.float64(3.0)
    """
    given = Arguments(args, tuple(range(len(args))), "linearize")
    recorded = record(f, given.leaves, given.place, "linearize", {})
    types = [Type(a.dtype, a.shape) for a in given.leaves]
    values = transform(recorded, "value", (), _forward)

    def along(*tangents: Any) -> Any:
        further = aligned(
            tangents if len(tangents) != 1 else tangents[0], types, "linearize: the tangents"
        )
        results = transform(recorded, "jvp", further, _tangent(recorded.results))
        return recorded.rebuild(results[recorded.results :])

    return recorded.rebuild(values), along


def aligned(x: Any, types: Sequence[Type], what: str) -> list[Array]:
    """The leaves of a tangent or cotangent in the dtypes of what they belong to, checked."""
    leaves, _ = flatten(x)
    if len(leaves) != len(types):
        raise ShapeError(f"{what} must have {len(types)} arrays, not {len(leaves)}")
    arrays = []
    for leaf, t in zip(leaves, types, strict=True):
        a = output(leaf, what)
        if a.shape != t.shape:
            raise ShapeError(f"{what} must have the shape {t.shape}, not {a.shape}")
        if a.dtype.kind == "c" and t.dtype.kind != "c":
            raise DtypeError(f"{what} must be real like {t}, not {a.dtype}")
        arrays.append(
            a
            if a.dtype == t.dtype
            else lift(np.astype(a, t.dtype) if a.scope else a.raw.astype(t.dtype))
        )
    return arrays
