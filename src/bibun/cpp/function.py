"""bibun.cpp.function: a template function in C++ as a differentiable function in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..array import Duck, bind
from ..errors import DtypeError, ShapeError
from ..graph import Example, Op, operation, symmetric
from ..zeros import scale
from .compiled import library, values


@operation
class CppElements(Op):
    """y[i] = d^n f / dx_j dx_k ...(x[i], ...) for a template function f in C++."""

    source: str
    called: str
    compiler: str
    wrt: tuple[int, ...] = ()

    kind = "call"

    def type(self, *args):
        if any(a.shape != args[0].shape for a in args):
            raise ShapeError(f"{self.called}: the shapes differ: {', '.join(map(str, args))}")
        if any(a.dtype != np.float64 for a in args):
            raise DtypeError(f"{self.called}: float64 is needed, not {', '.join(map(str, args))}")
        return args[0]

    def value(self, *args):
        wide = np.result_type(*args) == np.longdouble  # in which differences are taken
        number, dtype = ("long double", np.longdouble) if wide else ("double", np.float64)
        run = library(self.source, self.called, len(args), self.wrt, number, self.compiler)
        return values(run, args, np.dtype(dtype))[()]

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
    numbers. It is compiled with the header <bibun/dual.hpp>, once in a process for the value and
    once for each partial derivative that is asked for, of any order. Arguments are float64 and
    broadcast; `vmap`, `jit`, tapes and the like take it as any other function. Needs a compiler of
    C++17 at run time.

    Raises CompileError with what the compiler said.

    >>> import numpy as np, bibun
    >>> wave = bibun.cpp.function(
    ...     "template <class T> T wave(const T& x) { return x * sin(x); }", "wave"
    ... )
    >>> bibun.grad(lambda x: np.sum(wave(x)))(np.array([0.0, np.pi]))
    array([ 0.        , -3.14159265])
    """
    if isinstance(source, Path):
        source = source.read_text("utf-8")
    op = CppElements(source, name, compiler)

    def call(*given: Any) -> Any:
        if len(given) != args:
            raise TypeError(f"{name}: {args} arguments are needed, not {len(given)}")
        wide = np.broadcast_arrays(*given) if len(given) > 1 else given
        if not any(isinstance(x, Duck) for x in wide):
            plain = [np.asarray(x, np.float64) for x in wide]
            op.type(*plain)
            return op.value(*plain)
        return bind(op, *(x.astype(np.float64) for x in wide))

    call.__name__ = name
    return call
