"""bibun.jit: a function compiled to native code, once for each kind of arguments."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterable
from functools import update_wrapper
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from ..array import Duck
from ..errors import DtypeError, TracingError
from ..graph import Graph, Node
from ..program import Program
from ..recording import threads
from ..tracing.containers import NAMESPACE, flatten
from ..tracing.rebind import rebound
from .capture import Captured

MOST_VARIANTS = 16
"""Ways through a function's own decisions that are compiled for one kind of arguments."""
TRACED = (Duck, np.ndarray, np.generic)


def jit(
    f: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Iterable[int] = (),
    static_argnames: str | Iterable[str] = (),
) -> Any:
    """Compile a function of arrays to native code, when it is first called.

    Arrays and NumPy's scalars, in any containers, are the arguments of the native code, which is
    made once for each combination of their dtypes and shapes. Everything else is fixed: Python's
    numbers, strings, None, functions, and what `static_argnums` and `static_argnames` name (which
    must be hashable); another value of it compiles anew. Give a number that changes from call to
    call as an array: `np.float64(rate)`.

    An `if` on a value is followed, and remembered: a call for which it would be decided otherwise
    is compiled anew, at most 16 times. Arrays that the function meets outside of its arguments, and
    Variables, are read anew at each call; other things from outside, such as a global number, stay
    what they were at the first one. Inside of `grad`, `vmap`, tapes and other jitted functions the
    function runs as if it were not jitted: put `jit` around the whole, as in `jit(grad(f))`.

    Raises TracingError where the function cannot be followed, with the line; UnsupportedError for
    functions that have no rule. An operation that has no native code yet is a call of NumPy's in
    between: `f.lower(x).interpreted` lists them.

    >>> import numpy as np, bibun
    >>> slope = bibun.jit(bibun.grad(lambda x: np.sum(np.maximum(x, 0) ** 2)))
    >>> slope(np.array([-1.0, 2.0]))
    array([0., 4.])
    """
    numbers = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
    if f is None:
        return lambda f: Jitted(f, numbers, names)
    return Jitted(f, numbers, names)


