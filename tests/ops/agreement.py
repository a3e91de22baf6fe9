"""Whether a function of traced arrays is NumPy's: value, type, error; and what its graph gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bibun import jvp, vjp
from bibun.array import Array, is_number, lift
from bibun.graph import Type
from bibun.program import Program
from bibun.tracing.functional import record
from bibun.walk import build

SLACK = (
    64  # units in the last place between a value and its replay, whose sums run in another order
)


def several(y: Any) -> list[Any]:
    """One result or a tuple of them as a list."""
    return list(y) if isinstance(y, tuple | list) else [y]


def outcome(f: Callable[..., Any], *args: Any) -> Any:
    """The results, or the error."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return several(f(*args))
        except (ValueError, TypeError, IndexError, ZeroDivisionError) as error:
            return error


def on_traced(f: Callable[..., Any], args: Sequence[Any]) -> list[Any]:
    """The values that f has while it is traced."""
    recorded = record(f, [lift(a) for a in args], lambda leaves: leaves, "test", {})
    return [recorded.trace.value(i) for i in recorded.outputs]


def numbers(f: Callable[..., Any], args: Sequence[Any], abstract: bool) -> list[bool]:
    """Which results of f are numbers, and no arrays, while it is traced."""
    found: list[bool] = []

    def seen(*xs: Any) -> list[Any]:
        results = several(f(*xs))
        found.extend(is_number(y) if isinstance(y, Array) else np.isscalar(y) for y in results)
        return results

    leaves = [lift(a) for a in args]
    types = [Type(a.dtype, a.shape) for a in leaves] if abstract else None
    outcome(record, seen, leaves, lambda leaves: leaves, "test", {}, False, types)
    return found


def on_types(f: Callable[..., Any], args: Sequence[Any]) -> tuple[list[Type], list[Any]]:
    """The types of f where only types are known, and the values of the graph that it then makes."""
    graph = build([Type(a.dtype, a.shape) for a in args], lambda *xs: several(f(*xs))).check()
    return list(graph.output_types), Program(graph)(*args)


def bits(y: Any) -> tuple:
    """Everything that is to be equal. A nan is a nan, whatever its sign."""
    y = np.array(y)
    if y.dtype.kind == "f":
        y[np.isnan(y)] = np.nan
    return y.dtype, y.shape, y.tobytes()


def near(found: Any, expected: Any, what: str, eps: float) -> None:
    """Equal up to rounding, relative to the greatest magnitude."""
    if expected.dtype.kind != "f":
        assert bits(found) == bits(expected), f"{what}: {found!r} instead of {expected!r}"
        return
    finite = np.abs(expected[np.isfinite(expected)]) if expected.shape else abs(expected)
    atol = SLACK * eps * float(np.max(finite, initial=0))
    np.testing.assert_allclose(found, expected, rtol=SLACK * eps, atol=atol, err_msg=what)


def coarsest(*values: Any) -> float:
    """The largest unit in the last place."""
    kinds = [np.asarray(v).dtype for v in values]
    return max((float(np.finfo(k).eps) for k in kinds if k.kind == "f"), default=0.0)


def agrees(f: Callable[..., Any], *args: Any, what: str = "", abstract: bool = True) -> None:
    """f is the same on traced arrays as on plain ones, to the bit; or both raise the same error."""
    expected, found = outcome(f, *args), outcome(on_traced, f, args)
    if isinstance(expected, Exception):
        assert isinstance(found, type(expected)), f"{what}: {found!r} instead of {expected!r}"
        return
    assert not isinstance(found, Exception), f"{what}: {found!r} instead of {expected!r}"
    scalar = [np.isscalar(y) for y in expected]
    assert numbers(f, args, False) == scalar, f"{what}: numbers, or arrays without axes"
    expected = [np.asarray(y)[()] for y in expected]
    for y, z in zip(found, expected, strict=True):
        assert bits(y) == bits(z), f"{what}: {y!r} instead of {z!r}"
    if not abstract:
        return
    assert numbers(f, args, True) == scalar, f"{what}, abstract: numbers, or arrays without axes"
    replay = outcome(on_types, f, args)
    assert not isinstance(replay, Exception), f"{what}, abstract: {replay!r}"
    for t, y, z in zip(*replay, expected, strict=True):
        assert (t.dtype, t.shape) == bits(z)[:2] == bits(y)[:2], (
            f"{what}: type {t}, replay {y!r}, NumPy {z!r}"
        )
        near(y, z, what, coarsest(z, *args))


def wide_difference(f: Any, x: np.ndarray, t: np.ndarray) -> Any:
    """The derivative along t in extended precision: central differences of fourth order."""
    x, t, h = x.astype(np.longdouble), t.astype(np.longdouble), np.longdouble(1e-4)
    near, far = (f(x + k * h * t) - f(x - k * h * t) for k in (1, 2))
    return np.asarray((8 * near - far) / (12 * h), float)


def derivatives_agree(f: Any, x: Any, s: Any, t: Any, g: Any, rounding: float) -> None:
    """First and second derivatives of f at x along t and s, weighed by g, against differences."""
    y, moved = jvp(f, (x,), (t,))
    # error of the differences
    np.testing.assert_allclose(moved, wide_difference(f, x, t), rtol=1e-9, atol=1e-9)
    g = g(np.shape(y))
    (back,) = vjp(f, x)[1](g)
    np.testing.assert_allclose(np.sum(back * t), np.sum(g * moved), rtol=rounding)
    second = jvp(lambda x: vjp(f, x)[1](g)[0], (x,), (s,))[1]
    expected = wide_difference(lambda x: np.sum(g * jvp(f, (x,), (t.astype(x.dtype),))[1]), x, s)
    np.testing.assert_allclose(np.sum(second * t), expected, rtol=1e-8, atol=1e-8)
