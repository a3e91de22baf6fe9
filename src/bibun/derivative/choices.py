"""Choices that stay choices: cond and switch. Only the branch that is taken runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..array import Array, lift
from ..errors import DtypeError
from ..graph import Type
from ..ops.control.branches import Branches
from ..tracing.containers import paths, same_structure
from .bodies import Body, Tree, applied, called, closed, shape_of, trace_body, tree_of

Function = Callable[..., Any]


def cond(pred: Any, true_fun: Function, false_fun: Function, *operands: Any) -> Any:
    """true_fun(*operands) if pred holds, otherwise false_fun(*operands); only that one runs.

    `pred` is one bool (a number holds if it is not zero). Both functions are traced once, with
    arrays that have no value, and return the same containers with equal shapes and dtypes. Under
    `vmap` with a pred of its own for each example both run, and np.where takes from each; what the
    other branch would give, be it nan, is not in the derivative.

    Raises DtypeError if the results differ in type, or pred is not one bool.

    >>> import numpy as np, bibun
    >>> def f(x):
    ...     return bibun.cond(x > 0, np.sqrt, lambda x: 0.0 * x, x)
    >>> bibun.grad(f)(4.0), bibun.grad(f)(-4.0)
    (np.float64(0.25), np.float64(0.0))
    >>> bibun.vmap(bibun.grad(f))(np.array([4.0, 0.0]))
    array([0.25, 0.  ])
    """
    chosen = lift(pred)
    if chosen.shape != ():
        raise DtypeError(
            f"cond: pred must be one bool, not {chosen.dtype}{[*chosen.shape]}: reduce it by "
            "np.any or np.all, or choose entry by entry with np.where"
        )
    if chosen.dtype != bool:
        chosen = chosen != 0
    return _branches("cond", chosen, (false_fun, true_fun), operands)


def switch(index: Any, branches: Sequence[Function], *operands: Any) -> Any:
    """branches[index](*operands), of which only that one runs.

    `index` is one integer; below the first branch it means the first, beyond the last the last.
    Otherwise as `cond`.

    >>> import numpy as np, bibun
    >>> bibun.grad(lambda x: bibun.switch(1, [np.sin, np.exp, np.tanh], x))(0.0)
    np.float64(1.0)
    """
    chosen = lift(index)
    if chosen.shape != () or chosen.dtype.kind not in "iu":
        raise DtypeError(
            f"switch: the index must be one integer, not {chosen.dtype}{[*chosen.shape]}"
        )
    if not branches:
        raise DtypeError("switch: at least one branch is needed")
    return _branches("switch", chosen, tuple(branches), operands)


def _branches(name: str, index: Any, functions: Sequence[Function], operands: tuple) -> Any:
    given = tree_of(operands)
    bodies = _agreeing(name, functions, given)
    graphs, shared = closed(bodies)
    rebuild = bodies[0].parts[0].rebuild
    if not bodies[0].outputs:
        return rebuild([])
    return rebuild(
        applied(
            Branches(tuple(graphs)),
            [index, *given.leaves, *shared],
            (given, tree_of(index)),
        )
    )


def _agreeing(name: str, functions: Sequence[Function], given: Tree) -> list[Body]:
    """The traced branches. Python's numbers in their results take the dtype of the others."""

    def place(arrays: list[Array]) -> Any:
        return given.rebuild(arrays)

    def traced(needed: Sequence[Type]) -> list[Body]:
        return [
            trace_body(name, f, given.types, place, lambda result: (result,), needed)
            for f in functions
        ]

    bodies = traced(())
    for f, body in zip(functions, bodies, strict=True):
        _same_containers(name, functions[0], f, bodies[0].parts[0], body.parts[0])
    needed = _common([body.parts[0] for body in bodies])
    if any(needed != body.parts[0].types for body in bodies):
        bodies = traced(needed)
        for f, body in zip(functions, bodies, strict=True):
            _same_types(name, functions[0], f, bodies[0].parts[0], body.parts[0])
    return bodies


def _common(results: Sequence[Tree]) -> list[Type]:
    """The types of results: those that are not just Python's numbers decide."""
    found = []
    for k, first in enumerate(results[0].types):
        strong = [r.types[k] for r in results if not r.weak[k]]
        plain = np.result_type(*(r.types[k].dtype for r in results))
        found.append(strong[0] if strong else Type(plain, first.shape))
    return found


def _same_containers(name: str, f: Function, g: Function, a: Tree, b: Tree) -> None:
    if not same_structure(a.tree, b.tree):
        raise DtypeError(
            f"{name}: all branches must return the same structure, but {called(f)} returns "
            f"{shape_of(a.tree)} and {called(g)} {shape_of(b.tree)}"
        )


def _same_types(name: str, f: Function, g: Function, a: Tree, b: Tree) -> None:
    for k, (s, t) in enumerate(zip(a.types, b.types, strict=True)):
        if s != t:
            raise DtypeError(
                f"{name}: all branches must return the same types, but {called(f)} returns "
                f"{paths(a.tree, 'result')[k]} as {s} and {called(g)} as {t}"
            )
