"""From operators on functions of one argument to operators on any function: `grad(f, argnum)`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

Function = Callable[..., Any]


def get_name(f: Any) -> str:
    return getattr(f, "__name__", "[unknown name]")


def get_doc(f: Any) -> str:
    return getattr(f, "__doc__", "")


def wraps(fun: Any, namestr: str = "{fun}", docstr: str = "{doc}", **parts: Any) -> Function:
    """Give a function the name and the text of another one, put into these patterns."""

    def named(f: Function) -> Function:
        with suppress(AttributeError, KeyError, ValueError):
            f.__name__ = namestr.format(fun=get_name(fun), **parts)
            f.__doc__ = docstr.format(fun=get_name(fun), doc=get_doc(fun), **parts)
        return f

    return named


def unary_to_nary(unary_operator: Function) -> Function:
    """An operator on (function of x, x) as an operator on (function, argnum).

    `argnum` is the position of the argument that takes the place of x, or a tuple or list of
    positions, which make x a tuple.
    """

    @wraps(unary_operator)
    def nary_operator(fun: Function, argnum: Any = 0, *options: Any, **named: Any) -> Function:
        if not isinstance(argnum, int | tuple | list):
            raise TypeError(f"{get_name(unary_operator)}: argnum is a position, not {argnum!r}")

        name = "{op}_of_{fun}_wrt_argnum_{argnum}"
        doc = "    {op} of function {fun} with respect to argument number {argnum}.\n"
        doc += "    Takes the arguments of {fun} and returns the {op}.\n    "

        @wraps(fun, name, doc, op=get_name(unary_operator), argnum=argnum)
        def nary_f(*args: Any, **kwargs: Any) -> Any:
            @wraps(fun)
            def unary_f(x: Any) -> Any:
                return fun(*_with(args, argnum, x), **kwargs)

            x = args[argnum] if isinstance(argnum, int) else tuple(args[k] for k in argnum)
            return unary_operator(unary_f, x, *options, **named)

        return nary_f

    return nary_operator


def _with(args: tuple, argnum: Any, x: Any) -> list[Any]:
    """The arguments with x in the place, or in the places, of argnum."""
    given = list(args)
    if isinstance(argnum, int):
        given[argnum] = x
    else:
        for k, value in zip(argnum, x, strict=True):
            given[k] = value
    return given
