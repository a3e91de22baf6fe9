"""bibun.cpp.function: a template function in C++ as a differentiable function in Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, update_wrapper
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..array import Duck, bind
from ..errors import DtypeError, ShapeError
from ..graph import Example, operation, symmetric
from ..native.runtime import caller, extension
from ..native.special import ADDRESSES, Foreign
from ..recording import threads
from ..zeros import scale
from .compiled import Partial, address, kernel_of, ufunc

MOST_SHAPES = 8
"""Shapes of arguments that the extension tries."""
PLAIN = (np.ndarray, np.float64)
NAME = r"(::)?[A-Za-z_]\w*(::[A-Za-z_]\w*)*(<[\w\s:,<>]*>)?"


@cache
def _symbol(partial: Partial) -> str:
    name = f"cpp_{sha256(repr(partial).encode()).hexdigest()[:32]}"
    ADDRESSES[name] = lambda: address(partial)
    return name


@operation
class CppElements(Foreign):
    """y[i] = d^n f / dx_j dx_k ...(x[i], ...) for a template function f in C++."""

    source: str
    called: str
    compiler: str
    wrt: tuple[int, ...] = ()

    kind = "call"

    def partial(self, count: int, number: str = "double") -> Partial:
        return Partial(self.source, self.called, count, self.wrt, number, self.compiler)

    def symbol(self, count: int) -> str:
        """A name for the function of numbers in native code, which calls it."""
        return _symbol(self.partial(count))

    def type(self, *args):
        if any(a.shape != args[0].shape for a in args):
            raise ShapeError(f"{self.called}: the shapes differ: {', '.join(map(str, args))}")
        if any(a.dtype != np.float64 for a in args):
            raise DtypeError(f"{self.called}: float64 is needed, not {', '.join(map(str, args))}")
        self.symbol(len(args))  # code from the store asks for it by name
        return args[0]

    def value(self, *args):
        wide = np.result_type(*args) == np.longdouble  # in which differences are taken
        return ufunc(self.partial(len(args), "long double" if wide else "double"))(*args)

    def d(self, y, *args):
        def along(k: int) -> Any:
            # In order, since derivatives along j and k are those along k and j.
            wrt = tuple(sorted((*self.wrt, k)))
            op = CppElements(self.source, self.called, self.compiler, wrt)
            return symmetric(lambda g: scale(g, bind(op, *args)))

        return tuple(along(k) for k in range(len(args)))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        source = "template <class T> T f(const T& x, const T& y) { return x * sin(y) + x * x; }"
        yield Example(cls(source, "f", "g++"), ((2, 3), (2, 3)), (-2.0, 2.0))


def function(
    source: str | Path, name: str, args: int = 1, *, compiler: str = "g++"
) -> Callable[..., Any]:
    """A function of numbers, written in C++, as a function of arrays with all its derivatives.

    `source` is C++ text, or the path of a header, with a template such as
    `template <class T> T f(const T& x, const T& y)`, which is called `name` and takes `args`
    numbers. It is compiled with the header <bibun/dual.hpp>, for the value and for each partial
    derivative that is asked for, of any order; the code is kept for later processes (see
    `set_cache`). Arguments are float64 and broadcast; `vmap`, tapes and the like take it as any
    other function, and compiled loops of `jit` call it directly. It has to be a function of its
    arguments alone, which throws nothing. Needs a compiler of C++17 at run time.

    Raises CompileError with what the compiler said, with lines of `source`, and what to write.

    >>> import numpy as np, bibun
    >>> wave = bibun.cpp.function(
    ...     "template <class T> T wave(const T& x) { return x * sin(x); }", "wave"
    ... )
    >>> bibun.grad(lambda x: np.sum(wave(x)))(np.array([0.0, np.pi]))
    array([ 0.        , -3.14159265])
    """
    if not re.fullmatch(NAME, name):
        raise ValueError(f"cpp.function: {name!r} is no name of a function: f, or space::f")
    if args < 1:
        raise ValueError(f"cpp.function: {name} takes one number at least, not {args}")
    file = source.name if isinstance(source, Path) else f"source of {name}"
    file = file.replace("\\", "/").replace('"', "'")
    text = source.read_text("utf-8") if isinstance(source, Path) else source
    call = Called(CppElements(f'#line 1 "{file}"\n{text}', name, compiler), args)
    runtime = extension()
    if runtime is None:
        return call
    front = call.front = runtime.Function(call, threads)
    return update_wrapper(front, call, ("__name__", "__qualname__"), ())


class Called:
    """A function of C++ in Python. With the extension this is what is called for what is new."""

    def __init__(self, op: CppElements, args: int):
        self.op, self.args = op, args
        self.f = op  # what a function that calls this depends on: see native/visible.py
        self.front: Any = None  # what the user calls, if that is not this
        self.shapes: dict[tuple[int, ...], Any] = {}  # for which the extension knows the way
        self.__name__ = self.__qualname__ = op.called

    def __call__(self, *given: Any) -> Any:
        if len(given) != self.args:
            raise TypeError(
                f"{self.__name__}: it was made for {self.args} numbers, not {len(given)}: "
                f"cpp.function(source, {self.__name__!r}, {len(given)}) makes it for as many"
            )
        for x in given:
            if isinstance(x, Duck):
                wide = np.broadcast_arrays(*given) if self.args > 1 else given
                return bind(self.op, *(x.astype(np.float64) for x in wide))
        y = self.plain(*given)
        if self.front is not None:
            self.show(given)
        return y

    @property
    def plain(self) -> Any:
        """The function as one of NumPy's."""
        return ufunc(self.op.partial(self.args))

    def show(self, given: tuple[Any, ...]) -> None:
        """Let the extension know the way for these arguments, if they are alike.

        Results that are not finite still come from NumPy's function, which warns.
        """
        shape: Any = getattr(given[0], "shape", None)
        alike = all(type(x) in PLAIN and x.shape == shape for x in given)
        if shape in self.shapes or not alike:
            return
        runtime = extension()
        kernel = caller(kernel_of(self.op.partial(self.args), shape), runtime)
        places = ("tuple", [("array", k) for k in range(self.args)])
        way = runtime.Variant(kernel, places, ("dict", [], []), (), (), ("array", 0))
        latest = list(self.shapes.items())[-MOST_SHAPES + 1 :]
        self.shapes = dict([*latest, (shape, way)])
        self.front.use(list(self.shapes.values())[::-1])
