"""Loops that stay loops: scan, fori_loop, while_loop, map.

Their body is traced once, whatever the number of rounds, and so is their derivative.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..array import Array, Duck, bind, innermost, lift
from ..errors import DtypeError, ShapeError
from ..graph import Type
from ..ops.control.graphs import several
from ..ops.control.scan import Scan, remembering
from ..ops.control.sweeps import Sweeps
from ..ops.structure import cast
from .bodies import Tree, applied, called, carrying, closed, trace_body, tree_of
from .rows import Loop, in_rows

Function = Callable[..., Any]
Results = Sequence[Array]


def scan(
    f: Function, init: Any, xs: Any = None, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """A loop that carries a state along: (carry, y[i]) = f(carry, x[i]), as in `jax.lax`.

    `f` is NumPy code, traced once with arrays that have shapes and dtypes and no values: write
    np.where or bibun.cond instead of `if` on them. `init` and `xs` may be arrays or containers of
    them (tuples, lists, dicts, ...); of every array in `xs` the first axis is gone through, from
    its end with `reverse`. Without `xs` the number of rounds is `length`, and x is None. The result
    is the last carry, and y of all rounds along a new first axis, in the containers that f returns.
    The carry keeps its containers, shapes and dtypes; only Python's numbers in `init` are widened.
    Arrays and Variables that f closes over have derivatives, too.

    Integers and bools are carried without derivative. The reverse derivative stores the carry of
    each round and computes every round once more (Griewank and Walther, Evaluating Derivatives,
    section 12.3). Under `bibun.jit` it stores what is dear as well, up to 32 MiB.

    Raises DtypeError if a carry does not keep its type, ShapeError if rows differ in number.

    >>> import numpy as np, bibun
    >>> bibun.scan(lambda total, x: (total + x, total * x), 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    >>> def last(a):  # x -> a x (1 - x), a hundred times
    ...     return bibun.scan(lambda x, _: (a * x * (1 - x), None), 0.5, length=100)[0]
    >>> bibun.grad(last)(2.5).round(6)
    np.float64(0.16)
    """
    rows = tree_of(xs)
    n = _length("scan", rows, length)

    def pair(result: Any) -> tuple:
        if not isinstance(result, tuple) or len(result) != 2:
            raise DtypeError(
                f"scan: {called(f)} must return a pair (carry, y), not {_described(result)}"
            )
        return result

    carry, ys = _rounds("scan", f, tree_of(init), rows, n, reverse, pair)
    return carry, ys[0]


def _rounds(
    name: str,
    f: Function,
    carry: Tree,
    rows: Tree,
    n: int,
    reverse: bool,
    split: Callable[[Any], Sequence[Any]],
    place: Callable[[Any, Any], Sequence[Any]] = lambda c, x: (c, x),
    counter: range | None = None,
) -> tuple[Any, list[Any]]:
    """The last carry, and the other results of f of all rounds."""
    k = len(carry.leaves)

    def placed(arrays: list[Array]) -> Sequence[Any]:
        return place(carry.rebuild(arrays[:k]), rows.rebuild(arrays[k:]))

    types = [Type(a.dtype, a.shape[1:]) for a in rows.leaves]
    body, carry = carrying(name, f, carry, types, placed, split)
    (graph,), shared = closed([body])
    if not body.outputs:
        return carry.tree, [part.rebuild([]) for part in body.parts[1:]]
    loop = Loop(graph, carry.leaves, rows.leaves, shared)
    if counter is not None and innermost(loop.operands) is not None:
        results = repeated(loop, n, counter=counter)
    else:
        op, *operands = scanned(loop, n, reverse)
        results = applied(op, operands, (carry, rows))
    values = iter(results[: len(body.outputs)])
    built = [part.rebuild([next(values) for _ in part.leaves]) for part in body.parts]
    return built[0], built[1:]


def repeated(loop: Loop, n: int, reverse: bool = False, counter: range | None = None) -> Results:
    """The results of a loop of n rounds; what it reads or writes at a counter is cut into rows."""
    cut = None if counter is None else in_rows(loop, counter)
    if cut is None:
        return several(bind(*scanned(loop, n, reverse)))
    return cut.results(several(bind(*scanned(cut.loop(loop), n, reverse))), loop.states)


def scanned(loop: Loop, n: int, reverse: bool) -> tuple:
    """The operation that a loop of n rounds is, and its arguments."""
    op = Scan(loop.graph, len(loop.states), len(loop.rows), n, reverse)
    if loop.states and innermost(loop.operands) is not None:
        op = remembering(op)  # derivatives start from the states
    return op, *loop.operands


def _length(name: str, rows: Tree, length: int | None) -> int:
    """The number of rounds."""
    scalars = [a for a in rows.leaves if not a.shape]
    if scalars:
        raise ShapeError(f"{name}: an array in xs has no axis to go through")
    lengths = {a.shape[0] for a in rows.leaves}
    if length is not None:
        lengths.add(operator.index(length))
    if len(lengths) != 1:
        given = ", ".join(str(k) for k in sorted(lengths)) or "none"
        raise ShapeError(
            f"{name}: one number of rounds is needed, not {given}: the first axes of all arrays in "
            "xs, and length if it is given, must agree"
        )
    if (n := lengths.pop()) < 0:
        raise ShapeError(f"{name}: length is {n}; it cannot be negative")
    return n


def map(f: Function, xs: Any) -> Any:
    """f(x) for each row x of xs, stacked: as `vmap`, but one after the other, in less memory.

    `xs` is an array or a container of arrays with equal first axes, x one row of each. f is traced
    once, as in `scan`.

    >>> import numpy as np, bibun
    >>> bibun.map(lambda x: x @ x, np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([ 5., 25.])
    """
    rows = tree_of(xs)
    n = _length("map", rows, None)
    nothing = tree_of(())

    def split(result: Any) -> tuple:
        return (), result

    return _rounds("map", f, nothing, rows, n, False, split, lambda c, x: (x,))[1][0]


def fori_loop(lower: Any, upper: Any, body_fun: Function, init_val: Any) -> Any:
    """x = body_fun(i, x) for i = lower, ..., upper - 1: the last x, which starts from init_val.

    The body is traced once, with an integer i that has no value, as in `scan`: x keeps its
    containers, shapes and dtypes. If a bound is traced, the loop is a `while_loop`.

    >>> import bibun
    >>> bibun.fori_loop(0, 5, lambda i, x: x + i, 0)
    np.int64(10)
    >>> bibun.grad(lambda a: bibun.fori_loop(0, 3, lambda i, x: a * x, 1.0))(2.0)
    np.float64(12.0)
    """
    bounds = [_bound(b) for b in (lower, upper)]
    if all(type(b) is int for b in bounds):
        n = max(0, bounds[1] - bounds[0])
        counter = range(bounds[0], bounds[0] + n)
        index = tree_of(np.arange(counter.start, counter.stop))
        return _rounds(
            "fori_loop",
            body_fun,
            tree_of(init_val),
            index,
            n,
            False,
            lambda result: (result,),
            lambda x, i: (i, x),
            counter if n else None,
        )[0]
    start, end = (cast(b, np.dtype(np.int64)) for b in bounds)
    return _counted(body_fun, start, end, init_val, "fori_loop")


def _bound(b: Any) -> Any:
    """A bound of a loop: a plain integer, or a traced one."""
    if isinstance(b, Duck) and innermost([lift(b)]) is not None:
        a = lift(b)
        if a.shape != () or a.dtype.kind not in "iu":
            raise DtypeError(f"fori_loop: a bound must be one integer, not {a.dtype}{[*a.shape]}")
        return a
    try:
        return operator.index(b.numpy() if isinstance(b, Duck) else b)
    except TypeError:
        raise DtypeError(f"fori_loop: a bound must be one integer, not {b!r}") from None


def _counted(body_fun: Function, start: Array, end: Array, init: Any, name: str) -> Any:
    """A loop of which only the run tells how long it is: i and its end are carried beside x."""
    carry = tree_of((start, end, init))
    counters: list[Array] = []

    def place(arrays: list[Array]) -> tuple:
        counters[:] = arrays[:2]
        i, _, x = carry.rebuild(arrays)
        return i, x

    def split(result: Any) -> tuple:
        return ((counters[0] + 1, counters[1], result),)

    return _while(name, lambda c: c[0] < c[1], body_fun, carry, place, split)[2]


def while_loop(cond_fun: Function, body_fun: Function, init_val: Any) -> Any:
    """x = body_fun(x) as long as cond_fun(x) holds: the last x, which starts from init_val.

    Both functions are traced once, as in `scan`; cond_fun returns one bool, and x keeps its
    containers, shapes and dtypes. Only the run tells the number of rounds, which counts as constant
    for derivatives, as in a loop of Python's. All derivatives exist, also in reverse: that stores
    the state of each round and goes back along them (Griewank and Walther, Evaluating Derivatives,
    chapter 12). Under `vmap` the loop runs until all examples are done, and those that are done
    keep what they have.

    Raises DtypeError if x does not keep its type, or cond_fun does not return one bool.

    >>> import numpy as np, bibun
    >>> def root(a):  # Newton's method for x * x = a
    ...     return bibun.while_loop(
    ...         lambda x: np.abs(x * x - a) > 1e-12, lambda x: (x + a / x) / 2, a
    ...     )
    >>> root(2.0).round(6), bibun.grad(root)(2.0).round(6)
    (np.float64(1.414214), np.float64(0.353553))
    """
    carry = tree_of(init_val)

    def place(arrays: list[Array]) -> tuple:
        return (carry.rebuild(arrays),)

    return _while("while_loop", cond_fun, body_fun, carry, place, lambda result: (result,))


def _while(
    name: str, cond_fun: Function, body_fun: Function, carry: Tree, place: Callable, split: Callable
) -> Any:
    if not carry.leaves:
        raise DtypeError(f"{name}: nothing is carried: the initial value has no arrays")
    body, carry = carrying(name, body_fun, carry, (), place, split)
    test = trace_body(
        name, cond_fun, carry.types, lambda a: (carry.rebuild(a),), lambda result: (result,)
    )
    found = test.parts[0].types
    if found != [Type(np.dtype(bool), ())]:
        raise DtypeError(
            f"{name}: {called(cond_fun)} must return one bool, not "
            f"{', '.join(str(t) for t in found) or 'nothing'}"
        )
    (condition, step), shared = closed([test, body])
    op = Sweeps(condition, (step,), (False,), (len(carry.leaves),))
    return carry.rebuild(applied(op, [*carry.leaves, *shared], (carry,)))


def _described(x: Any) -> str:
    return f"a {type(x).__name__}" + (f" of {len(x)}" if isinstance(x, tuple | list) else "")
