"""What autograd had before version 1.2: rules set by methods of primitives, each with a warning."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from .primitives import primitive as _primitive
from .rules import defvjp
from .spaces import vspace

Function = Callable[..., Any]


def primitive(f_raw: Function) -> Function:
    """Wrap a function so that it is called with plain numbers.

    Its derivative can then be given with `defvjp` and `defjvp`.
    """
    f: Any = _primitive(f_raw)
    rules: dict[int, Any] = {}

    def add(name: str, argnum: int, rule: Any) -> None:
        warnings.warn(f"{f.__name__}.{name} is deprecated: use defvjp(f, rule)", stacklevel=3)
        rules[argnum] = rule
        defvjp(f, *rules.values(), argnums=tuple(rules))

    def of_vjp(rule: Function, argnum: int = 0) -> None:
        add("defvjp", argnum, _staged(rule, argnum))

    def of_zeros(argnums: Any = (0,)) -> None:
        for k in argnums:
            add("defvjp_is_zero", k, None)

    f.defvjp, f.defvjp_is_zero = of_vjp, of_zeros
    f.defgrad = lambda rule, argnum=0: add("defgrad", argnum, rule)
    return f


def _staged(rule: Function, argnum: int) -> Function:
    """A rule (g, ans, space of the argument, space of g, *args) as one in two steps."""

    def staged(ans: Any, *args: Any, **kwargs: Any) -> Function:
        return lambda g: rule(g, ans, vspace(args[argnum]), vspace(g), *args, **kwargs)

    return staged
