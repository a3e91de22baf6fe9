"""Fixed points, differentiated at the solution instead of through the iteration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core import defvjp, make_vjp, primitive, vspace


@primitive
def fixed_point(f: Callable, a: Any, x0: Any, distance: Callable, tol: float) -> Any:
    """x = f(a)(x), by iteration from x0 until distance(x, f(a)(x)) <= tol.

    Its derivative solves w = g + w df/dx by iteration, and is w df/da. Method: Christianson 1994,
    Reverse accumulation and attractive fixed points, Optimization Methods and Software 3.
    """
    step = f(a)
    old, x = x0, step(x0)
    while distance(x, old) > tol:
        old, x = x, step(x)
    return x


def _adjoint_step(parameters: tuple) -> Callable[[Any], Any]:
    f, (a, x, g) = parameters
    pull, _ = make_vjp(f(a), x)
    return lambda w: vspace(x).add(pull(w), g)


def _rule(
    x: Any, f: Callable, a: Any, x0: Any, distance: Callable, tol: float
) -> Callable[[Any], Any]:
    pull, _ = make_vjp(lambda a: f(a)(x), a)

    def pulled(g: Any) -> Any:
        adjoint = lambda values: _adjoint_step((f, values))  # noqa: E731
        return pull(fixed_point(adjoint, (a, x, g), vspace(x).zeros(), distance, tol))

    return pulled


defvjp(fixed_point, None, _rule, None)
