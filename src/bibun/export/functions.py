"""Which function is exported: the user's, or one of its derivatives, with names for all arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from ..derivative.gradient import jvp, value_and_grad, vjp
from ..derivative.jacobian import hvp, jacobian
from ..errors import ShapeError
from ..native.arguments import TRACED
from ..tracing.containers import flatten
from .names import Leaves, arguments, derived, distinct, named


class Output(int):
    """The number of a result, where a result stands for its arrays."""


class Exported(NamedTuple):
    """A function to export, its arguments, and names for the arrays in them and in its result."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    inputs: list[str]
    outputs: Callable[[Any], list[str]]
    donated: tuple[int, ...] = ()  # arguments in whose memory results come
    rows: Rows | None = None


class Rows(NamedTuple):
    """Several examples at once: which arrays have one for each, and which results are sums."""

    batched: frozenset[str]
    summed: frozenset[str]
    args: list[tuple[Any, ...]]  # of each example


def parameters(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the positional parameters of a function."""
    known = [p.name for p in signature(f).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    return (known + [f"x{k}" for k in range(len(known), count)])[:count]


def exported(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    wrt: Sequence[int],
    kind: str,
    batch: Sequence[int] = (),
) -> Exported:
    """The function of a kind, as one that takes and returns arrays.

    Of the arguments in `batch` the function takes one row.
    """
    names = parameters(f, len(args))
    if kind not in KINDS:
        raise ValueError(f"export: the functions are {', '.join(KINDS)}, not {kind!r}")
    if kind != "value":
        _differentiable(args, wrt, names)
    examples = [_row(args, batch, names, r) for r in range(_count(args, batch, names))]
    leaves = arguments(names, examples[0])
    given = [n for own in leaves for n in own]
    made = [KINDS[kind](f, example, tuple(wrt), leaves, given) for example in examples]
    outputs, taken = made[0].outputs, made[0].inputs
    made[0] = made[0]._replace(outputs=lambda y: distinct(outputs(y), taken))
    if not batch:
        return made[0]
    batched = {n for k in batch for n in leaves[k]}
    batched |= {*derived("t", leaves, batch), *derived("v", leaves, batch)}
    batched |= {n for n in made[0].inputs if n not in given} if kind == "vjp" else set()
    shared = [k for k in wrt if k not in batch]
    summed = {*derived("d", leaves, shared), *derived("Hv", leaves, shared)}
    rows = Rows(frozenset(batched), frozenset(summed), [m.args for m in made])
    return made[0]._replace(rows=rows)


def _differentiable(args: tuple[Any, ...], wrt: Sequence[int], names: Sequence[str]) -> None:
    """An error for numbers of Python's among the arguments for derivatives."""
    for k in wrt:
        plain = [x for x in flatten(args[k])[0] if not isinstance(x, TRACED)]
        if plain:
            raise TypeError(
                f"export: a derivative by {names[k]} is wanted, and {plain[0]!r} in it is part of "
                f"the code, as all numbers of Python's are: np.asarray({plain[0]!r}) is an argument"
            )


def _count(args: tuple[Any, ...], batch: Sequence[int], names: Sequence[str]) -> int:
    """How many examples there are."""
    leaves = [(names[k], x) for k in batch for x in flatten(args[k])[0] if isinstance(x, TRACED)]
    counts = {np.shape(x)[0] if np.ndim(x) else 0 for _, x in leaves}
    if batch and (len(counts) != 1 or 0 in counts):
        given = ", ".join(f"{name} {np.shape(x)}" for name, x in leaves)
        raise ShapeError(
            "export: what is named by batch has a first axis of examples, one at least, and as "
            f"many in each array, not {given}"
        )
    return counts.pop() if counts else 1


def _row(args: tuple[Any, ...], batch: Sequence[int], names: Sequence[str], r: int) -> tuple:
    """The arguments of one example."""
    found = list(args)
    for k in batch:
        leaves, rebuild = flatten(args[k])
        found[k] = rebuild([np.asarray(x)[r] if isinstance(x, TRACED) else x for x in leaves])
    return tuple(found)


def _value(f: Any, args: tuple, wrt: tuple, leaves: Leaves, given: list[str]) -> Exported:
    return Exported(f, args, given, lambda y: [n for n, _ in named("value", y)])


def _gradient(f: Any, args: tuple, wrt: tuple, leaves: Leaves, given: list[str]) -> Exported:
    slopes = derived("d", leaves, wrt)
    return Exported(value_and_grad(f, wrt), args, given, lambda y: ["value", *slopes])


def _forward(f: Any, args: tuple, wrt: tuple, leaves: Leaves, given: list[str]) -> Exported:
    def along(*both: Any) -> Any:
        primals, tangents = both[: len(args)], both[len(args) :]

        def of_some(*some: Any) -> Any:
            return f(*filled(primals, wrt, some))

        return jvp(of_some, [primals[k] for k in wrt], tangents)

    more = tuple(direction(args[k]) for k in wrt)
    inputs = [*given, *derived("t", leaves, wrt)]

    def outputs(result: Any) -> list[str]:
        return [n for p, y in zip(("value", "t"), result, strict=True) for n, _ in named(p, y)]

    return Exported(along, (*args, *more), inputs, outputs)


def _backward(f: Any, args: tuple, wrt: tuple, leaves: Leaves, given: list[str]) -> Exported:
    def back(*both: Any) -> Any:
        primals, g = both[: len(args)], both[len(args)]

        def of_some(*some: Any) -> Any:
            return f(*filled(primals, wrt, some))

        y, pull = vjp(of_some, *(primals[k] for k in wrt))
        return y, pull(g)

    y = f(*args)
    slopes = derived("d", leaves, wrt)

    def outputs(result: Any) -> list[str]:
        return [*(n for n, _ in named("value", result[0])), *slopes]

    g = direction(as_arrays(y))
    cotangents = distinct((n for n, x in named("g", g) if isinstance(x, TRACED)), given)
    return Exported(back, (*args, g), [*given, *cotangents], outputs)


def _jacobian(f: Any, args: tuple, wrt: tuple, leaves: Leaves, given: list[str]) -> Exported:
    results = derived("J", leaves, wrt)

    def outputs(result: Any) -> list[str]:
        found = [n for n, _ in named("J", result)]
        return results if len(found) == len(results) else found

    return Exported(jacobian(f, wrt), args, given, outputs)


def _curvature(f: Any, args: tuple, wrt: tuple, leaves: Leaves, given: list[str]) -> Exported:
    if len(wrt) != 1:
        raise ValueError("export: hessian_vector is with respect to one argument: wrt=0")
    (k,) = wrt

    def product(*both: Any) -> Any:
        rest = both[: len(args)]
        return hvp(lambda x: f(*filled(rest, wrt, (x,))))(rest[k], both[-1])

    inputs = [*given, *derived("v", leaves, wrt)]
    results = derived("Hv", leaves, wrt)
    return Exported(product, (*args, direction(args[k])), inputs, lambda y: results)


def filled(args: Sequence[Any], wrt: Sequence[int], some: Sequence[Any]) -> list[Any]:
    """The arguments with others in some places."""
    found = list(args)
    for k, x in zip(wrt, some, strict=True):
        found[k] = x
    return found


def direction(tree: Any) -> Any:
    """Examples of tangents and cotangents. Along x itself the derivative of x / |x| would be 0."""
    leaves, rebuild = flatten(tree)
    return rebuild([_turning(x) if isinstance(x, TRACED) else x for x in leaves])


def _turning(x: Any) -> Any:
    """The cosines of 1, 2, ... for floats, and also their sines for complex numbers."""
    x = np.asarray(x)
    if x.dtype.kind not in "fc":
        return x
    angles = np.arange(1.0, x.size + 1).reshape(x.shape)
    turn = np.exp(1j * angles)
    return (turn if x.dtype.kind == "c" else turn.real).astype(x.dtype)


def as_arrays(y: Any) -> Any:
    """The same with an array in the place of each number."""
    leaves, rebuild = flatten(y)
    return rebuild([np.asarray(x) for x in leaves])


KINDS: dict[str, Callable[..., Exported]] = {
    "value": _value,
    "value_and_grad": _gradient,
    "jvp": _forward,
    "vjp": _backward,
    "jacobian": _jacobian,
    "hessian_vector": _curvature,
}
