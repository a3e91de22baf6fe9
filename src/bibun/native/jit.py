"""bibun.jit: a function compiled to native code, once for each kind of arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import Any

from ..recording import threads
from . import runtime
from .jitted import Jitted, inner
from .visible import shows


def jit(
    f: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Iterable[int] = (),
    static_argnames: str | Iterable[str] = (),
    donate: int | str | Iterable[int | str] = (),
    in_place: bool = False,
    background: bool = False,
) -> Any:
    """Compile a function of arrays to native code, when it is first called.

    Arrays and NumPy's scalars, in any containers, are the arguments of the native code, which is
    made once for each combination of their dtypes and shapes. Everything else is fixed: Python's
    numbers, strings, None, functions, and what `static_argnums` and `static_argnames` name (which
    must be hashable); another value of it compiles anew. Give a number that changes from call to
    call as an array: `np.float64(rate)`.

    An `if` on a value is followed, and remembered: a call for which it would be decided otherwise
    is compiled anew, at most 16 times. Arrays that the function meets outside of its arguments,
    views of them, and Variables are read anew at each call; other things from outside stay what
    they were at the first one: a global number, the array that a name is bound to, and what NumPy
    computes of outside arrays alone. Inside of `grad`, `vmap`, tapes and other jitted functions the
    function runs as if it were not jitted: put `jit` around the whole, as in `jit(grad(f))`.

    `donate` names or numbers arguments that the caller does not need any more, such as the
    parameters in `params = step(params, x)`. Their memory is set aside for the results of further
    calls, as soon as nobody holds it: two sets of arrays take turns, however large they are. What
    somebody still holds is never written to, also if the call fails or is interrupted.

    With `in_place=True` the new values of donated arguments are written to the very arrays that
    were given, and these are returned: `params = step(params, x)` changes `params` for all who hold
    it. Each donated argument is replaced by the result, or the first element of a tuple or list of
    results, of its structure and types. That reads and writes less memory, where each element is
    read for the last time when its new value is there, as in the update of an optimiser; otherwise
    new values are copied after the call. All arrays change or none: errors come before the first
    write, and Ctrl-C before or after the call. Numbers of NumPy's without axes are returned anew.

    With `background=True` a call does not wait for code: a thread compiles, and meanwhile the
    interpreter gives the results. These may differ in the last digits, since sums are added up in
    another order. What goes wrong in that thread is raised by the next call.

    Raises TracingError where the function cannot be followed, with the line; UnsupportedError for
    functions that have no rule. With `in_place`, TypeError for donated arguments that no result
    replaces, or that are no plain arrays, and ValueError for read-only ones and those that share
    memory with other arguments. An operation that has no native code yet is a call of NumPy's in
    between: `f.lower(x).interpreted` lists them.

    >>> import numpy as np, bibun
    >>> slope = bibun.jit(bibun.grad(lambda x: np.sum(np.maximum(x, 0) ** 2)))
    >>> slope(np.array([-1.0, 2.0]))
    array([0., 4.])
    """
    numbers = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)

    def decorate(f: Callable[..., Any]) -> Any:
        static = (*numbers, *names)
        return jitted(f, static, donate, runtime.extension(), background, in_place)

    return decorate if f is None else decorate(f)


def jitted(
    f: Callable[..., Any],
    static: Any,
    donate: Any,
    extension: Any,
    background: bool = False,
    in_place: bool = False,
) -> Any:
    """What the user calls: the extension's function, and without one our own."""
    made = Jitted(f, static, donate, extension, background, in_place)
    if extension is None:
        return made
    shows(extension.Function)(inner)
    front = made.front = extension.Function(made, threads)
    return update_wrapper(front, f)
