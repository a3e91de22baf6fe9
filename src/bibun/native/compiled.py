"""Compiled: one way through a function, as machine code, and how the C++ extension calls it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..graph import Graph, Type
from ..program import Program
from .arguments import Call
from .capture import Captured
from .runtime import caller
from .structure import described, leaves


class Compiled:
    """One compiled way through the function."""

    def __init__(self, captured: Captured, call: Call, extension: Any):
        self.captured, self.key = captured, call.key
        self.program = program(captured.graph)
        kernel = getattr(self.program, "kernel", None)
        self.call: Callable[..., list[Any]] = self.program
        self.variant: Any = None
        if kernel is not None:
            self.call = caller(kernel, extension)
            if extension is not None:
                self.variant = variant(extension, self.call, captured, call)

    def run(self, values: list[Any]) -> list[Any] | None:
        """The arrays of the result; None if the function would have decided otherwise."""
        captured = self.captured
        met = captured.met()
        if [Type(x.dtype, x.shape) for x in met] != captured.types[len(values) :]:
            return None  # an array outside has got another shape
        try:
            found = self.call(*values, *met)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            if captured.answers:  # perhaps on numbers for which it was not made
                return None
            raise
        return found[: captured.count] if captured.holds(found[captured.count :]) else None


def variant(extension: Any, kernel: Any, captured: Captured, call: Call) -> Any:
    """The whole of a call in C++; None for arguments that are more than plain containers."""
    args, named = call.place(leaves(len(call.values)))
    fixed = {id(x) for x in call.fixed}
    given = described(args, fixed), described(named, fixed)
    if None in given:
        return None
    tree = captured.results(leaves(captured.count))
    result = described(tree, {id(x) for traced, x in captured.fixed if not traced})
    outputs = captured.graph.outputs[captured.count :]
    types = [captured.graph.nodes[o].type for o in outputs]
    answers = [
        np.asarray(a, t.dtype).tobytes() for a, t in zip(captured.answers, types, strict=True)
    ]
    return extension.Variant(kernel, *given, captured.sources, answers, result or captured.results)


def native(graph: Graph) -> Any:
    """A graph as native code."""
    return import_module(".program", __package__).NativeProgram(graph)


def program(graph: Graph) -> Callable[..., list[Any]]:
    """A graph as native code, or the interpreter where LLVM is not installed."""
    if find_spec("llvmlite") is None:
        warnings.warn("llvmlite is not installed: bibun.jit runs in the interpreter", stacklevel=4)
        return Program(graph)
    return native(graph)
