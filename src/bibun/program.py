"""Replay: a graph as a list of calls on numbered registers, run again and again.

What can be decided once is decided once: which views NumPy's broadcasting makes superfluous, which
register each result goes into, and when a value is no longer needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from operator import itemgetter
from typing import Any

import numpy as np

from .graph import Constant, Graph, Item, Node, Type

LARGE = (
    1 << 15
)  # bytes from which on a dead value is dropped at once instead of when its register is used again


class Program:
    """A compiled graph. Calling it with plain arrays gives plain arrays."""

    def __init__(self, graph: Graph):
        self.graph = graph
        code, self.registers, self.results = _Compiler(graph).run()
        self.code = code
        self.arity = graph.arity

    def __call__(self, *args: Any) -> list[Any]:
        r = [*args, *self.registers]
        r.append(r)
        try:
            # One call per line and no lookups: this loop is the whole cost of a second call.
            for f, out, i, j in self.code:
                r[out] = f(r[i]) if j is None else f(r[i], r[j])
            return [r[o] for o in self.results]
        finally:
            r.clear()  # the list holds itself


def _several(f: Callable, numbers: tuple[int, ...]) -> Callable:
    """A call of any number of registers, as a function of the list of registers."""
    if not numbers:
        return lambda r: f()
    get = itemgetter(*numbers)
    return lambda r: f(*get(r))


def _nothing(register: Any) -> None:
    return None


class _Compiler:
    """Registers: the arguments, then constants and results, and last the registers themselves."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.home = {i: i for i in range(graph.arity)}
        self.preset: list[Any] = []
        self.constants: dict[int, int] = {}
        self.free: list[int] = []
        self.code: list[tuple] = []
        self.calls: list[tuple[Callable, int, tuple[int, ...]]] = []
        self.args = {i: _operands(graph, i, n) for i, n in graph.body()}
        self.needed = self._needed()
        self.uses = self._uses()

    def _needed(self) -> set[int]:
        """The nodes that somebody reads, after views that broadcasting replaces are left out."""
        seen = set(self.graph.outputs)
        for i in range(len(self.graph) - 1, self.graph.arity - 1, -1):
            if i in seen:
                seen.update(a for a, _ in self.args[i])
        return seen

    def _uses(self) -> dict[int, int]:
        """How often each node is still read; outputs are read once more than that, at the end."""
        uses: dict[int, int] = dict.fromkeys(self.needed, 0)
        for i, _ in self.graph.body():
            if i in self.needed:
                for a, _ in self.args[i]:
                    uses[a] += 1
        for o in self.graph.outputs:
            uses[o] += 1
        return uses

    def run(self) -> tuple[list[tuple], list[Any], list[int]]:
        for i, n in self.graph.body():
            if i in self.needed:
                self._emit(i, n)
        everything = self.graph.arity + len(self.preset)  # the list of registers itself
        for f, out, numbers in self.calls:
            if len(numbers) == 1:
                self.code.append((f, out, numbers[0], None))
            elif len(numbers) == 2:
                self.code.append((f, out, *numbers))
            else:
                self.code.append((_several(f, numbers), out, everything, None))
        return self.code, self.preset, [self.home[o] for o in self.graph.outputs]

    def _emit(self, i: int, n: Node) -> None:
        if isinstance(n.op, Constant):
            # Two registers: NumPy is quick with scalars among scalars, and with 0-d arrays among
            # arrays.
            self.home[i] = self._register(n.op.value()[()])
            self.constants[i] = self._register(n.op.value())
            return
        if isinstance(n.op, Item):
            index = n.op.index
            call: Callable = lambda results: results[index]  # noqa: E731
        else:
            call = n.op.kernel(*(self.graph.nodes[a].type for a in n.args))
        among_arrays = isinstance(n.type, Type) and n.type.shape != ()
        numbers = [self._operand(a, shape, among_arrays) for a, shape in self.args[i]]
        self.free += [
            k for k, (_, shape) in zip(numbers, self.args[i], strict=True) if shape is not None
        ]
        dead = [a for a, _ in self.args[i] if self._dies(a)]
        out = self.free.pop() if self.free else self._register(None)
        self.home[i] = out
        self.calls.append((call, out, tuple(numbers)))
        for a in dead:
            if self._large(a) and self.home[a] != out:
                self.calls.append((_nothing, self.home[a], (self.home[a],)))

    def _operand(self, a: int, shape: tuple[int, ...] | None, among_arrays: bool) -> int:
        """The register of an argument, reshaped if broadcasting needs length-1 axes."""
        if shape is None:
            return self.constants.get(a, self.home[a]) if among_arrays else self.home[a]
        out = self.free.pop() if self.free else self._register(None)
        self.calls.append((lambda x: x.reshape(shape), out, (self.home[a],)))
        return out

    def _register(self, value: Any) -> int:
        self.preset.append(value)
        return self.graph.arity + len(self.preset) - 1

    def _dies(self, a: int) -> bool:
        """Whether this was the last use of node a; its register is then free."""
        self.uses[a] -= 1
        if self.uses[a] or isinstance(self.graph.nodes[a].op, Constant):
            return False
        self.free.append(self.home[a])
        return True

    def _large(self, a: int) -> bool:
        t = self.graph.nodes[a].type
        return isinstance(t, Type) and t.dtype.itemsize * prod(t.shape) >= LARGE


def _operands(graph: Graph, i: int, n: Node) -> list[tuple[int, tuple[int, ...] | None]]:
    """The arguments to read: below an Expand where NumPy's own broadcasting does the same."""
    plain: list[tuple[int, tuple[int, ...] | None]] = [(a, None) for a in n.args]
    if n.op.kind != "element" or not isinstance(n.type, Type) or len(n.args) < 2:
        return plain
    short = [_below(graph, a) for a in n.args]
    shapes = [graph.nodes[a].type.shape if s is None else s for a, s in short]
    for k, a in enumerate(n.args):  # some arguments must keep the full shape
        if np.broadcast_shapes(*shapes) == n.type.shape:
            break
        short[k], shapes[k] = (a, None), n.type.shape
    return short


def _below(graph: Graph, a: int) -> tuple[int, tuple[int, ...] | None]:
    """What to read instead of node a if it is an Expand, and its new shape (None: its own)."""
    op, args, _ = graph.nodes[a]
    aligned = getattr(op, "aligned", None)
    if aligned is None:
        return a, None
    source = graph.nodes[args[0]].type.shape
    leading = aligned[len(aligned) - len(source) :] == source
    return args[0], None if leading else aligned


def run(graph: Graph, args: Sequence[Any]) -> list[Any]:
    """The results of a graph on plain arrays, once."""
    return Program(graph)(*args)