class Fixed:
    """A value that is part of what is compiled."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any, name: str):
        self.value = value
        exact = repr(value) if isinstance(value, float | complex) else value  # 0.0 and -0.0 differ
        self.key: Hashable = (type(value), exact)
        try:
            hash(self.key)
        except TypeError:
            raise TypeError(
                f"{name}: an argument of type {type(value).__name__} can be no part of what is "
                "compiled, since it cannot be hashed: give arrays, numbers, or a hashable value"
            ) from None


class Call(NamedTuple):
    """The arguments of a call: the arrays, and all that decides which code it runs."""

    values: list[Any]
    key: Hashable
    place: Callable[[list[Any]], tuple[tuple, dict[str, Any]]]


class Compiled:
    """One compiled way through the function."""

    def __init__(self, captured: Captured):
        self.captured = captured
        self.program = program(captured.graph)

    def run(self, values: list[Any]) -> list[Any] | None:
        """The arrays of the result; None if the function would have decided otherwise."""
        captured = self.captured
        try:
            found = self.program(*values, *(source() for source in captured.sources))
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            if captured.answers:  # perhaps on numbers for which it was not made
                return None
            raise
        return found[: captured.count] if captured.holds(found[captured.count :]) else None


class Jitted:
    """A function that is compiled when it is called; see `jit`."""

    def __init__(self, f: Callable[..., Any], numbers: tuple[int, ...], names: tuple[str, ...]):
        if not callable(f):
            raise TypeError(f"jit: a function is needed, not {type(f).__name__}")
        self.f, self.numbers, self.names = f, numbers, names
        self.name = f"jit of {getattr(f, '__name__', type(f).__name__)}"
        self.compiled: dict[Hashable, list[Compiled]] = {}
        self.lock = Lock()
        update_wrapper(self, f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if threads.open:
            return rebound(self.f)(*args, **kwargs)
        call = self.arguments(args, kwargs)
        variants = self.compiled.get(call.key, ())
        for k, variant in enumerate(variants):
            found = variant.run(call.values)
            if found is not None:
                if k:
                    self.prefer(call.key, variant)
                return variant.captured.results(found)
        made = self.compile(call)
        found = made.run(call.values)
        assert found is not None, "what was compiled decides as the function did"
        return made.captured.results(found)

    def prefer(self, key: Hashable, variant: Compiled) -> None:
        """Try this variant first at the next call."""
        with self.lock:
            rest = [v for v in self.compiled[key] if v is not variant]
            self.compiled[key] = [variant, *rest]

    def compile(self, call: Call) -> Compiled:
        """A new way through the function, for these arguments."""
        made = Compiled(Captured(self.f, call.values, call.place, self.name))
        with self.lock:
            known = self.compiled.get(call.key, [])
            if len(known) >= MOST_VARIANTS:
                raise TracingError(
                    f"{self.name}: the values of the arguments decided in {MOST_VARIANTS} ways "
                    "already how the function goes on, and each way is compiled: use np.where "
                    "instead of if, and bibun.while_loop for loops that end by a value"
                )
            self.compiled[call.key] = [made, *known]
        return made

    def arguments(self, args: tuple, kwargs: dict[str, Any]) -> Call:
        """The arrays among the arguments, and what is fixed."""
        fixed = [Fixed(a, self.name) if k in self.numbers else a for k, a in enumerate(args)]
        named = {
            k: Fixed(a, self.name) if k in self.names else a for k, a in sorted(kwargs.items())
        }
        structure: Hashable = len(args)
        if not named and all(type(a) is np.ndarray for a in fixed):
            leaves, rebuild = fixed, None
        else:
            flatten((fixed, named))  # registers the user's classes
            optree = import_module("optree")
            leaves, structure = optree.tree_flatten(
                (tuple(fixed), named), none_is_leaf=True, namespace=NAMESPACE
            )
            rebuild = lambda leaves: optree.tree_unflatten(structure, leaves)  # noqa: E731
        given = [self.leaf(x) for x in leaves]
        traced = [k for k, x in enumerate(given) if type(x) is not Fixed]
        kinds = [x.key if type(x) is Fixed else (x.dtype, x.shape) for x in given]

        def place(arrays: list[Any]) -> tuple[tuple, dict[str, Any]]:
            filled = [x.value if type(x) is Fixed else None for x in given]
            for k, a in zip(traced, arrays, strict=True):
                filled[k] = a
            return (tuple(filled), {}) if rebuild is None else rebuild(filled)

        return Call([given[k] for k in traced], (structure, *kinds), place)

    def leaf(self, x: Any) -> Any:
        """An argument as a plain array, or as something fixed."""
        if type(x) is Fixed:
            return x
        if not isinstance(x, TRACED):
            return Fixed(x, self.name)
        value = x.numpy() if isinstance(x, Duck) else x
        if value.dtype.kind not in "biufc":
            raise DtypeError(f"{self.name}: an argument is an array of {value.dtype}")
        if type(value) is np.ndarray and not value.dtype.isnative:
            return value.astype(value.dtype.newbyteorder("="))
        return value

    # ------------------------------------------------------------ what was compiled

    @property
    def signatures(self) -> list[str]:
        """The kinds of arguments that were compiled, each with the number of its variants."""
        found = []
        for known in self.compiled.values():
            types = ", ".join(map(str, known[0].captured.types))
            found.append(f"({types})" + (f" in {len(known)} variants" if len(known) > 1 else ""))
        return found

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        """What the function becomes for these arguments, without running it."""
        call = self.arguments(args, kwargs)
        return Lowered(Captured(self.f, call.values, call.place, self.name).graph)


class Lowered:
    """The forms that a function takes on its way to native code."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.native = native(graph)

    def text(self, form: str) -> str:
        """The "graph", or the "llvm" text that is compiled."""
        if form == "graph":
            return str(self.graph)
        if form == "llvm":
            return "\n\n".join(self.native.texts)
        raise ValueError(f'text: the forms are "graph" and "llvm", not {form!r}')

    @property
    def interpreted(self) -> list[Node]:
        """The operations that stay calls of NumPy's."""
        return self.native.interpreted


def native(graph: Graph) -> Any:
    """A graph as native code."""
    return import_module(".program", __package__).NativeProgram(graph)


def program(graph: Graph) -> Callable[..., list[Any]]:
    """A graph as native code, or the interpreter where LLVM is not installed."""
    if find_spec("llvmlite") is None:
        warnings.warn("llvmlite is not installed: bibun.jit runs in the interpreter", stacklevel=4)
        return Program(graph)
    return native(graph)
