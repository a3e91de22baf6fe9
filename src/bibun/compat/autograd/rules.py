"""The user's rules for the derivatives of primitives, as autograd takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import count
from typing import Any

from ...errors import NotDifferentiableError
from .spaces import vspace
from .wrap_util import get_name

Function = Callable[..., Any]

primitive_vjps: dict[Any, Function] = {}  # f -> (argnums, ans, args, kwargs) -> g -> cotangents
primitive_jvps: dict[Any, Function] = {}  # f -> (argnums, gs, ans, args, kwargs) -> tangent
notrace: set[Any] = set()  # primitives at which derivatives end


class MissingRuleError(NotDifferentiableError, NotImplementedError):
    """A primitive was differentiated for which no rule is defined: give it one with defvjp."""


def defvjp_argnums(fun: Function, vjpmaker: Function) -> None:
    """Set the rule of a primitive: vjpmaker(argnums, ans, args, kwargs) -> g -> cotangents."""
    primitive_vjps[_ours(fun, "defvjp_argnums")] = vjpmaker


def defvjp_argnum(fun: Function, vjpmaker: Function) -> None:
    """Set the rule of a primitive: vjpmaker(argnum, ans, args, kwargs) -> g -> cotangent."""

    def rule(argnums: Sequence[int], *call: Any) -> Function:
        rules = [vjpmaker(k, *call) for k in argnums]
        return lambda g: [pull(g) for pull in rules]

    defvjp_argnums(fun, rule)


def defvjp(fun: Function, *vjpmakers: Any, argnums: Any = None) -> None:
    """Set the rules of a primitive, one for each argument: (ans, *args) -> g -> cotangent.

    None means that the derivative is zero; `argnums` says for which arguments the rules are.
    """
    rules = _table(fun, vjpmakers, argnums, "VJP")

    def rule(argnum: int, ans: Any, args: tuple, kwargs: dict[str, Any]) -> Function:
        maker = _found(rules, argnum, fun, "VJP")
        return maker(ans, *args, **kwargs) if maker else lambda g: vspace(args[argnum]).zeros()

    defvjp_argnum(fun, rule)


def defjvp_argnums(fun: Function, jvpmaker: Function) -> None:
    """Set the forward rule of a primitive: jvpmaker(argnums, gs, ans, args, kwargs) -> tangent."""
    primitive_jvps[_ours(fun, "defjvp_argnums")] = jvpmaker


def defjvp_argnum(fun: Function, jvpmaker: Function) -> None:
    """Set the forward rule of a primitive: jvpmaker(argnum, g, ans, args, kwargs) -> tangent."""

    def rule(argnums: Sequence[int], gs: Sequence[Any], ans: Any, *call: Any) -> Any:
        tangents = [jvpmaker(k, g, ans, *call) for k, g in zip(argnums, gs, strict=True)]
        return reduce(vspace(ans).add, tangents)

    defjvp_argnums(fun, rule)


def defjvp(fun: Function, *jvpfuns: Any, argnums: Any = None) -> None:
    """Set the forward rules of a primitive, one for each argument: (g, ans, *args) -> tangent.

    None means zero, and "same" that the function is linear in this argument.
    """
    rules = _table(fun, jvpfuns, argnums, "JVP")

    def rule(argnum: int, g: Any, ans: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        push = _found(rules, argnum, fun, "JVP")
        if push is None:
            return vspace(ans).zeros()
        if push == "same":
            return fun(*args[:argnum], g, *args[argnum + 1 :], **kwargs)
        return push(g, ans, *args, **kwargs)

    defjvp_argnum(fun, rule)


def def_linear(fun: Function) -> None:
    """Say that a primitive is linear in each of its arguments."""
    defjvp(fun, *["same"] * 64)


def register_notrace(kind: Any, fun: Function) -> None:
    """End derivatives at a primitive (`kind` is JVPNode or VJPNode: both directions end)."""
    notrace.add(fun)


def _ours(fun: Function, name: str) -> Function:
    if not getattr(fun, "_is_autograd_primitive", False):
        raise TypeError(
            f"{name}: a rule can be set for a primitive, and {get_name(fun)} is none: "
            f"write f = primitive({get_name(fun)}) and set the rule of f"
        )
    return fun


def _table(fun: Function, rules: Sequence[Any], argnums: Any, kind: str) -> dict[int, Any]:
    for rule in rules:
        if not (rule is None or callable(rule) or (rule == "same" and kind == "JVP")):
            raise TypeError(f"Bad {kind} '{rule}' for '{get_name(fun)}'")
    return dict(zip(count() if argnums is None else argnums, rules, strict=False))


def _found(rules: dict[int, Any], argnum: int, fun: Function, kind: str) -> Any:
    if argnum not in rules:
        raise MissingRuleError(f"{kind} of {get_name(fun)} wrt argnum {argnum} not defined")
    return rules[argnum]
