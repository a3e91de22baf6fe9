"""Compiled: one way through a function, as machine code, and how the C++ extension calls it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..graph import Graph, Type
from ..program import Program
from . import cached
from .arguments import Call
from .capture import Captured, Way
from .kernel import Kernel
from .repairs import Repairs
from .runtime import caller
from .structure import described, leaves


class Compiled:
    """One compiled way through the function, or one that a given program goes meanwhile."""

    def __init__(
        self,
        captured: Way,
        call: Call,
        extension: Any,
        program: Callable[..., list[Any]] | Kernel | None = None,
    ):
        self.captured, self.key = captured, call.key
        self.variant: Any = None
        self.repairs = Repairs()
        self.call: Any = program
        if program is None:
            assert isinstance(captured, Captured), "code that was found is not made again"
            self.call = made(captured)
        self.kernel = self.call if type(self.call) is Kernel else getattr(self.call, "kernel", None)
        if self.kernel is not None:
            self.call = caller(self.kernel, extension)
            if extension is not None:
                over = overwritten(captured, self.kernel)
                self.variant = variant(extension, self.call, captured, call, over)

    @cached_property
    def plain(self) -> Callable[..., list[Any] | None]:
        """The same in the interpreter, for arguments on which native code fails.

        None for what was never traced here: then it is.
        """
        return Program(self.captured.graph) if isinstance(self.captured, Captured) else _nothing

    def run(self, values: list[Any]) -> list[Any] | None:
        """The arrays of the result; None if the function would have decided otherwise."""
        captured = self.captured
        met = captured.met()
        if [Type(x.dtype, x.shape) for x in met] != captured.types[len(values) :]:
            return None  # an array outside has got another shape
        try:
            found = self.call(*values, *met)
            if found is None:
                found = self.plain(*values, *met)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            if captured.answers:  # perhaps on numbers for which it was not made
                return None
            raise
        if found is None or not captured.holds(found[captured.count :]):
            return None
        return found[: captured.count]


def _nothing(*args: Any) -> None:
    return None


def overwritten(way: Way, kernel: Kernel) -> Sequence[int]:
    """The results that come where the arguments lie: none if the call may have to be done again."""
    return () if way.may_fail or kernel.checked else kernel.overwrites


def variant(
    extension: Any, kernel: Any, captured: Way, call: Call, overwrites: Sequence[int] = ()
) -> Any:
    """The whole of a call in C++; None for arguments in containers that it does not know.

    `overwrites` are results that come where the arguments lie that they replace; the others that do
    so are copied there.
    """
    args, named = call.place(leaves(len(call.values)))
    fixed = {id(x) for x in call.fixed}
    given = described(args, fixed, True), described(named, fixed, True)
    if None in given:
        return None
    tree = captured.results(leaves(captured.count))
    result = described(tree, {id(x) for traced, x in captured.fixed if not traced}, True)
    types = captured.output_types[captured.count :]
    answers = [
        np.asarray(a, t.dtype).tobytes() for a, t in zip(captured.answers, types, strict=True)
    ]
    return extension.Variant(
        kernel,
        *given,
        captured.sources,
        answers,
        result or captured.results,
        captured.replaced,
        overwrites,
    )


def native(graph: Graph, replaced: Sequence[tuple[int, int]] = ()) -> Any:
    """A graph as native code."""
    return import_module(".program", __package__).NativeProgram(graph, replaced)


def made(captured: Captured) -> Any:
    """The kernel if it was compiled before; otherwise a program, native where LLVM is installed."""
    if not installed():
        return Program(captured.graph)
    found = cached.kernel(captured)
    if found is not None:
        return found
    program = native(captured.graph, captured.replaced)
    if program.kernel is not None:
        cached.keep(captured, program.kernel)
    return program


@cache
def installed() -> bool:
    """Whether LLVM is installed; if not, this says so, once."""
    if find_spec("llvmlite") is not None:
        return True
    warnings.warn("llvmlite is not installed: bibun.jit runs in the interpreter", stacklevel=2)
    return False
